"""Who boards wants the departure, who is met the arrival: both are told, and boards count down to the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import posix, text, texts
from benchmarks.field.messages import StopUpdate, bus, no_data, skipped, update
from benchmarks.field.network import Call, Pattern, Trip, network

HUB = (Call("A", "08:00"), Call("B", "08:14", "08:24"), Call("C", "08:30"), Call("D", "08:33"))
"""A line that waits ten minutes at a hub."""


def hub_city(timepoint: int | None = None) -> City:
    calls = tuple(replace(call, timepoint=timepoint) for call in HUB)
    return City(network("A B C D", trips=(Trip("t1", calls=calls),)), at="07:55")


def clock(city: City, stop: str) -> str:
    return city.board(stop)[0].split()[0]


def test_a_hub_counts_down_to_the_departure_by_the_timetable() -> None:
    city = hub_city()
    assert clock(city, "B") == "08:24"
    row = city.departures("B")[0].told
    assert row["arrival"]["scheduled"].endswith("08:14:00+01:00")
    assert row["departure"] == {"scheduled": row["time"], "predicted": None, "delay_s": None}


def test_the_stop_after_a_wait_of_most_of_the_way_there_is_told_in_time() -> None:
    calls = (Call("A", "08:00"), Call("B", "08:05", "08:18"), Call("C", "08:20"), Call("D", "08:25"))
    city = City(network("A B C D", trips=(Trip("t1", calls=calls),))).vehicle_positions(bus("v1", "t1", late_s=0))
    assert [clock(city.at(time, every_s=30.0), "C") for time in ("08:16", "08:18")] == ["08:20", "08:20"]


# TheTransitClock/transitime#279
@pytest.mark.parametrize(
    "places",
    [((600, 0), (640, 30), (560, -20), (645, 10), (590, 40)), ((600, 0), (570, 260), (600, 0)), ((600, 0), (720, 0))],
)
def test_who_waits_at_a_hub_is_there_until_its_time_wherever_its_receiver_wanders_or_it_stands_aside(
    places: tuple[tuple[float, float], ...],
) -> None:
    city = hub_city().vehicle_positions(bus("v1", "t1", late_s=-60)).at("08:13", every_s=60.0)
    for minute in range(9):
        at = city.posix("08:14") + 60 * minute
        city.vehicle_positions(bus("v1", "t1", place=places[min(minute, len(places) - 1)]), at=at)
        rows = [city.departures(stop)[0] for stop in "BC"]
        assert [(row.run, row.status) for row in rows] == [("t1", "live")] * 2
        assert rows[0].clock == "08:24" and rows[1].clock >= "08:27"
        city.faces_agree("B")
    city.vehicle_positions(bus("v1", "t1", place=(900, 0)), at="08:25")
    assert city.board("B") == [] and city.departures("C")[0].status == "live"


@pytest.mark.parametrize("timepoint", [None, 1])
def test_a_hub_counts_down_to_the_departure_of_a_bus_that_waits_there(timepoint: int | None) -> None:
    city = hub_city(timepoint).vehicle_positions(bus("v1", "t1", late_s=-60)).at("08:05", every_s=120.0)
    row = city.departures("B")[0].told
    assert clock(city, "B") == "08:24"
    assert row["arrival"]["predicted"] < row["departure"]["predicted"]
    assert row["at_stop"] is False
    city.at("08:18")
    row = city.departures("B")[0].told
    assert (clock(city, "B"), row["at_stop"], row["status"], row["delay_s"]) == ("08:24", True, "live", 0)
    calls = city.trip_answer("t1")["calls"]
    assert calls[1]["departure"]["predicted"] == row["departure"]["predicted"]
    (ours,) = city.our_trip_updates()
    first = ours.message.stop_time_update[0]
    assert first.departure.time == city.posix("08:24")


def test_the_operators_departure_is_told_where_it_gives_both() -> None:
    city = hub_city().trip_updates(update("t1", StopUpdate("B", "08:16", "08:26"), start_date=20261126))
    row = city.departures("B")[0].told
    assert clock(city, "B") == "08:26"
    assert (row["arrival"]["delay_s"], row["departure"]["delay_s"]) == (120, 120)


# vingerha/gtfs2#172, google/transit#65
@pytest.mark.parametrize(
    ("told", "at_b", "at_c"),
    [
        (StopUpdate("B", arrival="08:10"), "08:24", "08:30"),
        (StopUpdate("A", departure="07:59"), "08:24", "08:30"),
        (StopUpdate("B", departure="08:22"), "08:22", "08:28"),
    ],
)
def test_who_comes_early_to_where_it_waits_by_the_operators_word_leaves_at_its_time_unless_told_otherwise(
    told: StopUpdate, at_b: str, at_c: str
) -> None:
    city = hub_city().trip_updates(update("t1", told, start_date=20261126))
    assert [city.board(stop)[0] for stop in "BC"] == [f"{at_b} t1 live", f"{at_c} t1 live"]


def test_who_stands_at_its_first_stop_early_leaves_at_its_time() -> None:
    city = City(at="07:45").trip_updates(update("t1", StopUpdate("A", arrival="07:50"), start_date=20261126))
    assert [city.board(stop)[0] for stop in "AB"] == ["08:00 t1 live", "08:02 t1 live"]


# google/transit#487
@pytest.mark.parametrize("relationship", ["REPLACEMENT", "ADDED"])
def test_who_waits_on_a_run_with_calls_of_its_own_leaves_at_the_time_that_is_told(relationship: str) -> None:
    run = "t1" if relationship == "REPLACEMENT" else "x"
    told = [
        StopUpdate("A", departure="08:00"), StopUpdate("C", "08:06", "08:15"),
        StopUpdate("D", "08:17", "08:17"), StopUpdate("E", "08:19"),
    ]  # fmt: skip
    of_run = {"route_id": "r1", "start_date": 20261126}
    city = City(at="07:55").trip_updates(update(run, *told, relationship=relationship, **of_run))
    for at, stop in (("08:00", "A"), ("08:03", "B"), ("08:05", "C"), ("08:08", "C")):
        city.vehicle_positions(bus("v1", run, stop), at=at)
    assert city.board("C")[0] == f"08:15 {run} live"
    told[1] = StopUpdate("C", "08:06", "08:11")
    city.trip_updates(update(run, *told, relationship=relationship, **of_run))
    assert city.board("C")[0] == f"08:11 {run} live"


def test_a_train_that_waits_by_its_operators_times_is_told_as_at_the_stop() -> None:
    city = hub_city().trip_updates(update("t1", StopUpdate("B", "08:16", "08:26"), start_date=20261126))
    assert not city.at("08:15").departures("B")[0].told["at_stop"]
    row = city.at("08:18").departures("B")[0].told
    assert (clock(city, "B"), row["at_stop"], row["minutes"]) == ("08:26", True, 8)
    assert [row.told["at_stop"] for row in city.trip("t1")] == [False, True, False, False]
    # Who is on the way only passes.
    city.trip_updates(update("t1", StopUpdate("C", "08:18", "08:18:30"), start_date=20261126))
    assert not any(row.told["at_stop"] for row in city.departures("C"))


# opentripplanner/OpenTripPlanner#7337
@pytest.mark.parametrize("by_operator", [True, False])
def test_who_waits_at_a_stop_has_come_there_when_it_came_and_no_later_from_minute_to_minute(by_operator: bool) -> None:
    city = hub_city()
    if by_operator:
        city.trip_updates(update("t1", StopUpdate("B", "08:16", "08:26"), start_date=20261126))
    else:
        city.vehicle_positions(bus("v1", "t1", late_s=120))
    for time in ("08:18", "08:22"):
        row = city.at(time).departures("B")[0].told
        came_at = posix(row["arrival"]["predicted"]) or 0.0
        assert row["at_stop"]
        assert came_at == pytest.approx(city.posix("08:16"), abs=60.0)
        assert city.trip_answer("t1")["calls"][1]["arrival"] == row["arrival"]
        in_siri = next(call for call in city.siri_calls("r1") if call["StopPointRef"]["value"] == "B")
        assert in_siri["ExpectedArrivalTime"] == row["arrival"]["predicted"]
        assert city.our_trip_updates()[0].stops[0].arrival == pytest.approx(came_at, abs=1.0)
        assert clock(city, "B") == ("08:26" if by_operator else "08:24")


def test_of_a_bus_that_fell_silent_siri_foretells_no_times_that_are_past() -> None:
    buses = bus("v1", "t1", late_s=0, silent_from="08:03"), bus("other", place=(0, 900), fresh=True)
    city = City(at="07:55", every_s=60.0).vehicle_positions(*buses).at("08:07")
    assert city.board("C")[0].startswith("09:04 t2")
    assert [call["StopPointRef"]["value"] for call in city.siri_calls("r1")] == ["E"]


def test_at_the_last_stop_a_run_is_over_when_it_has_come_whenever_it_is_told_to_leave() -> None:
    city = hub_city().trip_updates(update("t1", StopUpdate("D", "08:35", "08:50"), start_date=20261126))
    assert str(city.departures("D", arrivals=True)[0]) == "08:35 t1 live"
    assert city.at("08:38", every_s=300).departures("D", arrivals=True) == []
    assert city.trip_state("t1") == "over"


@pytest.mark.parametrize("by_operator", [True, False])
def test_a_run_that_ends_early_is_over_when_it_has_come_to_where_it_ends(by_operator: bool) -> None:
    ends = skipped("D"), skipped("E")
    city = City(at="07:58")
    if by_operator:
        city.trip_updates(update("t1", StopUpdate("C", "08:04", "08:15"), *ends, start_date=20261126))
    else:
        city.vehicle_positions(bus("v1", "t1", late_s=0, stuck_at="C")).trip_updates(update("t1", *ends))
    assert city.at("08:03").departures("C", arrivals=True)[0].status == "live"
    for time in ("08:07:30", "08:12"):
        assert city.at(time).departures("C", arrivals=True)[0].run == "t2"
        assert city.departures("D")[0].run == "t2"


def test_a_run_that_ends_early_says_so_at_once_on_its_page() -> None:
    # motis-project/motis#1454: the stops behind its end are none that it has still to come to.
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("A", delay=0), skipped("D"), skipped("E")))
    said = [city.at(time).trip_state("t1") for time in ("08:02", "08:05:30", "08:12")]
    assert said == ["followed", "over", "over"]
    assert texts(city.at("08:12").departures("D"))[0] == "09:06 t2 scheduled"


def test_at_the_last_stop_the_arrival_is_told() -> None:
    city = hub_city()
    row = city.departures("D", arrivals=True)[0].told
    assert row["time"].endswith("08:33:00+01:00")
    assert (row["departure"], row["pickup"]) == (None, False)
    assert city.departures("A")[0].told["arrival"] is None


SPLIT = (Call("A", "08:00"), Call("B", "08:04", pickup=1), Call("B", "08:10", drop_off=1), Call("C", "08:12"))
"""A wait of six minutes written as two calls."""


@pytest.mark.parametrize(("late_s", "leaves"), [(-60, "08:10"), (0, "08:10"), (240, "08:10"), (540, "08:13")])
def test_a_wait_written_as_two_calls_is_kept_to_by_who_is_early_and_used_up_by_who_is_late(
    late_s: int, leaves: str
) -> None:
    # 08:08 was told live for 08:10, and a bus four minutes late was told four minutes late after its wait, too.
    city = City(network("A B C", trips=(Trip("t1", calls=SPLIT),)), at="07:50")
    city.vehicle_positions(bus("v1", "t1", late_s=late_s)).at(city.posix("08:02") + late_s)
    assert city.departures("B")[0].status == "live"
    assert clock(city, "B") == leaves


@pytest.mark.parametrize(
    ("told", "leaves"),
    [
        ((StopUpdate("B", arrival="08:08"),), ["08:10", "08:12"]),
        ((StopUpdate("B", arrival="08:14"),), ["08:14", "08:16"]),
        ((StopUpdate("B", arrival="08:14", sequence=2), StopUpdate("B", sequence=3)), ["08:14", "08:16"]),
        (
            (StopUpdate("B", arrival="08:14", sequence=2), StopUpdate("B", departure="08:10", sequence=3)),
            ["08:14", "08:16"],
        ),
    ],
)
def test_a_wait_written_as_two_calls_of_which_the_arrival_alone_is_told_late_is_used_up(
    told: tuple[StopUpdate, ...], leaves: list[str]
) -> None:
    # As a wait written as one call. The whole delay held for the second, or stood only on the first.
    city = City(network("A B C", trips=(Trip("t1", calls=SPLIT),)), at="07:50").trip_updates(update("t1", *told))
    assert [city.board("B")[0], texts(city.departures("C", arrivals=True))[0]] == [f"{at} t1 live" for at in leaves]


@pytest.mark.parametrize("at", ["08:02", "08:07"])
def test_during_a_wait_written_as_two_calls_it_is_told_when_the_run_came_and_that_it_begins_there(at: str) -> None:
    begins = Trip("t2", calls=(*(Call("B", at) for at in ("08:05", "08:06", "08:09")), Call("C", "08:12")))
    rows = City(network("A B C", trips=(Trip("t1", calls=SPLIT), begins)), at=at).departures("B", arrivals=True)
    first, through = (row.told for row in rows)
    assert (first["arrival"], first["drop_off_type"]) == (None, "none")
    assert through["arrival"]["scheduled"].endswith("08:04:00+01:00")


@pytest.mark.parametrize(("arrival", "comes"), [("08:12", "08:12"), (None, "08:06")])
def test_of_a_wait_written_as_two_calls_of_whose_first_nothing_is_known_the_second_tells_when_the_run_comes(
    arrival: str | None, comes: str
) -> None:
    told = (StopUpdate("A", delay=120), no_data("B", 2), StopUpdate("B", arrival, "08:12", sequence=3))
    city = City(network("A B C", trips=(Trip("t1", calls=SPLIT),)), at="07:50").trip_updates(update("t1", *told))
    row = city.departures("B", arrivals=True)[0].told
    assert row["arrival"]["scheduled"].endswith("08:04:00+01:00")
    assert row["arrival"]["predicted"].endswith(f"{comes}:00+01:00")


def test_riders_get_off_as_the_first_of_two_calls_in_a_row_has_it() -> None:
    calls = (SPLIT[0], replace(SPLIT[1], drop_off=3), replace(SPLIT[2], drop_off=0), SPLIT[3])
    row = City(network("A B C", trips=(Trip("t1", calls=calls),)), at="07:50").departures("B", arrivals=True)[0].told
    assert row["drop_off_type"] == "driver"


def test_who_has_come_to_its_last_stop_by_the_timetable_is_no_arrival_to_come() -> None:
    ends = Trip("t1", calls=(Call("A", "08:00"), Call("B", "08:04", "08:10")))
    town = network("A B", trips=(ends,))
    assert texts(City(town, at="08:03").departures("B", arrivals=True)) == ["08:04 t1 scheduled"]
    assert City(town, at="08:06").departures("B", arrivals=True) == []


def test_a_wait_written_as_two_calls_is_skipped_as_one_stop() -> None:
    city = City(network("A B C D", trips=(Trip("t1", calls=(*SPLIT, Call("D", "08:14"))),)), at="07:50")
    city.trip_updates(update("t1", skipped("B")))
    assert [city.board(stop)[0] for stop in "BC"] == ["08:10 t1 skipped", "08:12 t1 scheduled"]


def test_who_is_told_to_leave_a_hub_early_has_waited_for_less_and_is_no_earlier_where_it_comes_from() -> None:
    city = hub_city().trip_updates(update("t1", StopUpdate("B", departure="08:16"), start_date=20261126))
    call = next(row for row in city.trip("t1") if row.stop == "B").told
    assert (call["arrival"]["delay_s"], call["departure"]["delay_s"]) == (0, -480)
    assert city.board("A") == ["08:00 t1 scheduled"]


@pytest.mark.parametrize("calls", [HUB, (HUB[0], Call("B", "08:14", pickup=1), Call("B", "08:24"), *HUB[2:])])
def test_a_late_bus_at_a_hub_leaves_at_its_time_or_as_soon_as_all_have_boarded(calls: tuple[Call, ...]) -> None:
    # The whole wait of ten minutes was added to the delay of a bus that came five minutes late.
    for late_s, leaves in ((300, "08:24"), (900, "08:29")):
        city = City(network("A B C D", trips=(Trip("t1", calls=calls),)), at="07:55")
        city.vehicle_positions(bus("v1", "t1", late_s=late_s)).at(city.posix("08:10") + late_s, every_s=120.0)
        assert clock(city, "B") == leaves
        city.at(city.posix("08:15") + late_s, every_s=120.0)
        delay_s = city.vehicles()["v1"]["delay_s"]
        assert delay_s == 0 if late_s < 600 else delay_s > 240


# Departures that the operator puts off


def test_who_is_sent_off_later_on_its_next_trip_is_no_sooner_at_the_stops_behind_than_it_can_drive_there() -> None:
    back = Pattern("back", "E D C B A", direction=1)
    trips = (Trip("t1", "08:00", block="b"), Trip("u1", "08:20", "back", block="b"))
    city = City(network("A B C D E", (Pattern("main", "A B C D E"), back), trips), at="08:01")
    city.vehicle_positions(bus("v1", "t1", late_s=0))
    city.trip_updates(update("u1", StopUpdate("E", delay=300), start_date=20261126)).at("08:05")
    assert [city.board(stop)[-1] for stop in "ED"] == ["08:25 u1 live", "08:26 u1 live"]


def test_a_bus_that_its_operator_sends_off_later_is_told_so_and_not_overdue() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True))
    city.trip_updates(update("t1", StopUpdate("A", departure="08:20"), StopUpdate("E", arrival="08:28")))
    for time in ("07:59", "08:12"):
        assert city.at(time, every_s=30.0).board("A")[0] == "08:20 t1 live"
        assert city.departures("A")[0].told["doubt"] in (None, "followed")
        assert city.board("C")[0][:5] in ("08:22", "08:23", "08:24")
    assert city.trip_updates(update("t1", delay=0)).at("08:13").departures("A")[0].told["doubt"] == "overdue"


def test_a_bus_held_for_a_connection_is_told_for_when_it_goes_on() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, stuck_at="C"))
    city.trip_updates(update("t1", StopUpdate("C", arrival="08:04", departure="08:14")))
    assert city.at("08:06").board("C")[0] == "08:14 t1 live"
    assert city.board("D")[0] in ("08:14 t1 live", "08:15 t1 live")


def test_a_wait_that_the_operator_tells_of_between_two_reports_is_told_of_all_stops_at_once() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, silent_from="08:03")).at("08:03:10")
    told = [update("t1", StopUpdate("C", arrival="08:04", departure=at)) for at in ("08:10", "08:20")]
    for wait, leaves in zip(told, ("08:10", "08:20"), strict=True):
        assert city.trip_updates(wait).board("C")[0] == f"{leaves} t1 live"
        likely = posix(city.departures("D")[0].told["range"]["p50"]) or 0.0
        assert likely - city.posix(leaves) == pytest.approx(120, abs=60)
        city.at(city.now + 5)
    assert city.trip_updates(update("t1", delay=0)).board("D")[0] in ("08:05 t1 live", "08:06 t1 live")


def test_a_run_whose_first_stop_is_not_served_waits_for_its_time_at_the_next() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", "B", fresh=True)).trip_updates(update("t1", skipped("A")))
    for time in ("07:57", "08:01"):
        assert city.at(time).board("B")[0] == "08:02 t1 live"


@pytest.mark.parametrize("stops", ["A", "AB"])
def test_a_run_whose_first_stops_are_not_served_is_over_when_its_bus_stands_at_the_end(stops: str) -> None:
    city = City(at="07:58").vehicle_positions(bus("v1", "t1", late_s=0))
    city.trip_updates(update("t1", *(skipped(stop) for stop in stops))).at("08:07", every_s=60)
    for time in ("08:09", "08:12"):
        assert not any("t1" in row for stop in "BCD" for row in city.at(time).board(stop))
    assert not any("t1" in str(row) for row in city.departures("E", arrivals=True))


def test_who_is_aboard_reads_when_the_run_comes_to_a_stop_where_it_waits() -> None:
    # OneBusAway/onebusaway-iphone#1387: who gets off at the hub was told 08:24, when it goes on from there.
    city = hub_city()
    hub, after = city.trip_page("t1")[1:3]
    assert "arrives 08:14" in text(hub.told) and hub.told.attributes["data-arrives"] == str(int(city.posix("08:14")))
    assert "arrives" not in text(after.told) and "data-arrives" not in after.told.attributes
    city.vehicle_positions(bus("v1", "t1", late_s=180)).at("08:08")
    hub = city.trip_page("t1")[1]
    assert "arrives 08:1" in text(hub.told) and "08:24" in text(hub.told)
    assert "arrives" not in text(city.at("08:20").trip_page("t1")[1].told)
    assert "arrivée 08:14" in text(hub_city().page("/trips/t1", lang="fr"))


# HSLdevcom/transitdata, entur: runs with their way from and to the depot, and where trains pass without letting anybody
# on or off.
def test_the_way_to_a_depot_is_no_ride_and_a_stop_that_is_passed_no_arrival() -> None:
    def closed(stop: str, at: str) -> Call:
        return Call(stop, at, pickup=1, drop_off=1)

    calls = (
        closed("A", "07:50"), Call("B", "08:00"), closed("C", "08:04"), Call("D", "08:08"),
        closed("E", "08:20"),
    )  # fmt: skip
    town = network(patterns=(Pattern("main", "A B C D E", headsign=""),), trips=(Trip("t1", calls=calls),))
    city = City(town, at="07:45")
    assert [city.board(stop) for stop in "ABCDE"] == [[], ["08:00 t1 scheduled"], [], [], []]
    assert [[row.clock for row in city.departures(stop, arrivals=True)] for stop in "ACDE"] == [[], [], ["08:08"], []]
    assert city.panel("B")[0].run == "Stop D"
    assert "Passengers only get off here" in text(city.page("/stops/D"))
    # Who swaps the columns at the ends means no depot.
    swapped = (Call("A", "08:00", pickup=1), Call("B", "08:02"), Call("C", "08:04"), Call("D", "08:06", drop_off=1))
    assert City(network("A B C D", trips=(Trip("t1", calls=swapped),)), at="07:55").board("C") == ["08:04 t1 scheduled"]
