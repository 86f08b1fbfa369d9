"""Whom an alert concerns, and whether riders are told of it now: asked by every face, answered here alone.

An alert is told while it is shown (`Alert.shown_at`), to whom any of its selectors fits (`feeds.alerts.informed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Literal

import numpy as np

from api.reading.board import WINDOW_S
from api.reading.calls import RunCall
from api.reading.lines import lines_of
from api.reading.moment import Moment
from feeds.alerts.alert import Alert
from feeds.alerts.informed import Informed
from predictor.arrays import NONE
from predictor.timetable import DAY_S, PLATFORM, Timetable

ShownOn = Literal["lines", "stops", "network"]
"""Who reads it: everyone on the lines; only readers at the stops; everyone."""

_SEVERITIES = ("SEVERE", "WARNING", "UNKNOWN_SEVERITY", "INFO")
_SAYS_NOTHING_OF_SERVICE = frozenset({"NO_EFFECT", "ADDITIONAL_SERVICE", "ACCESSIBILITY_ISSUE", "STOP_MOVED"})
_NO_DISTURBANCE = frozenset({"NO_EFFECT", "ADDITIONAL_SERVICE", "ACCESSIBILITY_ISSUE"})
_STOPS_ALL = frozenset({"NO_SERVICE", "REDUCED_SERVICE", "SIGNIFICANT_DELAYS"})


def network_alerts(moment: Moment) -> list[Alert]:
    """Told to everyone."""
    return _told(moment, lambda informed: informed.everyone)


def stop_alerts(moment: Moment, stop: int) -> list[Alert]:
    """Told at a stop (a station: at any of its platforms): of itself, of what calls there, of everything."""
    return _told_at(moment, stop, lambda _: True)


def alerts_of_stop(moment: Moment, stop: int) -> list[Alert]:
    """Of those told at a stop those that are read at stops alone."""
    return _told_at(moment, stop, lambda informed: shown_on(informed) == "stops")


def line_alerts(moment: Moment, route: int) -> list[Alert]:
    """Told on a line: of itself, of its stops and trips, of everything."""
    return _told(moment, lambda informed: informed.line(route, moment.now))


def run_alerts(moment: Moment, trip: int, service_day: int, shift_s: int) -> list[Alert]:
    """Told to those who ride a dated run: of itself, its line, the stops at which it calls, of everything. Of one that
    no board shows yet those that riders may know of and that are in force while it is on its way."""
    tt = moment.timetable
    begins, ends = (float(tt.date_origin[service_day] + shift_s + at[trip]) for at in (tt.trip_start_s, tt.trip_end_s))
    soon = begins <= moment.now + WINDOW_S
    alerts = (_told if soon else _announced)(moment, lambda informed: informed.run(trip, service_day, shift_s))
    return [alert for alert in alerts if soon or not alert.affects or alert.affects_between(begins, ends)]


def announced_alerts(moment: Moment, route: int | None = None, stop: int | None = None) -> list[Alert]:
    """In force, and planned as far as riders may know of it: all that concern anybody; those told on a line; those told
    at a stop."""
    stops = None if stop is None else moment.timetable.members(stop).tolist()
    return _announced(
        moment,
        lambda informed: (
            bool(informed.selectors)
            and (route is None or informed.line(route, moment.now))
            and (stops is None or informed.stop(stops, moment.now))
        ),
    )


def day_alerts(moment: Moment, service_day: int, route: int | None = None, stop: int | None = None) -> list[Alert]:
    """Those that riders of a line or at a stop may know of, as far as they speak of a service day; of a later one only
    where they say so by their periods or their runs."""
    begins = float(moment.timetable.date_origin[service_day])
    ends, today = begins + DAY_S, service_day == moment.today
    at = max(begins, moment.now) if today else begins

    def concerns(alert: Alert) -> bool:
        informed = informed_by(moment, alert)
        of_day = informed.on_day(service_day)
        speaks_of_it = alert.affects_between(at, ends) or (not alert.affects and (today or informed.since > 0.0))
        return speaks_of_it and (
            (route is not None and of_day.line(route, at))
            or (stop is not None and of_day.stop(moment.timetable.members(stop).tolist(), at))
        )

    return [alert for alert in announced_alerts(moment, route, stop) if concerns(alert)]


def operator_alerts(moment: Moment) -> list[Alert]:
    """The operator's, in force and then planned."""
    alerts = [alert for alert in moment.view.operator_alerts if alert.state(moment.now) != "over"]
    return _in_order(alerts, moment.now)


def informed_by(moment: Moment, alert: Alert) -> Informed:
    """What of the moment's timetable an alert informs about."""
    return Informed.of(alert.selectors, moment.timetable, moment.now)


def shown_on(informed: Informed) -> ShownOn:
    """Who reads an alert, as its selectors say."""
    if informed.everyone:
        return "network"
    return "stops" if informed.selectors and all(selector.stop_id for selector in informed.selectors) else "lines"


@dataclass(frozen=True)
class Audience:
    """Who sees an alert."""

    routes: tuple[int, ...]
    """Lines whose pages show it."""
    stops: tuple[int, ...]
    """Stops (platforms, not stations) whose pages and screens show it."""


def audience_of(alert: Alert, timetable: Timetable) -> Audience:
    """Lines and served stops at which riders read `alert` when it is in force."""
    at, _ = alert.period(0.0)
    informed, lines = Informed.of(alert.selectors, timetable, at), lines_of(timetable)
    served = (s for s in range(timetable.stops) if lines.routes_at(s) and timetable.stop_location_type[s] == PLATFORM)
    return Audience(
        routes=tuple(route for route in range(len(timetable.route_id)) if informed.line(route, at)),
        stops=tuple(stop for stop in served if informed.stop((stop,), at)),
    )


def telling_why(moment: Moment, row: RunCall) -> Alert | None:
    """The alert whose cause is why a departure is cancelled or its stop skipped; None where none tells."""
    run = row.trip_idx, row.service_day, row.shift_s
    found: list[tuple[bool, Alert]] = []
    pattern = int(moment.timetable.trip_pattern[row.trip_idx])
    for alert, informed in _that_may_concern(moment, "patterns", [pattern]):
        if alert.state(moment.now) != "in_force":
            continue
        for selector in informed.fitting(*run, row.stop_idx if row.status == "skipped" else None):
            of_this = bool(selector.trip or selector.stop_id)
            if of_this or (row.status == "cancelled" and (selector.route_id or alert.effect in _STOPS_ALL)):
                found.append((not of_this, alert))
    return min(found, default=(False, None), key=lambda pair: pair[0])[1]


def lines_told_of(moment: Moment) -> set[int]:
    """Routes of which the operator's alerts in force tell already that they do not run as they should."""
    routes: set[int] = set()
    for alert in moment.view.operator_alerts:
        if alert.state(moment.now) == "in_force" and alert.effect not in _SAYS_NOTHING_OF_SERVICE:
            informed = informed_by(moment, alert)
            routes |= informed.lines_told_of(moment.now, of_whole_networks=alert.effect in _STOPS_ALL)
    return routes


def disturbed_lines(moment: Moment) -> frozenset[int]:
    """Routes that are marked wherever they are named: an alert in force speaks of them, by themselves, by their trips,
    or at some of their stops, and not of something welcome."""
    routes: set[int] = set()
    for alert, informed in _all(moment):
        if alert.state(moment.now) == "in_force" and alert.effect not in _NO_DISTURBANCE:
            wide = alert.effect in _STOPS_ALL
            routes |= informed.lines_told_of(moment.now, of_whole_networks=wide, at_stops=True)
    return frozenset(routes)


def _told(
    moment: Moment, concerns: Callable[[Informed], bool], among: Iterable[tuple[Alert, Informed]] | None = None
) -> list[Alert]:
    """Those that are shown now, of all or `among` some."""
    among = _all(moment) if among is None else among
    alerts = [alert for alert, informed in among if alert.shown_at(moment.now) and concerns(informed)]
    return _in_order(alerts, moment.now)


def _told_at(moment: Moment, stop: int, concerns: Callable[[Informed], bool]) -> list[Alert]:
    """Those of them that are told at a stop."""
    stops = moment.timetable.members(stop).tolist()
    return _told(
        moment,
        lambda informed: informed.stop(stops, moment.now) and concerns(informed),
        _that_may_concern(moment, "stops", stops),
    )


_Concerned = Literal["stops", "patterns"]


def _that_may_concern(moment: Moment, kind: _Concerned, some: Iterable[int]) -> list[tuple[Alert, Informed]]:
    """Alerts that may concern some stops, or runs of some patterns: of hundreds in a network these are few."""
    every = _all(moment)
    if not every:
        return []
    of_all, of_each = moment.view.once(f"alerts by {kind}", lambda: _by(kind, tuple(informed for _, informed in every)))
    places = {*of_all, *chain.from_iterable(of_each.get(one, ()) for one in some)}
    return [every[place] for place in sorted(places)]


@lru_cache(maxsize=4)
def _by(kind: _Concerned, alerts: tuple[Informed, ...]) -> tuple[list[int], dict[int, list[int]]]:
    """Which of alerts may concern all, and which each: the same from view to view, until one changes."""
    of_all, of_each = list[int](), dict[int, list[int]]()
    for place, informed in enumerate(alerts):
        concerned = informed.may_reach if kind == "stops" else informed.may_fit
        if concerned is None:
            of_all.append(place)
        for one in concerned or ():
            of_each.setdefault(one, []).append(place)
    return of_all, of_each


def _announced(moment: Moment, concerns: Callable[[Informed], bool]) -> list[Alert]:
    """Those that riders may know of."""
    alerts = [alert for alert, informed in _all(moment) if alert.announced_at(moment.now) and concerns(informed)]
    return _in_order(alerts, moment.now)


def _in_order(alerts: Iterable[Alert], now: float) -> list[Alert]:
    """What is in force before what is planned, the severe before the rest, of the equally severe that nothing runs
    first, that nothing is disturbed last. That nothing runs is severe where the feed does not say how severe it is."""

    def severity(alert: Alert) -> int:
        unsaid = alert.severity == "UNKNOWN_SEVERITY"
        return 0 if unsaid and alert.effect == "NO_SERVICE" else _SEVERITIES.index(alert.severity)

    return sorted(
        alerts,
        key=lambda alert: (
            alert.state(now) != "in_force",
            severity(alert),
            alert.effect != "NO_SERVICE",
            alert.effect in _NO_DISTURBANCE,
        ),
    )


def _all(moment: Moment) -> list[tuple[Alert, Informed]]:
    # Nobody can read a message that says nothing.
    return moment.view.once(
        "whom alerts concern",
        lambda: [
            (alert, informed_by(moment, alert).while_out(lambda: _late_runs(moment)))
            for alert in moment.view.alerts
            if alert.says_something
        ],
    )


def _late_runs(moment: Moment) -> dict[tuple[int, int], float]:
    """Seconds by which the runs are late of which calls to come are predicted, by trip and service day."""

    def found() -> dict[tuple[int, int], float]:
        calls, tt = moment.view.snapshot.predictions, moment.timetable
        last = np.flatnonzero(np.diff(calls.run_key, append=NONE))
        last = last[np.fmax(calls.arrival[last], calls.departure[last]) > moment.now]
        at, runs = np.fmax(calls.arrival, calls.departure)[last], calls.runs.take(last)
        late_s = at - runs.leaves_at(tt, calls.call[last])
        runs_of_day = zip(runs.trip.tolist(), runs.service_day.tolist(), strict=True)
        return dict(zip(runs_of_day, late_s.tolist(), strict=True))

    return moment.view.once("late runs", found)
