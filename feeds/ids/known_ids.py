"""Ids that the realtime feeds name, as those of the timetable.

Feeds are put together by other programs than timetables are: some fill ids up with blanks, some write the agency's id
before them (`TB:t1`, `TB_t1`) where the timetable does not, or leave it out where it does, some call a line by the
number that riders know or a stop by its code, and numbers lose the zeros before them, or are given some.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from feeds.ids.words_around import without_words_around
from feeds.letters import UNREADABLE
from feeds.messages.message import text_of
from predictor.arrays import NONE, Int32Array, StrArray
from predictor.geometry import ground_distance_m
from predictor.timetable import PLATFORM, Timetable

_STATION_M = 500.0
"""No platform of a station is farther from another."""
_SEPARATORS = ":_|/.-"
_WIDEST_NUMBER = 13
LONGEST = 128
"""Letters of an id or a short text; no true one has more."""
_SEPARATOR = re.compile(f"[{re.escape(_SEPARATORS)}]")
_WHOLE_NUMBER = re.compile(r"0*(\d+)(\.0+)?", re.ASCII)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_DASH = re.compile("[\u2010-\u2015\u2212]")


def id_of(value: str | bytes) -> str:
    """An id of a message as text, without blanks around it."""
    return text_of(value).strip()


def ids_of(values: Sequence[str | bytes]) -> list[str]:
    """`id_of` of each (n,)."""
    try:
        return [str.strip(value) for value in values]  # type: ignore[arg-type]
    except TypeError:
        return list(map(id_of, values))


def places_in(index: Mapping[Any, int], names: Sequence[Any]) -> Int32Array:
    """Where each name (n,) stands in an index as it is, -1 where it is none of its."""
    # By a generator, which gives up Python's lock between two names: by `map` readers would wait for all of them.
    return np.fromiter((index.get(name, NONE) for name in names), np.int32, len(names))


def indices_of(names: Sequence[Any], index: Mapping[Any, int], timetable: Timetable) -> Int32Array:
    """Where each id (n,) stands in an index of the timetable, -1 where it is none of its ids."""
    found = places_in(index, names)
    for row in np.flatnonzero(found < 0).tolist():
        if names[row]:
            found[row] = index.get(known_id(names[row], index, timetable), NONE)
    return found


def known_indices(
    names: Sequence[str], index: Mapping[str, int], timetable: Timetable, reason: str, refused: Counter[str]
) -> Int32Array:
    """`indices_of`, also of ids around all of which stand the same words; those that are none counted in `refused`."""
    found = indices_of(names, index, timetable)
    lost = [row for row in np.flatnonzero(found < 0).tolist() if names[row]]
    bare = without_words_around({names[row] for row in lost}, index)
    for row in lost if bare else ():
        found[row] = index[bare[names[row]]]
    refused[reason] += len(names) - names.count("") - int((found >= 0).sum())
    return found


def short_text(words: Sequence[str], refused: Counter[str]) -> StrArray:
    """Ids and texts (n,), cut where they are longer than any is, without what nobody can read."""
    # A NumPy text array is as wide as its longest entry: one absurd id would cost megabytes for every row.
    if max(map(len, words), default=0) > LONGEST:
        refused["text_too_long"] += sum(len(word) > LONGEST for word in words)
        words = [word[:LONGEST] for word in words]
    if not "".join(words).isprintable():
        words = [" ".join(UNREADABLE.sub("", word).split()) for word in words]
    return np.array(words, np.str_)


def known_id(name: str, index: Mapping[str, int], timetable: Timetable) -> str:
    """The id as the index has it: without its agency before it, or with that of the only one; a number with as many
    zeros as the index writes, and other letters as it writes them; itself where that is none of the index's."""
    if not name or name in index:
        return name
    agencies = _agencies(timetable)
    for separator in _SEPARATOR.finditer(name):
        if name[: separator.start()] in agencies and name[separator.end() :] in index:
            return name[separator.end() :]
    if len(agencies) == 1:
        for separator_character in _SEPARATORS:
            written = f"{next(iter(agencies))}{separator_character}{name}"
            if written in index:
                return written
    # Trips are made new every day, also with ids that differ from others by no more than that.
    if index is timetable.trip_index and not name.removesuffix(".0").isdecimal():
        return name
    alike = [other for other in _written_otherwise(name) if other in index]
    if not alike and index in (timetable.stop_index, timetable.stop_named):
        return _stop_of_code(timetable).get(name, name)
    return alike[0] if len(alike) == 1 else name


def _written_otherwise(name: str) -> set[str]:
    """An id as other programs write it: a number with other zeros before it, in capitals or small letters, with “.0”
    behind it or without, with accents encoded in another way."""
    bare = name.removesuffix(".0")
    if bare.isdecimal():
        number = bare.lstrip("0") or "0"
        padded = [number.zfill(width) for width in range(len(number), _WIDEST_NUMBER)]
        return {*padded, *(f"{digits}.0" for digits in padded)}
    return {
        unicodedata.normalize(form, written)
        for written in (name, name.lower(), name.upper(), name.capitalize())
        for form in ("NFC", "NFD")
    }


@lru_cache(maxsize=4)
def routes_named(timetable: Timetable) -> Mapping[str, int]:
    """Routes by what messages call them: by their ids, else by the number that only one of them has."""
    names, first, count = np.unique(timetable.route_short_name, return_index=True, return_counts=True)
    by_number = {str(name): int(route) for name, route in zip(names[count == 1], first[count == 1], strict=True)}
    by_number.pop("", None)
    return {**by_number, **timetable.route_index}


@lru_cache(maxsize=4)
def _stop_of_code(timetable: Timetable) -> Mapping[str, str]:
    """Ids of stops by the code that only one of them has; none where a code may be another stop's id."""
    codes, first, count = np.unique(timetable.stop_code, return_index=True, return_counts=True)
    ids = dict(zip(codes[count == 1].tolist(), timetable.stop_id[first[count == 1]].tolist(), strict=True))
    ids.pop("", None)
    named = timetable.stop_named
    return {} if any(named.get(code, named[stop_id]) != named[stop_id] for code, stop_id in ids.items()) else ids


def stops_meant(name: str, timetable: Timetable) -> tuple[int, ...]:
    """The stop or station of an id, none where it is unknown. A station that the timetable leaves out is the stops
    whose ids begin with its own (`de:08116:4305` for `de:08116:4305:0:1`), where these lie together."""
    stop = timetable.stop_named.get(name)
    if stop is not None:
        return (stop,)
    names, places = _platforms(timetable)
    within = [
        place
        for separator in _SEPARATORS
        for place in places[
            bisect_left(names, f"{name}{separator}") : bisect_left(names, f"{name}{chr(ord(separator) + 1)}")
        ]
    ]
    lat, lon = timetable.stop_lat[within], timetable.stop_lon[within]
    together = bool(name) and (ground_distance_m(lat[:1], lon[:1], lat, lon) <= _STATION_M).all()
    return tuple(within) if together else ()


@lru_cache(maxsize=4)
def _platforms(timetable: Timetable) -> tuple[list[str], list[int]]:
    """Ids of the stops at which vehicles call, in order, and their indices."""
    calls = np.flatnonzero(timetable.stop_location_type == PLATFORM)
    calls = calls[np.argsort(timetable.stop_id[calls])]
    return timetable.stop_id[calls].tolist(), calls.tolist()


@lru_cache(maxsize=4)
def _agencies(timetable: Timetable) -> frozenset[str]:
    return frozenset(np.unique(timetable.route_agency_id).tolist()) - {""}


def spelled(name: object) -> str:
    """What is left of an id without zeros before it, “.0” behind it, capitals, letters that nobody sees, and the way
    accents, blanks and dashes are encoded."""
    text = unicodedata.normalize("NFC", str(name)).casefold()
    if not text.isascii():
        text = _DASH.sub("-", _UNSEEN.sub("", text))
    text = " ".join(text.split())
    number = _WHOLE_NUMBER.fullmatch(text)
    return number[1] if number else text
