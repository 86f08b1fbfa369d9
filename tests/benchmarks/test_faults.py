"""The quick ones of what may go wrong, and that a lie is caught where one is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.scenario import Scenario, played, scenarios
from benchmarks.faults.stage import Stage, WatchedCity
from benchmarks.faults.table import BEGIN, END, described, rows_of
from benchmarks.faults.town import TOWN, fleet
from benchmarks.field.faces import Row
from benchmarks.field.messages import cancelled

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
ALL = scenarios()


@pytest.mark.parametrize("found", [found for found in ALL if found.quick], ids=lambda found: found.name)
def test_what_must_be_seen_is_seen(found: Scenario) -> None:
    verdict = played(found)
    assert verdict.holds, verdict.wrong


def test_the_page_has_a_verdict_on_every_scenario_as_it_is_declared() -> None:
    table = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    rows = rows_of(table)
    assert set(rows) - {"scenario", "---"} == {found.name for found in ALL}
    for found in ALL:
        assert rows[found.name].startswith(described(found)), found.name
        assert "**fails**" not in rows[found.name], found.name


def test_a_scenario_that_sees_something_else_fails_whatever_it_raises() -> None:
    def sees(stage: Stage) -> None:
        raise AssertionError("another thing")

    def breaks(stage: Stage) -> None:
        raise KeyError("board")

    assert played(Scenario("", "feeds", "", "", sees)).wrong == "another thing"
    assert "KeyError" in played(Scenario("", "feeds", "", "", breaks)).wrong
    assert played(Scenario("", "feeds", "", "", lambda stage: None)).holds


# Planted lies


def town() -> WatchedCity:
    city = WatchedCity(TOWN, at="08:09")
    city.vehicle_positions(*fleet()).at("08:12", every_s=60.0)
    city.look()
    return city


@pytest.fixture(scope="module")
def _of_all() -> WatchedCity:
    return town()


@pytest.fixture
def city(_of_all: WatchedCity) -> Iterator[WatchedCity]:
    """A town that is only asked: whatever a test has it say, or hear, is of that test alone."""
    before = dict(vars(_of_all))
    yield _of_all
    vars(_of_all).clear()
    vars(_of_all).update(before)


def lying(city: WatchedCity, face: str, change: Callable[[Any], Any]) -> None:
    """Let a face say something else."""
    tells = getattr(city, face)
    setattr(city, face, lambda *asked, **more: change(tells(*asked, **more)))


def changed(row: Row, **told: Any) -> Row:
    own = {name: told.pop(name) for name in ("status", "at", "clock", "minutes", "stop") if name in told}
    return replace(row, told=row.told | told if told else row.told, **own)


def each(change: Callable[[Row], Row]) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [change(row) for row in rows]


def a_minute_later(row: Row) -> Row:
    return changed(row, at=(row.at or 0.0) + 60.0, minutes=None if row.minutes is None else row.minutes + 1)


OLD = each(lambda row: changed(row, data_age_s=301))
PAST = each(lambda row: changed(row, at=1.0))
LATER = each(a_minute_later)
NOT_LIVE = each(lambda row: changed(row, status="scheduled"))


def twice(rows: list[Row]) -> list[Row]:
    return rows[:1] + rows


def without_the_last(rows: list[Any]) -> list[Any]:
    return rows[:-1]


def nothing(rows: list[Any]) -> list[Any]:
    return []


@pytest.mark.parametrize(
    ("face", "change", "words"),
    [
        ("departures", OLD, "301 s old"),
        ("departures", PAST, "its time has passed"),
        ("departures", twice, "stands 2 times"),
        ("departures", nothing, "not a word of later"),
        ("departures", without_the_last, "not a word of later"),
        ("our_trip_updates", twice, "stands 2 times"),
    ],
)
def test_a_lie_of_one_face_is_caught(face: str, change: Callable[[Any], Any], words: str, city: WatchedCity) -> None:
    lying(city, face, change)
    assert any(words in lie for lie in city.rule.lies()), city.rule.lies()


@pytest.mark.parametrize("face", ["departures", "panel", "screen", "stop_page", "trip", "trip_page", "line_page"])
@pytest.mark.parametrize("change", [LATER, NOT_LIVE, nothing], ids=["later", "not live", "nothing"])
def test_a_face_that_says_something_else_is_caught(face: str, change: Callable[[Any], Any], city: WatchedCity) -> None:
    lying(city, face, change)
    assert any(city.rule.contradictions(stop) for stop in "ABDFH")


def test_a_feed_of_ours_that_leaves_a_bus_out_or_tells_an_old_report_is_caught(
    city: WatchedCity,
) -> None:
    old = deepcopy(city.our_trip_updates())
    lying(city, "our_trip_updates", nothing)
    assert any("TripUpdates" in lie for lie in city.rule.contradictions("D"))
    for told in old:
        told.message.timestamp -= 400
    lying(city, "our_trip_updates", lambda _: old)
    assert any("from a report" in lie for lie in city.rule.lies())


def test_a_cancelled_bus_that_is_live_is_caught(city: WatchedCity) -> None:
    # The service has not heard of it.
    city._updates = [cancelled("t4", start_date=20261126)]
    assert any("cancelled" in lie for lie in city.rule.lies())


def test_a_bus_that_has_left_is_caught_where_it_is_live(city: WatchedCity) -> None:
    rows = {stop: city.departures(stop, limit=100) for stop in city.rule.stops}
    at_d = next(row for row in rows["E"] if row.run == "t1")
    city._buses = [replace(bus, late_s=-600.0) for bus in city.buses]
    assert any("left" in lie and "t1" in lie for lie in city.rule.lies()), at_d


def test_a_city_with_a_lie_stops_the_scenario() -> None:
    def play(stage: Stage) -> None:
        city = stage.city(TOWN, at="08:09")
        city.vehicle_positions(*fleet()).at("08:12", every_s=60.0)
        lying(city, "departures", twice)

    verdict = played(Scenario("", "feeds", "", "", play))
    assert "stands 2 times" in verdict.wrong


def test_a_stage_closes_what_it_opened() -> None:
    with ExitStack() as held:
        server = Stage(Path(), held).server()
    assert server._server.socket.fileno() == -1
