"""When a prediction ends: how long a vehicle that gets no further still stands for its run.

Who waits, stands or strays for long may still go on, and mostly does (`python -m benchmarks.endings` counts how often).
So a prediction ends in two steps. First it is no longer live, and boards say why: the vehicle is overdue at its first
stop, or held up on the way. Then the vehicle is given up: its run goes on without one, by the timetable, and the desk
is told. Who moves on is followed again at once, for nothing is remembered here.

What counts is what reports tell: a vehicle stands when it reports that it stands. One that reports nothing is silent:
its times stay as they were last told, and pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int8Array, Int64Array, first_of_each, is_among, where_true
from predictor.legs import Legs
from predictor.matching import TURNED_M
from predictor.operator_holds import OperatorHolds
from predictor.snapshot import DEADHEAD, FOLLOWED, GIVEN_UP, HELD_UP, IN_SERVICE, LAYOVER, OFF_ROUTE, OVERDUE
from predictor.timetable import Timetable
from predictor.tracks import Tracks

LONG_OVER_S = 3600.0
"""Who was first seen so late, and has not moved since, did not come there late: it was left there, still logged in."""


@dataclass(frozen=True)
class Patience:
    """How long a vehicle that gets no further is believed, seconds (shares: `docs/experiments.md`)."""

    overdue_s: float = 300.0
    """At its first stop so long after its departure a vehicle is overdue,"""
    never_left_s: float = 900.0
    """and after this it is given up."""
    held_up_s: float = 600.0
    """A vehicle that stands on the way for so long, or since its time to go on, is held up,"""
    broken_down_s: float = 1200.0
    """and after this it is given up."""
    strayed_s: float = 900.0
    """A vehicle away from its line for so long is given up."""
    silent_s: float = 120.0
    """A vehicle is silent when it has not reported for so long, or for twice its usual gap where that is more."""


def doubts(
    timetable: Timetable, tracks: Tracks, legs: Legs, holds: OperatorHolds, patience: Patience,
    fleet_stands_since: float = np.nan,
) -> Int8Array:  # fmt: skip
    """What speaks against each vehicle (slots,) on its legs: FOLLOWED (nothing), OVERDUE, HELD_UP or GIVEN_UP.

    One that the operator `holds` at a stop waits there until then.
    `fleet_stands_since`: see `liveness`; of vehicles in the same place since then nobody knows where they are.
    """
    ahead = legs.take(legs.first_call < timetable.trip_calls[legs.trip])
    first = ahead.take(first_of_each(ahead.slot))
    slot, state = first.slot, tracks.state[first.slot]
    leaves = timetable.stay_end[timetable.entry_of(first.trip, first.first_call)]
    held_until = holds.of_first_calls(first)
    due = np.maximum(first.origin(timetable) + timetable.departure_s[leaves], held_until)
    reported, moved_at = tracks.timestamp[slot], tracks.moved_at[slot]
    own = first.order == 0
    begun = own & (tracks.departed[slot] > 0)

    # Who came late, from the trip before or the depot, has only begun to wait; who is still on its way there moves.
    came_at = np.fmax(tracks.since[slot], np.where(state == LAYOVER, tracks.waits_since[slot], -np.inf))
    came_at = np.where(state == DEADHEAD, np.fmax(came_at, moved_at), came_at)
    # Of who stood there before a restart it is known since when.
    got_on_at = tracks.got_on_at[slot]
    came_at = np.where(got_on_at < tracks.heard_at[slot], np.fmin(came_at, got_on_at), came_at)
    waits_since = np.maximum(due, np.where(own, came_at, moved_at))
    waited_s = np.where(begun, 0.0, reported - waits_since)

    # At a stop it may stand until its time, where it has one; not who stood there before its run began, on the way,
    # unless the run begins there today.
    by_times = ~timetable.trip_is_frequency[first.trip]
    stays_put = by_times & ~(got_on_at > tracks.since[slot])
    parked = stays_put & (got_on_at < first.starts_at(timetable))
    parked &= np.isneginf(held_until)
    at_stop = (tracks.departed[slot] < tracks.arrived[slot]) & by_times & ~parked
    stands_since = np.where(at_stop, np.maximum(got_on_at, due), got_on_at)
    stands_since = np.where(stays_put & (got_on_at - due > LONG_OVER_S), due, stands_since)
    stood_s = np.where(begun, reported - stands_since, 0.0)

    # Who broke down and then leaves its line is towed.
    strays = begun & (state == OFF_ROUTE)
    strayed_s = np.where(strays, reported - np.fmax(tracks.on_line_at[slot], tracks.since[slot]), 0.0)
    broken_down = ((state == IN_SERVICE) | strays) & (stood_s > patience.broken_down_s)
    stood_s = np.where(state == IN_SERVICE, stood_s, 0.0)

    gone = (waited_s > patience.never_left_s) | broken_down | (strayed_s > patience.strayed_s)
    # Who comes along its own line the other way may as well drive another run under this one's name.
    overdue = (waited_s > patience.overdue_s) | (
        own & (state == DEADHEAD) & (tracks.against_m[slot] >= TURNED_M) & (reported > due)
    )
    result = np.full(len(tracks), FOLLOWED, np.int8)
    result[slot] = np.where(overdue, OVERDUE, np.where(stood_s > patience.held_up_s, HELD_UP, FOLLOWED))
    # Whose run another drives, or has driven, was left there, still logged in.
    stuck = own & (result[slot] != FOLLOWED)
    if stuck.any():
        driven = np.concatenate([first.run_key[begun & (result[slot] == FOLLOWED)], tracks.finished.run_key])
        gone |= stuck & is_among(first.run_key, driven)
    result[slot[gone]] = GIVEN_UP
    result[tracks.same_place_since <= fleet_stands_since] = GIVEN_UP
    return result


def told_until(tracks: Tracks, patience: Patience) -> Float64Array:
    """Until when the time of each vehicle (slots,) may be put off because it has not come, POSIX seconds.

    Who goes on reporting has not come yet: a time that has passed becomes "now". Of one that is silent, or away from
    its line, nobody knows when it will: its times stay as they are, and pass.
    """
    gap_s = np.fmax(2.0 * tracks.report_gap_s, patience.silent_s)
    return tracks.placed_at + gap_s


def left_to_operator(
    legs: Legs, departure: Float64Array, tracks: Tracks, told_journeys: Int64Array, patience: Patience, now: float
) -> BoolArray:
    """Legs (n,) of silent vehicles whose time at their next call has passed, where the operator tells of the run
    (`told_journeys`), be it that it is over. `departure`: from the calls of all legs, in their order."""
    if len(told_journeys) == 0:
        return np.zeros(len(legs), bool)
    slot, silent = legs.slot[legs.of_call], told_until(tracks, patience) < now
    opens = where_true(first_of_each(slot))
    passed = np.zeros(len(tracks), bool)
    passed[slot[opens]] = departure[opens] < now
    return (silent & passed)[legs.slot] & is_among(legs.journey, told_journeys)
