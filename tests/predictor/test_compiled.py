"""Compiled loops are kept on disk, and made anew when what they are made from changes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from predictor import compiled

_ROW = "from typing import NamedTuple\n\nclass {name}(NamedTuple):\n    {first}: int\n    {second}: int\n"
_LOOP = """from depot.calls import {name}
from predictor.compiled import compiled

@compiled
def leaves(row):
    return row.departure
"""


def test_a_loop_kept_on_disk_is_made_anew_once_the_types_that_it_takes_are_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    (tmp_path / "depot").mkdir()

    def installed(name: str, first: str, second: str) -> tuple[int, int]:
        """What the loop says of a departure at 2, and how many times it had to be compiled for that."""
        (tmp_path / "depot/calls.py").write_text(_ROW.format(name=name, first=first, second=second))
        (tmp_path / "depot/calls_loop.py").write_text(_LOOP.format(name=name))
        for module in ("depot", "depot.calls", "depot.calls_loop"):
            sys.modules.pop(module, None)
        # As in a new process.
        compiled._sources.cache_clear()
        importlib.invalidate_caches()
        loop: Any = importlib.import_module("depot.calls_loop").leaves
        row: Any = getattr(sys.modules["depot.calls"], name)
        return loop(row(**{"arrival": 1, "departure": 2})), sum(loop.stats.cache_misses.values())

    assert installed("Call", "arrival", "departure") == (2, 1)
    # In another file than the loop's.
    assert installed("Call", "departure", "arrival") == (2, 1)
    # A name that what is kept on disk speaks of is there no more, and the loop stands in the same line.
    assert installed("Visit", "departure", "arrival") == (2, 1)
    assert installed("Visit", "departure", "arrival") == (2, 0)
    assert len([*tmp_path.rglob("*.nbi")]) == 1
