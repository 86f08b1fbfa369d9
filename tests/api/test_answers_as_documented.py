"""Boards are put into JSON without the models that describe them: what they say is what the models would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from fastapi.testclient import TestClient
from pydantic import BaseModel

from api.answers.plainly_asked import AtOnce, PlainlyAsked
from api.app import create_app
from api.panels.addresses import PanelBoard
from api.v1.models import Departures, SeveralDepartures
from tests.api.town import at, headway_town, service_at

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module", params=["town", "headway"])
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    service = service_at(at(8, 1), timetable=headway_town() if request.param == "headway" else None)
    with TestClient(create_app(service)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/stops/liberte/departures", Departures),
        ("/v1/stops/gare/departures?arrivals=true&window=86400", Departures),
        ("/v1/stops/douets/departures", Departures),
        ("/v1/departures?stop=liberte&stop=gare&near=47.39,0.69", SeveralDepartures),
        ("/v1/stops/liberte/board", PanelBoard),
        ("/v1/stops/gare/board?lang=fr&limit=12", PanelBoard),
    ],
)
def test_an_answer_is_what_its_model_would_be_written_as(client: TestClient, path: str, model: type[BaseModel]) -> None:
    body = client.get(path).content
    assert model.model_validate_json(body).model_dump_json().encode() == body


@pytest.mark.parametrize("path", ["/v1/stops/gare:1/departures?limit=20", "/v1/stops/gare:1/board?limit=6"])
def test_without_a_query_an_answer_is_that_of_the_defaults(client: TestClient, path: str) -> None:
    plainly, asked = client.get(path.partition("?")[0]), client.get(path)
    assert (plainly.headers, plainly.content) == (asked.headers, asked.content)
    assert plainly.json()["departures"] != []


@pytest.mark.parametrize("path", ["/v1/stops/nowhere/board", "/stops/nowhere", "/stops/liberte"])
def test_one_who_comes_from_another_site_is_told_the_same(client: TestClient, path: str) -> None:
    plainly, asked = client.get(path), client.get(path, headers={"Origin": "https://news.example"})
    from_elsewhere = {"access-control-allow-origin", "access-control-expose-headers"}
    assert plainly.headers.keys() - from_elsewhere == asked.headers.keys() - from_elsewhere
    for name in ("vary", "content-type", "cache-control"):
        assert plainly.headers.get(name) == asked.headers.get(name)
    assert plainly.status_code == asked.status_code


def test_what_has_no_default_is_still_asked_for() -> None:
    router = APIRouter(route_class=PlainlyAsked)

    @router.get("/{place:path}")
    async def get(place: str, wanted: str) -> Response:
        return Response(place + wanted)

    app = FastAPI()
    app.add_middleware(AtOnce, routes=app.router.routes)
    app.router.routes.extend(router.routes)
    asked = TestClient(app)
    assert asked.get("/a/b").status_code == 422
    assert asked.get("/a/b?wanted=c").text == "a/bc"
