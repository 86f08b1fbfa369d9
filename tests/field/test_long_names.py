"""A name that is too long is shortened at words, as people shorten it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.answers.frame import templates
from api.words.abbreviations import Abbreviations, told_apart
from benchmarks.field.city import City
from benchmarks.field.faces import text
from benchmarks.field.messages import StopUpdate, alert, cancelled, skipped, update
from benchmarks.field.network import Pattern, Route, Stop, Trip, network, row_of_stops


@pytest.mark.parametrize(
    ("name", "room", "short"),
    [
        ("Gare", 10, "Gare"),
        ("Centre Hospitalier Universitaire Trousseau", 42, "Centre Hospitalier Universitaire Trousseau"),
        ("Centre Hospitalier Universitaire Trousseau", 30, "Centre Hosp. Univ. Trousseau"),
        ("Centre Hospitalier Universitaire Trousseau", 20, "Ctre Hosp. Univ.…"),
        ("Congress Heights+Barnaby", 22, "Congress Hts+Barnaby"),
        ("Place de la Liberté", 17, "Pl. de la Liberté"),
        ("Saint-Pierre-des-Corps Gare", 24, "St-Pierre-des-Corps Gare"),
        ("Donaudampfschifffahrtsgesellschaft", 10, "Donaudampfschifffahrtsgesellschaft"),
        ("North to Woodley Park", 18, "N to Woodley Park"),
    ],
)
def test_a_name_is_shortened_no_more_than_it_must_be(name: str, room: int, short: str) -> None:
    assert Abbreviations().shorten(name, room) == short


def test_stops_that_share_a_screen_are_named_in_whole_words() -> None:
    long = "Centre Hospitalier Universitaire Trousseau"
    first, *others = row_of_stops("A B C")
    city = City(network([replace(first, name=long), *others]), at="07:55")
    assert text(city.page("/screen/A").css_first("h1")) == long
    assert [text(name) for name in city.page("/screen/A,B").css("h2")] == ["Ctre Hosp. Univ. Trousseau", "Stop B"]


def test_the_operators_own_words_count_more() -> None:
    own = Abbreviations({"Woodley": "Wdly", "north": ""})
    assert own.shorten("North to Woodley Park", 20) == "North to Wdly Park"


def test_stops_whose_names_begin_alike_are_told_apart_on_a_screen() -> None:
    first, second, *others = row_of_stops("A B C")
    named = (
        replace(first, name="Gare de Lyon Part-Dieu Vivier Merle"),
        replace(second, name="Gare de Lyon Part-Dieu Villette"),
    )
    page = City(network([*named, *others]), at="07:55").page("/screen/A,B,C")
    assert [text(name) for name in page.css("h2")] == [*(stop.name for stop in named), "Stop C"]


@pytest.mark.parametrize(
    ("width", "lang", "shown"),
    [
        (8, "en", ["T12 H 3m", "T12 canc", "5  08:40"]),
        (8, "fr", ["T12 H 3'", "T12 supp", "5  08:40"]),
        (10, "en", ["T12 Hôp 3m", "T12  canc.", "5    08:40"]),
        (12, "en", ["T12 Hôp.  3m", "T12 Hô canc.", "5   Ha 08:40"]),
        (12, "fr", ["T12 Hôp.  3'", "T12 H suppr.", "5   Ha 08:40"]),
        (16, "en", ["T12 Hôp. T 3 min", "T12 Hôp. T canc.", "5   Halles 08:40"]),
        (24, "en", ["T12 Hôp. Trousseau 3 min", "T12 Hôp. Trous cancelled", "5   Halles         08:40"]),
    ],
)
def test_a_narrow_panel_shows_the_line_and_the_minutes_whole(width: int, lang: str, shown: list[str]) -> None:
    # Panels of 12 and 16 characters showed "tomorrow 05:", "1  cancelled".
    ways = Pattern("main", "A B C", headsign="Hôpital Trousseau"), Pattern("other", "B C", "r2", headsign="Halles")
    trips = Trip("t1", "08:00"), Trip("t2", "08:10"), Trip("t3", "08:40", "other")
    lines = Route("r1", "T12"), Route("r2", "5")
    city = City(network("A B C", ways, trips, routes=lines), at="07:50")
    city.trip_updates(update("t1", StopUpdate("B", delay=0)), cancelled("t2")).at("07:59", every_s=300)
    assert city.panel_text("B", width=width, lines=3, lang=lang) == shown


@pytest.mark.parametrize(
    ("width", "first"),
    [(24, "1 East    tomorrow 08:00"), (16, "1 East Fri 08:00"), (12, "1 East 08:00"), (8, "1  08:00")],
)
def test_a_narrow_panel_says_of_tomorrow_what_fits_and_leads_to_no_other_time(width: int, first: str) -> None:
    city = City(at="23:50")
    assert city.panel_text("A", width=width)[0] == first


def test_a_panel_too_narrow_for_a_later_days_time_names_the_line_and_the_day() -> None:
    city = City(network("A B C", routes=(Route("r1", "T12"),), trips=(Trip("t1", "08:00"),)), at="07:59:30")
    assert city.panel_text("A", width=12, lines=2)[1] == "T12 East Fri"
    assert city.panel_text("A", width=16, lines=2)[1] == "T12 E  Fri 08:00"


@pytest.mark.parametrize(
    ("width", "moved", "stays"),
    [
        (48, "1 East, Platform change: 9 instead of 7    4 min", "1 East, Platform 7                         09:02"),
        (24, "1 East, Platform 9 4 min", "1 East, Platform 7 09:02"),
        (12, "1 East 4 min", "1 East 09:02"),
    ],
)
def test_a_wide_panel_says_from_where_as_far_as_there_is_room(width: int, moved: str, stays: str) -> None:
    places = (
        Stop("A", 0.0), Stop("S", 600.0, location_type=1), Stop("S7", 600.0, parent="S", platform="7"),
        Stop("S9", 600.0, 20.0, parent="S", platform="9"), Stop("C", 1200.0),
    )  # fmt: skip
    city = City(network(places, "A S7 C"), at="07:58")
    city.trip_updates(update("t1", StopUpdate("S7", delay=0, assigned_stop="S9"), start_date=20261126))
    assert city.panel_text("S", width=width, lines=2) == [moved, stays]


@pytest.mark.parametrize(
    ("name", "room", "shown"),
    [
        ("RapidRide E", 11, "RapidRide E"), ("RapidRide E", 6, "Rapi.E"), ("RapidRide E", 5, "Rap.E"),
        ("Rapid", 4, "Rapi"), ("Linie 121", 6, "Li.121"), ("Linie 122", 3, "122"), ("Expressway", 7, "Exp.way"),
        ("Ringbahn", 4, "Ring"), ("Bx12", 3, "Bx1"), ("Bx12-SBS", 6, "Bx12-S"),
    ],
)  # fmt: skip
def test_lines_whose_long_names_begin_alike_are_told_apart_by_what_is_behind(name: str, room: int, shown: str) -> None:
    others = ["Bx12", "Bx12-SBS", "RapidRide E", "RapidRide F", "Rapid", "Linie 121", "Linie 122", "Express"]
    others += ["Expressway"]
    assert told_apart(name, others, room) == shown


def test_a_narrow_panel_tells_lines_of_long_names_apart() -> None:
    ways = Pattern("main", "A B C", headsign="Halles"), Pattern("other", "A B C", "r2", headsign="Mairie")
    lines = Route("r1", "RapidRide E"), Route("r2", "RapidRide F")
    city = City(network("A B C", ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "other")), routes=lines), at="07:50")
    assert city.panel_text("A", width=12, lines=2) == ["Rapi.E 08:00", "Rapi.F 08:10"]
    assert city.panel_text("A", width=24, lines=2) == ["Rapi.E Halles      08:00", "Rapi.F Mairie      08:10"]


def test_a_narrow_panel_tells_destinations_apart_that_begin_alike() -> None:  # mbta/screens#1482
    signs = "Needham Heights via Forest Hills", "Needham Heights via Ruggles"
    ways = tuple(Pattern(sign, "A B C", headsign=sign) for sign in signs)
    city = City(network("A B C", ways, (Trip("t1", "08:00", signs[0]), Trip("t2", "08:05", signs[1]))), at="07:50")
    assert city.panel_text("A", width=24, lines=2) == ["1 Nee.Forest Hills 08:00", "1 Needham.Ruggles  08:05"]
    assert city.panel_text("A", width=14, lines=2) == ["1 Needha 08:00", "1 Needha 08:05"]


@pytest.mark.parametrize("room", range(1, 40))
def test_no_word_is_ever_cut(room: int) -> None:
    name = "Rue du Général de Gaulle et Boulevard Heurteloup"
    words = {*name.split(), "Gal", "Bd"}
    assert set(Abbreviations().shorten(name, room).rstrip("…").split()) <= words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("9 St NW+Constitution Av NW", "9 St NW+<wbr>Constitution Av NW"),
        ("GUADALUPE/4TH", "GUADALUPE/<wbr>4TH"),
        ("Gare + Mairie", "Gare + Mairie"),
        ("A<b>+C", "A&lt;b&gt;+C"),
    ],
)
def test_a_name_is_broken_where_its_words_are_joined(name: str, shown: str) -> None:
    assert templates("").from_string("{{ name|breakable }}").render(name=name) == shown


@pytest.mark.parametrize(
    ("name", "platform", "facts"), [("Gare", "", ""), ("Gare Nord", "2", "Platform 2"), ("Gare", "3", "Platform 3")]
)
def test_a_stop_is_called_as_its_own_timetable_calls_it(name: str, platform: str, facts: str) -> None:
    # Pieces of pages are kept: these three are of one stop_id.
    first, *others = row_of_stops("A B C")
    page = City(network([replace(first, name=name, platform=platform), *others]), at="07:55").page("/stops/A")
    favourite = page.css("#favourite")[0].attributes
    assert (text(page.css_first("h1")), text(page.css_first(".facts")), favourite["data-name"]) == (name, facts, name)
    assert f'title="{name}"' in str(page.css("#embed-code")[0].attributes["value"])


def test_a_message_on_a_panel_of_few_columns_ends_at_a_word_and_has_the_line_of_who_comes_much_later() -> None:
    town = network(trips=[Trip("t1", "08:00"), Trip("t2", "08:20"), Trip("t3", "09:30")])
    city = City(town, at="07:55").trip_updates(update("t1", skipped("D"), skipped("E")))
    assert city.panel_text("C", width=16, lines=3) == ["1 East     08:24", "1: Ends here:   ", "08:04 to East   "]
    assert city.panel_text("C", width=16, lines=4)[1:] == ["1 East     09:34", "1: Ends here:   ", "08:04 to East   "]
    city.alerts(alert("Line 1: Diversion Boulevard Heurteloup until Friday", {"route_id": "r1"}))
    assert city.panel_text("B", width=16, lines=4)[2:] == ["1: Diversion    ", "Boulevard…      "]
    city.alerts(alert("Verkehrsunterbrechungsmeldung", {"stop_id": "B"}))
    assert city.panel_text("B", width=16, lines=3)[2] == "Verkehrsunterbr…"


def test_stops_of_a_screen_whose_long_names_end_differently_are_told_apart() -> None:
    long = "Gare de l'Est - Place du 11 Novembre 1918 côté pair"
    city = City(network(tuple(Stop(stop, 600.0 * k, name=f"{long} {stop}") for k, stop in enumerate("ABC"))))
    names = [text(name) for name in city.page("/screen/A,B,C").css("h2")]
    assert [name[-1] for name in names] == ["A", "B", "C"]
