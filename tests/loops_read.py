"""Whoever imports this has read what numba has compiled of the loops that a step takes: a tram is followed."""

from __future__ import annotations

from predictor.engine import Engine
from tests.api.town import TOWN, at, tram_on_time

_engine = Engine(TOWN)
for _minute in range(1, 5):
    _told = tram_on_time(at(8, _minute))
    _engine.step(_told.observations, at(8, _minute), _told.trip_updates)
