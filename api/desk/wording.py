"""From a phrase and its places to the words of a notice, in both languages."""

from __future__ import annotations

from api.desk.disruption import Language, Notice
from api.desk.phrases import Phrase, filled_description, filled_header
from api.desk.place_words import LANGUAGES, place_values
from api.words.desk_texts import desk_texts_in
from predictor.timetable import Timetable


def worded(notice: Notice, phrase: Phrase, timetable: Timetable, now: float) -> Notice:
    """The notice with what its phrase says in each language for which it has no words of its own."""
    header: dict[Language, str] = dict(notice.header)
    description: dict[Language, str] = dict(notice.description)
    for language in LANGUAGES:
        values = place_values(notice, timetable, desk_texts_in(language), now)
        header[language] = header.get(language) or filled_header(phrase, language, values)
        description[language] = description.get(language) or filled_description(phrase, language, values)
    return notice.model_copy(
        update={
            "header": {language: text for language, text in header.items() if text},
            "description": {language: text for language, text in description.items() if text},
        }
    )
