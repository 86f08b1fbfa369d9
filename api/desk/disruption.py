"""A disruption as the officer publishes it: what is said, of which lines and stops, from when to when."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.reading.alerts import ShownOn, State
from feeds.alerts import Alert
from predictor.timetable import Timetable

LONGEST_HEADER = 120
LONGEST_DESCRIPTION = 1000

Cause = Literal[
    "UNKNOWN_CAUSE", "OTHER_CAUSE", "TECHNICAL_PROBLEM", "STRIKE", "DEMONSTRATION", "ACCIDENT", "HOLIDAY", "WEATHER",
    "MAINTENANCE", "CONSTRUCTION", "POLICE_ACTIVITY", "MEDICAL_EMERGENCY",
]  # fmt: skip
Effect = Literal[
    "NO_SERVICE", "REDUCED_SERVICE", "SIGNIFICANT_DELAYS", "DETOUR", "ADDITIONAL_SERVICE", "MODIFIED_SERVICE",
    "OTHER_EFFECT", "UNKNOWN_EFFECT", "STOP_MOVED",
]  # fmt: skip
Language = Annotated[str, Field(pattern="^(fr|en)$")]


def _one_line(texts: dict[Language, str]) -> dict[Language, str]:
    # No `split()`: it would split at the no-break space before a colon.
    return {language: re.sub(r"[ \t\r\n]+", " ", text).strip() for language, text in texts.items() if text.strip()}


def _stripped(texts: dict[Language, str]) -> dict[Language, str]:
    return {language: text.strip() for language, text in texts.items() if text.strip()}


Header = Annotated[
    dict[Language, Annotated[str, Field(max_length=LONGEST_HEADER)]],
    AfterValidator(_one_line),
    Field(examples=[{"fr": "Ligne 2 : déviation", "en": "Line 2: detour"}]),
]
Description = Annotated[
    dict[Language, Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]], AfterValidator(_stripped)
]


class Notice(BaseModel):
    """What is said. Ids are the timetable's own, so that a notice outlives one timetable."""

    model_config = ConfigDict(frozen=True)

    phrase: str = ""
    """Key of the ready-made phrase that it was made from, "" where none."""
    cause: Cause = "UNKNOWN_CAUSE"
    effect: Effect = "UNKNOWN_EFFECT"
    header: Header = Field(default_factory=dict)
    description: Description = Field(default_factory=dict)
    routes: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    shown_on: ShownOn = "lines"
    blanks: dict[str, str] = Field(default_factory=dict)
    """What the officer wrote into the phrase's blanks, by their names."""
    starts_at: float
    """POSIX seconds."""
    ends_at: float | None = None
    """POSIX seconds, None until further notice."""

    def problem(self) -> str:
        """Key of what keeps it from being published, "" where nothing does."""
        if not self.header:
            return "no_header"
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            return "ends_before_start"
        if self.shown_on == "stops" and not self.stops:
            return "no_stops"
        if self.shown_on == "lines" and not self.routes:
            return "no_lines"
        return ""


class Disruption(Notice):
    """A notice that was published."""

    number: int
    published_at: float
    changed_at: float

    @property
    def alert_id(self) -> str:
        """Its id among all alerts; the operator's have others."""
        return f"desk:{self.number}"

    def state(self, now: float) -> State:
        """Whether riders see it at `now`."""
        if self.ends_at is not None and self.ends_at <= now:
            return "over"
        return "planned" if now < self.starts_at else "in_force"


def alert_of(notice: Notice, timetable: Timetable, alert_id: str) -> Alert:
    """The notice as riders' pages and feeds take it. Routes and stops that the timetable lacks are left out; a station
    stands for its platforms too."""
    routes = {timetable.route_index[one] for one in notice.routes if one in timetable.route_index}
    stops: set[int] = set()
    if notice.shown_on == "stops":
        for stop in (timetable.stop_index[one] for one in notice.stops if one in timetable.stop_index):
            stops |= {stop, *timetable.members(stop).tolist()}
    lost = notice.shown_on == "stops" and not stops
    return Alert(
        alert_id=alert_id,
        cause=notice.cause,
        effect=notice.effect,
        header=notice.header,
        description=notice.description,
        url={},
        active=((notice.starts_at, math.inf if notice.ends_at is None else notice.ends_at),),
        # Of a notice for stops that are no more, nothing is left: it must not become one for whole lines.
        routes=frozenset() if lost else frozenset(routes),
        stops=frozenset(stops),
        trips=frozenset(),
        whole_network=notice.shown_on == "network",
    )
