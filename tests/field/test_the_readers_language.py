"""Times, dates and plurals are written as the reader's language and country write them."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from api.desk.place_words import when
from api.words.texts import LANGUAGES, clock_of, country_of, desk_texts_in, languages_of, region_of, texts_in, typeset
from api.words.times import TimeWords
from benchmarks.field.city import City
from benchmarks.field.faces import only, text
from benchmarks.field.network import Call, Network, Route, Stop, Trip, network, row_of_stops, timetable_of

MONDAY_AFTERNOON = 1772460120.0
"""2026-03-02 15:02 in Paris."""


def said(language: str, country: str, zone: str = "Europe/Paris") -> TimeWords:
    return TimeWords(texts_in(language), ZoneInfo(zone), MONDAY_AFTERNOON, country)


@pytest.mark.parametrize(
    ("language", "country", "time", "date"),
    [("en", "US", "3:02\u00a0PM", "March 2"), ("en", "GB", "15:02", "2 March"), ("en", "FR", "15:02", "2 March"),
     ("fr", "FR", "15:02", "2 mars"), ("fr", "US", "15:02", "2 mars"), ("de", "DE", "15:02", "2. März"),
     ("en", "", "15:02", "2 March")],
)  # fmt: skip
def test_a_time_is_written_as_in_the_country(language: str, country: str, time: str, date: str) -> None:
    words = said(language, country)
    assert (words.time(MONDAY_AFTERNOON), words.date(MONDAY_AFTERNOON)) == (time, date)
    assert words.day(MONDAY_AFTERNOON + 3 * 86_400) in ("Thursday", "jeudi", "Donnerstag")


def test_the_country_is_the_readers_else_the_networks() -> None:
    assert region_of("en", "fr-CA, en-US;q=0.8, en;q=0.5") == "US"
    assert region_of("de", "de, en-GB") == ""
    assert country_of("America/New_York") == "US"
    assert clock_of("en", country_of("America/New_York")).startswith("h:mm")


def test_faces_write_the_clock_of_a_network_in_america_and_machines_read_hhmm() -> None:
    city = City(replace(Network(), zone="America/New_York"))
    assert re.search(r"8:\d\d\sAM", text(city.page("/stops/A", lang="en").css_first("#board")))
    assert re.search(r"7:55\sAM", text(city.page("/screen/A", lang="en").css_first("#clock")))
    told = city.panel("A")[0].told
    assert re.fullmatch(r"08:\d\d", told["time"])
    assert text(city.page("/stops/A", lang="de").css_first("h1")) == "Stop A"


def test_a_language_is_a_catalogue_and_no_code() -> None:
    assert {"en", "fr", "de"} <= set(LANGUAGES)
    places = re.compile(r"\{(\w+)\}")
    for subject in ("", "desk", "explain", "health"):
        assert set(languages_of(subject)) == set(LANGUAGES), subject
        english = texts_in("en", subject).entries
        for language in LANGUAGES:
            entries = texts_in(language, subject).entries
            assert set(entries) == set(english), (language, subject)
            for key, entry in entries.items():
                assert isinstance(entry, str) is isinstance(english[key], str), (language, key)
                assert set(places.findall(str(entry))) == set(places.findall(str(english[key]))), (language, key)


def test_no_line_ends_before_a_mark_in_french() -> None:
    for subject in ("", "desk", "explain", "health"):
        for key, entry in texts_in("fr", subject).entries.items():
            assert not re.search(r"« | [:;!?»](?=\s|$)", str(entry)), (subject, key, entry)


def test_what_is_published_in_french_is_set_as_french_is() -> None:
    assert typeset("Ligne 2 : arrêt « Gare » déplacé !", "fr") == (
        "Ligne 2\u00a0: arrêt «\u00a0Gare\u00a0» déplacé\u202f!"
    )
    assert typeset("Line 2 : moved", "en") == "Line 2 : moved"
    assert typeset("https://x.example/ ?q a :b", "fr") == "https://x.example/ ?q a :b"


def test_plurals_are_those_of_the_language() -> None:
    counts = [texts_in(language)("results_count", count=0) for language in ("en", "fr", "de")]
    assert counts == ["0 stops", "0 arrêt", "0 Haltestellen"]


def test_a_stops_own_sign_is_told_in_the_readers_language_by_its_trip_and_number() -> None:
    rows = (
        "table_name,field_name,language,translation,record_id,record_sub_id", "stop_times,stop_headsign,de,Hafen,t1,2",
        "stop_times,stop_headsign,de,Nirgends,t1,9", "stop_times,stop_headsign,de,Nichts,nobody,",
    )  # fmt: skip
    calls = Call("A", "08:00"), Call("B", "08:02", headsign="Harbour"), Call("C", "08:04")
    trips = (Trip("t1", calls=calls),)
    city = City(network("A B C", trips=trips, tables={"translations": "\n".join(rows)}), at="07:55")
    told = [(city.panel(stop, lang=lang)[0].run) for lang in ("de", "fr") for stop in "AB"]
    assert told == ["East", "Hafen", "East", "Harbour"]


def test_a_name_from_right_to_left_turns_round_nothing_of_the_text_around_it() -> None:
    # "Lines stop at …, 100 m away" was read as "100 ,… m away". Panels of few characters have no sign for the marks.
    name = "תחנה"
    places = (*row_of_stops("A B"), Stop("C", 1200.0, name=name), Stop("U", 1200.0, 100.0, name=name))
    city = City(network(places, "A B C"))
    assert f"Lines stop at \u2068{name}\u2069, 100 m away." in text(city.page("/stops/U"))
    assert f"Lines stop at {name}, 100 m away." in " ".join(city.panel_text("U", width=60))


@pytest.mark.parametrize(
    "rows",
    [
        # By record and by text, public-transport/transitous#1518; as before GTFS had the table, itinero/GTFS#64.
        ("table_name,field_name,language,translation,record_id,field_value", "stops,stop_name,de,Rathaus,B,",
         "trips,trip_headsign,de-CH,Ost,,East", "routes,route_long_name,ger,Erste,r1,", "stops,stop_desc,de,East,B,",
         "stops,stop_name,nl,Stadhuis,B,"),
        ("trans_id,lang,translation", "Stop B,de,Rathaus", "East,de,Ost", "First,DE,Erste", "Stop B,nl,Stadhuis"),
    ],
)  # fmt: skip
def test_names_are_told_in_the_readers_language_where_the_timetable_has_them(rows: tuple[str, ...]) -> None:
    city = City(network(tables={"translations": "\n".join(rows)}))
    assert "Rathaus" in text(only(city.page("/trips/t1", lang="de"), ".thread"))
    assert "Erstenach Ost" in text(only(city.page("/lines/r1", lang="de"), ".sign"))
    for page in ("/stops/B", "/screen/B", "/stops/B/timetable"):
        shown = text(city.page(page, lang="de"))
        assert [word in shown for word in ("Rathaus", "Ost", "Stop B")] == [True, True, False]
        assert "Rathaus" not in text(city.page(page, lang="fr"))
    assert (city.panel("B", lang="de")[0].run, city.panel("B")[0].run) == ("Ost", "East")
    assert [stop["stop_id"] for stop in city.json("/v1/stops", q="rathaus")["stops"]] == ["B"]


# google/transit#324, gtfs-jp/GTFS-JP-web#23: what is written alike is called otherwise at another stop, or on a sign.
def test_one_text_is_translated_for_each_stop_and_sign_that_has_it() -> None:
    rows = (
        "table_name,field_name,language,translation,record_id,field_value", "stops,stop_name,de,Brücke,,Bridge",
        "stops,stop_name,de-CH,Brugg,,Bridge", "stops,stop_name,de,Nordbrücke,B,",
        "trips,trip_headsign,de,Über Land,,Bridge",
        "routes,route_long_name,de,Brückenlinie,,Bridge", "stops,stop_name,de,Südbrücke,C,",
    )  # fmt: skip
    places = (
        Stop("A", 0.0),
        *(Stop(stop, 600.0 * k, name="Bridge") for k, stop in enumerate("BCD", 1)),
        Stop("E", 2400.0),
    )
    town = network(
        places, "A B C D E", trips=(Trip("t1", "08:00", headsign="Bridge"),), routes=(Route("r1", "1", "Bridge"),),
        tables={"translations": "\n".join(rows)},
    )  # fmt: skip
    city = City(town)
    names = [text(only(city.page(f"/stops/{stop}", lang="de"), "h1")) for stop in "BCD"]
    assert names == ["Nordbrücke", "Südbrücke", "Brücke"]
    assert city.panel("A", lang="de")[0].run == "Über Land"
    assert "Brückenlinie" in text(only(city.page("/lines/r1", lang="de"), ".sign"))
    assert [stop["stop_id"] for stop in city.json("/v1/stops", q="nordbrucke")["stops"]] == ["B"]


def test_a_sign_translated_with_its_lines_name_is_said_in_the_readers_language_beside_the_badge() -> None:
    rows = "table_name,field_name,language,translation,field_value\ntrips,trip_headsign,de,12 Zentrum,12 Centre\n"
    town = network(trips=(Trip("t1", "08:00", headsign="12 Centre"),), routes=(Route("r1", "12"),),
                   tables={"translations": rows})  # fmt: skip
    city = City(town, at="07:55")
    assert [city.panel("A", lang=language)[0].run for language in ("de", "fr")] == ["Zentrum", "Centre"]
    for path in ("/stops/A", "/screen/A", "/lines/r1", "/trips/t1", "/stops/A/timetable"):
        shown = text(only(city.page(path, lang="de"), "main"))
        assert "Zentrum" in shown and "12 12" not in shown and "Centre" not in shown, path


def test_a_phrase_of_the_desk_says_its_dates_as_people_write_them() -> None:
    tt, now, day, hour = timetable_of("A B"), MONDAY_AFTERNOON, 86_400.0, 3600.0
    for begins, ends, said_so in (
        (now + 3 * day, None, "à partir du jeudi 5 mars 15:02"), (now + hour, None, "à partir de 16:02"),
        (now - hour, now + 3 * day, "jusqu’au jeudi 5 mars 15:02"), (now - hour, now + hour, "jusqu’à 16:02"),
        (now + 3 * day, now + 4 * day, "du jeudi 5 mars 15:02 au vendredi 6 mars 15:02"),
        (now + 3 * day, now + 3 * day + hour, "du jeudi 5 mars 15:02 à 16:02"),
    ):  # fmt: skip
        assert when(begins, ends, desk_texts_in("fr"), tt, now) == said_so
    assert when(now + 3 * day, None, desk_texts_in("en"), tt, now) == "from Thursday 5 March, 15:02"


@pytest.mark.parametrize("by_text", [True, False])
def test_lines_platforms_and_who_runs_them_are_named_in_the_readers_language(*, by_text: bool) -> None:
    # google/transit#324, gtfs-jp/GTFS-JP-web#23
    named = (
        ("routes", "route_short_name", "Ring", "r1", "1"),
        ("routes", "route_long_name", "Erste", "r1", "First"),
        ("stops", "platform_code", "Nord", "B", "2N"),
        ("agency", "agency_name", "Stadtbus", "TB", "Town Buses"),
    )
    rows = [",".join((table, name, "de", told, *(("", of) if by_text else (record, ""))))
            for table, name, told, record, of in named]  # fmt: skip
    table = "\n".join(("table_name,field_name,language,translation,record_id,field_value", *rows))
    station = Stop("S", 600.0, location_type=1), Stop("B", 600.0, parent="S", platform="2N")
    city = City(network((Stop("A", 0.0), *station, Stop("C", 1200.0)), "A B C", tables={"translations": table}))
    german, english = ("Ring", "Erste", "Nord", "Stadtbus"), ("1", "First", "2N", "Town Buses")
    for lang, shown, others in (("de", german, english[1:]), ("en", english, german)):
        pages = "/stops/B", "/lines/r1", "/trips/t1", "/stops/S/timetable", "/screen/B"
        told = " ".join(text(city.page(page, lang=lang)) for page in pages)
        assert [[word in told for word in words] for words in (shown, others)] == [[True] * 4, [False] * len(others)]
        first = city.panel("S", lang=lang)[0].told
        assert (first["line"], first["platform"]) == (shown[0], shown[2])
        # Found by each of its names, whoever asks.
        for query in ("Ring", "1", "Erste", "First"):
            badges = city.page("/", q=query, lang=lang).css(".lines .badge")
            assert list(map(text, badges)) == [shown[0]], query
