"""The timetable with the runs that the operator's word of the moment adds, moves and replaces.

Made anew from each full message, so that what the operator no longer says is gone; the base timetable never changes.
The overlay is a timetable itself: runs with calls of their own are trips appended to the base's, each running on one
day, so that every index of the base stays true. A run that another takes the place of does not run on that day, and
`OverlaidTimetable.standing_for` says who does.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from predictor.arrays import NONE, AnyArray, BoolArray, Int32Array, Int64Array, StrArray, first_of_each
from predictor.journeys import journey_key
from predictor.overlaid_timetable import OverlaidTimetable
from predictor.own_patterns import OwnPatterns
from predictor.own_run import OwnRun, content_of
from predictor.runs import DatedRuns
from predictor.timetable import FormerStops, OwnRuns, OwnWays, Timetable
from predictor.trip_updates import TRIP_REPLACEMENT, TripUpdates, UpdatedCalls


@dataclass(frozen=True, eq=False)
class Overlay:
    """The operator's runs over one base timetable."""

    timetable: Timetable
    """The base itself where there are none."""
    contents: tuple[object, ...]
    """What each run is, but for times that are only expected."""
    trip_of: dict[tuple[str, int, int], int]
    """Trip of each run by its id, service day and shift."""
    replaced: Int64Array
    """Sorted journey keys, of the base, that other runs stand for."""

    @classmethod
    def none(cls, base: Timetable) -> Overlay:
        """Nothing but the timetable."""
        return cls(base, (), {}, np.empty(0, np.int64))

    def renewed(self, updates: TripUpdates | None) -> Overlay:
        """The overlay of a message alone; this very one where it says the same."""
        base = self.timetable.base
        if updates is None or not updates.own_calls.any():
            return self if not self.contents else Overlay.none(base)
        rows = np.flatnonzero(updates.own_calls)
        contents = (updates.new_places, *(content_of(updates, row) for row in rows.tolist()))
        if contents == self.contents:
            return self
        base = updates.new_places.added_to(base)
        runs = [OwnRun.of(base, updates, row) for row in rows.tolist()]
        runs = [run.as_first_told(self._former(run)) for run in runs]
        timetable = _overlaid(self.timetable.base, base, runs, self._former_stops(base, runs))
        trips = range(base.trips, base.trips + len(runs))
        return Overlay(
            timetable=timetable,
            contents=contents,
            trip_of={run.name: trip for run, trip in zip(runs, trips, strict=True)},
            replaced=_replaced_journeys(base, runs),
        )

    def runs_told(self, updates: TripUpdates) -> DatedRuns:
        """The runs (n,) of the message that this overlay was made from."""
        trip = updates.trip.copy()
        for row in np.flatnonzero(updates.own_calls).tolist():
            trip[row] = self.trip_of[updates.name_of(row)]
        return DatedRuns(trip, updates.service_day, updates.shift_s)

    def stands_for_another(self, trip: int) -> bool:
        """Whether a run of the operator's own takes the place of the timetable's run of its name."""
        return int(self.timetable.run_relationships[trip]) == TRIP_REPLACEMENT

    def _former(self, run: OwnRun) -> tuple[Int32Array, Int32Array, Int32Array] | None:
        """Stops and scheduled times that the run had so far, None where it is new."""
        trip, tt = self.trip_of.get(run.name), self.timetable
        if trip is None:
            return None
        span = tt.calls_of(trip)
        return tt.call_stop[span], tt.arrival_s[span], tt.departure_s[span]

    def _former_stops(self, base: Timetable, runs: list[OwnRun]) -> FormerStops:
        """Where calls of the runs, the trips behind those of `base`, were told to be made before, but are made neither
        now nor by the timetable."""
        tt, before = self.timetable, self.timetable.former_stops
        found: list[tuple[int, int, int]] = []
        for trip, run in enumerate(runs, base.trips):
            former, own = self._former(run), run.calls
            if former is None or len(former[0]) != len(own):
                continue
            known = before.take(before.trip == self.trip_of[run.name])
            call, stop = np.append(known.call, np.arange(len(own))), np.append(known.stop, former[0])
            planned = tt.call_stop[tt.calls_of(run.trip)] if run.trip >= 0 else np.empty(0, np.int32)
            left = ~np.isin(stop, np.append(own.stop, planned))
            places = dict.fromkeys(zip(call[left].tolist(), stop[left].tolist(), strict=True))
            found += [(trip, *place) for place in places]
        return FormerStops(*np.array(found, np.int32).reshape(-1, 3).T)


def _overlaid(feed: Timetable, base: Timetable, runs: list[OwnRun], former: FormerStops) -> OverlaidTimetable:
    """The base with the runs appended, and without those that they take the place of.

    Parameters: `base`: the feed's timetable with the places that the runs need.
    """
    i8, i32 = np.int8, np.int32
    patterns = OwnPatterns(base)
    named = np.array([base.trip_index.get(run.name[0], NONE) for run in runs], i32)
    own = OwnRuns(
        trip=base.trips + np.arange(len(runs), dtype=i32),
        service_day=np.array([run.name[1] for run in runs], i32),
        shift_s=np.array([run.name[2] for run in runs], i32),
        relationship=np.array([run.relationship for run in runs], i8),
        model=np.array([run.trip for run in runs], i32),
    )
    trip_id = np.array([run.name[0] for run in runs], np.str_)
    # Who takes a run's place drives on with its block.
    keeps_block = (named == own.model) & (own.shift_s == 0)
    lengths, calls = [len(run.calls) for run in runs], UpdatedCalls.joined(*(run.calls for run in runs))
    of_call = np.repeat(np.arange(len(runs)), lengths)
    arrival_s = np.concatenate([run.arrival_s for run in runs])
    departure_s = np.concatenate([run.departure_s for run in runs])
    headsign = np.array([run.headsign for run in runs], np.str_)
    bound_as_model = (headsign == base.trip_headsign[own.model])[of_call]
    # The call of the model that each is, -1 where there is none.
    has_model = (own.model[of_call] >= 0) & (calls.base_call >= 0)
    entry = np.where(has_model, base.trip_call_ptr[own.model[of_call]] + calls.base_call, NONE)
    call_headsign, headsign_name = _call_headsigns(base, calls, np.where(bound_as_model, entry, NONE))
    of_runs = {
        "trip_id": trip_id,
        "trip_pattern": np.array([patterns.of(run) for run in runs], i32),
        "trip_headsign": headsign,
        "trip_short_name": _short_names(base, runs),
        "trip_block": np.where(keeps_block, np.append(base.trip_block, i32(NONE))[named], i32(NONE)),
        "trip_wheelchair": np.append(base.trip_wheelchair, i8(0))[own.model],
        "trip_bikes": np.append(base.trip_bikes, i8(0))[own.model],
        "trip_call_ptr": base.trip_call_ptr[-1] + np.cumsum(lengths),
        "arrival_s": arrival_s,
        "departure_s": departure_s,
        "stop_sequence": calls.stop_sequence,
        # Timing points are the first stops, and those of the trips that runs are made after;
        "timepoint": first_of_each(of_call) | (has_model & base.timepoint[entry]),
        # times are reckoned where they are those of these trips, and where nobody states any.
        "reckoned": calls.unplanned | (has_model & base.reckoned[entry] & (base.departure_s[entry] == departure_s)),
        "pickup_type": calls.pickup_type,
        "drop_off_type": calls.drop_off_type,
        "call_headsign": call_headsign,
        "journey_trip": own.trip,
        "journey_shift_s": own.shift_s,
        "journey_headway_s": np.zeros(len(runs), i32),
    }
    columns = {f.name: getattr(base, f.name) for f in fields(Timetable)} | patterns.columns()
    columns |= {name: np.append(columns[name], column) for name, column in of_runs.items()}
    columns |= _calendars(base, trip_id, named, own) | {"headsign_name": headsign_name}
    firsts = columns["trip_call_ptr"][own.trip].tolist()
    ways = OwnWays.joined(*(run.own_ways(first) for run, first in zip(runs, firsts, strict=True)))
    return OverlaidTimetable(**columns, base_timetable=feed, own_runs=own, former_stops=former, own_ways=ways)


def _calendars(base: Timetable, trip_id: StrArray, named: Int32Array, own: OwnRuns) -> dict[str, AnyArray]:
    """Calendars behind the base's: of each base trip (`named` by the runs) that is replaced on some day, without those
    days, and of each run; and `trip_service` by them."""
    hides = (named >= 0) & _has_one_journey(base)[named] & (own.shift_s == 0)
    replaced, of_replaced = np.unique(named[hides], return_inverse=True)
    without = base.service_active[base.trip_service[replaced]].copy()
    without[of_replaced, own.service_day[hides]] = False
    trip_service = base.trip_service.copy()
    trip_service[replaced] = len(base.service_id) + np.arange(len(replaced))
    own_service = len(base.service_id) + len(replaced) + np.arange(len(own), dtype=np.int32)
    names = [f"without {name}" for name in base.trip_id[replaced].tolist()]
    names += [f"run of {name}" for name in trip_id.tolist()]
    return {
        "trip_service": np.append(trip_service, own_service),
        "service_id": np.append(base.service_id, np.array(names, np.str_)),
        "service_active": np.concatenate(
            [base.service_active, without, np.arange(len(base.date)) == own.service_day[:, None]]
        ),
    }


def _call_headsigns(base: Timetable, calls: UpdatedCalls, entry: Int64Array) -> tuple[Int32Array, StrArray]:
    """`call_headsign` of the runs' calls (c,), and all names: as told, else as the timetable has it for its call
    `entry` (c,)."""
    index = {name: i for i, name in enumerate(base.headsign_name.tolist())}
    sign = np.where(entry >= 0, base.call_headsign[entry], np.int32(NONE))
    for call in np.flatnonzero(calls.stop_headsign != "").tolist():
        sign[call] = index.setdefault(str(calls.stop_headsign[call]), len(index))
    return sign, np.array(list(index), np.str_)


def _short_names(base: Timetable, runs: list[OwnRun]) -> StrArray:
    return np.array(
        [run.short_name or (str(base.trip_short_name[run.trip]) if run.trip >= 0 else "") for run in runs], np.str_
    )


def _has_one_journey(base: Timetable) -> BoolArray:
    """(T,) trips that are no more than one run a day."""
    return np.bincount(base.journey_trip, minlength=max(base.trips, 1)) <= 1


def _replaced_journeys(base: Timetable, runs: list[OwnRun]) -> Int64Array:
    """Sorted keys of the journeys replaced of trips that run several times a day, which no calendar can take out."""
    keys = [np.empty(0, np.int64)]
    several = ~_has_one_journey(base)
    for trip_id, day, shift in (run.name for run in runs):
        trip = base.trip_index.get(trip_id, NONE)
        if trip >= 0 and several[trip]:
            journey = np.flatnonzero((base.journey_trip == trip) & (base.journey_shift_s == shift)).astype(np.int32)
            keys.append(journey_key(np.full(len(journey), day, np.int32), journey))
    return np.unique(np.concatenate(keys))
