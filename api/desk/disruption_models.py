"""What `/v1/disruptions` answers, and what it takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.answers.answer import Answer, InformedEntity
from api.answers.answer import Moment as IsoMoment
from api.desk.disruption import Cause, Description, Effect, Header
from api.desk.repeats import Repeats, TimeOfDay, Weekday
from api.reading.alerts import ShownOn
from feeds.alerts.alert import State


class RepeatsAnswer(BaseModel):
    """Days of the week and times of day, by the clocks of the network's time zone."""

    days: list[Weekday]
    start: TimeOfDay
    end: TimeOfDay = Field(description="Up to the start itself it is of the next day")


class DisruptionAnswer(BaseModel):
    """One message to riders. Texts by language tag, "" where the operator's feed names none."""

    disruption_id: str = Field(examples=["desk:12"])
    source: Literal["desk", "operator"]
    state: State
    cause: str
    effect: str
    severity: str = Field(examples=["WARNING"])
    header: dict[str, str]
    description: dict[str, str]
    url: dict[str, str] = Field(description="Where to read more")
    routes: list[str] = Field(description="route_ids")
    stops: list[str] = Field(description="stop_ids")
    trips: list[str] = Field(description="trip_ids")
    shown_on: ShownOn = Field(description="Who reads it: all on the lines, readers at the stops only, or everyone")
    informed: list[InformedEntity] = Field(description="Whom exactly it concerns: any of these suffices")
    starts_at: IsoMoment | None
    ends_at: IsoMoment | None = Field(description="null until further notice")
    repeats: RepeatsAnswer | None = Field(description="In force only then, within the two above; null: always")


class DisruptionsAnswer(Answer):
    """Messages to riders, by pages."""

    total: int = Field(description="How many there are on all pages")
    disruptions: list[DisruptionAnswer]


class OneDisruption(Answer):
    """One message to riders."""

    disruption: DisruptionAnswer


class DisruptionPatch(BaseModel):
    """What to change; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    phrase: str | None = Field(None, description="Key of a ready-made phrase that gives the words", examples=["detour"])
    cause: Cause | None = Field(None, description="By default the phrase's")
    effect: Effect | None = Field(None, description="By default the phrase's")
    header: Header = Field(default_factory=dict, description="Own words; a language left out is the phrase's")
    description: Description = Field(default_factory=dict, description="Own words; a language left out is the phrase's")
    routes: list[str] = Field(default_factory=list, max_length=500, description="route_ids", examples=[["2"]])
    stops: list[str] = Field(default_factory=list, max_length=500, description="stop_ids; a station: all its platforms")
    shown_on: ShownOn | None = Field(None, description="By default the phrase's")
    blanks: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, description="For the phrase: `minutes`, `times`, `via`", examples=[{"via": "rue Neuve"}]
    )  # fmt: skip
    starts_at: AwareDatetime | None = Field(None, description="null: now")
    ends_at: AwareDatetime | None = Field(
        None, description="null: until further notice; not named in what is new: as its phrase ends by default"
    )
    repeats: Repeats | None = Field(None, description="In force at these times alone, until ends_at; null: always")
