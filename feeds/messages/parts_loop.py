"""How many parts a message has, counted in its bytes, compiled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int32Array, UInt8Array
from predictor.compiled import compiled

_DEEPEST = 64
_VARINT, _EIGHT_BYTES, _LENGTH_DELIMITED, _GROUP, _GROUP_END, _FOUR_BYTES = 0, 1, 2, 3, 4, 5
"""Wire types of protobuf."""


@compiled
def measure(
    data: UInt8Array, inside: Int32Array, entity_number: int, most_fields: int, most_bytes: int,
    most_parts_of_one: int, most_parts: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """How many fields a message has, how many bytes its largest entity, how many parts (see `count_parts`) the one with
    most of them, and all together; where one of these is more than its limit, the others may not have been counted on.

    Parameters: `entity_number`: the number of the field that holds an entity.
    """
    fields = largest = most = parts = place = 0
    # Two bytes are the least that a part has.
    counts_all = len(data) > 2 * most_parts
    while 0 <= place < len(data) and fields <= most_fields:
        tag, begin, place = _field(data, place)
        fields += 1
        if tag != entity_number << 3 | _LENGTH_DELIMITED:
            continue
        if place <= len(data):
            largest = max(largest, place - begin)
        if counts_all or place - begin > 2 * most_parts_of_one:
            count = count_parts(data, begin, min(place, len(data)), inside, 0, most_parts_of_one)
            most, parts = max(most, count), parts + count
        if largest > most_bytes or most > most_parts_of_one or parts > most_parts:
            break
    return fields, largest, most, parts


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
        tag, begin, place = _field(data, place)
        count += 1
        number = tag >> 3
        known = tag & 7 == _LENGTH_DELIMITED and 0 <= number < inside.shape[1] and inside[kinds[depth], number] >= 0
        if known and depth + 1 < _DEEPEST:
            goes_on[depth] = place
            kinds[depth + 1], ends[depth + 1] = inside[kinds[depth], number], min(place, ends[depth])
            place = begin
            depth += 1
    return count


@compiled
def _field(data: UInt8Array, place: int) -> tuple[int, int, int]:
    """The tag at a place, where its value begins, and the place after it: -1 where there is no such wire type, past the
    end of the data where it would end there, however far."""
    tag, place = varint(data, place)
    wire_type = tag & 7
    if wire_type == _LENGTH_DELIMITED:
        length, place = varint(data, place)
        return tag, place, place + length if 0 <= length <= len(data) - place else len(data) + 1
    if wire_type == _VARINT:
        return tag, place, varint(data, place)[1]
    if wire_type in (_EIGHT_BYTES, _FOUR_BYTES):
        return tag, place, place + (8 if wire_type == _EIGHT_BYTES else 4)
    # What stands in a group is read as if it stood beside it.
    return tag, place, place if wire_type in (_GROUP, _GROUP_END) else -1


@compiled
def varint(data: UInt8Array, place: int) -> tuple[int, int]:
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
