"""`/v1/shapes/{shape_id}`: the way that a line drives, as GeoJSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answers.caching import CACHED, STATIC_MAX_AGE_S, json_answer
from api.answers.problems import PROBLEMS, Problem
from api.reading.moment import Moment
from api.reading.shapes import shapes_of
from api.v1.models import LineString, ShapeAnswer
from api.v1.representations import GeoJSONResponse, route_ref

shapes_router = APIRouter(tags=["Routes"])


@shapes_router.get(
    "/v1/shapes/{shape_id}",
    response_model=ShapeAnswer,
    response_class=GeoJSONResponse,
    response_description="GeoJSON Feature",
    responses=PROBLEMS | CACHED,
)
def get_shape(request: Request, shape_id: str) -> Response:
    """The way of a pattern, by the `shape_id` that `/v1/routes/{route_id}` gives: it holds as long as the way does."""
    moment = Moment.of(request)
    tt, shapes = moment.timetable, shapes_of(moment.timetable)
    line = shapes.line_of.get(shape_id)
    if line is None:
        raise Problem(
            404, "unknown-shape", "Unknown shape",
            f"There is no shape “{shape_id}” in the timetable of now; /v1/routes/{{route_id}} names those of a line.",
        )  # fmt: skip

    def made() -> dict[str, Any]:
        routes = np.unique(tt.pattern_route[tt.pattern_line == line]).tolist()
        places = [(lon, lat) for lon, lat in shapes.places(line).round(6).tolist()]
        return {
            "type": "Feature",
            "id": shape_id,
            "geometry": LineString(coordinates=places),
            "properties": {"shape_id": shape_id, "routes": [route_ref(tt, route) for route in routes]},
        }

    return json_answer(
        request, moment, shape_id, made, max_age_s=STATIC_MAX_AGE_S, media_type=GeoJSONResponse.media_type
    )
