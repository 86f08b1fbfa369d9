"""What runs are bound for, as riders are told: a headsign that repeats the line's name is said without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from api.reading.lines import without_name
from predictor.arrays import Int32Array, StrArray
from predictor.runs import DatedRuns
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable

_HABIT_LINES, _HABIT_SHARE = 3, 0.5
"""Where so many lines, and this share of all, write "7-Centre" on their trips, the 7 is the line's name there too."""

_VIA = ("via ", "Via ", "VIA ")


def destinations(snapshot: Snapshot, runs: DatedRuns, call: Int32Array | None = None) -> StrArray:
    """(n,) what runs are bound for, see `Snapshot.headsigns`: the badge beside it tells the line already."""
    tt, signs = snapshot.timetable, snapshot.headsigns(runs, call)
    names = tt.route_short_name[tt.trip_route[runs.trip]]
    repeats = (names != "") & (np.char.find(signs, np.strings.lstrip(names, "0")) >= 0)
    if not _has_streets_named_via(tt.base):
        repeats |= np.logical_or.reduce([np.strings.startswith(signs, via) for via in _VIA])
    repeats = np.flatnonzero(repeats)
    if not len(repeats):
        return signs
    ends_at = snapshot.last_calls(runs, 0 if call is None else call)
    last = tt.stop_name[tt.call_stop[tt.entry_of(runs.trip[repeats], ends_at[repeats])]]
    columns = zip(signs[repeats].tolist(), names[repeats].tolist(), last.tolist(), strict=True)
    hyphened = _names_with_hyphens(tt)
    without = np.array([_without_name(sign, name, stop, hyphened) for sign, name, stop in columns])
    said = signs.astype(np.promote_types(signs.dtype, without.dtype))
    said[repeats] = without
    return said


def destination(snapshot: Snapshot, trip: int, service_day: int, shift_s: int = 0, call: int | None = None) -> str:
    """What one run is bound for, see `destinations`."""
    run = DatedRuns.one(trip, service_day, shift_s)
    return str(destinations(snapshot, run, None if call is None else np.array([call], np.int32))[0])


def usual_destination(snapshot: Snapshot, service_day: int, trips: Int32Array) -> str:
    """What most of these trips (n > 0,) are bound for where they set out on a day."""
    at_first = np.zeros(len(trips), np.int32)
    runs = DatedRuns(trips, np.full(len(trips), service_day, np.int32), at_first)
    return most_common(destinations(snapshot, runs, at_first).tolist())


def most_common(places: Iterable[str]) -> str:
    """The destination that stands there most often, the first of several."""
    times = Counter(places)
    return max(times, key=times.__getitem__)


def destination_of(timetable: Timetable, trip: int) -> str:
    """What a trip is bound for by the timetable: its headsign, the name of its last stop where it has none."""
    last = str(timetable.stop_name[timetable.stop_at(trip, int(timetable.trip_calls[trip]) - 1)])
    name = str(timetable.route_short_name[timetable.trip_route[trip]])
    sign = str(timetable.trip_headsign[trip]) or last
    is_way = sign.startswith(_VIA) and not _has_streets_named_via(timetable.base)
    return _without_name(sign, name, last, _names_with_hyphens(timetable)) if name or is_way else sign


@lru_cache(maxsize=2)
def _names_with_hyphens(tt: Timetable) -> bool:
    """Whether this network writes "7-Centre" on the trips of its lines, as many do that have no better place for the
    line's name: on a single one it may be a name itself, such as "14-Juillet"."""
    routes, trips = np.unique(tt.trip_route, return_index=True)
    begins = np.char.startswith(tt.trip_headsign[trips], np.char.add(tt.route_short_name[routes], "-"))
    lines = int((begins & (tt.route_short_name[routes] != "")).sum())
    return lines >= _HABIT_LINES and lines >= _HABIT_SHARE * len(routes)


@lru_cache(maxsize=2)
def _has_streets_named_via(tt: Timetable) -> bool:
    """Whether streets are called so here, as in Italy."""
    return bool(np.isin(tt.stop_name.astype("U4"), _VIA).any())


def _without_name(sign: str, name: str, last_stop: str, hyphened: bool) -> str:
    is_stop = last_stop.casefold().startswith(sign.casefold())
    rest = sign if is_stop or not name else without_name(sign, name, spaced=True, hyphened=hyphened)
    # The way alone is no destination.
    return f"{last_stop} {rest}" if rest.startswith(_VIA) and not is_stop else rest
