"""What a start takes on the GTFS feed of a large region, read for the first time and from the cache; each in a process
of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.speed.figure import Figure
from benchmarks.speed.process_memory import peak_memory_mb
from benchmarks.speed.towns import DAY
from feeds.simulator import Simulator
from feeds.timetable import load_timetable

STOP_TIMES = 10_000_000
STOP_TIMES_A_TOWN = 33_900
"""Of the simulator, on a weekday."""


def starts(stop_times: int = STOP_TIMES) -> list[Figure]:
    """Read the feed of the simulator's towns, as many as have so many stop times."""
    with TemporaryDirectory() as folder:
        write_region(Path(folder), stop_times)
        return measured(Path(folder))


def write_region(folder: Path, stop_times: int) -> None:
    """The feed, as `gtfs.zip`."""
    Simulator(scale=-(-stop_times // STOP_TIMES_A_TOWN)).write_gtfs(folder / "gtfs.zip", DAY, 1)


def measured(folder: Path) -> list[Figure]:
    """The same of a feed that is there."""
    first, again = (_start(folder) for _ in range(2))
    work = f"a GTFS feed of {first['stop_times'] / 1e6:.1f} million stop times"
    return [
        Figure(f"{work}: first start", first["seconds"], "s", 90.0),
        Figure(f"{work}: its processor time", first["cpu_s"], "s CPU"),
        Figure(f"{work}: its peak memory", first["memory_mb"], "MB", 4000.0),
        Figure(f"{work}: start from the cache", again["seconds"], "s", 2.0),
        Figure(f"{work}: its peak memory then", again["memory_mb"], "MB"),
    ]


def _start(folder: Path) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.speed.starts", str(folder)], check=True, capture_output=True, text=True
    )
    timings: dict[str, float] = json.loads(done.stdout)
    return timings


def _load(folder: Path) -> dict[str, float]:
    began, cpu_began_s = time.perf_counter(), time.process_time()
    timetable = load_timetable(folder / "gtfs.zip", cache_dir=folder / "cache").timetable
    return {
        "stop_times": len(timetable.arrival_s),
        "seconds": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu_began_s,
        "memory_mb": peak_memory_mb(),
    }


if __name__ == "__main__":
    print(json.dumps(_load(Path(sys.argv[1]))))
