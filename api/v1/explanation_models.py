"""What `/explain` answers hold."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.v1.models import Answer, Date, Moment, RouteRef

Outcome = Literal["on_time", "early", "late", "not_served", "not_seen", "expected", "on_headway", "long_wait"]
Cause = Literal[
    "cancelled", "detour", "breakdown", "short_turn", "stuck", "ended_early", "joined_late", "no_vehicle", "bunched",
    "feed_gap", "vehicle_silent", "passed_unseen", "trip_not_named", "no_records",
]  # fmt: skip
FactKind = Literal[
    "passed", "cancelled", "skipped", "alert", "stood", "left_line", "turned", "took_up", "last_seen", "next_seen",
    "set_out", "none_passed", "nameless", "feed_gap", "service_down", "vehicle_silent",
]  # fmt: skip


class FactModel(BaseModel):
    """One thing that happened."""

    kind: FactKind
    since: Moment
    until: Moment | None = Field(description="Equal to `since` for a moment; null where it is not known")
    stop_id: str | None = Field(description="Where, or near which stop")
    stop_name: str | None
    trip_id: str | None = Field(description="On which trip, where it is another than the one asked about")
    vehicle_id: str | None
    alert_id: str | None
    text: dict[str, str] = Field(
        description="In words, by language", examples=[{"fr": "immobile près de Mairie", "en": "stood near Mairie"}]
    )


class ExplanationModel(BaseModel):
    """What became of one scheduled passage, or of one wait on a line run by headway: then `trip_id` and what belongs to
    it are those of the vehicle that came, else of the departure whose turn it was."""

    route: RouteRef
    headsign: str
    direction: int | None = Field(description="GTFS direction_id")
    stop_id: str = Field(description="The platform, at a station")
    stop_name: str
    trip_id: str
    service_date: Date
    start_time: str = Field(description="HH:MM:SS of the trip's first departure", examples=["08:00:00"])
    stop_sequence: int
    scheduled_time: Moment | None = Field(description="Null on a line run by headway")
    waited_since: Moment | None = Field(description="On a line run by headway: when the rider came")
    headway_s: int | None = Field(description="On a line run by headway: the headway promised then")
    wait_s: int | None = Field(description="Seconds from `waited_since` to `passed_at`")
    outcome: Outcome = Field(
        description="`on_time`: from 1 min early to 5 min late; `not_served`: it did not come; `not_seen`: nobody can "
        "tell; `expected`: it may still come; `on_headway`: the wait was one and a half headways at most; `long_wait`: "
        "it was longer"
    )
    cause: Cause | None = Field(
        description="Why it did not come, was late (`stuck`) or long awaited, or cannot be told"
    )
    passed_at: Moment | None = Field(description="When it passed; where `not_seen`, the likely time")
    deviation_s: int | None = Field(description="Seconds late, negative when early")
    vehicle_id: str | None
    facts: list[FactModel] = Field(description="What this is told from, in order of time")
    answer: dict[str, str] = Field(description="A ready answer to the rider, by language")


class Explanations(Answer):
    """What became of the passages scheduled around a time, and of the waits."""

    recorded_until: Moment | None = Field(description="How far the records reach; null before the first")
    explanations: list[ExplanationModel]
