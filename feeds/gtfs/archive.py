"""Where the bytes of a GTFS feed lie: a zip or a folder, looked over before anything in it is parsed."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from feeds.errors import FeedError

TABLES = (
    "agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates", "frequencies", "shapes",
)  # fmt: skip

MAX_ZIP_BYTES = 1_000_000_000
MAX_TABLE_BYTES = 8_000_000_000
DOWNLOAD_PATIENCE_S = 300.0


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
    plain: bool
    """Whether every table lies where any GTFS reader finds it: under its own name, and only once."""

    def read(self, table: str, limit: int = -1) -> bytes:
        """The bytes of one table, at most `limit` of them where it is not negative. Errors: FeedError."""
        member = self.members[table]
        try:
            if self.path.is_dir():
                with (self.path / member).open("rb") as file:
                    return file.read(limit)
            with zipfile.ZipFile(self.path) as archive, archive.open(member) as packed:
                return packed.read(limit)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise FeedError(
                f"{self.name}: {member} cannot be unpacked ({error}); the archive is damaged or was written only in "
                "part. Fetch it again."
            ) from error


@contextmanager
def open_archive(source: str | Path) -> Iterator[GtfsArchive]:
    """The feed at a path (zip or folder) or an http(s) address, which is fetched and kept until the block ends.

    Errors: FeedError where there is no GTFS feed.
    """
    address = str(source)
    if not address.lower().startswith(("http://", "https://")):
        yield _at_path(Path(source), address)
        return
    # Costs a tenth of a second, which a start from a file need not pay.
    from feeds.source import HttpSource, public_address

    download = HttpSource(address, timeout_s=30.0, patience_s=DOWNLOAD_PATIENCE_S, max_bytes=MAX_ZIP_BYTES)
    try:
        data = download.fetch(0.0)
    finally:
        download.close()
    with tempfile.TemporaryDirectory(prefix="gtfs-") as folder:
        path = Path(folder) / "gtfs.zip"
        path.write_bytes(data or b"")
        yield _at_path(path, public_address(address))


def _at_path(path: Path, name: str) -> GtfsArchive:
    try:
        if path.is_dir():
            sizes = {
                str(file.relative_to(path)): file.stat().st_size
                for pattern in ("*", "*/*")
                for file in sorted(path.glob(pattern))
                if file.is_file()
            }
        elif path.is_file():
            sizes = _zip_members(path, name)
        else:
            raise FeedError(
                f"{name}: there is no such file or folder; give a GTFS zip, a folder or an http(s) address."
            )
        members, plain = _tables_among(sizes, name)
        digest = _digest(path, members)
    except OSError as error:
        raise FeedError(
            f"{name}: cannot be read ({error.strerror or error}); check the path and its rights."
        ) from error
    return GtfsArchive(name, path, digest, members, plain)


def _zip_members(path: Path, name: str) -> dict[str, int]:
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise FeedError(f"{name}: the file is empty (0 bytes); fetch it again.")
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FeedError(f"{name}: {_not_a_zip(start)}.") from error
    if any(info.flag_bits & 1 for info in infos):
        raise FeedError(f"{name}: the zip is locked with a password; unpack it and give the folder.")
    return {info.filename: info.file_size for info in infos}


def _not_a_zip(start: bytes) -> str:
    if start.startswith(b"PK"):
        return "the zip has no end, so it was written or downloaded only in part; fetch it again"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<"):
        return "this is a web page (HTML or XML) and not a GTFS zip; check the address and whether it needs a key"
    if text.startswith((b"{", b"[")):
        return "this is JSON and not a GTFS zip; check the address and whether it needs a key"
    return f"not a zip file (it begins with {start[:16]!r}); give a GTFS zip or a folder with its .txt files"


def _tables_among(sizes: dict[str, int], name: str) -> tuple[dict[str, str], bool]:
    """The file of each table and whether all lie plainly; the least deep one counts where a name comes twice."""
    paths = {member: PurePosixPath(member.replace("\\", "/")) for member in sizes}
    members: dict[str, str] = {}
    plain = True
    for member in sorted(sizes, key=lambda member: (len(paths[member].parts), member)):
        path = paths[member]
        table = path.stem.lower()
        if path.suffix.lower() != ".txt" or table not in TABLES or "__MACOSX" in path.parts:
            continue
        plain &= table not in members and len(path.parts) == 1 and path.name == f"{table}.txt"
        members.setdefault(table, member)
    if not members:
        inner = [member for member in sizes if member.lower().endswith(".zip")]
        hint = f"the feed seems to be inside {inner[0]}: unpack that" if inner else "give the zip of a GTFS feed"
        found = ", ".join(sorted(sizes)[:5]) or "nothing"
        raise FeedError(f"{name}: no GTFS table (stops.txt, trips.txt, …) in it, but {found}; {hint}.")
    total = sum(sizes[member] for member in members.values())
    if total > MAX_TABLE_BYTES:
        raise FeedError(
            f"{name}: unpacks to {total / 1e9:.0f} GB; at most {MAX_TABLE_BYTES / 1e9:.0f} GB are taken. "
            "Cut the feed to the area that is served."
        )
    return members, plain


def _digest(path: Path, members: dict[str, str]) -> str:
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    content = hashlib.sha256()
    for table in sorted(members):
        with (path / members[table]).open("rb") as file:
            content.update(f"{table} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return content.hexdigest()
