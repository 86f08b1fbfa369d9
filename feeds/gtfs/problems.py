"""What was found wrong while a GTFS feed was read, gathered in the order found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from feeds.errors import Problem
from predictor.arrays import BoolArray, Int64Array

Tell = Callable[[BoolArray | Int64Array, str], None]
"""What tells a fault of some rows, by a mask or their places."""


class Problems:
    """Collects `Problem`s; rows with the same fault make one of them."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, found: Sequence[Problem]) -> None:
        """What was found elsewhere."""
        self._found.extend(found)

    def file(self, file: str, message: str, *, row: int | None = None) -> None:
        """Something wrong with a file as a whole, or with one place in it."""
        self._found.append(Problem(file, message, row))

    def rows(
        self,
        file: str,
        lines: npt.NDArray[np.int64] | Sequence[int],
        ids: Sequence[object] | npt.NDArray[np.generic],
        message: str,
    ) -> None:
        """The same fault in many rows: `lines` (n,) line numbers and `ids` (n,); nothing where n is 0."""
        if len(lines):
            first = int(np.argmin(np.asarray(lines)))
            named = ids[first] if len(ids) else ""
            self._found.append(Problem(file, message, int(lines[first]), str(named), len(lines)))

    def of(self, file: str, frame: pd.DataFrame, key: str) -> Tell:
        """What tells a fault of some rows of a table, which go by their texts in the column `key`."""

        def tell(which: BoolArray | Int64Array, message: str) -> None:
            lines = frame.index.to_numpy(np.int64)[which]
            if len(lines):
                ids = frame[key].iloc[which].astype("string").fillna("").str.strip()
                self.rows(file, lines, ids.to_numpy(), message)

        return tell

    def without_row(self, file: str, ids: Sequence[object] | npt.NDArray[np.generic], message: str) -> None:
        """The same fault in many entities that no single row stands for: `ids` (n,)."""
        if len(ids):
            self._found.append(Problem(file, message, None, str(ids[0]), len(ids)))

    def all(self) -> tuple[Problem, ...]:
        """Everything found so far."""
        return tuple(self._found)
