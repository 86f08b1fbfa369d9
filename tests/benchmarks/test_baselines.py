"""What each method to beat would have said, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy import baselines
from benchmarks.accuracy.baselines import KalmanHistory, LinkMedians, Questions
from benchmarks.accuracy.runs import Runs
from predictor.timetable import Timetable
from tests.benchmarks.judged_networks import Stop, Trip, timetable_of

DAYS = [20151109, 20151110, 20151111, 20151112, 20151113]
TIMES = (36000, 36100, 36200, 36300)
Row = tuple[int, str, str, int, float]
"""Day number, vehicle, trip, call, seconds of the day."""


@pytest.fixture
def timetable() -> Timetable:
    stops = [Stop(f"s{i}", f"Stop {i}", lat=42.0 + i / 100) for i in range(4)]
    ids = tuple(s.stop_id for s in stops)
    first, second = Trip("a", "1", ids, TIMES), Trip("b", "1", ids, tuple(t + 1800 for t in TIMES))
    return timetable_of(stops, [first, second, Trip("tram", "2", ids, (0, 100, 200, 300), by_headway=True)], DAYS)


def runs_of(timetable: Timetable, *rows: Row, start_s: float = np.nan, told_after_s: float = 0.0) -> Runs:
    origin = timetable.date_origin
    return Runs.of(
        pd.DataFrame(
            {
                "vehicle_id": [r[1] for r in rows],
                "trip": np.array([timetable.trip_index[r[2]] for r in rows], np.int32),
                "service_day": np.array([r[0] for r in rows], np.int32),
                "start_s": start_s,
                "call": np.array([r[3] for r in rows], np.int32),
                "time": [float(origin[r[0]] + r[4]) for r in rows],
                "known": [float(origin[r[0]] + r[4] + told_after_s) for r in rows],
                "judged": True,
            }
        ),
        timetable,
    )


def whole(day: int, vehicle: str, trip: str, *times: float) -> list[Row]:
    return [(day, vehicle, trip, call, at) for call, at in enumerate(times)]


def ask(runs: Runs, cell: int, at: float, *, day: int = 0) -> Questions:
    """What is said of a cell at a second of a day."""
    made_at = np.array([float(runs.timetable.date_origin[day] + at)])
    return Questions.of(runs, made_at, np.array([cell]))


def seconds(runs: Runs, answer: np.ndarray, *, day: int = 0) -> float:
    return float(answer[0] - runs.timetable.date_origin[day])


def test_schedule_and_delay_at_the_last_passed_stop(timetable: Timetable) -> None:
    runs = runs_of(timetable, *whole(0, "x", "a", 36010, 36150, 36240, 36330))
    assert seconds(runs, baselines.schedule(runs, ask(runs, 3, 36160))) == 36300
    assert seconds(runs, baselines.schedule_and_delay(runs, ask(runs, 3, 36160))) == 36350
    assert seconds(runs, baselines.schedule_and_delay(runs, ask(runs, 3, 36149))) == 36310


def test_before_the_first_passage_there_is_only_the_schedule_and_nothing_lies_in_the_past(timetable: Timetable) -> None:
    runs = runs_of(timetable, *whole(0, "x", "a", 36110, 36250, 36340, 36430))
    assert seconds(runs, baselines.schedule_and_delay(runs, ask(runs, 1, 35900))) == 36100
    assert seconds(runs, baselines.schedule_and_delay(runs, ask(runs, 0, 36050))) == 36050


def test_a_passage_counts_from_the_report_that_tells_of_it(timetable: Timetable) -> None:
    runs = runs_of(timetable, *whole(0, "x", "a", 36010, 36150, 36240, 36330), told_after_s=25.0)
    asked = ask(runs, 3, 36160)
    assert seconds(runs, baselines.schedule_and_delay(runs, asked)) == 36310
    assert seconds(runs, baselines.methods(runs, None, None)[baselines.AT_ONCE](asked)) == 36350
    assert seconds(runs, baselines.schedule_and_delay(runs, ask(runs, 3, 36175))) == 36350


def test_a_trip_run_by_headway_has_no_schedule_but_its_run_times(timetable: Timetable) -> None:
    runs = runs_of(timetable, *whole(0, "t", "tram", 40000, 40120, 40220, 40320), start_s=39990.0)
    assert np.isnan(baselines.schedule(runs, ask(runs, 3, 40130))).all()
    assert seconds(runs, baselines.schedule_and_delay(runs, ask(runs, 3, 40130))) == 40320
    assert seconds(runs, baselines.schedule_and_delay(runs, ask(runs, 3, 39995))) == 40290


def test_the_operators_delay_counts_while_it_is_about_the_same_trip(timetable: Timetable) -> None:
    runs = runs_of(timetable, *whole(0, "x", "a", 36010, 36150, 36240, 36330), *whole(0, "y", "b", 37800, 37900))
    origin = int(timetable.date_origin[0])
    reports = pd.DataFrame(
        {
            "vehicle_id": ["x", "x", "x", "z"], "trip_id": ["a", "a", "b", "a"],
            "timestamp": [origin + 36050, origin + 36120, origin + 36200, origin + 36000],
            "agency_delay_min": np.array([1.0, 2.0, 9.0, 7.0], np.float32),
        }
    )  # fmt: skip
    assert seconds(runs, baselines.operator(runs, ask(runs, 3, 36040), reports)) == 36300
    assert seconds(runs, baselines.operator(runs, ask(runs, 3, 36060), reports)) == 36360
    assert seconds(runs, baselines.operator(runs, ask(runs, 3, 36130), reports)) == 36420
    assert seconds(runs, baselines.operator(runs, ask(runs, 3, 36210), reports)) == 36300


def test_link_medians_are_by_hour_then_over_all_then_the_timetables(timetable: Timetable) -> None:
    # Link 0: 100, 110, 300 in the hour of the trip; link 1: only twice then, once an hour later; link 2: never whole.
    trained = runs_of(
        timetable,
        *whole(0, "x", "a", 36000, 36100, 36160), *whole(1, "x", "a", 36000, 36110, 36180),
        *whole(2, "x", "a", 36000, 36300), (2, "y", "a", 1, 43200), (2, "y", "a", 2, 43290),
    )  # fmt: skip
    runs = runs_of(timetable, *whole(3, "x", "a", 36000, 36150, 36200, 36300))
    taken = LinkMedians.of(trained).on(runs)
    assert taken.tolist() == [110.0, 70.0, 100.0, 0.0]
    asked = ask(runs, 3, 36020, day=3)
    assert seconds(runs, baselines.along_links(runs, asked, taken), day=3) == 36280
    overdue = ask(runs, 3, 36140, day=3)
    assert seconds(runs, baselines.along_links(runs, overdue, taken), day=3) == 36310


def test_kalman_by_the_formula(timetable: Timetable) -> None:
    days = [whole(day, "x", "a", 36000, 36000 + ran) for day, ran in enumerate([90, 100, 110, 100])]
    trained = runs_of(timetable, *(row for day in days for row in day))
    history = KalmanHistory.of(trained)
    # Day 4 was judged with v of 90, 100, 110 and e = 100; what is left is e = v · gain for 100, 110, 100.
    v = np.var([90.0, 100.0, 110.0])
    error = v * (100 + v) / (100 + 2 * v)
    v = np.var([100.0, 110.0, 100.0])
    gain = (error + v) / (error + 2 * v)
    assert history.gain[0] == pytest.approx(gain)
    assert history.mean_s[0] == pytest.approx(310 / 3)
    assert (history.days[:3] == [3, 0, 0]).all()

    runs = runs_of(timetable, *whole(4, "w", "b", 35000, 35140), *whole(4, "x", "a", 36000, 36200, 36300, 36400))
    cell = int(runs.ptr[np.flatnonzero(runs.trip == 0)[0]]) + 1
    said = seconds(runs, baselines.kalman(runs, ask(runs, cell, 36010, day=4), history), day=4)
    assert said == pytest.approx(36000 + gain * 310 / 3 + (1 - gain) * 140)
    # The link after it was never driven on an earlier day: the timetable's time.
    beyond = seconds(runs, baselines.kalman(runs, ask(runs, cell + 1, 36010, day=4), history), day=4)
    assert beyond == pytest.approx(said + 100)


def test_kalman_under_three_days_is_the_mean_alone(timetable: Timetable) -> None:
    trained = runs_of(timetable, *whole(0, "x", "a", 36000, 36090), *whole(1, "x", "a", 36000, 36130))
    runs = runs_of(timetable, *whole(4, "w", "b", 35000, 35500), *whole(4, "x", "a", 36000, 36200))
    cell = int(runs.ptr[np.flatnonzero(runs.trip == 0)[0]]) + 1
    said = baselines.kalman(runs, ask(runs, cell, 36010, day=4), KalmanHistory.of(trained))
    assert seconds(runs, said, day=4) == pytest.approx(36110)


def test_kalman_answers_many_questions_as_it_answers_each(
    timetable: Timetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    monkeypatch.setattr(baselines, "_KALMAN_PAIRS", 4)
    days = [
        whole(day, "x", trip, *(start + np.cumsum([0, *rng.integers(60, 160, 3)])).tolist())
        for day in range(4)
        for trip, start in (("a", 36000), ("b", 37800))
    ]
    rows = [row for day in days for row in day]
    history, runs = KalmanHistory.of(runs_of(timetable, *rows[:-8])), runs_of(timetable, *rows[-8:])
    cell = rng.integers(0, 8, 60)
    made_at = timetable.date_origin[3] + rng.integers(35900, 38200, 60).astype(float)
    asked = Questions.of(runs, made_at, cell)
    together = baselines.kalman(runs, asked, history)
    alone = [
        baselines.kalman(runs, Questions(asked.made_at[[i]], cell[[i]], asked.last[[i]]), history)[0] for i in range(60)
    ]
    assert np.allclose(together, alone)


def test_no_method_but_the_schedule_answers_with_a_time_that_is_over(timetable: Timetable) -> None:
    rows = [*whole(0, "x", "a", 36010, 36150, 36240, 36330), *whole(0, "x", "b", 37900, 38000, 38150, 38400)]
    runs = runs_of(timetable, *rows)
    reports = pd.DataFrame({"vehicle_id": [], "trip_id": [], "timestamp": [], "agency_delay_min": []})
    cell = np.repeat(np.arange(8), 40)
    made_at = timetable.date_origin[0] + np.tile(np.linspace(35500, 38500, 40), 8)
    asked = Questions.of(runs, made_at, cell)
    found = baselines.methods(runs, runs, reports)
    assert list(found) == [
        "schedule", "schedule + delay", "operator", "link medians", "Kalman (TransitClock)", *baselines.MARKS,
    ]  # fmt: skip
    for name, method in found.items():
        if name != "schedule":
            assert (method(asked) >= made_at).all(), name


def test_hindsight_knows_the_run_times_of_the_hour_and_that_of_others_all_but_the_vehicles_own(
    timetable: Timetable,
) -> None:
    rows = [*whole(0, "x", "a", 36010, 36150, 36240, 36330), *whole(0, "y", "b", 37900, 38000, 38150, 38400)]
    runs = runs_of(timetable, *rows, *whole(1, "x", "a", 36000, 36400, 36800, 37200))
    of_all, of_others = baselines.hindsight_run_s(runs)
    assert of_all[[0, 1, 2]].tolist() == of_all[[4, 5, 6]].tolist() == [120.0, 120.0, 170.0]
    assert of_others[[0, 1, 2, 4, 5, 6]].tolist() == [100.0, 150.0, 250.0, 140.0, 90.0, 90.0]
    assert of_all[[8, 9, 10]].tolist() == [400.0, 400.0, 400.0]
    assert of_others[[8, 9, 10]].tolist() == [140.0, 150.0, 250.0], "the median of all where nobody else came"
