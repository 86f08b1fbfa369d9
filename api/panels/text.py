"""A board as lines of text of one width, for panels that show characters and nothing else."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from functools import lru_cache
from itertools import islice

from rich.cells import cell_len, set_cell_size

from api.reading.lines import KINDS
from api.words.abbreviations import MORE, Abbreviations, told_apart
from api.words.departures import DepartureWords
from api.words.texts import Texts
from api.words.times import ABOUT
from predictor.timetable import DAY_S

_LINE_NAME_SHARE, _LINE_NAME_ROOM = 4, 6
"""A line's name may take a quarter of the width, and so many columns of a narrow panel."""
_DESTINATION_ROOM = 5
"""For so many columns of a destination the wait is said in a shorter form."""
_TIGHT = 4
"""Letters of a word where there is room for no more."""
_AN_HOUR_S = 3600.0

_HALF_DAY = re.compile(r"[ap]\.?m\.?", re.IGNORECASE)
_REASON = re.compile(r"\s?:\s")
"""What parts a note from how or why."""
_MESSAGES_LINE = re.compile(rf"^{KINDS}\s+(?=\w{{1,4}}\b)", re.IGNORECASE)
"""Of few characters none is for what is said before a line's name."""
_PAUSES = " :;,-–"
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", **dict.fromkeys("\u00ad\u200b\u200c\u2060\u2068\u2069\ufeff")})
_PICTURE = (
    r"[\U0001f000-\U0001faff\U000e0000-\U000e007f\u2600-\u27bf\u2b00-\u2bff\u23e9-\u23fa\ufe00-\ufe0f\u200d\u20e3]+"
)
_PICTURES = re.compile(rf"(?<!\S){_PICTURE}\s*|{_PICTURE}")
"""Emoji and what joins them, with the blanks behind them where there are some before."""


def in_plain_blanks(text: str) -> str:
    """A text without pictures, the blanks of print and marks that nobody sees, for which panels of few characters have
    no sign."""
    return text if text.isascii() else _in_plain_blanks(text)


@lru_cache(4096)
def _in_plain_blanks(text: str) -> str:
    return _PICTURES.sub("", text).translate(_BLANKS).strip()


def panel_lines(
    rows: list[DepartureWords],
    names: list[str],
    quiet: str,
    messages: list[str],
    texts: Texts,
    abbreviations: Abbreviations,
    *,
    width: int,
    lines: int,
) -> list[str]:
    """Exactly `lines` lines of exactly `width` columns: departures, or `quiet` where there is none, then the messages.
    `names`: of the lines there, from which those of the departures are told.

    A live departure counts down ("3 min"), a scheduled one stands with its clock time, so that they are told apart
    without colour. Where there is a message and at least three lines, the last line is the message's; so is, where it
    needs more, that of a departure which nobody waits for yet. What does not fit ends at a word. On a narrow panel the
    wait comes first, then the line's name, and the destination has what they leave.
    """
    said = [textwrap.wrap(_MESSAGES_LINE.sub("", message), width) for message in messages]
    needed = sum(map(len, said))
    room = lines - 1 if said and lines >= 3 else lines
    shown = rows[:room]
    while lines // 2 < len(shown) and lines - len(shown) < needed and not shown[-1].within(_AN_HOUR_S):
        shown.pop()
    longest = max((cell_len(row.line.name) for row in shown), default=0)
    column = min(longest, max(width // _LINE_NAME_SHARE, _LINE_NAME_ROOM))
    several = len({row.call.platform for row in shown}) > 1
    places = [in_plain_blanks(row.destination) for row in shown]
    lines_shown = [
        _departure(row, names, places, texts, abbreviations, column, width, say_platform=several) for row in shown
    ]
    if not rows:
        lines_shown = textwrap.wrap(quiet, width)[:room]
    for message in said:
        lines_shown += _ended(message, width, lines - len(lines_shown))
    lines_shown += [""] * lines
    lines_shown = [in_plain_blanks(unicodedata.normalize("NFC", line)) for line in lines_shown[:lines]]
    return [set_cell_size(line, width) for line in lines_shown]


def _ended(wrapped: list[str], width: int, lines: int) -> list[str]:
    """So many lines of a text at most; where it goes on, that is said behind its last word there."""
    if 0 < lines < len(wrapped):
        last = wrapped[lines - 1]
        if cell_len(last) >= width:
            last = last.rsplit(" ", 1)[0] if " " in last else last[:-1]
        return [*wrapped[: lines - 1], last.rstrip(_PAUSES) + MORE]
    return wrapped[: max(lines, 0)]


def _departure(
    row: DepartureWords,
    names: list[str],
    places: list[str],
    texts: Texts,
    abbreviations: Abbreviations,
    column: int,
    width: int,
    *,
    say_platform: bool,
) -> str:
    place = in_plain_blanks(row.destination)
    needed = min(cell_len(place), _DESTINATION_ROOM) + 1
    for waits in (_waits(row, texts), _in_place_of_a_wait("takes_nobody", texts)):
        *long, shortest = waits
        wait = next((wait for wait in long if cell_len(wait) + needed <= width - column - 1), long[-1])
        if cell_len(wait) + 1 > width - min(cell_len(row.line.name), column):
            # Half a line's name is another line's.
            wait = shortest
        column = min(column, max(width - cell_len(wait) - 1, 0))
        room = width - column - cell_len(wait) - 2
        destination = abbreviations.cut(place, places, max(room, 0))
        # What tells it from another of its line stands behind it as far as there is room for all of a note.
        for forms in _notes(row, texts, say_platform=say_platform):
            fits = (note for note in forms if note != wait and cell_len(f"{destination}, {note}") <= room)
            destination = ", ".join([destination, *islice(fits, 1)])
        if not row.takes_nobody or in_plain_blanks(row.occupancy) in destination:
            break
        # Nobody is to count down to what cannot be boarded: where no note has room to say so, that stands in place of
        # its time.
    start = f"{set_cell_size(told_apart(row.line.name, names, column), column)} {destination}"
    return f"{set_cell_size(start, max(width - cell_len(wait) - 1, 0))} {wait}"[-width:]


def _notes(row: DepartureWords, texts: Texts, *, say_platform: bool) -> list[tuple[str, ...]]:
    """What to know beside its time, each in forms of which the first that fits is shown."""
    change, platform = row.platform_change, row.platform
    where: tuple[str, ...] = (change,) if change else ()
    if platform and (change or say_platform):
        where += (texts("platform", name=platform),)
    # "on request: phone the agency beforehand"
    short = {row.skips: texts("panel_skips"), row.line_told: row.line_told.split(" · ")[-1]}
    aboard = texts("vehicle_wheelchair_no") if row.wheelchair == "no" else "", in_plain_blanks(row.occupancy)
    notes = [(note, short.get(note, _REASON.split(note)[0])) for note in row.notes if note != change]
    return [where, *notes, *((note,) for note in aboard if note)]


def _in_place_of_a_wait(word: str, texts: Texts) -> list[str]:
    short = texts(f"panel_{word}_short")
    return [texts(f"panel_{word}"), short, short[:_TIGHT]]


def _waits(row: DepartureWords, texts: Texts) -> list[str]:
    """When it comes, or why it does not, in forms of which each is shorter than the one before: the last is for where
    the line's name has else no room."""
    if word := row.doubt if row.comes else row.status:
        return _in_place_of_a_wait(word, texts)
    wait = row.wait
    if row.status != "live" or wait.kind == "clock":
        return _clocks(row, texts)
    if wait.kind == "approach":
        minutes = texts("panel_minutes", count=0)
        return [texts("panel_approaching"), minutes, minutes]
    minutes = texts("panel_minutes", count=wait.value)
    return [f"{wait.value} {wait.unit}", f"{wait.value}{wait.unit}", minutes, minutes]


def _clocks(row: DepartureWords, texts: Texts) -> list[str]:
    clock, at = row.clock, row.at
    if at is None:
        count, unit = row.headway
        every = f"{ABOUT}{texts(f'panel_{unit}', count=count)}"
        return [clock.text, every, every]
    about = ABOUT * row.about
    units = "".join(unit[:1].lower() if _HALF_DAY.fullmatch(unit) else unit for unit in clock.unit.split())
    long, short = f"{about}{clock.text}", f"{about}{''.join(clock.value.split())}{units}"
    tight = short.replace(":", "")
    if not clock.day:
        return [long, short, tight]
    dated = [f"{clock.day} {long}", f"{row.short_day} {short}"]
    # Within a day a clock comes to each of its times once.
    return [*dated, short, tight] if row.within(DAY_S) else [*dated, row.short_day]
