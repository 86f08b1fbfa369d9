"""The ways that vehicles drive, each by a name that says which it is."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from predictor.arrays import Float64Array
from predictor.timetable import Timetable


class Shapes:
    """The lines of a timetable. A name holds as long as the way does, from one timetable to the next."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self.names = tuple(
            hashlib.blake2b(np.round(self.places(line), 5).tobytes(), digest_size=8).hexdigest()
            for line in range(len(timetable.line_ptr) - 1)
        )
        """By line."""
        self.line_of = {name: line for line, name in enumerate(self.names)}

    def places(self, line: int) -> Float64Array:
        """(v, 2): longitude and latitude of each vertex, in the direction in which it is driven."""
        tt = self._timetable
        vertices = slice(int(tt.line_ptr[line]), int(tt.line_ptr[line + 1]))
        return np.column_stack([tt.line_lon[vertices], tt.line_lat[vertices]])


@lru_cache(maxsize=2)
def shapes_of(timetable: Timetable) -> Shapes:
    """The shapes of a timetable, made once for each."""
    return Shapes(timetable)
