"""The desk's SQLite file: disruptions, the bulletins about them that are owed to subscribers, the phrases that
officers changed, the drafts that they dismissed, who may write, what they did, and their sessions. What it took is on
the disk."""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from api.desk.deed import KEPT_S, Deed
from api.desk.disruption import Disruption
from api.desk.subscribers import Bulletin
from feeds.storage.sqlite_file import open_sqlite, read_into_memory, transaction

FILE_NAME = "desk.sqlite"
_SUBJECT = "CASE WHEN json_valid(document) THEN json_extract(document, '$.subject') END"
"""Of a deed; none of one that is damaged, for which the whole file would otherwise be refused."""
_MIGRATIONS = (
    """
CREATE TABLE IF NOT EXISTS disruption (number INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS phrase (key TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bulletin (
    number INTEGER PRIMARY KEY AUTOINCREMENT, subscriber TEXT NOT NULL, at REAL NOT NULL, document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS dismissal (situation TEXT PRIMARY KEY, document TEXT NOT NULL);
""",
    """
CREATE TABLE IF NOT EXISTS deed (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, until REAL NOT NULL);
""",
    """
CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, document TEXT NOT NULL);
""",
    f"""
DROP INDEX IF EXISTS deed_subject;
CREATE INDEX deed_subject ON deed ({_SUBJECT}, number);
""",
)

SCHEMA = len(_MIGRATIONS)

log = logging.getLogger("prochain")
Model = TypeVar("Model", bound=BaseModel)


class Kept(BaseModel):
    """A document that has a table of its kind."""

    model_config = ConfigDict(frozen=True)

    table: ClassVar[str]
    key_column: ClassVar[str]
    """Of its name there, which is also its field."""


Document = TypeVar("Document", bound=Kept)


class DeskDatabase:
    """Safe to use from any thread. Errors of the disk come as `sqlite3.Error`: nothing was saved."""

    def __init__(self, folder: Path | None, unwritable: str = "") -> None:
        """Open the file in `folder`, made where it is missing; with None everything is kept in memory alone.

        `unwritable`: why nothing can be written there: then what the file holds is shown, and every write fails.

        `fault` tells what is wrong with the file, "" where nothing is. Where it cannot be used every write fails.
        """
        self._lock = Lock()
        self._writes = 0
        self._file: tuple[Path, int] | None = None
        """Where it must still be, and its inode."""
        path = None if folder is None else folder / FILE_NAME
        try:
            if unwritable:
                raise OSError(unwritable)
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._connection, self.fault = open_sqlite(path, _MIGRATIONS)
            self._file = (path, path.stat().st_ino) if path else None
        except (OSError, sqlite3.Error) as error:
            # Riders' boards do without it, and what officers write is refused: it could not be kept.
            self.fault = (
                f"{path or 'No folder'}: the desk's database cannot be used ({error}). Nothing can be published. Check "
                "the folder's rights and free space (setting data_dir), or put the file back from a copy, and start "
                "anew."
            )
            log.error("%s", self.fault)
            self._connection = read_into_memory(path, _MIGRATIONS) if path else open_sqlite(None, _MIGRATIONS)[0]
            self._connection.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def disruptions(self) -> list[Disruption]:
        """All of them, in the order published. Rows that cannot be read are told in the log and left out."""
        rows = self._rows("SELECT number, document FROM disruption ORDER BY number")
        return [read for row in rows if (read := _read(Disruption, "disruption", *row))]

    def next_number(self) -> int:
        """A number that no disruption has had."""
        with self._writing() as connection:
            number = connection.execute("INSERT INTO disruption (document) VALUES ('')").lastrowid
            connection.execute("DELETE FROM disruption WHERE number = ?", (number,))
        return int(number or 0)

    def save(self, bulletin: Bulletin, subscribers: Collection[str], deed: Deed) -> None:
        """Add its disruption, or put it in the place of what had its number; owe the bulletin to each subscriber; note
        who did it. All of it is saved or nothing."""
        disruption, document = bulletin.disruption, bulletin.model_dump_json()
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO disruption (number, document) VALUES (?, ?)",
                (disruption.number, disruption.model_dump_json()),
            )
            connection.executemany(
                "INSERT INTO bulletin (subscriber, at, document) VALUES (?, ?, ?)",
                [(subscriber, bulletin.at, document) for subscriber in subscribers],
            )
            _note(connection, deed)

    def note(self, deed: Deed) -> None:
        """Add what was done, and drop what was done long before."""
        with self._writing() as connection:
            _note(connection, deed)

    def deeds(self, most: int, before: int | None = None, subject: str = "") -> list[tuple[int, Deed]]:
        """So many with their numbers, the last first. Parameters: `before`: only those with a lower number; `subject`:
        only what was done to it."""
        which, values = (f"AND {_SUBJECT} = ?", (subject,)) if subject else ("", ())
        rows = self._rows(
            f"SELECT number, document FROM deed WHERE number < ? {which} ORDER BY number DESC LIMIT ?",  # noqa: S608
            sys.maxsize if before is None else before, *values, most,
        )  # fmt: skip
        return [(row[0], read) for row in rows if (read := _read(Deed, "deed", *row))]

    def version(self) -> tuple[int, int]:
        """Another one where something may have been written since, by us or by another process."""
        ((by_others,),) = self._rows("PRAGMA data_version")
        return by_others, self._writes

    def sessions(self, now: float) -> dict[str, float]:
        """When each session ends that has not ended, POSIX seconds by key."""
        return dict(self._rows("SELECT key, until FROM session WHERE until > ?", now))

    def begin_session(self, key: str, until: float, now: float) -> None:
        """Add it, and drop those that have ended."""
        with self._writing() as connection:
            connection.execute("DELETE FROM session WHERE until <= ?", (now,))
            connection.execute("INSERT OR REPLACE INTO session (key, until) VALUES (?, ?)", (key, until))

    def end_sessions(self, keys: Collection[str]) -> None:
        """Drop them."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM session WHERE key = ?", [(key,) for key in keys])

    def next_bulletin(self, subscriber: str, after: int) -> tuple[int, Bulletin | None] | None:
        """The first that `subscriber` is owed with a number above `after`, and its number; None where it is owed
        nothing more. One that cannot be read is told in the log and is None itself."""
        rows = self._rows(
            "SELECT number, document FROM bulletin WHERE subscriber = ? AND number > ? ORDER BY number LIMIT 1",
            subscriber, after,
        )  # fmt: skip
        return next(((number, _read(Bulletin, "bulletin", number, document)) for number, document in rows), None)

    def owed(self, subscriber: str, after: int) -> tuple[int, float | None]:
        """How many bulletins with a number above `after` `subscriber` is owed, and the time of the first of them."""
        query = "SELECT COUNT(*), MIN(at) FROM bulletin WHERE subscriber = ? AND number > ?"
        ((count, since),) = self._rows(query, subscriber, after)
        return count, since

    def settle(self, subscriber: str, number: int) -> None:
        """Owe `subscriber` no bulletin up to `number` any longer."""
        with self._writing() as connection:
            connection.execute("DELETE FROM bulletin WHERE subscriber = ? AND number <= ?", (subscriber, number))

    def forget_subscribers(self, but: Collection[str], before: float) -> None:
        """Drop what was owed since before a time, POSIX seconds, to any subscriber but these."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM bulletin WHERE at < ? AND subscriber NOT IN (SELECT value FROM json_each(?))",
                (before, json.dumps(list(but))),
            )

    def kept(self, kind: type[Document]) -> list[Document]:
        """All of a kind, by their keys."""
        rows = self._rows(f"SELECT {kind.key_column}, document FROM {kind.table} ORDER BY {kind.key_column}")  # noqa: S608
        return [read for row in rows if (read := _read(kind, kind.table, *row))]

    def keep(self, document: Kept) -> None:
        """Add it, or put it in the place of the one of its key."""
        with self._writing() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO {document.table} ({document.key_column}, document) VALUES (?, ?)",  # noqa: S608
                (getattr(document, document.key_column), document.model_dump_json()),
            )

    def forget(self, kind: type[Kept], key: str) -> None:
        """Drop the one of this key."""
        with self._writing() as connection:
            connection.execute(f"DELETE FROM {kind.table} WHERE {kind.key_column} = ?", (key,))  # noqa: S608

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._require_file()
            self._writes += 1
            with transaction(self._connection, "BEGIN IMMEDIATE"):
                yield self._connection

    def _require_file(self) -> None:
        """Errors: sqlite3.Error where the file is gone: SQLite would go on writing, and nobody would find it again."""
        if self._file is None:
            return
        path, inode = self._file
        try:
            found = path.stat().st_ino
        except OSError as error:
            raise sqlite3.OperationalError(f"{path} is gone: {error.strerror}; put it back, or start anew") from error
        if found != inode:
            raise sqlite3.OperationalError(f"{path} is another file than at the start: start anew")


def _note(connection: sqlite3.Connection, deed: Deed) -> None:
    connection.execute("INSERT INTO deed (at, document) VALUES (?, ?)", (deed.at, deed.model_dump_json()))
    connection.execute("DELETE FROM deed WHERE at < ?", (deed.at - KEPT_S,))


def _read(model: type[Model], table: str, name: object, document: str) -> Model | None:
    try:
        return model.model_validate_json(document)
    except ValidationError as error:
        log.error("%s: %s %s cannot be read and is left out: %s", FILE_NAME, table, name, error)
        return None
