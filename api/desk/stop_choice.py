"""Stops to pick from: those chosen, those searched for, and those of the chosen lines, by name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from api.desk.disruption_form import DisruptionForm
from api.reading.destinations import destination_of
from api.reading.lines import Line, patterns_by_direction, stops_along
from api.words.lines import line_name
from api.words.moment import PageMoment
from predictor.geometry import between_stops_m

_FOUND = 8


@dataclass(frozen=True)
class StopChip:
    """Stops of one name, picked together."""

    name: str
    value: str
    """Their ids as JSON."""
    note: str = ""
    """What tells it from others of the same name."""


@dataclass(frozen=True)
class LineStops:
    """The stops of a line that are not chosen yet."""

    line: Line
    both: list[StopChip]
    """Each name once, for both directions."""
    directions: list[tuple[str, list[StopChip]]]
    """Destination, and the stops of that direction alone; empty where both are the same."""


@dataclass(frozen=True)
class StopChoice:
    """What the form offers."""

    chosen: list[StopChip]
    found: list[StopChip]
    lines: list[LineStops]


def stop_choice(form: DisruptionForm, moment: PageMoment) -> StopChoice:
    """See the module's docstring. Every stop is in one chip at most that is ticked, so that unticking it works."""
    tt = moment.timetable
    chosen = [tt.stop_index[stop_id] for stop_id in form.stops if stop_id in tt.stop_index]
    taken = set(chosen)
    hits = moment.view.stop_search.by_text(form.stop_query, 3 * _FOUND) if form.stop_query else []
    found = [hit.stop_idx for hit in hits if hit.stop_idx not in taken and moment.lines.at_stop(hit.stop_idx)]
    lines = []
    for route in sorted((tt.route_index[route_id] for route_id in form.routes if route_id in tt.route_index),
                        key=moment.lines.rank.__getitem__):  # fmt: skip
        directions = _directions(moment, route)
        stops = [stop for _, some in directions for stop in some if stop not in taken]
        lines.append(
            LineStops(
                moment.lines.all[route],
                _by_name(moment, stops),
                [(place, _by_name(moment, (stop for stop in some if stop not in taken))) for place, some in directions]
                if len(directions) > 1
                else [],
            )
        )
    # A stop found by its name means all platforms and both sides of the street.
    return StopChoice(_by_name(moment, chosen), _same_name(moment, found[:_FOUND], taken), lines)


def _directions(moment: PageMoment, route: int) -> list[tuple[str, list[int]]]:
    """Destination and stops of each direction, in the order of its pattern with most trips, then the others'."""
    tt, example = moment.timetable, moment.lines.pattern_example
    return [
        (destination_of(tt, int(example[ways[0]])), list(dict.fromkeys(chain(*(stops_along(tt, way) for way in ways)))))
        for ways in patterns_by_direction(tt, route).values()
    ]


def _by_name(moment: PageMoment, stops: Iterable[int]) -> list[StopChip]:
    tt = moment.timetable
    grouped: dict[str, list[str]] = {}
    for stop in stops:
        ids = grouped.setdefault(str(tt.stop_name[stop]), [])
        if str(tt.stop_id[stop]) not in ids:
            ids.append(str(tt.stop_id[stop]))
    return [StopChip(name, json.dumps(ids, ensure_ascii=False)) for name, ids in grouped.items()]


def _same_name(moment: PageMoment, stops: list[int], taken: set[int]) -> list[StopChip]:
    """Chips of found stops; those of one name that lie together are one."""
    tt = moment.timetable
    chips: dict[str, StopChip] = {}
    for stop in stops:
        name = str(tt.stop_name[stop])
        twins = [
            int(twin) for twin in np.flatnonzero(tt.stop_name == name) if _near(moment, stop, int(twin))
            and int(twin) not in taken and (tt.stop_parent[twin] < 0 or twin == stop)
        ]  # fmt: skip
        value = json.dumps(sorted(str(tt.stop_id[twin]) for twin in twins), ensure_ascii=False)
        note = ", ".join(
            dict.fromkeys(line_name(line, moment.texts) for twin in twins for line in moment.lines.at_stop(twin))
        )
        chips.setdefault(value, StopChip(name, value, note))
    return list(chips.values())


def _near(moment: PageMoment, stop: int, other: int) -> bool:
    """Within about 500 m."""
    return bool(between_stops_m(moment.timetable, stop, other) < 500.0)
