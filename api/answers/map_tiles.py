"""What a page with a map needs: a PMTiles file of the city's own streets, of which browsers read what they show, what
the map's library may load, and its words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from starlette.responses import FileResponse

from api.service.settings import ConfigurationError
from api.words.moment import PageMoment
from predictor.timetable import DAY_S

_MAGIC, _VERSION, _HEADER_BYTES = b"PMTiles", 3, 127
_TILE_TYPE, _VECTOR = 99, 1
"""Where the header says of what kind the tiles are, and what it says of vector tiles."""
MAP_POLICY = {"style-src": "'self'", "img-src": "data: blob:", "worker-src": "blob:"}
"""What MapLibre needs: its style sheet, its images, its workers."""
_CONTROLS = {
    "Map.Title": "map",
    "NavigationControl.ZoomIn": "map_zoom_in",
    "NavigationControl.ZoomOut": "map_zoom_out",
    "GeolocateControl.FindMyLocation": "map_where_i_am",
    "GeolocateControl.LocationNotAvailable": "map_where_unknown",
    "Popup.Close": "map_close",
    "AttributionControl.ToggleAttribution": "map_made_by",
    "ScaleControl.Meters": "unit_m",
    "ScaleControl.Kilometers": "unit_km",
}
"""MapLibre's own words, by its names for them."""


class MapTiles:
    """A PMTiles file of vector tiles, version 3."""

    def __init__(self, path: Path) -> None:
        """Errors: ConfigurationError for what is no such file."""
        self._path = path
        try:
            # A pipe would be waited for without end.
            header = path.open("rb").read(_HEADER_BYTES) if path.is_file() else b""
        except OSError as error:
            raise ConfigurationError(f"map_tiles: {path} cannot be read ({error.strerror}).") from error
        if not header:
            raise ConfigurationError(f"map_tiles: there is no file {path}, or it is empty.")
        if len(header) < _HEADER_BYTES or header[: len(_MAGIC)] != _MAGIC or header[len(_MAGIC)] != _VERSION:
            raise ConfigurationError(f"map_tiles: {path} is not a PMTiles file of version {_VERSION}.")
        if header[_TILE_TYPE] != _VECTOR:
            raise ConfigurationError(
                f"map_tiles: {path} holds pictures; the map draws vector tiles, as of Protomaps or OpenMapTiles."
            )

    @property
    def address(self) -> str:
        """Where browsers read it, without the site's root: another for each state of the file, of which they keep what
        they read. Empty while it is not there."""
        try:
            state = self._path.stat()
        except OSError:
            return ""
        return f"/map/tiles.pmtiles?{state.st_mtime_ns:x}-{state.st_size:x}"

    def response(self, wanted: str | None) -> Response:
        """The bytes that a `Range` asks for; the whole is for nobody."""
        try:
            state = self._path.stat()
        except OSError:
            return Response("The file of the map's tiles is not there.\n", 404, media_type="text/plain")
        if wanted is None:
            advice = "Ask for a range of bytes of it.\n"
            return Response(advice, 416, {"Content-Range": f"bytes */{state.st_size}"}, media_type="text/plain")
        return FileResponse(
            self._path,
            media_type="application/vnd.pmtiles",
            headers={"Cache-Control": f"public, max-age={DAY_S}", "X-Content-Type-Options": "nosniff"},
            stat_result=state,
        )


def map_context(request: Request, moment: PageMoment) -> dict[str, Any]:
    """For a template: `bounds` of the lines as JSON ([] where there are none), `controls`, `version` of the network,
    `tiles`: address of the streets, "" where there are none."""
    tt = moment.timetable
    map_tiles: MapTiles | None = request.app.state.map_tiles
    bounds = [tt.line_lon.min(), tt.line_lat.min(), tt.line_lon.max(), tt.line_lat.max()] if len(tt.line_lon) else []
    return {
        "bounds": json.dumps([round(float(degrees), 5) for degrees in bounds]),
        "controls": json.dumps({name: moment.texts(key) for name, key in _CONTROLS.items()}, ensure_ascii=False),
        "version": tt.feed_version,
        "tiles": map_tiles.address if map_tiles else "",
    }
