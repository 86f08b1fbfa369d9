"""An answer is made once a view and second, and is the same as without that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import httpx
import pytest
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers.said_once import SaidOnce
from api.app import create_app
from api.service.clock import ShiftedClock
from api.service.service import Service
from tests.api.town import at, service_at

BOARD = "/v1/stops/liberte/departures"


class Counted:
    """An application that says how often it was asked."""

    def __init__(self, **headers: str) -> None:
        self.asked, self.status, self.headers = 0, 200, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        number = self.asked
        await asyncio.sleep(0.01)
        body = f"{number} {dict(scope['headers']).get(b'accept-language', b'').decode()}"
        await Response(body, self.status, headers={"ETag": f'W/"{number}"', **self.headers})(scope, receive, send)


async def ask(app: ASGIApp, path: str = BOARD, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://town") as client:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def run(*questions: Awaitable[httpx.Response]) -> list[httpx.Response]:
    async def together() -> list[httpx.Response]:
        return list(await asyncio.gather(*questions))

    return asyncio.run(together())


@pytest.fixture
def service() -> Service:
    return service_at(at(8, 1))


def test_many_who_ask_at_once_are_told_what_was_made_once(service: Service) -> None:
    inner = Counted()
    app = SaidOnce(inner, service)
    assert {answer.text for answer in run(*(ask(app) for _ in range(20)))} == {"1 "}
    assert run(ask(app))[0].text == "1 " and inner.asked == 1


def test_who_has_it_is_told_so_even_where_the_first_who_asked_has_it_already(service: Service) -> None:
    app = SaidOnce(Counted(), service)
    answer = run(ask(app, if_none_match='W/"1"'))[0]
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", 'W/"1"')
    assert "content-type" not in answer.headers
    assert run(ask(app, if_none_match='W/"0"'))[0].status_code == 200


def test_a_new_view_and_a_new_second_are_told_anew(service: Service) -> None:
    inner = Counted()
    app = SaidOnce(inner, service)
    run(ask(app))
    service.view = replace(service.view)
    assert run(ask(app))[0].text == "2 "
    service.clock = ShiftedClock(at(8, 1, 1))
    assert run(ask(app))[0].text == "3 "


def test_readers_of_other_languages_get_their_own(service: Service) -> None:
    app = SaidOnce(Counted(), service)
    french, english = run(ask(app, accept_language="fr"), ask(app, accept_language="en"))
    assert french.text.endswith("fr") and english.text.endswith("en")


def test_who_makes_up_a_host_is_told_it_alone(service: Service) -> None:
    app = create_app(service)

    async def ask_by(*hosts: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://town") as client:
            return await client.get("/stops/liberte/sign", headers=[("Host", host) for host in hosts])

    made_up, two, own = run(ask_by("evil.example"), ask_by("evil.example", "town"), ask_by("town"))
    assert "http://evil.example/" in made_up.text and "http://evil.example/" in two.text
    assert "evil.example" not in own.text


@pytest.mark.parametrize(
    "path", ["/healthz", "/v1/stops/liberte/explain", "/v1/stops?q=a", "/?q=a", "/stops/liberte/stream"]
)
def test_what_is_counted_against_its_client_or_never_ends_is_not_kept(service: Service, path: str) -> None:
    inner = Counted()
    app = SaidOnce(inner, service)
    run(ask(app, path), ask(app, path))
    assert inner.asked == 2


def test_errors_and_cookies_are_not_kept(service: Service) -> None:
    missing, chosen = Counted(), Counted(**{"Set-Cookie": "lang=fr"})
    missing.status = 404
    for inner in (missing, chosen):
        app = SaidOnce(inner, service)
        assert {answer.status_code for answer in run(ask(app), ask(app), ask(app))} == {inner.status}
        assert inner.asked == 3


def test_an_application_that_fails_is_asked_again(service: Service) -> None:
    class Failing(Counted):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if self.asked == 0:
                self.asked = 1
                raise ValueError("no board")
            await super().__call__(scope, receive, send)

    app = SaidOnce(Failing(), service)
    with pytest.raises(ValueError, match="no board"):
        run(ask(app))
    assert run(ask(app))[0].status_code == 200


def test_the_whole_application_says_the_same_twice_and_each_answer_is_counted(service: Service) -> None:
    app = create_app(service)
    first, again, plain = run(
        ask(app, "/stops/liberte"), ask(app, "/stops/liberte"), ask(app, "/stops/liberte", accept_encoding="identity")
    )
    assert first.text == again.text == plain.text
    assert first.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    counted = run(ask(app, "/metrics"))[0].text
    assert 'prochain_requests_total{route="/stops/{stop_id}",status="200"} 3.0' in counted
