"""A service whose feeds deceive it: boards do not call live what is nowhere near, and whoever watches is told why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.field.city import City
from tests.field.messages import Bus, bus
from tests.field.network import Network, Trip

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
    city = City(FLEET, at="07:58").vehicle_positions(*fleet()).at("08:09")
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
