"""The timetable of a day, and what is shown when nothing is live."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import only, text
from benchmarks.field.messages import StopUpdate, alert, cancelled, skipped, update
from benchmarks.field.network import Call, Frequency, Pattern, Service, Stop, Trip, network, row_of_stops

TOWN = network(
    "A B C",
    (Pattern("main", "A B C"), Pattern("back", "C B A", direction=1, headsign="West")),
    (Trip("t1", "06:05"), Trip("t2", "06:35"), Trip("t3", "25:10"), Trip("b1", "07:00", "back")),
)


@pytest.fixture(scope="module")
def city() -> City:
    return City(TOWN, at="05:00")


def test_a_stops_timetable_lists_the_day_by_hours_and_goes_on_past_midnight(city: City) -> None:
    page = city.page("/stops/A/timetable", date="2026-11-26", lang="en")
    assert [text(row) for row in page.css(".hours tr")] == ["06 05 35", "01 10"]
    assert "Thursday 26 November" in text(page.css_first(".sign"))


def test_nobody_boards_where_the_line_ends(city: City) -> None:
    page = city.page("/stops/C/timetable", date="2026-11-26", lang="en")
    assert [text(row) for row in page.css(".hours tr")] == ["07 00"]


def test_a_lines_timetable_is_one_row_a_run(city: City) -> None:
    page = city.page("/lines/r1/timetable", date="2026-11-26", lang="en")
    assert [text(name) for name in page.css(".runs th")] == ["Stop A", "Stop B", "Stop C"]
    assert [text(row).split()[0] for row in page.css(".runs tbody tr")] == ["06:05", "06:35", "01:10"]


# mtransitapps/mtransit-for-android#389, HSLdevcom/digitransit-ui#2637
def test_what_the_operator_has_called_off_is_struck_out_on_the_days_that_it_has() -> None:
    city = City(TOWN, at="05:00")
    left_out = update("t2", StopUpdate("A", delay=0), skipped("B"), StopUpdate("C", delay=0))
    gone = update("b1", relationship="DELETED", start_date=20261126)
    city.trip_updates(cancelled("t1", start_date=20261126), cancelled("t3", start_date=20261127), left_out, gone)
    for stop, said in {"A": ["05 cancelled"], "B": ["07 cancelled", "37 not served"], "C": []}.items():
        page = city.page(f"/stops/{stop}/timetable", lang="en")
        assert [text(time) for time in page.css(".hours span") if time.css_first("s")] == said, stop
        assert ("struck out: cancelled" in text(page)) == bool(said)
    assert [text(row) for row in city.page("/stops/B/timetable", lang="fr").css(".hours tr")] == [
        "06 07 supprimé 37 non desservi", "01 12",
    ]  # fmt: skip
    tomorrow = city.page("/stops/A/timetable", date="2026-11-27", lang="en")
    assert [text(row) for row in tomorrow.css(".hours tr")] == ["06 05 35", "01 10 cancelled"]
    line = city.page("/lines/r1/timetable", lang="en")
    assert [text(row) for row in line.css(".runs tbody tr")] == [
        "06:05 cancelled 06:07 cancelled 06:09 cancelled", "06:35 06:37 not served 06:39", "01:10 01:12 01:14",
    ]  # fmt: skip
    assert "Nothing runs on this day" in text(city.page("/lines/r1/timetable", direction="1", lang="en"))
    often = City(network("A B C", trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 600),)))
    often.trip_updates(cancelled("t1", start_time="08:20:00", start_date=20261126))
    told = text(often.page("/stops/A/timetable", lang="en"))
    assert "every 10 min, 08:00–09:00" in told and "struck out" not in told


def test_departures_from_where_a_run_calls_no_more_or_ends_now_are_struck_out_too() -> None:
    past = (StopUpdate("A", departure="06:05"), StopUpdate("C", arrival="06:09"))
    city = City(network("A B C D", "A B C D", (Trip("t1", "06:05"), Trip("t2", "06:35"))), at="05:00")
    city.trip_updates(
        update("t1", *past, StopUpdate("D", arrival="06:11"), relationship="REPLACEMENT"),
        update("t2", StopUpdate("A", delay=0), StopUpdate("C", delay=0), skipped("D")),
    )
    for stop, said in {"A": "06 05 35", "B": "06 07 not served 37", "C": "06 09 39 not served"}.items():
        page = city.page(f"/stops/{stop}/timetable", lang="en")
        assert [text(row)[: len(said)] for row in page.css(".hours tr")] == [said], stop
    line = city.page("/lines/r1/timetable", lang="en")
    assert [text(row) for row in line.css(".runs tbody tr")] == [
        "06:05 06:07 not served 06:09 06:11", "06:35 06:37 06:39 06:41 not served",
    ]  # fmt: skip


@pytest.mark.parametrize("date", ["", "2026-13-40", "tomorrow", "19700101"])
def test_a_day_that_is_none_is_todays(city: City, date: str) -> None:
    assert city.page("/stops/A/timetable", date=date).css(".hours tr")


def test_at_night_a_lines_stops_show_the_first_of_the_morning() -> None:
    rows = City(TOWN, at="02:30").line_page("r1")
    assert [row.clock for row in rows][:2] == ["06:05", "06:07"]


def test_a_panel_of_text_says_in_words_when_nothing_leaves_today() -> None:
    sundays = network("A B C", trips=[Trip("t1", "08:00", service="sun")], services=(Service("sun", "0000001"),))
    city = City(sundays, at="09:00")
    assert city.panel("A") == []
    assert city.get("/v1/stops/A/board", format="text", width=24).text.splitlines() == [
        "No more departures      ",
        "today. First departure  ",
        f"{'Sunday 08:00.':24}",
        " " * 24,
    ]
    assert city.panel_text("C", width=40)[0].strip() == "Passengers only get off here: nothing"
    assert "First departure Sunday 08:00" in text(city.page("/stops/A"))
    city.alerts(alert("Works", {"stop_id": "A"})).at("09:01")
    assert city.panel_text("A", width=24)[3].strip() == "Works"


def test_a_change_is_told_when_departures_change_not_when_services_have_another_name() -> None:
    weeks = (
        Service("now", end=20261129),
        Service("soon", start=20261130, end=20261213),
        Service("then", start=20261214),
    )
    trips = [
        Trip("t1", "08:00", service="now"),
        Trip("t2", "08:00", service="soon"),
        Trip("t3", "08:05", service="then"),
    ]
    city = City(network("A B C", trips=trips, services=weeks), at="07:00")
    for path in ("/stops/A/timetable", "/lines/r1/timetable"):
        page = city.page(path, date="2026-11-26", lang="en")
        assert "The times change on Thursday 17 December." in text(page.css_first("main"))
        assert "The times change" not in text(city.page(path, date="2026-12-17", lang="en").css_first("main"))


def test_a_line_that_comes_to_a_stop_twice_has_a_column_for_each_visit() -> None:
    ways = Pattern("main", "A B C B D A"), Pattern("late", "B C B D", headsign="Short")
    there_and_back = network("A B C D", ways, (Trip("t1", "08:00"), Trip("t2", "08:30"), Trip("t3", "09:00", "late")))
    table = only(City(there_and_back).page("/lines/r1/timetable"), "table")
    heads, *rows = [[text(cell) for cell in row.css("th, td")] for row in table.css("tr")]
    assert heads == ["Stop A", "Stop B", "Stop C", "Stop B", "Stop D", "Stop A"]
    assert rows[0] == ["08:00", "08:02", "08:04", "08:06", "08:08", "08:10"]
    assert rows[2][1:5] == ["09:00", "09:02", "09:04", "09:06"]


# A timepoint's time copied on to the stops behind it, and stops without any.
@pytest.mark.parametrize("between", ["08:00", ""])
def test_a_time_that_the_operator_does_not_give_is_said_to_be_about(between: str) -> None:
    calls = tuple(Call(stop, "08:08" if stop == "E" else between) for stop in "BCDE")
    city = City(network("A B C D E", trips=(Trip("t1", calls=(Call("A", "08:00"), *calls)),)), at="07:55")
    assert [city.board(stop) for stop in "AC"] == [["08:00 t1 scheduled"], ["08:04 t1 scheduled"]]
    assert [city.departures(stop)[0].told["scheduled_approximate"] for stop in "AC"] == [False, True]
    for stop, said in (("A", "scheduled"), ("C", "estimated")):
        assert said in text(city.page(f"/stops/{stop}").css_first("li.departure"))
    rows = [(row.clock, "estimated" in text(row.told)) for row in city.trip_page("t1")]
    assert rows == [("08:00", False), ("~08:02", True), ("~08:04", True), ("~08:06", True), ("08:08", False)]
    assert [city.panel_text(stop, width=24)[0].split()[-1] for stop in "AC"] == ["08:00", "~08:04"]
    assert [city.panel(stop)[0].told["shown"] for stop in "AC"] == ["5 min", "~9 min"]
    for page, shown in (
        ("/stops/A", "08 00"),
        ("/stops/C", "08 ~04"),
        ("/lines/r1", "08:00 ~08:02 ~08:04 ~08:06 08:08"),
    ):
        timetable = city.page(f"{page}/timetable")
        assert text(timetable.css_first(".hours tr, .runs tbody tr")) == shown
        assert ("~ about" in text(timetable)) == ("~" in shown)
    assert [call.get("TimingPoint", True) for call in city.siri_calls("r1")] == [True, False, False, False, True]
    city.trip_updates(update("t1", delay=180))
    assert "timetable about 08:04" in text(city.page("/stops/C"))


def test_a_time_that_is_spread_within_its_minute_is_the_operators() -> None:
    near = row_of_stops("A B C D E", spacing_m=150.0)
    calls = tuple(Call(stop, "08:02" if stop == "E" else "08:00") for stop in "ABCDE")
    city = City(network(near, trips=(Trip("t1", calls=calls),)), at="07:55")
    assert city.board("D") == ["08:00 t1 scheduled"]
    assert not city.departures("D")[0].told["scheduled_approximate"]


def test_a_run_that_ends_elsewhere_says_where_in_its_lines_timetable() -> None:
    # OneBusAway/onebusaway-application-modules#180: short runs bore the sign of the others
    stops = (*row_of_stops("A B C D"), Stop("E", 600.0, 600.0))
    ways = Pattern("main", "A B C D"), Pattern("short", "A B C"), Pattern("branch", "A B E"), Pattern("on", "A B C D E")
    trips = (
        Trip("t1", "08:00"), Trip("t2", "09:00"), Trip("s", "08:10", "short"), Trip("b", "08:20", "branch"),
        Trip("o", "08:30", "on"),
    )  # fmt: skip
    page = City(network(stops, ways, trips)).page("/lines/r1/timetable")
    assert [text(row) for row in page.css("table.runs tbody tr")] == [
        "08:00 08:02 08:04 08:06", "08:10 08:12 08:14 to Stop C", "08:20 08:22 – to Stop E",
        "08:30 08:32 08:34 08:36 to Stop E", "09:00 09:02 09:04 09:06",
    ]  # fmt: skip
