"""Headsigns that name no place: what a vehicle shows to those who want to board where nobody may, or when it carries
none; there or back; and what programs write in place of nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from feeds.letters import NO_WORD
from predictor.arrays import BoolArray

_NO_PLACE = re.compile(
    r"(sorry,? )?(we('re| are) )?(not|out of) (in )?(passenger )?service|(sorry,? )?no passengers|private"
    r"|(drop ?off|set ?down|discharge|alight(ing)?|pick ?up|board(ing)?)( only)?"
    r"|hors service|sans voyageurs|(mont[ée]e|descente) (seulement|uniquement)|ne prend pas de voyageurs"
    r"|(betriebs|dienst|leer|sonder)fahrt|(bitte )?nicht einsteigen|nur (zum )?(aus|ein)(stieg|steigen)"
    r"|kein (zu|ein)stieg|tb[ad]|unknown|terminus|fin de service|end of service|aller|retour"
    r"|hin(fahrt)?|r[üu]ck(fahrt)?|ida|vuelta|andata|ritorno|(direction|sens|richtung) \w|" + NO_WORD,
    re.IGNORECASE,
)
_KIND = re.compile(
    r"^(lignes?|lines?|linien?|routes?|(mini|trolley)?bus|tram(way)?|stra(ss|ß)enbahn|metro|train|zug) | (line|linie)$",
    re.IGNORECASE,
)
"""What people write before a line's name, or behind it."""


def destination(sign: str) -> str:
    """The sign, "" where it names no place."""
    words = sign.replace("-", " ").strip(" .!*")
    return sign if words and not _NO_PLACE.fullmatch(words) else ""


def line_named(sign: str) -> str:
    """The name of the line, in small letters, that a sign names if it is none of a place: "5" of "Line 5"."""
    return _KIND.sub("", sign).casefold()


def name_no_place(signs: Sequence[str]) -> BoolArray:
    """Which of the signs (n,) name no place."""
    return np.array([sign != "" and not destination(sign) for sign in signs], bool)
