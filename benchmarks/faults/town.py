"""The town that most scenarios are played in: one line, eight stops, six buses a few minutes apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.faults.stage import Stage, WatchedCity
from benchmarks.field.messages import Bus, bus
from benchmarks.field.network import Network, Pattern, Trip, network

HOP_S = 180
LATE_S = 30.0
NUMBERS = range(1, 7)
STOPS = "A B C D E F G H"
PATTERN = Pattern("main", STOPS, hop_s=HOP_S)
TRIPS = (*(Trip(f"t{k}", f"08:{5 * k - 5:02d}") for k in NUMBERS), Trip("later", "09:30"))
TOWN: Network = network(STOPS, (PATTERN,), TRIPS)
"""Trips t1 to t6 from 08:00 on, every five minutes, 21 minutes each; one at 09:30 that nobody drives."""


def fleet(**fields: object) -> list[Bus]:
    """A bus on each trip, half a minute late; `told` as for `bus`."""
    return [bus(f"v{k}", f"t{k}", **({"late_s": LATE_S} | fields)) for k in NUMBERS]  # type: ignore[arg-type]


def frozen(buses: list[Bus], city: WatchedCity, **fields: Any) -> list[Bus]:
    """The same buses standing where each of them drives now, as on the town's straight road."""
    stops = STOPS.split()
    made = []
    for report in buses:
        start = city.posix(next(trip.start for trip in TRIPS if trip.trip_id == report.trip))
        hops = min(max((city.now - start - float(report.late_s or 0.0)) / HOP_S, 0.0), len(stops) - 1.001)
        where = (stops[int(hops)], stops[int(hops) + 1], hops - int(hops))
        made.append(replace(report, late_s=None, between=where, **fields))
    return made


def running(stage: Stage, **more: object) -> WatchedCity:
    """The town at 08:14 with its buses on the road."""
    city = stage.city(TOWN, at="08:09", **more)
    city.vehicle_positions(*fleet()).at("08:14", every_s=60.0)
    assert len(city.live) > 10, f"only {city.live} is live to begin with"
    return city
