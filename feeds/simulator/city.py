"""`Simulator`: the demo city behind one door."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from feeds.simulator import messages
from feeds.simulator.calendars import DAY_TYPES, TIMEZONE, day_origin, day_type
from feeds.simulator.fleet import Fleet, build_fleet
from feeds.simulator.gtfs import write_gtfs
from feeds.simulator.incidents import Incident
from feeds.simulator.network import Network, build_network
from feeds.simulator.schedule import Schedule, build_schedule
from feeds.simulator.service_day import ServiceDay, simulate_day

# A day's first vehicle leaves the depot after, its last is home before: no two days overlap.
_DAY_BEGINS_S, _DAY_ENDS_S = 4 * 3600.0, 27 * 3600.0
_DAYS_KEPT = 2


class Simulator:
    """A city of our own making: its timetable, its operator's feeds, and the truth behind them.

    Deterministic: the same arguments give the same bytes, in whatever order times are asked for. A service day is
    simulated as a whole when one of its moments is first asked for; the last two are kept.

    Parameters: `seed`; `scale`: number of towns side by side, each with about 85 vehicles at the morning peak;
    `trip_ids`: share of vehicles (0 to 1) whose reports name their trip; `motion`: whether reports give bearing and
    speed; `operator_times`: whether TripUpdates carry times beside cancellations; `window`: the hours of the service
    day (such as (7.0, 9.0)) for which vehicles report, to save time and memory at a large scale.
    """

    timezone = TIMEZONE

    def __init__(
        self,
        seed: int = 1,
        scale: int = 1,
        *,
        trip_ids: float = 1.0,
        motion: bool = True,
        operator_times: bool = True,
        window: tuple[float, float] | None = None,
    ) -> None:
        if seed < 0 or scale < 1 or not 0.0 <= trip_ids <= 1.0:
            msg = f"need seed >= 0, scale >= 1 and trip_ids from 0 to 1, got {seed=}, {scale=}, {trip_ids=}"
            raise ValueError(msg)
        if window is not None and not 0.0 <= window[0] < window[1]:
            msg = f"window must be two hours of the service day, the first below the second, got {window=}"
            raise ValueError(msg)
        self._seed, self._motion, self._operator_times = seed, motion, operator_times
        hours = window or (0.0, _DAY_ENDS_S / 3600.0)
        self._window_s = (hours[0] * 3600.0, hours[1] * 3600.0)
        self._network: Network = build_network(seed, scale)
        self._schedules: dict[str, Schedule] = {}
        self._fleet: Fleet = build_fleet(self._schedule(DAY_TYPES[0]), seed, trip_ids)
        self._days: dict[date, ServiceDay] = {}

    def write_gtfs(self, path: Path, first_date: date, days: int) -> None:
        """Write the timetable for `days` days from `first_date` as a GTFS zip."""
        kinds = {day_type(first_date + timedelta(days=n)) for n in range(days)}
        write_gtfs(path, self._network, {kind: self._schedule(kind) for kind in kinds}, first_date, days)

    def write_ground_tiles(self, path: Path) -> None:
        """Write the streets, rivers and names of the ground as a PMTiles file. Errors: ImportError without the extra
        `map`, OSError."""
        from feeds.simulator.ground_tiles import write_ground_tiles

        write_ground_tiles(self._network, path, self._seed)

    def vehicle_positions(self, now: float) -> bytes:
        """VehiclePositions as the operator's server answers at `now` (POSIX seconds): each vehicle's latest report,
        vehicles silent for ten minutes left out. In a feed gap the server repeats its last message."""
        at = self._at(now)
        if at is None:
            return _bytes(messages.new_message(now))
        day, now_s = at
        start, end = day.gap_s
        return _bytes(messages.vehicle_positions(day, start if start <= now_s < end else now_s, motion=self._motion))

    def trip_updates(self, now: float) -> bytes:
        """TripUpdates at `now`: what the operator has cancelled or skips, as far as it says so, and its own times."""
        at = self._at(now)
        if at is None:
            return _bytes(messages.new_message(now))
        return _bytes(messages.trip_updates(*at, operator_times=self._operator_times))

    def alerts(self, now: float) -> bytes:
        """Alerts in force at `now`, in French and English."""
        at = self._at(now)
        return _bytes(messages.new_message(now) if at is None else messages.alerts(*at))

    def true_passages(self, day: date) -> pd.DataFrame:
        """What truly happened on a service day: one row for each call that was served.

        Columns: `trip_id`, `start_date` (YYYYMMDD), `stop_sequence`, `stop_id`, `vehicle_id`, `arrival`, `departure`
        (POSIX seconds, float64; equal where the vehicle passed without stopping). At a trip's first stop `arrival` is
        when the vehicle drew up there, at its last `departure` is when it moved on.
        """
        return self._day(day).passages()

    def lost_calls(self, day: date) -> pd.DataFrame:
        """The scheduled calls of a service day that were not served, and why.

        Columns: `trip_id`, `start_date`, `stop_sequence`, `stop_id`, `incident` (index into `incidents(day)`), `kind`.
        """
        return self._day(day).lost_calls()

    def incidents(self, day: date) -> tuple[Incident, ...]:
        """What went wrong on a service day."""
        return self._day(day).incidents()

    def _schedule(self, kind: str) -> Schedule:
        if kind not in self._schedules:
            self._schedules[kind] = build_schedule(self._network, kind, self._seed)
        return self._schedules[kind]

    def _at(self, now: float) -> tuple[ServiceDay, float] | None:
        """The service day that vehicles drive at `now`, and the seconds since its origin; None in the dead of night."""
        today = datetime.fromtimestamp(now, ZoneInfo(TIMEZONE)).date()
        for day in (today, today - timedelta(days=1)):
            now_s = now - day_origin(day)
            if _DAY_BEGINS_S <= now_s < _DAY_ENDS_S:
                return self._day(day), now_s
        return None

    def _day(self, day: date) -> ServiceDay:
        if day not in self._days:
            while len(self._days) >= _DAYS_KEPT:
                self._days.pop(next(iter(self._days)))
            self._days[day] = simulate_day(
                self._network, self._schedule, self._fleet, day, seed=self._seed, window_s=self._window_s
            )
        return self._days[day]


def _bytes(message: object) -> bytes:
    result: bytes = message.SerializeToString(deterministic=True)  # type: ignore[attr-defined]
    return result
