"""What a timetable calls things in other languages than its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from predictor.arrays import NONE
from predictor.timetable import NAMED, Timetable


@lru_cache(maxsize=8)
def names_in(timetable: Timetable, language: str) -> Mapping[int, Mapping[str, str]]:
    """By what is named so (one of `NAMED`) and what stands in its place, the names in a language of two letters."""
    here = np.flatnonzero(timetable.translation_language == language)
    of, text = timetable.translation_of[here], timetable.translation_text[here]
    translated = timetable.translation_translated[here]

    def named(kind: int) -> dict[str, str]:
        mine = (of == kind) | (of == NONE)
        return dict(zip(text[mine].tolist(), translated[mine].tolist(), strict=True))

    return {kind: named(kind) for kind in NAMED}
