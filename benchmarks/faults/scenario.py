"""A scenario: what is done, what must be seen, and playing it for a verdict."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.faults.stage import Stage

KINDS = ("feeds", "timetables", "vehicles", "calendar", "files", "processes", "load")
"""Each has a file of its own."""


@dataclass(frozen=True)
class Scenario:
    """Something that goes wrong."""

    name: str
    kind: str
    """One of `KINDS`."""
    done: str
    """What is done, in words."""
    seen: str
    """What a rider or the operator must see."""
    play: Callable[[Stage], None]
    """Raises where something else is seen."""
    quick: bool = True
    """Whether it is played with the tests."""


@dataclass(frozen=True)
class Verdict:
    """What was seen of a scenario."""

    scenario: Scenario
    wrong: str
    """What was seen in place of what must be, "" where it holds."""
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether it was as it must be."""
        return not self.wrong


_ALL: dict[str, Scenario] = {}


def scenario(
    done: str, seen: str, *, quick: bool = True, name: str = ""
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Declare the function below to play a scenario of its file's kind, named as it is where no `name` is given.
    Parameters: those of `Scenario`."""

    def declare(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
        called = name or play.__name__.replace("_", " ")
        assert called not in _ALL, f"{called}: twice"
        _ALL[called] = Scenario(called, play.__module__.rpartition(".")[2], done, seen, play, quick)
        return play

    return declare


def scenarios() -> list[Scenario]:
    """All of them, kind by kind."""
    for kind in KINDS:
        import_module(f"benchmarks.faults.{kind}")
    return sorted(_ALL.values(), key=lambda found: KINDS.index(found.kind))


def played(found: Scenario) -> Verdict:
    """Play one in a folder of its own."""
    began, wrong = time.perf_counter(), ""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        try:
            with ExitStack() as held:
                stage = Stage(Path(folder), held)
                found.play(stage)
                stage.look_once_more()
        except AssertionError as error:
            wrong = str(error) or _where(error)
        except Exception as error:
            wrong = f"{type(error).__name__}: {error} ({_where(error)})"
    return Verdict(found, wrong, time.perf_counter() - began)


def _where(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}: {last.line}"
