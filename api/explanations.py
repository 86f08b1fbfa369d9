"""Why did my bus not come? What became of the passages scheduled around a time, from the history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from api.page_lines import destination_of
from feeds.alerts import Alert
from feeds.history.store import HistoryStore
from predictor.arrays import Int64Array
from predictor.explain.judge import Judge
from predictor.explain.scheduled import scheduled_between
from predictor.explain.verdict import NOT_SERVED, Verdict
from predictor.timetable import Timetable

AROUND_S = 900.0
_LATEST_S = 3600.0
"""A passage that was this late is still found by the time that it came at."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What became of one scheduled call, with what is needed to tell it."""

    timetable: Timetable
    """The one in use on that day: the verdict's indices are its own."""
    verdict: Verdict
    alerts: dict[str, Alert]
    """Alerts that the facts name, by id."""

    @property
    def stop(self) -> int:
        """Index of the stop."""
        tt, v = self.timetable, self.verdict
        return int(tt.call_stop[int(tt.trip_call_ptr[v.trip]) + v.call])

    @property
    def route(self) -> int:
        """Index of the route."""
        return int(self.timetable.trip_route[self.verdict.trip])

    @property
    def headsign(self) -> str:
        """Where the trip goes to, for riders."""
        return destination_of(self.timetable, self.verdict.trip)


def explain(
    store: HistoryStore,
    timetable: Timetable,
    stop: int,
    at: float,
    *,
    route: int | None = None,
    direction: int | None = None,
    around_s: float = AROUND_S,
) -> list[Explanation]:
    """What became of each passage at a stop (at a station: at all its platforms) scheduled around a time.

    Parameters: `timetable` of now, in which `stop` and `route` are indices; `at`: POSIX seconds; `route`, `direction`:
    only these; `around_s`: how far from `at` a passage may be scheduled. One scheduled earlier that came in that time
    is told as well. In order of scheduled time. It reads from disk: not for the event loop.
    """
    then = store.timetable_at(at, timetable)
    stop_then = then.stop_index.get(str(timetable.stop_id[stop]), -1)
    if stop_then < 0:
        return []
    pointer, member = then.station_members
    entries = np.flatnonzero(np.isin(then.call_stop, member[pointer[stop_then] : pointer[stop_then + 1]]))
    entries = _of_line(then, entries, timetable, route, direction)
    found = _explained(store, then, entries, at - around_s - _LATEST_S, at + around_s)
    return [
        one
        for one in found
        if abs(one.verdict.scheduled - at) <= around_s or abs(one.verdict.passed_at - at) <= around_s
    ]


def explain_line(
    store: HistoryStore,
    timetable: Timetable,
    route: int,
    at: float,
    *,
    direction: int | None = None,
    around_s: float = AROUND_S,
) -> list[Explanation]:
    """What became of each trip of a line that should have left its first stop around a time: at the first call that
    was not served, else at the first one. Parameters as of `explain`."""
    then = store.timetable_at(at, timetable)
    first = _of_line(then, then.trip_call_ptr[:-1], timetable, route, direction)
    departures = _explained(store, then, first, at - around_s, at + around_s)
    if not departures:
        return []
    trips = np.array(sorted({one.verdict.trip for one in departures}), np.int64)
    calls = np.concatenate([np.arange(then.trip_call_ptr[trip], then.trip_call_ptr[trip + 1]) for trip in trips])
    longest_s = float((then.trip_end_s[trips] - then.trip_start_s[trips]).max())
    every = _explained(store, then, calls, at - around_s, at + around_s + longest_s)
    lost: dict[tuple[int, int, int], Explanation] = {}
    for one in every:
        if one.verdict.outcome == NOT_SERVED:
            lost.setdefault(_journey(one), one)
    return [lost.get(_journey(one), one) for one in departures]


def _journey(one: Explanation) -> tuple[int, int, int]:
    return one.verdict.trip, one.verdict.service_day, one.verdict.shift_s


def _of_line(
    then: Timetable, entries: Int64Array, now: Timetable, route: int | None, direction: int | None
) -> Int64Array:
    """Those trip calls that are of a route and direction."""
    trip = then.call_trip[entries]
    keep = np.ones(len(entries), bool)
    if route is not None:
        keep &= then.trip_route[trip] == then.route_index.get(str(now.route_id[route]), -1)
    if direction is not None:
        keep &= then.pattern_direction[then.trip_pattern[trip]] == direction
    return entries[keep]


def _explained(
    store: HistoryStore, tt: Timetable, entries: Int64Array, since: float, until: float
) -> list[Explanation]:
    """Verdicts on those of the trip calls that are scheduled between two times, in order."""
    calls = scheduled_between(tt, entries, since, until)
    if not calls:
        return []
    evidence = store.evidence(tt, {(trip, day, shift) for _, trip, day, shift, _ in calls}, since, until)
    judge = Judge(tt, evidence)
    alerts = {alert.alert_id: alert for alert, _, _ in store.alerts(tt, since - _LATEST_S, until + _LATEST_S)}
    verdicts = [judge.verdict(trip, day, call, shift) for _, trip, day, shift, call in calls]
    return [
        Explanation(tt, v, {f.alert_id: alerts[f.alert_id] for f in v.facts if f.alert_id in alerts}) for v in verdicts
    ]
