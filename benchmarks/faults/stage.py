"""Where a scenario is played: a folder, a feed server, cities that are watched for lies, and what may be expected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from api.reading.health import WARNINGS
from benchmarks.faults.feed_server import FeedServer
from benchmarks.faults.truth_rule import TruthRule
from benchmarks.field.city import City
from benchmarks.field.network import Network

EACH = 6
"""Faces are compared after each so many steps, at one stop, and at all stops in the end."""
LOOKED_AT_EVERY_S = 60.0
IN_TURN = 3
"""After a step one in so many boards is looked at, another in the next."""


class WatchedCity(City):
    """A city that fails where a face lies."""

    def __init__(self, network: Network | None = None, *, honest: bool = True, **more: Any) -> None:
        """Parameters: those of `City`; `honest` that of `TruthRule`."""
        super().__init__(network, every_s=LOOKED_AT_EVERY_S, **more)
        self.rule = TruthRule(self, honest)
        self.steps = 0

    def step(self) -> WatchedCity:
        """Poll, step, and look."""
        super().step()
        self.steps += 1
        stops = self.rule.stops
        wrong = self.rule.lies(stops[self.steps % IN_TURN :: IN_TURN])
        if self.steps % EACH == 0:
            wrong += self.rule.contradictions(stops[self.steps // EACH % len(stops)])
        self._none(wrong)
        return self

    def look(self) -> None:
        """Compare all faces at all stops."""
        self._none(
            self.rule.lies() + [lie for stop in self.network.stops for lie in self.rule.contradictions(stop.stop_id)]
        )

    def turns(self, number: int, every_s: float = 30.0) -> Iterator[int]:
        """So many turns, before each of which the clock moves on."""
        for turn in range(number):
            self.clock.at += every_s
            yield turn

    @property
    def live(self) -> list[str]:
        """Every live row of every board."""
        stops = [stop.stop_id for stop in self.network.stops if stop.location_type == 0]
        return [f"{stop}: {row}" for stop in stops for row in self.departures(stop) if row.status == "live"]

    @property
    def faults(self) -> list[str]:
        """Codes of what the operator is told to be wrong."""
        return list(self.readyz()["faults"])

    def _none(self, wrong: list[str]) -> None:
        assert not wrong, f"at {datetime.fromtimestamp(self.now, self.zone)}: " + "; ".join(wrong[:4])


class Stage:
    """See the module's docstring."""

    def __init__(self, folder: Path, held: ExitStack) -> None:
        """`held`: what is closed when the scenario has been played."""
        self.folder = folder
        self.held = held
        self._cities: list[WatchedCity] = []

    def city(self, network: Network | None = None, **more: Any) -> WatchedCity:
        """Parameters: those of `WatchedCity`."""
        made = WatchedCity(network, **more)
        self._cities.append(made)
        return made

    def server(self) -> FeedServer:
        """A feed server on this machine."""
        return self.held.enter_context(FeedServer())

    def fed_city(self, server: FeedServer, network: Network | None = None, **more: Any) -> WatchedCity:
        """A city whose vehicle positions come from a server over HTTP."""
        return self.city(network, sources={"vehicle_positions": server.source("vehicle_positions")}, **more)

    def look_once_more(self) -> None:
        """At all faces of all cities."""
        for city in self._cities:
            city.look()


def expect(seen: object, wanted: object, of: str) -> None:
    """Fail where something else is seen than what must be."""
    assert seen == wanted, f"{of}: {seen!r}, not {wanted!r}"


def expect_told(city: WatchedCity, fault: str, words: str = "") -> None:
    """Fail where the operator is not told of a fault: by /readyz, at the desk and in the metrics."""
    health = city.readyz()
    assert fault in health["faults"], f"/readyz tells {health['faults']}, not {fault}"
    assert words in health["detail"], f"/readyz says {health['detail']!r}, not {words!r}"
    wanted = "ok" if set(health["faults"]) <= WARNINGS else "degraded"
    assert health["status"] == wanted, f"/readyz: {health['status']}"
    assert city.desk()["health"] or city.desk()["feeds"], "the desk says nothing"
    counted = f'prochain_fault{{code="{fault}"}} {health["faults"].count(fault)}.0'
    assert counted in city.get("/metrics").text, f"no metric of {fault}"


def expect_well(city: WatchedCity) -> None:
    """Fail where the operator is told of a fault that is none."""
    assert city.faults == [], f"/readyz tells {city.readyz()['detail']!r}"


def expect_first(city: WatchedCity, stop: str, row: str) -> None:
    """Fail where the first departure of a stop is another."""
    rows = [str(departure) for departure in city.departures(stop)]
    assert rows[:1] == [row], f"{stop} shows {rows[:3]}, not {row} first"
