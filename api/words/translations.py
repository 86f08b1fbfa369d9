"""Names of stops, headsigns and lines in the reader's language, where the timetable has them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from predictor.timetable import Timetable


@lru_cache(maxsize=8)
def translations_of(timetable: Timetable, language: str) -> Mapping[str, str]:
    """The names that the timetable has in a language, by what stands in their place."""
    here = timetable.translation_language == language
    return dict(
        zip(timetable.translation_text[here].tolist(), timetable.translation_translated[here].tolist(), strict=True)
    )
