"""`Simulator`: the demo city behind one door."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from feeds.gtfs_realtime.descriptors import new_message
from feeds.simulator.calendars import DAY_TYPES, TIMEZONE, day_origin, day_type
from feeds.simulator.fleet import Fleet, build_fleet
from feeds.simulator.gtfs import write_gtfs
from feeds.simulator.incidents import Incident
from feeds.simulator.messages import add_alerts, add_trip_updates, add_vehicle_positions
from feeds.simulator.network import Network, build_network
from feeds.simulator.schedule import Schedule, build_schedule
from feeds.simulator.service_day import ServiceDay, simulate_day

# A day's first vehicle leaves the depot after, its last is home before: no two days overlap.
_DAY_BEGINS_S, _DAY_ENDS_S = 4 * 3600.0, 27 * 3600.0


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
        window_s = (hours[0] * 3600.0, hours[1] * 3600.0)
        self._towns = [Town(number, seed, trip_ids, window_s) for number in range(scale)]

    def write_gtfs(self, path: Path, first_date: date, days: int) -> None:
        """Write the timetable for `days` days from `first_date` as a GTFS zip."""
        kinds = {day_type(first_date + timedelta(days=n)) for n in range(days)}
        planned = [(town.network, {kind: town.schedule(kind) for kind in kinds}) for town in self._towns]
        write_gtfs(path, planned, first_date, days)

    def write_ground_tiles(self, path: Path) -> None:
        """Write the streets, rivers and names of the ground as a PMTiles file. Errors: ImportError without the extra
        `map`, OSError."""
        from feeds.simulator.ground_tiles import write_ground_tiles

        write_ground_tiles((town.network for town in self._towns), path, self._seed)

    def vehicle_positions(self, now: float) -> bytes:
        """VehiclePositions as the operator's server answers at `now` (POSIX seconds): each vehicle's latest report,
        vehicles silent for ten minutes left out. In a feed gap the server repeats its last message."""
        day = _day_at(now)
        if day is None:
            return _bytes(new_message(now))
        gap = self._towns[0].day(day).gap()
        said_at = gap.start if gap.start <= now < gap.end else now
        message = new_message(said_at)
        for town in self._towns:
            add_vehicle_positions(message, town.day(day), said_at - day_origin(day), motion=self._motion)
        return _bytes(message)

    def trip_updates(self, now: float) -> bytes:
        """TripUpdates at `now`: what the operator has cancelled or skips, as far as it says so, and its own times."""
        day, message = _day_at(now), new_message(now)
        if day is not None:
            for town in self._towns:
                driven, now_s = town.day(day), now - day_origin(day)
                add_trip_updates(message, driven, now_s, operator_times=self._operator_times)
        return _bytes(message)

    def alerts(self, now: float) -> bytes:
        """Alerts in force at `now`, in French and English."""
        day, message = _day_at(now), new_message(now)
        if day is not None:
            for town in self._towns:
                add_alerts(message, town.day(day), now - day_origin(day))
        return _bytes(message)

    def true_passages(self, day: date) -> pd.DataFrame:
        """What truly happened on a service day: one row for each call that was served.

        Columns: `trip_id`, `start_date` (YYYYMMDD), `stop_sequence`, `stop_id`, `vehicle_id`, `arrival`, `departure`
        (POSIX seconds, float64; equal where the vehicle passed without stopping). At a trip's first stop `arrival` is
        when the vehicle drew up there, at its last `departure` is when it moved on.
        """
        return pd.concat([town.day(day).passages() for town in self._towns], ignore_index=True)

    def lost_calls(self, day: date) -> pd.DataFrame:
        """The scheduled calls of a service day that were not served, and why.

        Columns: `trip_id`, `start_date`, `stop_sequence`, `stop_id`, `incident` (index into `incidents(day)`), `kind`.
        """
        lost, before = list[pd.DataFrame](), 0
        for town in self._towns:
            driven = town.day(day)
            calls = driven.lost_calls()
            lost.append(calls.assign(incident=calls["incident"] + before))
            before += len(driven.disruptions)
        return pd.concat(lost, ignore_index=True)

    def incidents(self, day: date) -> tuple[Incident, ...]:
        """What went wrong on a service day: in each town, then the gap in the feed."""
        driven = [town.day(day) for town in self._towns]
        return (*(incident for town in driven for incident in town.incidents()), driven[0].gap())


def _day_at(now: float) -> date | None:
    """The service day that vehicles drive at `now`; None in the dead of night."""
    today = datetime.fromtimestamp(now, ZoneInfo(TIMEZONE)).date()
    for day in (today, today - timedelta(days=1)):
        if _DAY_BEGINS_S <= now - day_origin(day) < _DAY_ENDS_S:
            return day
    return None


def _bytes(message: object) -> bytes:
    result: bytes = message.SerializeToString(deterministic=True)  # type: ignore[attr-defined]
    return result


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
