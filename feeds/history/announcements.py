"""The operator's announcements over time: since when and until when each was seen in force."""

from __future__ import annotations

import numpy as np

from feeds.alerts.alert import Alert
from feeds.history.alert_json import alert_to_json
from feeds.history.happened import Happened
from feeds.history.register import AlertText, CancelledTrip
from predictor.arrays import Int64Array
from predictor.journeys import dated_calls, dated_journeys
from predictor.timetable import Timetable

Named = tuple[str, str, int, int]
"""trip_id, start_date, shift in seconds, stop_sequence (-1: the whole trip)."""


class Announcements:
    """Follows cancelled trips, skipped calls and alerts from step to step; tells what is new to be written."""

    def __init__(self) -> None:
        self._cancelled, self._skipped = np.empty(0, np.int64), np.empty(0, np.int64)
        self._alerts: tuple[Alert, ...] = ()
        self._timetable: Timetable | None = None
        self._trips: dict[Named, float] = {}
        self._texts: dict[tuple[str, str], float] = {}
        self._over: tuple[list[CancelledTrip], list[AlertText]] = [], []
        self._at = float("nan")

    def follow(self, step: Happened) -> None:
        """Take in what is in force at a step."""
        tt, before = step.timetable, self._at
        other = tt is not self._timetable
        if other or not _same(step.cancelled, self._cancelled) or not _same(step.skipped, self._skipped):
            now = dict.fromkeys(_named(tt, step.cancelled, step.skipped), step.at)
            self._over[0].extend(CancelledTrip(*t, since, before) for t, since in self._trips.items() if t not in now)
            self._trips = {trip: self._trips.get(trip, since) for trip, since in now.items()}
            self._cancelled, self._skipped = step.cancelled, step.skipped
        if other or step.alerts != self._alerts:
            active = [alert for alert in step.alerts if alert.in_force_at(step.at)]
            texts = dict.fromkeys(((alert.alert_id, alert_to_json(alert)) for alert in active), step.at)
            self._over[1].extend(AlertText(*t, since, before) for t, since in self._texts.items() if t not in texts)
            self._texts = {text: self._texts.get(text, since) for text, since in texts.items()}
            # An alert for later begins without anything new being said.
            self._alerts = step.alerts if len(active) == len(step.alerts) else ()
        self._timetable, self._at = tt, step.at

    def to_write(self) -> tuple[list[CancelledTrip], list[AlertText]]:
        """What is in force, up to the last step, and what has ended since `written`."""
        trips = [CancelledTrip(*trip, since, self._at) for trip, since in self._trips.items()]
        texts = [AlertText(*text, since, self._at) for text, since in self._texts.items()]
        return self._over[0] + trips, self._over[1] + texts

    def written(self) -> None:
        """What has ended is on disk."""
        self._over = [], []


def _same(entries: Int64Array, other: Int64Array) -> bool:
    return entries is other or np.array_equal(entries, other)


def _named(tt: Timetable, cancelled: Int64Array, skipped: Int64Array) -> list[Named]:
    journeys, calls = dated_calls(skipped)
    day, journey = dated_journeys(np.concatenate([cancelled, journeys]))
    trip = tt.journey_trip[journey]
    call = np.concatenate([np.full(len(cancelled), -1, np.int32), calls])
    entry = tt.entry_of(trip, np.maximum(call, 0))
    sequence = np.where(call >= 0, tt.stop_sequence[entry], -1)
    columns = (tt.trip_id[trip], tt.date[day].astype(np.str_), tt.journey_shift_s[journey], sequence)
    return list(zip(*(column.tolist() for column in columns), strict=True))
