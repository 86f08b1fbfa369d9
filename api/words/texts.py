"""The words of the rider pages: one TOML catalogue a language, and which of them a reader wants."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parents[1] / "locale"
"""Where the catalogues lie."""

LANGUAGES = ("en", "fr")
"""Languages of the pages; the first is for readers who want neither."""

LANGUAGE_COOKIE = "lang"
"""Keeps the language that a reader chose."""

Entry = str | dict[str, str]
"""A text with `{named}` places, or its two plural forms by `one` and `other`."""


@dataclass(frozen=True)
class Texts:
    """The catalogue of one language."""

    language: str
    entries: dict[str, Entry]

    def __call__(self, key: str, **values: object) -> str:
        """The text of that name with its places filled in; `count` picks the plural form.

        Raises `KeyError` for a name that the catalogue lacks: a page with a hole is worse than a failing test.
        """
        entry = self.entries[key]
        if isinstance(entry, dict):
            entry = entry["one" if self._is_one(values["count"]) else "other"]
        return entry.format(**values) if values else entry

    def _is_one(self, count: object) -> bool:
        if not isinstance(count, int | float):
            raise TypeError(f"`count` is a number, not {count!r}")
        # French counts zero as one ("0 résultat"), English does not ("0 results").
        return abs(count) < 2 if self.language == "fr" else count == 1


@cache
def texts_in(language: str, subject: str = "") -> Texts:
    """A catalogue of one of `LANGUAGES`: of the rider pages or of another `subject`."""
    name = f"{subject}.{language}.toml" if subject else f"{language}.toml"
    source = (LOCALE / name).read_text("utf-8")
    return Texts(language, tomllib.loads(source))


@cache
def desk_texts_in(language: str) -> Texts:
    """The catalogue of the desk's pages in one of `LANGUAGES`: the riders' with its own."""
    return Texts(language, texts_in(language).entries | texts_in(language, "desk").entries)


def wanted_language(asked: str | None, remembered: str | None, accept_language: str | None) -> str:
    """Which of `LANGUAGES` a reader gets.

    Parameters: `asked` in the address (`?lang=`), `remembered` in the cookie, `accept_language` the browser's header.
    The first that names a language of ours decides.
    """
    for choice in (asked, remembered):
        if choice in LANGUAGES:
            return choice
    ranked = []
    for place, part in enumerate((accept_language or "").split(",")):
        tag, _, parameter = part.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            quality = 0.0
        language = tag.strip().lower().split("-")[0]
        if language in LANGUAGES and quality > 0:
            ranked.append((-quality, place, language))
    return min(ranked)[2] if ranked else LANGUAGES[0]
