"""Why did my bus not come? What became of the passages scheduled around a time, and of the waits on lines run by
headway, from the history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from api.reading.destinations import destination_of
from api.reading.moment import Moment
from feeds.alerts.alert import Alert
from feeds.history.store import HistoryStore
from predictor.arrays import Int64Array
from predictor.explain.judge import Judge
from predictor.explain.scheduled import promised_calls, promised_headway
from predictor.explain.verdict import LONG_WAIT, NOT_SERVED, Verdict
from predictor.explain.waits import WaitJudge
from predictor.service_days import ServiceDays
from predictor.timetable import Timetable

AROUND_S = 900.0
_LATEST_S = 3600.0
"""A passage that was this late is still found by the time that it came at."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What became of one scheduled call, or of a wait, with what is needed to tell it."""

    timetable: Timetable
    """The one in use on that day: the verdict's indices are its own."""
    verdict: Verdict
    alerts: dict[str, Alert]
    """Alerts that the facts name, by id."""

    @property
    def stop(self) -> int:
        """Index of the stop."""
        tt, v = self.timetable, self.verdict
        return int(tt.stop_at(v.trip, v.call))

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
    """What became of each passage at a stop (at a station: at all its platforms; at a platform without any: at those of
    its station) scheduled around a time; of lines run by headway, in each direction, what a rider who came at that time
    had to wait.

    Parameters: `timetable` of now, in which `stop` and `route` are indices; `at`: POSIX seconds; `route`, `direction`:
    only these; `around_s`: how far from `at` a passage may be scheduled. One scheduled earlier that came in that time
    is told as well. In order of scheduled time. It reads from disk: not for the event loop.
    """
    then = _timetable_then(store, timetable, at, around_s)
    stop_then = then.stop_index.get(str(timetable.stop_id[stop]), -1)
    if stop_then < 0:
        return []
    entries = np.flatnonzero(np.isin(then.call_stop, then.members(stop_then)))
    entries = _of_line(then, entries, timetable, route, direction)
    scheduled = [
        explanation
        for explanation in _explained(store, then, entries, at - around_s - _LATEST_S, at + around_s)
        if abs(explanation.verdict.scheduled - at) <= around_s or abs(explanation.verdict.passed_at - at) <= around_s
    ]
    waits = [wait for line in _by_line(then, entries) for wait in _waits(store, then, [line], at, around_s)]
    place = int(timetable.station[stop])
    if not scheduled and not waits and place != stop and timetable.stop_platform[stop]:
        # A run may have been moved there from another of the station's platforms.
        return explain(store, timetable, place, at, route=route, direction=direction, around_s=around_s)
    return sorted(scheduled + waits, key=lambda explanation: explanation.verdict.scheduled)


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
    was not served, else at the first one. Of a line run by headway, in each direction: what a rider who came at that
    time had to wait at the first stop where that was long, else at the first one. Parameters as of `explain`."""
    then = _timetable_then(store, timetable, at, around_s)
    first = _of_line(then, then.trip_call_ptr[:-1], timetable, route, direction)
    waits = _line_waits(
        store, then, _of_line(then, np.arange(len(then.arrival_s)), timetable, route, direction), at, around_s
    )
    departures = _explained(store, then, first, at - around_s, at + around_s)
    if not departures:
        return waits
    trips = np.array(sorted({explanation.verdict.trip for explanation in departures}), np.int32)
    _, calls = then.entries_of(trips)
    longest_s = float(then.trip_lasts_s[trips].max())
    every = _explained(store, then, calls, at - around_s, at + around_s + longest_s)
    lost: dict[tuple[int, int, int], Explanation] = {}
    for explanation in every:
        if explanation.verdict.outcome == NOT_SERVED:
            lost.setdefault(_journey(explanation), explanation)
    return waits + [lost.get(_journey(explanation), explanation) for explanation in departures]


_DATE = (
    r"(?:19|20)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:(?:19|20)(?:0[48]|[2468][048]|[13579][26])|2000)-02-29"
)
_CLOCK = r"(?:[01]?[0-9]|2[0-3])[:h][0-5][0-9]"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_ZONE = r"Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9]"
# In an address a plus sign stands for a space.
TIME_ASKED = rf"^(?:{_CLOCK}|(?:{_DATE})(?:[T ]{_TIME}(?:{_ZONE})?|T{_TIME} (?:0[0-9]|1[0-4]):[0-5][0-9])?)$"
"""Pattern of a time as a reader writes it."""


def time_asked(moment: Moment, at: str | None, zone: ZoneInfo) -> float:
    """POSIX seconds of a time as a reader writes it: ISO 8601, or HH:MM for the last time that it was so late; in
    `zone` where it names none.

    Errors: ValueError.
    """
    if at is None:
        return moment.now
    now = datetime.fromtimestamp(moment.now, zone)
    at = at.strip()
    if not re.search(TIME_ASKED, at):
        raise ValueError(f"{at!r} is no time")
    if re.fullmatch(_CLOCK, at):
        hour, minute = map(int, re.split("[:h]", at))
        asked_for = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        # A quarter of an hour ahead still means today: "the 7:42 that ought to come now".
        if asked_for > now + timedelta(seconds=AROUND_S):
            asked_for -= timedelta(days=1)
    else:
        asked_for = datetime.fromisoformat(re.sub(r" (\d\d:\d\d)$", r"+\1", at) if "T" in at else at)
    return asked_for.replace(tzinfo=asked_for.tzinfo or zone).timestamp()


def _timetable_then(store: HistoryStore, timetable: Timetable, at: float, around_s: float) -> Timetable:
    """The one in use at a time, with the runs that the operator had added."""
    return store.with_own_runs(store.timetable_at(at, timetable).base, at - around_s - _LATEST_S, at + around_s)


def _journey(explanation: Explanation) -> tuple[int, int, int]:
    return explanation.verdict.trip, explanation.verdict.service_day, explanation.verdict.shift_s


def _of_line(
    then: Timetable, entries: Int64Array, now: Timetable, route: int | None, direction: int | None
) -> Int64Array:
    """Those trip calls that are of a route and direction."""
    trip = then.call_trip[entries]
    keep = np.ones(len(entries), bool)
    if route is not None:
        keep &= then.trip_route[trip] == then.route_index.get(str(now.route_id[route]), -1)
    if direction is not None:
        keep &= then.trip_way[trip] == direction
    return entries[keep]


def _by_line(tt: Timetable, entries: Int64Array) -> list[Int64Array]:
    """Trip calls of each line and direction that has trips run by headway among them, without trips' last calls: nobody
    waits there."""
    trip = tt.call_trip[entries]
    entries = entries[entries != tt.trip_call_ptr[trip + 1] - 1]
    trip = tt.call_trip[entries]
    line = np.stack([tt.trip_route[trip], tt.trip_way[trip]], axis=1)
    names, of = np.unique(line, axis=0, return_inverse=True)
    groups = [entries[of.ravel() == group] for group in range(len(names))]
    return [group for group in groups if tt.trip_is_frequency[tt.call_trip[group]].any()]


def _line_waits(
    store: HistoryStore, tt: Timetable, entries: Int64Array, at: float, around_s: float
) -> list[Explanation]:
    """In each direction, the wait at the first stop where it was long, else at the first one; stops in the order of the
    trip that is promised most often."""
    found = []
    for calls in _by_line(tt, entries):
        promise = promised_headway(tt, calls, at)
        if promise is None:
            continue
        trip = promise.journey[0]
        along = tt.call_stop[tt.calls_of(trip)][:-1]
        waits = _waits(store, tt, [calls[tt.call_stop[calls] == stop] for stop in along.tolist()], at, around_s)
        found += [next((wait for wait in waits if wait.verdict.outcome == LONG_WAIT), waits[0])] if waits else []
    return found


def _waits(
    store: HistoryStore, tt: Timetable, stops: list[Int64Array], at: float, around_s: float
) -> list[Explanation]:
    """The wait at each of some stops of one line and direction, given by its trip calls, where one was promised."""
    trips = np.unique(tt.call_trip[np.concatenate(stops)]).astype(np.int32)
    days = ServiceDays(tt).around(at)
    journeys = {(trip, day, 0) for day in days for trip in trips[tt.runs_on(trips, day)].tolist()}
    if not journeys:
        return []
    judge = WaitJudge(tt, store.evidence(tt, journeys, at, at))
    verdicts = [judge.verdict(entries, at, around_s) for entries in stops]
    alerts = _alerts(store, at, at)
    return [_explanation(tt, verdict, alerts) for verdict in verdicts if verdict is not None]


def _explained(
    store: HistoryStore, tt: Timetable, entries: Int64Array, since: float, until: float
) -> list[Explanation]:
    """Verdicts on those of the trip calls that are scheduled between two times, in order."""
    calls = promised_calls(tt, entries, since, until)
    if not calls:
        return []
    evidence = store.evidence(tt, {(trip, day, shift) for _, trip, day, shift, _ in calls}, since, until)
    judge = Judge(tt, evidence)
    alerts = _alerts(store, since, until)
    return [_explanation(tt, judge.verdict(trip, day, call, shift), alerts) for _, trip, day, shift, call in calls]


def _alerts(store: HistoryStore, since: float, until: float) -> dict[str, Alert]:
    return {alert.alert_id: alert for alert, _, _ in store.alerts(since - _LATEST_S, until + _LATEST_S)}


def _explanation(tt: Timetable, verdict: Verdict, alerts: dict[str, Alert]) -> Explanation:
    return Explanation(tt, verdict, {f.alert_id: alerts[f.alert_id] for f in verdict.facts if f.alert_id in alerts})
