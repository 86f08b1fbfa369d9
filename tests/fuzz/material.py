"""What is sent to readers: messages of any shape, and files as accidents leave them. All of it follows from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.transit import gtfs_realtime_pb2
from hypothesis import strategies as st

from predictor.arrays import Float64Array
from predictor.timetable import Timetable

_ODD_TEXTS = ("", " ", "0", "-1", "null", "nan", "é", "\x00", "x" * 300, "08:00:00", "24:61:00", "20260302", "99999999")
_ODD_NUMBERS = (0, 1, 2, 5, 9, 127, 255, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, -1, -60, -(2**31), -(2**63))
_ODD_FRACTIONS = (0.0, -0.0, 47.39, 0.69, 90.0, -180.0, 1e38, -1e38, 1e-30, float("nan"), float("inf"), float("-inf"))
_INTEGERS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31), FieldDescriptor.TYPE_UINT32: (0, 2**32),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63), FieldDescriptor.TYPE_UINT64: (0, 2**64),
}  # fmt: skip
Places = dict[str, tuple[float, float]]
"""Where vehicles may be, by the field that holds it."""
_BREADTH = 3
_DEPTH = 7


seeds = st.integers(0, 2**32).map(Random)


def names_of(timetable: Timetable) -> dict[str, Sequence[str]]:
    """Ids that a feed of this network may name, by the field that holds them."""
    trips, stops, routes = (array.tolist() for array in (timetable.trip_id, timetable.stop_id, timetable.route_id))
    return {"trip_id": trips, "stop_id": stops, "route_id": routes, "affected_trip_id": trips,
            "assigned_stop_id": stops, "id": ["v1", "v2", "v3"]}  # fmt: skip


def message(
    random: Random, timetable: Timetable, now: float, *, kinds: Sequence[str] = ("vehicle", "trip_update", "alert")
) -> gtfs_realtime_pb2.FeedMessage:
    """Any message that the schema allows, of a feed of this network: most of what it says makes some sense."""
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = int(now) - random.randint(0, 120)
    places = {"latitude": _around(timetable.stop_lat), "longitude": _around(timetable.stop_lon)}
    draw = _Fields(random, names_of(timetable), places, now)
    for number in range(random.randint(0, 5)):
        entity = feed.entity.add(id=str(number))
        for kind in random.sample([*kinds], random.randint(1, len(kinds))):
            draw.fill(getattr(entity, kind), _DEPTH)
            if kind == "trip_update":
                entity.trip_update.trip.SetInParent()
    return feed


def _around(degrees: Float64Array) -> tuple[float, float]:
    return float(degrees.min()) - 0.01, float(degrees.max()) + 0.01


class _Fields:
    def __init__(self, random: Random, names: dict[str, Sequence[str]], places: Places, now: float) -> None:
        self._random, self._names, self._places, self._now = random, names, places, now

    def fill(self, into: Message, depth: int) -> None:
        """Set some fields of a message, all that the schema demands among them."""
        dense = self._random.random()
        for field in cast(list[FieldDescriptor], into.DESCRIPTOR.fields):
            if not field.is_required and (depth == 0 or self._random.random() > dense):
                continue
            for _ in range(self._random.randint(1, _BREADTH) if field.is_repeated else 1):
                self._set(into, field, depth - 1)
        into.SetInParent()

    def _set(self, into: Message, field: FieldDescriptor, depth: int) -> None:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            within = getattr(into, field.name)
            self.fill(within.add() if field.is_repeated else within, depth)
        elif field.is_repeated:
            getattr(into, field.name).append(self._value(field))
        else:
            setattr(into, field.name, self._value(field))

    def _value(self, field: FieldDescriptor) -> Any:
        choose = self._random.choice
        if field.type == FieldDescriptor.TYPE_STRING:
            known = self._names.get(field.name)
            return choose(known) if known and self._random.random() < 0.8 else choose(_ODD_TEXTS)
        if field.enum_type is not None:
            return choose([value.number for value in field.enum_type.values])
        if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
            around = self._places.get(field.name)
            return self._random.uniform(*around) if around and self._random.random() < 0.9 else choose(_ODD_FRACTIONS)
        if field.type == FieldDescriptor.TYPE_BOOL:
            return choose((False, True))
        low, high = _INTEGERS[field.type]
        if field.name in ("time", "timestamp", "scheduled_time") and self._random.random() < 0.8:
            return int(self._now) + self._random.randint(-3600, 7200)
        if field.name == "stop_sequence" and self._random.random() < 0.8:
            return self._random.randint(0, 50)
        return choose([number for number in _ODD_NUMBERS if low <= number < high])


def damaged(random: Random, data: bytes) -> bytes:
    """Bytes cut, changed, doubled, moved or mixed with others, in one to four places."""
    result = bytearray(data)
    for _ in range(random.randint(1, 4)):
        begin = random.randint(0, len(result))
        end = min(begin + random.choice((1, 1, 4, 60, 4096)), len(result))
        piece = bytes(result[begin:end])
        change: Callable[[], bytes] = random.choice(
            (
                lambda: b"",
                lambda piece=piece: piece * 2,
                lambda piece=piece: piece[::-1],
                lambda piece=piece: bytes(byte ^ 1 << random.randrange(8) for byte in piece),
                lambda piece=piece: random.randbytes(len(piece)),
                lambda piece=piece: random.choice((b"\x00", b"\xff", b"\x7f")) * len(piece),
            )
        )  # fmt: skip
        result[begin:end] = change()
        if random.random() < 0.1:
            del result[random.randint(0, len(result)) :]
    return bytes(result)


_CELLS = (
    "", " ", "A", "B", "t1", "r1", "daily", "0", "1", "3", "-1", "4.7", "nan", "inf", "1e400", "null", "NA", "é",
    "\x00", "08:00:00", "8:00", "24:10:00", "-01:00:00", "99:99:99", "20260302", "2026-03-02", "00000000", "47.39",
    "-180", "91", "x" * 400, "Europe/Paris", "Mars/Crater", "fr", "FF0000", "\u202e", "2147483648", "9" * 30,
)  # fmt: skip


def table(random: Random, text: str) -> str:
    """A table of CSV with cells, rows and columns changed as people and programs change them."""
    rows = [row.split(",") for row in text.splitlines()]
    for _ in range(random.randint(1, 4)):
        row = random.choice(rows)
        column = random.randrange(len(row)) if row else 0
        what = random.randrange(9)
        if what <= 3 and row:
            row[column] = random.choice(_CELLS)
        elif what == 4:
            rows.append([random.choice(_CELLS) for _ in rows[0]])
        elif what == 5:
            rows.insert(random.randint(0, len(rows)), row)
        elif what == 6 and row:
            del row[column]
        elif what == 7:
            row.insert(column, random.choice(('"', '""', '"a,b"', "'", ";")))
        elif len(rows) > 1:
            rows.remove(row)
    return random.choice(("\n", "\n", "\r\n")).join(",".join(row) for row in rows) + random.choice(("", "\n"))
