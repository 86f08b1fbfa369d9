"""What would be lost by going on with a new timetable: a feed of another city, an expired one or one whose trips have
other names is sound in itself, and takes every live time away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from predictor.arrays import Float64Array, StrArray
from predictor.geometry import ground_distance_m
from predictor.timetable import Timetable

LEAST_SHARE = 0.5
"""Of what is there now that a timetable must keep to be taken without a word."""
LEAST_OF_REPORTS = 0.2
"""Where fewer of the reports name trips that would be lost, the feed has moved on to the new timetable already."""
MOVED_M = 500.0
"""A stop further away than this is another one of the same name."""
_COMPARED_STOPS = 1000


@dataclass(frozen=True)
class TimetableFit:
    """A new timetable held against the one in use."""

    vehicles: int
    """Vehicles whose trip the feed names and the timetable in use knows."""
    vehicles_kept: int
    """Those whose trip the new one knows too."""
    stops: int
    """Stops that are served now, or a sample of them."""
    stops_moved: int
    """Those that the new one serves elsewhere, by more than MOVED_M."""
    stops_kept: int
    """Those that the new one serves, by their own or another name."""
    trips_today: int
    """Trips of today by the timetable in use."""
    trips_today_then: int
    """By the new one."""
    first_day: int
    """First day, YYYYMMDD, on which the new one has trips."""
    last_day: int
    reports: int
    """Vehicles in the feed's last message."""

    @property
    def losses(self) -> list[str]:
        """What speaks against it, in words; empty where it fits."""
        lost = self.vehicles - self.vehicles_kept
        words = []
        if lost > (1 - LEAST_SHARE) * self.vehicles and lost >= LEAST_OF_REPORTS * self.reports:
            words.append(f"the trips of {lost:,} of the {self.vehicles:,} vehicles that run now are not in it")
        if self.stops_kept < LEAST_SHARE * self.stops:
            moved = f" ({self.stops_moved:,} have moved by more than {MOVED_M:.0f} m)" if self.stops_moved else ""
            words.append(f"{self.stops - self.stops_kept:,} of {self.stops:,} stops are not in it{moved}")
        if self.trips_today and not self.trips_today_then:
            days = f"it runs from {self.first_day} to {self.last_day}" if self.first_day else "it has no day at all"
            words.append(f"it has no trip today, where {self.trips_today:,} run ({days})")
        return words


@dataclass(frozen=True)
class WaitingTimetable:
    """A new timetable that is not taken without a word."""

    timetable: Timetable
    fit: TimetableFit
    unproven: bool = False
    """Most of its trips have other names than those in use, and no vehicle has reported yet that says which are right:
    it is looked at again when they have."""

    @property
    def losses(self) -> list[str]:
        """What speaks against it, in words."""
        unproven = "its trips have other names, and no vehicle has said yet which are right"
        return [*self.fit.losses, *([unproven] if self.unproven else [])]

    @property
    def reason(self) -> str:
        """Why it waits, and what to do, in words."""
        return (
            f"a new timetable ({self.timetable.feed_version:.12}) waits for your word, the old one stays: "
            f"{'; '.join(self.losses)}. Take it at the desk or by POST /v1/timetable where that is right."
        )


def fit_of(current: Timetable, new: Timetable, now: float, named_trips: StrArray, reports: int) -> TimetableFit:
    """Hold a new timetable against the one in use.

    Parameters: `now` POSIX seconds; `named_trips` (n,) trip ids of the vehicle feed's last message, as far as the
    timetable in use knows them; `reports`: vehicles in it.
    """
    named = named_trips[np.isin(named_trips, current.trip_id)]
    served, then = np.unique(current.call_stop), np.unique(new.call_stop)
    served = served[:: max(len(served) // _COMPARED_STOPS, 1)]
    away_m = _away_m(current, served, new)
    nearest_m = _nearest_m(current, served, new, then)
    days = np.flatnonzero(_trips_by_day(new))
    return TimetableFit(
        vehicles=len(named),
        vehicles_kept=int(np.isin(named, new.trip_id).sum()),
        stops=len(served),
        stops_moved=int((away_m > MOVED_M).sum()),
        stops_kept=int(((away_m <= MOVED_M) | (nearest_m <= MOVED_M)).sum()),
        trips_today=_trips_on(current, now),
        trips_today_then=_trips_on(new, now),
        first_day=int(new.date[days[0]]) if len(days) else 0,
        last_day=int(new.date[days[-1]]) if len(days) else 0,
        reports=reports,
    )


def trips_of_today(timetable: Timetable, now: float) -> StrArray:
    """(n,) ids of the trips that run on the day of `now`."""
    tt = timetable
    days = np.flatnonzero(tt.date == _today(tt, now))
    services = np.flatnonzero(tt.service_active[:, days].any(axis=1))
    return tt.trip_id[np.isin(tt.trip_service, services)]


def _today(timetable: Timetable, now: float) -> int:
    return int(datetime.fromtimestamp(now, ZoneInfo(timetable.timezone)).strftime("%Y%m%d"))


def _trips_by_day(timetable: Timetable) -> Float64Array:
    trips = np.bincount(timetable.trip_service, minlength=len(timetable.service_id))
    return (trips @ timetable.service_active).astype(np.float64)


def _trips_on(timetable: Timetable, now: float) -> int:
    return int(_trips_by_day(timetable)[timetable.date == _today(timetable, now)].sum())


def _away_m(current: Timetable, served: np.ndarray, new: Timetable) -> Float64Array:
    """(n,) how far the new timetable puts each of the stops away, NaN where it has none of this id."""
    place = {name: i for i, name in enumerate(new.stop_id.tolist())}
    place_in_new = np.array([place.get(name, -1) for name in current.stop_id[served].tolist()], np.int64)
    gap_m = ground_distance_m(
        current.stop_lat[served], current.stop_lon[served], new.stop_lat[place_in_new], new.stop_lon[place_in_new]
    )
    return np.where(place_in_new >= 0, gap_m, np.nan)


def _nearest_m(current: Timetable, served: np.ndarray, new: Timetable, then: np.ndarray) -> Float64Array:
    """(n,) how far it is from each of the stops to the nearest that the new timetable serves."""
    if len(then) == 0:
        return np.full(len(served), np.inf)
    return np.array([
        np.nanmin(ground_distance_m(new.stop_lat[then], new.stop_lon[then], lat, lon), initial=np.inf)
        for lat, lon in zip(current.stop_lat[served].tolist(), current.stop_lon[served].tolist(), strict=True)
    ])  # fmt: skip
