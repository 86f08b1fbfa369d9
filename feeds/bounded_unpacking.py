"""What came packed, unpacked: no bytes can be made to fill the memory."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib

from feeds.errors import FeedError

ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError,
    # A file without a name in the directory of the zip.
    IndexError,
)  # fmt: skip


GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
BZIP2_MAGIC = b"BZh"
_MAGIC = {
    GZIP_MAGIC: "gzip", b"\x78\x01": "deflate", b"\x78\x5e": "deflate", b"\x78\x9c": "deflate", b"\x78\xda": "deflate",
    ZSTD_MAGIC: "zstd", b"\x04\x22\x4d\x18": "lz4", BZIP2_MAGIC: "bz2", ZIP_MAGIC: "zip",
}  # fmt: skip
"""First bytes by which a form is known. None can begin a GTFS-Realtime message."""
_OF_HTTP = {"x-gzip": "gzip", "br": "brotli"}
_BY_ARROW = ("brotli", "zstd", "lz4", "bz2")
_MOST_LAYERS = 3


def unpacked(data: bytes, limit: int, name: str) -> bytes:
    """The bytes inside what is packed, as its first bytes tell, were it packed twice; others as they are.

    Errors: FeedError where it is cut short, damaged or larger than `limit`.
    """
    for _ in range(_MOST_LAYERS):
        form = packed_as(data)
        if not form:
            break
        data = _without(form, data, limit, name)
    return data


def decoded(data: bytes, content_encoding: str, limit: int, name: str) -> bytes:
    """The body of an HTTP answer without its Content-Encoding. Errors: as of `unpacked`, and where it is unknown."""
    for encoding in reversed(content_encoding.lower().replace(" ", "").split(",")):
        encoding = encoding.partition(";")[0]
        form = _OF_HTTP.get(encoding, encoding)
        if form in ("", "identity", "none", "chunked", "aws-chunked", "utf-8", "binary", "8bit", "7bit"):
            continue
        if form not in ("gzip", "deflate", *_BY_ARROW):
            raise FeedError(
                f"{name}: the answer is packed as “{encoding}”, which nobody asked for; ask for gzip or nothing."
            )
        # Some servers on the way unpack it and leave the header.
        if form in ("gzip", "zstd") and packed_as(data) != form:
            continue
        try:
            data = _without(form, data, limit, name)
        except _DamagedError:
            # Bytes of these two tell nothing of what they are.
            if form not in ("deflate", "brotli"):
                raise
    return data


class _DamagedError(FeedError):
    """What is not packed as it was said to be, or not whole."""


def packed_as(data: bytes) -> str:
    """The form in which bytes are packed, as far as the first of them tell, "" where in none."""
    return next((form for magic, form in _MAGIC.items() if data.startswith(magic)), "")


def _without(form: str, data: bytes, limit: int, name: str) -> bytes:
    if form == "zip":
        return _only_file(data, limit, name)
    return _inflated(data, form, limit, name) if form in ("gzip", "deflate") else _by_arrow(data, form, limit, name)


def _inflated(data: bytes, form: str, limit: int, name: str) -> bytes:
    # By its first bytes with a header of gzip or zlib; "deflate" is also sent without either.
    bare = form == "deflate" and packed_as(data) != "deflate"
    parts: list[bytes] = []
    size, rest = 0, data
    # A file may be of several, one after the other.
    while not parts or packed_as(rest) == "gzip" == form:
        stream = zlib.decompressobj(wbits=-15 if bare else 47)
        try:
            parts.append(stream.decompress(rest, limit - size + 1))
        except zlib.error as error:
            raise _DamagedError(f"{name}: the {form} data is damaged ({error}); fetch it again.") from error
        size += len(parts[-1])
        if size > limit:
            _limited(b"".join(parts), limit, name)
        if not stream.eof:
            raise _DamagedError(f"{name}: the {form} data is cut short; the transfer or the writer stopped half-way.")
        rest = stream.unused_data
    return b"".join(parts)


def _by_arrow(data: bytes, form: str, limit: int, name: str) -> bytes:
    # Few feeds come so, and the others need not wait for it.
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.BufferReader(data), form) as stream:
            plain: bytes = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        raise _DamagedError(f"{name}: the {form} data is damaged or cut short ({error}); fetch it again.") from error
    return _limited(plain, limit, name)


def _only_file(data: bytes, limit: int, name: str) -> bytes:
    """The one file in a zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = [info for info in archive.infolist() if not info.is_dir()]
            if any(info.filename.lower().endswith("stop_times.txt") for info in inside):
                raise FeedError(
                    f"{name}: this is a GTFS timetable where GTFS-Realtime was expected; check the address."
                )
            if len(inside) != 1:
                raise FeedError(f"{name}: a zip with {len(inside)} files in it where one message was expected.")
            with archive.open(inside[0]) as packed:
                return _limited(packed.read(limit + 1), limit, name)
    except ZIP_FAULTS as error:
        raise FeedError(f"{name}: the zip is damaged or cut short ({error}); fetch it again.") from error


def _limited(plain: bytes, limit: int, name: str) -> bytes:
    if len(plain) > limit:
        raise FeedError(f"{name}: unpacks to more than {limit / 1e6:.0f} MB; this is not a feed we can take.")
    return plain
