"""The zips of GTFS feeds as they were given, kept by the content of what was made of them: others read the timetable
that is in use from these."""

from __future__ import annotations

import logging
import os
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from feeds.gtfs.archive import GtfsArchive
from feeds.storage.whole_file import whole_file

log = logging.getLogger("prochain")

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def keep_zip(folder: Path, archive: GtfsArchive) -> None:
    """Keep a feed's bytes; of a feed that is a folder, its tables in a zip. Where that cannot be written, it is told in
    the log."""
    path = zip_path(folder, archive.digest)
    if path.exists():
        return
    try:
        with whole_file(path) as unfinished:
            if archive.path.is_file():
                _copy(archive.path, unfinished)
            else:
                _pack(archive, unfinished)
    except OSError as error:
        log.warning("%s: the feed cannot be kept (%s); /gtfs.zip will not serve it.", path, error)


def copy_zip(source: Path, folder: Path, digest: str) -> None:
    """Keep in `folder` too what `source` keeps, and nothing else. Errors: OSError."""
    path = zip_path(folder, digest)
    if not path.exists() and (kept := zip_path(source, digest)).exists():
        with whole_file(path) as unfinished:
            _copy(kept, unfinished)
    for other in folder.glob("gtfs-*.zip"):
        if other != path:
            other.unlink(missing_ok=True)


def kept_zip(folders: Iterable[Path], digest: str) -> Path | None:
    """Where the zip of this content lies, None where it is in none of the folders."""
    return next((path for folder in folders if (path := zip_path(folder, digest)).is_file()), None)


def zip_path(folder: Path, digest: str) -> Path:
    """Where the zip of this content is kept in a folder."""
    return folder / f"gtfs-{digest}.zip"


def _copy(source: Path, into: Path) -> None:
    """Content and age: who may write to an operator's file is no matter of ours."""
    shutil.copyfile(source, into)
    age = source.stat()
    os.utime(into, ns=(age.st_atime_ns, age.st_mtime_ns))


def _pack(archive: GtfsArchive, into: Path) -> None:
    """Same tables, same bytes."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        for member in sorted(archive.members.values()):
            entry = zipfile.ZipInfo(PurePosixPath(member).name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with packed.open(entry, "w", force_zip64=True) as out, (archive.path / member).open("rb") as table:
                shutil.copyfileobj(table, out)
