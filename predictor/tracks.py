"""What the engine remembers of each vehicle between two steps."""

from __future__ import annotations

import numpy as np

from predictor.arrays import NONE, BoolArray, Float32Array, Float64Array, Int8Array, Int32Array, Int64Array, StrArray
from predictor.observations import Observations
from predictor.snapshot import UNMATCHED

_FIELDS: dict[str, tuple[type[np.generic], float]] = {
    "lat": (np.float64, np.nan),
    "lon": (np.float64, np.nan),
    "bearing": (np.float32, np.nan),
    "speed": (np.float32, np.nan),
    "timestamp": (np.float64, -np.inf),
    "occupancy": (np.int8, NONE),
    "anchor_lat": (np.float64, np.nan),
    "anchor_lon": (np.float64, np.nan),
    "course": (np.float64, np.nan),
    "moved_at": (np.float64, -np.inf),
    "state": (np.int8, UNMATCHED),
    "trip": (np.int32, NONE),
    "service_day": (np.int32, NONE),
    "shift_s": (np.int32, 0),
    "distance_m": (np.float64, np.nan),
    "arrived": (np.int32, 0),
    "departed": (np.int32, 0),
    "arrived_at": (np.float64, np.nan),
    "arrived_sd_s": (np.float64, np.nan),
    "since": (np.float64, np.nan),
    "delay_s": (np.float64, np.nan),
    "delay_before_s": (np.float64, np.nan),
    "driven_s": (np.float64, 0.0),
    "expected_s": (np.float64, 0.0),
    "report_gap_s": (np.float64, np.nan),
    "on_line_at": (np.float64, np.nan),
    "away": (np.int32, 0),
    "heard_at": (np.float64, np.nan),
    "named_at": (np.float64, -np.inf),
    "finished_trip": (np.int32, NONE),
    "finished_day": (np.int32, NONE),
    "finished_shift_s": (np.int32, 0),
    "guess_trip": (np.int32, NONE),
    "guess_m": (np.float64, np.nan),
    "guesses": (np.int32, 0),
}


class Tracks:
    """Struct of arrays with one slot a vehicle, growing as vehicles appear; all arrays (capacity,).

    lat, lon, bearing, speed, timestamp, occupancy: the last report.
    anchor_lat, anchor_lon, course, moved_at: where the last real movement ended, its direction in degrees, and when.
    state, trip, service_day, shift_s, distance_m: the match. since: when this journey was taken up.
    arrived, departed: numbers of the trip's calls arrived at and left: where departed < arrived it stands at one.
    arrived_at, arrived_sd_s: when it arrived at the last of them (left it, at a trip's first stop).
    delay_s, delay_before_s: schedule deviation at the last call arrived at, and some calls before.
    driven_s, expected_s: link times of late, measured and expected, fading: their ratio is the vehicle's own pace.
    report_gap_s: usual time between two of its reports. on_line_at: when it was last seen on the line of its journey.
    away: reports in a row off it. heard_at: its first report. named_at: when it last named a trip itself.
    finished_*: the journey last finished. guess_*: the assignment being tried for a vehicle that names no trip.
    """

    lat: Float64Array
    lon: Float64Array
    bearing: Float32Array
    speed: Float32Array
    timestamp: Float64Array
    occupancy: Int8Array
    anchor_lat: Float64Array
    anchor_lon: Float64Array
    course: Float64Array
    moved_at: Float64Array
    state: Int8Array
    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    distance_m: Float64Array
    arrived: Int32Array
    departed: Int32Array
    arrived_at: Float64Array
    arrived_sd_s: Float64Array
    since: Float64Array
    delay_s: Float64Array
    delay_before_s: Float64Array
    driven_s: Float64Array
    expected_s: Float64Array
    report_gap_s: Float64Array
    on_line_at: Float64Array
    away: Int32Array
    heard_at: Float64Array
    named_at: Float64Array
    finished_trip: Int32Array
    finished_day: Int32Array
    finished_shift_s: Int32Array
    guess_trip: Int32Array
    guess_m: Float64Array
    guesses: Int32Array

    def __init__(self) -> None:
        self._slot: dict[str, int] = {}
        self.vehicle_id: StrArray = np.empty(0, "U1")
        self.label: StrArray = np.empty(0, "U1")
        for name, (dtype, _) in _FIELDS.items():
            setattr(self, name, np.empty(0, dtype))

    def __len__(self) -> int:
        return len(self._slot)

    @property
    def names_its_trip(self) -> BoolArray:
        """Whether each vehicle has named a trip since it took up its journey: if not, that was found for it."""
        # On no journey yet, `since` is NaN.
        named: BoolArray = self.named_at >= np.fmax(self.since, -np.finfo(np.float64).max)
        return named

    def slots_of(self, observations: Observations) -> Int64Array:
        """Slot of each report's vehicle (n,), new slots for new vehicles."""
        names = observations.vehicle_id.tolist()
        slot = np.fromiter(map(self._slot.get, names, [NONE] * len(names)), np.int64, len(names))
        fresh = np.flatnonzero(slot < 0)
        if len(fresh):
            known = len(self._slot)
            for name in observations.vehicle_id[fresh].tolist():
                self._slot.setdefault(name, len(self._slot))
            self.vehicle_id = np.array(list(self._slot), np.str_)
            self.label = np.concatenate([self.label, self.vehicle_id[known:]])
            for field, (dtype, nothing) in _FIELDS.items():
                more = np.full(len(self._slot) - known, nothing, dtype)
                setattr(self, field, np.concatenate([getattr(self, field), more]))
            slot = np.fromiter(map(self._slot.__getitem__, names), np.int64, len(names))
            width = max(int(self.label.dtype.itemsize), int(observations.vehicle_label.dtype.itemsize)) // 4
            self.label = self.label.astype(f"U{max(width, 1)}")
            self.label[slot] = np.where(
                observations.vehicle_label == "", observations.vehicle_id, observations.vehicle_label
            )
        return slot

    def forget(self, gone: BoolArray) -> None:
        """Drop vehicles (capacity,) for good."""
        if not gone.any():
            return
        keep = ~gone
        self.vehicle_id, self.label = self.vehicle_id[keep], self.label[keep]
        self._slot = {name: i for i, name in enumerate(self.vehicle_id.tolist())}
        for field in _FIELDS:
            setattr(self, field, getattr(self, field)[keep])

    def release(self, slot: Int64Array) -> None:
        """Take the trip from vehicles (n,)."""
        for field in ("trip", "service_day", "shift_s", "distance_m", "arrived", "departed", "arrived_at",
                      "arrived_sd_s", "since", "on_line_at", "away", "state", "delay_s", "delay_before_s"):  # fmt: skip
            getattr(self, field)[slot] = _FIELDS[field][1]
