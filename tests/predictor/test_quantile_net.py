"""The network of quantiles learns a distribution, and says it in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.arrays import Float32Array
from predictor.quantile_net import MEDIAN, P10, P90, QUANTILES, QuantileNet


def samples(rows: int, seed: int) -> tuple[Float32Array, Float32Array]:
    """Targets that lie around twice the first feature, the further spread the larger the second; the third is noise."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1.0, 1.0, (rows, 3)).astype(np.float32)
    spread = 0.5 + (x[:, 1] > 0)
    return x, (2.0 * x[:, 0] + spread * random.standard_normal(rows)).astype(np.float32)


@pytest.fixture(scope="module")
def trained() -> QuantileNet:
    return QuantileNet.fit(*samples(20_000, 1), hidden=32, epochs=12, batch=512)


def test_the_shares_that_quantiles_promise_come_true_on_new_samples(trained: QuantileNet) -> None:
    x, target = samples(20_000, 2)
    said = trained.predict(x)
    below = (target[:, None] < said).mean(axis=0)
    assert below == pytest.approx(QUANTILES, abs=0.03)
    wide = x[:, 1] > 0
    for rows in (wide, ~wide):
        inside = (said[rows, P10] < target[rows]) & (target[rows] < said[rows, P90])
        assert inside.mean() == pytest.approx(0.8, abs=0.04)


def test_it_knows_where_it_is_sure(trained: QuantileNet) -> None:
    x = np.array([[0.3, -0.8, 0.0], [0.3, 0.8, 0.0]], np.float32)
    said = trained.predict(x)
    assert said[:, MEDIAN] == pytest.approx([0.6, 0.6], abs=0.2)
    sure, unsure = said[:, P90] - said[:, P10]
    assert sure == pytest.approx(2 * 1.2816 * 0.5, abs=0.3)
    assert unsure == pytest.approx(2 * 1.2816 * 1.5, abs=0.6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3), min_size=1, max_size=20))
def test_quantiles_never_cross_whatever_the_features(trained: QuantileNet, rows: list[list[float]]) -> None:
    said = trained.predict(np.array(rows, np.float32))
    assert np.isfinite(said).all()
    assert (np.diff(said, axis=1) >= 0).all()


def test_a_row_is_answered_alike_alone_and_in_a_crowd(trained: QuantileNet) -> None:
    x, _ = samples(10_000, 3)
    together = trained.predict(x)
    for row in (0, 5, 6, 4096, 9999):
        assert (trained.predict(x[row : row + 1])[0] == together[row]).all()
    assert trained.predict(x[:0]).shape == (0, len(QUANTILES))


@pytest.mark.parametrize("hidden", [8, 32, 64, 80, 128])
def test_it_says_what_its_layers_say_one_after_the_other(hidden: int) -> None:
    x, target = samples(2_000, 4)
    net = QuantileNet.fit(x, target, hidden=hidden, epochs=1)
    layer = np.clip((x.astype(np.float64) - net.mean) / net.scale, -6.0, 6.0)
    for weight, bias in zip(net.weights[:2], net.biases[:2], strict=True):
        layer = np.maximum(layer @ weight + bias, 0.0)
    expected = np.sort(layer @ net.weights[2] + net.biases[2], axis=1)
    assert net.predict(x) == pytest.approx(expected, abs=1e-4)


def test_the_same_seed_gives_the_same_network() -> None:
    x, target = samples(2_000, 1)
    one, other = (QuantileNet.fit(x, target, hidden=8, epochs=2) for _ in range(2))
    assert (one.predict(x) == other.predict(x)).all()


def test_going_on_from_an_earlier_network_keeps_what_it_knew_and_leaves_it_unchanged(trained: QuantileNet) -> None:
    x, target = samples(4_000, 5)
    before = trained.predict(x)
    shifted = QuantileNet.fit(x, target + np.float32(1.0), epochs=12, batch=256, start=trained)
    assert (trained.predict(x) == before).all()
    assert float(np.median(shifted.predict(x)[:, MEDIAN] - before[:, MEDIAN])) == pytest.approx(1.0, abs=0.2)


def test_a_feature_that_never_varies_does_no_harm() -> None:
    x, target = samples(2_000, 1)
    x[:, 2] = 7.0
    net = QuantileNet.fit(x, target, hidden=8, epochs=2)
    x[0, 2] = -1000.0
    assert np.isfinite(net.predict(x)).all()


def test_it_is_the_same_after_being_kept_as_arrays(trained: QuantileNet) -> None:
    x, _ = samples(100, 4)
    assert (QuantileNet.from_arrays(trained.arrays()).predict(x) == trained.predict(x)).all()
    with pytest.raises(KeyError):
        QuantileNet.from_arrays({name: a for name, a in trained.arrays().items() if name != "bias2"})
