"""One run of the operator's own, with the calls that its message gives it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import Int8Array, Int32Array, StrArray
from predictor.timetable import Timetable
from predictor.trip_updates import RunShape, TripUpdates


def content_of(updates: TripUpdates, row: int) -> tuple[object, ...]:
    """What a run of a message is, but for times that are only expected: the same where nothing else has changed."""
    span = updates.calls_of(row)
    stated = bool(updates.own_times[row])
    return (
        updates.name_of(row), int(updates.trip[row]), int(updates.route[row]), int(updates.direction[row]),
        str(updates.headsign[row]), str(updates.short_name[row]), updates.stop[span].tobytes(),
        updates.stop_sequence[span].tobytes(), updates.pickup_type[span].tobytes(),
        updates.drop_off_type[span].tobytes(), updates.base_call[span].tobytes(),
        tuple(updates.stop_headsign[span].tolist()),
        (updates.scheduled_arrival[span].tobytes(), updates.scheduled_departure[span].tobytes()) if stated else None,
        shape_content(updates.shapes.get(row)),
    )  # fmt: skip


def shape_content(shape: RunShape | None) -> tuple[bytes, ...]:
    """The way of a run, () where it is its pattern's."""
    return () if shape is None else (shape.lat.tobytes(), shape.lon.tobytes(), shape.call_m.tobytes())


@dataclass(frozen=True, eq=False)
class OwnRun:
    """One run with calls of its own, arrays (c,)."""

    name: tuple[str, int, int]
    trip: int
    route: int
    direction: int
    headsign: str
    short_name: str
    relationship: int
    own_times: bool
    stop: Int32Array
    stop_sequence: Int32Array
    arrival_s: Int32Array
    """Seconds after the origin of the service day, less the run's shift."""
    departure_s: Int32Array
    base_call: Int32Array
    pickup_type: Int8Array
    drop_off_type: Int8Array
    stop_headsign: StrArray
    shape: RunShape | None
    """Its way, where it is not its pattern's."""

    @classmethod
    def of(cls, base: Timetable, updates: TripUpdates, row: int) -> OwnRun:
        """One run of a message."""
        span = updates.calls_of(row)
        _, day, shift = name = updates.name_of(row)
        origin = float(base.date_origin[day] + shift)
        return cls(
            name=name, trip=int(updates.trip[row]), route=int(updates.route[row]),
            direction=int(updates.direction[row]), headsign=str(updates.headsign[row]),
            short_name=str(updates.short_name[row]), relationship=int(updates.relationship[row]),
            own_times=bool(updates.own_times[row]), stop=updates.stop[span], stop_sequence=updates.stop_sequence[span],
            arrival_s=np.round(updates.scheduled_arrival[span] - origin).astype(np.int32),
            departure_s=np.round(updates.scheduled_departure[span] - origin).astype(np.int32),
            base_call=updates.base_call[span], pickup_type=updates.pickup_type[span],
            drop_off_type=updates.drop_off_type[span], stop_headsign=updates.stop_headsign[span],
            shape=updates.shapes.get(row),
        )  # fmt: skip

    def as_first_told(self, former: tuple[Int32Array, Int32Array, Int32Array] | None) -> OwnRun:
        """With the scheduled times that it had: those only expected move with every message, a timetable does not."""
        if self.own_times or former is None or not np.array_equal(former[0], self.stop):
            return self
        return replace(self, arrival_s=former[1], departure_s=former[2])
