"""One day of a town from morning to night: planned, driven and reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from feeds.simulator.calendars import day_origin
from feeds.simulator.fleet import Fleet, assign_vehicles
from feeds.simulator.incidents import (
    BREAKDOWN,
    DETOUR,
    FEED_GAP,
    SHORT_TURN,
    Disruption,
    Incident,
    feed_gap_s,
    plan_disruptions,
)
from feeds.simulator.network import Network
from feeds.simulator.operation import Operation, operate
from feeds.simulator.reports import Reports, make_reports
from feeds.simulator.schedule import Schedule
from feeds.simulator.traffic import slowness_of_day
from predictor.arrays import Int32Array


@dataclass(frozen=True, eq=False)
class ServiceDay:
    """All there is to know of one service day of a town."""

    day: date
    origin: float
    """POSIX seconds from which the day's seconds count."""
    network: Network
    schedule: Schedule
    fleet: Fleet
    disruptions: list[Disruption]
    gap_s: tuple[float, float]
    operation: Operation
    piece_vehicle: Int32Array
    reports: Reports

    @cached_property
    def call_stop(self) -> Int32Array:
        """(calls,) stop of each scheduled call."""
        return self.network.call_stop[self.schedule.pattern_call(self.network)]

    def passages(self) -> pd.DataFrame:
        """Every call that was served, in order of (block, time)."""
        served = np.flatnonzero(self.operation.cause < 0)
        vehicle = self.piece_vehicle[self.operation.call_piece[served]]
        table = self._calls(served)
        table["vehicle_id"] = np.array(self.fleet.vehicle_id)[vehicle]
        table["arrival"] = self.origin + self.operation.arrival_s[served]
        table["departure"] = self.origin + self.operation.leave_s[served]
        return table

    def lost_calls(self) -> pd.DataFrame:
        """Every scheduled call that was not served, with the incident (its place in `incidents()`) to blame."""
        lost = np.flatnonzero(self.operation.cause >= 0)
        table = self._calls(lost)
        table["incident"] = self.operation.cause[lost].astype(np.int64)
        table["kind"] = np.array([d.kind for d in self.disruptions], object)[self.operation.cause[lost]]
        return table

    def incidents(self) -> list[Incident]:
        """What went wrong in the town."""
        return [self._told(i, d) for i, d in enumerate(self.disruptions)]

    def gap(self) -> Incident:
        """When the feed stood still, in all towns."""
        start, end = (self.origin + s for s in self.gap_s)
        return Incident(FEED_GAP, start, end, (), "", (), float("nan"))

    def _calls(self, calls: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pd.DataFrame:
        stop_id, trip_id = np.array(self.network.stop_id), np.array(self.schedule.trip_id)
        return pd.DataFrame(
            {
                "trip_id": trip_id[self.schedule.call_trip[calls]],
                "start_date": f"{self.day:%Y%m%d}",
                "stop_sequence": self.schedule.call_of_pattern[calls] + 1,
                "stop_id": stop_id[self.call_stop[calls]],
            }
        )

    def _told(self, index: int, d: Disruption) -> Incident:
        op, sched = self.operation, self.schedule
        lost = np.flatnonzero(op.cause == index)
        trip = sched.call_trip[lost]
        trips, first = np.unique(trip, return_index=True)
        order = np.argsort(sched.departure_s[lost[first]], kind="stable")
        start, end, vehicle = d.start_s, d.end_s, ""
        if d.kind in (BREAKDOWN, SHORT_TURN):
            vehicle = self.fleet.vehicle_id[self.piece_vehicle[op.call_piece[d.from_call]]]
        if d.kind == BREAKDOWN:
            start, end = op.stood_s[index]
        elif d.kind == SHORT_TURN:
            start, end = float(op.leave_s[d.from_call]), float(op.arrival_s[d.to_call])
        stops = d.closed if d.kind == DETOUR else self.call_stop[lost[trip == d.trips[0]]]
        return Incident(
            kind=d.kind, start=float(self.origin + start), end=float(self.origin + end),
            trip_ids=tuple(sched.trip_id[t] for t in trips[order]), vehicle_id=vehicle,
            stop_ids=tuple(self.network.stop_id[s] for s in stops.tolist()),
            announced_at=float(self.origin + d.announced_s),
        )  # fmt: skip


def simulate_day(
    network: Network, schedule: Schedule, fleet: Fleet, day: date, *, seed: int, window_s: tuple[float, float]
) -> ServiceDay:
    """Drive one date. The same seed and date always give the same day, whatever was simulated before."""
    rng = np.random.default_rng([seed, 8, day.toordinal(), network.town])
    disruptions = plan_disruptions(network, schedule, day, seed)
    gap_s = feed_gap_s(day, seed)
    slowness = slowness_of_day(network, schedule.day_type, day, seed)
    operation = operate(network, schedule, slowness, disruptions, seed=seed, rng=rng, window_s=window_s)
    vehicles = assign_vehicles(fleet, schedule, operation, rng)
    reports = make_reports(operation, fleet, vehicles, rng=rng, gap_s=gap_s, window_s=window_s)
    return ServiceDay(
        day, day_origin(day), network, schedule, fleet, disruptions, gap_s, operation, vehicles, reports
    )  # fmt: skip
