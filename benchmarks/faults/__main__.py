"""`python -m benchmarks.faults`: plays what goes wrong, and says of each scenario whether it holds."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.faults.scenario import played, scenarios
from benchmarks.faults.table import write_table


def main(
    kind: Annotated[list[str] | None, typer.Option(help="Kinds to play; all where none is given.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Parts of names.")] = None,
    quick: Annotated[bool, typer.Option(help="Only those that are played with the tests.")] = False,
    write: Annotated[Path | None, typer.Option(help="Page whose table of verdicts is written anew.")] = None,
) -> None:
    """Play the scenarios, tell each verdict, and exit with 1 where one does not hold.

    Example: python -m benchmarks.faults --write docs/reliability.md
    """
    logging.getLogger("prochain").setLevel(logging.CRITICAL)
    chosen = [
        found
        for found in scenarios()
        if (not kind or found.kind in kind)
        and (not name or any(part in found.name for part in name))
        and (found.quick or not quick)
    ]
    verdicts = []
    for found in chosen:
        verdict = played(found)
        verdicts.append(verdict)
        print(
            f"{'holds' if verdict.holds else 'fails':6} {verdict.seconds:6.2f} s  {found.kind}: {found.name}",
            flush=True,
        )
        if verdict.wrong:
            print(f"       {verdict.wrong[:600]}", flush=True)
    held = sum(verdict.holds for verdict in verdicts)
    print(f"{held} of {len(verdicts)} hold, in {sum(verdict.seconds for verdict in verdicts):.0f} s.")
    if write:
        write_table(write, verdicts)
    sys.exit(held < len(verdicts))


if __name__ == "__main__":
    typer.run(main)
