"""Where the bytes of a GTFS feed lie: a zip or a folder, looked over before anything in it is parsed.

All tables come from one folder of it. Zips also hold old copies, test data and what a Mac leaves behind, and tables of
two feeds mixed are worse than none.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from inflate64 import Inflater

from feeds.bounded_unpacking import BZIP2_MAGIC, GZIP_MAGIC, ZIP_FAULTS, ZSTD_MAGIC, decoded
from feeds.errors import FeedError, Problem
from feeds.letters import BEFORE_TEXT

TABLES = (
    "agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates", "frequencies", "shapes",
    "feed_info", "translations", "booking_rules", "transfers", "attributions",
)  # fmt: skip

_NEEDED = {"agency", "stops", "routes", "trips", "stop_times"}

_SUFFIXES = re.compile(r"\s*(\.(txt|csv))+$")
_PACKED_OTHERWISE = {
    b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive", b"\xfd7zX": "an xz archive",
    BZIP2_MAGIC: "a bzip2 archive", ZSTD_MAGIC: "a zstd archive",
}  # fmt: skip

# A message begins with its header, and that with its version.
_REALTIME = re.compile(rb"\n.{1,2}?\n.[12]\.\d", re.DOTALL)

_DEFLATE64 = 9
_INFLATED_AT_ONCE = 4096
"""Bytes; of each may come 30,000."""

MAX_ZIP_BYTES = 1_000_000_000
MAX_TABLE_BYTES = 8_000_000_000


@dataclass(frozen=True)
class GtfsArchive:
    """A feed's files, known to be there."""

    name: str
    """What the user called it, for messages."""
    path: Path
    """A zip file or a folder."""
    digest: str
    """SHA-256 of the content, hexadecimal."""
    members: dict[str, str]
    """Table to file: the path inside the zip or the folder."""
    problems: tuple[Problem, ...]
    """What else lies beside them and was left alone."""

    def size_bytes(self) -> int:
        """Size of the files as they lie there."""
        if self.path.is_dir():
            return sum((self.path / member).stat().st_size for member in self.members.values())
        return self.path.stat().st_size

    def read(self, table: str, limit: int = -1) -> bytes:
        """The bytes of one table, at most `limit` of them where it is not negative. Errors: FeedError."""
        return _unpacked(self.path, self.members[table], self.name, limit)


@contextmanager
def open_archive(source: str | Path) -> Iterator[GtfsArchive]:
    """The feed at a path, a zip or a folder. Errors: FeedError where there is no GTFS feed."""
    with _at_path(Path(source), str(source)) as archive:
        yield archive


@contextmanager
def fetched_archive(data: bytes, name: str) -> Iterator[GtfsArchive]:
    """The feed in the bytes of a zip, kept until the block ends. Errors: FeedError where there is no GTFS feed."""
    with tempfile.TemporaryDirectory(prefix="gtfs-") as folder:
        path = Path(folder) / "gtfs.zip"
        path.write_bytes(data)
        with _at_path(path, name) as archive:
            yield archive


def _unpacked(path: Path, member: str, name: str, limit: int) -> bytes:
    try:
        if path.is_dir():
            with (path / member).open("rb") as file:
                return file.read(limit)
        with zipfile.ZipFile(path) as archive:
            if (info := archive.getinfo(member)).compress_type == _DEFLATE64:
                return _inflated(path, info, limit)
            with archive.open(member) as packed:
                return packed.read(limit)
    except NotImplementedError as error:
        raise FeedError(
            f"{name}: {member} is packed in a way that is not read here ({error}); unpack it and give the folder, or "
            "ask for a zip packed by Deflate."
        ) from error
    except ZIP_FAULTS as error:
        raise FeedError(
            f"{name}: {member} cannot be unpacked ({error}); the archive is damaged or was written only in "
            "part. Fetch it again."
        ) from error


def _inflated(path: Path, info: zipfile.ZipInfo, limit: int) -> bytes:
    """A member packed by Deflate64, as Windows packs gigabytes; `limit` as in `GtfsArchive.read`. Errors:
    zipfile.BadZipFile, and those of what is cut short."""
    pieces, size = [], 0
    with path.open("rb") as file:
        file.seek(info.header_offset + 26)
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        inflater, left = Inflater(), info.compress_size
        while left > 0 and (limit < 0 or size < limit):
            packed = file.read(min(left, _INFLATED_AT_ONCE))
            if not packed:
                raise EOFError("it ends in the middle")
            left -= len(packed)
            pieces.append(inflater.inflate(packed))
            size += len(pieces[-1])
            if size > info.file_size:
                raise zipfile.BadZipFile(f"more than the {info.file_size:,} bytes that it should be")
    data = b"".join(pieces)
    if limit >= 0 and len(data) >= limit:
        return data[:limit]
    if zlib.crc32(data) != info.CRC:
        raise zipfile.BadZipFile("its checksum is another")
    return data


@dataclass(frozen=True)
class _File:
    """A file of a zip or a folder."""

    size: int
    changed: datetime


@contextmanager
def _at_path(path: Path, name: str) -> Iterator[GtfsArchive]:
    try:
        if path.is_file() and (zipped := _zip_in_gzip(path, name)):
            with fetched_archive(zipped, name) as archive:
                yield archive
            return
        if path.is_dir():
            files = {
                str(file.relative_to(path)): _File(file.stat().st_size, datetime.fromtimestamp(file.stat().st_mtime))
                for pattern in ("*", "*/*", "*/*/*")
                for file in sorted(path.glob(pattern))
                if file.is_file()
            }
            twice: list[str] = []
        elif path.is_file():
            files, twice = _zip_members(path, name)
        else:
            raise FeedError(
                f"{name}: there is no such file or folder; give a GTFS zip, a folder or an http(s) address."
            )
        inner = _zip_inside(path, files)
        looked_over = None if inner else _looked_over(path, name, files, twice)
    except OSError as error:
        raise FeedError(
            f"{name}: cannot be read ({error.strerror or error}); check the path and its rights."
        ) from error
    if looked_over:
        yield looked_over
        return
    with tempfile.TemporaryDirectory(prefix="gtfs-") as folder:
        unpacked = Path(folder) / "gtfs.zip"
        unpacked.write_bytes(_unpacked(path, inner, name, -1))
        with _at_path(unpacked, f"{name}/{inner}") as packed:
            problem = Problem(inner, "the feed is a zip inside the zip; read from there.")
            yield replace(packed, problems=(problem, *packed.problems))


def _zip_in_gzip(path: Path, name: str) -> bytes:
    """What a gzip file holds, nothing where it is another."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    return decoded(path.read_bytes(), "gzip", MAX_ZIP_BYTES, name) if is_gzip else b""


def _looked_over(path: Path, name: str, files: Mapping[str, _File], twice: list[str]) -> GtfsArchive:
    members, problems = _tables_among(files, name)
    problems += [
        Problem(PurePosixPath(member).name, f"{member} stands twice in the zip; the last one counts.")
        for member in twice
        if member in members.values()
    ]
    return GtfsArchive(name, path, _digest(path, members), members, tuple(problems))


def _zip_inside(path: Path, files: Mapping[str, _File]) -> str:
    """The only zip in a zip that holds no table, "" where there is none."""
    inner = [member for member in files if member.lower().endswith(".zip") and not _is_left_behind(_path_of(member))]
    if len(inner) != 1 or path.is_dir() or any(_table_of(_path_of(member)) for member in files):
        return ""
    if files[inner[0]].size > MAX_ZIP_BYTES:
        return ""
    return inner[0] if _unpacked(path, inner[0], path.name, 2) == b"PK" else ""


def _zip_members(path: Path, name: str) -> tuple[dict[str, _File], list[str]]:
    """The files of a zip, and which stand twice in it."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise FeedError(f"{name}: the file is empty (0 bytes); fetch it again.")
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except UnicodeDecodeError as error:
        raise FeedError(
            f"{name}: the zip calls a file {error.object!r}, which is not in the encoding that it tells; pack it anew."
        ) from error
    except ZIP_FAULTS as error:
        raise FeedError(f"{name}: {_not_a_zip(start)}.") from error
    if any(info.flag_bits & 1 for info in infos):
        raise FeedError(f"{name}: the zip is locked with a password; unpack it and give the folder.")
    files: dict[str, _File] = {}
    twice = []
    for info in infos:
        if info.filename in files:
            twice.append(info.filename)
        files[info.filename] = _File(info.file_size, _changed(info))
    return files, twice


def _changed(info: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*info.date_time)
    except ValueError:
        return datetime.min


def _not_a_zip(start: bytes) -> str:
    if start.startswith(b"PK"):
        return "the zip has no end, so it was written or downloaded only in part; fetch it again"
    for magic, form in _PACKED_OTHERWISE.items():
        if start.startswith(magic):
            return f"this is {form} and no zip; unpack it and give the folder"
    if start.startswith(b"version https://git-lfs"):
        return "this is a pointer of Git LFS in place of the file; fetch the file itself"
    if _REALTIME.match(start):
        return (
            "this is a GTFS-Realtime message and not a GTFS zip; give it as such, and the address of the timetable here"
        )
    if start[257:262] == b"ustar":
        return "this is a tar archive and no zip; unpack it and give the folder"
    text = start.lstrip(BEFORE_TEXT).lower()
    if text.startswith(b"<"):
        return "this is a web page (HTML or XML) and not a GTFS zip; check the address and whether it needs a key"
    if text.startswith((b"{", b"[")):
        return "this is JSON and not a GTFS zip; check the address and whether it needs a key"
    return f"not a zip file (it begins with {start[:16]!r}); give a GTFS zip or a folder with its .txt files"


def _path_of(member: str) -> PurePosixPath:
    return PurePosixPath(member.replace("\\", "/").lstrip("/"))


def _is_left_behind(path: PurePosixPath) -> bool:
    return "__MACOSX" in path.parts or path.name.startswith(".")


def _table_of(path: PurePosixPath) -> str:
    """The table that a file is, "" where it is none."""
    name = path.name.strip().lower()
    # Twice where a program hides how names end.
    bare = _SUFFIXES.sub("", name)
    is_text = bare != name
    return _TABLE_OF.get(_plain(bare), "") if is_text and not _is_left_behind(path) else ""


def _plain(table: str) -> str:
    """A table's name without plural and what joins its words."""
    return re.sub(r"[\s_-]", "", table).removesuffix("s")


_TABLE_OF = {_plain(table): table for table in TABLES}


def _tables_among(files: Mapping[str, _File], name: str) -> tuple[dict[str, str], list[Problem]]:
    """The file of each table, all from one folder, and what lies elsewhere.

    The folder with most of what a feed must have counts, of several such the least deep one, then the newest.
    """
    folders: defaultdict[PurePosixPath, dict[str, list[str]]] = defaultdict(dict)
    for member in sorted(files):
        path = _path_of(member)
        table = _table_of(path)
        if table:
            folders[path.parent].setdefault(table, []).append(member)
    if not folders:
        raise FeedError(f"{name}: {_what_instead(files)}.")

    def rank(folder: PurePosixPath) -> tuple[int, int, float, str]:
        tables = folders[folder]
        whole = len(_NEEDED & tables.keys()) + bool({"calendar", "calendar_dates"} & tables.keys())
        newest = max(files[members[0]].changed for members in tables.values())
        return -whole, len(folder.parts), -(newest - datetime.min).total_seconds(), str(folder)

    home, *others = sorted(folders, key=rank)
    members, problems = {}, []
    for table, same in folders[home].items():
        # Exactly so written comes before STOPS.TXT.
        same.sort(key=lambda member: (_path_of(member).name != f"{table}.txt", member))
        members[table] = same[0]
        problems += [_left_alone(member, f"{same[0]} is read") for member in same[1:]]
    where = "the files at the top are" if not home.parts else f"the folder {home} is"
    problems += [
        _left_alone(member, f"{where} read, and two feeds are never mixed; give that folder alone if it is meant")
        for folder in others
        for same in folders[folder].values()
        for member in same
    ]
    missing = [table for table in _NEEDED if table not in members]
    problems += [
        Problem(member, f"is no table of GTFS by this name; left alone. Is {table}.txt meant?")
        for member in files
        for table in missing
        if _path_of(member).parent == home
        and _path_of(member).name.lower().startswith(table)
        and not _table_of(_path_of(member))
    ]
    total = sum(files[member].size for member in members.values())
    if total > MAX_TABLE_BYTES:
        raise FeedError(
            f"{name}: unpacks to {total / 1e9:.0f} GB; at most {MAX_TABLE_BYTES / 1e9:.0f} GB are taken. "
            "Cut the feed to the area that is served."
        )
    return members, problems


def _what_instead(files: Mapping[str, _File]) -> str:
    """What is there where no table is, and what to do."""
    zips = (member for member in files if member.lower().endswith(".zip"))
    inner = [member for member in zips if not _is_left_behind(_path_of(member))]
    hint = "give the zip of a GTFS feed"
    if len(inner) > 1:
        hint = f"there are {len(inner)} zips in it ({', '.join(inner[:5])}): unpack it and give one of them"
    elif inner:
        hint = f"the feed seems to be inside {inner[0]}: unpack that"
    elif any(member.lower().endswith(".xml") for member in files):
        hint = "XML, such as NeTEx or TransXChange, is another format: ask for the GTFS feed"
    found = f"but {', '.join(sorted(files)[:5])}" if files else "nor anything else"
    return f"no GTFS table (stops.txt, trips.txt, …) in it, {found}; {hint}"


def _left_alone(member: str, why: str) -> Problem:
    return Problem(member, f"another copy of the table; left alone: {why}.")


def _digest(path: Path, members: dict[str, str]) -> str:
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    content = hashlib.sha256()
    for table in sorted(members):
        with (path / members[table]).open("rb") as file:
            content.update(f"{table} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return content.hexdigest()
