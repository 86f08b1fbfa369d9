"""What the quantile network is told of each predicted call. All of it is relative, so that networks can share it."""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int64Array, or_where_unknown
from predictor.arrivals_loop import Chain
from predictor.driving_times import TripHistory
from predictor.features_loop import Followed, Timetabled, fill
from predictor.snapshot import FROM_VEHICLE, IN_SERVICE
from predictor.tracks import Tracks

FEATURES = (
    "ahead", "ahead_log", "timetable_gap", "delay", "delay_known", "delay_change", "age", "report_gap", "calls_ahead",
    "distance_ahead", "timetabled", "history_gap", "recent", "spread", "standing", "not_started", "next_trip",
    "since_arrival", "overdue", "pace", "held", "to_departure", "layover", "trip_gap", "trip_gap_from_here",
    "trip_known", "links_known", "hour_sin", "hour_cos", "trip_share", "calls_left", "start_distance", "off_route",
)  # fmt: skip
"""Names of the columns of `Features.of`, in order: `predictor.features_loop` fills them. A network trained on other
columns is not used."""

_NOT_STARTED = FEATURES.index("not_started")


def scale_s(ahead_s: Float64Array) -> Float64Array:
    """Seconds that the network's output is counted in: errors grow with the time ahead."""
    return 20.0 + 0.2 * ahead_s


def has_begun(features: Float32Array) -> BoolArray:
    """Whether the vehicle of each row (n, F) is under way on the row's trip."""
    return features[:, _NOT_STARTED] < 0.5


class Features:
    """What is told at one moment."""

    def __init__(self, history: TripHistory, tracks: Tracks, now: float) -> None:
        tt, self._now = history.timetable, now
        self._timetabled = Timetabled(
            tt.trip_calls, tt.trip_start_s, tt.trip_is_frequency, tt.arrival_s, tt.call_pattern_call,
            tt.pattern_distance_m, np.subtract(tt.date_origin, now, dtype=np.float64), history.weight,
            history.deviation_s,
        )  # fmt: skip
        self._followed = Followed(
            age_s=now - tracks.timestamp,
            report_gap_s=or_where_unknown(tracks.report_gap_s, 60.0),
            delay_s=tracks.delay_s,
            delay_change_s=tracks.delay_s - tracks.delay_before_s,
            arrived=tracks.arrived,
            begun=tracks.departed > 0,
            distance_m=or_where_unknown(tracks.distance_m, 0.0),
            since_arrival_s=or_where_unknown(now - tracks.arrived_at, 0.0),
            pace=(tracks.driven_s + 300.0) / (tracks.expected_s + 300.0) - 1.0,
            astray=tracks.state != IN_SERVICE,
        )

    def of(self, chain: Chain, rows: Int64Array) -> Float32Array:
        """(n, len(FEATURES)) for some rows (n,) of a chain."""
        result = np.empty((len(rows), len(FEATURES)), np.float32)
        fill(result, rows, chain.in_loops, self._followed, self._timetabled, self._now, FROM_VEHICLE)
        return result
