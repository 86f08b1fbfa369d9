"""What comes in place of a feed, and the word on each."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest
from google.protobuf import json_format, text_format
from google.transit import gtfs_realtime_pb2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feeds.errors import FeedError
from feeds.messages import message as feed_message
from feeds.messages.message import decode_message, header_timestamp
from feeds.vehicle_positions.decoding import decode_vehicle_positions
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


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            # Dated 1980: workers must find the same tests.
            archive.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "HTML"),
        (b"\xef\xbb\xbf\r\n <?xml version='1.0'?>", "HTML or XML"),
        (b'{"header": {}}', "JSON"),
        (b'{"statusCode": 401, "message": "Access denied"}', "JSON"),
        pytest.param(b"[" * 100_000, "JSON", id="deep"),
        (b"[]", "JSON"),
        (b'header {\n  gtfs_realtime_version: "2.0"\n', "protobuf written as text"),
        (message_bytes().decode("utf-8", "replace").encode(), "read as text and wrote again"),
        (zlib.compress(message_bytes())[:-9], "cut short"),
        (zipped(**{"a.pb": message_bytes(), "b.pb": message_bytes()}), "2 files"),
        (zipped(**{"stop_times.txt": b"trip_id", "trips.txt": b""}), "GTFS timetable"),
        (b"Rate limit exceeded", "got text"),
        (b'<?xml version="1.0"?><Siri xmlns="http://www.siri.org.uk/siri"/>', "SIRI in XML"),
        (b'{"Siri": {"ServiceDelivery": {}}}', "SIRI in JSON"),
        # mark1foley/ha-gtfs-rt-v2#44
        (b'{"openapi":"3.0.1","info":{}}', "description of an API"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
        (b'{"statusCode":401,"message":"Access denied due to missing key."}', "Access denied due to missing key"),
        (b"\r\n  \n", "empty"),
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


MESSAGE = gtfs_realtime_pb2.FeedMessage.FromString(message_bytes())
SPELLED = json_format.MessageToDict(MESSAGE, preserving_proto_field_name=True)


def zstd(data: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(data)
    return bytes(packed.getvalue())


@pytest.mark.parametrize(
    "form",
    [
        gzip.compress, zlib.compress, zstd, lambda data: gzip.compress(gzip.compress(data)),
        # How Britain serves its buses.
        lambda data: zipped(**{"gtfsrt.bin": data}),
        lambda _: json_format.MessageToJson(MESSAGE).encode(),
        lambda _: json.dumps(SPELLED).encode("utf-8-sig"),
        lambda _: json.dumps({"status": "OK", "response": SPELLED, "error": None}).encode(),
        # With a comma behind the last of several, and with ids that are texts of JSON themselves.
        lambda _: re.sub(r"(?<=[}\]\"])(?=[}\]])", ", ", json.dumps(SPELLED)).encode(),
        lambda _: re.sub(r'(_id": )("\w+")', lambda of: of[1] + json.dumps(of[2]), json.dumps(SPELLED)).encode(),
        lambda _: json.dumps(SPELLED["entity"]).encode(), lambda _: json.dumps([SPELLED]).encode(),
        lambda _: json.dumps([{**SPELLED, "entity": [entity]} for entity in SPELLED["entity"]]).encode(),
        lambda _: json.dumps(SPELLED).encode("utf-16"),
        lambda data: json.dumps(base64.b64encode(data).decode()).encode(),
        base64.urlsafe_b64encode,
        lambda _: text_format.MessageToString(MESSAGE).encode(),
        # OpenMobilityData/OpenMobilityData-Public#278: with what other extensions of the format say.
        lambda _: text_format.MessageToString(MESSAGE).replace("  id:", '[nyct.train] {id: "x"} 6: 1 id:').encode(),
        base64.b64encode, lambda data: base64.encodebytes(data),
        lambda data: b"\xef\xbb\xbf" + data, lambda data: b"\r\n\r\n" + data + b"\r\n", lambda data: data + b"\n",
        lambda data: bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data, lambda data: data + bytes(64),
        # Letters in place of bytes.
        lambda data: data.hex().encode(), lambda data: b"\\x" + data.hex(" ").upper().encode() + b"\n",
        lambda data: json.dumps({"data": base64.b64encode(gzip.compress(data)).decode()}).encode(),
        lambda data: json.dumps({"type": "Buffer", "data": list(data)}).encode(),
        lambda data: b"data:application/x-protobuf;base64," + base64.b64encode(data),
        lambda data: data.decode("latin-1").encode(),
        # What servers and proxies put around it.
        lambda data: b"--xyz\r\nContent-Type: application/x-protobuf\r\n\r\n" + data + b"\r\n--xyz--\r\n",
        lambda data: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(data), data),
        lambda data: b"\0" + len(data).to_bytes(4, "big") + data + b"\x80\0\0\0\x0fgrpc-status:0\r\n",
        lambda data: base64.b64encode(b"\0" + len(data).to_bytes(4, "big") + data) + base64.b64encode(b"\x80\0\0\0\0"),
        lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]),
        # JSON for scripts, in pages, in texts, one object a line.
        lambda _: b"/**/jQuery12_3(" + json.dumps(SPELLED).encode() + b");",
        lambda _: b")]}',\n" + json.dumps(SPELLED).encode(),
        lambda _: b"<html><body><pre>" + html.escape(json.dumps(SPELLED)).encode() + b"</pre></body></html>",
        lambda _: json.dumps(json.dumps(SPELLED)).encode(), lambda _: json.dumps(SPELLED).encode("utf-16-le"),
        lambda _: json.dumps({"status": {"code": 200}, "response": SPELLED}).encode(),
        lambda _: "\n".join(map(json.dumps, SPELLED["entity"])).encode(),
    ],
)  # fmt: skip
def test_a_message_is_read_in_every_form_in_which_servers_hand_it_over(form: Callable[[bytes], bytes]) -> None:
    read = decode_message(form(message_bytes()), "x")
    assert [entity.vehicle for entity in read.entity] == [entity.vehicle for entity in MESSAGE.entity]


@pytest.mark.parametrize("long", [b"x", b"ab-_", b"0f ", b"a=\n", b"<", b"data:x;", b"-", b"[", b'"', b"\\x"])
def test_no_text_takes_long_to_be_seen_to_be_none(long: bytes) -> None:
    for end in (b"!", b" \xc3\xa9", b"=", b"\0"):
        with pytest.raises(FeedError):
            decode_message(long * 2_000 + end, "x")


# vingerha/gtfs2#134, zacs/ha-gtfs-rt#32, MobilityData/gtfs-realtime-bindings#134
def test_json_is_read_as_other_programs_spell_it() -> None:
    position = {"Latitude": "47.4", "Longitude": 0.69, "Bearing": None, "Odometer": "far"}
    vehicle = {"Trip": {"TripId": 7, "ScheduleRelationship": "Scheduled"}, "Position": position,
               "Timestamp": 1773644400.25, "OccupancyStatus": "many seats available",
               "CurrentStatus": "gone"}  # fmt: skip
    alert = {
        "headerText": "Crowded",
        "informedEntities": {"routeId": 5},
        "activePeriod": [{"start": "2026-03-16T07:00:00Z"}],
    }
    said = {"Header": {"Timestamp": 1.7736444e9}, "Entities": [{"Id": 1, "Vehicle": vehicle}, {"alert": alert}, "x"]}
    read = decode_message(json.dumps(said).encode(), "x")
    first, second = (entity for entity in read.entity)
    assert read.header.timestamp == first.vehicle.timestamp == 1773644400
    assert (first.vehicle.trip.trip_id, round(first.vehicle.position.latitude, 1)) == ("7", 47.4)
    assert first.vehicle.occupancy_status == gtfs_realtime_pb2.VehiclePosition.MANY_SEATS_AVAILABLE
    assert not first.vehicle.HasField("current_status")
    assert second.alert.header_text.translation[0].text == "Crowded"
    assert (second.alert.informed_entity[0].route_id, second.alert.active_period[0].start) == ("5", 1773644400)


# MobilityData/gtfs-realtime-bindings#102, k-yle/gtfs-types#16
def test_json_is_read_with_numbers_as_javascript_holds_them_and_with_one_part_in_place_of_a_list() -> None:
    time = {"low": 1773644400, "high": 0, "unsigned": False}
    update = {
        "trip": {"trip_id": {"low": 1}},
        "stop_time_update": {"arrival": {"time": time, "delay": {"low": -60, "high": -1}}},
    }
    (entity,) = decode_message(json.dumps({"entity": {"id": 1, "trip_update": update}}).encode(), "x").entity
    (stop_update,) = entity.trip_update.stop_time_update
    assert (stop_update.arrival.time, stop_update.arrival.delay) == (1773644400, -60)
    assert not entity.trip_update.trip.HasField("trip_id")


@pytest.mark.parametrize("said", [{"entity": []}, {"header": {}, "Entities": []}, {"response": {"entity": []}}])
def test_json_of_no_entities_has_nothing_to_tell_and_is_no_fault(said: object) -> None:
    assert len(decode_message(json.dumps(said).encode(), "x").entity) == 0


def field(number: int, inside: bytes) -> bytes:
    size, length = b"", len(inside)
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + inside


HEADER, ENTITY_ID = b"\x0a\x05\x0a\x032.0", b"\x0a\x01x"


@pytest.mark.parametrize(
    ("flood", "said"),
    [
        (field(2, ENTITY_ID + field(3, b"\x12\x00" * 900_000)), "calls.* in one entity"),
        (field(2, ENTITY_ID + field(3, b"\x20\x01" * 900_000)), "in one entity"),
        (field(2, ENTITY_ID + field(5, b"\x0a\x00" * 500_000)), "periods.* in one entity"),
        (field(2, ENTITY_ID + field(5, b"\x2a\x00" * 500_000)), "selectors.* in one entity"),
        (field(2, ENTITY_ID + field(5, field(10, b"\x0a\x00" * 500_000))), "texts in one entity"),
        (field(2, ENTITY_ID + field(8, field(1, b"\x0a\x00" * 500_000))), "in one entity"),
        (field(2, ENTITY_ID + field(3, b"\x12\x00" * 15_000)) * 90, "calls.* in one message"),
        (b"\x1b\x1c" + (b"\x12\x03" + ENTITY_ID) * 300_000, "entities"),
        (b"\x1b\x1c" * 1_000_000, "entities"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_flood_of_anything_is_refused_before_it_is_made(flood: bytes, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        decode_message(HEADER + flood, "x")


@pytest.mark.parametrize(
    "text", [b'{"entity":[' + b"{}," * 1_100_000 + b"{}]}", b"entity{}" * 1_100_000], ids=["json", "text"]
)
def test_a_flood_written_as_text_is_refused_before_it_is_made(text: bytes) -> None:
    with pytest.raises(FeedError, match="parts are read"):
        decode_message(text, "x")


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


@pytest.mark.parametrize("count", [
    lambda at: at * 10**6, lambda at: at * 10**9, lambda at: at + 2_208_988_800,
    lambda at: (at + 62_135_596_800) * 10**7, lambda at: (at + 11_644_473_600) * 10**7,
])  # fmt: skip
def test_timestamps_of_any_clock_are_read(count: Callable[[int], int]) -> None:
    now = int(at(8))
    assert header_timestamp(decode_message(message_bytes(count(now)), "x"), now, "x") == pytest.approx(now, abs=0.1)


@pytest.mark.parametrize(
    ("off_s", "said"),
    [
        (3600, "just 1 h off: .* local time in place of UTC"), (-7210, "old: a stale feed, or just 2 h off"),
        (-365 * 86_400, "the wrong year"), (-5400, "90 minutes old: a stale feed. Ask"),
    ],
)  # fmt: skip
def test_a_clock_that_is_hours_or_a_year_off_is_named(off_s: int, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        header_timestamp(decode_message(message_bytes(at(8) + off_s), "x"), at(8), "x")


def test_absurd_header_timestamp_still_gives_a_feed_error() -> None:
    with pytest.raises(FeedError, match="future"):
        header_timestamp(decode_message(message_bytes(2**63), "x"), at(8), "x")


@given(st.binary(max_size=60), st.integers(0, 150), st.integers(0, 40))
@example(b"\x80", 125, 1)
@example(b"\x07\n\x0b\n\x03\xff", 0, 5)
@settings(max_examples=300, deadline=None)
def test_damaged_bytes_never_raise_anything_but_feed_error(noise: bytes, where: int, cut: int) -> None:
    good = message_bytes()
    try:
        observations = decode_vehicle_positions(good[:where] + noise + good[where + cut :], TIMETABLE, at(8))
    except FeedError:
        return
    assert len(set(observations.vehicle_id.tolist())) == len(observations)
