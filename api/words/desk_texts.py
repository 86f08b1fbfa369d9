"""The words of the desk's pages: the riders' catalogue of a language with the desk's own texts."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from api.words.texts import Texts, texts_in


@cache
def desk_texts_in(language: str) -> Texts:
    """The catalogue of one of `words.texts.LANGUAGES`."""
    source = resources.files("api").joinpath("locale", f"desk.{language}.toml").read_text("utf-8")
    return Texts(language, {**texts_in(language).entries, **tomllib.loads(source)})
