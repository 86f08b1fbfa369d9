"""The stops and shapes that a message brings with it, GTFS-Realtime `Stop` and `Shape`: of diversions and new trips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polyline
from google.transit import gtfs_realtime_pb2

from feeds.alerts.translations import plain_texts
from feeds.gtfs.polylines import polylines, steps_m
from feeds.gtfs.stop_distances import FAR_M, offsets_m, place_stops
from feeds.ids.known_ids import id_of, indices_of
from feeds.zone_places import is_on_earth
from predictor.arrays import NONE, Float64Array, Int32Array
from predictor.new_places import NewStop
from predictor.timetable import STATION, Timetable
from predictor.trip_updates import RunShape

_MOST_TEXT = 256

Shapes = Mapping[str, tuple[Float64Array, Float64Array]]
"""Latitude and longitude (v,) of the vertices of shapes, by their ids."""


def new_stops(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, refused: Counter[str]
) -> tuple[NewStop, ...]:
    """The stops of a message that the timetable does not have, each once."""
    found: dict[str, NewStop] = {}
    for entity in message.entity:
        stop: Any = entity.stop
        if entity.is_deleted or not entity.HasField("stop"):
            continue
        stop_id = id_of(stop.stop_id)
        on_earth = is_on_earth(np.array([stop.stop_lat], np.float64), np.array([stop.stop_lon], np.float64))[0]
        if not stop_id or not on_earth:
            refused["new_stop_without_place"] += 1
        elif indices_of([stop_id], timetable.stop_index, timetable)[0] < 0:
            parent = int(indices_of([id_of(stop.parent_station)], timetable.stop_index, timetable)[0])
            is_station = parent >= 0 and timetable.stop_location_type[parent] == STATION
            found[stop_id] = NewStop(
                stop_id=stop_id[:_MOST_TEXT],
                name=_text(stop.stop_name) or stop_id[:_MOST_TEXT],
                lat=float(stop.stop_lat),
                lon=float(stop.stop_lon),
                code=_text(stop.stop_code),
                platform=_text(stop.platform_code),
                parent=parent if is_station else NONE,
                wheelchair=int(stop.wheelchair_boarding) if stop.wheelchair_boarding in (1, 2) else 0,
                timezone=str(timetable.stop_timezone[parent]) if is_station else "",
            )
    return tuple(found.values())


def _text(translated: gtfs_realtime_pb2.TranslatedString) -> str:
    """The first of its languages: the timetable's names have one as well."""
    return next(iter(plain_texts(translated).values()), "")[:_MOST_TEXT]


def message_shapes(message: gtfs_realtime_pb2.FeedMessage, refused: Counter[str]) -> Shapes:
    """The shapes of a message that can be drawn."""
    shapes = {}
    for entity in message.entity:
        if entity.is_deleted or not entity.HasField("shape"):
            continue
        points = _decoded(entity.shape.encoded_polyline)
        if len(points) < 2 or not is_on_earth(points[:, 0], points[:, 1]).all():
            refused["shape_unreadable"] += 1
        else:
            shapes[id_of(entity.shape.shape_id)] = points[:, 0], points[:, 1]
    return shapes


def way_of_run(
    shapes: Shapes, shape_id: str, stop: Int32Array, timetable: Timetable, refused: Counter[str]
) -> RunShape | None:
    """The way of a run that calls at `stop` (c,); None where the message has no such shape, or one that is not its
    way."""
    if shape_id not in shapes:
        return None
    lines = polylines(np.array([0, len(shapes[shape_id][0])], np.int64), *shapes[shape_id])
    lat, lon = timetable.stop_lat[stop], timetable.stop_lon[stop]
    ends, line = np.array([0, len(stop)], np.int64), np.zeros(1, np.int64)
    call_m = place_stops(lines, line, ends, np.arange(len(stop)), lat, lon, steps_m(ends, lat, lon))
    if (offsets_m(lines, np.zeros(len(stop), np.int64), call_m, lat, lon) > FAR_M).mean() > 0.5:
        refused["shape_leads_elsewhere"] += 1
        return None
    return RunShape(lines.lat, lines.lon, lines.distance_m, call_m)


def _decoded(encoded: str | bytes) -> Float64Array:
    """(v, 2) latitude and longitude, none where the text is no polyline."""
    text = encoded if isinstance(encoded, str) else encoded.decode("latin-1")
    try:
        return np.array(polyline.decode(text), np.float64).reshape(-1, 2)
    except (IndexError, ValueError):
        return np.empty((0, 2))
