"""GTFS route types, the basic ones and the extended ones of the European list."""

from __future__ import annotations

import numpy as np

from predictor.arrays import NONE, BoolArray, Int32Array

_BASIC_OF = {
    1: 2, 2: 3, 3: 2, 4: 1, 5: 1, 6: 1, 7: 3, 8: 11, 9: 0, 10: 4, 12: 4, 13: 6, 14: 7,
}  # fmt: skip
"""Hundreds of the extended route types, and the basic type that says the same."""
_MONORAIL, _MONORAIL_EXTENDED = 12, 405


def basic_type(route_type: int) -> int:
    """The basic type of GTFS that says the same as an extended one, itself where there is none."""
    return _MONORAIL if route_type == _MONORAIL_EXTENDED else _BASIC_OF.get(route_type // 100, route_type)


def is_of_type(types: Int32Array, wanted: int) -> BoolArray:
    """(R,) routes of a type: itself, the extended kinds of a basic one, those of a whole hundred (700: all buses)."""
    hundred = types // 100
    fits: BoolArray = types == wanted
    if wanted < 100:
        fits |= np.isin(hundred, [h for h, basic in _BASIC_OF.items() if basic == wanted])
        fits |= (types == _MONORAIL_EXTENDED) & (wanted == _MONORAIL)
    elif wanted % 100 == 0:
        fits |= (hundred == wanted // 100) | (types == _BASIC_OF.get(wanted // 100, NONE))
    else:
        fits |= (types == _MONORAIL) & (wanted == _MONORAIL_EXTENDED)
    return fits
