"""The fuzzer that coverage leads finds nothing in the few tries a suite has time for; `make fuzz` gives it more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.effort import EFFORT

pytest.importorskip("atheris", reason="there is none for this Python")


@pytest.mark.parametrize("target", ["protobuf", "gtfs", "parquet", "learned"] if EFFORT > 1 else ["protobuf"])
def test_nothing_ends_a_reader(target: str, tmp_path: Path) -> None:
    bound = [f"-max_total_time={EFFORT}"] if EFFORT > 1 else ["-runs=400", "-seed=1"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.coverage_guided", target, *bound, "-rss_limit_mb=4096",
         "-timeout=60", f"-artifact_prefix={tmp_path}/"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    assert "Done" in run.stderr
