"""The history: what was said to be saved outlives a crash, and nothing is remembered for ever."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from feeds.alerts.alert import Alert, Selector, TripSelector
from feeds.errors import FeedError
from feeds.history.alert_json import alert_from_json, alert_to_json
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from predictor.engine import Engine
from predictor.explain.evidence import Evidence
from predictor.explain.judge import Judge
from predictor.explain.verdict import Verdict
from predictor.journeys import call_key, journey_key
from predictor.passages import Passages
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable
from tests.predictor.small_network import LAT, LINK_S, ORIGIN, SPACING_M, report, timetable

START = ORIGIN + 8 * 3600
NETWORK = timetable(block=True)
WORKS = Alert(
    alert_id="works", cause="CONSTRUCTION", effect="DETOUR", header={"fr": "Travaux"},
    selectors=(Selector(route_id=str(NETWORK.route_id[0])),),
)  # fmt: skip


def one_trip(
    tt: Timetable = NETWORK, start: float = START, alerts: tuple[Alert, ...] = (), trip: int = 0
) -> list[Happened]:
    """The first trip on time, a step every 15 s; then ten minutes at its end."""
    return [Happened.of(snapshot, alerts) for snapshot in driven(tt, start, trip)]


@lru_cache
def driven(tt: Timetable, start: float, trip: int) -> tuple[Snapshot, ...]:
    """What the engine says of it at each step."""
    engine, snapshots = Engine(tt), []
    for seconds in range(-60, 5 * LINK_S + 600, 15):
        metres = min(max(seconds, 0) * SPACING_M / LINK_S, 5 * SPACING_M)
        snapshots.append(engine.step(report(start + seconds, metres, trip=trip), start + seconds))
    return tuple(snapshots)


def remember(store: HistoryStore, steps: list[Happened]) -> None:
    for step in steps:
        store.take(step)


def evidence(store: HistoryStore, tt: Timetable = NETWORK) -> Evidence:
    return store.evidence(tt, {(0, 1, 0)}, START, START + 5 * LINK_S)


def verdict(store: HistoryStore, call: int, trip: int = 0, tt: Timetable = NETWORK) -> Verdict:
    return Judge(tt, evidence(store, tt)).verdict(trip, 1, call)


def told(store: HistoryStore) -> list[tuple[str, float]]:
    verdicts = [verdict(store, call) for call in range(6)]
    return [(one.outcome, round(one.deviation_s)) for one in verdicts]


def test_what_happened_is_told_before_anything_was_put_down(tmp_path: Path) -> None:
    for store in (HistoryStore(), HistoryStore(tmp_path)):
        remember(store, one_trip())
        assert all(outcome == "on_time" and abs(late_s) < 20 for outcome, late_s in told(store))


def test_nothing_is_claimed_while_nobody_was_watching(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path)
    assert verdict(store, 2).cause == "no_records"
    for step in one_trip():
        nobody = replace(step, feed_alive_at=float("nan"), passages=Passages.empty())
        store.take(nobody)
    store.flush()
    assert verdict(HistoryStore(tmp_path), 2).cause == "no_records"
    remember(store, one_trip(start=START))
    store.flush()
    assert all(outcome == "on_time" for outcome, _ in told(HistoryStore(tmp_path)))


def test_a_crash_loses_nothing_that_was_said_to_be_saved(tmp_path: Path) -> None:
    store, steps = HistoryStore(tmp_path), one_trip(alerts=(WORKS,))
    remember(store, steps)
    store.flush()
    before, traces = told(store), evidence(store).traces
    again = HistoryStore(tmp_path)
    assert told(again) == before
    assert sorted(evidence(again).traces.since.tolist()) == sorted(traces.since.tolist())
    assert [(alert.alert_id, since) for alert, since, _ in again.alerts(START, START + 60)] == [("works", steps[0].at)]
    assert again.until == steps[-1].at


def test_a_restart_goes_on_and_tells_the_time_that_it_was_down(tmp_path: Path) -> None:
    steps = one_trip()
    before, after = steps[:10], steps[30:]
    store = HistoryStore(tmp_path)
    remember(store, before)
    store.close()
    again = HistoryStore(tmp_path)
    remember(again, after)
    (gap,) = evidence(again).gaps
    assert (gap.since, gap.until, gap.watched) == (before[-1].at, after[0].at, False)
    missing = verdict(again, 2)
    assert (missing.outcome, missing.cause) == ("not_seen", "feed_gap")
    again.close()
    assert [(gap.since, gap.until) for gap in evidence(HistoryStore(tmp_path)).gaps] == [(gap.since, gap.until)]


def test_what_the_operator_says_is_kept_from_first_to_last(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path)
    second = journey_key(np.array([1], np.int32), np.array([1], np.int32))
    nothing, skip = (
        np.empty(0, np.int64),
        call_key(journey_key(np.array([1], np.int32), np.array([0], np.int32)), np.array([3])),
    )
    for i, step in enumerate(one_trip()[:30]):
        store.take(replace(step, cancelled=second if i >= 5 else nothing, skipped=skip if 10 <= i < 20 else nothing))
        if i == 12:
            store.flush()
    while_it_goes_on = evidence(store).cancellations
    store.flush()
    for said in (while_it_goes_on, evidence(HistoryStore(tmp_path)).cancellations):
        spans = sorted((one.trip, one.call, one.since - START, one.until - START) for one in said)
        assert spans == [(0, 3, 90.0, 225.0), (1, -1, 15.0, 375.0)]


def test_another_timetable_neither_hides_nor_mixes_up_what_was(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path)
    remember(store, one_trip())
    store.close()
    new = replace(NETWORK, feed_version="new", trip_id=np.array(["t1", "t9"]))
    again = HistoryStore(tmp_path)
    assert again.timetable_at(START, new).feed_version == "test"
    assert len(again.evidence(new, {(1, 1, 0)}, START, START + 600).passages) == 0
    assert all(outcome == "on_time" for outcome, _ in told(again))


def test_what_is_older_than_the_retention_is_dropped(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path, retention_days=2)
    steps = one_trip(alerts=(WORKS,))
    remember(store, steps)
    store.flush()
    later = replace(steps[-1], at=steps[-1].at + 4 * 86_400, feed_alive_at=steps[-1].at + 4 * 86_400, alerts=())
    store.take(later)
    store.flush()
    assert verdict(store, 2).cause == "no_records"
    assert store.alerts(START, START + 600) == []
    assert not list(tmp_path.glob("passages_*"))


def test_the_memory_holds_the_last_day_only() -> None:
    store = HistoryStore()
    steps = one_trip()
    remember(store, steps)
    store.flush()
    store.take(replace(steps[-1], at=steps[-1].at + 3 * 86_400, feed_alive_at=steps[-1].at + 3 * 86_400))
    store.flush()
    assert verdict(store, 2).cause == "no_records"


def test_it_is_remembered_whether_a_trip_was_named_or_found(tmp_path: Path) -> None:
    named, found = HistoryStore(tmp_path / "named"), HistoryStore(tmp_path / "found")
    remember(named, one_trip())
    remember(found, one_trip(trip=-1))
    for store in (named, found):
        store.flush()
    assert evidence(named).passages.named.all()
    assert len(evidence(found).passages) > 0
    assert not evidence(found).passages.named.any()
    assert not evidence(found).traces.named.any()


def test_who_named_no_trip_and_was_on_the_line_is_evidence_too() -> None:
    store = HistoryStore()
    engine = Engine(NETWORK)
    for seconds in range(0, 300, 15):
        seen = report(START + seconds, 1000.0 + seconds, trip=-1, vehicle="mute", lat=LAT + 0.002)
        store.take(Happened.of(engine.step(seen, START + seconds)))
    assert set(evidence(store).traces.vehicle_id.tolist()) == {"mute"}


def test_older_files_that_do_not_say_whether_a_trip_was_named_are_read_and_joined_with_new_ones(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path)
    remember(store, one_trip())
    store.flush()
    whole = told(store)
    parts = [path for path in tmp_path.rglob("*.parquet") if "named" in pq.read_schema(path).names]
    assert parts
    for path in parts:
        pq.write_table(pq.read_table(path).drop_columns("named"), path)
    again = HistoryStore(tmp_path)
    assert told(again) == whole
    assert evidence(again).passages.named.all()
    later = one_trip(start=START + 1200, trip=1)
    remember(again, [replace(step, at=step.at + 1.0) for step in later])
    again.close()
    assert told(HistoryStore(tmp_path)) == whole
    assert len(list(tmp_path.glob("passages_*.parquet"))) == 1


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store = HistoryStore(tmp_path)
    remember(store, one_trip())
    with monkeypatch.context() as patch:
        patch.setattr("feeds.storage.daily_parquet.whole_file", full_disk)
        with pytest.raises(FeedError, match="No space left"):
            store.flush()
    store.flush()
    assert all(outcome == "on_time" for outcome, _ in told(HistoryStore(tmp_path)))


def test_a_folder_of_no_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "register.sqlite").mkdir()
    with pytest.raises(FeedError, match=r"register\.sqlite"):
        HistoryStore(tmp_path)


def test_an_alert_is_read_back_as_it_was_and_so_is_what_earlier_versions_wrote() -> None:
    trip = TripSelector("T1", start_date="20260302", start_time="08:00:00")
    selectors = Selector(route_id="r", direction_id=1), Selector(agency_id="a", route_type=3), Selector(trip=trip)
    alert = replace(WORKS, selectors=selectors, active=((5.0, math.inf),), impact=((6.0, 7.0),), severity="SEVERE")
    assert alert_from_json("works", alert_to_json(alert)) == alert
    before = {
        "cause": "STRIKE", "effect": "NO_SERVICE", "header": {"": "x"}, "description": {}, "url": {},
        "active": [[0, None]], "routes": ["r"], "stops": [], "trips": ["T1"], "whole_network": False,
    }  # fmt: skip
    read = alert_from_json("old", json.dumps(before))
    assert read.selectors == (Selector(route_id="r"), Selector(trip=TripSelector("T1")))
    assert read.active == ((0.0, math.inf),)
    at_stops = alert_from_json("old", json.dumps({**before, "stops": ["s"], "trips": []}))
    assert at_stops.selectors == (Selector(stop_id="s"),)
    assert alert_from_json("old", json.dumps({**before, "whole_network": True})).selectors == (Selector(),)
