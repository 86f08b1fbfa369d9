"""Whom a message concerns, as JSON answers give it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from feeds.alerts.alert import Selector

T = TypeVar("T")
Given = Annotated[T | None, BeforeValidator(lambda told: None if told in ("", -1) else told)]
"""What a selector leaves out is null."""


class InformedTrip(BaseModel):
    """Which runs are meant: GTFS-Realtime's TripDescriptor; null: not given."""

    model_config = ConfigDict(from_attributes=True)

    trip_id: Given[str]
    route_id: Given[str]
    direction_id: Given[int]
    start_date: Given[str] = Field(description="YYYYMMDD", examples=["20261126"])
    start_time: Given[str] = Field(examples=["08:00:00"])


class InformedEntity(BaseModel):
    """Whom a message concerns: GTFS-Realtime's EntitySelector. All that is given must fit; nothing given: everyone."""

    model_config = ConfigDict(from_attributes=True)

    agency_id: Given[str]
    route_id: Given[str]
    route_type: Given[int]
    direction_id: Given[int]
    trip: InformedTrip | None
    stop_id: Given[str]


def informed_entities(selectors: Iterable[Selector]) -> list[InformedEntity]:
    """Selectors as the JSON answers give them."""
    return list(map(InformedEntity.model_validate, selectors))
