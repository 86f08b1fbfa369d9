"""Links between neighbouring stops that a timetable does not have yet."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float64Array, Int32Array
from predictor.timetable import Timetable


def link_pairs(
    timetable: Timetable, start: Int32Array, end: Int32Array, distance_m: Float64Array
) -> tuple[Int32Array, Int32Array, Float64Array, Int32Array]:
    """From stop, to stop and length of the timetable's links and of a new one for each pair of stops (n,) that has
    none; and the link of each pair (n,)."""
    tt, stride = timetable, timetable.stops
    known = tt.link_from_stop.astype(np.int64) * stride + tt.link_to_stop
    wanted, first, of = np.unique(start.astype(np.int64) * stride + end, return_index=True, return_inverse=True)
    _, place, known_wanted = np.intersect1d(known, wanted, return_indices=True)
    new = np.ones(len(wanted), bool)
    new[known_wanted] = False
    link = np.empty(len(wanted), np.int32)
    link[known_wanted] = place
    link[new] = len(known) + np.arange(int(new.sum()))
    return (
        np.append(tt.link_from_stop, (wanted[new] // stride).astype(np.int32)),
        np.append(tt.link_to_stop, (wanted[new] % stride).astype(np.int32)),
        np.append(tt.link_distance_m, distance_m[first[new]]),
        link[of],
    )
