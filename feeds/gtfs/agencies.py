"""agency.txt: who runs the lines, and how to reach them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from feeds.errors import FeedError
from feeds.gtfs.problems import Problems
from feeds.gtfs.tables import numbers, stand_before, text_array, texts, word_array
from feeds.gtfs.time_zones import has_clocks_of, known_zone, what_to_give, zone_of_offset
from feeds.zone_places import is_on_earth
from predictor.arrays import Int32Array, Int64Array, StrArray


@dataclass(frozen=True, eq=False)
class Agencies:
    """All arrays (A,); the meaning is that of the `agency_` fields of `Timetable`."""

    agency_id: StrArray
    name: StrArray
    url: StrArray
    lang: StrArray
    phone: StrArray
    email: StrArray
    fare_url: StrArray
    timezone: StrArray
    row: Int32Array


def read_agencies(frame: pd.DataFrame, problems: Problems) -> Agencies:
    """Build the agencies from agency.txt. GTFS lets a feed with a single one leave out its id everywhere."""
    name, agency_id = word_array(frame, "agency_name"), word_array(frame, "agency_id")
    agency_id = np.where(agency_id == "", name, agency_id)
    twice = stand_before(agency_id)
    problems.rows(
        "agency.txt", frame.index.to_numpy()[twice], agency_id[twice],
        "the agency stands there before; the row is skipped.",
    )  # fmt: skip
    kept = frame[~twice]
    zones = [known_zone(zone) or "" for zone in word_array(kept, "agency_timezone").tolist()]
    return Agencies(
        agency_id=text_array(agency_id[~twice]), name=text_array(name[~twice]), url=texts(kept, "agency_url"),
        lang=texts(kept, "agency_lang"), phone=texts(kept, "agency_phone"), email=texts(kept, "agency_email"),
        fare_url=texts(kept, "agency_fare_url"), timezone=np.array(zones, np.str_),
        row=kept.index.to_numpy(np.int32),
    )  # fmt: skip


def read_time_zone(agencies: pd.DataFrame, stops: pd.DataFrame, feed_name: str, problems: Problems) -> ZoneInfo:
    """The time zone of the first agency that has one."""
    named, row = _given(agencies, "agency_timezone")
    if len(named) == 0:
        named, row = _given(stops, "stop_timezone")
        if len(named):
            problems.file("agency.txt", "no agency_timezone; the first stop_timezone of stops.txt is taken for it.")
    if len(named) == 0:
        raise FeedError(
            f"{feed_name}: agency.txt row {agencies.index[0]} has no agency_timezone; give one, such as Europe/Paris."
        )
    first = str(named[0])
    zone = known_zone(first)
    positions = np.column_stack([numbers(stops, "stop_lat"), numbers(stops, "stop_lon")])
    positions = positions[is_on_earth(*positions.T)]
    middle = tuple(np.median(positions, axis=0).tolist()) if len(positions) else None
    if zone is None and middle:
        zone = zone_of_offset(first, middle)
    if zone is None:
        raise FeedError(f"{feed_name}: agency.txt row {row[0]}: there is no time zone “{first}”{what_to_give(first)}")
    if zone.casefold() != first.replace(" ", "_").casefold():
        problems.file("agency.txt", f"agency_timezone “{first}” is read as {zone}.", row=int(row[0]))
    if middle and not has_clocks_of(zone, middle):
        problems.file(
            "agency.txt", f"the stops are where no clock shows the time of {zone}; all times are read as of there, as "
            "is written.", row=int(row[0]),
        )  # fmt: skip
    others = named != first
    problems.rows(
        "agency.txt", row[others], named[others],
        f"another agency_timezone than the first agency's; all times are read as {zone}, as GTFS asks.",
    )  # fmt: skip
    return ZoneInfo(zone)


def _given(frame: pd.DataFrame, column: str) -> tuple[StrArray, Int64Array]:
    """The values of a column that has some, and their lines."""
    values = word_array(frame, column)
    return values[values != ""], frame.index.to_numpy()[values != ""]
