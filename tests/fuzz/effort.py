"""How much is tried: little and always the same in the suite, much and at random by `make fuzz`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

EFFORT = int(os.environ.get("FUZZ_EFFORT", "1"))
"""How many times as much as in the suite."""


def tries(number: int) -> Callable[[Any], Any]:
    """Settings of a property that is tried so often in the suite."""
    return settings(
        max_examples=number * EFFORT,
        derandomize=EFFORT == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
