"""When a vehicle was at its stops, found between its reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.engine import Engine
from predictor.observations import STOPPED_AT
from predictor.passages import Passages
from predictor.timetable import Timetable
from tests.predictor.small_network import LINK_S, ORIGIN, SPACING_M, report, timetable

START = ORIGIN + 8 * 3600
STOPS = 6


def passages(tt: Timetable, reports: list[tuple[float, float]]) -> Passages:
    """All passages of a vehicle on trip t0 that reports (seconds after eight, metres)."""
    engine = Engine(tt)
    found = [engine.step(report(START + after, place), START + after).passages for after, place in reports]
    return Passages.joined(*found)


def times(found: Passages) -> list[float]:
    """Arrivals, of the first stop the departure, in seconds after eight."""
    result: list[float] = (np.where(found.call == 0, found.departure, found.arrival) - START).tolist()
    return result


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(40.0, 300.0), min_size=STOPS - 1, max_size=STOPS - 1),
    st.lists(st.floats(25.0, 60.0), min_size=3, max_size=12),
)
def test_every_stop_is_passed_once_between_the_reports_around_it(link_s: list[float], gaps: list[float]) -> None:
    at = np.append(0.0, np.cumsum(link_s))
    clock = np.append(-30.0, np.cumsum([gaps[i % len(gaps)] for i in range(120)]) - 30.0)
    clock = clock[: int(np.searchsorted(clock, at[-1])) + 2]
    place = np.interp(clock, at, np.arange(STOPS) * SPACING_M)
    found = passages(timetable(), list(zip(clock.tolist(), place.tolist(), strict=True)))
    assert found.call.tolist() == list(range(STOPS))
    for call, time in zip(found.call.tolist(), times(found), strict=True):
        seen = np.searchsorted(clock, at[call])
        # A vehicle within 30 m of a stop is at it, and is taken to leave as late as its next report allows.
        near = 30.0 / SPACING_M * max(link_s) + max(gaps)
        assert clock[max(seen - 1, 0)] - near <= time <= clock[min(seen, len(clock) - 1)] + near
    assert times(found) == sorted(times(found))
    assert (np.nan_to_num(found.departure, nan=np.inf) >= np.nan_to_num(found.arrival, nan=-np.inf)).all()


def test_one_who_drives_evenly_is_passed_to_the_second() -> None:
    found = passages(timetable(), [(float(t), t * SPACING_M / LINK_S) for t in range(-45, 461, 45)])
    assert times(found) == pytest.approx([0, 90, 180, 270, 360, 450], abs=12)


@pytest.mark.parametrize("stops_between", [2, 3])
def test_stops_between_two_reports_are_passed_in_proportion_to_the_timetable(stops_between: int) -> None:
    end = (stops_between + 0.5) * SPACING_M
    found = passages(timetable(), [(-30, 0), (0, 0), (45, 250), (45 + 2 * LINK_S * stops_between, end)])
    inside = times(found)[1:]
    assert np.diff(inside) == pytest.approx([2 * LINK_S] * (stops_between - 1), abs=8)


def test_uncertainty_grows_with_the_gap_between_reports() -> None:
    sharp = passages(timetable(), [(0, 0), (85, 475), (95, 540)])
    vague = passages(timetable(), [(0, 0), (10, 60), (300, 1450)])
    assert sharp.arrival_sd_s[1] < 12
    assert vague.arrival_sd_s[1] > 30


def test_a_report_of_standing_at_a_stop_sharpens_the_passage() -> None:
    def arrival_sd(status: int) -> tuple[float, float]:
        engine = Engine(timetable(dwell_s=20))
        found = []
        for after, place in ((0, 0), (60, 300), (100, 455), (140, 700), (200, 1000)):
            said = replace(
                report(START + after, place), stop_status=np.array([status if place == 455 else -1], np.int8),
                stop_sequence=np.array([2 if place == 455 else -1], np.int32),
            )  # fmt: skip
            found.append(engine.step(said, START + after).passages)
        calls = np.concatenate([p.call for p in found]).tolist()
        return (
            float(np.concatenate([p.arrival for p in found])[calls.index(1)]) - START,
            float(np.concatenate([p.arrival_sd_s for p in found])[calls.index(1)]),
        )

    said_so, unsaid = arrival_sd(STOPPED_AT), arrival_sd(-1)
    assert 60 < said_so[0] <= 100
    assert said_so[1] < unsaid[1]


def test_waiting_at_a_stop_is_dwell_not_driving() -> None:
    reports = [(0.0, 0.0), (85.0, 480.0), *((90.0 + 20 * i, 500.0) for i in range(10)), (320.0, 750.0), (380.0, 1060.0)]
    found = passages(timetable(), reports)
    at = found.call.tolist().index(1)
    assert found.arrival[at] - START == pytest.approx(88, abs=12)
    assert found.departure[at] - START == pytest.approx(290, abs=30)


def test_a_long_silence_tells_nothing() -> None:
    found = passages(timetable(), [(0, 0), (60, 300), (60 + 1000, 2000)])
    assert found.call.tolist() == [0]


def test_the_last_stop_is_passed_when_the_feed_turns_to_the_next_trip() -> None:
    tt = timetable(starts_s=(8 * 3600, 8 * 3600 + 600), back=True, block=True)
    engine = Engine(tt)
    for after, place in ((0, 0), (200, 1100), (400, 2200)):
        engine.step(report(START + after, place), START + after)
    found = engine.step(report(START + 470, 2490, trip=1), START + 470).passages
    assert found.trip.tolist() == [0]
    assert found.call.tolist() == [5]
    assert 400 < found.arrival[0] - START <= 470
    assert np.isnan(found.departure).all()
