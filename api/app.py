"""The web application: every face of one running service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import Lifespan
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.answers.announcer import Announcer
from api.answers.body_limit import BodyLimit
from api.answers.document import describe
from api.answers.doors import Doors
from api.answers.fair_turns import FairTurns
from api.answers.heavy_reads import HeavyReads
from api.answers.map_tiles import MapTiles
from api.answers.middleware import HeadAsGet
from api.answers.of_the_engine import OfTheEngine
from api.answers.packed import Packed
from api.answers.plainly_asked import AtOnce
from api.answers.problems import answer_with_problems
from api.answers.rate_limits import RateLimits
from api.answers.root_path import OwnRedirects, RootPath
from api.answers.said_once import SaidOnce
from api.answers.screens_seen import ScreensSeen
from api.desk.desk import Desk
from api.desk.disruptions_api import disruptions_router
from api.desk.metrics import desk_metrics
from api.desk.pages import desk_router
from api.desk.timetable_word import timetable_router
from api.pages.addresses import pages_router
from api.pages.alerts import alerts_router
from api.pages.crawlers import crawlers_router
from api.pages.embed import embed_router
from api.pages.installable import installable_router
from api.pages.map import map_router
from api.pages.map_picture import map_picture_router
from api.pages.push import push_router
from api.pages.reminders import Reminders, push_metrics
from api.pages.stream import page_stream_router
from api.pages.timetable import timetable_pages_router
from api.panels.addresses import panels_router
from api.panels.screen_addresses import screens_router
from api.reading.boards_ahead import BoardsAhead
from api.service.served import Served
from api.service.siri_names import SiriNames
from api.siri.addresses import siri_router
from api.v1.accuracy import accuracy_router
from api.v1.departures import departures_router
from api.v1.docs_page import DOCS_FILES, docs_files, docs_router
from api.v1.explain import explain_router
from api.v1.gtfs_realtime import realtime_feeds_router
from api.v1.health import health_router
from api.v1.metrics import Asked, RequestMetrics, metrics_router, registry_of
from api.v1.route_departures import route_departures_router
from api.v1.routes import routes_router
from api.v1.shapes import shapes_router
from api.v1.stops import stops_router
from api.v1.timetable import timetable_in_use_router
from api.v1.trips import trips_router
from api.v1.vehicles import vehicles_router
from api.words.abbreviations import Abbreviations

_VERSION = version("prochain")
_DESCRIPTION = """
Arrival predictions for every stop of a bus and tram network.

Every answer says when it was made (`generated_at`), how old the vehicle feed is (`feed_age_s`) and whether it has
stopped (`feed_stopped`). Times are ISO 8601 with the agency's offset. Answers carry an ETag that changes only when what
they say changes: send it back in `If-None-Match` and get 304 in between. Errors are RFC 9457 problem details.
"""


_ROUTERS: tuple[APIRouter, ...] = (
    departures_router, panels_router, page_stream_router, timetable_pages_router, embed_router, pages_router,
    route_departures_router, explain_router, accuracy_router, stops_router, routes_router, shapes_router, trips_router,
    vehicles_router, disruptions_router, realtime_feeds_router, siri_router, health_router, timetable_router,
    metrics_router, docs_router, timetable_in_use_router, installable_router, crawlers_router, push_router,
    map_router, map_picture_router, alerts_router, screens_router, desk_router,
)  # fmt: skip
"""The first that fits answers, and all are tried in this order: what is asked for most comes first."""


def create_app(
    service: Served,
    desk: Desk | None = None,
    *,
    trusted_proxies: Sequence[str] = (),
    behind_socket: bool = False,
    root_path: str = "",
    siri_names: SiriNames | None = None,
    abbreviations: Mapping[str, str] | None = None,
    map_tiles: MapTiles | None = None,
    reminders: Reminders | None = None,
    screens_seen: ScreensSeen | None = None,
    reads: bool = False,
    engine: str | None = None,
) -> FastAPI:
    """The application around `service`, which is started and stopped with it and kept at `app.state.service`.

    Without a `desk` there is one that nobody can open. `trusted_proxies`: addresses and networks of those who are
    believed in whose name they ask; `behind_socket`: so is everybody, for all come through a socket in the file system;
    `root_path`: "/bus" where a proxy serves it under that; `siri_names`: how `/siri` names stops and lines;
    `abbreviations`: the operator's own, by the word; `map_tiles`: the streets beneath the map; `reminders`: riders
    whom push messages tell; `screens_seen`: those of several processes; `reads`: the service reads what an engine
    publishes; `engine`: the address at which that engine answers what only it can.
    """
    desk = desk or Desk(service)
    announcer, heavy_reads, doors = Announcer(service), HeavyReads(), Doors(trusted_proxies)
    screens_seen = screens_seen or ScreensSeen(desk.folder)
    app = _described(lambda _: _running(service, desk, heavy_reads, screens_seen, reminders))
    registry = registry_of(service, announcer, heavy_reads, doors)
    registry.register(Asked(partial(desk_metrics, desk)))
    registry.register(Asked(partial(push_metrics, reminders)))
    app.state.service = service
    app.state.desk = desk
    app.state.siri_names = siri_names or SiriNames()
    app.state.abbreviations = Abbreviations(abbreviations or {})
    app.state.map_tiles = map_tiles
    app.state.announcer = announcer
    app.state.boards_ahead = BoardsAhead()
    app.state.reminders = reminders
    app.state.heavy_reads = heavy_reads
    app.state.screens_seen = screens_seen
    app.state.doors = doors
    app.state.registry = registry
    app.state.rate_limits = RateLimits(behind_proxy=behind_socket or bool(trusted_proxies))
    _add_middleware(app, service, reads=reads, engine=engine)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts="*" if behind_socket else list(trusted_proxies))
    if root_path:
        app.add_middleware(RootPath, root=root_path)
    answer_with_problems(app)
    for router in _ROUTERS:
        # As they are: an included router is described anew for each application, and searched for each request.
        app.router.routes.extend(router.routes)
    app.mount(DOCS_FILES, docs_files)
    return app


def _described(lifespan: Lifespan[FastAPI]) -> FastAPI:
    """An application without a route, which says of itself what it is."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        title="prochain",
        version=_VERSION,
        summary="Real-time bus and tram arrival predictions",
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        # Its own looks at each request whether anybody wants it; ours is `/metrics`.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    describe(app)
    return app


_CLOSING_S = 2.0


@asynccontextmanager
async def _running(
    service: Served, desk: Desk, heavy_reads: HeavyReads, screens_seen: ScreensSeen, reminders: Reminders | None
) -> AsyncIterator[None]:
    service.start()
    if screens_seen.is_kept:
        service.face_threads.append(screens_seen.saving)
        screens_seen.saving.start()
    if reminders:
        reminders.start()
    yield
    screens_seen.saving.stop(_CLOSING_S)
    if reminders:
        reminders.close()
    heavy_reads.close()
    service.stop()
    desk.close()


def _add_middleware(app: FastAPI, service: Served, *, reads: bool, engine: str | None) -> None:
    """The last one added is the outermost."""
    app.add_middleware(Packed)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET"],
        allow_headers=["*"],
        expose_headers=["ETag", "Feed-Age", "Feed-Stopped"],
        max_age=86_400,
    )
    if reads:
        app.add_middleware(OfTheEngine, address=engine)
    app.add_middleware(AtOnce, routes=app.router.routes)
    app.add_middleware(FairTurns, routes=app.router.routes)
    app.add_middleware(BodyLimit)
    app.add_middleware(SaidOnce, service=service)
    app.add_middleware(RequestMetrics, registry=app.state.registry)
    app.add_middleware(HeadAsGet)
    app.add_middleware(OwnRedirects)
