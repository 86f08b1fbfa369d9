"""The words of the pages: one TOML catalogue a language, and which of them a reader wants.

A language is one file: `api/locale/de.toml` makes the riders' pages speak German. Plural forms, dates and times are
CLDR's, by Babel.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages

from feeds.alerts.translations import language_of

LOCALE = Path(__file__).parents[1] / "locale"
"""Where the catalogues lie."""

_FALLBACK = "en"
"""For readers who want none of ours."""

LANGUAGE_COOKIE = "lang"
"""Keeps the language that a reader chose."""

_BEFORE_COLON = re.compile(r"(?<=\S)[ \u202f](?=:(?!\S))")
_BEFORE_MARK = re.compile(r"(?<=\S)[ \u00a0](?=[;!?](?!\S))")
_IN_QUOTES = re.compile(r"(?<=«)[ \u202f]|[ \u202f](?=»)")

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")

Entry = str | dict[str, str]
"""A text with `{named}` places, or its plural forms by their CLDR names (`one`, `few`, `other` …)."""


@cache
def languages_of(subject: str = "") -> tuple[str, ...]:
    """Languages that have a catalogue of a subject, of the rider pages by default: English, then the others."""
    names = (path.name.removesuffix(".toml") for path in LOCALE.iterdir())
    start = f"{subject}." if subject else ""
    found = {name.removeprefix(start) for name in names if name.startswith(start)}
    return _FALLBACK, *sorted(name for name in found if name.isalpha() and len(name) <= 3 and name != _FALLBACK)


LANGUAGES = languages_of()
"""Languages of the rider pages."""


@dataclass(frozen=True, eq=False)
class Texts:
    """The catalogue of one language: there is one of each, see `texts_in`."""

    language: str
    entries: dict[str, Entry]

    def __call__(self, key: str, **values: object) -> str:
        """The text of that name with its places filled in; `count` picks the plural form.

        Raises `KeyError` for a name that the catalogue lacks: a page with a hole is worse than a failing test.
        """
        entry = self.entries[key]
        if isinstance(entry, dict):
            entry = entry.get(_plural_form(self.language, values["count"]), entry["other"])
        return entry.format(**{name: _isolated(value) for name, value in values.items()}) if values else entry

    def known(self, key: str) -> str:
        """The text of that name, "" where the catalogue has none."""
        return self(key) if key in self.entries else ""


def _isolated(value: object) -> object:
    """A value that is written from right to left so that it turns round nothing of the text around it."""
    is_so = isinstance(value, str) and not value.isascii() and _RIGHT_TO_LEFT.search(value)
    return f"\u2068{value}\u2069" if is_so else value


def typeset(text: str, language: str) -> str:
    """`text` with no-break spaces where French marks want them, as wide as the Imprimerie nationale has them."""
    if language != "fr":
        return text
    return _IN_QUOTES.sub("\u00a0", _BEFORE_MARK.sub("\u202f", _BEFORE_COLON.sub("\u00a0", text)))


@cache
def texts_in(language: str, subject: str = "") -> Texts:
    """A catalogue of one of `LANGUAGES`: of the rider pages or of another `subject`, in English where that has none."""
    spoken = language if language in languages_of(subject) else _FALLBACK
    name = f"{subject}.{spoken}.toml" if subject else f"{spoken}.toml"
    entries: dict[str, Entry] = tomllib.loads((LOCALE / name).read_text("utf-8"))
    return Texts(
        spoken,
        {
            key: {form: typeset(text, spoken) for form, text in entry.items()}
            if isinstance(entry, dict)
            else typeset(entry, spoken)
            for key, entry in entries.items()
        },
    )


@cache
def desk_texts_in(language: str) -> Texts:
    """The catalogue of the desk's pages: the riders' with its own, in English where there is none."""
    desk = texts_in(language, "desk")
    return Texts(desk.language, texts_in(desk.language).entries | desk.entries)


def bare_language(tag: str) -> str:
    """The language of a tag, without the country: "de" of "de-DE" and "DE"."""
    return language_of(tag)[0].split("-")[0]


def wanted_language(asked: str | None, remembered: str | None, accept_language: str | None) -> str:
    """Which of `LANGUAGES` a reader gets.

    Parameters: `asked` in the address (`?lang=`), `remembered` in the cookie, `accept_language` the browser's header.
    The first that names a language of ours decides.
    """
    for choice in filter(None, (asked, remembered)):
        if (language := bare_language(choice)) in LANGUAGES:
            return language
    return next((language for language, _ in _ranked(accept_language) if language in LANGUAGES), _FALLBACK)


def region_of(language: str, accept_language: str | None) -> str:
    """The country whose form of a language a browser asks for, such as "US" by "en-US"; "" where it names none."""
    return next((region for spoken, region in _ranked(accept_language) if spoken == language and region), "")


@cache
def country_of(zone: str) -> str:
    """The country of a time zone, "" for one of none."""
    return str(get_global("zone_territories").get(zone, ""))


@cache
def locale_of(language: str, country: str) -> Locale:
    """How dates are written in a language in a country; where CLDR has no such form, as in Europe or in general."""
    for name in (f"{language}_{country}", f"{language}_150", language):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale(_FALLBACK)


@cache
def clock_of(language: str, country: str) -> str:
    """CLDR pattern of the time of day in a country for who reads a language: "HH:mm", "h:mm a"."""
    spoken_there = (
        (f"{spoken}_{country}" for spoken in get_official_languages(country, de_facto=True)) if country else ()
    )
    for name in (f"{language}_{country}", *spoken_there):
        try:
            pattern = str(Locale.parse(name).time_formats["short"].pattern)
        except (UnknownLocaleError, ValueError):
            continue
        # Who reads a language that counts to 24 reads no halves of the day, whatever else is spoken there.
        own = pattern if name == f"{language}_{country}" else Locale(language).time_formats["short"].pattern
        return pattern if "a" not in pattern or "a" in own else "HH:mm"
    return "HH:mm"


@lru_cache(maxsize=4096)
def _plural_form(language: str, count: object) -> str:
    if not isinstance(count, int | float):
        raise TypeError(f"`count` is a number, not {count!r}")
    return Locale(language).plural_form(abs(count))


@lru_cache(maxsize=256)
def _ranked(accept_language: str | None) -> tuple[tuple[str, str], ...]:
    """Language and region ("" for none) of what a browser asks for, the most wanted first."""
    ranked = []
    for place, part in enumerate((accept_language or "")[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            quality = 0.0
        language, *subtags = tag.strip().lower().split("-")
        region = next((subtag.upper() for subtag in subtags if len(subtag) == 2 and subtag.isalpha()), "")
        if quality > 0:
            ranked.append((-quality, place, language, region))
    return tuple((language, region) for _, _, language, region in sorted(ranked))
