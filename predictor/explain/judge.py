"""From evidence to verdicts: what became of scheduled calls.

The order of belief: what was seen of vehicles, then what the operator said, then what the block's vehicle did on the
trips before. Where nobody was watching, nothing is claimed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache

import numpy as np

from predictor.accuracy.punctuality import EARLY_S, LATE_S
from predictor.arrays import NONE
from predictor.explain.case import Case
from predictor.explain.evidence import Evidence, Journey
from predictor.explain.gaps import Gap
from predictor.explain.nameless import Nameless
from predictor.explain.sightings import Sighting, Sightings, Stretch
from predictor.explain.told_times import ToldTimes
from predictor.explain.verdict import (
    BREAKDOWN,
    CANCELLED,
    DETOUR,
    EARLY,
    ENDED_EARLY,
    EXPECTED,
    FEED_GAP,
    JOINED_LATE,
    LATE,
    NO_RECORDS,
    NO_VEHICLE,
    NOT_SERVED,
    ON_TIME,
    PASSED_UNSEEN,
    SHORT_TURN,
    STUCK,
    TRIP_NOT_NAMED,
    VEHICLE_SILENT,
    Fact,
    Verdict,
)
from predictor.geometry import distance_to_segment_m, ground_distance_m
from predictor.service_days import ServiceDays
from predictor.timetable import Timetable

BREAKDOWN_S = 480.0
"""A vehicle that stands on its trip for this long and then does not go on with it has broken down."""
HELD_UP_S = 240.0
"""A stand as long as this explains why a vehicle is late."""
TURN_S = 2700.0
"""A vehicle that takes up another trip within this time of leaving one has turned."""
OVERDUE_S = 1800.0
"""A vehicle that is still on its way may come this late."""
AWAITED_S = 300.0
"""A trip is not given up before this long after its time."""
FOUND_EARLY_S, FOUND_LATE_S = 300.0, 1200.0
"""A vehicle that names no trip and is this early or late at the most may be the one that was due."""
LINE_SEEN_S = 7200.0
"""A line of which no vehicle was seen for this long before and after a trip is one that nobody reports on."""
WITHDRAWN_S = 180.0
"""A run that the operator stops telling of so long before it is due is told of no more: it was not told to the end."""
SILENT_S = 240.0
"""A vehicle unheard of for this long may have served what nobody saw."""

_CLOSING = ("DETOUR", "NO_SERVICE")
AWAY_S = 600.0
"""A vehicle that left its line this near in time was on a detour: where it drives past a closed stop, it does not serve
it."""
AT_STOP_M = 100.0
"""A vehicle that leaves its line, or comes back to it, this near to a stop has passed it."""
_HURRY, _HURRY_S = 0.7, 30.0
"""The share of the timetabled time, and the odd seconds, that a vehicle in a hurry needs."""

_UNSEEN = 2
"""So many stops in a row a vehicle may pass around a terminus without it being noticed."""


class Judge:
    """Judges calls on one body of evidence."""

    def __init__(self, timetable: Timetable, evidence: Evidence) -> None:
        self._tt, self._evidence = timetable, evidence
        self.seen = Sightings(evidence)
        """The evidence in order."""
        self._nameless = Nameless(timetable, evidence)
        self.told = _by_journey(evidence.told)
        """What the operator told of journeys without a vehicle, in order of time: its call's place, and the fact."""
        self._previous = lru_cache(maxsize=8)(self._previous_trips)
        self._next_of = ServiceDays(timetable).next_trip

    def verdict(self, trip: int, service_day: int, call: int, shift_s: int = 0) -> Verdict:
        """What became of one call."""
        case = Case(self._tt, (trip, service_day, shift_s), call)
        seen = self.seen.on(case.journey)
        if call in seen:
            return self._passed(case, seen[call])
        if case.scheduled < self._evidence.since:
            return self._said_alone(case)
        before, after = max((k for k in seen if k < call), default=-1), min((k for k in seen if k > call), default=-1)
        if before >= 0 and after >= 0:
            return self._passed_by(case, seen[before], seen[after])
        if before >= 0:
            return self._given_up(case, seen[before])
        if after >= 0:
            return self._taken_up_late(case, seen[after])
        return self._never_ran(case)

    def _passed(self, case: Case, seen: Sighting) -> Verdict:
        left = seen.departure if math.isfinite(seen.departure) else seen.at
        if case.waits:
            seen = replace(seen, at=left)
        gap = self.seen.gap_in(seen.at, seen.at)
        if gap is not None:
            return case.not_seen(FEED_GAP, (gap_fact(gap),), seen.at, seen.vehicle_id)
        passed = self.fact("passed", seen, case)
        closed = self._stop_closed(case, seen.at)
        skipped = any(fact.kind == "skipped" for fact in closed)
        if closed and (
            skipped or self.seen.off_line(seen.vehicle_id, case.journey, seen.at - AWAY_S, seen.at + AWAY_S)
        ):
            return case.verdict(NOT_SERVED, DETOUR, (*closed, passed), vehicle_id=seen.vehicle_id)
        if left < case.departs - EARLY_S and case.call < case.calls - 1:
            return case.verdict(EARLY, "", (passed,), seen.at, seen.vehicle_id)
        if seen.at <= case.scheduled + LATE_S:
            return case.verdict(ON_TIME, "", (passed,), seen.at, seen.vehicle_id)
        held = tuple(self.stood(s, case) for s in self.held_up(case, seen))
        return case.verdict(LATE, STUCK if held else "", (*held, passed), seen.at, seen.vehicle_id)

    def _passed_by(self, case: Case, before: Sighting, after: Sighting) -> Verdict:
        """Seen before and after, not here."""
        vehicle, cancelled = before.vehicle_id, self.operator_said(case)
        facts = (self.fact("last_seen", before, case), self.fact("next_seen", after, case))
        # One that names no trip may be away from a line that is not its own.
        away = self.seen.off_line(vehicle, case.journey, before.at - 60.0, after.at + 60.0) if before.named else []
        closed = self._stop_closed(case, (before.at + after.at) / 2)
        gap = self.seen.gap_in(before.at, after.at)
        if cancelled or closed or (away and gap is None and not self._came_by(case, away)):
            left = tuple(Fact("left_line", s.since, s.until, self._near(s), vehicle_id=vehicle) for s in away[:1])
            return case.verdict(NOT_SERVED, DETOUR, (*cancelled, *self.alerts(case), *left, *facts), vehicle_id=vehicle)
        whole = case.at(after.call) - case.at(before.call)
        share = (case.scheduled - case.at(before.call)) / whole if whole > 0 else 0.5
        likely = before.at + share * (after.at - before.at)
        if gap is not None:
            return case.not_seen(FEED_GAP, (gap_fact(gap), *facts), likely, vehicle)
        return case.not_seen(PASSED_UNSEEN, facts, likely, vehicle)

    def _given_up(self, case: Case, before: Sighting) -> Verdict:
        """Seen before, neither here nor after."""
        vehicle, last = before.vehicle_id, self.fact("last_seen", before, case)
        heard, heard_on_it = self.seen.last_heard(vehicle), self.seen.last_heard_on(vehicle, case.journey)
        later = self.seen.after(before)
        stand = self._broke_down(case, before)
        stood = (self.stood(stand, case),) if stand else ()
        late = before.at - case.at(before.call)
        if later is None and heard_on_it >= heard and self._may_come(case, case.scheduled + max(late, 0.0), heard):
            return case.verdict(EXPECTED, "", (last, *stood), vehicle_id=vehicle)
        cancelled, alerts = self.operator_said(case), self.alerts(case)
        if stand:
            return case.verdict(NOT_SERVED, BREAKDOWN, (last, *stood, *cancelled, *alerts), vehicle_id=vehicle)
        if not before.named:
            return self._not_named(case, last)
        rest_s = case.ends - case.at(before.call)
        if later is not None and later.at - before.at < TURN_S:
            took_up = self.fact("took_up", later, case)
            if self._has_driven(before, later):
                return case.not_seen(PASSED_UNSEEN, (last, took_up), vehicle_id=vehicle)
            turned = self.fact("turned", before, case)
            return case.verdict(NOT_SERVED, SHORT_TURN, (turned, took_up, *cancelled, *alerts), vehicle_id=vehicle)
        gap = self.seen.gap_in(before.at, before.at + rest_s)
        if gap is not None:
            return case.not_seen(FEED_GAP, (last, gap_fact(gap)), vehicle_id=vehicle)
        if cancelled:
            return case.verdict(NOT_SERVED, CANCELLED, (last, *cancelled, *alerts), vehicle_id=vehicle)
        silence_s = self.seen.next_heard(vehicle, heard_on_it) - heard_on_it
        if silence_s > SILENT_S:
            until = heard_on_it + silence_s if math.isfinite(silence_s) else math.nan
            silent = Fact("vehicle_silent", heard_on_it, until, vehicle_id=vehicle)
            return case.not_seen(VEHICLE_SILENT, (last, silent), vehicle_id=vehicle)
        if _HURRY * rest_s <= heard_on_it + silence_s - before.at + _HURRY_S:
            return case.not_seen(PASSED_UNSEEN, (last,), vehicle_id=vehicle)
        return case.verdict(NOT_SERVED, ENDED_EARLY, (last, *alerts), vehicle_id=vehicle)

    def _taken_up_late(self, case: Case, after: Sighting) -> Verdict:
        """Not seen here nor before, but further on."""
        vehicle, first = after.vehicle_id, self.fact("next_seen", after, case)
        if not after.named:
            return self._not_named(case, first)
        took_up = self.fact("took_up", after, case)
        turned, cancelled = self.seen.before(after), self.operator_said(case)
        if turned is not None and after.at - turned.at < TURN_S and not self._has_driven(turned, after):
            facts = (self.fact("turned", turned, case), took_up, *cancelled)
            return case.verdict(NOT_SERVED, SHORT_TURN, facts, vehicle_id=vehicle)
        gap = self.seen.gap_in(case.scheduled - 60.0, after.at)
        if gap is not None:
            return case.not_seen(FEED_GAP, (gap_fact(gap), first), vehicle_id=vehicle)
        if cancelled:
            facts = (*cancelled, *self.alerts(case), first)
            return case.verdict(NOT_SERVED, CANCELLED, facts, vehicle_id=vehicle)
        if after.call - case.call <= 2 or self._silent_before(after):
            return case.not_seen(PASSED_UNSEEN, (first,), vehicle_id=vehicle)
        return case.verdict(NOT_SERVED, JOINED_LATE, (took_up, *self.alerts(case)), vehicle_id=vehicle)

    def _said_alone(self, case: Case) -> Verdict:
        """No vehicle was looked at then: what the operator said is all that is known."""
        if cancelled := self.operator_said(case):
            return case.verdict(NOT_SERVED, CANCELLED, (*self._told_of(case), *cancelled, *self.alerts(case)))
        if self._told_until(case) >= min(case.begins - EARLY_S, self._evidence.until):
            return self._told_alone(case)
        return case.verdict(EXPECTED, "", ()) if self._evidence.until < case.scheduled else case.not_seen(NO_RECORDS)

    def _told_alone(self, case: Case) -> Verdict:
        """No vehicle was seen, but the operator told when it comes: if to the end, it likely came when it was told."""
        facts, alerts = self._told_of(case), self.alerts(case)
        if not facts:
            return case.not_seen(TRIP_NOT_NAMED, alerts)
        last, until = facts[-1], self._evidence.until
        if until < last.time and until - last.until < WITHDRAWN_S:
            return case.verdict(EXPECTED, "", (*facts, *alerts))
        if last.time - last.until <= WITHDRAWN_S or self.seen.gap_in(last.until, last.time) is not None:
            return case.not_seen(TRIP_NOT_NAMED, (*facts, *alerts), last.time)
        no_more = Fact("told_no_more", last.until, last.until, time=last.time)
        return case.not_seen(TRIP_NOT_NAMED, (*facts, no_more, *alerts))

    def _told_of(self, case: Case) -> tuple[Fact, ...]:
        """When the operator said that it comes, in order of time."""
        return tuple(
            replace(fact, stop=case.stop) for call, fact in self.told.get(case.journey, ()) if call == case.call
        )

    def _never_ran(self, case: Case) -> Verdict:
        """Nobody was seen on this trip."""
        cancelled, alerts = self.operator_said(case), self.alerts(case)
        last = self._last_before(case)
        cause, facts = self._became_of_block(case, last) if last else ("", ())
        vehicle = last.vehicle_id if last else ""
        if cause == BREAKDOWN:
            return case.verdict(NOT_SERVED, cause, (*facts, *cancelled, *alerts), vehicle_id=vehicle)
        if cancelled:
            facts = (*self._told_of(case), *cancelled, *alerts, *facts)
            return case.verdict(NOT_SERVED, CANCELLED, facts, vehicle_id=vehicle)
        if self._evidence.until < case.scheduled + AWAITED_S:
            return case.verdict(EXPECTED, "", facts, vehicle_id=vehicle)
        gap = self.seen.gap_in(case.begins, case.ends)
        if gap is not None and min(gap.until, case.ends) - max(gap.since, case.begins) > (case.ends - case.begins) / 2:
            return case.not_seen(FEED_GAP, (gap_fact(gap),), vehicle_id=vehicle)
        # Where the block's vehicle names its trips no other drove this one.
        told = self._told_until(case) >= case.begins - EARLY_S
        if told or (not (last and last.named) and self._instead(case)):
            return self._not_named(case)
        seen = () if cause else self.line_seen(case.trip, case.begins, case.ends)
        if not last and any(fact.kind == "line_unseen" for fact in seen):
            return case.not_seen(NO_VEHICLE, (*seen, *alerts))
        return case.verdict(NOT_SERVED, cause or NO_VEHICLE, (*facts, *seen, *alerts), vehicle_id=vehicle)

    def _not_named(self, case: Case, *facts: Fact) -> Verdict:
        """What a vehicle did that was on this trip, or may have been, without naming it."""
        near = self._instead(case)
        if near is None and not facts and case.journey in self.told:
            return self._told_alone(case)
        if near is None:
            return case.not_seen(TRIP_NOT_NAMED, facts, vehicle_id=facts[0].vehicle_id if facts else "")
        return case.not_seen(TRIP_NOT_NAMED, (*facts, near), near.since, near.vehicle_id)

    def _instead(self, case: Case) -> Fact | None:
        return self.nameless(case, case.scheduled - FOUND_EARLY_S, case.scheduled + FOUND_LATE_S)

    def nameless(self, case: Case, since: float, until: float) -> Fact | None:
        """A vehicle that names no trip and came by the stop between two times, the nearest to the scheduled one."""
        return self._nameless.near(case.stop, case.scheduled, since, until)

    def line_seen(self, trip: int, since: float, until: float) -> tuple[Fact, ...]:
        """Whether any vehicle was seen on the line around a time: from when to when, or that none was; nothing where
        that is not known."""
        spans = self._evidence.line_seen.get(int(self._tt.trip_route[trip]))
        if spans is None:
            return ()
        first, last = max(since - LINE_SEEN_S, self._evidence.since), min(until + LINE_SEEN_S, self._evidence.until)
        near = [(max(begin, first), min(end, last)) for begin, end in spans if begin <= last and end >= first]
        if not near:
            return (Fact("line_unseen", first, last),)
        return (Fact("line_seen", min(begin for begin, _ in near), max(end for _, end in near)),)

    def _last_before(self, case: Case) -> Sighting | None:
        """The last sighting of the block's vehicle on a trip before this one."""
        trip, day, _ = case.journey
        while (trip := int(self._previous(day)[trip])) >= 0:
            if seen := self.seen.on((trip, day, 0)):
                return seen[max(seen)]
        return None

    def _became_of_block(self, case: Case, last: Sighting) -> tuple[str, tuple[Fact, ...]]:
        """Cause and facts: what became of the block's vehicle on the trip that it was seen on last."""
        trip, day, _ = last.journey
        end = self.verdict(trip, day, int(self._tt.trip_calls[trip]) - 1)
        facts = tuple(replace(fact, trip=trip if fact.trip < 0 else fact.trip) for fact in end.facts)
        if end.outcome == NOT_SERVED and end.cause in (BREAKDOWN, SHORT_TURN):
            return end.cause, facts
        if last.named and last.at > case.begins + EARLY_S:
            held = tuple(self.stood(s, case) for s in self.held_up(case, last))
            return STUCK, (*held, *facts)
        return "", ()

    def _previous_trips(self, service_day: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """(T,) the trip that the same block drives before each trip on that day, -1 where none."""
        following = self._next_of(service_day)
        previous = np.full(len(following), -1, np.int32)
        known = np.flatnonzero(following >= 0)
        previous[following[known]] = known
        return previous

    def _broke_down(self, case: Case, last: Sighting) -> Stretch | None:
        """The vehicle's long stand on this trip after it was last seen passing a stop."""
        on_it = self.seen.last_heard_on(last.vehicle_id, case.journey)
        stands = self.seen.stands(last.vehicle_id, last.at, last.at + OVERDUE_S)
        stands = [s for s in stands if min(s.until, on_it) - max(s.since, last.at) >= BREAKDOWN_S]
        return max(stands, key=lambda s: s.lasted_s, default=None)

    def held_up(self, case: Case, seen: Sighting) -> list[Stretch]:
        """The vehicle's long stands on the way here, after it should have left."""
        return [
            s
            for s in self.seen.stands(seen.vehicle_id, case.begins - OVERDUE_S, seen.at)
            if s.until - max(s.since, case.begins) >= HELD_UP_S and s.until <= seen.at + 60.0
        ]

    def _silent_before(self, seen: Sighting) -> bool:
        """Whether the vehicle had not been heard of for long shortly before it was seen."""
        since = self.seen.last_heard(seen.vehicle_id, seen.at - SILENT_S)
        return self.seen.next_heard(seen.vehicle_id, since) - since > SILENT_S

    def _has_driven(self, before: Sighting, after: Sighting) -> bool:
        """Whether, from the one sighting to the other on its next journey, the vehicle can have driven the rest of the
        first and the beginning of the second: it had the time for it, or hardly a stop to be seen at."""
        first = Case(self._tt, before.journey, before.call)
        second = Case(self._tt, after.journey, after.call)
        whole_s = first.ends - first.scheduled + second.scheduled - second.begins
        unseen = first.calls - 1 - before.call + after.call
        in_time = _HURRY * whole_s <= after.at - before.at + _HURRY_S
        return unseen <= 1 or (unseen <= _UNSEEN and in_time)

    def _came_by(self, case: Case, away: list[Stretch]) -> bool:
        """Whether the vehicle passed the stop on its way off its line, or back to it."""
        lat, lon = self._tt.stop_lat[case.stop], self._tt.stop_lon[case.stop]
        for before, after in (way for stretch in away for way in self.seen.ways_off(stretch)):
            ends = (before.to_lat, before.to_lon), (after.lat, after.lon)
            if distance_to_segment_m((lat, lon), *ends) < AT_STOP_M:
                return True
        return False

    def _may_come(self, case: Case, due: float, heard: float) -> bool:
        """Whether the records end before the vehicle, still heard of at their end, was overdue."""
        until = self._evidence.until
        return until < due + OVERDUE_S and heard > until - OVERDUE_S / 2 and until < case.ends + 2.0 * OVERDUE_S

    def operator_said(self, case: Case) -> tuple[Fact, ...]:
        """Cancelled or skipped by the operator, unless it took that back before the trip began, or later told of the
        cancelled trip after all."""
        begins, told_until = min(case.begins - EARLY_S, self._evidence.until), self._told_until(case)
        return tuple(
            Fact("cancelled" if cancellation.call < 0 else "skipped", cancellation.since, cancellation.until)
            for cancellation in self.seen.said(case.journey, case.call)
            if cancellation.until >= begins and (cancellation.call >= 0 or cancellation.until >= told_until)
        )

    def _told_until(self, case: Case) -> float:
        """Until when riders were told of the trip by the operator's times, no vehicle being seen; -inf where never."""
        return max((fact.until for _, fact in self.told.get(case.journey, ())), default=-math.inf)

    def _stop_closed(self, case: Case, at: float) -> tuple[Fact, ...]:
        """Alerts of a detour, or of no service, at this very stop, and the operator's leaving it out, as of a time."""
        call = int(self._tt.trip_pattern[case.trip]), case.stop
        alerts = tuple(
            Fact("alert", notice.since, notice.until, alert_id=notice.alert_id)
            for notice in self._evidence.notices
            if notice.effect in _CLOSING and call in notice.calls and notice.since <= at <= notice.until
        )
        skipped = tuple(
            Fact("skipped", cancellation.since, cancellation.until)
            for cancellation in self.seen.said(case.journey, case.call)
            if cancellation.call >= 0 and cancellation.since <= at <= cancellation.until + AWAITED_S
        )
        return skipped + alerts

    def alerts(self, case: Case) -> tuple[Fact, ...]:
        """Alerts about this trip or stop, or the line as a whole, that were in force around its time."""
        pattern, runs = int(self._tt.trip_pattern[case.trip]), {(case.trip, case.service_day), (case.trip, NONE)}
        return tuple(
            Fact("alert", notice.since, notice.until, alert_id=notice.alert_id)
            for notice in self._evidence.notices
            if notice.since < case.scheduled + AWAITED_S
            and notice.until > case.scheduled - AWAITED_S
            and (
                not runs.isdisjoint(notice.trips) or (pattern, case.stop) in notice.calls or pattern in notice.patterns
            )
        )

    def fact(self, kind: str, seen: Sighting, case: Case) -> Fact:
        """A sighting as a fact."""
        trip = seen.journey[0]
        stop = int(self._tt.stop_at(trip, seen.call))
        other = trip if seen.journey != case.journey else -1
        return Fact(kind, seen.at, seen.at, stop, other, seen.vehicle_id)

    def stood(self, stand: Stretch, case: Case) -> Fact:
        """A stand as a fact."""
        other = stand.trip if stand.trip != case.trip else -1
        return Fact("stood", stand.since, stand.until, self._near(stand), other, stand.vehicle_id)

    def _near(self, stretch: Stretch) -> int:
        """The stop nearest to where a stretch began, of its trip where it was on one."""
        tt = self._tt
        stops = tt.call_stop[tt.calls_of(stretch.trip)] if stretch.trip >= 0 else np.arange(tt.stops, dtype=np.int32)
        lat, lon = np.full(len(stops), stretch.lat), np.full(len(stops), stretch.lon)
        return int(stops[np.argmin(ground_distance_m(lat, lon, tt.stop_lat[stops], tt.stop_lon[stops]))])


def _by_journey(told: ToldTimes) -> dict[Journey, list[tuple[int, Fact]]]:
    found = defaultdict[Journey, list[tuple[int, Fact]]](list)
    for row in np.argsort(told.since, kind="stable").tolist():
        fact = Fact("told", float(told.since[row]), float(told.until[row]), time=float(told.time[row]))
        found[told.identity(row)].append((int(told.call[row]), fact))
    return found


def gap_fact(gap: Gap) -> Fact:
    """A gap as a fact."""
    return Fact("feed_gap" if gap.watched else "service_down", gap.since, gap.until)
