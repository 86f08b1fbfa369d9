"""What the quantile network is told of each predicted call. All of it is relative, so that networks can share it."""

from __future__ import annotations

import numpy as np

from predictor.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int64Array
from predictor.arrivals import Chain
from predictor.snapshot import FROM_VEHICLE, IN_SERVICE
from predictor.timetable import Timetable
from predictor.tracks import Tracks
from predictor.trip_history import TripHistory

FEATURES = (
    "ahead", "ahead_log", "timetable_gap", "delay", "delay_known", "delay_change", "age", "report_gap", "calls_ahead",
    "distance_ahead", "timetabled", "history_gap", "recent", "spread", "standing", "not_started", "next_trip",
    "since_arrival", "overdue", "pace", "held", "to_departure", "layover", "trip_gap", "trip_gap_from_here",
    "trip_known", "links_known", "hour_sin", "hour_cos", "trip_share", "calls_left", "start_distance", "off_route",
)  # fmt: skip
"""Names of the columns of `features_of`, in order. A network trained on other columns is not used."""

_NOT_STARTED = FEATURES.index("not_started")
_CHUNK = 4096
"""Rows whose columns stay in the processor's cache."""


def scale_s(ahead_s: Float64Array) -> Float64Array:
    """Seconds that the network's output is counted in: errors grow with the time ahead."""
    return 20.0 + 0.2 * ahead_s


def has_begun(features: Float32Array) -> BoolArray:
    """Whether the vehicle of each row (n, F) is under way on the row's trip."""
    begun: BoolArray = features[:, _NOT_STARTED] < 0.5
    return begun


def features_of(
    timetable: Timetable, history: TripHistory, tracks: Tracks, chain: Chain, rows: Int64Array, now: float
) -> Float32Array:
    """(n, len(FEATURES)) for some rows (n,) of a chain."""
    result = np.empty((len(rows), len(FEATURES)), np.float32)
    for at in range(0, len(rows), _CHUNK):
        part = slice(at, at + _CHUNK)
        columns = _columns(timetable, history, tracks, chain, rows[part], now)
        for column, into in zip(columns, result[part].T, strict=True):
            into[:] = column
    return result


def _columns(
    timetable: Timetable, history: TripHistory, tracks: Tracks, chain: Chain, rows: Int64Array, now: float
) -> tuple[AnyArray, ...]:
    """The columns of `features_of`."""
    ahead_of, head = chain.arrival, chain.head[rows]
    leaves_head = chain.leg[head]
    tt, chain = timetable, chain.take(rows)
    slot, entry = chain.slot, chain.entry
    origin = chain.origin(tt)
    begins = ahead_of[head]
    ahead = np.maximum(chain.arrival - now, 0.0)
    by_headway = tt.trip_is_frequency[chain.trip]
    scheduled = np.where(by_headway, chain.arrival, origin + tt.arrival_s[entry])
    delay = np.where(by_headway, np.nan, tracks.delay_s[slot])
    change = np.nan_to_num(delay - tracks.delay_before_s[slot])
    known = np.isfinite(delay)
    next_trip = chain.leg != leaves_head
    started = (tracks.departed[slot] > 0) & ~next_trip & (chain.source == FROM_VEHICLE)
    age = now - tracks.timestamp[slot]
    first_departure = origin + tt.trip_start_s[chain.trip] - now
    distance = tt.pattern_distance_m[tt.call_pattern_call[entry]]
    here = np.where(started, np.nan_to_num(tracks.distance_m[slot]), 0.0)
    since = np.where(started, np.nan_to_num(now - tracks.arrived_at[slot]), 0.0)
    # How far the next call's expected time lies back: the vehicle is slower than was thought.
    overdue = np.where(started, now - begins, 0.0)
    weight, deviation = history.weight[entry], history.deviation_s[entry]
    usual = np.where(weight > 0, deviation, 0.0)
    anchor = np.maximum(np.where(started, entry - chain.call + np.maximum(tracks.arrived[slot] - 1, 0), entry), 0)
    both = (weight > 0) & (history.weight[anchor] > 0) & started & known
    trip_gap = np.where(weight > 0, scheduled + usual - chain.arrival, 0.0)
    from_here = np.where(both, scheduled + usual - history.deviation_s[anchor] + delay - chain.arrival, 0.0)
    hour = (now - tt.date_origin[chain.service_day]) / 3600.0 * (np.pi / 12.0)
    pace = (tracks.driven_s[slot] + 300.0) / (tracks.expected_s[slot] + 300.0) - 1.0
    calls = tt.trip_calls[chain.trip]
    return (
        ahead / 600.0,
        np.log1p(ahead / 30.0),
        np.clip((scheduled - chain.arrival) / 100.0, -20.0, 20.0),
        np.nan_to_num(delay) / 100.0,
        known,
        np.clip(change / 60.0, -5.0, 5.0),
        age / 60.0,
        np.nan_to_num(tracks.report_gap_s[slot], nan=60.0) / 60.0,
        np.sqrt(rows - head),
        np.where(started, distance - here, distance) / 2000.0,
        chain.timetabled_s / 300.0,
        (chain.historic_s - chain.timetabled_s) / 60.0,
        chain.recent_s / 60.0,
        chain.sd_s / 60.0,
        chain.standing,
        ~started,
        next_trip,
        np.clip(since / 60.0, 0.0, 15.0),
        np.clip(overdue / 60.0, -5.0, 15.0),
        pace,
        np.clip(chain.held_s / 60.0, 0.0, 20.0),
        np.where(started, 0.0, np.clip(first_departure / 100.0, -10.0, 20.0)),
        np.where(next_trip, np.clip(chain.layover_s / 100.0, -10.0, 10.0), 0.0),
        np.clip(trip_gap / 60.0, -10.0, 10.0),
        np.clip(from_here / 60.0, -10.0, 10.0),
        np.minimum(weight, 5.0),
        chain.known / np.maximum(rows - head, 1),
        np.sin(hour),
        np.cos(hour),
        chain.call / calls,
        np.sqrt(calls - chain.call),
        np.where(started, 0.0, np.clip((begins - now) / 300.0, 0.0, 5.0)),
        tracks.state[slot] != IN_SERVICE,
    )
