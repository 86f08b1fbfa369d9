"""What JSON answers say of themselves, and of whom a message concerns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from feeds.alerts.alert import Selector

Moment = Annotated[
    str,
    Field(
        description="ISO 8601 with the agency's offset",
        examples=["2026-03-02T08:03:10+01:00"],
        json_schema_extra={"format": "date-time"},
    ),
]
Status = Literal["live", "scheduled", "cancelled", "skipped"]
T = TypeVar("T")
Given = Annotated[T | None, BeforeValidator(lambda value: None if value in ("", -1) else value)]
"""What a selector leaves out is null."""


class Answer(BaseModel):
    """What every answer says of itself."""

    generated_at: Moment
    feed_age_s: float | None = Field(
        description="Seconds since its last sign of life, see `feed_stopped`; null before the first", examples=[12.0]
    )
    feed_stopped: bool = Field(
        description="The vehicle feed, where there is none that of TripUpdates, has gone silent: trust no live time",
        examples=[False],
    )


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
