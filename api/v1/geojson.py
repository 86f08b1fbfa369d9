"""Answers as GeoJSON (RFC 7946)."""

from __future__ import annotations

from fastapi.responses import JSONResponse


class GeoJSONResponse(JSONResponse):
    """By its own media type."""

    media_type = "application/geo+json"
