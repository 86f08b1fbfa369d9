"""No test fails by the clock, and rubbish is looked for where it is made: modules and collected tests stay to the end,
and to look through them again and again takes a tenth of the time."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

gc.disable()
# How long one try takes says more of what else the machine does; and whether a commit is sound is no matter of chance:
# what is tried changes with the test alone, unless more effort is asked for.
settings.register_profile("suite", deadline=None, derandomize="FUZZ_EFFORT" not in os.environ)
settings.load_profile("suite")


_AT_ONE_PLACE = ("tests/feeds/", "tests/field/", "tests/predictor/")
"""What the tests of a file here share, above all the networks that they play in, one worker makes for all of them."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_AT_ONE_PLACE) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_collection_finish() -> None:
    """Leave aside all that stands now."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
