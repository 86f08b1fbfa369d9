"""A recorded day replayed in a process of its own: seconds, peak memory, and whether every served stop had a board."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from api.command.replay import replay
from benchmarks.speed.process_memory import peak_memory_mb
from feeds.learned_file import ready_made
from feeds.recordings.recorded_span import day_begins, local_time
from feeds.recordings.recording import open_recording
from feeds.timetable import load_timetable
from predictor.engine import Engine
from predictor.snapshot import LIVE
from predictor.timetable import Timetable

POLL_S = 30.0
_AHEAD_S = 7200.0


@dataclass(frozen=True)
class WholeDay:
    """What was measured."""

    network: str
    day: str
    load_s: float
    """The timetable, from its cache where it was read before."""
    replay_s: float
    steps: int
    reports: int
    passages: int
    peak_memory_mb: float
    served_stops: int
    """Stops that the timetable serves while the day is recorded, and as far as boards look ahead then."""
    stops_with_board: int
    """Those of them whose board showed something at one of the day's polls."""
    stops_with_live: int
    """Those whose board showed a live prediction at one of them."""


def replayed(folder: Path, day: str) -> WholeDay:
    """Replay a day in a fresh process, so that its memory is its own."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", __name__, str(folder), day],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return WholeDay(**json.loads(done.stdout))


def written(folder: Path, day: str) -> tuple[float, float]:
    """Seconds of `prochain replay --predictions` of a day, and the most megabytes that it had resident."""
    with TemporaryDirectory() as written_to:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", __name__, str(folder), day, str(Path(written_to) / "predictions.parquet")],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    seconds, memory_mb = json.loads(done.stdout)
    return seconds, memory_mb


def _written(folder: Path, day: str, predictions: Path) -> tuple[float, float]:
    began = time.perf_counter()
    replay(folder, start=day, end=day, predictions=predictions, progress=False)
    return time.perf_counter() - began, peak_memory_mb()


def _replay(folder: Path, day: str) -> WholeDay:
    began = time.perf_counter()
    timetable = load_timetable(folder / "gtfs.zip").timetable
    loaded = time.perf_counter()
    recording = open_recording(folder, timetable)
    start, end = (
        local_time(day_begins(date.fromisoformat(day) + timedelta(days=n)), timetable.timezone) for n in (0, 1)
    )
    engine = Engine(timetable, learned=ready_made())
    shown, live = np.zeros(timetable.stops, bool), np.zeros(timetable.stops, bool)
    counts: dict[str, int] = {}
    seconds = 0.0
    first, last = max(start, recording.first_at), min(end, recording.last_at)
    for now, reading in recording.frames(first, last, POLL_S, engine.heed):
        before = time.perf_counter()
        snapshot = engine.step(reading.observations, now, reading.trip_updates)
        seconds += time.perf_counter() - before
        made = snapshot.predictions
        live[made.stop[made.status == LIVE]] = True
        shown[made.stop] = True
        calls = snapshot.unclaimed_calls(now, now + _AHEAD_S)
        shown[calls.stop] = True
        counts = dict(snapshot.counts)
    served = _served(timetable, first, last + _AHEAD_S)
    return WholeDay(
        network=folder.name, day=day, load_s=loaded - began, replay_s=seconds, steps=counts.get("steps", 0),
        reports=counts.get("reports_fresh", 0), passages=counts.get("passages", 0),
        peak_memory_mb=peak_memory_mb(),
        served_stops=int(served.sum()), stops_with_board=int((served & shown).sum()),
        stops_with_live=int((served & live).sum()),
    )  # fmt: skip


def _served(tt: Timetable, since: float, until: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(S,)"""
    served = np.zeros(tt.stops, bool)
    for day in np.flatnonzero((tt.date_origin > since - 2 * 86_400.0) & (tt.date_origin < until)).tolist():
        at = tt.date_origin[day] + tt.departure_s
        runs = tt.service_active[tt.trip_service, day][tt.call_trip]
        served[tt.call_stop[runs & (at >= since) & (at <= until)]] = True
    return served


if __name__ == "__main__":
    recorded, which = Path(sys.argv[1]), sys.argv[2]
    print(
        json.dumps(_written(recorded, which, Path(sys.argv[3])) if sys.argv[3:] else asdict(_replay(recorded, which)))
    )
