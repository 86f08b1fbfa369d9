"""What the compiled loop tells of each row is what columns of NumPy say, one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.arrays import AnyArray
from predictor.arrivals_loop import Chain
from predictor.driving_times import TripHistory
from predictor.features import FEATURES, Features
from predictor.snapshot import FROM_VEHICLE, IN_SERVICE
from tests.predictor.test_arrivals import Case, cases


def in_many_passes(case: Case, history: TripHistory, chain: Chain) -> list[AnyArray]:
    """Each feature of all rows, in order."""
    rows, tracks, now = np.arange(len(chain)), case.tracks, case.now
    ahead_of, head = chain.arrival, chain.head[rows]
    leaves_head = chain.leg[head]
    tt = case.timetable
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
    return [
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
    ]


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(0, 2**32 - 1))
def test_the_loop_tells_what_the_columns_say(case: Case, seed: int) -> None:
    chain, history, tracks = case.chain(), TripHistory(case.timetable), case.tracks
    draw = np.random.default_rng(seed)
    for name in ("delay_s", "delay_before_s", "report_gap_s", "arrived_at", "driven_s", "expected_s"):
        column = getattr(tracks, name)
        column[:] = np.where(draw.random(len(column)) < 0.3, column, draw.uniform(0.0, 900.0, len(column)))
    entry = np.flatnonzero(draw.random(len(history.weight)) < 0.7)
    history.observe(entry, draw.uniform(-400.0, 400.0, len(entry)))
    told = Features(history, tracks, case.now).of(chain, np.arange(len(chain)))
    expected = in_many_passes(case, history, chain)
    for name, is_told, is_expected in zip(FEATURES, told.T, expected, strict=True):
        assert is_told == pytest.approx(np.asarray(is_expected, np.float32), rel=1e-4, abs=1e-4), name
