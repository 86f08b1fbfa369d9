"""What each vehicle did, told in stretches: on which journey it was in which state, and where it stood still.

The engine's reports are too many to keep for a month; stretches of equal state are few and say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, StrArray, places_of
from predictor.columns import column_types
from predictor.geometry import ground_distance_m
from predictor.runs import DatedRuns
from predictor.snapshot import IN_SERVICE, UNMATCHED, Vehicles

SILENT_S = 150.0
"""Without a report for longer than this a vehicle's stretch ends."""
STAND_S = 150.0
"""A stand shorter than this is not worth telling."""
STAND_M = 60.0
"""A vehicle that stays within this distance stands, or crawls."""

PATH_M = 500.0
"""A stretch of a vehicle that names no trip, off any line, ends after this, so that its ends tell the way."""


@dataclass(frozen=True, eq=False)
class Traces(DatedRuns):
    """Stretches of vehicles' time, `trip` -1 where on none; all arrays (n,). Times are POSIX seconds of reports."""

    vehicle_id: StrArray
    standing: BoolArray
    """True: it stayed in one place all along. False: it was on one journey in one state all along. Both are told of
    the same time."""
    state: Int8Array
    """Index into `VEHICLE_STATES`."""
    since: Float64Array
    until: Float64Array
    from_call: Int32Array
    """Next call at `since` (that it stood at, or was coming to)."""
    to_call: Int32Array
    """Next call at `until`."""
    from_lat: Float64Array
    from_lon: Float64Array
    to_lat: Float64Array
    to_lon: Float64Array
    named: BoolArray
    """The vehicle named its trip itself; False where that was found for it, or it was on none."""


class TraceFollower:
    """Follows vehicles from snapshot to snapshot of one timetable; no I/O, no clock."""

    def __init__(self) -> None:
        self._journeys = Traces.empty()
        self._stands = Traces.empty()

    def follow(self, vehicles: Vehicles) -> Traces:
        """Take the latest reports in; the stretches that have ended with them."""
        order = np.argsort(vehicles.vehicle_id, kind="stable")
        journeys, ended = self._on(self._journeys, vehicles, order, standing=False)
        stands, stood = self._on(self._stands, vehicles, order, standing=True)
        self._journeys, self._stands = journeys, stands
        return Traces.joined(ended, _told(stood))

    def open_traces(self) -> Traces:
        """The stretches that go on, up to each vehicle's last report."""
        return Traces.joined(self._journeys, _told(self._stands))

    def end_all(self) -> Traces:
        """The stretches that went on, ended."""
        ended = self.open_traces()
        self._journeys, self._stands = Traces.empty(), Traces.empty()
        return ended

    def _on(self, open_: Traces, v: Vehicles, order: Int64Array, *, standing: bool) -> tuple[Traces, Traces]:
        """The stretches that go on, in order of vehicle, and those that have ended."""
        names, at = v.vehicle_id[order], v.timestamp[order]
        place = places_of(names, open_.vehicle_id)
        known = place >= 0
        fresh = _begun(v, order, standing)
        if not known.any():
            return fresh, open_
        before = open_.take(place)
        news = at > before.until
        if standing:
            away = ground_distance_m(before.from_lat, before.from_lon, fresh.from_lat, fresh.from_lon) > STAND_M
        else:
            away = ~before.same_as(fresh) | (before.state != fresh.state) | (before.named != fresh.named)
            # Of who names no trip and is on no line nothing else tells where it went.
            went_m = ground_distance_m(before.from_lat, before.from_lon, fresh.from_lat, fresh.from_lon)
            away |= ~fresh.named & (fresh.state != IN_SERVICE) & (went_m > PATH_M)
        ends = news & (away | (at - before.until > SILENT_S))
        begins = ~known | ends
        goes_on = news & ~begins
        values = {}
        for name in column_types(Traces):
            old, new = getattr(before, name), getattr(fresh, name)
            latest = name in ("until", "to_call", "to_lat", "to_lon")
            values[name] = np.where(begins, new, np.where(goes_on, new, old) if latest else old)
        gone = np.ones(len(open_), bool)
        gone[place[known & ~ends]] = False
        return Traces(**values), open_.take(gone)


def _begun(v: Vehicles, order: Int64Array, standing: bool) -> Traces:
    """A stretch of each vehicle that begins with its last report."""
    lat, lon, at, call = v.lat[order], v.lon[order], v.timestamp[order], v.next_call[order]
    return Traces(
        vehicle_id=v.vehicle_id[order], standing=np.full(len(order), standing), state=v.state[order],
        trip=np.where(v.state[order] == UNMATCHED, NONE, v.trip[order]).astype(np.int32),
        service_day=v.service_day[order], shift_s=v.shift_s[order], since=at, until=at, from_call=call, to_call=call,
        from_lat=lat, from_lon=lon, to_lat=lat, to_lon=lon, named=v.named[order],
    )  # fmt: skip


def _told(stands: Traces) -> Traces:
    return stands.take(stands.until - stands.since >= STAND_S)
