"""From a phrase and its places (the lines, the stops, the times) to the words of a notice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from api.desk.disruption import LANGUAGES, LONGEST_DESCRIPTION, LONGEST_HEADER, Language, Notice
from api.desk.phrases import Phrase, filled
from api.reading.lines import lines_of
from api.reading.recurrence import Recurrence, recurrence_of
from api.words.lines import line_name
from api.words.recurrence import recurrence_words
from api.words.texts import Texts, country_of, desk_texts_in
from api.words.times import TimeWords
from predictor.timetable import Timetable


def languages_for(texts: Texts) -> list[Language]:
    """Those of `LANGUAGES`, the officer's own first."""
    return sorted(LANGUAGES, key=lambda language: language != texts.language)


def languages_needed(timetable: Timetable) -> set[Language]:
    """Those that no phrase may lack: what the network's agencies speak, and English, which stands in for others."""
    spoken = {re.split("[-_]", tag)[0].lower() for tag in timetable.agency_lang.tolist()}
    return {language for language in LANGUAGES if language in spoken} | {"en"}


def phrase_words(phrase: Phrase, notice: Notice, timetable: Timetable, now: float) -> dict[tuple[str, str], str]:
    """What a phrase says of the notice's places, by field and language; without what it says nothing of."""
    words: dict[tuple[str, str], str] = {}
    for language in LANGUAGES:
        values = place_values(notice, timetable, desk_texts_in(language), now)
        words["header", language] = filled(phrase.header.get(language, ""), values, LONGEST_HEADER)
        words["description", language] = filled(phrase.description.get(language, ""), values, LONGEST_DESCRIPTION)
    return {where: text for where, text in words.items() if text}


def worded(notice: Notice, phrase: Phrase, timetable: Timetable, now: float) -> Notice:
    """The notice with what its phrase says in each language for which it has no words of its own."""
    words = phrase_words(phrase, notice, timetable, now)
    header = {language: text for (name, language), text in words.items() if name == "header"}
    description = {language: text for (name, language), text in words.items() if name == "description"}
    return notice.model_copy(update={"header": header | notice.header, "description": description | notice.description})


def place_values(notice: Notice, timetable: Timetable, texts: Texts, now: float) -> dict[str, str]:
    """Values of a phrase's places. `texts`: the desk's catalogue of the language to speak."""
    lines = lines_of(timetable)
    known = [timetable.route_index[route_id] for route_id in notice.routes if route_id in timetable.route_index]
    names = [line_name(lines.all[route], texts) for route in sorted(known, key=lines.rank.__getitem__)]
    stops = dict.fromkeys(
        str(timetable.stop_name[timetable.stop_index[stop_id]])
        for stop_id in notice.stops
        if stop_id in timetable.stop_index
    )
    return {
        "line": texts("phrase_line", count=len(names), names=listed(names, texts)) if names else "",
        "stops": listed(list(stops), texts),
        "when": notice_times(notice, texts, timetable, now),
        **{name: value.strip() for name, value in notice.blanks.items()},
    }


def listed(names: Sequence[str], texts: Texts) -> str:
    """ "A", "A and B", "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return texts("phrase_and", first=", ".join(names[:-1]), last=names[-1])


def notice_times(notice: Notice, texts: Texts, timetable: Timetable, now: float) -> str:
    """When a notice is in force."""
    recurrence = recurrence_of(notice.periods, lines_of(timetable).zone) if notice.repeats else None
    return when(notice.starts_at, notice.ends_at, texts, timetable, now, recurrence)


def when(
    starts_at: float,
    ends_at: float | None,
    texts: Texts,
    timetable: Timetable,
    now: float,
    recurrence: Recurrence | None = None,
) -> str:
    """From when to when, or on which days until when. Days are named by their date: what is said today is read
    tomorrow."""
    words = TimeWords(texts, lines_of(timetable).zone, now, country_of(timetable.timezone))
    if recurrence:
        return recurrence_words(recurrence, texts, words.time, words.date, words.country)
    begun, begin = starts_at <= now, _moment(starts_at, now, words)
    if ends_at is None:
        said = texts("phrase_open") if begun else texts("phrase_from", start=begin)
    elif begun:
        said = texts("phrase_until", end=_moment(ends_at, now, words))
    else:
        said = texts("phrase_between", start=begin, end=_moment(ends_at, starts_at, words))
    # French runs a preposition and the article before a date into one.
    return re.sub(r"\bde le\b", "du", re.sub(r"à le\b", "au", said))


def _moment(at: float, near: float, words: TimeWords) -> str:
    """Clock time; with its date where it is not of the day of `near`."""
    time = words.time(at)
    same_day = words.iso(at)[:10] == words.iso(near)[:10]
    return time if same_day else words.texts("phrase_date", date=words.weekday_date(at), time=time)
