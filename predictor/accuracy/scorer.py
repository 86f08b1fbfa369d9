"""Predictions scored against the passages that are found later: the live service's, or a replay's.

A prediction counts where it was made before the passage, not more than half an hour; passages that are not certain
enough close the call and judge nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.accuracy.samples import AHEAD_S, EVERY_S, Samples, base_calls
from predictor.accuracy.tally import Errors
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, places_of
from predictor.columns import Columns
from predictor.journeys import driven_call_key
from predictor.passages import Passages
from predictor.timetable import Timetable

LONGEST_HORIZON_S = 1800.0
LARGEST_SD_S = 60.0
"""Passages less certain than this judge nothing."""
_FOUND_WITHIN_S = 900.0
"""A passage is found so late at most: with the vehicle's next report."""


@dataclass(frozen=True, eq=False)
class Passed(Columns):
    """Passages of calls of the base timetable, by which predictions are judged; all arrays (n,), sorted by `key`."""

    key: Int64Array
    """`driven_call_key`."""
    entry: Int64Array
    """Trip call."""
    service_day: Int32Array
    at: Float64Array
    """Arrival, at a trip's first call departure; POSIX seconds."""
    departure: Float64Array
    """NaN where not seen."""
    scheduled: Float64Array
    """Departure by the timetable, at a trip's last call the arrival; NaN for a run by headway."""
    judged: BoolArray
    """Certain enough."""

    @classmethod
    def of(cls, passages: Passages, timetable: Timetable) -> Passed:
        """Those of runs of the base timetable whose time is known, each call once."""
        tt, p = timetable.base, passages
        day, (entry, shift_s) = p.service_day, base_calls(timetable, p, p.call)
        at = np.where(p.call > 0, p.arrival, p.departure)
        known = np.flatnonzero((entry >= 0) & np.isfinite(at))
        key = driven_call_key(day, entry, shift_s)[known]
        _, first = np.unique(key, return_index=True)
        rows, key = known[first], key[first]
        entry, day, shift_s = entry[rows], day[rows], shift_s[rows]
        trip = tt.call_trip[entry]
        ends = entry == tt.trip_call_ptr[trip + 1] - 1
        scheduled = tt.date_origin[day] + shift_s + np.where(ends, tt.arrival_s[entry], tt.departure_s[entry])
        return cls(
            key, entry, day, at[rows], p.departure[rows], np.where(tt.trip_is_frequency[trip], np.nan, scheduled),
            p.arrival_sd_s[rows] <= LARGEST_SD_S,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Waiting:
    """Samples of one moment, and which of their calls have not been passed yet."""

    samples: Samples
    open: BoolArray


class Scorer:
    """Predictions of one source on their way to being judged. Memory: some 20 bytes a sampled prediction, of the last
    hour."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def keep(self, samples: Samples) -> None:
        """Remember what was told at a moment; moments come in order."""
        oldest = samples.made_at - AHEAD_S - _FOUND_WITHIN_S
        self._waiting = [waiting for waiting in self._waiting if waiting.samples.made_at >= oldest]
        self._waiting.append(_Waiting(samples, np.ones(len(samples), bool)))

    def forget(self) -> None:
        """Drop all that waits: another timetable numbers its calls otherwise."""
        self._waiting = []

    def score(self, passed: Passed) -> tuple[Errors, Int64Array]:
        """The predictions that were made of calls that have been passed, and the passage of each: they wait no more."""
        parts = [self._scored(place, passed) for place in range(len(self._waiting))] if len(passed) else []
        errors = Errors.joined(*(part[0] for part in parts))
        row = np.concatenate([part[1] for part in parts]) if parts else np.empty(0, np.int64)
        order = np.lexsort((-errors.horizon_s, row))
        return errors.take(order), row[order]

    def _scored(self, place: int, passed: Passed) -> tuple[Errors, Int64Array]:
        samples, is_open = self._waiting[place].samples, self._waiting[place].open
        at = places_of(passed.key, samples.key)
        row = np.flatnonzero(at >= 0)
        row = row[is_open[at[row]]]
        at = at[row]
        is_open[at] = False
        horizon = passed.at[row] - samples.made_at
        counts = passed.judged[row] & (horizon > 0) & (horizon <= LONGEST_HORIZON_S)
        row, at, horizon = row[counts], at[counts], horizon[counts]
        error, low, high = (
            (horizon - predicted_s[at]).astype(np.float32)
            for predicted_s in (samples.published_s, samples.p10_s, samples.p90_s)
        )
        if 2 * int(is_open.sum()) < len(samples):
            self._waiting[place] = _Waiting(samples.take(is_open), np.ones(int(is_open.sum()), bool))
        return Errors(passed.key[row], horizon.astype(np.float32), error, low, high), row


class Sampling:
    """Which steps are sampled: one every `EVERY_S`."""

    def __init__(self) -> None:
        self._at = -np.inf

    def due(self, now: float) -> bool:
        """Whether this step is; asked once a step. A clock that was set back begins anew."""
        if self._at <= now < self._at + EVERY_S - 0.5:
            return False
        self._at = now
        return True
