"""Bytes to FeedMessage, with a clear word on everything that comes in its place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

import numpy as np
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2

from feeds.bounded_unpacking import unpacked
from feeds.errors import FeedError
from feeds.letters import BEFORE_TEXT
from feeds.messages.bounds import refuse_floods
from feeds.messages.forms import as_utf8, message_inside, message_of_text
from feeds.messages.parts_loop import varint
from feeds.messages.wrappers import unwrapped
from predictor.arrays import Float64Array
from predictor.timetable import DAY_S

MAX_MESSAGE_BYTES = 50_000_000

BEHIND_S = 300.0
BEHIND_FOR_S = 120.0
"""So long a message is left aside that is up to `BEHIND_S` older than one before it. After that the feed's clock must
have been set back."""
FUTURE_LIMIT_S = 300.0
STALE_LIMIT_S = 3600.0

_MOST_LAYERS = 4
_EXCERPT_BYTES = 120
_OTHER_FORMS = (
    (re.compile(rb"<[\w:]*Siri\b"), "SIRI in XML, another format; ask the operator for its GTFS-Realtime address"),
    (re.compile(rb"^\{\s*\"Siri\""), "SIRI in JSON, another format; ask the operator for its GTFS-Realtime address"),
    (
        re.compile(rb"<[\w:]*PublicationDelivery\b"),
        "NeTEx, a timetable; ask the operator for its GTFS-Realtime address",
    ),
    (
        re.compile(rb"^\{\s*\"(?:openapi|swagger)\"|^(?:openapi|swagger):"),
        "the description of an API (OpenAPI), not its answer; the address of the feed stands in it",
    ),
    (re.compile(rb"^version https://git-lfs"), "a pointer of Git LFS in place of the file; fetch the file itself"),
)
_LENGTH_DELIMITED = 2
_REPLACED = b"\xef\xbf\xbd"
"""What programs write for bytes that are no UTF-8."""
_HEADER_TAG = gtfs_realtime_pb2.FeedMessage.HEADER_FIELD_NUMBER << 3 | _LENGTH_DELIMITED

_EARLIEST_S, _LATEST_S = 946_684_800, 3_600_000_000
"""From 2000 to 2084: no message is of another time."""
_CLOCKS = (
    (1, 0), (1_000, 0), (1_000_000, 0), (1_000_000_000, 0), (1, -2_208_988_800), (10_000_000, -62_135_596_800),
    (10_000_000, -11_644_473_600),
)  # fmt: skip
"""How many a second, and which POSIX second is their 0: seconds, milli-, micro- and nanoseconds; NTP's seconds since
1900, .NET's ticks since the year 1, Windows' since 1601. No number is of this century by two of them."""
_HOUR_S, _YEARS_S = 3600.0, (365.0 * DAY_S, 366.0 * DAY_S)
_ALIKE_S = 300.0


def decode_message(data: bytes, feed: str) -> gtfs_realtime_pb2.FeedMessage:
    """Parse one message, packed or not, written as protobuf, as JSON or as text; `feed` names it in errors, such as
    "vehicle positions".

    Errors: FeedError where the bytes are empty, too many or of too many entities or parts, HTML, JSON of something
    else, cut short, or no FeedMessage.
    """
    layer: bytes | None = data
    what = ""
    for _ in range(_MOST_LAYERS):
        if layer is None:
            break
        layer = as_utf8(unpacked(layer, MAX_MESSAGE_BYTES, feed))
        if len(layer) > MAX_MESSAGE_BYTES:
            raise FeedError(f"{feed}: {len(layer) / 1e6:.0f} MB; a message may have {MAX_MESSAGE_BYTES / 1e6:.0f} MB.")
        if not layer.strip():
            raise FeedError(
                f"{feed}: the answer is empty ({len(layer)} bytes); ask the feed's operator whether it is up."
            )
        message, otherwise = _read(layer, feed)
        if message is not None:
            return message
        what = what or otherwise
        layer = unwrapped(layer)
    raise FeedError(f"{feed}: {what}; the address serves something other than GTFS-Realtime.")


def _read(data: bytes, feed: str) -> tuple[gtfs_realtime_pb2.FeedMessage | None, str]:
    """The message that the bytes are, or None and what they are instead. Errors: FeedError where it is too large."""
    # The version in a header makes bytes of a message other than text.
    written = message_of_text(data, feed) if _is_text(data) else None
    if written is None:
        refuse_floods(data, feed)
        message, why, broken = gtfs_realtime_pb2.FeedMessage(), "", False
        try:
            message.ParseFromString(data)
        except DecodeError as error:
            # Of text it says nothing.
            why = "" if _is_text(data) else f" ({error})"
            broken = True
        if not broken and message.HasField("header") and (message.header.gtfs_realtime_version or not _is_text(data)):
            return message, ""
        written = message_inside(data)
        if written is None:
            what = _what_it_is_instead(data) if broken or _is_text(data) else "the message has no header"
            return None, f"{what}{why}"
    refuse_floods(written.SerializePartialToString(), feed)
    return written, ""


def refuse_differential(message: gtfs_realtime_pb2.FeedMessage, feed: str) -> None:
    """Errors: FeedError where the message tells only what changed since those before it."""
    if message.header.incrementality == gtfs_realtime_pb2.FeedHeader.DIFFERENTIAL:
        raise FeedError(
            f"{feed}: the message is DIFFERENTIAL, it tells only what changed, which is not supported; ask the feed's "
            "operator for the address of its FULL_DATASET."
        )


def posix_seconds(value: float) -> float:
    """A timestamp in POSIX seconds, where some feeds count otherwise (`_CLOCKS`); others as they are."""
    # As nearly all feeds count, or where nothing is said.
    if _EARLIEST_S <= value < _LATEST_S or value == 0:
        return float(value)
    read = (value / a_second + zero for a_second, zero in _CLOCKS)
    return next((seconds for seconds in read if _EARLIEST_S <= seconds < _LATEST_S), float(value))


def all_posix_seconds(values: Float64Array) -> Float64Array:
    """(n,) `posix_seconds` of each."""
    odd = ~(((values >= _EARLIEST_S) & (values < _LATEST_S)) | (values == 0))
    if not odd.any():
        return values
    read = values.copy()
    read[odd] = [posix_seconds(value) for value in values[odd].tolist()]
    return read


def measured_at(value: float) -> float:
    """When something was measured, POSIX seconds; 0 where not given, or with a time that nobody can mean."""
    seconds = posix_seconds(value)
    return seconds if _EARLIEST_S <= seconds < _LATEST_S else 0.0


def all_measured_at(values: Float64Array) -> Float64Array:
    """(n,) `measured_at` of each, NaN where it is 0."""
    seconds = all_posix_seconds(values)
    return np.where((seconds >= _EARLIEST_S) & (seconds < _LATEST_S), seconds, np.nan)


def text_of(value: str | bytes) -> str:
    """A text field of a message as text: protobuf hands over as bytes what is no UTF-8, and that is Latin-1 at best."""
    return value if isinstance(value, str) else value.decode("latin-1")


def header_timestamp(message: gtfs_realtime_pb2.FeedMessage, received_at: float, feed: str) -> float:
    """POSIX seconds of the header's timestamp, NaN where it has none, or one that its own entities belie.

    Errors: FeedError where it lies more than 5 minutes ahead of `received_at` or more than an hour behind, and the
    entities do not tell that they are of now.
    """
    at = posix_seconds(message.header.timestamp)
    if at <= 0:
        return float("nan")
    ahead = at - received_at
    if not -STALE_LIMIT_S <= ahead <= FUTURE_LIMIT_S and _is_of_now(message, received_at):
        return float("nan")
    if ahead > FUTURE_LIMIT_S:
        raise FeedError(
            f"{feed}: header timestamp {_said(at)} is {ahead:,.0f} s in the future; "
            f"{_clock_mistake(ahead) or 'one of the two clocks is wrong, ours or the operators'}."
        )
    if ahead < -STALE_LIMIT_S:
        mistake = _clock_mistake(ahead)
        raise FeedError(
            f"{feed}: header timestamp {_said(at)} is {-ahead / 60:,.0f} minutes old: a stale feed"
            f"{f', or {mistake}' if mistake else ''}. Ask the operator whether its realtime system still writes it."
        )
    return at


def _clock_mistake(ahead_s: float) -> str:
    """What puts a clock so far ahead, or behind where negative, in words; "" where nothing usual does."""
    off_s = abs(ahead_s)
    hours = round(off_s / _HOUR_S)
    if 1 <= hours <= 14 and abs(off_s - hours * _HOUR_S) <= _ALIKE_S:
        return (
            f"just {hours} h off: the operator's system sends local time in place of UTC, or has not changed its "
            "clocks for summer or winter"
        )
    if any(abs(off_s - year_s) <= STALE_LIMIT_S for year_s in _YEARS_S):
        return "just a year off: the operator's clock has the wrong year"
    return ""


def _is_of_now(message: gtfs_realtime_pb2.FeedMessage, received_at: float) -> bool:
    """Whether most entities that are dated are of the time at which they came."""
    dated = [
        posix_seconds(entity.vehicle.timestamp or entity.trip_update.timestamp)
        for entity in message.entity
        if entity.vehicle.timestamp or entity.trip_update.timestamp
    ]
    return bool(dated) and -STALE_LIMIT_S <= median(dated) - received_at <= FUTURE_LIMIT_S


class Header(NamedTuple):
    """What can be read of a message without reading all of it."""

    timestamp: float
    """POSIX seconds, NaN where not given."""
    is_all: bool
    """Whether nothing follows it."""

    def is_behind(self, newest: Header) -> bool:
        """Whether its message was written shortly before another: several servers answer in turn, and one lags."""
        return 0.0 < newest.timestamp - self.timestamp <= BEHIND_S


NO_HEADER = Header(float("nan"), False)


def header_of(data: bytes) -> Header:
    """The header of a message, gzipped or not."""
    try:
        data = unpacked(data, MAX_MESSAGE_BYTES, "")
        numbers = np.frombuffer(data, np.uint8)
        tag, place = varint(numbers, 0)
        length, place = varint(numbers, place)
        if tag != _HEADER_TAG or length < 0:
            return NO_HEADER
        header = gtfs_realtime_pb2.FeedHeader.FromString(data[place : place + length])
    except (FeedError, DecodeError):
        return NO_HEADER
    return Header(posix_seconds(header.timestamp) or float("nan"), place + length >= len(data))


def _what_it_is_instead(data: bytes) -> str:
    """What bytes are that are no message."""
    start = data[:512].lstrip(BEFORE_TEXT)
    known = next((words for form, words in _OTHER_FORMS if form.search(start)), "")
    if known:
        return f"got {known}"
    if start.startswith(b"<"):
        return (
            f"got HTML or XML where GTFS-Realtime protobuf was expected, beginning {_excerpt(start)}; check the "
            "address and whether it needs an API key"
        )
    if start.startswith((b"{", b"[")):
        return (
            f"got JSON that is no whole GTFS-Realtime message, beginning {_excerpt(start)}; check the address and "
            "whether it needs an API key, or ask the operator for the protobuf address"
        )
    if start.startswith(b"header") and _is_text(data):
        return f"got protobuf written as text and damaged, beginning {_excerpt(start)}; ask for the binary form"
    if _is_text(data):
        return f"got text where GTFS-Realtime protobuf was expected, beginning {_excerpt(start)}; check the address"
    if data.count(_REPLACED) > len(data) // 1000:
        return (
            f"{len(data):,} bytes of a message that some program on the way read as text and wrote again, so letters "
            "stand where bytes were; it must be passed on as binary"
        )
    return f"{len(data):,} bytes that are no whole GTFS-Realtime message; it was cut short or is another format"


def _is_text(data: bytes) -> bool:
    """Whether the first bytes are printable: a message begins with the length of its version, a control character."""
    return all(byte >= 0x20 or byte in b"\t\r\n" for byte in data[:64])


def _said(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f}"


def _excerpt(start: bytes) -> str:
    return repr(start[:_EXCERPT_BYTES].decode("utf-8", "replace"))
