"""stops.txt: stops, platforms and stations; of entrances and other nodes within them how they are named."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.gtfs.degrees import degrees
from feeds.gtfs.problems import Problems
from feeds.gtfs.references import references
from feeds.gtfs.tables import choice, stand_before, text_array, texts, word_array, words, written_names
from feeds.gtfs.time_zones import known_zone
from feeds.zone_places import is_on_earth
from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, StrArray
from predictor.timetable import PLATFORM, STATION, WHEELCHAIR_UNKNOWN

_PLATFORM_WORD = re.compile(
    r"^(?:(?:platform|pl|track|gleis|gl|bahnsteig|(?:bus)?steig|bstg|voie|quai|binario|perron|spoor|and[ée]n|v[ií]a|bay|stand"
    r"|stance|berth|dock|sp[åo]r|laituri|d[áa]rsena|nástupiště|peron|stanowisko|stop|gate|plataforma|kaai|halte)\b\.?\s*"
    r"(?=\S{1,4}$)|(?:[\W_]+|null|none|nan|n/a|platform|track|gleis|quai|voie|bay|stop|stand)$)",
    re.IGNORECASE,
)
"""What GTFS asks not to be written before a platform's code, and what stands for none."""


@dataclass(frozen=True, eq=False)
class Stops:
    """All arrays (S,); the meaning is that of the `stop_` fields of `Timetable`."""

    stop_id: StrArray
    code: StrArray
    name: StrArray
    platform: StrArray
    lat: Float64Array
    """Degrees, NaN where the feed gives no usable position."""
    lon: Float64Array
    parent: Int32Array
    wheelchair: Int8Array
    location_type: Int8Array
    timezone: StrArray
    row: Int64Array
    """Line in stops.txt."""
    place_id: StrArray
    """(E,) entrances, nodes and boarding areas."""
    place_name: StrArray
    place_stop: Int32Array
    """(E,) the station or stop that each is part of."""

    def tell(self, which: BoolArray | Int64Array, message: str, problems: Problems) -> None:
        """Add what is wrong with some of them, by a mask or their places."""
        problems.rows("stops.txt", self.row[which], self.stop_id[which], message)


def unique_rows(frame: pd.DataFrame, key: str, file: str, problems: Problems) -> pd.DataFrame:
    """The rows with an id of their own: the first where one comes twice."""
    ids = word_array(frame, key)
    missing = ids == ""
    tell = problems.of(file, frame, key)
    tell(missing, f"no {key}; the row is skipped.")
    twice = stand_before(ids) & ~missing
    tell(twice, f"this {key} stands in an earlier row too; the first one counts, this row is skipped.")
    own: pd.DataFrame = frame[~(missing | twice)]
    return own


def bare_platform(code: str) -> str:
    """A platform's code without the word for it, "" of what stands for none."""
    return _PLATFORM_WORD.sub("", code)


def read_stops(frame: pd.DataFrame, agency_zone: str, problems: Problems) -> Stops:
    """Build the stops from stops.txt of a feed whose times are of `agency_zone` (IANA name)."""
    frame = unique_rows(frame, "stop_id", "stops.txt", problems)
    kind = choice(frame, "location_type", range(0, 5), 0)
    # An entrance to nothing is a stop whose type was mistaken: trips may call there.
    astray = (kind > STATION) & ~words(frame, "parent_station").isin(frame["stop_id"]).to_numpy(bool)
    lat, lon = degrees(frame, "stop", "stops.txt", agency_zone, problems)
    kind = np.where(astray & is_on_earth(lat, lon), PLATFORM, kind)
    places = frame[kind > STATION]
    loaded = kind <= STATION
    frame, kind, lat, lon = frame[loaded], kind[loaded], lat[loaded], lon[loaded]
    stop_id = frame["stop_id"]
    parent = _parents(frame, kind, problems)
    has_parent = parent >= 0
    absurd = ~is_on_earth(lat, lon)
    lat[absurd] = lon[absurd] = np.nan
    inherits = absurd & has_parent
    lat[inherits], lon[inherits] = lat[parent[inherits]], lon[parent[inherits]]

    name, platform = _names_and_platforms(frame, parent, problems)
    within = references(places, "parent_station", stop_id.to_numpy(np.str_), "stops.txt", problems)
    wheelchair = choice(frame, "wheelchair_boarding", range(0, 3), 0)
    wheelchair = np.where((wheelchair == WHEELCHAIR_UNKNOWN) & has_parent, wheelchair[parent], wheelchair)
    return Stops(
        stop_id=np.array(stop_id.tolist(), dtype=np.str_),
        code=text_array(written_names(frame, "stop_code")),
        name=name,
        platform=platform,
        lat=lat,
        lon=lon,
        parent=parent,
        wheelchair=wheelchair.astype(np.int8),
        location_type=kind.astype(np.int8),
        timezone=_timezones(frame, parent, agency_zone, problems),
        row=frame.index.to_numpy(np.int64),
        place_id=np.array(places["stop_id"].tolist(), dtype=np.str_)[within >= 0],
        place_name=texts(places, "stop_name")[within >= 0],
        place_stop=within[within >= 0],
    )


def _names_and_platforms(frame: pd.DataFrame, parent: Int32Array, problems: Problems) -> tuple[StrArray, StrArray]:
    """(S,) what riders call each stop, and its platform, told once: beside the name, not in it."""
    name = word_array(frame, "stop_name")
    unnamed, has_parent = name == "", parent >= 0
    name[unnamed] = np.where(has_parent, name[parent], "")[unnamed]
    written = written_names(frame, "platform_code").to_numpy(object)
    # Faces say that it is a platform, each in its reader's language.
    platform = np.array(list(map(bare_platform, written.tolist())), dtype=object)
    of_parent = np.where(has_parent, name[parent], "").tolist()
    for place, (code, bare_code) in enumerate(zip(written.tolist(), platform.tolist(), strict=True)):
        # Once beside the name is enough.
        beyond = name[place].removeprefix(of_parent[place]).strip(" ,-–:()") if of_parent[place] else ""
        in_name = bare_platform(beyond)
        if in_name not in ("", beyond) and bare_code in ("", in_name):
            name[place], platform[place] = of_parent[place], in_name
        elif code and name[place].endswith(code):
            bare = name[place].removesuffix(code).rstrip(" ,-–(")
            if bare and (bare == of_parent[place] or bare_code != code):
                name[place] = bare
    tell = problems.of("stops.txt", frame, "stop_id")
    for column, told in (("stop_desc", "by its stop_desc"), ("stop_id", "by its id")):
        instead = word_array(frame, column)
        unnamed = (name == "") & (instead != "")
        name[unnamed] = instead[unnamed]
        tell(unnamed, f"no stop_name, nor has a parent station; named {told}.")
    return text_array(name), text_array(platform)


def _timezones(frame: pd.DataFrame, parent: Int32Array, agency_zone: str, problems: Problems) -> StrArray:
    """(S,) the zone of each stop, "" for the agency's: within a station that of the station."""
    given = word_array(frame, "stop_timezone")
    zone_of = {text: "" if text == "" else known_zone(text) for text in set(given.tolist())}
    zone = np.array([zone_of[text] or "" for text in given.tolist()], np.str_)
    unknown = np.array([zone_of[text] is None for text in given.tolist()], bool)
    tell = problems.of("stops.txt", frame, "stop_timezone")
    tell(unknown, f"stop_timezone is no time zone that is known; times there are shown as {agency_zone}.")
    zone = np.where(zone == agency_zone, "", zone)
    return np.where(parent >= 0, zone[parent], zone)


def _parents(frame: pd.DataFrame, kind: Float64Array, problems: Problems) -> Int32Array:
    parent = references(frame, "parent_station", frame["stop_id"].to_numpy(np.str_), "stops.txt", problems)
    asks = word_array(frame, "parent_station") != ""
    fits = asks & (parent >= 0) & (kind != STATION) & (kind[parent] == STATION)
    wrong = asks & ~fits
    problems.of("stops.txt", frame, "stop_id")(
        wrong, "parent_station is no station of this file (location_type 1), or the stop is a station itself; taken as "
        "having no parent.",
    )  # fmt: skip
    return np.where(fits, parent, NONE).astype(np.int32)
