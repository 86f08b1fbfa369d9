"""How many parts a message has, counted in its bytes, compiled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int32Array, UInt8Array
from predictor.compiled import compiled

_DEEPEST = 64
_VARINT, _EIGHT_BYTES, _LENGTH_DELIMITED, _GROUP, _GROUP_END, _FOUR_BYTES = 0, 1, 2, 3, 4, 5


@compiled
def count_parts(data: UInt8Array, place: int, end: int, inside: Int32Array, kind: int, limit: int) -> int:
    """How many fields stand between two places of a message of this kind, at any depth at which some may be repeated;
    no more than one above the `limit` are counted.

    Parameters: `inside` (kinds, numbers): the kind of message that a field holds in which some may be repeated, -1
    elsewhere.
    """
    kinds, ends = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
    # A message that ends early ends all around it no earlier: each depth goes on where the field in it ends.
    goes_on = np.empty(_DEEPEST, np.int64)
    depth, count = 0, 0
    kinds[0], ends[0] = kind, end
    while depth >= 0 and count <= limit:
        if not 0 <= place < ends[depth]:
            depth -= 1
            if depth >= 0:
                place = goes_on[depth]
            continue
        tag, place = _varint(data, place)
        count += 1
        wire_type, number = tag & 7, tag >> 3
        if wire_type == _LENGTH_DELIMITED:
            length, place = _varint(data, place)
            # Past the end is past the end, however far.
            after = place + length if 0 <= length <= len(data) else len(data)
            known = 0 <= number < inside.shape[1] and inside[kinds[depth], number] >= 0
            if known and depth + 1 < _DEEPEST:
                goes_on[depth] = after
                kinds[depth + 1], ends[depth + 1] = inside[kinds[depth], number], min(after, ends[depth])
                depth += 1
            else:
                place = after
        elif wire_type == _VARINT:
            _, place = _varint(data, place)
        elif wire_type in (_EIGHT_BYTES, _FOUR_BYTES):
            place += 8 if wire_type == _EIGHT_BYTES else 4
        elif wire_type not in (_GROUP, _GROUP_END):
            place = -1
        # What stands in a group is read as if it stood beside it.
    return count


@compiled
def _varint(data: UInt8Array, place: int) -> tuple[int, int]:
    """A number of variable length and the place after it; past the end it ends where the data does."""
    value, shift = np.uint64(0), np.uint64(0)
    while place < len(data) and shift < 70:
        byte = np.uint64(data[place])
        place += 1
        value |= (byte & np.uint64(0x7F)) << shift
        if byte < 0x80:
            break
        shift += np.uint64(7)
    return int(np.int64(value)), place
