"""transfers.txt: for which trips riders stay aboard: one vehicle drives both. What else it says is for who plans
journeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from feeds.gtfs.tables import numbers, words
from feeds.gtfs.trips import Trips
from predictor.arrays import Int32Array, StrArray
from predictor.columns import Columns

_IN_SEAT = 4


@dataclass(frozen=True, eq=False)
class Continuations(Columns):
    """All arrays (n,); the meaning is that of the `continuation_` fields of `Timetable`."""

    trip: Int32Array
    to: Int32Array


def read_continuations(tables: Mapping[str, pd.DataFrame], trip_id: StrArray) -> Continuations:
    """Build the in-seat transfers between trips of the timetable."""
    frame = tables.get("transfers")
    if frame is None or not {"from_trip_id", "to_trip_id"} <= set(frame.columns):
        return Continuations.empty()
    frame = frame[numbers(frame, "transfer_type") == _IN_SEAT]
    index = pd.Index(trip_id)
    ends = [index.get_indexer(pd.Index(words(frame, name).to_numpy(object))) for name in ("from_trip_id", "to_trip_id")]
    pairs = np.unique(np.column_stack(ends).astype(np.int32), axis=0)
    pairs = pairs[(pairs >= 0).all(axis=1) & (pairs[:, 0] != pairs[:, 1])]
    return Continuations(trip=pairs[:, 0].copy(), to=pairs[:, 1].copy())


def in_their_blocks(trips: Trips, goes_on: Continuations) -> Trips:
    """The trips, those that one vehicle drives in one block: theirs where one of them has any, else a new one."""
    if not len(goes_on):
        return trips
    first, before = np.arange(len(trips.trip_id)), np.empty(0, np.int64)
    while not np.array_equal(first, before):
        before = first.copy()
        np.minimum.at(first, goes_on.to, before[goes_on.trip])
        np.minimum.at(first, goes_on.trip, before[goes_on.to])
    block, driven = trips.block_id.tolist(), np.union1d(goes_on.trip, goes_on.to)
    chains = list(zip(driven.tolist(), first[driven].tolist(), strict=True))
    told = {chain: block[trip] for trip, chain in chains if block[trip]}
    for trip, chain in chains:
        block[trip] = block[trip] or told.get(chain, f"from {trips.trip_id[chain]}")
    return replace(trips, block_id=np.array(block, np.str_))
