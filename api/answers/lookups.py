"""From what somebody asks for, an id or a place, to what is meant, or a problem that says what may have been."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated

from pydantic import WithJsonSchema

from api.answers.problems import Problem, no_such
from api.reading.moment import Moment

_FRACTION = r"(?:\.[0-9]{1,15})?"
PLACE = (
    rf"^ *[-+]?(?:[0-8]?[0-9]{_FRACTION}|90(?:\.0{{1,15}})?) *"
    rf", *[-+]?(?:(?:[0-9]?[0-9]|1[0-7][0-9]){_FRACTION}|180(?:\.0{{1,15}})?) *$"
)
Place = Annotated[str, WithJsonSchema({"type": "string", "pattern": PLACE})]
"""As a parameter; `place_of` reads it."""


def stop_index(moment: Moment, stop_id: str) -> int:
    """Index of a stop, an entrance means its station. Errors: Problem 404."""
    tt = moment.timetable
    if stop_id in tt.stop_named:
        return tt.stop_named[stop_id]
    like = moment.view.stop_search.like(stop_id)
    meant = [f"{tt.stop_id[i]} ({tt.stop_name[i]})" for i in like]
    hint = f"Did you mean {' or '.join(meant)}? " if meant else ""
    raise Problem(
        404, "unknown-stop", "Unknown stop",
        f"There is no stop “{stop_id}”. {hint}Search for stops by name at /v1/stops?q=…",
        suggestions=[str(tt.stop_id[i]) for i in like],
    )  # fmt: skip


def route_index(moment: Moment, route_id: str) -> int:
    """Index of a route. Errors: Problem 404."""
    tt = moment.timetable
    if route_id in tt.route_index:
        return tt.route_index[route_id]
    by_name = [str(i) for i, name in zip(tt.route_id, tt.route_short_name, strict=True) if name == route_id]
    like = (by_name or get_close_matches(route_id[:64], list(tt.route_index), 3))[:3]
    hint = f"Did you mean {' or '.join(like)}? " if like else ""
    raise Problem(
        404, "unknown-route", "Unknown route",
        f"There is no route “{route_id}”. {hint}All routes are listed at /v1/routes.", suggestions=like,
    )  # fmt: skip


def only_route(moment: Moment, route_id: str | None) -> int | None:
    """Index of the only route that is asked for, None where all are. Errors: Problem 404."""
    return route_index(moment, route_id) if route_id else None


def trip_index(moment: Moment, trip_id: str) -> int:
    """Index of a trip. Errors: Problem 404."""
    if trip_id in moment.timetable.trip_index:
        return moment.timetable.trip_index[trip_id]
    raise Problem(
        404, "unknown-trip", "Unknown trip",
        f"There is no trip “{trip_id}” in the timetable of now. Trip ids are in the answers of "
        "/v1/stops/{stop_id}/departures; a new timetable may bring new ones.",
    )  # fmt: skip


def place_of(near: str) -> tuple[float, float]:
    """Latitude and longitude. Errors: Problem 422."""
    place = place_in(near)
    if place is None:
        raise no_such("near", near, "place; write latitude and longitude in degrees, such as near=47.39,0.69")
    return place


def place_in(near: str) -> tuple[float, float] | None:
    """Latitude and longitude, None where it is no place."""
    if not re.search(PLACE, near):
        return None
    lat, lon = map(float, near.split(","))
    return lat, lon
