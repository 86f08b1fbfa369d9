"""Realtime feeds that say nothing, too much, or the wrong thing."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from google.transit import gtfs_realtime_pb2

from benchmarks.faults import feed_server
from benchmarks.faults.feed_server import Answer, FeedServer
from benchmarks.faults.scenario import scenario
from benchmarks.faults.stage import Stage, WatchedCity, expect, expect_told, expect_well
from benchmarks.faults.town import TOWN, fleet, frozen, running
from benchmarks.field.messages import StopUpdate, alert, cancelled, update
from benchmarks.field.network import seconds

VERSION = "2.0"
LAST = (1 << 64) - 1
"""The last time that a message can name."""


def served(stage: Stage) -> tuple[FeedServer, WatchedCity]:
    """The running town, its buses told over HTTP."""
    server = stage.server()
    city = stage.fed_city(server, TOWN, at="08:04")
    city.vehicle_positions(*fleet()).at("08:10")
    assert len(city.live) > 5, f"only {city.live} is live to begin with"
    return server, city


def lasts(stage: Stage, answer: Answer, words: str = "", *, step_s: float = 60.0) -> None:
    """A server that answers so from now on: what was heard stays live for a minute, the cause is told, and all is well
    once the server is."""
    server, city = served(stage)
    server.answer = answer
    city.rule.honest = False
    city.at(city.now + 40)
    assert city.live, "what was heard 40 s ago is gone"
    city.at("08:13", every_s=step_s)
    expect_told(city, "feed_error", words)
    expect(city.live, [], "live three minutes after the last report")
    server.answer = feed_server.whole
    city.at("08:22", every_s=step_s)
    assert city.live, "nothing is live once the feed is good again"
    expect_well(city)


def answered(
    name: str, done: str, seen: str, answer: Answer, words: str = "", *, step_s: float = 60.0, quick: bool = False
) -> None:
    """Declare the scenario of a server that answers so. Parameters: those of `scenario` and `lasts`."""
    scenario(done, seen, quick=quick, name=name)(lambda stage: lasts(stage, answer, words, step_s=step_s))


@contextmanager
def small_memory() -> Iterator[None]:
    """Fail where much memory is taken meanwhile."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250e6, f"{peak / 1e6:.0f} MB"


# Silent, old, ahead


@scenario(
    "the same message, header and all, is answered for 20 minutes",
    "after two minutes without a word, twice its usual time, “live times have stopped”, and nothing is live; live "
    "again with the next message",
)
def a_frozen_feed(stage: Stage) -> None:
    city = running(stage)
    city.rule.honest = False
    city.vehicle_positions(_bytes(city, fleet()))
    # It spoke once a minute: two without a word are not yet long.
    city.at("08:17")
    assert city.json("/v1/stops/D/departures")["feed_stopped"], "nothing says that the feed has stopped"
    expect_told(city, "feed_stopped")
    expect(city.live, [], "live three minutes after the last report")
    city.at("08:20")
    city.vehicle_positions(*fleet()).at("08:22")
    assert city.live, "nothing is live once the feed moves on"


@scenario(
    "headers move on, reports and positions are the same as before, all with their old time",
    "nothing live after the limit of 5 minutes; the operator is told",
)
def frozen_reports_under_a_moving_header(stage: Stage) -> None:
    city = running(stage)
    city.rule.honest = False
    city.vehicle_positions(*frozen(fleet(), city, timestamp="08:14")).at("08:20")
    expect(city.live, [], "live six minutes after the last report")
    assert "fleet_stands" in city.faults or "feed_stopped" in city.faults, city.readyz()["detail"]


@scenario(
    "reports are without any time, the header moves, positions stand still",
    "nothing live after the limit, though each message is new",
)
def undated_reports_that_stand_still(stage: Stage) -> None:
    city = running(stage)
    city.rule.honest = False
    standing = frozen(fleet(), city)
    for k in range(14):
        city.vehicle_positions(_without_times(_bytes(city, standing)), at=city.now + 30.0 * min(k, 1))
    expect(city.live, [], "live seven minutes after the last movement")
    expect_told(city, "fleet_stands")


@scenario(
    "reports are without any time, the header moves, and so do the buses", "live as ever: the header's time is theirs"
)
def undated_reports_that_move(stage: Stage) -> None:
    city = running(stage)
    before = len(city.live)
    for _ in city.turns(6):
        city.vehicle_positions(_without_times(_bytes(city, fleet())))
    assert len(city.live) > before // 2, f"{len(city.live)} live, {before} before"


@scenario("every report is 4 minutes old when it comes", "live still, with its age told")
def a_feed_four_minutes_late(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10", honest=False)
    for _ in city.turns(12):
        city.vehicle_positions(_bytes(city, fleet(), shift_s=-240))
    ages = [row.told["data_age_s"] for row in city.departures("F") if row.status == "live"]
    assert ages, "nothing is live"
    assert min(ages) >= 240, f"ages told: {ages}"


@scenario("every report is 10 minutes old when it comes", "nothing live; the operator is told how old")
def a_feed_ten_minutes_late(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:14", honest=False)
    for _ in city.turns(6):
        city.vehicle_positions(_bytes(city, fleet(), shift_s=-600))
    expect(city.live, [], "live")
    expect_told(city, "reports_old", "10 min")


@scenario("the operator's clock is 45 s ahead", "live as ever, corrected; the operator is told by how much")
def a_feed_45_seconds_ahead(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10", honest=False)
    for _ in city.turns(8):
        city.vehicle_positions(_bytes(city, fleet(), stamp_s=45))
    assert len(city.live) > 10, city.live
    expect_told(city, "clock_fast", "45 s")


@scenario("the operator's clock is an hour ahead", "nothing live; the operator is told", quick=False)
def a_feed_an_hour_ahead(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10", honest=False)
    for _ in city.turns(6):
        city.vehicle_positions(_bytes(city, fleet(), stamp_s=3600))
    expect(city.live, [], "live")
    assert {"clocks_far_ahead", "feed_error"} & set(city.faults), city.readyz()["detail"]


@scenario("buses send local time as if it were UTC", "live as ever, corrected; the operator is told by how much")
def buses_dated_in_local_time(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10", honest=False)

    def by_local_time(report: Any) -> None:
        report.timestamp += 3600

    for _ in city.turns(8):
        city.vehicle_positions(_changed(_bytes(city, fleet()), by_local_time))
    assert len(city.live) > 10, city.live
    expect_told(city, "clock_fast", "3600 s")


@scenario("times are counted in milliseconds", "live as ever")
def times_in_milliseconds(stage: Stage) -> None:
    city = running(stage)

    def in_milliseconds(report: Any) -> None:
        report.timestamp *= 1000

    for _ in city.turns(4):
        city.vehicle_positions(_changed(_bytes(city, fleet()), in_milliseconds))
    assert len(city.live) > 10, city.live
    expect_well(city)


@scenario(
    "times of reports are 1, 2^64−1, and one of ten years ahead",
    "what nobody can mean is no time: live by the message's; the vehicle of ten years ahead is not",
)
def times_from_nowhere(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10", honest=False)
    times = {"v2": 1, "v3": int(city.posix("08:10")) + 315_360_000, "v4": LAST}

    def anywhen(report: Any) -> None:
        report.timestamp = times.get(report.vehicle.id, report.timestamp)

    for _ in city.turns(4):
        city.vehicle_positions(_changed(_bytes(city, fleet()), anywhen))
    live = {row.told["vehicle_id"] for row in city.departures("H", arrivals=True) if row.status == "live"}
    expect(live, {"v1", "v2", "v4", "v5", "v6"}, "live vehicles")


@scenario(
    "each second answer is the message of two minutes ago, as from a cache behind the server",
    "no bus goes back: what has passed stays passed, and live times do not jump",
)
def a_feed_that_jumps_back(stage: Stage) -> None:
    city = running(stage)
    old: list[bytes] = []
    passed: set[str] = set()
    for k in city.turns(16, 15):
        old.append(_bytes(city, fleet()))
        city.vehicle_positions(old[-9] if k % 2 and len(old) > 8 else old[-1])
        now = {f"{row.stop}" for row in city.trip("t1") if row.status == "passed"}
        assert passed <= now, f"{passed - now} had been passed"
        passed = now


@scenario("messages come in the wrong order, each a minute or two late", "no bus goes back, all stay live", quick=False)
def reordered_messages(stage: Stage) -> None:
    city = running(stage)
    waiting: list[bytes] = []
    for k in city.turns(12, 15):
        waiting.append(_bytes(city, fleet()))
        city.vehicle_positions(waiting.pop((k * 5) % len(waiting)) if k > 3 else waiting[-1])
    assert len(city.live) > 10, city.live


@scenario(
    "the feed is empty at the busiest hour: a good message without a vehicle",
    "within the limit the timetable alone; nothing is live",
)
def an_empty_feed(stage: Stage) -> None:
    city = running(stage)
    city.vehicle_positions().at("08:20")
    expect(city.live, [], "live")
    assert city.faults, "nothing tells the operator that no vehicle reports"


# What comes over HTTP


@scenario("the server refuses connections", "live for a minute, then the timetable; the cause is told")
def a_server_that_is_down(stage: Stage) -> None:
    server, city = served(stage)
    city.rule.honest = False
    server._server.shutdown()
    server._server.server_close()
    city.at("08:13", every_s=60)
    expect_told(city, "feed_error")
    expect(city.live, [], "live three minutes after the last report")


answered(
    "a server that hangs", "the server takes the question and never answers",
    "as when it is down, and no step waits for it", feed_server.silent, step_s=120.0,
)  # fmt: skip
answered(
    "a slow drip", "the answer comes a byte at a time", "one deadline over the whole answer; the cause is told",
    feed_server.drips, "too slow", step_s=120.0,
)  # fmt: skip
answered(
    "dripping headers", "headers come one by one without end", "one deadline over headers too",
    feed_server.drips_headers, step_s=120.0,
)  # fmt: skip


@scenario("a body without end, as fast as it is taken", "refused at 50 MB, told; memory stays small", quick=False)
def an_endless_answer(stage: Stage) -> None:
    with small_memory():
        lasts(stage, feed_server.endless, "at most 50 MB", step_s=180.0)


@scenario("200 KB that unpack to 200 MB", "refused, told; memory stays small", quick=False)
def a_gzip_bomb(stage: Stage) -> None:
    with small_memory():
        lasts(stage, feed_server.gzip_bomb(200), step_s=180.0)


answered(
    "a truncated answer", "half of what was announced, then the end", "the last good message stands, the cause is told",
    feed_server.cut_short, quick=True,
)  # fmt: skip
answered(
    "a torn connection", "the connection is torn in the middle", "the last good message stands, the cause is told",
    feed_server.reset,
)  # fmt: skip
answered(
    "half a message", "half a message with the length of half a message", "refused as cut short, never read in part",
    feed_server.changed(lambda data: data[: len(data) * 2 // 3]), "cut short",
)  # fmt: skip
answered(
    "a web page for a feed", "a page of the provider's in place of the feed, with 200", "told as HTML",
    feed_server.body(b"<!DOCTYPE html><title>Maintenance</title>" + b" " * 300), "HTML", quick=True,
)  # fmt: skip
answered(
    "json for a feed", "JSON that is no message in place of the feed", "told as JSON",
    feed_server.body(b'{"statusCode": 401, "message": "Access denied"}'), "JSON",
)  # fmt: skip
answered("an answer of no bytes", "an answer of no bytes with 200", "told as empty", feed_server.body(b""), "0 bytes")
answered(
    "random bytes", "random bytes", "told as no message",
    feed_server.body(bytes((k * k * 31 + 7) % 251 for k in range(5000))),
)  # fmt: skip
answered(
    "gzip that is none", "marked as gzip, and is not", "refused or read, never a crash; the cause is told",
    feed_server.body(b"no gzip at all" * 50, Content_Encoding="gzip"), "gzip",
)  # fmt: skip
answered(
    "half a gzip", "gzip that is cut in the middle", "refused, told",
    feed_server.changed(lambda data: gzip.compress(data)[:100], Content_Encoding="gzip"),
)  # fmt: skip


@scenario("the answers are 500 and good in turn", "live as ever", quick=False)
def a_server_that_flaps(stage: Stage) -> None:
    server, city = served(stage)
    server.answer = feed_server.in_turn(feed_server.status(500), feed_server.whole)
    city.at("08:20")
    assert len(city.live) > 10, city.live


@scenario("500 for minutes", "told; asked less and less often, good again at once when it is", quick=False)
def a_broken_server(stage: Stage) -> None:
    server, city = served(stage)
    city.rule.honest = False
    before = len(server.requests)
    server.answer = feed_server.status(500)
    city.at("08:18", every_s=10)
    asked = len(server.requests) - before
    assert asked <= 12, f"asked {asked} times in eight minutes"
    expect_told(city, "feed_error", "500")


@scenario("429 with Retry-After: 120", "left alone for two minutes, by all tries of all polls")
def a_server_that_asks_for_patience(stage: Stage) -> None:
    server, city = served(stage)
    city.rule.honest = False
    server.answer = feed_server.status(429, Retry_After="120")
    before = len(server.requests)
    city.at(city.now + 110, every_s=10)
    expect(len(server.requests) - before, 1, "requests within the two minutes")
    server.answer = feed_server.whole
    city.at(city.now + 60, every_s=10)
    assert city.live, "nothing is live afterwards"


@scenario("503 with Retry-After as a date three minutes on", "left alone until then", quick=False)
def a_server_that_names_a_time(stage: Stage) -> None:
    server, city = served(stage)
    city.rule.honest = False
    server.answer = feed_server.status(503, Retry_After=formatdate(time.time() + 180, usegmt=True))
    before = len(server.requests)
    city.at(city.now + 100, every_s=10)
    asked = len(server.requests) - before
    assert asked <= 2, f"asked {asked} times in 100 s"


@scenario("429 with Retry-After of a thousand years", "asked again within the hour", quick=False)
def patience_for_a_thousand_years(stage: Stage) -> None:
    server, city = served(stage)
    city.rule.honest = False
    server.answer = feed_server.status(429, Retry_After="31536000000")
    city.step()
    server.answer = feed_server.whole
    before = len(server.requests)
    city.at("09:20", every_s=600)
    assert len(server.requests) > before, "never asked again"


answered(
    "a key that ran out", "401, as when a key has run out", "told, with what to do", feed_server.status(401), "API key",
)  # fmt: skip
answered("an address that moved", "404", "told, with what to do", feed_server.status(404), "check the address")


@scenario(
    "304 for ever, the content unchanged", "the feed has stopped by its own header, and nothing is live", quick=False
)
def not_modified_for_ever(stage: Stage) -> None:
    server, city = served(stage)
    city.rule.honest = False
    server.answer = feed_server.status(304)
    city.at("08:16")
    expect(city.live, [], "live six minutes after the last report")
    expect_told(city, "feed_stopped")


@scenario("a redirect to another host, with a key in the headers", "the key goes to no other host", quick=False)
def a_redirect_to_another_host(stage: Stage) -> None:
    server, other = stage.server(), stage.held.enter_context(FeedServer("localhost"))
    source = server.source("vehicle_positions", headers={"X-Api-Key": "secret", "Authorization": "Bearer secret"})
    other.said = server.said
    server.answer = feed_server.redirect(other.url())
    city = stage.city(TOWN, at="08:04", sources={"vehicle_positions": source})
    city.vehicle_positions(*fleet()).at("08:10", every_s=60)
    assert city.live, "redirects are not followed"
    leaked = [name for request in other.requests for name, value in request.items() if "secret" in value]
    expect(leaked, [], "headers that the other host was told")
    assert any("secret" in value for value in server.requests[0].values()), "the key was not sent at all"


@scenario("redirects in a circle", "given up, told", quick=False)
def a_redirect_in_a_circle(stage: Stage) -> None:
    server, city = served(stage)
    server.answer = feed_server.redirect(server.url())
    city.rule.honest = False
    city.at("08:12", every_s=60)
    expect_told(city, "feed_error")


answered(
    "a redirect to a file", "a redirect to a file of this machine", "not followed, told",
    feed_server.redirect("file:///etc/passwd"),
)  # fmt: skip


# What messages say


@scenario("200,001 entities of three bytes", "refused before they are made; the last good message stands")
def entities_by_the_million(stage: Stage) -> None:
    city = running(stage)
    city.rule.honest = False
    before = len(city.live)
    city.vehicle_positions(b"\x0a\x05\x0a\x03" + VERSION.encode() + b"\x12\x03\x0a\x01x" * 200_001)
    expect_told(city, "feed_error", "entities")
    expect(len(city.live), before, "live")


@scenario("a DIFFERENTIAL message", "refused, told")
def a_differential_feed(stage: Stage) -> None:
    city = running(stage)
    message = _message(_bytes(city, fleet()))
    message.header.incrementality = gtfs_realtime_pb2.FeedHeader.DIFFERENTIAL
    city.rule.honest = False
    city.vehicle_positions(message.SerializeToString())
    expect_told(city, "feed_error", "DIFFERENTIAL")


@scenario("a header of 60, 91 and 123 bytes, the numbers of `<`, `[` and `{`", "read as the message it is")
def headers_that_look_like_text(stage: Stage) -> None:
    city = running(stage)
    for length in (60, 91, 123):
        city.clock.at += 30
        message = _message(_bytes(city, fleet()))
        message.header.feed_version = "x"
        message.header.feed_version = "x" * (1 + length - message.header.ByteSize())
        expect(message.header.ByteSize(), length, "bytes of the header")
        city.vehicle_positions(message.SerializeToString())
    assert len(city.live) > 10, city.live
    expect_well(city)


@scenario("texts that are no UTF-8", "the vehicles are live all the same, pages can be read")
def texts_that_are_no_utf_8(stage: Stage) -> None:
    city = running(stage)
    data = _bytes(city, [replace(report, fields={"label": f"Ligne-{k}-EEE"}) for k, report in enumerate(fleet())])
    city.clock.at += 1
    city.vehicle_positions(data.replace(b"EEE", b"\xe9\xe8\xff"))
    assert len(city.live) > 10, city.live
    expect(city.page("/stops/D").body is not None, True, "a page")


@scenario("positions of NaN, infinity, 1e30 and (0, 0)", "those vehicles are left out, the others live")
def positions_from_nowhere(stage: Stage) -> None:
    city = running(stage)
    places = [(float("nan"), 0.7), (float("inf"), 0.7), (1e30, -1e30), (0.0, 0.0)]
    for _ in city.turns(4):
        message = _message(_bytes(city, fleet()))
        for k, (lat, lon) in enumerate(places):
            odd = message.entity.add(id=f"odd{k}").vehicle
            odd.CopyFrom(message.entity[k % 3].vehicle)
            odd.vehicle.id = f"odd{k}"
            odd.position.latitude, odd.position.longitude = lat, lon
        city.vehicle_positions(message.SerializeToString())
    shown = {
        departure["vehicle_id"]
        for stop in "DEFGH"
        for departure in city.json(f"/v1/stops/{stop}/departures")["departures"]
    }
    expect({name for name in shown if name and name.startswith("odd")}, set(), "live from nowhere")
    assert len(city.live) > 10, city.live


@scenario(
    "the address of VehiclePositions serves Alerts, that of Alerts VehiclePositions",
    "each is read as what it is, live; the operator is told",
)
def feeds_swapped(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10", honest=False)
    for _ in city.turns(8):
        positions = _bytes(city, fleet())
        city.alerts(positions)
        city.vehicle_positions(city.writer.alerts([alert("Works", {"route_id": "r1"})], city.now))
    assert len(city.live) > 10, f"only {city.live} is live"
    assert "Works" in city.get("/stops/D").text, "the alert is not shown"
    expect_told(city, "feed_misplaced")


@scenario("every entity stands twice, under the same and under other ids", "each bus once, live")
def every_entity_twice(stage: Stage) -> None:
    city = running(stage)
    for _ in city.turns(4):
        message = _message(_bytes(city, fleet()))
        for k, entity in enumerate(list(message.entity)):
            message.entity.add().CopyFrom(entity)
            message.entity[-1].id = entity.id if k % 2 else f"again{k}"
        city.vehicle_positions(message.SerializeToString())
    expect(len(city.vehicles()), 6, "vehicles")


# Alerts and the operator's times


@scenario("the feed of alerts fails for two hours", "its alerts are dropped after an hour; the cause is told")
def alerts_of_a_dead_feed(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10")
    city.alerts(alert("Road works", {"route_id": "r1"}))
    expect(city.messages(route="r1")["line page"], ["Road works"], "messages")
    city.alerts(b"<html>down</html>").at("10:10", every_s=600)
    for face, heads in city.messages(route="r1").items():
        expect(heads, [], f"messages on {face} after two hours")


@scenario(
    "alerts that end in 9999, at 2^64−1, before they begin, or begin in the year 1",
    "lists stay whole, what is in force is shown",
)
def alerts_from_far_away(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10")
    spans = ((None, 253_402_300_799), (None, LAST), (0, 1), (1, None), (253_402_300_800, None))
    city.alerts(
        *(alert(f"Works {k}", {"route_id": "r1"}, active=(span,)) for k, span in enumerate(spans)),
        alert("Always", {"route_id": "r1"}),
    )
    city.json("/v1/disruptions")
    for face, heads in city.messages(route="r1").items():
        assert "Always" in heads, f"{face}: {heads}"
        assert "Works 0" in heads, f"{face}: {heads}"
        assert "Works 2" not in heads, f"{face}: {heads}"


@scenario(
    "TripUpdates end in the middle of the morning, with delays and a cancellation in them",
    "none of it is live after the limit, and after half an hour it is dropped",
)
def trip_updates_that_end(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10")
    city.trip_updates(
        update("later", StopUpdate("A", delay=600), start_date=20261126), cancelled("t6", start_date=20261126)
    )
    expect([str(row) for row in city.departures("A") if "later" in row.run], ["09:40 later live"], "the delay")
    city.trip_updates(b"")
    city.at("08:17", every_s=60)
    expect([row.status for row in city.departures("A") if "later" in row.run], ["scheduled"], "after seven minutes")
    city.at("08:42", every_s=60)
    expect([str(row) for row in city.departures("A") if "later" in row.run], ["09:30 later scheduled"], "afterwards")


@scenario("every trip is cancelled by the operator", "all stay on the board, struck out; nothing live")
def everything_is_cancelled(stage: Stage) -> None:
    city = running(stage)
    city.trip_updates(*(cancelled(trip.trip_id, start_date=20261126) for trip in TOWN.trips))
    city.at("08:16")
    expect(city.live, [], "live")
    assert {row.status for row in city.departures("H", arrivals=True)} == {"cancelled"}, city.board("H")


@scenario("TripUpdates with delays of ±10 days and of 2^31 seconds", "no time from far away; boards stay whole")
def delays_from_far_away(stage: Stage) -> None:
    city = running(stage)
    for delay in (864_000, -864_000, (1 << 31) - 1, -(1 << 31)):
        city.trip_updates(update("later", StopUpdate("A", delay=delay), start_date=20261126))
        city.at(city.now + 30)
        for row in city.departures("A"):
            assert row.at is None or row.at < city.now + 3 * seconds("24:00"), str(row)


def _goes_on_live(stage: Stage, change: Callable[[Any, int], None], steps: int = 8) -> WatchedCity:
    """Messages changed so from now on, each with its number: buses stay live, and nobody is told of a fault."""
    city = running(stage)
    for number in range(steps):
        message = _message(city.writer.vehicle_positions(fleet(), city.now))
        change(message, number)
        city.vehicle_positions(bytes(message.SerializeToString())).at(city.now + 30)
    assert len(city.live) > 10, f"only {city.live} is live"
    expect_well(city)
    return city


def changed(done: str, seen: str) -> Callable[[Callable[[Any, int], None]], None]:
    """Declare the scenario of messages that the function below changes (`_goes_on_live`), named as it is."""

    def declare(change: Callable[[Any, int], None]) -> None:
        def play(stage: Stage) -> None:
            _goes_on_live(stage, change)

        scenario(done, seen, quick=False, name=change.__name__.replace("_", " "))(play)

    return declare


@changed("messages without a time of their own, their reports dated", "live as ever")
def a_header_without_a_time(message: Any, _: int) -> None:
    message.header.ClearField("timestamp")


@changed("the header counts in milliseconds, its reports in seconds", "live as ever")
def a_header_in_milliseconds(message: Any, _: int) -> None:
    message.header.timestamp *= 1000


@changed("each message has the other half of the fleet", "all buses stay live")
def half_of_the_fleet_in_turn(message: Any, number: int) -> None:
    kept = list(message.entity)[number % 2 :: 2]
    del message.entity[:]
    message.entity.extend(kept)


@changed("vehicles have another id in each message", "each bus once on the board, live")
def ids_that_change(message: Any, number: int) -> None:
    for entity in message.entity:
        entity.vehicle.vehicle.id += f"-{number}"


@changed("vehicles have a label and no id", "live as ever")
def labels_alone(message: Any, _: int) -> None:
    for entity in message.entity:
        entity.vehicle.vehicle.label = entity.vehicle.vehicle.id
        entity.vehicle.vehicle.ClearField("id")


@changed("the day of each trip is written 2026-11-26", "live as ever")
def days_with_hyphens(message: Any, _: int) -> None:
    for entity in message.entity:
        entity.vehicle.trip.start_date = "2026-11-26"


@changed("speeds of NaN, bearings of 1e30, sequences of 2^32−1, stops that are control characters", "live as ever")
def numbers_from_nowhere(message: Any, _: int) -> None:
    for entity in message.entity:
        position = entity.vehicle.position
        position.speed, position.bearing, position.odometer = float("nan"), 1e30, -1e300
        entity.vehicle.current_stop_sequence, entity.vehicle.stop_id = (1 << 32) - 1, "\x00\x1b"


@scenario("ids and labels of 100,000 letters", "live as ever, answers stay small", quick=False)
def ids_without_end(stage: Stage) -> None:
    def lengthened(message: Any, _: int) -> None:
        for entity in message.entity:
            vehicle = entity.vehicle.vehicle
            entity.id, vehicle.id, vehicle.label = "x" * 99_999 + entity.id, "y" * 99_999 + vehicle.id, "z" * 100_000

    city = _goes_on_live(stage, lengthened, 3)
    assert len(city.get("/v1/vehicles").text) < 50_000, "answers grew"


@scenario("the message stands twice, one after the other, in one answer", "each bus once, live", quick=False)
def a_message_twice_over(stage: Stage) -> None:
    city = running(stage)
    for _ in range(4):
        data = city.writer.vehicle_positions(fleet(), city.now)
        city.vehicle_positions(data + data).at(city.now + 30)
    assert len(city.live) > 10, f"only {city.live} is live"
    expect(len(city.vehicles()), len(fleet()), "vehicles")


@scenario("all entities are marked as deleted", "nothing is live after the limit, told", quick=False)
def everything_deleted(stage: Stage) -> None:
    city = running(stage)
    city.rule.honest = False
    for _ in range(14):
        message = _message(city.writer.vehicle_positions(fleet(), city.now))
        for entity in message.entity:
            entity.is_deleted = True
        city.vehicle_positions(bytes(message.SerializeToString())).at(city.now + 30)
    expect(city.live, [], "live")
    expect_told(city, "no_vehicles")


@scenario("bytes of another thing follow the message", "told; live again with a whole one", quick=False)
def bytes_behind_the_message(stage: Stage) -> None:
    city = running(stage)
    for _ in range(4):
        city.vehicle_positions(city.writer.vehicle_positions(fleet(), city.now) + b"\x00\xff").at(city.now + 30)
    expect_told(city, "feed_error")
    city.vehicle_positions(*fleet()).at(city.now + 60)
    assert len(city.live) > 10, f"only {city.live} is live"


@scenario("a message of a megabyte to riders at a stop", "the page and the panel stay small, the bus live", quick=False)
def a_message_of_a_megabyte(stage: Stage) -> None:
    city = running(stage)
    city.alerts(alert("W" * 1_000_000, {"stop_id": "D"}, description="x " * 500_000)).at(city.now + 30)
    assert len(city.get("/stops/D").text) < 200_000, "the page grew"
    assert len(city.get("/v1/stops/D/board").text) < 200_000, "the panel grew"
    assert city.live, "nothing is live"


def _bytes(city: WatchedCity, buses: list[Any], *, shift_s: float = 0.0, stamp_s: float = 0.0) -> bytes:
    """What a feed says of the buses as they were `shift_s` from now, with clocks `stamp_s` ahead."""
    data = city.writer.vehicle_positions(buses, city.now + shift_s)
    if not stamp_s:
        return data

    def ahead(report: Any) -> None:
        report.timestamp += int(stamp_s)

    message = _message(_changed(data, ahead))
    message.header.timestamp += int(stamp_s)
    return bytes(message.SerializeToString())


def _message(data: bytes) -> Any:
    message = gtfs_realtime_pb2.FeedMessage()
    message.ParseFromString(data)
    return message


def _changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    """Each report changed."""
    message = _message(data)
    for entity in message.entity:
        change(entity.vehicle)
    return bytes(message.SerializeToString())


def _without_times(data: bytes) -> bytes:
    return _changed(data, lambda report: report.ClearField("timestamp"))
