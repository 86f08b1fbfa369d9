"""Calls of the timetable that the operator's own runs in the place of its trips do not make."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from predictor.arrays import NONE
from predictor.geometry import between_stops_m
from predictor.stop_alignment import aligned
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_CANCELED, TRIP_REPLACEMENT, TRIP_SCHEDULED


class GivenUp(NamedTuple):
    """A call of the timetable that the operator's own run in its trip's place does not make."""

    run: int
    """The trip that the run is in the overlay."""
    trip: int
    call: int
    """Of the timetable's trip."""
    own_call: int
    """The run's own call in place of it, else the one that follows, the last where none does."""
    is_replaced: bool
    goes_on: bool
    """The run goes on from there: it does not end before."""


@lru_cache(maxsize=2)
def given_up_calls(tt: Timetable) -> dict[int, list[GivenUp]]:
    """By the run that gives them up, in order."""
    found: dict[int, list[GivenUp]] = {}
    of_patterns: dict[tuple[int, int], list[tuple[int, int, bool, bool]]] = {}
    for run in range(tt.base.trips, tt.trips):
        model = int(tt.run_models[run])
        in_its_place = model >= 0 and tt.trip_id[run] == tt.trip_id[model]
        if not in_its_place or tt.run_relationships[run] not in (TRIP_SCHEDULED, TRIP_REPLACEMENT, TRIP_CANCELED):
            continue
        patterns = int(tt.trip_pattern[run]), int(tt.trip_pattern[model])
        if patterns not in of_patterns:
            of_patterns[patterns] = list(_given_up_by(tt, run, model))
        if of_patterns[patterns]:
            found[run] = [GivenUp(run, model, *call) for call in of_patterns[patterns]]
    return found


def _given_up_by(tt: Timetable, run: int, model: int) -> Iterator[tuple[int, int, bool, bool]]:
    """What follows `trip` in each `GivenUp` of a run."""
    own, planned = (tt.call_stop[tt.calls_of(trip)] for trip in (run, model))
    if np.array_equal(own, planned):
        return
    same = np.array(aligned(tuple(own.tolist()), tuple(planned.tolist())))
    if 0 <= same[-1] < len(planned) - 1:
        # Where the run ends now nobody boards.
        yield int(same[-1]), len(own) - 1, False, False
    # A stop to which the run comes more than once may have lost but one of its calls.
    fewer = np.count_nonzero(own == planned[:, None], axis=1) < np.count_nonzero(planned == planned[:, None], axis=1)
    for call in np.setdiff1d(np.flatnonzero(fewer), same).tolist():
        # Between the calls before and behind it that both make.
        before = int(np.flatnonzero((same >= 0) & (same < call)).max(initial=NONE))
        behind = int(np.flatnonzero(same > call).min(initial=len(own)))
        between = np.arange(before + 1, behind)
        if len(between):
            yield call, int(between[np.argmin(between_stops_m(tt, own[between], int(planned[call])))]), True, True
        else:
            yield call, min(behind, len(own) - 1), False, behind < len(own)
