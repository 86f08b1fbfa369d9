"""A view that is published says to readers elsewhere what it says here; half of one, or one of another version, is
never shown."""

from __future__ import annotations

import asyncio
import math
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import numpy as np
import pytest

from api.app import create_app
from api.command.answering import NotYet
from api.desk.desk import Desk
from api.desk.disruption import Notice
from api.reading.health import faults_of
from api.service.exchange import FolderExchange, RedisExchange
from api.service.packed import PackedError, pack, unpack
from api.service.published_view import FORM, Packing, Unpacking
from api.service.publisher import Publisher
from api.service.reader import Reader
from api.service.view import ServiceView
from benchmarks.field.city import City
from benchmarks.field.in_process import InProcess
from benchmarks.field.messages import StopUpdate, TripUpdate, alert, bus, cancelled, skipped, update
from feeds.history.accuracy_sums import CALLS, GroupSums, Recent, WorseLine
from predictor.accuracy.tally import BUCKETS, SUMS
from predictor.overlaid_timetable import OverlaidTimetable

_ASKED = (
    "/v1/stops/{stop}/departures?arrivals=true", "/v1/stops/{stop}/board", "/stops/{stop}", "/v1/routes/r1",
    "/v1/trips/t1", "/v1/trips/extra", "/trips/extra", "/v1/vehicles", "/gtfs-rt/trip-updates",
    "/gtfs-rt/vehicle-positions", "/gtfs-rt/alerts", "/v1/stops?q=stop+{stop}", "/readyz", "/alerts",
    "/siri/2.0/stop-monitoring.json?MonitoringRef={stop}",
)  # fmt: skip


def extra(*stops: str) -> TripUpdate:
    calls = (StopUpdate(stop, arrival=f"08:1{k}", departure=f"08:1{k}") for k, stop in enumerate(stops))
    return update("extra", *calls, relationship="NEW", route_id="r1", start_date=20261126)


@pytest.fixture(scope="module")
def city() -> City:
    """A bus on its way, a trip added, one cancelled, a stop skipped, two messages, a line that was predicted badly."""
    city = City(at="07:55").trip_updates(
        extra("A", "C", "D"), cancelled("t2", start_date=20261126), update("t3", skipped("B"), start_date=20261126)
    )
    city.vehicle_positions(bus("v1", "t1", "B")).alerts(alert("Works", {"route_id": "r1"})).at("08:01")
    city.get("/v1/disruptions")
    desk = Desk(city.service)
    desk.disruptions.publish(Notice(header={"en": "Detour"}, routes=("r1",), starts_at=city.now), city.now)
    sums = GroupSums(
        "r1", 0, np.arange(1.0, BUCKETS * len(SUMS) + 1).reshape(BUCKETS, -1), np.arange(1.0, len(CALLS) + 1)
    )
    accuracy = Recent((sums,), (WorseLine("r1", 0.52, 0.91),))
    city.service.view = replace(city.service.view, accuracy=accuracy)
    return city


@contextmanager
def elsewhere(city: City, folder: Path) -> Iterator[tuple[Publisher, Reader]]:
    publisher, reader = Publisher(city.service, FolderExchange(folder)), Reader(FolderExchange(folder))
    publisher.start()
    reader.start()
    try:
        assert reader.wait(60.0)
        reader.clock = city.clock
        yield publisher, reader
    finally:
        publisher.stop()
        reader.stop()


def test_readers_elsewhere_see_what_the_engine_shows_on_every_face(city: City, tmp_path: Path) -> None:
    assert isinstance(city.service.timetable, OverlaidTimetable)
    with elsewhere(city, tmp_path) as (_, reader):
        there = InProcess(create_app(reader), **{"Accept-Language": "en"})
        for address in (asked.format(stop=stop) for asked in _ASKED for stop in "BC"):
            path, _, query = address.partition("?")
            answers = city.get(path, **dict(parse_qsl(query))), there.get(address)
            assert answers[0].content == answers[1].content, address
            assert answers[0].headers.get("etag") == answers[1].headers.get("etag")
        told = [
            re.findall(r"^prochain_accuracy_.+$", face("/metrics").text, re.MULTILINE) for face in (city.get, there.get)
        ]
        assert told[0] == told[1]
        assert 'prochain_accuracy_worse{route_id="r1"} 1.0' in told[1]
        assert len(told[1]) >= 5


def test_nothing_of_a_view_is_lost_on_the_way(city: City) -> None:
    packing = Packing(city.clock, 5.0)
    packed = packing.packed(city.service.view, "1")
    unpacking = Unpacking(lambda _: packing.timetable.packed)
    view = unpacking.view(packed).view
    _same(city.service.view, view, "view")
    # What stays the same is the very same, so that what was made of it is not made again.
    again = unpacking.view(packing.packed(city.service.view, "2")).view
    assert again.timetable is view.timetable
    assert again.alerts[0] is view.alerts[0]
    with pytest.raises(ValueError, match="read-only"):
        view.snapshot.predictions.arrival[0] = 0.0


def _same(here: Any, there: Any, name: str) -> None:
    if isinstance(here, np.ndarray):
        assert (here.dtype, here.shape) == (there.dtype, there.shape), name
        assert np.array_equal(here, there, equal_nan=here.dtype.kind == "f"), name
    elif is_dataclass(here):
        assert type(here) is type(there), name
        for field in fields(here):
            if not field.name.startswith("_"):
                _same(getattr(here, field.name), getattr(there, field.name), f"{name}.{field.name}")
    elif isinstance(here, tuple):
        assert len(here) == len(there), name
        for k, (one, other) in enumerate(zip(here, there, strict=True)):
            _same(one, other, f"{name}[{k}]")
    elif isinstance(here, dict):
        assert here.keys() == there.keys(), name
        for key, value in here.items():
            _same(value, there[key], f"{name}[{key}]")
    elif isinstance(here, int | float | str | None):
        assert here == there or (here != here and there != there), name
    else:
        assert type(here) is type(there), name


@pytest.mark.parametrize("cut", [0, 5, 30, 1000, -1])
def test_a_part_of_a_view_is_refused(city: City, cut: int) -> None:
    with pytest.raises(PackedError):
        unpack(Packing(city.clock, 5.0).packed(city.service.view, "1")[:cut])


def test_a_damaged_view_and_one_of_another_version_leave_the_last_one(city: City, tmp_path: Path) -> None:
    with elsewhere(city, tmp_path) as (publisher, reader):
        publisher.stop()
        before, exchange, brought = reader.view, FolderExchange(tmp_path), list[ServiceView]()
        reader.on_view.append(lambda: brought.append(reader.view))
        good = Packing(city.clock, 5.0).packed(city.service.view, "1")
        for bad, said in (
            (good[:-9] + b"damaged!!", "damaged"), (pack({"form": "other"}, {}), "another version"), (b"", "too short"),
            (pack({"form": FORM}, {}), "KeyError"),
        ):  # fmt: skip
            exchange.publish("bad", bad or b"x")
            _until(lambda said=said: any(said in str(fault.figures.get("error")) for fault in faults_of(reader)))
            assert reader.view is before
        exchange.publish("good", good)
        _until(lambda: brought == [reader.view] != [before])
        assert [fault.code for fault in faults_of(reader)] == [fault.code for fault in faults_of(city.service)]


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells nobody what is mapped")
def test_nobody_waits_for_the_system_to_free_a_view_that_is_given_up(tmp_path: Path) -> None:
    exchange = FolderExchange(tmp_path)
    assert exchange.view() is None
    exchange.publish("1", b"a view")
    view = exchange.view()
    assert view == b"a view"
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()


def test_an_engine_started_anew_takes_no_live_times_away_before_its_feeds_have_answered(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = city.service.view
    monkeypatch.setattr("api.service.publisher._TRIED_AGAIN_S", 0.05)
    silent = {name: replace(health, good_at=math.nan, error="") for name, health in good.feeds.items()}
    with elsewhere(city, tmp_path) as (publisher, reader):
        publisher.stop()
        before = reader.view
        monkeypatch.setattr(city.service, "view", replace(good, feeds=silent))
        anew = Publisher(city.service, FolderExchange(tmp_path))
        anew.start()
        time.sleep(0.3)
        assert reader.view is before
        monkeypatch.setattr(city.service, "view", replace(good, feeds={**good.feeds}))
        _until(lambda: reader.view is not before)
        anew.stop()


def answered_before_the_first_view(reader: Reader, accept: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(NotYet(reader)), base_url="http://town") as client:
            return await client.get("/stops/A", headers={"Accept": accept, "Accept-Language": "fr"})

    return asyncio.run(ask())


def test_before_the_first_view_all_are_told_to_come_again_and_why() -> None:
    reader = Reader(RedisExchange("redis://:wrong@127.0.0.1:1", "nobody"))
    page, answer = (answered_before_the_first_view(reader, accept) for accept in ("text/html", "application/json"))
    for told in (page, answer):
        assert (told.status_code, told.headers["retry-after"]) == (503, "5")
    assert "Réessayez dans 5" in page.text
    assert answer.json()["type"] == "urn:prochain:no-view-yet"
    assert "the engine has published nothing yet" in answer.json()["detail"]
    reader.start()
    _until(lambda: reader.behind)
    said = answered_before_the_first_view(reader, "application/json").json()["detail"]
    reader.stop()
    assert "redis://127.0.0.1:1: " in said
    assert "refused" in said
    assert [fault for fault, _ in reader.behind] == ["exchange_gone"], "of the engine nobody knows"


def _until(true: Any) -> None:
    give_up_at = time.monotonic() + 60.0
    while not true():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
