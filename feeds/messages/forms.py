"""GTFS-Realtime that was not written as plain protobuf: as JSON, as protobuf's own text, or with something else before
or after it."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain

from google.protobuf import json_format, text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError
from feeds.letters import BEFORE_TEXT
from feeds.messages.bounds import MAX_ENTITIES, MAX_PARTS

MAX_TEXT_BYTES = 20_000_000
"""Text takes ten times as long to read as protobuf."""

_WITHOUT_MARK = re.compile(rb"(?:[{\[he]\0)(?:[\x09-\x7e]\0){4}")
_MOST_BEFORE = 16
_LAST_COMMA = re.compile(
    rb"""((?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|,(?!\s*[}\]])){1,999})|,""", re.DOTALL
)  # fmt: skip
"""What is kept, or a comma behind which nothing comes; none in a text is one."""
_QUOTED = re.compile(r"(['\"])(.+)\1", re.DOTALL)
"""An id with quotes of its own, as where JSON was written into JSON."""
_VERSION = re.compile(r"\d\.\d")
_DEEPEST_WRAPPER = 3
_MOST_MESSAGES = 100
_WHOLE = frozenset(
    (
        FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64,
    )
)  # fmt: skip
_LOW_HALF = 2**32 - 1
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def as_utf8(data: bytes) -> bytes:
    """Text of two bytes a letter, as Windows writes files, as UTF-8; anything else as it is."""
    if len(data) > 2 * MAX_TEXT_BYTES:
        return data
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode()
    return data.decode("utf-16-le", "replace").encode() if _WITHOUT_MARK.match(data) else data


def message_of_text(data: bytes, feed: str) -> gtfs_realtime_pb2.FeedMessage | None:
    """The message that is written as text, None where the bytes are none.

    Errors: FeedError where it is too large.
    """
    start = data[:512].lstrip(BEFORE_TEXT)
    written = start.startswith((b"header", b"entity", b"#"))
    if not (written or start.startswith((b"{", b"["))):
        return None
    if len(data) > MAX_TEXT_BYTES or any(data.count(mark) > MAX_PARTS for mark in (b"{", b"[", b"}", b"]")):
        raise FeedError(
            f"{feed}: {len(data) / 1e6:.0f} MB of text; at most {MAX_TEXT_BYTES / 1e6:.0f} MB and {MAX_PARTS:,} parts "
            "are read. Ask the operator for the protobuf address."
        )
    try:
        return _of_protobuf_text(data) if written else _of_json(_loaded(data))
    except (ValueError, RecursionError, text_format.ParseError):
        return None


def message_inside(data: bytes) -> gtfs_realtime_pb2.FeedMessage | None:
    """The message behind a few bytes that belong to another form, or before line ends or NULs, None where there is
    none: programs put a byte order mark, empty lines or its length before a message."""
    bare = data.rstrip(b"\0")
    # A message itself may end with a few.
    ends = {len(data), len(data.rstrip(b"\r\n")), *range(len(bare), min(len(bare) + 8, len(data)))}
    for begin in [place for place, byte in enumerate(data[:_MOST_BEFORE]) if byte == 0x0A]:
        for end in sorted(ends, reverse=True):
            try:
                message = gtfs_realtime_pb2.FeedMessage.FromString(data[begin:end])
            except DecodeError:
                continue
            # Short ones are met by chance; text that is no UTF-8 is left as bytes.
            version = message.header.gtfs_realtime_version
            if isinstance(version, str) and _VERSION.fullmatch(version) and message.IsInitialized():
                return message
    return None


def _of_protobuf_text(data: bytes) -> gtfs_realtime_pb2.FeedMessage:
    message = gtfs_realtime_pb2.FeedMessage()
    text = data.decode("utf-8", "replace").lstrip("\ufeff")
    text_format.Parse(text, message, allow_unknown_extension=True, allow_unknown_field=True)
    return message


def _loaded(data: bytes) -> object:
    """What JSON says, with a comma behind the last of several too, as programs that write it by hand leave one.

    Errors: ValueError.
    """
    try:
        return json.loads(data)
    except json.JSONDecodeError:
        return json.loads(_LAST_COMMA.sub(rb"\1", data))


def _of_json(content: object) -> gtfs_realtime_pb2.FeedMessage | None:
    """The message that JSON spells out, each entity as far as it can be read."""
    box = _box(content)
    if box is None:
        return None
    message = gtfs_realtime_pb2.FeedMessage()
    header = box.get("header")
    if isinstance(header, dict):
        _read(header, message.header)
    for number, entity in enumerate(_listed(box)[: MAX_ENTITIES + 1]):
        if isinstance(entity, dict):
            read = message.entity.add()
            _read(entity, read)
            read.id = read.id or str(number)
    # A list of no entities is a message that has nothing to tell.
    if not message.entity and not message.header.ListFields() and box.get("entity") != []:
        return None
    # Required by the format, and left out by many who write JSON.
    message.header.gtfs_realtime_version = message.header.gtfs_realtime_version or "2.0"
    return message


def _box(content: object) -> Mapping[str, object] | None:
    """What holds a header or entities, within the wrappings that web services put around their answers."""
    for _ in range(_DEEPEST_WRAPPER):
        if isinstance(content, list):
            entities = [each for each in content if isinstance(each, dict) and {*map(_plain, each)} & _KINDS]
            if entities:
                return {"entity": entities}
            # Several messages, one after the other.
            boxes = [found for each in content[:_MOST_MESSAGES] if (found := _box_of(each))]
            return {**boxes[0], "entity": [*chain.from_iterable(map(_listed, boxes))]} if boxes else None
        if not isinstance(content, dict):
            return None
        if found := _box_of(content):
            return found
        inner = [value for value in content.values() if isinstance(value, dict | list) and value]
        # Beside the answer stands how it went.
        telling = [value for value in inner if _box_of(value)]
        inner = telling or inner
        if len(inner) != 1:
            return None
        content = inner[0]
    return None


_KINDS = {"tripupdate", "vehicle", "alert"}


def _box_of(content: object) -> dict[str, object]:
    """What holds a header or entities, by their names without marks; nothing where it is something else."""
    named = {_plain(str(name)): value for name, value in content.items()} if isinstance(content, dict) else {}
    return named if named.keys() & {"header", "entity"} else {}


def _listed(box: Mapping[str, object]) -> list[object]:
    entities = box.get("entity")
    if isinstance(entities, dict):
        return [entities] if {*map(_plain, entities)} & _KINDS else [*entities.values()]
    return entities if isinstance(entities, list) else []


def _read(content: Mapping[str, object], message: object) -> None:
    """Put into a message what JSON says of it; what cannot be meant by the field is left out."""
    descriptor: Descriptor = message.DESCRIPTOR  # type: ignore[attr-defined]
    json_format.ParseDict(_meant(content, descriptor), message, ignore_unknown_fields=True)  # type: ignore[type-var]


def _meant(content: Mapping[str, object], kind: Descriptor) -> dict[str, object]:
    fields, found = _fields(kind), {}
    for name, value in content.items():
        field = fields.get(_plain(name))
        if field is None:
            continue
        values = list(_values(value if isinstance(value, list) else [value], field))
        if values:
            found[field.name] = values if field.is_repeated else values[-1]
    return found


def _values(content: Sequence[object], field: FieldDescriptor) -> Iterator[object]:
    for value in content:
        if value is None:
            continue
        if field.message_type is not None:
            texts = "translation" in field.message_type.fields_by_name
            if texts and isinstance(value, dict) and value and all(isinstance(text, str) for text in value.values()):
                # One text with its language, or texts by language.
                by_language = [{"language": language, "text": text} for language, text in value.items()]
                yield {"translation": [value] if "text" in value else by_language}
            elif isinstance(value, dict):
                yield _meant(value, field.message_type)
            elif texts and isinstance(value, str):
                yield {"translation": [{"text": value}]}
        elif isinstance(value, list):
            continue
        elif (read := _scalar(value, field)) is not None:
            yield read


def _scalar(value: object, field: FieldDescriptor) -> object:
    """A value as the field has it, None where it cannot be meant."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        if isinstance(value, dict):
            return None
        twice = _QUOTED.fullmatch(str(value)) if field.name.endswith("id") else None
        return twice[2] if twice else str(value)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _TRUTH.get(str(value).lower())
    if field.enum_type is not None and isinstance(value, str) and not value.isdecimal():
        name = re.sub(r"[\s-]+", "_", value).upper()
        return name if name in field.enum_type.values_by_name else None
    number = _number(value)
    if number is None or not math.isfinite(number):
        return None
    if field.enum_type is not None:
        return int(number) if int(number) in field.enum_type.values_by_number else None
    if field.cpp_type not in _WHOLE:
        return number
    low = 0 if field.cpp_type in (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64) else -(2**31)
    wide = field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
    return int(number) if low <= number < (2**63 if wide else 2**31) else None


def _number(value: object) -> float | None:
    if isinstance(value, int | float):
        return value
    if isinstance(value, dict):
        # As JavaScript holds 64 bits.
        low, high = value.get("low"), value.get("high")
        return (high << 32) + (low & _LOW_HALF) if isinstance(low, int) and isinstance(high, int) else None
    try:
        return float(str(value))
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except (ValueError, OverflowError):
        return None


@cache
def _fields(kind: Descriptor) -> Mapping[str, FieldDescriptor]:
    """A message's fields by their names without marks, capitals and plurals."""
    return {_plain(field.name): field for field in kind.fields}


def _plain(name: str) -> str:
    name = name.replace("_", "").lower()
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
