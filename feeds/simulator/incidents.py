"""What goes wrong on a day: breakdowns, short turns, a detour, cancelled trips and a gap in the feed.

What will be is settled here, from the seed and the date, before any vehicle moves; `Incident` tells afterwards what
was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from feeds.simulator.network import Network
from feeds.simulator.schedule import Schedule
from predictor.arrays import BoolArray, Int32Array, Int64Array
from predictor.geometry import ground_distance_m

KINDS = ("breakdown", "short_turn", "detour", "cancelled_trips", "feed_gap")
BREAKDOWN, SHORT_TURN, DETOUR, CANCELLED_TRIPS, FEED_GAP = KINDS

_TO_REPLACE_S = 45 * 60.0
"""How long a replacement for a broken-down vehicle takes at least."""


@dataclass(frozen=True)
class Incident:
    """What went wrong, as a judge would like to know it. Times are POSIX seconds."""

    kind: str
    """One of `KINDS`."""
    start: float
    """Breakdown: when the vehicle came to a stand; short turn: when it left its last stop; detour: when the street was
    closed; cancelled trips: when the first should have begun; feed gap: when reports ceased."""
    end: float
    trip_ids: tuple[str, ...]
    """Trips that missed calls by it, in order of time."""
    vehicle_id: str
    """Of a breakdown or a short turn, else empty."""
    stop_ids: tuple[str, ...]
    """Detour: the closed stops; else the stops that the first trip missed."""
    announced_at: float
    """When the operator told riders of it, NaN if never."""


@dataclass(frozen=True, eq=False)
class Disruption:
    """One incident to come. Trips, calls and stops are indices; times seconds after the origin of the day."""

    kind: str
    trips: Int64Array
    """Trips that are not run, wholly or in part."""
    lost_calls: Int64Array
    """Calls known beforehand to be missed; a detour's show only when vehicles come."""
    announced_s: float
    start_s: float = float("nan")
    end_s: float = float("nan")
    from_call: int = -1
    """Breakdown, short turn: the last call served."""
    to_call: int = -1
    """Short turn: the call of the next trip at which the vehicle takes up service; breakdown: the replacement's first
    call, -1 where the block is given up."""
    stands_s: float = 0.0
    """Breakdown: for how long the vehicle stands; short turn: for how long it was held up before."""
    stands_at: float = 0.0
    """Breakdown: where between two stops, as a share of the way."""
    held_call: int = -1
    """Short turn: the stop at which it was held up."""
    closed: Int32Array = field(default_factory=lambda: np.empty(0, np.int32))
    """Detour: the closed stops."""
    skips_announced: bool = False
    """Detour: whether TripUpdates say SKIPPED."""


def feed_gap_s(day: date, seed: int) -> tuple[float, float]:
    """When the whole feed stands still that day."""
    rng = np.random.default_rng([seed, 5, day.toordinal()])
    start = float(rng.uniform(7.0, 20.0) * 3600.0)
    return start, start + float(rng.uniform(240.0, 420.0))


def plan_disruptions(network: Network, schedule: Schedule, day: date, seed: int) -> list[Disruption]:
    """What will go wrong in a town. No block is struck twice, and neither breakdowns nor short turns happen on trips
    that the detour touches, so that each missed call has one cause."""
    return _Choice(network, schedule, np.random.default_rng([seed, 6, day.toordinal(), network.town])).all()


class _Choice:
    """Draws a town's incidents."""

    def __init__(self, network: Network, schedule: Schedule, rng: np.random.Generator) -> None:
        self._net, self._sched, self._rng = network, schedule, rng
        first = schedule.trip_call_ptr[:-1]
        self._start_s = schedule.departure_s[first].astype(np.float64)
        self._end_s = schedule.arrival_s[schedule.trip_call_ptr[1:] - 1].astype(np.float64)
        self._is_tram = schedule.block_is_tram[schedule.trip_block]
        self._free: BoolArray = np.ones(len(schedule.trip_id), bool)
        block = schedule.trip_block
        self._follows = np.concatenate([block[1:] == block[:-1], [False]])
        self._call_stop = network.call_stop[schedule.pattern_call(network)]

    def all(self) -> list[Disruption]:
        """One detour, two rounds of cancelled trips, one or two breakdowns, two short turns: fewer if it is quiet."""
        weekday = self._sched.day_type == "LV"
        detour = self._detour()
        found: list[Disruption | None] = [self._cancelled() for _ in range(2 if weekday else 1)]
        if detour is not None:
            closed = np.zeros(len(self._net.stop_id), bool)
            closed[detour.closed] = True
            touched = np.bincount(self._sched.call_trip, closed[self._call_stop], len(self._free)) > 0
            self._free &= ~touched
        found += [self._breakdown() for _ in range(1 + int(weekday and self._rng.random() < 0.5))]
        found += [self._short_turn() for _ in range(2 if weekday else 1)]
        return [d for d in (detour, *found) if d is not None]

    def _take(self, candidates: BoolArray) -> int | None:
        trips = np.flatnonzero(candidates & self._free)
        if len(trips) == 0:
            return None
        trip = int(self._rng.choice(trips))
        self._free &= self._sched.trip_block != self._sched.trip_block[trip]
        return trip

    def _between(self, from_h: float, to_h: float) -> BoolArray:
        return (self._start_s >= from_h * 3600.0) & (self._end_s <= to_h * 3600.0)

    def _calls(self, trip: int) -> Int64Array:
        return np.arange(self._sched.trip_call_ptr[trip], self._sched.trip_call_ptr[trip + 1])

    def _cancelled(self) -> Disruption | None:
        """A round: a trip out and the trip back, or a ring once, so that the vehicle stands where it is needed next."""
        origin, destination = _termini(self._net, self._sched)
        back = np.append(destination[1:] == origin[:-1], False)
        before = np.concatenate([[False], self._follows[:-1]])
        after_next = np.append(self._follows[1:], False)
        trip = self._take(self._between(6.5, 20.0) & before & self._follows & after_next & back)
        if trip is None:
            return None
        trips = np.array([trip, trip + 1])
        lead_s = self._rng.uniform(15.0, 120.0) * 60.0
        return Disruption(
            CANCELLED_TRIPS, trips, np.concatenate([self._calls(t) for t in trips]), self._start_s[trip] - lead_s,
            start_s=float(self._start_s[trip]), end_s=float(self._end_s[trip + 1]),
        )  # fmt: skip

    def _breakdown(self) -> Disruption | None:
        trip = self._take(self._between(7.0, 20.0) & ~self._is_tram & (self._sched.trip_calls >= 10))
        if trip is None:
            return None
        rng = self._rng
        calls = self._calls(trip)
        last = int(calls[int(len(calls) * rng.uniform(0.25, 0.75))])
        block = np.flatnonzero(self._sched.trip_block == self._sched.trip_block[trip])
        later = block[block > trip]
        back_at = self._sched.departure_s[last] + _TO_REPLACE_S
        resumed = later[self._start_s[later] >= back_at]
        not_run = later[self._start_s[later] < back_at]
        lost = np.concatenate([np.arange(last + 1, calls[-1] + 1), *(self._calls(int(t)) for t in not_run)])
        announced = self._sched.departure_s[last] + 12 * 60.0 if rng.random() < 0.5 else float("nan")
        return Disruption(
            BREAKDOWN, np.append(trip, not_run), lost, announced, from_call=last,
            to_call=int(self._sched.trip_call_ptr[resumed[0]]) if len(resumed) else -1,
            stands_s=float(rng.uniform(15.0, 35.0) * 60.0), stands_at=float(rng.uniform(0.2, 0.8)),
        )  # fmt: skip

    def _short_turn(self) -> Disruption | None:
        """A vehicle held up at a stop (a rider taken ill, say) ends its trip early and takes up the next one at the
        opposite stop, nearly on time again."""
        net, sched = self._net, self._sched
        pattern = sched.trip_pattern
        same_line = np.append(net.pattern_route[pattern[1:]] == net.pattern_route[pattern[:-1]], False)
        turns = np.append(net.pattern_direction[pattern[1:]] != net.pattern_direction[pattern[:-1]], False)
        for _ in range(20):
            trip = self._take(self._between(7.0, 20.0) & self._follows & same_line & turns & (sched.trip_calls >= 12))
            if trip is None:
                return None
            calls, following = self._calls(trip), self._calls(trip + 1)
            last = int(calls[int(len(calls) * self._rng.uniform(0.6, 0.85))])
            stop, next_stops = self._call_stop[last], self._call_stop[following]
            away = ground_distance_m(
                net.stop_lat[stop], net.stop_lon[stop], net.stop_lat[next_stops], net.stop_lon[next_stops]
            )
            opposite = int(np.argmin(away))
            if away[opposite] < 150.0 and 0 < opposite < len(following) // 2:
                lost = np.concatenate([np.arange(last + 1, calls[-1] + 1), following[:opposite]])
                saved_s = float(sched.departure_s[following[opposite]] - sched.arrival_s[last])
                return Disruption(
                    SHORT_TURN, np.array([trip, trip + 1]), lost, float("nan"), from_call=last,
                    to_call=int(following[opposite]), stands_s=min(0.8 * saved_s, 1500.0),
                    held_call=last - int(self._rng.integers(2, 5)),
                )  # fmt: skip
        return None

    def _detour(self) -> Disruption | None:
        """A closed street: two or three neighbouring places, in both directions, that no trip begins or ends at."""
        net, sched, rng = self._net, self._sched, self._rng
        first, last = sched.trip_call_ptr[:-1], sched.trip_call_ptr[1:] - 1
        fixed = np.unique(net.stop_place[self._call_stop[np.concatenate([first, last])]])
        candidates = np.flatnonzero(self._free & ~self._is_tram & self._between(7.0, 19.0) & (sched.trip_calls >= 14))
        for _ in range(40):
            if len(candidates) == 0:
                return None
            calls = self._calls(int(rng.choice(candidates)))
            k, n = int(rng.integers(3, len(calls) - 6)), int(rng.integers(2, 4))
            places = np.unique(net.stop_place[self._call_stop[calls[k : k + n]]])
            if np.isin(places, fixed).any():
                continue
            closed = np.flatnonzero(np.isin(net.stop_place, places) & ~net.stop_is_station)
            tram_stops = np.unique(self._call_stop[self._is_tram[sched.call_trip]])
            if np.isin(closed, tram_stops).any():
                continue
            start = float(rng.uniform(8.0, 16.5) * 3600.0)
            return Disruption(
                DETOUR, np.empty(0, np.int64), np.empty(0, np.int64), start + float(rng.uniform(60.0, 600.0)),
                start_s=start, end_s=start + float(rng.uniform(60.0, 110.0) * 60.0), closed=closed.astype(np.int32),
                skips_announced=bool(rng.random() < 0.5),
            )  # fmt: skip
        return None


def _termini(network: Network, schedule: Schedule) -> tuple[Int32Array, Int32Array]:
    """(T,) places where each trip begins and ends."""
    place = network.stop_place[network.call_stop]
    pattern = schedule.trip_pattern
    return place[network.pattern_call_ptr[pattern]], place[network.pattern_call_ptr[pattern + 1] - 1]
