"""Lines that cross a border of time zones: a rider reads the time that the clocks at the stop show."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from api.words.texts import texts_in
from api.words.times import TimeWords
from benchmarks.field.city import City
from benchmarks.field.faces import only, text
from benchmarks.field.messages import StopUpdate, update
from benchmarks.field.network import Network, Stop, Trip, network, row_of_stops

# mtransitapps/mtransit-for-android#320, bovine3dom/fahrtle#125, vingerha/gtfs2#107, benfl3713/DepartureBoard#292
ACROSS: Network = network(
    (
        *row_of_stops("A B"),
        Stop("S", 1200.0, location_type=1, timezone="Europe/London"),
        Stop("S1", 1200.0, parent="S", timezone="Europe/Paris"),
        Stop("D", 1800.0, timezone="europe/london"),
        Stop("E", 2400.0, timezone="Europe/Nowhere"),
    ),
    "A B S1 D E",
)
"""Times are those of the agency in Paris; in London it is an hour earlier. A platform is in its station's zone."""


@pytest.fixture(scope="module")
def city() -> City:
    return City(ACROSS, at="07:30").trip_updates(update("t1", StopUpdate("A", delay=120), start_date=20261126))


def test_a_stop_is_told_by_its_own_clocks_on_every_face(city: City) -> None:
    at = ACROSS.loaded.timetable.stop_timezone
    assert at.tolist() == ["", "", "Europe/London", "Europe/London", "Europe/London", ""]
    for stop, times in (("B", ["08:04", "09:02"]), ("S1", ["07:06", "08:04"]), ("S", ["07:06", "08:04"])):
        assert [row.told["time"] for row in city.panel(stop)[:2]] == times
        assert times[0] in text(city.page(f"/stops/{stop}")) and times[1] in text(city.page(f"/screen/{stop}"))
        assert times[1] in " ".join(city.panel_text(stop))
    assert [row.told["time"][11:] for row in city.departures("D")] == ["07:08:00+00:00", "08:06:00+00:00"]
    first = city.departures("D")[0].told
    assert first["arrival"]["scheduled"] == "2026-11-26T07:06:00+00:00" == first["scheduled_time"]
    assert city.departures("B")[0].told["time"][11:] == "08:04:00+01:00"
    assert text(city.page("/screen/S1").css_first("#clock")) == "06:30"
    assert only(city.page("/screen/S1"), "body").attributes["data-zone"] == "Europe/London"
    assert "at 06:30" in text(city.page("/stops/D")) and "at 07:30" in text(city.page("/stops/B"))


def test_a_trip_is_told_by_the_clocks_of_each_of_its_stops(city: City) -> None:
    assert [row.clock[:5] for row in city.trip_page("t1")] == ["08:02", "08:04", "07:06", "07:08", "08:10"]
    assert [row.told["scheduled_arrival"][11:19] for row in city.trip("t1")] == [
        "08:00:00", "08:02:00", "07:04:00", "07:06:00", "08:08:00",
    ]  # fmt: skip


def test_a_timetable_is_in_the_stops_own_time(city: City) -> None:
    assert [text(hour) for hour in city.page("/stops/D/timetable").css("th")][-2:] == ["07", "08"]
    assert "08:00 08:02 07:04 07:06 08:08" in text(city.page("/lines/r1/timetable"))


def test_a_time_zone_that_nobody_knows_is_told() -> None:
    assert any("stop_timezone" in problem.message and problem.entity_id for problem in ACROSS.loaded.problems)


def test_siri_tells_the_stops_own_time_and_understands_it(city: City) -> None:
    asked = {"MonitoringRef": "D", "StartTime": "2026-11-26T08:00:00"}
    answer = city.json("/siri/2.0/stop-monitoring.json", **asked)
    delivery = answer["Siri"]["ServiceDelivery"]["StopMonitoringDelivery"][0]
    calls = [visit["MonitoredVehicleJourney"]["MonitoredCall"] for visit in delivery["MonitoredStopVisit"]]
    assert [call["AimedDepartureTime"][11:] for call in calls] == ["08:06:00+00:00"]


@pytest.mark.parametrize(
    ("zone", "date", "language", "times", "narrow"),
    [
        ("Europe/Paris", 20261024, "fr", ["02:15 CEST", "02:15 CET"], ["1 02:15CEST", "1  02:15CET"]),
        ("America/New_York", 20261031, "en", ["1:15 AM EDT", "1:15 AM EST"], ["1  1:15aEDT", "1  1:15aEST"]),
    ],
)  # fmt: skip
def test_two_departures_at_one_time_of_a_night_of_25_hours_are_told_apart(
    zone: str, date: int, language: str, times: list[str], narrow: list[str]
) -> None:
    first = 26 if zone == "Europe/Paris" else 25
    trips = Trip("t1", f"{first}:15"), Trip("t2", f"{first + 1}:15")
    # The origin of a service day is noon less 12 hours: the clocks change in the night behind it.
    city = City(replace(network("A B C", trips=trips), zone=zone), at=f"{first - 1}:00", date=date)
    assert [row.told["shown"] for row in city.panel("A", lang=language)[:2]] == times
    assert city.panel_text("A", width=11, lines=2, lang=language) == narrow
    for path in ("/stops/A", "/screen/A"):
        shown = text(only(city.page(path, lang=language), "#board"))
        assert all(time.split()[-1] in shown for time in times), path


def test_the_clock_of_quebec_is_told_whole() -> None:
    clock = TimeWords(texts_in("fr"), ZoneInfo("America/Montreal"), 1772460120.0, "CA").at_clock(1772460120.0)
    assert (clock.value, clock.unit) == ("09\u00a0h\u00a002", "")
    city = City(replace(network("A B C"), zone="America/Toronto"), at="07:20")
    assert city.panel_text("A", width=9, lines=1, lang="fr") == ["1 E 08h00"]
