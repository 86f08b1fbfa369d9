"""SQLite files that outlive damage and new versions: each has the number of its schema in it (`user_version`)."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from feeds.errors import FeedError
from feeds.storage.whole_file import set_aside

log = logging.getLogger("prochain")


class NewerSchemaError(sqlite3.Error):
    """The file was written by a later version."""


class SharedSqlite:
    """A file that one thread writes and any may read. Every write is on disk when it returns."""

    def __init__(self, path: Path | None, migrations: Sequence[str], what: str) -> None:
        """Open the file; None for one in memory. `fault` tells what was wrong with it; `what` it holds, for errors.

        Errors: FeedError where it is not ours or cannot be opened.
        """
        self._what = what
        self._reading = Lock()
        self._writing = Lock() if path else self._reading
        try:
            self._writer, self.fault = open_sqlite(path, migrations)
            # Who reads never waits for a write; what is in memory alone has but one connection.
            self._reader = open_sqlite(path, migrations)[0] if path else self._writer
        except sqlite3.Error as error:
            raise FeedError(f"{path}: cannot be used as a database ({error}); move it away or mend it.") from error

    @contextmanager
    def written(self) -> Iterator[sqlite3.Cursor]:
        """A transaction: all that is done within, or nothing. Errors: FeedError where it cannot be."""
        try:
            with self._writing, closing(self._writer.cursor()) as cursor, transaction(self._writer):
                yield cursor
        except sqlite3.Error as error:
            raise FeedError(
                f"{self._what} cannot be written ({error}); make room or give the right to write."
            ) from error

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._reading:
            return self._reader.execute(query, values).fetchall()

    def close(self) -> None:
        """Close it."""
        with self._writing:
            self._writer.close()
        self._reader.close()


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN") -> Iterator[None]:
    """All that is done within, or nothing. Errors: sqlite3.Error."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def open_sqlite(path: Path | None, migrations: Sequence[str]) -> tuple[sqlite3.Connection, str]:
    """A connection to the file, in memory where `path` is None; and what was wrong with it, "" where nothing was.

    Parameters: `migrations`: scripts, of which the n-th leads from schema n to n + 1; what was written before schemas
    were numbered is 0, so the first must bear that its tables are there. Every write is on disk when it returns. A
    damaged file is set aside under another name, and what can be read of it is taken over into a new one. Errors:
    sqlite3.Error where it cannot be used; NewerSchemaError.
    """
    if path is None or not path.exists():
        return _opened(path, migrations), ""
    try:
        return _opened(path, migrations), ""
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        damage = str(error)
    aside = set_aside(path)
    for companion in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + companion).replace(aside.with_name(aside.name + companion))
    connection = _opened(path, migrations)
    rows = _taken_over(aside, connection)
    fault = f"{path}: damaged ({damage}); it was set aside as {aside.name}, and {rows} of its rows were taken over."
    log.error("%s", fault)
    return connection, fault


def read_into_memory(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """A connection to a copy in memory of a file that cannot be written; an empty one where it cannot be read."""
    connection = _opened(None, migrations)
    try:
        # SQLite itself writes beside a file that it only reads.
        with TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            for companion in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(path.with_name(path.name + companion), copy.with_name(copy.name + companion))
            with closing(open_sqlite(copy, migrations)[0]) as copied:
                copied.backup(connection)
    except (OSError, sqlite3.Error) as error:
        log.warning("%s: nothing of it can be read (%s).", path, error)
    return connection


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, and not the disk full, the folder shut or the file in use."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _opened(path: Path | None, migrations: Sequence[str]) -> sqlite3.Connection:
    if path is not None:
        # Who signs in, and whose phone waits for which bus, is for nobody else; SQLite's companion files follow.
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
    try:
        if path is None:
            _empty(tuple(migrations)).backup(connection)
            return connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise _damage(str(found).replace("\n", " "))
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise NewerSchemaError(f"its schema is {version}, and this version knows {len(migrations)}; update it")
        _migrate(connection, migrations, version)
        _require_tables(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str], version: int) -> None:
    for number, script in enumerate(migrations[version:], version + 1):
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")


@cache
def _empty(migrations: tuple[str, ...]) -> sqlite3.Connection:
    """To copy it takes a fraction of the time to make it."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    _migrate(connection, migrations, 0)
    return connection


def _require_tables(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Errors: sqlite3.DatabaseError of a damaged file where a table or a column is gone."""
    with closing(_opened(None, migrations)) as new:
        wanted, found = _columns(new), _columns(connection)
    gone = [name for name, columns in wanted.items() if not columns <= found.get(name, set())]
    if gone:
        raise _damage(f"not as it was made: {', '.join(gone)}")


def _columns(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Names of columns by table."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for (name,) in tables}


def _damage(words: str) -> sqlite3.DatabaseError:
    damage = sqlite3.DatabaseError(words)
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return damage


def _taken_over(damaged: Path, into: sqlite3.Connection) -> int:
    """Copy the rows that can still be read, of the tables that are still there; how many."""
    rows = 0
    tables = [name for (name,) in into.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()]
    try:
        with closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as old:
            for table in tables:
                width = len(into.execute(f"PRAGMA table_info({table})").fetchall())
                with suppress(sqlite3.Error):
                    for row in old.execute(f"SELECT * FROM {table}"):  # noqa: S608
                        with suppress(sqlite3.Error):
                            marks = ",".join("?" * width)
                            into.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
                            rows += 1
    except sqlite3.Error:
        log.exception("%s: nothing of it can be read.", damaged)
    return rows
