"""The demo city's ground as a PMTiles file: rivers, parks, streets and names, by the layers of Protomaps' basemap."""

from __future__ import annotations

import gzip
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, zxy_to_tileid
from pmtiles.writer import Writer

from feeds.simulator.names import street_names
from feeds.simulator.network import Network, Streets, town_name
from feeds.simulator.plan import BRIDGE_COLUMNS, COLUMNS, LINES, RIVER_ROWS, ROWS, TRAM, steps
from feeds.storage.whole_file import whole_file
from predictor.arrays import Float64Array

_LEAST_ZOOM, _MOST_ZOOM = 9, 14
_BUILT_M = 750.0
"""So far from its lines a town reaches."""
_RIVER_M = (320.0, 170.0)
"""Width of each river."""
_RIVER_NAMES = (("La Loire", "River Loire", "Die Loire"), ("Le Cher", "River Cher", "Der Cher"))
_BEYOND_M = 9_000.0
"""Rivers come from so far outside the grid."""
_PARKS = 14
_LANGUAGES = ("en", "de")


def write_ground_tiles(networks: Iterable[Network], path: Path, seed: int) -> None:
    """Write the ground of towns. The same arguments give the same tiles. Errors: OSError."""
    layers: dict[str, list[dict[str, object]]] = defaultdict(list)
    for network in networks:
        _lay_out(network.streets, network.town, np.random.default_rng([seed, 2, network.town]), layers)
    write_tiles(layers, path)


def write_tiles(layers: Mapping[str, list[dict[str, object]]], path: Path) -> None:
    """Write a PMTiles file of vector tiles: of each layer its features, their `geometry` in degrees, east first, and
    what else they say. Errors: OSError."""
    with tempfile.TemporaryDirectory() as folder, whole_file(path) as unfinished:
        parts = []
        for name, features in layers.items():
            part = Path(folder) / f"{name}.pmtiles"
            frame = gpd.GeoDataFrame(features, geometry="geometry", crs=4326)
            frame.to_file(
                part, layer=name, driver="PMTiles", engine="pyogrio", NAME=name, MINZOOM=_LEAST_ZOOM, MAXZOOM=_MOST_ZOOM
            )
            parts.append(part)
        _put_together(parts, unfinished)


def _lay_out(streets: Streets, town: int, rng: np.random.Generator, layers: dict[str, list[dict[str, object]]]) -> None:
    def ground(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(shape, lambda xy: streets.ground(xy)[:, ::-1])

    ways = [(plan, streets.polyline(steps(way))[0]) for plan in LINES for way in plan.ways]
    built = shapely.union_all([shapely.buffer(shapely.LineString(xy), _BUILT_M) for _, xy in ways])
    rivers = [_river(streets, row, width) for row, width in zip(RIVER_ROWS, _RIVER_M, strict=True)]
    water = shapely.union_all(rivers)
    for river, (name, *others) in zip(rivers, _RIVER_NAMES, strict=True):
        layers["water"].append({"kind": "river", "geometry": ground(river)})
        translations = {f"name:{language}": other for language, other in zip(_LANGUAGES, others, strict=True)}
        for x in (-4_000.0, 2_500.0):
            middle = shapely.intersection(river, shapely.LineString([(x, -20_000.0), (x, 20_000.0)])).centroid
            layers["water"].append({"kind": "river", "name": name, **translations, "geometry": ground(middle)})
    layers["places"].append(
        {"kind": "locality", "name": town_name(town), "geometry": ground(shapely.Point(0.0, 300.0))}
    )

    rows = [[(column, row) for column in range(COLUMNS)] for row in range(ROWS)]
    columns = [[(column, row) for row in range(ROWS)] for column in range(COLUMNS)]
    dry = built - shapely.buffer(water, 15.0)
    for number, (nodes, name) in enumerate(zip(rows + columns, street_names(rng, ROWS + COLUMNS), strict=True)):
        has_bridges = number - ROWS in BRIDGE_COLUMNS
        piece = shapely.intersection(shapely.LineString(streets.polyline(nodes)[0]), built if has_bridges else dry)
        if not piece.is_empty:
            kind = "major_road" if has_bridges else "minor_road"
            layers["roads"].append({"kind": kind, "name": name, "geometry": ground(piece)})
    for plan, xy in ways:
        kind = "rail" if plan.mode == TRAM else "major_road"
        layers["roads"].append({"kind": kind, "name": None, "geometry": ground(shapely.LineString(xy))})

    # A park fills a few blocks, its edge along their streets.
    for column, row in zip(rng.integers(2, COLUMNS - 3, _PARKS), rng.integers(1, ROWS - 3, _PARKS), strict=True):
        wide, high = rng.integers(1, 3, 2)
        corners = [(column, row), (column + wide, row), (column + wide, row + high), (column, row + high)]
        edge = np.vstack([streets.polyline([a, b])[0] for a, b in pairwise([*corners, corners[0]])])
        park = shapely.intersection(shapely.buffer(shapely.Polygon(edge), -22.0), dry)
        if not park.is_empty:
            layers["landuse"].append({"kind": "park", "geometry": ground(park)})


def _river(streets: Streets, row: int, width_m: float) -> shapely.Geometry:
    u = np.arange(streets.u[0] - _BEYOND_M, streets.u[-1] + _BEYOND_M, 60.0)
    middle = np.column_stack([u, np.full(len(u), (streets.v[row] + streets.v[row + 1]) / 2.0)])
    return shapely.buffer(shapely.LineString(streets.bent(middle)), width_m / 2.0)


def _put_together(parts: list[Path], path: Path) -> None:
    """One file out of several of a layer each: a tile's layers stand one after another in its bytes."""
    tiles: dict[int, bytes] = defaultdict(bytes)
    bounds: list[Float64Array] = []
    vector_layers: list[dict[str, object]] = []
    for part in parts:
        with part.open("rb") as file:
            source = MmapSource(file)
            reader = Reader(source)
            header = reader.header()
            bounds.append(np.array([header[f"{edge}_e7"] for edge in ("min_lon", "min_lat", "max_lon", "max_lat")]))
            vector_layers += reader.metadata()["vector_layers"]
            for (zoom, x, y), tile in all_tiles(source):
                tiles[zxy_to_tileid(zoom, x, y)] += gzip.decompress(tile)
    west, south = np.min(bounds, axis=0)[:2].tolist()
    east, north = np.max(bounds, axis=0)[2:].tolist()
    with path.open("wb") as file:
        writer = Writer(file)
        for number in sorted(tiles):
            writer.write_tile(number, gzip.compress(tiles[number], mtime=0))
        kept = {
            **header, "tile_compression": Compression.GZIP, "min_lon_e7": west, "min_lat_e7": south,
            "max_lon_e7": east, "max_lat_e7": north, "center_lon_e7": (west + east) // 2,
            "center_lat_e7": (south + north) // 2,
        }  # fmt: skip
        writer.finalize(kept, {"name": "ground", "vector_layers": vector_layers})
