"""Which routes call at which stops."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from predictor.arrays import Int32Array, Int64Array
from predictor.timetable import Timetable

_made: WeakKeyDictionary[Timetable, StopRoutes] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class StopRoutes:
    """Routes in CSR by stop, each once and in the timetable's order; a station has those of its platforms."""

    route_ptr: Int64Array
    """(S + 1,)"""
    route: Int32Array

    def at(self, stop_idx: int) -> list[int]:
        """Routes that call at a stop."""
        return [int(r) for r in self.route[self.route_ptr[stop_idx] : self.route_ptr[stop_idx + 1]]]

    @classmethod
    def of(cls, timetable: Timetable) -> StopRoutes:
        """Made once for each timetable."""
        made = _made.get(timetable)
        if made is None:
            made = _made[timetable] = cls._make(timetable)
        return made

    @classmethod
    def _make(cls, tt: Timetable) -> StopRoutes:
        routes = max(len(tt.route_id), 1)
        route = np.repeat(tt.pattern_route, np.diff(tt.pattern_call_ptr)).astype(np.int64)
        stop = tt.pattern_stop.astype(np.int64)
        parent = tt.stop_parent[tt.pattern_stop].astype(np.int64)
        in_station = parent >= 0
        pairs = np.unique(np.concatenate([stop * routes + route, (parent * routes + route)[in_station]]))
        return cls(
            route_ptr=np.searchsorted(pairs // routes, np.arange(tt.stops + 1)).astype(np.int64),
            route=(pairs % routes).astype(np.int32),
        )
