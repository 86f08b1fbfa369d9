"""Times of which nothing was measured for long."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.reading import TRIP_UPDATES_KEPT_S
from feeds.trip_updates.message_columns import StopTimeUpdates, UpdatedRuns
from predictor.arrays import Float64Array
from predictor.timetable import Timetable


def without_old_times(
    timetable: Timetable,
    runs: UpdatedRuns,
    updates: StopTimeUpdates,
    newest: Float64Array,
    received_at: float,
    refused: Counter[str],
) -> tuple[UpdatedRuns, StopTimeUpdates]:
    """Runs and updates without the times of runs under way of which nothing was measured for long; what is cancelled or
    skipped stays so."""
    found = (runs.trip >= 0) & (runs.service_day >= 0)
    first = np.where(found, timetable.trip_call_ptr[np.maximum(runs.trip, 0)], 0)
    origin = timetable.date_origin[np.maximum(runs.service_day, 0)] + runs.moved_s
    old = found & (newest > 0) & (received_at - newest > TRIP_UPDATES_KEPT_S)
    old &= origin + timetable.departure_s[first] < received_at
    if not old.any():
        return runs, updates
    refused["update_stale"] += int(old.sum())
    of_old = old[updates.owner]
    times = {
        name: np.where(of_old, np.nan, getattr(updates, name))
        for name in ("arrival", "arrival_delay_s", "departure", "departure_delay_s")
    }
    return replace(runs, delay_s=np.where(old, np.nan, runs.delay_s)), replace(updates, **times)
