"""The step of the state before the engine was made faster, on the same messages in the same run: that state's own
packages, out of the project's history."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.speed.site import ROOT
from benchmarks.speed.steps import MESSAGES, TIMED
from benchmarks.speed.towns import POLL_S, STARTS_AT

COMMIT = "c47c3f2"
# In the names of that state: what is moved today is not moved there.
_STEPS = """
import json, sys, time
from pathlib import Path
import numpy as np
from threadpoolctl import threadpool_limits
from feeds.learned_file import ready_made
from feeds.reading import Reading
from feeds.timetable import load_timetable
from feeds.vehicle_positions import decode_vehicle_positions
from predictor.engine import Engine
folder, messages, timed, starts_at, poll_s = Path(sys.argv[1]), *json.loads(sys.argv[2])
timetable = load_timetable(folder / "gtfs.zip", cache_dir=None).timetable
engine, seconds = Engine(timetable, learned=ready_made()), []
with threadpool_limits(limits=1, user_api="blas"):
    for number in range(messages):
        now = starts_at + number * poll_s
        reading = Reading(decode_vehicle_positions((folder / f"{number}.pb").read_bytes(), timetable, now))
        began = time.process_time()
        engine.step(reading.observations, now, reading.trip_updates)
        seconds.append(time.process_time() - began)
print(1e3 * float(np.median(seconds[-timed:])))
"""


def step_before_ms(town: Path) -> float | None:
    """Its median, milliseconds of processor time; None where the project's history is not at hand."""
    git = shutil.which("git")
    archived = [git, "archive", COMMIT, "predictor", "feeds"] if git else ["false"]
    packed = subprocess.run(archived, cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    if packed.returncode:
        return None
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        told = json.dumps([MESSAGES, TIMED, STARTS_AT, POLL_S])
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _STEPS, str(town), told], check=True, stdout=subprocess.PIPE, text=True, cwd=folder,
            env={**os.environ, "PYTHONPATH": folder},
        )  # fmt: skip
    return float(done.stdout)
