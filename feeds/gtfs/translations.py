"""translations.txt: names of stops, headsigns and lines in other languages than the feed's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from feeds.alerts.translations import language_of
from feeds.gtfs.tables import text_array, words
from predictor.arrays import StrArray
from predictor.columns import Columns

_NAMES = {
    "stop_name": ("stops", "stop_id"),
    "trip_headsign": ("trips", "trip_id"),
    "route_long_name": ("routes", "route_id"),
}
"""The fields that are read, their tables and what names their records."""


@dataclass(frozen=True, eq=False)
class Translations(Columns):
    """All arrays (n,); the meaning is that of the `translation_` fields of `Timetable`."""

    language: StrArray
    text: StrArray
    translated: StrArray


def read_translations(tables: Mapping[str, pd.DataFrame]) -> Translations:
    """Build the translations, told by the text itself or by the record that has it; also as feeds wrote them before
    GTFS had such a table (`trans_id,lang,translation`)."""
    frame = tables.get("translations")
    if frame is None:
        return Translations.empty()
    translated, field = words(frame, "translation"), words(frame, "field_name")
    text = words(frame, "field_value")
    text = text.mask(text == "", words(frame, "trans_id"))
    language = words(frame, "language")
    language = language.mask(language == "", words(frame, "lang"))
    record = words(frame, "record_id")
    for name, (table, key) in _NAMES.items():
        by_record = ((text == "") & (field == name)).to_numpy(bool)
        names = pd.Series(words(tables[table], name).to_numpy(object), words(tables[table], key).to_numpy(object))
        told = record[by_record].map(names[~names.index.duplicated()])
        text = text.mask(by_record, told.reindex(text.index))
    known = field.isin(["", "stop_headsign", *_NAMES]) & (text.fillna("") != "") & (translated != "")
    languages = {tag: language_of(tag)[0].split("-")[0] for tag in language[known].unique()}
    return Translations(
        language=text_array(language[known].map(languages).astype("string")),
        text=text_array(text[known].astype("string")),
        translated=text_array(translated[known]),
    )
