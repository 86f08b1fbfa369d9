"""The figures and plots as one self-contained HTML page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.accuracy import plots, tables
from benchmarks.accuracy.baselines import MARKS
from benchmarks.accuracy.judging import MEDIAN, PUBLISHED
from benchmarks.accuracy.result import REFERENCE, Result
from predictor.accuracy import measures


def page(result: Result) -> str:
    """The page, self-contained: styles and drawings inline, no script, nothing fetched."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"number": _number, "share": lambda v: _number(v, 1, scale=100.0, unit=" %")}
    sizes = result.tables.methods.groupby("predictions_of").predictions.max()
    overall = result.tables.availability[result.tables.availability.dimension == tables.ALL].to_dict("records")
    stop_names = result.runs.timetable.stop_name
    worst = plots.worst_stops(result).reset_index()
    return environment.get_template("report.html.jinja").render(
        result=result, judged=result.judged, buckets=measures.BUCKETS, all=tables.ALL, ours=(MEDIAN, PUBLISHED),
        median=MEDIAN, published=PUBLISHED, reference=REFERENCE,
        sets=[(name, int(sizes[name]), _of_set(result, name)) for name in result.sets()],
        headline=_of_set(result, tables.LIVE), ranges=_ranges(result), availability=overall,
        range_all=_range_of(result, tables.LIVE),
        drawings=plots.draw(result), marks=MARKS,
        groups={
            name: result.by_group(name).reset_index().to_dict("records")
            for name in ("stop size", "day type", "hour", "route")
        },
        worst=[row | {"name": str(stop_names[row["stop"]])} for row in worst.to_dict("records")],
    )  # fmt: skip


def _of_set(result: Result, name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures of one set of predictions by method and bucket; methods without an answer are left out."""
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for row in result.of_set(name).to_dict("records"):
        figures.setdefault(row["method"], {})[row["bucket"]] = {str(k): v for k, v in row.items()}
    return {method: of for method, of in figures.items() if of[tables.ALL]["predictions"]}


def _ranges(result: Result) -> list[tuple[str, list[dict[str, Any]]]]:
    found = []
    for name in (tables.UNDER_WAY, tables.BEFORE_START):
        rows = result.tables.ranges[(result.tables.ranges.predictions_of == name)]
        if rows.predictions.sum():
            found.append((name, [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]))
    return found


def _range_of(result: Result, name: str) -> dict[str, Any]:
    rows = result.tables.ranges
    found = rows[(rows.predictions_of == name) & (rows.bucket == tables.ALL)].to_dict("records")
    return {str(k): v for k, v in found[0].items()}


def _number(value: float | None, digits: int = 0, *, scale: float = 1.0, unit: str = "", sign: bool = False) -> str:
    """A figure for the page, a dash where there is none; thousands apart, a true minus."""
    if value is None or math.isnan(value):
        return "–"
    text = f"{value * scale:{'+' if sign else ''},.{digits}f}{unit}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "−")
