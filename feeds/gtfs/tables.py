"""The tables of a GTFS feed as typed frames whose index is the line in the file.

Every value is read as text, since only then is a stop called `NA` or `007` still called so; numbers are made of the
columns that gtfs-kit has as numbers. gtfs-kit's own reader takes such names for missing values.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from feeds.alerts.translations import TAG, plain_text
from feeds.errors import FeedError
from feeds.gtfs.archive import TABLES, GtfsArchive
from feeds.gtfs.columns import (
    COLUMNS_OF_OPTIONAL,
    FREE_TEXT,
    NEEDED_NUMBERS,
    REQUIRED_COLUMNS,
    WEEKDAYS,
    fits,
    is_number,
    meant_columns,
    types_of,
)
from feeds.gtfs.encoding import page_of_country, utf8_lines
from feeds.gtfs.problems import Problems
from feeds.gtfs.records import Records, records_of
from feeds.letters import TAKEN_WRONGLY, as_meant
from predictor.arrays import BoolArray, Float64Array, Int64Array, StrArray

DISPENSABLE = ("feed_info", "translations", "booking_rules", "transfers", "attributions")
"""Tables that tell nothing of what runs."""

Tables = Mapping[str, pd.DataFrame]
Text = pd.api.extensions.ExtensionArray
"""A column (n,) of text: a string array, or a Categorical of strings."""

LONGEST_TEXT = 200
_WHOLE_AS_DECIMAL = r"\d+\.0"
_DURATIONS = ("headway_secs",)
_ORDERS = {"stop_sequence": "trip_id", "shape_pt_sequence": "shape_id"}
"""Columns of which the order alone counts, and of what."""
_REPEATING = ("stop_times", "shapes")
"""Tables of many rows in which the same ids and times come again and again: each different one is kept once."""
_LEAST_BLOCK_BYTES = 1 << 24
_INT32 = 2**31
# What programs write for yes and no.
_TRUTH = {"true": "1", "t": "1", "yes": "1", "y": "1", "x": "1", "false": "0", "f": "0", "no": "0", "n": "0"}
# Commas as in 1,000,000.
_THOUSANDS = r"(?<=\d),(?=\d{3}(?:,\d{3})*$)"
_DECIMAL_COMMA = r"^([+-]?\d*),(\d+)$"
# As in 47.39° N, or N 47.39.
_DEGREES = r"^([+-]?\d[\d.]*)\s*°(?=\s*[NESW]?$)"
_HEMISPHERE = r"^([+-]?\d[\d.]*)\s*[NESW]$"
_HEMISPHERE_FIRST = r"^([NESW])\s*(\d.*)$"
# As in 47°23'24.0".
_SEXAGESIMAL = re.compile(
    r"([+-]?)(\d{1,3})\s*[°d:]\s*([0-5]?\d)\s*['′’:m]\s*([0-5]?\d(?:\.\d*)?)\s*(?:\"|″|′′|”|''|s)?\s*([NESW]?)"
)
_MINUS = r"^[\u2212\u2013](?=[\d.])"
# As in 00:10:00, 600s, 10 min, PT10M.
_DURATION = re.compile(
    r"(?:pt)?(?:(\d+)\s*h(?:ours?|rs?)?)?\s*(?:(\d+)\s*m(?:in(?:ute)?s?)?\.?)?\s*(?:(\d+)\s*s(?:ec(?:ond)?s?)?\.?)?"
)
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)")
_ODD_TEXT = f"\\\\[\"']|</?[a-zA-Z][^<>]*>|&(?:#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z]{{2,8}});|{TAKEN_WRONGLY}"
_ESCAPE = re.compile(r"\\([\"'])")
_RULE = "[-=]{3,}"
_NULL = "\\N"
_NULL_ALONE = re.compile(rb"(?:^|[,;|\t\"])\\N(?:$|[,;|\t\"])", re.MULTILINE)
_IN_SINGLE_QUOTES = "'[^']*'"
# What `strip` leaves: the byte order mark, the blank without width, and marks of direction and of no line end.
_INVISIBLE = "[\ufeff\u200b\u200e\u2060]"
_INVISIBLE_BYTES = re.compile("|".join(_INVISIBLE[1:-1]).encode())
_NOTHING, _NOTHING_WRITTEN = pa.scalar(None, pa.string()), pa.array(["", _NULL])
_NO_WORD = pa.scalar("", pa.large_string())


def read_tables(archive: GtfsArchive, problems: Problems) -> dict[str, pd.DataFrame]:
    """Every table that the timetable needs.

    Returns: frames by table name, index `int64` line numbers (the header is line 1), text columns `string`, missing
    values NA. Errors: FeedError where a table or a column is missing that nothing can be done without.
    """
    missing = [f"{table}.txt" for table in REQUIRED_COLUMNS if table not in archive.members]
    if not {"calendar", "calendar_dates"} & archive.members.keys():
        missing.append("calendar.txt or calendar_dates.txt")
    if missing:
        there = ", ".join(sorted(archive.members.values()))
        if archive.problems:
            there += f" (and left alone: {', '.join(problem.file for problem in archive.problems[:5])})"
        raise FeedError(f"{archive.name}: {', '.join(missing)} missing; only {there} found. Ask for the whole feed.")
    tables = {}
    country_page = page_of_country(archive.read("agency"))
    for table in TABLES:
        if table not in archive.members:
            continue
        try:
            frame = _read(archive, table, problems, country_page)
        except FeedError as error:
            if table not in DISPENSABLE:
                raise
            problems.file(f"{table}.txt", f"{error} Nothing hangs on it; the file was left out.")
            continue
        lacking = [c for c in {**REQUIRED_COLUMNS, **COLUMNS_OF_OPTIONAL}[table] if c not in frame]
        if lacking and table in REQUIRED_COLUMNS:
            raise FeedError(
                f"{archive.name}: {table}.txt has no column {', '.join(lacking)}; its header is "
                f"“{','.join(map(str, frame.columns))}”. Mend the header or ask for the whole feed."
            )
        idle = [column for column in lacking if column in WEEKDAYS]
        if idle and idle == lacking and len(idle) < len(WEEKDAYS):
            problems.file(f"{table}.txt", f"no column {', '.join(idle)}; nothing runs on that day.")
        elif lacking:
            problems.file(f"{table}.txt", f"no column {', '.join(lacking)}; the file was left out.")
            continue
        tables[table] = frame
    for table in REQUIRED_COLUMNS:
        if tables[table].empty:
            why = next((f" Row {p.row} {p.message}" for p in problems.all() if p.file == f"{table}.txt" and p.row), "")
            raise FeedError(f"{archive.name}: {table}.txt has no usable row; ask for the whole feed.{why}")
    return tables


def numbers(frame: pd.DataFrame, column: str) -> Float64Array:
    """A column as a float64 array of its own, NaN where missing or not a number."""
    if column not in frame:
        return np.full(len(frame), np.nan)
    series = frame[column]
    if not pd.api.types.is_numeric_dtype(series):
        series = pd.to_numeric(series, errors="coerce")
    return series.to_numpy(np.float64, copy=True, na_value=np.nan)


def choice(frame: pd.DataFrame, column: str, allowed: range, default: int) -> Float64Array:
    """A column that names one of a few cases, `default` where it names none of them."""
    values = numbers(frame, column)
    return np.where((values >= allowed.start) & (values < allowed.stop), values, default)


def words(frame: pd.DataFrame, column: str) -> pd.Series[str]:
    """A column as text, "" where missing."""
    return pd.Series(_as_text(_bare_words(frame, column)), index=frame.index, name=column)


def word_array(frame: pd.DataFrame, column: str) -> StrArray:
    """A column as an object array of text, "" where missing."""
    return np.array(_bare_words(frame, column).to_pylist(), dtype=object)


def stand_before(names: StrArray) -> BoolArray:
    """Which of the names (n,) stand in an earlier place too."""
    first = dict[str, int]()
    return np.array([first.setdefault(name, place) < place for place, name in enumerate(names.tolist())], bool)


def _bare_words(frame: pd.DataFrame, column: str) -> pa.Array | pa.ChunkedArray:
    if column not in frame:
        return pa.repeat(_NO_WORD, len(frame))
    series = frame[column]
    text = series if isinstance(series.dtype, pd.StringDtype) else series.astype("string")
    # By pandas, step by step, it takes tiny feeds four times as long.
    return pc.utf8_trim_whitespace(pc.coalesce(pa.array(text.array, pa.large_string()), _NO_WORD))


def _as_text(values: pa.Array | pa.ChunkedArray) -> Text:
    """The column that pandas makes of it, at a tenth of the time that it takes to find out how."""
    return pd.arrays.ArrowStringArray(values.cast(pa.large_string()))


def text_array(values: StrArray | pd.Series[str]) -> StrArray:
    """Text without NULs as a NumPy array; overlong ones are cut, since each entry takes the room of the longest."""
    return _as_array(pa.array(values, pa.large_string()))


def _as_array(values: pa.Array | pa.ChunkedArray) -> StrArray:
    text = pc.replace_substring(values, "\0", "")
    return np.array(pc.utf8_slice_codeunits(text, 0, LONGEST_TEXT).to_pylist(), dtype=np.str_)


def texts(frame: pd.DataFrame, column: str) -> StrArray:
    """A column as such an array, "" where missing."""
    return _as_array(_bare_words(frame, column)) if column in frame else np.full(len(frame), "", np.str_)


def written_names(frame: pd.DataFrame, column: str) -> pd.Series[str]:
    """A column that riders read as text; numbers that a program took for decimals, all of them, as whole ones."""
    names = words(frame, column)
    decimal = np.asarray(pc.match_substring_regex(pa.array(names.array), f"^{_WHOLE_AS_DECIMAL}$"))
    return names.str.removesuffix(".0") if decimal.any() and (decimal | (names == "")).all() else names


def _read(archive: GtfsArchive, table: str, problems: Problems, country_page: str) -> pd.DataFrame:
    """One table, row by row as far as it can be read. Errors: FeedError where the bytes cannot be unpacked."""
    file = f"{table}.txt"
    text = utf8_lines(archive.read(table), file, problems, country_page)
    if not text or text.isspace():
        return pd.DataFrame(index=np.empty(0, np.int64))
    if _NULL.encode() in text and (null := _NULL_ALONE.search(text)):
        row = text.count(b"\n", 0, null.start(0) + 1) + 1
        problems.file(file, f"{_NULL} stands for nothing, as in a database; read as such.", row=row)
    key = {**REQUIRED_COLUMNS, **COLUMNS_OF_OPTIONAL}[table][0]
    records = records_of(
        text, file, key, FREE_TEXT, lambda columns: meant_columns(table, columns),
        lambda columns: fits(table, columns), problems,
    )  # fmt: skip
    del text
    repeating = [table in _REPEATING and types_of(table).get(name) != "float" for name in records.columns]
    columns, line = _parsed(records, repeating, archive.name, file), records.line
    places = _distinct(records.columns, columns, file, problems)
    # The text that all of it was parsed from fills half a gigabyte where there are ten million rows.
    del records
    frame: dict[str, Text] = {}
    for name, place in places.items():
        column = _without_single_quotes(columns[place])
        frame[name] = _readable(column, line, file, name, problems) if FREE_TEXT.fullmatch(name) else column
    del columns
    rules = _rules(frame, line, file, problems)
    if rules:
        sound = ~np.isin(line, rules)
        frame, line = {name: column[sound] for name, column in frame.items()}, line[sound]
    return _with_numbers(frame, line, table, problems)


def _rules(columns: Mapping[str, Text], line: Int64Array, file: str, problems: Problems) -> list[int]:
    """Lines of rows that repeat the header or draw a line below it."""
    if not columns:
        return []
    # By pandas it takes tiny feeds five times as long.
    names = list(columns)
    first = columns[names[0]]
    different = pa.array(first.categories.array if isinstance(first, pd.Categorical) else first)
    maybe = pc.or_(pc.equal(pc.utf8_lower(different), names[0]), pc.match_substring_regex(different, f"^{_RULE}$"))
    if not pc.any(maybe).as_py():
        return []
    among = np.flatnonzero(pd.Series(first).isin(different.filter(maybe).to_pylist()))
    rule, rows = re.compile(_RULE), pd.DataFrame({name: column[among] for name, column in columns.items()})
    lines = [
        number
        for number, row in zip(line[among].tolist(), rows.astype("string").fillna("").to_numpy(), strict=True)
        if all(word.lower() in (name, "") or rule.fullmatch(word) for name, word in zip(names, row, strict=True))
    ]
    problems.rows(file, lines, [], "the header once more or a line drawn below it, no row; it is left out.")
    return lines


def _readable(values: Text, line: Int64Array, file: str, column: str, problems: Problems) -> Text:
    """Names as people read them: not as web pages (`&amp;`, `<br>`), other programs' texts (`\\"`) or with UTF-8 taken
    for Windows-1252 (`Ã©`) have them."""
    if isinstance(values, pd.Categorical):
        values = pd.Series(values, dtype="string").array
    odd = np.asarray(pc.fill_null(pc.match_substring_regex(pa.array(values), _ODD_TEXT), False))
    if not odd.any():
        return values
    text = pd.Series(values, dtype="string")
    mended = text.copy()
    mended[odd] = pd.array([_as_people_read(value) for value in text[odd]], dtype="string")
    changed = odd & mended.ne(text).fillna(False).to_numpy(bool)
    message = f"{column} went through a web page, another program's text or a wrong encoding; read as it was meant."
    problems.rows(file, line[changed], mended[changed].to_numpy(), message)
    whole: Text = mended.array
    return whole


def _as_people_read(name: str) -> str:
    plain = html.unescape(_ESCAPE.sub(r"\1", name))
    return " ".join(plain_text(plain).split()) if TAG.search(plain) else as_meant(plain)


def _parsed(records: Records, repeating: list[bool], name: str, file: str) -> list[Text]:
    """The records as columns of bare text, null where nothing stands: those that repeat by their different values."""
    if len(records.line) == 0:
        return [pd.array([], dtype="string") for _ in repeating]
    places = [str(i) for i in range(len(repeating))]
    pieces: list[list[pa.Array]] = [[] for _ in repeating]
    rows = 0
    invisible = _INVISIBLE_BYTES.search(records.body) is not None
    try:
        # Piece by piece: as texts, the columns of ten million rows fill gigabytes.
        block_bytes = min(max(_LEAST_BLOCK_BYTES, records.longest + 1), len(records.body) + 1)
        for piece in pa_csv.open_csv(
            pa.py_buffer(records.body),
            # Of one block threads have nothing to share.
            pa_csv.ReadOptions(
                use_threads=len(records.body) > block_bytes, column_names=places, block_size=block_bytes
            ),
            pa_csv.ParseOptions(
                delimiter=records.separator, newlines_in_values=records.has_long, ignore_empty_lines=False
            ),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False),
        ):
            rows += piece.num_rows
            for kept, values, repeats in zip(pieces, piece.columns, repeating, strict=True):
                bare = _bare(values, invisible=invisible)
                kept.append(pc.dictionary_encode(bare) if repeats else bare)
    except pa.ArrowInvalid as error:
        raise FeedError(f"{name}: {file} is no table of comma-separated values ({error}).") from error
    if rows != len(records.line):
        raise FeedError(f"{name}: {file} is no table of comma-separated values ({rows:,} rows in it).")
    return [_column(kept) for kept in pieces]


def _column(pieces: list[pa.Array]) -> Text:
    """The pieces of a column, which are given back."""
    values = pa.chunked_array(pieces)
    pieces.clear()
    if not pa.types.is_dictionary(values.type):
        return _as_text(values)
    values = values.unify_dictionaries()
    code = np.concatenate([chunk.indices.fill_null(-1).to_numpy() for chunk in values.chunks])
    return pd.Categorical.from_codes(code, pd.Index(values.chunk(0).dictionary, dtype="string"))


def _distinct(names: list[str], columns: list[Text], file: str, problems: Problems) -> dict[str, int]:
    """The place of each column that has a name: of two with the same one the first that holds anything."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name not in places:
            places[name] = place
            continue
        if columns[places[name]].isna().all():
            places[name] = place
        problems.file(file, f"the column {name} comes twice; the first that holds anything counts.", row=1)
    places.pop("", None)
    return places


def _bare(values: pa.Array, *, invisible: bool) -> pa.Array:
    """Text without blanks around it, null where nothing is left or a database has written that nothing stands.
    `invisible`: whether there may be letters that nobody sees."""
    values = pc.utf8_trim_whitespace(values)
    if invisible and pc.any(pc.match_substring_regex(values, f"^{_INVISIBLE}|{_INVISIBLE}$")).as_py():
        values = pc.utf8_trim_whitespace(pc.replace_substring_regex(values, _INVISIBLE, ""))
    return pc.if_else(pc.is_in(values, _NOTHING_WRITTEN), _NOTHING, values)


def _without_single_quotes(values: Text) -> Text:
    """The column without what databases write around text, where all of it is written so."""
    if len(values) == 0 or not re.fullmatch(_IN_SINGLE_QUOTES, str(values[0])):
        return values
    text = pd.Series(values, dtype="string")
    if not text.dropna().str.fullmatch(_IN_SINGLE_QUOTES).all():
        return values
    bare = text.str.strip("'").str.strip()
    return bare.mask(bare == "").array


def _with_numbers(columns: Mapping[str, Text], line: Int64Array, table: str, problems: Problems) -> pd.DataFrame:
    """The columns as a frame, those of numbers as numbers; what is none is told and left empty, or its row skipped."""
    frame: dict[str, Text | Float64Array] = dict(columns)
    keep = np.ones(len(line), bool)
    needed = NEEDED_NUMBERS.get(table, ())
    for column, words_ in columns.items():
        if not is_number(table, column):
            continue
        if column in _DURATIONS:
            words_ = pd.Series(words_).map(_in_seconds, na_action="ignore").astype("string").array
        whole = types_of(table)[column].startswith("Int")
        number, with_comma = _as_numbers(words_, whole)
        good: BoolArray = np.isfinite(number)
        with np.errstate(invalid="ignore"):
            if whole:
                good &= (number == np.round(number)) & (np.abs(number) < _INT32)
        ordered, owner = np.isfinite(number) & ~good, columns.get(_ORDERS.get(column, ""))
        if owner is None or not ordered.any():
            ordered[:] = False
        else:
            # Where some are whole, the others are slips.
            names = pd.Series(owner)
            ordered &= ~names.isin(names[good].unique()).to_numpy(bool)
            number[ordered] = 1 + np.unique(number[ordered], return_inverse=True)[1]
            good |= ordered
        bad: BoolArray = ~(words_.isna() | good)
        fate = "the row is skipped" if column in needed else "taken as missing"
        kind = "whole number" if whole else "number"
        for odd, message in (
            (bad, f"{column} “{{word}}” is no {kind}; {fate}."),
            (ordered, f"{column} “{{word}}” is no {kind}; what it tells of the order counts."),
            (with_comma, f"{column} is written with a decimal comma; read as a point."),
        ):
            if odd.any():
                # Of these rows alone: the ids of ten million fill a gigabyte as Python's text.
                ids = pd.Series(next(iter(frame.values()))[odd]).astype("string").fillna("").to_numpy()
                word = str(words_[odd][0])[:40]
                problems.rows(f"{table}.txt", line[odd], ids, message.replace("{word}", word))
        frame[column] = np.where(good, number, np.nan)
        if column in needed:
            keep &= ~bad
    made = pd.DataFrame(frame, index=line, copy=False)
    return made if keep.all() else made[keep]


def _as_numbers(words_: Text, whole: bool) -> tuple[Float64Array, BoolArray]:
    """Numbers (n,), NaN where there are none, and which were written with a comma in place of the point (n,)."""
    if isinstance(words_, pd.Categorical):
        number, with_comma = _as_numbers(words_.categories.array, whole)
        code = words_.codes
        return np.append(number, np.nan)[code], np.append(with_comma, False)[code]
    none_of_them = np.zeros(len(words_), bool)
    try:
        cast = pc.cast(pa.array(words_, pa.large_string()), pa.float64())
        return np.array(cast.to_numpy(zero_copy_only=False), np.float64), none_of_them
    except pa.ArrowInvalid:
        pass
    code, unique = pd.factorize(pd.Series(words_))
    text = pd.Series(np.asarray(unique, dtype=object), dtype="string")
    # Keyboards of East Asia also write wide digits.
    text = text.str.normalize("NFKC").str.removeprefix("'").str.replace(_MINUS, "-", regex=True)
    if whole:
        text = text.str.lower().replace(_TRUTH).str.replace(_THOUSANDS, "", regex=True)
    comma = none_of_them[: len(text)] if whole else text.str.fullmatch(_DECIMAL_COMMA[1:-1]).to_numpy(bool)
    text = text.mask(comma, text.str.replace(_DECIMAL_COMMA, r"\1.\2", regex=True))
    if not whole:
        text = text.str.replace(_HEMISPHERE_FIRST, r"\2\1", regex=True).map(_in_degrees, na_action="ignore")
        text = text.str.replace(_DEGREES, r"\1", regex=True)
        south_or_west = text.str.contains("[SW]$", regex=True).fillna(False)
        text = text.mask(south_or_west, "-" + text).str.replace(_HEMISPHERE, r"\1", regex=True)
    value = pd.to_numeric(text, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.append(value, np.nan)[code], np.append(comma, False)[code]


def _in_degrees(text: str) -> str:
    """Degrees, minutes and seconds as degrees; others as they are."""
    found = _SEXAGESIMAL.fullmatch(text)
    if found is None:
        return text
    sign, whole, minutes, seconds, hemisphere = found.groups()
    return f"{sign}{int(whole) + int(minutes) / 60 + float(seconds) / 3600:.8f}{hemisphere}"


def _in_seconds(text: str) -> str:
    """A duration with its units, or as HH:MM:SS, in seconds; others as they are."""
    found = _CLOCK.fullmatch(text) or _DURATION.fullmatch(text.lower())
    if found is None or not any(found.groups()):
        return text
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return str(hours * 3600 + minutes * 60 + seconds)
