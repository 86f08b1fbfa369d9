"""Addresses given in the wrong order, messages in another form, and vehicles that only the trip updates can name: what
is there is used, and told."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from google.transit import gtfs_realtime_pb2

from api.command.check import check_feed
from benchmarks.field.city import City
from benchmarks.field.messages import StopUpdate, alert, bus, update
from benchmarks.field.network import Network, Trip
from feeds.recordings.recorder import recorders_of
from feeds.recordings.recording import open_recording
from feeds.sources.http_source import HttpSource

TODAY: dict[str, Any] = {"start_date": 20261126}
CASES = Path(__file__).parents[3] / "shared" / "cases"


def messages(city: City) -> dict[str, bytes]:
    """What the operator has to say, one message a feed."""
    write, now = city.writer, city.now
    return {
        "vehicle_positions": write.vehicle_positions([bus("v1", "t1", at="B")], now),
        "trip_updates": write.trip_updates([update("t2", StopUpdate("B", delay=300), **TODAY)], now),
        "alerts": write.alerts([alert("Crowded", {"route_id": "r1"})], now),
    }


def given(city: City, **addresses: str) -> City:
    """The city with each feed's address serving another feed's messages, for three polls."""
    for second in (0, 30, 60):
        city.clock.at += 30 if second else 0
        told = messages(city)
        for feed, served in addresses.items():
            city._sources[feed].give(told[served])
        city.service.step(city.clock.at)
    return city


@pytest.mark.parametrize(
    "served",
    [
        ("trip_updates", "vehicle_positions", "alerts"), ("alerts", "trip_updates", "vehicle_positions"),
        ("trip_updates", "alerts", "vehicle_positions"), ("alerts", "vehicle_positions", "trip_updates"),
    ],
)  # fmt: skip
def test_swapped_addresses_take_nothing_from_riders_and_are_told(served: tuple[str, ...]) -> None:
    order = ("vehicle_positions", "trip_updates", "alerts")
    city = given(City(at="08:03"), **dict(zip(order, served, strict=True)))
    assert [row[6:] for row in city.board("C")] == ["t1 live", "t2 live"]
    assert all("Crowded" in heads for heads in city.messages(route="r1").values())
    told = city.readyz()
    assert told["faults"].count("feed_misplaced") == sum(a != b for a, b in zip(order, served, strict=True))
    assert "is used as such" in told["detail"]
    assert "is used as such" in " ".join(city.desk()["health"])


def test_an_address_given_twice_is_told_where_another_feed_is_missing() -> None:
    city = given(City(at="08:03"), vehicle_positions="trip_updates", trip_updates="trip_updates", alerts="alerts")
    assert city.board("C")[1] == "09:09 t2 live"
    told = city.readyz()
    assert "feed_of_another" in told["faults"]
    assert "The address given for vehicle_positions serves trip_updates" in told["detail"]


# CUTR-at-USF/gtfs-realtime-validator#330, transitland/transitland-atlas#1360
@pytest.mark.parametrize("given_as", ["vehicle_positions", "trip_updates"])
def test_an_address_that_serves_all_feeds_need_not_be_given_for_each(given_as: str) -> None:
    others = {feed: None for feed in ("vehicle_positions", "trip_updates", "alerts") if feed != given_as}
    city = City(at="08:03", sources=others)
    for _ in range(3):
        city.clock.at += 30
        # Protobuf appends: all entities under one header.
        city._sources[given_as].give(b"".join(messages(city).values()))
        city.service.step(city.clock.at)
    assert [row[6:] for row in city.board("C")] == ["t1 live", "t2 live"]
    assert all("Crowded" in heads for heads in city.messages(route="r1").values())
    told = city.readyz()
    assert told["faults"] == []
    assert {feed: health["source"] for feed, health in told["feeds"].items()} == dict.fromkeys(messages(city), given_as)


def test_check_reads_all_that_an_address_serves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "all.pb").write_bytes(b"".join(messages(City(at="08:03")).values()))
    check_feed(str(CASES / "base.zip"), str(tmp_path / "all.pb"))
    said = " ".join(capsys.readouterr().out.split())
    assert "1 vehicles" in said and "It speaks of 1 runs" in said and "1 of 1 alerts are in force" in said


class _SaysBack(HttpSource):
    """An address whose server answers nothing but words of its own."""

    def __init__(self, status: int, words: str) -> None:
        answer = httpx.MockTransport(lambda _: httpx.Response(status, stream=httpx.ByteStream(words.encode())))
        super().__init__("https://town.example/alerts?key=S3CRET-1", headers={"X-Key": "S3CRET-2"}, transport=answer)

    def give(self, data: bytes) -> None:
        """It says what it says."""


@pytest.mark.parametrize("status", [200, 400])
def test_a_key_that_a_server_says_back_is_told_to_nobody(status: int) -> None:
    city = City(sources={"alerts": _SaysBack(status, '{"error": "Bad keys: S3CRET-1, S3CRET-2"}')})
    for said in (city.get("/readyz").text, city.officer.get("/desk").text):
        assert "Bad keys: …, …" in said
        assert "S3CRET" not in said


def test_check_says_of_swapped_addresses_what_the_service_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = messages(City(at="08:03"))
    for feed, data in told.items():
        (tmp_path / feed).write_bytes(data)
    places = {feed: str(tmp_path / feed) for feed in told}
    check_feed(str(CASES / "base.zip"), places["trip_updates"], trip_updates=places["vehicle_positions"])
    said = " ".join(capsys.readouterr().out.split())
    assert "1 vehicles" in said and "It speaks of 1 runs" in said
    assert "The address given for vehicle_positions serves trip_updates, and is used as such" in said


@pytest.mark.parametrize("told_in", ["parquet", "pb"])
def test_what_was_recorded_under_the_name_of_another_feed_is_played_as_what_it_is(tmp_path: Path, told_in: str) -> None:
    city = City(at="08:03")
    order = {"vehicle_positions": "alerts", "trip_updates": "vehicle_positions", "alerts": "trip_updates"}
    recorders = {feed: recorders_of(feed, tmp_path) for feed in order}
    for _ in range(3):
        city.clock.at += 30
        told = messages(city)
        for feed, held in order.items():
            if told_in == "parquet":
                for recorder in recorders[feed]:
                    recorder.write(told[held], city.now)
            else:
                (tmp_path / f"{feed}-{city.now:.0f}.pb").write_bytes(told[held])
    if told_in == "parquet":
        for recorder in chain.from_iterable(recorders.values()):
            recorder.close()
    recording = open_recording(tmp_path, city.service.timetable)
    assert recording.observations_at(city.now).vehicle_id.tolist() == ["v1"]
    assert len(recording.trip_updates_at(city.now) or ()) == 1
    assert [next(iter(dict(told.header).values())) for told in recording.alerts_at(city.now)] == ["Crowded"]
    assert sum("read as what it is" in problem.message for problem in recording.problems) == 3


# vingerha/gtfs2#40: vehicles, trips and alerts in one message.
@pytest.mark.parametrize("told_in", ["parquet", "pb"])
def test_a_recording_of_one_address_that_serves_all_feeds_is_played_as_all(tmp_path: Path, told_in: str) -> None:
    city = City(at="08:03")
    recorders = recorders_of("vehicle_positions", tmp_path)
    for _ in range(3):
        city.clock.at += 30
        # Messages one behind the other are one.
        told = b"".join(messages(city).values())
        for recorder in recorders if told_in == "parquet" else ():
            recorder.write(told, city.now)
        if told_in == "pb":
            (tmp_path / f"{city.now:.0f}.pb").write_bytes(told)
    for recorder in recorders:
        recorder.close()
    recording = open_recording(tmp_path, city.service.timetable)
    assert recording.feeds == ("vehicle_positions", "trip_updates", "alerts")
    assert recording.observations_at(city.now).vehicle_id.tolist() == ["v1"]
    assert len(recording.trip_updates_at(city.now) or ()) == 1
    assert [next(iter(dict(told.header).values())) for told in recording.alerts_at(city.now)] == ["Crowded"]
    assert not recording.problems


# vingerha/gtfs2#134, MobilityData/gtfs-realtime-bindings#134
def test_buses_are_live_by_messages_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    city = City(at="08:03")
    write = city.writer
    for _ in range(3):
        city.clock.at += 30
        message = json_format.MessageToJson(
            gtfs_realtime_pb2.FeedMessage.FromString(write.vehicle_positions([bus("v1", "t1", at="B")], city.now)),
            preserving_proto_field_name=True,
        )
        city.vehicle_positions(message.encode())
    assert city.board("C")[0].endswith("t1 live")
    (tmp_path / "vehicles.json").write_text(message)
    check_feed(str(CASES / "base.zip"), str(tmp_path / "vehicles.json"))
    assert "1 of 1 reports name a trip" in capsys.readouterr().out


# Two runs either of which the bus could be on: the one four minutes late, the other on time.
CLOSE = Network(trips=(Trip("t1", "08:00"), Trip("t2", "08:04")))


@pytest.mark.parametrize("trip", ["t1", "t2"])
@pytest.mark.parametrize("named", [{}, {"trip": "no such trip"}])
def test_a_bus_that_names_no_trip_is_on_the_one_that_the_trip_updates_give_it(trip: str, named: dict[str, str]) -> None:
    city = City(CLOSE, at="08:05").trip_updates(update(trip, vehicle="v1", **TODAY))
    for place in ("A", "A", "B"):
        city.clock.at += 30
        city.vehicle_positions(bus("v1", named.get("trip"), at=place))
    assert city.vehicles()["v1"]["trip_id"] == trip
    assert next(row for row in city.board("C") if row.endswith("live")).endswith(f"{trip} live")


def test_of_the_runs_that_a_bus_is_given_it_is_on_the_one_under_way() -> None:
    city = City(at="08:59").trip_updates(
        update("t1", StopUpdate("E", delay=0), vehicle="v1", **TODAY),
        update("t2", StopUpdate("A", delay=0), StopUpdate("E", delay=0), vehicle="v1", **TODAY),
    )
    for at in ("09:00", "09:01", "09:02"):
        city.clock.at = city.posix(at)
        city.vehicle_positions(bus("v1", None, at="A" if at == "09:00" else "B", label="7"))
    assert city.vehicles()["v1"]["trip_id"] == "t2"


def test_a_bus_that_is_given_to_a_run_of_hours_later_alone_is_on_none_and_holds_nothing_up() -> None:
    city = City(at="02:00").trip_updates(update("t2", StopUpdate("E", delay=0), vehicle="v1", **TODAY))
    city.vehicle_positions(bus("v1", None, at="A"))
    assert city.board("A") == []


def test_a_bus_is_known_by_its_label_too_and_by_its_line() -> None:
    city = City(CLOSE, at="08:05").trip_updates(update("t1", vehicle="7", **TODAY))
    city.vehicle_positions(bus("uuid", None, at="A", label="7"))
    assert city.vehicles()["uuid"]["trip_id"] == "t1"
