"""When nobody was watching: the vehicle feed gave nothing, or the service did not run."""

from __future__ import annotations

import math
from dataclasses import dataclass

GAP_S = 90.0
"""A feed is blind when it has shown no sign of life for longer than this."""


@dataclass(frozen=True)
class Gap:
    """A time without any report, POSIX seconds."""

    since: float
    """The last sign of life before."""
    until: float
    """The first one after; as far as is known, where it goes on."""
    watched: bool
    """Whether the service itself ran all the while: then it was the feed."""


def gap_between(alive_before: float, watched_before: float, alive: float, now: float) -> Gap | None:
    """The gap from one step to the next, None where there is none worth telling.

    Parameters: the feed's last sign of life and the service's time at the step before and at this one, NaN where there
    was none yet. A gap that goes on is told anew at each step, with the same `since`.
    """
    last = alive if alive > alive_before else now
    if math.isnan(alive_before) or not last - alive_before > GAP_S:
        return None
    return Gap(alive_before, last, watched=now - watched_before <= GAP_S)
