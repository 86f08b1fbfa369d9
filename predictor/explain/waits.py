"""The wait at a stop of a line run by headway: how long it was, whether that was as promised, and why it was long.

Such a line promises no times but that a vehicle comes every so often. Each vehicle that was on the line is judged as a
trip of its own start time; the wait is told from those that passed, its cause from those that did not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from predictor.accuracy.punctuality import OFF_HEADWAY
from predictor.arrays import Int64Array
from predictor.explain.case import Case
from predictor.explain.evidence import Evidence
from predictor.explain.judge import Judge, gap_fact
from predictor.explain.scheduled import PromisedHeadway, promised_headway
from predictor.explain.sightings import Sighting
from predictor.explain.verdict import (
    BREAKDOWN,
    BUNCHED,
    CANCELLED,
    DETOUR,
    ENDED_EARLY,
    EXPECTED,
    FEED_GAP,
    JOINED_LATE,
    LONG_WAIT,
    NO_RECORDS,
    NO_VEHICLE,
    NOT_SEEN,
    NOT_SERVED,
    ON_HEADWAY,
    SHORT_TURN,
    STUCK,
    TRIP_NOT_NAMED,
    Fact,
    Verdict,
)
from predictor.timetable import Timetable

FURTHEST_S = 7200.0
"""A vehicle that passed longer than this before or after the rider came has nothing to do with the wait."""
_WORST_FIRST = (BREAKDOWN, DETOUR, SHORT_TURN, ENDED_EARLY, JOINED_LATE)


@dataclass(frozen=True)
class Passing:
    """A vehicle at the stop, or due there. Times are POSIX seconds."""

    at: float
    left: float
    verdict: Verdict


class WaitJudge:
    """Judges waits on one body of evidence."""

    def __init__(self, timetable: Timetable, evidence: Evidence) -> None:
        self._tt, self._evidence = timetable, evidence
        self._judge = Judge(timetable, evidence)
        self._judged = lru_cache(maxsize=None)(self._judge.verdict)

    def verdict(self, entries: Int64Array, at: float, around_s: float) -> Verdict | None:
        """What a rider who came at a time had to wait, None where no vehicle was promised then.

        Parameters: `entries` (n,): the trip calls that take the rider along, of one line and direction at one stop;
        `at`: POSIX seconds; `around_s`: passages this near to it are told as facts.
        """
        promise = promised_headway(self._tt, entries, at)
        if promise is None:
            return None
        limit_s = (1.0 + OFF_HEADWAY) * promise.headway_s
        sure, likely, others = self._vehicles(entries, at)
        came = next((passing for passing in sure if passing.left >= at), None)
        before = next((earlier for earlier in reversed(sure) if earlier is not came and earlier.left < at), None)
        following = next((later for later in sure if came and later is not came and later.at >= came.at), None)
        passings = [seen for seen in sure if seen in (before, came, following) or abs(seen.at - at) <= around_s]
        facts = [fact for passing in passings for fact in passing.verdict.facts if fact.kind == "passed"]

        case = Case(self._tt, promise.journey, promise.call)
        until = came.at if came else min(self._evidence.until, at + FURTHEST_S)
        wait_s = max(until - at, 0.0)

        def judged(outcome: str, cause: str, *more: Fact, by: Passing | None = came) -> Verdict:
            of_case, passed_at, vehicle = (
                (_case(self._tt, by), by.at, by.verdict.vehicle_id) if by else (case, math.nan, "")
            )
            whole = of_case.verdict(outcome, cause, tuple(dict.fromkeys((*facts, *more))), passed_at, vehicle)
            return replace(whole, scheduled=at, headway_s=promise.headway_s)

        if at < self._evidence.since:
            return judged(NOT_SEEN, NO_RECORDS, by=None)
        if came and wait_s <= limit_s:
            return judged(ON_HEADWAY, "")
        guess = next((passing for passing in likely if at <= passing.at <= at + limit_s), None)
        if guess:
            return judged(NOT_SEEN, guess.verdict.cause, *guess.verdict.facts, by=guess)
        if wait_s <= limit_s:
            return judged(EXPECTED, "")
        gap = self._judge.seen.gap_in(at, until)
        if gap is not None and wait_s - (min(gap.until, until) - max(gap.since, at)) <= limit_s:
            return judged(NOT_SEEN, FEED_GAP, gap_fact(gap), by=None)
        since = before.at if before else at - FURTHEST_S
        due = [passing for passing in others if since < passing.at < until]
        nameless = self._judge.nameless(case, at, until)
        if nameless:
            return judged(NOT_SEEN, TRIP_NOT_NAMED, nameless, by=None)
        # When such a one was due is but roughly known.
        about = at - OFF_HEADWAY * promise.headway_s
        unseen = next((p for p in due if p.verdict.outcome == NOT_SEEN and p.at >= about), None)
        if unseen:
            return judged(NOT_SEEN, unseen.verdict.cause, *unseen.verdict.facts, by=replace(unseen, at=math.nan))
        line = self._judge.line_seen(case.trip, at, at)
        if not (came or before or due) and any(fact.kind == "line_unseen" for fact in line):
            return judged(NOT_SEEN, NO_VEHICLE, *line, by=None)
        cause, why = self._why(entries, at, promise, due, before, came, following)
        if not came:
            why = (*why, Fact("none_passed", at, until, case.stop))
        return judged(LONG_WAIT, cause, *why, *self._judge.alerts(case))

    def _vehicles(self, entries: Int64Array, at: float) -> tuple[list[Passing], list[Passing], list[Passing]]:
        """Vehicles that passed around a time, that likely passed, and others, those among them that the operator alone
        told of, with the time when they were due; each in order of time."""
        tt = self._tt
        calls = dict(zip(tt.call_trip[entries[::-1]].tolist(), tt.call_at(entries[::-1]).tolist(), strict=True))
        sure, likely, others = [], [], []
        told = [run for run in self._judge.told if run[0] in calls and not self._judge.seen.on(run)]
        for journey in [*self._judge.seen.journeys(calls, at - FURTHEST_S, at + FURTHEST_S), *told]:
            trip, day, shift = journey
            call = calls[trip]
            verdict, seen = self._judged(trip, day, call, shift), self._judge.seen.on(journey)
            if verdict.outcome not in (NOT_SEEN, NOT_SERVED, EXPECTED):
                sure.append(Passing(verdict.passed_at, max(_left(seen[call]), verdict.passed_at), verdict))
            elif verdict.outcome == NOT_SEEN and math.isfinite(verdict.passed_at):
                likely.append(Passing(verdict.passed_at, verdict.passed_at, verdict))
            else:
                due = self._due(Case(tt, journey, call), seen)
                others.append(Passing(due, due, verdict))
        for passings in (sure, likely, others):
            passings.sort(key=lambda passing: passing.at)
        return sure, likely, others

    def _due(self, case: Case, seen: dict[int, Sighting]) -> float:
        """When a vehicle that was not seen at a call would have come to it, from where it was seen before, or after."""
        if not seen:
            return case.scheduled
        nearest = max((call for call in seen if call < case.call), default=min(seen))
        return case.scheduled + seen[nearest].at - case.at(nearest)

    def _why(
        self, entries: Int64Array, at: float, promise: PromisedHeadway, due: list[Passing],
        before: Passing | None, came: Passing | None, following: Passing | None,
    ) -> tuple[str, tuple[Fact, ...]]:  # fmt: skip
        """Why the wait was long, as far as can be seen: cause and facts."""
        lost = [passing.verdict for passing in due if passing.verdict.outcome == NOT_SERVED]
        for cause in _WORST_FIRST:
            facts = [fact for verdict in lost if verdict.cause == cause for fact in verdict.facts]
            if facts:
                return cause, tuple(facts)
        until = came.at if came else self._evidence.until
        cancelled = self._cancelled(entries, at, until)
        if cancelled:
            return CANCELLED, cancelled
        stood = self._stood(due, came)
        if stood:
            return STUCK, stood
        off_s = OFF_HEADWAY * promise.headway_s
        if came and following and following.at - came.at < off_s:
            return BUNCHED, ()
        if not came and not before and not due:
            return NO_VEHICLE, ()
        set_out = self._set_out(before, came)
        if set_out and set_out[1].since - set_out[0].since > promise.headway_s + off_s:
            return NO_VEHICLE, set_out
        return "", ()

    def _stood(self, due: list[Passing], came: Passing | None) -> tuple[Fact, ...]:
        """Long stands of the vehicle that came, or of those that are still awaited."""
        if not came:
            return tuple(fact for passing in due for fact in passing.verdict.facts if fact.kind == "stood")
        case = _case(self._tt, came)
        seen = self._judge.seen.on(case.journey)[case.call]
        return tuple(self._judge.stood(stand, case) for stand in self._judge.held_up(case, seen))

    def _cancelled(self, entries: Int64Array, at: float, until: float) -> tuple[Fact, ...]:
        """Departures taken out by the operator whose turn came in the time between."""
        facts: list[Fact] = []
        tt = self._tt
        for trip, call in zip(tt.call_trip[entries].tolist(), tt.call_at(entries).tolist(), strict=True):
            for journey in self._judge.seen.said_of(trip):
                case = Case(tt, journey, call)
                if at <= case.scheduled <= until:
                    facts += self._judge.operator_said(case)
        return tuple(facts)

    def _set_out(self, before: Passing | None, came: Passing | None) -> tuple[Fact, ...]:
        """When the last vehicle before the wait and the one that ended it were at the first stop that saw both."""
        if not before or not came:
            return ()
        first, second = (self._by_stop(_case(self._tt, passing)) for passing in (before, came))
        for stop, later in second.items():
            if stop in first:
                return tuple(Fact("set_out", s.at, s.at, stop, vehicle_id=s.vehicle_id) for s in (first[stop], later))
        return ()

    def _by_stop(self, case: Case) -> dict[int, Sighting]:
        """Sightings of a journey up to a call by stop, in order."""
        seen = self._judge.seen.on(case.journey)
        return {case.stop_of(call): seen[call] for call in sorted(seen) if call <= case.call}


def _case(tt: Timetable, passing: Passing) -> Case:
    v = passing.verdict
    return Case(tt, (v.trip, v.service_day, v.shift_s), v.call)


def _left(seen: Sighting) -> float:
    return seen.at if np.isnan(seen.departure) else seen.departure
