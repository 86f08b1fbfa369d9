"""Headsigns that name no place: what a vehicle shows to those who want to board where nobody may, or when it carries
none; there or back, in or out of town; and what programs write in place of nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from feeds.letters import NO_WORD
from predictor.arrays import BoolArray

_NO_PLACE = re.compile(
    r"(sorry,? )?(we('re| are) )?(not|out of) (in )?(passenger )?service|(sorry,? )?no passengers|private"
    r"|(drop ?off|set ?down|discharge|alight(ing)?|pick ?up|board(ing)?)( only)?"
    r"|hors service|sans voyageurs|(mont[ée]e|descente) (seulement|uniquement)|ne prend pas de voyageurs"
    r"|(betriebs|dienst|leer|sonder)fahrt|(bitte )?nicht einsteigen|nur (zum )?(aus|ein)(stieg|steigen)"
    r"|(ask|see)( the)? (driver|operator)( .*)?|check( the)? (front|head) .*"
    r"|kein (zu|ein)stieg|tb[ad]|unknown|terminus|fin de service|end of service|aller|retour"
    r"|(in|out)[ -]?bound|[io]b|stadt(ein|aus)w[äa]rts"
    r"|hin(fahrt)?|r[üu]ck(fahrt)?|(sentido |viaje de )?(ida|vuelta|volta|regreso)|ida (y|e) (vuelta|volta)"
    r"|andata|ritorno|(andata|aller|hin) (e |et |und )?(ritorno|retour|zur[üu]ck)|heen(reis)?|terug(reis)?"
    r"|上り|下り|往路|復路"
    r"|(direction|dir\.?|sens|richtung|sentido|senso) \w|(kl\.? ?)?\d{1,2}[:.h]\d\d( ?[ap]\.?m\.?)?|" + NO_WORD,
    re.IGNORECASE,
)
_KIND = re.compile(
    r"^(lignes?|lines?|linien?|routes?|(mini|trolley)?bus|tram(way)?|stra(ss|ß)enbahn|metro|train|zug) | (line|linie)$",
    re.IGNORECASE,
)
"""What people write before a line's name, or behind it."""
_BETWEEN = " -–—:·>|/"

_FROM_TO = re.compile(r"\s*(?:[-=]+>|[→➔➜➡⇒»])\s*|\s+(?:[-–—/]|to)\s+")
"""What stands between where a run comes from and where it goes to."""


def destination(sign: str) -> str:
    """The sign, "" where it names no place."""
    words = sign.replace("-", " ").strip(" .!*")
    return sign if words and not _NO_PLACE.fullmatch(words) else ""


def says_line_alone(sign: str, line: str) -> bool:
    """Whether a sign names no place beside its line: "Line 5" and "5 - Inbound" of line 5, "Blue Line" of that."""
    name, rest = line.casefold(), _KIND.sub("", sign).casefold()
    if not name or not rest.startswith(name):
        return name == sign.casefold() != ""
    rest = rest.removeprefix(name)
    return not rest or (not rest[0].isalnum() and not destination(rest.strip(_BETWEEN)))


def onward(signs: Sequence[tuple[int, str]], first_stop: Sequence[str], last_stop: Sequence[str]) -> list[str]:
    """What the signs (n,) of lines say of where runs go, the signs themselves but of those that also say where these
    come from ("Harbour - Centre"): another sign of the line is the same the other way round, or that is their first
    stop. "Harbour - Centre night" is the other way round of "Centre - Harbour night".

    Parameters: of each sign its line, and the stops (n,) between which a run with it goes."""
    # By how both begin: a line may have thousands.
    ways: defaultdict[tuple[int, str, str], list[tuple[str, str]]] = defaultdict(list)
    for line, sign in signs:
        for at in _FROM_TO.finditer(sign):
            a, b = sign[: at.start()].casefold(), sign[at.end() :].casefold()
            ways[line, a[:2], b[:2]].append((a, b))
    told = []
    for (line, sign), first, last in zip(signs, first_stop, last_stop, strict=True):
        place = sign
        for at in () if last.casefold().startswith(sign.casefold()) else _FROM_TO.finditer(sign):
            origin, to = (part.casefold() for part in (sign[: at.start()], sign[at.end() :]))
            others = ways[line, to[:2], origin[:2]]
            turned = any(
                to.startswith(a) and b.startswith(origin) for a, b in others if a and b and (a, b) != (origin, to)
            )
            begins_there = first.casefold().startswith(origin) and not first[len(origin) :][:1].isalpha()
            if origin and to and (turned or begins_there):
                place = sign[at.end() :]
                break
        told.append(place)
    return told


def name_no_place(signs: Sequence[str]) -> BoolArray:
    """Which of the signs (n,) name no place."""
    return np.array([sign != "" and not destination(sign) for sign in signs], bool)
