"""Small maps as pictures: a line, what is around a stop, or the whole network, without a script."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answers.assets import csp_source
from api.answers.caching import answer
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.reading.street_lanes import street_lanes
from predictor.arrays import NONE, Float64Array, Int64Array
from predictor.geometry import METRES_PER_DEGREE
from predictor.timetable import DAY_S, Timetable

map_picture_router = APIRouter(include_in_schema=False)

_WIDE, _HIGH, _HIGH_LINE = 640.0, 320.0, 480.0
"""Of a picture, that of a line higher, in its own units."""
_EDGE = 28
"""So much stays free around a line."""
_AROUND_STOP_M = 600.0
"""So far a stop's picture shows to the left and right of it."""
_FEW_STOPS = 50
_SMOOTH, _COARSE = 0.7, 1.8
"""How far a path may be from where its line goes: that of what is looked at, and that of the rest."""
_COARSEST, _OVERVIEW_BYTES = 16.0, 12_000
"""That of a whole network is made coarser until its paths weigh no more, for a page carries them in itself."""
_STYLE = (
    ".m path{fill:none;stroke-linecap:round;stroke-linejoin:round}.m .e{stroke:#535c69;opacity:.35}"
    ".m .o{stroke:#b9c1cd}.m circle{fill:#fff;stroke:#535c69}.m .y{fill:#12161c;stroke:#fff}"
    "@media(prefers-color-scheme:dark){.m .e{stroke:#a8b2c1}.m .o{stroke:#3a4453}"
    ".m circle{fill:#191f29;stroke:#a8b2c1}.m .y{fill:#fff;stroke:#0f131a}}"
)
STYLE_SOURCE = csp_source(_STYLE)
"""By which the content security policy of a page lets it in that has such a picture in itself."""


@map_picture_router.get("/map/picture.svg")
def map_picture(request: Request, line: str = "", stop: str = "") -> Response:
    """A picture of a line, of what is around a stop, or of all lines; of an unknown line or stop there is none."""
    tt = Moment.of(request).timetable
    if line in tt.base.route_index or stop in tt.base.stop_index or not line + stop:
        tt = tt.base  # which stays, while each message of the operator makes another with its runs
    route, place = tt.route_index.get(line, NONE), tt.stop_index.get(stop, NONE)
    if (line and route == NONE) or (stop and place == NONE):
        return Response("No such line or stop.\n", 404, media_type="text/plain")
    return answer(
        request,
        (tt.feed_version, tt.trips, line, stop),
        lambda: picture(tt, int(route), int(place)),
        max_age_s=DAY_S,
        media_type="image/svg+xml",
    )


@dataclass(frozen=True)
class _Sheet:
    """Where on the picture places lie."""

    middle: Float64Array
    """(2,) metres east and north."""
    per_metre: float
    metres: Float64Array
    """(2,) a degree of longitude and latitude."""
    size: Float64Array
    """(2,) width and height."""

    def put(self, places: Float64Array) -> Float64Array:
        """(v, 2) longitude and latitude as places on the picture."""
        across = (places * self.metres - self.middle) * self.per_metre
        return np.asarray(across * [1.0, -1.0] + self.size / 2.0)


@lru_cache(maxsize=2)
def overview(tt: Timetable) -> str:
    """An SVG of all lines, each once however often its runs come by: light enough to be part of a page."""
    lanes, lines = street_lanes(tt), lines_of(tt)
    sheet = _around(np.concatenate(lanes.places) if len(lanes.places) else np.zeros((1, 2)), _HIGH)
    ways: dict[int, list[shapely.LineString]] = defaultdict(list)
    for route, places in zip(lanes.route.tolist(), lanes.places, strict=True):
        ways[route].append(shapely.LineString(sheet.put(places)))
    coarse, drawn = _COARSE, ""
    while coarse < _COARSEST and (not drawn or len(drawn) > _OVERVIEW_BYTES):
        drawn = "".join(
            f'<path stroke="#{lines.all[route].badge.background}" stroke-width="1.6" d="{_woven(parts, coarse)}"/>'
            for route, parts in sorted(ways.items())
        )
        coarse *= 1.5
    return _svg(sheet, drawn)


def _woven(parts: list[shapely.LineString], coarse: float) -> str:
    """Pieces of a line as few ways as can be: what lies within `coarse` of one another is one."""
    united = shapely.unary_union(shapely.MultiLineString(parts), grid_size=coarse)
    shape = shapely.simplify(shapely.line_merge(united), coarse)
    return "".join(_steps(shapely.get_coordinates(part).round().astype(int)) for part in shapely.get_parts(shape))


@lru_cache(maxsize=256)
def picture(tt: Timetable, route: int = NONE, stop: int = NONE) -> str:
    """An SVG of a line, of what is around a stop, or of all lines."""
    if route == NONE == stop:
        return overview(tt)
    lanes, lines = street_lanes(tt), lines_of(tt)
    of_route = np.flatnonzero(lanes.route == route)
    stops = np.unique(tt.pattern_stop) if stop != NONE else _stops_of(tt, route)
    seen = [lanes.places[piece] for piece in of_route.tolist()]
    if stop != NONE:
        sheet = _around(np.array([[tt.stop_lon[stop], tt.stop_lat[stop]]]), _HIGH, _AROUND_STOP_M)
    else:
        sheet = _around(np.concatenate(seen) if seen else np.zeros((1, 2)), _HIGH_LINE)
    wide = 7.0 if stop != NONE else 4.0
    ways: dict[tuple[int, float], list[str]] = defaultdict(list)
    for of, lane, places in zip(lanes.route.tolist(), lanes.lane.tolist(), lanes.places, strict=True):
        # Where one line is meant, the others are one.
        key = (of, lane) if stop != NONE else (route if of == route else NONE, 0.0)
        smooth = _SMOOTH if stop != NONE or of == route else _COARSE
        ways[key].append(_path(sheet.put(places), key[1] * (wide + 1.0), smooth))
    drawn: list[str] = []
    # The others lie beneath, without a colour.
    for (of, _), parts in sorted(ways.items()):
        path = "".join(parts)
        if of == NONE:
            drawn.append(f'<path class="o" stroke-width="1.5" d="{path}"/>')
        elif path:
            drawn.append(f'<path class="e" stroke-width="{wide + 1.5:g}" d="{path}"/>')
            drawn.append(f'<path stroke="#{lines.all[of].badge.background}" stroke-width="{wide:g}" d="{path}"/>')
    # Of a line with many stops the dots would hide it.
    radius = 4.5 if stop != NONE else 2.5 if len(stops) < _FEW_STOPS else 1.2
    places = sheet.put(np.column_stack([tt.stop_lon[stops], tt.stop_lat[stops]]))
    inside = (np.abs(places - sheet.size / 2.0) < sheet.size / 2.0).all(axis=1)
    drawn += [
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:g}" stroke-width="{radius / 2.0:.1f}"/>'
        for x, y in places[inside]
    ]
    if stop != NONE:
        drawn.append(f'<circle class="y" cx="{_WIDE / 2.0:g}" cy="{_HIGH / 2.0:g}" r="9" stroke-width="3"/>')
    return _svg(sheet, "".join(drawn))


def _svg(sheet: _Sheet, drawn: str) -> str:
    box = f"0 0 {sheet.size[0]:g} {sheet.size[1]:g}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="m" viewBox="{box}"><style>{_STYLE}</style>{drawn}</svg>'


def _stops_of(tt: Timetable, route: int) -> Int64Array:
    """Where a line calls; of all lines at once the dots would hide them."""
    calls = np.repeat(tt.pattern_route, np.diff(tt.pattern_call_ptr)) == route
    return np.unique(tt.pattern_stop[calls]).astype(np.int64)


def _around(places: Float64Array, high: float, least_m: float = 0.0) -> _Sheet:
    """The sheet that shows all places, and so many metres to both sides of their middle."""
    metres = METRES_PER_DEGREE * np.array([np.cos(np.radians(np.median(places[:, 1]))), 1.0])
    low, up = (places * metres).min(axis=0), (places * metres).max(axis=0)
    half = np.maximum((up - low) / 2.0, [max(least_m, 1.0), 1.0])
    size = np.array([_WIDE, high])
    room = size / 2.0 - (0.0 if least_m else _EDGE)
    return _Sheet((low + up) / 2.0, float((room / half).min()), metres, size)


def _path(places: Float64Array, aside: float, smooth: float) -> str:
    """What of a way lies on the picture, moved to its right; empty where nothing does."""
    shape = shapely.clip_by_rect(shapely.LineString(places), -20.0, -20.0, _WIDE + 20.0, _HIGH_LINE + 20.0)
    shape = shapely.simplify(shape, smooth)
    if aside and not shape.is_empty:
        # Down is more here: what is right of a way is left of it on the sheet.
        shape = shapely.offset_curve(shape, aside, join_style="mitre")
    return "".join(_steps(shapely.get_coordinates(part).round().astype(int)) for part in shapely.get_parts(shape))


def _steps(at: Int64Array) -> str:
    """A path from place to place, each told by the step to it: most are short."""
    steps = np.diff(at, axis=0)
    steps = steps[steps.any(axis=1)]
    if not len(steps):
        return ""
    return f"M{at[0, 0]} {at[0, 1]}l" + " ".join(f"{x} {y}" for x, y in steps.tolist()).replace(" -", "-")
