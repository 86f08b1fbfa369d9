"""One town of the demo city: its ground, its timetable, its vehicles and its days. Towns know nothing of each other."""

from __future__ import annotations

from datetime import date

from feeds.simulator.calendars import DAY_TYPES, day_type
from feeds.simulator.fleet import Fleet, build_fleet
from feeds.simulator.network import Network, build_network
from feeds.simulator.schedule import Schedule, build_schedule
from feeds.simulator.service_day import ServiceDay, simulate_day

_DAYS_KEPT = 2


class Town:
    """See `Simulator` for the parameters; `number`: 0 is the city itself; `window_s`: of `window`, seconds."""

    def __init__(self, number: int, seed: int, trip_ids: float, window_s: tuple[float, float]) -> None:
        self.network: Network = build_network(seed, number)
        self._seed, self._window_s = seed, window_s
        self._schedules: dict[str, Schedule] = {}
        self._fleet: Fleet = build_fleet(number, self.schedule(DAY_TYPES[0]), seed, trip_ids)
        self._days: dict[date, ServiceDay] = {}

    def schedule(self, kind: str) -> Schedule:
        """The timetable of a day type."""
        if kind not in self._schedules:
            self._schedules[kind] = build_schedule(self.network, kind, self._seed)
        return self._schedules[kind]

    def day(self, day: date) -> ServiceDay:
        """A service day, simulated when it is first asked for; the last two are kept."""
        if day not in self._days:
            while len(self._days) >= _DAYS_KEPT:
                self._days.pop(next(iter(self._days)))
            self._days[day] = simulate_day(
                self.network, self.schedule(day_type(day)), self._fleet, day, seed=self._seed, window_s=self._window_s
            )
        return self._days[day]
