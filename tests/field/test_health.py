"""A service whose feeds deceive it: boards do not call live what is nowhere near, and whoever watches is told why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from google.transit import gtfs_realtime_pb2

from api.reading.health import WARNINGS
from benchmarks.field.city import City, HandSource
from benchmarks.field.faces import only, text
from benchmarks.field.messages import Bus, StopUpdate, alert, bus, update
from benchmarks.field.network import LAT, LON, Network, Service, Trip, network
from feeds.errors import FeedError
from predictor.geometry import METRES_PER_DEGREE

FLEET = Network(trips=(*(Trip(f"t{k}", f"08:{2 * k:02d}") for k in range(1, 7)), Trip("late", "09:30")))
"""Six trips, two minutes apart."""
FAR_M = 5_000_000.0


def fleet(**told: object) -> list[Bus]:
    return [bus(f"v{k}", f"t{k}", **({"late_s": 0.0} | told)) for k in range(1, 7)]  # type: ignore[arg-type]


def live(city: City) -> int:
    return sum(row.status == "live" for stop in "ABCDE" for row in city.departures(stop))


# Live without a vehicle there


@pytest.mark.parametrize("start", ["07:40", "07:58", "08:05"])
@pytest.mark.parametrize("place", [(FAR_M, 0.0), (0.0, -5.0 * FAR_M / 6), (60_000.0, 40_000.0)])
def test_a_bus_in_another_country_waits_at_no_stop(start: str, place: tuple[float, float]) -> None:
    city = City(at=start)
    city.vehicle_positions(bus("v1", "t1", place=place, fresh=True), bus("v2", place=(0, 900), fresh=True))
    city.at(city.now + 120)
    assert live(city) == 0
    assert city.board("A")[0] == "08:00 t1 scheduled" or start == "08:05"
    assert not any(row.told["at_stop"] for row in city.departures("A"))
    assert city.vehicles()["v1"]["state"] not in ("layover", "in_service")


def test_a_bus_that_was_at_its_stop_and_is_now_far_away_waits_there_no_more() -> None:
    city = City(at="07:50").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("07:54")
    assert city.board("A")[0] == "08:00 t1 live"
    city.vehicle_positions(bus("v1", "t1", place=(FAR_M, 0), fresh=True)).at("07:58")
    assert live(city) == 0
    assert not any(row.told["at_stop"] for row in city.departures("A"))


def test_a_bus_on_its_way_to_its_first_stop_is_as_live_as_ever() -> None:
    city = City(at="07:45").vehicle_positions(bus("v1", "t1", place=(-4000, 1500), fresh=True)).at("07:50")
    assert city.board("A")[0].endswith("t1 live")


# A fleet that stands still


@pytest.mark.parametrize("dated", [True, False])
def test_a_fleet_whose_positions_stand_still_is_not_live(dated: bool) -> None:
    city = City(FLEET, at="07:58", every_s=60.0).vehicle_positions(*fleet()).at("08:09")
    assert live(city) > 5
    frozen = [
        replace(report, late_s=None, between=("ABCDE"[k], "ABCDE"[k + 1], 0.25), fresh=dated, timestamp=None)
        for k, report in enumerate(fleet()[3::-1])
    ]
    city.vehicle_positions(*frozen).at("08:15")
    assert live(city) == 0
    assert city.readyz()["status"] == "degraded"
    assert city.readyz()["feed_stopped"]
    for stop in "BCDE":
        city.faces_agree(stop)
    # They move again.
    city.vehicle_positions(*fleet()).at("08:16")
    assert live(city) > 0
    assert not city.readyz()["feed_stopped"]


def test_buses_that_wait_their_time_or_stand_one_by_one_are_no_frozen_fleet() -> None:
    city = City(FLEET, at="07:58").vehicle_positions(*fleet()).at("08:09")
    buses = fleet()
    buses[2] = replace(buses[2], stuck_at="C")
    city.vehicle_positions(*buses).at("08:15")
    assert live(city) > 0
    # At the end of their runs all stand.
    city.at("08:26")
    assert not city.readyz()["feed_stopped"]


# A feed that stops


def test_once_its_feed_has_stopped_no_face_calls_a_bus_live_and_the_operators_own_times_stay() -> None:
    city = City(FLEET, at="07:58").vehicle_positions(*fleet()).at("08:07", every_s=30.0)
    city.trip_updates(update("late", StopUpdate("A", delay=300), start_date=20261126))
    city.vehicle_positions(b"")
    assert live(city) > 5, "a minute is no silence"
    city.at("08:08:30")
    assert city.readyz()["feed_stopped"]
    for stop in "ABCDE":
        city.faces_agree(stop)
    assert [str(row) for row in city.departures("A") if row.status == "live"] == ["09:35 late live"]
    assert {told.run for told in city.our_trip_updates() if told.stops} == {"late"}
    city.vehicle_positions(*fleet()).at("08:09")
    assert live(city) > 5


def test_a_feed_that_is_always_two_minutes_late_is_live_with_its_age_until_it_stops() -> None:
    city = City(FLEET, at="08:03")
    for _ in range(12):
        city.clock.at += 30
        city.vehicle_positions(city.writer.vehicle_positions(fleet(), city.now - 120))
    ages = [row.told["data_age_s"] for stop in "CDE" for row in city.departures(stop) if row.status == "live"]
    assert ages
    assert min(ages) >= 120
    assert not city.readyz()["feed_stopped"]
    city.at(city.now + 61)
    assert city.readyz()["feed_stopped"]


def test_a_feed_that_speaks_every_two_minutes_has_not_stopped_in_between() -> None:
    # scascketta/CapMetrics: riders read that live tracking was interrupted half of the time.
    city = City(FLEET, at="07:54")
    for _ in range(4):
        city.clock.at += 120
        city.vehicle_positions(city.writer.vehicle_positions(fleet(), city.now))
    city.at(city.now + 110)
    assert not city.readyz()["feed_stopped"]
    city.at(city.now + 140)
    assert city.readyz()["feed_stopped"]
    assert live(city) == 0


# What is told


def test_nothing_is_wrong_with_a_fleet_that_runs() -> None:
    city = City(FLEET, at="07:58").vehicle_positions(*fleet()).at("08:09")
    assert (city.readyz()["status"], city.readyz()["detail"]) == ("ok", "Everything runs.")
    assert city.desk()["health"] == []


@pytest.mark.parametrize("count", [1, 6])
def test_trip_ids_that_match_nothing_are_named(count: int) -> None:
    other = [replace(report, trip=f"other{report.trip}", late_s=None, place=(0, 900), fresh=True) for report in fleet()]
    city = City(FLEET, at="07:58").vehicle_positions(*other[:count]).at("08:09")
    told(city, "unknown_trips", "othert1")


@pytest.mark.parametrize(
    ("offset_s", "fault", "words"),
    [(5400, "clocks_far_ahead", "90 min"), (3600, "clock_fast", "3600 s"), (-3600, "reports_old", "60 min"),
     (45, "clock_fast", "45 s"), (200, "clock_fast", "200 s"), (-900, "reports_old", "15 min"),
     (-100, "reports_late", "100 s")],
)  # fmt: skip
def test_clocks_that_are_wrong_are_told(offset_s: float, fault: str, words: str) -> None:
    city = City(FLEET, at="08:09")
    for _ in range(4):
        at = city.now + 30
        city.vehicle_positions(*(replace(report, timestamp=at + offset_s) for report in fleet()), at=at)
    told(city, fault, words)


# Almanes/GtfsFiles, kwiekiera/gtfs: Logroño and Silesia; some trackers there have told nothing for months
def test_buses_that_are_dated_in_local_time_as_if_it_were_utc_are_live() -> None:
    city = City(FLEET, at="08:05")
    lost = (bus(f"lost{k}", place=(0, 900), timestamp=city.now - 4e6 - k) for k in range(9))
    by_local_time = (replace(report, timestamp=city.now + 3598) for report in fleet())
    message = city.writer.vehicle_positions([*lost, *by_local_time], city.now)
    city.vehicle_positions(message)
    assert (city.readyz()["status"], city.readyz()["faults"]) == ("ok", ["clock_fast"])
    assert "3600 s" in city.readyz()["detail"]
    assert all(row.told["data_age_s"] <= 2 for row in city.departures("C") if row.status == "live") and live(city) > 6
    # Where the header is as fast it may be our clock that is slow.
    ahead = gtfs_realtime_pb2.FeedMessage.FromString(message)
    ahead.header.timestamp += 3600
    assert city.at("08:05:30").vehicle_positions(ahead.SerializeToString()).readyz()["status"] == "degraded"


@pytest.mark.parametrize(("of_now", "are_live"), [(1, False), (3, True)])
def test_of_buses_dated_in_local_time_one_that_fell_silent_an_hour_ago_is_not_live_and_those_of_another_feed_are(
    of_now: int, are_live: bool
) -> None:
    buses = [*fleet(), *(bus(f"v{k}", f"t{k}", late_s=0.0) for k in range(7, 10))]
    town = replace(FLEET, trips=tuple(Trip(f"t{k}", f"08:{2 * k:02d}") for k in range(1, 10)))
    city = City(town, at="08:05")
    told = (replace(report, timestamp=city.now + (0 if k < of_now else 3600)) for k, report in enumerate(buses))
    city.vehicle_positions(city.writer.vehicle_positions(list(told), city.now))
    at_last_stop = {row.run: row.status for row in city.departures("E", arrivals=True)}
    assert [at_last_stop[f"t{k}"] == "live" for k in range(1, of_now + 1)] == [are_live] * of_now
    assert all(at_last_stop[f"t{k}"] == "live" for k in range(of_now + 1, 10))


@pytest.mark.parametrize(("zone", "behind_s"), [("America/New_York", 5 * 3600), ("America/St_Johns", 12_600)])
def test_buses_west_of_greenwich_that_are_dated_in_local_time_as_if_it_were_utc_are_live(
    zone: str, behind_s: int
) -> None:
    city = City(replace(FLEET, zone=zone), at="08:01")
    for _ in range(24):
        at = city.now + 15
        # Each reports in every other message; two fell silent just now so long ago, and one reports by UTC.
        told = [replace(report, timestamp=at - at % 30 - behind_s - 3) for report in fleet()[1:]]
        lost = [bus(f"lost{n}", place=(0, 900), timestamp=city.posix("08:01") - behind_s) for n in range(2)]
        city.vehicle_positions(replace(fleet()[0], timestamp=at), *told, *lost, at=at)
    assert (city.readyz()["status"], city.readyz()["faults"]) == ("ok", ["clock_local"])
    assert f"{behind_s / 3600} h behind" in city.readyz()["detail"]
    assert all(row.told["data_age_s"] <= 33 for row in city.departures("C") if row.status == "live")
    at_last_stop = {row.run: row.status for row in city.departures("E", arrivals=True)}
    assert [at_last_stop[f"t{k}"] for k in range(1, 7)] == ["live"] * 6
    assert "lost0" not in city.vehicles()


def test_trains_of_which_nobody_knows_the_place_are_of_no_other_clock_because_they_leave_in_an_hour() -> None:
    city = City(FLEET, at="08:05")
    message = gtfs_realtime_pb2.FeedMessage()
    planned = (bus(f"p{k}", "late", "A", timestamp=city.now + 3600 - k, stop_id="A") for k in range(9))
    message.ParseFromString(city.writer.vehicle_positions([*planned, *fleet()[:2]], city.now))
    for entity in message.entity[:9]:
        entity.vehicle.ClearField("position")
    city.vehicle_positions(message.SerializeToString())
    assert "clock_fast" not in city.readyz()["faults"]
    assert set(city.vehicles()) == {"v1", "v2"}


def test_a_single_bus_with_a_slow_clock_is_told_by_its_name() -> None:
    city, buses = City(FLEET, at="08:02"), fleet()
    for minute in range(16):
        at = city.now + 30
        slow = replace(buses[0], timestamp=at - (100 + 20 * (minute % 3)))
        # A bus that was in a tunnel once has no slow clock.
        shaded = replace(buses[1], timestamp=at - (120 if minute == 8 else 5))
        city.vehicle_positions(slow, shaded, *(replace(report, timestamp=at) for report in buses[2:]), at=at)
        if not 5 < minute < 9:
            assert city.readyz()["faults"] == ["vehicle_clock_slow"] * (minute >= 9)
    city.at(city.now + 5)
    told = city.readyz()
    assert told["status"] == "ok"
    assert f"such as {buses[0].vehicle} (100 s)" in told["detail"]
    assert f"{buses[0].vehicle} (100 s)" in " ".join(city.desk()["health"])


def test_a_single_bus_with_a_clock_an_hour_slow_is_told_by_its_name() -> None:
    city, (slow, parked, *others) = City(FLEET, at="08:02"), fleet()
    off = replace(parked, timestamp=city.now - 7200)
    for _ in range(8):
        at = city.now + 30
        told_now = (replace(report, timestamp=at) for report in others)
        city.vehicle_positions(replace(slow, timestamp=at - 3600), off, *told_now, at=at)
    health = city.readyz()
    assert (health["status"], health["faults"]) == ("ok", ["vehicle_clock_slow"])
    assert (
        f"1 vehicles report late at each report though the others do not, such as {slow.vehicle} (3600 s)"
        in (health["detail"])
    )


def test_a_single_bus_with_a_clock_an_hour_fast_is_told_by_its_name() -> None:
    city, (fast, *others) = City(FLEET, at="08:08"), fleet()
    at = city.now + 30
    reports = (replace(fast, timestamp=at + 3600), *(replace(report, timestamp=at) for report in others))
    told = city.vehicle_positions(*reports, at=at).readyz()
    assert (told["status"], told["faults"]) == ("ok", ["vehicle_clock_fast"])
    assert f"{fast.vehicle} (60 min)" in told["detail"] and f"{fast.vehicle} (60 min)" in str(city.desk()["health"])


@pytest.mark.parametrize(
    ("place", "fault"), [((FAR_M, 0.0), "vehicles_elsewhere"), ((0.0, 3000.0), "vehicles_off_line")]
)
def test_vehicles_far_from_their_lines_are_told(place: tuple[float, float], fault: str) -> None:
    buses = [replace(report, late_s=None, place=place, fresh=True) for report in fleet()]
    city = City(FLEET, at="08:00").vehicle_positions(*buses).at("08:12")
    told(city, fault)
    assert live(city) == 0


@pytest.mark.parametrize("degrees", [1e6, 0.0, float("nan")])
def test_positions_that_no_receiver_can_have_found_are_told(degrees: float) -> None:
    city = City(FLEET, at="08:05")
    for _ in range(3):
        city.clock.at += 30
        message = gtfs_realtime_pb2.FeedMessage.FromString(city.writer.vehicle_positions(fleet(), city.now))
        for entity in message.entity:
            entity.vehicle.position.latitude *= degrees
            entity.vehicle.position.longitude *= degrees
        city.vehicle_positions(message.SerializeToString())
    told(city, "positions_unusable", "6 of 6")


# OneBusAway/onebusaway-application-modules, Andrew-Dickinson/nyct-gtfs: New York's subway
def test_trains_that_are_told_at_their_first_stop_as_of_when_they_will_leave_have_no_clock_that_is_wrong() -> None:
    starts = {f"t{k}": f"08:{2 * k:02d}:00" for k in range(1, 7)}
    city = City(FLEET, at="08:02:30")
    message = gtfs_realtime_pb2.FeedMessage()
    at_first_stop = [
        bus(f"v{trip}", trip, "A", timestamp=start, stop_id="A", start_time=start, start_date=20261126)
        for trip, start in starts.items()
    ]
    message.ParseFromString(city.writer.vehicle_positions(at_first_stop, city.now))
    for entity in message.entity:
        entity.vehicle.ClearField("position")
    city.positions_and_updates([], [update("t6", StopUpdate("A", delay=0), start_date=20261126)])
    city.vehicle_positions(message.SerializeToString())
    assert (city.readyz()["status"], city.readyz()["faults"]) == ("ok", [])
    assert list(city.vehicles()) == ["vt1"]
    assert city.board("A")[-3:] == ["08:10 t5 scheduled", "08:12 t6 live", "09:30 late scheduled"]


# nolanbconaway/underground#29
@pytest.mark.parametrize("place", [None, 0.0])
def test_a_train_underground_is_live_by_the_stop_at_which_it_stands(place: float | None) -> None:
    city = City(at="08:02")
    message = gtfs_realtime_pb2.FeedMessage.FromString(
        city.writer.vehicle_positions([bus("v1", "t1", at="B")], city.now)
    )
    report = message.entity[0].vehicle
    report.ClearField("position")
    if place is not None:
        report.position.latitude, report.position.longitude = place, place
    report.stop_id, report.current_status = "B", report.STOPPED_AT
    city.vehicle_positions(message.SerializeToString())
    assert city.board("C")[0].endswith("t1 live")
    assert city.vehicles()["v1"]["trip_id"] == "t1"


@pytest.mark.parametrize("late_s", [3600, -3600])
def test_times_that_are_an_hour_off_for_all_are_told(late_s: int) -> None:
    city = City(FLEET, at="07:58")
    city.trip_updates(*(update(f"t{k}", StopUpdate("B", delay=late_s), start_date=20261126) for k in range(1, 7)))
    told(city, "updates_far_off", "off the timetable")


def test_stops_with_swapped_coordinates_are_told_as_such() -> None:
    east_m = (LAT - LON) * METRES_PER_DEGREE * float(np.cos(np.radians(LAT)))
    north_m = (LON - LAT) * METRES_PER_DEGREE
    stops = (replace(stop, east_m=stop.east_m + east_m, north_m=stop.north_m + north_m) for stop in Network().stops)
    line = Network(stops=tuple(stops))
    told(City(line, at="07:00"), "stops_swapped", "swapped in stops.txt")
    assert "stops_swapped" not in City(at="07:00").readyz()["faults"]


def test_an_agency_in_another_time_zone_is_told_by_its_row() -> None:
    def town(zone: str) -> City:
        rows = ("agency_id,agency_name,agency_url,agency_timezone", "TB,Town,x,Europe/Paris", f"B2,Coach,x,{zone}")
        return City(Network(tables={"agency": "\n".join(rows)}), at="07:00")

    told(town("Europe/London"), "agency_in_another_zone", "agency.txt row 3: Coach has the time zone Europe/London")
    assert "agency_in_another_zone" not in town("Europe/Berlin").readyz()["faults"], "its clocks show the same"


def test_swapped_coordinates_are_told_as_such() -> None:
    east_m = (LAT - LON) * METRES_PER_DEGREE * float(np.cos(np.radians(LAT)))
    north_m = (LON - LAT) * METRES_PER_DEGREE
    buses = [replace(report, late_s=None, place=(east_m, north_m), fresh=True) for report in fleet()]
    city = City(FLEET, at="08:00").vehicle_positions(*buses).at("08:12")
    told(city, "positions_swapped", "swapped")
    assert live(city) == 0


def test_a_fleet_that_stands_still_is_told() -> None:
    city = City(FLEET, at="07:58", every_s=60.0).vehicle_positions(*fleet()).at("08:09")
    city.vehicle_positions(*(replace(report, timestamp="08:09") for report in fleet())).at("08:15")
    told(city, "fleet_stands", "stood still")
    assert "feed_stopped" not in city.readyz()["faults"]


def test_a_feed_that_has_lost_all_its_vehicles_is_told_however_long_it_lasts() -> None:
    city = City(FLEET, at="07:58").vehicle_positions(*fleet()).at("08:05")
    city.vehicle_positions().at("08:06:30")
    assert "no_vehicles" not in city.readyz()["faults"]
    for at in ("08:08", "08:13", "08:16"):
        city.at(at)
        told(city, "no_vehicles", "holds no vehicle")
        assert "fleet_stands" not in city.readyz()["faults"]
    city.vehicle_positions(*fleet())
    assert "no_vehicles" not in city.readyz()["faults"]
    # What serves alerts at the address of vehicles is no empty feed, and holds none all the same.
    swapped = City(FLEET, at="08:05")
    for _ in range(6):
        swapped.clock.at += 30
        swapped.vehicle_positions(swapped.writer.alerts([alert("Works", {"route_id": "r1"})], swapped.now))
    told(swapped, "no_vehicles")


def test_half_of_a_fleet_that_is_gone_is_told_and_buses_that_have_come_to_the_end_of_their_runs_are_not() -> None:
    long_way = network("A B C D E F G H J K L M", trips=tuple(Trip(f"t{k}", f"08:0{k}") for k in range(6)))
    drive = [bus(f"v{k}", f"t{k}", late_s=60) for k in range(6)]
    city = City(long_way, at="07:58", every_s=60.0).vehicle_positions(*drive).at("08:10")
    city.vehicle_positions(*drive[::2]).at("08:14")
    assert city.readyz()["faults"] == []
    city.at("08:16")
    told(city, "vehicles_silent", "Of 6 vehicles that were on their way 3 have not reported")
    city.vehicle_positions(*drive)
    assert city.readyz()["faults"] == []
    # The first three reach their last stop before the others, and switch off.
    city.at("08:23").vehicle_positions(*drive[3:]).at("08:29")
    assert "vehicles_silent" not in city.readyz()["faults"]


def test_a_quiet_night_with_parked_vehicles_is_no_fault() -> None:
    parked = [bus(f"v{k}", place=(0, 900), timestamp="21:50") for k in range(8)]
    city = City(FLEET, at="22:00").vehicle_positions(*parked).at("22:20")
    assert city.readyz()["status"] == "ok"
    assert City(FLEET, at="27:00").vehicle_positions().at("27:10").readyz()["faults"] in ([], ["feed_stopped"])


def test_updates_and_alerts_that_fit_nothing_are_told() -> None:
    city = City().vehicle_positions(bus("v1", "t1", late_s=0)).trip_updates(update("x1", StopUpdate("C", delay=60)))
    told(city, "updates_not_found", "1 of 1")
    # A delay alone, of a run that is in no timetable.
    late = (StopUpdate(stop, delay=60) for stop in "ABC")
    city.trip_updates(update("x1", *late, relationship="NEW", route_id="r1"))
    told(city, "updates_untimed", "1 of 1")
    city.trip_updates().alerts(alert("Road works", {"route_id": "no such line"}))
    told(city, "alerts_reach_nobody", "1 of 1")
    city.alerts(alert("Road works", {"route_id": "r1"}))
    assert city.readyz()["faults"] == []


def test_trip_updates_that_nobody_writes_any_more_or_by_a_slow_clock_are_told() -> None:
    # MobilityData/gtfs-realtime-validator#162
    told_late = update("t1", delay=60)
    for slow_s in (420, 2400):
        city = City(at="08:01")
        for _ in range(3):
            message = gtfs_realtime_pb2.FeedMessage.FromString(city.writer.trip_updates([told_late], city.now))
            message.header.timestamp -= slow_s
            message.entity[0].trip_update.timestamp -= slow_s
            city.at(city.now + 30).trip_updates(message.SerializeToString())
        told(city, "updates_stand", f"{slow_s / 60 + 0.5:.0f} min old")
    city.trip_updates(update("t1", delay=60))
    assert "updates_stand" not in city.readyz()["faults"]


def test_trip_updates_of_which_nothing_is_measured_any_more_are_told() -> None:
    late = (update(f"t{k}", delay=60, timestamp="06:00", start_date=20261126) for k in range(1, 7))
    city = City(FLEET, at="08:14").trip_updates(*late)
    assert live(city) == 0
    told(city, "updates_old", "6 of 6")


def test_an_alerts_feed_that_nobody_writes_any_more_is_told_and_its_messages_stay() -> None:
    # MobilityData/gtfs-realtime-validator#165
    city = City().vehicle_positions(bus("v1", "t1", late_s=0))
    for days, faults in ((1, []), (3, ["alerts_stand"])):
        city.alerts(city.writer.alerts([alert("Works", {"route_id": "r1"})], city.now - days * 86_400))
        assert city.readyz()["faults"] == faults
    told(city, "alerts_stand", "for 3 days")
    assert city.messages(stop="C")["panel"] == ["1: Works"]
    # A header that stands while what is said changes is wrong itself.
    for number in range(3):
        city.clock.at += 30
        others = [alert(f"Works {number}", {"route_id": "r1"})]
        city.alerts(city.writer.alerts(others, city.posix("07:55") - 3 * 86_400))
    assert city.readyz()["faults"] == []


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [(20260101, 20261201, "timetable_ends"), (20261120, 20261127, "timetable_ends"),
     (20260101, 20261120, "timetable_ended"),
     (20261130, 20271231, "timetable_not_begun")],
)  # fmt: skip
def test_a_timetable_that_does_not_cover_these_days_is_told(start: int, end: int, fault: str) -> None:
    told(City(Network(services=(Service(start=start, end=end),))), fault)


@pytest.mark.parametrize(("end", "faults"), [("20261125", ["timetable_outlived"]), ("20261126", []), ("", [])])
def test_a_timetable_that_goes_on_after_the_day_until_which_the_operator_answers_for_it_is_told(
    end: str, faults: list[str]
) -> None:  # public-transport/transitous#909, MobilityData/gtfs-validator#1279
    info = f"feed_publisher_name,feed_publisher_url,feed_lang,feed_end_date\nTown,https://town.example.org,fr,{end}\n"
    city = City(Network(tables={"feed_info": info}), at="07:00")
    assert (city.readyz()["faults"], city.readyz()["status"]) == (faults, "ok")
    assert city.board("A")[0] == "08:00 t1 scheduled"
    if faults:
        told(city, "timetable_outlived", "2026-11-25")


@pytest.mark.parametrize("days", [(20261125, 20261202), (20261120, 20261203), (20261126, 20261126)])
def test_a_timetable_of_few_days_that_is_renewed_in_time_is_no_fault(days: tuple[int, int]) -> None:
    city = City(Network(services=(Service(start=days[0], end=days[1]),)))
    assert "timetable_ends" not in city.readyz()["faults"]


def test_what_costs_riders_nothing_makes_nobody_get_up_at_night() -> None:
    city = City(FLEET, at="08:09")
    for _ in range(4):
        at = city.now + 30
        city.vehicle_positions(*(replace(report, timestamp=at + 45) for report in fleet()), at=at)
    assert city.readyz()["faults"] == ["clock_fast"]
    assert city.readyz()["status"] == "ok"
    assert "45 s" in city.readyz()["detail"]


@pytest.mark.parametrize("feed", ["vehicle_positions", "trip_updates", "alerts"])
def test_a_differential_feed_is_refused_in_words(feed: str) -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = gtfs_realtime_pb2.FeedHeader.DIFFERENTIAL
    city = City()
    message.header.timestamp = int(city.now)
    getattr(city, feed)(message.SerializeToString())
    told(city, "feed_error", "DIFFERENTIAL", at_desk="feeds")


def test_a_flood_of_entities_is_refused_before_it_is_made() -> None:
    flood = b"\x0a\x05\x0a\x032.0" + b"\x12\x03\x0a\x01x" * 1_000_000
    city = City().vehicle_positions(bus("v1", "t1", late_s=0)).at("08:03")
    before = live(city)
    city.vehicle_positions(flood)
    told(city, "feed_error", "entities", at_desk="feeds")
    assert live(city) == before


# Our own clock


def test_a_clock_that_was_an_hour_ahead_takes_no_bus_from_riders_once_it_is_right_again() -> None:
    city = City(FLEET, at="07:58").vehicle_positions(*fleet()).at("08:07")
    city.clock.at += 3600
    city.step()
    city.clock.at -= 3600 - 15
    city.step()
    city.at("08:09")
    assert live(city) == live(City(FLEET, at="07:58").vehicle_positions(*fleet()).at("08:09"))
    told(city, "own_clock_set_back", "s")
    city.at("08:30")
    assert "own_clock_set_back" not in city.readyz()["faults"]


def told(city: City, fault: str, words: str = "", at_desk: str = "health") -> None:
    """All who ask are told the same."""
    health = city.readyz()
    assert health["status"] == ("ok" if set(health["faults"]) <= WARNINGS else "degraded")
    assert fault in health["faults"], health["detail"]
    assert words in health["detail"]
    assert any(words.replace(" ", " ") in entry for entry in city.desk()[at_desk])
    assert f'prochain_fault{{code="{fault}"}} 1.0' in city.get("/metrics").text


class FailingSource(HandSource):
    """Gives nothing but errors once it fails."""

    fails = False

    def fetch(self, now: float) -> bytes | None:
        if self.fails:
            raise FeedError("gone")
        return super().fetch(now)


# home-assistant/core and others follow operators that have no VehiclePositions, as mfdz/GTFS-Issues and gtfs.de
def test_where_the_operators_times_are_all_that_is_live_nothing_is_said_to_be_interrupted_until_they_are() -> None:
    updates = FailingSource("trip_updates")
    city = City(at="07:55", sources={"vehicle_positions": None, "trip_updates": updates})
    city.trip_updates(update("t1", StopUpdate("A", delay=120))).at("07:58")
    assert city.board("B")[0] == "08:04 t1 live"
    assert (city.readyz()["status"], city.readyz()["feed_stopped"]) == ("ok", False)
    for face in ("/stops/B", "/trips/t1", "/lines/r1", "/screen/B"):
        page = city.page(face, lang="en")
        assert "interrupted" not in text(page.css_first(".banner, .notice:not([hidden])")), face
    assert "6 min" in text(only(city.page("/stops/B"), "li.departure")) and city.panel_text("B")[0].endswith("6 min")
    assert city.json("/v1/stops/B/departures")["feed_age_s"] < 61
    updates.fails = True
    city.at("08:06")
    assert [city.desk()[listed] for listed in ("drafts", "uncovered", "worst")] == [[], [], []], (
        "of vehicles nobody knows"
    )
    assert city.readyz()["feed_stopped"] and not any(row.status == "live" for row in city.departures("B"))
    interrupted = text(city.page("/stops/B", lang="en"))
    assert "Live tracking interrupted" in interrupted and "vehicle" not in interrupted, "there is none to hear of"
    updates.fails = False
    assert not city.at("08:07").readyz()["feed_stopped"]
    stands = city.writer.trip_updates([update("t2", StopUpdate("A", delay=300))], city.now)
    for at in ("08:08", "08:12", "08:18"):
        city.at(at).trip_updates(stands)
        assert city.readyz()["feed_stopped"] == (at == "08:18"), at
    city.trip_updates()
    assert not city.at("08:20").readyz()["feed_stopped"], "nothing to tell is no silence"
