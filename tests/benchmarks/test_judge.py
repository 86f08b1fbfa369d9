"""From files of predictions to figures, tables and the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy import baselines, tables, terminal
from benchmarks.accuracy.judging import MEDIAN, PUBLISHED, Judged, judge
from benchmarks.accuracy.page import write_section
from benchmarks.accuracy.result import Result
from benchmarks.accuracy.runs import Runs
from feeds.errors import FeedError
from predictor.timetable import Timetable
from tests.benchmarks.judged_networks import Stop, Trip, timetable_of

# What they look at is made once for all.
pytestmark = pytest.mark.xdist_group("judge")
DAY = 20151117
TIMES = (36000, 36300, 36600, 36900, 37200)


@pytest.fixture(scope="module")
def timetable() -> Timetable:
    stops = [Stop(f"s{i}", f"Stop {i}", lat=42.0 + i / 100, lon=-72.0 - i / 300) for i in range(5)]
    ids = tuple(s.stop_id for s in stops)
    trips = [Trip("a", "1", ids, TIMES), Trip("b", "1", ids, tuple(t + 1800 for t in TIMES))]
    return timetable_of(stops, [*trips, Trip("tram", "T", ids, (0, 300, 600, 900, 1200), by_headway=True)], [DAY])


@pytest.fixture(scope="module")
def runs(timetable: Timetable) -> Runs:
    """Bus x drives trip a one minute late all the way, exact but for the last call; tram t sets out at 11:00:10."""
    passages = pd.DataFrame(
        {
            "vehicle_id": ["x"] * 4 + ["t"] * 4, "trip": np.array([0] * 4 + [2] * 4, np.int32),
            "service_day": np.zeros(8, np.int32), "start_s": [np.nan] * 4 + [39610.0] * 4,
            "call": np.array([1, 2, 3, 4, 1, 2, 3, 4], np.int32),
            "time": timetable.date_origin[0] + np.array([36360, 36660, 36960, 37260, 39910, 40210, 40510, 40810.0]),
            "judged": [True, True, True, False, True, True, True, True],
        }
    )  # fmt: skip
    return Runs.of(passages.assign(known=passages.time), timetable)


def predictions(timetable: Timetable, *rows: tuple[float, str, int, str | None, float, str]) -> pd.DataFrame:
    """(made at, trip, stop sequence, vehicle, published, status); the median is 10 s later, the range ±60 s."""
    origin = float(timetable.date_origin[0])
    published = np.array([origin + r[4] for r in rows])
    return pd.DataFrame(
        {
            "made_at": [origin + r[0] for r in rows], "trip_id": [r[1] for r in rows], "start_date": str(DAY),
            "stop_sequence": np.array([r[2] for r in rows], np.int32), "stop_id": [f"s{r[2] - 1}" for r in rows],
            "vehicle_id": [r[3] for r in rows], "published": published, "p10": published - 50, "p50": published + 10,
            "p90": published + 70, "status": [r[5] for r in rows],
        }
    )  # fmt: skip


def judged(path: Path, runs: Runs, *rows: tuple[float, str, int, str | None, float, str]) -> Judged:
    predictions(runs.timetable, *rows).to_parquet(path / "predictions.parquet")
    return judge([path / "predictions.parquet"], runs, baselines.methods(runs, None, None))


def test_a_prediction_is_judged_by_the_passage_that_followed(runs: Runs, tmp_path: Path) -> None:
    found = judged(tmp_path, runs, (36400, "a", 3, "x", 36640, "live"), (36300, "a", 3, "x", 36600, "live"))
    assert found.horizon_s.tolist() == [360.0, 260.0]
    assert found.error_s[PUBLISHED].tolist() == [60.0, 20.0]
    assert found.error_s[MEDIAN].tolist() == [50.0, 10.0]
    assert found.p10_error_s.tolist() == [110.0, 70.0]
    assert found.error_s["schedule"].tolist() == [60.0, 60.0]
    assert found.error_s["schedule + delay"].tolist() == [60.0, 0.0]
    assert found.under_way.tolist() == [False, True]


def test_what_is_not_judged_is_counted(runs: Runs, tmp_path: Path) -> None:
    found = judged(
        tmp_path, runs,
        (36700, "a", 3, "x", 36710, "live"),
        (36000, "a", 5, "x", 37200, "live"),
        (36000, "b", 2, "x", 38100, "live"),
        (36000, "b", 2, None, 38100, "scheduled"),
        (34000, "a", 2, "x", 36300, "live"),
        (36000, "gone", 2, "x", 36100, "live"),
        (36000, "a", 9, "x", 36100, "live"),
        (36000, "a", 2, None, 36300, "cancelled"),
        (36000, "a", 2, "x", 36300, "live"),
    )  # fmt: skip
    assert dict(found.counts) == {
        "read": 9, "cancelled or skipped": 1, "trip, date or stop unknown": 2, "no passage known (live)": 2,
        "no passage known (scheduled)": 1, "passage not exact enough": 1, "over 30 minutes before": 1, "judged": 1,
    }  # fmt: skip


def test_a_scheduled_prediction_is_judged_by_whoever_drove_the_trip(runs: Runs, tmp_path: Path) -> None:
    found = judged(
        tmp_path, runs, (36000, "a", 2, None, 36300, "scheduled"), (36000, "a", 3, "stranger", 36600, "live")
    )
    assert found.error_s[PUBLISHED].tolist() == [60.0, 60.0]
    assert found.live.tolist() == [False, True]


def test_a_tram_without_a_timetable_is_judged_by_vehicle_and_stop(runs: Runs, tmp_path: Path) -> None:
    found = judged(tmp_path, runs, (40000, "tram", 3, "t", 40200, "live"), (40000, "tram", 3, None, 40100, "scheduled"))
    assert found.error_s[PUBLISHED].tolist() == [10.0]
    assert found.counts["no passage known (scheduled)"] == 1


def test_availability_asks_for_a_live_prediction_in_the_message_ten_minutes_before(runs: Runs, tmp_path: Path) -> None:
    messages = [(float(at), "b", 5, "y", 39000.0, "live") for at in range(35700, 40900, 30)]
    read = [
        (35760.0, "a", 2, "x", 36300.0, "live"),
        (36060.0, "a", 3, "x", 36600.0, "scheduled"),
        (36300.0, "a", 4, "x", 36900.0, "live"),
        (39900.0, "tram", 4, "t", 40500.0, "live"),
    ]
    found = judged(tmp_path, runs, *messages, *read)
    assert found.poll_s == 30.0
    assert runs.call[found.owed].tolist() == [1, 2, 3, 4, 1, 2, 3]
    assert runs.call[found.available].tolist() == [3, 1]
    assert runs.timetable.trip_id[runs.trip[runs.run[found.available]]].tolist() == ["tram", "a"]


def test_a_file_that_holds_no_predictions_is_refused_by_name(runs: Runs, tmp_path: Path) -> None:
    pd.DataFrame({"made_at": [1.0]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(FeedError, match=r"other\.parquet is no predictions file: it lacks p10"):
        judge([tmp_path / "other.parquet"], runs, {})


@pytest.fixture(scope="module")
def result(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Result:
    rows = [
        (float(at), "a", call + 1, "x", TIMES[call] + 60.0 + call * 15 - at % 7, "live" if at > 35900 else "scheduled")
        for at in range(35400, 36900, 30)
        for call in (1, 2, 3)
        if at < TIMES[call]
    ]
    found = judged(tmp_path_factory.mktemp("judged"), runs, *rows)
    return Result(
        network="Test", judged_days="2015-11-17", train_days="none", truth="reports", truth_counts={"stop reports": 9},
        judged=found, runs=runs, tables=tables.Tables.of(found, runs),
    )  # fmt: skip


def test_tables_hold_every_method_bucket_and_group(result: Result) -> None:
    methods = result.tables.methods
    of = methods[(methods.method == MEDIAN) & (methods.predictions_of == tables.LIVE)].set_index("bucket")
    assert of.predictions["all"] == of.predictions.drop("all").sum()
    weighted = (of.mae * of.predictions).drop("all").sum() / of.predictions["all"]
    assert of.mae["all"] == pytest.approx(weighted)
    groups = result.tables.groups
    overall = groups[(groups.dimension == "all") & (groups.method == MEDIAN) & (groups.bucket == "all")].iloc[0]
    assert overall.mae == pytest.approx(of.mae["all"], rel=1e-6)
    assert overall.eta == pytest.approx(of.eta["all"], rel=1e-6)
    for dimension in ("route", "stop", "hour", "day type", "stop size"):
        part = groups[(groups.dimension == dimension) & (groups.method == MEDIAN) & (groups.bucket == "all")]
        assert part.predictions.sum() == of.predictions["all"], dimension


def test_groups_are_named_as_riders_know_them(result: Result) -> None:
    assert result.by_group("route").index.tolist() == ["1"]
    assert result.by_group("day type").index.tolist() == ["weekday"]
    assert set(result.by_group("stop").index) == {"s1", "s2", "s3"}
    assert result.by_group("hour").index.tolist() == ["10"]


def test_json_and_parquet_hold_the_same_figures(result: Result, tmp_path: Path) -> None:
    result.write_json(tmp_path / "a.json")
    result.write_parquet(tmp_path / "a.parquet")
    document = json.loads((tmp_path / "a.json").read_text())
    table = pd.read_parquet(tmp_path / "a.parquet")
    written = table[(table.table == "methods") & (table.method == PUBLISHED) & (table.bucket == "all")]
    told = [r for r in document["methods"] if r["method"] == PUBLISHED and r["bucket"] == "all"]
    assert [r["mae"] for r in told if r["mae"] is not None] == pytest.approx(written.mae.dropna().tolist())
    assert document["predictions"]["judged"] == len(result.judged)


def test_the_terminal_names_all_methods(result: Result) -> None:
    from rich.console import Console

    console = Console(record=True, width=200)
    terminal.show(result, console)
    text = console.export_text()
    for name in ("schedule + delay", baselines.HINDSIGHT, MEDIAN, PUBLISHED, "smallest quarter", "ETA score"):
        assert name in text


def test_the_page_is_self_contained(result: Result) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.accuracy.report import page

    text = page(result)
    assert text.count("<svg") == 6
    assert MEDIAN in text
    assert "smallest quarter" in text
    for foreign in ("<script", "<link", "@import", 'src="http'):
        assert foreign not in text


def test_days_are_those_recorded_and_stretches_are_consecutive(timetable: Timetable, tmp_path: Path) -> None:
    main = pytest.importorskip("benchmarks.accuracy.recorded_days")
    for day in ("2015-11-17", "2015-11-18", "2015-11-23"):
        (tmp_path / f"vehicle_positions_{day}.parquet").touch()
    days = main.recorded_days(tmp_path, "2015-11-18..2015-11-30", timetable)
    assert days == [date(2015, 11, 18), date(2015, 11, 23)]
    assert main.stretches([date(2015, 11, 17), *days]) == [
        [date(2015, 11, 17), date(2015, 11, 18)],
        [date(2015, 11, 23)],
    ]
    with pytest.raises(FeedError, match=r"it has 2015-11-17\.\.2015-11-18, 2015-11-23"):
        main.recorded_days(tmp_path, "2016-01-01", timetable)
    with pytest.raises(FeedError, match="names no days"):
        main.recorded_days(tmp_path, "yesterday", timetable)


def test_a_networks_figures_by_day_take_the_place_of_its_own_on_a_page(result: Result, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_section(replace(result, network="another"), page)
    write_section(result, page)
    once = page.read_text()
    write_section(replace(result, network="another", truth="a better one"), page)
    text = page.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["another", result.network]
    assert "Truth: a better one." in text
    assert text.count("| 2015-11-17 | ") == once.count("| 2015-11-17 | ") == 2
    row = re.search(r"^\| 2015-11-17 \|.*$", text, re.MULTILINE)
    assert row is not None
    published = result.by_group("day").loc["2015-11-17"]
    assert f"| {published.predictions:.0f} | {published.eta:.3f} |" in row[0]
