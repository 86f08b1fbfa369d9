"""Many networks in one service: a start page, each network under its name, and what watches over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.answers.assets import asset_answer, style
from api.answers.doors import Doors
from api.answers.forwarding import UnreachableError
from api.answers.frame import Frame, whole_page
from api.answers.middleware import HttpMiddleware
from api.answers.problems import Problem, problem_response
from api.answers.root_path import OwnRedirects, RootPath
from api.networks.supervised import SupervisedNetwork
from api.networks.watched import metrics, readiness, robots
from api.words.moment import language_of
from api.words.root_path import path_within, root_of
from api.words.texts import LANGUAGE_COOKIE, LANGUAGES, texts_in

_RETRY_AFTER_S = 10
_NO_STORE = {"Cache-Control": "no-store"}


class Networks:
    """The networks of a service, each kept running by a task of the event loop that serves them."""

    def __init__(self, networks: Sequence[SupervisedNetwork]) -> None:
        self.all = networks
        self._named = {network.name: network for network in networks}
        self._forwarded: set[asyncio.Task[object]] = set()

    def named(self, name: str) -> SupervisedNetwork | None:
        """By its name in the settings."""
        return self._named.get(name)

    @asynccontextmanager
    async def kept(self, _: Starlette) -> AsyncIterator[None]:
        """They run in this context, and are ended after it."""
        tasks = [asyncio.create_task(task()) for network in self.all for task in (network.keep, network.watch)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def forward(self, network: SupervisedNetwork, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the network answer. Errors: UnreachableError."""
        task = asyncio.ensure_future(network.forwarding(scope, receive, send))
        self._forwarded.add(task)
        try:
            await task
        finally:
            self._forwarded.discard(task)

    def close(self) -> None:
        """End what is forwarded: event streams would never end by themselves."""
        for task in self._forwarded:
            task.cancel()


class ToNetworks(HttpMiddleware):
    """Hands what is asked of a network on to its process."""

    def __init__(self, app: ASGIApp, networks: Networks) -> None:
        super().__init__(app)
        self._networks = networks

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, slash, _ = path_within(scope)[1:].partition("/")
        network = self._networks.named(name)
        if network is None:
            await self._app(scope, receive, send)
        elif not slash:
            await RedirectResponse(f"{root_of(scope)}/{name}/", 307)(scope, receive, send)
        else:
            try:
                await self._networks.forward(network, scope, receive, send)
            except UnreachableError:
                await _starting(Request(scope), network)(scope, receive, send)


def networks_app(
    networks: Sequence[SupervisedNetwork], *, trusted_proxies: Sequence[str] = (), root_path: str = ""
) -> Starlette:
    """The application in front of all; `root_path`: as that of `api.app.create_app`."""
    kept = Networks(networks)
    app = Starlette(
        routes=[
            Route("/", lambda request: _page(request, 200)), Route("/readyz", _readyz), Route("/healthz", _healthz),
            Route("/metrics", _metrics), Route("/robots.txt", _robots),
            Route("/static/{name}", lambda request: asset_answer(request, request.path_params["name"])),
        ],
        middleware=[
            *([Middleware(RootPath, root=root_path)] if root_path else []),
            Middleware(ProxyHeadersMiddleware, trusted_hosts=list(trusted_proxies)),
            Middleware(ToNetworks, networks=kept),
            Middleware(OwnRedirects),
        ],
        exception_handlers={404: _not_found},
        lifespan=kept.kept,
    )  # fmt: skip
    app.state.networks = kept
    app.state.doors = Doors(trusted_proxies)
    app.state.announcer = kept
    return app


def _networks_of(request: Request) -> Networks:
    networks: Networks = request.app.state.networks
    return networks


def _not_found(request: Request, _: Exception) -> Response:
    return _page(request, 404, "problem_404")


def _starting(request: Request, network: SupervisedNetwork) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return _page(request, 503, "network_starting", network)
    detail = f"The process of the network {network.name} does not answer; the others do."
    retry = {"Retry-After": str(_RETRY_AFTER_S)}
    return problem_response(request, Problem(503, "network-starting", "The network is starting", detail, headers=retry))


def _page(request: Request, status: int, said: str = "", only: SupervisedNetwork | None = None) -> Response:
    texts, root = texts_in(language_of(request)), root_of(request.scope)
    chosen = request.query_params.get(LANGUAGE_COOKIE) in LANGUAGES
    networks = [only] if only else sorted(_networks_of(request).all, key=lambda network: network.title.casefold())
    frame = Frame(style([]), status, headers={"Retry-After": str(_RETRY_AFTER_S)} if status == 503 else {})
    return whole_page(
        root, texts, "networks.html", frame, networks=networks, said=texts(said) if said else "",
        starting=not all(network.ready for network in networks),
        query="?" + urlencode({LANGUAGE_COOKIE: texts.language}) if chosen else "",
        languages=[(other, texts_in(other)("language_name")) for other in LANGUAGES if other != texts.language],
    )  # fmt: skip


def _readyz(request: Request) -> Response:
    report, status = readiness(_networks_of(request).all)
    return JSONResponse(report, status, headers=_NO_STORE)


def _healthz(_: Request) -> Response:
    """We are; each network's process is started anew by us."""
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


async def _metrics(request: Request) -> Response:
    return PlainTextResponse(await metrics(_networks_of(request).all), headers=_NO_STORE)


async def _robots(request: Request) -> Response:
    return PlainTextResponse(await robots(_networks_of(request).all, request.url.netloc, request.url.scheme))
