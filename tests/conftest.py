"""No test fails by the clock, and rubbish is looked for where it is made: modules and collected tests stay to the end,
and to look through them again and again takes a tenth of the time."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

gc.disable()
# How long one try takes says more of what else the machine does; and whether a commit is sound is no matter of chance:
# what is tried changes with the test alone, unless more effort is asked for.
settings.register_profile("suite", deadline=None, derandomize="FUZZ_EFFORT" not in os.environ)
settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """Leave aside all that stands now."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
