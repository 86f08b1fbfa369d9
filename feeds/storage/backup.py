"""A data folder in one file, taken while a service writes to it, and put back again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tarfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from feeds.errors import FeedError
from feeds.storage.sole_writer import LOCK, sole_writer
from feeds.storage.whole_file import DAMAGED, UNFINISHED, whole_file

FORMAT = 1
"""Of the backup itself; databases in it have numbers of their own."""
_MANIFEST, _DATA, _LEARNED = "backup.json", "data", "learned.npz"
_TRIES = 5
_COMPANIONS = ("-wal", "-shm", "-journal")


def back_up(folder: Path, learned: Path | None, into: Path) -> int:
    """Put all of a data folder, and what was learned, into the file `into`; how many files there are in it.

    Databases are copied by SQLite, whole as of one moment, and before the tables that they speak of: what they say is
    saved is in these. Errors: FeedError, OSError; sqlite3.Error.
    """
    if not folder.is_dir():
        raise FeedError(f"{folder}: there is no such data folder; check data_dir.")
    with TemporaryDirectory(dir=into.absolute().parent, prefix=".backup-") as copies:
        schemas = {}
        for path in sorted(folder.rglob("*.sqlite")):
            name = path.relative_to(folder)
            copy = Path(copies) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
                (schemas[name.as_posix()],) = target.execute("PRAGMA user_version").fetchone()
        (Path(copies) / _MANIFEST).write_text(json.dumps({"format": FORMAT, "schemas": schemas}))
        for tries_left in range(_TRIES - 1, -1, -1):
            try:
                return _packed(folder, learned, Path(copies), list(schemas), into)
            except FileNotFoundError:
                # Merged into another file since: that one has its rows.
                if not tries_left:
                    raise
    raise AssertionError


def restore(backup: Path, folder: Path, learned: Path | None, schemas: Mapping[str, int], *, force: bool) -> int:
    """Put a backup back; how many files there were. What lies in `folder` is put aside beside it where `force` lets it.

    Parameters: `schemas`: the newest that this version knows, by the name of the database. Errors: FeedError where
    another process writes there, where something lies there, and for a file that is no backup, is damaged, or was made
    by a later version; then nothing has changed.
    """
    if not backup.is_file():
        raise FeedError(f"{backup}: there is no such file; give what prochain backup wrote.")
    with sole_writer(folder):
        lying = [path for path in folder.iterdir() if path.name != LOCK]
        if lying and not force:
            raise FeedError(f"{folder}: is not empty; give --force to put what lies there aside.")
        with TemporaryDirectory(dir=folder.absolute().parent, prefix=".restore-") as unpacked:
            try:
                _unpack(backup, Path(unpacked))
                manifest = json.loads((Path(unpacked) / _MANIFEST).read_text())
                made_of, found = int(manifest["format"]), dict(manifest["schemas"])
            except (OSError, EOFError, ValueError, KeyError, TypeError, tarfile.TarError) as error:
                raise FeedError(f"{backup}: is no whole backup of prochain ({error}); nothing has changed.") from error
            newer = [name for name, schema in found.items() if name not in schemas or schema > schemas[name]]
            if made_of > FORMAT or newer:
                raise FeedError(f"{backup}: was made by a later version of prochain; update it, nothing has changed.")
            data = Path(unpacked) / _DATA
            for name in found:
                with closing(sqlite3.connect(data / name)) as database:
                    if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                        raise FeedError(f"{backup}: {name} in it is damaged; nothing has changed.")
            if lying:
                aside = _free(folder.with_name(f"{folder.name}.before"))
                aside.mkdir()
                for path in lying:
                    path.replace(aside / path.name)
            count = 0
            for path in sorted(data.iterdir()):
                count += 1 if path.is_file() else sum(part.is_file() for part in path.rglob("*"))
                path.replace(folder / path.name)
            if learned and (Path(unpacked) / _LEARNED).is_file():
                with whole_file(learned) as unfinished:
                    unfinished.write_bytes((Path(unpacked) / _LEARNED).read_bytes())
                count += 1
    return count


def _packed(folder: Path, learned: Path | None, copies: Path, databases: list[str], into: Path) -> int:
    count = 0
    with whole_file(into) as unfinished, tarfile.open(unfinished, "w", dereference=True) as packed:
        packed.add(copies / _MANIFEST, _MANIFEST)
        for name in databases:
            packed.add(copies / name, f"{_DATA}/{name}")
            count += 1
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            passing = path.name.startswith(".") or path.name.endswith((UNFINISHED, DAMAGED, *_COMPANIONS))
            if path.is_file() and not passing and name not in databases:
                packed.add(path, f"{_DATA}/{name}")
                count += 1
        if learned and learned.is_file():
            packed.add(learned, _LEARNED)
            count += 1
    return count


def _unpack(backup: Path, into: Path) -> None:
    # By hand: before 3.11.4 Python has no filter that keeps all of it within the folder.
    with tarfile.open(backup) as packed:
        for member in packed:
            path = into / member.name
            content = packed.extractfile(member) if member.isreg() else None
            if content is None or ".." in path.parts or not path.is_relative_to(into):
                raise ValueError(f"{member.name!r} in it was not put there by prochain")
            path.parent.mkdir(parents=True, exist_ok=True)
            with content, path.open("xb") as file:
                shutil.copyfileobj(content, file)
            path.chmod(member.mode & 0o755 | 0o600)


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
