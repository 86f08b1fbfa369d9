"""The engine on a small straight network: what riders see as a bus drives by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.arrays import StopIdx
from predictor.engine import Engine
from predictor.observations import Observations
from predictor.snapshot import (
    CANCELLED,
    DEADHEAD,
    FROM_BLOCK,
    FROM_OPERATOR,
    FROM_TIMETABLE,
    FROM_VEHICLE,
    IN_SERVICE,
    LAYOVER,
    LIVE,
    OFF_ROUTE,
    SCHEDULED,
    SKIPPED,
    KnownCalls,
    Snapshot,
)
from predictor.trip_updates import STOP_SKIPPED, TRIP_ADDED, TRIP_CANCELED
from tests.predictor.operator_word import ToldCall, ToldRun, trip_updates
from tests.predictor.small_network import LINK_S, ORIGIN, SPACING_M, report, timetable

START = ORIGIN + 8 * 3600


def board(snapshot: Snapshot, stop: int, ahead_s: float = 7200.0) -> KnownCalls:
    return snapshot.board(StopIdx(stop), since=snapshot.made_at - 30, until=snapshot.made_at + ahead_s)


def drive(engine: Engine, *places: tuple[float, float], vehicle: str = "v1", trip: int = 0) -> Snapshot:
    """Report places as (seconds after the start, metres) and step at each."""
    for after, distance in places:
        snapshot = engine.step(report(START + after, distance, vehicle=vehicle, trip=trip), START + after)
    return snapshot


def test_without_any_vehicle_every_stop_shows_the_timetable() -> None:
    engine = Engine(timetable())
    snapshot = engine.step(Observations.empty(START), START)
    for stop in range(6):
        seen = board(snapshot, stop)
        assert seen.status.tolist() == [SCHEDULED, SCHEDULED]
        assert seen.published.tolist() == [START + stop * LINK_S, START + 1200 + stop * LINK_S]
        assert np.isnan(seen.p10).all()


def test_a_vehicle_on_time_is_live_at_the_timetabled_minute() -> None:
    snapshot = drive(Engine(timetable()), (-60, 0), (30, 150), (60, 320))
    seen = board(snapshot, 3)
    assert seen.status[0] == LIVE
    assert seen.source[0] == FROM_VEHICLE
    assert seen.p50[0] == pytest.approx(START + 3 * LINK_S, abs=15)
    assert seen.p10[0] < seen.p50[0] < seen.p90[0]
    assert seen.status[1] == SCHEDULED
    assert seen.source[1] == FROM_TIMETABLE


def test_a_late_vehicle_is_late_at_every_stop_ahead() -> None:
    snapshot = drive(Engine(timetable()), (270, 0), (330, 150), (360, 320))
    for stop in (1, 3, 5):
        assert board(snapshot, stop).p50[0] == pytest.approx(START + 300 + stop * LINK_S, abs=20)
    assert snapshot.vehicles.delay_s[0] == pytest.approx(300, abs=20)


def test_stops_behind_the_vehicle_no_longer_show_it() -> None:
    snapshot = drive(Engine(timetable()), (0, 0), (90, 500), (150, 800))
    assert board(snapshot, 1).trip.tolist() == [1]
    assert board(snapshot, 2).trip.tolist() == [0, 1]


def test_passages_are_found_between_reports_and_sharp_at_reports_on_the_stop() -> None:
    engine = Engine(timetable(dwell_s=20))
    found = [drive(engine, place).passages for place in ((0, 0), (90, 500), (110, 505), (240, 1250))]
    calls = np.concatenate([p.call for p in found])
    assert calls.tolist() == [0, 1, 2]
    arrival = np.concatenate([p.arrival for p in found]) - START
    departure = np.concatenate([p.departure for p in found]) - START
    assert np.isnan(arrival[0])
    assert arrival[1] == pytest.approx(90, abs=10)
    assert 110 <= departure[1] <= 160
    assert departure[1] < arrival[2] < departure[2] < 240


def test_layover_waits_for_the_scheduled_departure() -> None:
    snapshot = drive(Engine(timetable()), (-600, 0), (-300, 10))
    assert snapshot.vehicles.state[0] == LAYOVER
    assert board(snapshot, 0).published[0] == pytest.approx(START, abs=30)
    assert board(snapshot, 2).p50[0] == pytest.approx(START + 2 * LINK_S, abs=15)


def test_the_blocks_next_trip_is_predicted_from_its_vehicle_through_the_layover() -> None:
    tt = timetable(starts_s=(8 * 3600, 8 * 3600 + 480), back=True, block=True)
    snapshot = drive(Engine(tt), (600, 0), (660, 300))
    back = board(snapshot, 0)
    at = back.trip.tolist().index(1)
    assert back.source[at] == FROM_BLOCK
    assert back.p50[at] > START + 480 + 5 * LINK_S + 300, "it cannot be back on time: it is still on its way out"


def test_a_finished_trip_does_not_come_back_as_scheduled() -> None:
    snapshot = drive(Engine(timetable()), (0, 0), (60, 600), (120, 1300), (180, 2000), (240, 2500))
    assert snapshot.vehicles.state[0] == DEADHEAD
    assert board(snapshot, 5).trip.tolist() == [1]


def test_a_vehicle_waits_at_a_timepoint_when_it_is_early() -> None:
    early = ((0, 0), (40, 500), (60, 900))
    free = drive(Engine(timetable()), *early)
    held = drive(Engine(timetable(holds_at=3)), *early)
    assert board(free, 5).p50[0] < START + 5 * LINK_S - 30
    assert board(held, 5).p50[0] == pytest.approx(START + 5 * LINK_S, abs=20)


def test_out_and_back_on_one_road_resolves_by_direction() -> None:
    tt = timetable(starts_s=(8 * 3600, 8 * 3600 + 600), back=True)
    engine = Engine(tt)
    snapshot = drive(engine, (600, 2500), (690, 2000), (780, 1500), trip=1)
    assert snapshot.vehicles.distance_m[0] == pytest.approx(1000, abs=30)
    assert snapshot.vehicles.next_call[0] in (2, 3)


def test_off_route_is_a_state_and_never_live() -> None:
    engine = Engine(timetable())
    drive(engine, (0, 0), (60, 400))
    for after in (80, 90):
        snapshot = engine.step(report(START + after, 600, lat=47.40), START + after)
    assert snapshot.vehicles.state[0] == OFF_ROUTE
    assert LIVE not in board(snapshot, 3).status.tolist()
    snapshot = drive(engine, (150, 900))
    assert snapshot.vehicles.state[0] == IN_SERVICE
    assert board(snapshot, 3).status[0] == LIVE


def test_an_old_report_degrades_to_scheduled_and_a_silent_vehicle_leaves_the_board() -> None:
    engine = Engine(timetable())
    drive(engine, (600, 0), (660, 400))
    quiet = engine.step(Observations.empty(START + 1000), START + 1000)
    assert board(quiet, 5).status[0] == SCHEDULED
    gone = engine.step(Observations.empty(START + 1700), START + 1700)
    assert len(gone.vehicles) == 0
    assert gone.feed_stopped(START + 1700)


def test_the_same_report_twice_and_an_older_one_change_nothing() -> None:
    engine = Engine(timetable())
    first = drive(engine, (0, 0), (60, 400))
    again = engine.step(report(START + 30, 100), START + 60)
    assert again.vehicles.distance_m.tolist() == first.vehicles.distance_m.tolist()
    assert again.counts["reports_out_of_order"] == 1


def test_a_report_from_the_future_is_not_used() -> None:
    engine = Engine(timetable())
    snapshot = engine.step(report(START + 3600, 100), START)
    assert snapshot.counts["reports_from_the_future"] == 1
    assert board(snapshot, 3).status[0] == SCHEDULED


def test_a_vehicle_without_trip_id_is_assigned_after_driving_along_the_line() -> None:
    engine = Engine(timetable())
    states = []
    for after, distance in ((10, 30), (40, 200), (70, 370), (100, 560), (130, 720), (160, 890), (190, 1060)):
        snapshot = engine.step(report(START + after, distance, trip=-1), START + after)
        states.append(int(snapshot.vehicles.trip[0]))
    assert states[0] == -1, "one report alone is no proof"
    assert states[-1] == 0
    assert board(snapshot, 4).status[0] == LIVE


def test_a_vehicle_without_trip_id_in_a_garage_stays_unmatched() -> None:
    engine = Engine(timetable())
    for after in range(0, 600, 30):
        snapshot = engine.step(report(START + after, 700, trip=-1), START + after)
    assert snapshot.vehicles.trip[0] == -1


def test_two_vehicles_on_one_trip_give_one_row() -> None:
    engine = Engine(timetable())
    drive(engine, (0, 0), (60, 400), vehicle="ghost")
    snapshot = drive(engine, (0, 0), (90, 600), vehicle="v2")
    assert board(snapshot, 4).trip.tolist() == [0, 1]


def test_a_headway_run_vehicle_takes_the_place_of_the_nearest_slot() -> None:
    tt = timetable(starts_s=(0,), headway_s=600)
    engine = Engine(tt)
    start = 3 * 600 + 100
    for after in (0, 60):
        now = ORIGIN + start + after
        snapshot = engine.step(report(now, after * 5.0, start_time_s=start), now)
    seen = board(snapshot, 4, 1500)
    assert seen.status.tolist() == [LIVE, SCHEDULED, SCHEDULED]
    assert seen.shift_s.tolist() == [start, 4 * 600, 5 * 600]
    assert np.isnan(seen.scheduled_arrival).all()


def test_a_cancelled_trip_is_shown_as_cancelled_even_with_a_vehicle() -> None:
    tt = timetable()
    engine = Engine(tt)
    snapshot = engine.step(report(START, 0), START, trip_updates(tt, START, 1, ToldRun(0, TRIP_CANCELED)))
    assert board(snapshot, 3).status.tolist() == [CANCELLED, SCHEDULED]
    assert snapshot.journey(0, 1).status.tolist() == [CANCELLED] * 6


def test_a_skipped_call_is_shown_as_skipped_and_the_next_ones_stay_live() -> None:
    tt = timetable()
    engine = Engine(tt)
    message = trip_updates(tt, START, 1, ToldRun(0, calls=(ToldCall(2, relationship=STOP_SKIPPED),)))
    snapshot = engine.step(report(START, 0), START, message)
    assert board(snapshot, 2).status[0] == SKIPPED
    assert board(snapshot, 3).status[0] == LIVE


def test_the_operators_times_serve_a_trip_that_sends_no_position() -> None:
    tt = timetable()
    calls = tuple(ToldCall(k, START + k * LINK_S + 240.0) for k in range(1, 6))
    snapshot = Engine(tt).step(Observations.empty(START), START, trip_updates(tt, START, 1, ToldRun(0, calls=calls)))
    seen = board(snapshot, 4)
    assert seen.source[0] == FROM_OPERATOR
    assert seen.status[0] == LIVE
    assert seen.published[0] == START + 4 * LINK_S + 240
    assert board(snapshot, 0).source[0] == FROM_TIMETABLE


def extra(*stops: int, after_s: float = 0.0) -> ToldRun:
    """An added trip that calls at these stops every 100 s."""
    calls = tuple(ToldCall(k, START + 700 + after_s + 100 * k, stop=stop) for k, stop in enumerate(stops))
    return ToldRun(-1, TRIP_ADDED, calls, trip_id="extra")


def test_an_added_trip_joins_the_boards_and_leaves_them_when_it_is_told_no_more() -> None:
    tt = timetable()
    engine = Engine(tt)
    snapshot = engine.step(Observations.empty(START), START, trip_updates(tt, START, 1, extra(1, 4)))
    seen = board(snapshot, 4)
    assert snapshot.timetable.trip_id[seen.trip].tolist() == ["t0", "extra", "t1"]
    assert seen.published[1] == START + 800
    laid = engine.timetable
    later = engine.step(Observations.empty(START + 30), START + 30, trip_updates(tt, START, 1, extra(1, 4, after_s=60)))
    assert engine.timetable is laid, "its times are told anew, the run is the same"
    seen = board(later, 4)
    assert seen.published[1] == START + 860
    assert seen.scheduled_arrival[1] == START + 800, "a timetable does not move"
    moved = engine.step(Observations.empty(START + 60), START + 60, trip_updates(tt, START, 1, extra(1, 3)))
    assert board(moved, 4).trip.tolist() == [0, 1]
    assert moved.timetable.trip_id[board(moved, 3).trip].tolist() == ["t0", "extra", "t1"]
    gone = engine.step(Observations.empty(START + 90), START + 90, trip_updates(tt, START, 1))
    assert board(gone, 3).trip.tolist() == [0, 1]
    assert gone.timetable is engine.timetable.base


def test_swapping_the_timetable_keeps_vehicles_and_what_was_learned() -> None:
    engine = Engine(timetable())
    drive(engine, (0, 0), (60, 300), (120, 700), (180, 1300))
    learned = engine.driving_times.travel_times.link_weight.copy()
    engine.swap_timetable(timetable(starts_s=(8 * 3600, 8 * 3600 + 1200, 9 * 3600)))
    snapshot = drive(engine, (240, 1800))
    assert engine.driving_times.travel_times.link_weight[:2].tolist() == learned[:2].tolist()
    assert snapshot.vehicles.trip[0] == 0
    assert board(snapshot, 5).status[0] == LIVE


def test_slow_links_ahead_are_learned_from_the_vehicle_before() -> None:
    places = [(i * 30.0, min(i * 30.0 * SPACING_M / (2 * LINK_S), 2500.0)) for i in range(38)]
    engine = Engine(timetable(starts_s=(8 * 3600, 8 * 3600 + 300)))
    alone = drive(engine, (300, 0), (360, 200), vehicle="v2", trip=1)
    before = board(alone, 4).p50[0] - alone.made_at
    engine = Engine(timetable(starts_s=(8 * 3600, 8 * 3600 + 300)))
    drive(engine, *places)
    shifted = [(after + 1140, distance) for after, distance in ((0.0, 0.0), (60.0, 200.0))]
    after = drive(engine, *shifted, vehicle="v2", trip=1)
    assert board(after, 4).p50[0] - after.made_at > before + 20


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 300), st.floats(-500, 3500), st.sampled_from([-1, 0, 1])), min_size=1, max_size=25)
)
def test_whatever_a_vehicle_reports_the_snapshot_keeps_its_promises(moves: list[tuple[float, float, int]]) -> None:
    tt = timetable(back=True, block=True)
    engine = Engine(tt)
    now = float(START - 300)
    for gap, distance, trip in moves:
        now += gap
        snapshot = engine.step(report(now, distance, trip=trip), now)
        made, found = snapshot.predictions, snapshot.passages
        assert np.isfinite(made.p50).all()
        assert (made.p10 <= made.p50).all()
        assert (made.p50 <= made.p90).all()
        # A silent one's times stay as they are, and pass.
        live = made.status == LIVE
        live[live] = snapshot.vehicles.timestamp[made.vehicle[live]] == now
        assert (made.arrival[live] >= now).all()
        assert (made.departure >= made.arrival).all()
        assert not (found.arrival > now + 1e-6).any()
        assert not (found.departure < found.arrival).any()
        stops = np.arange(tt.stops, dtype=np.int32)
        at_stops, of_stop = made.rows_at(stops)
        assert sorted(at_stops.tolist()) == list(range(len(made)))
        assert (made.stop[at_stops] == of_stop).all()
        for stop in range(tt.stops):
            rows = board(snapshot, stop)
            assert (np.diff(rows.published) >= 0).all()
            assert len({*zip(rows.trip.tolist(), rows.call.tolist(), strict=True)}) == len(rows)


def test_passages_of_one_trip_come_once_and_in_order() -> None:
    engine = Engine(timetable())
    calls: list[int] = []
    times: list[float] = []
    for i in range(60):
        found = drive(engine, (i * 10.0, min(i * 50.0, 2500.0))).passages
        calls += found.call.tolist()
        times += np.where(np.isnan(found.arrival), found.departure, found.arrival).tolist()
    assert calls == [0, 1, 2, 3, 4, 5]
    assert times == sorted(times)
