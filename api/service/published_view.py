"""A whole view as bytes, and the same view made of them: what an engine publishes and readers anywhere show.

The feed's timetable is published once, by its content; the runs that the operator adds go with the view, as what they
change of it. All else is the view's own.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar, get_type_hints

import numpy as np

from api.service.clock import Clock, LiveClock
from api.service.packed import Packed, PackedError, pack, unpack
from api.service.stop_search import stop_search_of
from api.service.view import FeedHealth, ServiceView, UpdateFigures
from feeds.alerts.alert import Alert
from feeds.history.accuracy_sums import CALLS, GroupSums, Recent, WorseLine
from feeds.history.alert_json import alert_from_json, alert_to_json
from predictor.accuracy.tally import BUCKETS, SUMS
from predictor.arrays import AnyArray
from predictor.columns import Columns, column_types
from predictor.operator_times import ShortenedRuns, ToldVehicles
from predictor.overlaid_timetable import OverlaidTimetable
from predictor.passages import Passages
from predictor.past_calls import PassedCalls
from predictor.report_figures import ReportFigures
from predictor.scheduled_calls import ScheduledCalls
from predictor.snapshot import ByStop, Predictions, Snapshot, Vehicles
from predictor.timetable import FormerStops, OwnRuns, Timetable

_GROUPS: dict[str, type[Columns]] = {
    "vehicles": Vehicles, "predictions": Predictions, "passages": Passages, "shortened": ShortenedRuns,
    "told_vehicles": ToldVehicles, "passed_calls": PassedCalls,
}  # fmt: skip
_KEYS = ("claimed", "cancelled", "skipped", "deleted", "told_calls")
_SNAPSHOT_FIGURES = ("made_at", "feed_alive_at", "feed_lag_s", "feed_every_s", "fleet_stands_since", "counts")
_VIEW_FIGURES = ("alerts_at", "alert_versions", "live_limit_s", "feed_stopped_after_s", "added_as", "headway_as")
_SUMS_SHAPE = BUCKETS, len(SUMS)
_DIGITS = 32
_LAID = {"own_runs": OwnRuns, "former_stops": FormerStops}
"""What an `OverlaidTimetable` has besides columns."""

T = TypeVar("T")


def _form() -> str:
    """A name for what is written here: another version's bytes are told apart, whatever was changed."""
    classes: list[type] = [
        *_GROUPS.values(), *_LAID.values(), Snapshot, ServiceView, Timetable, ScheduledCalls, Alert, FeedHealth,
        UpdateFigures, ReportFigures, Recent, GroupSums, WorseLine,
    ]  # fmt: skip
    told: list[object] = [SUMS, CALLS]
    told += [(made.__name__, [(f.name, str(f.type)) for f in fields(made)]) for made in classes]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


FORM = _form()


class OtherFormError(PackedError):
    """Published by another version of prochain."""


@dataclass(frozen=True, eq=False)
class PackedTimetable:
    """A feed's timetable as the engine uses it."""

    name: str
    """By its content."""
    packed: bytes

    @classmethod
    def of(cls, timetable: Timetable) -> PackedTimetable:
        """Of a timetable without the operator's runs."""
        arrays = {name: array for name, array in _arrays(timetable).items() if isinstance(array, np.ndarray)}
        facts = {name: text for name, text in _arrays(timetable).items() if isinstance(text, str)}
        packed = pack({"form": FORM, **facts}, arrays)
        return cls(hashlib.sha256(packed).hexdigest()[:_DIGITS], packed)


def timetable_of(packed: Packed) -> Timetable:
    """The timetable. Errors: PackedError."""
    facts, arrays = unpack(packed)
    _refuse_other(facts)
    values: dict[str, Any] = {f.name: arrays.get(f.name, facts.get(f.name)) for f in fields(Timetable)}
    return Timetable(**values)


class Packing:
    """Views as bytes, one after another: what stays the same from one to the next is made once."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        """Parameters: `every_s`: seconds between two views."""
        self._clock, self._every_s = clock, every_s
        self._base: Timetable | None = None
        self._overlaid: Timetable | None = None
        self._changes: dict[str, AnyArray] = {}
        self._changes_name = ""
        self._alerts: dict[str, tuple[tuple[Alert, ...], list[tuple[str, str]]]] = {}
        self.timetable = PackedTimetable("", b"")
        """That of the view packed last."""

    def packed(self, view: ServiceView, version: str) -> bytes:
        """The view. Parameters: `version`: its name."""
        snapshot, arrays = view.snapshot, dict[str, AnyArray]()
        self._take(snapshot.timetable)
        for group, kind in _GROUPS.items():
            columns = getattr(snapshot, group)
            arrays |= {f"{group}.{name}": getattr(columns, name) for name in column_types(kind)}
        arrays |= {name: getattr(snapshot, name) for name in _KEYS}
        arrays["by_stop.row"], arrays["by_stop.pointer"] = snapshot.predictions.by_stop
        lines = view.accuracy.lines
        arrays["accuracy.predictions"] = np.reshape([line.predictions for line in lines], (-1, *_SUMS_SHAPE))
        arrays["accuracy.calls"] = np.reshape([line.calls for line in lines], (-1, len(CALLS)))
        now, wall = self._clock.now(), time.time()
        facts = {
            "form": FORM,
            "version": version,
            "timetable": self.timetable.name,
            "changes": self._changes_name,
            "snapshot": {name: getattr(snapshot, name) for name in _SNAPSHOT_FIGURES},
            "report_figures": asdict(snapshot.report_figures),
            "view": {name: getattr(view, name) for name in _VIEW_FIGURES},
            "update_figures": asdict(view.update_figures),
            "accuracy": [(line.group, line.source) for line in lines],
            "worse": [asdict(line) for line in view.accuracy.worse],
            "feeds": {name: asdict(health) for name, health in view.feeds.items()},
            "alerts": {name: self._told_alerts(name, getattr(view, name)) for name in _ALERTS},
            # Of a day that is shown again the time is the engine's; a live one is everybody's.
            "clock": None if isinstance(self._clock, LiveClock) else [now, wall, self._clock.speed],
            "every_s": self._every_s,
        }
        return pack(facts, arrays | self._changes)

    def _take(self, timetable: Timetable) -> None:
        if timetable.base is not self._base:
            self._base = timetable.base
            self.timetable = PackedTimetable.of(timetable.base)
        if timetable is not self._overlaid:
            self._overlaid = timetable
            self._changes = _changes(timetable) if isinstance(timetable, OverlaidTimetable) else {}
            self._changes_name = _name(self._changes)

    def _told_alerts(self, name: str, alerts: tuple[Alert, ...]) -> list[tuple[str, str]]:
        before = self._alerts.get(name)
        if before is None or before[0] is not alerts:
            before = self._alerts[name] = (alerts, [(alert.alert_id, alert_to_json(alert)) for alert in alerts])
        return before[1]


_ALERTS = ("operator_alerts", "own_alerts")


@dataclass(frozen=True)
class Published:
    """What a reader finds."""

    view: ServiceView
    clock: list[float] | None
    """What the engine's showed, at which time of the machine's clock, and its speed; None: it is everybody's."""
    every_s: float
    """Seconds between two steps of the engine."""


class Unpacking:
    """Views made of bytes, one after another: what stays the same is the very same object."""

    def __init__(self, timetable_named: Callable[[str], Packed]) -> None:
        """Parameters: `timetable_named`: the bytes of a timetable by its name; what it raises is passed on."""
        self._timetable_named = timetable_named
        self._base: tuple[str, Timetable] | None = None
        self._overlaid: tuple[tuple[str, str], Timetable, ScheduledCalls] | None = None
        self._alerts: dict[str, tuple[list[Any], tuple[Alert, ...]]] = {}

    def view(self, packed: Packed) -> Published:
        """The view, and what belongs to it. Errors: PackedError."""
        facts, arrays = unpack(packed)
        _refuse_other(facts)
        timetable, scheduled_calls = self._timetable(facts["timetable"], facts["changes"], arrays)
        groups = {
            group: {name: arrays[f"{group}.{name}"] for name in column_types(kind)} for group, kind in _GROUPS.items()
        }
        groups["predictions"]["by_stop"] = ByStop(arrays["by_stop.row"], arrays["by_stop.pointer"])  # type: ignore[assignment]
        of_snapshot: dict[str, Any] = {group: kind(**groups[group]) for group, kind in _GROUPS.items()}
        of_snapshot |= {name: arrays[name] for name in _KEYS} | facts["snapshot"]
        snapshot = Snapshot(
            timetable=timetable,
            scheduled_calls=scheduled_calls,
            report_figures=_made(ReportFigures, facts["report_figures"]),
            **of_snapshot,
        )
        of_view: dict[str, Any] = {name: self._alerts_of(name, facts["alerts"][name]) for name in _ALERTS}
        view = ServiceView(
            snapshot=snapshot,
            stop_search=stop_search_of(timetable.base),
            feeds={name: _made(FeedHealth, health) for name, health in facts["feeds"].items()},
            update_figures=_made(UpdateFigures, facts["update_figures"]),
            accuracy=_accuracy(facts, arrays),
            **of_view,
            **facts["view"],
        )
        return Published(view, facts["clock"], facts["every_s"])

    def _timetable(self, name: str, changes: str, arrays: Mapping[str, AnyArray]) -> tuple[Timetable, ScheduledCalls]:
        if self._base is None or self._base[0] != name:
            self._base = name, timetable_of(self._timetable_named(name))
        base = self._base[1]
        if self._overlaid is None or self._overlaid[0] != (name, changes):
            timetable = _changed(base, arrays) if changes else base
            self._overlaid = (name, changes), timetable, ScheduledCalls.of(timetable)
        return self._overlaid[1:]

    def _alerts_of(self, name: str, told: list[Any]) -> tuple[Alert, ...]:
        before = self._alerts.get(name)
        if before is None or before[0] != told:
            before = self._alerts[name] = told, tuple(alert_from_json(alert_id, content) for alert_id, content in told)
        return before[1]


def _refuse_other(facts: Mapping[str, Any]) -> None:
    if facts.get("form") != FORM:
        raise OtherFormError("the engine is of another version of prochain")


def _arrays(timetable: Timetable) -> dict[str, AnyArray | str]:
    return {f.name: getattr(timetable, f.name) for f in fields(Timetable)}


def _made(kind: type[T], facts: Mapping[str, Any]) -> T:
    """A dataclass of figures and texts as JSON has kept it."""
    hints = get_type_hints(kind)
    return kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in facts.items() if name in hints}
    )


def _accuracy(facts: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> Recent:
    sums = zip(facts["accuracy"], arrays["accuracy.predictions"], arrays["accuracy.calls"], strict=True)
    return Recent(
        tuple(GroupSums(group, source, predictions, calls) for (group, source), predictions, calls in sums),
        tuple(_made(WorseLine, line) for line in facts["worse"]),
    )


def _changes(timetable: OverlaidTimetable) -> dict[str, AnyArray]:
    """Of each column what is not the base's: its rows behind them, and those of them that are others."""
    found = {}
    for name, base in _arrays(timetable.base).items():
        column = getattr(timetable, name)
        if isinstance(base, str) or column is base:
            continue
        rows = len(base)
        if len(column) < rows or column.shape[1:] != base.shape[1:]:
            found[f"changed.{name}.whole"] = column
            continue
        differs = column[:rows] != base
        if base.dtype.kind == "f":
            differs &= ~(np.isnan(column[:rows]) & np.isnan(base))
        others = np.flatnonzero(differs.reshape(rows, -1).any(axis=1)) if rows else np.empty(0, np.int64)
        if len(others):
            found[f"changed.{name}.rows"], found[f"changed.{name}.values"] = others, column[others]
        if len(column) > rows:
            found[f"changed.{name}.more"] = column[rows:]
    for group, kind in _LAID.items():
        found |= {f"{group}.{name}": getattr(getattr(timetable, group), name) for name in column_types(kind)}
    return found


def _changed(base: Timetable, arrays: Mapping[str, AnyArray]) -> OverlaidTimetable:
    columns: dict[str, Any] = {}
    for name, column in _arrays(base).items():
        changed, rows, more = column, arrays.get(f"changed.{name}.rows"), arrays.get(f"changed.{name}.more")
        if isinstance(column, np.ndarray):
            if (whole := arrays.get(f"changed.{name}.whole")) is not None:
                changed = whole
            if rows is not None:
                values = arrays[f"changed.{name}.values"]
                changed = column.astype(np.result_type(column, values))
                changed[rows] = values
            if more is not None:
                changed = np.concatenate([changed, more])
        columns[name] = changed
    laid: dict[str, Any] = {
        group: kind(**{name: arrays[f"{group}.{name}"] for name in column_types(kind)}) for group, kind in _LAID.items()
    }
    return OverlaidTimetable(**columns, base_timetable=base, **laid)


def _name(arrays: Mapping[str, AnyArray]) -> str:
    """By content; "" of nothing."""
    return hashlib.sha256(pack({}, arrays)).hexdigest()[:_DIGITS] if arrays else ""
