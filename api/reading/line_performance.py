"""How a line ran on a day: speeds by segment and hour, and headways, as operators report them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from api.reading.accuracy import number_of
from api.reading.destinations import destination_of
from api.reading.lines import patterns_of
from feeds.history.store import HistoryStore
from predictor.accuracy.completeness import scheduled_between
from predictor.accuracy.line_performance import HeadwayKept, SegmentRuns, headways_kept, segment_runs
from predictor.timetable import DAY_S, Timetable


@dataclass(frozen=True)
class Cell:
    """One segment in one hour."""

    hour: int
    runs: int
    run_s: float
    scheduled_s: float
    speed_km_h: float


@dataclass(frozen=True)
class Segment:
    """From one stop to the next, by the timetable of that day."""

    from_stop_id: str
    from_name: str
    to_stop_id: str
    to_name: str
    cells: tuple[Cell | None, ...]
    """By hour, as `Direction.hours`; None where nobody drove it."""

    @property
    def driven(self) -> list[Cell]:
        """Those in which somebody did."""
        return [cell for cell in self.cells if cell is not None]


@dataclass(frozen=True)
class Headways:
    """Headways in an hour."""

    hour: int
    headways: int
    scheduled_s: float
    actual_s: float
    adherence: float
    """`HeadwayKept.variation`."""
    kept: float
    excess_wait_s: float


@dataclass(frozen=True)
class Direction:
    """A line in one direction, on the stop sequence that most of its trips run."""

    direction: int
    """-1 where the line has none."""
    destination: str
    """Of those trips."""
    hours: tuple[int, ...]
    segments: tuple[Segment, ...]
    headways: tuple[Headways, ...]


def line_performance(store: HistoryStore, timetable: Timetable, route: int, day: date) -> list[Direction]:
    """Nothing where the timetable of that day did not have the line. It reads from disk: not for the event loop."""
    number = number_of(day)
    place = timetable.date_index.get(number)
    noon = float(timetable.date_origin[place]) + 43_200.0 if place is not None else math.nan
    then = timetable if math.isnan(noon) else store.timetable_at(noon, timetable)
    route_then, day_then = then.route_index.get(str(timetable.route_id[route]), -1), then.date_index.get(number, -1)
    if route_then < 0 or day_then < 0:
        return []
    passages = store.passages_of_line(then, route_then, day_then)
    origin = float(then.date_origin[day_then])
    calls = scheduled_between(then, origin, origin + float(then.trip_end_s.max(initial=0)) + DAY_S)
    own = (then.trip_route[then.call_trip[calls.entry]] == route_then) & (calls.service_day == day_then)
    kept = headways_kept(passages, calls.take(own), then)
    return _directions(then, route_then, segment_runs(passages, then), kept)


def _directions(tt: Timetable, route: int, runs: SegmentRuns, kept: HeadwayKept) -> list[Direction]:
    cells = {
        (link, hour): Cell(hour, count, run_s, scheduled_s, 3.6 * speed)
        for link, hour, count, run_s, scheduled_s, speed in zip(
            *(column.tolist() for column in (runs.link, runs.hour, runs.runs, runs.run_s, runs.scheduled_s,
                                             runs.speed_m_s)), strict=True,
        )
    }  # fmt: skip
    found: dict[int, Direction] = {}
    trips = np.flatnonzero(tt.trip_route == route)
    for pattern in patterns_of(tt, trips):
        way = int(tt.pattern_way[pattern])
        calls = slice(int(tt.pattern_call_ptr[pattern]), int(tt.pattern_call_ptr[pattern + 1]) - 1)
        links = tt.pattern_link[calls].tolist()
        hours = tuple(sorted({hour for link, hour in cells if link in links}))
        if way in found or not hours:
            continue
        example = int(trips[np.argmax(tt.trip_pattern[trips] == pattern)])
        rows = np.flatnonzero(kept.direction == way)
        found[way] = Direction(
            way, destination_of(tt, example), hours,
            tuple(_segment(tt, link, tuple(cells.get((link, hour)) for hour in hours)) for link in links),
            tuple(
                Headways(*row)
                for row in zip(
                    *(column[rows].tolist() for column in (kept.hour, kept.headways, kept.scheduled_s, kept.actual_s,
                                                           kept.variation, kept.kept, kept.excess_wait_s)),
                    strict=True,
                )
            ),
        )  # fmt: skip
    return [found[way] for way in sorted(found)]


def _segment(tt: Timetable, link: int, cells: tuple[Cell | None, ...]) -> Segment:
    start, end = int(tt.link_from_stop[link]), int(tt.link_to_stop[link])
    return Segment(
        str(tt.stop_id[start]), str(tt.stop_name[start]), str(tt.stop_id[end]), str(tt.stop_name[end]), cells
    )
