"""Whom a message concerns, as JSON answers give it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from feeds.alerts import Selector


class InformedTrip(BaseModel):
    """Which runs are meant: GTFS-Realtime's TripDescriptor; null: not given."""

    trip_id: str | None
    route_id: str | None
    direction_id: int | None
    start_date: str | None = Field(description="YYYYMMDD", examples=["20261126"])
    start_time: str | None = Field(examples=["08:00:00"])


class InformedEntity(BaseModel):
    """Whom a message concerns: GTFS-Realtime's EntitySelector. All that is given must fit; nothing given: everyone."""

    agency_id: str | None
    route_id: str | None
    route_type: int | None
    direction_id: int | None
    trip: InformedTrip | None
    stop_id: str | None


def selector_of(selector: Selector) -> InformedEntity:
    """A selector as the JSON answers give it."""
    trip = selector.trip
    return InformedEntity(
        agency_id=selector.agency_id or None,
        route_id=selector.route_id or None,
        route_type=_given(selector.route_type),
        direction_id=_given(selector.direction_id),
        trip=None
        if trip is None
        else InformedTrip(
            trip_id=trip.trip_id or None,
            route_id=trip.route_id or None,
            direction_id=_given(trip.direction_id),
            start_date=trip.start_date or None,
            start_time=trip.start_time or None,
        ),
        stop_id=selector.stop_id or None,
    )


def _given(number: int) -> int | None:
    return number if number >= 0 else None
