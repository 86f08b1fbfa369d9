"""Where along a line its vehicles are: at one of the stops shown, before one, or away from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from api.reading.moment import Moment
from predictor.arrays import NONE, Int32Array, is_one_of
from predictor.snapshot import IN_SERVICE, LAYOVER, OFF_ROUTE
from predictor.timetable import Timetable


class PlacedVehicle(NamedTuple):
    """A vehicle that drives a line in one direction."""

    vehicle: int
    """Index into `Snapshot.vehicles`."""
    row: int | None
    """The stop shown that it comes to or stands at; None where it is away from them."""
    stands: bool
    """At that stop."""


def vehicles_along(moment: Moment, route: int, direction: int, stops: Sequence[int]) -> list[PlacedVehicle]:
    """Vehicles of a line in one direction, placed among the stops shown of it: on another pattern, the next of its
    stops that is shown places a vehicle."""
    tt, vehicles = moment.timetable, moment.view.snapshot.vehicles
    trip, stands_for = vehicles.trip, _shown_for(moment.timetable, stops)
    driving = (trip >= 0) & is_one_of(vehicles.state, (IN_SERVICE, LAYOVER, OFF_ROUTE)) & ~vehicles.cancelled
    driving &= (vehicles.next_call < tt.trip_calls[trip]) & (tt.trip_route[trip] == route)
    driving &= tt.trip_way[trip] == direction
    found = []
    for vehicle in np.flatnonzero(driving).tolist():
        call = int(vehicles.next_call[vehicle])
        ahead = stands_for[tt.call_stop[tt.calls_of(int(trip[vehicle]))][call:]].tolist()
        row = next((row for stop in ahead if (row := _row_nearest(stops, stop, call)) is not None), None)
        if vehicles.state[vehicle] == OFF_ROUTE:
            row = None
        stands = row is not None and stops[row] == ahead[0] and bool(vehicles.at_stop[vehicle])
        found.append(PlacedVehicle(vehicle, row, stands))
    return found


def _row_nearest(stops: Sequence[int], stop: int, call: int) -> int | None:
    """Where a stop stands among those shown: of several places (a loop) the one nearest to the position `call`."""
    return min((row for row, shown in enumerate(stops) if shown == stop), key=lambda row: abs(row - call), default=None)


def _shown_for(tt: Timetable, stops: Sequence[int]) -> Int32Array:
    """(S,) the stop before which a vehicle is shown that comes to a stop: where a station's platform is shown and it
    comes to another one, that; else the stop itself."""
    shown = np.array(stops, np.int32)
    stands_for = np.arange(tt.stops, dtype=np.int32)
    beside = np.full(tt.stops + 1, NONE, np.int32)
    beside[tt.stop_parent[shown]] = shown
    beside[NONE] = NONE
    other = beside[tt.stop_parent]
    stands_for[other >= 0] = other[other >= 0]
    stands_for[shown] = shown
    return stands_for
