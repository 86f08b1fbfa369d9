"""Waits on a line run by headway: how long, whether as promised, and why they were long."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.explain.evidence import Cancellation, Evidence
from predictor.explain.gaps import Gap
from predictor.explain.scheduled import promised_headway
from predictor.explain.traces import Traces
from predictor.explain.verdict import Verdict
from predictor.explain.waits import WaitJudge
from predictor.passages import Passages
from predictor.snapshot import IN_SERVICE, OFF_ROUTE, UNMATCHED
from tests.predictor.small_network import LAT, LINK_S, ORIGIN, lon_at, timetable

NETWORK = timetable(starts_s=(8 * 3600,), headway_s=600)
"""Six stops, 90 s a link, every ten minutes from eight to ten."""
START = ORIGIN + 8 * 3600
CALL = 3
AT = START + 3600.0
"""When the rider comes."""


def tram(name: str, at_stop: float, calls: range = range(6)) -> Passages:
    """A vehicle that is at the rider's stop (or would be) at that time."""
    n, begins = len(calls), at_stop - CALL * LINK_S
    call = np.array(calls, np.int32)
    at, zeros = begins + LINK_S * call.astype(float), np.zeros(n, np.int32)
    return Passages(
        vehicle_id=np.full(n, name), trip=zeros, service_day=zeros + 1, call=call,
        shift_s=np.full(n, round(begins - START), np.int32), stop=NETWORK.call_stop[call],
        arrival=np.where(call == 0, np.nan, at), departure=np.where(call == 5, np.nan, at + 10.0),
        arrival_sd_s=np.full(n, 5.0), named=np.ones(n, bool),
    )  # fmt: skip


def trace(
    name: str, at_stop: float, since: float, until: float,
    *, state: int = IN_SERVICE, standing: bool = False, at_m: float = 1000.0, on_trip: bool = True,
) -> Traces:  # fmt: skip
    i32 = np.int32
    shift, here = round(at_stop - CALL * LINK_S - START), np.array([lon_at(at_m)])
    return Traces(
        trip=np.array([0 if on_trip else -1], i32), service_day=np.array([1 if on_trip else -1], i32),
        shift_s=np.array([shift], i32), vehicle_id=np.array([name]), standing=np.array([standing]),
        state=np.array([state], np.int8), since=np.array([since]), until=np.array([until]),
        from_call=np.array([0], i32), to_call=np.array([0], i32), from_lat=np.array([LAT]), from_lon=here,
        to_lat=np.array([LAT]), to_lon=here, named=np.array([on_trip]),
    )  # fmt: skip


def waited(
    *trams: Passages,
    traces: tuple[Traces, ...] = (),
    gaps: tuple[Gap, ...] = (),
    cancelled: tuple[Cancellation, ...] = (),
    since: float = ORIGIN,
    until: float = ORIGIN + 86_400.0,
) -> Verdict:
    every, seen = Passages.joined(*trams), Traces.joined(*traces)
    evidence = Evidence(every, seen, cancellations=cancelled, gaps=gaps, since=since, until=until)
    verdict = WaitJudge(NETWORK, evidence).verdict(np.array([CALL]), AT, 900.0)
    assert verdict is not None
    return verdict


def told(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.outcome, verdict.cause, verdict.vehicle_id


@pytest.mark.parametrize(("wait_s", "outcome"), [(0, "on_headway"), (890, "on_headway"), (910, "long_wait")])
def test_a_wait_is_as_promised_up_to_one_and_a_half_headways(wait_s: float, outcome: str) -> None:
    verdict = waited(tram("a", AT - 60), tram("b", AT + wait_s))
    assert (verdict.outcome, verdict.vehicle_id, verdict.headway_s) == (outcome, "b", 600.0)
    assert verdict.deviation_s == pytest.approx(wait_s)
    assert [(fact.kind, fact.vehicle_id) for fact in verdict.facts if fact.kind == "passed"] == [
        ("passed", "a"), ("passed", "b")
    ]  # fmt: skip


def test_a_vehicle_that_still_stands_at_the_stop_takes_the_rider_along() -> None:
    verdict = waited(tram("a", AT - 5), tram("b", AT + 700))
    assert told(verdict) == ("on_headway", "", "a")


def test_headways_of_trips_that_share_a_stop_add_up_and_outside_their_hours_nothing_is_promised() -> None:
    calls = np.array([CALL])
    promise = promised_headway(NETWORK, calls, AT)
    assert promise is not None
    assert (promise.headway_s, promise.journey, promise.call) == (600.0, (0, 1, 3000), CALL)
    assert promised_headway(NETWORK, calls, START - 60.0) is None
    assert promised_headway(NETWORK, calls, START + 7200.0 + CALL * LINK_S + 60.0) is None
    # Calls of one trip one after the other stand for two trips at one stop.
    both = promised_headway(NETWORK, np.array([CALL, CALL - 1]), AT)
    assert both is not None
    assert both.headway_s == pytest.approx(300.0)


def test_vehicles_that_set_out_too_far_apart_explain_a_long_wait() -> None:
    verdict = waited(tram("a", AT - 60), tram("b", AT + 1200))
    assert told(verdict) == ("long_wait", "no_vehicle", "b")
    assert [(f.kind, f.stop) for f in verdict.facts if f.kind == "set_out"] == [("set_out", 0), ("set_out", 0)]


def test_a_vehicle_that_was_held_up_explains_a_long_wait() -> None:
    late = tram("b", AT + 1200, range(3, 6))
    on_time = tram("b", AT + 500, range(3))
    late = Passages.joined(on_time, late)
    late.shift_s[:] = on_time.shift_s[0]
    stood = trace("b", AT + 500, AT + 450, AT + 1150, standing=True)
    verdict = waited(tram("a", AT - 60), late, traces=(stood,))
    assert told(verdict) == ("long_wait", "stuck", "b")
    assert [fact.stop for fact in verdict.facts if fact.kind == "stood"] == [2]


def test_waiting_at_the_terminus_for_the_departure_is_no_hold_up() -> None:
    layover = trace("b", AT + 1200, AT - 600, AT + 1200 - CALL * LINK_S + 30, standing=True, at_m=0.0)
    assert waited(tram("a", AT - 60), tram("b", AT + 1200), traces=(layover,)).cause == "no_vehicle"


def test_vehicles_that_come_together_after_a_gap_are_bunched() -> None:
    verdict = waited(tram("a", AT - 60), tram("b", AT + 1200), tram("c", AT + 1260))
    assert told(verdict) == ("long_wait", "bunched", "b")
    assert [fact.vehicle_id for fact in verdict.facts] == ["a", "b", "c"]


def test_a_vehicle_that_left_the_line_before_the_stop_explains_a_long_wait() -> None:
    lost = tram("x", AT + 300, range(2))
    elsewhere = trace("x", AT + 300, AT + 200, AT + 3000, state=UNMATCHED, on_trip=False)
    on_line = trace("x", AT + 300, AT, AT + 180)
    verdict = waited(tram("a", AT - 60), lost, tram("b", AT + 1200), traces=(on_line, elsewhere))
    assert told(verdict) == ("long_wait", "ended_early", "b")
    assert ("last_seen", "x") in [(fact.kind, fact.vehicle_id) for fact in verdict.facts]


def test_a_vehicle_that_broke_down_explains_a_long_wait() -> None:
    lost = tram("x", AT + 300, range(2))
    stood = trace("x", AT + 300, AT + 150, AT + 1000, standing=True, at_m=700.0)
    on_line = trace("x", AT + 300, AT, AT + 1000)
    home = trace("x", AT + 300, AT + 1030, AT + 3000, state=UNMATCHED, on_trip=False)
    verdict = waited(tram("a", AT - 60), lost, tram("b", AT + 1200), traces=(stood, on_line, home))
    assert told(verdict) == ("long_wait", "breakdown", "b")


def test_a_vehicle_that_drove_around_the_stop_explains_a_long_wait() -> None:
    around = tram("x", AT + 300, range(6))
    around = around.take(np.array([0, 1, 5]))
    away = trace("x", AT + 300, AT + 150, AT + 450, state=OFF_ROUTE)
    verdict = waited(tram("a", AT - 60), around, tram("b", AT + 1200), traces=(away,))
    assert told(verdict) == ("long_wait", "detour", "b")


def test_departures_that_the_operator_took_out_explain_a_long_wait() -> None:
    shift = round(AT - START) - 600 + 1200
    said = Cancellation(0, 1, shift, -1, AT - 3600, AT + 7200)
    verdict = waited(tram("a", AT - 60), tram("b", AT + 1200), cancelled=(said,))
    assert told(verdict) == ("long_wait", "cancelled", "b")


def test_where_nothing_shows_why_no_cause_is_claimed() -> None:
    slow = tram("b", AT + 1200)
    slow.arrival[:CALL] -= 700.0
    slow.departure[:CALL] -= 700.0
    slow.shift_s[:] -= 700
    assert told(waited(tram("a", AT - 60), slow)) == ("long_wait", "", "b")


def test_a_passing_that_nobody_saw_may_have_kept_the_promise() -> None:
    likely = tram("x", AT + 300)
    likely = likely.take(np.array([0, 1, 2, 4, 5]))
    verdict = waited(tram("a", AT - 60), likely, tram("b", AT + 1200))
    assert told(verdict) == ("not_seen", "passed_unseen", "x")
    assert verdict.passed_at == pytest.approx(AT + 300)


def test_a_vehicle_that_fell_silent_on_its_way_here_may_have_come() -> None:
    on_line = trace("x", AT + 300, AT, AT + 180)
    verdict = waited(tram("a", AT - 60), tram("x", AT + 300, range(2)), tram("b", AT + 1200), traces=(on_line,))
    assert (verdict.outcome, verdict.cause) == ("not_seen", "vehicle_silent")
    assert np.isnan(verdict.passed_at)


def test_a_vehicle_that_names_no_trip_may_have_ended_the_wait() -> None:
    by = trace("mute", AT, AT + 280, AT + 320, state=UNMATCHED, at_m=1490.0, on_trip=False)
    verdict = waited(tram("a", AT - 60), tram("b", AT + 1200), traces=(by,))
    assert (verdict.outcome, verdict.cause) == ("not_seen", "trip_not_named")
    assert [f.vehicle_id for f in verdict.facts if f.kind == "nameless"] == ["mute"]


def test_nothing_is_claimed_of_a_time_when_nobody_was_watching() -> None:
    gap = Gap(AT + 100, AT + 800, watched=True)
    verdict = waited(tram("a", AT - 60), tram("b", AT + 1200), gaps=(gap,))
    assert (verdict.outcome, verdict.cause) == ("not_seen", "feed_gap")
    short = Gap(AT + 100, AT + 200, watched=True)
    assert waited(tram("a", AT - 60), tram("b", AT + 1200), gaps=(short,)).outcome == "long_wait"
    assert waited(tram("b", AT + 1200), since=AT + 600).cause == "no_records"


def test_who_still_waits_is_told_so_until_the_wait_is_longer_than_promised() -> None:
    assert waited(tram("a", AT - 60), until=AT + 300).outcome == "expected"
    verdict = waited(tram("a", AT - 60), until=AT + 1000)
    assert (verdict.outcome, verdict.vehicle_id) == ("long_wait", "")
    assert [(f.kind, f.since, f.until) for f in verdict.facts if f.kind == "none_passed"] == [
        ("none_passed", AT, AT + 1000)
    ]  # fmt: skip


def test_where_no_vehicle_was_on_the_line_that_is_why() -> None:
    assert told(waited()) == ("long_wait", "no_vehicle", "")
