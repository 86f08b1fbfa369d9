"""routes.txt: the lines as riders know them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.gtfs.agencies import Agencies
from feeds.gtfs.problems import Problems, Tell
from feeds.gtfs.stops import unique_rows
from feeds.gtfs.tables import choice, numbers, text_array, texts, word_array, words, written_names
from feeds.letters import NOTHING
from feeds.service_times import seconds_of_day
from predictor.arrays import NONE, Int8Array, Int32Array, StrArray
from predictor.timetable import NO_PICKUP

BUS = 3
_SIX_DIGITS = re.compile("[0-9A-F]{6}")
_IN_PLACE_OF_A_NAME = re.compile(rf"[-\u2013\u2014_.*?/\s]+|{NOTHING}", re.IGNORECASE)
"""What programs write where one of a line's two names is missing."""
_BOOKING_COLUMNS = ("pickup_booking_rule_id", "drop_off_booking_rule_id")


@dataclass(frozen=True, eq=False)
class Routes:
    """All arrays (R,); the meaning is that of the `route_` fields of `Timetable`."""

    route_id: StrArray
    short_name: StrArray
    long_name: StrArray
    agency_id: StrArray
    type: Int32Array
    color: StrArray
    text_color: StrArray
    sort_order: Int32Array
    continuous_pickup: Int8Array
    """That of its calls which say nothing themselves,"""
    continuous_drop_off: Int8Array
    """likewise."""


def read_routes(frame: pd.DataFrame, agencies: Agencies, problems: Problems) -> Routes:
    """Build the routes from routes.txt; those that name no agency are of the first of agency.txt."""
    frame = unique_rows(frame, "route_id", "routes.txt", problems)
    route_id = word_array(frame, "route_id")
    tell = problems.of("routes.txt", frame, "route_id")
    short_name, long_name = (
        written_names(frame, "route_short_name").to_numpy(object),
        word_array(frame, "route_long_name"),
    )
    short_says_nothing, long_says_nothing = (
        np.array([_IN_PLACE_OF_A_NAME.fullmatch(name) is not None for name in names.tolist()], bool)
        for names in (short_name, long_name)
    )
    short_name, long_name = (
        np.where(short_says_nothing & ~long_says_nothing & (long_name != ""), "", short_name),
        np.where(long_says_nothing & ~short_says_nothing & (short_name != ""), "", long_name),
    )
    # Better what it is like than an id.
    long_name = np.where((short_name == "") & (long_name == ""), word_array(frame, "route_desc"), long_name)
    nameless = (short_name == "") & (long_name == "")
    tell(nameless, "neither route_short_name nor route_long_name; named by its id.")
    agency_id = word_array(frame, "agency_id")
    several = len(agencies.agency_id) > 1
    tell((agency_id == "") & several, f"no agency_id, though there are several; taken as {agencies.agency_id[0]}'s.")
    kind = numbers(frame, "route_type")
    absurd = ~((kind >= 0) & (kind < 2000))
    tell(absurd, "no valid route_type; taken as a bus (3).")
    order = numbers(frame, "route_sort_order")
    return Routes(
        route_id=np.array(route_id.tolist(), dtype=np.str_),
        short_name=text_array(np.where(nameless, route_id, short_name)),
        long_name=text_array(long_name),
        agency_id=text_array(np.where(agency_id == "", str(agencies.agency_id[0]), agency_id)),
        type=np.where(absurd, BUS, kind).astype(np.int32),
        color=_colors(frame, "route_color", tell),
        text_color=_colors(frame, "route_text_color", tell),
        sort_order=np.where(order >= 0, order, NONE).astype(np.int32),
        continuous_pickup=choice(frame, "continuous_pickup", range(0, 4), NO_PICKUP).astype(np.int8),
        continuous_drop_off=choice(frame, "continuous_drop_off", range(0, 4), NO_PICKUP).astype(np.int8),
    )


def _colors(frame: pd.DataFrame, column: str, tell: Tell) -> StrArray:
    if column not in frame:
        return texts(frame, column)
    code, unique = pd.factorize(word_array(frame, column))
    read = [_six_digits(str(text)) for text in unique]
    oddly_written = np.array([is_odd for _, is_odd in read], bool)[code]
    unread = np.array([digits == "" and text != "" for (digits, _), text in zip(read, unique, strict=True)], bool)[code]
    tell(oddly_written, f"{column} is not six hexadecimal digits; read as such.")
    tell(unread, f"{column} is not six hexadecimal digits; taken as none.")
    return np.array([digits for digits, _ in read], np.str_)[code]


def _six_digits(text: str) -> tuple[str, bool]:
    """The hexadecimal digits of a colour, "" of none, and whether it is written oddly."""
    colour = text.upper()
    bare = colour.removeprefix("#").removeprefix("0X").removesuffix(".0")
    if len(bare) in (7, 8) and bare.isdecimal() and int(bare) < 2**24:
        return f"{int(bare):06X}", True
    # As web pages shorten them and lengthen them, and as spreadsheets do that take them for numbers.
    digits = "".join(digit * 2 for digit in bare) if len(bare) == 3 else bare[:6] if len(bare) == 8 else bare
    digits = digits and digits.zfill(6)
    if not _SIX_DIGITS.fullmatch(digits):
        return "", False
    return digits, digits not in (colour, bare)


def bookings(
    rules: pd.DataFrame | None, stop_times: pd.DataFrame, trip_id: StrArray, trip_route: Int32Array, routes: int
) -> tuple[StrArray, StrArray]:
    """(R,) the number, else the address, of the rule that most calls of each route name, and until when it wants to be
    asked (see `Timetable`); "" where they name none."""
    named = [column for column in _BOOKING_COLUMNS if column in stop_times]
    if rules is None or not named:
        return np.full(routes, "", np.str_), np.full(routes, "", np.str_)
    numbers = words(rules, "phone_number")
    contacts: StrArray = np.append(numbers.where(numbers != "", words(rules, "info_url")).to_numpy(np.str_), "")
    of_rule = pd.Index(words(rules, "booking_rule_id").drop_duplicates())
    rule = of_rule.get_indexer(pd.Index(words(stop_times, named[0])))
    trip = pd.Index(trip_id).get_indexer(pd.Index(words(stop_times, "trip_id")))
    told = (rule >= 0) & (trip >= 0)
    pairs, calls = np.unique(trip_route[trip[told]].astype(np.int64) * len(of_rule) + rule[told], return_counts=True)
    # The last that is written counts: that of most calls.
    chosen = np.full(routes, -1)
    by_calls = pairs[np.argsort(calls, kind="stable")]
    chosen[by_calls // len(of_rule)] = by_calls % len(of_rule)
    return contacts[chosen], np.array([*_notices(rules), ""], np.str_)[chosen]


def _notices(rules: pd.DataFrame) -> Iterator[str]:
    """Until when each rule wants to be asked, "" where it does not say."""
    columns = (words(rules, f"prior_notice_{name}").tolist() for name in ("duration_min", "last_day", "last_time"))
    for minutes, days, time in zip(*columns, strict=True):
        at = seconds_of_day(time)
        if at is not None and days.isdecimal() and int(days) > 0:
            yield f"{days} {at // 3600:02d}:{at // 60 % 60:02d}"
        else:
            yield minutes if minutes.isdecimal() and int(minutes) > 0 else ""
