"""`python -m benchmarks.speed`: how long a step of the engine takes, and a recorded day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.speed import steps, whole_day

DATA = Path("../shared/data")
RECORDED = (("pvta-2015", "2015-11-17 08:00"), ("wmata-2026-02-16", "2026-02-16 13:00"))
DAYS = (
    ("pvta-2015", "2015-11-17"), ("wmata-2026-02-16", "2026-02-16"),
    ("stib-tram55-2025", "2025-03-18"), ("capmetro-2016", "2016-11-25"),
)  # fmt: skip


def main(
    vehicles: Annotated[list[int] | None, typer.Option(help="Simulated vehicles; may be given again.")] = None,
    data: Annotated[Path, typer.Option(help="Folder of the recordings; left out where there is none.")] = DATA,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
) -> None:
    """Measure the engine's steps on recordings and on the simulator's town, and whole recorded days.

    Example: python -m benchmarks.speed --vehicles 1000 --vehicles 10000
    """
    # So many columns do not fit into a narrow terminal, nor into the 80 of a file.
    console = Console(width=max(Console().width, 150))
    taken = [steps.recorded(data / name, at) for name, at in RECORDED if (data / name).is_dir()]
    taken += [steps.simulated(number) for number in vehicles or [1000, 10_000]]
    _show(console, "One step of the engine", taken)
    days = [whole_day.replayed(data / name, day) for name, day in DAYS if (data / name).is_dir()]
    if days:
        _show(console, "A recorded day, replayed at 30 s", days)
    else:
        console.print(f"No recordings in {data}: the days are left out.")
    if json_file:
        json_file.write_text(json.dumps({"steps": [asdict(s) for s in taken], "days": [asdict(d) for d in days]}))


def _show(console: Console, title: str, rows: Sequence[Any]) -> None:
    table = Table(title=title)
    for name in asdict(rows[0]):
        table.add_column(name.replace("_", " "), justify="left" if name in ("network", "day") else "right")
    for row in rows:
        table.add_row(*(f"{v:,.1f}" if isinstance(v, float) else f"{v:,}" if isinstance(v, int) else v
                        for v in asdict(row).values()))  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
