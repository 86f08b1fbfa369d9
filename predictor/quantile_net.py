"""A small neural network that turns features into quantiles of a scaled residual.

Two hidden layers, all quantiles at once, trained on the pinball loss (Koenker and Bassett 1978) with Adam (Kingma and
Ba 2015). Trained in NumPy; asked, of every prediction of a city at once, in a compiled pass of some
hundred nanoseconds each, where a forest of trees takes microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from predictor.arrays import Float32Array
from predictor.layer_products import LANES
from predictor.quantile_loop import move, quantiles, standardize

QUANTILES: Float32Array = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95], np.float32)
P10, MEDIAN, P90 = 1, 5, 9
"""Positions in `QUANTILES`."""
_CLIP = np.float32(6.0)
_Layers = tuple[Float32Array, Float32Array, Float32Array]


@dataclass(frozen=True, eq=False)
class QuantileNet:
    """Weights of one trained network: F features, H hidden units, Q quantiles."""

    mean: Float32Array
    """(F,)"""
    scale: Float32Array
    weights: _Layers
    """(F, H), (H, H), (H, Q)"""
    biases: _Layers

    def predict(self, features: Float32Array) -> Float32Array:
        """Quantiles (n, Q), not decreasing along a row, of rows (n, F)."""
        result = np.empty((len(features), len(QUANTILES)), np.float32)
        features, (weights, biases) = np.ascontiguousarray(features), self._laid_out
        quantiles(features, self.mean, self.scale, _CLIP, weights, biases, result)
        return result

    @cached_property
    def _laid_out(self) -> tuple[_Layers, _Layers]:
        """Weights and biases as the compiled pass takes them: a layer whose width is no multiple of `LANES` is made
        wider by outputs that say nothing."""
        width, weights, biases = len(self.mean), list[Float32Array](), list[Float32Array]()
        for weight, bias in zip(self.weights, self.biases, strict=True):
            more = -len(bias) % LANES
            weights.append(np.pad(weight, ((0, width - len(weight)), (0, more))))
            biases.append(np.pad(bias, (0, more)))
            width = len(biases[-1])
        return (weights[0], weights[1], weights[2]), (biases[0], biases[1], biases[2])

    @classmethod
    def fit(
        cls,
        features: Float32Array,
        target: Float32Array,
        *,
        hidden: int = 64,
        epochs: int = 8,
        batch: int = 4096,
        rate: float = 3e-3,
        seed: int = 1,
        start: QuantileNet | None = None,
    ) -> QuantileNet:
        """Train on rows (n, F) and targets (n,); with `start`, go on from an earlier network.

        Deterministic for a seed. Cost: about six times that of predicting all rows, an epoch.
        """
        random = np.random.default_rng(seed)
        if start is None:
            mean, scale = features.mean(axis=0), features.std(axis=0) + np.float32(1e-3)
            sizes = (features.shape[1], hidden, hidden, len(QUANTILES))
            parameters = [
                (random.standard_normal(shape) * np.sqrt(2.0 / shape[0])).astype(np.float32)
                for shape in pairwise(sizes)
            ]
            parameters[-1] *= np.float32(0.1)
            parameters += [np.zeros(size, np.float32) for size in sizes[1:]]
            parameters[-1] += np.quantile(target, QUANTILES).astype(np.float32)
        else:
            mean, scale = start.mean, start.scale
            parameters = [p.copy() for p in (*start.weights, *start.biases)]
        layers = len(parameters) // 2
        first = [np.zeros_like(p) for p in parameters]
        second = [np.zeros_like(p) for p in parameters]
        steps = max(1, -(-len(target) // batch)) * epochs
        step = 0
        for _ in range(epochs):
            order = random.permutation(len(target))
            for at in range(0, len(order), batch):
                rows = order[at : at + batch]
                gradient = _gradient(
                    parameters[:layers], parameters[layers:], _standardized(features[rows], mean, scale), target[rows]
                )
                step += 1
                pace = rate * 0.5 * (1.0 + np.cos(np.pi * step / steps)) + 1e-5
                pace, unbiased = np.float32(pace / (1.0 - 0.9**step)), np.float32(1.0 - 0.999**step)
                for p, g, m, v in zip(parameters, gradient, first, second, strict=True):
                    move(p.ravel(), g.ravel(), m.ravel(), v.ravel(), pace, unbiased)
        weights, biases = parameters[:layers], parameters[layers:]
        return cls(mean, scale, (weights[0], weights[1], weights[2]), (biases[0], biases[1], biases[2]))

    def arrays(self) -> dict[str, Float32Array]:
        """The network as named arrays, as a file holds them."""
        named = {"mean": self.mean, "scale": self.scale}
        named |= {f"weight{i}": w for i, w in enumerate(self.weights)}
        named |= {f"bias{i}": b for i, b in enumerate(self.biases)}
        return named

    @classmethod
    def from_arrays(cls, named: dict[str, Float32Array]) -> QuantileNet:
        """The network that `arrays` named. Errors: KeyError where an array is missing, ValueError where they are no
        network's: of shapes that do not go together, or with numbers that are none."""
        sizes = (*named["weight0"].shape, named["weight1"].shape[-1], len(QUANTILES))
        shapes = {"mean": sizes[:1], "scale": sizes[:1]}
        shapes |= {f"weight{i}": shape for i, shape in enumerate(pairwise(sizes))}
        shapes |= {f"bias{i}": (size,) for i, size in enumerate(sizes[1:])}
        for name, shape in shapes.items():
            array = named[name]
            if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
                raise ValueError(f"“{name}” is no such array of a network")
        if not (named["scale"] > 0).all():
            raise ValueError("a scale is not above zero")
        return cls(
            named["mean"],
            named["scale"],
            (named["weight0"], named["weight1"], named["weight2"]),
            (named["bias0"], named["bias1"], named["bias2"]),
        )


def _standardized(features: Float32Array, mean: Float32Array, scale: Float32Array) -> Float32Array:
    result = np.empty_like(features)
    standardize(features, mean, scale, _CLIP, result)
    return result


def _gradient(
    weights: list[Float32Array], biases: list[Float32Array], x: Float32Array, target: Float32Array
) -> list[Float32Array]:
    """Gradient of the mean pinball loss by every weight, then every bias."""
    inputs = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        inputs.append(np.maximum(inputs[-1] @ weight + bias, 0.0))
    out = inputs[-1] @ weights[-1] + biases[-1]
    slope = (np.where(target[:, None] > out, -QUANTILES, 1.0 - QUANTILES) / len(target)).astype(np.float32)
    by_weight, by_bias = [], []
    for layer in range(len(weights) - 1, -1, -1):
        by_weight.append(inputs[layer].T @ slope)
        by_bias.append(slope.sum(axis=0))
        if layer:
            slope = (slope @ weights[layer].T) * (inputs[layer] > 0)
    return by_weight[::-1] + by_bias[::-1]
