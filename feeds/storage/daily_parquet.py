"""Tables kept as Parquet by day, so that a crash loses only what had not been put down yet.

Rows are put down in small parts, `name_2026-03-16/part-….parquet`; when the day is over the parts become
`name_2026-03-16.parquet`. What is damaged, or not ours, is left for repair and never written over. A schema may have
grown at its end: what older files lack is read as null.

A table that is read while it is written (`ordered_by`) has its parts merged in the course of the day as well: many
small ones into one, `part-first-last.parquet`, and those again. A part is left out where another's span holds its own,
so a crash between the merged part and the removal of the others loses and doubles nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feeds.errors import FeedError
from feeds.storage.daily_rows import Rows
from feeds.storage.parquet_damage import READ_ERRORS, is_damage
from feeds.storage.whole_file import UNFINISHED, regular, set_aside, whole_file

_LAST_PART = b"prochain.last_part"
_ROW_GROUP = 100_000
_GROUP_BYTES = 32_000_000
"""A row group ends here at the latest: whole messages are large, and a reader needs one at a time."""
_WHOLE_MESSAGES = {"compression_level": 6, "data_page_size": 8_000_000}
"""Messages resemble each other, and are packed together where they share a page."""
_ORDERED_GROUP = 8_192
"""Rows of a row group of an ordered table: so small, readers can leave most groups out."""
_ORDERED_AT_ONCE, _ORDERED_BYTES = 250_000, 32_000_000
"""Rows of an ordered table are ordered among so many."""
_MERGED_AT = 64
"""So many small parts become one; until then their rows are held in memory too, for readers."""
_MERGED_AGAIN_AT = 8
_WAITING_BYTES = 256_000_000
"""What cannot be put down waits in memory up to here; then the oldest rows are lost."""
_log = logging.getLogger(__name__)


class DailyParquet:
    """One table. Rows are appended day after day by one thread; `rows` and `read` may be called from any."""

    def __init__(
        self, folder: Path, name: str, schema: pa.Schema, *, flush_every_s: float = 60.0, flush_rows: int = _ROW_GROUP,
        ordered_by: str | None = None,
    ) -> None:  # fmt: skip
        """Go on in `folder`, where an earlier writer may have stopped or crashed.

        Parameters: `ordered_by`: a column by which merged files are ordered, for readers who ask for few of its values;
        parts are then merged during the day, and damaged files are set aside under another name. Errors: FeedError.
        """
        self.lost_rows = 0
        """Rows that could not be put down for so long that they were given up."""
        self.set_aside: Counter[str] = Counter()
        """Damaged files put under another name, by theirs."""
        self._folder, self._name, self._schema = folder, name, schema
        self._ordered_by = ordered_by
        self._flush_every_s, self._flush_rows = flush_every_s, flush_rows
        self._pending: list[pa.Table] = []
        self._pending_rows = self._pending_bytes = 0
        self._pending_since = np.inf
        self._fresh: dict[Path, pa.Table] = {}
        self._damaged: set[Path] = set()
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
        self._day = ""
        self._rows = Rows(schema, (), (), self._damaged)
        self._day = self._go_on()
        self._tell_readers()

    @property
    def rows(self) -> Rows:
        """All that there is now, pending rows included."""
        return self._rows

    def append(self, table: pa.Table, day: str, now: float) -> None:
        """Add rows of a day (ISO date); they wait in memory for at most `flush_every_s` from `now`, POSIX seconds.

        Errors: FeedError where the day before, or what is due, cannot be put down; everything stays pending.
        """
        try:
            self.begin(day)
        finally:
            # Where the day before cannot be put down, these rows wait with its own.
            self.add(table, now)
        self.flush_when_due(now)

    def begin(self, day: str) -> None:
        """Rows from now on are of this day (ISO date); the day before is closed. Errors: FeedError, as of `append`."""
        if day != self._day:
            self.flush()
            before, self._day = self._day, day
            self._compact(before)
            self._tell_readers()

    def add(self, table: pa.Table, now: float) -> None:
        """Hold rows of the day that has begun, in memory alone: `append` without anything that waits for the disk."""
        self._pending.append(table)
        self._pending_rows += table.num_rows
        self._pending_bytes += table.nbytes
        while self._pending_bytes > _WAITING_BYTES and len(self._pending) > 1:
            oldest = self._pending.pop(0)
            self._pending_rows -= oldest.num_rows
            self._pending_bytes -= oldest.nbytes
            self.lost_rows += oldest.num_rows
        self._pending_since = min(self._pending_since, now)
        self._rows = replace(self._rows, tables=((self._day, (*self._fresh.values(), *self._pending)),))

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
        number = 1 + max([0, *(_last(path.name) for path in _parts(day)), _last(self._last_merged(self._day))])
        part = day / f"part-{number:08d}.parquet"
        try:
            day.mkdir(exist_ok=True)
            with whole_file(part) as path:
                pq.write_table(table, path, **self._layout)
        except OSError as error:
            raise FeedError(
                f"{day}: cannot be written ({error.strerror or error}); {self._pending_rows:,} rows are waiting to "
                "be put down. Make room or give the right to write there."
            ) from error
        self._pending, self._pending_rows, self._pending_bytes, self._pending_since = [], 0, 0, np.inf
        if self._ordered_by:
            self._fresh[part] = table
            self._set_aside_damaged()
            self._merge_parts(day, _MERGED_AT)
        self._tell_readers()

    def close(self) -> None:
        """Put down what is pending and close the day. Errors: FeedError."""
        self.flush()
        self._compact(self._day)
        self._tell_readers()

    def read(self, first_day: str, last_day: str, where: pc.Expression | None = None) -> pa.Table:
        """See `Rows.read`."""
        return self._rows.read(first_day, last_day, where)

    def latest(self) -> Iterator[Path]:
        """Files of the latest day there is, oldest first."""
        yield from sorted(self._folder.glob(f"{self._name}_*.parquet"))[-1:]
        yield from _parts(self._folder / f"{self._name}_{self._day}")

    def drop_before(self, day: str) -> None:
        """Remove the days before `day`, whole files and parts."""
        kept = f"{self._name}_{day}"
        self._rows = replace(self._rows, files=tuple(file for file in self._rows.files if file[0] >= day))
        for path in [*self._folder.glob(f"{self._name}_????-??-??.parquet"), *self._folder.glob(f"{self._name}_*/*")]:
            if (path.name if path.parent == self._folder else path.parent.name) < kept:
                path.unlink(missing_ok=True)
        for folder in self._folder.glob(f"{self._name}_????-??-??"):
            if folder.name < kept:
                folder.rmdir()

    def _tell_readers(self) -> None:
        """Let readers see the files that there are now: those that were merged are still there, until this returns."""
        files = [
            (path.stem.removeprefix(f"{self._name}_"), path)
            for path in sorted(self._folder.glob(f"{self._name}_????-??-??.parquet"))
        ]
        for folder in sorted(self._folder.glob(f"{self._name}_????-??-??")):
            day = folder.name.removeprefix(f"{self._name}_")
            merged = _last(self._last_merged(day))
            files += [(day, path) for path in _whole_parts(folder) if _last(path.name) > merged]
        at_hand = {path for _, path in files}
        self._fresh = {path: table for path, table in self._fresh.items() if path in at_hand}
        shown = tuple(file for file in files if file[1] not in self._fresh)
        held = (self._day, (*self._fresh.values(), *self._pending))
        self._rows = Rows(self._schema, shown, (held,), self._damaged)

    def _go_on(self) -> str:
        """Close the days that a crash left open, but the last, which is returned; "" where none is open."""
        for unfinished in self._folder.rglob(f".*{self._name}*.{UNFINISHED}"):
            unfinished.unlink()
        for unfinished in self._folder.glob(f"{self._name}_*/.part-*.{UNFINISHED}"):
            unfinished.unlink()
        if self._ordered_by:
            for pattern in (f"{self._name}_????-??-??.parquet", f"{self._name}_????-??-??/part-*.parquet"):
                for path in sorted(self._folder.glob(pattern)):
                    self._is_whole(path)
            self._set_aside_damaged()
        open_days = sorted(
            path.name.removeprefix(f"{self._name}_") for path in self._folder.glob(f"{self._name}_*") if path.is_dir()
        )
        for day in open_days[:-1]:
            self._compact(day)
        if open_days and self._ordered_by:
            self._merge_parts(self._folder / f"{self._name}_{open_days[-1]}", 2)
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
        merged = _last(self._last_merged(day))
        fresh = [path for path in _whole_parts(folder) if _last(path.name) > merged and self._is_whole(path)]
        try:
            if fresh:
                with whole_file(whole) as path:
                    self._merge(whole, fresh, path)
                _give_back()
            self._tell_readers()
            for path in _parts(folder):
                first, last = _span(path.name)
                if last <= merged or any(
                    a <= first and last <= b for a, b in map(_span, (path.name for path in fresh))
                ):
                    path.unlink()
            if not any(folder.iterdir()):
                folder.rmdir()
        except READ_ERRORS as error:
            _log.warning("%s: its parts cannot be merged (%s); they are left as they are.", folder, error)

    def _merge(self, whole: Path, parts: list[Path], to: Path) -> None:
        """Write the rows of `whole`, where it is there, and of the parts, holding one row group at a time; of an
        ordered table, some, so that there is something to order."""
        schema = self._schema.with_metadata({_LAST_PART: parts[-1].name.encode()})
        most_rows, most_bytes = (_ORDERED_AT_ONCE, _ORDERED_BYTES) if self._ordered_by else (_ROW_GROUP, _GROUP_BYTES)
        with pq.ParquetWriter(to, schema, **self._layout) as writer:
            if whole.exists():
                with pq.ParquetFile(regular(whole)) as file:
                    for group in range(file.num_row_groups):
                        writer.write_table(_grown(file.read_row_group(group), schema))
            waiting: list[pa.Table] = []
            for part in parts:
                waiting.append(_grown(pq.read_table(regular(part)), schema))
                rows, size = sum(table.num_rows for table in waiting), sum(table.nbytes for table in waiting)
                if part == parts[-1] or rows >= most_rows or size >= most_bytes:
                    self._write(writer, pa.concat_tables(waiting))
                    waiting = []

    def _write(self, writer: pq.ParquetWriter, table: pa.Table) -> None:
        if self._ordered_by:
            order = pc.sort_indices(table, [(self._ordered_by, "ascending")])
            writer.write_table(table.take(order), row_group_size=_ORDERED_GROUP)
        else:
            writer.write_table(table)

    def _merge_parts(self, folder: Path, at_least: int) -> None:
        """Merge the open day's small parts where there are so many, and what that has made where that is many again."""
        merged = _last(self._last_merged(folder.name.removeprefix(f"{self._name}_")))
        levels = ((1, 1, at_least), (2, _MERGED_AT * _MERGED_AGAIN_AT - 1, _MERGED_AGAIN_AT))
        for least_calls, most_calls, number in levels:
            parts = [path for path in _whole_parts(folder) if _last(path.name) > merged]
            few = [path for path in parts if least_calls <= _calls(path.name) <= most_calls]
            few = [path for path in few if self._is_whole(path)]
            if len(few) < number:
                continue
            into = folder / f"part-{_span(few[0].name)[0]:08d}-{_last(few[-1].name):08d}.parquet"
            try:
                with whole_file(into) as path:
                    self._merge_few(few, path)
                _give_back()
                self._tell_readers()
                for path in few:
                    path.unlink()
            except READ_ERRORS as error:
                _log.warning("%s: its parts cannot be merged yet (%s).", folder, error)
                return

    def _merge_few(self, parts: list[Path], to: Path) -> None:
        tables = [self._schema.empty_table()]
        for path in parts:
            try:
                tables.append(_grown(pq.read_table(regular(path)), self._schema))
            except READ_ERRORS as error:
                if not is_damage(error):
                    raise
                self._damaged.add(path)
        self._set_aside_damaged()
        with pq.ParquetWriter(to, self._schema, **self._layout) as writer:
            self._write(writer, pa.concat_tables(tables))

    def _set_aside_damaged(self) -> None:
        """Put damaged files of an ordered table under another name: whoever can mend them still finds them, and the
        others can be merged."""
        damaged = list(self._damaged)
        for path in damaged:
            try:
                aside = set_aside(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                _log.warning("%s: damaged, and cannot be set aside (%s).", path, error)
                continue
            self.set_aside[path.name] += 1
            _log.warning("%s: damaged; it was set aside as %s.", path, aside.name)
        self._tell_readers()
        self._damaged.difference_update(damaged)

    def _is_whole(self, path: Path) -> bool:
        try:
            schema = pq.read_schema(regular(path)).remove_metadata()
            return len(schema) > 0 and bool(schema.equals(pa.schema(list(self._schema)[: len(schema)])))
        except READ_ERRORS as error:
            if self._ordered_by and is_damage(error):
                self._damaged.add(path)
            else:
                _log.warning("%s: not a whole Parquet file (%s); it is left as it is.", path, error)
            return False


def _give_back() -> None:
    """Let the system have the memory that merging took: Arrow would keep all of it for the next time."""
    pa.default_memory_pool().release_unused()


def _grown(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with the columns that the schema has more, of nulls, and with the schema's metadata."""
    for column in list(schema)[table.num_columns :]:
        table = table.append_column(column, pa.nulls(table.num_rows, column.type))
    return table.replace_schema_metadata(schema.metadata)


def _parts(day: Path) -> list[Path]:
    return sorted(day.glob("part-*.parquet"))


def _whole_parts(day: Path) -> list[Path]:
    """Parts in order, without those whose rows are in a merged one."""
    whole: list[Path] = []
    reached = -1
    for path in sorted(_parts(day), key=lambda path: (_span(path.name)[0], -_span(path.name)[1])):
        if _last(path.name) > reached:
            whole.append(path)
            reached = _last(path.name)
    return whole


def _span(part: str) -> tuple[int, int]:
    """The numbers of the first and the last part whose rows are in this one."""
    numbers = part.removeprefix("part-").removesuffix(".parquet").split("-")
    return int(numbers[0] or -1), int(numbers[-1] or -1)


def _calls(part: str) -> int:
    """How many calls of `flush` have written the rows in a part."""
    first, last = _span(part)
    return 1 + last - first


def _last(part: str) -> int:
    return _span(part)[1]
