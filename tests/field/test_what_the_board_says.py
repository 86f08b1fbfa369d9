"""What is said of a call beside its time: doubts about the vehicle, where it stands, who may board."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import only, text
from benchmarks.field.messages import StopUpdate, TripUpdate, alert, bus, cancelled, skipped, update
from benchmarks.field.network import Agency, Call, Frequency, Pattern, Route, Service, Stop, Trip, network, row_of_stops
from feeds.gtfs_realtime.headway_runs import HeadwayAs


def in_words(city: City, stop: str, *, trip: str = "t1") -> dict[str, str]:
    """All that the rider's faces write at the first departure of a stop, and on its trip's page at that stop."""
    page = only(city.page(f"/stops/{stop}"), "li.departure")
    screen = only(city.page(f"/screen/{stop}"), "li.row")
    home = only(city.page("/", fragment="board", stop=stop), "li.row")
    call = next(row for row in city.trip_page(trip) if row.stop == stop)
    first = city.panel(stop)[0].told
    return {
        "stop page": text(page),
        "screen": text(screen),
        "home": text(home),
        "trip page": text(call.told),
        "panel": " ".join([first["shown"], *first["notes"]]),
    }


def overdue() -> City:
    return City(at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("08:07")


def held_up() -> City:
    buses = (bus("v1", "t1", late_s=0, stuck_at="C"), bus("other", place=(0, 900), fresh=True))
    return City(at="07:55").vehicle_positions(*buses).at("08:16")


@pytest.mark.parametrize(
    ("city", "stop", "said"),
    [(overdue, "A", "not departed yet"), (overdue, "C", "not departed yet"), (held_up, "D", "held up on the way")],
)
def test_a_bus_that_gets_no_further_is_told_as_such_everywhere_and_never_as_due(
    city: Any, stop: str, said: str
) -> None:
    town = city()
    town.faces_agree(stop)
    for face, words in in_words(town, stop).items():
        assert said in words, face
        assert "due" not in words.split() and "arriving" not in words and not re.search(r"\b0 min", words), (
            face,
            words,
        )
    assert town.departures(stop)[0].told["minutes"] is None
    assert town.panel_text(stop, width=24)[0].endswith(" delayed")
    call = next(row for row in town.trip("t1") if row.stop == stop)
    assert call.told["doubt"] == town.departures(stop)[0].told["doubt"] != "followed"
    assert call.minutes is None


def test_an_overdue_bus_shows_the_time_at_which_it_was_due() -> None:
    city = overdue()
    assert "08:00" in in_words(city, "A")["stop page"]
    assert city.trip_state("t1") == "overdue"
    assert "has not left Stop A yet" in text(city.page("/lines/r1"))
    assert "pas encore parti" in text(city.page("/stops/A", lang="fr"))


def test_the_next_trip_of_an_overdue_bus_is_not_told_as_overdue() -> None:
    trips = (Trip("t1", "08:00", block="b"), Trip("t2", "08:30", block="b"))
    city = City(network(trips=trips), at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("08:07")
    first, second = city.departures("A")
    assert (first.told["doubt"], second.told["doubt"]) == ("overdue", "followed")
    assert second.minutes is not None and second.status == "scheduled"


def test_the_vehicles_own_word_on_wheelchairs_counts_more_than_its_trips() -> None:
    trips = (Trip("t1", "08:00", wheelchair=1), Trip("t2", "09:00", wheelchair=2))
    stops = tuple(replace(stop, wheelchair=1) for stop in row_of_stops("A B C"))
    city = City(network(stops, trips=trips), at="08:00")
    city.vehicle_positions(bus("v1", "t1", late_s=0, wheelchair_accessible="WHEELCHAIR_INACCESSIBLE")).at("08:01")
    first, second = city.departures("B")
    assert (first.told["wheelchair"], first.told["vehicle_wheelchair"]) == ("no", "no")
    assert city.trip("t1")[1].told["wheelchair"] == "no"
    assert city.panel("B")[0].told["wheelchair"] == "no"
    for face, shown in (("/stops/B", "li.departure"), ("/screen/B", "li.row")):
        assert "Vehicle not wheelchair accessible" in text(only(city.page(face), shown))
    told = city.our_vehicle_positions()["v1"].vehicle
    assert told.wheelchair_accessible == told.WHEELCHAIR_INACCESSIBLE
    assert (city.vehicles()["v1"]["wheelchair"], second.told["wheelchair"]) == ("no", "no")
    city.vehicle_positions(bus("v1", "t1", late_s=0, wheelchair_accessible="UNKNOWN")).at("08:02")
    assert city.departures("B")[0].told["vehicle_wheelchair"] == "yes"


def test_whether_bicycles_come_along_is_told_and_marked_where_a_lines_runs_differ() -> None:
    city = City(network(trips=(Trip("t1", "08:00", bikes=1), Trip("t2", "08:30", bikes=2))))
    assert [row.told["bikes"] for row in (*city.departures("B"), *city.panel("B")[:2])] == ["yes", "no"] * 2
    assert [city.trip_answer(trip)["bikes"] for trip in ("t1", "t2")] == ["yes", "no"]
    assert "No bicycles" in text(only(city.page("/trips/t2"), ".facts"))
    for face in (city.stop_page, city.home):
        assert [text(row.told)[-11:] for row in face("B")][1] == "No bicycles"
    assert "Bicycles allowed" in text(only(city.page("/screen/B"), "li.row"))
    same = City(network(trips=(Trip("t1", "08:00", bikes=1), Trip("t2", "08:30", bikes=1))))
    assert "Vélos acceptés" in text(only(same.page("/trips/t1", lang="fr"), ".facts"))
    assert "icycles" not in text(same.page("/stops/B"))


def test_how_full_the_bus_is_is_told_of_its_own_run_everywhere() -> None:
    city = City(network(trips=(Trip("t1", "08:00", block="b"), Trip("t2", "08:20", block="b"))), at="08:00")
    full = bus("v1", "t1", late_s=0, occupancy_status="FEW_SEATS_AVAILABLE", occupancy_percentage=65)
    city.vehicle_positions(full).at("08:01")
    first, second = city.departures("B")
    assert first.told["occupancy"] == {"status": "FEW_SEATS_AVAILABLE", "percentage": 65}
    assert second.told["occupancy"] is None
    assert city.panel("B")[0].told["occupancy"] == "few seats free (65% full)"
    for face in ("/stops/B", "/screen/B", "/trips/t1", "/lines/r1"):
        assert "few seats free (65% full)" in text(city.page(face, lang="en")), face
        assert "peu de places assises (rempli à 65 %)" in text(city.page(face, lang="fr")), face
    assert city.trip("t1")[1].told["occupancy"]["percentage"] == 65
    vehicle = city.vehicles()["v1"]
    assert (vehicle["occupancy"], vehicle["occupancy_percentage"]) == ("FEW_SEATS_AVAILABLE", 65)
    assert "few seats free" in str(only(city.page("/map", lang="en"), "main").attributes["data-texts"])
    ours = city.our_vehicle_positions()["v1"]
    assert (ours.occupancy_status, ours.occupancy_percentage) == (2, 65)


# mbta/screens#2503
def test_who_is_still_aboard_at_the_first_stop_says_nothing_of_how_full_the_bus_will_be() -> None:
    city = City(at="07:50").vehicle_positions(bus("v1", "t1", "A", fresh=True, occupancy_status="FULL"))
    assert city.departures("B")[0].told["occupancy"] is None is city.vehicles()["v1"]["occupancy"]
    assert city.panel("B")[0].told["occupancy"] == "" and "full" not in text(city.page("/lines/r1"))
    assert city.our_vehicle_positions()["v1"].occupancy_status == 5, "passed on as told"
    city.trip_updates(update("t1", StopUpdate("B", delay=0, occupancy="MANY_SEATS_AVAILABLE")))
    assert city.departures("B")[0].told["occupancy"]["status"] == "MANY_SEATS_AVAILABLE"


# google/transit#237
def test_of_a_train_that_tells_of_its_carriages_alone_riders_read_how_full_it_is_on_the_whole() -> None:
    carriages = ("EMPTY", "FULL", "STANDING_ROOM_ONLY", "NO_DATA_AVAILABLE", "NOT_BOARDABLE")
    city = City(at="08:01").vehicle_positions(bus("v1", "t1", late_s=0, carriages=carriages))
    assert city.panel("B")[0].told["occupancy"] == "standing room only"
    city.vehicle_positions(bus("v1", "t1", late_s=0, carriages=carriages, occupancy_status="FULL"), at="08:01:30")
    assert city.panel("B")[0].told["occupancy"] == "full", "as it says itself"
    nothing = bus("v1", "t1", late_s=0, occupancy_status="NO_DATA_AVAILABLE", occupancy_percentage=0)
    assert city.vehicle_positions(nothing, at="08:02").panel("C")[0].told["occupancy"] == ""
    by_carriage = replace(nothing, carriages=carriages)
    assert city.vehicle_positions(by_carriage, at="08:02:30").panel("C")[0].told["occupancy"] == "standing room only"


def test_a_run_has_the_headsign_and_the_number_that_the_operator_gives_to_it() -> None:
    told = update("t1", StopUpdate("B", delay=60), new_trip_headsign="Hospital", new_trip_short_name="77")
    city = City().trip_updates(told, update("t2", delay=0, new_trip_headsign="EAST"))
    assert city.board("B") == ["08:03 t1 live", "09:02 t2 live"]
    assert [row.told["headsign"] for row in city.departures("B")] == ["Hospital", "East"]
    assert [row.run for row in city.panel("B")[:2]] == ["Hospital", "East"]
    ours = {told.run: told.message for told in city.our_trip_updates()}
    assert ours["t1"].trip_properties.trip_headsign == "Hospital"
    assert ours["t1"].trip_properties.trip_short_name == "77"
    assert not ours["t2"].HasField("trip_properties")


def test_a_stop_on_request_says_how_to_ask() -> None:
    calls = (Call("A", "08:00"), Call("B", "08:02", pickup=2, drop_off=3), Call("C", "08:04", pickup=3, drop_off=3),
             Call("D", "08:06"))  # fmt: skip
    city = City(network("A B C D", trips=(Trip("t1", calls=calls),)), at="07:55")
    assert "on request: phone the agency" in in_words(city, "B")["panel"]
    assert "on request: phone the agency" in in_words(city, "B")["screen"]
    assert city.panel_text("B", width=24)[0] == "1 East, on request 08:02"
    assert "to alight, tell the driver" in in_words(city, "B")["trip page"]
    assert "to alight" not in in_words(city, "B")["stop page"]
    assert "signal to the driver" in in_words(city, "C")["stop page"]
    assert "on request: tell or signal to the driver" in in_words(city, "C")["trip page"]
    assert [row.told["pickup_type"] for row in city.trip("t1")] == ["regular", "phone", "driver", "none"]
    assert city.departures("B")[0].told["drop_off_type"] == "driver"
    assert [call.get("RequestStop", False) for call in city.siri_calls("r1")] == [False, True, True, False]
    # Nobody is to call, or to signal to, what does not come: OneBusAway/onebusaway#25
    for stop, word in (("B", update("t1", skipped("B"))), ("C", cancelled("t1"))):
        written = in_words(city.trip_updates(word), stop)
        for face in ("stop page", "trip page", "panel"):
            assert "on request" not in written[face] and "to alight" not in written[face], face
    # opentripplanner/OpenTripPlanner#837
    agency = (
        "agency_id,agency_name,agency_url,agency_timezone,agency_phone\nTB,Town,https://a.example,Europe/Paris,0800 1\n"
    )
    city = City(network("A B C D", trips=(Trip("t1", calls=calls),), tables={"agency": agency}), at="07:55")
    for face, words in in_words(city, "B").items():
        assert "beforehand · 0800 1" in words, face
    # A line's own number counts more: opentripplanner/OpenTripPlanner#3498, stadtnavi/digitransit-ui#590
    head = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,pickup_booking_rule_id\n"
    times = [f"t1,08:0{2 * k}:00,08:0{2 * k}:00,{stop},{k},2,dial\n" for k, stop in enumerate("ABCD")]
    rules = "booking_rule_id,booking_type,phone_number,info_url\nother,1,0800 3,\ndial,1,0800 22,https://b.example\n"
    own = {"agency": agency, "stop_times": head + "".join(times), "booking_rules": rules}
    city = City(network("A B C D", trips=(Trip("t1", calls=calls),), tables=own), at="07:55")
    for face, words in in_words(city, "B").items():
        assert "beforehand · 0800 22" in words, face
    for notice, said in (
        ("90,,", "at least 90 min before"), ("120,,", "at least 2 h before"), (",1,17:00:00", "by 17:00 the day before")
    ):  # fmt: skip
        columns = "prior_notice_duration_min,prior_notice_last_day,prior_notice_last_time"
        rules = f"booking_rule_id,booking_type,phone_number,{columns}\ndial,1,0800 22,{notice}\n"
        told = network("A B C D", trips=(Trip("t1", calls=calls),), tables=own | {"booking_rules": rules})
        for face, words in in_words(City(told, at="07:55"), "B").items():
            assert f"0800 22 · {said}" in words, face


def test_the_sign_of_a_stop_counts_before_the_trips() -> None:
    # A loop that says "Centre" on its way in, and then "Home".
    calls = (Call("A", "08:00", headsign="Centre"), Call("B", "08:02", headsign="Centre"), Call("C", "08:04"),
             Call("D", "08:06"))  # fmt: skip
    city = City(network("A B C D", trips=(Trip("t1", calls=calls, headsign="Home"),)), at="07:55")
    city.vehicle_positions(bus("v1", "t1", late_s=0)).at("08:00:30")
    for stop, sign in (("B", "Centre"), ("C", "Home")):
        city.faces_agree(stop)
        assert city.departures(stop)[0].told["headsign"] == sign
        assert city.panel(stop)[0].run == sign
        for face in (f"/stops/{stop}", f"/screen/{stop}"):
            assert sign in text(city.page(face)), face
        assert city.panel_text(stop)[0].split()[1] == sign
    assert [row.told["headsign"] for row in city.trip("t1")] == ["Centre", "Centre", "Home", "Home"]
    assert "to Centre" in text(city.trip_page("t1")[0].told) and "to Home" in text(city.trip_page("t1")[2].told)
    assert city.vehicles()["v1"]["headsign"] == "Centre"


@pytest.mark.parametrize(
    "sign",
    ["Drop Off", "Set down only", "Sorry, not in service", "Nicht einsteigen!", "N/A", "?", "*",
     # MingweiSamuel/muni-sign#14
     "Ask Driver for Terminal", "See the operator", "Check front of bus"],
)  # fmt: skip
def test_a_sign_that_says_who_may_board_is_no_destination(sign: str) -> None:  # bustimes/bustimes.org#411
    calls = (Call("A", "08:00", headsign="Dublin"), Call("B", "08:02"), Call("C", "08:04", headsign=sign),
             Call("D", "08:06"))  # fmt: skip
    city = City(network("A B C D", trips=(Trip("t1", calls=calls, headsign=sign),)), at="07:55")
    assert [city.departures(stop)[0].told["headsign"] for stop in "ABC"] == ["Dublin", "Stop D", "Stop D"]
    city.trip_updates(update("t1", StopUpdate("B", arrival="08:03", headsign=sign), start_date=20261126))
    assert city.departures("B")[0].told["headsign"] == "Stop D"


def test_the_direction_of_a_line_and_a_run_without_a_vehicle_are_named_as_its_bus_says() -> None:
    calls = tuple(Call(stop, f"08:0{2 * k}", headsign="Centre") for k, stop in enumerate("ABCD"))
    city = City(network("A B C D", trips=(Trip("t1", calls=calls, headsign="Home"),)), at="07:55")
    city.vehicle_positions(bus("other", place=(0, 900), fresh=True))
    assert "Centre" in text(only(city.page("/lines/r1"), "main")) and "Home" not in text(city.page("/lines/r1"))
    assert "departure 08:00 to Centre" in city.at("08:05:30").desk()["uncovered"][0]


def test_the_desk_names_a_shortened_run_by_where_it_ends() -> None:
    city = City(at="07:55").vehicle_positions(bus("other", place=(0, 900), fresh=True))
    ends = (skipped("D"), skipped("E"))
    city.trip_updates(update("t1", *ends, start_date=20261126)).at("08:05:30")
    assert "departure 08:00 to Stop C" in city.desk()["uncovered"][0]


def test_the_operators_sign_for_a_stop_is_told_and_passed_on() -> None:
    city = City(at="07:55").trip_updates(
        update("t1", StopUpdate("B", delay=0, headsign="Stadium"), start_date=20261126)
    )
    assert city.departures("A")[0].told["headsign"] == "East"
    assert city.departures("B")[0].told["headsign"] == "Stadium"
    assert city.panel("B")[0].run == "Stadium"
    (told,) = [one for one in city.our_trip_updates() if one.run == "t1"]
    signs = {stop.stop_id: stop.stop_time_properties.stop_headsign for stop in told.message.stop_time_update}
    assert signs["B"] == "Stadium" and not signs["C"]
    city.trip_updates(update("t1", StopUpdate("B", delay=0), start_date=20261126))
    assert city.departures("B")[0].told["headsign"] == "East"


def test_the_desk_tells_which_vehicle_was_given_up_and_on_which_run() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("08:18")
    (entry,) = city.desk()["given-up"]
    assert "v1 has not moved since 07:55" in entry and "departure 08:00 to East" in entry


def test_a_bus_that_waits_at_a_stop_is_told_as_there_until_it_leaves() -> None:
    hub = (Call("A", "08:00"), Call("B", "08:14", "08:24"), Call("C", "08:26"))
    city = City(network("A B C", trips=(Trip("t1", calls=hub),)), at="07:55")
    city.vehicle_positions(bus("v1", "t1", late_s=0)).at("08:18")
    for face, words in in_words(city, "B").items():
        assert "at the stop until 08:24" in words, face
    assert city.departures("B")[0].told["at_stop"] and city.departures("B")[0].clock == "08:24"


def test_a_line_that_calls_at_a_stop_twice_tells_the_wait_of_each_visit() -> None:
    # PVTA: 225 trips visit one stop twice.
    there_and_back = Pattern("main", "A B C B D")
    city = City(network("A B C D", (there_and_back,), (Trip("t1", "08:00"), Trip("t2", "08:30"))), at="07:55")
    city.vehicle_positions(bus("v1", "t1", late_s=45)).at("08:00:30")
    first, second = [row for row in city.line_page("r1") if row.stop == "B"]
    assert (first.clock, first.status) == ("08:02", "live") and (second.clock, second.status) == ("08:06", "live")
    city.at("08:04:30")
    first, second = [row for row in city.line_page("r1") if row.stop == "B"]
    assert (first.clock, first.status) == ("08:32", "scheduled") and (second.clock, second.status) == ("08:06", "live")


def test_the_line_page_shows_scheduled_times_where_nothing_is_live() -> None:
    city = City(at="07:55").vehicle_positions(bus("other", place=(0, 900), fresh=True)).at("07:56")
    assert [(row.clock, row.status) for row in city.line_page("r1")][:2] == [
        ("08:00", "scheduled"),
        ("08:02", "scheduled"),
    ]
    assert city.line_page("r1")[-1].at is None, "nobody boards where the trip ends"


def test_two_calls_in_a_row_at_one_stop_are_one_row() -> None:
    # Some feeds write a long stay as an arrival and a departure of their own.
    calls = (
        Call("A", "08:00", "08:00"),
        Call("B", "08:04", pickup=1),
        Call("B", "08:10", drop_off=1),
        Call("C", "08:12"),
    )
    city = City(network("A B C", trips=(Trip("t1", calls=calls),)), at="07:55")
    assert city.board("B") == ["08:10 t1 scheduled"]
    city.vehicle_positions(bus("v1", "t1", late_s=0)).at("08:01")
    city.faces_agree("B")
    (row,) = city.departures("B")
    assert row.status == "live"
    assert row.told["arrival"]["scheduled"][11:16] == "08:04" and row.told["departure"]["scheduled"][11:16] == "08:10"
    assert [call.stop for call in city.trip("t1")] == [call.stop for call in city.trip_page("t1")] == ["A", "B", "C"]
    assert [stop.stop for stop in city.line_page("r1")] == ["A", "B", "C"]


OFTEN = network("A B C", trips=(Trip("h1", "08:00"),), frequencies=(Frequency("h1", "08:00", "09:00", 480, 0),))


def test_a_line_run_by_headway_says_how_often_and_is_never_early_or_late() -> None:
    city = City(OFTEN, at="07:58").vehicle_positions(
        bus("v1", "h1", late_s=150, start_time="08:00:00", start_date=20261126)
    )
    city.at("08:03:30")
    for face, words in in_words(city, "B", trip="h1").items():
        assert face in ("trip page", "stop page") or words.count("every 8 min") == 1, face
    assert text(city.page("/stops/B")).count("every 8 min") == 1
    assert "every 8 min" in text(city.page("/trips/h1"))
    for row in city.departures("B"):
        assert (row.told["headway_s"], row.told["delay_s"], row.told["scheduled_time"]) == (480, None, None)
    assert city.vehicles()["v1"]["delay_s"] is None
    for face in ("/trips/h1", "/lines/r1"):
        assert "min late" not in text(city.page(face)) and "on time" not in text(city.page(face))


def test_where_the_rest_of_a_line_run_by_headway_is_cancelled_nothing_says_how_often_it_comes() -> None:
    often = replace(OFTEN, frequencies=(Frequency("h1", "08:00", "09:00", 1200, 0),))
    starts = ("08:20:00", "08:40:00")
    city = City(often, at="08:05")
    city.trip_updates(*(cancelled("h1", start_time=start, start_date=20261126) for start in starts))
    assert city.board("B") == ["08:22 h1@08:20 cancelled", "08:42 h1@08:40 cancelled"]
    for face, words in in_words(city, "B", trip="h1").items():
        assert face == "trip page" or "every 20 min" not in words, face
    # Where one is left that says so.
    city.trip_updates(cancelled("h1", start_time=starts[0], start_date=20261126))
    assert text(city.page("/stops/B")).count("every 20 min") == 1


def test_a_line_run_by_headway_on_several_ways_says_how_often_once_for_each_place_it_goes_to() -> None:
    ways = (Pattern("main", "A B C D E"), Pattern("fast", "A C E"), Pattern("short", "A B C", headsign="Middle"))
    trips = (Trip("h1", "08:00"), Trip("h2", "08:05", "fast"), Trip("h3", "08:03", "short"))
    often = tuple(Frequency(trip.trip_id, trip.start, "09:00", 480, 0) for trip in trips)
    city = City(network("A B C D E", ways, trips, frequencies=often), at="08:20")
    assert text(only(city.page("/screen/A"), "li.row")).count("every 8 min") == 2
    assert text(only(city.page("/", fragment="board", stop="A"), "li.row")).count("every 8 min") == 1


def test_a_line_run_by_headway_has_no_clock_time_without_a_vehicle() -> None:
    # "08:18" stood beside "every 8 min": the timetable of such a line holds no times.
    city = City(OFTEN, at="07:58").vehicle_positions(
        bus("v1", "h1", late_s=150, start_time="08:00:00", start_date=20261126)
    )
    city.at("08:03:30")
    city.faces_agree("B")
    live, rest = city.departures("B")
    assert (live.status, live.minutes, rest.status) == ("live", 1, "scheduled")
    assert (rest.told["time"], rest.minutes, rest.told["headway_s"]) == (None, None, 480)
    panel = city.panel("B")[1].told
    assert (panel["time"], panel["minutes"], panel["shown"], panel["notes"]) == ("", None, "every 8 min", [])
    assert city.panel_text("B", width=24)[1].endswith("every 8 min")
    for face in ("/stops/B", "/screen/B"):
        row = city.page(face).css("li.departure")[1]
        assert "every 8 min" in text(row) and "08:" not in text(row), face
    for call in city.trip_page("h1", start="08:16"):
        assert "08:" not in text(call.told)
    assert "4 min from the first stop" in text(city.trip_page("h1", start="08:16")[2].told)
    assert "Last" not in text(city.page("/stops/B"))
    assert "toutes les 8 min" in text(city.page("/stops/B", lang="fr").css("li.departure")[1])


def test_the_first_of_a_line_run_by_headway_has_the_time_at_which_the_headway_begins() -> None:
    begins = Frequency("h1", "06:00", "07:00", 480, 0), Frequency("h1", "08:00", "09:00", 480, 0)
    city = City(network("A B C", trips=(Trip("h1", "08:00"),), frequencies=begins), at="05:50")
    city.faces_agree("B")
    assert [row.clock for row in city.departures("B", window=4 * 3600)] == ["06:02", "08:02"]
    assert "every 8 min" in in_words(city, "B", trip="h1")["panel"]
    assert [row.clock for row in city.line_page("r1")][:2] == ["06:00", "06:02"]
    city.at("06:30", every_s=60)
    assert [row.clock for row in city.departures("B", window=4 * 3600)] == ["", "08:02"]
    city.at("09:30", every_s=600)
    city.faces_agree("B")
    assert city.departures("B") == [] and city.panel("B")[0].told["shown"] == "tomorrow 06:02"


@pytest.mark.parametrize("first_s, then_s", [(1200, 480), (480, 1200)])
def test_a_line_run_by_headway_that_comes_more_or_less_often_from_some_hour_on_has_no_time_then(
    first_s: int, then_s: int
) -> None:
    often = Frequency("h1", "06:00", "07:00", first_s, 0), Frequency("h1", "07:00", "08:00", then_s, 0)
    city = City(network("A B C", trips=(Trip("h1", "06:00"),), frequencies=often), at="05:50")
    assert [row.clock for row in city.departures("B", window=4 * 3600)] == ["06:02"]
    city.at("06:50", every_s=600)
    assert [row.clock for row in city.departures("B", window=4 * 3600)] == [""]


@pytest.mark.parametrize("named", ["UNSCHEDULED", "SCHEDULED"])
def test_runs_by_headway_go_out_as_trip_planners_take_them(named: HeadwayAs) -> None:
    # opentripplanner/OpenTripPlanner: NOT_IMPLEMENTED_UNSCHEDULED
    city = City(OFTEN, at="07:58", headway_as=named)
    city.vehicle_positions(bus("v1", "h1", late_s=0, start_time="08:00:00", start_date=20261126)).at("08:01")
    goes_out_as(city, named)


@pytest.mark.parametrize("named", ["UNSCHEDULED", "SCHEDULED"])
def test_runs_by_headway_go_out_as_the_operators_feeds_name_them(named: HeadwayAs) -> None:
    run: dict[str, Any] = {"start_time": "08:00:00", "start_date": 20261126}
    drive = bus("v1", "h1", late_s=0, schedule_relationship=named, **run)
    city = City(OFTEN, at="07:58").vehicle_positions(drive).at("08:01")
    goes_out_as(city, named)
    # Its word on trips counts before the vehicles'.
    other = "SCHEDULED" if named == "UNSCHEDULED" else "UNSCHEDULED"
    city.trip_updates(update("h1", StopUpdate("B", delay=60), relationship=other, **run)).at("08:01:30")
    goes_out_as(city, other)


def goes_out_as(city: City, named: str) -> None:
    told = next(one for one in city.our_trip_updates() if one.vehicle == "v1")
    assert told.relationship == named and {stop.relationship for stop in told.stops} == {named}
    assert told.message.trip.start_time == "08:00:00"
    vehicle = city.our_vehicle_positions()["v1"].trip
    assert vehicle.ScheduleRelationship.Name(vehicle.schedule_relationship) == named


def test_a_name_with_a_line_end_breaks_no_panel() -> None:
    city = City(network("A B C", trips=[Trip("t1", "08:00", headsign="Town\nHall")]), at="07:58")
    assert city.panel("A")[0].told["destination"] == "Town Hall"
    assert city.panel_text("A")[0].split() == ["1", "Town", "Hall", "08:00"]
    city.faces_agree("A")


@pytest.mark.parametrize(("stop", "boards"), [("B", False), ("D", False), ("A", True)])
def test_where_nobody_may_board_the_page_says_that_passengers_only_get_off(stop: str, boards: bool) -> None:
    # OneBusAway/onebusaway-application-modules#148, bustimes/bustimes.org#17
    calls = (Call("A", "08:00"), Call("B", "08:02", pickup=1), Call("C", "08:04"), Call("D", "08:06"))
    page = City(network("A B C D", trips=(Trip("t1", calls=calls),)), at="07:55").page(f"/stops/{stop}")
    assert ("only get off here" in text(page)) != boards


def test_where_nobody_may_get_off_either_the_page_does_not_say_so() -> None:
    calls = (Call("A", "08:00"), Call("B", "08:02", pickup=1, drop_off=1), Call("C", "08:04"))
    page = City(network("A B C", trips=(Trip("t1", calls=calls),)), at="07:55").page("/stops/B")
    assert "get off here" not in text(page)


def test_a_line_without_directions_has_a_page_for_each_way() -> None:
    ways = (Pattern("main", "A B C D E", direction=None), Pattern("back", "E D C B A", direction=None, headsign="West"))
    lines = network(patterns=ways, trips=(Trip("t1", "08:00"), Trip("t2", "08:10", "back"), Trip("t3", "09:00")))
    city = City(lines, at="08:03").vehicle_positions(bus("v1", "t1", late_s=0)).at("08:03:30")
    assert [row.stop for row in city.line_page("r1")] == list("ABCDE")
    assert [(row.clock, row.status) for row in city.line_page("r1")][1:4] == [
        ("09:02", "scheduled"), ("08:03", "live"), ("08:05", "live")
    ]  # fmt: skip
    assert [(row.stop, row.clock) for row in city.line_page("r1", direction=1)][:2] == [("E", "08:10"), ("D", "08:12")]
    assert city.board("C")[1] == "08:14 t2 scheduled"


def test_what_is_on_its_way_stands_before_how_often_the_line_comes() -> None:
    # "arriving, every 5 min, 6 min": the slot between two vehicles has none of its own.
    run: dict[str, Any] = {"start_date": 20261126}
    vehicles = [
        bus("v1", "h1", late_s=0, start_time="08:00:00", **run),
        bus("v2", "h1", late_s=960, start_time="08:16:00", **run),
    ]
    city = City(OFTEN, at="07:58").vehicle_positions(*vehicles).at("08:05")
    city.faces_agree("C")
    assert [(row.status, row.clock[:4]) for row in city.departures("B")] == [("live", "08:1"), ("scheduled", "")]
    assert city.vehicles()["v2"]["start_time"] == "08:16:00"


def test_a_time_that_is_not_live_any_more_is_told_as_estimated_and_not_as_the_timetables() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", late_s=300)).at("08:06", every_s=30.0)
    assert "estimated" not in text(city.page("/stops/D")) + text(city.page("/trips/t1"))
    silent = city.vehicle_positions(b"").at("08:08")
    board, trip = text(only(silent.page("/stops/D"), "li.departure")), silent.page("/trips/t1")
    assert "estimated" in board and "scheduled" not in board
    assert "estimated times" in text(only(trip, "p.trip-state")) and "timetable 08:" in text(trip)


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        (("7-Duval / Dove Springs", "10-South 1st", "14-Juillet"), "Duval / Dove Springs"),
        (("7-Eleven", "C", "D"), "7-Eleven"),
    ],
)
def test_a_networks_habit_of_hyphens_after_the_lines_name_is_told_from_a_name_with_one(
    signs: tuple[str, ...], said: str
) -> None:
    # scascketta/CapMetrics
    lines = ("7", "10", "14")
    ways = [Pattern(name, "A B C", f"r{name}", headsign=sign) for name, sign in zip(lines, signs, strict=True)]
    trips, routes = (
        [Trip(f"t{name}", "08:00", name) for name in lines],
        tuple(Route(f"r{name}", name) for name in lines),
    )
    city = City(network("A B C", ways, trips, routes=routes), at="07:55")
    assert next(row for row in city.departures("A") if row.run == "t7").told["headsign"] == said


@pytest.mark.parametrize(
    ("line", "headsign", "said"),
    [
        ("12", "12 Centre", "Centre"), ("12", "Line 12 - Centre", "Centre"), ("12", "LIGNE 12 : Centre", "Centre"),
        ("A", "A – Centre", "Centre"), ("A", "Bus A Centre", "Centre"), ("A", "A Coruña", "A Coruña"),
        ("12", "120 Centre", "120 Centre"), ("007", "7 - Centre", "Centre"), ("007", "70 Centre", "70 Centre"),
        ("2", "2 Stop 8", "Stop 8"), ("8", "8 Mile Road", "8 Mile Road"), ("12", "12-14 Centre", "12-14 Centre"),
        ("12", "Rt 12 Downtown", "Downtown"), ("12", "Rte. 12 - Centre", "Centre"),
        ("100", "100 - 100 Mile House", "100 Mile House"),
    ],
)  # fmt: skip
def test_a_lines_name_stands_once_on_the_badge_and_not_before_the_destination_too(
    line: str, headsign: str, said: str
) -> None:
    first, second, last = row_of_stops("A B 8")
    stops = (first, second, replace(last, name="8 Mile Road / East") if line == "8" else last)
    town = network(stops, (Pattern("main", "A B 8", headsign=headsign),), routes=(Route("r1", line),))
    city = City(town, at="07:55")
    city.faces_agree("A")
    assert city.departures("A")[0].told["headsign"] == said
    assert city.panel("A")[0].told["destination"] == said
    for path in ("/stops/A", "/lines/r1", "/trips/t1", "/stops/A/timetable", "/screen/A"):
        shown = text(city.page(path, lang="en").css_first("main"))
        # Beside the badge the bare name reads the same.
        assert said in shown and (said == headsign or headsign == f"{line} {said}" or headsign not in shown), path


@pytest.mark.parametrize("sign", ["via Bridge", "Via Bridge", "12 - via Bridge"])
def test_the_way_alone_is_no_destination(sign: str) -> None:
    town = network(patterns=(Pattern("main", "A B C D E", headsign=sign),), routes=(Route("r1", "12"),))
    city = City(town, at="07:55")
    city.faces_agree("A")
    assert city.departures("A")[0].told["headsign"] == city.panel("A")[0].run == f"Stop E {sign[-10:]}"
    streets = network((Stop("A", 0, name="Via Po"), Stop("B", 600)), (Pattern("main", "A B", headsign="Via Roma"),))
    assert City(streets, at="07:55").panel("A")[0].run == "Via Roma"


def test_a_loop_says_how_far_it_goes_where_its_end_is_where_one_stands() -> None:
    loop = network("A B C D", (Pattern("main", "A B C D A", headsign=""),), (Trip("t1", "08:00"), Trip("t2", "08:30")))
    city = City(loop, at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("07:56")
    for stop, said in (("A", "Stop C"), ("B", "Stop A")):
        city.faces_agree(stop)
        assert {row.told["headsign"] for row in city.departures(stop)} == {said} == {city.panel(stop)[0].run}
    assert city.vehicles()["v1"]["headsign"] == city.trip_answer("t1")["headsign"] == "Stop C"


def test_lines_of_one_name_are_told_apart_by_who_runs_them() -> None:
    ways = Pattern("main", "A B C"), Pattern("other", "A B D", route="r2")
    trips = Trip("t1", "08:00"), Trip("u1", "08:05", "other")
    both = network(
        "A B C D", ways, trips, agencies=(Agency(), Agency("B", "Hill Buses")),
        routes=(Route("r1", "1", "Coast"), Route("r2", "1", agency="B")),
    )  # fmt: skip
    city = City(both, at="07:55")
    city.faces_agree("A")
    assert [row.told["notes"] for row in city.panel("A")[:2]] == [["Town Buses"], ["Hill Buses"]]
    for face, shown in (("/stops/A", "li.departure"), ("/screen/A", "li.row")):
        said = [text(row) for row in city.page(face).css(shown) if "tomorrow" not in text(row) or shown == "li.row"]
        assert ["Town Buses" in said[0], "Hill Buses" in said[1]] == [True, True], face
    assert "Coast · Town Buses" in text(city.page("/lines/r1")) and "Hill Buses" in text(city.page("/lines/r2"))
    alone = City(network("A B C D", ways, trips, routes=(Route("r1", "1"), Route("r2", "1"))), at="07:55")
    assert alone.panel("A")[0].told["notes"] == []
    # A tram and a bus, told apart by more than the colours of their badges: WCAG 2.2, 1.4.1.
    modes = City(network("A B C D", ways, trips, routes=(Route("r1", "1", type=0), Route("r2", "1"))), at="07:55")
    modes.faces_agree("A")
    assert [row.told["notes"] for row in modes.panel("A", lang="fr")[:2]] == [["Tram"], ["Bus"]]
    modes.trip_updates(update("t1", skipped("B"), start_date=20261126))
    assert modes.panel("A")[0].told["notes"] == ["Tram", "does not call at Stop B"]
    # What has no room for its stops is said all the same.
    assert [line.split(" 08:")[0].strip() for line in modes.panel_text("A", width=36, lines=1)] == [
        "1 East, Tram, skips stops"]  # fmt: skip
    assert [line.split(" 08:")[0].split() for line in modes.panel_text("A", width=24, lines=2)] == [
        ["1", "East,", "Tram"], ["1", "East,", "Bus"]]  # fmt: skip


@pytest.mark.parametrize(("kind", "told"), [(2, ["4711"]), (3, []), (4, ["4711"]), (200, ["4711"])])
def test_a_train_is_known_by_its_number(kind: int, told: list[str]) -> None:
    trains = network(trips=(Trip("t1", "08:00", short_name="4711"),), routes=(Route("r1", "RE", type=kind),))
    city = City(trains, at="07:55")
    assert city.departures("B")[0].told["trip_short_name"] == city.trip_answer("t1")["trip_short_name"] == "4711"
    assert city.panel("B")[0].told["notes"] == told
    for page in ("/stops/B", "/screen/B", "/trips/t1"):
        assert ("4711" in text(city.page(page).css_first("main"))) == bool(told), page


def test_on_a_weekend_all_faces_say_when_the_first_of_the_week_leaves() -> None:
    weekdays = network("A B C", trips=(Trip("t1", "08:00", service="w"),), services=(Service("w", "1111100"),))
    city = City(weekdays, at="09:00", date=20261128)
    first = "First departure Monday 08:00"
    for address in ("/stops/A", "/screen/A"):
        assert first in text(city.page(address)), address
    assert first in text(city.page("/", fragment="board", stop="A"))
    assert first in " ".join(line.strip() for line in city.panel_text("A", width=24))
    assert [row.clock for row in city.line_page("r1")] == ["08:00", "08:02", ""]
    for page in (city.page("/stops/C"), city.page("/", fragment="board", stop="C"), city.page("/screen/C")):
        assert "only get off here" in text(page)


def test_of_many_cancelled_departures_a_small_panel_shows_what_comes_too() -> None:
    often = network(trips=tuple(Trip(f"t{ten}", f"08:{ten}0") for ten in range(6)))
    city = City(often, at="07:55").trip_updates(*(cancelled(f"t{ten}", start_date=20261126) for ten in range(4)))
    city.faces_agree("B")
    assert [row.clock for row in city.panel("B", limit=3)] == ["08:02", "08:12", "08:42"]
    assert city.panel_text("B", width=24, lines=2)[1].endswith("08:42")
    assert [row.clock for row in city.departures("B", limit=3)] == ["08:02", "08:12", "08:42"]
    around = city.json("/v1/departures", stop=["A", "B"], limit=4)["departures"]
    assert [row["status"] for row in around] == ["cancelled"] * 3 + ["scheduled"]
    city.trip_updates(*(cancelled(f"t{ten}", start_date=20261126) for ten in range(6)))
    assert "Last departure" not in text(city.page("/stops/B")), "none of today's comes"


def test_each_visit_of_a_stop_has_its_wait_though_only_tomorrow() -> None:
    lollipop = network("A B C D", (Pattern("main", "A B C D B A", headsign="Round"),), (Trip("t1", "08:00"),))
    city = City(lollipop, at="07:59").vehicle_positions(bus("v1", "t1", late_s=0)).at("08:03")
    clocks = [(row.stop, row.clock, row.status) for row in city.line_page("r1")]
    assert clocks[:2] == [("A", "08:00", "scheduled"), ("B", "08:02", "scheduled")]
    assert clocks[4][::2] == ("B", "live")


def test_a_stop_is_no_sign_of_itself() -> None:  # gocarta/gtfs#8
    calls = tuple(Call(stop, f"08:0{2 * k}", headsign=f"Stop {stop}") for k, stop in enumerate("ABCD"))
    city = City(network("A B C D", trips=(Trip("t1", calls=calls, headsign="Town"),)), at="07:55")
    city.faces_agree("B")
    assert [row.told["headsign"] for row in city.trip("t1")][:3] == ["Town"] * 3


def test_the_stop_after_each_is_no_destination() -> None:  # stadtnavi/digitransit-ui#165
    calls = tuple(Call(stop, f"08:0{2 * k}", headsign=f"Stop {'BCDD'[k]}") for k, stop in enumerate("ABCD"))
    city = City(network("A B C D", trips=(Trip("t1", calls=calls, headsign="Stop D"),)), at="07:55")
    city.faces_agree("A")
    assert {row.told["headsign"] for row in city.trip("t1")} == {"Stop D"}


def test_the_sign_of_all_stops_is_the_trips_where_it_has_none() -> None:
    calls = tuple(Call(stop, f"08:0{2 * k}", headsign="North" * (stop != "D")) for k, stop in enumerate("ABCD"))
    city = City(network("A B C D", trips=(Trip("t1", calls=calls, headsign=""),)), at="07:55")
    assert city.trip_answer("t1")["headsign"] == city.departures("B")[0].told["headsign"] == "North"


def test_beyond_the_stop_on_its_sign_a_run_is_bound_for_where_it_ends() -> None:
    # public-transport/transitous#1367
    city = City(network(trips=(Trip("t1", "08:00", headsign="Stop C"),)), at="07:55")
    assert [row.told["headsign"] for row in city.trip("t1")] == ["Stop C"] * 2 + ["Stop E"] * 3
    city.faces_agree("D")


@pytest.mark.parametrize(
    ("sign", "kind"), [("ZICO", 2), ("857412", 106), ("857412", 3), ("ZICO", 3), ("STOP", 2), ("D", 3)]
)
def test_a_trains_code_and_the_lines_name_are_no_destination(
    sign: str, kind: int
) -> None:  # motis-project/motis#1004, #1454
    line = Route("r1", "D", type=kind)
    city = City(network(trips=(Trip("t1", "08:00", headsign=sign),), routes=(line,)), at="07:55")
    is_code = sign != "STOP" and (kind != 3 or sign.isdecimal())
    told = city.departures("B")[0].told
    says = "Stop E" if is_code or sign == "D" else sign
    assert (told["headsign"], told["trip_short_name"]) == (says, sign if is_code else None)


def test_a_sign_that_both_directions_bear_tells_nobody_where_a_run_goes() -> None:  # mfdz/GTFS-Issues#19
    sign = "Stop A - Stop C (Express)"
    ways = (Pattern("main", "A B C", headsign=sign), Pattern("back", "C B A", direction=1, headsign=sign))
    city = City(network("A B C", ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "back"))), at="07:55")
    assert [row.told["headsign"] for row in city.departures("B")] == ["Stop C", "Stop A"]
    # Round trips end at one place, whichever way they go.
    ways = (Pattern("main", "A B C A", headsign="Ring"), Pattern("back", "A C B A", direction=1, headsign="Ring"))
    city = City(network("A B C", ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "back"))), at="07:55")
    assert [row.told["headsign"] for row in city.departures("B")] == ["Ring", "Ring"]


@pytest.mark.parametrize("sign", ["East  - ", "→ East", "East /"])
def test_no_dash_hangs_on_a_destination(sign: str) -> None:
    calls = (Call("A", "08:00", headsign=sign), Call("B", "08:02", headsign="West"), Call("C", "08:04"))
    city = City(network("A B C", trips=(Trip("t1", calls=calls, headsign=sign),)), at="07:55")
    assert [row.told["headsign"] for row in city.trip("t1")] == ["East", "West", "East"]


def test_a_destination_alone_in_brackets_is_said_without_them() -> None:  # public-transport/transitous#1984
    city = City(network(trips=(Trip("t1", "08:00", headsign="1 (East)"),)), at="07:55")
    assert city.departures("B")[0].told["headsign"] == "East"


def test_a_line_is_among_those_of_its_kind_however_its_type_is_written() -> None:
    kinds = {"a": 204, "b": 600, "c": 1400, "d": 12, "e": 7, "f": 300}
    ways = tuple(Pattern(name, "A B C", route=name) for name in kinds)
    lines = tuple(Route(name, name, type=kind) for name, kind in kinds.items())
    page = City(network("A B C", ways, tuple(Trip(name, "08:00", name) for name in kinds), routes=lines)).page("/lines")
    assert [text(badge) for badge in page.css("main .badge")][:6] == ["b", "d", "f", "a", "c", "e"]


def test_signs_that_differ_in_capitals_alone_are_one_destination() -> None:
    for direction in ("", "0"):
        rows = (f"r1,daily,t1,EAST STATION,{direction}", f"r1,daily,t2,East Station,{direction}")
        trips = "\n".join(("route_id,service_id,trip_id,trip_headsign,direction_id", *rows))
        page = City(network(tables={"trips": trips})).page("/stops/B")
        assert [text(head) for head in page.css("h2, h3")] == ["Next departures", "Line 1to EAST STATION"]
        assert not any("Station" in text(row) for row in page.css("li.departure"))


def test_lines_stand_as_the_operator_sorts_them() -> None:
    head = "route_id,agency_id,route_short_name,route_type,route_sort_order"
    rows = ["1,TB,1,3,", "10,TB,10,3,1", "2,TB,2,3,2", "T,TB,T,0,9"]
    ways = tuple(Pattern(name, "A B C", route=name) for name in ("1", "10", "2", "T"))
    trips = tuple(Trip(name, "08:00", name) for name in ("1", "10", "2", "T"))
    page = City(network("A B C", ways, trips, tables={"routes": "\n".join((head, *rows))})).page("/lines")
    assert [text(badge) for badge in page.css("main .badge")][-4:] == ["T", "10", "2", "1"]


def test_a_line_without_a_name_is_called_by_what_it_is_like() -> None:  # OneBusAway/onebusaway-android#2035
    routes = "route_id,agency_id,route_short_name,route_long_name,route_desc,route_type\nr1,TB,,,Harbour shuttle,4\n"
    assert City(network(tables={"routes": routes})).panel("B")[0].told["line"] == "Harbour shuttle"


# continuous_pickup and continuous_drop_off


def _line_told(zone_of: str, *rows: str) -> tuple[str, list[tuple[str, str]]]:
    """What the line's page says of boarding between stops, and /v1/routes of each stop."""
    head = f"route_id,agency_id,route_short_name,route_type{zone_of}"
    city = City(network(tables={"routes": "\n".join((head, *rows))}))
    (pattern,) = city.json("/v1/routes/r1")["patterns"]
    told = [(stop["continuous_pickup"], stop["continuous_drop_off"]) for stop in pattern["stops"]]
    return text(city.page("/lines/r1").css_first("#board")), told


@pytest.mark.parametrize(
    ("kinds", "told", "sentence"),
    [
        ("0,0", ("regular", "regular"), "You may board and get off anywhere along the whole way."),
        ("3,3", ("driver", "driver"), "along the whole way (on request: tell or signal to the driver)."),
        ("2,1", ("phone", "none"), "You may board anywhere along the whole way (on request: phone the agency"),
        ("1,", ("none", "none"), ""),
    ],
)
def test_where_riders_may_board_along_the_way_the_line_says_so(
    kinds: str, told: tuple[str, str], sentence: str
) -> None:
    page, by_stop = _line_told(",continuous_pickup,continuous_drop_off", f"r1,TB,1,3,{kinds}")
    assert by_stop == [told] * 5
    assert sentence in page
    assert ("anywhere" in page) == (sentence != "")


def test_where_riders_may_get_off_on_parts_of_the_way_the_line_says_that_and_of_all_its_trips_alone() -> None:
    rows = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence,continuous_drop_off"]
    for trip, hour, kinds in (("t1", 8, "00111"), ("t2", 9, "01011")):
        clocks = (f"{hour:02d}:0{2 * k}:00" for k in range(5))
        calls = zip(clocks, "ABCDE", range(5), kinds, strict=True)
        rows += [f"{trip},{at},{at},{stop},{k},{kind}" for at, stop, k, kind in calls]
    city = City(network(tables={"stop_times": "\n".join(rows)}))
    assert "You may get off anywhere on parts of the way." in text(city.page("/lines/r1").css_first("#board"))
    (pattern,) = city.json("/v1/routes/r1")["patterns"]
    assert [stop["continuous_drop_off"] for stop in pattern["stops"]] == ["regular", "none", "none", "none", "none"]


def test_a_stop_is_named_without_the_platform_that_is_said_beside_it() -> None:  # mfdz/GTFS-Issues#103
    places = (
        Stop("S", 0.0, location_type=1, name="Aeschenplatz"),
        Stop("S1", 0.0, parent="S", name="Aeschenplatz A", platform="A"),
        Stop("T", 600.0, name="Turnhalle, Bstg 3", platform="Bstg 3"),
        Stop("C", 1200.0, name="Terminal 1", platform="1"),
    )
    city = City(network(places, (Pattern("main", "S1 T C"),), (Trip("t1", "08:00"),)))
    names = [text(only(city.page(f"/stops/{stop}"), ".sign")) for stop in ("S1", "T", "C")]
    assert names == ["Aeschenplatz Platform A", "Turnhalle Platform 3", "Terminal 1 Platform 1"]


@pytest.mark.parametrize(
    ("written", "said"), [("Platform 3", "3"), ("Gleis 3", "3"), ("voie 3", "3"), ("Pl.3", "3"), ("N/A", ""), ("-", "")]
)
def test_the_word_platform_is_not_said_twice_nor_one_that_is_none(written: str, said: str) -> None:
    # GTFS asks for the code alone; aubryio/minotor#20.
    places = (
        Stop("S", 0.0, location_type=1), Stop("S1", 0.0, parent="S", platform=written),
        Stop("S2", 20.0, parent="S", platform="Hall East"), Stop("C", 1200.0),
    )  # fmt: skip
    ways = Pattern("main", "S1 C"), Pattern("other", "S2 C")
    city = City(network(places, ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "other"))))
    assert [row.told["platform"] for row in city.departures("S")] == [said or None, "Hall East"]
    first = text(city.page("/stops/S").css_first("li.departure"))
    assert first.endswith("Platform 3") if said else "Platform" not in first


@pytest.mark.parametrize(
    ("name", "code", "platform"),
    [("Central Station Platform 2", "", "2"), ("Central Station (Bay 3)", "", "3"), ("Platform 4", "4", "4"),
     ("Central Station Stop A", "A", "A"), ("Central Station East", "", "")],
)  # fmt: skip
def test_a_platform_is_called_as_its_station_and_by_its_code(name: str, code: str, platform: str) -> None:
    places = (
        Stop("A", 0.0), Stop("S", 600.0, name="Central Station", location_type=1),
        Stop("S1", 600.0, name=name, parent="S", platform=code),
    )  # fmt: skip
    city = City(network(places, (Pattern("main", "A S1", headsign=""),), (Trip("t1", "08:00"),)))
    assert city.departures("A")[0].told["headsign"] == ("Central Station" if platform else name)
    assert city.json("/v1/stops/S1")["stop"]["platform"] == (platform or None)


@pytest.mark.parametrize(
    ("service", "english", "french"),
    [
        (
            Service(end=20261120),
            "The timetable ended on 20 November.",
            "Les horaires connus s’arrêtaient au 20 novembre.",
        ),
        (
            Service(end=20261125),
            "The timetable ended on 25 November.",
            "Les horaires connus s’arrêtaient au 25 novembre.",
        ),
        (
            # public-transport/transitous#1025: a feed that is valid until tonight and renewed each day.
            Service(start=20261101, end=20261126),
            "No later departure is known: the timetable ends on 26 November.",
            "Aucun départ ultérieur connu : les horaires s’arrêtent au 26 novembre.",
        ),
        (Service(start=20261210), "Next departure on 10 December.", "Prochain départ le 10 décembre."),
    ],
)
def test_an_empty_board_says_that_the_timetable_ends_or_has_ended_or_when_it_begins(
    service: Service, english: str, french: str
) -> None:
    city = City(network(services=(service,)), at="09:30")
    assert city.panel_text("A", width=80)[0].strip() == english
    assert city.panel_text("A", width=80, lang="fr")[0].strip() == french
    assert english in text(city.page("/stops/A"))
    assert english in text(city.page("/screen/A"))


def test_at_a_station_without_platforms_a_departure_says_from_which_part_it_leaves() -> None:
    places = (
        Stop("S", 0.0, name="Gare", location_type=1), Stop("N", 0.0, name="Gare Nord", parent="S"),
        Stop("M", 30.0, name="Gare", parent="S"), Stop("C", 1200.0),
    )  # fmt: skip
    ways = Pattern("main", "N C"), Pattern("other", "M C", direction=1)
    city = City(network(places, ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "other"))), at="07:55")
    assert [row.told["notes"] for row in city.panel("S", limit=2)] == [["from Gare Nord"], []]
    assert city.panel("N", limit=1)[0].told["notes"] == []
    assert city.panel_text("S", width=32, lang="en")[0] == "1 East, from Gare Nord     08:00"
    for page in ("/stops/S", "/screen/S"):
        assert text(city.page(page).css_first("main")).count("from Gare Nord") == 1


def test_a_vehicle_that_tells_its_number_plate_alone_is_known_by_it() -> None:
    city = City(at="08:01:30").vehicle_positions(bus("", "t1", at="B", fresh=True, license_plate="AB-123-CD"))
    assert city.departures("C")[0].told["vehicle_label"] == "AB-123-CD"
    assert "AB-123-CD" in text(city.page("/trips/t1"))


def test_where_the_operator_moves_a_departure_to_another_platform_riders_read_from_which() -> None:
    # HSLdevcom/digitransit-ui#5524, JesseFPV/hacs-ns-card#3, chuk-development/Besser-Bahn#16
    places = (
        Stop("A", 0.0), Stop("S", 600.0, location_type=1), Stop("S7", 600.0, parent="S", platform="7"),
        Stop("S9", 600.0, 20.0, parent="S", platform="9"), Stop("C", 1200.0),
    )  # fmt: skip
    city = City(network(places, "A S7 C"), at="07:58")
    city.trip_updates(update("t1", StopUpdate("S7", delay=0, assigned_stop="S9"), start_date=20261126))
    city.faces_agree("S")
    first, second = (row.told for row in city.departures("S"))
    assert [(row["platform"], row["planned_platform"]) for row in (first, second)] == [("9", "7"), ("7", None)]
    for face, words in in_words(city, "S9").items():
        assert "Platform change: 9 instead of 7" in words, face
    assert "Platform change: 9 instead of 7" in text(city.page("/screen/S"))
    city.trip_updates(update("t1", StopUpdate("S7", delay=0, assigned_stop="S7"), start_date=20261126))
    assert city.departures("S")[0].told["planned_platform"] is None


def test_a_later_departure_from_elsewhere_or_to_elsewhere_says_so_on_screens_too() -> None:
    # tronbyt/apps#648: the wait of a bus to Malden stood in the row to Oak Grove
    places = (
        Stop("A", 0.0), Stop("S", 600.0, location_type=1), Stop("S1", 600.0, parent="S", platform="1"),
        Stop("S2", 600.0, 20.0, parent="S", platform="2"), Stop("C", 1200.0),
    )  # fmt: skip
    ways = Pattern("main", "A S1 C"), Pattern("other", "A S2 C", headsign="Malden")
    trips = Trip("t1", "08:00"), Trip("t2", "08:10", "other"), Trip("t3", "08:20")
    city = City(network(places, ways, trips), at="07:58")
    for page, asked in (
        ("/screen/S", {}),
        ("/stops/S", {}),
        ("/", {"fragment": "board", "stop": "S"}),
        ("/embed/S", {}),
    ):
        first, second = (text(call) for call in city.page(page, **asked).css("li.departure")[:2])
        assert "Malden" not in first, page
        assert "to Malden" in second and ("Platform 2" in second or page in ("/", "/embed/S")), page


def test_who_stands_where_a_departure_was_to_leave_reads_where_it_leaves_from() -> None:
    # HSLdevcom/digitransit-ui#5524, chuk-development/Besser-Bahn#16
    places = (
        Stop("A", 0.0), Stop("S", 600.0, location_type=1), Stop("S7", 600.0, parent="S", platform="7"),
        Stop("S9", 600.0, 20.0, parent="S", platform="9"), Stop("C", 1200.0), Stop("X", 1200.0, 90.0, name="Road"),
        Stop("E", 1800.0),
    )  # fmt: skip
    trips = Trip("t1", "08:00"), Trip("t2", "09:00"), Trip("t3", "09:10")
    city = City(network(places, "A S7 C E", trips), at="07:58")
    moved = update("t1", StopUpdate("S7", delay=60, assigned_stop="S9"), start_date=20261126)
    elsewhere = update("t2", *(StopUpdate(stop, at, at) for stop, at in (
        ("A", "09:00"), ("S7", "09:02"), ("X", "09:05"), ("E", "09:06"))), relationship="REPLACEMENT",
        start_date=20261126)  # fmt: skip
    past = update("t3", *(StopUpdate(stop, at, at) for stop, at in (("A", "09:10"), ("S7", "09:12"), ("E", "09:16"))),
                  relationship="REPLACEMENT", start_date=20261126)  # fmt: skip
    city.trip_updates(moved, elsewhere, past)
    for stop, said in {
        "S7": ["From Platform 9: 08:02 to East"],
        "C": ["From Road: 09:04 to East", "Does not call here: 09:14 to East"],
        "S": [], "S9": [], "A": [], "X": [], "E": [],
    }.items():  # fmt: skip
        told = city.messages(stop=stop)
        assert told["stop page"] == said, stop
        assert told["panel"] == [f"1: {words}" for words in said]
        assert told["screen"] == [f"1 {words}" for words in said]
        assert told["v1 departures"] == []
        city.faces_agree(stop)
    assert [a.attributes["href"] for a in city.page("/stops/S7").css(".alerts a")] == ["/stops/S9"]
    (gone,) = city.json("/v1/stops/S7/departures")["moved_away"]
    assert (gone["trip_id"], gone["stop_id"], gone["scheduled_time"][11:16]) == ("t1", "S7", "08:02")
    assert (gone["to"]["stop_id"], gone["to"]["platform"], gone["to"]["time"][11:16]) == ("S9", "9", "08:03")
    assert [gone["to"] and gone["to"]["stop_id"] for gone in city.json("/v1/stops/C/departures")["moved_away"]] == [
        "X", None,
    ]  # fmt: skip
    several = city.json("/v1/departures", stop=["S7", "S", "C"])["moved_away"]
    assert [(each["stop_id"], each["trip_id"]) for each in several] == [("S7", "t1"), ("C", "t2"), ("C", "t3")]
    screen = city.page("/screen/S7,C").css(".message strong")
    assert [text(said) for said in screen][:2] == [
        "1 Stop S, Platform 7: From Platform 9: 08:02 to East",
        "1 Stop C: From Road: 09:04 to East",
    ]
    # It is said once, wherever one looks for it, and leads there.
    for face in (city.page("/stops/S7"), city.page("/", fragment="board", stop="S7"), city.page("/embed/S7")):
        assert text(face.css_first(".alert")) == "1 From Platform 9: 08:02 to East"
    # Along the line it is still that of the station.
    line = city.line_page("r1")
    assert [(row.stop, row.clock) for row in line][:2] == [("A", "08:00"), ("S9", "08:03")]
    assert "Platform change: 9 instead of 7" in text(line[1].told)
    assert city.line_departures("r1")[1].stop == "S9"
    assert [text(stop) for stop in city.page("/lines/r1").css("ul.stops.small .stop-name")] == ["Road"]
    # It is told until it has left, however late, and those to one place in one sentence.
    later = update("t1", StopUpdate("S7", delay=900, assigned_stop="S9"), start_date=20261126)
    next_too = update("t2", StopUpdate("S7", delay=0, assigned_stop="S9"), start_date=20261126)
    city.trip_updates(later, next_too).at("08:15")
    assert city.messages(stop="S7")["panel"] == ["1: From Platform 9: 08:02, 09:02 to East"]
    assert text(city.page("/screen/S").css_first("ol.rows")).count("Platform change: 9 instead of 7") == 1
    assert city.at("08:19").messages(stop="S7")["panel"] == ["1: From Platform 9: 09:02 to East"]
    cancelled_too = update("t1", relationship="CANCELED", start_date=20261126)
    assert city.trip_updates(cancelled_too).messages(stop="S7")["panel"] == []


@pytest.mark.parametrize(("visit", "time"), [(2, "08:02"), (4, "08:06")])
def test_of_a_run_that_comes_twice_the_departure_that_is_moved_is_told_where_it_was_to_leave(
    visit: int, time: str
) -> None:  # google/transit#219
    platforms = (Stop(f"S{k}", 600.0, 5.0 * k, parent="S", platform=str(k)) for k in (7, 9))
    places = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), *platforms, Stop("C", 1200.0))
    city = City(network(places, "A S7 C S7 A", (Trip("t1", "08:00"),)), at="07:50")
    moved = StopUpdate("S7", sequence=visit, delay=0, assigned_stop="S9")
    city.trip_updates(update("t1", moved, start_date=20261126))
    assert city.messages(stop="S7")["stop page"] == [f"From Platform 9: {time} to East"]
    assert [row.clock for row in city.departures("S9")] == [time]
    assert len(city.departures("S7")) == 1
    for stop in ("S7", "S9", "S"):
        city.faces_agree(stop)
    assert city.messages(stop="S")["panel"] == city.messages(stop="C")["panel"] == []


@pytest.mark.parametrize("listed", [True, False])
def test_where_a_run_comes_back_to_a_stop_no_more_its_departure_there_does_not_say_that_it_does_not_call_there(
    listed: bool,
) -> None:
    city = City(network("A B C D", "A B C B D", (Trip("t1", "08:00"),)), at="07:55")
    once = (("A", "08:00"), ("B", "08:02"), ("C", "08:04"), ("D", "08:08"))
    calls = tuple(StopUpdate(stop, at, at) for stop, at in once) if listed else (skipped("B", 4),)
    city.trip_updates(update("t1", *calls, relationship="REPLACEMENT" if listed else "", start_date=20261126))
    assert city.departures("B")[0].clock == "08:02"
    assert "does not call at" not in text(city.page("/stops/B")) + text(city.page("/stops/A"))
    # Who waits for the second time reads that it does not.
    says = "Does not call here: 08:06 to East" if listed else "08:06 not served"
    assert says in text(city.page("/stops/B"))
    city.faces_agree("B")


def test_a_departure_that_is_cancelled_after_it_was_moved_is_struck_out_there_and_told_where_it_was_to_leave() -> None:
    # opentripplanner/OpenTripPlanner#3732, HSLdevcom/digitransit-ui#2633
    platforms = (Stop(f"S{k}", 600.0, 5.0 * k, parent="S", platform=str(k)) for k in (7, 9))
    places = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), *platforms, Stop("C", 1200.0), Stop("E", 1800.0),
              Stop("X", 1200.0, 90.0, name="Road"))  # fmt: skip
    city = City(network(places, "A S7 C E", (Trip("t1", "08:00"), Trip("t2", "09:00"))), at="07:50")
    to_nine = update("t1", StopUpdate("S7", delay=60, assigned_stop="S9"), start_date=20261126)
    by_road = update("t2", *(StopUpdate(stop, at, at) for stop, at in (
        ("A", "09:00"), ("S7", "09:02"), ("X", "09:05"), ("E", "09:06"))), relationship="REPLACEMENT",
        start_date=20261126)  # fmt: skip
    city.trip_updates(to_nine, by_road).at("07:52")
    city.trip_updates(cancelled("t1", start_date=20261126), cancelled("t2", start_date=20261126))
    assert city.board("S9") == ["08:02 t1 cancelled"] and city.board("X") == ["09:05 t2 cancelled"]
    assert city.board("S")[0] == "08:02 t1 cancelled"
    for stop, said in (("S7", "Cancelled: 08:02 to East"), ("C", "Cancelled: 09:04 to East")):
        told = city.messages(stop=stop)
        assert (told["stop page"], told["panel"], told["screen"]) == ([said], [f"1: {said}"], [f"1 {said}"])
        (away,) = city.json(f"/v1/stops/{stop}/departures")["moved_away"]
        assert away["to"] is None
        city.faces_agree(stop)
    assert city.messages(stop="S")["panel"] == city.messages(stop="S9")["panel"] == []


def test_who_went_to_the_platform_that_was_told_first_reads_where_the_departure_is_now() -> None:
    platforms = (Stop(f"S{k}", 600.0, 5.0 * k, parent="S", platform=str(k)) for k in (7, 8, 9))
    places = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), *platforms, Stop("E", 1200.0))
    city = City(network(places, "A S7 E", (Trip("t1", "08:00"), Trip("t2", "09:00"))), at="07:50")
    at = {
        k: update("t1", StopUpdate("S7", delay=0, assigned_stop=f"S{k}"), StopUpdate("E", delay=0), start_date=20261126)
        for k in (7, 8, 9)
    }
    city.trip_updates(at[9]).at("07:52").trip_updates(at[8])
    for _ in range(2):
        for stop in ("S7", "S9"):
            told = city.messages(stop=stop)
            assert told["panel"] == ["1: From Platform 8: 08:02 to East"], stop
            assert told["stop page"] == ["From Platform 8: 08:02 to East"]
            city.faces_agree(stop)
        assert city.messages(stop="S")["panel"] == city.messages(stop="S8")["panel"] == []
        assert city.departures("S9") == []
        other = update("t2", StopUpdate("S7", delay=60), start_date=20261126)
        city.trip_updates(at[8], other).at("07:56")
    city.trip_updates(at[9])
    assert [city.messages(stop=stop)["panel"] for stop in ("S8", "S9")] == [["1: From Platform 9: 08:02 to East"], []]
    # Back at the scheduled one.
    city.trip_updates(at[7])
    assert [city.messages(stop=stop)["panel"] for stop in ("S7", "S9")] == [[], ["1: From Platform 7: 08:02 to East"]]
    assert city.departures("S7")[0].told["planned_platform"] is None
    assert city.our_trip_updates()[0].relationship == "SCHEDULED"
    city.faces_agree("S9")
    assert city.trip_updates().messages(stop="S9")["panel"] == []


# rijdendetreinen/gotrain#13, Traewelling/traewelling#21
def test_where_a_run_goes_no_further_riders_read_that_it_ends_there_and_behind_where_it_was_to_go() -> None:
    short = update("t1", StopUpdate("B", delay=60), StopUpdate("C", delay=60), skipped("D"), skipped("E"))
    calls = (StopUpdate(stop, at, at) for stop, at in (("A", "09:00"), ("B", "09:02"), ("C", "09:04")))
    city = City(at="08:00:30").trip_updates(short, update("t2", *calls, relationship="REPLACEMENT"))
    assert [row.told["headsign"] for row in city.departures("B")] == ["Stop C", "Stop C"]
    (skips,) = city.departures("D")
    assert (str(skips), skips.told["headsign"]) == ("08:06 t1 skipped", "East")
    assert city.panel_text("D", width=24)[0] == "1 East        not served"
    for face in ("/stops/D", "/screen/D"):
        assert "Stop C" not in text(only(city.page(face), ".departure")), face
    for stop, said in {
        "A": [], "B": [], "C": ["Ends here: 08:04, 09:04 to East"], "D": ["Does not call here: 09:06 to East"], "E": [],
    }.items():  # fmt: skip
        city.faces_agree(stop)
        told = city.messages(stop=stop)
        assert told["stop page"] == said, stop
        assert told["panel"] == [f"1: {words}" for words in said]
        assert told["screen"] == [f"1 {words}" for words in said]
    assert text(city.page("/stops/C", lang="fr").css_first(".alert")) == "1 Terminus ici : 08:04, 09:04 vers East"
    gone = city.json("/v1/stops/C/departures")["moved_away"]
    assert [(each["trip_id"], each["headsign"], each["to"]) for each in gone] == [
        ("t1", "East", None),
        ("t2", "East", None),
    ]
    asked = {"MonitoringRef": "C", "StopVisitTypes": "departures"}
    (delivery,) = city.json("/siri/2.0/stop-monitoring.json", **asked)["Siri"]["ServiceDelivery"][
        "StopMonitoringDelivery"
    ]
    assert len(delivery["MonitoredStopVisitCancellation"]) == 2
    assert not [row for row in city.trip_page("t1") if "to East" in text(row.told)]
    # Who waits there is told until it has come, each run of its own.
    assert city.at("08:07").messages(stop="C")["panel"] == ["1: Ends here: 09:04 to East"]
    often = City(
        network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 600, 1),)), at="07:58"
    )
    often.trip_updates(replace(short, fields={"start_time": "08:10:00"}))
    assert often.messages(stop="C")["panel"] == ["1: Ends here: 08:14 to East"]
    # Also where it ends at another platform.
    places = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), Stop("S1", 600.0, parent="S", platform="1"),
              Stop("S2", 600.0, 20.0, parent="S", platform="2"), Stop("E", 1200.0))  # fmt: skip
    other = update(
        "t1", StopUpdate("A", departure="08:00"), StopUpdate("S2", arrival="08:02"), relationship="REPLACEMENT"
    )
    city = City(network(places, "A S1 E"), at="07:58").trip_updates(other)
    assert city.messages(stop="S")["panel"] == ["1: Ends here: 08:02 to East"]
    assert city.messages(stop="S1")["panel"] == ["1: Does not call here: 08:02 to East"]


@pytest.mark.parametrize("sign", ["Stop D / Stop F", "STOP D/STOP F", "Stop D and Stop F"])
def test_behind_the_fork_a_run_is_bound_for_its_own_branch_alone(sign: str) -> None:  # planarnetwork/gb-transit#158
    stops = (*row_of_stops("A B C D"), Stop("E", 600.0, 600.0), Stop("F", 600.0, 1200.0))
    ways = Pattern("main", "A B C D", headsign=sign), Pattern("other", "A B E F", headsign=sign)
    city = City(network(stops, ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "other"))), at="07:55")
    city.faces_agree("C")
    ends = [end.title() if sign.isupper() else end for end in ("Stop D", "Stop F")]
    for trip, end in zip(("t1", "t2"), ends, strict=True):
        said = [row.told["headsign"] for row in city.trip(trip)]
        assert [sign_told.title() for sign_told in said] == [sign.title()] * 2 + [end] * 2
    # Of a line of one branch it is a name.
    city = City(network(stops, ways[:1], (Trip("t1", "08:00"),)))
    assert {row.told["headsign"] for row in city.trip("t1")} == {sign}


@pytest.mark.parametrize("sign", ["Hill via Stop C", "Hill (via stop c)", "Hill, VIA Stop C"])
def test_a_place_on_the_way_is_on_no_sign_behind_it(sign: str) -> None:  # opentripplanner/OpenTripPlanner#2299
    city = City(network(trips=(Trip("t1", "08:00", headsign=sign),)), at="07:55")
    assert [row.told["headsign"] for row in city.trip("t1")] == [sign] * 3 + ["Hill"] * 2
    city.faces_agree("D")


@pytest.mark.parametrize(
    ("long_name", "said"),
    [
        ("120", ""), ("Line 120", ""), ("120 - Square - Station", "Square - Station"), ("120 (Square)", "Square"),
        ("Minibus 120: Square -> Station", "Square -> Station"), ("120 Mile Road", "120 Mile Road"),
    ],
)  # fmt: skip
def test_a_lines_long_name_does_not_say_its_name_again(long_name: str, said: str) -> None:
    # MobilityData/gtfs-validator#512, trufi-association/trufi-core#876
    city = City(network(routes=(Route("r1", "120", long_name),)))
    assert not said or text(city.page("/lines/r1").css_first("p.lead")) == said
    assert text(only(city.page("/lines"), "ul.lines")).removeprefix("Line 120") == said


def test_who_is_sent_to_another_stop_is_told_no_later_time_than_it_leaves_there() -> None:
    # google/transit#403
    city = City(network((*row_of_stops("A B C D E"), Stop("X", 1200.0, 300.0, name="Road")), "A B C D E"), at="07:58")
    times = ("A", "08:00"), ("X", "08:03"), ("E", "08:08")
    round_by = update("t1", *(StopUpdate(stop, at, at) for stop, at in times),
                      relationship="REPLACEMENT", start_date=20261126)  # fmt: skip
    city.trip_updates(round_by)
    told = [city.messages(stop=stop)["panel"] for stop in "BD"]
    assert told == [["1: From Road: 08:02 to East"], ["1: From Road: 08:03 to East"]]


def test_where_a_bus_comes_by_twice_each_time_says_which_way_it_goes_on() -> None:
    # cheeaun/busrouter-sg#77, vingerha/gtfs2#215, public-transport/falsehoods#1
    city = City(
        network("A B C D", (Pattern("main", "A B C D B A", headsign="Loop"),), (Trip("t1", "08:00"),)), at="07:55"
    )
    city.faces_agree("B")
    assert [row.told["notes"] for row in city.panel("B")[:2]] == [["via Stop C"], ["via Stop A"]]
    for face in (city.stop_page, city.screen, city.home):
        out, back = (text(row.told) for row in face("B")[:2])
        assert "via Stop A" in back and "via Stop A" not in out
    assert "via" not in text(city.page("/stops/C")) and "par Stop C" in text(city.page("/stops/B", lang="fr"))
    # And leads to that visit on the run's page.
    links = [str(link.attributes["href"]) for link in city.page("/stops/B").css("a[href^='/trips/']")]
    for link, yours in zip(links[:2], (1, 4), strict=True):
        rows = city.page("/trips/t1", **dict(parse_qsl(link.partition("?")[2]))).css("ol.trip > li.at")
        assert [k for k, row in enumerate(rows) if "yours" in str(row.attributes["class"])] == [yours]
    assert not city.page("/stops/C").css("a[href*='visit=']")
    # A ring comes back to where it ends, and a stay is one visit.
    ring = City(network("A B C", (Pattern("main", "A B B C A", headsign="Ring"),), (Trip("t1", "08:00"),)), at="07:55")
    assert not any(row.told["notes"] for stop in "AB" for row in ring.panel(stop))


def test_of_a_ring_that_is_driven_both_ways_each_departure_says_which_way_it_goes() -> None:
    # KristjanESPERANTO/MMM-PublicTransportHafas#19
    stops = (Stop("A", 0, name="Hub"), Stop("N", 0, 600), Stop("E", 600, 600), Stop("S", 600, 0))
    ways = Pattern("cw", "A N E S A", headsign="Hub"), Pattern("ccw", "A S E N A", headsign="Hub", direction=1)
    city = City(network(stops, ways, (Trip("t1", "08:00", "cw"), Trip("t2", "08:05", "ccw"))), at="07:55")
    for stop in "AN":
        city.faces_agree(stop)
    assert [row.told["notes"] for row in city.panel("A")[:2]] == [["via Stop N"], ["via Stop S"]]
    for address, rows in (("/stops/A", "li.departure"), ("/screen/A", "li.row")):
        said = [text(row) for row in city.page(address).css(rows) if "tomorrow" not in text(row) or rows == "li.row"]
        assert ["via Stop N" in row for row in said] == [True, False], address
    tabs = [text(tab).split(" via ")[1] for tab in city.page("/lines/r1").css("nav.directions a")]
    assert tabs == ["Stop N", "Stop S"]
    # What has one stop to go says where it goes, and a sign of its own which way.
    assert [row.told["notes"] for row in city.panel("N")[:2]] == [["via Stop E"], []]
    calls = tuple(Call(stop, f"08:0{2 * k}", headsign="Clockwise") for k, stop in enumerate("ANESA"))
    named = network(stops, ways, (Trip("t1", pattern="cw", calls=calls), Trip("t2", "08:05", "ccw")))
    assert City(named, at="07:55").panel("A")[0].told["notes"] == []


@pytest.mark.parametrize(
    ("headway_s", "lang", "said", "tight"),
    [
        (5400, "en", "every 90 min", "~90m"), (3600, "en", "every hour", "~1h"), (7200, "en", "every 2 h", "~2h"),
        (7200, "fr", "toutes les 2 h", "~2h"), (7200, "de", "alle 2 h", "~2h"),
    ],
)  # fmt: skip
def test_how_seldom_a_line_comes_is_said_in_hours_where_it_is_hours(
    headway_s: int, lang: str, said: str, tight: str
) -> None:
    seldom = (Frequency("t1", "06:00", "22:00", headway_s),)
    city = City(network("A B C", trips=(Trip("t1", "08:00"),), frequencies=seldom), at="09:01")
    assert city.panel("A", lang=lang)[0].told["shown"] == said
    for face in ("/stops/A", "/screen/A", "/lines/r1", "/stops/A/timetable"):
        assert said in text(city.page(face, lang=lang)), face
    assert city.panel_text("A", width=10, lang=lang)[0].endswith(tight)


@pytest.mark.parametrize(
    ("stop", "said"),
    [("U", "No line stops here. Lines stop at Stop B, 300 m away."), ("V", "No line stops here."),
     ("P2", "No line stops here. Lines stop at Gare, 40 m away.")],
)  # fmt: skip
def test_a_stop_that_no_line_serves_says_so_and_where_lines_stop(stop: str, said: str) -> None:
    places = (
        *row_of_stops("A B"), Stop("G", 1200.0, location_type=1, name="Gare"), Stop("P1", 1200.0, parent="G"),
        Stop("P2", 1200.0, 40.0, parent="G"), Stop("U", 600.0, 300.0, name="Stop B"), Stop("V", 0.0, 90.0),
        Stop("far", 5000.0, name="Stop V"), Stop("end", 5600.0),
    )  # fmt: skip
    city = City(network(places, "A B P1 far end"), at="07:55")
    for face in (f"/stops/{stop}", f"/screen/{stop}", f"/embed/{stop}"):
        assert said in text(city.page(face)), face
    assert said in text(city.page("/", fragment="board", stop=stop))
    assert " ".join(" ".join(city.panel_text(stop, width=40)).split()) == said
    assert "No line stops here" not in text(city.page("/stops/B"))


def test_a_station_is_found_by_its_entrances_and_an_entrance_means_its_station() -> None:
    # onebusaway-gtfs, OpenTripPlanner and others drop them: riders look for the street on the sign over the stairs.
    places = (
        Stop("A", 0.0), Stop("S", 600.0, location_type=1, name="Gare"), Stop("S1", 600.0, parent="S", platform="1"),
        Stop("E7", 600.0, 60.0, name="Rue de la Paix", parent="S", location_type=2),
        Stop("BA", 600.0, 9.0, name="Abschnitt A", parent="S1", location_type=4), Stop("C", 1200.0),
    )  # fmt: skip
    city = City(network(places, "A S1 C"), at="07:55")
    for query in ("rue de la paix", "Paix", "E7", "Abschnitt"):
        assert [stop["stop_id"] for stop in city.json("/v1/stops", q=query)["stops"]] == ["S"], query
        assert "Gare" in text(city.page("/", q=query)), query
    assert city.json("/v1/stops/E7/departures")["stop"]["stop_id"] == "S"
    assert city.json("/siri/2.0/stop-monitoring.json", MonitoringRef="E7")
    for face in ("/stops/E7", "/stops/E7/timetable", "/stops/E7/sign", "/embed/E7", "/screen/E7"):
        assert "Gare" in text(city.page(face)), face


@pytest.mark.parametrize(
    ("line", "sign", "said"),
    [
        ("5", "Line 5", "Stop E"), ("A", "LIGNE A", "Stop E"), ("Blue", "Blue Line", "Stop E"),
        ("Blue Line", "Blue Line", "Stop E"),
        ("5", "Gare (5)", "Gare"), ("5", "Gare - Ligne 5", "Gare"),
        ("5", "Aller", "Stop E"), ("5", "Sens 2", "Stop E"), ("5", "Rück", "Stop E"),
        ("5", "Bus 7", "Bus 7"), ("5", "Terminal 5", "Terminal 5"), ("Red", "Red Square", "Red Square"),
        ("5", "Retournac", "Retournac"), ("5", "Sentido Volta", "Stop E"), ("5", "07:40", "Stop E"),
        ("5", "t1", "Stop E"), ("5", "Volta Redonda", "Volta Redonda"), ("5", "下り", "Stop E"),
        ("5", "Inbound", "Stop E"), ("5", "5 - Outbound", "Stop E"), ("5", "Northbound", "Northbound"),
        ("5", "Stadteinwärts", "Stop E"), ("5", "Bound Brook", "Bound Brook"),
        ("5", "Line 5 to Gare", "Gare"), ("5", "5 to Gare", "Gare"), ("5", "Ligne 5 vers Gare", "Gare"),
        ("5", "No. 5 to Gare", "Gare"), ("A", "A to Z Market", "A to Z Market"),
    ],
)  # fmt: skip
def test_a_sign_that_says_the_line_or_there_and_back_alone_is_no_destination(line: str, sign: str, said: str) -> None:
    # public-transport/transitous#1627, GTFS Schedule Best Practices on trip_headsign
    city = City(network(trips=(Trip("t1", "08:00", headsign=sign),), routes=(Route("r1", line),)), at="07:55")
    assert city.departures("A")[0].told["headsign"] == said
    assert city.panel("A")[0].run == said


def test_a_sign_says_where_a_run_goes_and_not_where_it_comes_from() -> None:
    # As Mexico City's, Nairobi's and São Paulo's feeds write their signs: cdmx.zip of interline-io/transitland-lib.
    ways = Pattern("main", "A B C"), Pattern("back", "C B A", direction=1)

    def bound_for(there: str, back: str, **places: str) -> list[str]:
        trips = Trip("t1", "08:00", headsign=there), Trip("t2", "08:30", "back", headsign=back)
        stops = [Stop(stop, 600.0 * k, name=places.get(stop, "")) for k, stop in enumerate("ABC")]
        city = City(network(stops, ways, trips), at="07:55")
        return [city.panel("B")[k].run for k in (0, 1)]

    assert bound_for("Puerto - Centro", "Centro - Puerto") == ["Centro", "Puerto"]
    assert bound_for("Puerto – La Villa Norte nocturno", "La Villa Norte – Puerto nocturno") == [
        "La Villa Norte nocturno", "Puerto nocturno",
    ]  # fmt: skip
    assert bound_for("Hafen → Markt", "Markt → Zoo", A="Hafen") == ["Markt", "Markt → Zoo"]
    # No other way round, and names with a hyphen.
    assert bound_for("Zoo - Nord", "Saint-Cyr - Parc") == ["Zoo - Nord", "Saint-Cyr - Parc"]
    assert bound_for("Bern - Europaplatz", "Bern", A="Bern", C="Bern - Europaplatz") == ["Bern - Europaplatz", "Bern"]


@pytest.mark.parametrize("sign", ["To: Gare", "Dir. Gare", "à Gare", "Direction Gare"])
def test_to_is_not_said_twice(sign: str) -> None:
    city = City(network(trips=(Trip("t1", "08:00", headsign=sign),)), at="07:55")
    assert text(only(city.page("/stops/A"), "h3")) == f"Line 1{sign}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Red Line", "Red Line"),
        ("Ligne 7", "Ligne 7"),
        ("Bus 12", "Bus 12"),
        ("Busway", "Line Busway"),
        ("7", "Line 7"),
    ],
)
def test_a_lines_name_that_says_that_it_is_one_is_not_called_line_once_more(name: str, said: str) -> None:
    # As BART, MBTA and feeds of Morocco and France name theirs.
    city = City(network(routes=(Route("r1", name),)), at="07:55")
    assert text(only(city.page("/lines/r1"), "h1")) == said
    assert text(only(city.page("/stops/A"), "h3")) == f"{said}to East"
    assert text(only(city.page("/trips/t1"), "title")).startswith(f"{said} to East")


def test_who_waits_for_a_bus_that_leaves_out_stops_further_on_reads_which() -> None:  # alex-jung/ha-departures-card#74
    city = City(at="07:55").trip_updates(update("t1", skipped("C"), skipped("D"), start_date=20261126))
    for face, words in in_words(city, "A").items():
        assert ("does not call at Stop C, Stop D" in words) == (face != "trip page"), face
    assert "ne dessert pas Stop C, Stop D" in city.panel("A", lang="fr")[0].told["notes"]
    # Behind them it says nothing, nor does the next; and where it ends early its destination does.
    assert city.panel("A")[1].told["notes"] == []
    city.trip_updates(update("t1", skipped("B"), skipped("D"), skipped("E"), start_date=20261126))
    assert [city.panel(stop)[0].told["notes"] for stop in "AC"] == [["does not call at Stop B"], []]
    assert city.panel("A")[0].run == "Stop C"
    loop = City(network("A B C", (Pattern("main", "A B C B A"),), (Trip("t1", "08:00"),)), at="07:55")
    loop.trip_updates(update("t1", StopUpdate("B", sequence=2, relationship="SKIPPED"), start_date=20261126))
    assert "does not call at Stop B" not in loop.panel("A")[0].told["notes"]


def test_who_waits_for_a_run_that_another_takes_the_place_of_reads_what_it_leaves_out() -> None:
    # GTFS-Realtime: a REPLACEMENT lists the stops that are served, and no others.
    def listed(*stops: str) -> TripUpdate:
        calls = (StopUpdate(stop, f"08:{2 * i:02}", f"08:{2 * i:02}") for i, stop in enumerate(stops))
        return update("t1", *calls, relationship="REPLACEMENT", start_date=20261126)

    station = Stop("S", 600, 30, location_type=1), Stop("C", 600, parent="S", name="S, 1"), Stop("C2", 600, parent="S")
    stops = *(stop for stop in row_of_stops("A B D E X")), *station
    city = City(network(stops, "A B C D E"), at="07:55").trip_updates(listed("A", "B", "E"))
    city.faces_agree("A")
    for face, words in in_words(city, "A").items():
        assert ("does not call at S, 1, Stop D" in words) == (face != "trip page"), face
    assert [city.panel("B")[i].told["notes"] for i in (0, 1)] == [["does not call at S, 1, Stop D"], []]
    # A stop on the way round stands for one; another platform is none left out, and an early end is a destination.
    for served, told in (("ABXDE", ["does not call at S, 1"]), (["A", "B", "C2", "D", "E"], []), ("ABC", [])):
        city.trip_updates(listed(*served))
        assert city.panel("A")[0].told["notes"] == told, served


def test_where_riders_get_off_at_the_first_of_two_calls_at_one_stop_they_may_get_off() -> None:
    # bustimes/bustimes.org#244: a wait written as a call to get off and one to board.
    calls = (Call("A", "08:00"), Call("B", "08:04", pickup=1), Call("B", "08:10", drop_off=1), Call("C", "08:12"))
    city = City(network("A B C", trips=(Trip("t1", calls=calls),)), at="07:55")
    hub = city.trip_page("t1")[1]
    assert "no alighting" not in text(hub.told) and "no boarding" not in text(hub.told)
    told = city.departures("B")[0].told
    assert (told["pickup_type"], told["drop_off_type"]) == ("regular", "regular")
    at_hub = next(call for call in city.siri_calls("r1") if call["StopPointRef"]["value"] == "B")
    assert at_hub["ArrivalBoardingActivity"] == "alighting"


def test_departures_of_one_second_stand_by_line_and_destination_from_step_to_step() -> None:
    ways = [Pattern("z", "A B", route="r10", headsign="Zoo"), Pattern("h", "A C", route="r10", headsign="Harbour"),
            Pattern("n", "A D", route="r2", headsign="North")]  # fmt: skip
    trips = [Trip("t10z", "08:00", "z"), Trip("t10h", "08:00", "h"), Trip("t2", "08:00", "n")]
    city = City(network("A B C D", ways, trips, routes=(Route("r10", "10"), Route("r2", "2"))), at="07:50")
    in_order = ["t2", "t10h", "t10z"]

    def shown() -> list[list[str]]:
        rows = city.json("/v1/departures", stop=["A"])["departures"]
        return [
            [row.run for row in city.departures("A")], [row["trip_id"] for row in rows],
            [in_order[["North", "Harbour", "Zoo"].index(row.run)] for row in city.panel("A")[:3]],
            [in_order[["North", "Harbour", "Zoo"].index(line.split()[1])] for line in city.panel_text("A")[:3]],
        ]  # fmt: skip

    assert shown() == [in_order] * 4
    for trip in ("t10z", "t10h", "t2"):
        city.trip_updates(update(trip, StopUpdate("A", delay=0)))
        assert shown() == [in_order] * 4, trip


def test_siri_names_the_last_stop_for_riders_and_no_depot_as_where_a_run_goes() -> None:
    calls = (Call("X", "07:50", pickup=1, drop_off=1), Call("A", "08:00"), Call("B", "08:05"), Call("C", "08:10"),
             Call("D", "08:20", pickup=1, drop_off=1))  # fmt: skip
    city = City(network("X A B C D", trips=(Trip("t1", "07:50", calls=calls, headsign=""),)), at="07:55")
    city.vehicle_positions(bus("v1", "t1", late_s=0.0)).at("07:58")
    (visit,) = city.json("/siri/2.0/stop-monitoring.json", MonitoringRef="A")["Siri"]["ServiceDelivery"][
        "StopMonitoringDelivery"][0]["MonitoredStopVisit"]  # fmt: skip
    journeys = [visit["MonitoredVehicleJourney"]]
    delivery = city.json("/siri/2.0/estimated-timetable.json", LineRef="r1")["Siri"]["ServiceDelivery"]
    journeys += delivery["EstimatedTimetableDelivery"][0]["EstimatedJourneyVersionFrame"][0]["EstimatedVehicleJourney"]
    delivery = city.json("/siri/2.0/vehicle-monitoring.json", LineRef="r1")["Siri"]["ServiceDelivery"]
    journeys += [a["MonitoredVehicleJourney"] for a in delivery["VehicleMonitoringDelivery"][0]["VehicleActivity"]]
    assert [journey["DestinationRef"]["value"] for journey in journeys] == ["C"] * 3
    assert journeys[1]["OriginRef"]["value"] == "A"
    (line,) = city.json("/siri/2.0/lines-discovery.json")["Siri"]["LinesDelivery"]["AnnotatedLineRef"]
    assert [place["PlaceName"][0]["value"] for place in line["Destinations"]] == ["Stop C"]


def test_whom_the_data_is_to_be_credited_to_stands_at_the_foot_of_each_page() -> None:
    table = "\n".join((
        "attribution_id,organization_name,is_producer,attribution_url,route_id", "1,Open Region,1,https://open.example.org,",
        "2,Open Region,1,,r1", "3,Hill County,1,javascript:alert(1),",
    ))  # fmt: skip
    city = City(network(tables={"attributions": table}))
    for path in ("/", "/stops/A", "/lines/r1", "/trips/t1"):
        foot = only(city.page(path), ".foot")
        assert text(foot) == "Town Buses · Data: Open Region, Hill County"
        assert [link.attributes["href"] for link in foot.css("a")] == ["https://open.example.org"]
    told = city.json("/v1/agencies")["attributions"]
    assert [credit["name"] for credit in told] == ["Open Region", "Hill County"]
    assert text(only(City().page("/"), ".foot")) == "Town Buses"
    # Who publishes the feed, where no agency does.
    info = "feed_publisher_name,feed_publisher_url,feed_lang\n{},https://hub.example.org,en"
    for publisher, foot_of_page in (("Data Hub", "Town Buses · Data: Data Hub"), ("Town Buses", "Town Buses")):
        town = City(network(tables={"feed_info": info.format(publisher)}))
        assert text(only(town.page("/"), ".foot")) == foot_of_page


def test_a_panel_may_show_one_line_alone() -> None:
    two = network(patterns=(Pattern("main", "A B C D E"), Pattern("other", "A B C", "r2")),
                  routes=(Route("r1", "1"), Route("r2", "2")),
                  trips=(Trip("t1", "08:00"), Trip("t2", "08:30", "other")))  # fmt: skip
    city = City(two)
    for asked, shown in (({}, ["1", "2"]), ({"route": "r2"}, ["2"])):
        rows = city.json("/v1/stops/A/board", limit=2, **asked)["departures"]
        assert [row["line"] for row in rows if row["minutes"] is not None] == shown
        assert [line[0] for line in city.panel_text("A", lines=2, **asked) if "tomorrow" not in line] == shown
        names = [text(badge) for badge in city.page("/screen/A", **asked).css("li .badge")]
        assert names == shown
        carried = city.page("/screen/A", **asked).html or ""
        assert [f'["{name}", "' in carried for name in "12"] == [name in shown for name in "12"]
    assert city.officer.get("/v1/stops/A/board", params={"route": "r9"}).status_code == 404
    assert "line “r9”" in city.officer.get("/screen/A", params={"route": "r9", "lang": "en"}).text
    seldom = replace(two, trips=(Trip("t1", "08:00"), Trip("t2", "08:30", "other", service="monday")),
                     services=(Service(), Service("monday", "1000000")))  # fmt: skip
    city = City(seldom)
    for said in (city.panel_text("A", route="r2", width=60)[0], text(city.page("/screen/A", route="r2"))):
        assert "First departure Monday 08:30" in said, "not the other line's of tomorrow"


def test_a_screen_whose_address_ends_in_a_stroke_is_that_of_its_stop() -> None:
    rows, asked = City().screen("A/"), City().screen("A")
    assert [row.clock for row in rows] == [row.clock for row in asked] != []


def test_panels_of_few_characters_are_sent_no_pictures() -> None:
    town = network(trips=(Trip("t1", "08:00", headsign="⚓ Harbour 🛳️"),))
    city = City(town).alerts(alert("🚧 Works 🚧 at B ⚠️", {"stop_id": "A"}, description="👨‍👩‍👧 Thank you"))
    lines, board = [line.rstrip() for line in city.panel_text("A", width=40)], city.json("/v1/stops/A/board")
    assert lines[0] == "1 Harbour                          08:00" and "Works at B. Thank you" in lines
    assert all(len(line) == 40 for line in city.panel_text("A", width=40))
    assert (board["departures"][0]["destination"], board["messages"]) == ("Harbour", ["Works at B. Thank you"])
    assert City().alerts(alert("Lift 1️⃣ shut", {"stop_id": "A"})).json("/v1/stops/A/board")["messages"] == [
        "Lift 1 shut"
    ]
    unseen = network(trips=(Trip("t1", "08:00", headsign="Flug\u00adhafen\u200b Nord"),))
    assert City(unseen).panel_text("A", width=30)[0] == "1 Flughafen Nord         08:00"
    # A page has signs for them.
    assert "⚓ Harbour" in text(city.page("/stops/A"))


def test_who_asks_for_departures_of_no_stop_is_told_how_to_name_one() -> None:
    answer = City().officer.get("/v1/departures")
    assert answer.status_code == 422 and "stop=" in answer.json()["detail"]


def test_who_waits_where_a_run_takes_nobody_on_today_reads_that_on_every_board() -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("B", delay=0, sequence=2, pickup="NONE")))
    assert city.board("B") == ["09:02 t2 scheduled"]
    heads = city.messages(stop="B")
    for face in ("panel", "stop page", "screen"):
        assert [head.removeprefix("1").strip(": ") for head in heads[face]] == ["Takes nobody on here: 08:02 to East"]
    (moved,) = city.json("/v1/stops/B/departures")["moved_away"]
    assert (moved["trip_id"], moved["to"]) == ("t1", None)
    assert city.json("/v1/stops/C/departures")["moved_away"] == []
    first = City(at="07:58").trip_updates(update("t1", StopUpdate("A", delay=0, sequence=1, pickup="NONE")))
    assert first.messages(stop="A")["stop page"] == ["Takes nobody on here: 08:00 to East"]


def test_why_a_departure_does_not_come_is_told_on_panels_too() -> None:
    # silviokennecke/ha-public-transport-connection-card#35
    told = alert("No driver", {"trip_id": "t1"}, cause="STRIKE", effect="NO_SERVICE")
    city = City(at="07:58").trip_updates(cancelled("t1")).alerts(told)
    assert city.panel("B")[0].told["notes"] == ["strike"]
    assert city.panel_text("B", width=40)[0] == "1 East, strike                 cancelled"
    assert text(only(city.page("/stops/B"), "li.departure")).count("strike") == 1


def test_addresses_as_people_and_programs_write_them_are_understood() -> None:
    # Languages with a country, an empty choice, a slash behind the address.
    officer = City().officer
    for lang, word in (("de-DE", "Min."), ("FR", "min"), ("en_US", "min")):
        assert officer.get(f"/v1/stops/A/board?lang={lang}").status_code == 200, lang
        assert 'lang="' + lang[:2].lower() in officer.get(f"/stops/A?lang={lang}").text, word
    assert officer.get("/v1/stops/A/board?lang=tlh").status_code == 422
    assert len(officer.get("/v1/stops/A/departures?route=").json()["departures"]) == 2
    for path in ("/v1/vehicles", "/v1/stops/A/explain", "/v1/accuracy", "/v1/stops/A/board"):
        assert officer.get(f"{path}?route=").status_code == 200, path
    for path in ("/v1/stops/A/departures/", "/stops/A/", "/lines/r1/", "/trips/t1/", "/v1/stops/"):
        assert officer.get(path).status_code == 200, path
    assert officer.get("/stops/nowhere/").status_code == 404


def test_a_screen_of_which_one_stop_has_left_the_timetable_shows_the_others_and_says_so() -> None:
    city = City()
    page = city.page("/screen/A,gone")
    assert len(page.css("li.departure")) == 3
    assert "“gone” is not in the current timetable" in text(only(page, ".message"))
    assert city.officer.get("/screen/gone").status_code == 404


def test_a_wide_panel_says_how_full_the_bus_is_and_that_it_takes_no_wheelchairs() -> None:
    city = City(network(trips=(Trip("t1", "08:00", wheelchair=2),)), at="07:58")
    city.vehicle_positions(bus("v1", "t1", late_s=0.0, occupancy_status="NOT_ACCEPTING_PASSENGERS")).at("08:01")
    first = city.panel_text("C", width=80)[0]
    assert first.startswith("1 East, Vehicle not wheelchair accessible, takes no passengers ") and first.endswith(
        " 2 min"
    )
    # google/transit#265: where there is no room for that, nobody counts down to a bus that passes by.
    assert city.panel_text("C", width=24)[0] == "1 East          no entry"
    assert city.panel_text("C", width=14)[0] == "1 East  closed"


def test_where_a_vehicle_is_that_comes_on_a_later_trip_is_not_told_as_of_that_trip() -> None:
    # OneBusAway/onebusaway-android#323: both ways of a line call at stops of the same names.
    ways = Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1, headsign="West")
    trips = Trip("t1", "08:00", block="b"), Trip("u1", "08:15", "back", block="b")
    city = City(network("A B C D E", ways, trips), at="07:56").vehicle_positions(bus("v1", "t1", late_s=120.0))

    def vehicle(trip: str) -> str:
        return text(only(city.page(f"/trips/{trip}"), "p.vehicle"))

    assert "still on an earlier trip, to East: waiting to depart from Stop A" in vehicle("u1")
    city.at("08:06")
    assert "at Stop C · 2 min late" in vehicle("t1") and "earlier" not in vehicle("t1")
    assert "still on an earlier trip, to East: at Stop C · on time" in vehicle("u1")
    city.vehicle_positions(bus("v1", "u1", "E", fresh=True)).at("08:13")
    assert "waiting to depart from Stop E" in vehicle("u1")


# opentripplanner/OpenTripPlanner#6212
def test_a_line_by_headway_comes_as_often_as_it_does_until_it_has_ended_at_the_stop() -> None:
    every = (Frequency("f1", "08:00", "08:30", 600), Frequency("f1", "10:00", "11:00", 600))
    city = City(network(trips=(Trip("f1", "06:00"),), frequencies=every), at="08:25")
    assert [(row.clock, row.told["headway_s"]) for row in city.departures("A", window=600)] == [("", 600)]
    told = {at: [len(city.at(at).departures(stop, window=600)) for stop in "ABD"] for at in ("08:29", "08:31", "08:35")}
    assert told == {"08:29": [1, 1, 1], "08:31": [0, 1, 1], "08:35": [0, 0, 1]}
    for stop in "ABD":
        city.faces_agree(stop)
    assert [city.at("08:37").departures(stop, window=600) for stop in "ABD"] == [[], [], []]


def test_a_screen_that_is_read_aloud_names_stops_as_they_are_to_be_spoken() -> None:  # google/transit#49
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon,tts_stop_name\n"
        "A,Jct 5 Dr,47.39,0.69,Junction Five Drive\nB,Mall,47.39,0.70,\nC,St Ives,47.39,0.71,Saint Ives\n"
    )
    city = City(network("A B C", (Pattern("main", "A B C", headsign="St Ives"),), tables={"stops": stops}))
    screen = city.page("/screen/A,B")
    spoken = {text(name): name.attributes["data-spoken"] for name in screen.css("[data-spoken]")}
    assert spoken == {"Jct 5 Dr": "Junction Five Drive", "St Ives": "Saint Ives"}
    # What is read, by eyes or by fingers, is what is written.
    assert text(city.page("/screen/A").css_first("h1")) == "Jct 5 Dr" and city.panel("A")[0].run == "St Ives"
    assert "Saint" not in text(city.page("/stops/A"))
