"""Search results: stops with what tells one from another of the same name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from api.reading.destinations import destination_of
from api.reading.lines import Line
from api.service.stop_search import StopHit
from api.words.moment import PageMoment
from predictor.geometry import between_stops_m

_TOWARDS = 2
"""How many destinations are said of a stop."""


@dataclass(frozen=True)
class FoundStop:
    """One result."""

    stop_id: str
    name: str
    code: str
    platform: str
    wheelchair: int
    distance: str
    """In words, "" for a search by name."""
    towards: list[str]
    """Where most of its trips go, for a stop that shares its name with another result,"""
    beside: str
    """and by which stop it lies, where another result is like it in all that."""
    lines: list[Line]


def found_stops(moment: PageMoment, hits: list[StopHit]) -> list[FoundStop]:
    """Results in the order found; stops that nothing serves are left out."""
    tt = moment.timetable
    served = [hit for hit in hits if moment.lines.at_stop(hit.stop_idx)]
    names = [moment.stop_name(hit.stop_idx) for hit in served]
    towards = [
        _towards(moment, hit.stop_idx) if names.count(name) > 1 else [] for hit, name in zip(served, names, strict=True)
    ]
    alike = [
        (name, tt.stop_code[hit.stop_idx], tt.stop_platform[hit.stop_idx], places, hit.distance_m)
        for hit, name, places in zip(served, names, towards, strict=True)
    ]
    return [
        FoundStop(
            stop_id=str(tt.stop_id[hit.stop_idx]),
            name=name,
            code=str(tt.stop_code[hit.stop_idx]),
            platform=moment.platform(str(tt.stop_platform[hit.stop_idx])),
            wheelchair=int(tt.stop_wheelchair[hit.stop_idx]),
            distance="" if hit.distance_m is None else moment.distance(hit.distance_m),
            towards=places,
            beside=_beside(moment, hit.stop_idx) if alike.count(facts) > 1 else "",
            lines=moment.lines.at_stop(hit.stop_idx),
        )
        for hit, name, places, facts in zip(served, names, towards, alike, strict=True)
    ]


def _beside(moment: PageMoment, stop: int) -> str:
    """The nearest stop of another name, and how far away it is."""
    tt = moment.timetable
    others = np.flatnonzero(
        (tt.stop_name != tt.stop_name[stop]) & (tt.stop_name != "") & (tt.station == np.arange(tt.stops))
    )
    if not len(others):
        return ""
    away_m = between_stops_m(tt, stop, others)
    nearest = int(np.argmin(away_m))
    place = moment.stop_name(int(others[nearest]))
    return moment.texts("beside", place=place, distance=moment.distance(float(away_m[nearest])))


def _towards(moment: PageMoment, stop: int) -> list[str]:
    """Destinations of the patterns that go on from this stop, those of most trips first."""
    tt = moment.timetable
    goes_on = np.isin(tt.pattern_stop, tt.members(stop))
    goes_on[tt.pattern_call_ptr[1:] - 1] = False
    pattern = np.unique(tt.pattern_of_call[goes_on])
    trips, example = moment.lines.pattern_trips[pattern], moment.lines.pattern_example[pattern]
    order = np.argsort(-trips, kind="stable")
    places = dict.fromkeys(destination_of(tt, trip) for trip in example[order[trips[order] > 0]].tolist())
    return list(places)[:_TOWARDS]
