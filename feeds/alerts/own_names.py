"""What the alerts of a feed name in common, as the timetable names it: agencies, and the dates of runs.

Dates that the feed names as UTC or the calendar has them are told as those of service days. The operator's other feeds
tell by which clock (see `predictor.named_dates`): alerts, which speak of runs of any day, do not.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.alerts.alert import Alert, Selector, TripSelector
from feeds.alerts.informed import Informed
from feeds.ids.run_names import run_names
from feeds.service_times import start_times
from predictor.arrays import NONE
from predictor.named_dates import NamedDates
from predictor.named_runs import FOUND, run_finder
from predictor.timetable import Timetable


class OwnNames:
    """Reads the names in one feed's alerts."""

    def __init__(self, dates: NamedDates) -> None:
        """`dates`: what the operator's other feeds tell of the dates that they name."""
        self._dates = dates
        self._read: tuple[tuple[Alert, ...], Timetable, object, tuple[Alert, ...]] | None = None

    def of(self, alerts: tuple[Alert, ...], timetable: Timetable, now: float) -> tuple[Alert, ...]:
        """The alerts in the timetable's own names. Made once for each message."""
        read, custom, tt = self._read, self._dates.custom, timetable.base
        if read is None or read[0] is not alerts or read[1] is not tt or read[2] != custom:
            own = with_own_agencies(alerts, tt, now)
            self._read = read = alerts, tt, custom, _on_service_days(own, tt, self._dates, now)
        return read[3]


def with_own_agencies(alerts: tuple[Alert, ...], timetable: Timetable, now: float) -> tuple[Alert, ...]:
    """The alerts with the timetable's agencies in the place of one that it does not have, where it is clear whom that
    means: those whose ids begin with it, such as X-1 and X-2 for X; or, where they all call one by another name, those
    whose lines, stops and trips most of them name beside it."""
    selectors = tuple(dict.fromkeys(s for alert in alerts for s in alert.selectors if s.agency_id))
    own_ids = timetable.agency_id.tolist()
    called = {selector.agency_id for selector in selectors}
    parts = {
        of: tuple(own for own in own_ids if re.match(rf"{re.escape(of)}[\W_]", own))
        for of in called.difference(own_ids, timetable.agency_name.tolist())
    }
    if len(called) == len(parts) == 1 and not any(parts.values()):
        parts = {of: _named_beside(selectors, timetable, now) for of in called}
    if not any(parts.values()):
        return alerts

    def own(selector: Selector) -> tuple[Selector, ...]:
        meant = parts.get(selector.agency_id, ())
        route = timetable.route_index.get(selector.route_id, NONE)
        if route >= 0:
            meant = tuple(of for of in meant if of == timetable.route_agency_id[route])
        return tuple(replace(selector, agency_id=of) for of in meant) or (selector,)

    return tuple(
        replace(alert, selectors=tuple(each for selector in alert.selectors for each in own(selector)))
        for alert in alerts
    )


def _named_beside(selectors: tuple[Selector, ...], timetable: Timetable, now: float) -> tuple[str, ...]:
    """The agencies of what selectors name beside an agency that is not known."""
    named = (replace(selector, agency_id="") for selector in selectors)
    beside = tuple(selector for selector in named if selector != Selector(route_type=selector.route_type))
    informed = Informed.of(beside, timetable, now)
    if 2 * len(informed.selectors) <= len(beside):
        return ()
    own_ids: list[str] = timetable.agency_id.tolist()
    of_lines = set(timetable.route_agency_id[sorted(informed.routes)].tolist())
    # One agency of several may be that of another timetable, which has lines of the same numbers.
    several = tuple(of for of in own_ids if of in of_lines)
    return tuple(own_ids) if len(own_ids) == 1 else several if len(several) > 1 else ()


def _on_service_days(alerts: tuple[Alert, ...], tt: Timetable, dates: NamedDates, now: float) -> tuple[Alert, ...]:
    selectors = (selector for alert in alerts for selector in alert.selectors)
    trips = list(dict.fromkeys(s.trip for s in selectors if s.trip is not None and s.trip.start_date))
    if not trips or dates.custom == (False, None):
        return alerts
    neither = np.zeros(len(trips), bool)
    names, _, _ = run_names(
        [trip.trip_id for trip in trips], [trip.route_id for trip in trips], [trip.start_date for trip in trips],
        [trip.start_time for trip in trips], np.array([min(trip.direction_id, 127) for trip in trips], np.int8),
        neither, tt, now, Counter(),
    )  # fmt: skip
    found = run_finder(tt).find(names, np.full(len(trips), now), neither)
    runs = dates.meant(tt, names, found)
    starts = start_times(tt, runs.trip, runs.shift_s)
    date_of_trip: dict[TripSelector, TripSelector] = {
        # With a start past 24:00 a date means no other night.
        trip: replace(trip, start_date=str(tt.date[day]), start_time=start if start >= "24" else trip.start_time)
        for trip, day, start, verdict in zip(
            trips, runs.service_day.tolist(), starts, runs.verdict.tolist(), strict=True
        )
        if verdict == FOUND
    }

    def dated(selector: Selector) -> Selector:
        trip = selector.trip
        return selector if trip is None else replace(selector, trip=date_of_trip.get(trip, trip))

    return tuple(replace(alert, selectors=tuple(map(dated, alert.selectors))) for alert in alerts)
