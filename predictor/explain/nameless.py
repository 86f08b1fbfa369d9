"""Vehicles that name no trip: where they were, whatever trip was found for them."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float64Array
from predictor.explain.evidence import Evidence
from predictor.explain.traces import SILENT_S
from predictor.explain.verdict import Fact
from predictor.geometry import ground_distance_m
from predictor.snapshot import IN_SERVICE
from predictor.timetable import Timetable

NEAR_M = 100.0
"""A vehicle this near to a stop may have served it."""
_STEP_M = 50.0


class Nameless:
    """Where and when vehicles that named no trip were, as points (n,): at the stops that they passed on trips found for
    them, and along their ways between."""

    def __init__(self, timetable: Timetable, evidence: Evidence) -> None:
        self._tt, p, t = timetable, evidence.passages, evidence.traces
        name_trips = np.union1d(p.vehicle_id[p.named], t.vehicle_id[t.named])
        rows = np.flatnonzero(~np.isin(p.vehicle_id, name_trips))
        at = np.where(np.isnan(p.arrival), p.departure, p.arrival)[rows]

        t = t.take(~t.standing & ~np.isin(t.vehicle_id, name_trips))
        t = t.take(np.lexsort((t.since, t.vehicle_id)))
        inside = t.take(t.state != IN_SERVICE)
        ahead = np.flatnonzero((t.vehicle_id[1:] == t.vehicle_id[:-1]) & (t.since[1:] - t.until[:-1] <= SILENT_S))
        now, then = t.take(ahead), t.take(ahead + 1)
        vehicle = np.concatenate([inside.vehicle_id, now.vehicle_id])
        since, until = np.concatenate([inside.since, now.until]), np.concatenate([inside.until, then.since])
        lat = np.concatenate([inside.from_lat, now.to_lat]), np.concatenate([inside.to_lat, then.from_lat])
        lon = np.concatenate([inside.from_lon, now.to_lon]), np.concatenate([inside.to_lon, then.from_lon])
        steps = (ground_distance_m(lat[0], lon[0], lat[1], lon[1]) // _STEP_M).astype(np.int64) + 2
        way = np.repeat(np.arange(len(steps)), steps)
        step = np.arange(len(way)) - np.repeat(np.cumsum(steps) - steps, steps)
        share = step / np.maximum(steps - 1, 1)[way]

        def along(begin: Float64Array, end: Float64Array) -> Float64Array:
            return begin[way] + share * (end - begin)[way]

        self._vehicle = np.concatenate([p.vehicle_id[rows], vehicle[way]])
        self._at = np.concatenate([at, along(since, until)])
        self._lat = np.concatenate([timetable.stop_lat[p.stop[rows]], along(*lat)])
        self._lon = np.concatenate([timetable.stop_lon[p.stop[rows]], along(*lon)])

    def near(self, stop: int, due: float, since: float, until: float) -> Fact | None:
        """One that came by a stop between two times, the nearest to when one was due."""
        around = np.flatnonzero((self._at >= since) & (self._at <= until))
        lat, lon = (np.full(len(around), place[stop]) for place in (self._tt.stop_lat, self._tt.stop_lon))
        by = around[ground_distance_m(lat, lon, self._lat[around], self._lon[around]) < NEAR_M]
        if len(by) == 0:
            return None
        nearest = by[np.argmin(np.abs(self._at[by] - due))]
        at = float(self._at[nearest])
        return Fact("nameless", at, at, stop, vehicle_id=str(self._vehicle[nearest]))
