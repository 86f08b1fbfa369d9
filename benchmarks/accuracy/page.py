"""Accuracy by network and day as a page of the documentation: each run of the judge writes its network's section."""

from __future__ import annotations

import math
import re
from pathlib import Path

from benchmarks.accuracy.baselines import OPERATOR
from benchmarks.accuracy.judging import PUBLISHED
from benchmarks.accuracy.result import REFERENCE, Result
from benchmarks.accuracy.tables import ALL

_HEAD = """# Accuracy by network and day

Written by `prochain judge FOLDER --days A..B --page FILE`, which puts a network's figures in the place of those that it
had here. What each figure means is told in [accuracy.md](accuracy.md). Live predictions, as published, made once every
`--every` seconds; beside ours the timetable shifted by the last known delay and, where it was recorded, the operator's
own.
"""
_COLUMNS = (
    ("predictions", "predictions", ",.0f"), ("ETA score", "eta", ".3f"), ("schedule + delay", "eta_reference", ".3f"),
    ("operator", "eta_operator", ".3f"), ("MAE, s", "mae", ".0f"), ("schedule + delay, s", "mae_reference", ".0f"),
    ("operator, s", "mae_operator", ".0f"), ("missed", "missed", ".1%"), ("MBTA", "mbta", ".3f"),
    ("reliable", "reliable", ".3f"), ("inconsistency, s", "inconsistency_s", ".0f"), ("in range", "coverage", ".1%"),
    ("live 10 min before", "available", ".1%"),
)  # fmt: skip


def write_section(result: Result, page: Path) -> None:
    """Put a result's figures by day into the page, in the place of those of its network. Errors: OSError."""
    text = page.read_text(encoding="utf-8") if page.exists() else _HEAD
    section, name = _section(result), re.escape(result.network)
    begins, found = rf"^## {name}$.*?(?=^## |\Z)", re.search(rf"^## {name}$", text, re.MULTILINE)
    if found:
        text = re.sub(begins, lambda _: section, text, flags=re.MULTILINE | re.DOTALL)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    page.write_text(text.rstrip() + "\n", encoding="utf-8")


def _section(result: Result) -> str:
    groups = result.tables.groups
    rows = groups[(groups.dimension == "day") & (groups.bucket == ALL)]
    of = {method: rows[rows.method == method].set_index("group") for method in (PUBLISHED, REFERENCE, OPERATOR)}
    table = of[PUBLISHED]
    for name, method in (("reference", REFERENCE), ("operator", OPERATOR)):
        table = table.join(of[method][["mae", "eta"]].add_suffix(f"_{name}"))
    available = result.tables.availability
    available = available[available.dimension == "day"].set_index("group")
    table = table.join(available[["available"]])
    shown = [column for column in _COLUMNS if table[column[1]].notna().any()]
    lines = [f"| day | {' | '.join(name for name, _, _ in shown)} |", f"| --- |{' ---: |' * len(shown)}"]
    for row in table.reset_index().to_dict("records"):
        cells = (_cell(float(row[name]), form) for _, name, form in shown)
        lines.append(f"| {row['group']} | {' | '.join(cells)} |")
    judged = result.judged
    told = (
        f" ETA Completeness Benchmark: {judged.complete_calls / judged.scheduled_calls:.1%} of "
        f"{judged.scheduled_calls:,} scheduled calls."
        if judged.scheduled_calls
        else ""
    )
    return (
        f"## {result.network}\n\nTruth: {result.truth}. Learned from: {result.train_days}. One prediction every "
        f"{judged.poll_s:.0f} s.{told}\n\n" + "\n".join(lines) + "\n\n"
    )


def _cell(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form).replace(",", "\N{NARROW NO-BREAK SPACE}")
