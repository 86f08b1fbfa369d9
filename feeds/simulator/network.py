"""A town of the demo city on the ground: streets, stops, lines with their patterns, and the links between stops.

Streets are a grid bent by a few waves. Every stretch of street that a bus line drives has a stop on each side, shared
by all lines that drive it, so corridors share stops and therefore links.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from feeds.gtfs.polylines import Polylines
from feeds.simulator.names import CITY, TRAM_STATIONS, stop_names
from feeds.simulator.paths import paths_of
from feeds.simulator.plan import BUS, CENTRE, COLUMNS, DEPOTS, LINES, RIVER_ROWS, ROWS, TRAM, Corner, LinePlan, steps
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from predictor.geometry import METRES_PER_DEGREE

ORIGIN_LAT, ORIGIN_LON = 47.39, 0.69
# Towns of a larger city stand side by side, this far apart.
_TOWN_WIDTH_M, _TOWN_HEIGHT_M, _TOWNS_A_ROW = 13_000.0, 18_000.0, 12
_TERMINUS_SETBACK_M = 15.0
_KERB_M = {TRAM: 3.0, BUS: 6.0}


@dataclass(frozen=True, eq=False)
class Streets:
    """Where the crossings of a town's grid lie."""

    lat0: float
    lon0: float
    u: Float64Array
    v: Float64Array
    phase: Float64Array

    @classmethod
    def laid_out(cls, rng: np.random.Generator, town: int) -> Streets:
        """A town's streets, each town's a little different."""
        row, column = divmod(town, _TOWNS_A_ROW)
        lat0 = ORIGIN_LAT + row * _TOWN_HEIGHT_M / METRES_PER_DEGREE
        lon0 = ORIGIN_LON + column * _TOWN_WIDTH_M / (METRES_PER_DEGREE * np.cos(np.radians(lat0)))
        du, dv = rng.uniform(330.0, 450.0, COLUMNS - 1), rng.uniform(330.0, 460.0, ROWS - 1)
        dv[list(RIVER_ROWS)] = (600.0, 520.0)
        u, v = np.concatenate([[0.0], np.cumsum(du)]), np.concatenate([[0.0], np.cumsum(dv)])
        return cls(lat0, lon0, u - u[CENTRE[0]], v - v[CENTRE[1]], rng.uniform(0.0, 2.0 * np.pi, 4))

    def polyline(self, nodes: list[Corner]) -> tuple[Float64Array, Int64Array]:
        """The bent street through crossings: vertices (k, 2) in metres east and north of the centre, and the index of
        each node's vertex."""
        grid = np.array([(self.u[c], self.v[r]) for c, r in nodes])
        pieces = np.maximum(np.ceil(np.hypot(*np.diff(grid, axis=0).T) / 60.0), 1).astype(np.int64)
        start = np.repeat(np.arange(len(pieces)), pieces)
        first = np.concatenate([[0], np.cumsum(pieces)])
        share = (np.arange(len(start)) - first[start]) / pieces[start]
        flat = grid[start] + share[:, None] * (grid[start + 1] - grid[start])
        return self.bent(np.vstack([flat, grid[-1]])), first

    def bent(self, flat: Float64Array) -> Float64Array:
        """Places of the straight grid, in its metres, where the waves put them."""
        u, v = flat[:, 0], flat[:, 1]
        a, b, c, d = self.phase
        x = u + 250.0 * np.sin(v / 1400.0 + a) + 40.0 * np.sin(v / 410.0 + b)
        y = v + 230.0 * np.sin(u / 1300.0 + c) + 35.0 * np.sin(u / 390.0 + d)
        return np.column_stack([x, y])

    def ground(self, xy: Float64Array) -> Float64Array:
        """Latitude and longitude (k, 2) of points in metres east and north of the centre, to 0.1 m."""
        lat = self.lat0 + xy[:, 1] / METRES_PER_DEGREE
        lon = self.lon0 + xy[:, 0] / (METRES_PER_DEGREE * np.cos(np.radians(self.lat0)))
        return np.round(np.column_stack([lat, lon]), 6)


@dataclass(frozen=True, eq=False)
class Network:
    """Struct of arrays. S stops (platforms, then stations), R routes, P patterns with calls in CSR, K links."""

    town: int
    """Its number; 0 is the city itself."""
    streets: Streets

    stop_id: list[str]
    stop_name: list[str]
    stop_platform: list[str]
    stop_lat: Float64Array
    stop_lon: Float64Array
    stop_parent: Int32Array
    stop_is_station: BoolArray
    stop_wheelchair: Int32Array
    """GTFS `wheelchair_boarding`."""
    stop_place: Int32Array
    """Platforms of one place bear one name."""
    stop_node: Int32Array
    """(S, 2) crossing nearest to the stop."""
    stop_demand: Float64Array
    """Riders a second that come to the stop at an average hour."""

    route_id: list[str]
    route_long_name: list[str]
    route_plan: list[LinePlan]

    pattern_route: Int32Array
    pattern_direction: Int32Array
    pattern_way: Int32Array
    pattern_headsign: list[str]
    pattern_call_ptr: Int64Array
    call_stop: Int32Array
    call_distance_m: Float64Array
    call_timepoint: BoolArray
    call_link: Int32Array
    """Link from this call to the next, -1 at a pattern's last."""

    paths: Polylines
    """Path i is the shape of pattern i."""

    link_from: Int32Array
    link_length_m: Float64Array
    link_is_tram: BoolArray
    link_x_km: Float64Array
    """Middle of the link, kilometres east (and north) of the centre."""
    link_y_km: Float64Array
    link_inbound: Float64Array
    """Cosine of the angle between the link and the way to the centre."""

    @property
    def pattern_calls(self) -> Int64Array:
        """(P,) number of calls."""
        return np.diff(self.pattern_call_ptr)


@dataclass
class _Stop:
    """A stop being laid."""

    stop_id: str
    name: str
    position: tuple[float, float]
    is_station: bool
    wheelchair: int
    place: int
    node: Corner
    demand: float
    platform: str = ""
    parent: int = -1


@dataclass(frozen=True, eq=False)
class _Pattern:
    """A pattern that has been laid, its calls (c,)."""

    route: int
    direction: int
    way: int
    headsign: str
    stops: list[int]
    distance_m: Float64Array
    timepoint: BoolArray
    links: list[int]
    shape: Float64Array


def town_name(town: int) -> str:
    """The city itself, then its numbered neighbours."""
    return CITY if town == 0 else f"Montval {town}"


def id_prefix(town: int) -> str:
    """What ids of a town's stops, routes, trips and vehicles begin with."""
    return f"v{town}-" if town else ""


def build_network(seed: int, town: int) -> Network:
    """Lay out a town."""
    rng = np.random.default_rng([seed, 1, town])
    streets = Streets.laid_out(rng, town)
    laid = _Laying(town, streets, rng)
    names = []
    for route, plan in enumerate(LINES):
        first, last = laid.add_line(plan, route)
        names.append(first if first == last else f"{first} – {last}")
    laid.number_platforms()
    stops, patterns = laid.stops, laid.patterns
    link, pairs = np.array(laid.link_attributes), np.array(list(laid.link_index), np.int32)
    position = np.array([stop.position for stop in stops])
    return Network(
        town=town, streets=streets, stop_id=[stop.stop_id for stop in stops], stop_name=[stop.name for stop in stops],
        stop_platform=[stop.platform for stop in stops], stop_lat=position[:, 0], stop_lon=position[:, 1],
        stop_parent=np.array([stop.parent for stop in stops], np.int32),
        stop_is_station=np.array([stop.is_station for stop in stops]),
        stop_wheelchair=np.array([stop.wheelchair for stop in stops], np.int32),
        stop_place=np.array([stop.place for stop in stops], np.int32),
        stop_node=np.array([stop.node for stop in stops], np.int32),
        stop_demand=np.array([stop.demand for stop in stops]),
        route_id=[id_prefix(town) + plan.name for plan in LINES], route_long_name=names, route_plan=list(LINES),
        pattern_route=np.array([pattern.route for pattern in patterns], np.int32),
        pattern_direction=np.array([pattern.direction for pattern in patterns], np.int32),
        pattern_way=np.array([pattern.way for pattern in patterns], np.int32),
        pattern_headsign=[pattern.headsign for pattern in patterns],
        pattern_call_ptr=np.append(0, np.cumsum([len(pattern.stops) for pattern in patterns])).astype(np.int64),
        call_stop=np.concatenate([pattern.stops for pattern in patterns]).astype(np.int32),
        call_distance_m=np.concatenate([pattern.distance_m for pattern in patterns]),
        call_timepoint=np.concatenate([pattern.timepoint for pattern in patterns]),
        call_link=np.concatenate([pattern.links for pattern in patterns]).astype(np.int32),
        paths=paths_of([pattern.shape for pattern in patterns]),
        link_from=pairs[:, 0], link_length_m=link[:, 0], link_is_tram=link[:, 1].astype(bool),
        link_x_km=link[:, 2], link_y_km=link[:, 3], link_inbound=link[:, 4],
    )  # fmt: skip


class _Laying:
    """A town's stops and lines being laid."""

    def __init__(self, town: int, streets: Streets, rng: np.random.Generator) -> None:
        self._town, self._streets = town, streets
        self.stops = list[_Stop]()
        self.patterns = list[_Pattern]()
        self.link_index = dict[tuple[int, int], int]()
        self.link_attributes = list[tuple[float, bool, float, float, float]]()
        seeds = rng.integers(0, 2**31, 3)
        self._names = iter(stop_names(np.random.default_rng(seeds[0])))
        self._tram_names = iter(TRAM_STATIONS)
        self._layout_rng = np.random.default_rng(seeds[1])
        self._demand_rng = np.random.default_rng(seeds[2])
        self._places: dict[tuple[Corner, ...], int] = {}
        self._place_names: list[str] = []
        self._station: dict[int, int] = {}
        self._by_key: dict[tuple[Corner, Corner, str, int], int] = {}
        # Where on each stretch of street the stop pair stands, and which stretches have none.
        self._share: dict[tuple[Corner, Corner], float] = {}
        self._tram_stretches = self._stretches_with_station()

    def add_line(self, plan: LinePlan, route: int) -> tuple[str, str]:
        """Lay a line's patterns; the names of its termini."""
        termini: list[str] = []
        for way, corners in enumerate(plan.ways):
            nodes = steps(corners)
            for direction, ordered in enumerate((nodes, nodes[::-1])):
                calls = self._add_pattern(plan, route, direction, way, ordered)
                if direction == 0:
                    termini += [self.stops[calls[0]].name, self.stops[calls[-1]].name]
        return termini[0], " / ".join(dict.fromkeys(termini[1::2]))

    def number_platforms(self) -> None:
        """Give the platforms of each station their signs."""
        trams: dict[int, int] = {}
        buses: dict[int, int] = {}
        tram = {stop for key, stop in self._by_key.items() if key[3] == TRAM}
        for number, stop in enumerate(self.stops):
            station = self._station.get(stop.place)
            if station is None or station == number:
                continue
            stop.parent = station
            seen = trams if number in tram else buses
            seen[station] = seen.get(station, 0) + 1
            stop.platform = str(seen[station]) if number in tram else chr(64 + seen[station])

    def _add_pattern(self, plan: LinePlan, route: int, direction: int, way: int, nodes: list[Corner]) -> list[int]:
        xy, vertex = self._streets.polyline(nodes)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        at = along[vertex]
        calls: list[int] = []
        distance: list[float] = []
        last = len(nodes) - 2
        for i, (a, b) in enumerate(pairwise(nodes)):
            points: list[tuple[float, str]] = []
            if i == 0:
                points.append((_TERMINUS_SETBACK_M, "start"))
            share = self._stop_share(plan.mode, a, b)
            if share is not None:
                points.append((share * (at[i + 1] - at[i]), "middle"))
            if i == last or nodes[i + 2] == a:
                points.append((at[i + 1] - at[i] - _TERMINUS_SETBACK_M, "end"))
            for metres, kind in points:
                calls.append(self._stop(plan.mode, a, b, kind, xy, along, at[i] + metres))
                distance.append(at[i] + metres)
        timepoint = np.zeros(len(calls), bool)
        timepoint[np.linspace(0, len(calls) - 1, 2 + len(calls) // 9).round().astype(int)] = True
        shape = self._streets.ground(xy)
        metres_along = np.interp(distance, along, paths_of([shape]).distance_m)
        x, y = (np.interp(distance, along, xy[:, axis]) for axis in (0, 1))
        links = self._links(calls, x, y, np.diff(metres_along), plan.mode == TRAM)
        middle, end = (self.stops[calls[k]].name for k in (len(calls) // 2, -1))
        headsign = f"Ceinture par {middle}" if nodes[0] == nodes[-1] else end
        self.patterns.append(_Pattern(route, direction, way, headsign, calls, metres_along, timepoint, links, shape))
        return calls

    def _links(self, calls: list[int], x: Float64Array, y: Float64Array, length: Float64Array, tram: bool) -> list[int]:
        index, attributes = self.link_index, self.link_attributes
        links = []
        for k, pair in enumerate(pairwise(calls)):
            if pair not in index:
                index[pair] = len(index)
                mx, my = (x[k] + x[k + 1]) / 2.0, (y[k] + y[k + 1]) / 2.0
                dx, dy = x[k + 1] - x[k], y[k + 1] - y[k]
                inbound = -(mx * dx + my * dy) / (np.hypot(mx, my) * np.hypot(dx, dy) + 1e-9)
                attributes.append((length[k], tram, mx / 1000.0, my / 1000.0, inbound))
            links.append(index[pair])
        return [*links, -1]

    def _stop(
        self, mode: int, a: Corner, b: Corner, kind: str, xy: Float64Array, along: Float64Array, metres: float
    ) -> int:
        # A tram may share its place with buses but never its platform.
        key = (a, b, kind, mode)
        if key in self._by_key:
            return self._by_key[key]
        node = {"start": a, "middle": b, "end": b}[kind]
        place = self._place((a, b) if a < b else (b, a), mode) if kind == "middle" else self._place((node,), mode)
        near = metres + np.array((-5.0, 0.0, 5.0))
        before, here, after = np.column_stack([np.interp(near, along, xy[:, axis]) for axis in (0, 1)])
        ahead = (after - before) / np.hypot(*(after - before))
        kerb = here + _KERB_M[mode] * np.array([ahead[1], -ahead[0]])
        centre_km = float(np.hypot(*here)) / 1000.0
        demand = self._demand_rng.lognormal(0.0, 0.8) * (0.0008 + 0.004 * np.exp(-((centre_km / 2.2) ** 2)))
        stop = self._new_stop(place, kerb, node, float(demand * (4.0 if mode == TRAM else 1.0)), False)
        if mode == TRAM and place not in self._station:
            self._station[place] = self._new_stop(place, here, node, 0.0, True)
        self._by_key[key] = stop
        return stop

    def _new_stop(self, place: int, xy: Float64Array, node: Corner, demand: float, station: bool) -> int:
        lat, lon = self._streets.ground(xy[None, :])[0]
        self.stops.append(
            _Stop(
                stop_id=f"{id_prefix(self._town)}{'S' if station else ''}{1001 + len(self.stops)}",
                name=self._place_names[place], position=(float(lat), float(lon)),
                is_station=station, wheelchair=1 if station else (1, 1, 1, 2, 0)[self._layout_rng.integers(5)],
                place=place, node=node, demand=demand,
            )
        )  # fmt: skip
        return len(self.stops) - 1

    def _place(self, key: tuple[Corner, ...], mode: int) -> int:
        if key not in self._places:
            name = next(self._tram_names) if mode == TRAM else next(self._names)
            self._place_names.append(name if self._town == 0 else f"{name} ({town_name(self._town)})")
            self._places[key] = len(self._places)
        return self._places[key]

    def _stop_share(self, mode: int, a: Corner, b: Corner) -> float | None:
        """How far along the stretch from `a` to `b` its stop stands; None where it has none."""
        if a[1] != b[1] and min(a[1], b[1]) in RIVER_ROWS:
            return None
        stretch = (a, b) if a < b else (b, a)
        if mode == TRAM and stretch not in self._tram_stretches:
            return None
        if stretch not in self._share:
            draw = self._layout_rng.random(2)
            bare = draw[0] < 0.2 and stretch not in self._tram_stretches
            self._share[stretch] = float("nan") if bare else 0.38 + 0.24 * draw[1]
        share = self._share[stretch] if stretch == (a, b) else 1.0 - self._share[stretch]
        # The two platforms of a pair stand a little apart, each before the crossing it comes to.
        return None if np.isnan(share) else share + 0.03

    def _stretches_with_station(self) -> set[tuple[Corner, Corner]]:
        (way,) = (plan.ways[0] for plan in LINES if plan.mode == TRAM)
        nodes = steps(way)
        stretches = [(a, b) if a < b else (b, a) for a, b in pairwise(nodes)]
        # The first and last stretch end at a terminus, which is station enough.
        dry = [s for s in stretches[1:-1] if all({s[0][1], s[1][1]} != {row, row + 1} for row in RIVER_ROWS)]
        chosen = np.linspace(0, len(dry) - 1, len(TRAM_STATIONS) - 2).round().astype(int)
        return {dry[i] for i in chosen}


def depot_position(network: Network, mode: int) -> tuple[Float64Array, Corner]:
    """Where trams or buses sleep: metres east and north of the centre (1, 2), and its crossing."""
    node = DEPOTS[mode]
    xy, _ = network.streets.polyline([node, (node[0] + 1, node[1])])
    return xy[len(xy) // 2][None, :], node
