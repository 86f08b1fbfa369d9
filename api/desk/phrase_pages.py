"""/desk/phrases: the ready-made phrases, changed by those who use them."""

from __future__ import annotations

import re
import sqlite3
from typing import cast, get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from api.answers.problems import Problem
from api.desk.disruption import LANGUAGES, LONGEST_DESCRIPTION, LONGEST_HEADER, Cause, Effect, Language, Notice
from api.desk.disruption_form import SHOWN_ON
from api.desk.phrases import PLACES, SPANS_MIN, End, Phrase, default_phrases
from api.desk.place_words import languages_for, languages_needed, phrase_words
from api.desk.rendering import OwnForm, Session, desk_of_request, desk_page, officer_of, page_moment, text
from api.words.moment import PageMoment

phrase_pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

NEW = "new"
_LONGEST_NAME = 40
_FIELDS = (("name", _LONGEST_NAME), ("header", LONGEST_HEADER), ("description", LONGEST_DESCRIPTION))
_EXAMPLE_BLANKS = {"minutes": "15", "times": "07:42, 08:02", "via": "rue Neuve"}


@phrase_pages_router.get("/desk/phrases")
def all_phrases(request: Request, _: Session, saved: str = "") -> Response:
    """Every phrase with an example."""
    moment, book = page_moment(request), desk_of_request(request).phrases
    rows = [(phrase, _example(phrase, moment), book.is_own(phrase.key)) for phrase in book.all()]
    return desk_page(request, moment, "phrases.html", rows=rows, saved=book.get(saved))


@phrase_pages_router.get("/desk/phrases/{key}")
def edit(request: Request, _: Session, key: str) -> Response:
    """The form of one phrase; of `new` an empty one."""
    return _form(request, page_moment(request), _found(request, key), key)


@phrase_pages_router.post("/desk/phrases/{key}")
def save(request: Request, form: OwnForm, key: str) -> Response:
    """Keep it, show an example, or go back to the default."""
    moment, book = page_moment(request), desk_of_request(request).phrases
    _found(request, key)
    try:
        if text(form, "do") == "reset":
            book.reset(key)
            desk_of_request(request).note(officer_of(request), "phrase_reset", key)
            return RedirectResponse("/desk/phrases", 303)
        taken = [phrase_of_book.key for phrase_of_book in book.all()]
        phrase, problem = _phrase(form, key, taken, languages_needed(moment.timetable))
        if problem or text(form, "do") != "save":
            return _form(request, moment, phrase, key, problem, status=422 if problem else 200)
        book.save(phrase)
        desk_of_request(request).note(officer_of(request), "phrase_saved", phrase.key)
    except sqlite3.Error:
        return _form(request, moment, _found(request, key), key, "not_saved", status=507)
    return RedirectResponse(f"/desk/phrases?saved={phrase.key}", 303)


def _phrase(form: FormData, key: str, taken: list[str], needed: set[Language]) -> tuple[Phrase, str]:
    """What the form says, and the key of what is wrong with it. `needed`: see `languages_needed`."""
    texts = {
        name: {language: words for language in LANGUAGES
               if (words := text(form, f"{name}_{language}").replace("\r\n", "\n").strip()[:longest])}
        for name, longest in _FIELDS
    }  # fmt: skip
    cause, effect, shown_on, ends = (text(form, name) for name in ("cause", "effect", "shown_on", "ends"))
    if key == NEW:
        base = re.sub(r"[^a-z0-9]+", "_", (texts["name"].get("en") or next(iter(texts["name"].values()), "")).lower())
        base = base.strip("_")[:30] or "phrase"
        # `new` is the address of the form itself.
        keys = [base, *(f"{base}_{number}" for number in range(2, len(taken) + 4))]
        key = next(spare for spare in keys if spare not in taken and spare != NEW)
    phrase = Phrase(
        key=key,
        cause=cast(Cause, cause if cause in get_args(Cause) else "UNKNOWN_CAUSE"),
        effect=cast(Effect, effect if effect in get_args(Effect) else "UNKNOWN_EFFECT"),
        shown_on=shown_on if shown_on in SHOWN_ON else "lines",
        ends=cast(End, ends if ends in get_args(End) else "day"),
        **texts,
    )
    if needed - (set(phrase.name) & set(phrase.header)):
        return phrase, "phrase_languages"
    return phrase, "phrase_places" if phrase.unknown_places() else ""


def _example(phrase: Phrase, moment: PageMoment) -> list[tuple[str, str, str]]:
    """Language, header and description with places of this network filled in."""
    tt = moment.timetable
    hits = moment.view.stop_search.busiest(1)
    notice = Notice(
        routes=tuple(line.route_id for line in moment.lines.ordered[:1]),
        stops=tuple(str(tt.stop_id[hit.stop_idx]) for hit in hits),
        blanks=_EXAMPLE_BLANKS,
        starts_at=moment.now,
        ends_at=moment.now + 7200.0,
    )
    words = phrase_words(phrase, notice, tt, moment.now)
    return [
        (language, words.get(("header", language), ""), words.get(("description", language), ""))
        for language in languages_for(moment.texts)
    ]


def _form(
    request: Request, moment: PageMoment, phrase: Phrase, key: str, problem: str = "", *, status: int = 200
) -> Response:
    book = desk_of_request(request).phrases
    unknown = ", ".join(f"{{{place}}}" for place in phrase.unknown_places())
    return desk_page(
        request, moment, "phrase.html", status=status, phrase=phrase, key=key, fields=_FIELDS,
        languages=languages_for(moment.texts), needed=languages_needed(moment.timetable),
        causes=get_args(Cause), effects=get_args(Effect), shown_on=SHOWN_ON, places=PLACES, spans=SPANS_MIN,
        example=_example(phrase, moment), problem=moment.texts(f"problem_{problem}", places=unknown) if problem else "",
        can_reset=book.is_own(key), is_default=key in default_phrases(),
    )  # fmt: skip


def _found(request: Request, key: str) -> Phrase:
    if key == NEW:
        return Phrase(key=NEW, name={}, header={}, description={})
    phrase = desk_of_request(request).phrases.get(key)
    if phrase is None:
        raise Problem(404, "unknown-phrase", "Unknown phrase", f"There is no phrase “{key}”: see /desk/phrases.")
    return phrase
