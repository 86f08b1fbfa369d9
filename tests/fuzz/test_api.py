"""Whatever is asked of the API is answered as its OpenAPI document says, and never by a fault of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, settings

from api.answers.rate_limits import RateLimits
from api.app import create_app
from api.desk.desk import Desk
from api.reading.shapes import shapes_of
from tests.api.town import STOPS, TRIPS, at, service_at
from tests.fuzz.effort import EFFORT, tries

if TYPE_CHECKING:
    from schemathesis import Case, HookContext
    from schemathesis.schemas import BaseSchema

TOKEN = "a token of the town"
# What texts may be drawn from, and of what schemes, takes seconds to find out.
pytestmark = pytest.mark.xdist_group("api described")


@asynccontextmanager
async def _time_stands_still(_: FastAPI) -> AsyncIterator[None]:
    yield


app = create_app(service := service_at(at(8, 1)), Desk(service, token=TOKEN))
# A stream goes on as long as the service does: that of a service which stops has an end.
app.state.announcer.close()
app.router.lifespan_context = _time_stands_still
OPERATIONS = [
    f"{method} {route.path_format}"
    for route in app.routes
    if isinstance(route, APIRoute) and route.include_in_schema
    for method in sorted(route.methods or ())
]
"""To make the tests of all of them takes long: of each they are made when it is its turn, not by whoever collects."""
_KNOWN = {
    "stop_id": STOPS,
    "route_id": ["tram-A", "bus-2"],
    "trip_id": [trip for trip, *_ in TRIPS],
    "shape_id": shapes_of(service.timetable).names,
}


@cache
def described() -> BaseSchema:
    """The OpenAPI document."""
    import schemathesis

    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    schema.hook(map_path_parameters)
    # Has the application's own literals looked for, which each operation would do anew.
    schema.as_strategy()
    return schema


def map_path_parameters(_: HookContext, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Three in four ask for what there is: in what is unknown nothing deeper is reached."""
    return path_parameters and {name: _mostly_known(name, value) for name, value in path_parameters.items()}


def _mostly_known(name: str, value: Any) -> Any:
    drawn = crc32(str(value).encode(errors="replace"))
    known = _KNOWN.get(name)
    return known[drawn % len(known)] if known and drawn % 4 else value


def ask_somewhere(case: Case[Any]) -> None:
    """Of two parameters one has to be given, which a description of parameters cannot say."""
    if case.operation.label == "GET /v1/departures" and not any(case.query.get(name) for name in ("stop", "near")):
        case.query = {**case.query, "near": "47.39,0.69"}


@pytest.fixture(autouse=True)
def nobody_asks_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RateLimits, "spend", lambda *_: None)
    monkeypatch.setattr(RateLimits, "require", lambda *_: None)


@pytest.fixture(autouse=True)
def the_engine_goes_on() -> None:
    service.step(service.clock.now())


@pytest.fixture(name="described")
def _described() -> BaseSchema:
    return described()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_is_as_described(operation: str, request: pytest.FixtureRequest) -> None:
    import schemathesis

    in_turn = schemathesis.pytest.from_fixture("described").include(lambda asked: asked.operation.label == operation)

    @in_turn.parametrize()
    @tries(4)
    def is_as_described(case: Case[Any]) -> None:
        ask_somewhere(case)
        case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})

    is_as_described(request=request)


def test_every_operation_that_is_described_is_asked_for() -> None:
    operations = [operation for of_path in described().values() for operation in of_path.values()]
    assert sorted(OPERATIONS) == sorted(operation.label for operation in operations)


if EFFORT > 1:

    class OneAnswerLeadsToAnother(described().as_state_machine()):  # type: ignore[misc]
        """What one answer names is asked for next."""

        def before_call(self, case: Case[Any]) -> None:
            ask_somewhere(case)

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            return {"headers": {"Authorization": f"Bearer {TOKEN}"}}

    TestOneAnswerLeadsToAnother = OneAnswerLeadsToAnother.TestCase
    TestOneAnswerLeadsToAnother.settings = settings(
        max_examples=5 * EFFORT, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
    )
