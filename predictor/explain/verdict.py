"""What became of one scheduled call, and the facts that it is told from."""

from __future__ import annotations

import math
from dataclasses import dataclass

ON_TIME, EARLY, LATE, NOT_SERVED, NOT_SEEN, EXPECTED, ON_HEADWAY, LONG_WAIT = (
    "on_time", "early", "late", "not_served", "not_seen", "expected", "on_headway", "long_wait"
)  # fmt: skip
OUTCOMES = (ON_TIME, EARLY, LATE, NOT_SERVED, NOT_SEEN, EXPECTED, ON_HEADWAY, LONG_WAIT)
"""Outcomes: passed on time (`predictor.accuracy.punctuality`); earlier; later; did not come; cannot be told; not yet.
Of a line run by headway: the wait was as promised; it was longer than `OFF_HEADWAY` allows, there."""

CANCELLED, DETOUR, BREAKDOWN, SHORT_TURN, STUCK, ENDED_EARLY, JOINED_LATE, NO_VEHICLE = (
    "cancelled", "detour", "breakdown", "short_turn", "stuck", "ended_early", "joined_late", "no_vehicle"
)  # fmt: skip
BUNCHED = "bunched"
FEED_GAP, VEHICLE_SILENT, PASSED_UNSEEN, NO_RECORDS = "feed_gap", "vehicle_silent", "passed_unseen", "no_records"
TRIP_NOT_NAMED = "trip_not_named"
CAUSES = (
    "", CANCELLED, DETOUR, BREAKDOWN, SHORT_TURN, STUCK, ENDED_EARLY, JOINED_LATE, NO_VEHICLE, BUNCHED, FEED_GAP,
    VEHICLE_SILENT, PASSED_UNSEEN, TRIP_NOT_NAMED, NO_RECORDS,
)  # fmt: skip
"""Causes. Not served: the operator took the trip or the stop out; the vehicle drove around; it came to a stand and
did not go on; it turned before; the block's vehicle was held up elsewhere (also of a late one); the vehicle left the
trip before, or took it up after, and nobody knows why; nobody took the trip. Of a long wait also: vehicles came
together after it. Not seen: the feed gave nothing; nobody took the trip, nor any other of its line; this vehicle gave
nothing; it was seen before and after, but not here; it was, or may have been, one that named no trip, or that the
operator alone told of; the records do not reach back."""


@dataclass(frozen=True)
class Fact:
    """One thing that happened. Times are POSIX seconds, NaN where unknown; indices -1 where none."""

    kind: str
    """`scheduled`, `passed`, `cancelled`, `skipped`, `alert`, `stood`, `left_line`, `turned`, `took_up`, `last_seen`,
    `next_seen`, `set_out`, `none_passed`, `nameless`, `told`, `told_no_more`, `line_seen`, `line_unseen`,
    `feed_gap`, `service_down`, `vehicle_silent`."""
    since: float
    until: float
    stop: int = -1
    """Where."""
    trip: int = -1
    """On which trip, where it is another than the one asked about."""
    vehicle_id: str = ""
    alert_id: str = ""
    time: float = math.nan
    """For when it was told that the run comes."""


@dataclass(frozen=True)
class Verdict:
    """What became of one scheduled call of a dated journey."""

    trip: int
    service_day: int
    shift_s: int
    call: int
    scheduled: float
    """Arrival, at a trip's first call departure; of a line run by headway when the rider came; POSIX seconds."""
    outcome: str
    """One of `OUTCOMES`."""
    cause: str
    """One of `CAUSES`."""
    passed_at: float
    """When it passed, NaN where it did not or nobody saw. Of `not_seen` the likely time, where there is one."""
    vehicle_id: str
    """Vehicle that passed here or last had the trip (or, of a trip that nobody took, its block), "" where none."""
    facts: tuple[Fact, ...]
    """In order of time."""
    headway_s: float = math.nan
    """Promised at that time on a line run by headway, NaN of a scheduled call."""

    @property
    def by_headway(self) -> bool:
        """Whether it speaks of a wait, not of a scheduled call."""
        return not math.isnan(self.headway_s)

    @property
    def deviation_s(self) -> float:
        """Seconds late, negative when early, of a wait its length; NaN where not known."""
        seconds = self.passed_at - self.scheduled
        # One that stood at the stop when the rider came was not waited for.
        return 0.0 if self.by_headway and seconds < 0.0 else seconds
