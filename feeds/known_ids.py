"""Ids that the realtime feeds name, as those of the timetable.

Feeds are put together by other programs than timetables are: some fill ids up with blanks, some write the agency's id
before them (`TB:t1`, `TB_t1`) where the timetable does not, or leave it out where it does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np

from feeds.message import text_of
from predictor.arrays import NONE, Int32Array
from predictor.timetable import Timetable

_SEPARATORS = ":_|/.-"
_SEPARATOR = re.compile(f"[{re.escape(_SEPARATORS)}]")


def id_of(value: str | bytes) -> str:
    """An id of a message as text, without blanks around it."""
    return text_of(value).strip()


def indices_of(names: Sequence[Any], index: Mapping[Any, int], timetable: Timetable) -> Int32Array:
    """Where each id (n,) stands in an index of the timetable, -1 where it is none of its ids."""
    found = np.fromiter(map(index.get, names, repeat(NONE)), np.int32, len(names))
    for row in np.flatnonzero(found < 0).tolist():
        if names[row]:
            found[row] = _by_agency(names[row], index, _agencies(timetable))
    return found


def _by_agency(name: str, index: Mapping[str, int], agencies: frozenset[str]) -> int:
    """The id without its agency before it, or with that of the only one."""
    for separator in _SEPARATOR.finditer(name):
        if name[: separator.start()] in agencies and name[separator.end() :] in index:
            return index[name[separator.end() :]]
    if len(agencies) == 1:
        for separator_character in _SEPARATORS:
            found = index.get(f"{next(iter(agencies))}{separator_character}{name}")
            if found is not None:
                return found
    return NONE


@lru_cache(maxsize=4)
def _agencies(timetable: Timetable) -> frozenset[str]:
    return frozenset(np.unique(timetable.route_agency_id).tolist()) - {""}
