"""How long it takes to walk to a stop, and when to leave for a departure."""

from __future__ import annotations

import math

from api.reading.line_directions import LineDirection

_SPEED_M_S = 1.2
_DETOUR = 1.3
"""Streets are longer than the straight line."""


def walk_min(distance_m: float) -> int:
    """Whole minutes to walk a straight-line distance along streets, rather one more."""
    return max(math.ceil(distance_m * _DETOUR / _SPEED_M_S / 60), 1)


def leave_in_s(row: LineDirection, now: float, walking_min: int) -> tuple[int, float] | None:
    """The next departure that can still be reached, by its place in the row, and the seconds until one has to leave for
    it: by the early end of its range where it is live. None where none is known to be reached.

    Reckoned with the minutes that are told, so that who adds them up comes to the same.
    """
    for place, call in enumerate(row.departures):
        if call.comes and call.minutes is not None:
            left_s = (call.published if call.p10 is None else min(call.p10, call.published)) - now
            left_s -= 60.0 * walking_min
            if left_s >= 0.0:
                return place, left_s
    return None
