"""Tables of a TIDES package as they are written: CSV or Parquet, times as text with an offset or without.

Whoever names a vehicle `=HYPERLINK(…)` must run nothing where a table is opened: what spreadsheets would take for a
formula is written behind an apostrophe, by which they know text, and read without it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from feeds.errors import FeedError
from feeds.storage.whole_file import regular
from predictor.arrays import Float64Array

SUFFIXES = (".csv", ".parquet")
_MISSING = ["", "NA", "NaN"]
_BEGINS = (
    "[=+\\-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)
_FORMULA = re.compile(rf"(?='*{_BEGINS})(?![+-]?\d+(\.\d+)?\Z)")
_GUARDED = re.compile(f"'(?='*{_BEGINS})")


def columns_of(path: Path, needed: tuple[str, ...], more: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Columns of a table as text; of those in `more` that it lacks "". Errors: FeedError where it cannot be read or
    lacks one that is needed."""
    table = read_table(path)
    if missing := [name for name in needed if name not in table.column_names]:
        kind = path.name.split(".")[0]
        raise FeedError(f"{path}: no column {', '.join(missing)}; TIDES {kind} has {', '.join(needed)}.")
    return {
        name: words_of(table[name]) if name in table.column_names else [""] * table.num_rows
        for name in (*needed, *more)
    }


def read_table(path: Path) -> pa.Table:
    """A file as a table, of CSV all columns as text. Errors: FeedError."""
    try:
        if path.suffix == ".parquet":
            return pq.read_table(regular(path))
        with regular(path).open("rb") as file:
            names = file.readline().decode("utf-8-sig").strip().replace('"', "").split(",")
        options = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        return pa_csv.read_csv(path, convert_options=options)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FeedError(f"{path}: cannot be read as a table ({error}); export it again.") from error


def words_of(column: Any) -> list[str]:
    """What stands in a column (n,), "" for what is missing."""
    if pa.types.is_timestamp(column.type):
        return [value.isoformat() if value is not None else "" for value in column.to_pylist()]
    words = column.cast(pa.string()).to_pylist()
    return ["" if word is None or word in _MISSING else unguarded(word) for word in words]


def posix_of(words: list[str], timezone: str) -> Float64Array:
    """ISO 8601 as POSIX seconds, NaN for what is none."""
    text = pd.Series(words, dtype="string")
    with_offset = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").fillna(False).to_numpy(bool)
    result = np.full(len(text), np.nan)
    for rows in (with_offset, ~with_offset):
        at = pd.to_datetime(text[rows], errors="coerce", utc=bool(rows is with_offset), format="ISO8601")
        if rows is not with_offset:
            at = at.dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
        seconds = at.dt.tz_localize(None).to_numpy("datetime64[ms]")
        result[rows] = np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64) / 1e3)
    return result


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it may be opened by a spreadsheet; numbers stay."""
    words = table.select_dtypes(exclude="number").map(
        lambda cell: f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
    )
    return table.assign(**{str(name): words[name] for name in words})


def unguarded(word: str) -> str:
    """A word of such a table as it was before."""
    return _GUARDED.sub("", word, count=1) if _GUARDED.match(word) else word
