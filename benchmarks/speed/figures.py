"""How long a step of the engine takes, an answer, and a recorded day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.speed import (
    before,
    first_change,
    outages,
    resident,
    roles,
    screens,
    serving,
    starts,
    steps,
    while_stepping,
    whole_day,
)
from benchmarks.speed.figure import Figure
from benchmarks.speed.steps import StepTimes
from benchmarks.speed.towns import Towns

DATA = Path("../shared/data")
VEHICLES = (500, 1000, 10_000, 100_000)
_QUICK, _COMPARED = 10_000, 10_000
RECORDED = (("pvta-2015", "2015-11-17 08:00"), ("wmata-2026-02-16", "2026-02-16 13:00"))
DAYS = (
    ("pvta-2015", "2015-11-17"), ("wmata-2026-02-16", "2026-02-16"),
    ("stib-tram55-2025", "2025-03-18"), ("capmetro-2016", "2016-11-25"),
)  # fmt: skip


def measure(
    vehicles: Sequence[int] = VEHICLES,
    data: Path = DATA,
    *,
    quick: bool = False,
    answers_only: bool = False,
    roles_only: bool = False,
    outages_only: bool = False,
) -> list[Figure]:
    """Time the engine's steps on recordings and on the simulator's towns, answers, and whole recorded days.

    Parameters: `vehicles`: sizes of the simulated fleet; `data`: folder of the recordings, left out where there is
    none; `quick`: without fleets of more than 10,000 and without the largest feed, which take minutes each;
    `answers_only`: only how long answers take; `roles_only`: only of an engine in one process and readers in others;
    `outages_only`: only of these, killed in turn.
    """
    if outages_only:
        return outages.figures()
    if answers_only:
        return serving.warm_answers() + serving.first_answers()
    with TemporaryDirectory() as folder:
        towns = Towns(Path(folder))
        if roles_only:
            return roles.figures(towns)
        figures = _steps(data, towns, [number for number in vehicles if number <= _QUICK or not quick])
        figures += serving.warm_answers() + serving.first_answers()
        figures += first_change.changes(towns) + while_stepping.waits(towns) + roles.figures(towns)
        figures += screens.listened() + resident.resident(towns)
    return figures + ([] if quick else starts.starts()) + _days(data)


def show(figures: Sequence[Figure]) -> None:
    """A table of them on the terminal, each beside what it is to be."""
    # What the figures are made of does not fit into a narrow terminal, nor into the 80 columns of a file.
    console = Console(width=max(Console().width, 150))
    table = Table(title="Speed")
    table.add_column("work")
    for name in ("value", "unit", "target", "ok"):
        table.add_column(name, justify="left" if name == "unit" else "right")
    for figure in figures:
        target = "" if figure.target is None else f"{figure.wanted} {figure.target:g}"
        value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.3g}"
        table.add_row(figure.work, value, figure.unit, target, {True: "yes", False: "no", None: ""}[figure.ok])
    console.print(table)


def _steps(data: Path, towns: Towns, vehicles: Sequence[int]) -> list[Figure]:
    recorded = [steps.recorded(data / name, at) for name, at in RECORDED if (data / name).is_dir()]
    simulated = [steps.simulated(towns, number) for number in sorted(vehicles)]
    figures = []
    for times in recorded + simulated:
        work = f"{times.network}, {times.vehicles:,} vehicles, {times.predictions:,} predictions"
        figures.append(Figure(f"step: {work}", times.step_median_ms, "ms CPU", 20.0 if times.vehicles <= 600 else None))
        if not math.isnan(times.decode_ms):
            figures.append(Figure(f"decoding: {work}", times.decode_ms, "ms CPU"))
        if not math.isnan(times.memory_mb):
            figures.append(Figure(f"timetable and engine, at most: {work}", times.memory_mb, "MB"))
    if _COMPARED in vehicles and (before_ms := before.step_before_ms(towns.of(_COMPARED, steps.MESSAGES))):
        now_ms = simulated[sorted(vehicles).index(_COMPARED)].step_median_ms
        work = f"step at {_COMPARED:,} vehicles, beside {before_ms:.0f} ms of {before.COMMIT}"
        figures.append(Figure(work, before_ms / now_ms, "times faster", 6.0, "at least"))
    large = [times for times in simulated if times.vehicles >= 900]
    return figures + (growth(large[0], large[-1]) if len(large) > 1 else [])


def growth(few: StepTimes, many: StepTimes) -> list[Figure]:
    """With what power of the number of vehicles the time of a step and the memory grow: 1 is as fast as they do."""
    more, of = math.log(many.vehicles / few.vehicles), f"{few.vehicles:,} to {many.vehicles:,} vehicles"
    time_exponent = math.log(many.step_median_ms / few.step_median_ms) / more
    memory_exponent = math.log(many.memory_mb / few.memory_mb) / more
    return [
        Figure(f"growth of the step, {of}", time_exponent, "exponent", 1.05),
        Figure(f"growth of the memory of timetable and engine, {of}", memory_exponent, "exponent", 1.05),
    ]


def _days(data: Path) -> list[Figure]:
    figures = []
    name, day = DAYS[0]
    if (data / name).is_dir():
        seconds, memory_mb = whole_day.written(data / name, day)
        figures += [
            Figure(f"a day replayed with predictions written: {name} {day}", seconds, "s", 30.0),
            Figure(f"its peak memory: {name}, predictions written", memory_mb, "MB", 600.0),
        ]
    for name, day in DAYS:
        if not (data / name).is_dir():
            continue
        times = whole_day.replayed(data / name, day)
        figures += [
            Figure(f"steps of a day at 30 s: {name} {day}", times.replay_s, "s"),
            Figure(f"its peak memory: {name}", times.peak_memory_mb, "MB", 600.0),
            Figure(f"served stops without a board: {name}", times.served_stops - times.stops_with_board, "stops"),
        ]
    return figures
