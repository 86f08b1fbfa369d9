"""Texts in several languages."""

from __future__ import annotations

import pytest
from google.transit import gtfs_realtime_pb2

from feeds.alerts.translations import plain_text, plain_texts, text_in


def texts(*said: tuple[str, str]) -> dict[str, str]:
    translated = gtfs_realtime_pb2.TranslatedString()
    for language, text in said:
        translated.translation.add(language=language, text=text)
    return plain_texts(translated)


@pytest.mark.parametrize("tag", ["en-html", "EN_HTML", "en-Html", "html-en"])
def test_html_never_replaces_plain_text(tag: str) -> None:
    both = [("en", "Delays"), (tag, "<p>Delays</p>")]
    assert texts(*both) == texts(*reversed(both)) == {"en": "Delays"}
    assert texts(("en-html", "<b>Delays</b> &amp; more")) == {"en": "Delays & more"}


def test_tags_are_spelled_as_usual_and_empty_texts_are_none() -> None:
    assert texts(("FR_ca", "a"), ("EN", ""), ("en", "b"), ("und", "c"), ("fr", " \n ")) == {
        "fr-CA": "a", "en": "b", "": "c",
    }  # fmt: skip


def test_of_several_texts_in_one_language_or_none_all_are_told() -> None:
    assert texts(("", "Works"), ("", "Travaux"), ("", "Works"), ("fr", "a"), ("fr", "b"), ("html", "<p>Works</p>")) == {
        "": "Works / Travaux", "fr": "a / b",
    }  # fmt: skip


@pytest.mark.parametrize(
    "said, plain",
    [
        ("<p>Line 1</p><p>Line&nbsp;2<br/>Line 3</p>", "Line 1\nLine\xa02\nLine 3"),
        ("<ul><li>Gare</li><li>Mairie</li></ul>", "Gare\nMairie"),
        ("Wait < 5 min & > 3 min", "Wait < 5 min & > 3 min"),
        ("Tom &amp; Jerry\r\nand &lt;b&gt;others&lt;/b&gt;", "Tom & Jerry\nand others"),
        ("one\n\n\n\ntwo", "one\n\ntwo"),
        ("<style>p {color: red}</style>Works <a href='https://x.example'>more</a>", "Works more"),
        ("<Stop A> to <Stop B>", "<Stop A> to <Stop B>"),
        ("<p>a", "a"),
        ("Line 1 \tto\t\tB\n\tnow", "Line 1 to B\nnow"),
    ],
)
def test_markup_is_taken_out_and_what_only_looks_like_it_stays(said: str, plain: str) -> None:
    assert plain_text(said) == plain


@pytest.mark.parametrize(
    "said, french",
    [
        ({"fr-CA": "b", "fr": "a", "en": "c"}, "a"), ({"en": "c", "fr-CA": "b"}, "b"), ({"en": "c", "": "d"}, "d"),
        ({"de": "e", "en": "c"}, "c"), ({"de": "e"}, "e"), ({}, ""),
    ],
)  # fmt: skip
def test_the_best_text_for_a_reader(said: dict[str, str], french: str) -> None:
    assert text_in(said, "fr") == french
