"""Reads a GTFS table that strict readers refuse: whatever row or cell is broken is left out and told.

Copes with broken and overlong rows, open quotes, words where numbers belong, spaces around names and values,
semicolons, and encodings other than UTF-8.
"""

from __future__ import annotations

import io
import re
import warnings

import numpy as np
import pandas as pd
from gtfs_kit.constants import DTYPES

from feeds.errors import FeedError
from feeds.gtfs.archive import GtfsArchive
from feeds.gtfs.problems import Problems
from predictor.arrays import BoolArray, Int64Array

NEEDED_NUMBERS = {
    "stop_times": ("stop_sequence",),
    "shapes": ("shape_pt_sequence",),
    "calendar_dates": ("exception_type",),
    "frequencies": ("headway_secs",),
}
"""Columns whose row is worth nothing without a number in them."""

_SKIPPED_LINE = re.compile(r"line (\d+): expected (\d+) fields, saw (\d+)")
_INT32 = 2**31


def read_mended(archive: GtfsArchive, table: str, problems: Problems) -> pd.DataFrame:
    """One table, row by row as far as it can be read.

    Returns: a frame like `feeds.gtfs.tables.read_tables`'s. Errors: FeedError where the bytes cannot be unpacked.
    """
    file = f"{table}.txt"
    text = _decoded(archive.read(table), file, problems)
    if not text.strip():
        return pd.DataFrame(index=np.empty(0, np.int64))
    header = text.lstrip("\r\n").split("\n", 1)[0]
    separator = ","
    if ";" in header and "," not in header:
        separator = ";"
        problems.file(file, "columns are parted by semicolons; read as such.")
    try:
        frame = _parsed(text, separator, file, problems)
    except pd.errors.ParserError:
        try:
            frame = _parsed(_without_open_quotes(text, file, problems), separator, file, problems)
        except pd.errors.ParserError as error:
            raise FeedError(f"{archive.name}: {file} is no table of comma-separated values ({error}).") from error
    frame.columns = pd.Index([str(name).strip().strip('"').strip().lower() for name in frame.columns])
    frame = frame.loc[:, ~frame.columns.duplicated() & (frame.columns != "")]
    for column in frame:
        values = frame[column].astype("string").str.strip()
        frame[column] = values.mask(values == "", pd.NA)
    frame = frame.dropna(how="all")
    return _with_numbers(frame, table, problems)


def _decoded(data: bytes, file: str, problems: Problems) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.file(file, "is UTF-16; GTFS asks for UTF-8. Read as UTF-16.")
        return data.decode("utf-16", "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.file(file, "is not UTF-8; read as Windows-1252, so accents may be wrong.", row=line)
        text = data.decode("cp1252", "replace")
    if "\0" in text:
        problems.file(file, "holds NUL characters; taken out.", row=text.count("\n", 0, text.index("\0")) + 1)
        text = text.replace("\0", "")
    return text


def _parsed(text: str, separator: str, file: str, problems: Problems) -> pd.DataFrame:
    """All rows as text, index line numbers; rows with too many fields are left out."""
    blank = len(text) - len(text.lstrip("\r\n"))
    before = text.count("\n", 0, blank)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = pd.read_csv(
            io.StringIO(text[blank:]), sep=separator, dtype="string", keep_default_na=False, index_col=False,
            skip_blank_lines=False, on_bad_lines="warn",
        )  # fmt: skip
    skipped: Int64Array = np.array(
        [line + before for w in caught for line, _, _ in _numbers_in(str(w.message))], np.int64
    )
    lines = np.arange(2 + before, 2 + before + len(frame) + len(skipped))
    frame.index = pd.Index(lines[~np.isin(lines, skipped)])
    columns = len(frame.columns)
    problems.rows(file, skipped, [], f"has more fields than the {columns} columns of the header; the row is skipped.")
    return frame


def _numbers_in(message: str) -> list[tuple[int, int, int]]:
    return [(int(line), int(due), int(seen)) for line, due, seen in _SKIPPED_LINE.findall(message)]


def _without_open_quotes(text: str, file: str, problems: Problems) -> str:
    """The text with the quotes taken out of every line that does not close them."""
    lines = text.split("\n")
    open_ = [i for i, line in enumerate(lines) if line.count('"') % 2]
    for i in open_:
        lines[i] = lines[i].replace('"', "")
    problems.rows(file, [i + 1 for i in open_], [], "a quotation mark is never closed; taken out.")
    return "\n".join(lines)


def _with_numbers(frame: pd.DataFrame, table: str, problems: Problems) -> pd.DataFrame:
    """The frame with its number columns as numbers; what is none is told and left empty, or its row skipped."""
    keep = np.ones(len(frame), bool)
    types: dict[str, str] = DTYPES[table]
    needed = NEEDED_NUMBERS.get(table, ())
    for column in [str(c) for c in frame if types.get(str(c), "string") != "string"]:
        said = frame[column]
        number = pd.to_numeric(said, errors="coerce").astype("Float64").to_numpy(np.float64, na_value=np.nan)
        whole = types[column].startswith("Int")
        with np.errstate(invalid="ignore"):
            good: BoolArray = np.isfinite(number)
            if whole:
                good &= (number == np.round(number)) & (np.abs(number) < _INT32)
        bad: BoolArray = said.notna().to_numpy() & ~good
        fate = "the row is skipped" if column in needed else "taken as missing"
        kind = "whole number" if whole else "number"
        if bad.any():
            word = str(said.to_numpy()[bad][0])[:40]
            ids = frame.iloc[:, 0].astype("string").fillna("").to_numpy()[bad]
            lines = frame.index.to_numpy()[bad]
            problems.rows(f"{table}.txt", lines, ids, f"{column} “{word}” is no {kind}; {fate}.")
        frame[column] = np.where(good, number, np.nan)
        if column in needed:
            keep &= ~bad
    return frame[keep]
