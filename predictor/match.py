"""What matching finds of each report: the run it is on, where on it, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field

from predictor.arrays import BoolArray, Float64Array, Int8Array, Int32Array
from predictor.runs import DatedRuns
from predictor.snapshot import UNMATCHED

FASTEST_M_S = 30.0
LEAP_M = 150.0
"""A vehicle may seem so much further away than it can have driven, by its receiver."""
STOP_ZONE_M = 20.0
"""A vehicle within this distance of a stop is at it."""


@dataclass(frozen=True, eq=False)
class Match(DatedRuns):
    """The match of each fresh report; all arrays (n,), rows as in the observations given."""

    state: Int8Array = field(metadata={"nothing": UNMATCHED})
    """One of the vehicle states (`predictor.snapshot`)."""
    distance_m: Float64Array
    """Metres along the trip's pattern, NaN where not known."""
    arrived: Int32Array = field(metadata={"nothing": 0})
    """Number of the trip's calls that the vehicle has arrived at;"""
    departed: Int32Array = field(metadata={"nothing": 0})
    """and left: where this is less, it stands at one."""
    continued: BoolArray
    """On the same run as at the report before."""
    course: Float64Array
    """Direction of the last real movement, degrees clockwise from north; NaN where not known."""
    moved: BoolArray
    """Whether this report tells of a real movement."""
    against_m: Float64Array = field(metadata={"nothing": 0.0})
    """Metres that it has moved against its line in a row (see `matching.TURNED_M`)."""
    along_m: Float64Array = field(metadata={"nothing": 0.0})
    """Metres that it has moved along it in a row before it was seen to leave the first stop."""
    at_stop: BoolArray
    """It is at the stop of the call that it has arrived at and not left."""
    jumped: BoolArray
    """The place fits only where the vehicle cannot have driven since."""
    leapt: BoolArray
    """It is further away from where it was than it can have driven."""
