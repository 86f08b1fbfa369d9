"""Several addresses of one feed: buses and trams are read as one, and another is asked where one fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage

from feeds.errors import FeedError
from feeds.sources import several_sources
from feeds.sources.several_sources import SeveralSources

NOW = 1_772_438_400.0


@dataclass
class Served:
    """An address whose answers the test decides."""

    name: str
    says: list[tuple[str, str, str]] = field(default_factory=list)
    """Entity, vehicle and trip of each."""
    at: float = NOW
    fails: bool = False
    answers: Event | None = None
    """It takes its time until this is set."""

    def fetch(self, now: float) -> bytes | None:
        if self.answers:
            self.answers.wait(120.0)
        if self.fails:
            raise FeedError(f"{self.name}: HTTP 503.")
        message = FeedMessage()
        message.header.gtfs_realtime_version = "2.0"
        message.header.timestamp = int(self.at)
        for entity_id, vehicle, trip in self.says:
            entity = message.entity.add(id=entity_id)
            entity.vehicle.vehicle.id, entity.vehicle.trip.trip_id = vehicle, trip
        return message.SerializeToString()


@dataclass
class Messages:
    """An address that tells riders of these."""

    name: str
    headers: list[str]

    def fetch(self, now: float) -> bytes | None:
        message = FeedMessage()
        message.header.gtfs_realtime_version, message.header.timestamp = "2.0", int(now)
        for number, header in enumerate(self.headers):
            own = f"{self.name}-{number}" if header == "Strike" else f"{number}"
            message.entity.add(id=own).alert.header_text.translation.add(text=header)
        return message.SerializeToString()


def vehicles(source: SeveralSources, now: float = NOW) -> list[Any]:
    data = source.fetch(now)
    message = FeedMessage.FromString(data or b"")
    assert len({entity.id for entity in message.entity}) == len(message.entity)
    return [
        (entity.vehicle.vehicle.id, entity.vehicle.trip.trip_id, entity.vehicle.timestamp - NOW)
        for entity in message.entity
    ]


def test_buses_and_trams_of_two_addresses_are_read_as_one_each_as_old_as_its_own_message() -> None:
    bus, tram = Served("bus", [("1", "b7", "t1")]), Served("tram", [("1", "a1", "t9")], NOW - 30)
    both = SeveralSources("vehicle_positions", [[bus], [tram]])
    assert vehicles(both) == [("b7", "t1", 0), ("a1", "t9", -30)]
    assert both.fetch(NOW + 10) is None


def test_where_one_fails_the_other_goes_on_and_each_tells_how_it_is() -> None:
    bus, tram = Served("bus", [("1", "b7", "t1")]), Served("tram", [("2", "a1", "t9")])
    both = SeveralSources("vehicle_positions", [[bus], [tram]])
    both.fetch(NOW)
    tram.fails, bus.at = True, NOW + 10
    assert vehicles(both, NOW + 10) == [("b7", "t1", 10), ("a1", "t9", 0)]
    assert [(one.good_at, one.error, one.errors) for one in both.addresses] == [
        (NOW + 10, "", 0),
        (NOW, "tram: HTTP 503.", 1),
    ]
    bus.at = NOW + 2000
    assert vehicles(both, NOW + 2000) == [("b7", "t1", 2000)]
    bus.fails = True
    with pytest.raises(FeedError, match=r"bus: HTTP 503\. tram: HTTP 503\."):
        both.fetch(NOW + 2010)


def test_for_one_that_is_slow_the_other_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, tram = Served("bus", [("1", "b7", "t1")]), Served("tram", [("2", "a1", "t9")])
    both = SeveralSources("vehicle_positions", [[bus], [tram]])
    both.fetch(NOW)
    monkeypatch.setattr(several_sources, "AT_ONCE_S", 0.05)
    slow = tram.answers = Event()
    assert SeveralSources("vehicle_positions", [[tram]]).fetch(NOW) is None, "nothing is wrong yet"
    for later in (10, 20):
        bus.at = tram.at = NOW + later
        assert vehicles(both, NOW + later) == [("b7", "t1", later), ("a1", "t9", 0)], "what it said last"
    monkeypatch.setattr(several_sources, "AT_ONCE_S", 10.0)
    slow.set()
    assert [told[2] for told in vehicles(both, NOW + 30)] == [20, 20]


@pytest.mark.parametrize("how", ["fails", "stands still"])
def test_another_address_is_asked_only_while_the_first_fails_or_stands_still(how: str) -> None:
    first, mirror = Served("first", [("1", "b7", "t1")]), Served("mirror", [("1", "b7", "t2")], fails=True)
    source = SeveralSources("vehicle_positions", [[first, mirror]])
    assert vehicles(source) == [("b7", "t1", 0)]
    assert [one.error for one in source.addresses] == ["", ""]
    mirror.fails, mirror.at, first.fails = False, NOW + 240, how == "fails"
    assert vehicles(source, NOW + 240) == [("b7", "t2", 240)]
    assert source.addresses[0].error.startswith("first: ")
    first.fails, first.at = False, NOW + 250
    assert vehicles(source, NOW + 250) == [("b7", "t1", 250)]
    assert source.addresses[0].error == ""
    # While both fail both are told of; of the one that is asked no more nothing is.
    first.fails = mirror.fails = True
    with pytest.raises(FeedError, match=r"first: HTTP 503\. mirror: HTTP 503\."):
        source.fetch(NOW + 260)
    first.fails, first.at = False, NOW + 270
    assert vehicles(source, NOW + 270) == [("b7", "t1", 270)]
    assert [one.error for one in source.addresses] == ["", ""]


def test_a_vehicle_told_twice_is_one_and_two_of_one_number_are_two() -> None:
    bus = Served("bus", [("1", "12", "t1"), ("2", "13", "t2")])
    tram = Served("tram", [("1", "12", "t9"), ("2", "13", "t2")])
    both = SeveralSources("vehicle_positions", [[bus], [tram]])
    assert [told[:2] for told in vehicles(both)] == [("12", "t1"), ("13", "t2"), ("12 (2)", "t9")]
    # It keeps its name where the other is not there for once.
    bus.says = bus.says[1:]
    assert [told[:2] for told in vehicles(both)] == [("13", "t2"), ("12 (2)", "t9")]


def test_a_message_to_riders_that_stands_in_several_feeds_is_told_once() -> None:
    each = [Messages("bus", ["Strike", "Works"]), Messages("tram", ["Strike", "Lift"]), Messages("lift", ["", "Lift"])]
    message = FeedMessage.FromString(SeveralSources("alerts", [[one] for one in each]).fetch(NOW) or b"")
    assert [(entity.id, entity.alert.header_text.translation[0].text) for entity in message.entity] == [
        ("bus-0", "Strike"), ("1", "Works"), ("1 (2)", "Lift"), ("0", ""),
    ]  # fmt: skip
