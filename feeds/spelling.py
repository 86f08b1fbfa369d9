"""One id as several programs write it."""

from __future__ import annotations

import re
import unicodedata

_WHOLE_NUMBER = re.compile(r"0*(\d+)(\.0+)?", re.ASCII)


def spelled(name: object) -> str:
    """What is left of an id without zeros before it, “.0” behind it, capitals and the way accents are encoded."""
    text = unicodedata.normalize("NFC", str(name)).casefold()
    number = _WHOLE_NUMBER.fullmatch(text)
    return number[1] if number else text
