"""When each vehicle arrived at and left each stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float64Array, Int32Array, StrArray


@dataclass(frozen=True, eq=False)
class Passages:
    """Passages of stops; all arrays (n,). Times are POSIX seconds."""

    vehicle_id: StrArray
    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    call: Int32Array
    """Position in the trip, 0 for the first stop."""
    stop: Int32Array
    arrival: Float64Array
    """NaN where not seen (a trip's first stop)."""
    departure: Float64Array
    """NaN where not yet seen (a trip's last stop)."""
    arrival_sd_s: Float64Array
    """Standard deviation of `arrival` (where that is NaN, of `departure`)."""

    def __len__(self) -> int:
        return len(self.trip)

    @classmethod
    def empty(cls) -> Passages:
        """No passage."""
        i32, f64 = np.empty(0, np.int32), np.empty(0)
        return cls(np.empty(0, np.str_), i32, i32, i32, i32, i32, f64, f64, f64)
