"""Stop time updates read from the bytes of messages that protobuf wrote, compiled: to ask its objects for each field of
each update takes longer than all else that is done with a message."""

from __future__ import annotations

import numpy as np
from google.transit.gtfs_realtime_pb2 import TripUpdate

from predictor.arrays import Float64Array, Int64Array, UInt8Array
from predictor.compiled import compiled

NUMBERS = (
    "owner", "sequence", "relationship", "arrival", "arrival_delay_s", "scheduled_arrival", "departure",
    "departure_delay_s", "scheduled_departure", "uncertainty_s", "pickup_type", "drop_off_type",
)  # fmt: skip
"""What the columns of `read` hold, NaN where not given but for the owner, the relationship and the uncertainty."""
TEXTS = ("stop", "assigned", "headsign")
"""What the spans of `read` hold."""

_OWNER, _SEQUENCE, _RELATIONSHIP, _UNCERTAINTY, _PICKUP, _DROP_OFF = 0, 1, 2, 9, 10, 11
_ARRIVAL, _DEPARTURE = 3, 6
"""The columns of a time; behind each stand its delay and the scheduled time."""
_UPDATE = TripUpdate.STOP_TIME_UPDATE_FIELD_NUMBER
_CALL = TripUpdate.StopTimeUpdate
_CALL_SEQUENCE, _CALL_STOP, _CALL_PROPERTIES = (
    _CALL.STOP_SEQUENCE_FIELD_NUMBER, _CALL.STOP_ID_FIELD_NUMBER, _CALL.STOP_TIME_PROPERTIES_FIELD_NUMBER,
)  # fmt: skip
_CALL_ARRIVAL, _CALL_DEPARTURE = _CALL.ARRIVAL_FIELD_NUMBER, _CALL.DEPARTURE_FIELD_NUMBER
_CALL_RELATIONSHIP = _CALL.SCHEDULE_RELATIONSHIP_FIELD_NUMBER
_EVENT = TripUpdate.StopTimeEvent
_EVENT_DELAY, _EVENT_TIME = _EVENT.DELAY_FIELD_NUMBER, _EVENT.TIME_FIELD_NUMBER
_EVENT_UNCERTAINTY, _EVENT_SCHEDULED = _EVENT.UNCERTAINTY_FIELD_NUMBER, _EVENT.SCHEDULED_TIME_FIELD_NUMBER
_KINDS = _CALL.StopTimeProperties
_KINDS_STOP, _KINDS_HEADSIGN = _KINDS.ASSIGNED_STOP_ID_FIELD_NUMBER, _KINDS.STOP_HEADSIGN_FIELD_NUMBER
_KINDS_PICKUP, _KINDS_DROP_OFF = _KINDS.PICKUP_TYPE_FIELD_NUMBER, _KINDS.DROP_OFF_TYPE_FIELD_NUMBER
_VARINT, _LENGTH_DELIMITED, _EIGHT_BYTES = 0, 2, 1


@compiled
def read(data: UInt8Array, ends: Int64Array, updates: int) -> tuple[Float64Array, Int64Array]:
    """Read TripUpdates that stand end to end in `data` (b,), as protobuf writes them, up to `ends` (n,).

    `updates`: how many stop time updates they have in all. Returns: numbers (updates, len(NUMBERS)), the owner being
    the place of the TripUpdate; spans (updates, len(TEXTS), 2): where each text begins in `data` and ends.
    """
    numbers, spans = np.full((updates, 12), np.nan), np.zeros((updates, 3, 2), np.int64)
    row = place = 0
    for owner in range(len(ends)):
        while place < ends[owner]:
            tag, value, place = _field(data, place)
            if tag == _UPDATE << 3 | _LENGTH_DELIMITED:
                numbers[row, _OWNER], numbers[row, _RELATIONSHIP], numbers[row, _UNCERTAINTY] = owner, 0.0, 0.0
                _read_call(data, place - value, place, numbers, spans, row)
                row += 1
    return numbers, spans


@compiled
def _read_call(data: UInt8Array, place: int, end: int, numbers: Float64Array, spans: Int64Array, row: int) -> None:
    while place < end:
        tag, value, place = _field(data, place)
        number, begin = tag >> 3, place - value
        if number == _CALL_SEQUENCE:
            numbers[row, _SEQUENCE] = value & 0xFFFFFFFF
        elif number == _CALL_RELATIONSHIP:
            numbers[row, _RELATIONSHIP] = value
        elif number == _CALL_STOP:
            spans[row, 0, 0], spans[row, 0, 1] = begin, place
        elif number == _CALL_ARRIVAL:
            _read_event(data, begin, place, numbers, row, _ARRIVAL)
        elif number == _CALL_DEPARTURE:
            _read_event(data, begin, place, numbers, row, _DEPARTURE)
        elif number == _CALL_PROPERTIES:
            _read_properties(data, begin, place, numbers, spans, row)


@compiled
def _read_event(data: UInt8Array, place: int, end: int, numbers: Float64Array, row: int, column: int) -> None:
    while place < end:
        tag, value, place = _field(data, place)
        number = tag >> 3
        if number == _EVENT_TIME:
            numbers[row, column] = value
        elif number == _EVENT_DELAY:
            numbers[row, column + 1] = value
        elif number == _EVENT_SCHEDULED:
            numbers[row, column + 2] = value
        elif number == _EVENT_UNCERTAINTY:
            numbers[row, _UNCERTAINTY] = max(numbers[row, _UNCERTAINTY], value)


@compiled
def _read_properties(
    data: UInt8Array, place: int, end: int, numbers: Float64Array, spans: Int64Array, row: int
) -> None:
    while place < end:
        tag, value, place = _field(data, place)
        number, begin = tag >> 3, place - value
        if number == _KINDS_STOP:
            spans[row, 1, 0], spans[row, 1, 1] = begin, place
        elif number == _KINDS_HEADSIGN:
            spans[row, 2, 0], spans[row, 2, 1] = begin, place
        elif number == _KINDS_PICKUP:
            numbers[row, _PICKUP] = value
        elif number == _KINDS_DROP_OFF:
            numbers[row, _DROP_OFF] = value


@compiled
def _field(data: UInt8Array, place: int) -> tuple[int, int, int]:
    """The tag at a place, its number, or its length where it has one, and the place after it."""
    tag, place = _varint(data, place)
    wire_type = tag & 7
    if wire_type == _VARINT:
        value, place = _varint(data, place)
        return tag, value, place
    if wire_type == _LENGTH_DELIMITED:
        length, place = _varint(data, place)
        return tag, length, place + length
    return tag, 0, place + (8 if wire_type == _EIGHT_BYTES else 4)


@compiled
def _varint(data: UInt8Array, place: int) -> tuple[int, int]:
    """A number of variable length and the place after it; negative ones take ten bytes."""
    value, shift = 0, 0
    while place < len(data):
        byte = int(data[place])
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, place
