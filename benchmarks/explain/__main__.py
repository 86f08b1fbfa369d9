"""Whether "why did my bus not come?" is answered rightly: `python -m benchmarks.explain`."""

from __future__ import annotations

import argparse
import time
from datetime import date

from rich.console import Console
from rich.table import Table

from benchmarks.explain.day import judged_day
from benchmarks.explain.score import Score, score


def main() -> None:
    """Run whole days of the demo city and print precision and recall of each kind of incident."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4], help="cities to run")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2025, 11, 18), help="date to run")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two polls")
    parser.add_argument("--trip-ids", type=float, default=1.0, help="share of vehicles that name their trip")
    asked = parser.parse_args()
    total = Score()
    for seed in asked.seeds:
        began = time.perf_counter()
        truth, verdicts = judged_day(seed, asked.day, asked.every, trip_ids=asked.trip_ids)
        day_score = score(truth, verdicts)
        total = total.and_(day_score)
        _print(f"seed {seed}, {asked.day}, {time.perf_counter() - began:.0f} s", day_score)
    _print(f"all {len(asked.seeds)} days", total)


def _print(title: str, result: Score) -> None:
    table = Table(title=title, title_justify="left")
    for name in ("kind", "calls", "said", "right", "precision", "recall", "mistaken for"):
        table.add_column(name, justify="left" if name in ("kind", "mistaken for") else "right")
    for kind in result.kinds():
        mistaken = ", ".join(f"{other} {count}" for other, count in result.mistaken(kind))
        table.add_row(
            kind, f"{result.true(kind):,}", f"{result.said(kind):,}", f"{result.right(kind):,}",
            f"{result.precision(kind):.3f}", f"{result.recall(kind):.3f}", mistaken,
        )  # fmt: skip
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
