"""What a panel's JSON answer holds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.answers.answer import Answer, Status


class PanelDeparture(BaseModel):
    """One departure in the few words that a panel has room for. Every field is always there."""

    line: str = Field(examples=["A"])
    color: str = Field(description="RRGGBB, background of the line's badge", examples=["E2001A"])
    text_color: str = Field(description="RRGGBB, readable on `color`", examples=["FFFFFF"])
    destination: str = Field(examples=["Lycée Jean Monnet"])
    platform: str = Field(description="Empty where the stop has none", examples=["1"])
    status: Status
    minutes: int | None = Field(
        description="Whole minutes to wait where a countdown is to be shown; null where the clock time is", examples=[3]
    )
    doubt: Literal["", "overdue", "held_up"] = Field(
        description="Why nothing counts down though the vehicle reports: it has not left its first stop, or stands on "
        "the way"
    )
    notes: list[str] = Field(
        description="What else there is to know, ready to show", examples=[["at the stop until 08:24"]]
    )
    occupancy: str = Field(description="How full the vehicle is; empty where not told", examples=["few seats free"])
    wheelchair: Literal["", "yes", "no"] = Field(
        description="Whether the vehicle takes wheelchairs; empty where unknown"
    )
    bikes: Literal["", "yes", "no"] = Field(
        description="Whether bicycles may come along, on lines whose runs differ; else empty"
    )
    time: str = Field(description="Local clock time, HH:MM; empty where a line by headway has none", examples=["08:42"])
    shown: str = Field(description="Ready to show: the wait, the clock time, or what is wrong", examples=["3 min"])


class PanelBoard(Answer):
    """The board of one stop as a panel shows it."""

    stop_id: str = Field(examples=["liberte"])
    stop_name: str = Field(examples=["Place de la Liberté"])
    departures: list[PanelDeparture] = Field(description="Soonest first")
    messages: list[str] = Field(description="Disruptions in force", examples=[["Travaux rue Nationale"]])
