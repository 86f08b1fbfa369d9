"""Processor time that one step of the engine takes, and its memory, at a number of vehicles: a clock on the wall tells
of other work on the machine too."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from api.command.unused_memory import give_back
from api.service.service import one_matrix_thread
from benchmarks.speed.process_memory import forget_peak, peak_memory_mb, resident_memory_mb
from benchmarks.speed.towns import POLL_S, STARTS_AT, VEHICLES_A_TOWN, Towns, message_file, timetable_of
from feeds.learned_file import ready_made
from feeds.reading import Reading
from feeds.recordings.recording import open_recording
from feeds.timetable import load_timetable
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.arrays import Float64Array
from predictor.engine import Engine
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable

WARM_UP, TIMED = 12, 12
MESSAGES = WARM_UP + TIMED


@dataclass(frozen=True)
class StepTimes:
    """What was measured on one network; milliseconds of processor time."""

    network: str
    vehicles: int
    stops: int
    trips: int
    predictions: int
    decode_ms: float
    step_median_ms: float
    step_p90_ms: float
    memory_mb: float
    """The most that timetable and engine had resident, beside what a process has anyway; NaN of a recording."""


def simulated(towns: Towns, vehicles: int) -> StepTimes:
    """Steps of the simulator's towns, in a process of their own."""
    small, folder = towns.of(VEHICLES_A_TOWN, MESSAGES), towns.of(vehicles, MESSAGES)
    command = [sys.executable, "-m", __name__, str(small), str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
    return StepTimes(**json.loads(done.stdout))


def recorded(folder: Path, at: str) -> StepTimes:
    """Steps of a recording around a local time."""
    timetable = load_timetable(folder / "gtfs.zip").timetable
    recording = open_recording(folder, timetable)
    middle = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(timetable.timezone)).timestamp()
    # An hour to follow the vehicles, then the polls that count.
    frames = recording.frames(middle - 3600.0, middle + TIMED * POLL_S, POLL_S)
    return _measured(folder.name, timetable, frames, [])


def _stepped(folder: Path) -> StepTimes:
    timetable = timetable_of(folder)
    decode_s: list[float] = []

    def frames() -> Iterator[tuple[float, Reading]]:
        for number in range(MESSAGES):
            data, now = message_file(folder, number).read_bytes(), STARTS_AT + number * POLL_S
            began = time.process_time()
            observations = decode_vehicle_positions(data, timetable, now)
            decode_s.append(time.process_time() - began)
            yield now, Reading(observations)

    return _measured("simulator", timetable, frames(), decode_s)


def _measured(
    name: str, timetable: Timetable, frames: Iterator[tuple[float, Reading]], decode_s: list[float]
) -> StepTimes:
    one_matrix_thread()
    engine = Engine(timetable, learned=ready_made())
    seconds: list[float] = []
    snapshot: Snapshot | None = None
    for now, reading in frames:
        began = time.process_time()
        snapshot = engine.step(reading.observations, now, reading.trip_updates)
        seconds.append(time.process_time() - began)
    if snapshot is None:
        raise ValueError(f"{name}: not one poll")
    steps: Float64Array = 1e3 * np.array(seconds[-TIMED:])
    return StepTimes(
        network=name,
        vehicles=len(snapshot.vehicles.vehicle_id),
        stops=timetable.stops,
        trips=timetable.trips,
        predictions=len(snapshot.predictions),
        decode_ms=1e3 * float(np.median(decode_s[-TIMED:])) if decode_s else float("nan"),
        step_median_ms=float(np.median(steps)),
        step_p90_ms=float(np.quantile(steps, 0.9)),
        memory_mb=float("nan"),
    )


def _main(small: Path, folder: Path) -> None:
    # What any process has: libraries, and the compiled loops.
    _stepped(small)
    gc.collect()
    give_back()
    forget_peak()
    before_mb = resident_memory_mb()
    times = _stepped(folder)
    print(json.dumps({**asdict(times), "memory_mb": peak_memory_mb() - before_mb}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
