"""Ids that the realtime feeds write otherwise than the timetable, or that have changed since: the run is found."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.field.city import City
from benchmarks.field.messages import StopUpdate, alert, bus, cancelled, update
from benchmarks.field.network import Network, Pattern, Route, Service, Stop, Trip

TODAY: dict[str, Any] = {"start_date": 20261126}


# BlinkTagInc/node-gtfs#186, iRail/iRail#593
@pytest.mark.parametrize("trip", ["t1", " t1 ", "TB:t1", "TB_t1"])
@pytest.mark.parametrize("stop", ["B", "B ", "TB:B"])
def test_blanks_and_the_agency_before_an_id_hide_no_trip_and_no_stop(trip: str, stop: str) -> None:
    city = City(at="07:58").trip_updates(update(trip, StopUpdate(stop, delay=120), **TODAY))
    assert city.board("C")[0] == "08:06 t1 live"
    city = City(at="08:03").vehicle_positions(bus("v1", trip, at="B", stop_id=stop))
    assert city.vehicles()["v1"]["trip_id"] == "t1"


def test_an_agency_that_only_the_timetable_writes_hides_no_trip() -> None:
    city = City(Network(trips=(Trip("TB:t1", "08:00"),)), at="07:58")
    city.trip_updates(update("t1", StopUpdate("B", delay=120), **TODAY))
    assert city.board("C") == ["08:06 TB:t1 live"]


def test_another_agencys_trip_is_not_ours() -> None:
    city = City(at="07:58").trip_updates(cancelled("XY:t1", **TODAY))
    assert city.board("C")[0] == "08:04 t1 scheduled"


# opentripplanner/OpenTripPlanner#2838
@pytest.mark.parametrize("before", ["HSL:", "ch-sbb_", "1:", "Town Buses_"])
def test_the_feeds_name_before_each_id_hides_no_trip_and_names_no_other(before: str) -> None:
    town = Network(trips=tuple(Trip(f"trip-10{number}", f"08:{number:02d}") for number in range(10, 16)))
    names = [trip.trip_id for trip in town.trips]
    told = [update(f"{before}{name}", StopUpdate("B", delay=120), **TODAY) for name in names]
    assert City(town, at="08:07").trip_updates(*told).board("C")[0] == "08:16 trip-1010 live"
    strange = City(town, at="08:07").trip_updates(*told[:5], cancelled(f"{before}trip-2099", **TODAY))
    assert strange.board("C")[0].endswith("live") == before[0].isdigit()


# opentripplanner/OpenTripPlanner#2838, as of stops
@pytest.mark.parametrize("form", ["HSL:{}", "1:{}", "{}|20261126", "FR:Quay:{}:LOC"])
def test_what_stands_around_the_ids_of_all_stops_hides_none(form: str) -> None:
    told = [StopUpdate(form.format(stop), delay=120) for stop in "ABCDE"]
    city = City(at="07:58").trip_updates(update("t1", *told, **TODAY))
    assert city.board("C")[0] == "08:06 t1 live"
    told[-1] = StopUpdate(form.format("X"), delay=120)
    assert City(at="07:58").trip_updates(update("t1", *told, **TODAY)).board("C")[0] == "08:04 t1 scheduled"


# opentripplanner/OpenTripPlanner#6226, motis-project/nigiri#251
NAMED = {"route_id": "r1", "direction_id": 0, "start_time": "08:00:00", **TODAY}


def test_a_run_whose_trip_id_has_changed_is_found_by_its_line_and_start() -> None:
    city = City(at="07:58").trip_updates(update("old-1", StopUpdate("B", delay=120), **NAMED))
    assert city.board("C")[0] == "08:06 t1 live"
    assert City(at="07:58").trip_updates(cancelled("old-1", **NAMED)).board("C")[0] == "08:04 t1 cancelled"


def test_a_bus_whose_trip_id_has_changed_is_live_on_its_run() -> None:
    city = City(at="08:03").vehicle_positions(bus("v1", "old-1", at="B", **NAMED))
    assert city.board("C")[0].endswith("t1 live")
    assert "unknown_trips" not in str(city.readyz())


def test_a_message_about_a_run_whose_trip_id_has_changed_reaches_its_riders() -> None:
    named = {f"trip_{name}" if name != "start_date" and name != "start_time" else name: v for name, v in NAMED.items()}
    city = City(at="07:58").alerts(alert("Crowded", {"trip_id": "old-1", **named}))
    assert all("Crowded" in told for told in city.messages(trip="t1").values())


# motis-project/motis#1562, iRail/iRail#593
def test_runs_whose_ids_have_all_changed_and_that_name_no_start_are_found_by_where_and_when_they_come() -> None:
    town = Network(
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1)),
        trips=tuple(Trip(f"{way[0]}{n}", f"08:{n}", way) for way in ("main", "back") for n in (10, 20, 30)),
    )
    told = [
        update(f"new-{k}", *(StopUpdate(stop, at, at) for stop, at in calls), route_id="r1", **TODAY)
        for k, calls in enumerate(
            ([("C", "08:18"), ("E", "08:22")], [("B", "08:27"), ("E", "08:34")], [("D", "08:15"), ("A", "08:22")])
        )
    ]
    for order in (1, -1):
        city = City(town, at="08:09").trip_updates(*told[::order])
        assert city.board("C") == [
            "08:17 b10 live", "08:18 m10 live", "08:24 b20 scheduled", "08:29 m20 live", "08:34 b30 scheduled",
            "08:34 m30 scheduled",
        ]  # fmt: skip
        assert "updates_not_found" not in city.readyz()["faults"]
    # Beside many ids that are known, and far from all times, nothing is guessed.
    known = [update(trip, StopUpdate("A", delay=0), **TODAY) for trip in ("m10", "m20", "m30", "b10")]
    assert City(town, at="08:09").trip_updates(told[0], *known).board("C")[:2] == [
        "08:14 b10 scheduled",
        "08:14 m10 live",
    ]
    far = update("new", StopUpdate("C", "11:18", "11:18"), StopUpdate("E", "11:22", "11:22"), route_id="r1", **TODAY)
    city = City(town, at="08:09").trip_updates(far)
    assert all(row.endswith("scheduled") for row in city.board("C"))
    assert "updates_not_found" in city.readyz()["faults"]


# Alerts come from yet another program than timetables and positions.
@pytest.mark.parametrize(
    ("selector", "asked"),
    [
        ({"route_id": "TB:r1"}, {"route": "r1"}), ({"stop_id": "TB_B"}, {"stop": "B"}),
        ({"trip_id": "TB:t1"}, {"trip": "t1"}), ({"trip_route_id": "TB:r1"}, {"route": "r1"}),
    ],
)  # fmt: skip
def test_a_message_with_the_agency_before_its_ids_reaches_its_riders(
    selector: dict[str, str], asked: dict[str, str]
) -> None:
    city = City(at="07:58").alerts(alert("Crowded", selector))
    assert all(any("Crowded" in head for head in heads) for heads in city.messages(**asked).values())
    assert "alerts_reach_nobody" not in city.readyz()["faults"]
    assert "TB" not in str(city.our_alerts()[0].alert.informed_entity)


# mark1foley/ha-gtfs-rt-v2#3
def test_a_line_may_be_named_by_the_number_that_riders_know() -> None:
    line = Network(routes=(Route("201-20659", "201"),), patterns=(Pattern("main", "A B C D E", route="201-20659"),))
    city = City(line, at="07:58").alerts(alert("Crowded", {"route_id": "201"}))
    assert all("Crowded" in heads for heads in city.messages(route="201-20659").values())
    named = {"route_id": "201", "direction_id": 0, "start_time": "08:00:00", **TODAY}
    assert city.trip_updates(cancelled(None, **named)).board("C")[0] == "08:04 t1 cancelled"


def test_a_number_that_two_lines_have_names_neither() -> None:
    two = Network(
        routes=(Route("r1", "1"), Route("r2", "1")),
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", route="r2", direction=1)),
        trips=(Trip("t1", "08:00"), Trip("u1", "08:00", pattern="back")),
    )
    city = City(two, at="07:58").alerts(alert("Crowded", {"route_id": "1"}))
    assert not any(city.messages(route="r1").values())
    assert "alerts_reach_nobody" in city.readyz()["faults"]


# Code4HR/hrt-bus-api#61
@pytest.mark.parametrize(("known", "named"), [("0012", "12"), ("12", "0012"), ("0", "000")])
def test_zeros_before_a_number_hide_no_trip_and_no_stop(known: str, named: str) -> None:
    line = Network(
        stops=(Stop("A", 0), Stop(known, 600), Stop("C", 1200)), patterns=(Pattern("main", f"A {known} C"),),
        trips=(Trip(known, "08:00"),),
    )  # fmt: skip
    city = City(line, at="07:58").trip_updates(update(named, StopUpdate(named, delay=120), **TODAY))
    assert city.board(known) == [f"08:04 {known} live"]
    city.alerts(alert("Crowded", {"stop_id": named}))
    assert all("Crowded" in heads for heads in city.messages(stop=known).values())


def test_a_number_that_two_ids_are_means_neither() -> None:
    city = City(Network(trips=(Trip("012", "08:00"), Trip("0012", "08:30"))), at="07:58")
    assert city.trip_updates(cancelled("12", **TODAY)).board("C") == ["08:04 012 scheduled", "08:34 0012 scheduled"]


@pytest.mark.parametrize(
    ("known", "named"),
    [("12", "12.0"), ("012.0", "12"), ("Nord", "NORD"), ("NORD", "nord"), ("caf\u00e9", "cafe\u0301")],
)
def test_other_letters_for_the_same_id_hide_no_trip_and_no_stop(known: str, named: str) -> None:
    line = Network(
        stops=(Stop("A", 0), Stop(known, 600), Stop("C", 1200)), patterns=(Pattern("main", f"A {known} C"),),
        trips=(Trip(known, "08:00"),),
    )  # fmt: skip
    city = City(line, at="07:58").trip_updates(update(named, StopUpdate(named, delay=120), **TODAY))
    assert city.board(known) == [f"08:04 {known} live"]


WEEKDAYS = Service("weekdays", "1111100")
SUNDAYS = Service("sundays", "0000001")


# jamespfennell/transiter, iRail/iRail#593, hasadna/open-bus#239
@pytest.mark.parametrize(
    ("known", "named"),
    [
        ("AFA23GEN-2048-{}-00_051850_2..N08R", "051850_2..N08R"), ("AFA23GEN-2048-{}-00_051850_2..N08R", "051850_2..N"),
        ("gt:nmbs:88____:UUU:1834:{}:20261110", "gt:nmbs:88____:UUU:1834:{}:20261120"),
        ("gt:nmbs:{}:88____:UUU:1834:20261110", "88____:UUU:1834:20261120"), ("Line4-{}#12", "line4-{}"),
        ("1834:{}", "1834:{}:20261126"), ("1834:{}", "20261126-1834:{}"), ("1834:{}", "40_1834:{}"),
        ("1834:{}", "1834:{}.0"),
    ],
)  # fmt: skip
def test_a_trip_is_found_by_a_part_of_its_id_on_the_day_on_which_it_runs(known: str, named: str) -> None:
    line = Network(
        services=(WEEKDAYS, SUNDAYS),
        trips=(Trip(known.format("Weekday"), "08:00", service="weekdays"),
               Trip(known.format("Sunday"), "08:30", service="sundays")),
    )  # fmt: skip
    trip, told_as = known.format("Weekday"), named.format("Weekday")
    city = City(line, at="07:58").trip_updates(update(told_as, StopUpdate("B", delay=120), **TODAY))
    assert city.board("C") == [f"08:06 {trip} live"]
    assert city.readyz()["faults"] == []
    city = City(line, at="08:03").vehicle_positions(bus("v1", told_as, at="B"))
    assert city.vehicles()["v1"]["trip_id"] == trip
    city.trip_updates(cancelled(told_as, **TODAY))
    assert city.board("D")[0].endswith("cancelled")
    for dated in ({}, TODAY):
        city.alerts(alert("Crowded", {"trip_id": told_as, **dated}))
        assert all(any("Crowded" in head for head in heads) for heads in city.messages(trip=trip).values())
        assert "alerts_reach_nobody" not in city.readyz()["faults"]
        assert city.our_alerts()[0].alert.informed_entity[0].trip.trip_id == trip


def test_a_train_may_be_called_by_its_number() -> None:  # CatenaryMaps/documentation#14
    trains = (Trip("x-77-1", "08:00", short_name="1234"), Trip("x-78-1", "08:00", short_name="1236"))
    city = City(Network(trips=trains), at="07:58").trip_updates(
        update("1234", StopUpdate("B", delay=120), **TODAY), cancelled("1236", **TODAY)
    )
    assert city.board("C") == ["08:04 x-78-1 cancelled", "08:06 x-77-1 live"]


@pytest.mark.parametrize("behind", ["@1", "#2", "_merged_123", "-merged-5", "_2026-11-26"])
def test_what_programs_put_behind_an_id_hides_no_trip(behind: str) -> None:
    city = City(at="07:58").trip_updates(update(f"t1{behind}", StopUpdate("B", delay=120), **TODAY))
    assert city.board("C")[0] == "08:06 t1 live"


# whatcomtrans/publicwtadata#3
def test_a_trip_of_one_of_two_timetables_that_were_merged_is_found_among_others() -> None:
    line = Network(
        services=(WEEKDAYS, SUNDAYS),
        trips=(Trip("t1", "07:50", service="weekdays"), Trip("t2_merged_17", "08:00", service="weekdays"),
               Trip("t2_merged_18", "08:30", service="sundays"), Trip("t3", "08:40", service="weekdays")),
    )  # fmt: skip
    told = [update(trip, StopUpdate("B", delay=120), **TODAY) for trip in ("t1", "t2", "t3")]
    assert "08:06 t2_merged_17 live" in City(line, at="07:58").trip_updates(*told).board("C")


@pytest.mark.parametrize("behind", ["-{}x7", "_A{}", "|dep{}"])
def test_what_stands_behind_every_id_hides_no_trip(behind: str) -> None:
    town = Network(trips=tuple(Trip(f"trip{number}", f"08:{number:02d}") for number in range(10, 16)))
    told = [update(f"trip{n}{behind.format(3 * n)}", StopUpdate("B", delay=120), **TODAY) for n in range(10, 16)]
    assert City(town, at="08:07").trip_updates(*told).board("C")[:2] == ["08:16 trip10 live", "08:17 trip11 live"]


@pytest.mark.parametrize("written", ["t1-{}", "{}_t1"])
def test_a_date_beside_an_id_is_the_day_on_which_it_runs(written: str) -> None:
    today, tomorrow = written.format(20261126), written.format(20261127)
    city = City(at="07:58").trip_updates(cancelled(tomorrow), update(today, StopUpdate("B", delay=120)))
    assert city.board("C")[0] == "08:06 t1 live"
    city.alerts(alert("Crowded", {"trip_id": tomorrow}))
    assert not any(city.messages(trip="t1").values())
    assert City(at="07:58").trip_updates(cancelled(today)).board("C")[0] == "08:04 t1 cancelled"


@pytest.mark.parametrize(
    "tomorrow", ["27/11/2026", "11/27/2026", "27.11.2026", "2026-11-27T00:00:00+01:00", "27112026"]
)
def test_a_cancellation_of_tomorrow_takes_nothing_away_today_however_its_date_is_written(tomorrow: str) -> None:
    city = City(at="07:58").trip_updates(cancelled("t1", start_date=tomorrow))
    assert city.board("C")[0] == "08:04 t1 scheduled"
    today = tomorrow.replace("27", "26")
    assert City(at="07:58").trip_updates(cancelled("t1", start_date=today)).board("C")[0] == "08:04 t1 cancelled"


@pytest.mark.parametrize("day", ["01/12/2026", "Thursday", "1795820400", "20261131"])
def test_a_cancellation_of_a_day_that_cannot_be_read_is_told_and_takes_nothing_away(day: str) -> None:
    city = City(at="07:58").trip_updates(cancelled("t1", start_date=day))
    assert city.board("C")[0] == "08:04 t1 scheduled"
    assert "updates_not_found" in city.readyz()["faults"]


def test_a_message_for_a_part_that_several_trips_of_the_day_have_reaches_nobody() -> None:
    line = Network(trips=(Trip("x_1200", "08:00"), Trip("y_1200", "08:30")))
    city = City(line, at="07:58").alerts(alert("Crowded", {"trip_id": "1200"}))
    assert not any(heads for trip in ("x_1200", "y_1200") for heads in city.messages(trip=trip).values())
    assert "alerts_reach_nobody" in city.readyz()["faults"]


def test_a_part_that_several_trips_of_the_day_have_is_none_of_theirs() -> None:
    line = Network(trips=(Trip("x_1200", "08:00"), Trip("y_1200", "08:30")))
    city = City(line, at="07:58").trip_updates(cancelled("1200", **TODAY))
    assert all(row.endswith("scheduled") for row in city.board("C"))
    assert "updates_not_found" in city.readyz()["faults"]


@pytest.mark.parametrize(
    "told", [{"route_id": "r2"}, {"direction_id": 1}, {"start_time": "08:30:00"}, {"start_time": "08:30"}]
)
def test_of_several_trips_that_have_a_part_the_one_of_the_line_way_and_start_that_are_named_is_meant(
    told: dict[str, Any],
) -> None:
    line = Network(
        routes=(Route("r1", "1"), Route("r2", "2")),
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", route="r2", direction=1)),
        trips=(Trip("x_1200", "08:00"), Trip("y_1200", "08:30", pattern="back")),
    )
    city = City(line, at="07:58").trip_updates(cancelled("1200", **told, **TODAY))
    assert city.board("C") == ["08:04 x_1200 scheduled", "08:34 y_1200 cancelled"]


# New York's subway, where the timetable has numbers only: OneBusAway/onebusaway-application-modules (nyct_added_trips)
@pytest.mark.parametrize("named", ["048050_{}..S01R", "048050_{}..S", "W1_048050_{}..S", "048050_{}S.S03X001"])
def test_a_train_whose_id_says_line_start_and_direction_alone_is_found(named: str) -> None:
    line = Network(
        routes=(Route("2", "2"), Route("3", "3")),
        patterns=(Pattern("south", "A B C D E", route="2", direction=1),
                  Pattern("north", "E D C B A", route="2"), Pattern("other", "A B C D E", route="3", direction=1)),
        trips=(Trip("100070", "08:00:30", pattern="south"), Trip("100071", "08:00:30", pattern="north"),
               Trip("100072", "08:05", pattern="south"), Trip("100073", "08:00:30", pattern="other")),
    )  # fmt: skip
    trip = named.format("2")
    city = City(line, at="07:58").trip_updates(update(trip, StopUpdate("B", delay=120), route_id="2", **TODAY))
    assert [row for row in city.board("C") if row.endswith("live")] == ["08:06 100070 live"]
    assert city.readyz()["faults"] == []
    city = City(line, at="08:03").vehicle_positions(bus("v1", trip, at="B", route_id="2"))
    assert city.vehicles()["v1"]["trip_id"] == "100070"
    city.trip_updates(cancelled(trip, route_id="2", **TODAY))
    assert "08:06 100070 cancelled" in city.board("D")


def test_ids_that_most_trips_have_in_common_with_the_timetable_are_not_guessed_at() -> None:
    line = Network(trips=(*(Trip(f"t{n}", f"08:0{n}") for n in range(5)), Trip("w_z9", "08:10")))
    told = [update(f"t{n}", StopUpdate("B", delay=0), **TODAY) for n in range(5)]
    city = City(line, at="07:58").trip_updates(*told, cancelled("z9", **TODAY))
    assert "08:14 w_z9 scheduled" in city.board("C")
