"""The form of a disruption: what it holds, what it says, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import ValidationError
from starlette.datastructures import FormData, QueryParams

from api.desk.disruption import LANGUAGES, LONGEST_DESCRIPTION, LONGEST_HEADER, Disruption, Notice
from api.desk.phrases import BLANKS, SPANS_MIN, Phrase
from api.desk.place_words import languages_for, phrase_words
from api.desk.repeats import WEEKDAYS, Repeats
from api.reading.alerts import ShownOn
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.words.moment import PageMoment
from feeds.alerts.alert import FAR_OFF
from predictor.timetable import Timetable

_LONGEST_BLANK = 200
_DAY_ENDS_H = 4
SHOWN_ON: tuple[ShownOn, ...] = ("lines", "stops", "network")


@dataclass(frozen=True)
class Words:
    """One text of the form."""

    field: str
    """`header` or `description`."""
    language: str
    value: str
    made: str
    """What the phrase says; where `value` is the same, it goes on to follow the phrase."""
    longest: int


@dataclass
class DisruptionForm:
    """What an officer has filled in so far. Ids are the timetable's."""

    routes: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    stop_query: str = ""
    blanks: dict[str, str] = field(default_factory=dict)
    shown_on: str = ""
    """"" until chosen: then the phrase's."""
    start: str = "now"
    """`now` or `at`."""
    start_at: str = ""
    """Local time as browsers send it: YYYY-MM-DDTHH:MM."""
    end: str = "open"
    """`open`, minutes, `day` (the end of the service day) or `at`."""
    end_at: str = ""
    repeat: bool = False
    repeat_days: list[str] = field(default_factory=lambda: list(WEEKDAYS[:5]))
    """Of `WEEKDAYS`."""
    repeat_start: str = ""
    """Time of day as browsers send it: HH:MM."""
    repeat_end: str = ""
    own: dict[tuple[str, str], str] = field(default_factory=dict)
    """The officer's own words by (field, language)."""


def form_of_query(query: QueryParams, phrase: Phrase | None) -> DisruptionForm:
    """A form to begin with, filled in by a link; its end is the phrase's."""
    return DisruptionForm(
        end=phrase.ends if phrase else "open",
        routes=query.getlist("line"),
        stops=query.getlist("stop"),
        blanks={name: query[name][:_LONGEST_BLANK] for name in BLANKS if name in query},
    )


def form_of_post(form: FormData) -> DisruptionForm:
    """What was sent; whatever is not text is as good as missing."""

    def field(name: str) -> str:
        value = form.get(name)
        return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""

    def many(name: str) -> list[str]:
        return [value for value in form.getlist(name) if isinstance(value, str)]

    own = {}
    for name in ("header", "description"):
        for language in LANGUAGES:
            text_given = field(f"{name}_{language}")
            if text_given and text_given != field(f"made_{name}_{language}"):
                own[name, language] = text_given
    return DisruptionForm(
        routes=list(dict.fromkeys(many("line"))),
        stops=list(dict.fromkeys(stop for value in many("stops") for stop in _ids(value))),
        stop_query=field("stop_query")[:100],
        blanks={name: field(name)[:_LONGEST_BLANK] for name in BLANKS if field(name)},
        shown_on=field("shown_on"),
        start=field("start") or "now",
        start_at=field("start_at"),
        end=field("end") or "open",
        end_at=field("end_at"),
        repeat=field("repeat") == "days",
        repeat_days=[day for day in WEEKDAYS if day in many("repeat_day")],
        repeat_start=field("repeat_start"),
        repeat_end=field("repeat_end"),
        own=own,
    )


def form_of_disruption(kept: Disruption, phrase: Phrase | None, timetable: Timetable, now: float) -> DisruptionForm:
    """A published one, to be changed."""
    zone = lines_of(timetable).zone

    def local(at: float) -> str:
        return f"{datetime.fromtimestamp(at, zone):%Y-%m-%dT%H:%M}"

    made, repeats = _made(kept, phrase, timetable, kept.changed_at), kept.repeats
    texts = {("header", language): text for language, text in kept.header.items()}
    texts |= {("description", language): text for language, text in kept.description.items()}
    return DisruptionForm(
        routes=list(kept.routes), stops=list(kept.stops), blanks=dict(kept.blanks), shown_on=kept.shown_on,
        start="kept" if kept.starts_at <= now else "at", start_at=local(kept.starts_at),
        end="open" if kept.ends_at is None else "at", end_at="" if kept.ends_at is None else local(kept.ends_at),
        repeat=repeats is not None, repeat_days=list(repeats.days if repeats else WEEKDAYS[:5]),
        repeat_start=repeats.start if repeats else "", repeat_end=repeats.end if repeats else "",
        own={key: text for key, text in texts.items() if text != made.get(key)},
    )  # fmt: skip


def notice_of(form: DisruptionForm, phrase: Phrase | None, moment: PageMoment, kept: Disruption | None) -> Notice:
    """What the form says. Times that cannot be read raise ValueError with the key of the text that says so."""
    starts_at = _start(form, moment, kept)
    base = Notice(
        phrase=phrase.key if phrase else "",
        cause=phrase.cause if phrase else kept.cause if kept else "UNKNOWN_CAUSE",
        effect=phrase.effect if phrase else kept.effect if kept else "UNKNOWN_EFFECT",
        routes=tuple(route_id for route_id in form.routes if route_id in moment.timetable.route_index),
        stops=tuple(stop_id for stop_id in form.stops if stop_id in moment.timetable.stop_index),
        shown_on=chosen_audience(form, phrase),
        blanks=form.blanks,
        starts_at=starts_at,
        ends_at=end_of(form.end, form.end_at, moment, starts_at),
        repeats=_repeats(form),
        zone=moment.lines.zone.key,
    )
    made = _made(base, phrase, moment.timetable, moment.now)
    try:
        return Notice.model_validate(
            base.model_dump()
            | {name: {language: form.own.get((name, language)) or made.get((name, language), "")
                      for language in LANGUAGES} for name in ("header", "description")}
        )  # fmt: skip
    except ValidationError as error:
        raise ValueError("too_long") from error


def chosen_audience(form: DisruptionForm, phrase: Phrase | None) -> ShownOn:
    """Who is to see it, as far as the form says."""
    for chosen in SHOWN_ON:
        if form.shown_on == chosen:
            return chosen
    default = phrase.shown_on if phrase else "lines"
    # A strike of one line is for that line's riders.
    return "lines" if default == "network" and form.routes else default


def words_of(form: DisruptionForm, phrase: Phrase | None, notice: Notice, moment: PageMoment) -> list[Words]:
    """The form's texts: the officer's own, else the phrase's."""
    made = _made(notice, phrase, moment.timetable, moment.now)
    return [
        Words(name, language, form.own.get((name, language)) or made.get((name, language), ""),
              made.get((name, language), ""), longest)
        for language in languages_for(moment.texts)
        for name, longest in (("header", LONGEST_HEADER), ("description", LONGEST_DESCRIPTION))
    ]  # fmt: skip


def _made(notice: Notice, phrase: Phrase | None, timetable: Timetable, now: float) -> dict[tuple[str, str], str]:
    return {} if phrase is None else phrase_words(phrase, notice, timetable, now)


def _start(form: DisruptionForm, moment: PageMoment, kept: Disruption | None) -> float:
    if kept is not None and form.start == "kept":
        return kept.starts_at
    at = moment.now if form.start == "now" else _local(form.start_at, moment, "bad_start")
    if not 0 < at < FAR_OFF:
        raise ValueError("starts_far_off")
    return at


def _repeats(form: DisruptionForm) -> Repeats | None:
    if not form.repeat:
        return None
    try:
        # Some browsers send seconds.
        given = {"days": form.repeat_days, "start": form.repeat_start[:5], "end": form.repeat_end[:5]}
        return Repeats.model_validate(given)
    except ValidationError as error:
        raise ValueError("bad_repeats") from error


def end_of(end: str, end_at: str, moment: Moment, starts_at: float) -> float | None:
    """When it ends that begins at `starts_at`: see `DisruptionForm`. Errors: ValueError."""
    if end == "open":
        return None
    if end == "day":
        zone = lines_of(moment.timetable).zone
        begins = datetime.fromtimestamp(starts_at, zone)
        day_ends = begins.replace(hour=_DAY_ENDS_H, minute=0, second=0, microsecond=0)
        return (day_ends if begins.hour < _DAY_ENDS_H else day_ends + timedelta(days=1)).timestamp()
    if end.isdecimal() and int(end) in SPANS_MIN:
        # Whole minutes, as riders are told them.
        return -(-(starts_at + 60.0 * int(end)) // 60) * 60
    return _local(end_at, moment, "bad_end")


def _local(text: str, moment: Moment, problem: str) -> float:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=lines_of(moment.timetable).zone)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(problem) from error


def _ids(value: str) -> list[str]:
    """A checkbox stands for all platforms of a name: their ids as JSON."""
    try:
        ids = json.loads(value)
    except ValueError:
        return []
    return [name for name in ids if isinstance(name, str)] if isinstance(ids, list) else []
