"""The figures on a terminal."""

from __future__ import annotations

import math

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.accuracy.judging import MEDIAN, PUBLISHED
from benchmarks.accuracy.result import REFERENCE, Result
from benchmarks.accuracy.tables import ALL, BEFORE_START, UNDER_WAY
from predictor.accuracy import measures

WORST = 10


def show(result: Result, console: Console) -> None:
    """Print the result: methods, range, availability, groups."""
    console.print(f"\n[bold]{result.network}[/], judged {result.judged_days}, learned from {result.train_days}")
    console.print(f"Truth: {result.truth}. " + "; ".join(f"{k}: {v:,}" for k, v in result.truth_counts.items()))
    console.print("Predictions " + "; ".join(f"{k}: {v:,}" for k, v in result.judged.counts.items()))
    for name in result.sets():
        console.print(_methods(name, result.of_set(name)))
    console.print(_ranges(result.tables.ranges))
    available = result.tables.availability
    overall = available[available.dimension == ALL]
    for row in overall.to_dict("records"):
        console.print(f"A live prediction ten minutes before: {row['available']:.1%} of {row['passages']:,} passages")
    if result.judged.scheduled_calls:
        share = result.judged.complete_calls / result.judged.scheduled_calls
        console.print(f"ETA Completeness Benchmark: {share:.1%} of {result.judged.scheduled_calls:,} scheduled calls")
    for dimension in ("stop size", "day type", "hour", "route"):
        console.print(_groups(result, dimension))


def _methods(name: str, rows: pd.DataFrame) -> Table:
    table = Table(
        title=f"\nPredictions: {name} ({rows.predictions.max():,}). Seconds; error = actual − predicted; "
        "MAE by minutes before the passage"
    )
    table.add_column("method", no_wrap=True)
    for heading in (*measures.BUCKETS, "ETA score", "median", "bias", "90 %", "missed", "MBTA", "reliable", "incons.",
                    "jump"):  # fmt: skip
        table.add_column(heading, justify="right", no_wrap=True)
    for method, of in rows.groupby("method", sort=False):
        by = {row["bucket"]: row for row in of.to_dict("records")}
        total = by[ALL]
        if total["predictions"] == 0:
            continue
        table.add_row(
            str(method),
            *(number(by[bucket]["mae"]) for bucket in measures.BUCKETS),
            number(total["eta"], ".3f"), number(total["median_ae"]), number(total["bias"], "+.1f"),
            number(total["p90_ae"], ".0f"), number(total["missed"], ".1%"), number(total["mbta"], ".3f"),
            number(total["reliable"], ".3f"), number(total["inconsistency_s"]), number(total["jump_s"]),
            style="bold" if method in (MEDIAN, PUBLISHED) else "",
        )  # fmt: skip
    return table


def _ranges(ranges: pd.DataFrame) -> Table:
    table = Table(title="\nThe range p10 to p90 (80 % is right)")
    table.add_column("predictions")
    for heading in ("minutes before", "number", "inside", "before p10", "after p90", "width s", "pinball s"):
        table.add_column(heading, justify="right")
    some = ranges[ranges.predictions_of.isin([UNDER_WAY, BEFORE_START]) & (ranges.predictions > 0)]
    for row in some.to_dict("records"):
        table.add_row(
            row["predictions_of"], row["bucket"], f"{row['predictions']:,}",
            *(number(row[name], ".1%") for name in ("coverage", "below", "above")),
            number(row["width_s"]), number(row["pinball_s"]), end_section=row["bucket"] == measures.BUCKETS[-1],
        )  # fmt: skip
    return table


def _groups(result: Result, dimension: str) -> Table:
    wide = result.by_group(dimension)
    title = f"\nLive predictions by {dimension}"
    if dimension == "route" and len(wide) > WORST:
        wide, title = wide.sort_values("eta").head(WORST), title + f", the worst {WORST}"
    table = Table(title=title)
    table.add_column(dimension)
    for heading in ("predictions", "MAE ours", f"MAE {REFERENCE}", "ETA ours", f"ETA {REFERENCE}", "missed",
                    "inside range", "live 10 min before"):  # fmt: skip
        table.add_column(heading, justify="right")
    for row in wide.reset_index().to_dict("records"):
        table.add_row(
            str(row["group"]), f"{row['predictions']:,.0f}", number(row["mae"]), number(row["mae_reference"]),
            number(row["eta"], ".3f"), number(row["eta_reference"], ".3f"),
            *(number(row[name], ".1%") for name in ("missed", "coverage", "available")),
        )  # fmt: skip
    return table


def number(value: float, form: str = ".1f") -> str:
    """A figure for a table, a dash where there is none."""
    return "–" if math.isnan(value) else format(value, form)
