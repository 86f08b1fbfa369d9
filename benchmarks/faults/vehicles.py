"""Vehicles that are not where, who or when they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.faults.scenario import scenario
from benchmarks.faults.stage import Stage, WatchedCity, expect, expect_told, expect_well
from benchmarks.faults.town import HOP_S, LATE_S, STOPS, TOWN, fleet, frozen, running
from benchmarks.field.messages import Bus, bus
from benchmarks.field.network import LAT, LON, SPACING_M, Pattern, Trip, network
from predictor.geometry import METRES_PER_DEGREE

THERE_AND_BACK = network(
    STOPS,
    (Pattern("main", STOPS, hop_s=HOP_S), Pattern("back", STOPS[::-1], direction=1, headsign="West", hop_s=HOP_S)),
    (Trip("t1", "08:00", block="b"), Trip("t2", "08:30", "back", block="b"), Trip("later", "09:30")),
)


def alone(stage: Stage, report: Bus | None = None, **more: object) -> WatchedCity:
    """One bus on t1 at 08:08, between C and D, and one parked so that the feed goes on."""
    city = stage.city(TOWN, at="08:04", **more)
    city.vehicle_positions(report or bus("v1", "t1", late_s=LATE_S), parked()).at("08:08")
    return city


def parked() -> Bus:
    """A bus in the yard."""
    return bus("yard", place=(0, 900), fresh=True)


def runs_live(city: WatchedCity, stop: str) -> set[str]:
    """Trips that are live at a stop."""
    return {row.run for row in city.departures(stop, arrivals=True) if row.status == "live"}


def at_hop(hops: float, vehicle: str = "v1", trip: str | None = "t1", **fields: Any) -> Bus:
    """A report from so many hops along the road."""
    stops = STOPS.split()
    k = min(int(hops), len(stops) - 2)
    return bus(vehicle, trip, between=(stops[k], stops[k + 1], hops - k), **fields)


# Where they are


@scenario("a bus is 300 km away for one report", "its riders keep their times, and it passes no stop by it")
def a_teleport_for_one_report(stage: Stage) -> None:
    city = alone(stage)
    drives = list(city.buses)
    before = runs_live(city, "H")
    city.vehicle_positions(bus("v1", "t1", place=(300_000, 0)), parked(), at="08:08:30")
    city.vehicle_positions(*drives, at="08:09")
    city.at("08:10")
    expect(runs_live(city, "H"), before, "live at H")
    expect([row.stop for row in city.trip("t1") if row.status == "passed"], ["A", "B", "C", "D"], "passed")


@scenario("a bus goes 300 km away and stays there", "not live there, nor waiting at any stop")
def a_teleport_for_good(stage: Stage) -> None:
    city = alone(stage)
    city.rule.honest = False
    city.vehicle_positions(bus("v1", "t1", place=(300_000, 0), fresh=True), parked()).at("08:15")
    expect(city.live, [], "live")


@scenario("latitude and longitude are swapped for all", "nothing live; told as swapped", quick=False)
def swapped_coordinates(stage: Stage) -> None:
    east_m = (LAT - LON) * METRES_PER_DEGREE * float(np.cos(np.radians(LAT)))
    buses = fleet(late_s=None, place=(east_m, (LON - LAT) * METRES_PER_DEGREE), fresh=True)
    city = stage.city(TOWN, at="08:10").vehicle_positions(*buses).at("08:16")
    assert isinstance(city, WatchedCity)
    expect(city.live, [], "live")
    expect_told(city, "positions_swapped")


@scenario("the sign of the longitude is lost: the fleet drives mirrored, 100 km away", "nothing live; told")
def mirrored_coordinates(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:10", honest=False)
    for _ in city.turns(10):
        mirrored = [
            replace(report, between=None, place=(-told_east(city, report) - 100_000, 0), timestamp=city.now)
            for report in frozen(fleet(), city)
        ]
        city.vehicle_positions(*mirrored)
    expect(city.live, [], "live")
    expect_told(city, "vehicles_elsewhere")


@scenario(
    "all positions stand still to the last digit, with fresh times",
    "after minutes nothing is live; told; live again when they move",
)
def frozen_gps_of_the_fleet(stage: Stage) -> None:
    city = running(stage)
    city.rule.honest = False
    city.vehicle_positions(*frozen(fleet(), city, fresh=True)).at("08:20")
    expect(city.live, [], "live")
    expect_told(city, "fleet_stands")
    city.vehicle_positions(*fleet()).at("08:22")
    assert city.live, "nothing is live once they move"


@scenario(
    "one bus stands between two stops for half an hour, reporting",
    "held up after ten minutes and not live; its run is without a vehicle after twenty",
)
def frozen_gps_of_one_bus(stage: Stage) -> None:
    city = alone(stage)
    others = fleet()[1:]
    city.rule.honest = False
    city.vehicle_positions(at_hop(2.5, fresh=True), *others).at("08:19:30", every_s=30)
    assert "t1" not in runs_live(city, "H"), "live eleven minutes after it stopped"
    expect(city.trip_state("t1"), "held_up", "the trip")
    city.at("08:30")
    assert "t1" not in runs_live(city, "H"), "live again"


@scenario("GPS noise of 60 m at each report", "live as ever, no stop passed that was not")
def noise_of_60_metres(stage: Stage) -> None:
    city = alone(stage)
    city.rule.honest = False
    random = np.random.default_rng(1)
    for _ in city.turns(12):
        east = told_east(city, bus("v1", "t1", late_s=LATE_S))
        jitter = random.normal(0, 60, 2)
        city.vehicle_positions(bus("v1", "t1", place=(east + jitter[0], jitter[1])), parked())
        passed = [row.stop for row in city.trip("t1") if row.status == "passed"]
        k = east / SPACING_M
        assert int(k) - 1 <= len(passed) - 1 <= int(k) + 1, f"passed {passed} at hop {k:.1f}"
    assert "t1" in runs_live(city, "H"), city.live


@scenario(
    "a bus on a detour, 800 m beside its line for three stops",
    "not live while it is off its line, live again when it is back",
)
def a_detour(stage: Stage) -> None:
    city = alone(stage)
    city.rule.honest = False
    for hop in (3.0, 3.2, 3.4, 3.6, 3.8, 4.0):
        city.clock.at += 40
        city.vehicle_positions(bus("v1", "t1", place=(hop * SPACING_M, 800)), parked())
    expect(city.vehicles()["v1"]["state"], "off_route", "the bus")
    for hop in (4.5, 4.8, 5.1):
        city.clock.at += 40
        city.vehicle_positions(at_hop(hop), parked())
    assert "t1" in runs_live(city, "H"), "not live though it is back"


@scenario("a bus drives its line backwards under its trip's id", "no stop ahead of it gets a live time by it")
def a_bus_that_drives_backwards(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:12", honest=False)
    for k in city.turns(14):
        city.vehicle_positions(at_hop(6.5 - k / 4, bearing=270.0), parked())
    expect(runs_live(city, "H"), set(), "live at the end that it drives away from")


@scenario(
    "a bus jumps four stops ahead between two reports half a minute apart",
    "live at what is still ahead, or not at all; never at a stop behind it",
)
def a_bus_that_jumps_ahead(stage: Stage) -> None:
    city = alone(stage)
    city.rule.honest = False
    for k in city.turns(6):
        city.vehicle_positions(at_hop(5.6 + k / 6), parked())
    for stop in "CDE":
        assert "t1" not in runs_live(city, stop), f"live at {stop}, behind it"


@scenario("a speed of 400 km/h and a bearing of 720° are reported", "positions count, not these", quick=False)
def impossible_speed_and_bearing(stage: Stage) -> None:
    city = alone(stage, replace(bus("v1", "t1", late_s=LATE_S), fields={"speed": 111.0, "bearing": 720.0}))
    city.at("08:12")
    expect(runs_live(city, "H"), {"t1"}, "live at H")


@scenario("two hundred buses are parked in the yard, reporting", "no fault, and the others are live", quick=False)
def a_full_yard(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:09")
    yard = [bus(f"y{k}", place=(k % 20, 900 + k // 20), fresh=True) for k in range(200)]
    city.vehicle_positions(*fleet(), *yard).at("08:14")
    assert len(city.live) > 10, city.live
    expect_well(city)


# Who they are


@scenario("two buses are on one trip, five minutes apart", "each stop is told of the next one, once")
def two_buses_on_a_trip(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:09")
    city.vehicle_positions(bus("v1", "t1", late_s=30), bus("v2", "t1", late_s=330)).at("08:16")
    for stop in "DEFGH":
        departures = [row for row in city.departures(stop, arrivals=True) if row.run == "t1"]
        assert len(departures) <= 1, f"{stop}: {[str(row) for row in departures]}"
    assert city.live, "nothing is live"


@scenario("all vehicles have one id", "each bus is live on its own trip")
def one_id_for_all(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:09", honest=False)
    city.vehicle_positions(*(replace(report, vehicle="0") for report in fleet())).at("08:15")
    assert {"t1", "t2", "t3"} <= runs_live(city, "H"), runs_live(city, "H")


@scenario("no vehicle has an id", "each bus is live on its own trip", quick=False)
def no_ids_at_all(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:09", honest=False)
    city.vehicle_positions(*(replace(report, vehicle="") for report in fleet())).at("08:15")
    assert {"t1", "t2", "t3"} <= runs_live(city, "H"), runs_live(city, "H")


@scenario("each report of a bus has another id", "one bus on its trip, live, never two rows", quick=False)
def another_id_at_each_report(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:05", honest=False)
    for k in city.turns(12):
        city.vehicle_positions(bus(f"v{k}", "t1", late_s=LATE_S), parked())
    assert "t1" in runs_live(city, "H"), city.live


@scenario("trips that the timetable does not know", "nothing live by them; told, with examples")
def unknown_trips(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:09", honest=False)
    for _ in city.turns(8):
        strangers = [replace(report, trip=f"x{report.trip}", timestamp=city.now) for report in frozen(fleet(), city)]
        city.vehicle_positions(*strangers)
    expect_told(city, "unknown_trips", "xt1")


@scenario("no report names a trip", "buses are found by where and when they drive, or nothing is live")
def no_trip_at_all(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:03", honest=False)
    for _ in city.turns(20):
        strangers = [replace(report, trip=None, timestamp=city.now) for report in frozen(fleet(), city)]
        city.vehicle_positions(*strangers)
    wrong = {vehicle["vehicle_id"]: vehicle["trip_id"] for vehicle in city.vehicles().values() if vehicle["trip_id"]}
    bad = {vehicle: trip for vehicle, trip in wrong.items() if vehicle[1:] != trip[1:]}
    expect(bad, {}, "buses on another's trip")


@scenario("a bus names the trip of the other direction", "not live where it does not go")
def the_wrong_direction(stage: Stage) -> None:
    city = stage.city(THERE_AND_BACK, at="08:30", honest=False)
    for k in city.turns(14):
        city.vehicle_positions(at_hop(1.0 + k / 6, trip="t2"), parked())
    expect({stop for stop in "AB" if "t2" in runs_live(city, stop)}, set(), "stops behind it that are live")


@scenario(
    "a bus goes on naming the trip that it has ended, parked at its last stop",
    "its trip is over, and nobody waits for it",
    quick=False,
)
def parked_at_the_terminus(stage: Stage) -> None:
    city = alone(stage)
    city.vehicle_positions(replace(city.buses[0], stuck_at="H"), parked()).at("08:40", every_s=60)
    expect(runs_live(city, "H"), set(), "live")
    expect(city.trip_state("t1"), "over", "the trip")


@scenario(
    "a bus changes to its next trip half-way, as its driver does by mistake, and back",
    "its riders keep a live time or the timetable's; it is never live on both at one place",
)
def a_trip_changed_by_mistake(stage: Stage) -> None:
    city = stage.city(THERE_AND_BACK, at="08:04", honest=False)
    city.vehicle_positions(bus("v1", "t1", late_s=LATE_S), parked()).at("08:08")
    for k in city.turns(4):
        city.vehicle_positions(at_hop(2.5 + k / 6, trip="t2"), parked())
    for k in city.turns(8):
        city.vehicle_positions(at_hop(3.2 + k / 6, trip="t1"), parked())
    assert "t1" in runs_live(city, "H"), "not live on its own trip again"


@scenario(
    "a bus of the afternoon reports with its trip in the morning, from the yard",
    "told for the timetable's time, and no earlier",
)
def parked_with_a_later_trip(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:00")
    city.vehicle_positions(bus("v9", "later", place=(0, 900), fresh=True)).at("08:10", every_s=60)
    row = next(row for row in city.departures("A") if row.run == "later")
    expect(row.clock, "09:30", "its departure")


# When they are


@scenario("a bus falls silent on its way", "live for as long as the limit, then the timetable")
def a_bus_that_falls_silent(stage: Stage) -> None:
    city = alone(stage)
    city.rule.honest = False
    city.vehicle_positions(replace(city.buses[0], silent_from="08:08"), parked()).at("08:12")
    expect(runs_live(city, "H"), {"t1"}, "live after four minutes")
    city.at("08:14")
    expect(city.live, [], "live after six minutes")


@scenario("a bus comes back after ten minutes of silence", "live again at once, and no stop behind it")
def a_bus_that_comes_back(stage: Stage) -> None:
    city = alone(stage)
    drives = city.buses[0]
    city.vehicle_positions(replace(drives, silent_from="08:08"), parked())
    city.rule.honest = False
    city.at("08:18", every_s=60)
    city.vehicle_positions(drives, parked())
    city.at("08:19")
    expect(runs_live(city, "H"), {"t1"}, "live at H")
    expect({stop for stop in "ABCDE" if "t1" in runs_live(city, stop)}, set(), "live behind it")


@scenario("the clock of one bus is an hour ahead", "it is not live, the others are")
def one_clock_an_hour_ahead(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:09", honest=False)
    for _ in city.turns(8):
        ahead = replace(fleet()[0], late_s=None, between=("D", "E", 0.5), timestamp=city.now + 3600)
        city.vehicle_positions(ahead, *fleet()[1:])
    assert "t1" not in runs_live(city, "H"), "live from an hour ahead"
    assert "t2" in runs_live(city, "H"), "the others are not live"


@scenario("the clock of one bus is two minutes ahead", "live at the right time, as the others")
def one_clock_two_minutes_ahead(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:09", honest=False)
    for _ in city.turns(10):
        reports = frozen(fleet()[:1], city, timestamp=city.now + 120)
        city.vehicle_positions(*reports, *fleet()[1:])
    row = next(row for row in city.departures("G") if row.run == "t1")
    assert row.status != "live" or row.clock in ("08:17", "08:18", "08:19"), str(row)


@scenario("a bus never leaves its first stop", "overdue and not live after five minutes, given up later", quick=False)
def a_bus_that_never_leaves(stage: Stage) -> None:
    city = stage.city(TOWN, at="07:56", honest=False)
    city.vehicle_positions(bus("v1", "t1", "A", fresh=True), *fleet()[1:]).at("07:59")
    expect(runs_live(city, "D") >= {"t1"}, True, "live before its time")
    city.at("08:07")
    assert "t1" not in runs_live(city, "D"), "live seven minutes after its time"
    city.at("08:20", every_s=60)
    assert "t1" not in runs_live(city, "D"), "live twenty minutes after its time"


@scenario("a bus is 40 minutes late", "live forty minutes late, and its stop not empty until then")
def a_bus_40_minutes_late(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:44")
    city.vehicle_positions(bus("v1", "t1", late_s=2400), parked()).at("08:50")
    row = next(row for row in city.departures("F") if row.run == "t1")
    assert row.status == "live", str(row)
    assert "08:53" <= row.clock <= "08:56", str(row)


@scenario("a bus runs ten minutes early", "live early: who waits by the timetable would miss it")
def a_bus_ten_minutes_early(stage: Stage) -> None:
    city = stage.city(TOWN, at="08:12", honest=False)
    city.vehicle_positions(bus("v6", "t6", late_s=-600), parked()).at("08:22")
    assert "t6" not in runs_live(city, "A"), "live where it has left seven minutes ago"
    row = next(row for row in city.departures("F") if row.run == "t6")
    assert row.status == "live", str(row)
    assert row.clock <= "08:31", str(row)


@scenario("an old report of a bus comes after a newer one, again and again", "it does not go back")
def old_reports_after_new_ones(stage: Stage) -> None:
    city = alone(stage)
    city.rule.honest = False
    clocks: list[Any] = []
    for k in city.turns(12, 15):
        hop = told_east(city, bus("v1", "t1", late_s=LATE_S)) / SPACING_M
        late = 90 if k % 2 else 0
        city.vehicle_positions(at_hop(hop - late / HOP_S, timestamp=city.now - late), parked())
        clocks += [row.at for row in city.departures("H", arrivals=True) if row.run == "t1" and row.status == "live"]
    assert clocks, "never live"
    assert max(clocks) - min(clocks) <= 90, f"its time at H moved by {max(clocks) - min(clocks):.0f} s"


def told_east(city: WatchedCity, report: Bus) -> float:
    """Metres along the road of a bus now, from its drive or where it stands between two stops."""
    stops = STOPS.split()
    if report.between:
        before, _, share = report.between
        return (stops.index(before) + share) * SPACING_M
    start = city.posix(next(trip.start for trip in TOWN.trips if trip.trip_id == report.trip))
    return float(np.clip((city.now - start - float(report.late_s or 0)) / HOP_S, 0, len(stops) - 1) * SPACING_M)
