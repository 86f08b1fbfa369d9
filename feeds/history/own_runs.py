"""Runs that the operator added, as it told them: no timetable has them, and what became of them is asked for too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from predictor.arrays import NONE
from predictor.overlay import Overlay
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates, UpdatedCalls


@dataclass(frozen=True)
class OwnRunTold:
    """A run that the timetable does not have. Times are POSIX seconds."""

    trip_id: str
    start_date: str
    """YYYYMMDD."""
    shift_s: int
    begins: float
    ends: float
    content: str
    """Its line and its calls, as JSON; ids are the feed's own."""


def own_runs_told(timetable: Timetable) -> list[OwnRunTold]:
    """Those that are laid over a timetable."""
    tt, own = timetable, timetable.own_runs
    told = []
    for run in range(len(own)):
        trip, shift, day = int(own.trip[run]), int(own.shift_s[run]), int(own.service_day[run])
        if _has_run(tt.base, str(tt.trip_id[trip]), day, shift):
            continue
        span = tt.calls_of(trip)
        origin = float(tt.date_origin[day] + shift)
        content = {
            "route": str(tt.route_id[tt.trip_route[trip]]),
            "direction": int(tt.trip_way[trip]),
            "headsign": str(tt.trip_headsign[trip]),
            "relationship": int(own.relationship[run]),
            "stop": tt.stop_id[tt.call_stop[span]].tolist(),
            "stop_sequence": tt.stop_sequence[span].tolist(),
            "arrival_s": tt.arrival_s[span].tolist(),
            "departure_s": tt.departure_s[span].tolist(),
        }
        begins, ends = origin + content["departure_s"][0], origin + content["arrival_s"][-1]
        name = str(tt.trip_id[trip]), str(tt.date[day]), shift
        told.append(OwnRunTold(*name, begins, ends, json.dumps(content, ensure_ascii=False)))
    return told


@lru_cache(maxsize=2)
def laid_over(base: Timetable, told: tuple[OwnRunTold, ...]) -> Timetable:
    """A timetable with runs that were told while it was in use; without those whose line or stops it does not have."""
    known = [(run, content) for run in told if (content := _known(base, run)) is not None]
    if not known:
        return base
    runs, n = [run for run, _ in known], len(known)
    day = np.array([base.date_index[int(run.start_date)] for run in runs], np.int32)
    shift = np.array([run.shift_s for run in runs], np.int32)
    lengths = np.array([len(content["stop"]) for _, content in known])
    of = np.repeat(np.arange(n), lengths)

    def joined(name: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.concatenate([np.array(content[name], np.int32) for _, content in known])

    origin = (base.date_origin[day] + shift).astype(np.float64)[of]
    arrival, departure = origin + joined("arrival_s"), origin + joined("departure_s")
    calls = UpdatedCalls.blank(
        len(of), owner=of, call=np.concatenate([np.arange(length, dtype=np.int32) for length in lengths]),
        stop=joined("stop"), stop_sequence=joined("stop_sequence"), scheduled_arrival=arrival,
        scheduled_departure=departure, pickup_type=np.zeros(len(of), np.int8), drop_off_type=np.zeros(len(of), np.int8),
    )  # fmt: skip
    nothing = np.full(n, "", np.str_)
    updates = TripUpdates(
        timestamp=0.0, trip_id=np.array([run.trip_id for run in runs], np.str_), trip=np.full(n, NONE, np.int32),
        service_day=day, shift_s=shift, start_untold=np.zeros(n, bool),
        route=np.array([content["route"] for _, content in known], np.int32),
        direction=np.array([content["direction"] for _, content in known], np.int8),
        headsign=np.array([content["headsign"] for _, content in known], np.str_), short_name=nothing,
        relationship=np.array([content["relationship"] for _, content in known], np.int8), vehicle_id=nothing,
        vehicle_label=nothing, vehicle_wheelchair=np.zeros(n, np.int8), last_call=(lengths - 1).astype(np.int32),
        own_calls=np.ones(n, bool), own_times=np.ones(n, bool), calls=calls,
    )  # fmt: skip
    return Overlay.none(base).renewed(updates).timetable


def _known(base: Timetable, run: OwnRunTold) -> dict[str, Any] | None:
    """Its content with indices of the timetable in place of ids, None where that lacks one, or has the run."""
    content: dict[str, Any] = json.loads(run.content)
    route, stops = base.route_index.get(content["route"]), [base.stop_index.get(stop) for stop in content["stop"]]
    day = base.date_index.get(int(run.start_date))
    if day is None or None in (route, *stops) or _has_run(base, run.trip_id, day, run.shift_s):
        return None
    return content | {"route": route, "stop": stops}


def _has_run(base: Timetable, trip_id: str, day: int, shift_s: int) -> bool:
    """Whether the timetable itself has a run of that name, in whose place another is."""
    trip = base.trip_index.get(trip_id, NONE)
    if trip < 0 or not base.runs_on(trip, day):
        return False
    if not base.trip_repeats[trip]:
        return shift_s == 0
    return bool((base.journey_shift_s[base.journey_trip == trip] == shift_s).any())
