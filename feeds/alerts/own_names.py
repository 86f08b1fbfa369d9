"""What the alerts of a feed name in common, as the timetable names it: the agency, and the dates of runs.

Where the feed names dates as UTC has them, they are told as those of service days. The operator's other feeds tell by
which clock (see `predictor.named_dates`): alerts, which speak of runs of any day, do not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.alerts.alert import Alert, Selector, TripSelector
from feeds.alerts.informed import Informed
from feeds.ids.run_names import run_names
from predictor.named_dates import NamedDates, on_days_by_utc
from predictor.named_runs import FOUND, run_finder
from predictor.timetable import Timetable


class OwnNames:
    """Reads the names in one feed's alerts."""

    def __init__(self, dates: NamedDates) -> None:
        """`dates`: what the operator's other feeds tell of the dates that they name."""
        self._dates = dates
        self._read: tuple[tuple[Alert, ...], Timetable, bool, tuple[Alert, ...]] | None = None

    def of(self, alerts: tuple[Alert, ...], timetable: Timetable, now: float) -> tuple[Alert, ...]:
        """The alerts in the timetable's own names. Made once for each message."""
        read, by_utc, tt = self._read, self._dates.reads_by_utc, timetable.base
        if read is None or read[0] is not alerts or read[1] is not tt or read[2] is not by_utc:
            own = with_own_agency(alerts, tt, now)
            self._read = read = alerts, tt, by_utc, _by_utc(own, tt, now) if by_utc else own
        return read[3]


def with_own_agency(alerts: tuple[Alert, ...], timetable: Timetable, now: float) -> tuple[Alert, ...]:
    """The alerts, the timetable's only agency called by its id where they all call it by another name: it is the one
    whose lines, stops and trips most of them name beside it."""
    selectors = tuple(dict.fromkeys(s for alert in alerts for s in alert.selectors if s.agency_id))
    called = {selector.agency_id for selector in selectors}
    if len(timetable.agency_id) != 1 or len(called) != 1 or called <= set(timetable.agency_id.tolist()):
        return alerts
    named = (replace(selector, agency_id="") for selector in selectors)
    beside = tuple(selector for selector in named if selector != Selector(route_type=selector.route_type))
    if 2 * len(Informed.of(beside, timetable, now).selectors) <= len(beside):
        return alerts
    own_id = str(timetable.agency_id[0])

    def own(selector: Selector) -> Selector:
        return replace(selector, agency_id=own_id) if selector.agency_id else selector

    return tuple(replace(alert, selectors=tuple(map(own, alert.selectors))) for alert in alerts)


def _by_utc(alerts: tuple[Alert, ...], tt: Timetable, now: float) -> tuple[Alert, ...]:
    selectors = (selector for alert in alerts for selector in alert.selectors)
    trips = list(dict.fromkeys(s.trip for s in selectors if s.trip is not None and s.trip.start_date))
    if not trips:
        return alerts
    neither = np.zeros(len(trips), bool)
    names, _, _ = run_names(
        [trip.trip_id for trip in trips], [trip.route_id for trip in trips], [trip.start_date for trip in trips],
        [trip.start_time for trip in trips], np.array([min(trip.direction_id, 127) for trip in trips], np.int8),
        neither, tt, now, Counter(),
    )  # fmt: skip
    found = run_finder(tt).find(names, np.full(len(trips), now), neither)
    runs = on_days_by_utc(tt, names, found)
    date_of_trip: dict[TripSelector, TripSelector] = {
        trip: replace(trip, start_date=str(tt.date[day]))
        for trip, day, verdict in zip(trips, runs.service_day.tolist(), runs.verdict.tolist(), strict=True)
        if verdict == FOUND
    }

    def dated(selector: Selector) -> Selector:
        trip = selector.trip
        return selector if trip is None else replace(selector, trip=date_of_trip.get(trip, trip))

    return tuple(replace(alert, selectors=tuple(map(dated, alert.selectors))) for alert in alerts)
