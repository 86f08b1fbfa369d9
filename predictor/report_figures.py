"""What could be done with the reports of a message: it tells whoever watches over the service why nothing is live."""

from __future__ import annotations

from dataclasses import dataclass, replace

from predictor.arrays import Float64Array, StrArray, median, where_true
from predictor.observations import Observations

LATE_S = 60.0
"""Vehicles report twice a minute, and networks take some seconds."""
LEADS_S = 60.0
"""A clock so much faster than those of most is told."""
NAMED = 3
"""So many vehicles are named as examples."""


@dataclass(frozen=True)
class ReportFigures:
    """Counts of the newest message that had any report."""

    at: float
    """`now` of its step, POSIX seconds, NaN before the first."""
    reports: int
    unknown_trip: int
    """Name a trip that the timetable does not know."""
    from_the_future: int
    """Dated further ahead than any clock is believed to be fast;"""
    stale: int
    """too old to be live."""
    clock_fast_s: float
    """By how much the clocks of most of its vehicles were found to be fast, seconds."""
    age_s: float = float("nan")
    """Median age of its reports by their own clocks, seconds."""
    without_position: int = 0
    """Have none that a receiver can have found;"""
    late: int = 0
    """Were news, and old when they came,"""
    late_s: float = float("nan")
    """by so much at the median of all that were news, seconds."""
    unknown_trips: tuple[str, ...] = ()
    """Some of the trips that the timetable does not know."""
    always_late: int = 0
    """Vehicles whose reports have come late for minutes, each of them:"""
    always_late_vehicles: tuple[tuple[str, float], ...] = ()
    """some of them, and how old the youngest report of each was, seconds."""

    leading: int = 0
    """Vehicles whose clocks are minutes faster than those of most, and are corrected."""
    ahead_vehicles: tuple[tuple[str, float], ...] = ()
    """Some of those from the future and of these, and by how many seconds they are ahead."""

    def with_news(self, age_s: Float64Array, late_vehicle: StrArray, least_age_s: Float64Array) -> ReportFigures:
        """The same with the ages (n,) at which reports came that tell something new, and the vehicles (k,) that always
        report late."""
        named = zip(late_vehicle[:NAMED].tolist(), least_age_s[:NAMED].tolist(), strict=True)
        return replace(
            self, late=int((age_s >= LATE_S).sum()), late_s=median(age_s) if len(age_s) else self.late_s,
            always_late=len(late_vehicle), always_late_vehicles=tuple(named),
        )  # fmt: skip

    @classmethod
    def none(cls) -> ReportFigures:
        """Before any message."""
        return cls(float("nan"), 0, 0, 0, 0, 0.0)

    @classmethod
    def of(
        cls, observations: Observations, clock_fast_s: Float64Array, now: float, live_limit_s: float
    ) -> ReportFigures:
        """Parameters: `observations` with their clocks set right; `clock_fast_s` (n,), see `report_clocks`."""
        refused = observations.refused
        unknown = min(refused.get("unknown_trip", 0), len(observations))
        without_position = sum(refused.get(f"position_{fault}", 0) for fault in ("missing", "out_of_range", "at_zero"))
        too_new, too_old = refused.get("timestamp_in_future", 0), refused.get("timestamp_stale", 0)
        usual_s = median(clock_fast_s) if len(clock_fast_s) else 0.0
        leading = where_true(clock_fast_s > usual_s + LEADS_S)[:NAMED]
        named = zip(observations.vehicle_id[leading].tolist(), clock_fast_s[leading].tolist(), strict=True)
        return cls(
            at=now,
            reports=len(observations) + too_new + too_old + without_position,
            unknown_trip=unknown,
            from_the_future=int((observations.timestamp > now).sum()) + too_new,
            stale=int((observations.timestamp < now - live_limit_s).sum()) + too_old,
            clock_fast_s=usual_s + observations.zone_s,
            age_s=observations.usual_age_s,
            without_position=without_position,
            unknown_trips=observations.unknown_trips,
            leading=int((clock_fast_s > usual_s + LEADS_S).sum()),
            ahead_vehicles=(*observations.ahead_vehicles, *named)[:NAMED],
        )
