"""Processor time that one step of the engine takes, at a number of vehicles: a clock on the wall tells of other work on
the machine too."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from api.service.service import one_matrix_thread
from feeds.learned_file import ready_made
from feeds.reading import Reading
from feeds.recording import open_recording
from feeds.simulator import Simulator
from feeds.timetable import load_timetable
from feeds.vehicle_positions import decode_vehicle_positions
from predictor.arrays import Float64Array
from predictor.engine import Engine
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable

DAY = date(2026, 11, 24)
VEHICLES_A_TOWN = 89
"""Of the simulator, at 8 o'clock on a weekday."""
POLL_S = 10.0
WARM_UP = 30
TIMED = 30


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


def simulated(vehicles: int) -> StepTimes:
    """Steps of the simulator's town, laid side by side until it has about so many vehicles."""
    towns = max(1, round(vehicles / VEHICLES_A_TOWN))
    simulator = Simulator(scale=towns, window=(7.9, 8.4))
    with tempfile.TemporaryDirectory() as folder:
        gtfs = Path(folder) / "gtfs.zip"
        simulator.write_gtfs(gtfs, DAY, 1)
        # As a service has it read: what reading takes is no memory of the engine's.
        timetable = load_timetable(gtfs, cache_dir=Path(folder) / "cache", to_be_served=True).timetable
    start = datetime(DAY.year, DAY.month, DAY.day, 8, tzinfo=ZoneInfo(simulator.timezone)).timestamp()
    decode_s: list[float] = []

    def frames() -> Iterator[tuple[float, Reading]]:
        for poll in range(WARM_UP + TIMED):
            now = start + poll * POLL_S
            data = simulator.vehicle_positions(now)
            began = time.process_time()
            observations = decode_vehicle_positions(data, timetable, now)
            decode_s.append(time.process_time() - began)
            yield now, Reading(observations)

    return _measured(f"simulator × {towns}", timetable, frames(), decode_s)


def recorded(folder: Path, at: str) -> StepTimes:
    """Steps of a recording around a local time."""
    timetable = load_timetable(folder / "gtfs.zip").timetable
    recording = open_recording(folder, timetable)
    middle = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(timetable.timezone)).timestamp()
    # An hour to follow the vehicles, then the polls that count.
    frames = recording.frames(middle - 3600.0, middle + TIMED * POLL_S, POLL_S)
    return _measured(folder.name, timetable, frames, [])


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
    )
