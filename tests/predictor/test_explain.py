"""Verdicts: each thing that can become of a scheduled call, told from hand-made evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictor.explain.evidence import Cancellation, Evidence, Notice
from predictor.explain.gaps import Gap, gap_between
from predictor.explain.judge import Judge
from predictor.explain.scheduled import promised_calls
from predictor.explain.traces import TraceFollower, Traces
from predictor.explain.verdict import Verdict
from predictor.passages import Passages
from predictor.snapshot import IN_SERVICE, LAYOVER, OFF_ROUTE, UNMATCHED, Vehicles
from tests.predictor.small_network import LAT, LINK_S, ORIGIN, lon_at, timetable

START = ORIGIN + 8 * 3600
NETWORK = timetable(starts_s=(8 * 3600, 8 * 3600 + 1200, 8 * 3600 + 2400), block=True, back=True)
"""Six stops out, then back, then out again, all by one vehicle; 90 s a link."""


def due(call: int, trip: int = 0) -> float:
    return START + 1200 * trip + LINK_S * call


def passages(*seen: tuple[int, int, float], vehicle: str = "v1", named: bool = True) -> Passages:
    """Of (trip, call, time); ten seconds at each stop."""
    trip, call = (np.array([s[i] for s in seen], np.int32) for i in (0, 1))
    at = np.array([float(s[2]) for s in seen])
    ones = np.ones(len(seen), np.int32)
    return Passages(
        vehicle_id=np.full(len(seen), vehicle), trip=trip, service_day=ones, shift_s=0 * ones, call=call,
        stop=NETWORK.call_stop[NETWORK.trip_call_ptr[trip] + call], arrival=np.where(call == 0, np.nan, at),
        departure=np.where(call == 5, np.nan, at + 10.0), arrival_sd_s=np.full(len(seen), 5.0),
        named=np.full(len(seen), named),
    )  # fmt: skip


def driven(trip: int, calls: range, late_s: float = 0.0) -> list[tuple[int, int, float]]:
    return [(trip, call, due(call, trip) + late_s) for call in calls]


def trace(
    since: float,
    until: float,
    *,
    trip: int = 0,
    state: int = IN_SERVICE,
    standing: bool = False,
    at_m: float = 0.0,
    to_m: float | None = None,
    vehicle: str = "v1",
    named: bool = True,
) -> Traces:
    i32, f64 = np.int32, np.float64
    here, there = np.array([lon_at(at_m)], f64), np.array([lon_at(at_m if to_m is None else to_m)], f64)
    return Traces(
        trip=np.array([trip], i32), service_day=np.array([1 if trip >= 0 else -1], i32), shift_s=np.array([0], i32),
        vehicle_id=np.array([vehicle]), standing=np.array([standing]), state=np.array([state], np.int8),
        since=np.array([since], f64), until=np.array([until], f64), from_call=np.array([0], i32),
        to_call=np.array([0], i32), from_lat=np.array([LAT]), from_lon=here, to_lat=np.array([LAT]), to_lon=there,
        named=np.array([named and trip >= 0]),
    )  # fmt: skip


def judged(
    trip: int,
    call: int,
    seen: list[tuple[int, int, float]],
    *traces: Traces,
    cancelled: tuple[Cancellation, ...] = (),
    notices: tuple[Notice, ...] = (),
    gaps: tuple[Gap, ...] = (),
    since: float = ORIGIN,
    until: float = ORIGIN + 86_400.0,
    nameless: list[tuple[int, int, float]] | None = None,
) -> Verdict:
    every = Traces.joined(*traces)
    both = Passages.joined(passages(*seen), passages(*(nameless or []), vehicle="mute", named=False))
    evidence = Evidence(both, every, cancelled, notices, gaps, since, until)
    return Judge(NETWORK, evidence).verdict(trip, 1, call)


def kinds(verdict: Verdict) -> list[str]:
    return [fact.kind for fact in verdict.facts]


@pytest.mark.parametrize(
    ("late_s", "outcome"), [(0, "on_time"), (290, "on_time"), (310, "late"), (-60, "on_time"), (-240, "early")]
)
def test_a_passage_is_on_time_from_a_minute_early_to_five_minutes_late(late_s: float, outcome: str) -> None:
    verdict = judged(0, 3, driven(0, range(6), late_s))
    assert (verdict.outcome, verdict.cause, verdict.vehicle_id) == (outcome, "", "v1")
    assert verdict.deviation_s == late_s


def test_arriving_early_and_leaving_on_time_is_on_time() -> None:
    seen = passages((0, 3, due(3) - 200))
    seen = replace(seen, departure=np.array([due(3)]))
    evidence = Evidence(seen, Traces.empty())
    assert Judge(NETWORK, evidence).verdict(0, 1, 3).outcome == "on_time"


def test_nobody_is_hurt_by_an_early_arrival_at_the_last_stop() -> None:
    assert judged(0, 5, driven(0, range(6), -200)).outcome == "on_time"


def test_a_late_vehicle_that_stood_on_its_way_was_stuck_there() -> None:
    seen = driven(0, range(3)) + [(0, call, due(call) + 1000) for call in (3, 4, 5)]
    verdict = judged(0, 4, seen, trace(due(2) + 60, due(2) + 1000, standing=True, at_m=1100.0))
    assert (verdict.outcome, verdict.cause) == ("late", "stuck")
    assert kinds(verdict) == ["stood", "passed"]
    assert (verdict.facts[0].stop, verdict.facts[0].since) == (2, due(2) + 60)


def test_a_vehicle_that_stands_and_then_leaves_its_trip_has_broken_down() -> None:
    stood = trace(due(2) + 60, due(2) + 1300, standing=True, at_m=1400.0)
    on_trip = trace(START - 60, due(2) + 1300)
    home = trace(due(2) + 1330, due(2) + 2000, trip=-1, state=UNMATCHED)
    verdict = judged(0, 4, driven(0, range(3)), stood, on_trip, home)
    assert (verdict.outcome, verdict.cause, verdict.vehicle_id) == ("not_served", "breakdown", "v1")
    assert [(fact.kind, fact.stop) for fact in verdict.facts] == [("last_seen", 2), ("stood", 3)]


def test_the_blocks_next_trip_did_not_run_because_its_vehicle_broke_down_even_if_it_was_cancelled_then() -> None:
    stood = trace(due(2) + 60, due(2) + 1300, standing=True, at_m=1400.0)
    said = Cancellation(1, 1, 0, -1, due(0, 1) - 300, due(5, 1))
    verdict = judged(1, 2, driven(0, range(3)), stood, trace(START - 60, due(2) + 1300), cancelled=(said,))
    assert (verdict.outcome, verdict.cause) == ("not_served", "breakdown")
    assert [(fact.kind, fact.trip) for fact in verdict.facts] == [("last_seen", 0), ("stood", 0), ("cancelled", -1)]


def test_a_vehicle_that_turns_short_loses_the_end_of_one_trip_and_the_beginning_of_the_next() -> None:
    seen = driven(0, range(4), 600) + driven(1, range(2, 6))
    end, begin = judged(0, 5, seen), judged(1, 0, seen)
    assert (end.outcome, end.cause) == (begin.outcome, begin.cause) == ("not_served", "short_turn")
    assert [(fact.kind, fact.stop, fact.trip) for fact in end.facts] == [("turned", 3, -1), ("took_up", 3, 1)]
    assert [(fact.kind, fact.stop, fact.trip) for fact in begin.facts] == [("turned", 3, 0), ("took_up", 3, -1)]


def test_a_vehicle_off_its_line_between_two_stops_was_diverted_around_those_between() -> None:
    seen = [one for one in driven(0, range(6)) if one[1] not in (2, 3)]
    away = trace(due(1) + 30, due(4) - 30, state=OFF_ROUTE)
    works = Notice("works", "DETOUR", due(0), due(5), calls=frozenset({(0, 2), (0, 3)}))
    verdict = judged(0, 3, seen, away, notices=(works,))
    assert (verdict.outcome, verdict.cause) == ("not_served", "detour")
    assert kinds(verdict) == ["alert", "last_seen", "left_line", "next_seen"]


def test_a_vehicle_on_a_detour_that_drives_past_a_closed_stop_does_not_serve_it() -> None:
    works = Notice("works", "DETOUR", due(0), due(5), calls=frozenset({(0, 2)}))
    away = trace(due(2) + 30, due(4), state=OFF_ROUTE)
    verdict = judged(0, 2, driven(0, range(6)), away, notices=(works,))
    assert (verdict.outcome, verdict.cause, kinds(verdict)) == ("not_served", "detour", ["alert", "passed"])
    on_its_line = judged(0, 2, driven(0, range(6)), notices=(works,))
    assert on_its_line.outcome == "on_time"


def test_a_vehicle_that_leaves_its_line_from_a_stop_served_it() -> None:
    seen = [one for one in driven(0, range(6)) if one[1] not in (2, 3)]
    there = trace(START, due(2) + 10, at_m=1000.0)
    away = trace(due(2) + 30, due(4) - 30, state=OFF_ROUTE, at_m=1020.0)
    assert judged(0, 2, seen, there, away).cause == "passed_unseen"
    assert judged(0, 3, seen, there, away).cause == "detour"


def test_a_call_seen_before_and_after_but_not_here_is_not_claimed_to_be_lost() -> None:
    seen = [one for one in driven(0, range(6)) if one[1] != 2]
    verdict = judged(0, 2, seen)
    assert (verdict.outcome, verdict.cause, verdict.passed_at) == ("not_seen", "passed_unseen", due(2))


def test_a_cancelled_trip_was_cancelled() -> None:
    said = Cancellation(1, 1, 0, -1, START, due(5, 1))
    verdict = judged(1, 2, driven(0, range(6)), cancelled=(said,))
    assert (verdict.outcome, verdict.cause, kinds(verdict)) == ("not_served", "cancelled", ["cancelled"])
    assert verdict.facts[0].since == START


def test_a_cancellation_taken_back_before_the_trip_is_no_reason() -> None:
    said = Cancellation(1, 1, 0, -1, START - 7200, START - 3600)
    assert judged(1, 2, driven(0, range(6)), cancelled=(said,)).cause == "no_vehicle"


def test_a_trip_that_its_operator_cancelled_and_that_ran_all_the_same_ran() -> None:
    said = Cancellation(1, 1, 0, -1, START, due(5, 1))
    assert judged(1, 2, driven(1, range(6)), cancelled=(said,)).outcome == "on_time"


def test_a_trip_that_nobody_took_had_no_vehicle() -> None:
    verdict = judged(1, 2, driven(0, range(6)))
    assert (verdict.outcome, verdict.cause, verdict.vehicle_id) == ("not_served", "no_vehicle", "v1")


def test_a_trip_whose_vehicle_was_still_on_the_one_before_was_lost_to_that() -> None:
    seen = driven(0, range(3)) + [(0, call, due(call) + 1500) for call in (3, 4, 5)] + driven(2, range(6))
    stood = trace(due(2) + 60, due(2) + 1500, standing=True, at_m=1100.0)
    verdict = judged(1, 2, seen, stood)
    assert (verdict.outcome, verdict.cause) == ("not_served", "stuck")
    assert ("stood", 0) in [(fact.kind, fact.trip) for fact in verdict.facts]


@pytest.mark.parametrize(("watched", "kind"), [(True, "feed_gap"), (False, "service_down")])
def test_a_passage_within_a_gap_is_only_likely(watched: bool, kind: str) -> None:
    gap = Gap(due(2) - 100, due(2) + 100, watched)
    verdict = judged(0, 2, driven(0, range(6)), gaps=(gap,))
    assert (verdict.outcome, verdict.cause, verdict.passed_at) == ("not_seen", "feed_gap", due(2))
    assert kinds(verdict) == [kind]


def test_a_vehicle_that_fell_silent_on_its_trip_says_nothing_of_the_rest() -> None:
    verdict = judged(0, 4, driven(0, range(3)), trace(START - 60, due(2) + 20))
    assert (verdict.outcome, verdict.cause) == ("not_seen", "vehicle_silent")
    assert verdict.facts[-1].since == due(2) + 20


def test_a_vehicle_that_left_its_trip_on_its_own_ended_it_early() -> None:
    later = trace(due(2) + 60, due(2) + 4000, trip=-1, state=UNMATCHED)
    verdict = judged(0, 4, driven(0, range(3)), trace(START - 60, due(2) + 30), later)
    assert (verdict.outcome, verdict.cause) == ("not_served", "ended_early")


def test_what_may_still_come_is_awaited() -> None:
    on_trip = trace(START - 60, due(2) + 60)
    assert judged(0, 4, driven(0, range(3)), on_trip, until=due(2) + 60).outcome == "expected"
    assert judged(1, 0, driven(0, range(3)), on_trip, until=due(2) + 60).outcome == "expected"


def test_before_the_records_begin_nothing_is_claimed() -> None:
    verdict = judged(0, 4, [], since=due(5))
    assert (verdict.outcome, verdict.cause) == ("not_seen", "no_records")


# Vehicles that name no trip: the engine found one for them, rightly or not.


def test_a_trip_found_for_a_vehicle_is_told_as_passed() -> None:
    assert judged(0, 3, [], nameless=driven(0, range(6))).outcome == "on_time"


def test_a_vehicle_that_names_no_trip_may_have_driven_the_one_that_nobody_named() -> None:
    by = trace(due(2, 1) + 100, due(2, 1) + 200, trip=-1, state=UNMATCHED, at_m=1200.0, to_m=1700.0, vehicle="mute")
    verdict = judged(1, 2, [], by)
    assert (verdict.outcome, verdict.cause, verdict.vehicle_id) == ("not_seen", "trip_not_named", "mute")
    assert kinds(verdict) == ["nameless"]
    assert verdict.passed_at == pytest.approx(due(2, 1) + 160, abs=25)
    elsewhere = replace(by, from_lat=by.from_lat + 0.01, to_lat=by.to_lat + 0.01)
    assert judged(1, 2, [], elsewhere).cause == "no_vehicle"
    before = replace(by, since=by.since - 3600, until=by.until - 3600)
    assert judged(1, 2, [], before).cause == "no_vehicle"


def test_a_vehicle_that_was_given_another_trip_may_have_driven_this_one() -> None:
    verdict = judged(1, 2, [], nameless=[(0, call, due(5 - call, 1)) for call in range(6)])
    assert (verdict.cause, verdict.passed_at) == ("trip_not_named", due(2, 1))


def test_where_the_blocks_vehicle_names_its_trips_no_other_drove_one_of_them() -> None:
    by = trace(due(2, 1), due(2, 1) + 100, trip=-1, state=UNMATCHED, at_m=1200.0, to_m=1700.0, vehicle="mute")
    assert judged(1, 2, driven(0, range(6)), by).cause == "no_vehicle"


def test_a_trip_that_was_found_for_a_vehicle_and_lost_again_says_nothing_of_the_rest() -> None:
    seen = driven(0, range(4), 600) + driven(1, range(2, 6))
    for trip, call in ((0, 5), (1, 0)):
        verdict = judged(trip, call, [], nameless=seen)
        assert (verdict.outcome, verdict.cause, verdict.vehicle_id) == ("not_seen", "trip_not_named", "mute")


def test_a_vehicle_away_from_a_line_found_for_it_was_not_diverted() -> None:
    seen = [one for one in driven(0, range(6)) if one[1] not in (2, 3)]
    away = trace(due(1) + 30, due(4) - 30, state=OFF_ROUTE, vehicle="mute", named=False)
    assert judged(0, 3, [], away, nameless=seen).cause == "passed_unseen"


def test_who_names_the_trip_drove_it_not_the_one_that_it_was_given_to() -> None:
    verdict = judged(0, 1, driven(0, range(2, 6)), nameless=driven(0, range(4)))
    assert verdict.outcome != "on_time"
    assert judged(0, 2, driven(0, range(2, 6)), nameless=driven(0, range(4), 30)).vehicle_id == "v1"


def test_the_way_of_a_vehicle_without_a_trip_is_told_every_half_kilometre() -> None:
    steps = [vehicles(60.0 * i, 300.0 * i, state=UNMATCHED, trip=-1, named=False) for i in range(6)]
    assert told(TraceFollower(), *steps) == [(False, UNMATCHED, 0.0, 60.0), (False, UNMATCHED, 120.0, 180.0),
                                             (False, UNMATCHED, 240.0, 300.0)]  # fmt: skip
    named = [vehicles(60.0 * i, 300.0 * i, state=OFF_ROUTE) for i in range(6)]
    assert told(TraceFollower(), *named) == [(False, OFF_ROUTE, 0.0, 300.0)]


def test_scheduled_calls_are_found_by_time_and_only_on_days_of_service() -> None:
    entries = np.arange(len(NETWORK.arrival_s))
    found = promised_calls(NETWORK, entries, due(4), due(0, 1))
    assert found == [(due(4), 0, 1, 0, 4), (due(5), 0, 1, 0, 5), (due(0, 1), 1, 1, 0, 0)]
    assert promised_calls(NETWORK, entries, due(0) - 86_400, due(5) - 86_400) == []


def test_a_gap_is_told_from_one_sign_of_life_to_the_next() -> None:
    assert gap_between(100.0, 110.0, 160.0, 170.0) is None
    assert gap_between(100.0, 160.0, 100.0, 165.0) is None
    assert gap_between(100.0, 290.0, 100.0, 300.0) == Gap(100.0, 300.0, True)
    assert gap_between(100.0, 300.0, 305.0, 310.0) == Gap(100.0, 305.0, True)
    assert gap_between(100.0, 110.0, 995.0, 1000.0) == Gap(100.0, 995.0, False)
    assert gap_between(float("nan"), float("nan"), 995.0, 1000.0) is None


def vehicles(
    at: float, distance_m: float, *, state: int = IN_SERVICE, trip: int = 0, call: int = 0, named: bool = True
) -> Vehicles:
    i8, i32, f32 = np.int8, np.int32, np.float32
    return Vehicles(
        vehicle_id=np.array(["v1"]), label=np.array(["v1"]), lat=np.array([LAT]), lon=np.array([lon_at(distance_m)]),
        bearing=np.array([0.0], f32), speed=np.array([0.0], f32), timestamp=np.array([at]),
        occupancy=np.array([-1], i8),
        occupancy_percentage=np.array([-1], np.int16), wheelchair=np.zeros(1, i8),
        congestion=np.zeros(1, i8),
        state=np.array([state], i8), trip=np.array([trip], i32),
        service_day=np.array([1], i32), shift_s=np.array([0], i32), distance_m=np.array([distance_m]),
        next_call=np.array([call], i32), at_stop=np.array([False]), delay_s=np.array([0.0]),
        named=np.array([named]), doubt=np.array([0], i8), cancelled=np.array([False]), stalled_at=np.array([np.nan]),
    )  # fmt: skip


def told(follower: TraceFollower, *steps: Vehicles) -> list[tuple[bool, int, float, float]]:
    every = Traces.joined(*(follower.follow(step) for step in steps), follower.end_all())
    return sorted(
        (bool(s), int(state), float(a), float(b))
        for s, state, a, b in zip(every.standing, every.state, every.since, every.until, strict=True)
    )


def test_a_stretch_lasts_as_long_as_journey_and_state() -> None:
    steps = [vehicles(60.0 * i, 500.0 * i, state=LAYOVER if i < 2 else IN_SERVICE, call=i) for i in range(5)]
    follower = TraceFollower()
    assert told(follower, *steps, steps[-1]) == [(False, LAYOVER, 0.0, 60.0), (False, IN_SERVICE, 120.0, 240.0)]


def test_a_stand_is_told_from_when_to_when_and_short_ones_are_not() -> None:
    places = [0.0, 500.0, 510.0, 505.0, 515.0, 1000.0, 1010.0, 1500.0]
    steps = [vehicles(60.0 * i, place) for i, place in enumerate(places)]
    assert [one for one in told(TraceFollower(), *steps) if one[0]] == [(True, IN_SERVICE, 60.0, 240.0)]


def test_silence_ends_a_stretch_and_so_does_a_vehicle_that_leaves_the_feed() -> None:
    follower = TraceFollower()
    steps = [vehicles(0.0, 0.0), vehicles(60.0, 500.0), vehicles(400.0, 3000.0), vehicles(430.0, 3200.0)]
    nobody = steps[0].take(slice(0))
    assert told(follower, *steps, nobody) == [(False, IN_SERVICE, 0.0, 60.0), (False, IN_SERVICE, 400.0, 430.0)]
