"""The timetable with the runs that the operator's word of the moment adds, moves and replaces.

Made anew from each full message, so that what the operator no longer says is gone; the base timetable never changes.
The overlay is a timetable itself: runs with calls of their own are trips appended to the base's, each running on one
day, so that every index of the base stays true. A run that another takes the place of does not run on that day, and
`OverlaidTimetable.standing_for` says who does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from predictor.arrays import (
    NONE,
    AnyArray,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    places_of,
)
from predictor.geometry import ground_distance_m
from predictor.journeys import journey_key
from predictor.links import link_pairs
from predictor.runs import DatedRuns
from predictor.stop_alignment import aligned, pattern_stops, patterns_along
from predictor.timetable import NO_PICKUP, Timetable
from predictor.trip_updates import TRIP_REPLACEMENT, RunShape, TripUpdates


@dataclass(frozen=True, eq=False)
class OwnRuns(DatedRuns):
    """The operator's own runs (r,) by the trips that they are in the overlay."""

    relationship: Int8Array
    """GTFS-Realtime ScheduleRelationship."""
    model: Int32Array
    """The base trip that the run copies or takes the place of, -1 where none."""


@dataclass(frozen=True, eq=False)
class OverlaidTimetable(Timetable):
    """A base timetable and, behind its trips, the operator's own runs (r,)."""

    base_timetable: Timetable
    own_runs: OwnRuns

    @property
    def base(self) -> Timetable:
        """The feed's own timetable."""
        return self.base_timetable

    @cached_property
    def run_relationships(self) -> Int8Array:
        """(T,) GTFS-Realtime ScheduleRelationship of each trip: SCHEDULED but for runs of the operator's own."""
        return np.append(np.zeros(self.base.trips, np.int8), self.own_runs.relationship)

    @cached_property
    def run_models(self) -> Int32Array:
        """(T,) the trip that each run of the operator's own copies or takes the place of, -1 where none."""
        return np.append(np.full(self.base.trips, NONE, np.int32), self.own_runs.model)

    @property
    def run_days(self) -> Int32Array:
        """(r,) service day of each of the operator's own runs."""
        return self.own_runs.service_day

    @property
    def run_shifts_s(self) -> Int32Array:
        """(r,) by how much each is later than its trip's times."""
        return self.own_runs.shift_s

    @cached_property
    def trip_index(self) -> dict[str, int]:
        """trip_id -> index: of the base where it has the id, else of the first run that is called so."""
        index = dict(self.base.trip_index)
        for trip in range(self.base.trips, self.trips):
            index.setdefault(str(self.trip_id[trip]), trip)
        return index

    def standing_for(self, trip: Int32Array, service_day: Int32Array, shift_s: Int32Array) -> Int32Array:
        """The trip (n,) that runs in the place of each run named by the first trip of its id."""
        keys, runs = self._standing
        if len(keys) == 0:
            return trip
        place = places_of(DatedRuns(trip, service_day, shift_s).run_key, keys)
        return np.where((place >= 0) & (trip >= 0), runs[place], trip).astype(np.int32)

    @cached_property
    def by_name(self) -> Timetable:
        """The timetable as feeds name its runs: each under the first trip of its id, by the shift that it has there."""
        base, named = self.base, self.run_named
        runs = np.arange(base.trips, self.trips)
        calendars = self.service_active.copy()
        trip_service = np.append(base.trip_service, self.trip_service[base.trips :])
        # A trip whose run of the day is another still runs on that day under its name.
        elsewhere = np.unique(named[named != runs])
        calendars = np.concatenate([calendars, calendars[trip_service[elsewhere]]])
        trip_service[elsewhere] = len(self.service_active) + np.arange(len(elsewhere))
        calendars[trip_service[named], self.run_days] = True
        once = ~np.isin(
            DatedRuns(named, np.zeros_like(named), self.run_shifts_s).run_key,
            DatedRuns(base.journey_trip, np.zeros_like(base.journey_trip), base.journey_shift_s).run_key,
        )
        _, first = np.unique(DatedRuns(named, np.zeros_like(named), self.run_shifts_s).run_key, return_index=True)
        once &= np.isin(np.arange(len(named)), first)
        return Timetable(
            **{f.name: getattr(self, f.name) for f in fields(Timetable)}
            | {
                "trip_service": trip_service.astype(np.int32),
                "service_active": calendars,
                "service_id": np.arange(len(calendars)).astype(np.str_),
                "journey_trip": np.append(base.journey_trip, named[once]).astype(np.int32),
                "journey_shift_s": np.append(base.journey_shift_s, self.run_shifts_s[once]).astype(np.int32),
                "journey_headway_s": np.append(base.journey_headway_s, np.zeros(int(once.sum()), np.int32)),
            }
        )

    @cached_property
    def named_start_s(self) -> Int32Array:
        """See `Timetable`: of a run under an id of its own that is as the operator says, where it does."""
        told = (self.run_named >= self.base.trips) & (self.run_shifts_s > 0)
        start_s = np.where(told, 0, self.trip_start_s[self.run_named])
        return np.append(self.base.trip_start_s, start_s).astype(np.int32)

    @cached_property
    def run_named(self) -> Int32Array:
        """(r,) the first trip of each run's id."""
        return np.array([self.trip_index[name] for name in self.trip_id[self.base.trips :].tolist()], np.int32)

    @cached_property
    def _standing(self) -> tuple[Int64Array, Int32Array]:
        """Sorted keys of the runs as they are named, and the trips that stand for them."""
        runs = np.arange(self.base.trips, self.trips, dtype=np.int32)
        key = DatedRuns(self.run_named, self.run_days, self.run_shifts_s).run_key
        order = np.argsort(key, kind="stable")
        return key[order], runs[order]


@dataclass(frozen=True, eq=False)
class Overlay:
    """The operator's runs over one base timetable."""

    timetable: Timetable
    """The base itself where there are none."""
    contents: tuple[object, ...]
    """What each run is, but for times that are only expected."""
    trip_of: dict[tuple[str, int, int], int]
    """Trip of each run by its id, service day and shift."""
    replaced: Int64Array
    """Sorted journey keys, of the base, that other runs stand for."""

    @classmethod
    def none(cls, base: Timetable) -> Overlay:
        """Nothing but the timetable."""
        return cls(base, (), {}, np.empty(0, np.int64))

    def renewed(self, updates: TripUpdates | None) -> Overlay:
        """The overlay of a message alone; this very one where it says the same."""
        base = self.timetable.base
        if updates is None or not updates.own_calls.any():
            return self if not self.contents else Overlay.none(base)
        rows = np.flatnonzero(updates.own_calls)
        contents = (updates.new_places, *(_content(updates, row) for row in rows.tolist()))
        if contents == self.contents:
            return self
        base = updates.new_places.added_to(base)
        runs = [_OwnRun.of(base, updates, row) for row in rows.tolist()]
        runs = [run.as_first_told(self._former(run)) for run in runs]
        timetable = _overlaid(self.timetable.base, base, runs)
        trips = range(base.trips, base.trips + len(runs))
        return Overlay(
            timetable=timetable,
            contents=contents,
            trip_of={run.name: trip for run, trip in zip(runs, trips, strict=True)},
            replaced=_replaced_journeys(base, runs),
        )

    def trips_of(self, updates: TripUpdates) -> Int32Array:
        """The trip (n,) of each run of the message that this overlay was made from."""
        trip = updates.trip.copy()
        for row in np.flatnonzero(updates.own_calls).tolist():
            trip[row] = self.trip_of[self.name_of(updates, row)]
        return trip

    def stands_for_another(self, trip: int) -> bool:
        """Whether a run of the operator's own takes the place of the timetable's run of its name."""
        return int(self.timetable.run_relationships[trip]) == TRIP_REPLACEMENT

    @staticmethod
    def name_of(updates: TripUpdates, row: int) -> tuple[str, int, int]:
        """A run of a message by its id, service day and shift."""
        return str(updates.trip_id[row]), int(updates.service_day[row]), int(updates.shift_s[row])

    def _former(self, run: _OwnRun) -> tuple[Int32Array, Int32Array, Int32Array] | None:
        """Stops and scheduled times that the run had so far, None where it is new."""
        trip, tt = self.trip_of.get(run.name), self.timetable
        if trip is None:
            return None
        span = slice(int(tt.trip_call_ptr[trip]), int(tt.trip_call_ptr[trip + 1]))
        return tt.call_stop[span], tt.arrival_s[span], tt.departure_s[span]


def _content(updates: TripUpdates, row: int) -> tuple[object, ...]:
    span = updates.calls_of(row)
    stated = bool(updates.own_times[row])
    return (
        Overlay.name_of(updates, row), int(updates.trip[row]), int(updates.route[row]), int(updates.direction[row]),
        str(updates.headsign[row]), str(updates.short_name[row]), updates.stop[span].tobytes(),
        updates.stop_sequence[span].tobytes(), updates.pickup_type[span].tobytes(),
        updates.drop_off_type[span].tobytes(), updates.base_call[span].tobytes(),
        tuple(updates.stop_headsign[span].tolist()),
        (updates.scheduled_arrival[span].tobytes(), updates.scheduled_departure[span].tobytes()) if stated else None,
        _shape_content(updates.shapes.get(row)),
    )  # fmt: skip


def _shape_content(shape: RunShape | None) -> tuple[bytes, ...]:
    return () if shape is None else (shape.lat.tobytes(), shape.lon.tobytes(), shape.call_m.tobytes())


@dataclass(frozen=True, eq=False)
class _OwnRun:
    """One run with calls of its own, arrays (c,)."""

    name: tuple[str, int, int]
    trip: int
    route: int
    direction: int
    headsign: str
    short_name: str
    relationship: int
    own_times: bool
    stop: Int32Array
    stop_sequence: Int32Array
    arrival_s: Int32Array
    """Seconds after the origin of the service day, less the run's shift."""
    departure_s: Int32Array
    base_call: Int32Array
    pickup_type: Int8Array
    drop_off_type: Int8Array
    stop_headsign: StrArray
    shape: RunShape | None
    """Its way, where it is not its pattern's."""

    @classmethod
    def of(cls, base: Timetable, updates: TripUpdates, row: int) -> _OwnRun:
        """One run of a message."""
        span = updates.calls_of(row)
        _, day, shift = name = Overlay.name_of(updates, row)
        origin = float(base.date_origin[day] + shift)
        return cls(
            name=name, trip=int(updates.trip[row]), route=int(updates.route[row]),
            direction=int(updates.direction[row]), headsign=str(updates.headsign[row]),
            short_name=str(updates.short_name[row]), relationship=int(updates.relationship[row]),
            own_times=bool(updates.own_times[row]), stop=updates.stop[span], stop_sequence=updates.stop_sequence[span],
            arrival_s=np.round(updates.scheduled_arrival[span] - origin).astype(np.int32),
            departure_s=np.round(updates.scheduled_departure[span] - origin).astype(np.int32),
            base_call=updates.base_call[span], pickup_type=updates.pickup_type[span],
            drop_off_type=updates.drop_off_type[span], stop_headsign=updates.stop_headsign[span],
            shape=updates.shapes.get(row),
        )  # fmt: skip

    def as_first_told(self, former: tuple[Int32Array, Int32Array, Int32Array] | None) -> _OwnRun:
        """With the scheduled times that it had: those only expected move with every message, a timetable does not."""
        if self.own_times or former is None or not np.array_equal(former[0], self.stop):
            return self
        return replace(self, arrival_s=former[1], departure_s=former[2])


_Points = tuple[Float64Array, Float64Array, Float64Array]
"""Latitude, longitude and metres along it of a line's vertices."""


@dataclass(frozen=True, eq=False)
class _Pattern:
    """A new pattern, its calls (c,)."""

    run: _OwnRun
    """One that drives it."""
    line: int
    distance_m: Float64Array
    link: Int32Array
    """(c - 1,) the model's links between calls that follow each other there too, else -1."""


class _Patterns:
    """Patterns, lines and links appended to a base's."""

    def __init__(self, base: Timetable) -> None:
        self.base = base
        self._new: list[_Pattern] = []
        self._lines: list[tuple[_Points, bool]] = []
        """Each with whether it is a shape."""
        self._made: dict[tuple[object, ...], int] = {}

    def of(self, run: _OwnRun) -> int:
        """The pattern of a run: one of the base's where there is the same, else a new one."""
        key = (
            run.route, run.direction, run.trip, run.stop.tobytes(), run.base_call.tobytes(), _shape_content(run.shape),
        )  # fmt: skip
        if key not in self._made:
            self._made[key] = self._same_in_base(run) if run.trip < 0 else self._along(run)
        return self._made[key]

    def _same_in_base(self, run: _OwnRun) -> int:
        """For a run that no trip is a model of: its route's own pattern or part of one, else straight from stop to
        stop."""
        stops = tuple(run.stop.tolist())
        along = patterns_along(self.base, run.stop, run.route)
        directions = self.base.pattern_direction[along]
        along = along[(directions == run.direction) | (run.direction < 0) | (directions < 0)]
        if len(along) == 0:
            return self._append(run, NONE, ())
        calls = self.base.pattern_call_ptr[along + 1] - self.base.pattern_call_ptr[along]
        shortest = int(along[np.argmin(calls)])
        theirs = pattern_stops(self.base, shortest)
        if run.shape is None and len(theirs) == len(stops):
            return shortest if theirs == stops else self._append(run, NONE, ())
        return self._append(run, shortest, aligned(stops, theirs))

    def _along(self, run: _OwnRun) -> int:
        model = int(self.base.trip_pattern[run.trip])
        if run.shape is None and pattern_stops(self.base, model) == tuple(run.stop.tolist()):
            return model
        return self._append(run, model, tuple(run.base_call.tolist()))

    def _append(self, run: _OwnRun, model: int, places: tuple[int, ...]) -> int:
        """A new pattern: on the run's own shape, else on the model's line from call to call that both have, straight on
        where they do not."""
        base, n, place = self.base, len(run.stop), np.array(places, np.int64)
        links = np.full(n - 1, NONE, np.int32)
        if model >= 0 and max(places, default=NONE) >= 0:
            follows = np.flatnonzero((place[:-1] >= 0) & (place[1:] == place[:-1] + 1))
            links[follows] = base.pattern_link[int(base.pattern_call_ptr[model]) + place[follows]]
        if run.shape is not None:
            distance = run.shape.call_m
            line = self._add_line((run.shape.lat, run.shape.lon, run.shape.distance_m), is_shape=True)
        elif model < 0 or max(places, default=NONE) < 0:
            lat, lon = base.stop_lat[run.stop], base.stop_lon[run.stop]
            gaps = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
            distance = np.concatenate([[0.0], np.cumsum(gaps)])
            vertices = np.zeros(2, np.int64) if n == 1 else np.arange(n)
            line = self._add_line((lat[vertices], lon[vertices], distance[vertices]), is_shape=False)
        elif min(places) >= 0:
            distance = base.pattern_distance_m[int(base.pattern_call_ptr[model]) + place]
            line = int(base.pattern_line[model])
        else:
            points, distance = self._partly_along(run, model, places)
            line = self._add_line(points, is_shape=False)
        self._new.append(_Pattern(run, line, distance, links))
        return len(base.pattern_route) + len(self._new) - 1

    def _add_line(self, points: _Points, *, is_shape: bool) -> int:
        self._lines.append((points, is_shape))
        return len(self.base.line_ptr) - 2 + len(self._lines)

    def _partly_along(self, run: _OwnRun, model: int, places: tuple[int, ...]) -> tuple[_Points, Float64Array]:
        """The way on the model's line from call to call that both have (`places`: the model's call, -1 where it has
        none), straight on elsewhere; and the distance of each call (c,)."""
        base = self.base
        model_m, first, line = base.pattern_distance_m, int(base.pattern_call_ptr[model]), int(base.pattern_line[model])
        lat, lon = base.stop_lat[run.stop], base.stop_lon[run.stop]
        straight_m = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
        parts: list[_Points] = []
        distance, along = np.zeros(len(places)), 0.0
        for k, place in enumerate(places):
            if k and place >= 0 and places[k - 1] >= 0:
                start_m, end_m = float(model_m[first + places[k - 1]]), float(model_m[first + place])
                part_lat, part_lon, part_m = _part_of_line(base, line, start_m, end_m)
                parts.append((part_lat, part_lon, along + part_m))
                along += end_m - start_m
            else:
                along += float(straight_m[k - 1]) if k else 0.0
                parts.append((lat[k : k + 1], lon[k : k + 1], np.array([along])))
            distance[k] = along
        part_lats, part_lons, part_metres = zip(*parts, strict=True)
        return (np.concatenate(part_lats), np.concatenate(part_lons), np.concatenate(part_metres)), distance

    def columns(self) -> dict[str, Any]:
        """The columns of patterns, lines and links, the base's and these."""
        base, new, i32 = self.base, self._new, np.int32
        stops, distances = [pattern.run.stop for pattern in new], [pattern.distance_m for pattern in new]
        start, end = _joined([stop[:-1] for stop in stops], i32), _joined([stop[1:] for stop in stops], i32)
        gap = _joined([np.diff(distance) for distance in distances], np.float64)
        link = _joined([pattern.link for pattern in new], i32)
        unknown = link < 0
        link_from, link_to, link_m, link[unknown] = link_pairs(base, start[unknown], end[unknown], gap[unknown])
        calls = [len(stop) for stop in stops]
        last = np.cumsum(calls, dtype=np.int64) - 1
        pattern_link = np.insert(link, last - np.arange(len(last)), NONE).astype(i32)
        lat, lon, metres = ([points[axis] for points, _ in self._lines] for axis in range(3))
        vertices = np.cumsum([len(points) for points in lat], dtype=np.int64)
        added: dict[str, AnyArray] = {
            "pattern_route": np.array([pattern.run.route for pattern in new], i32),
            "pattern_direction": np.array([pattern.run.direction for pattern in new], np.int8),
            "pattern_line": np.array([pattern.line for pattern in new], i32),
            "pattern_call_ptr": base.pattern_call_ptr[-1] + last + 1,
            "pattern_stop": _joined(stops, i32),
            "pattern_distance_m": _joined(distances, np.float64),
            "pattern_link": pattern_link,
            "pattern_continuous_pickup": np.full(sum(calls), NO_PICKUP, np.int8),
            "pattern_continuous_drop_off": np.full(sum(calls), NO_PICKUP, np.int8),
            "line_ptr": base.line_ptr[-1] + vertices,
            "line_lat": _joined(lat, np.float64),
            "line_lon": _joined(lon, np.float64),
            "line_distance_m": _joined(metres, np.float64),
            "line_has_shape": np.array([is_shape for _, is_shape in self._lines], bool),
        }
        columns = {name: np.append(getattr(base, name), column) for name, column in added.items()}
        return columns | {"link_from_stop": link_from, "link_to_stop": link_to, "link_distance_m": link_m}


def _part_of_line(tt: Timetable, line: int, start_m: float, end_m: float) -> _Points:
    """Vertices of a line behind `start_m` as far as `end_m`: latitude, longitude, metres from `start_m`."""
    span = slice(int(tt.line_ptr[line]), int(tt.line_ptr[line + 1]))
    metres = tt.line_distance_m[span]
    inner = (metres > start_m) & (metres < end_m)
    at_m = np.append(metres[inner], end_m)
    return (np.interp(at_m, metres, tt.line_lat[span]), np.interp(at_m, metres, tt.line_lon[span]), at_m - start_m)


def _overlaid(feed: Timetable, base: Timetable, runs: list[_OwnRun]) -> OverlaidTimetable:
    """The base with the runs appended, and without those that they take the place of.

    Parameters: `base`: the feed's timetable with the places that the runs need.
    """
    i8, i32 = np.int8, np.int32
    patterns = _Patterns(base)
    named = np.array([base.trip_index.get(run.name[0], NONE) for run in runs], i32)
    own = OwnRuns(
        trip=base.trips + np.arange(len(runs), dtype=i32),
        service_day=np.array([run.name[1] for run in runs], i32),
        shift_s=np.array([run.name[2] for run in runs], i32),
        relationship=np.array([run.relationship for run in runs], i8),
        model=np.array([run.trip for run in runs], i32),
    )
    trip_id = np.array([run.name[0] for run in runs], np.str_)
    # Who takes a run's place drives on with its block.
    keeps_block = (named == own.model) & (own.shift_s == 0)
    headsign, headsign_name = _call_headsigns(base, runs)
    of_runs = {
        "trip_id": trip_id,
        "trip_pattern": np.array([patterns.of(run) for run in runs], i32),
        "trip_headsign": np.array([run.headsign for run in runs], np.str_),
        "trip_short_name": _short_names(base, runs),
        "trip_block": np.where(keeps_block, np.append(base.trip_block, i32(NONE))[named], i32(NONE)),
        "trip_wheelchair": np.append(base.trip_wheelchair, i8(0))[own.model],
        "trip_bikes": np.append(base.trip_bikes, i8(0))[own.model],
        "trip_call_ptr": base.trip_call_ptr[-1] + np.cumsum([len(run.stop) for run in runs]),
        "arrival_s": _joined([run.arrival_s for run in runs], i32),
        "departure_s": _joined([run.departure_s for run in runs], i32),
        "stop_sequence": _joined([run.stop_sequence for run in runs], i32),
        **_as_models(base, runs),
        "pickup_type": _joined([run.pickup_type for run in runs], i8),
        "drop_off_type": _joined([run.drop_off_type for run in runs], i8),
        "call_headsign": headsign,
        "journey_trip": own.trip,
        "journey_shift_s": own.shift_s,
        "journey_headway_s": np.zeros(len(runs), i32),
    }
    columns = {f.name: getattr(base, f.name) for f in fields(Timetable)} | patterns.columns()
    columns |= {name: np.append(columns[name], column) for name, column in of_runs.items()}
    columns |= _calendars(base, trip_id, named, own) | {"headsign_name": headsign_name}
    return OverlaidTimetable(**columns, base_timetable=feed, own_runs=own)


def _calendars(base: Timetable, trip_id: StrArray, named: Int32Array, own: OwnRuns) -> dict[str, AnyArray]:
    """Calendars behind the base's: of each base trip (`named` by the runs) that is replaced on some day, without those
    days, and of each run; and `trip_service` by them."""
    hides = (named >= 0) & _has_one_journey(base)[named] & (own.shift_s == 0)
    replaced, of_replaced = np.unique(named[hides], return_inverse=True)
    without = base.service_active[base.trip_service[replaced]].copy()
    without[of_replaced, own.service_day[hides]] = False
    trip_service = base.trip_service.copy()
    trip_service[replaced] = len(base.service_id) + np.arange(len(replaced))
    own_service = len(base.service_id) + len(replaced) + np.arange(len(own), dtype=np.int32)
    names = [f"without {name}" for name in base.trip_id[replaced].tolist()]
    names += [f"run of {name}" for name in trip_id.tolist()]
    return {
        "trip_service": np.append(trip_service, own_service),
        "service_id": np.append(base.service_id, np.array(names, np.str_)),
        "service_active": np.concatenate(
            [base.service_active, without, np.arange(len(base.date)) == own.service_day[:, None]]
        ),
    }


def _as_models(base: Timetable, runs: list[_OwnRun]) -> dict[str, BoolArray]:
    """`timepoint` and `reckoned` of the runs' calls (calls,): timing points are their first stops, and those of the
    trips that they are made after; times are reckoned where they are those of these trips."""
    timepoints, reckoned = [], []
    for run in runs:
        timepoint, is_reckoned = np.arange(len(run.stop)) == 0, np.zeros(len(run.stop), bool)
        if run.trip >= 0:
            same = np.flatnonzero(run.base_call >= 0)
            entry = base.trip_call_ptr[run.trip] + run.base_call[same]
            timepoint[same] |= base.timepoint[entry]
            is_reckoned[same] = base.reckoned[entry] & (base.departure_s[entry] == run.departure_s[same])
        timepoints.append(timepoint)
        reckoned.append(is_reckoned)
    return {"timepoint": _joined(timepoints, np.bool_), "reckoned": _joined(reckoned, np.bool_)}


def _call_headsigns(base: Timetable, runs: list[_OwnRun]) -> tuple[Int32Array, StrArray]:
    """`call_headsign` of the runs' calls (calls,), and all names: as told, else as the timetable has it for a run that
    is still bound for where its trip is."""
    index = {name: i for i, name in enumerate(base.headsign_name.tolist())}
    parts = []
    for run in runs:
        sign = np.full(len(run.stop), NONE, np.int32)
        if run.trip >= 0 and run.headsign == str(base.trip_headsign[run.trip]):
            same = np.flatnonzero(run.base_call >= 0)
            sign[same] = base.call_headsign[base.trip_call_ptr[run.trip] + run.base_call[same]]
        for call in np.flatnonzero(run.stop_headsign != "").tolist():
            sign[call] = index.setdefault(str(run.stop_headsign[call]), len(index))
        parts.append(sign)
    return _joined(parts, np.int32), np.array(list(index), np.str_)


def _short_names(base: Timetable, runs: list[_OwnRun]) -> StrArray:
    return np.array(
        [run.short_name or (str(base.trip_short_name[run.trip]) if run.trip >= 0 else "") for run in runs], np.str_
    )


def _has_one_journey(base: Timetable) -> BoolArray:
    """(T,) trips that are no more than one run a day."""
    return np.bincount(base.journey_trip, minlength=max(base.trips, 1)) <= 1


def _replaced_journeys(base: Timetable, runs: list[_OwnRun]) -> Int64Array:
    """Sorted keys of the journeys replaced of trips that run several times a day, which no calendar can take out."""
    keys = [np.empty(0, np.int64)]
    several = ~_has_one_journey(base)
    for trip_id, day, shift in (run.name for run in runs):
        trip = base.trip_index.get(trip_id, NONE)
        if trip >= 0 and several[trip]:
            journey = np.flatnonzero((base.journey_trip == trip) & (base.journey_shift_s == shift)).astype(np.int32)
            keys.append(journey_key(np.full(len(journey), day, np.int32), journey))
    return np.unique(np.concatenate(keys))


def _joined(parts: Sequence[AnyArray], dtype: type[np.generic]) -> AnyArray:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype)
