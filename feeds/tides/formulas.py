"""Ids that spreadsheets would take for formulas: whoever names a vehicle `=HYPERLINK(…)` must run nothing where a table
is opened. They are written behind an apostrophe, by which spreadsheets know text, and read without it."""

from __future__ import annotations

import re

import pandas as pd

_BEGINS = (
    "[=+\\-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)
_FORMULA = re.compile(rf"(?='*{_BEGINS})(?![+-]?\d+(\.\d+)?\Z)")
_GUARDED = re.compile(f"'(?='*{_BEGINS})")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it may be opened by a spreadsheet; numbers stay."""
    words = table.select_dtypes(exclude="number").map(
        lambda cell: f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
    )
    return table.assign(**{str(name): words[name] for name in words})


def unguarded(word: str) -> str:
    """A word of such a table as it was before."""
    return _GUARDED.sub("", word, count=1) if _GUARDED.match(word) else word
