"""Ids by which one table names the rows of another, found even where the two write them differently.

Spreadsheets take ids for numbers: 0012 becomes 12 in one file and 12 becomes 12.0 in the next.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from feeds.gtfs.problems import Problems
from feeds.ids.known_ids import spelled
from predictor.arrays import NONE, Int32Array, StrArray


def references(frame: pd.DataFrame, column: str, known: StrArray, file: str, problems: Problems) -> Int32Array:
    """Place of each row's id (n,) among the `known` ones, -1 where it is not among them.

    An id that is none of them counts for the one that differs from it in zeros before it, “.0” behind it, capitals or
    the way accents are encoded, where there is just one such, which no other row names as it is.
    """
    if column not in frame:
        return np.full(len(frame), NONE, np.int32)
    code, unique = pd.factorize(frame[column])
    names = np.asarray(unique, dtype=object)
    among = {name: place for place, name in enumerate(known.tolist())}
    place = np.array([among.get(name, NONE) for name in names.tolist()], np.int32)
    lost = np.flatnonzero(place < 0)
    if len(lost):
        place[lost] = _written_otherwise(names[lost], known, place[place >= 0])
        rows = np.isin(code, lost[place[lost] >= 0])
        if rows.any():
            first = code[np.flatnonzero(rows)[0]]
            problems.rows(
                file, frame.index.to_numpy()[rows], names[code[rows]],
                f"{column} “{names[first]}” must mean {known[place[first]]}; ids are to be written alike everywhere.",
            )  # fmt: skip
    return np.append(place, NONE).astype(np.int32)[code]


def _written_otherwise(names: StrArray, known: StrArray, named: Int32Array) -> Int32Array:
    """The known id that each of the names must mean, -1 where none or several may be meant."""
    free = np.ones(len(known), bool)
    free[named] = False
    places = np.flatnonzero(free).tolist()
    keys = [spelled(known[place]) for place in places]
    times, spelled_names = Counter(keys), [spelled(name) for name in names]
    asked_times = Counter(spelled_names)
    among = {key: place for key, place in zip(keys, places, strict=True) if times[key] == 1}
    return np.array([among.get(key, NONE) if asked_times[key] == 1 else NONE for key in spelled_names], np.int32)
