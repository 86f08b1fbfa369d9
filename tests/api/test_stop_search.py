from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.service.stop_search import StopSearch, normalised
from tests.api.town import LAT, STOPS, lon_at, town

SEARCH = StopSearch(town())


def found(text: str, limit: int = 10) -> list[str]:
    return [STOPS[hit.stop_idx] for hit in SEARCH.by_text(text, limit)]


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("place de la liberté", "liberte"),
        ("LIBERTE", "liberte"),
        ("pl liberte", "liberte"),
        ("pl. de la Liberté", "liberte"),
        ("hop trousseau", "hopital"),
        ("Hopital", "hopital"),
        ("trouseau", "hopital"),
        ("truosseu", "hopital"),
        ("hopitaltrousseau", "hopital"),
        ("hopitaltrous", "hopital"),
        ("hopitaltruosseau", "hopital"),
        ("libertte plase", "liberte"),
        ("stpiere", "st-pierre"),
        ("St Pierre", "st-pierre"),
        ("st-pierre", "st-pierre"),
        ("douet", "douets"),
        ("103", "douets"),
        ("gare tours", "gare"),
        ("gare de tours nord", "gare"),
    ],
)
def test_names_are_found_however_they_are_written(text: str, stop: str) -> None:
    assert found(text)[0] == stop


def test_a_station_is_found_once_and_its_platform_by_its_own_code() -> None:
    assert found("gare") == ["gare"]
    assert found("1002")[0] == "gare:2"
    assert found("gare:1")[0] == "gare:1"


def test_nonsense_finds_nothing() -> None:
    assert found("") == found("  ?! ") == found("zzzzqqq") == []


@pytest.mark.parametrize("text", ["liberal", "donnets", "pierrot", "toussaint"])
def test_a_word_that_only_looks_a_little_like_one_of_a_name_finds_nothing(text: str) -> None:
    assert found(text) == []


def test_the_whole_name_comes_before_a_longer_one_that_is_busier() -> None:
    timetable = town()
    names = timetable.stop_name.copy()
    names[STOPS.index("douets")] = "Liberté"
    search = StopSearch(replace(timetable, stop_name=names))
    assert [STOPS[hit.stop_idx] for hit in search.by_text("Liberté")] == ["douets", "liberte"]


def test_the_nearest_come_first_with_their_distance() -> None:
    hits = SEARCH.near(LAT, lon_at(640.0), 3)
    assert [STOPS[hit.stop_idx] for hit in hits] == ["liberte", "st-pierre", "hopital"]
    assert hits[0].distance_m == pytest.approx(40, abs=1)
    assert [STOPS[hit.stop_idx] for hit in SEARCH.near(LAT, lon_at(0.0), 2)] == ["gare", "st-pierre"]


def test_stops_without_coordinates_are_nowhere_near() -> None:
    timetable = town()
    lat = timetable.stop_lat.copy()
    lat[STOPS.index("liberte")] = np.nan
    hits = StopSearch(replace(timetable, stop_lat=lat)).near(LAT, lon_at(640.0), 10)
    assert "liberte" not in [STOPS[hit.stop_idx] for hit in hits]


def test_a_mistyped_id_brings_suggestions() -> None:
    assert STOPS[SEARCH.like("gare_1")[0]].startswith("gare")
    assert STOPS[SEARCH.like("libertes")[0]] == "liberte"


@given(st.text(max_size=40))
def test_no_text_breaks_the_search(text: str) -> None:
    hits = SEARCH.by_text(text, 5)
    assert len(hits) <= 5
    assert len({hit.stop_idx for hit in hits}) == len(hits)
    SEARCH.like(text)


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
