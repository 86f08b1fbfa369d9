"""The timetable of a stop or a line on one service day, as the operator published it, with what it has called off."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from api.reading.destinations import destinations, most_common, usual_destination
from api.reading.lines import Line, patterns_of, stops_along
from api.reading.moment import Moment
from predictor.arrays import NONE, BoolArray, Int32Array, Int64Array, contains, expand_ranges
from predictor.columns import Columns
from predictor.journeys import call_key, journey_key
from predictor.runs import DatedRuns
from predictor.snapshot import CANCELLED, SCHEDULED, SKIPPED, STATUSES
from predictor.timetable import NO_PICKUP

_MOST_COLUMNS = 8
_WEEKS_AHEAD = 12
_NOON_S = 12 * 3600.0


@dataclass(frozen=True)
class DayDeparture:
    """One departure by the timetable."""

    at: float
    """POSIX seconds."""
    destination: str
    headway_s: int
    """Seconds until the next one of a line run by headway, whose times nobody promises; else 0."""
    reckoned: bool
    """See `Timetable.reckoned`."""
    status: str
    """`scheduled`, `cancelled` or `skipped`."""


@dataclass(frozen=True)
class DayRow:
    """A line in one direction at a stop on a day."""

    line: Line
    direction: int
    """See `Timetable.pattern_way`."""
    destination: str
    """Where most go."""
    departures: list[DayDeparture]


class DayTime(NamedTuple):
    """When a run calls at a stop by the timetable."""

    at: float
    """POSIX seconds."""
    reckoned: bool
    """See `Timetable.reckoned`."""
    status: str
    """As of `DayDeparture`."""


@dataclass(frozen=True)
class LineDay:
    """A line in one direction on a day: when each run calls at the stops that tell most of its way."""

    stops: list[int]
    runs: list[list[DayTime | None]]
    """By run, when it calls at each of `stops`; None where it does not,"""
    ends: list[int]
    """and the stop where it ends, -1 where that is at the last of `stops`."""
    by_headway: bool
    """Whether nobody promises these times."""
    destination: str
    """Where most go."""


def stop_day(moment: Moment, stop: int, day: int) -> list[DayRow]:
    """Departures from a stop (a station: from all its platforms) on a service day, by line and direction."""
    calls, tt = _calls(moment, stop), moment.timetable.base
    calls = calls.take(_runs_on(moment, day)[calls.journey])
    entry, trip, journey = calls.entry, calls.trip, calls.journey
    if not len(entry):
        return []
    shift = tt.journey_shift_s[journey]
    at = tt.date_origin[day] + tt.departure_s[entry] + shift
    runs = DatedRuns(trip, np.full(len(trip), day, np.int32), shift.astype(np.int32))
    call = tt.call_at(entry)
    signs = destinations(moment.view.snapshot, runs, call)
    route, direction = tt.trip_route[trip], tt.trip_way[trip]
    rows: dict[tuple[int, int], list[int]] = {}
    for i in np.argsort(at, kind="stable").tolist():
        rows.setdefault((moment.lines.line_rank[int(route[i])], int(direction[i])), []).append(i)
    headway = np.where(tt.trip_is_frequency[trip], tt.journey_headway_s[journey], 0)
    status = _status(moment, day, journey, call)
    # Where a run ends now nobody boards.
    for i in np.flatnonzero(moment.view.snapshot.last_calls(runs, call) == call).tolist():
        status[i] = STATUSES[SKIPPED]
    found = []
    for key in sorted(rows):
        members = rows[key]
        found.append(
            DayRow(
                line=moment.lines.all[int(route[members[0]])],
                direction=key[1],
                destination=most_common(signs[members].tolist()),
                departures=[
                    DayDeparture(float(at[i]), str(signs[i]), int(headway[i]), bool(tt.reckoned[entry[i]]), status[i])
                    for i in members
                ],
            )
        )
    return found


def line_day(moment: Moment, route: int, direction: int, day: int) -> LineDay:
    """The runs of a line in one direction on a service day, in the order in which they set out."""
    tt = moment.timetable.base
    journey = np.flatnonzero(_runs_on(moment, day) & (tt.trip_route[tt.journey_trip] == route))
    journey = journey[tt.trip_way[tt.journey_trip[journey]] == direction]
    if not len(journey):
        return LineDay([], [], [], by_headway=False, destination="")
    trips = tt.journey_trip[journey]
    visits = _columns(_visits(stops_along(tt, patterns_of(tt, trips)[0])))
    runs: list[tuple[list[DayTime | None], int]] = []
    of_run, entry = tt.entries_of(trips)
    status = iter(_status(moment, day, journey[of_run], tt.call_at(entry)))
    for run, trip in zip(journey, trips.tolist(), strict=True):
        calls = tt.calls_of(trip)
        at = tt.date_origin[day] + tt.departure_s[calls] + tt.journey_shift_s[run]
        reckoned = tt.reckoned[calls].tolist()
        times = map(DayTime, at.astype(np.float64).tolist(), reckoned, islice(status, len(reckoned)))
        at_visits = dict(zip(_visits(tt.call_stop[calls].tolist()), times, strict=True))
        last = int(tt.call_stop[calls][-1])
        is_there = tt.station[last] == tt.station[visits[-1][0]]
        runs.append(([at_visits.get(visit) for visit in visits], NONE if is_there else last))
    runs.sort(key=lambda run: min((time.at for time in run[0] if time is not None), default=np.inf))
    return LineDay(
        [stop for stop, _ in visits], [times for times, _ in runs], [end for _, end in runs],
        bool(tt.trip_is_frequency[trips].all()), usual_destination(moment.view.snapshot, day, trips),
    )  # fmt: skip


def next_change(moment: Moment, stop: int | None, route: int | None, day: int) -> int | None:
    """The first later day of the same weekday on which other departures leave here, by their times, lines and
    destinations; None where none is known. Trips and services that only have another name are the same."""
    tt = moment.timetable.base
    calls = _calls(moment, stop, route)
    _, sign = np.unique(np.concatenate([tt.trip_headsign, tt.headsign_name]), return_inverse=True)
    own = tt.call_headsign[calls.entry]
    shown = np.column_stack([
        tt.departure_s[calls.entry] + tt.journey_shift_s[calls.journey],
        np.where(tt.trip_is_frequency[calls.trip], tt.journey_headway_s[calls.journey], 0),
        tt.trip_route[calls.trip], tt.trip_way[calls.trip],
        np.zeros_like(own) if route is None else tt.call_stop[calls.entry],
        sign[np.where(own >= 0, tt.trips + own, calls.trip)],
    ])  # fmt: skip
    order = np.lexsort(shown.T)
    shown, trip = shown[order], calls.trip[order]
    active = tt.service_active[np.unique(tt.trip_service[trip])]
    for later in range(day + 7, min(day + 7 * _WEEKS_AHEAD, active.shape[1]), 7):
        if (active[:, later] == active[:, day]).all():
            continue
        now, then = (shown[tt.runs_on(trip, on)] for on in (day, later))
        if not np.array_equal(now, then):
            return later
    return None


def next_day(moment: Moment, stop: int) -> float | None:
    """Noon of the first day to come on which anything leaves a stop by the timetable, POSIX seconds; None where none is
    known."""
    return moment.view.once(f"next day at {stop}", lambda: _next_day_of(moment, _calls(moment, stop).trip))


def next_day_of_line(moment: Moment, route: int) -> float | None:
    """The same of a line."""
    return _next_day_of(moment, np.flatnonzero(moment.timetable.base.trip_route == route).astype(np.int32))


def _next_day_of(moment: Moment, trips: Int32Array) -> float | None:
    tt, none = moment.timetable.base, len(moment.timetable.date_origin)
    day = int(tt.next_days(int(tt.day_at(moment.now)) + 1)[trips].min(initial=none))
    return float(tt.date_origin[day]) + _NOON_S if day < none else None


def last_day(moment: Moment) -> float | None:
    """Noon of the last day on which anything runs by the timetable, POSIX seconds; None where nothing does."""
    tt = moment.timetable.base
    days = np.flatnonzero(tt.service_active.any(axis=0))
    return float(tt.date_origin[days[-1]]) + _NOON_S if len(days) else None


@dataclass(frozen=True, eq=False)
class _CallsAt(Columns):
    """Boardable calls of all journeys (n,)."""

    entry: Int64Array
    trip: Int32Array
    journey: Int32Array


def _runs_on(moment: Moment, day: int) -> BoolArray:
    """(J,) whether riders may see each journey on a service day."""
    tt = moment.timetable.base
    journey = np.arange(len(tt.journey_trip), dtype=np.int32)
    deleted = contains(moment.view.snapshot.deleted, journey_key(np.full_like(journey, day), journey))
    return tt.runs_on(tt.journey_trip, day) & ~deleted


def _status(moment: Moment, day: int, journey: Int32Array, call: Int32Array) -> list[str]:
    """(n,) what the operator has said of calls of journeys on a service day: `DayDeparture.status`."""
    snapshot, key = moment.view.snapshot, journey_key(np.full_like(journey, day), journey)
    calls = call_key(key, call)
    skipped = contains(snapshot.skipped, calls) | contains(snapshot.timetable.left_out, calls)
    status = np.where(contains(snapshot.cancelled, key), CANCELLED, np.where(skipped, SKIPPED, SCHEDULED))
    return [STATUSES[code] for code in status.tolist()]


def _calls(moment: Moment, stop: int | None = None, route: int | None = None) -> _CallsAt:
    """Those at a stop (a station: at all its platforms), of a line."""
    tt = moment.timetable.base
    is_asked = (tt.pickup_type != NO_PICKUP) & ~tt.call_stays
    if stop is not None:
        is_asked &= np.isin(tt.call_stop, tt.members(stop))
    if route is not None:
        is_asked &= np.repeat(tt.trip_route == route, tt.trip_calls)
    entry = np.flatnonzero(is_asked)
    trip = tt.call_trip[entry]
    boards = entry < tt.trip_call_ptr[trip + 1] - 1
    entry, trip = entry[boards], trip[boards]
    order = np.argsort(tt.journey_trip, kind="stable")
    of_trip = tt.journey_trip[order]
    first, past = np.searchsorted(of_trip, trip, side="left"), np.searchsorted(of_trip, trip, side="right")
    row, place = expand_ranges(first, past - first)
    return _CallsAt(entry[row], trip[row], order[place].astype(np.int32))


def _visits(stops: list[int]) -> list[tuple[int, int]]:
    """Each call of a run as its stop and the number of the visit; calls in a row at one stop are one."""
    visits: list[tuple[int, int]] = []
    count: Counter[int] = Counter()
    for stop in stops:
        count[stop] += not visits or visits[-1][0] != stop
        visits.append((stop, count[stop]))
    return visits


def _columns(visits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first, the last, and as many between them as there is room for, evenly."""
    visits = list(dict.fromkeys(visits))
    if len(visits) <= _MOST_COLUMNS:
        return visits
    places = np.linspace(0, len(visits) - 1, _MOST_COLUMNS).round().astype(int).tolist()
    return [visits[place] for place in places]
