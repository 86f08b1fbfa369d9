"""A disruption as the officer publishes it: what is said, of which lines and stops, from when to when."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from api.desk.repeats import LONGEST_DAYS, Repeats, periods_of
from api.reading.alerts import ShownOn
from api.reading.lines import lines_of
from api.words.texts import languages_of
from feeds.alerts.alert import FAR_OFF, Alert, Period, Selector, State
from feeds.letters import readable
from predictor.timetable import DAY_S, Timetable

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
LANGUAGES = languages_of("desk")
"""Languages in which riders are told: those that officers have words in."""
Language = Annotated[
    str, Field(pattern=f"^({'|'.join(LANGUAGES)})$"), WithJsonSchema({"type": "string", "enum": list(LANGUAGES)})
]


def _one_line(texts: dict[Language, str]) -> dict[Language, str]:
    # No `split()`: it would split at the no-break space before a colon.
    return {language: re.sub(r"[ \t\r\n]+", " ", text) for language, text in _stripped(texts).items()}


def _stripped(texts: dict[Language, str]) -> dict[Language, str]:
    return {language: stripped for language, text in texts.items() if (stripped := readable(text).strip())}


Header = Annotated[
    dict[Language, Annotated[str, Field(max_length=LONGEST_HEADER)]],
    AfterValidator(_one_line),
    Field(examples=[{"fr": "Ligne 2 : déviation", "en": "Line 2: detour"}]),
]
Description = Annotated[
    dict[Language, Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]], AfterValidator(_stripped)
]


def _start(at: float) -> float:
    """Within what calendars can name, for what is kept must be readable; `Notice.problem` refuses the ends."""
    return min(at, float(FAR_OFF)) if at > 0 else 0.0


def _end(at: float | None) -> float | None:
    return None if at is None or not at < FAR_OFF else max(at, 0.0)


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
    starts_at: Annotated[float, AfterValidator(_start)]
    """POSIX seconds."""
    ends_at: Annotated[float | None, AfterValidator(_end)] = None
    """POSIX seconds, None until further notice."""
    repeats: Repeats | None = None
    """On which days and when within the two times above; None all the time."""
    zone: str = ""
    """Time zone of `repeats`, as IANA names it."""

    @property
    def periods(self) -> tuple[Period, ...]:
        """When it is in force; at least one, which may be empty."""
        end = math.inf if self.ends_at is None else self.ends_at
        found = () if self.repeats is None else periods_of(self.repeats, self.starts_at, min(end, FAR_OFF), self.zone)
        return found or ((self.starts_at, end),)

    def problem(self) -> str:
        """Key of what keeps it from being published, "" where nothing does."""
        if not self.header:
            return "no_header"
        if not 0 < self.starts_at < FAR_OFF:
            return "starts_far_off"
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            return "ends_before_start"
        if self.repeats and (self.ends_at is None or self.ends_at - self.starts_at > LONGEST_DAYS * DAY_S):
            return "repeats_without_end"
        if self.repeats and not periods_of(self.repeats, self.starts_at, self.ends_at or 0.0, self.zone):
            return "repeats_never"
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
        periods = self.periods
        if now >= periods[-1][1]:
            return "over"
        return "in_force" if any(start <= now < end for start, end in periods) else "planned"


def alert_of(notice: Notice, timetable: Timetable, alert_id: str) -> Alert:
    """The notice as riders' pages and feeds take it."""
    return Alert(
        alert_id=alert_id,
        cause=notice.cause,
        effect=notice.effect,
        header=notice.header,
        description=notice.description,
        selectors=tuple(_selectors(notice, timetable)),
        active=notice.periods,
    )


def _selectors(notice: Notice, timetable: Timetable) -> Iterator[Selector]:
    if notice.shown_on == "network":
        yield Selector()
    elif notice.shown_on == "lines":
        yield from (Selector(route_id=route) for route in notice.routes)
    else:
        for stop in notice.stops:
            # "Line 2 does not stop here" must close neither the line nor the stop for others.
            served = {str(timetable.route_id[route]) for route in _routes_at(timetable, stop)}
            routes = [route for route in notice.routes if route in served]
            yield from (Selector(route_id=route, stop_id=stop) for route in routes or [""])


def _routes_at(timetable: Timetable, stop_id: str) -> list[int]:
    stop = timetable.stop_index.get(stop_id)
    return [] if stop is None else lines_of(timetable).routes_at(stop)
