"""All that an engine has learned, by the names of links and trips, so that it outlives restarts and timetables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from predictor.arrays import AnyArray, StrArray
from predictor.calibration import Calibration
from predictor.quantile_net import QuantileNet


@dataclass(frozen=True, eq=False)
class Learned:
    """A network may be had without tables: one trained in another city."""

    net: QuantileNet | None = None
    calibration: Calibration | None = None
    taught: int = 0
    """Samples of its own city that the network has learned; 0 for one trained in another."""
    travel_times: Mapping[str, AnyArray] = field(default_factory=dict)
    """As `TravelTimes.learned` gives it."""
    timing_points: Mapping[str, AnyArray] = field(default_factory=dict)
    """As `TimingPoints.learned` gives it."""
    trip_history: Mapping[str, AnyArray] = field(default_factory=dict)
    """As `TripHistory.learned` gives it."""
    backward_links: StrArray = field(default_factory=lambda: np.empty(0, np.str_))
    """As `DrivenOrder.backward_links` gives them."""
    always_due: Mapping[str, AnyArray] = field(default_factory=dict)
    """As `AlwaysDue.learned` gives it."""
    stood: Mapping[str, AnyArray] = field(default_factory=dict)
    """As `Tracks.stood` gives it."""
    told: tuple[bytes, float] | None = None
    """The operator's last message on its trips, and when it came, POSIX seconds."""
