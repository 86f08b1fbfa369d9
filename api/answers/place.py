"""A place as an address names it: latitude and longitude in degrees."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import WithJsonSchema

from api.answers.problems import no_such

_FRACTION = r"(?:\.[0-9]{1,15})?"
PLACE = (
    rf"^ *[-+]?(?:[0-8]?[0-9]{_FRACTION}|90(?:\.0{{1,15}})?) *"
    rf", *[-+]?(?:(?:[0-9]?[0-9]|1[0-7][0-9]){_FRACTION}|180(?:\.0{{1,15}})?) *$"
)

Place = Annotated[str, WithJsonSchema({"type": "string", "pattern": PLACE})]
"""As a parameter; `place_of` reads it."""


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
