"""The map: lines, stops and vehicles, drawn from our own data."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import lru_cache
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answers.assets import map_library
from api.answers.caching import BOARD_MAX_AGE_S, answer
from api.answers.map_tiles import MAP_POLICY, MapTiles, map_context
from api.pages.map_picture import STYLE_SOURCE, overview
from api.pages.rendering import rider_page
from api.reading.lines import Line, lines_of
from api.reading.street_lanes import street_lanes
from api.words.moment import PageMoment
from predictor.timetable import DAY_S, Timetable

map_router = APIRouter(include_in_schema=False)


@map_router.get("/map")
def network_map(request: Request) -> Response:
    """Lines and vehicles on a map; without its library or a script, the way to the lines."""
    moment = PageMoment.of(request)
    return rider_page(
        request,
        moment,
        "map.html",
        moment.lines.badges,
        also_said=[key for key in moment.texts.entries if key.startswith("occupancy_")],
        also_allowed={**MAP_POLICY, "style-src": f"{MAP_POLICY['style-src']} {STYLE_SOURCE}"},
        picture=overview(moment.timetable.base) if len(moment.timetable.line_lon) else "",
        lines=[line for _, members in moment.lines.by_mode(moment.now) for line in members],
        drawable=map_library() is not None and len(moment.timetable.line_lon) > 0,
        **map_context(request, moment),
    )


@map_router.get("/map/network")
def network(request: Request) -> Response:
    """Lines and stops as GeoJSON."""
    tt = PageMoment.of(request).timetable
    if len(tt.base.route_id) == len(tt.route_id):
        tt = tt.base  # which stays, while each message of the operator makes another with its runs
    return answer(request, tt.feed_version, lambda: _network(tt), max_age_s=DAY_S, media_type="application/geo+json")


@map_router.get("/map/tiles.pmtiles")
def tiles(request: Request) -> Response:
    """Ranges of bytes of the file with the streets."""
    map_tiles: MapTiles | None = request.app.state.map_tiles
    return map_tiles.response(request.headers.get("range")) if map_tiles else Response(status_code=404)


@map_router.get("/map/disturbed")
def disturbed(request: Request) -> Response:
    """Route ids of the lines to mark."""
    moment = PageMoment.of(request)
    routes = [str(moment.timetable.route_id[route]) for route in sorted(moment.disturbed)]
    return answer(request, routes, lambda: json.dumps(routes), max_age_s=BOARD_MAX_AGE_S, media_type="application/json")


@lru_cache(maxsize=2)
def _network(tt: Timetable) -> str:
    lines = lines_of(tt)
    lanes = street_lanes(tt)
    drawn: dict[tuple[int, float], list[Any]] = defaultdict(list)
    for route, lane, places in zip(lanes.route.tolist(), lanes.lane.tolist(), lanes.places, strict=True):
        drawn[route, lane].append(places.round(5).tolist())
    features = [_lane(lines.all[route], lane, pieces) for (route, lane), pieces in drawn.items()]
    calls = np.bincount(tt.call_stop, minlength=tt.stops)
    features += [_stop(tt, stop, int(calls[stop])) for stop in np.unique(tt.pattern_stop).tolist()]
    badges = {
        line.route_id: {"name": line.name, "color": f"#{line.badge.background}", "text": f"#{line.badge.text}"}
        for line in lines.all
    }
    return json.dumps(
        {"type": "FeatureCollection", "lines": badges, "features": features}, separators=(",", ":"), ensure_ascii=False
    )


def _lane(line: Line, lane: float, pieces: list[Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "MultiLineString", "coordinates": pieces},
        "properties": {
            "kind": "line", "route_id": line.route_id, "color": f"#{line.badge.background}", "lane": lane
        },
    }  # fmt: skip


def _stop(tt: Timetable, stop: int, calls: int) -> dict[str, Any]:
    place = [round(float(tt.stop_lon[stop]), 5), round(float(tt.stop_lat[stop]), 5)]
    parent = int(tt.stop_parent[stop])
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": place},
        "properties": {
            "kind": "stop",
            "stop_id": str(tt.stop_id[stop]),
            "name": str(tt.stop_name[stop]),
            "calls": calls,
            "station": str(tt.stop_id[parent]) if parent >= 0 else "",
        },
    }
