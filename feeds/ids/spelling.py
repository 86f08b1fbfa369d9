"""One id as several programs write it."""

from __future__ import annotations

import re
import unicodedata

_WHOLE_NUMBER = re.compile(r"0*(\d+)(\.0+)?", re.ASCII)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_DASH = re.compile("[\u2010-\u2015\u2212]")


def spelled(name: object) -> str:
    """What is left of an id without zeros before it, “.0” behind it, capitals, letters that nobody sees, and the way
    accents, blanks and dashes are encoded."""
    text = unicodedata.normalize("NFC", str(name)).casefold()
    if not text.isascii():
        text = _DASH.sub("-", _UNSEEN.sub("", text))
    text = " ".join(text.split())
    number = _WHOLE_NUMBER.fullmatch(text)
    return number[1] if number else text
