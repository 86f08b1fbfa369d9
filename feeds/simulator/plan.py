"""The plan of the demo city: its rivers and bridges, the ways of its lines, and how often they run.

Places are crossings of the street grid, (column, row), row 0 in the south. Consecutive corners of a line lie on one
street or on one diagonal; a line that turns back on itself at a corner drives an out-and-back spur.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

TRAM, BUS = 0, 3
"""GTFS `route_type`."""

Corner = tuple[int, int]

COLUMNS, ROWS = 29, 38
RIVER_ROWS = (22, 14)
"""A river flows between each of these rows and the next."""
BRIDGE_COLUMNS = (9, 14, 19)
CENTRE: Corner = (14, 19)
DEPOTS: dict[int, Corner] = {TRAM: (17, 36), BUS: (21, 12)}

BAND_ENDS_H = (6.5, 9.0, 16.0, 19.0, 21.5, 30.0)
"""Where the bands of a weekday end, hours of the service day: early, morning peak, day, evening peak, evening,
night."""


@dataclass(frozen=True)
class LinePlan:
    """One line. `ways`: one way, or several that fork after a common trunk and are served in turn."""

    name: str
    mode: int
    color: str
    text_color: str
    ways: tuple[tuple[Corner, ...], ...]
    weekday_min: tuple[float, float, float, float, float, float]
    """Headway in minutes in each band; 0: no service."""
    saturday: float
    """Headway on Saturday in multiples of the weekday's day headway; 0: no service."""
    sunday: float
    hours: tuple[float, float]
    """First and last departure, hours of the service day."""
    pool: str
    """Lines of one pool share their vehicles: a block may drive several of them."""
    has_distances: bool = True
    """Whether shapes and stop times carry `shape_dist_traveled`."""


LINES: tuple[LinePlan, ...] = (
    LinePlan(
        "A", TRAM, "D4002A", "FFFFFF",
        (((15, 37), (15, 31), (13, 31), (13, 27), (14, 26), (14, 12), (16, 10), (16, 6), (13, 3), (13, 0)),),
        (12, 7, 8, 7, 12, 20), 1.3, 2.0, (5.0, 24.6), "A",
    ),
    LinePlan(
        "2", BUS, "009FE3", "FFFFFF",
        (((23, 33), (19, 33), (19, 20), (10, 20), (9, 19), (9, 10), (6, 10), (6, 5)),),
        (15, 12, 15, 12, 20, 30), 1.3, 2.0, (5.3, 24.3), "2",
    ),
    LinePlan(
        "3", BUS, "F39200", "000000",
        (((5, 33), (9, 33), (9, 20), (18, 20), (19, 19), (19, 8), (23, 8)),
         ((5, 33), (9, 33), (9, 20), (18, 20), (19, 19), (19, 11), (25, 11))),
        (15, 12, 15, 12, 20, 30), 1.3, 2.0, (5.3, 24.3), "3",
    ),
    LinePlan(
        "4", BUS, "3AAA35", "FFFFFF",
        (((1, 18), (4, 18), (6, 20), (19, 20), (22, 17), (27, 17)),),
        (15, 12, 15, 12, 20, 0), 1.3, 2.0, (5.5, 21.6), "4",
    ),
    LinePlan(
        "5", BUS, "A05EB5", "FFFFFF",
        (((2, 26), (9, 26), (9, 18), (19, 18), (19, 12), (20, 12), (24, 8), (24, 5)),),
        (20, 15, 20, 15, 30, 0), 1.3, 2.0, (5.6, 21.4), "5", False,
    ),
    LinePlan(
        "10", BUS, "E5007E", "FFFFFF",
        (((3, 30), (13, 30), (13, 31), (15, 31), (15, 30), (25, 30), (25, 27)),),
        (30, 20, 24, 20, 30, 0), 1.5, 2.0, (6.0, 21.0), "10",
    ),
    # Drives out to the hospital and back on the same street, both ways.
    LinePlan(
        "11", BUS, "FFDD00", "000000",
        (((2, 8), (11, 8), (11, 5), (11, 8), (16, 8), (17, 7), (23, 7), (23, 3)),),
        (30, 20, 24, 20, 30, 0), 1.5, 2.0, (6.0, 21.0), "11",
    ),
    LinePlan(
        "12", BUS, "008D8B", "FFFFFF",
        (((14, 17), (20, 17), (20, 20), (27, 20)),),
        (20, 15, 20, 15, 30, 0), 1.5, 2.5, (6.0, 21.0), "12",
    ),
    LinePlan(
        "14", BUS, "8B5E3C", "FFFFFF",
        (((14, 21), (8, 21), (4, 17), (4, 16), (1, 16)),),
        (20, 20, 24, 20, 30, 0), 1.5, 2.5, (6.0, 20.8), "14", False,
    ),
    # Lines 15 and 16 meet at one terminus and share their vehicles.
    LinePlan(
        "15", BUS, "5C6BC0", "FFFFFF",
        (((16, 6), (16, 3), (21, 3), (21, 0)),),
        (30, 24, 30, 24, 0, 0), 1.4, 0.0, (6.2, 20.0), "15+16",
    ),
    LinePlan(
        "16", BUS, "7A9A01", "000000",
        (((16, 6), (9, 6), (9, 2), (5, 2)),),
        (30, 20, 30, 20, 0, 0), 1.3, 0.0, (6.3, 20.0), "15+16",
    ),
    # The ring: each trip ends where it began.
    LinePlan(
        "C", BUS, "1D3C6E", "FFFFFF",
        (((10, 22), (18, 22), (18, 16), (10, 16), (10, 22)),),
        (20, 20, 24, 20, 30, 0), 1.2, 2.0, (6.0, 21.0), "C", False,
    ),
)  # fmt: skip


def steps(way: tuple[Corner, ...]) -> list[Corner]:
    """Every crossing along a way, in order."""
    nodes = [way[0]]
    for (c0, r0), (c1, r1) in pairwise(way):
        n = max(abs(c1 - c0), abs(r1 - r0))
        nodes += [(c0 + (c1 - c0) * i // n, r0 + (r1 - r0) * i // n) for i in range(1, n + 1)]
    return nodes


def street_way(start: Corner, end: Corner) -> tuple[Corner, ...]:
    """A way along streets and bridges that no line need follow: for driving to and from the depot."""
    low, high = sorted((start[1], end[1]))
    crosses = any(low <= row < high for row in RIVER_ROWS)
    column = min(BRIDGE_COLUMNS, key=lambda c: abs(c - end[0])) if crosses else end[0]
    corners = (start, (column, start[1]), (column, end[1]), end)
    return tuple(c for i, c in enumerate(corners) if i == 0 or c != corners[i - 1])
