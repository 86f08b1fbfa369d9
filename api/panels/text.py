"""A board as lines of text of one width, for panels that show characters and nothing else."""

from __future__ import annotations

import textwrap
import unicodedata

from rich.cells import cell_len, set_cell_size

from api.words.abbreviations import Abbreviations
from api.words.departures import DepartureWords
from api.words.texts import Texts
from api.words.times import ABOUT

_LINE_NAME_SHARE = 4
"""A line's name may take a quarter of the width."""


_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " "})


def in_plain_blanks(text: str) -> str:
    """A text without the blanks of print, for which panels of few characters have no sign."""
    return text.translate(_BLANKS)


def panel_lines(
    rows: list[DepartureWords],
    quiet: str,
    messages: list[str],
    texts: Texts,
    abbreviations: Abbreviations,
    *,
    width: int,
    lines: int,
) -> list[str]:
    """Exactly `lines` lines of exactly `width` columns: departures, or `quiet` where there is none, then the messages.

    A live departure counts down ("3 min"), a scheduled one stands with its clock time, so that they are told apart
    without colour. Where there is a message and at least three lines, the last line is the message's.
    """
    room = lines - 1 if messages and lines >= 3 else lines
    shown = rows[:room]
    column = min(max((cell_len(row.line.name) for row in shown), default=0), width // _LINE_NAME_SHARE)
    lines_shown = [_departure(row, texts, abbreviations, column, width) for row in shown]
    if not rows:
        lines_shown = textwrap.wrap(quiet, width)[:room]
    for message in messages:
        lines_shown += textwrap.wrap(message, width)
    lines_shown += [""] * lines
    lines_shown = [in_plain_blanks(unicodedata.normalize("NFC", line)) for line in lines_shown[:lines]]
    return [set_cell_size(line, width) for line in lines_shown]


def _departure(row: DepartureWords, texts: Texts, abbreviations: Abbreviations, column: int, width: int) -> str:
    wait = _wait(row, texts)
    room = width - cell_len(wait) - 1
    destination = abbreviations.shorten(row.destination, max(room - column - 1, 1))
    start = f"{set_cell_size(row.line.name, column)} {destination}"
    return f"{set_cell_size(start, room)} {wait}" if room > 0 else wait


def _wait(row: DepartureWords, texts: Texts) -> str:
    if not row.comes:
        return texts(f"panel_{row.status}")
    if row.doubt:
        return texts(f"panel_{row.doubt}")
    if row.status != "live" or row.wait.kind == "clock":
        return f"{row.clock.day} {ABOUT * row.about}{row.clock.text}".strip()
    return texts("panel_approaching") if row.wait.kind == "approach" else f"{row.wait.value} {row.wait.unit}"
