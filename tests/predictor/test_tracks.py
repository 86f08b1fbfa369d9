"""Each vehicle has its slot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from predictor.tracks import Tracks
from tests.predictor.small_network import report

NAMES = st.lists(st.text("a\0bü1", max_size=4), max_size=12)


@given(NAMES, NAMES)
def test_a_vehicle_is_found_by_its_name_whatever_that_is(first: list[str], then: list[str]) -> None:
    one, tracks = report(0.0, 0.0), Tracks.empty()
    slots = dict[str, int]()
    for names in (first, then):
        observations = replace(one.take(np.zeros(len(names), np.int64)), vehicle_id=np.array(names, np.str_))
        tracks, slot = tracks.with_vehicles_of(observations)
        # The text that an array of texts gives back has no zeros behind it.
        for name in observations.vehicle_id.tolist():
            slots.setdefault(name, len(slots))
        assert slot.tolist() == [slots[name] for name in observations.vehicle_id.tolist()]
    assert tracks.vehicle_id.tolist() == list(slots)
