"""What a process does: it follows a network, or answers readers from what is published."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.answers.map_tiles import MapTiles
from api.answers.problems import Problem, problem_response
from api.answers.root_path import RootPath
from api.answers.screens_seen import ScreensSeen
from api.app import create_app
from api.command.listening import serve
from api.command.network import Network
from api.command.plainly import Signalled
from api.command.port import stop_address
from api.desk.desk import Desk, desk_of
from api.pages.reminders import reminders_of
from api.reading.board import stop_boards
from api.reading.lines import lines_of
from api.service.exchange import ExchangeError
from api.service.served import Served
from api.service.settings import Settings
from api.service.view import ServiceView

if TYPE_CHECKING:
    from api.service.exchange import Exchange
    from api.service.reader import Reader
    from api.service.service import Service

_AT_ONCE_S = 2.0
_LOOKED_AT = 300
_SOON_S = 1800.0


def follow_network(
    network: Network,
    listening: socket.socket,
    base: str,
    exchange: Exchange | None,
    ready: Callable[[], None] = lambda: print("  Ctrl-C ends it.", flush=True),
) -> None:
    """Follow the network, answer all that is asked, publish each view where there is an `exchange`.

    Parameters: `base`: the address at which readers ask; `ready`: called when requests are answered.
    """
    settings = network.settings
    with ExitStack() as held:
        service, folder, unwritable = network.service(held)
        # Riders elsewhere must not be told of what happens in a demo, or happened long ago.
        desk = desk_of(service, settings, folder, unwritable=unwritable, tells=network.kind == "live")
        reminders = reminders_of(service, settings, None if unwritable else folder)
        if exchange is not None:
            from api.service.publisher import Publisher

            publisher = Publisher(service, exchange)
            held.callback(publisher.stop)
            publisher.start()
        _tell_what_is_served(service, desk, base + settings.root_path, network.shown_token)
        with suppress(Signalled):
            screens = ScreensSeen(desk.folder, others=partial(_told, exchange))
            app = _app(service, desk, settings, listening, reminders=reminders, screens_seen=screens)
            serve(app, listening, ready)


def answer_readers(
    settings: Settings,
    listening: socket.socket,
    exchange: Exchange,
    engine: str | None,
    ready: Callable[[], None] = lambda: print("  Ctrl-C ends it.", flush=True),
) -> None:
    """Answer readers from what an engine publishes. Parameters: `engine`: the address of its process."""
    from api.service.live import cache_folder
    from api.service.reader import Reader

    folders = [folder for folder in (cache_folder(settings),) if folder]
    reader = Reader(exchange, folders)
    with suppress(Signalled):
        try:
            reader.start()
            if not reader.wait(_AT_ONCE_S):
                print(f"Waiting for the engine's first view at {exchange.place} …", flush=True)
                _say_not_yet(listening, reader, settings.root_path)
            screens = ScreensSeen(tell=partial(_tell, exchange, f"screens-{uuid4().hex}"))
            app = _app(reader, Desk(reader), settings, listening, screens_seen=screens, reads=True, engine=engine)
            serve(app, listening, ready)
        finally:
            reader.stop()


def _told(exchange: Exchange | None) -> list[bytes]:
    """What readers tell the engine; nothing where they cannot be reached, which is told elsewhere."""
    with suppress(ExchangeError):
        return exchange.told() if exchange else []
    return []


def _tell(exchange: Exchange, name: str, content: bytes) -> None:
    with suppress(ExchangeError):
        exchange.tell(name, content)


def _app(service: Served, desk: Desk, settings: Settings, listening: socket.socket, **more: Any) -> FastAPI:
    """The faces of a service as `settings` want them. Parameters: `more`: see `create_app`. Errors:
    ConfigurationError."""
    return create_app(
        service, desk, trusted_proxies=settings.trusted_proxies, behind_socket=listening.family == socket.AF_UNIX,
        root_path=settings.root_path, siri_names=settings.siri, abbreviations=settings.abbreviations,
        map_tiles=MapTiles(settings.map_tiles) if settings.map_tiles else None, **more,
    )  # fmt: skip


def _tell_what_is_served(service: Service, desk: Desk, base: str, shown_token: str | None) -> None:
    tt, view = service.timetable, service.view
    moment = view.iso(service.clock.now())[:16].replace("T", " ")
    lines = [f"\n  {tt.network_name or 'prochain'}: {tt.stops:,} stops, {tt.trips:,} trips; it is {moment} there.\n"]
    lines.append(f"  {base}")
    for kind, stop in stops_worth_opening(view, service.clock.now()):
        lines.append(f"  {stop_address(base, str(tt.stop_id[stop]))}  {tt.stop_name[stop]} ({kind})")
    how = (
        f"token {shown_token}"
        if shown_token
        else "open"
        if desk.sign_in.possible
        else "off: set desk_token, or prochain users add"
    )
    lines += [f"  {base}/desk  the officer's desk ({how})", f"  {base}/docs  the API\n"]
    print("\n".join(lines), flush=True)


def stops_worth_opening(view: ServiceView, now: float) -> list[tuple[str, int]]:
    """A few stops that a newcomer may open first, each by what it is and its index: the busiest, a small one with a
    departure soon, and a tram's, where there are."""
    tt = view.timetable
    hits = view.stop_search.busiest(tt.stops)
    busiest = [hit.stop_idx for hit in hits]
    calls = np.bincount(tt.call_stop, minlength=tt.stops)
    trams = [line.route for line in lines_of(tt).all if line.mode == "tram"]
    stations = set(tt.station[tt.call_stop[np.isin(tt.trip_route[tt.call_trip], trams)]].tolist())
    chosen: dict[int, str] = {}
    for name, candidates in (
        ("a busy stop", [stop for stop in busiest if stop not in stations] or busiest),
        ("a small stop", [stop for stop in reversed(busiest) if calls[stop] > 0 and stop not in stations]),
        ("a tram station", [stop for stop in busiest if stop in stations]),
    ):
        for stop in candidates[:_LOOKED_AT]:
            if stop not in chosen and stop_boards(view, [stop], now, _SOON_S)[0].shown:
                chosen[stop] = name
                break
    return [(name, stop) for stop, name in chosen.items()]


def _say_not_yet(listening: socket.socket, reader: Reader, root: str) -> None:
    """Answer 503 until there is a view, so that whoever watches over the process sees that it is there."""
    app = RootPath(NotYet(reader), root) if root else NotYet(reader)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, lifespan="off"))

    def end() -> None:
        while not (reader.wait(1.0) or server.should_exit):
            pass
        server.should_exit = True

    Thread(target=end, name="first view", daemon=True).start()
    # The server closes what it is given.
    asyncio.run(server.serve(sockets=[listening.dup()]))


class NotYet:
    """An ASGI application that answers before there is a view."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say why there is none."""
        if scope["type"] == "http":
            problem = Problem(
                503, "no-view-yet", "Not yet", f"There is nothing to show yet: {self._reader.why_none}.",
                headers={"Retry-After": "5", "Connection": "close"},
            )  # fmt: skip
            await problem_response(Request(scope), problem)(scope, receive, send)
