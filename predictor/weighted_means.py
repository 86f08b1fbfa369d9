"""Weighted means that several went on from, each with news of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Floats = TypeVar("_Floats", bound=NDArray[np.floating[Any]])


def together(
    known: tuple[_Floats, _Floats], taught: Sequence[tuple[_Floats, _Floats]], most: float
) -> tuple[_Floats, _Floats]:
    """Weights and means of one who has heard all that those who are `taught` have heard since they were `known`.

    Parameters: pairs of weights and means, all of one shape; `most`: weight that none exceeds. To have all news, what
    was known is counted once and not with each; where somebody's weight has reached `most`, what he has heard can no
    longer be told from it, and the mean of all is taken.
    """
    weights = [weight for weight, _ in taught]
    again = np.where(np.maximum.reduce(weights) < most, known[0] * (len(taught) - 1), 0.0)
    weight = np.add.reduce(weights) - again
    total = np.add.reduce([weight * mean for weight, mean in taught]) - again * known[1]
    mean = np.divide(total, weight, out=np.zeros_like(known[1]), where=weight > 0.0, casting="same_kind")
    return np.minimum(weight, most).astype(known[0].dtype), mean
