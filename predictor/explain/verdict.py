"""What became of one scheduled call, and the facts that it is told from."""

from __future__ import annotations

from dataclasses import dataclass

ON_TIME, EARLY, LATE, NOT_SERVED, NOT_SEEN, EXPECTED = (
    "on_time", "early", "late", "not_served", "not_seen", "expected"
)  # fmt: skip
OUTCOMES = (ON_TIME, EARLY, LATE, NOT_SERVED, NOT_SEEN, EXPECTED)
"""Outcomes: passed within `EARLY_S` and `LATE_S` of its time; earlier; later; did not come; cannot be told; not yet."""

CANCELLED, DETOUR, BREAKDOWN, SHORT_TURN, STUCK, ENDED_EARLY, JOINED_LATE, NO_VEHICLE = (
    "cancelled", "detour", "breakdown", "short_turn", "stuck", "ended_early", "joined_late", "no_vehicle"
)  # fmt: skip
FEED_GAP, VEHICLE_SILENT, PASSED_UNSEEN, NO_RECORDS = "feed_gap", "vehicle_silent", "passed_unseen", "no_records"
CAUSES = (
    "", CANCELLED, DETOUR, BREAKDOWN, SHORT_TURN, STUCK, ENDED_EARLY, JOINED_LATE, NO_VEHICLE, FEED_GAP, VEHICLE_SILENT,
    PASSED_UNSEEN, NO_RECORDS,
)  # fmt: skip
"""Causes. Not served: the operator took the trip or the stop out; the vehicle drove around; it came to a stand and did
not go on; it turned before; the block's vehicle was held up elsewhere (also of a late one); the vehicle left the trip
before, or took it up after, and nobody knows why; nobody took the trip. Not seen: the feed gave nothing; this vehicle
gave nothing; it was seen before and after, but not here; the records do not reach back."""

EARLY_S, LATE_S = 60.0, 300.0
"""TCRP: on time is from one minute early to five minutes late."""


@dataclass(frozen=True)
class Fact:
    """One thing that happened. Times are POSIX seconds, NaN where unknown; indices -1 where none."""

    kind: str
    """`scheduled`, `passed`, `cancelled`, `skipped`, `alert`, `stood`, `left_line`, `turned`, `took_up`, `last_seen`,
    `next_seen`, `feed_gap`, `service_down`, `vehicle_silent`."""
    since: float
    until: float
    stop: int = -1
    """Where."""
    trip: int = -1
    """On which trip, where it is another than the one asked about."""
    vehicle_id: str = ""
    alert_id: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of one scheduled call of a dated journey."""

    trip: int
    service_day: int
    shift_s: int
    call: int
    scheduled: float
    """Arrival, at a trip's first call departure; POSIX seconds."""
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

    @property
    def deviation_s(self) -> float:
        """Seconds late, negative when early, NaN where not known."""
        return self.passed_at - self.scheduled
