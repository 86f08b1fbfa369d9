"""The vehicles, their on-board computers' habits, and who drives what on a day."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from feeds.simulator.network import id_prefix
from feeds.simulator.operation import Operation
from feeds.simulator.schedule import Schedule
from predictor.arrays import BoolArray, Float64Array, Int32Array

_SPARE_VEHICLES = 6
_TURNAROUND_S = 1800.0


@dataclass(frozen=True, eq=False)
class Fleet:
    """All vehicles of a town; arrays (n,)."""

    vehicle_id: list[str]
    is_tram: BoolArray
    interval_s: Float64Array
    """Time between reports."""
    skew_s: Float64Array
    """How far the on-board clock is ahead."""
    names_trip: BoolArray
    """Whether its reports name the trip."""


def build_fleet(town: int, weekday: Schedule, seed: int, trip_ids: float) -> Fleet:
    """Enough vehicles for a town's weekday. `trip_ids`: share of them that name their trip."""
    names: list[str] = []
    tram_of: list[bool] = []
    for is_tram, first in ((True, 51), (False, 201)):
        # A vehicle may drive several blocks a day; one for each block is always enough.
        n = int(np.count_nonzero(weekday.block_is_tram == is_tram)) + _SPARE_VEHICLES
        names += [f"{id_prefix(town)}{first + i}" for i in range(n)]
        tram_of += [is_tram] * n
    rng = np.random.default_rng([seed, 7, town])
    n = len(names)
    skew = rng.normal(0.0, 1.2, n) + np.where(rng.random(n) < 0.03, rng.uniform(-15.0, 15.0, n), 0.0)
    return Fleet(
        vehicle_id=names, is_tram=np.array(tram_of, bool),
        interval_s=rng.uniform(15.0, 30.0, n), skew_s=skew, names_trip=rng.random(n) < trip_ids,
    )  # fmt: skip


def assign_vehicles(fleet: Fleet, schedule: Schedule, operation: Operation, rng: np.random.Generator) -> Int32Array:
    """(pieces,) the vehicle that drives each piece: whoever is in the depot, each day in another order."""
    vehicle = np.empty(len(operation.piece_block), np.int32)
    tram = schedule.block_is_tram[operation.piece_block]
    for mode in np.unique(tram).tolist():
        depot = np.flatnonzero(fleet.is_tram == mode)
        rank = rng.permutation(len(depot)).tolist()
        home = [(-np.inf, r, int(v)) for r, v in zip(rank, depot.tolist(), strict=True)]
        home.sort()
        pieces = np.flatnonzero(tram == mode)
        for piece in pieces[np.argsort(operation.piece_begin_s[pieces], kind="stable")].tolist():
            back, r, v = heappop(home)
            if back > operation.piece_begin_s[piece]:
                msg = "there are too few vehicles for the blocks: give the town more spare ones"
                raise RuntimeError(msg)
            vehicle[piece] = v
            heappush(home, (float(operation.piece_end_s[piece]) + _TURNAROUND_S, r, v))
    return vehicle
