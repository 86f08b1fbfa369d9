"""translations.txt: names of stops, platforms, headsigns, lines and agencies in other languages than the feed's own.

Stops as they are to be spoken (`tts_stop_name`) are told in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.alerts.translations import language_of
from feeds.gtfs.calls import Calls
from feeds.gtfs.stops import bare_platform
from feeds.gtfs.tables import numbers, text_array, words
from predictor.arrays import NONE, Int8Array, Int32Array, StrArray, or_where_unknown
from predictor.columns import Columns
from predictor.timetable import AGENCY_NAME, LINE_NAME, LINE_SHORT_NAME, PLATFORM_CODE, SIGN, SPOKEN, STOP_NAME

_NAMES = {
    "stop_name": ("stops", "stop_id"),
    "trip_headsign": ("trips", "trip_id"),
    "route_long_name": ("routes", "route_id"),
    "route_short_name": ("routes", "route_id"),
    "platform_code": ("stops", "stop_id"),
    "agency_name": ("agency", "agency_id"),
}
"""The fields that are read, their tables and what names their records."""
_NAMED_BY = {
    "stop_name": STOP_NAME, "trip_headsign": SIGN, "stop_headsign": SIGN, "route_long_name": LINE_NAME,
    "route_short_name": LINE_SHORT_NAME, "platform_code": PLATFORM_CODE, "agency_name": AGENCY_NAME,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Translations(Columns):
    """All arrays (n,); the meaning is that of the `translation_` fields of `Timetable`. Of several of one name and
    language the last counts."""

    language: StrArray
    of: Int8Array
    stop: Int32Array
    text: StrArray
    translated: StrArray


def read_translations(
    tables: Mapping[str, pd.DataFrame], calls: Calls, trip_id: StrArray, stop_id: StrArray, headsign: StrArray
) -> Translations:
    """Build the translations, told by the text itself or by the record that has it; also as feeds wrote them before
    GTFS had such a table (`trans_id,lang,translation`).

    Parameters: `calls` by trip and along it, the ids of the trips and stops, and the `stop_headsign`s that
    `calls.headsign` stands for."""
    parts = [part for part in (tables.get("translations"), _spoken(tables["stops"])) if part is not None]
    if not parts:
        return Translations.empty()
    frame = pd.concat(parts, ignore_index=True)
    translated, field = words(frame, "translation"), words(frame, "field_name")
    text = words(frame, "field_value")
    text = text.mask(text == "", words(frame, "trans_id"))
    by_text = (text != "").to_numpy(bool)
    language = words(frame, "language")
    language = language.mask(language == "", words(frame, "lang"))
    record = words(frame, "record_id")
    of_stop = np.where((field == "stop_name").to_numpy(bool) & ~by_text, record.to_numpy(object), "")
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
    of_platform = field == "platform_code"
    text, translated = (
        names.mask(of_platform, names[of_platform].fillna("").map(bare_platform)) for names in (text, translated)
    )
    known = (field.isin(["", *_NAMED_BY]) & (text.fillna("") != "") & (translated != "")).to_numpy(bool)
    code, tags = pd.factorize(language)
    tag = np.array([language_of(tag)[0] for tag in tags.tolist()], np.str_)[code]
    bare = np.array([language_of(tag)[0].split("-")[0] for tag in tags.tolist()], np.str_)[code]
    # What is said of all of a text counts before what is said of a record that has it, a language before its kinds.
    order = np.lexsort((by_text, tag == bare))
    order = order[known[order]]
    return Translations(
        language=bare[order],
        of=field.map(_NAMED_BY).fillna(NONE).to_numpy(np.int64).astype(np.int8)[order],
        stop=pd.Index(stop_id).get_indexer(pd.Index(of_stop[order])).astype(np.int32),
        text=text_array(text.iloc[order].astype("string")),
        translated=text_array(translated.iloc[order]),
    )


def _spoken(stops: pd.DataFrame) -> pd.DataFrame | None:
    """The names of stops as they are to be spoken, as rows of translations.txt; None where there are none."""
    told = words(stops, "tts_stop_name") if "tts_stop_name" in stops else None
    if told is None or not (told != "").any():
        return None
    names = pd.DataFrame({"record_id": words(stops, "stop_id"), "translation": told}, dtype="string")
    return names[told != ""].assign(field_name="stop_name", language=SPOKEN).astype("string")
