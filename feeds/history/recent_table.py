"""A table of the last days held in memory, where nothing is to be kept on disk."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from feeds.storage.daily_rows import Rows


class RecentTable:
    """Stands in for `DailyParquet`."""

    def __init__(self, schema: pa.Schema) -> None:
        self.lost_rows = 0
        self.set_aside: Counter[str] = Counter()
        self._schema = schema
        self._day = ""
        self._days: dict[str, tuple[pa.Table, ...]] = {}

    @property
    def rows(self) -> Rows:
        """All that there is now."""
        return Rows(self._schema, (), tuple(self._days.items()), set())

    def begin(self, day: str) -> None:
        """Rows from now on are of this day (ISO date)."""
        self._day = day

    def add(self, table: pa.Table, now: float) -> None:  # noqa: ARG002
        """Add rows of the day that has begun."""
        self._days[self._day] = (*self._days.get(self._day, ()), table)

    def flush(self) -> None:
        """Join what came in small pieces, for quicker reading."""
        self._days = {day: (pa.concat_tables(tables).combine_chunks(),) for day, tables in self._days.items()}

    def close(self) -> None:
        """There is nothing to close."""

    def drop_before(self, day: str) -> None:
        """Forget the days before `day`."""
        self._days = {recent: tables for recent, tables in self._days.items() if recent >= day}
