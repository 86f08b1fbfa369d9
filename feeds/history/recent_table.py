"""A table of the last days held in memory, where nothing is to be kept on disk."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


class RecentTable:
    """Stands in for `DailyParquet`."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._days: dict[str, list[pa.Table]] = {}

    def append(self, table: pa.Table, day: str, now: float) -> None:  # noqa: ARG002
        """Add rows of a day (ISO date)."""
        self._days.setdefault(day, []).append(table)

    def flush(self) -> None:
        """Join what came in small pieces, for quicker reading."""
        self._days = {day: [pa.concat_tables(tables).combine_chunks()] for day, tables in self._days.items()}

    def close(self) -> None:
        """There is nothing to close."""

    def read(self, first_day: str, last_day: str, where: pc.Expression | None = None) -> pa.Table:
        """Rows of the days from `first_day` to `last_day` (ISO dates)."""
        tables = [table for day, some in self._days.items() if first_day <= day <= last_day for table in some]
        whole = pa.concat_tables([self._schema.empty_table(), *tables])
        return whole if where is None else whole.filter(where)

    def drop_before(self, day: str) -> None:
        """Forget the days before `day`."""
        self._days = {one: tables for one, tables in self._days.items() if one >= day}
