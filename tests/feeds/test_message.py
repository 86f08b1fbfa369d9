"""What comes in place of a feed, and the word on each."""

from __future__ import annotations

import gzip

import pytest
from google.transit import gtfs_realtime_pb2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feeds import message as feed_message
from feeds.errors import FeedError
from feeds.message import decode_message, header_timestamp
from feeds.vehicle_positions import decode_vehicle_positions
from tests.feeds.tiny_network import at, tiny_network

TIMETABLE = tiny_network()


def message_bytes(timestamp: float = at(8), vehicles: int = 3) -> bytes:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = int(timestamp)
    for i in range(vehicles):
        report = message.entity.add(id=f"e{i}").vehicle
        report.vehicle.id = f"v{i}"
        report.trip.trip_id = "A1"
        report.position.latitude, report.position.longitude = 47.4, 0.69
        report.timestamp = int(timestamp) - i
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "HTML"),
        (b"\xef\xbb\xbf\r\n <?xml version='1.0'?>", "HTML or XML"),
        (b'{"header": {}}', "JSON"),
        (b"[]", "JSON"),
        (b'header {\n  gtfs_realtime_version: "2.0"\n}', "protobuf written as text"),
        (b"Rate limit exceeded", "got text"),
        (b"hello", "got text"),
        (message_bytes()[:-5], "cut short"),
        (b"\x1a\x03xyz", "no header"),
        (gzip.compress(message_bytes(), mtime=0)[:-12], "cut short"),
        (b"\x1f\x8b\x08garbage", "damaged"),
        (gzip.compress(b"", mtime=0), "empty"),
    ],
)
def test_what_is_no_feed_is_refused_by_a_clear_error(data: bytes, said: str) -> None:
    with pytest.raises(FeedError, match=said) as error:
        decode_message(data, "vehicle positions")
    assert str(error.value).startswith("vehicle positions: ")


def test_a_message_of_any_feed_version_is_read() -> None:
    message = gtfs_realtime_pb2.FeedMessage.FromString(message_bytes())
    for characters in range(300):
        message.header.feed_version = "<" * characters
        assert len(decode_message(message.SerializeToString(), "x").entity) == 3


@pytest.mark.parametrize("before", [b"", b"\n", b"\r\n\r\n", b"\n\n\n", b" \t"])
@pytest.mark.parametrize("length", range(20, 140, 7))
def test_a_web_page_of_any_length_is_named(before: bytes, length: int) -> None:
    page = before + b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body></body></html>" * 3
    with pytest.raises(FeedError, match="HTML"):
        decode_message(page[: length + len(before)], "x")


def test_gzip_is_taken_as_it_comes() -> None:
    assert len(decode_message(gzip.compress(message_bytes()), "x").entity) == 3


def test_too_large_a_message_is_refused_packed_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_message, "MAX_MESSAGE_BYTES", 1000)
    big = message_bytes(vehicles=100)
    for data in (big, gzip.compress(big)):
        with pytest.raises(FeedError, match="MB"):
            decode_message(data, "x")


def test_header_from_tomorrow_is_a_clock_problem() -> None:
    with pytest.raises(FeedError, match="clocks"):
        header_timestamp(decode_message(message_bytes(at(8) + 86400), "x"), at(8), "x")


def test_header_an_hour_back_is_a_stale_feed() -> None:
    with pytest.raises(FeedError, match=r"61 minutes old: a stale feed"):
        header_timestamp(decode_message(message_bytes(at(8) - 3660), "x"), at(8), "x")


def test_header_in_milliseconds_is_read_as_seconds() -> None:
    assert header_timestamp(decode_message(message_bytes(at(8) * 1000), "x"), at(8), "x") == at(8)


def test_absurd_header_timestamp_still_gives_a_feed_error() -> None:
    with pytest.raises(FeedError, match="future"):
        header_timestamp(decode_message(message_bytes(2**63), "x"), at(8), "x")


@given(st.binary(max_size=60), st.integers(0, 150), st.integers(0, 40))
@example(b"\x80", 125, 1)
@settings(max_examples=300, deadline=None)
def test_damaged_bytes_never_raise_anything_but_feed_error(noise: bytes, where: int, cut: int) -> None:
    good = message_bytes()
    try:
        observations = decode_vehicle_positions(good[:where] + noise + good[where + cut :], TIMETABLE, at(8))
    except FeedError:
        return
    assert len(set(observations.vehicle_id.tolist())) == len(observations)
