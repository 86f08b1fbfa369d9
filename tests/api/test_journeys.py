"""Which run of a trip is meant: the API and the page say the same."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from feeds.reading import Reading
from predictor.observations import Observations
from tests.api.town import at, headway_town, service_at


@pytest.fixture(scope="module")
def client() -> TestClient:
    """At 08:23, five minutes after the third run of A-0800, which runs every ten minutes by exact times, set out."""
    by_headway = headway_town()
    exact = replace(by_headway, journey_headway_s=np.zeros_like(by_headway.journey_headway_s))
    return TestClient(create_app(service_at(at(8, 23), lambda now: Reading(Observations.empty(now)), timetable=exact)))


@pytest.mark.parametrize(
    ("date", "start", "meant"),
    [("", "", "08:20"), ("2026-03-02", "", "08:20"), ("20260302", "08:40:00", "08:40"), ("", "8:00", "08:00")],
)
def test_the_run_nearest_to_now_among_those_asked_for(client: TestClient, date: str, start: str, meant: str) -> None:
    asked = {name: value for name, value in (("date", date), ("start_time", start)) if value}
    answer = client.get("/v1/trips/A-0800", params=asked).json()
    assert answer["start_time"] == f"{meant}:00"
    page = client.get("/trips/A-0800", params={"date": date, "start": start}).text
    first = re.search(r'<ol class="thread trip">.*?<time[^>]*>(.*?)</time>', page, re.DOTALL)
    assert first is not None
    assert first[1] == meant


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("date=2026-03-03", "It runs on 2026-03-02."),
        ("date=2031-01-01", "to 2026-03-03"),
        ("date=tomorrow", "give YYYY-MM-DD"),
        ("start=noon", "give HH:MM:SS"),
    ],
)
def test_the_page_says_why_there_is_no_such_run(client: TestClient, asked: str, said: str) -> None:
    response = client.get(f"/trips/A-0800?{asked}")
    assert response.status_code == 404
    assert said in response.text
