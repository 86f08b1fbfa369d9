"""Great gaps: where riders will wait much longer for the next vehicle than the timetable says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from api.reading.lines import lines_of
from api.reading.running_trips import GRACE_S
from predictor.arrays import RouteIdx, StopIdx, is_one_of
from predictor.snapshot import CANCELLED, FROM_TIMETABLE, SKIPPED, Snapshot
from predictor.timetable import Timetable

_AHEAD_S = 5400.0
_LEAST_EXCESS_S = 600.0
_LEAST_RATIO = 1.5
"""Against the longest wait that the timetable has in the same time."""


@dataclass(frozen=True)
class Gap:
    """A wait at one stop of a line and direction. Times are POSIX seconds."""

    route: int
    direction: int
    stop: int
    begins_at: float
    ends_at: float
    """`begins_at` plus at least the time looked ahead where nothing comes at all."""
    usual_s: float
    """The longest scheduled wait in the same time."""

    @property
    def wait_s(self) -> float:
        """Seconds without a vehicle."""
        return self.ends_at - self.begins_at


def great_gaps(snapshot: Snapshot) -> list[Gap]:
    """The longest coming gap of each line and direction where it is far beyond the timetable's, the worst first.

    Cost: one board for each line and direction. Lines run by headway have no times to compare with.
    """
    found = [gap for place in _middles(snapshot.timetable) if (gap := _gap_at(snapshot, *place))]
    return sorted(found, key=lambda gap: gap.usual_s - gap.wait_s)


def _gap_at(snapshot: Snapshot, route: int, direction: int, stop: int) -> Gap | None:
    tt, now = snapshot.timetable, snapshot.made_at
    board = snapshot.board(StopIdx(stop), since=now, until=now + _AHEAD_S, route=RouteIdx(route))
    this_way = tt.trip_way[board.trip] == direction
    scheduled = np.sort(board.scheduled_departure[this_way])
    scheduled = scheduled[(scheduled >= now) & (scheduled <= now + _AHEAD_S)]
    if len(scheduled) < 2:
        return None
    start = board.starts_at(tt)
    missing = (board.source == FROM_TIMETABLE) & (start + GRACE_S <= now)
    comes = this_way & ~missing & ~is_one_of(board.status, (CANCELLED, SKIPPED))
    times = np.concatenate([[now], board.published[comes]])
    ends = np.append(times[1:], now + _AHEAD_S) if len(times) == 1 else times[1:]
    waits = ends - times[: len(ends)]
    longest = int(np.argmax(waits))
    usual_s = float(np.diff(np.concatenate([[now], scheduled])).max())
    if waits[longest] < usual_s + _LEAST_EXCESS_S or waits[longest] < _LEAST_RATIO * usual_s:
        return None
    return Gap(route, direction, stop, float(times[longest]), float(ends[longest]), usual_s)


@lru_cache(maxsize=2)
def _middles(tt: Timetable) -> list[tuple[int, int, int]]:
    """Route, direction and the middle stop of the pattern with most trips."""
    trips = lines_of(tt).pattern_trips
    places: dict[tuple[int, int], int] = {}
    for pattern in np.argsort(trips, kind="stable").tolist():
        if trips[pattern]:
            middle = (int(tt.pattern_call_ptr[pattern]) + int(tt.pattern_call_ptr[pattern + 1])) // 2
            places[int(tt.pattern_route[pattern]), int(tt.pattern_way[pattern])] = int(tt.pattern_stop[middle])
    return [(route, direction, stop) for (route, direction), stop in sorted(places.items())]
