"""`python -m benchmarks.ready_made`: train the network that comes with the package, in simulated towns.

A town each for reports every 30, 60 and 120 s, so that the network knows what the age of a report means. No recorded
network is among them: what is measured on those on their first day is measured on networks never seen.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
import typer
from rich.progress import track

from feeds.learned_file import write_learned
from feeds.simulator import Simulator
from feeds.timetable import load_timetable
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.arrays import Float32Array
from predictor.calibration import Calibration
from predictor.engine import Engine
from predictor.learned import Learned
from predictor.learner import Learner
from predictor.quantile_net import QuantileNet

FIRST_DAY = date(2026, 3, 2)
TOWNS = ((11, 30.0), (12, 60.0), (13, 120.0))
"""Seed and seconds between two reports of a vehicle."""
DAYS = 2
POLL_S = 30.0
HOURS = 21
ROWS = 1_500_000
EPOCHS = 4


def main(out: Annotated[Path, typer.Argument(help="File to write.")] = Path("feeds/ready_made.npz")) -> None:
    """Train the network and write it."""
    parts = [samples_of(seed, gap_s) for seed, gap_s in TOWNS]
    features, target = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    rows = np.random.default_rng(0).permutation(len(target))[:ROWS]
    net = QuantileNet.fit(features[rows], target[rows], epochs=EPOCHS)
    write_learned(out, Learned(net=net, calibration=Calibration()))
    print(f"{len(rows):,} samples, written: {out} ({out.stat().st_size:,} bytes)")


def samples_of(seed: int, gap_s: float) -> tuple[Float32Array, Float32Array]:
    """Features and targets from some days of one town that reports every `gap_s`."""
    town = Simulator(seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        gtfs = Path(folder) / "gtfs.zip"
        town.write_gtfs(gtfs, FIRST_DAY, DAYS)
        timetable = load_timetable(gtfs, cache_dir=None).timetable
    learner = Learner(capacity=10_000_000, seed=seed, lessons=False)
    engine = Engine(timetable, learner=learner)
    for n in range(DAYS):
        day = FIRST_DAY + timedelta(days=n)
        start = datetime(day.year, day.month, day.day, 4, 30, tzinfo=ZoneInfo(town.timezone)).timestamp()
        polls = np.arange(start, start + HOURS * 3600.0, POLL_S).tolist()
        for now in track(polls, f"town {seed}, day {n + 1}"):
            message = town.vehicle_positions(now - now % gap_s)
            engine.step(decode_vehicle_positions(message, timetable, now), now)
    return learner.samples()


if __name__ == "__main__":
    typer.run(main)
