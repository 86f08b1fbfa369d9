"""Timetables built straight from a few lists, so that the judge is tested without any feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from predictor.timetable import Timetable
from tests.predictor.one_agency import one_agency


@dataclass(frozen=True)
class Stop:
    stop_id: str
    name: str
    lat: float = 42.0
    lon: float = -72.0


@dataclass(frozen=True)
class Trip:
    trip_id: str
    route_id: str
    stop_ids: tuple[str, ...]
    times_s: tuple[int, ...]
    by_headway: bool = False


def timetable_of(
    stops: Sequence[Stop], trips: Sequence[Trip], dates: Sequence[int], timezone: str = "America/New_York"
) -> Timetable:
    """A timetable in which every trip runs on every date, sequences count from 1 and no line has a shape."""
    stop_index = {s.stop_id: i for i, s in enumerate(stops)}
    routes = list(dict.fromkeys(t.route_id for t in trips))
    patterns = list(dict.fromkeys((t.route_id, t.stop_ids) for t in trips))
    pattern_calls = [np.array([stop_index[s] for s in ids], np.int32) for _, ids in patterns]
    pairs = [tuple(p) for calls in pattern_calls for p in np.stack([calls[:-1], calls[1:]], 1).tolist()]
    link_index = {pair: i for i, pair in enumerate(dict.fromkeys(pairs))}
    lat, lon = np.array([s.lat for s in stops]), np.array([s.lon for s in stops])

    def distance(calls: np.ndarray) -> np.ndarray:
        step = np.hypot(np.diff(lat[calls]), np.diff(lon[calls]) * np.cos(np.radians(lat[0]))) * 111_195.0
        return np.concatenate([[0.0], np.cumsum(step)])

    def pointer(lengths: Sequence[int]) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    pattern_distance = [distance(calls) for calls in pattern_calls]
    links = [
        [link_index[pair] for pair in map(tuple, np.stack([c[:-1], c[1:]], 1).tolist())] + [-1] for c in pattern_calls
    ]
    origin = [
        int(datetime(d // 10000, d // 100 % 100, d % 100, 12, tzinfo=ZoneInfo(timezone)).timestamp()) - 43200
        for d in dates
    ]
    n, times = len(trips), np.concatenate([np.array(t.times_s, np.int32) for t in trips])
    shifts = np.zeros(n, np.int32)
    from_stop, to_stop = np.array(list(link_index), np.int32).T

    def text(values: Sequence[str]) -> np.ndarray:
        return np.array(list(values), np.str_)

    blank_s, blank_r = text([""] * len(stops)), text([""] * len(routes))
    return Timetable(
        feed_version="0" * 64, timezone=timezone, **one_agency("test", "Test"),
        stop_id=text([s.stop_id for s in stops]), stop_code=blank_s, stop_name=text([s.name for s in stops]),
        stop_platform=blank_s, stop_lat=lat, stop_lon=lon, stop_parent=np.full(len(stops), -1, np.int32),
        stop_wheelchair=np.zeros(len(stops), np.int8), stop_location_type=np.zeros(len(stops), np.int8),
        place_id=np.empty(0, np.str_), place_stop=np.empty(0, np.int32),
        route_id=text(routes), route_short_name=text(routes), route_long_name=blank_r,
        route_agency_id=blank_r, route_type=np.full(len(routes), 3, np.int32), route_color=blank_r,
        route_text_color=blank_r,
        pattern_route=np.array([routes.index(r) for r, _ in patterns], np.int32),
        pattern_direction=np.full(len(patterns), -1, np.int8), pattern_line=np.arange(len(patterns), dtype=np.int32),
        pattern_call_ptr=pointer([len(c) for c in pattern_calls]), pattern_stop=np.concatenate(pattern_calls),
        pattern_distance_m=np.concatenate(pattern_distance),
        pattern_link=np.concatenate([np.array(x, np.int32) for x in links]),
        line_ptr=pointer([len(c) for c in pattern_calls]), line_lat=lat[np.concatenate(pattern_calls)],
        line_lon=lon[np.concatenate(pattern_calls)], line_distance_m=np.concatenate(pattern_distance),
        line_has_shape=np.zeros(len(patterns), bool), link_from_stop=from_stop, link_to_stop=to_stop,
        link_distance_m=np.ones(len(from_stop)), trip_id=text([t.trip_id for t in trips]),
        trip_pattern=np.array([patterns.index((t.route_id, t.stop_ids)) for t in trips], np.int32),
        trip_service=np.zeros(n, np.int32), trip_headsign=text([""] * n), trip_short_name=text([""] * n),
        trip_block=np.full(n, -1, np.int32), trip_wheelchair=np.zeros(n, np.int8),
        trip_call_ptr=pointer([len(t.times_s) for t in trips]), arrival_s=times, departure_s=times,
        stop_sequence=np.concatenate([np.arange(1, len(t.times_s) + 1, dtype=np.int32) for t in trips]),
        timepoint=np.zeros(len(times), bool), pickup_type=np.zeros(len(times), np.int8),
        drop_off_type=np.zeros(len(times), np.int8),
        call_headsign=np.full(len(times), -1, np.int32), headsign_name=text([]), block_id=text([]),
        journey_trip=np.arange(n, dtype=np.int32), journey_shift_s=shifts,
        journey_headway_s=np.array([600 if t.by_headway else 0 for t in trips], np.int32),
        service_id=text(["all"]), date=np.array(dates, np.int32), date_origin=np.array(origin, np.int64),
        service_active=np.ones((1, len(dates)), bool),
    )  # fmt: skip
