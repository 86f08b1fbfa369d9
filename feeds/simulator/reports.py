"""What the vehicles' computers report: where they think they are, now and then, and what gets lost on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from feeds.simulator.fleet import Fleet
from feeds.simulator.operation import Legs, Operation
from feeds.simulator.paths import locate
from predictor.arrays import BoolArray, Float32Array, Float64Array, Int8Array, Int32Array, Int64Array, expand_ranges
from predictor.geometry import METRES_PER_DEGREE
from predictor.observations import IN_TRANSIT_TO, INCOMING_AT, STOPPED_AT

SILENT_AFTER_S = 600.0
"""A vehicle not heard of for this long is dropped from the feed."""
_POWER_ON_S, _POWER_OFF_S = 240.0, 300.0
_ARRIVING_M = 60.0
_PIECE_SPAN_S = 1.0e6


@dataclass(frozen=True, eq=False)
class Reports:
    """All reports of a day that reached the server, in order of (vehicle, received). Times are seconds after the
    origin of the day."""

    vehicle: Int32Array
    received_s: Float64Array
    measured_s: Float64Array
    """By the vehicle's own clock."""
    lat: Float64Array
    lon: Float64Array
    bearing: Float32Array
    speed: Float32Array
    status: Int8Array
    leg: Int32Array
    """Index into `Legs`: what the vehicle was doing."""

    def latest(self, vehicles: int, now_s: float) -> Int64Array:
        """Each vehicle's last report received by `now_s`, of those not silent."""
        each = np.arange(vehicles)
        last = np.searchsorted(self._key, each * _PIECE_SPAN_S + now_s, side="right") - 1
        heard = last >= 0
        last, each = last[heard], each[heard]
        fresh = (self.vehicle[last] == each) & (now_s - self.received_s[last] < SILENT_AFTER_S)
        rows: Int64Array = last[fresh]
        return rows

    @cached_property
    def _key(self) -> Float64Array:
        """By vehicle, and of each by time."""
        return self.vehicle * _PIECE_SPAN_S + self.received_s


def make_reports(
    operation: Operation,
    fleet: Fleet,
    piece_vehicle: Int32Array,
    *,
    rng: np.random.Generator,
    gap_s: tuple[float, float],
    window_s: tuple[float, float],
) -> Reports:
    """Report every vehicle's movement, from when it is switched on in the depot until it is switched off there.

    Noise: a few metres of position error, rarely tens; reports lost singly and in bursts; none at all in `gap_s`.
    """
    piece, at = _report_times(operation, fleet, piece_vehicle, rng, window_s)
    vehicle = piece_vehicle[piece]
    received = at + rng.uniform(1.0, 5.0, len(at))
    kept = ~_lost(piece, at, len(piece_vehicle), rng, window_s) & ~((received >= gap_s[0]) & (received < gap_s[1]))
    order = np.flatnonzero(kept)
    order = order[np.lexsort((received[order], vehicle[order]))]
    piece, at, vehicle, received = piece[order], at[order], vehicle[order], received[order]

    legs = operation.legs
    leg, inside = _leg_at(legs, piece, at)
    distance, speed = _position(legs, leg, np.clip(at, legs.begin_s[leg], legs.end_s[leg]))
    speed = np.where(inside, speed, 0.0)
    lat, lon, course = locate(operation.paths, legs.path[leg], distance)
    n = len(at)
    error_m = np.where(rng.random(n) < 0.008, 35.0, 3.5) * rng.standard_normal((2, n))
    bias_m = rng.normal(0.0, 2.0, (2, len(piece_vehicle)))[:, piece]
    north, east = error_m + bias_m
    to_go = legs.to_m[leg] - distance
    status = np.where(
        legs.at_stop[leg], STOPPED_AT, np.where((to_go < _ARRIVING_M) & inside, INCOMING_AT, IN_TRANSIT_TO)
    )
    return Reports(
        vehicle=vehicle.astype(np.int32), received_s=received, measured_s=np.floor(at + fleet.skew_s[vehicle]),
        lat=np.round(lat + north / METRES_PER_DEGREE, 6),
        lon=np.round(lon + east / (METRES_PER_DEGREE * np.cos(np.radians(lat))), 6),
        bearing=np.round((course + rng.normal(0.0, 4.0, n)) % 360.0).astype(np.float32) % np.float32(360.0),
        speed=np.round(np.maximum(speed + (speed > 0.5) * rng.normal(0.0, 0.4, n), 0.0), 1).astype(np.float32),
        status=status.astype(np.int8), leg=np.where(inside, leg, -1).astype(np.int32),
    )  # fmt: skip


def _report_times(
    operation: Operation,
    fleet: Fleet,
    piece_vehicle: Int32Array,
    rng: np.random.Generator,
    window_s: tuple[float, float],
) -> tuple[Int64Array, Float64Array]:
    """Piece and time of each report, each vehicle in its own rhythm."""
    begin = np.maximum(operation.piece_begin_s - _POWER_ON_S, window_s[0])
    end = np.minimum(operation.piece_end_s + _POWER_OFF_S, window_s[1])
    driving = np.zeros(len(begin), bool)
    driving[operation.legs.piece] = True
    interval = fleet.interval_s[piece_vehicle]
    count = np.where(driving, np.maximum((end - begin) / interval, 0.0), 0.0).astype(np.int64)
    piece, step = expand_ranges(np.zeros(len(count), np.int64), count)
    phase = rng.random(len(count))
    at = begin[piece] + (step + 0.8 * phase[piece]) * interval[piece] + rng.uniform(0.0, 1.5, len(step))
    return piece, at


def _lost(
    piece: Int64Array, at: Float64Array, pieces: int, rng: np.random.Generator, window_s: tuple[float, float]
) -> BoolArray:
    """Which reports never arrive: two in a hundred, and all of a vehicle's for some minutes about once in six hours."""
    lost = rng.random(len(at)) < 0.02
    low = float(at.min(initial=max(window_s[0], 0.0)))
    span = float(at.max(initial=low)) - low
    bursts = int(rng.poisson(pieces * span / 21600.0))
    where, start = rng.integers(0, max(pieces, 1), bursts), low + span * rng.random(bursts)
    key = piece * _PIECE_SPAN_S + at
    first = np.searchsorted(key, where * _PIECE_SPAN_S + start)
    last = np.searchsorted(key, where * _PIECE_SPAN_S + start + rng.uniform(60.0, 360.0, bursts))
    depth = np.zeros(len(at) + 1, np.int64)
    np.add.at(depth, first, 1)
    np.add.at(depth, last, -1)
    return lost | (np.cumsum(depth)[:-1] > 0)


def _leg_at(legs: Legs, piece: Int64Array, at: Float64Array) -> tuple[Int64Array, BoolArray]:
    """Each report's leg, and whether the vehicle was on it: before the first and after the last it is in the depot."""
    key = legs.piece * _PIECE_SPAN_S + legs.begin_s
    leg = np.searchsorted(key, piece * _PIECE_SPAN_S + at, side="right") - 1
    first = np.searchsorted(legs.piece, piece, side="left")
    last = np.searchsorted(legs.piece, piece, side="right") - 1
    leg = np.clip(leg, first, last)
    return leg, (at >= legs.begin_s[leg]) & (at <= legs.end_s[leg])


def _position(legs: Legs, leg: Int64Array, at: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Distance along the leg's path and speed: it gains speed, waits at its red light, if any, and slows down."""
    passed, whole, red = at - legs.begin_s[leg], legs.end_s[leg] - legs.begin_s[leg], legs.red_s[leg].astype(float)
    moving = np.maximum(whole - red, 1e-6)
    light = 0.7 * moving
    waits = (passed > light) & (passed < light + red)
    driven = np.where(passed <= light, passed, np.maximum(passed - red, light))
    share = np.clip(driven / moving, 0.0, 1.0)
    wave = 2.0 * np.pi * share
    length = legs.to_m[leg] - legs.from_m[leg]
    distance = legs.from_m[leg] + length * (share - 0.7 * np.sin(wave) / (2.0 * np.pi))
    speed = np.where(waits, 0.0, length / moving * (1.0 - 0.7 * np.cos(wave)))
    return distance, speed
