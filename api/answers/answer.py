"""What every JSON answer says of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Moment = Annotated[
    str,
    Field(
        description="ISO 8601 with the agency's offset",
        examples=["2026-03-02T08:03:10+01:00"],
        json_schema_extra={"format": "date-time"},
    ),
]
Status = Literal["live", "scheduled", "cancelled", "skipped"]


class Answer(BaseModel):
    """What every answer says of itself."""

    generated_at: Moment
    feed_age_s: float | None = Field(
        description="Seconds since the vehicle feed's last sign of life; null before the first", examples=[12.0]
    )
    feed_stopped: bool = Field(description="The vehicle feed has gone silent: trust no live time", examples=[False])
