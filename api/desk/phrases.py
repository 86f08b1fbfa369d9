"""Ready-made phrases: picked instead of written, with places for lines, stops, times and a few blanks; and those in use
at a desk."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Literal

from pydantic import Field

from api.desk.database import DeskDatabase, Kept
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


class Phrase(Kept):
    """One ready-made phrase. Texts may hold `{places}`, and `[parts]` left out where a place in them is empty."""

    table = "phrase"
    key_column = "key"

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
        return tuple(blank for blank in BLANKS if blank in self._places)

    def name_in(self, language: str) -> str:
        """Its name in a language, else in another."""
        return text_in(self.name, language) or self.key

    def unknown_places(self) -> list[str]:
        """Places in its texts that nothing can be filled into."""
        return sorted(self._places - set(PLACES))

    @property
    def _places(self) -> set[str]:
        return {name for text in (*self.header.values(), *self.description.values()) for name in _PLACE.findall(text)}


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


class PhraseBook:
    """The phrases in use: the defaults, those an officer changed in their place, then those added. Reading never waits
    for the disk."""

    def __init__(self, database: DeskDatabase) -> None:
        self._database = database
        self._lock = Lock()
        self._own = {phrase.key: phrase for phrase in database.kept(Phrase)}

    def all(self) -> list[Phrase]:
        """In the order shown."""
        return list({**default_phrases(), **self._own}.values())

    def get(self, key: str) -> Phrase | None:
        """The phrase of this key."""
        return self._own.get(key) or default_phrases().get(key)

    def is_own(self, key: str) -> bool:
        """Whether it was changed or added here."""
        return key in self._own

    def save(self, phrase: Phrase) -> None:
        """Keep it. Errors: sqlite3.Error."""
        with self._lock:
            self._database.keep(phrase)
            self._own = {**self._own, phrase.key: phrase}

    def reset(self, key: str) -> None:
        """Back to the default; one that has none is gone. Errors: sqlite3.Error."""
        with self._lock:
            self._database.forget(Phrase, key)
            self._own = {own: phrase for own, phrase in self._own.items() if own != key}
