"""A town's day as it is driven, compiled: all vehicles side by side, in rounds.

Each round takes every vehicle that is due at a stop before the next tick and drives it to its following stop. So a stop
knows when the vehicle before left it, riders gather in between, and late vehicles get later: they bunch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from predictor.compiled import compiled


class Streets(NamedTuple):
    """What the day is driven on. Times are seconds after the origin of the day."""

    free_s: Float64Array
    """(K,) over each link on an empty street."""
    slowness: Float32Array
    """(K, bins) what that is multiplied by."""
    riders: Float64Array
    """(bins,) that come to a stop, in multiples of its average."""
    bin_s: float
    closes_s: Float64Array
    """(disruptions + 1,) when a detour begins, and when it ends; the last one never does."""
    opens_s: Float64Array
    way_length_m: Float64Array
    """(W,) of each way off the lines."""
    yard_speed: float
    """Metres a second on such a way, on one around a closed street, and what it costs beside."""
    detour_speed: float
    yard_s: float
    detour_s: float


class Calls(NamedTuple):
    """All calls of the day; arrays (n,)."""

    slot: Int64Array
    """The line at the stop: whose vehicle before takes the riders."""
    link: Int32Array
    """To the next call, -1 at a trip's last."""
    demand: Float64Array
    """Riders a second at an average hour."""
    departure_s: Int32Array
    """Scheduled."""
    held_s: Float64Array
    tram: BoolArray
    first: BoolArray
    last: BoolArray
    begins: BoolArray
    """Where a vehicle takes up service."""
    timepoint: BoolArray
    detour: Int32Array
    """The disruption that leads around what follows, -1 for none."""
    detour_next: Int64Array
    detour_way: Int64Array


class Chance(NamedTuple):
    """What is left to chance on a day, by call (n,) and by piece."""

    run_noise: Float32Array
    red_draw: Float32Array
    red_size: Float32Array
    rider_noise: Float32Array
    stop_draw: Float32Array
    wait_draw: Float64Array
    late_start_s: Float64Array
    pace: Float64Array
    """(pieces,)"""
    early_s: Float64Array
    """(pieces,)"""


class Driven(NamedTuple):
    """What became of each call (n,): written by `drive`. NaN and -1 where it was not served."""

    arrival_s: Float64Array
    leave_s: Float64Array
    piece: Int32Array
    red_s: Float32Array
    """How long the vehicle stood at a light on the way to the next call."""
    next: Int64Array
    """The piece's next call, -1 at its end: planned before, driven after."""
    way: Int64Array
    """The way off the lines to the next call, -1 where the line is driven."""


@compiled
def drive(
    streets: Streets, calls: Calls, chance: Chance, piece_call: Int64Array, driven: Driven, slots: int,
    tick_s: float, headway_cap_s: float, tram_spacing_s: float, red_share: tuple[float, float],
    red_max_s: tuple[float, float],
) -> None:  # fmt: skip
    """Drive all pieces from their first calls, `piece_call` (pieces,), to their ends.

    Parameters: `slots`: how many values `calls.slot` has; `tick_s`: length of a round; `headway_cap_s`: riders gather
    for no longer; `tram_spacing_s`: between a tram and the one that it cannot overtake; `red_share`, `red_max_s`: share
    of links with a red light and its longest wait, for buses and for trams.
    """
    pieces, bins = len(piece_call), len(streets.riders)
    left = np.full(slots, -np.inf)
    due, at = np.empty(pieces), piece_call.copy()
    for p in range(pieces):
        due[p] = calls.departure_s[at[p]] - chance.early_s[p]
    moved, moved_slot, moved_leave = np.empty(pieces, np.int64), np.empty(pieces, np.int64), np.empty(pieces)
    clock = np.min(due) if pieces else np.inf
    while np.isfinite(clock):
        clock += tick_s
        while True:
            count = 0
            for p in range(pieces):
                if due[p] < clock:
                    moved[count] = p
                    count += 1
            if count == 0:
                break
            for m in range(count):
                p = moved[m]
                i, now = at[p], due[p]
                slot, tram, last = calls.slot[i], calls.tram[i], calls.last[i]
                mode = 1 if tram else 0
                if tram and not calls.first[i]:
                    now = max(now, left[slot] + tram_spacing_s)

                # How long it stands.
                scheduled = float(calls.departure_s[i])
                headway = min(max(now - left[slot], 20.0), headway_cap_s)
                mean = calls.demand[i] * streets.riders[_bin(now, streets.bin_s, bins)] * headway
                boarding = max(np.rint(mean + np.sqrt(mean) * chance.rider_noise[i]), 0.0)
                if tram:
                    leave = now + (18.0 + min(0.35 * boarding, 30.0))
                elif boarding == 0.0 and chance.stop_draw[i] < 0.5:
                    leave = now
                else:
                    leave = now + min(6.0 + 2.3 * boarding, 110.0)
                late_start_s = chance.late_start_s[i]
                # Nearly all drivers wait for their time at timepoints.
                if calls.timepoint[i] and chance.wait_draw[i] < 0.88 and not last:
                    leave = max(leave, scheduled + late_start_s * 0.5 - 10.0)
                if calls.begins[i]:
                    leave = max(now + 20.0, scheduled + late_start_s)
                if last:
                    leave = now + 20.0 + np.float32(25.0) * chance.stop_draw[i]
                leave += calls.held_s[i]
                driven.arrival_s[i], driven.leave_s[i], driven.piece[i] = now, leave, p
                moved_slot[m], moved_leave[m] = slot, leave

                # When it reaches its next call.
                detour, following, way = calls.detour[i], driven.next[i], driven.way[i]
                diverted = detour >= 0 and streets.closes_s[detour] <= leave < streets.opens_s[detour]
                if diverted:
                    following, way = calls.detour_next[i], calls.detour_way[i]
                link = calls.link[i]
                slow = streets.slowness[link, _bin(leave, streets.bin_s, bins)] if link >= 0 else np.float32(1.0)
                red = 0.0
                if way >= 0:
                    speed, beside_s = streets.yard_speed, streets.yard_s
                    if diverted:
                        speed, beside_s = streets.detour_speed, streets.detour_s
                    run = streets.way_length_m[way] / speed * slow + beside_s
                else:
                    # Late drivers hurry a little, early ones dawdle.
                    hurry = 1.0 - min(max((leave - scheduled) / 4000.0, -0.04), 0.04)
                    run = streets.free_s[link] * slow * chance.pace[p] * hurry * chance.run_noise[i]
                    if chance.red_draw[i] < red_share[mode]:
                        red = chance.red_size[i] * red_max_s[mode]
                driven.red_s[i], driven.next[i], driven.way[i] = red, following, way
                if following < 0:
                    due[p] = np.inf
                else:
                    due[p], at[p] = leave + run + red, following
            # Those of one round do not see each other.
            for m in range(count):
                left[moved_slot[m]] = moved_leave[m]
        clock = max(clock, np.min(due))


@compiled
def _bin(at_s: float, bin_s: float, bins: int) -> int:
    return min(max(int(at_s / bin_s), 0), bins - 1)
