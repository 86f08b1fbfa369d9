"""What is known of some trips, their vehicles and the time around them: all that a verdict may rest on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from predictor.explain.gaps import Gap
from predictor.explain.told_times import ToldTimes
from predictor.explain.traces import Traces
from predictor.passages import Passages
from predictor.timetable import Timetable

Journey = tuple[int, int, int]
"""Trip, service day, shift in seconds."""


@dataclass(frozen=True)
class Cancellation:
    """The operator's word that a trip does not run, or does not serve a call."""

    trip: int
    service_day: int
    shift_s: int
    call: int
    """-1: the whole trip."""
    since: float
    """When it was first said, POSIX seconds."""
    until: float
    """When it was last said."""


@dataclass(frozen=True)
class Notice:
    """An alert that was in force, as far as a verdict needs it."""

    alert_id: str
    effect: str
    """GTFS-Realtime Effect in upper case."""
    since: float
    until: float
    patterns: frozenset[int] = frozenset()
    """Of lines that it speaks of as such."""
    calls: frozenset[tuple[int, int]] = frozenset()
    """Pattern and stop of the calls that it names by their stops."""
    trips: frozenset[tuple[int, int]] = frozenset()
    """Trip and service day of the runs that it names, -1 for any day."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Indices are those of the timetable that the verdicts speak of."""

    passages: Passages
    """Of all trips of the blocks concerned, and of their vehicles."""
    traces: Traces
    """Of the vehicles concerned, and of those that named no trip and were around."""
    cancellations: tuple[Cancellation, ...] = ()
    notices: tuple[Notice, ...] = ()
    gaps: tuple[Gap, ...] = ()
    since: float = float("-inf")
    """Nothing is known of what was before, POSIX seconds."""
    until: float = float("inf")
    """Nothing is known of what came after."""
    told: ToldTimes = field(default_factory=ToldTimes.empty)
    """What riders were told of these journeys by the operator's times, no vehicle being seen."""
    line_seen: Mapping[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """Of the lines (routes) with a trip that nobody was seen on: from when to when vehicles were on any of their trips;
    of others nothing."""


def with_their_blocks(timetable: Timetable, journeys: Collection[Journey]) -> set[Journey]:
    """These journeys and all others of their blocks on the same day: a verdict needs evidence of all of them."""
    tt, wanted = timetable, set(journeys)
    for day in {journey[1] for journey in journeys}:
        blocks = np.unique([tt.trip_block[trip] for trip, on, _ in journeys if on == day])
        in_block = np.isin(tt.trip_block, blocks[blocks >= 0]).nonzero()[0].astype(np.int32)
        wanted.update((trip, day, 0) for trip in in_block[tt.runs_on(in_block, day)].tolist())
    return wanted
