"""Ready-made phrases: picked instead of written, with places for lines, stops, times and a few blanks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.desk.disruption import Cause, Effect, Language
from api.reading.alerts import ShownOn
from api.words.texts import LOCALE
from feeds.alerts.translations import text_in

SPANS_MIN = (30, 60, 120, 240)
"""Ends to pick, in minutes from the beginning."""
End = Literal["open", "day", "30", "60", "120", "240"]
"""Until further notice, until the service day ends, or minutes from the beginning."""
BLANKS = ("minutes", "times", "via")
"""Places that the officer fills in by hand."""
PLACES = ("line", "stops", "when", *BLANKS)
_PLACE = re.compile(r"\{(\w*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


class Phrase(BaseModel):
    """One ready-made phrase. Texts may hold `{places}`, and `[parts]` left out where a place in them is empty."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    name: dict[Language, str]
    """On the button."""
    cause: Cause = "UNKNOWN_CAUSE"
    effect: Effect = "UNKNOWN_EFFECT"
    shown_on: ShownOn = "lines"
    header: dict[Language, str]
    description: dict[Language, str]
    ends: End = "day"
    """By default what is published ends then: what nobody ends is told for good."""

    @property
    def blanks(self) -> tuple[str, ...]:
        """Those of `BLANKS` that its texts have places for."""
        texts = " ".join([*self.header.values(), *self.description.values()])
        named = set(_PLACE.findall(texts))
        return tuple(blank for blank in BLANKS if blank in named)

    def name_in(self, language: str) -> str:
        """Its name in a language, else in another."""
        return text_in(self.name, language) or self.key

    def unknown_places(self) -> list[str]:
        """Places in its texts that nothing can be filled into."""
        texts = " ".join([*self.header.values(), *self.description.values()])
        return sorted(set(_PLACE.findall(texts)) - set(PLACES))


def filled(text: str, values: Mapping[str, str], longest: int) -> str:
    """`text` with its places filled in; an optional part is left out where one of its places is empty or unknown.

    Begins with a capital, is cut at `longest` characters.
    """

    def part(match: re.Match[str]) -> str:
        names = _PLACE.findall(match[1])
        return match[1] if all(values.get(name) for name in names) else ""

    whole = _PLACE.sub(lambda match: values.get(match[1], ""), _OPTIONAL.sub(part, text)).strip()
    whole = whole[:1].upper() + whole[1:]
    return whole if len(whole) <= longest else whole[: longest - 1].rstrip() + "…"


@cache
def default_phrases() -> dict[str, Phrase]:
    """The phrases that a new desk begins with, by key, in the order shown."""
    tables = tomllib.loads((LOCALE / "phrases.toml").read_text("utf-8"))
    return {key: Phrase(key=key, **table) for key, table in tables.items()}
