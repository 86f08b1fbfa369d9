"""Runs as messages call them, in the timetable's terms: for vehicle positions and the operator's updates alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np

from feeds.gtfs.written_dates import existing_date
from feeds.ids.known_ids import LONGEST, indices_of, known_indices, routes_named
from feeds.ids.shortened_ids import trips_meant
from feeds.service_times import start_seconds
from predictor.arrays import NONE, BoolArray, Int8Array, Int32Array
from predictor.named_runs import RunNames
from predictor.timetable import Timetable

_FEW = 3


def run_names(
    trip_id: Sequence[str],
    route_id: Sequence[str],
    start_date: Sequence[str],
    start_time: Sequence[str],
    direction: Int8Array,
    may_be_new: BoolArray,
    timetable: Timetable,
    received_at: float,
    refused: Counter[str],
) -> tuple[RunNames, Int32Array, BoolArray]:
    """What runs (n,) are called, their routes, -1 where not known, and whether they name a date that cannot be read;
    what cannot be read is counted in `refused`.

    `may_be_new` (n,): the timetable need not have it. Such a run's id is one of its own, however like it another is.
    """
    as_written = np.array([name in timetable.trip_index for name in trip_id], bool)
    trip = indices_of(trip_id, timetable.trip_index, timetable)
    trip = np.where(may_be_new & ~as_written, np.int32(NONE), trip)
    route = known_indices(route_id, routes_named(timetable), timetable, "unknown_route", refused)
    date, is_unread = _parsed(start_date, existing_date, 0, "start_date_malformed", refused)
    # Zeros stand for no date.
    is_unread &= np.array([text.strip("0") != "" for text in start_date], bool)
    meant, date = trips_meant(trip_id, date, route, trip, may_be_new, timetable, received_at)
    start_time_s, _ = _parsed(start_time, start_seconds, NONE, "start_time_malformed", refused)
    refused["trip_id_written_otherwise"] += int((meant != trip).sum())
    names = RunNames(
        trip=meant,
        # Ids change from one timetable to the next; lines and times hardly do.
        route=np.where((meant < 0) & ~may_be_new, route, NONE).astype(np.int32),
        direction=direction,
        service_date=date,
        start_time_s=start_time_s,
    )
    return names, route, is_unread


def a_few(names: Sequence[str]) -> tuple[str, ...]:
    """Examples of names that the timetable does not have."""
    return tuple(name[:LONGEST] for name in islice(dict.fromkeys(names), _FEW))


def _parsed(
    texts: Sequence[str], parse: Callable[[str], int | None], absent: int, reason: str, refused: Counter[str]
) -> tuple[Int32Array, BoolArray]:
    """The values (n,) of texts, `absent` where these cannot be read, and whether they cannot."""
    values = list(map(parse, texts))
    refused[reason] += values.count(None) - texts.count("")
    return (
        np.array([absent if value is None else value for value in values], np.int32),
        np.array([value is None for value in values], bool),
    )
