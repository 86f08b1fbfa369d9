"""What is going on in the network: vehicles by state, lines by how badly they run, trips that nobody drives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from api.reading.gaps import Gap, great_gaps
from api.reading.running_trips import RunningTrips, running_trips
from predictor.arrays import BoolArray, Float64Array, Int32Array, is_one_of
from predictor.snapshot import GIVEN_UP, IN_SERVICE, LAYOVER, OFF_ROUTE, UNMATCHED, VEHICLE_STATES, Snapshot

LATE_S, EARLY_S = 300.0, -120.0


@dataclass(frozen=True)
class LineState:
    """How one line runs."""

    route: int
    vehicles: int
    uncovered: int
    """Trips that should be under way without a vehicle."""
    cancelled: int
    late: int
    """Vehicles at least `LATE_S` late."""
    early: int
    off_route: int
    median_delay_s: float
    """NaN where no vehicle tells."""
    gap: Gap | None

    @property
    def trouble(self) -> float:
        """What the worst lines are ordered by: trips and vehicles not as they should be, and the wait in excess."""
        excess_s = self.gap.wait_s - self.gap.usual_s if self.gap else 0.0
        return 2.0 * self.uncovered + self.cancelled + self.late + self.early + self.off_route + excess_s / 600.0


@dataclass(frozen=True, eq=False)
class Standing:
    """The network at one snapshot."""

    snapshot: Snapshot
    by_state: dict[str, int]
    unmatched: Int32Array
    """Indices of the vehicles without a trip, the freshest report first."""
    silent: Int32Array
    """Indices of the vehicles on a trip whose last report is too old to be live, the longest silent first."""
    given_up: Int32Array
    """Indices of the vehicles that report from a run but get no further on it, and are no longer taken to drive it; the
    longest first."""
    trips: RunningTrips
    lines: list[LineState]
    """Lines with trips or vehicles now, the worst first."""
    gaps: list[Gap]


def standing(snapshot: Snapshot, live_limit_s: float, *, hears_of_vehicles: bool = True) -> Standing:
    """Everything that the overview and the drafts are made from; where nobody tells of vehicles no trip lacks one."""
    tt, vehicles = snapshot.timetable, snapshot.vehicles
    trips, gaps = running_trips(snapshot), great_gaps(snapshot)
    if not hears_of_vehicles:
        trips = replace(trips, uncovered=np.zeros(len(trips), bool))
    states = np.bincount(vehicles.state, minlength=len(VEHICLE_STATES))
    on_trip = (vehicles.trip >= 0) & is_one_of(vehicles.state, (IN_SERVICE, LAYOVER, OFF_ROUTE))
    age = snapshot.made_at - vehicles.timestamp
    silent = np.flatnonzero(on_trip & (age > live_limit_s) & (vehicles.state != LAYOVER))
    unmatched = np.flatnonzero(vehicles.state == UNMATCHED)
    given_up = np.flatnonzero((vehicles.doubt == GIVEN_UP) & (vehicles.trip >= 0))

    routes = len(tt.route_id)
    route = np.where(on_trip, tt.trip_route[np.maximum(vehicles.trip, 0)], routes)
    trip_route = tt.trip_route[trips.trip]
    moving = on_trip & (vehicles.state != LAYOVER)

    def by_route(of: Int32Array, condition: BoolArray) -> list[int]:
        counted: list[int] = np.bincount(of[condition], minlength=routes + 1).tolist()
        return counted

    on_trips, off_route = by_route(route, on_trip), by_route(route, vehicles.state == OFF_ROUTE)
    late, early = (
        by_route(route, moving & is_so) for is_so in (vehicles.delay_s >= LATE_S, vehicles.delay_s <= EARLY_S)
    )
    running, uncovered, cancelled = (
        by_route(trip_route, are_so) for are_so in (~trips.cancelled, trips.uncovered, trips.cancelled)
    )
    longest = {gap.route: gap for gap in reversed(gaps)}
    lines = [
        LineState(
            route=r, vehicles=on_trips[r], uncovered=uncovered[r], cancelled=cancelled[r],
            late=late[r], early=early[r], off_route=off_route[r],
            median_delay_s=_median(vehicles.delay_s[on_trip & (route == r)]), gap=longest.get(r),
        )
        for r in range(routes)
        if on_trips[r] or running[r] or cancelled[r]
    ]  # fmt: skip
    return Standing(
        snapshot=snapshot,
        by_state=dict(zip(VEHICLE_STATES, states.tolist(), strict=True)),
        unmatched=unmatched[np.argsort(age[unmatched], kind="stable")].astype(np.int32),
        silent=silent[np.argsort(-age[silent], kind="stable")].astype(np.int32),
        given_up=given_up[np.argsort(vehicles.stalled_at[given_up], kind="stable")].astype(np.int32),
        trips=trips,
        lines=sorted(lines, key=lambda line: -line.trouble),
        gaps=gaps,
    )


def _median(delay_s: Float64Array) -> float:
    known = delay_s[~np.isnan(delay_s)]
    return float(np.median(known)) if len(known) else float("nan")
