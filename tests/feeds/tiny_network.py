"""A network small enough to reckon by hand, for the tests of the realtime feeds.

Route A runs s1 s2 s3 s4 on trips A1 (08:00), A2 (09:00) and NIGHT (25:10); route B is a loop s1 s5 s1 on trip B1
(08:30); route F runs s4 s5 by headway on trip F1 (06:00, every 600 s); trip X1 runs twice with exact times.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.field.network import (
    LAT,
    LON,
    Agency,
    Call,
    Frequency,
    Network,
    Pattern,
    Route,
    Service,
    Stop,
    Trip,
    hms,
    network,
)
from predictor.geometry import METRES_PER_DEGREE
from predictor.timetable import Timetable

ZONE = ZoneInfo("Europe/Paris")
DAYS = (20260316, 20260317, 20260318)
"""Monday to Wednesday; trips run on the first two."""
MONDAY_0H = datetime(2026, 3, 16, tzinfo=ZONE).timestamp()

_STOPS = {"s1": (47.39, 0.68), "s2": (47.40, 0.69), "s3": (47.41, 0.70), "s4": (47.42, 0.71), "s5": (47.40, 0.66),
          "station": (47.39, 0.68)}  # fmt: skip
_PATTERNS = [("A", 0, "s1 s2 s3 s4"), ("B", 1, "s1 s5 s1"), ("F", 0, "s4 s5"), ("A", 1, "s4 s1")]
_TRIPS = [
    ("A1", 0, 8 * 3600, 300), ("A2", 0, 9 * 3600, 300), ("NIGHT", 0, 25 * 3600 + 600, 300), ("B1", 1, 30600, 300),
    ("F1", 2, 6 * 3600, 420), ("X1", 3, 7 * 3600, 420),
]  # fmt: skip
DWELL_S = 20


def at(hour: int, minute: int = 0, second: int = 0) -> float:
    """POSIX seconds on the Monday."""
    return MONDAY_0H + hour * 3600 + minute * 60 + second


def tiny_feed() -> Network:
    """Each stop is `gap` seconds after the last; vehicles stand `DWELL_S` at stops but the first and last."""
    degree_east_m = METRES_PER_DEGREE * float(np.cos(np.radians(LAT)))
    stops = [
        Stop(stop, (lon - LON) * degree_east_m, (lat - LAT) * METRES_PER_DEGREE, stop,
             parent="station" if stop == "s1" else "", location_type=stop == "station")
        for stop, (lat, lon) in _STOPS.items()
    ]  # fmt: skip
    return network(
        stops,
        [
            Pattern(str(k), stop_ids, route, direction, "Centre")
            for k, (route, direction, stop_ids) in enumerate(_PATTERNS)
        ],
        [
            Trip(trip, pattern=str(pattern), service="week", calls=tuple(_calls(pattern, start_s, gap_s)))
            for trip, pattern, start_s, gap_s in _TRIPS
        ],
        routes=(Route("A"), Route("B"), Route("F", type=0)),
        frequencies=(Frequency("F1", "06:00", "06:20", 600), Frequency("X1", "07:00", "08:00", 1800, exact_times=1)),
        services=(Service("week", days="", added=DAYS[:2]),),
        agencies=(Agency("tiny", "Tiny"),),
    )


def tiny_network() -> Timetable:
    """What is read of it. Its own arrays, which tests may change; nothing runs on the Wednesday."""
    return replace(
        deepcopy(tiny_feed().timetable),
        feed_version="tiny",
        date=np.array(DAYS, np.int32),
        date_origin=(MONDAY_0H + 86400 * np.arange(3)).astype(np.int64),
        service_active=np.array([[True, True, False]]),
    )


def _calls(pattern: int, start_s: int, gap_s: int) -> Iterator[Call]:
    stop_ids = _PATTERNS[pattern][2].split()
    for k, stop in enumerate(stop_ids):
        arrival_s, dwells = start_s + k * gap_s, 0 < k < len(stop_ids) - 1
        yield Call(
            stop, hms(arrival_s), hms(arrival_s + DWELL_S * dwells), timepoint=int(k == 0), sequence=10 * (k + 1)
        )  # fmt: skip
