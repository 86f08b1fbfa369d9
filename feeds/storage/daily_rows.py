"""The rows of a table kept by day, as its readers have them; and a table that is held in memory alone."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from feeds.storage.parquet_damage import READ_ERRORS, is_damage
from feeds.storage.whole_file import regular

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that a table had at one moment. Reading them takes no lock and waits for nobody."""

    schema: pa.Schema
    files: tuple[tuple[str, Path], ...]
    """Each with its day (ISO date)."""
    tables: tuple[tuple[str, tuple[pa.Table, ...]], ...]
    """Rows that are in none of the files, by day; of no day (""), they are of any."""
    damaged: set[Path]
    """Files that could not be read, shared with the writer."""

    def read(
        self, first_day: str, last_day: str, where: pc.Expression | None = None, columns: list[str] | None = None,
        *, missing_ok: bool = True,
    ) -> pa.Table:  # fmt: skip
        """Rows of the days from `first_day` to `last_day` (ISO dates); damaged files are left out, and logged once.

        Errors: FileNotFoundError, unless `missing_ok`, where the writer has merged a file into another since.
        """
        # It brings pandas with it, which a process that only answers readers needs for nothing else.
        import pyarrow.dataset as ds

        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        tables = [schema.empty_table()]
        for day, path in self.files:
            if first_day <= day <= last_day and path not in self.damaged:
                try:
                    file = ds.dataset(regular(path), schema=self.schema, format="parquet")
                    tables.append(file.to_table(filter=where, columns=columns))
                except FileNotFoundError:
                    if not missing_ok:
                        raise
                except READ_ERRORS as error:
                    if is_damage(error):
                        self.damaged.add(path)
                    _log.warning("%s: cannot be read (%s); it is left out.", path, error)
        held = (of_day for day, of_day in self.tables if not day or first_day <= day <= last_day)
        for table in chain.from_iterable(held):
            rows = table if where is None else table.filter(where)
            tables.append(rows if columns is None else rows.select(columns))
        return pa.concat_tables(tables)


class RecentTable:
    """Stands in for `DailyParquet` where nothing is to be kept on disk."""

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
