"""Dates of the runs that alerts are about: where the feed names dates as UTC has them, as those of their service days.

The operator's other feeds tell by which clock (see `predictor.named_dates`): alerts, which speak of runs of any day, do
not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.alerts.alert import Alert, Selector, TripSelector
from feeds.ids.run_names import run_names
from predictor.named_dates import NamedDates, on_days_by_utc
from predictor.named_runs import FOUND, run_finder
from predictor.timetable import Timetable


class AlertDates:
    """Reads the dates in one feed's alerts."""

    def __init__(self, dates: NamedDates) -> None:
        """`dates`: what the operator's other feeds tell of the dates that they name."""
        self._dates = dates
        self._read: tuple[tuple[Alert, ...], Timetable, tuple[Alert, ...]] | None = None

    def of_service_days(self, alerts: tuple[Alert, ...], timetable: Timetable, now: float) -> tuple[Alert, ...]:
        """The alerts, the runs of which they speak named by their service days. Made once for each message."""
        if not self._dates.reads_by_utc:
            return alerts
        read = self._read
        if read is None or read[0] is not alerts or read[1] is not timetable.base:
            self._read = read = alerts, timetable.base, _by_utc(alerts, timetable.base, now)
        return read[2]


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
