"""Vehicles that leave their line or their trip: what they passed, and what they only drove around."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictor.engine import Engine
from predictor.observations import Observations
from predictor.passages import Passages
from predictor.snapshot import DEADHEAD, IN_SERVICE, LAYOVER, OFF_ROUTE, UNMATCHED
from predictor.timetable import Timetable
from tests.predictor.small_network import LAT, ORIGIN, SPACING_M, lon_at, report, timetable
from tests.predictor.winding_road import SPEED_M_S, Road
from tests.predictor.winding_road import START as ROAD_START

EIGHT = 8 * 3600
START = ORIGIN + EIGHT
ASIDE = LAT + 0.004
"""A street 440 m to the north."""


def followed(
    tt: Timetable, *places: tuple[float, float, float], trip: int = 0, engine: Engine | None = None
) -> tuple[Engine, list[int], list[float]]:
    """Drive through (seconds after the start, metres, latitude): the calls passed, and when."""
    engine = engine or Engine(tt)
    found: list[Passages] = []
    for after, metres, lat in places:
        said = report(START + after, metres, trip=trip, lat=lat)
        found.append(engine.step(said, START + after).passages)
    at = [np.where(np.isnan(p.arrival), p.departure, p.arrival) - START for p in found]
    return engine, np.concatenate([p.call for p in found]).tolist(), np.concatenate(at).tolist()


def test_stops_that_a_vehicle_drives_around_are_not_passed_and_teach_nothing() -> None:
    way = [(0, 0, LAT), (80, 470, LAT), (100, 640, LAT)]
    way += [(120 + 30 * i, 700 + 90 * i, ASIDE) for i in range(10)]
    way += [(415, 1600, LAT), (470, 1900, LAT), (490, 2000, LAT), (520, 2200, LAT)]
    engine, calls, times = followed(timetable(), *way)
    assert calls == [0, 1, 4]
    assert times[-1] == pytest.approx(490, abs=15)
    assert engine.driving_times.travel_times.link_weight.tolist()[1:3] == [0.0, 0.0]


def test_one_wild_report_hides_no_stop() -> None:
    way = [(0, 0, LAT), (60, 330, LAT), (90, 500, ASIDE), (120, 660, LAT), (180, 1000, LAT), (220, 1200, LAT)]
    _, calls, times = followed(timetable(), *way)
    assert calls == [0, 1, 2]
    assert times[1] == pytest.approx(90, abs=15)


def test_the_stop_that_a_vehicle_stood_at_before_it_left_its_line_was_served() -> None:
    way = [(0, 0, LAT), (80, 470, LAT), (100, 500, LAT), (120, 500, LAT)]
    way += [(140 + 20 * i, 600 + 200 * i, ASIDE) for i in range(7)]
    _, calls, times = followed(timetable(), *way)
    assert calls == [0, 1]
    assert times[1] == pytest.approx(85, abs=15)


def test_a_vehicle_that_turns_off_sideways_is_not_thought_to_be_back_before_its_stop() -> None:
    engine, calls, _ = followed(timetable(), (0, 0, LAT), (80, 470, LAT), (100, 500, LAT), (120, 500, LAT))
    aside = replace(report(START + 140, 350, lat=LAT + 0.0005), stop_sequence=np.array([4], np.int32))
    snapshot = engine.step(aside, START + 140)
    assert snapshot.vehicles.state[0] == OFF_ROUTE
    assert snapshot.vehicles.distance_m[0] == pytest.approx(500, abs=5)
    assert calls + snapshot.passages.call.tolist() == [0, 1]


def test_a_stop_reached_again_after_a_detour_is_passed_when_the_vehicle_comes_there() -> None:
    way = [(0, 0, LAT), (80, 470, LAT), (100, 640, LAT)]
    way += [(120 + 20 * i, 800 + 200 * i, ASIDE) for i in range(6)]
    way += [(260, 2000, LAT), (280, 2000, LAT), (310, 2200, LAT)]
    _, calls, times = followed(timetable(), *way)
    assert calls == [0, 1, 4]
    assert times[-1] == pytest.approx(260, abs=15)


def test_a_vehicle_that_turns_short_passes_its_last_stop_and_none_before_it_takes_up_the_next_trip() -> None:
    tt = timetable(starts_s=(EIGHT, EIGHT + 420), back=True, block=True)
    engine, calls, _ = followed(
        tt, (0, 0, LAT), (60, 320, LAT), (120, 650, LAT), (180, 990, LAT), (200, 1000, LAT), (260, 1490, LAT),
        (280, 1500, LAT), (300, 1500, LAT),
    )  # fmt: skip
    assert calls == [0, 1, 2]
    # On the way back the same place is the third stop; its time has not yet come.
    engine, calls, times = followed(
        tt, *((320 + 60 * i, 1500, LAT) for i in range(5)), (590, 1490, LAT), (640, 1200, LAT), (700, 850, LAT), trip=1,
        engine=engine,
    )  # fmt: skip
    assert calls[0] == 3, "of the trip out, which the vehicle left while it stood there"
    assert times[0] == pytest.approx(260, abs=10)
    assert [call for call in calls[1:] if call < 2] == [], "nobody drove there"


def test_a_late_ring_takes_up_its_next_round_at_its_beginning() -> None:
    """The feed goes on naming the round that is over while the vehicle stands where both end and begin."""
    ring = Road.through((0, 0), (700, 0), (700, 700), (0, 700), (0, 0), stops_m=[0, 700, 1400, 2100, 2800])
    one = ring.timetable()
    tt = _twice(one, int(ring.length_m / SPEED_M_S) + 30)
    round_s = ring.length_m / SPEED_M_S
    engine, seen = Engine(tt), set()
    for after in np.arange(0.0, 2 * round_s + 160.0, 20.0):
        # A minute late; at the end of the first round it stands for a minute.
        driving_s = after - 60.0 - min(max(after - 60.0 - round_s, 0.0), 60.0)
        lat, lon = ring.place(max(driving_s, 0.0) * SPEED_M_S % ring.length_m if driving_s < 2 * round_s else 0.0)
        on_second, ends = driving_s > round_s + 1.0, abs(driving_s - round_s) < 1.0
        said = replace(
            report(ROAD_START + after, 0.0, trip=int(on_second)), lat=np.atleast_1d(lat), lon=np.atleast_1d(lon),
            stop_sequence=np.array([5 if ends else -1], np.int32),
        )  # fmt: skip
        passed = engine.step(said, ROAD_START + after).passages
        seen |= set(zip(passed.trip.tolist(), passed.call.tolist(), strict=True))
    assert {(1, call) for call in range(4)} <= seen


def _twice(tt: Timetable, later_s: int) -> Timetable:
    """The timetable's one trip, and another of the same block."""
    return replace(
        tt, trip_id=np.array(["t0", "t1"]), trip_pattern=np.zeros(2, np.int32), trip_service=np.zeros(2, np.int32),
        trip_headsign=np.array(["", ""]), trip_short_name=np.array(["", ""]), trip_block=np.zeros(2, np.int32),
        trip_wheelchair=np.zeros(2, np.int8), trip_bikes=np.zeros(2, np.int8),
        trip_call_ptr=np.arange(3, dtype=np.int64) * tt.trip_call_ptr[1],
        arrival_s=np.concatenate([tt.arrival_s, tt.arrival_s + later_s]).astype(np.int32),
        departure_s=np.concatenate([tt.departure_s, tt.departure_s + later_s]).astype(np.int32),
        stop_sequence=np.tile(tt.stop_sequence, 2), timepoint=np.tile(tt.timepoint, 2),
        reckoned=np.tile(tt.reckoned, 2),
        pickup_type=np.tile(tt.pickup_type, 2), drop_off_type=np.tile(tt.drop_off_type, 2),
        call_headsign=np.tile(tt.call_headsign, 2),
        journey_trip=np.arange(2, dtype=np.int32), journey_shift_s=np.zeros(2, np.int32),
        journey_headway_s=np.zeros(2, np.int32),
    )  # fmt: skip


def silent_on_its_trip(at: float, metres: float, vehicle: str = "v1") -> Observations:
    return report(at, metres, trip=-1, date=0, vehicle=vehicle)


def test_a_broken_down_vehicle_that_names_its_trip_no_more_is_taken_home_without_it() -> None:
    engine, _, _ = followed(timetable(), (0, 0, LAT), (90, 500, LAT), (130, 720, LAT), (150, 740, LAT))
    for after in range(180, 1200, 30):
        engine.step(report(START + after, 740), START + after)
    passed = []
    for i in range(10):
        at = START + 1200 + 20 * i
        snapshot = engine.step(silent_on_its_trip(at, 800 + 100 * i), at)
        passed += snapshot.passages.call.tolist()
    assert snapshot.vehicles.state[0] == UNMATCHED
    assert passed == []


def test_a_vehicle_that_leaves_out_its_trip_for_some_reports_goes_on_with_it() -> None:
    engine, _, _ = followed(timetable(), (0, 0, LAT), (90, 500, LAT), (130, 720, LAT))
    snapshot = engine.step(silent_on_its_trip(START + 180, 1020), START + 180)
    assert snapshot.vehicles.state[0] == IN_SERVICE
    assert snapshot.passages.call.tolist() in ([1], [1, 2], [2], [])


def test_a_vehicle_that_was_signed_off_lately_is_not_looked_for_on_other_trips() -> None:
    engine = Engine(timetable(starts_s=(EIGHT, EIGHT + 600)))
    for after in range(0, 600, 20):
        engine.step(report(START + after, 0.0, trip=0, lat=ASIDE), START + after)
    for after in range(600, 900, 20):
        metres = (after - 600) * SPACING_M / 90
        snapshot = engine.step(
            replace(silent_on_its_trip(START + after, metres), lon=np.array([lon_at(metres)])), START + after
        )
    assert snapshot.counts["vehicles_assigned"] == 0
    assert snapshot.vehicles.state[0] not in (IN_SERVICE, LAYOVER, DEADHEAD, OFF_ROUTE)
