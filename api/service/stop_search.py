"""Finding stops by name, by code, or by place; accents, case, abbreviations, typing errors and Latin letters in the
place of others are forgiven."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile

import numpy as np
from anyascii import anyascii
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from predictor.arrays import NONE, Float64Array
from predictor.geometry import METRES_PER_DEGREE
from predictor.timetable import STOP_NAME, Timetable

_SHORT_FORMS = {
    "allee": "all", "aeroport": "aerop", "airport": "aerop", "avenue": "av", "ave": "av", "boulevard": "bd",
    "blvd": "bd", "boul": "bd", "bld": "bd", "bvd": "bd", "carrefour": "carr", "centre": "ctr", "center": "ctr",
    "ctre": "ctr", "chateau": "chat", "chemin": "ch", "chem": "ch", "che": "ch", "clinique": "clin", "college": "coll",
    "commandant": "cdt", "cimetiere": "cim", "docteur": "dr", "doctor": "dr", "drive": "dr", "eglise": "egl",
    "faubourg": "fbg", "fg": "fbg", "general": "gal", "gen": "gal", "gl": "gal", "gare": "gare", "hopital": "hop",
    "hospital": "hop", "hopt": "hop", "hosp": "hop", "hotel": "htl", "impasse": "imp", "lycee": "lyc",
    "marechal": "mal", "place": "pl", "plaza": "pl", "plz": "pl", "pont": "pt", "president": "pdt", "pres": "pdt",
    "professeur": "pr", "prof": "pr", "quai": "q", "residence": "res", "resid": "res", "road": "rd", "route": "rte",
    "saint": "st", "street": "st", "str": "st", "sainte": "ste", "square": "sq", "station": "stn", "sta": "stn",
    "terminus": "term", "terminal": "term", "university": "univ", "universite": "univ", "zone": "z", "north": "n",
    "nord": "n", "south": "s", "sud": "s", "east": "e", "est": "e", "west": "w", "ouest": "o", "highway": "hwy",
    "parkway": "pkwy", "lane": "ln", "court": "ct", "junction": "jct", "mount": "mt", "mont": "mt", "and": "et",
}  # fmt: skip
"""Words and their abbreviations, by the one form that all are compared in."""

_SMALL_WORDS = {
    "a", "and", "at", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "of", "the",
}  # fmt: skip
"""Left out of a query that has other words."""

_BEFORE_CODE = re.compile(
    r"^(?:(?:stop|bus stop|arret|haltestelle|halte|parada|paragem|fermata)(?: (?:id|no|nr|number|num|numero|n))?"
    r"|id|no|nr|number|numero) (?=.*\d)"
)
"""What people write before a stop's number, as `normalised`."""

_WHOLE_LETTERS = str.maketrans({
    "œ": "oe", "æ": "ae", "ß": "ss", "&": " and ", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h",
    "ı": "i",
})  # fmt: skip
"""Letters that Unicode does not take apart, by how they are written where they are not at hand."""

_EXACT, _PREFIX, _TYPO = 3.0, 2.0, 1.0
"""Worth of a word of the query that is a word of the name, begins one, or is one error away from one or from several
written as one; two errors away it is half of that."""
_TYPO_FROM_LETTERS, _TWO_TYPOS_FROM_LETTERS = 4, 8
_UNSPACED = "\u0e00"
"""From Thai on, scripts set no spaces between words: two letters are one."""
_JOINED = 3
"""Words of a name that somebody may write as one."""
_WORDS = 8
"""Words of a query that are looked at."""
_LIKE = 80.0
"""A name that is at least so much like a query, spaces aside (rapidfuzz, 100 the same), may be meant by it."""
_MOST_LIKE = 20


@dataclass(frozen=True)
class StopHit:
    """A stop that was found."""

    stop_idx: int
    distance_m: float | None = None
    """Straight-line distance for a search by place."""


class StopSearch:
    """Search index over the stops of one timetable. Platforms are found by their own code or id; else their station,
    which is found by its entrances too.

    Cost: made once per timetable, about 20 µs a stop; a search takes well under a millisecond where there are some
    thousand stops.
    """

    def __init__(self, timetable: Timetable) -> None:
        tt = timetable
        self._shown = tt.station
        calls = np.bincount(tt.call_stop, minlength=tt.stops)
        self._calls = np.bincount(self._shown, weights=calls, minlength=tt.stops)
        self._lat, self._lon = tt.stop_lat, tt.stop_lon

        self._names = [normalised(name) for name in tt.stop_name.tolist()]
        words = [self._names[i].split() for i in range(tt.stops)]
        self._word_count = np.array([max(len(w), 1) for w in words])
        stops_of: defaultdict[str, set[int]] = defaultdict(set)
        joined: defaultdict[str, set[int]] = defaultdict(set)
        translated: defaultdict[str, list[list[str]]] = defaultdict(list)
        within: defaultdict[int, list[list[str]]] = defaultdict(list)
        for place, name in zip(self._shown[tt.place_stop].tolist(), tt.place_name.tolist(), strict=True):
            within[place].append(normalised(name).split())
        for of, stop, name, other in zip(
            tt.translation_of.tolist(), tt.translation_stop.tolist(), tt.translation_text.tolist(),
            tt.translation_translated.tolist(), strict=True,
        ):  # fmt: skip
            if stop != NONE:
                within[int(self._shown[stop])].append(normalised(other).split())
            elif of in (NONE, STOP_NAME):
                translated[name].append(normalised(other).split())
        for stop in np.unique(self._shown).tolist():
            for name_words in (
                words[stop],
                _in_latin(self._names[stop]),
                *translated.get(str(tt.stop_name[stop]), ()),
                *within.get(stop, ()),
            ):
                for word in name_words:
                    stops_of[word].add(stop)
                    stops_of[_short_form(word)].add(stop)
                for first in range(len(name_words) - 1):
                    for many in range(2, _JOINED + 1):
                        joined["".join(name_words[first : first + many])].add(stop)
        self._stops_of = {word: np.array(sorted(stops), np.int32) for word, stops in stops_of.items()}
        self._vocabulary = sorted(self._stops_of)
        for word, stops in stops_of.items():
            joined[word] |= stops
        self._stops_of_joined = {word: np.array(sorted(stops), np.int32) for word, stops in joined.items()}
        self._joined_too = sorted(self._stops_of_joined)

        self._written = {stop: _compared(self._names[stop]) for stop in np.unique(self._shown).tolist()}
        self._stops_of_code = _stops_of_codes(tt)
        self._codes = sorted(code for code, stops in self._stops_of_code.items() if stops)

    def by_text(self, text: str, limit: int = 10) -> list[StopHit]:
        """Stops whose code or id is `text` first, then by name, the best match and busiest stop first."""
        code = text.strip().casefold()
        found = list(self._stops_of_code.get(code, ())) or list(self._stops_of_code.get(_plain_code(text), ()))
        found += self._by_name(normalised(text))
        if len(code) >= 2:
            known = set(found)
            begun = [stop for c in islice(_begun(self._codes, code), limit) for stop in self._stops_of_code[c]]
            found += [stop for stop in begun if self._shown[stop] not in known]
        return [StopHit(stop) for stop in list(dict.fromkeys(found))[:limit]]

    def near(self, lat: float, lon: float, limit: int = 10) -> list[StopHit]:
        """The nearest stops, stations once with their nearest platform's distance."""
        dx = (self._lon - lon) * np.cos(np.radians(lat))
        dx = (dx + 180.0) % 360.0 - 180.0
        distance = METRES_PER_DEGREE * np.hypot(self._lat - lat, dx)
        distance[~np.isfinite(distance)] = np.inf
        nearest: Float64Array = np.full(len(distance), np.inf)
        np.minimum.at(nearest, self._shown, distance)
        order = np.argsort(nearest, kind="stable")[:limit]
        return [StopHit(int(i), float(nearest[i])) for i in order if np.isfinite(nearest[i])]

    def busiest(self, limit: int = 10) -> list[StopHit]:
        """The stops with the most calls in the timetable."""
        order = np.argsort(-self._calls, kind="stable")[:limit]
        return [StopHit(int(i)) for i in order if self._calls[i] > 0]

    def like(self, stop_id: str, limit: int = 3) -> list[int]:
        """Stops that somebody who wrote this unknown id may have meant."""
        code = stop_id.strip().casefold()
        shared = code[: max(len(code) * 2 // 3, 1)]
        found = [hit.stop_idx for hit in self.by_text(stop_id, limit)]
        found += [stop for c in islice(_begun(self._codes, shared), limit) for stop in self._stops_of_code[c]]
        return list(dict.fromkeys(found))[:limit]

    def _by_name(self, query: str) -> list[int]:
        words_asked = _words_of(query)
        score = np.zeros(len(self._names))
        met = np.zeros(len(self._names), np.int64)
        unmet = False
        for word in words_asked[:_WORDS]:
            worth = self._worth_of(word)
            score += worth
            met += worth > 0
            unmet |= len(word) >= _TYPO_FROM_LETTERS and not word.isdecimal() and not worth.any()
        # A name that lacks a word of the query is better than none.
        found = np.flatnonzero(met == max(met.max(initial=0), 1))
        whole = np.array([self._names[i] == query for i in found.tolist()], bool)
        starts = np.array([self._names[i].startswith(query) for i in found.tolist()], bool)
        share = len(words_asked) / self._word_count[found]
        # In order of weight: matched words, the whole name, its beginning, how busy, how little else is in the name.
        order = np.lexsort((-share, -self._calls[found], ~starts, ~whole, -score[found]))
        by_words = [int(i) for i in found[order]]
        return [*self._like(query), *by_words] if unmet else by_words

    def _like(self, query: str) -> list[int]:
        """Stops whose names are much like a query as a whole: several errors, all words joined."""
        hits = process.extract(_compared(query), self._written, scorer=fuzz.ratio, limit=_MOST_LIKE, score_cutoff=_LIKE)
        return [stop for _, _, stop in sorted(hits, key=lambda hit: (-round(hit[1]), -self._calls[hit[2]]))]

    def _worth_of(self, word: str) -> Float64Array:
        """(S,) how well a word of the query is met by each stop's name."""
        worth = np.zeros(len(self._names))
        for known in _begun(self._vocabulary, word):
            worth[self._stops_of[known]] = _PREFIX
        for exact in {word, _short_form(word)}:
            if exact in self._stops_of:
                worth[self._stops_of[exact]] = _EXACT
        if not worth.any():
            for known in _begun(self._joined_too, word):
                worth[self._stops_of_joined[known]] = _TYPO
        if not worth.any() and (len(word) >= _TYPO_FROM_LETTERS or (len(word) > 1 and word[0] >= _UNSPACED)):
            for known in self._vocabulary:
                if word in known:
                    worth[self._stops_of[known]] = _TYPO
        if not worth.any() and len(word) >= _TYPO_FROM_LETTERS:
            most = 2 if len(word) >= _TWO_TYPOS_FROM_LETTERS else 1
            errors = process.cdist([word], self._joined_too, scorer=OSA.distance, score_cutoff=most)[0]
            for near in np.flatnonzero(errors <= most):
                stops = self._stops_of_joined[self._joined_too[near]]
                worth[stops] = np.maximum(worth[stops], _TYPO / errors[near])
        return worth


def _stops_of_codes(tt: Timetable) -> defaultdict[str, list[int]]:
    """The stops by their codes and ids, and stations by the ids of their entrances, as people may write them."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    ids = zip(tt.place_stop.tolist(), tt.place_id.tolist(), strict=True)
    for codes in (enumerate(tt.stop_code.tolist()), enumerate(tt.stop_id.tolist()), ids):
        for stop, code in codes:
            for written in dict.fromkeys((code.casefold(), _plain_code(code))):
                if written and stop not in found[written]:
                    found[written].append(stop)
    return found


@lru_cache(maxsize=2)
def stop_search_of(timetable: Timetable) -> StopSearch:
    """Made once for a timetable."""
    return StopSearch(timetable)


def _begun(words: list[str], start: str) -> Iterator[str]:
    """Those of sorted words that begin so."""
    first = bisect_left(words, start)
    return takewhile(lambda word: word.startswith(start), (words[i] for i in range(first, len(words))))


def normalised(text: str) -> str:
    """Lower-case letters and digits without accents, words apart by one space."""
    # Letters in circles and brackets show their case only when taken apart.
    text = unicodedata.normalize("NFKD", text).casefold().translate(_WHOLE_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", plain))


def _in_latin(name: str) -> list[str]:
    """The words of a name in letters that riders from elsewhere type in their place; none of one in Latin letters."""
    return [] if name.isascii() else normalised(anyascii(name).replace("'", "")).split()


def _plain_code(text: str) -> str:
    """A stop's number as signs and riders write it ("Stop # 1005", "A-12"): letters and digits in one; "" of what is
    no number."""
    plain = _BEFORE_CODE.sub("", normalised(text)).replace(" ", "")
    return plain if any(map(str.isdecimal, plain)) else ""


def _words_of(query: str) -> list[str]:
    return [word for word in query.split() if word not in _SMALL_WORDS] or query.split()


def _compared(name: str) -> str:
    """A name as it is compared as a whole: without small words, with the short forms of others, in one."""
    return "".join(_short_form(word) for word in _words_of(name))


def _short_form(word: str) -> str:
    return _SHORT_FORMS.get(word, word)
