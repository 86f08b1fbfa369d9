"""What `prochain check` found, in plain words on the console."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.command.log_lines import one_line
from api.reading.health import Fault
from api.words.health import fault_words
from feeds.errors import Problem
from predictor.observations import Observations
from predictor.snapshot import VEHICLE_STATES, Snapshot

_STATE_WORDS = {
    "unmatched": "match no trip: no trip_id of this timetable, and no trip that fits where and when they are",
    "in_service": "run a trip",
    "layover": "wait for their trip to begin, or have ended it",
    "deadhead": "are away from their line, before or after a trip",
    "off_route": "are on a trip but away from its line",
}


def print_name(console: Console, name: str, what: str) -> None:
    """What comes from a feed is no markup."""
    console.print(Text.assemble((one_line(name), "bold"), f": {one_line(what)}"))


def print_faults(console: Console, faults: Iterable[Fault]) -> None:
    """What the health of a service would say."""
    for fault in faults:
        print_warning(console, fault_words(fault))


def print_warning(console: Console, words: str) -> None:
    """One fault in words."""
    console.print(Text(one_line(words), "yellow"))


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """What is wrong with a timetable or a recording, as a table."""
    kinds = "1 kind" if len(problems) == 1 else f"{len(problems)} kinds"
    console.print(f"\n{kinds} of faults; each was mended or skipped as it says:\n")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("file", no_wrap=True)
    table.add_column("first row", justify="right", no_wrap=True)
    table.add_column("id", overflow="fold")
    table.add_column("times", justify="right", no_wrap=True)
    table.add_column("what is wrong", overflow="fold", ratio=1)
    for problem in problems:
        row = "" if problem.row is None else f"{problem.row:,}"
        file, entity_id, message = (
            Text(one_line(words)) for words in (problem.file, problem.entity_id, problem.message)
        )
        table.add_row(file, row, entity_id, f"{problem.count:,}", message)
    console.print(table)
    console.print()


def print_vehicles(console: Console, observations: Observations, snapshot: Snapshot) -> None:
    """What became of vehicles, in numbers."""
    known = int((observations.trip >= 0).sum())
    console.print(f"{known:,} of {len(observations):,} reports name a trip of this timetable.")
    if joined := snapshot.counts.get("reports_joined", 0):
        console.print(f"{joined:,} others are of vehicles to which the trip updates give one.")
    if not len(snapshot.vehicles.state) and not len(snapshot.predictions):
        console.print("No vehicle can be used: nothing is predicted.")
        return
    console.print("Of the vehicles,")
    state = np.bincount(snapshot.vehicles.state, minlength=len(VEHICLE_STATES))
    for name, count in zip(VEHICLE_STATES, state.tolist(), strict=True):
        if count:
            console.print(f"  {count:,} {_STATE_WORDS[name]}")
    live = len(snapshot.predictions)
    stops = len(np.unique(snapshot.predictions.stop))
    console.print(f"  from which come {live:,} predictions at {stops:,} stops.")


def print_refused(console: Console, refused: Mapping[str, int]) -> None:
    """What was left out, by reason."""
    left_out = {reason: count for reason, count in refused.items() if count}
    if left_out:
        console.print("Left out of it:")
    for reason, count in sorted(left_out.items()):
        console.print(f"  {count:,} × {reason.replace('_', ' ')}")
