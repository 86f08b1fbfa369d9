"""Line charts, drawn by the server: where their lines and marks lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.words.numbers import decimal, percent

WIDTH, HEIGHT = 400.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 20.0, 10.0, 24.0
_MOST_LABELS = 8
_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Drawn:
    """One series."""

    name: str
    lines: tuple[str, ...]
    """Points of polylines: a gap begins another."""
    marks: tuple[tuple[float, float, str], ...]
    """x, y, and what the mark says."""


@dataclass(frozen=True)
class Chart:
    """A chart in the coordinates of its view box, `WIDTH` by `HEIGHT`."""

    title: str
    series: tuple[Drawn, ...]
    x_labels: tuple[tuple[float, str], ...]
    y_labels: tuple[tuple[float, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """The same as a table: label, a cell a series."""
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    width: float = WIDTH
    height: float = HEIGHT


def chart(
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    share: bool = False,
    language: str = "en",
) -> Chart | None:
    """A line for each series over `labels`, NaN where there is none; of shares on an axis to 100 %, of other figures
    from 0 on. None where there is no figure at all."""
    known = [value for values in series.values() for value in values if math.isfinite(value)]
    if not known:
        return None
    low, high, step = _share_axis(min(known)) if share else _axis(max(known))
    across = (WIDTH - _LEFT - _RIGHT) / max(len(labels) - 1, 1)

    def x_of(place: int) -> float:
        return round(_LEFT + (across * place if len(labels) > 1 else (WIDTH - _LEFT - _RIGHT) / 2), 1)

    def y_of(value: float) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low), 1)

    def said(value: float) -> str:
        return "–" if math.isnan(value) else (percent if share else decimal)(value, language)

    every = math.ceil(len(labels) / _MOST_LABELS)
    ticks = round((high - low) / step)
    return Chart(
        title=title,
        series=tuple(
            Drawn(
                name,
                tuple(
                    " ".join(f"{x_of(place)},{y_of(values[place])}" for place in stretch)
                    for stretch in _stretches(values)
                ),
                tuple(
                    (x_of(place), y_of(value), f"{labels[place]}: {said(value)}")
                    for place, value in enumerate(values)
                    if math.isfinite(value)
                ),
            )
            for name, values in series.items()
        ),
        x_labels=tuple((x_of(place), label) for place, label in enumerate(labels) if place % every == 0),
        y_labels=tuple((y_of(low + step * tick), said(low + step * tick)) for tick in range(ticks + 1)),
        columns=tuple(series),
        rows=tuple(
            (label, tuple(said(values[place]) for values in series.values())) for place, label in enumerate(labels)
        ),
    )  # fmt: skip


def _stretches(values: Sequence[float]) -> list[list[int]]:
    found: list[list[int]] = [[]]
    for place, value in enumerate(values):
        if math.isfinite(value):
            found[-1].append(place)
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if len(stretch) > 1]


def _share_axis(least: float) -> tuple[float, float, float]:
    low = max(math.floor(least * 10.0 - 0.5) / 10.0, 0.0)
    return low, 1.0, 0.1 if low >= 0.5 else 0.2 if round(low * 10) % 2 == 0 else 0.1


def _axis(most: float) -> tuple[float, float, float]:
    if most <= 0:
        return 0.0, 1.0, 1.0
    size = 10.0 ** math.floor(math.log10(most / 4.0))
    step = next(size * factor for factor in _STEPS if size * factor * 5 >= most)
    return 0.0, step * math.ceil(most / step), step
