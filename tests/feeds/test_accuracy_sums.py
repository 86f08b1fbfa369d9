"""The service's own scores are those that the judge gives to the same predictions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.accuracy import truth
from benchmarks.accuracy.judging import PUBLISHED, Judged, judge
from benchmarks.accuracy.recorded_days import judge as judge_days
from benchmarks.accuracy.runs import Runs
from benchmarks.accuracy.tables import ALL, Tables
from feeds.history.accuracy_sums import BY_HOUR, CALLS, FILE, OPERATOR, OURS, AccuracySums
from feeds.history.happened import Happened
from feeds.recordings.replay_tables import passed_table, predictions_table
from feeds.simulator import Simulator
from feeds.timetable import load_timetable
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.accuracy.samples import AHEAD_S
from predictor.accuracy.tally import BUCKETS, FIGURES, SUMS, figures_of
from predictor.engine import Engine
from predictor.timetable import Timetable

DAY = date(2025, 11, 18)
DAY_NUMBER = 20251118
# A simulated town's two hours are driven once for all.
pytestmark = pytest.mark.xdist_group("accuracy sums")


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Timetable, Judged, Runs]:
    """Two hours of a simulated town, a step a minute: scored as the service does, and written down and judged."""
    folder = tmp_path_factory.mktemp("hour")
    city = Simulator(seed=5, window=(11.3, 13.0))
    city.write_gtfs(folder / "gtfs.zip", DAY - timedelta(days=1), 3)
    tt = load_timetable(folder / "gtfs.zip", cache_dir=None).timetable
    engine, sums, steps = Engine(tt), AccuracySums(folder / FILE), list[Happened]()
    boards, passages = list[pa.Table](), list[pa.Table]()
    begin = float(tt.date_origin[tt.date_index[DAY_NUMBER]]) + 11.5 * 3600.0
    for now in np.arange(begin, begin + 7800.0, 60.0).tolist():
        updates = decode_trip_updates(city.trip_updates(now), engine.timetable, now)
        snapshot = engine.step(decode_vehicle_positions(city.vehicle_positions(now), tt, now), now, updates)
        boards.append(predictions_table(snapshot, AHEAD_S))
        passages.append(passed_table(snapshot.timetable, snapshot.passages))
        steps.append(Happened.of(snapshot, updates=updates, sampled=True))
        sums.take(steps[-1])
        if len(steps) % 40 == 0:
            sums.flush()
    sums.flush()
    sums.close()
    pq.write_table(pa.concat_tables(boards).unify_dictionaries(), folder / "predictions.parquet")
    pq.write_table(pa.concat_tables(passages).unify_dictionaries(), folder / "passages.parquet")
    own = truth._own_passages(folder / "passages.parquet")
    reports = own.rename(columns={"arrival": "timestamp"})[["vehicle_id", "timestamp"]].dropna()
    runs = Runs.of(truth.from_passages(own, reports, tt, [DAY_NUMBER]).passages, tt)
    return folder, tt, judge([folder / "predictions.parquet"], runs, {}), runs


@pytest.fixture(scope="module")
def groups(hour: tuple[Path, Timetable, Judged, Runs]) -> pd.DataFrame:
    """What the judge gives to each group."""
    _, _, judged, runs = hour
    return Tables.of(judged, runs).groups


@pytest.mark.parametrize(("by", "dimension"), [("all", "all"), ("line", "route"), ("hour", "hour"), ("stop", "stop")])
def test_the_live_scores_are_those_of_the_judge(
    hour: tuple[Path, Timetable, Judged, Runs], groups: pd.DataFrame, by: str, dimension: str
) -> None:
    folder, tt, _, _ = hour
    rows = groups[(groups.dimension == dimension) & (groups.method == PUBLISHED) & (groups.bucket == ALL)].set_index(
        "group"
    )
    found = [sums for sums in AccuracySums(folder / FILE).read(DAY_NUMBER, DAY_NUMBER, by) if sums.source == OURS]  # type: ignore[arg-type]
    scored = [sums for sums in found if sums.predictions.any()]
    assert len(scored) == len(rows) > 0
    for sums in scored:
        name = {"all": "all", "hour": sums.group.zfill(2)}.get(by, sums.group)
        if by == "line":
            name = str(tt.route_short_name[tt.route_index[sums.group]])
        _, figures = figures_of(sums.predictions)
        expected = rows.loc[name]
        assert sums.predictions[:, SUMS.index("predictions")].sum() == expected.predictions
        for figure in FIGURES:
            # In the file times are rounded to the millisecond: of a few hundred, one may fall to the other side.
            off = 1e-3 + 1.0 / float(sums.predictions[:, 0].sum())
            assert figures[figure] == pytest.approx(expected[figure], abs=off, nan_ok=True), figure


def test_scheduled_calls_are_complete_where_riders_were_told(hour: tuple[Path, Timetable, Judged, Runs]) -> None:
    ours, operator = AccuracySums(hour[0] / FILE).read(DAY_NUMBER, DAY_NUMBER)
    assert (ours.source, operator.source) == (OURS, OPERATOR)
    of = dict(zip(CALLS, ours.calls.tolist(), strict=True))
    assert (hour[2].scheduled_calls, hour[2].complete_calls) == (of["scheduled"], of["complete"])
    assert of["scheduled"] > 500
    assert 0.8 < of["complete"] / of["scheduled"] < 1.0
    assert of["passed"] >= of["early"] + of["on_time"] + of["late"] > 0
    assert operator.predictions[:, 0].sum() > 1000


def test_a_line_that_is_predicted_much_worse_than_on_other_days_is_told(
    hour: tuple[Path, Timetable, Judged, Runs],
) -> None:
    _, tt, _, _ = hour
    sums, quiet = AccuracySums(None), AccuracySums(None)
    days = tt.date.tolist()
    wide = replace(tt, date=np.arange(20251111, 20251119, dtype=np.int32),
                   date_origin=(tt.date_origin[0] + 86_400 * np.arange(-6, 2)).astype(np.int64))  # fmt: skip
    assert days[0] == 20251117
    for day in wide.date.tolist():
        for store, within in ((sums, 50.0 if day == DAY_NUMBER else 90.0 + day % 2), (quiet, 88.0 + day % 2)):
            part = np.zeros((BUCKETS, len(SUMS)))
            part[:4, SUMS.index("predictions")], part[:4, SUMS.index("eta")] = 100.0, within
            store._named[(BY_HOUR, day, "A", "", 11, OURS)] = part, np.zeros(len(CALLS))
    for store, worse in ((sums, [("A", 0.5, 0.9)]), (quiet, [])):
        store.flush()
        store._timetable, store._at = wide, float(wide.date_origin[-1]) + 12.5 * 3600.0
        store.look()
        assert [(line.route_id, line.score, round(line.usual, 1)) for line in store.recent.worse] == worse
        assert len(store.recent.lines) == 1


def test_a_folder_of_tides_vehicle_locations_alone_is_judged(
    hour: tuple[Path, Timetable, Judged, Runs], tmp_path: Path
) -> None:
    folder, _, judged, _ = hour
    (tmp_path / "gtfs.zip").write_bytes((folder / "gtfs.zip").read_bytes())
    passed = truth._own_passages(folder / "passages.parquet").dropna(subset=["arrival"])
    at = pd.to_datetime(passed.arrival, unit="s", utc=True).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    pd.DataFrame(
        {"location_ping_id": np.arange(len(passed)), "service_date": f"{DAY}", "event_timestamp": at,
         "vehicle_id": passed.vehicle_id, "latitude": 47.4, "longitude": 0.7}
    ).to_csv(tmp_path / "vehicle_locations.csv", index=False)  # fmt: skip
    result = judge_days(
        tmp_path, f"{DAY}", predictions=[folder / "predictions.parquet"], passages=[folder / "passages.parquet"]
    )
    assert result.judged_days == f"{DAY}"
    assert len(result.judged) == len(judged)
    assert set(result.judged.error_s) >= {"schedule", "schedule + delay", PUBLISHED}
