"""Tables kept as Parquet by day, so that a crash loses only what had not been put down yet.

Rows are put down in small parts, `name_2026-03-16/part-….parquet`; when the day is over the parts become
`name_2026-03-16.parquet`. What is damaged, or not ours, is left for repair and never written over. A schema may have
grown at its end: what older files lack is read as null.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feeds.errors import FeedError
from feeds.whole_file import UNFINISHED, whole_file

_LAST_PART = b"prochain.last_part"
_ROW_GROUP = 100_000
_GROUP_BYTES = 32_000_000
"""A row group ends here at the latest: whole messages are large, and a reader needs one at a time."""
_WHOLE_MESSAGES = {"compression_level": 6, "data_page_size": 8_000_000}
"""Messages resemble each other, and are packed together where they share a page."""
_log = logging.getLogger(__name__)


class DailyParquet:
    """One table. Rows are appended day after day. Not to be shared between threads or processes."""

    def __init__(
        self, folder: Path, name: str, schema: pa.Schema, *, flush_every_s: float = 60.0, flush_rows: int = _ROW_GROUP
    ) -> None:
        """Go on in `folder`, where an earlier writer may have stopped or crashed. Errors: FeedError."""
        self._folder, self._name, self._schema = folder, name, schema
        self._flush_every_s, self._flush_rows = flush_every_s, flush_rows
        self._pending: list[pa.Table] = []
        self._pending_rows = self._pending_bytes = 0
        self._pending_since = np.inf
        words = [field.name for field in schema if not pa.types.is_binary(field.type)]
        self._layout: dict[str, Any] = {"compression": "zstd"}
        if len(words) < len(schema):
            self._layout |= {"use_dictionary": words, **_WHOLE_MESSAGES}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FeedError(
                f"{folder}: cannot be made ({error.strerror}); give a folder that can be written."
            ) from error
        self._day = self._go_on()

    def append(self, table: pa.Table, day: str, now: float) -> None:
        """Add rows of a day (ISO date); they wait in memory for at most `flush_every_s` from `now`, POSIX seconds.

        Errors: FeedError where the day before, or what is due, cannot be put down; everything stays pending.
        """
        try:
            if day != self._day:
                self.flush()
                before, self._day = self._day, day
                self._compact(before)
        finally:
            # Where the day before cannot be put down, these rows wait with its own.
            self._pending.append(table)
            self._pending_rows += table.num_rows
            self._pending_bytes += table.nbytes
            self._pending_since = min(self._pending_since, now)
        self.flush_when_due(now)

    def flush_when_due(self, now: float) -> None:
        """Put down what has waited long enough, or is much."""
        much = self._pending_rows >= self._flush_rows or self._pending_bytes >= _GROUP_BYTES
        if much or now - self._pending_since >= self._flush_every_s:
            self.flush()

    def flush(self) -> None:
        """Put down what is pending; it is safe on disk when this returns.

        Errors: FeedError where it cannot be written; it stays pending.
        """
        if not self._pending:
            return
        day = self._folder / f"{self._name}_{self._day}"
        table = pa.concat_tables(self._pending)
        number = 1 + max([_number(path.name) for path in _parts(day)] + [_number(self._last_merged(self._day))])
        try:
            day.mkdir(exist_ok=True)
            with whole_file(day / f"part-{number:08d}.parquet") as path:
                pq.write_table(table, path, **self._layout)
        except OSError as error:
            raise FeedError(
                f"{day}: cannot be written ({error.strerror or error}); {self._pending_rows:,} rows are waiting to "
                "be put down. Make room or give the right to write there."
            ) from error
        self._pending, self._pending_rows, self._pending_bytes, self._pending_since = [], 0, 0, np.inf

    def close(self) -> None:
        """Put down what is pending and close the day. Errors: FeedError."""
        self.flush()
        self._compact(self._day)

    def read(self, first_day: str, last_day: str, where: pc.Expression | None = None) -> pa.Table:
        """Rows of the days from `first_day` to `last_day` (ISO dates), pending ones included; damaged files are left
        out and logged."""
        tables = [self._schema.empty_table()]
        for path in self._files(first_day, last_day):
            try:
                tables.append(pq.read_table(path, schema=self._schema, filters=where))
            except (pa.ArrowException, OSError) as error:
                _log.warning("%s: cannot be read (%s); it is left out.", path, error)
        if first_day <= self._day <= last_day:
            tables += [table if where is None else table.filter(where) for table in self._pending]
        return pa.concat_tables(tables)

    def latest(self) -> Iterator[Path]:
        """Files of the latest day there is, oldest first."""
        yield from sorted(self._folder.glob(f"{self._name}_*.parquet"))[-1:]
        yield from _parts(self._folder / f"{self._name}_{self._day}")

    def drop_before(self, day: str) -> None:
        """Remove the days before `day`, whole files and parts."""
        kept = f"{self._name}_{day}"
        for path in [*self._folder.glob(f"{self._name}_????-??-??.parquet"), *self._folder.glob(f"{self._name}_*/*")]:
            if (path.name if path.parent == self._folder else path.parent.name) < kept:
                path.unlink(missing_ok=True)
        for folder in self._folder.glob(f"{self._name}_????-??-??"):
            if folder.name < kept:
                folder.rmdir()

    def _files(self, first_day: str, last_day: str) -> list[Path]:
        """Files that hold the days, parts that a whole file has already taken in left out."""
        files = [
            path
            for path in sorted(self._folder.glob(f"{self._name}_????-??-??.parquet"))
            if first_day <= path.stem.removeprefix(f"{self._name}_") <= last_day
        ]
        for folder in sorted(self._folder.glob(f"{self._name}_????-??-??")):
            day = folder.name.removeprefix(f"{self._name}_")
            if first_day <= day <= last_day:
                merged = self._last_merged(day)
                files += [path for path in _parts(folder) if path.name > merged]
        return files

    def _go_on(self) -> str:
        """Close the days that a crash left open, but the last, which is returned; "" where none is open."""
        for unfinished in self._folder.rglob(f".*{self._name}*.{UNFINISHED}"):
            unfinished.unlink()
        for unfinished in self._folder.glob(f"{self._name}_*/.part-*.{UNFINISHED}"):
            unfinished.unlink()
        open_days = sorted(
            path.name.removeprefix(f"{self._name}_") for path in self._folder.glob(f"{self._name}_*") if path.is_dir()
        )
        for day in open_days[:-1]:
            self._compact(day)
        return open_days[-1] if open_days else ""

    def _last_merged(self, day: str) -> str:
        path = self._folder / f"{self._name}_{day}.parquet"
        metadata = pq.read_schema(path).metadata if path.exists() and self._is_whole(path) else None
        return str((metadata or {}).get(_LAST_PART, b""), "ascii")

    def _compact(self, day: str) -> None:
        """Merge a day's parts into its file, then remove them. A crash in between loses and doubles nothing.

        What cannot be merged is left as it is, readable in parts: writing goes on.
        """
        whole, folder = self._folder / f"{self._name}_{day}.parquet", self._folder / f"{self._name}_{day}"
        # A file that is damaged or not ours is never written over.
        if not folder.is_dir() or (whole.exists() and not self._is_whole(whole)):
            return
        merged = self._last_merged(day)
        parts = _parts(folder)
        fresh = [path for path in parts if path.name > merged and self._is_whole(path)]
        try:
            if fresh:
                with whole_file(whole) as path:
                    self._merge(whole, fresh, path)
            for path in parts:
                if path.name <= merged or path in fresh:
                    path.unlink()
            if not any(folder.iterdir()):
                folder.rmdir()
        except (pa.ArrowException, OSError) as error:
            _log.warning("%s: its parts cannot be merged (%s); they are left as they are.", folder, error)

    def _merge(self, whole: Path, parts: list[Path], to: Path) -> None:
        """Write the rows of `whole`, where it is there, and of the parts, holding one row group at a time."""
        schema = self._schema.with_metadata({_LAST_PART: parts[-1].name.encode()})
        with pq.ParquetWriter(to, schema, **self._layout) as writer:
            if whole.exists():
                with pq.ParquetFile(whole) as file:
                    for group in range(file.num_row_groups):
                        writer.write_table(_grown(file.read_row_group(group), schema))
            waiting: list[pa.Table] = []
            for part in parts:
                waiting.append(_grown(pq.read_table(part), schema))
                rows, size = sum(table.num_rows for table in waiting), sum(table.nbytes for table in waiting)
                if part == parts[-1] or rows >= _ROW_GROUP or size >= _GROUP_BYTES:
                    writer.write_table(pa.concat_tables(waiting))
                    waiting = []

    def _is_whole(self, path: Path) -> bool:
        try:
            schema = pq.read_schema(path).remove_metadata()
            return len(schema) > 0 and bool(schema.equals(pa.schema(list(self._schema)[: len(schema)])))
        except (pa.ArrowException, OSError) as error:
            _log.warning("%s: not a whole Parquet file (%s); it is left as it is.", path, error)
            return False


def _grown(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with the columns that the schema has more, of nulls, and with the schema's metadata."""
    for column in list(schema)[table.num_columns :]:
        table = table.append_column(column, pa.nulls(table.num_rows, column.type))
    return table.replace_schema_metadata(schema.metadata)


def _parts(day: Path) -> list[Path]:
    return sorted(day.glob("part-*.parquet"))


def _number(part: str) -> int:
    return int(part.removeprefix("part-").removesuffix(".parquet") or 0)
