"""Arrays and what is told beside them as one run of bytes: read without a copy, checked before it is believed.

8 bytes   what it is
4 bytes   CRC-32 of all that follows
8 bytes   length of the header
header    JSON: what is told, and of each array its type, shape and place
arrays    each as it lies in memory, at a multiple of 64 bytes
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from predictor.arrays import AnyArray

_WHAT = b"prochain"
_PREFIX = struct.Struct("<8sIQ")
_APART = 64

Packed = bytes | memoryview


class PackedError(Exception):
    """Bytes that are not what was packed: of another kind, cut off or damaged."""


def pack(facts: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> bytes:
    """One run of bytes. Parameters: `facts`: what JSON can say, NaN too; `arrays`: of numbers and texts."""
    places: dict[str, tuple[str, tuple[int, ...], int]] = {}
    parts, end = list[Any](), 0
    for name, array in arrays.items():
        begin = -(-end // _APART) * _APART
        places[name] = array.dtype.str, array.shape, begin
        parts += [bytes(begin - end), np.ascontiguousarray(array).reshape(-1).view(np.uint8)]
        end = begin + array.nbytes
    header = json.dumps({"told": facts, "arrays": places}, ensure_ascii=False).encode()
    header += b" " * (-(_PREFIX.size + len(header)) % _APART)
    length = struct.pack("<Q", len(header))
    checksum = zlib.crc32(header, zlib.crc32(length))
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return b"".join([_PREFIX.pack(_WHAT, checksum, len(header)), header, *parts])


def unpack(packed: Packed) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """What was told, and the arrays: they cannot be written, and keep `packed` in memory. Errors: PackedError."""
    content = memoryview(packed)
    if len(content) < _PREFIX.size:
        raise PackedError("too short")
    magic, checksum, header_length = _PREFIX.unpack_from(content)
    if magic != _WHAT:
        raise PackedError("of another kind")
    if zlib.crc32(content[12:]) != checksum:
        raise PackedError("damaged or cut off")
    header = json.loads(bytes(content[_PREFIX.size : _PREFIX.size + header_length]))
    start = _PREFIX.size + header_length
    arrays = {}
    for name, (dtype, shape, begin) in header["arrays"].items():
        count = int(np.prod(shape, dtype=np.int64))
        # Of an empty one the place may lie behind the end.
        array = (
            np.frombuffer(content, dtype, count, start + begin) if count and np.dtype(dtype).itemsize
            else np.empty(shape, dtype)
        )  # fmt: skip
        arrays[name] = array.reshape(shape)
    return header["told"], arrays
