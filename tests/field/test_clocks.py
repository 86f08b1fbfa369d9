"""Clocks that are wrong: no bus vanishes for a minute's difference, and what cannot be dated is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.field.city import City
from benchmarks.field.messages import bus


@pytest.mark.parametrize("ahead_s", [10, 45, 60])
def test_a_bus_whose_clock_is_up_to_a_minute_fast_is_live_as_ever(ahead_s: int) -> None:
    city = City(at="08:00")
    for minute in range(1, 5):
        at = city.posix(f"08:0{minute}")
        city.at(f"08:0{minute}").vehicle_positions(
            bus(
                "v1",
                "t1",
                between=("ABCDE"[minute // 2], "ABCDE"[minute // 2 + 1], 0.5 * (minute % 2)),
                timestamp=at + ahead_s,
            )
        )
        assert city.board("D")[0].endswith("t1 live")
    assert city.service.snapshot.report_figures.clock_fast_s == ahead_s
    assert city.vehicles()["v1"]["data_age_s"] == 0


@pytest.mark.parametrize("ahead_s", [90, 200, 280])
def test_a_feed_whose_clock_is_minutes_fast_is_corrected(ahead_s: int) -> None:
    city = City(at="08:00")
    for place, minute in (("A", 0), ("B", 2), ("C", 4)):
        city.at(f"08:0{minute}:10")
        at = city.now + ahead_s
        city.vehicle_positions(bus("v1", "t1", place, timestamp=at), bus("v2", place=(0, 900), timestamp=at))
        city.at(f"08:0{minute}:40")
    assert city.board("D")[0].endswith("t1 live")


def test_one_bus_with_a_clock_hours_fast_is_not_dated_and_the_others_are_as_ever() -> None:
    city = City(at="08:00")
    city.at("08:03").vehicle_positions(
        bus("v1", "t1", late_s=0), bus("v2", "t2", "A", timestamp="11:00"), bus("v3", place=(0, 900), fresh=True)
    )
    city.at("08:04")
    assert city.board("D")[0].endswith("t1 live")
    assert "v2" not in city.vehicles()
    assert city.service.snapshot.report_figures.from_the_future == 1


def test_a_bus_whose_receiver_counts_the_weeks_of_gps_from_nought_again_is_live_and_told() -> None:
    """Its times are of 1024 weeks ago, in one case to the second, in the other with its usual delay."""
    era_s = 1024 * 604_800
    for age_s in (0, 20):
        city = moving(lambda _: -era_s - age_s, 9)  # noqa: B023
        assert city.board("D")[0].endswith("t1 live")
        assert city.readyz()["left_out"]["timestamp_an_era_of_gps_ago"] == 9


def moving(offset_s: Callable[[int], float], until: int, *, feed: bool = False) -> City:
    """A bus of t1 on its way, half a minute a report, its clock so far ahead at each; the others' too where it is the
    feed's."""
    city = City(at="07:58")
    for k in range(until):
        at = city.posix("07:59") + 30 * k
        others = [bus(f"o{n}", place=(0, 900 + 30 * k + 100 * n), timestamp=at + feed * offset_s(k)) for n in range(3)]
        drive = bus("v1", "t1", place=(150 * max(k - 2, 0), 0), timestamp=at + offset_s(k))
        city.vehicle_positions(drive, *others, at=at)
    return city


# CUTR-at-USF/gtfs-realtime-validator#296
def test_one_bus_of_another_system_whose_clock_is_minutes_fast_is_live_and_told_by_its_name() -> None:
    city = moving(lambda _: 180.0, 10)
    assert city.board("D")[0] == "08:05 t1 live"
    health = city.readyz()
    assert (health["status"], health["faults"]) == ("ok", ["vehicle_clock_fast"]) and "v1 (3 min)" in health["detail"]
    # Its last report is no news for being told again.
    last = city.buses
    city.vehicle_positions(*last).at("08:08")
    assert city.vehicles()["v1"]["data_age_s"] == 270


@pytest.mark.parametrize(("feed", "wrong"), [(True, range(6)), (False, range(5, 6))])
def test_a_clock_that_was_minutes_fast_makes_no_report_old_once_it_is_right(feed: bool, wrong: range) -> None:
    city = moving(lambda k: 200.0 * (k in wrong), 10, feed=feed)
    assert city.board("D")[0] == "08:05 t1 live"
    assert city.vehicles()["v1"]["data_age_s"] == 0


def test_a_report_that_is_told_again_is_no_news_though_its_clock_is_fast() -> None:
    city = City(at="08:02")
    city.vehicle_positions(bus("v1", "t1", "B", timestamp=city.posix("08:02:40"))).at("08:03:30")
    assert city.vehicles()["v1"]["data_age_s"] == 90


def test_a_bus_that_moves_is_live_though_the_time_of_its_reports_stands() -> None:
    # CUTR-at-USF/gtfs-realtime-validator#347
    city = City(at="07:59")
    for _ in range(14):
        city.clock.at += 30
        place = max(city.now - city.posix("08:00"), 0.0) * 5.0
        city.vehicle_positions(bus("v1", "t1", place=(place, 0), timestamp="07:59"))
    row = next(row for row in city.departures("E", arrivals=True) if row.run == "t1")
    assert city.board("D")[0] == "08:06 t1 live" and row.status == "live" and row.told["data_age_s"] < 60


@pytest.mark.parametrize("timestamp", [12345, 9_999_999_999, 2**63 + 5])
def test_a_bus_whose_clock_tells_a_time_that_nobody_can_mean_is_live_by_the_feeds(timestamp: int) -> None:
    city = City(at="08:00")
    for k in range(5):
        at = city.posix("08:00:30") + 30 * k
        city.vehicle_positions(bus("v1", "t1", place=(150 * k, 0), timestamp=timestamp), at=at)
    assert city.board("D")[0] == "08:06 t1 live"


def test_a_bus_is_live_though_its_reports_bear_the_time_of_its_drivers_log_on() -> None:
    city = City(at="08:00")
    for at, share in (("08:02:30", 0.2), ("08:03", 0.45), ("08:03:30", 0.7)):
        standing = bus("v2", "t2", "A", timestamp="05:10", start_date=20261126)
        city.vehicle_positions(
            bus("v1", "t1", between=("B", "C", share), timestamp="05:00", start_date=20261126), standing, at=at
        )
    assert city.board("C") == ["08:04 t1 live", "09:04 t2 scheduled"]
    assert city.board("D")[0] == "08:05 t1 live"
    assert list(city.vehicles()) == ["v1"]
    # It tells no more than that it stands: what was told of it stays and passes.
    city.vehicle_positions(bus("v1", "t1", between=("B", "C", 0.7), timestamp="05:00", fresh=False)).at("08:10")
    assert city.board("D") == ["09:06 t2 scheduled"]
