"""On-time performance: how passages keep to the timetable, or to the headway."""

from __future__ import annotations

import numpy as np

from predictor.accuracy.scorer import Passed
from predictor.arrays import Int8Array

EARLY_S, LATE_S = 60.0, 300.0
"""On time is from one minute before to five minutes after the scheduled departure (TCRP's usual bounds)."""
OFF_HEADWAY = 0.5
"""TCQSM (TCRP Report 100, 2nd ed., headway adherence): a vehicle is off headway when the time since the one before is
out by more than half the scheduled headway. So a wait is longer than promised when it exceeds one and a half headways,
and a vehicle that comes less than half a headway after another is bunched with it."""
NOT_JUDGED, EARLY, ON_TIME, LATE = -1, 0, 1, 2


def punctuality(passed: Passed) -> Int8Array:
    """EARLY, ON_TIME or LATE of each passage (n,), by its departure, at a trip's last call by its arrival; NOT_JUDGED
    where it has no time to keep or is not certain enough."""
    left = np.where(np.isfinite(passed.departure), passed.departure, passed.at)
    deviation_s = left - passed.scheduled
    kept = np.where(deviation_s < -EARLY_S, EARLY, np.where(deviation_s > LATE_S, LATE, ON_TIME)).astype(np.int8)
    kept[~(passed.judged & np.isfinite(deviation_s))] = NOT_JUDGED
    return kept
