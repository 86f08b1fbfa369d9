"""translations.txt: names of stops, headsigns and lines in other languages than the feed's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.alerts.translations import language_of
from feeds.gtfs.calls import Calls
from feeds.gtfs.tables import numbers, text_array, words
from predictor.arrays import NONE, StrArray, or_where_unknown
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


def read_translations(
    tables: Mapping[str, pd.DataFrame], calls: Calls, trip_id: StrArray, headsign: StrArray
) -> Translations:
    """Build the translations, told by the text itself or by the record that has it; also as feeds wrote them before
    GTFS had such a table (`trans_id,lang,translation`).

    Parameters: `calls` by trip and along it, the ids of the trips, and the `stop_headsign`s that `calls.headsign`
    stands for."""
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
    by_record = ((text == "") & (field == "stop_headsign")).to_numpy(bool)
    if by_record.any():
        # A call is named by its trip and its number there.
        trip = pd.Index(trip_id).get_indexer(pd.Index(record[by_record])).astype(np.int64)
        number = numbers(frame, "record_sub_id")[by_record]
        asked = np.where(np.isfinite(number), trip << 32 | or_where_unknown(number, 0.0).astype(np.int64), NONE)
        keys = calls.trip.astype(np.int64) << 32 | calls.sequence
        place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        signs = np.append(headsign, "")[np.where(keys[place] == asked, calls.headsign[place], NONE)]
        text = text.mask(by_record, pd.Series(signs, text.index[by_record], "string").reindex(text.index))
    known = field.isin(["", "stop_headsign", *_NAMES]) & (text.fillna("") != "") & (translated != "")
    languages = {tag: language_of(tag)[0].split("-")[0] for tag in language[known].unique()}
    return Translations(
        language=text_array(language[known].map(languages).astype("string")),
        text=text_array(text[known].astype("string")),
        translated=text_array(translated[known]),
    )
