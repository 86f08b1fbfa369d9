"""One day of the demo city through engine and history, each of its calls judged, beside the truth."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.explain.score import RAN, UNCERTAIN
from feeds.alerts.decoding import decode_alerts
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from feeds.simulator import Simulator
from feeds.simulator.incidents import FEED_GAP
from feeds.timetable import load_timetable
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.arrays import Float64Array
from predictor.engine import Engine
from predictor.explain.judge import Judge
from predictor.explain.verdict import Verdict
from predictor.timetable import Timetable

_EDGE_S = 45.0
"""About a report's interval and its way: passages this near to the edge of a feed gap may be seen or not."""


def judged_day(
    seed: int, day: date, every_s: float, *, hours: tuple[float, float] = (4.5, 26.0), trip_ids: float = 1.0
) -> tuple[pd.Series, list[Verdict]]:
    """The true kind of each scheduled call between `hours` of the service day, and the verdict on it."""
    city = Simulator(seed=seed, trip_ids=trip_ids, operator_times=False)
    with tempfile.TemporaryDirectory() as folder:
        gtfs = Path(folder) / "gtfs.zip"
        city.write_gtfs(gtfs, day - timedelta(days=1), 3)
        timetable = load_timetable(gtfs, cache_dir=None).timetable
    index = timetable.date_index[int(f"{day:%Y%m%d}")]
    origin = float(timetable.date_origin[index])
    store = HistoryStore()
    drive(city, timetable, store, origin + hours[0] * 3600.0, origin + hours[1] * 3600.0, every_s)
    truth = true_kinds(city, day)
    scheduled = _scheduled(truth, timetable, origin)
    asked = truth[(scheduled > origin + hours[0] * 3600.0 + 1800.0) & (scheduled < origin + hours[1] * 3600.0 - 1800.0)]
    trips = asked.index.get_level_values(0).map(timetable.trip_index.__getitem__)
    calls = asked.index.get_level_values(1) - 1
    journeys = {(int(trip), index, 0) for trip in trips.unique()}
    evidence = store.evidence(timetable, journeys, origin + hours[0] * 3600.0, origin + hours[1] * 3600.0)
    judge = Judge(timetable, evidence)
    verdicts = [judge.verdict(int(t), index, int(c)) for t, c in zip(trips, calls, strict=True)]
    return asked, verdicts


def drive(
    city: Simulator, timetable: Timetable, store: HistoryStore, since: float, until: float, every_s: float
) -> None:
    """Follow the city's feeds, as the service does, and remember what happened."""
    engine = Engine(timetable)
    for now in np.arange(since, until, every_s).tolist():
        observations = decode_vehicle_positions(city.vehicle_positions(now), timetable, now)
        updates = decode_trip_updates(city.trip_updates(now), engine.timetable, now)
        snapshot = engine.step(observations, now, updates)
        store.take(Happened.of(snapshot, decode_alerts(city.alerts(now))))


def true_kinds(city: Simulator, day: date) -> pd.Series:
    """The incident that each scheduled call was lost to or, of one that was served, hidden by; indexed by trip_id and
    stop_sequence."""
    lost, served = city.lost_calls(day), city.true_passages(day)
    at = served["arrival"].where(served["stop_sequence"] > 1, served["departure"]).to_numpy()
    kind = np.full(len(served), RAN, object)
    for gap in (incident for incident in city.incidents(day) if incident.kind == FEED_GAP):
        kind[(at > gap.start - _EDGE_S) & (at < gap.end + _EDGE_S)] = UNCERTAIN
        kind[(at > gap.start + _EDGE_S) & (at < gap.end - _EDGE_S)] = FEED_GAP
    names = ["trip_id", "stop_sequence"]
    both = [lost.set_index(names)["kind"], pd.Series(kind, index=pd.MultiIndex.from_frame(served[names]))]
    kinds: pd.Series = pd.concat(both).sort_index()
    return kinds


def _scheduled(truth: pd.Series, tt: Timetable, origin: float) -> Float64Array:
    trip = truth.index.get_level_values(0).map(tt.trip_index.__getitem__).to_numpy()
    entry = tt.entry_of(trip, truth.index.get_level_values(1).to_numpy() - 1)
    return (origin + tt.arrival_s[entry]).astype(np.float64)
