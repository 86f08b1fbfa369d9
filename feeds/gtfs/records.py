"""The records of a table of comma-separated values, each with as many fields as the header has columns.

Lines that are sound by RFC 4180 and as wide as the header, nearly all of most feeds, are found by array operations and
stay as they are. Each other one is read as its writer must have meant it where only one reading fits the columns, and
is left out where none does: no value ever slips into another column. All of that is told.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from feeds.gtfs.problems import Problems
from predictor.arrays import BoolArray, Int64Array

_NEWLINE, _QUOTE = ord("\n"), ord('"')
_SEPARATORS = ",;\t|"
_CHUNK_BYTES = 1 << 22
LONGEST_PREFACE = 10
"""Lines that may stand before a header: a comment, or what tells a spreadsheet how columns are parted."""
LONGEST_RECORD = 60
"""Lines that a quoted field may go on for."""

_PLACE = re.compile(r"\s*[+-]?\d{1,3}\.\d{4,}\s*", re.ASCII)

Fits = Callable[[Sequence[str]], bool]
"""Whether values, one a column, can be what the columns are for."""


@dataclass(frozen=True, eq=False)
class Records:
    """A table's rows, ready for any strict reader."""

    columns: list[str]
    """Column names: lower case, no blanks; "" for a column without a name."""
    separator: str
    body: bytes | memoryview
    """The rows without the header, UTF-8."""
    line: Int64Array
    """(n,) line of the file that each row begins at; the header is most often line 1."""
    longest: int
    """Bytes that no row has more of."""
    has_long: bool
    """Whether line ends stand inside rows."""


def records_of(
    data: bytes,
    file: str,
    key: str,
    free_text: re.Pattern[str],
    meant: Callable[[Sequence[str]], list[str]],
    fits: Callable[[Sequence[str]], Fits],
    problems: Problems,
) -> Records:
    """The rows of a table.

    Parameters: `data`: UTF-8, lines ended by line feeds; `key`: a column by which the header is known; `free_text`:
    names of columns in which a comma that should have been quoted may stand; `meant`: column names as GTFS has them;
    `fits`: makes, of column names, the test
    of a row's values.
    """
    if not data.endswith(b"\n"):
        data += b"\n"
    begin, end = _header_of(data, key)
    if data[:begin].strip():
        problems.file(file, "begins with lines that are no table; they are left out.", row=1)
    header = data[begin:end].rstrip(b"\n")
    separator = _separator_of(header)
    if separator != ",":
        named = {";": "semicolons", "\t": "tabs", "|": "bars"}[separator]
        problems.file(file, f"columns are parted by {named}; read as such.")
    first_line = data.count(b"\n", 0, end) + 1
    names = [_column_name(name) for name in _names_in(header.decode(), separator)]
    for written, name in zip(names, known := meant(names), strict=True):
        if written != name:
            problems.file(file, f"the column {written} must be {name}; read as such.", row=first_line - 1)
    names = known
    lines = _Lines.of(data, end, ord(separator))
    while names and not names[-1] and lines.usual_fields() < len(names):
        names.pop()
    if "" in names:
        problems.file(file, "the header has a column without a name; it is left out.", row=first_line - 1)
    mender = _Mender(file, names, separator, free_text, fits(names), problems)
    kept, number = mender.mended(data, lines, first_line)
    longest = min(LONGEST_RECORD * int(np.diff(lines.start, append=len(data)).max(initial=0)), len(kept))
    return Records(names, separator, kept, number, longest, mender.has_long)


@dataclass(frozen=True, eq=False)
class _Lines:
    """The lines of a text."""

    start: Int64Array
    """(n,) offset of each line."""
    fields: Int64Array
    """(n,) fields as far as quotation marks part them."""
    sound: BoolArray
    """(n,) whether every quotation mark opens, closes or doubles as RFC 4180 has it, none left open."""

    @classmethod
    def of(cls, data: bytes, begin: int, separator: int) -> _Lines:
        """Those from `begin` on."""
        parts = []
        at = begin
        while at < len(data):
            stop = data.find(b"\n", min(at + _CHUNK_BYTES, len(data) - 1)) + 1
            parts.append(_shapes(np.frombuffer(data, np.uint8, stop - at, at), separator, at))
            at = stop
        none = np.empty(0, np.int64)
        start, fields, sound = (np.concatenate(p) for p in zip(*parts, strict=True)) if parts else (none, none, none)
        return cls(start, fields, sound.astype(bool))

    def usual_fields(self) -> int:
        """How many fields most lines have."""
        return int(np.bincount(self.fields).argmax()) if len(self.fields) else 0


def _shapes(text: npt.NDArray[np.uint8], separator: int, offset: int) -> tuple[Int64Array, Int64Array, BoolArray]:
    """Start, number of fields and soundness of each line of whole lines."""
    ends = np.flatnonzero(text == _NEWLINE)
    start = np.append(0, ends[:-1] + 1)
    parts, quote = text == separator, text == _QUOTE
    if not quote.any():
        return start + offset, np.add.reduceat(parts, start, dtype=np.int64) + 1, np.ones(len(start), bool)
    # Sums modulo 256 keep what is odd and what is even.
    so_far = np.cumsum(quote, dtype=np.uint8)
    before_line = np.append(0, so_far[ends[:-1]]).astype(np.uint8)
    inside = ((so_far - np.repeat(before_line, ends - start + 1)) & 1).astype(bool)
    begins = np.append(True, parts[:-1] | (text[:-1] == _NEWLINE))
    begins[1:] |= quote[:-1]
    stops = np.append(parts[1:] | (text[1:] == _NEWLINE) | quote[1:], True)
    wrong = quote & np.where(inside, ~begins, ~stops)
    sound = (np.add.reduceat(wrong, start, dtype=np.int64) == 0) & ~inside[ends]
    return start + offset, np.add.reduceat(parts & ~inside, start, dtype=np.int64) + 1, sound


@dataclass(frozen=True, eq=False)
class _Ahead:
    """A line and those after it."""

    data: bytes
    lines: _Lines
    ends: Int64Array
    first: int

    def text(self, i: int) -> str | None:
        """The `i`-th line from the first, without its end; None after the last."""
        at = self.first + i
        if at >= len(self.ends):
            return None
        return self.data[self.lines.start[at] : self.ends[at] - 1].decode()


class _Mender:
    """Reads the lines that no strict reader should."""

    def __init__(
        self, file: str, columns: list[str], separator: str, free_text: re.Pattern[str], fits: Fits, problems: Problems
    ) -> None:
        self._file = file
        self._columns = columns
        self._separator = separator
        self._free_text = [i for i, name in enumerate(columns) if free_text.fullmatch(name)]
        self._fits = fits
        self._problems = problems
        self.has_long = False
        """Whether a row that was read goes on over several lines."""
        # Message to (line, first field) of each row that it is said of.
        self._told: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)

    def mended(self, data: bytes, lines: _Lines, first_line: int) -> tuple[bytes | memoryview, Int64Array]:
        """The rows, each sound and as wide as the header, and the line that each begins at."""
        # Its slices are no copies: a table may fill half a gigabyte.
        body = memoryview(data)
        ends = np.append(lines.start[1:], len(data))[: len(lines.start)].astype(np.int64)
        number = np.arange(first_line, first_line + len(ends))
        odd = np.flatnonzero(~lines.sound | (lines.fields != len(self._columns)))
        if len(odd) == 0:
            return body[lines.start[0] if len(ends) else len(data) :], number
        pieces: list[bytes | memoryview] = []
        mended_number: list[Int64Array] = []
        # The first line that is not yet read.
        unread = 0
        for i in odd.tolist():
            if i < unread:
                continue
            pieces.append(body[lines.start[unread] : lines.start[i]])
            mended_number.append(number[unread:i])
            fields, used = self._read(_Ahead(data, lines, ends, i), first_line + i)
            if fields is not None:
                pieces.append(_written(fields, self._separator))
                mended_number.append(number[i : i + 1])
            unread = i + used
        pieces.append(body[lines.start[unread] :] if unread < len(ends) else b"")
        mended_number.append(number[unread:])
        for message, rows in self._told.items():
            self._problems.rows(self._file, [row for row, _ in rows], [name for _, name in rows], message)
        return b"".join(pieces), np.concatenate(mended_number)

    def _read(self, ahead: _Ahead, line: int) -> tuple[list[str] | None, int]:
        """The fields of the record that begins at the line, None where it is left out, and how many lines it takes."""
        text = ahead.text(0) or ""
        if not text.strip():
            return None, 1
        fields, odd_quotes = _split(text, self._separator)
        if not odd_quotes:
            return self._of_width(fields, ahead, line)
        several = self._over_several_lines(ahead)
        if several:
            self.has_long = True
            return several
        bare = [_without_quotes(field) for field in fields]
        read, used = self._of_width(bare, ahead, line)
        if read is not None:
            self._tell(line, read, "a quotation mark is never closed or stands inside a name; read without it.")
        return read, used

    def _over_several_lines(self, ahead: _Ahead) -> tuple[list[str], int] | None:
        """The record where its quoted text goes on for some lines; not where these are rows in their own right."""
        width = len(self._columns)
        text = ahead.text(0) or ""
        if text.count('"') % 2 == 0:
            return None
        alone = len(_split(text.replace('"', ""), self._separator)[0]) == width
        for i in range(1, LONGEST_RECORD):
            following = ahead.text(i)
            if following is None:
                return None
            own = len(_split(following.replace('"', ""), self._separator)[0]) == width > 1
            if own and (alone or '"' not in following):
                return None
            text += "\n" + following
            if '"' not in following:
                continue
            fields, odd_quotes = _split(text, self._separator)
            fields = _without_empty_end(fields, width)
            if not odd_quotes and len(fields) == width:
                return fields, i + 1
        return None

    def _of_width(self, fields: list[str], ahead: _Ahead, line: int) -> tuple[list[str] | None, int]:
        width = len(self._columns)
        if not any(field.strip() for field in fields):
            self._tell(line, [], "an empty row; it is skipped.")
            return None, 1
        if len(fields) > width:
            cut = _without_empty_end(fields, width)
            if len(cut) == width:
                self._tell(line, cut, "commas at the line's end beyond the header's columns; they are left out.")
                return cut, 1
            return self._with_comma_in_text(cut, line), 1
        if len(fields) == width:
            return fields, 1
        inside, odd_quotes = _split(fields[0], self._separator)
        if len(fields) == 1 < len(inside) and not odd_quotes:
            self._tell(line, inside, "stands in quotation marks as a whole, as if it were one value; read as a row.")
            return self._of_width(inside, ahead, line)
        return self._too_short(fields, ahead, line)

    def _with_comma_in_text(self, fields: list[str], line: int) -> list[str] | None:
        """The fields with those of one free text put together again, where just one way to do so fits."""
        width = len(self._columns)
        extra = len(fields) - width
        ways: list[tuple[int, list[str], bool]] = []
        for i in self._free_text:
            parts = fields[i : i + extra + 1]
            if any(map(_PLACE.fullmatch, parts)):
                # Two rows on one line, say: no name.
                continue
            read = [*fields[:i], f"{self._separator}".join(parts), *fields[i + extra + 1 :]]
            if self._fits(read):
                # In a sentence a blank follows a comma, between two fields none does.
                ways.append((i, read, all(part.startswith(" ") for part in parts[1:])))
        spaced = [way for way in ways if way[2]]
        ways = spaced if spaced else ways
        if len(ways) != 1:
            self._tell(
                line, fields,
                f"has more fields than the {width} columns of the header; the row is skipped. Put quotation marks "
                "around text with commas.",
            )  # fmt: skip
            return None
        column, read, _ = ways[0]
        self._tell(
            line, fields,
            f"has more fields than the {width} columns of the header: a comma without quotation marks in "
            f"{self._columns[column]}; read as one text.",
        )  # fmt: skip
        return read

    def _too_short(self, fields: list[str], ahead: _Ahead, line: int) -> tuple[list[str] | None, int]:
        width = len(self._columns)
        if len(fields) == 1 < width - 1:
            self._tell(line, fields, "a line of text, no row of the table; it is left out.")
            return None, 1
        following = ahead.text(1)
        if following is not None:
            rest, odd_quotes = _split(following, self._separator)
            joined = [*fields[:-1], f"{fields[-1].rstrip()} {rest[0].lstrip()}", *rest[1:]]
            broken = len(rest) < width and len(joined) == width and len(fields) - 1 in self._free_text
            if broken and not odd_quotes and self._fits(joined):
                self._tell(line, joined, "a line end without quotation marks inside a text; read as one row.")
                return joined, 2
        filled = fields + [""] * (width - len(fields))
        if self._fits(filled):
            self._tell(line, filled, f"has fewer fields than the {width} columns of the header; the last are empty.")
            return filled, 1
        self._tell(
            line, fields,
            f"has fewer fields than the {width} columns of the header, and what is there does not fit them; the row "
            "is skipped.",
        )  # fmt: skip
        return None, 1

    def _tell(self, line: int, fields: list[str], message: str) -> None:
        self._told[message].append((line, fields[0].strip()[:100] if fields else ""))


@cache
def _field(separator: str) -> re.Pattern[str]:
    """One field and the separator or end behind it: quoted as RFC 4180 has it, blanks around allowed, or bare."""
    part, blank = re.escape(separator), r"[^\S\n\t]*" if separator == "\t" else r"[^\S\n]*"
    return re.compile(rf'{blank}"((?:[^"]|"")*)"{blank}({part}|\Z)|([^{part}]*)({part}|\Z)')


def _split(text: str, separator: str) -> tuple[list[str], bool]:
    """The fields of a record, and whether some have quotation marks that neither enclose them nor are a pair inside."""
    fields, odd = [], False
    at = 0
    while match := _field(separator).match(text, at):
        quoted, quoted_end, bare, bare_end = match.groups()
        if quoted is not None:
            fields.append(quoted.replace('""', '"'))
        else:
            fields.append(bare)
            odd |= _has_odd_quotes(bare)
        if not (quoted_end or bare_end):
            break
        at = match.end()
    return fields, odd


def _has_odd_quotes(field: str) -> bool:
    """Whether a bare field begins with a quotation mark, or ends with one that nothing opened."""
    text = field.strip()
    return text.startswith('"') or (text.endswith('"') and text.count('"') % 2 == 1)


def _without_quotes(field: str) -> str:
    if not _has_odd_quotes(field):
        return field
    text = field.strip()
    text = text[1:-1] if text.startswith('"') and text.endswith('"') and len(text) > 1 else text.strip('"')
    # A pair that encloses all but what encloses it, or one that is left alone.
    text = text.strip('"') if text.count('"') < 2 or text.startswith('"') else text
    return text.replace('""', '"')


def _without_empty_end(fields: list[str], width: int) -> list[str]:
    """The fields without empty ones beyond the width."""
    end = len(fields)
    while end > width and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


def _written(fields: list[str], separator: str) -> bytes:
    row = io.StringIO()
    csv.writer(row, delimiter=separator, lineterminator="\n").writerow(fields)
    return row.getvalue().encode()


def _header_of(data: bytes, key: str) -> tuple[int, int]:
    """Where the header begins and ends: of the first lines the one with the column `key`, else the first."""
    begin = first = data.rfind(b"\n", 0, len(data) - len(data.lstrip())) + 1
    for _ in range(LONGEST_PREFACE):
        end = data.find(b"\n", begin) + 1
        if end == 0:
            break
        line = data[begin:end].rstrip(b"\n")
        if key in map(_column_name, _names_in(line.decode(), _separator_of(line))):
            return begin, end
        begin = end
    return first, data.find(b"\n", first) + 1


def _names_in(header: str, separator: str) -> list[str]:
    """The names in a header, which may stand in quotation marks as a whole."""
    names = _split(header, separator)[0]
    return names if len(names) > 1 else _split(names[0], separator)[0]


def _separator_of(header: bytes) -> str:
    """What parts the column names: what comes most often, a comma in doubt."""
    text = header.decode()
    return max(_SEPARATORS, key=lambda separator: (text.count(separator), separator == ","))


def _column_name(name: str) -> str:
    """A column's name as GTFS writes it."""
    return re.sub(r"[\s-]+", "_", name.strip("\ufeff\u200b \t\"'").lower())
