"""What a page with a map needs: what its library may load, the library's words, and what of the network it shows."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request

from api.answers.map_tiles import MapTiles
from api.words.moment import PageMoment

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
