"""A few stops that a newcomer may open first."""

from __future__ import annotations

import numpy as np

from api.reading.board import stop_boards
from api.reading.lines import lines_of
from api.service.view import ServiceView

_LOOKED_AT = 300
_SOON_S = 1800.0


def stops_worth_opening(view: ServiceView, now: float) -> list[tuple[str, int]]:
    """What it is, and its index: the busiest stop, a small one with a departure soon, and a tram's, where there are."""
    tt = view.timetable
    hits = view.stop_search.busiest(tt.stops)
    busiest = [hit.stop_idx for hit in hits]
    calls = np.bincount(tt.call_stop, minlength=tt.stops)
    trams = [line.route for line in lines_of(tt).all if line.mode == "tram"]
    stations = set(tt.station[tt.call_stop[np.isin(tt.trip_route[tt.call_trip], trams)]].tolist())
    chosen: dict[int, str] = {}
    for name, candidates in (
        ("a busy stop", [stop for stop in busiest if stop not in stations] or busiest),
        ("a small stop", [stop for stop in reversed(busiest) if calls[stop] > 0 and stop not in stations]),
        ("a tram station", [stop for stop in busiest if stop in stations]),
    ):
        for stop in candidates[:_LOOKED_AT]:
            if stop not in chosen and stop_boards(view, [stop], now, _SOON_S)[0].shown:
                chosen[stop] = name
                break
    return [(name, stop) for stop, name in chosen.items()]
