"""One run of the operator's own, with the calls that its message gives it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import Int32Array
from predictor.timetable import OwnWays, Timetable
from predictor.trip_updates import RunShape, TripUpdates, UpdatedCalls

_AS_MADE = ("stop", "stop_sequence", "pickup_type", "drop_off_type", "base_call", "unplanned")
_WHEN = ("scheduled_arrival", "scheduled_departure")
"""Columns of calls that tell where and for whom they are made, and when they were to be."""


def content_of(updates: TripUpdates, row: int) -> tuple[object, ...]:
    """What a run of a message is, but for times that are only expected: the same where nothing else has changed."""
    calls, as_made = updates.calls.take(updates.calls_of(row)), _AS_MADE + _WHEN * bool(updates.own_times[row])
    return (
        updates.name_of(row), int(updates.trip[row]), int(updates.route[row]), int(updates.direction[row]),
        str(updates.headsign[row]), str(updates.short_name[row]), tuple(calls.stop_headsign.tolist()),
        *(getattr(calls, name).tobytes() for name in as_made),
        shape_content(updates.shapes.get(row)),
    )  # fmt: skip


def shape_content(shape: RunShape | None) -> tuple[bytes, ...]:
    """The way of a run, () where it is its pattern's."""
    return () if shape is None else (shape.lat.tobytes(), shape.lon.tobytes(), shape.call_m.tobytes())


@dataclass(frozen=True, eq=False)
class OwnRun:
    """One run with `calls` of its own, arrays (c,)."""

    name: tuple[str, int, int]
    trip: int
    route: int
    direction: int
    headsign: str
    short_name: str
    relationship: int
    own_times: bool
    calls: UpdatedCalls
    arrival_s: Int32Array
    """As scheduled, seconds after the origin of the service day, less the run's shift."""
    departure_s: Int32Array
    shape: RunShape | None
    """Its way, where it is not its pattern's."""

    @classmethod
    def of(cls, base: Timetable, updates: TripUpdates, row: int) -> OwnRun:
        """One run of a message."""
        calls = updates.calls.take(updates.calls_of(row))
        _, day, shift = name = updates.name_of(row)
        origin = float(base.date_origin[day] + shift)
        return cls(
            name=name, trip=int(updates.trip[row]), route=int(updates.route[row]),
            direction=int(updates.direction[row]), headsign=str(updates.headsign[row]),
            short_name=str(updates.short_name[row]), relationship=int(updates.relationship[row]),
            own_times=bool(updates.own_times[row]), calls=calls,
            arrival_s=np.round(calls.scheduled_arrival - origin).astype(np.int32),
            departure_s=np.round(calls.scheduled_departure - origin).astype(np.int32),
            shape=updates.shapes.get(row),
        )  # fmt: skip

    def own_ways(self, first: int) -> OwnWays:
        """The ways that its trip does not have. `first`: entry of its first call."""
        calls, told_s = self.calls, np.diff(self.calls.arrival)
        differs = (self.trip >= 0) & ((calls.base_call[:-1] < 0) | (np.diff(calls.base_call) != 1)) & (told_s > 0.0)
        return OwnWays(entry=first + np.flatnonzero(differs), told_s=told_s[differs])

    def as_first_told(self, former: tuple[Int32Array, Int32Array, Int32Array] | None) -> OwnRun:
        """With the scheduled times that it had: those only expected move with every message, a timetable does not."""
        if self.own_times or former is None or not np.array_equal(former[0], self.calls.stop):
            return self
        return replace(self, arrival_s=former[1], departure_s=former[2])
