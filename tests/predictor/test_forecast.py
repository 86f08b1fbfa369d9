"""Which time is published, and how what is said moves from step to step."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.arrays import Float32Array, Float64Array, Int64Array
from predictor.arrivals_loop import Chain
from predictor.calibration import Calibration
from predictor.features import FEATURES, scale_s
from predictor.forecast import (
    FAR_MISS_WEIGHT,
    MISS_WEIGHT,
    forecast,
    published_share,
    within_horizon,
)
from predictor.kept_predictions import SETTLES_S, KeptPredictions
from predictor.legs import Legs
from predictor.quantile_net import MEDIAN, P10, P90, QUANTILES, QuantileNet

NOW = 1_700_000_000.0


def test_a_bus_about_to_come_is_published_at_the_quantile_where_missing_and_waiting_weigh_the_same() -> None:
    assert published_share(np.array([0.0]), 8.0)[0] == pytest.approx(1 / 9)
    assert published_share(np.array([0.0]), 1.0)[0] == pytest.approx(1 / 2), "the median, where both weigh the same"


def test_a_bus_far_off_is_published_nearer_to_the_median_since_its_rider_looks_again() -> None:
    share = published_share(np.array([0.0, 300.0, 1200.0, 1e5]), MISS_WEIGHT)
    assert (np.diff(share) > 0).all()
    assert share[-1] == pytest.approx(1 / (1 + FAR_MISS_WEIGHT))


@given(st.floats(1.0, 19.0), st.floats(1.0, 19.0), st.floats(0.0, 7200.0))
def test_the_more_a_miss_weighs_the_earlier_is_what_is_published(one: float, other: float, ahead_s: float) -> None:
    low, high = (published_share(np.array([ahead_s]), weight)[0] for weight in sorted((one, other)))
    assert 0.05 <= high <= low <= 0.5


class Speaker:
    """Says of calls what is computed of them: each vehicle on a run of its own, at calls one after the other."""

    def __init__(self) -> None:
        self.kept = KeptPredictions()
        self.legs: dict[int, tuple[int, int]] = {}
        """First call and end of what each vehicle has ahead of it."""

    def say(
        self, now: float, times: dict[int, list[float]], passed: dict[int, int] | None = None, first_call: int = 3
    ) -> dict[int, list[float]]:
        """The medians said at `now`, by vehicle, where `times` were computed."""
        slots = 3
        self.kept.news_of(np.array(sorted(times)), slots)
        came = np.full(slots, 4, np.int32)
        for vehicle, count in (passed or {}).items():
            came[vehicle] = count
        slot = np.repeat(sorted(times), [len(times[s]) for s in sorted(times)])
        computed = np.array([time for s in sorted(times) for time in times[s]])
        call = np.concatenate([first_call + np.arange(len(times[s])) for s in sorted(times)]).astype(np.int32)
        chain = chain_of(slot, call, computed)
        due = np.zeros(slots, bool)
        due[slot] = True
        self.legs |= {vehicle: (first_call, first_call + len(times[vehicle])) for vehicle in times}
        legs = legs_of(self.legs)
        room, anew = self.kept.room(legs, due, np.full(slots, now)), legs.take(due[legs.slot])
        forecast(
            chain, within_horizon(chain, now), np.empty((0, len(FEATURES)), np.float32), None, Calibration(), now,
            MISS_WEIGHT, self.kept.said_before(anew, room.to, came, now), np.full(slots, now), room.calls,
        )  # fmt: skip
        self.kept.put(anew, room, came, due, now)
        of_call = legs.slot[legs.of_call]
        return {vehicle: room.calls.steadied[of_call == vehicle].tolist() for vehicle in sorted(times)}


def legs_of(calls: dict[int, tuple[int, int]]) -> Legs:
    """The legs of vehicles, each on the trip of its number: by vehicle, its first call and the end of its calls."""
    slot, none = np.array(sorted(calls)), np.zeros(len(calls), np.int32)
    first_call, end_call = np.array([calls[vehicle] for vehicle in sorted(calls)], np.int32).T
    return Legs(
        slot.astype(np.int32), none, none, slot=slot, order=none.astype(np.int64), first_call=first_call,
        end_call=end_call, journey=slot, turns_at=none - 1,
    )  # fmt: skip


def chain_of(slot: Int64Array, call: np.ndarray, arrival: Float64Array) -> Chain:
    """Rows of vehicles, each on the trip of its number, that are known to the second and wait for no time."""
    n = len(slot)
    f64, head = np.zeros(n), np.searchsorted(slot, slot)
    return Chain(
        trip=slot.astype(np.int32), service_day=np.zeros(n, np.int32), shift_s=np.zeros(n, np.int32), leg=slot,
        slot=slot, call=call, entry=np.arange(n), source=np.ones(n, np.int8), standing=np.zeros(n, bool),
        arrival=arrival, departure=arrival, dwell_s=f64, hold=f64, sd_s=f64, head=head, timetabled_s=f64,
        historic_s=f64, recent_s=f64, held_s=f64, known=f64, layover_s=f64,
        put_off=np.full(n, -np.inf), turned=np.zeros(n, bool),
    )  # fmt: skip


T = [NOW + s for s in (100.0, 200.0, 300.0)]


def test_a_call_that_nothing_was_said_of_is_told_as_computed() -> None:
    assert Speaker().say(NOW, {0: T})[0] == T


def test_news_are_told_by_two_thirds_after_the_time_constant_whatever_the_step() -> None:
    for steps in (1, 5, 25):
        speaker = Speaker()
        speaker.say(NOW, {0: T})
        for n in range(1, steps + 1):
            said = speaker.say(NOW + SETTLES_S * n / steps, {0: [T[0] + 60.0, T[1], T[2]]})
        assert said[0] == pytest.approx([T[0] + 60.0 - 60.0 / math.e, T[1], T[2]])


def test_what_a_stop_reached_or_left_tells_is_said_at_once() -> None:
    speaker = Speaker()
    speaker.say(NOW, {0: T, 1: T})
    later = [time + 60.0 for time in T]
    said = speaker.say(NOW + 1e-3, {0: later, 1: later}, passed={0: 5})
    assert said[0] == later
    assert said[1] == pytest.approx(T, abs=0.01)


def test_calls_and_vehicles_come_and_go() -> None:
    speaker = Speaker()
    speaker.say(NOW, {1: T, 2: T})
    later = [time + 60.0 for time in T]
    # The call that the rows begin with is another one: those known before are still found.
    said = speaker.say(NOW + 1e-3, {0: later, 2: later}, first_call=4)
    assert said[0] == later
    assert said[2] == pytest.approx([T[1], T[2], later[2]], abs=0.01)
    said = speaker.say(NOW + 2e-3, {1: later})
    assert said[1] == pytest.approx(T, abs=0.01)


def test_after_a_silence_the_past_counts_for_nothing() -> None:
    speaker = Speaker()
    speaker.say(NOW, {0: T})
    later = [time + 900.0 for time in T]
    assert speaker.say(NOW + 600.0, {0: later})[0] == pytest.approx(later)


@given(st.lists(st.tuples(st.floats(-300.0, 300.0), st.integers(0, 2)), min_size=2, max_size=20))
def test_what_is_said_never_leaves_the_range_of_what_was_computed(moves: list[tuple[float, int]]) -> None:
    speaker, seen = Speaker(), []
    for n, (move, passed) in enumerate(moves):
        seen.append(NOW + 1000.0 + move)
        said = speaker.say(NOW + 10.0 * n, {0: [seen[-1]]}, passed={0: passed})[0][0]
        assert min(seen) - 1e-6 <= said <= max(seen) + 1e-6


def in_many_passes(
    chain: Chain, rows: Int64Array, features: Float32Array, net: QuantileNet | None, now: float,
    steadied: Float64Array, told_until: Float64Array,
) -> tuple[Float64Array, ...]:  # fmt: skip
    """The same in NumPy: p10, p50, p90, arrival, departure."""
    earliest = np.minimum(told_until, now)[chain.slot]
    expected = np.maximum(chain.arrival, earliest)
    share = published_share(expected - now, MISS_WEIGHT)
    spread = chain.sd_s
    p10, p50, p90 = expected - 1.1 * spread, expected.copy(), expected + 1.4 * spread
    # A trip's first stop is left on time or late: nothing is gained by being there early.
    early = np.where(chain.call == 0, 0.0, np.clip((0.5 - share) / 0.4, 0.0, 1.0))
    published = expected + (p10 - expected) * early
    if net is not None:
        near = expected[rows]
        ahead = np.maximum(near - now, 0.0)
        unit = scale_s(ahead)
        quantile = net.predict(features)
        p10[rows] = near + quantile[:, P10] * unit
        p50[rows] = near + quantile[:, MEDIAN] * unit
        p90[rows] = near + quantile[:, P90] * unit
        published[rows] = near + _at(quantile, share[rows]) * unit
    # The range moves as a whole: each end on its own would lag behind as it narrows.
    lag = steadied - p50
    p10, p50, p90, published = p10 + lag, p50 + lag, p90 + lag, published + lag
    vehicle = np.cumsum(np.arange(len(expected)) == chain.head) - 1
    p50 = _in_order(np.maximum(p50, earliest), vehicle, now)
    p10 = np.minimum(_in_order(np.maximum(p10, earliest), vehicle, now), p50)
    p90 = np.maximum(_in_order(p90, vehicle, now), p50)
    # Boards never ask for riders before the time at which a run is to begin.
    published = np.where(chain.call == 0, np.maximum(published, chain.hold), published)
    p90 = np.where(chain.call == 0, np.maximum(p90, chain.hold), p90)
    arrival = np.minimum(_in_order(np.maximum(published, earliest), vehicle, now), p90)
    departure = np.maximum(arrival + np.where(chain.call == 0, 0.0, chain.dwell_s), chain.hold)
    departure = np.where(chain.standing & (chain.call > 0), np.maximum(chain.departure, earliest), departure)
    # Nobody leaves a stop later than it is said to reach the next.
    follows = np.flatnonzero(vehicle[1:] == vehicle[:-1])
    departure[follows] = np.minimum(departure[follows], arrival[follows + 1])
    departure = np.maximum(departure, arrival)
    return p10, p50, p90, np.where(chain.call == 0, departure, arrival), departure


def _at(quantile: Float32Array, share: Float64Array) -> Float64Array:
    """Interpolate the quantiles (n, Q) at one probability a row (n,)."""
    upper = np.clip(np.searchsorted(QUANTILES, share), 1, len(QUANTILES) - 1)
    low, high = QUANTILES[upper - 1], QUANTILES[upper]
    weight = np.clip((share - low) / (high - low), 0.0, 1.0)
    row = np.arange(len(quantile))
    result: Float64Array = quantile[row, upper - 1] * (1.0 - weight) + quantile[row, upper] * weight
    return result


def _in_order(time: Float64Array, vehicle: Int64Array, now: float) -> Float64Array:
    """No time of a vehicle before the one before it: a running maximum over those of each (`vehicle`, ascending)."""
    lifted = np.maximum.accumulate(time - now + vehicle * 1.0e6)
    result: Float64Array = lifted - vehicle * 1.0e6 + now
    return result


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_loop_says_what_the_columns_say(seed: int, with_net: bool) -> None:
    draw = np.random.default_rng(seed)
    slot = np.repeat(np.arange(4), draw.integers(1, 9, 4))
    n = len(slot)
    call = np.where(draw.random(n) < 0.2, 0, 1 + np.arange(n)).astype(np.int32)
    chain = replace(
        chain_of(slot, call, NOW + draw.uniform(-300.0, 4000.0, n)), departure=NOW + draw.uniform(-300.0, 4000.0, n),
        sd_s=draw.uniform(0.0, 300.0, n), dwell_s=draw.uniform(0.0, 60.0, n),
        hold=NOW + np.where(draw.random(n) < 0.5, -1e6, draw.uniform(-300.0, 4000.0, n)),
        standing=(draw.random(n) < 0.3) & (slot != np.append(-1, slot[:-1])),
    )  # fmt: skip
    rows, until = within_horizon(chain, NOW), NOW + draw.uniform(-200.0, 200.0, 4)
    features = draw.normal(size=(len(rows), len(FEATURES))).astype(np.float32)
    net = (
        QuantileNet.fit(features, draw.normal(size=len(rows)).astype(np.float32), epochs=1)
        if with_net and len(rows)
        else None
    )
    kept, passed, due = KeptPredictions(), np.zeros(4, np.int32), np.ones(4, bool)
    kept.news_of(np.arange(4), 4)
    legs = legs_of({vehicle: (0, calls) for vehicle, calls in enumerate(np.bincount(slot).tolist())})
    for now in (NOW, NOW + 5.0):
        room = kept.room(legs, due, until)
        before = kept.said_before(legs, room.to, passed, now)
        forecast(chain, rows, features, net, Calibration(), now, MISS_WEIGHT, before, until, room.calls)
        expected = in_many_passes(chain, rows, features, net, now, room.calls.steadied, until)
        for name, column in zip(("p10", "p50", "p90", "arrival", "departure"), expected, strict=True):
            assert getattr(room.calls, name) == pytest.approx(column, abs=1e-4), name
        kept.put(legs, room, passed, due, now)
