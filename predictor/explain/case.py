"""The call in question: its times by the timetable, and the verdict on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from predictor.explain.evidence import Journey
from predictor.explain.verdict import NOT_SEEN, Fact, Verdict
from predictor.timetable import Timetable


@dataclass(frozen=True)
class Case:
    """One scheduled call. Times are POSIX seconds."""

    timetable: Timetable
    journey: Journey
    call: int

    @property
    def trip(self) -> int:
        """Index of the trip."""
        return self.journey[0]

    @property
    def service_day(self) -> int:
        """Index of the service day."""
        return self.journey[1]

    @cached_property
    def calls(self) -> int:
        """Number of the trip's calls."""
        return int(self.timetable.trip_calls[self.trip])

    @cached_property
    def scheduled(self) -> float:
        """Departure, at a last call arrival: as boards have it."""
        return self.departs if self.call < self.calls - 1 else self.at(self.call)

    @property
    def waits(self) -> bool:
        """By the timetable the run waits here, and is past when it leaves."""
        return self.scheduled > self.at(self.call)

    @property
    def begins(self) -> float:
        """When the trip should leave its first stop."""
        return self.at(0)

    @property
    def ends(self) -> float:
        """When the trip should reach its last stop."""
        return self.at(self.calls - 1)

    @property
    def departs(self) -> float:
        """Scheduled departure from the call."""
        return self._origin + float(self.timetable.departure_s[self._entry(self.call)])

    @property
    def stop(self) -> int:
        """Index of the call's stop."""
        return self.stop_of(self.call)

    def at(self, call: int) -> float:
        """Scheduled arrival at a call of the trip, at the first departure."""
        tt, entry = self.timetable, self._entry(call)
        return self._origin + float(tt.departure_s[entry] if call == 0 else tt.arrival_s[entry])

    def stop_of(self, call: int) -> int:
        """Index of the stop of a call of the trip."""
        return int(self.timetable.call_stop[self._entry(call)])

    def verdict(
        self, outcome: str, cause: str, facts: tuple[Fact, ...], passed_at: float = math.nan, vehicle_id: str = ""
    ) -> Verdict:
        """The verdict, its facts in order of time."""
        trip, day, shift = self.journey
        ordered = tuple(sorted(facts, key=lambda fact: fact.since))
        return Verdict(trip, day, shift, self.call, self.scheduled, outcome, cause, passed_at, vehicle_id, ordered)

    def not_seen(
        self, cause: str, facts: tuple[Fact, ...] = (), passed_at: float = math.nan, vehicle_id: str = ""
    ) -> Verdict:
        """The verdict that nobody can tell, with the likely time of passing where there is one."""
        return self.verdict(NOT_SEEN, cause, facts, passed_at, vehicle_id)

    @property
    def _origin(self) -> float:
        return float(self.timetable.date_origin[self.journey[1]] + self.journey[2])

    def _entry(self, call: int) -> int:
        return int(self.timetable.entry_of(self.trip, call))
