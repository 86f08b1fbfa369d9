"""trips.txt: the trips that can run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from feeds.gtfs.headsigns import name_no_place, says_line_alone
from feeds.gtfs.problems import Problems
from feeds.gtfs.references import references
from feeds.gtfs.routes import Routes
from feeds.gtfs.stops import unique_rows
from feeds.gtfs.tables import choice, text_array, texts, word_array, written_names
from predictor.arrays import NONE, BoolArray, Int8Array, Int32Array, Int64Array, StrArray
from predictor.columns import Columns

HANGING = " -–—/|>→»"
"""What parts a destination from nothing more."""
RAIL = 2
_MISSION = re.compile("[A-Z]{4}")
"""A train's code, as in Île-de-France."""


@dataclass(frozen=True, eq=False)
class Trips(Columns):
    """All arrays (T,); the meaning is that of the `trip_` fields of `Timetable`."""

    trip_id: StrArray
    route: Int32Array
    direction: Int8Array
    service_id: StrArray
    headsign: StrArray
    short_name: StrArray
    block_id: StrArray
    shape_id: StrArray
    wheelchair: Int8Array
    bikes: Int8Array
    row: Int64Array
    """Line in trips.txt."""

    def tell(self, which: BoolArray | Int64Array, message: str, problems: Problems) -> None:
        """Add what is wrong with some of them, by a mask or their places."""
        problems.rows("trips.txt", self.row[which], self.trip_id[which], message)


def read_trips(frame: pd.DataFrame, route_id: StrArray, problems: Problems) -> Trips:
    """Build the trips from trips.txt; those of unknown routes are left out."""
    frame = unique_rows(frame, "trip_id", "trips.txt", problems)
    route = references(frame, "route_id", route_id, "trips.txt", problems)
    lost = route < 0
    problems.of("trips.txt", frame, "trip_id")(lost, "routes.txt has no such route; the trip is skipped.")
    frame, route = frame[~lost], route[~lost]
    return Trips(
        trip_id=_ids(frame, "trip_id"),
        route=route.astype(np.int32),
        direction=choice(frame, "direction_id", range(0, 2), NONE).astype(np.int8),
        service_id=_ids(frame, "service_id"),
        headsign=np.char.strip(texts(frame, "trip_headsign"), HANGING),
        short_name=text_array(written_names(frame, "trip_short_name")),
        block_id=_ids(frame, "block_id"),
        shape_id=_ids(frame, "shape_id"),
        wheelchair=choice(frame, "wheelchair_accessible", range(0, 3), 0).astype(np.int8),
        bikes=choice(frame, "bikes_allowed", range(0, 3), 0).astype(np.int8),
        row=frame.index.to_numpy(np.int64),
    )


def with_destinations(trips: Trips, routes: Routes, stop_name: StrArray) -> Trips:
    """The trips, those whose headsign is no destination without one: their line's name, or the number or code of a
    train, which is their short name.

    Such are headsigns of digits alone, and of four capitals on railways, that no stop's name begins with, the ids of
    the trip and its line, and those that say who may board.
    """
    of_trip, signs = pd.factorize(trips.headsign)
    is_number = np.array([sign.isdecimal() for sign in signs.tolist()], bool)
    is_mission = np.array([_MISSION.fullmatch(sign) is not None for sign in signs.tolist()], bool)
    lengths = {len(sign) for sign in signs[is_number | is_mission].tolist()}
    of_stops = [name[:length].upper() for name in set(stop_name.tolist()) for length in lengths]
    line_name = np.where(routes.short_name == "", routes.long_name, routes.short_name)
    types = routes.type[trips.route]
    is_code = is_number[of_trip] | (is_mission[of_trip] & ((types == RAIL) | (types // 100 == 1)))
    is_code &= ~np.isin(signs, of_stops)[of_trip]
    coded = is_code & (trips.short_name == "")
    # No wider than codes are: signs are wide.
    codes = np.array(trips.headsign[coded].tolist(), np.str_)
    short_name = trips.short_name.astype(np.result_type(trips.short_name, codes))
    short_name[coded] = codes
    shown = of_trip * len(line_name) + trips.route
    pairs, of_pair = np.unique(shown, return_inverse=True)
    shown_on = zip(signs[pairs // len(line_name)].tolist(), line_name[pairs % len(line_name)].tolist(), strict=True)
    is_line = np.array([says_line_alone(sign, line) for sign, line in shown_on], bool)[of_pair]
    is_id = (trips.headsign == trips.trip_id) | (trips.headsign == routes.route_id[trips.route])
    is_none = is_code | is_line | (is_id & ~np.isin(signs, stop_name)[of_trip]) | name_no_place(signs.tolist())[of_trip]
    return replace(
        trips,
        headsign=np.where(is_none, "", trips.headsign),
        short_name=short_name,
    )


def _ids(frame: pd.DataFrame, column: str) -> StrArray:
    return np.array(word_array(frame, column).tolist(), dtype=np.str_)
