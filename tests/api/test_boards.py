from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.reading.board import stop_boards
from api.reading.calls import RunCall, iso_date
from api.service.service import Service
from feeds.reading import Reading
from predictor.engine import EngineSettings
from predictor.observations import Observations
from tests.api.town import STOPS, at, headway_town, service_at

NOW = at(8, 1)


@pytest.fixture(scope="module")
def service() -> Service:
    return service_at(NOW)


def rows(service: Service, stop: str, now: float = NOW, limit: int | None = None, **options: object) -> list[RunCall]:
    (board,) = stop_boards(service.view, [STOPS.index(stop)], now, **options)  # type: ignore[arg-type]
    return board.first(limit)


def test_a_board_tells_live_cancelled_skipped_and_scheduled_apart(service: Service) -> None:
    told = [(row.trip_id, row.status) for row in rows(service, "liberte")]
    assert told == [("A-0800", "live"), ("A-0820", "cancelled"), ("A-0840", "skipped")]
    assert next((row.trip_id, row.status) for row in rows(service, "st-pierre")) == ("2-0805", "scheduled")


def test_a_live_departure_names_its_vehicle_and_how_sure_it_is(service: Service) -> None:
    tram = rows(service, "hopital")[0]
    assert (tram.vehicle_id, tram.vehicle_label, tram.source) == ("7001", "Tram 1", "vehicle")
    assert tram.scheduled == at(8, 4)
    assert tram.predicted == tram.published == pytest.approx(at(8, 4), abs=45)
    assert tram.p10 is not None and tram.p50 is not None and tram.p90 is not None
    assert tram.p10 <= tram.p50 <= tram.p90
    assert tram.minutes == math.floor((tram.published - NOW) / 60)
    assert tram.age_s == pytest.approx(0, abs=10)


def test_a_scheduled_departure_claims_no_prediction(service: Service) -> None:
    bus = rows(service, "gare:2")[0]
    assert (bus.published, bus.scheduled) == (at(8, 5), at(8, 5))
    assert (bus.predicted, bus.p10, bus.p50, bus.p90, bus.vehicle_id, bus.age_s) == (None,) * 6


def test_a_station_gathers_its_platforms(service: Service) -> None:
    now = at(8, 2)
    board = stop_boards(service.view, [STOPS.index("gare")], now)[0].first()
    assert [(row.trip_id, row.platform) for row in board] == [
        ("2-0805", "2"), ("A-0820", "1"), ("2-0835", "2"), ("A-0840", "1"),
    ]  # fmt: skip


def test_nobody_boards_where_a_trip_ends(service: Service) -> None:
    assert rows(service, "douets") == []
    arriving = rows(service, "douets", arrivals=True)
    assert [row.trip_id for row in arriving] == ["A-0800", "A-0820", "A-0840"]
    assert not any(row.boards for row in arriving)


def test_limit_window_and_route(service: Service) -> None:
    assert [row.trip_id for row in rows(service, "gare", limit=2)] == ["2-0805", "A-0820"]
    assert [row.trip_id for row in rows(service, "gare", window_s=600.0)] == ["2-0805"]
    assert [row.trip_id for row in rows(service, "gare", route=1)] == ["2-0805", "2-0835"]
    assert rows(service, "gare", limit=0) == []


def test_live_ends_with_the_age_of_the_report_even_if_no_step_comes() -> None:
    service = service_at(NOW, engine_settings=EngineSettings(live_limit_s=60.0))
    reported_at = float(service.snapshot.vehicles.timestamp[0])
    seen = {}
    for age in (50, 70):
        row = rows(service, "hopital", now=reported_at + age)[0]
        assert row.trip_id == "A-0800"
        assert row.age_s == age
        seen[age] = row.status
    assert seen == {50: "live", 70: "scheduled"}


def test_trips_past_midnight_belong_to_the_day_before(service: Service) -> None:
    night = rows(service, "liberte", now=at(24, 10))
    assert [(row.trip_id, row.service_date, row.start_time) for row in night] == [("A-2420", "2026-03-02", "24:20:00")]
    assert night[0].published == at(24, 22)


def test_a_trip_by_headway_has_no_scheduled_time() -> None:
    service = service_at(at(8, 5), lambda now: Reading(Observations.empty(now)), timetable=headway_town())
    board = stop_boards(service.view, [STOPS.index("liberte")], at(8, 5), window_s=1200.0)[0].first()
    (row,) = [row for row in board if row.trip_id == "A-0800"]
    assert (row.headway_s, row.scheduled, row.clock, row.minutes) == (600, None, None, None)


def test_wheelchair_access_needs_vehicle_and_stop(service: Service) -> None:
    assert rows(service, "liberte")[0].wheelchair == "yes"
    assert rows(service, "hopital")[0].wheelchair == "unknown"
    assert rows(service, "douets", arrivals=True)[0].wheelchair == "no"
    assert {row.wheelchair for row in rows(service, "gare:1")} == {"yes"}, "a platform has its station's access"


@settings(max_examples=60, deadline=None)
@given(offset=st.floats(0, 90_000), stop=st.sampled_from(STOPS), window=st.floats(60, 90_000))
def test_every_board_is_in_order_and_ahead(service: Service, offset: float, stop: str, window: float) -> None:
    now = NOW + offset
    board = stop_boards(service.view, [STOPS.index(stop)], now, window_s=window)[0].first()
    times = [row.published for row in board]
    assert times == sorted(times)
    assert all(now - 30 <= time <= now + window for time in times)
    assert all(row.minutes == max(math.floor((row.published - now) / 60), 0) for row in board)
    assert len({(row.trip_id, row.service_date, row.start_time, row.call) for row in board}) == len(board)


def test_iso_date_takes_numpy_numbers() -> None:
    assert iso_date(int(np.int32(20260302))) == "2026-03-02"
