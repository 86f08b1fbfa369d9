"""The plots of the report, each one SVG drawing as text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter

from benchmarks.accuracy.baselines import AT_ONCE, HINDSIGHT, HINDSIGHT_OF_OTHERS, MARKS
from benchmarks.accuracy.judging import MEDIAN, PUBLISHED
from benchmarks.accuracy.result import REFERENCE, Result
from predictor.arrays import BoolArray, Float64Array

INK, FAINT, GRID = "#1c2733", "#6b7785", "#e3e7eb"
OURS, OURS_PUBLISHED, OTHER = "#0b62a8", "#d1495b", "#7b8794"
COLOURS = {
    MEDIAN: OURS, PUBLISHED: OURS_PUBLISHED, REFERENCE: INK, AT_ONCE: "#4c5a67", "schedule": "#b5bec7",
    "operator": "#8e5ea2", "link medians": "#2a9d6f", "Kalman (TransitClock)": "#e09f3e", HINDSIGHT: FAINT,
    HINDSIGHT_OF_OTHERS: FAINT,
}  # fmt: skip
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
WORST_ROUTES = 16
LABELLED_STOPS = 15
_MINUTES = np.arange(0, 31)

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Liberation Sans", "Arial", "Helvetica", "DejaVu Sans"],
    "font.size": 9.5, "axes.edgecolor": "#c5ccd3", "axes.labelcolor": FAINT, "axes.labelsize": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": GRID, "grid.linewidth": 0.8, "xtick.color": FAINT, "ytick.color": FAINT, "text.color": INK,
    "xtick.major.size": 0, "ytick.major.size": 0, "svg.fonttype": "none", "svg.hashsalt": "accuracy",
    "legend.frameon": False, "legend.fontsize": 9,
}  # fmt: skip


def draw(result: Result) -> dict[str, str]:
    """All drawings by name."""
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        return {
            "mae": mae_by_horizon(result), "bands": error_bands(result), "calibration": calibration(result),
            "hours": error_by_hour(result), "routes": worst_routes(result), "map": network_map(result),
        }  # fmt: skip


def mae_by_horizon(result: Result) -> str:
    """Mean absolute error of each method by minutes before the passage."""
    judged = result.judged
    figure, axes = _figure(5.6, 3.3)
    minute = _minute(result)
    ends: list[tuple[float, str]] = []
    for method, errors in judged.error_s.items():
        known = judged.live & np.isfinite(errors)
        count = np.bincount(minute[known], minlength=30)[:30]
        total = np.bincount(minute[known], weights=np.abs(errors[known]), minlength=30)[:30]
        if count.sum() == 0:
            continue
        mean = np.divide(total, count, out=np.full(30, np.nan), where=count > 0)
        ours = method in (MEDIAN, PUBLISHED)
        axes.plot(
            _MINUTES[:-1] + 0.5, mean, color=COLOURS.get(method, OTHER), linewidth=2.4 if ours else 1.4,
            linestyle="--" if method in MARKS else "-", zorder=3 if ours else 2,
        )  # fmt: skip
        seen = np.flatnonzero(np.isfinite(mean))
        ends.append((float(mean[seen[-1]]), method))
    axes.set_ylim(bottom=0)
    _label_ends(axes, ends)
    axes.set(xlim=(0, 30), xlabel="minutes before the vehicle came", ylabel="mean absolute error, s")
    axes.xaxis.set_major_locator(MultipleLocator(5))
    return _svg(figure, "Mean absolute error by horizon, each method")


def error_bands(result: Result) -> str:
    """Quantiles of our error by minutes before the passage."""
    judged = result.judged
    figure, axes = _figure(5.6, 3.3)
    bands = np.array(list(_by_minute(result, judged.error_s[MEDIAN], judged.live)))
    x = _MINUTES[:-1] + 0.5
    for low, high, alpha in ((0, 6, 0.14), (1, 5, 0.22), (2, 4, 0.34)):
        axes.fill_between(x, bands[:, low], bands[:, high], color=OURS, alpha=alpha, linewidth=0)
    axes.plot(x, bands[:, 3], color=OURS, linewidth=2.4)
    published = np.array(list(_by_minute(result, judged.error_s[PUBLISHED], judged.live)))
    axes.plot(x, published[:, 3], color=OURS_PUBLISHED, linewidth=1.8)
    axes.axhline(0, color=INK, linewidth=0.9)
    for share, at in (("90 %", 6), ("80 %", 5), ("50 %", 4)):
        axes.annotate(share, (29.5, bands[-1, at]), (4, 0), textcoords="offset points", va="center", color=FAINT,
                      fontsize=8.5, annotation_clip=False)  # fmt: skip
    axes.text(0.01, 0.98, "came later than said ↑", transform=axes.transAxes, va="top", color=FAINT, fontsize=8.5)
    axes.text(0.01, 0.02, "came earlier than said ↓", transform=axes.transAxes, color=FAINT, fontsize=8.5)
    axes.set(xlim=(0, 30), xlabel="minutes before the vehicle came", ylabel="actual − predicted, s")
    axes.xaxis.set_major_locator(MultipleLocator(5))
    return _svg(figure, "Our error by horizon with quantile bands")


def calibration(result: Result) -> str:
    """Share of passages before each quantile, by minutes before the passage; level lines are right."""
    judged = result.judged
    figure, axes = _figure(5.6, 3.1)
    minute = _minute(result)
    known = judged.live & np.isfinite(judged.p10_error_s) & np.isfinite(judged.p90_error_s)
    count = np.bincount(minute[known], minlength=30)[:30]
    for level, error, colour in (
        (0.1, judged.p10_error_s, "#5a9bd0"), (0.5, judged.error_s[MEDIAN], OURS), (0.9, judged.p90_error_s, "#08406d"),
    ):  # fmt: skip
        before = np.bincount(minute[known], weights=error[known] <= 0, minlength=30)[:30]
        share = np.divide(before, count, out=np.full(30, np.nan), where=count > 0)
        axes.axhline(level, color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.plot(_MINUTES[:-1] + 0.5, share, color=colour, linewidth=2.2)
        if count[29]:
            axes.annotate(f"p{level * 100:.0f}", (29.5, share[29]), (5, 0), textcoords="offset points", va="center",
                          color=colour, weight="bold", annotation_clip=False)  # fmt: skip
    axes.set(xlim=(0, 30), ylim=(0, 1), xlabel="minutes before the vehicle came", ylabel="vehicles come by then")
    axes.xaxis.set_major_locator(MultipleLocator(5))
    axes.yaxis.set_major_locator(MultipleLocator(0.2))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return _svg(figure, "Calibration of the quantiles by horizon")


def error_by_hour(result: Result) -> str:
    """Mean absolute error by hour of the day, ours beside the reference, over the number of passages."""
    table = result.by_group("hour")
    hours = table.index.astype(int).to_numpy()
    order = np.argsort((hours - 4) % 24)
    table, x = table.iloc[order], np.arange(len(hours))
    figure, axes = _figure(5.6, 3.1)
    volume = axes.twinx()
    volume.bar(x, table.predictions, color="#eef1f4", width=0.92, zorder=0)
    volume.set_ylim(0, table.predictions.max() * 2.2)
    volume.axis("off")
    axes.set_zorder(volume.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.plot(x, table.mae_reference, color=COLOURS[REFERENCE], linewidth=1.4, marker="o", markersize=3)
    axes.plot(x, table.mae, color=OURS, linewidth=2.4, marker="o", markersize=4)
    axes.set_ylim(0, np.nanmax([table.mae.max(), table.mae_reference.max()]) * 1.12)
    _label_ends(axes, [(float(table.mae.iloc[-1]), MEDIAN), (float(table.mae_reference.iloc[-1]), REFERENCE)],
                x=float(x[-1]) + 0.15)  # fmt: skip
    axes.set(xlabel="hour of the passage (bars: number of predictions)", ylabel="mean absolute error, s")
    axes.set_xticks(x[::2], [f"{h}" for h in hours[order][::2]])
    axes.grid(visible=False, axis="x")
    return _svg(figure, "Mean absolute error by hour of the day")


def worst_routes(result: Result) -> str:
    """ETA score of the routes that fare worst, ours beside the reference."""
    table = result.by_group("route")
    table = table[table.passages.fillna(0) >= 20].sort_values("eta").head(WORST_ROUTES).iloc[::-1]
    figure, axes = _figure(5.6, 0.8 + 0.24 * max(len(table), 4))
    y = np.arange(len(table))
    axes.hlines(y, table.eta_reference, table.eta, color="#c5ccd3", linewidth=2)
    axes.plot(table.eta_reference, y, "o", color="white", markeredgecolor=COLOURS[REFERENCE], markersize=6.5,
              label=REFERENCE)  # fmt: skip
    axes.plot(table.eta, y, "o", color=OURS_PUBLISHED, markersize=7.5, label=PUBLISHED)
    axes.set_yticks(y, table.index)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="ETA Accuracy Benchmark, live predictions", ylim=(-0.7, len(table) - 0.3))
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, handletextpad=0.2)
    return _svg(figure, "The routes that fare worst")


def worst_stops(result: Result) -> pd.DataFrame:
    """Stops that fare worst, in the order of their numbers on the map.

    Columns: those of `Result.by_group` and `stop` (index). Stops with fewer than five judged passages are left out.
    """
    table = _stops(result)
    return table[table.passages >= 5].sort_values("mae", ascending=False).head(LABELLED_STOPS)


def network_map(result: Result) -> str:
    """Every stop by its mean absolute error, on the network's lines."""
    tt = result.runs.timetable
    table, worst = _stops(result).sort_values("mae"), worst_stops(result)
    north, east = tt.stop_lat[table.stop], tt.stop_lon[table.stop]
    squeeze = float(1.0 / np.cos(np.radians(np.median(north))))
    tall, wide = float(np.ptp(north)), float(np.ptp(east)) / squeeze
    figure, axes = _figure(5.6, float(np.clip(0.9 + 5.2 * tall / max(wide, 1e-6), 3.2, 6.6)))
    used = np.unique(tt.pattern_line[tt.trip_pattern[result.runs.trip]])
    axes.add_collection(LineCollection([_line(result, int(i)) for i in used], colors="#cfd6dc", linewidths=0.8))
    spread = axes.scatter(
        east, north, c=table.mae, s=6 + 26 * np.sqrt(table.share), cmap=mpl.colormaps["YlOrRd"], vmin=0,
        vmax=float(np.quantile(table.mae, 0.97)), edgecolors="#5c3a21", linewidths=0.25, zorder=3,
    )  # fmt: skip
    lon, lat = tt.stop_lon[worst.stop], tt.stop_lat[worst.stop]
    # Roughly the points of the page that a degree takes; the drawing is not laid out yet.
    scale = 400.0 / max(tall, wide, 1e-6)
    offsets = _label_offsets((lon - east.mean()) * scale / squeeze, (lat - north.mean()) * scale)
    for number, (x, y, offset) in enumerate(zip(lon, lat, offsets, strict=True), start=1):
        axes.annotate(
            str(number), (x, y), offset, textcoords="offset points", ha="center", va="center", fontsize=8.5,
            weight="bold", zorder=5,
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": INK, "linewidth": 0.8},
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 1},
        )  # fmt: skip
    axes.set_aspect(squeeze)
    axes.margins(0.04)
    axes.axis("off")
    bar = figure.colorbar(spread, ax=axes, orientation="horizontal", fraction=0.03, pad=0.01, aspect=40, extend="max")
    bar.outline.set_visible(False)
    bar.set_label("mean absolute error of the median forecast, s (size: passages)")
    return _svg(figure, "Mean absolute error of every stop on the map of the network")


def _stops(result: Result) -> pd.DataFrame:
    table = result.by_group("stop")
    table = table[table.passages.notna() & table.mae.notna()]
    stop = np.array([result.runs.timetable.stop_index[name] for name in table.index], np.int64)
    return table.assign(stop=stop, share=table.passages / max(table.passages.max(), 1.0))


def _line(result: Result, line: int) -> Float64Array:
    tt = result.runs.timetable
    span = slice(int(tt.line_ptr[line]), int(tt.line_ptr[line + 1]))
    # Every metre of a shape is more than a page can show.
    step = max((span.stop - span.start) // 200, 1)
    return np.column_stack([tt.line_lon[span][::step], tt.line_lat[span][::step]])


def _label_offsets(x: Float64Array, y: Float64Array) -> Float64Array:
    """Where to put the numbers of points (n,), counted from the middle of the page, so that none covers another."""
    at = np.column_stack([x, y])
    label = at + 18.0 * at / np.maximum(np.hypot(x, y), 1.0)[:, None]
    for _ in range(80):
        apart = label[:, None] - np.concatenate([label, at])[None]
        distance = np.hypot(apart[..., 0], apart[..., 1])
        np.fill_diagonal(distance, np.inf)
        push = np.clip(19.0 - distance, 0.0, None) / np.maximum(distance, 1.0)
        label += 0.3 * (push[..., None] * apart).sum(1)
    return label - at


def _minute(result: Result) -> np.ndarray:
    return np.clip(result.judged.horizon_s // 60, 0, 29).astype(np.int64)


def _by_minute(result: Result, error: np.ndarray, chosen: BoolArray) -> Iterator[np.ndarray]:
    """Quantiles of `error` in each minute of the horizon."""
    known = chosen & np.isfinite(error)
    minute, error = _minute(result)[known], error[known]
    order = np.argsort(minute, kind="stable")
    bounds = np.searchsorted(minute[order], _MINUTES)
    for low, high in pairwise(bounds):
        of = error[order[low:high]]
        yield np.quantile(of, QUANTILES) if len(of) else np.full(len(QUANTILES), np.nan)


def _label_ends(axes: Axes, ends: list[tuple[float, str]], x: float = 29.6) -> None:
    """Name each line at its right end, pushed apart where they crowd."""
    low, high = axes.get_ylim()
    gap = (high - low) * 0.052
    at = -np.inf
    for value, name in sorted(ends):
        at = max(value, at + gap)
        axes.annotate(name, (x, value), (x + (x + 1) * 0.012, at), color=COLOURS.get(name, OTHER), va="center",
                      fontsize=9, weight="bold" if name in (MEDIAN, PUBLISHED) else "normal",
                      annotation_clip=False)  # fmt: skip


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _svg(figure: Figure, title: str) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Title": title}, transparent=True)
    drawing = text.getvalue()
    return drawing[drawing.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
