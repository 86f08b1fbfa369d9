"""Signs of life of the vehicle feed: when it last showed one, and since when it has done so without a break.

Times that move over reports that do not are no sign of life: where no vehicle under way comes any further, what writes
the feed has lost them. A single vehicle that stands is a matter of `predictor.endings`.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from predictor.arrays import Float64Array, where_true
from predictor.observations import Observations
from predictor.snapshot import IN_SERVICE
from predictor.timetable import Timetable
from predictor.tracks import Tracks

FLEET = 3
"""So many vehicles under way do not all stand still at once,"""
STANDS_STILL_S = 240.0
"""to the last digit of their coordinates, for so long,"""
_REPORTS = 4.0
"""nor for the usual time of so many reports, where these are rare."""
_GAPS, _FEWEST = 9, 3
"""The usual time between signs of life is the median of so many at the most, and is not known of fewer."""
_SHARE = 0.9
"""A few may be wrong otherwise: a fleet stands where this share of it does."""


class FeedLiveness:
    """Follows one feed. POSIX seconds, NaN before its first sign of life."""

    def __init__(self, limit_s: float) -> None:
        """`limit_s`: a feed that has shown no sign of life for longer is not live."""
        self.limit_s = limit_s
        self.alive_at = float("nan")
        """Its newest sign of life: the message's own time, or that of its newest report."""
        self.lag_s = 0.0
        """How old that was when it came: a feed that is late has not stopped."""
        self.heard_since = float("nan")
        """Since when it has been live without a break."""
        self.stands_since = float("nan")
        """Since when no vehicle under way has come any further, NaN where they do."""
        self._dated_at = float("nan")
        self._gaps_s: deque[float] = deque(maxlen=_GAPS)

    def hear(self, observations: Observations, now: float) -> None:
        """Take in what had been received by `now`."""
        newest = float(observations.timestamp.max(initial=-np.inf))
        sign = np.fmax(observations.feed_timestamp, newest if np.isfinite(newest) else np.nan)
        dated_at = float(np.fmax(self._dated_at, np.fmin(sign, now) if np.isfinite(sign) else np.nan))
        if not dated_at <= self._dated_at and np.isfinite(dated_at):
            self.lag_s = now - dated_at
            if dated_at - self._dated_at <= self.limit_s:
                self._gaps_s.append(dated_at - self._dated_at)
        if not dated_at - self._dated_at <= self.limit_s:
            self.heard_since = dated_at
        self.alive_at = self._dated_at = dated_at

    @property
    def every_s(self) -> float:
        """The usual time between its signs of life, 0 while that is not known: what speaks every two minutes has not
        stopped after one."""
        gaps_s = sorted(self._gaps_s)
        return gaps_s[len(gaps_s) // 2] if len(gaps_s) >= _FEWEST else 0.0

    def watch(self, timetable: Timetable, tracks: Tracks) -> None:
        """See whether the fleet moves, as it is known after the reports heard last."""
        since = _same_places_since(timetable, tracks, self._dated_at)
        self.stands_since = float("nan")
        if self._dated_at - since >= STANDS_STILL_S:
            gap_s = np.nan_to_num(np.nanmedian(np.append(tracks.report_gap_s, 0.0)))
            if self._dated_at - since >= _REPORTS * gap_s:
                self.stands_since = since
        self.alive_at = float(np.fmin(self._dated_at, self.stands_since))

    def is_live(self, now: float) -> bool:
        """Whether it has shown a sign of life of late."""
        return now - self.alive_at <= self.limit_s


def _same_places_since(timetable: Timetable, tracks: Tracks, now: float) -> float:
    """Since when (almost) all vehicles that should be under way report the same places, NaN where they are too few."""
    begun = (tracks.trip >= 0) & (tracks.state == IN_SERVICE) & (tracks.departed > 0)
    slot = where_true(begun & (tracks.departed < timetable.trip_calls[tracks.trip]))
    if len(slot) < FLEET:
        return float("nan")
    runs, departed = tracks.runs.take(slot), tracks.departed[slot]
    # Who has come to a stop may stand there until its time.
    due = runs.leaves_at(timetable, departed)
    goes_on = (departed == tracks.arrived[slot]) | (due < now)
    since: Float64Array = np.sort(tracks.same_place_since[slot[goes_on]])
    return float(since[int(np.ceil(_SHARE * len(since))) - 1]) if len(since) >= FLEET else float("nan")
