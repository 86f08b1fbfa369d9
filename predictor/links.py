"""Links between neighbouring stops that a timetable does not have yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import Float64Array, Int32Array
from predictor.timetable import Timetable


def with_links(
    timetable: Timetable, start: Int32Array, end: Int32Array, distance_m: Float64Array
) -> tuple[Timetable, Int32Array]:
    """The timetable with a link for each pair of stops (n,), new ones appended, and the link of each pair (n,)."""
    tt, stride = timetable, timetable.stops
    known = tt.link_from_stop.astype(np.int64) * stride + tt.link_to_stop
    wanted, first, of = np.unique(start.astype(np.int64) * stride + end, return_index=True, return_inverse=True)
    _, here, there = np.intersect1d(known, wanted, return_indices=True)
    new = np.ones(len(wanted), bool)
    new[there] = False
    link = np.empty(len(wanted), np.int32)
    link[there] = here
    link[new] = len(known) + np.arange(int(new.sum()))
    timetable = replace(
        tt,
        link_from_stop=np.append(tt.link_from_stop, (wanted[new] // stride).astype(np.int32)),
        link_to_stop=np.append(tt.link_to_stop, (wanted[new] % stride).astype(np.int32)),
        link_distance_m=np.append(tt.link_distance_m, distance_m[first[new]]),
    )
    return timetable, link[of]
