"""A network small enough to reckon by hand, for the tests of the realtime feeds.

Route A runs s1 s2 s3 s4 on trips A1 (08:00), A2 (09:00) and NIGHT (25:10); route B is a loop s1 s5 s1 on trip B1
(08:30); route F runs s4 s5 by headway on trip F1 (06:00, every 600 s); trip X1 runs twice with exact times.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from predictor.timetable import Timetable
from tests.predictor.one_agency import one_agency

ZONE = ZoneInfo("Europe/Paris")
DAYS = (20260316, 20260317, 20260318)
"""Monday to Wednesday; trips run on the first two."""
MONDAY_0H = datetime(2026, 3, 16, tzinfo=ZONE).timestamp()

_STOPS = {"s1": (47.39, 0.68), "s2": (47.40, 0.69), "s3": (47.41, 0.70), "s4": (47.42, 0.71), "s5": (47.40, 0.66)}
_PATTERNS = [("A", 0, "s1 s2 s3 s4"), ("B", 1, "s1 s5 s1"), ("F", 0, "s4 s5"), ("A", 1, "s4 s1")]
_TRIPS = [
    ("A1", 0, 8 * 3600, 300), ("A2", 0, 9 * 3600, 300), ("NIGHT", 0, 25 * 3600 + 600, 300), ("B1", 1, 30600, 300),
    ("F1", 2, 6 * 3600, 420), ("X1", 3, 7 * 3600, 420),
]  # fmt: skip
DWELL_S = 20


def at(hour: int, minute: int = 0, second: int = 0) -> float:
    """POSIX seconds on the Monday."""
    return MONDAY_0H + hour * 3600 + minute * 60 + second


def tiny_network() -> Timetable:
    """Each stop is `gap` seconds after the last; vehicles stand `DWELL_S` at stops but the first and last."""
    stop_ids = [*_STOPS, "station"]
    lat = np.array([*(a for a, _ in _STOPS.values()), 47.39])
    lon = np.array([*(b for _, b in _STOPS.values()), 0.68])
    parent = np.array([5, -1, -1, -1, -1, -1], np.int32)
    calls = [[stop_ids.index(s) for s in stops.split()] for _, _, stops in _PATTERNS]
    pattern_ptr = np.cumsum([0, *map(len, calls)])
    pattern_stop = np.concatenate(calls).astype(np.int32)
    distance = np.concatenate([np.arange(len(c)) * 1500.0 for c in calls])
    arrival, departure, sequence, timepoint = [], [], [], []
    for _, pattern, start, gap in _TRIPS:
        n = len(calls[pattern])
        k = np.arange(n)
        arrival.append(start + k * gap)
        departure.append(start + k * gap + DWELL_S * ((k > 0) & (k < n - 1)))
        sequence.append(10 * (k + 1))
        timepoint.append(k == 0)
    trip_calls = [len(calls[p]) for _, p, _, _ in _TRIPS]
    total = sum(trip_calls)
    journeys = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 600), (4, 600, 600), (5, 0, 0), (5, 1800, 0)]
    text = np.full(6, "", dtype="<U8")
    active = np.zeros((1, 3), bool)
    active[0, :2] = True
    route_names = np.array(["A", "B", "F"])
    return Timetable(
        feed_version="tiny", timezone="Europe/Paris", **one_agency("tiny", "Tiny"),
        stop_id=np.array(stop_ids), stop_code=text, stop_name=np.array(stop_ids), stop_platform=text,
        stop_lat=lat, stop_lon=lon, stop_parent=parent, stop_wheelchair=np.zeros(6, np.int8),
        stop_location_type=np.array([0, 0, 0, 0, 0, 1], np.int8),
        place_id=np.empty(0, np.str_), place_stop=np.empty(0, np.int32),
        route_id=route_names, route_short_name=route_names, route_long_name=route_names,
        route_agency_id=np.full(3, "tiny"), route_type=np.array([3, 3, 0], np.int32),
        route_color=text[:3], route_text_color=text[:3],
        pattern_route=np.array([["A", "B", "F"].index(r) for r, _, _ in _PATTERNS], np.int32),
        pattern_direction=np.array([d for _, d, _ in _PATTERNS], np.int8),
        pattern_line=np.arange(len(calls), dtype=np.int32), pattern_call_ptr=pattern_ptr.astype(np.int64),
        pattern_stop=pattern_stop, pattern_distance_m=distance,
        pattern_link=np.full(len(pattern_stop), -1, np.int32),
        line_ptr=pattern_ptr.astype(np.int64), line_lat=lat[pattern_stop], line_lon=lon[pattern_stop],
        line_distance_m=distance, line_has_shape=np.zeros(len(calls), bool),
        link_from_stop=np.empty(0, np.int32), link_to_stop=np.empty(0, np.int32), link_distance_m=np.empty(0),
        trip_id=np.array([t for t, _, _, _ in _TRIPS]),
        trip_pattern=np.array([p for _, p, _, _ in _TRIPS], np.int32), trip_service=np.zeros(6, np.int32),
        trip_headsign=np.full(6, "Centre"), trip_short_name=text, trip_block=np.full(6, -1, np.int32),
        trip_wheelchair=np.zeros(6, np.int8), trip_call_ptr=np.cumsum([0, *trip_calls]).astype(np.int64),
        arrival_s=np.concatenate(arrival).astype(np.int32), departure_s=np.concatenate(departure).astype(np.int32),
        stop_sequence=np.concatenate(sequence).astype(np.int32), timepoint=np.concatenate(timepoint),
        pickup_type=np.zeros(total, np.int8), drop_off_type=np.zeros(total, np.int8),
        call_headsign=np.full(total, -1, np.int32), headsign_name=np.empty(0, np.str_), block_id=np.empty(0, np.str_),
        journey_trip=np.array([t for t, _, _ in journeys], np.int32),
        journey_shift_s=np.array([s for _, s, _ in journeys], np.int32),
        journey_headway_s=np.array([h for _, _, h in journeys], np.int32),
        service_id=np.array(["week"]), date=np.array(DAYS, np.int32),
        date_origin=(MONDAY_0H + 86400 * np.arange(3)).astype(np.int64), service_active=active,
    )  # fmt: skip
