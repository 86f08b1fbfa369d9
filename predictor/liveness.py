"""Signs of life of the vehicle feed: when it last showed one, and since when it has done so without a break."""

from __future__ import annotations

import numpy as np

from predictor.observations import Observations


class FeedLiveness:
    """Follows one feed. POSIX seconds, NaN before its first sign of life."""

    def __init__(self, limit_s: float) -> None:
        """`limit_s`: a feed that has shown no sign of life for longer is not live."""
        self.limit_s = limit_s
        self.alive_at = float("nan")
        """Its newest sign of life: the message's own time, or that of its newest report."""
        self.heard_since = float("nan")
        """Since when it has been live without a break."""

    def hear(self, observations: Observations, now: float) -> None:
        """Take in what had been received by `now`."""
        newest = float(observations.timestamp.max(initial=-np.inf))
        sign = np.fmax(observations.feed_timestamp, newest if np.isfinite(newest) else np.nan)
        alive_at = float(np.fmax(self.alive_at, np.fmin(sign, now) if np.isfinite(sign) else np.nan))
        if not alive_at - self.alive_at <= self.limit_s:
            self.heard_since = alive_at
        self.alive_at = alive_at

    def is_live(self, now: float) -> bool:
        """Whether it has shown a sign of life of late."""
        return now - self.alive_at <= self.limit_s
