"""What programs on the way do to letters: they take UTF-8 for Windows-1252 and write it as such (`Ã©` for `é`), put a
mark before it, what nobody can read into it, or a word where there is nothing to say."""

from __future__ import annotations

import re
import unicodedata

NOTHING = "null|none|nil|nan|undefined|n/a"
"""Of a pattern without regard to case: the words that programs write in place of nothing,"""
NO_WORD = rf"[\W_]+|na|{NOTHING}"
"""and whatever else is none."""
BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"
"""Bytes that may stand before a text and say nothing: a byte order mark, blanks and line ends."""

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
TAKEN_WRONGLY = "[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]"
"""What Windows-1252 makes of the first byte of a letter with one of the bytes behind it."""
_TAKEN_WRONGLY = re.compile(TAKEN_WRONGLY)

UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\xac\xae-\u200a\u200c-\u202c\u202f-\u205f\u2061-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    "\U00010000-\U0010ffff]"
)
"""What steers machines, what is no character, what nobody sees (where a word may break, a mark before a text; panels
have no sign for them), and what turns round all that is written behind it; no XML holds it."""


def readable(text: str) -> str:
    """The text without `UNREADABLE`, "" where nothing is left that anybody sees."""
    text = UNREADABLE.sub("", text)
    return text if any(unicodedata.category(letter)[0] not in "ZC" for letter in text) else ""


def as_meant(text: str) -> str:
    """The text with such letters as they were meant; others stay."""
    return _BEYOND_ASCII.sub(_letters_meant, text) if _TAKEN_WRONGLY.search(text) else text


def _letters_meant(letters: re.Match[str]) -> str:
    try:
        return letters[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return letters[0]
