"""Names that are too long for their place, shortened at words: never cut within one, never at their beginning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rapidfuzz.distance import Prefix
from rich.cells import cell_len, set_cell_size

_USUAL = {
    "aéroport": "Aérop.", "avenue": "Av.", "boulevard": "Bd", "carrefour": "Carr.", "centre": "Ctre",
    "château": "Chât.", "collège": "Coll.", "commercial": "Ccial", "église": "Égl.", "général": "Gal",
    "hospitalier": "Hosp.", "hôpital": "Hôp.", "lycée": "Lyc.", "maréchal": "Mal", "médiathèque": "Médiath.",
    "place": "Pl.", "président": "Pdt", "professeur": "Pr", "résidence": "Rés.", "saint": "St", "sainte": "Ste",
    "technopôle": "Technop.", "terminus": "Term.", "universitaire": "Univ.", "université": "Univ.", "zone": "Z.",
    "airport": "Arpt", "center": "Ctr", "college": "Coll", "community": "Comm", "drive": "Dr", "east": "E",
    "heights": "Hts", "highway": "Hwy", "hospital": "Hosp", "junction": "Jct", "mount": "Mt", "north": "N",
    "park-and-ride": "P+R", "parkway": "Pkwy", "road": "Rd", "south": "S", "square": "Sq", "station": "Stn",
    "street": "St", "terminal": "Term", "transit": "Trans", "university": "Univ", "west": "W",
    "bahnhof": "Bf", "hauptbahnhof": "Hbf", "krankenhaus": "Krhs", "straße": "Str.", "universität": "Uni",
}  # fmt: skip
"""Words, in small letters, and how operators shorten them."""
MORE = "…"
"""What stands for what does not fit."""
_PART = re.compile(r"(?<=\W)(?=\w)|(?<=\D)(?=\d)")
"""Where the next word or number of a line's name begins."""


def told_apart(name: str, others: Iterable[str], room: int) -> str:
    """A name in at most `room` columns: its beginning, and where that is another's too, as much of it as leaves room
    for the word or number in which they differ."""
    cut = set_cell_size(name, room).rstrip() if cell_len(name) > room else name
    alike = [other for other in others if other != name and cut in (other, set_cell_size(other, room).rstrip())]
    if cut == name or not alike:
        return cut
    shared = max(Prefix.similarity(name, other) for other in alike)
    rest = name[max((part.start() for part in _PART.finditer(name) if part.start() <= shared), default=shared) :]
    start = set_cell_size(name, max(room - cell_len(rest) - 1, 0)).rstrip()
    if start and rest:
        return f"{start}.{rest}"
    # Part of a name may be another line's, a word of it or a number that stands for itself is none.
    stands_alone = rest.isdecimal() and not name.removesuffix(rest)[-1:].isalpha()
    return rest if stands_alone and cell_len(rest) <= room else cut


@dataclass(frozen=True, eq=False)
class Abbreviations:
    """What words are shortened to."""

    own: Mapping[str, str] = field(default_factory=dict)
    """The operator's own, by the word; they count more than the usual ones. "" leaves a word as it is."""

    def shorten(self, name: str, room: int) -> str:
        """A name in at most `room` columns: as it is where it fits; else with its longest words abbreviated, as many as
        need be; else the first words that fit, and that there are more."""
        words = self._abbreviated(name, room)
        while len(words) > 1 and cell_len(" ".join(words)) > room:
            words = [*words[:-2], words[-2].rstrip(f"-–/,+{MORE}") + MORE]
        return " ".join(words)

    def cut(self, name: str, others: Iterable[str], room: int) -> str:
        """The same for panels of few columns: in place of whole words as many letters as fit, told apart from those of
        the `others` there."""
        short, *alike = (" ".join(self._abbreviated(one, room)) for one in (name, *others))
        return told_apart(short, alike, room)

    def _abbreviated(self, name: str, room: int) -> list[str]:
        words = name.split()
        for i in sorted(range(len(words)), key=lambda i: -self._saves(words[i])):
            if cell_len(" ".join(words)) <= room or self._saves(words[i]) <= 0:
                break
            words[i] = self._short(words[i])
        return words

    def _short(self, word: str) -> str:
        # "Heights+Barnaby", "Grand-Place": each part for itself.
        for sign in "+/-":
            if sign in word and word.casefold() not in self._all:
                return sign.join(map(self._short, word.split(sign)))
        return self._all.get(word.casefold(), word)

    def _saves(self, word: str) -> int:
        return cell_len(word) - cell_len(self._short(word))

    @cached_property
    def _all(self) -> Mapping[str, str]:
        return {**_USUAL, **{word.casefold(): short or word for word, short in self.own.items()}}
