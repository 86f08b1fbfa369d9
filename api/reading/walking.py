"""How long it takes to walk to a stop, and when to leave for a departure."""

from __future__ import annotations

from api.reading.line_directions import LineDirection

_SPEED_M_S = 1.2
_DETOUR = 1.3
"""Streets are longer than the straight line."""


def walk_s(distance_m: float) -> float:
    """Seconds to walk a straight-line distance along streets."""
    return distance_m * _DETOUR / _SPEED_M_S


def leave_in_s(row: LineDirection, now: float, walking_s: float) -> float | None:
    """Seconds until one has to leave for the next departure that can still be reached: by the early end of its range
    where it is live. None where none is known to be reached."""
    for call in row.departures:
        if call.comes and call.minutes is not None:
            left_s = (call.published if call.p10 is None else min(call.p10, call.published)) - now - walking_s
            if left_s >= 0.0:
                return left_s
    return None
