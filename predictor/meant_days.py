"""On which of the days around it a run that is named is meant: what speaks against each of them, in hours.

None of it is measured: each is so large that candidates come in the order told here. Beside these hours those stand by
which a run's start time is another than the one named (see `predictor.named_runs`).
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int32Array
from predictor.timetable import DAY_S, Timetable

NEAR_S = 12 * 3600.0
"""A run that neither begins nor ends so near to a report is not the one that the report speaks of."""
NEIGHBOUR_NEAR_S = 3 * 3600.0
"""Another day's run than the named one is so near when it is meant."""
EARLY_S = 6 * 3600
"""Runs that start before may be said to belong to the operating day before."""

_OTHER_DAY = 0.5
"""A neighbour of the day that is named: of two that fit alike, the named day's is meant."""
_FAR_AHEAD = 1.0
"""The named day's run is many hours away: a neighbouring day's that is near is meant instead."""
_NOT_YET = 1.0
"""The date that is named has not begun: behind the named day's, be that far ahead."""
_SET_OUT_BEFORE = 1.0
"""It set out before the date that is named: likewise."""
_NEIGHBOUR_FAR = 2.0
"""A neighbouring day's run that is many hours away: behind the named day's that is."""
_FAR_OFF = 4.0
"""Seen, though many hours from its time on the named day: behind a neighbouring day's at any time of day."""
_INACTIVE = 5.0
"""Seen on a day on which the trip does not run: where nothing else is left."""
_BY_UTC = 5.0
"""The named date is UTC's: likewise."""
_OVER = 12.0
"""It is long over, and only spoken of."""


def against_day(
    tt: Timetable, trip: Int32Array, day: Int32Array, shift_s: Int32Array, back: int, at: Float64Array,
    under_way: BoolArray, dated: BoolArray, same_start: BoolArray | None = None,
) -> Float64Array:  # fmt: skip
    """What speaks against each candidate day (n,), in hours.

    Parameters: `back`: so many days it is from the one named; all others (n,): `at`, `under_way`: see `RunFinder.find`;
    `dated`: a day is named at all; `same_start`: it starts at the time of the day, and on the date, that are named.
    """
    start, end = tt.trip_start_s[trip].astype(np.int64) + shift_s, tt.trip_end_s[trip].astype(np.int64) + shift_s
    late = at - tt.date_origin[day]
    # Noon of a service day lies on that day in UTC as well, but for the zones furthest east and west.
    named_utc = (tt.date_origin[day] + DAY_S // 2) // DAY_S - back
    ahead, over = start - late, late - end
    away = np.maximum(np.maximum(ahead, over), 0.0)
    active = tt.runs_on(trip, day)
    # Who is there drives, whatever the calendar says of today, if no day on which the trip runs can be meant.
    undated = away / 3600.0 + np.where(active, 0.0, NEAR_S / 3600.0)
    undated[away >= np.where(active, NEAR_S, np.where(under_way, NEIGHBOUR_NEAR_S, 0.0))] = np.inf
    if back == 0:
        seen = np.where(active, np.where(away < NEAR_S, 0.0, _FAR_OFF), _INACTIVE)
        spoken = np.where(ahead > NEAR_S, _FAR_AHEAD, np.where(over > NEAR_S, _OVER, 0.0))
        spoken[~active] = np.inf
    else:
        near = away <= NEIGHBOUR_NEAR_S
        if same_start is not None:
            near |= same_start & (start >= DAY_S) & (over <= 0.0)
        seen = np.where(active & near, _OTHER_DAY, np.inf)
        spoken = _OTHER_DAY + np.where(near, 0.0, _NEIGHBOUR_FAR) + np.where(over > NEAR_S, _OVER, 0.0)
        if back < 0:
            # From its midnight on the named date is the calendar's; before that, only that of the run's start.
            is_today = late >= -back * DAY_S
            spoken += np.where(is_today, 0.0, _NOT_YET)
            # What set out before midnight is named by the date after only where nothing of that date can be meant.
            spoken += np.where(start < -back * DAY_S, _SET_OUT_BEFORE, 0.0)
            # A late one is still out then, though it was to end before.
            reaches = (start >= -back * DAY_S) | (((end >= -back * DAY_S) | near) & is_today)
        else:
            reaches = start < EARLY_S
        # Without that sign only a run that is near and begins on the named date as UTC has it, in the place of one
        # that is not in the timetable at all.
        by_utc = near & ((tt.date_origin[day] + start) // DAY_S == named_utc)
        spoken = np.where(reaches, spoken, np.where(by_utc, spoken + _BY_UTC, np.inf))
        spoken[~active] = np.inf
    return np.where(dated, np.where(under_way, seen, spoken), undated)
