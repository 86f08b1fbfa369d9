"""Which dated run is meant: by a vehicle, by an update of the operator, by a cancellation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import texts
from benchmarks.field.messages import Bus, StopUpdate, TripUpdate, alert, bus, cancelled, skipped, update
from benchmarks.field.network import (
    HOP_S,
    Call,
    Frequency,
    Network,
    Pattern,
    Route,
    Service,
    Stop,
    Trip,
    hms,
    network,
    row_of_stops,
    seconds,
)
from predictor.journeys import dated_journeys

EVERY_HALF_HOUR = Network(
    trips=(Trip("t1", "06:00"),), frequencies=(Frequency("t1", "08:00", "10:00", 1800, exact_times=1),)
)
DATE = 20261126


# frequencies.txt with exact_times=1


def test_each_bus_of_a_trip_by_exact_times_is_followed_on_its_own_run() -> None:
    often = Network(trips=(Trip("t1", "06:00"),), frequencies=(Frequency("t1", "08:00", "08:10", 180, exact_times=1),))
    city = City(often).vehicle_positions(
        *(
            bus(f"v{k}", "t1", late_s=0, run_start=start, start_time=f"{start}:00", start_date=DATE)
            for k, start in enumerate(("08:00", "08:03", "08:06"))
        )
    )
    city.at("08:06:30")
    assert [row.split(" ", 1)[1] for row in city.board("D")] == [
        "t1@08:03 live", "t1@08:06 live", "t1@08:09 scheduled",
    ]  # fmt: skip
    assert [row.status for row in city.trip("t1", start="08:03:00")] == ["passed", "passed", "live", "live", "live"]


@pytest.mark.parametrize("told", [{"start_date": DATE}, {}])
@pytest.mark.parametrize("start", ["08:30:00", "08:31:20", "8:30"])
def test_the_run_that_the_operator_cancels_is_the_one_struck_out(start: str, told: dict[str, int]) -> None:
    city = City(EVERY_HALF_HOUR).trip_updates(cancelled("t1", start_time=start, **told))
    assert city.board("C")[:3] == ["08:04 t1@08:00 scheduled", "08:34 t1@08:30 cancelled", "09:04 t1@09:00 scheduled"]
    assert city.trip_state("t1", start="08:30:00") == "cancelled"
    assert city.trip_state("t1", start="08:00:00") != "cancelled"


@pytest.mark.parametrize("relationship", ["SCHEDULED", "UNSCHEDULED"])
def test_a_run_by_exact_times_that_names_when_it_really_left_is_that_run(relationship: str) -> None:
    told = update("t1", StopUpdate("C", "08:41", "08:41"), relationship=relationship, start_time="08:37:00")
    city = City(EVERY_HALF_HOUR, at="08:33").trip_updates(told)
    assert city.board("C")[:2] == ["08:41 t1@08:30 live", "09:04 t1@09:00 scheduled"]


def test_of_several_runs_none_is_struck_out_where_none_is_named() -> None:
    city = City(EVERY_HALF_HOUR).trip_updates(cancelled("t1", start_date=DATE))
    assert "cancelled" not in " ".join(city.board("C"))
    assert city.service.snapshot.counts["refused_run_ambiguous"] > 0


def test_a_run_added_to_a_trip_by_exact_times_is_the_one_of_its_start() -> None:
    def added(start: str, *times: str) -> TripUpdate:
        calls = (StopUpdate(stop, at, at) for stop, at in zip("ACE", times, strict=True))
        return update("t1", *calls, relationship="ADDED", start_time=f"{start}:00", start_date=DATE)

    city = City(EVERY_HALF_HOUR).trip_updates(added("08:40", "08:40", "08:44", "08:48"))
    assert city.board("C")[1:4] == ["08:34 t1@08:30 scheduled", "08:44 t1@08:40 live", "09:04 t1@09:00 scheduled"]
    city.trip_updates(added("08:30", "08:31", "08:36", "08:40"))
    assert city.board("C")[:3] == ["08:04 t1@08:00 scheduled", "08:36 t1@08:30 live", "09:04 t1@09:00 scheduled"]


# google/transit#106, #243
@pytest.mark.parametrize("town", [Network(), EVERY_HALF_HOUR])
@pytest.mark.parametrize("of_another", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_cancellation_that_names_the_start_of_a_run_added_under_the_id_of_a_trip_strikes_out_that_run(
    town: Network, of_another: bool, at_once: bool
) -> None:
    calls = (StopUpdate(stop, at, at) for stop, at in zip("ACE", ("08:10", "08:14", "08:18"), strict=True))
    more = update("t1", *calls, relationship="ADDED", start_time="08:10:00", start_date=DATE)
    if of_another:
        copy = {"new_trip_id": "t1", "new_start_time": "08:10:00", "new_start_date": DATE}
        more = update("t1", relationship="DUPLICATED", start_date=DATE, **copy)
    gone = cancelled("t1", start_time="08:10:00", start_date=DATE)
    city = City(town)
    as_scheduled = city.board("C")
    city.trip_updates(more)
    for _ in range(2):
        city.trip_updates(*([more, gone] if at_once else [gone]))
        rows = city.board("C")
        assert [row for row in rows if "cancelled" in row] == ["08:14 t1@08:10 cancelled"]
        assert [row for row in rows if "cancelled" not in row] == as_scheduled


def test_a_cancellation_that_names_a_copy_as_it_was_told_of_strikes_out_the_copy() -> None:  # google/transit#243, #245
    copy = {"new_trip_id": "d", "new_start_time": "08:10:00", "new_start_date": DATE, "start_date": DATE}
    told, gone = update("t1", relationship="DUPLICATED", **copy), cancelled("t1", **copy)
    for last in ((gone,), (told, gone)):
        city = City().trip_updates(told).trip_updates(*last)
        assert city.board("C") == ["08:04 t1 scheduled", "08:14 d cancelled", "09:04 t2 scheduled"]
    assert City().trip_updates(gone).board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]


def test_a_run_cancelled_by_its_line_and_start_is_struck_out_though_it_is_driven_once_more_later() -> None:
    copy = {"new_trip_id": "d", "new_start_time": "08:30:00", "new_start_date": DATE, "start_date": DATE}
    calls = (StopUpdate(stop, at, at) for stop, at in zip("ACE", ("08:30", "08:34", "08:38"), strict=True))
    more = update("t1", *calls, relationship="NEW", start_time="08:30:00", start_date=DATE)
    gone = cancelled(None, route_id="r1", direction_id=0, start_time="08:00:00", start_date=DATE)
    for told, name in ((update("t1", relationship="DUPLICATED", **copy), "d scheduled"), (more, "t1@08:30 live")):
        board = City(at="07:55").trip_updates(told, gone).board("C")
        assert board == ["08:04 t1 cancelled", f"08:34 {name}", "09:04 t2 scheduled"]


def test_a_run_asked_for_by_about_its_start_time_is_the_nearest() -> None:
    city = City(EVERY_HALF_HOUR)
    for start, run in (("08:30:00", "08:30:00"), ("08:31:10", "08:30:00"), ("08:50", "09:00:00")):
        assert city.trip_answer("t1", start=start)["start_time"] == run


@pytest.mark.parametrize("dated", [{"start_date": DATE}, {}])
def test_the_operators_times_are_those_of_the_run_that_it_names(dated: dict[str, Any]) -> None:
    city = City(EVERY_HALF_HOUR).trip_updates(
        *(update("t1", StopUpdate("B", delay=300), start_time=start, **dated) for start in ("08:30:00", "09:30:00"))
    )
    assert city.board("C") == [
        "08:04 t1@08:00 scheduled", "08:39 t1@08:30 live", "09:04 t1@09:00 scheduled", "09:39 t1@09:30 live",
    ]  # fmt: skip


@pytest.mark.parametrize("dated", [{"start_date": DATE}, {}])
def test_a_bus_an_hour_late_is_on_the_run_that_it_names(dated: dict[str, Any]) -> None:
    late = bus("v1", "t1", late_s=4200, run_start="08:00", start_time="08:00:00", **dated)
    city = City(EVERY_HALF_HOUR, at="09:08").vehicle_positions(late).at("09:13")
    assert [row.run for row in city.departures("D") if row.status == "live"] == ["t1@08:00"]


def test_the_operators_times_tell_the_run_where_it_names_none() -> None:
    often = Network(trips=(Trip("t1", "06:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 600, exact_times=1),))
    city = City(often).trip_updates(update("t1", StopUpdate("D", arrival="08:17", departure="08:17"), start_date=DATE))
    assert [row.run for row in city.departures("D") if row.status == "live"] == ["t1@08:10"]


def test_without_a_start_time_each_bus_is_on_the_run_that_should_be_where_it_is() -> None:
    often = Network(trips=(Trip("t1", "06:00"),), frequencies=(Frequency("t1", "08:00", "08:10", 180, exact_times=1),))
    city = City(often).vehicle_positions(
        *(bus(f"v{k}", "t1", late_s=20, run_start=start) for k, start in enumerate(("08:00", "08:03", "08:06")))
    )
    city.at("08:07:30")
    assert [row.split(" ", 1)[1] for row in city.board("D")] == [
        "t1@08:03 live", "t1@08:06 live", "t1@08:09 scheduled",
    ]  # fmt: skip


def test_a_run_after_midnight_by_exact_times_is_found_by_the_calendar_date_too() -> None:
    night = Network(trips=(Trip("t1", "06:00"),), frequencies=(Frequency("t1", "23:00", "25:00", 1800, exact_times=1),))
    for start, date in (("24:30:00", DATE), ("00:30:00", DATE + 1), ("24:30:00", DATE + 1)):
        city = City(night, at="24:20").vehicle_positions(
            bus("v1", "t1", late_s=60, run_start="24:30", start_time=start, start_date=date)
        )
        city.at("24:34")
        assert city.board("D")[0] == "00:36 t1@24:30 live", (start, date)
        city = City(night, at="24:20").trip_updates(cancelled("t1", start_time=start, start_date=date))
        if (start, date) != ("24:30:00", DATE + 1):
            assert city.board("D")[0] == "00:36 t1@24:30 cancelled", (start, date)


# The date


# TheTransitClock/transitime#275, motis-project/motis#1190
OWL = Network(trips=(Trip("t1", "28:10"), Trip("t2", "09:00")), services=(Service(days="0001000"),))
"""Trips of the Thursday service: the first runs at 04:10 on Friday."""


@pytest.mark.parametrize("date", [20261126, 20261127])
def test_an_owl_bus_is_live_whichever_date_it_names(date: int) -> None:
    city = City(OWL, at="28:00").vehicle_positions(bus("v1", "t1", late_s=60, start_date=date)).at("28:13")
    assert city.board("C") == ["04:14 t1 live"]
    assert city.trip_state("t1") == "followed"


@pytest.mark.parametrize("date", [20261126, 20261127])
def test_an_owl_run_is_cancelled_by_either_date(date: int) -> None:
    city = City(OWL, at="28:00").trip_updates(cancelled("t1", start_date=date))
    assert city.board("C") == ["04:14 t1 cancelled"]


@pytest.mark.parametrize("date", [20261203, 20261119, 19700101])
def test_a_bus_whose_date_is_a_week_off_is_on_todays_run(date: int) -> None:
    city = City(at="07:58").vehicle_positions(bus("v1", "t1", late_s=60, start_date=date)).at("08:03")
    assert city.board("C")[0].endswith("t1 live")


@pytest.mark.parametrize("date", [20260302, 20261119, 20261124, 20261203, 20270612])
def test_times_of_now_under_a_date_that_is_days_or_months_off_are_those_of_todays_run(date: int) -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("B", arrival="08:05"), start_date=date))
    assert city.board("C")[0] == "08:07 t1 live"
    # A delay may be that of a run to come, not of one long over.
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("B", delay=240), start_date=date))
    assert city.board("C")[0] == ("08:08 t1 live" if date < DATE else "08:04 t1 scheduled")


def test_a_nightly_run_named_by_the_calendar_date_is_tonights() -> None:
    nightly = Network(trips=(Trip("t1", "25:10"),))
    city = City(nightly, at="25:00").vehicle_positions(bus("v1", "t1", late_s=60, start_date=20261127)).at("25:13")
    assert texts(city.far_departures("C")) == ["01:14 t1 live", "01:14 t1/2026-11-27 scheduled"]
    city = City(nightly, at="25:00").trip_updates(cancelled("t1", start_date=20261127))
    assert texts(city.far_departures("C"))[0] == "01:14 t1 cancelled"


@pytest.mark.parametrize("told", [update("t1", StopUpdate("C", delay=2400)), update("t1", delay=2400)])
@pytest.mark.parametrize("date", [{}, {"start_date": DATE}, {"start_date": DATE + 1}])
def test_a_delay_of_the_last_bus_named_by_the_date_after_midnight_is_that_of_the_bus_still_out(
    told: TripUpdate, date: dict[str, Any]
) -> None:
    # transitnownash/wego-bus-map#44
    nightly = Network(trips=(Trip("t1", "23:50"),))
    city = City(nightly, at="24:10").trip_updates(replace(told, fields=date))
    assert texts(city.far_departures("C")) == ["00:34 t1 live", "23:54 t1/2026-11-27 scheduled"]
    if date.get("start_date") == DATE + 1:
        # Before midnight, and once it can be out no longer, it is that of the coming night.
        for at in ("21:30", "24:45"):
            city = City(nightly, at=at).trip_updates(replace(told, fields=date))
            assert texts(city.far_departures("C"))[-1] == "00:34 t1/2026-11-27 scheduled"


def test_a_night_train_named_by_the_day_on_which_it_comes_in_is_the_one_under_way() -> None:
    night = network(patterns=(Pattern("main", "A B C D E", hop_s=11_700),), trips=(Trip("t1", "20:00"),))
    for date in (DATE, DATE + 1):
        city = City(night, at="32:00").trip_updates(update("t1", StopUpdate("E", arrival="33:10"), start_date=date))
        assert texts(city.departures("E", arrivals=True)) == ["09:10 t1 live"], date
    # A delay of the coming night is that night's.
    city = City(night, at="32:30").trip_updates(update("t1", StopUpdate("A", delay=600), start_date=DATE + 1))
    assert texts(city.far_departures("A"))[0] == "20:10 t1/2026-11-27 scheduled"


def test_tomorrows_cancellation_strikes_out_tomorrows_run() -> None:
    city = City(at="07:58").trip_updates(cancelled("t1", start_date=20261127))
    assert city.board("C")[0] == "08:04 t1 scheduled"
    assert texts(city.far_departures("C"))[2] == "08:04 t1/2026-11-27 cancelled"


def test_delays_of_todays_and_tomorrows_run_are_those_of_each() -> None:
    tomorrow = update("t1", StopUpdate("C", delay=300), start_date=DATE + 1)
    city = City(at="07:58").trip_updates(tomorrow)
    assert texts(city.far_departures("C"))[:3:2] == ["08:04 t1 scheduled", "08:09 t1/2026-11-27 scheduled"]
    # Nobody is out for it yet: it is told when it is to come, as a plan, to trip planners too.
    city.faces_agree("C")
    (told,) = city.our_trip_updates()
    assert (told.run, told.stops[0].departure) == ("t1/2026-11-27", city.posix("32:09"))
    city.trip_updates(tomorrow, update("t1", StopUpdate("C", delay=60), start_date=DATE))
    assert texts(city.far_departures("C"))[:3:2] == ["08:05 t1 live", "08:09 t1/2026-11-27 scheduled"]


def test_a_cancellation_of_the_coming_evening_leaves_the_bus_that_is_out_after_midnight() -> None:
    late = Network(trips=(Trip("t1", "23:58"),))
    city = City(late, at="24:01").trip_updates(cancelled("t1", start_date=DATE + 1))
    assert texts(city.far_departures("C")) == ["00:02 t1 scheduled", "00:02 t1/2026-11-27 cancelled"]
    city.trip_updates(cancelled("t1"))
    assert texts(city.far_departures("C"))[0] == "00:02 t1 cancelled"


def test_a_cancellation_of_a_day_without_the_trip_is_told_and_strikes_out_nothing() -> None:
    city = City(Network(services=(Service(days="0001000"),))).trip_updates(cancelled("t1", start_date=20261128))
    assert city.board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]
    assert "run_on_no_such_day" in str(city.readyz())


def test_a_run_on_a_day_that_the_calendar_does_not_have_is_told_alike_everywhere() -> None:  # vingerha/gtfs2#164
    weekend = Network(
        trips=(Trip("t1", "08:00", service="weekend"), Trip("t2", "09:00")),
        services=(Service(), Service("weekend", days="0000011")),
    )
    city = City(weekend).trip_updates(update("t1", StopUpdate("B", "08:03", "08:03"), start_date=DATE))
    assert city.board("C")[0] == "08:05 t1 live"
    city = City(weekend, at="07:59").vehicle_positions(bus("v1", "t1", late_s=60, start_date=DATE)).at("08:02")
    assert city.board("C")[0].endswith("t1 live")


# No trip_id


# nigiri#251, etalab/transpo-rt#59
@pytest.mark.parametrize("told", [{"direction_id": 0}, {}])
def test_a_run_cancelled_by_route_and_start_is_struck_out(told: dict[str, int]) -> None:
    city = City().trip_updates(cancelled(None, route_id="r1", start_date=DATE, start_time="08:00:00", **told))
    assert city.board("C") == ["08:04 t1 cancelled", "09:04 t2 scheduled"]


def test_a_bus_that_names_route_and_start_is_live_at_its_first_report() -> None:
    city = City(at="08:03").vehicle_positions(
        bus("v1", at="B", route_id="r1", direction_id=0, start_date=DATE, start_time="08:00:00")
    )
    assert city.board("C")[0].endswith("t1 live")


def test_what_cannot_be_found_is_told() -> None:
    city = City().trip_updates(cancelled(None, route_id="r1", start_date=DATE, start_time="08:17:00"))
    assert city.board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]
    assert "run_unknown" in str(city.readyz())


def test_a_run_without_a_direction_is_found_by_its_stops() -> None:
    both_ways = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1)),
        trips=(Trip("t1", "08:00"), Trip("u1", "08:00", "back")),
    )
    calls = (StopUpdate("D", "08:03", "08:03"), StopUpdate("B", "08:08", "08:08"))
    city = City(both_ways).trip_updates(update(None, *calls, route_id="r1", start_time="08:00:00", start_date=DATE))
    assert city.board("D") == ["08:03 u1 live", "08:06 t1 scheduled"]


def test_buses_by_headway_that_name_no_start_are_told_each_where_they_are_first_seen_on_their_way() -> None:
    # OneBusAway/onebusaway-application-modules#128
    often = network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "10:00", 600),))
    starts = ("08:25", "08:27:30", "08:29:30")
    buses = (bus(f"v{k}", "t1", late_s=0, run_start=start) for k, start in enumerate(starts))
    city = City(often, at="08:30").vehicle_positions(*buses).at("08:30:30")
    rows = [row for row in city.departures("D") if row.status == "live"]
    assert [row.told["vehicle_id"] for row in rows] == ["v0", "v1", "v2"]
    assert city.board("C")[0].endswith("live")


@pytest.mark.parametrize("named", ["08:00:00", "00:00:00"])
def test_buses_by_headway_that_all_name_when_the_headway_begins_are_told_each_by_itself(named: str) -> None:
    often = network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "10:00", 600),))
    told: dict[str, Any] = {"start_time": named, "start_date": DATE}
    starts = ("09:24:30", "09:26:30", "09:28:30")
    city = City(often, at="09:25")
    for until in ("09:27", "09:29:30"):
        buses = (bus(f"v{k}", "t1", late_s=0, run_start=start, **told) for k, start in enumerate(starts))
        city.vehicle_positions(*buses).at(until)
    assert [(row.clock, row.told["vehicle_id"]) for row in city.departures("D") if row.status == "live"] == [
        ("09:30", "v0"), ("09:32", "v1"), ("09:34", "v2"),
    ]  # fmt: skip
    # One alone that names it long after is on no run of then.
    city = City(often, at="09:25").vehicle_positions(bus("v1", "t1", late_s=0, run_start="09:24", **told)).at("09:27")
    assert city.board("D")[0] == "09:29 t1@09:23 live"


@pytest.mark.parametrize("named", ["08:00:00", "00:00:00"])
def test_updates_by_headway_that_all_name_when_the_headway_begins_are_each_of_a_run(named: str) -> None:
    often = network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "10:00", 600),))
    city = City(often, at="09:25").trip_updates(
        *(
            update("t1", StopUpdate("C", at, at), vehicle=f"v{k}", start_time=named, start_date=DATE)
            for k, at in enumerate(("09:27", "09:33", "09:41"))
        )
    ).at("09:25:30")  # fmt: skip
    assert [row.clock for row in city.departures("C") if row.status == "live"] == ["09:27", "09:33", "09:41"]


def test_a_bus_by_headway_that_goes_round_again_is_told_on_its_next_round() -> None:
    often = (Frequency("t1", "08:00", "12:00", 600),)
    city = City(network("A B C D", "A B C D A", (Trip("t1", "08:00"),), frequencies=often), at="08:00")
    for start, until in (("08:00", "08:09"), ("08:10", "08:13"), ("08:10", "08:19"), ("08:20", "08:23")):
        city.vehicle_positions(bus("v1", "t1", late_s=0, run_start=start)).at(until)
    assert [row.clock for row in city.departures("D") if row.status == "live"] == ["08:25"]


TWINS = network(
    patterns=(Pattern("main", "A B C D E"), Pattern("short", "A B C")),
    trips=(Trip("t1", "08:00"), Trip("t2", "08:00", "short")),
)
BY_LINE: dict[str, Any] = {"route_id": "r1", "direction_id": 0, "start_time": "08:00:00", "start_date": DATE}


def test_of_two_runs_of_one_start_the_one_is_meant_that_calls_at_the_stops_told() -> None:
    calls = (StopUpdate(stop, at, at) for stop, at in zip("ACE", ("08:02", "08:06", "08:10"), strict=True))
    city = City(TWINS, at="07:58").trip_updates(update(None, *calls, **BY_LINE))
    assert city.board("A") == ["08:00 t2 scheduled", "08:02 t1 live"]


def test_a_start_that_two_runs_share_strikes_out_neither() -> None:
    city = City(TWINS).trip_updates(cancelled(None, route_id="r1", start_date=DATE, start_time="08:00:00"))
    assert "cancelled" not in " ".join(city.board("B"))
    assert "run_ambiguous" in str(city.readyz())


def test_times_under_an_id_that_is_not_known_are_those_of_the_only_run_of_the_line_at_that_time_that_is_not_told() -> (
    None
):
    hourly = network(trips=[Trip(f"t{hour}", f"{hour:02d}:00") for hour in range(7, 13)])
    others = [update(f"t{hour}", StopUpdate("B", delay=60), start_date=DATE) for hour in range(9, 13)]

    def told(arrives: str, *more: TripUpdate) -> list[str]:
        calls = StopUpdate("B", arrival=f"08:{arrives}"), StopUpdate("D", arrival=f"08:{int(arrives) + 4}")
        unknown = update("of tomorrow's timetable", *calls, route_id="r1", start_date=DATE)
        return City(hourly, at="07:58").trip_updates(unknown, *others, *more).board("C")

    assert told("05")[0] == "08:07 t8 live"
    # Far from its time, or where the operator tells of that run, it is none of the timetable's.
    assert told("35")[0] == "08:04 t8 scheduled"
    assert told("05", update("t8", StopUpdate("B", delay=60), start_date=DATE))[:2] == [
        "08:05 t8 live",
        "09:05 t9 live",
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_runs_of_one_start_of_which_one_is_told_of_by_its_name_the_other_is_meant(order: int) -> None:
    gone, late = cancelled("t2", start_date=DATE), update(None, StopUpdate("B", delay=120), **BY_LINE)
    city = City(TWINS, at="07:58").trip_updates(*(gone, late)[::order])
    assert city.board("B") == ["08:02 t2 cancelled", "08:04 t1 live"]
    both = (gone, cancelled(None, **BY_LINE))
    assert city.trip_updates(*both[::order]).board("B") == ["08:02 t2 cancelled", "08:04 t1 cancelled"]
    city.trip_updates(gone).vehicle_positions(bus("v1", between=("A", "B", 0.5), fresh=True, **BY_LINE))
    assert city.at("08:01:30").board("D")[0].endswith("t1 live")


# cal-itp/data-infra#2703; bustimes/bustimes.org#245: on another service a line may be another route
@pytest.mark.parametrize("dated", [{"start_date": DATE}, {}])
@pytest.mark.parametrize("other", [{}, {"route": "r1-weekend"}, {"shape": "weekend"}, {"direction": None}])
def test_a_trip_of_another_service_that_is_seen_is_the_run_of_today_that_makes_its_calls(
    other: dict[str, Any], dated: dict[str, Any]
) -> None:
    weekly = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("weekend", "A B C D E", **other)),
        trips=(Trip("thursday", "08:00", service="th"), Trip("saturday", "08:00", "weekend", service="sa")),
        services=(Service("th", "0001000"), Service("sa", "0000010")),
        routes=(Route("r1", "1"), Route("r1-weekend", "1")),
        shapes={"weekend": ((0.0, 0.0), (2400.0, 0.0))},
    )
    city = City(weekly, at="07:58").trip_updates(update("saturday", StopUpdate("A", delay=180), **dated))
    assert city.board("C") == ["08:07 thursday live"]
    city.trip_updates().vehicle_positions(bus("v1", "saturday", late_s=180, **dated)).at("08:05")
    assert city.board("D") == ["08:08 thursday live"]
    assert city.trip_updates(cancelled("saturday", **dated)).board("D") == ["08:08 thursday live"]


def test_of_two_runs_of_today_that_make_its_calls_that_of_its_own_route_is_meant() -> None:
    patterns = (Pattern("main", "A B C D E"), Pattern("other", "A B C D E", route="r2"))
    trips = (Trip("thursday", "08:00", service="th"), Trip("extra", "08:00", "other", service="th"))
    weekly = network(
        patterns=patterns, trips=(*trips, Trip("saturday", "08:00", service="sa")),
        services=(Service("th", "0001000"), Service("sa", "0000010")), routes=(Route("r1", "1"), Route("r2", "1")),
    )  # fmt: skip
    city = City(weekly, at="07:58").trip_updates(update("saturday", StopUpdate("A", delay=180)))
    assert city.board("C") == ["08:04 extra scheduled", "08:07 thursday live"]


@pytest.mark.parametrize("dated", [{"start_date": DATE}, {}])
def test_a_bus_that_drives_on_a_day_without_its_trip_is_told(dated: dict[str, Any]) -> None:
    holiday = Network(services=(Service(removed=(DATE,)),))
    assert City(holiday, at="07:58").board("C") == []
    assert City(holiday, at="07:58").trip_updates(update("t1", StopUpdate("B", delay=60), **dated)).board("C") == [
        "08:05 t1 live"
    ]
    city = City(holiday, at="07:58").vehicle_positions(bus("v1", "t1", late_s=60, **dated)).at("08:03")
    assert [row[6:] for row in city.board("D")] == ["t1 live"]
    assert City(holiday, at="07:58").trip_updates(cancelled("t1", **dated)).board("C") == []


@pytest.mark.parametrize(
    "start", ["08:00", "8:00", "0800", "080000", "PT8H", "P0DT8H0M0S", "20261126T080000", "2026-11-26T08:00:00+01:00"]
)
def test_a_run_is_found_however_its_start_is_written(start: str) -> None:
    named = {"route_id": "r1", "start_date": DATE, "start_time": start}
    assert City().trip_updates(cancelled(None, **named)).board("C")[0] == "08:04 t1 cancelled"


@pytest.mark.parametrize("start", ["8", "800", "28800", "PT", "0860", "080060"])
def test_a_start_that_may_mean_several_times_names_none(start: str) -> None:
    city = City().trip_updates(cancelled("t1", start_date=DATE), cancelled(None, route_id="r1", start_time=start))
    assert city.board("C") == ["08:04 t1 cancelled", "09:04 t2 scheduled"]


# trip_properties are for copies of a trip alone (gtfs-realtime reference: "otherwise … will be ignored by consumers")


@pytest.mark.parametrize("named", [{"new_trip_id": "t9"}, {"new_start_time": "08:20:00"}, {"new_start_date": 20261127}])
@pytest.mark.parametrize("relationship", ["SCHEDULED", "UNSCHEDULED"])
def test_a_run_of_the_timetable_told_twice_under_two_names_comes_once(
    named: dict[str, object], relationship: str
) -> None:
    city = City().trip_updates(
        update("t1", delay=60, relationship=relationship, start_date=DATE),
        update("t1", delay=120, relationship=relationship, start_date=DATE, **named),
    )
    (row,) = [row for row in city.board("C") if "t1" in row]
    assert row.endswith("live")


# One wrong entity must not cost the others: a start_date or start_time that cannot be meant.


@pytest.mark.parametrize("start_date", [20261127, 20260302, 20251126, 99999999])
@pytest.mark.parametrize("start_time", ["", "08:00:00", "999:00:00", "99999999999 days 08:00:00"])
def test_a_run_named_by_a_date_or_start_far_from_its_times_costs_no_other_run(start_date: int, start_time: str) -> None:
    often = Network(
        trips=(Trip("t1", "06:00"), Trip("t2", "08:10")), frequencies=(Frequency("t1", "08:00", "09:00", 600),)
    )
    named = {"start_time": start_time} if start_time else {}
    city = City(often).trip_updates(
        update("t1", StopUpdate("B", arrival="08:07", departure="08:07"), relationship="UNSCHEDULED",
               start_date=start_date, **named),
        update("t2", delay=120, start_date=DATE),
    )  # fmt: skip
    assert [row for row in city.board("C") if "t2" in row] == ["08:16 t2 live"]
    assert city.json("/readyz")["step_failures"] == 0


@pytest.mark.parametrize("change", [{"assigned_stop": "S2"}, {"headsign": "Elsewhere"}])
def test_a_change_of_a_run_by_headway_that_is_not_named_takes_no_run_from_the_board(change: dict[str, Any]) -> None:
    stops = (*row_of_stops("A B D"), Stop("S1", 1200.0, 280.0), Stop("S2", 1200.0, 320.0))
    often = network(
        stops,
        (Pattern("main", "A B S1 D"),),
        (Trip("t1", "06:00"),),
        frequencies=(Frequency("t1", "08:00", "09:00", 600),),
    )
    before = City(often).board("D")
    city = City(often).trip_updates(
        update("t1", StopUpdate("S1", **change), relationship="UNSCHEDULED", start_date=DATE)
    )
    assert city.board("D") == before


BY_HEADWAY = Network(trips=(Trip("t1", "06:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 600),))


def test_runs_by_headway_of_which_the_operator_tells_stay_after_they_have_set_out() -> None:
    # CUTR-at-USF/bullrunner-gtfs-realtime-generator, opentripplanner/OpenTripPlanner#1647
    told = (
        update("t1", StopUpdate("C", at, at), relationship="UNSCHEDULED", start_time=start, start_date=DATE)
        for start, at in (("08:03:00", "08:07"), ("08:13:00", "08:18"))
    )
    city = City(BY_HEADWAY, at="08:05").trip_updates(*told)
    assert city.board("C")[:2] == ["08:07 t1@08:03 live", "08:18 t1@08:13 live"]
    city.vehicle_positions(bus("v1", "t1", at="B", fresh=True, start_time="08:03:00", start_date=DATE)).at("08:06")
    assert [row.split()[1:] for row in city.board("C")[:2]] == [["t1@08:03", "live"], ["t1@08:13", "live"]]


def test_a_run_by_headway_of_which_the_operator_alone_tells_is_on_its_way_on_its_own_page_too() -> None:
    told = update("t1", StopUpdate("A", delay=0), start_time="08:00:00", start_date=DATE)
    city = City(BY_HEADWAY, at="07:58").trip_updates(told).at("08:03:30")
    assert city.board("C")[0] == "08:04 t1@08:00 live"
    assert city.trip("t1", start="08:00:00")[2].status == "live"


def test_behind_a_cancelled_run_by_headway_the_next_is_told() -> None:
    city = City(BY_HEADWAY, at="08:01").trip_updates(cancelled("t1", start_time="08:10:00", start_date=DATE))
    assert city.board("C") == ["08:14 t1@08:10 cancelled", "t1@08:20 scheduled"]


def test_buses_that_name_no_trip_are_found_each_on_its_run_by_exact_times() -> None:
    often = Network(trips=(Trip("t1", "06:00"),), frequencies=(Frequency("t1", "08:00", "08:30", 600, exact_times=1),))
    city = City(often, at="07:57")
    for step in range(1, 31):
        at = city.posix("08:00") + 30 * step
        starts = {"v1": city.posix("08:00"), "v2": city.posix("08:10")}
        places = {name: min(max((at - start) * 5.0, 0.0), 2400.0) for name, start in starts.items()}
        city.vehicle_positions(*(bus(name, place=(m, 0.0), timestamp=at) for name, m in places.items()), at=at)
        if step == 12:
            assert [row.run for row in city.departures("D") if row.status == "live"][:1] == ["t1@08:00"]
    assert [row.split(" ", 1)[1] for row in city.board("D")] == ["t1@08:10 live", "t1@08:20 scheduled"]


# A direction is a hint as a date is: many feeds count directions otherwise than their timetable.


@pytest.mark.parametrize("direction", [0, 1])
def test_the_only_run_of_a_line_at_a_time_is_found_whatever_direction_is_named(direction: int) -> None:
    named: dict[str, Any] = {
        "route_id": "r1", "direction_id": direction, "start_date": DATE, "start_time": "08:00:00"
    }  # fmt: skip
    assert City().trip_updates(cancelled(None, **named)).board("C")[0] == "08:04 t1 cancelled"
    assert City(at="07:58").trip_updates(update(None, delay=120, **named)).board("C")[0] == "08:06 t1 live"
    assert City(at="08:03").vehicle_positions(bus("v1", at="B", **named)).board("C")[0].endswith("t1 live")


def test_a_run_of_the_direction_that_is_named_counts_more_than_another() -> None:
    both_ways = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1)),
        trips=(Trip("t1", "08:00"), Trip("u1", "08:00", "back")),
    )
    named: dict[str, Any] = {"route_id": "r1", "start_date": DATE, "start_time": "08:00:00"}
    city = City(both_ways).trip_updates(cancelled(None, direction_id=1, **named))
    assert city.board("D") == ["08:02 u1 cancelled", "08:06 t1 scheduled"]


# public-transport/transitous#1540, google/transit#362
@pytest.mark.parametrize(("start", "rows"), [("08:00:00", ["08:03 u1 live", "08:06 t1 scheduled"]),
                                             ("08:30:00", ["08:02 u1 scheduled", "08:06 t1 scheduled"])])  # fmt: skip
def test_an_id_that_another_timetable_gives_to_a_run_the_other_way_means_the_run_of_that_line_and_start(
    start: str, rows: list[str]
) -> None:
    both_ways = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1)),
        trips=(Trip("t1", "08:00"), Trip("u1", "08:00", "back")),
    )
    calls = (StopUpdate(stop, at, at) for stop, at in zip("EDCB", ("08:01", "08:03", "08:05", "08:07"), strict=True))
    named: dict[str, Any] = {"route_id": "r1", "direction_id": 1, "start_time": start, "start_date": DATE}
    assert City(both_ways, at="07:58").trip_updates(update("t1", *calls, **named)).board("D") == rows


def test_stops_in_the_other_order_are_those_of_a_run_that_the_timetable_does_not_have() -> None:
    calls = (StopUpdate("D", "08:03", "08:03"), StopUpdate("B", "08:08", "08:08"))
    told = update(None, *calls, route_id="r1", direction_id=1, start_time="08:00:00", start_date=DATE)
    city = City(at="07:58").trip_updates(told)
    assert [city.board(stop)[0] for stop in "BD"] == ["08:02 t1 scheduled", "08:06 t1 scheduled"]
    assert "run_unknown" in str(city.readyz())


# Dates of UTC

EVENING = Network(trips=(Trip("t1", "20:30"), Trip("t2", "21:00")), zone="America/Chicago")


def test_delays_of_an_evening_in_america_that_is_tomorrow_by_utc_are_those_of_the_bus_that_is_out() -> None:
    city = City(EVENING, at="20:32").trip_updates(
        *(update(trip, StopUpdate("B", delay=300), start_date=DATE + 1) for trip in ("t1", "t2"))
    )
    assert city.board("C") == ["20:39 t1 live", "21:09 t2 live"]


def test_tomorrows_delays_beside_this_evenings_in_america_stay_tomorrows() -> None:
    tomorrow = update("t1", StopUpdate("C", delay=300), start_date=DATE + 1)
    tonight = update("t2", StopUpdate("C", delay=60), start_date=DATE)
    city = City(EVENING, at="20:32").trip_updates(tomorrow, tonight)
    assert texts(city.far_departures("C"))[:3] == [
        "20:34 t1 scheduled",
        "21:05 t2 live",
        "20:39 t1/2026-11-27 scheduled",
    ]


def test_a_message_of_tomorrow_evenings_delays_alone_in_america_leaves_this_evenings_runs_as_they_are() -> None:
    tomorrow = update("t2", StopUpdate("C", delay=300), start_date=DATE + 1)
    for before in (None, bus("v1", "t1", late_s=0, start_date=DATE), update("t1", delay=0, start_date=DATE)):
        city = City(EVENING, at="20:20" if before is None else "20:45")
        if isinstance(before, Bus):
            city.vehicle_positions(before)
        elif before:
            city.trip_updates(before)
        city.trip_updates(tomorrow)
        assert {"21:04 t2 scheduled", "21:09 t2/2026-11-27 scheduled"} <= set(texts(city.far_departures("C")))


NIGHTLY = Network(trips=(Trip("t0", "19:30"), Trip("t1", "23:30")), zone="America/New_York")


@pytest.mark.parametrize("by", ["bus", "bus at once", "times", "delays"])
def test_a_cancellation_by_the_date_of_utc_strikes_out_tonights_run_of_a_feed_that_names_all_by_utc(by: str) -> None:
    named: dict[str, Any] = {"start_date": DATE + 1}
    city, gone = City(NIGHTLY, at="19:31"), cancelled("t1", **named)
    if by == "bus":
        city.vehicle_positions(bus("v1", "t0", late_s=0, **named)).trip_updates(gone)
    elif by == "bus at once":
        city.positions_and_updates([bus("v1", "t0", late_s=0, **named)], [gone])
    else:
        told = StopUpdate("B", "19:33", "19:33") if by == "times" else StopUpdate("B", delay=60)
        city.trip_updates(update("t0", told, **named), gone)
    assert "23:34 t1 cancelled" in texts(city.far_departures("C"))
    if by != "delays":
        # What the evening's runs have shown is known when none of them is out any more.
        city.vehicle_positions().trip_updates(gone)
        assert "23:34 t1 cancelled" in texts(city.far_departures("C"))


@pytest.mark.parametrize("by", ["bus", "nothing"])
def test_a_cancellation_of_tomorrows_late_run_in_america_leaves_tonights(by: str) -> None:
    city = City(NIGHTLY, at="19:31")
    if by == "bus":
        city.vehicle_positions(bus("v1", "t0", late_s=0, start_date=DATE)).vehicle_positions()
    city.trip_updates(cancelled("t1", start_date=DATE + 1))
    assert "23:34 t1 scheduled" in texts(city.far_departures("C"))


@pytest.mark.parametrize("at", ["12:00", "19:31", "23:45"])
def test_what_a_feed_of_right_dates_cancels_tomorrow_strikes_out_none_of_todays_runs(at: str) -> None:
    trips = (*NIGHTLY.trips, *(Trip(f"h{hour}", f"{hour:02}:30") for hour in (1, 6, 12, 18, 24)))
    city = City(replace(NIGHTLY, trips=trips), at=at)
    city.vehicle_positions(bus("v1", "t0", late_s=0, start_date=DATE))
    city.trip_updates(*(cancelled(trip.trip_id, start_date=DATE + 1) for trip in trips))
    day, _ = dated_journeys(city.service.snapshot.cancelled)
    assert city.service.snapshot.timetable.date[day].tolist() == [DATE + 1] * len(trips)


def test_a_start_time_of_utc_tells_that_the_date_is_of_utc_too() -> None:
    city = City(NIGHTLY, at="15:00").trip_updates(cancelled("t1", start_date=DATE + 1, start_time="04:30:00"))
    assert "23:34 t1 cancelled" in texts(city.far_departures("C"))


def test_a_morning_run_in_asia_that_is_cancelled_by_the_date_of_utc_is_that_of_this_morning() -> None:
    early = Network(trips=(Trip("t0", "07:00"), Trip("t1", "07:30")), zone="Asia/Singapore")
    city = City(early, at="07:02").trip_updates(
        update("t0", StopUpdate("B", "07:03", "07:03"), start_date=DATE - 1), cancelled("t1", start_date=DATE - 1)
    )
    assert city.board("C") == ["07:05 t0 live", "07:34 t1 cancelled"]


@pytest.mark.parametrize("date", [DATE, DATE + 1])
@pytest.mark.parametrize("start", ["24:30:00", "00:30:00"])
def test_a_run_after_midnight_named_by_its_line_is_found_by_either_date_with_either_clock(
    date: int, start: str
) -> None:
    named: dict[str, Any] = {"route_id": "r1", "start_time": start, "start_date": date}
    tonight = Network(trips=(Trip("t1", "24:30"), Trip("t2", "23:50")))
    city = City(tonight, at="24:25").trip_updates(update(None, StopUpdate("C", "24:36", "24:36"), **named))
    assert city.board("C") == ["00:36 t1 live"]
    of_today = replace(tonight, services=(Service(days="0001000"),))
    assert City(of_today, at="24:25").trip_updates(cancelled(None, **named)).board("C") == ["00:34 t1 cancelled"]


def test_a_trip_that_stands_twice_in_its_block_is_one_row_by_whichever_of_its_ids_it_is_told() -> None:
    twice = network(trips=(Trip("t1", "08:00", block="b"), Trip("T_1", "08:00", block="b"), Trip("t2", "09:00")))
    rows, late = ["08:02 t1 scheduled", "09:02 t2 scheduled"], StopUpdate("B", arrival="08:04", departure="08:04")
    city = City(twice, at="07:58")
    assert city.board("B") == rows
    by_either = update("T_1", late), update("t1", late)
    for told in (by_either[:1], by_either, (cancelled("T_1"), by_either[1])):
        assert city.trip_updates(*told).board("B") == ["08:04 t1 live", rows[1]]
    assert city.trip_updates(cancelled("T_1")).board("B") == ["08:04 t1 cancelled", rows[1]]
    city.trip_updates()
    assert city.vehicle_positions(bus("v1", "T_1", late_s=60)).at("08:01").board("B") == ["08:02 t1 live", rows[1]]
    assert [row.stop for row in city.trip_page("T_1")] == list("ABCDE")


# Dates of the calendar, before midnight

NIGHT = Network(trips=(Trip("t1", "08:00"), Trip("n1", "24:30"), Trip("n2", "25:00")))


@pytest.mark.parametrize("by", ["last night", "bus", "times", "start"])
def test_a_cancellation_by_the_calendars_date_before_midnight_strikes_out_the_coming_nights_run(by: str) -> None:
    city, named = City(NIGHT, at="00:10" if by == "last night" else "20:00"), dict[str, Any](start_date=DATE + 1)
    gone = cancelled("n1", **named, **({"start_time": "00:30:00"} if by == "start" else {}))
    if by == "last night":
        city.trip_updates(update("n1", StopUpdate("C", "00:40", "00:40"), start_date=DATE)).trip_updates()
        city.at("20:00", every_s=7200)
    elif by == "times":
        city.trip_updates(update("n2", StopUpdate("C", "25:10", "25:10"), **named), gone)
    elif by == "bus":
        city.at("23:50", every_s=7200).vehicle_positions(bus("v2", "n2", "A", **named))
    assert texts(city.trip_updates(gone).far_departures("A"))[:4] == [
        "00:30 n1 cancelled", f"01:00 n2 {'live' if by == 'bus' else 'scheduled'}", "08:00 t1/2026-11-27 scheduled",
        "00:30 n1/2026-11-27 scheduled",
    ]  # fmt: skip


@pytest.mark.parametrize("known", [False, True])
def test_a_cancellation_of_the_next_service_day_leaves_the_coming_nights_run(known: bool) -> None:
    city, gone = City(NIGHT, at="23:50"), cancelled("n1", start_date=DATE + 1)
    if known:
        city.vehicle_positions(bus("v2", "n2", "A", start_date=DATE))
    rows = texts(city.trip_updates(gone).far_departures("A"))
    assert rows[0] == "00:30 n1 scheduled" and "00:30 n1/2026-11-27 cancelled" in rows


@pytest.mark.parametrize("by_calendar", [False, True])
@pytest.mark.parametrize("told", ["update", "update at once", "vehicle", "alert"])
@pytest.mark.parametrize("night", [0, 1])
def test_past_midnight_what_is_said_of_a_run_is_of_the_night_that_the_operators_dates_mean(
    by_calendar: bool, told: str, night: int
) -> None:
    # opentripplanner/OpenTripPlanner#5718, HSLdevcom/transitdata#91
    date, days = DATE + by_calendar, ("2026-11-26", "2026-11-27")
    here = bus("v2", "n2", "A", fresh=True, start_date=date)
    city, gone = City(NIGHT, at="24:05"), cancelled("n1", start_date=date + night)
    if told == "update at once":
        # From the first step on, which hears both feeds.
        city.positions_and_updates([here], [gone])
        assert [city.trip("n1", date=day)[0].status == "cancelled" for day in days] == [not night, bool(night)]
    else:
        city.vehicle_positions(here)
    if told == "update":
        city.trip_updates(gone)
    elif told == "vehicle":
        called_off = bus("v1", "n1", "A", schedule_relationship="CANCELED", start_date=date + night)
        city.vehicle_positions(here, called_off)
    elif told == "alert":
        city.alerts(alert("No bus", {"trip_id": "n1", "start_date": date + night}))
    city.at("24:12")
    if told == "alert":
        assert [day for day in days if city.trip_answer("n1", date=day)["alerts"]] == [days[night]]
        assert city.messages(stop="A")["panel"] == [f"1: {'tomorrow ' if night else ''}00:30 to East: No bus"]
    else:
        assert [city.trip("n1", date=day)[0].status == "cancelled" for day in days] == [not night, bool(night)]


def test_delays_of_tonight_by_the_service_day_show_that_tomorrows_cancellation_is_not_tonights() -> None:
    late = update("n2", StopUpdate("A", delay=60), start_date=DATE)
    city = City(NIGHT, at="23:50").trip_updates(late, cancelled("n1", start_date=DATE + 1)).at("24:12")
    assert city.board("A") == ["00:30 n1 scheduled", "01:01 n2 live"]


# Trips of more than a day, named without their date

FAR_STOPS = tuple(Stop(stop, k * 30_000.0) for k, stop in enumerate("ABCDE"))
FAR = network(
    FAR_STOPS, trips=(Trip("t1", calls=tuple(map(Call, "ABCDE", ("10:00", "16:00", "24:00", "32:00", "40:00")))),)
)


def all_rows(city: City, stop: str) -> list[str]:
    return texts(city.departures(stop, arrivals=True, window=36 * 3600))


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        (StopUpdate("E", arrival="40:20"), ("16:00 t1/2026-11-27 scheduled", "16:20 t1 live")),
        (StopUpdate("E", delay=1200), ("16:00 t1/2026-11-27 scheduled", "16:20 t1 live")),
        (StopUpdate("B", "40:20", "40:20"), ("16:20 t1/2026-11-27 live", "16:00 t1 scheduled")),
        (StopUpdate("B", delay=1200), ("16:20 t1/2026-11-27 live", "16:00 t1 scheduled")),
    ],
)
def test_of_two_runs_of_a_train_of_thirty_hours_that_is_meant_which_is_where_it_is_told_of(
    call: StopUpdate, rows: tuple[str, str]
) -> None:
    city = City(FAR, at="35:00").trip_updates(update("t1", call))
    assert (all_rows(city, "B")[0], all_rows(city, "E")[0]) == rows
    city.faces_agree("B")


def test_two_trains_of_thirty_hours_on_the_way_are_followed_each_on_its_own_days_run() -> None:
    trains = (bus("v1", "t1", between=("A", "B", 0.2)), bus("v2", "t1", between=("D", "E", 0.4)))
    city = City(FAR, at="35:00").vehicle_positions(*trains)
    assert all_rows(city, "C")[0].endswith("t1/2026-11-27 live")
    assert all_rows(city, "E")[0].endswith("t1 live")
    assert {v: told["service_date"] for v, told in city.vehicles().items()} == {"v1": "2026-11-27", "v2": "2026-11-26"}


def test_a_run_that_stands_in_its_block_under_two_lines_is_told_alike_under_both() -> None:
    lines = (Pattern("main", "A B C D E"), Pattern("other", "A B C D E", route="r2"))
    trips = (Trip("t1", "08:00", block="b"), Trip("u1", "08:00", "other", block="b"), Trip("t2", "09:00"))
    both = network(patterns=lines, trips=trips, routes=(Route("r1", "1"), Route("r2", "1A")))

    def rows(city: City, stop: str) -> set[str]:
        return {row for row in city.board(stop) if " t2 " not in row}

    for name in ("t1", "u1"):
        city = City(both, at="08:01").vehicle_positions(bus("v1", name, late_s=180)).at("08:05")
        assert {row[6:] for row in rows(city, "D")} == {"t1 live", "u1 live"}
        first, second, *_ = city.departures("D")
        assert first.at == second.at and first.told["vehicle_id"] == second.told["vehicle_id"] == "v1"
        city = City(both, at="07:58").trip_updates(update(name, StopUpdate("B", delay=120)))
        assert rows(city, "C") == {"08:06 t1 live", "08:06 u1 live"}
        city.trip_updates(update(name, skipped("C")))
        assert rows(city, "C") == {"08:04 t1 skipped", "08:04 u1 skipped"}
        assert rows(city.trip_updates(cancelled(name)), "D") == {"08:06 t1 cancelled", "08:06 u1 cancelled"}
    # What is told of each is true of each.
    city.trip_updates(cancelled("t1"), update("u1", StopUpdate("B", delay=60)))
    assert rows(city, "D") == {"08:06 t1 cancelled", "08:07 u1 live"}
    city.vehicle_positions(bus("v1", "u1", late_s=180)).at("08:02")
    assert {row[6:] for row in rows(city, "D")} == {"t1 cancelled", "u1 live"}
    # Who has been given one of them each is told on that one alone.
    city = City(both, at="08:01").vehicle_positions(bus("v1", "t1", late_s=60), bus("v2", "u1", late_s=180))
    live = [row.told for row in city.at("08:05").departures("D") if row.status == "live"]
    assert [(row["trip_id"], row["vehicle_id"]) for row in live] == [("t1", "v1"), ("u1", "v2")]


# mfdz/GTFS-Issues#269
@pytest.mark.parametrize("direction", [{}, {"direction_id": 0}])
def test_a_trip_that_is_named_with_the_start_of_an_earlier_run_takes_no_bus_from_that_one(
    direction: dict[str, int],
) -> None:
    named: dict[str, Any] = {"start_time": "08:00:00", "route_id": "r1", "start_date": 20261126, **direction}
    told = update("t2", StopUpdate("B", "08:03", "08:03"), StopUpdate("C", "08:05", "08:05"), **named)
    city = City(at="07:58").trip_updates(told)
    assert city.board("C") == ["08:05 t1 live", "09:04 t2 scheduled"]
    city = City(at="08:01").vehicle_positions(bus("v1", "t2", between=("A", "B", 0.5), **named))
    assert [row.split()[1:] for row in city.board("C")] == [["t1", "live"], ["t2", "scheduled"]]
    # Of a bus that is where the trip is by its own times nothing else is meant.
    city = City(at="09:01").vehicle_positions(bus("v1", "t2", between=("A", "B", 0.5), **named))
    assert city.board("C")[0].endswith("t2 live")
    # Nor where no run begins then.
    city = City(at="07:58").trip_updates(
        update("t2", StopUpdate("C", "09:05", "09:05"), **named | {"start_time": "07:00:00"})
    )
    assert city.board("C") == ["08:04 t1 scheduled", "09:05 t2 live"]


def test_a_trip_by_headway_that_is_asked_for_without_a_start_is_the_run_that_is_driven() -> None:
    city = City(network(trips=[Trip("f", "08:00")], frequencies=(Frequency("f", "07:00", "10:00", 600),)), at="08:20")
    assert city.trip_answer("f")["start_time"] == "08:20:00"
    # What has set out unseen is on no board: the next one is meant, until there is none.
    starts = [(clock, city.at(clock).trip_answer("f")["start_time"]) for clock in ("08:20:30", "08:24")]
    assert starts == [("08:20:30", "08:30:00"), ("08:24", "08:30:00")]
    assert city.trip_state("f") == "not_followed"
    late = City(city.network, at="10:02").step()
    assert (late.trip_answer("f")["start_time"], late.trip_state("f")) == ("09:50:00", "over")
    city.vehicle_positions(bus("v1", "f", between=("B", "C", 0.5)))
    start = city.departures("C")[0].told["start_time"]
    for answer in (city.trip_answer("f"), city.trip_answer("f", date="2026-11-26")):
        assert (answer["start_time"], answer["status"], answer["vehicle_id"]) == (start, "live", "v1")
    assert city.trip_state("f") == "followed"
    assert city.trip_answer("f", start="08:30:00")["vehicle_id"] is None


def test_a_delay_without_a_date_that_was_measured_yesterday_is_not_todays() -> None:
    city = City(at="07:30")
    yesterday = city.now - 86_400
    for told in (
        update("t1", delay=300, timestamp=yesterday),
        update("t1", StopUpdate("A", delay=300), timestamp=yesterday),
    ):
        assert city.trip_updates(told).board("A")[0] == "08:00 t1 scheduled"
    # Who names the day, or the time, knows beforehand: that is a plan.
    for told in (
        update("t1", delay=300, timestamp=yesterday, start_date=20261126),
        update("t1", StopUpdate("A", departure="08:05"), timestamp=yesterday),
        update("t1", delay=300, timestamp=city.now - 3 * 3600),
    ):
        assert city.trip_updates(told).board("A")[0] == "08:05 t1 scheduled"


def test_a_cancellation_without_a_date_that_was_written_before_yesterdays_run_ended_is_not_todays() -> None:
    city = City(at="07:30")
    midnight = city.posix("00:00")
    for written, status in ((-18, "scheduled"), (-6, "cancelled"), (3, "cancelled")):
        city.trip_updates(cancelled("t1", timestamp=midnight + written * 3600.0))
        assert city.board("C")[0] == f"08:04 t1 {status}", written
    city.trip_updates(cancelled("t1", timestamp=midnight - 18 * 3600.0, start_date=DATE))
    assert city.board("C")[0] == "08:04 t1 cancelled"


def _unknown(start: str, *, left: int = 0, **named: str) -> TripUpdate:
    calls = (hms(seconds(start) + HOP_S * k) for k in range(5))
    told = [StopUpdate(stop, at, at) for stop, at in zip("ABCDE", calls, strict=True)]
    return update("u9", *told[left:], route_id="r1", start_date=DATE, **named)


def test_a_run_whose_id_the_timetable_does_not_have_comes_where_no_run_of_its_line_can_be_meant() -> None:
    # mbta/api#209: ids of a new timetable, and trips that were never in one.
    city = City(at="07:58").trip_updates(_unknown("08:30"))
    assert city.board("C") == ["08:04 t1 scheduled", "08:34 u9 live", "09:04 t2 scheduled"]
    assert "updates_not_found" in city.readyz()["faults"]
    city.at("08:33").trip_updates(_unknown("08:30", left=2))
    assert city.board("C") == ["08:34 u9 live", "09:04 t2 scheduled"]
    assert [row.stop for row in city.trip("u9")] == list("ABCDE")
    assert city.trip_updates().board("C") == ["09:04 t2 scheduled"]


def test_a_run_whose_id_the_timetable_does_not_have_doubles_none_that_it_may_be() -> None:
    city, others = City(at="07:58"), [update(trip, delay=0, start_date=DATE) for trip in ("t1", "t2")]
    assert city.trip_updates(_unknown("08:10")).board("C") == ["08:14 t1 live", "09:04 t2 scheduled"]
    board = city.trip_updates(_unknown("08:10"), *others).board("C")
    assert board == ["08:04 t1 live", "08:14 u9 live", "09:04 t2 live"]


def test_a_run_named_by_its_line_and_start_is_none_that_drives_the_other_way() -> None:
    both_ways = (Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1, headsign="West"))
    net = network(patterns=both_ways, trips=(Trip("t2", "09:00"), Trip("w1", "08:30", "back")))
    city = City(net, at="07:58").trip_updates(_unknown("08:30", start_time="08:30:00"))
    assert city.board("C") == ["08:34 u9 live", "08:34 w1 scheduled", "09:04 t2 scheduled"]


@pytest.mark.parametrize("by", ["trip", "line", "vehicle", "alert"])
def test_past_midnight_a_late_last_bus_is_the_run_that_the_calendars_date_means(by: str) -> None:
    # opentripplanner/OpenTripPlanner#5718: it was to be in before midnight, and does not run on the next day.
    last = network(trips=(Trip("t1", "08:00"), Trip("last", "23:40")), services=(Service(days="0001000"),))
    late = update("last", StopUpdate("C", "24:10", "24:10"), StopUpdate("E", "24:20"), start_date=DATE)
    city, tomorrow = City(last, at="23:30").trip_updates(late).at("24:02"), {"start_date": DATE + 1}
    if by == "alert":
        city.alerts(alert("No bus", {"trip_id": "last", **tomorrow}))
        assert city.trip_answer("last", date="2026-11-26")["alerts"]
        return
    if by == "vehicle":
        city.trip_updates().vehicle_positions(bus("v1", "last", "A", schedule_relationship="CANCELED", **tomorrow))
    else:
        named = {"start_time": "23:40:00", "route_id": "r1", "direction_id": 0} if by == "line" else {}
        city.trip_updates(cancelled(None if by == "line" else "last", **tomorrow, **named))
    assert city.board("C") == ["00:10 last cancelled"]
    assert city.trip_state("last", date="2026-11-26") == "cancelled"
