"""`python -m benchmarks.faults.soak`: a day of the demo city through a whole service, as fast as the machine can, and
whether memory, open files and the times of answers stay what they are. The city is made in a process of its own: what
its days take is none of the service's."""

from __future__ import annotations

import gc
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
import typer

from api.app import create_app
from api.service.checkpoint import Checkpoint
from api.service.history_writer import HistoryWriter
from api.service.incoming_feeds import PolledFeeds
from api.service.service import Service
from benchmarks.field.city import HandClock
from benchmarks.field.in_process import InProcess
from feeds.history.store import HistoryStore
from feeds.simulator import Simulator
from feeds.timetable import load_timetable

DAY = date(2026, 11, 24)
VEHICLES_A_TOWN = 85
BOARDS = 5
"""Asked after each step, of other stops each time, beside a page, our TripUpdates and /readyz."""
MOST_MB_AN_HOUR, MOST_FILES_AN_HOUR, MOST_MS_AN_HOUR = 2.0, 0.2, 1.0
"""Steeper slopes are a leak: 48 MB a day, five files a day, 24 ms a day."""


@dataclass(frozen=True)
class Sample:
    """Figures of the time since the last sample."""

    hour: float
    """Simulated."""
    vehicles: int
    memory_mb: float
    samples_mb: float
    """Of it, what the learner's samples have taken at most: they grow to their bound within a day."""
    open_files: int
    step_ms: float
    """Median, as the next, of the processor's time: what else the machine does is left out."""
    board_ms: float


class Apart(BaseManager):
    """The process in which the city is made: `Simulator` is called there as it would be here."""

    Simulator: type[Simulator]


Apart.register("Simulator", Simulator)


class SimulatedSource:
    """One feed of the demo city, at whatever time is asked."""

    def __init__(self, name: str, simulator: Simulator) -> None:
        self.name = name
        self._tells = getattr(simulator, name)

    def fetch(self, now: float) -> bytes | None:
        """See `feeds.sources.source.Source`."""
        message: bytes = self._tells(now)
        return message


def main(
    vehicles: Annotated[int, typer.Option(help="At the morning peak.")] = 1000,
    hours: Annotated[float, typer.Option(help="Simulated; of two days the second is judged.")] = 48.0,
    start: Annotated[float, typer.Option(help="Hour of the day to begin at.")] = 4.0,
    every: Annotated[float, typer.Option(help="Simulated seconds between two steps.")] = 30.0,
) -> None:
    """Play the hours, print the figures and their slopes, and exit with 1 where one of them is not flat.

    Example: python -m benchmarks.faults.soak --vehicles 1000
    """
    logging.getLogger("prochain").setLevel(logging.ERROR)
    samples = list[Sample]()
    print(*(f"{column.name:>11}" for column in fields(Sample)))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, Apart(ctx=get_context("spawn")) as apart:
        simulator = apart.Simulator(scale=max(1, round(vehicles / VEHICLES_A_TOWN)))
        for sample in played(Path(folder), simulator, hours, start, every):
            print(*(f"{getattr(sample, column.name):11,.1f}" for column in fields(Sample)), flush=True)
            samples.append(sample)
    slopes = slopes_of(samples)
    limits = (MOST_MB_AN_HOUR, MOST_FILES_AN_HOUR, MOST_MS_AN_HOUR, MOST_MS_AN_HOUR)
    for (name, slope), limit in zip(slopes.items(), limits, strict=True):
        print(f"{name}: {slope:+.2f} an hour (at most {limit}): {'flat' if slope <= limit else 'NOT FLAT'}")
    sys.exit(any(slope > limit for slope, limit in zip(slopes.values(), limits, strict=True)))


def played(folder: Path, simulator: Simulator, hours: float, start: float, every_s: float) -> Iterator[Sample]:
    """A sample each simulated half hour, as soon as it is taken."""
    simulator.write_gtfs(folder / "gtfs.zip", DAY, 3)
    timetable = load_timetable(folder / "gtfs.zip", cache_dir=None).timetable
    begin = datetime(DAY.year, DAY.month, DAY.day, tzinfo=ZoneInfo(Simulator.timezone)).timestamp() + 3600.0 * start
    clock = HandClock(begin)
    names = ("vehicle_positions", "trip_updates", "alerts")
    feeds = PolledFeeds(*(SimulatedSource(name, simulator) for name in names), every_s=0.0, in_step=True, clock=clock)
    checkpoint = Checkpoint(folder / "learned.npz")
    history = HistoryWriter(HistoryStore(folder / "history"))
    service = Service(timetable, feeds, clock, history=history, checkpoint=checkpoint)
    client = InProcess(create_app(service))
    stops = timetable.stop_id[np.unique(timetable.call_stop)]
    random, samples_mb = np.random.default_rng(1), 0.0
    step_s, board_s, told_at = list[float](), list[float](), begin
    while clock.at < begin + 3600.0 * hours:
        clock.at += every_s
        began = time.thread_time()
        service.step(clock.at)
        step_s.append(time.thread_time() - began)
        for stop in random.choice(stops, BOARDS):
            began = time.process_time()
            assert client.get(f"/v1/stops/{stop}/departures").status_code == 200
            board_s.append(time.process_time() - began)
        for address in (f"/stops/{random.choice(stops)}", "/gtfs-rt/trip-updates", "/readyz"):
            client.get(address)
        if clock.at - told_at >= 1800.0:
            told_at = clock.at
            checkpoint.offer(service.learned())
            gc.collect()
            sample = _sample((clock.at - begin) / 3600.0, service, step_s, board_s, samples_mb)
            samples_mb = sample.samples_mb
            yield sample
            step_s.clear()
            board_s.clear()
    assert service.step_failures == 0, f"{service.step_failures} steps failed"
    service.stop()


def _sample(hour: float, service: Service, step_s: list[float], board_s: list[float], samples_mb: float) -> Sample:
    status = Path("/proc/self/status").read_text()
    samples = service._engine._learner.samples()
    return Sample(
        hour=hour,
        vehicles=len(service.snapshot.vehicles),
        memory_mb=int(status.split("VmRSS:")[1].split()[0]) / 1024,
        samples_mb=max(samples_mb, sum(array.nbytes for array in samples) / 2**20),
        open_files=len(list(Path("/proc/self/fd").iterdir())),
        step_ms=1000.0 * float(np.median(step_s)),
        board_ms=1000.0 * float(np.median(board_s)),
    )


def slopes_of(samples: list[Sample]) -> dict[str, float]:
    """By how much each figure grows in an hour, over the second half: caches are filled by then.

    Of memory, less what the samples take, and of files it is the median of the slopes between any two (Theil-Sen):
    neither a moment's peak nor how many vehicles there are decides. Times follow the number of vehicles: it is allowed
    for by least squares.
    """
    half = samples[len(samples) // 2 :]
    hour = np.array([sample.hour for sample in half])
    later, sooner = np.nonzero(hour[:, None] > hour)
    slopes = {}
    for name in ("memory_mb", "open_files"):
        own = [getattr(sample, name) - (sample.samples_mb if name == "memory_mb" else 0.0) for sample in half]
        figures = np.array(own, float)
        slopes[name] = float(np.median((figures[later] - figures[sooner]) / (hour[later] - hour[sooner])))
    known = np.array([[1.0, sample.hour, sample.vehicles] for sample in half])
    for name in ("step_ms", "board_ms"):
        figures = np.array([getattr(sample, name) for sample in half], float)
        slopes[name] = float(np.linalg.lstsq(known, figures, rcond=None)[0][1])
    return slopes


if __name__ == "__main__":
    typer.run(main)
