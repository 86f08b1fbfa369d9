"""Texts in several languages (GTFS-Realtime TranslatedString), and which of them a reader gets."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from html import unescape
from html.parser import HTMLParser
from itertools import chain

from babel.core import Locale, get_global
from google.transit import gtfs_realtime_pb2

from feeds.letters import NO_WORD, as_meant, readable
from feeds.messages.message import text_of

Texts = Mapping[str, str]
"""Plain texts by language tag (`fr`, `fr-CA`), "" where the feed names no language."""

_HTML = "html"
_NO_LANGUAGE = ("", "und", "mul", "zxx", "*", "x")
_OF_A_SYSTEM = re.compile(r"[.@].*")
"""What systems write behind a language."""
_BREAKS = frozenset(
    {"blockquote", "br", "div", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"}
    | {"section", "table", "tbody", "tr", "ul"}
)
_SILENT = frozenset({"script", "style", "head", "title"})
_INLINE = frozenset(
    {"a", "abbr", "b", "big", "body", "center", "em", "font", "head", "html", "i", "img", "script", "small", "span"}
    | {"strike", "strong", "style", "sub", "sup", "td", "th", "title", "u", "wbr"}
)
_CELLS = frozenset({"td", "th"})
TAG = re.compile(rf"</?(?:{'|'.join(sorted(_BREAKS | _INLINE))})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BREAK = re.compile(rf"<(?:{'|'.join(sorted(_BREAKS))})\b", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]*>|!--[^<>]*-->)")
"""What the parser would read on from to the end of the text, again and again, or break at."""
_SECTION = re.compile(r"<!\[CDATA\[|\]\]>")
_WRITTEN_BREAK = re.compile(r"(?:\\r)?\\n")
_ESCAPED = re.compile(r"\\([\"'/])")
_ESCAPED_LETTERS = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
"""Line ends, quotes and letters as programs write them, and some send them."""
_MARKDOWN = re.compile(
    r"\[(?P<link>[^\[\]\n]+)\]\(https?://[^\s()]+\)|(?P<sign>\*\*|__)(?=\S)(?P<strong>[^\n]{1,200}?)(?<=\S)(?P=sign)"
    r"|^#{1,6} +(?=\S)",
    re.MULTILINE,
)
"""Links, strong words and headings, as people write them where a program makes pages of them."""
_LINK = re.compile(r"href\s*=\s*[\"']?\s*(https?://[^\s\"'<>]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w/=\"'])https?://[^\s\"'<>()\[\]]+", re.IGNORECASE)
_NO_WORD = re.compile(rf"|(UNKNOWN|OTHER)_(CAUSE|EFFECT)|{NO_WORD}", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|[\r\n\v\u2028\u2029]")
_BLANKS = " \t\f\v"
_TABS = re.compile(r" *[\t\f\v][ \t\f\v]*| {2,}")
_ESCAPED_TWICE = 2
_OF_THREE_LETTERS = 3
_MOST_CHARACTERS = 20_000
"""Nobody reads more at a stop."""


def plain_texts(translated: gtfs_realtime_pb2.TranslatedString, between: str = " / ") -> dict[str, str]:
    """The texts by language, none of them empty or what programs write in place of nothing, markup taken out.

    A text marked as HTML (`en-html`) only stands in where its language has no plain one. Of several in one language, or
    in none, all are told, with `between` in between: which of them a reader knows nobody can say.
    """
    plain: defaultdict[str, list[str]] = defaultdict(list)
    marked: defaultdict[str, list[str]] = defaultdict(list)
    for translation in translated.translation:
        language, is_html = language_of(text_of(translation.language))
        text = plain_text(text_of(translation.text), is_html=is_html)
        if not _NO_WORD.fullmatch(text):
            (marked if is_html else plain)[language].append(text)
    told = plain | {language: texts for language, texts in marked.items() if language not in plain}
    return {language: between.join(dict.fromkeys(texts)) for language, texts in told.items()}


def addresses_in(translated: gtfs_realtime_pb2.TranslatedString) -> dict[str, str]:
    """The first address that each text leads to, by language: of a link, which plain text does not have, or as read."""
    addresses: dict[str, str] = {}
    for translation in translated.translation:
        text = text_of(translation.text)[:_MOST_CHARACTERS]
        for _ in range(_ESCAPED_TWICE):
            text = unescape(text)
        if found := _LINK.findall(text) or _ADDRESS.findall(text):
            addresses.setdefault(language_of(text_of(translation.language))[0], found[0].rstrip(".,;:!?"))
    return addresses


def plain_text(text: str, *, is_html: bool = False) -> str:
    """Without markup, its line breaks kept. What only looks like it ("< 5 min") stays."""
    text = _ESCAPED_LETTERS.sub(lambda found: str(json.loads(f'"{found[0]}"')), text[:_MOST_CHARACTERS])
    text = readable(as_meant(_LINE_END.sub("\n", text)))
    text = _ESCAPED.sub(r"\1", _WRITTEN_BREAK.sub("\n", text))
    for _ in range(_ESCAPED_TWICE):
        text = _SECTION.sub("", text)
        if is_html or TAG.search(text):
            # Where nothing but line breaks parts paragraphs, they are meant.
            reader = _PlainText(blanks=r"\s+" if _BREAK.search(text) else r"[ \t\f]+")
            reader.feed(_NO_TAG.sub("&lt;", text))
            reader.close()
            text, is_html = "".join(reader.parts), False
        elif _ENTITY.search(text):
            text = unescape(text)
        else:
            break
    text = _MARKDOWN.sub(lambda found: found["link"] or found["strong"] or "", text)
    # Panels have no sign for a tab.
    text = "\n".join(_TABS.sub(" ", line.rstrip(f"{_BLANKS}\xa0").lstrip(_BLANKS)) for line in _LINE_END.split(text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def text_in(texts: Texts, language: str) -> str:
    """The text for a reader of `language` (`fr`, `fr-CA`): the very language, no region's kind of it, another region's,
    the text of no language, English, any; "" where there is none."""
    return texts[language_in(texts, language)] if texts else ""


def language_in(texts: Texts, language: str) -> str:
    """The tag of that text, "" where it names no language or there is none."""
    return min(sorted(texts), key=lambda tag: _distance(tag, language), default="")


def _distance(tag: str, language: str) -> int:
    if tag == language:
        return 0
    primary, wanted = tag.split("-")[0].lower(), language.split("-")[0].lower()
    if primary == wanted:
        return 1 if tag.lower() == primary else 2
    return 3 if not tag else 4 if primary == "en" else 5


def language_of(tag: str) -> tuple[str, bool]:
    """A tag in its usual spelling (`fr` for `fre`, `French` or `fr_FR.UTF-8`) without `html`, and whether that stood
    there."""
    subtags = [subtag for subtag in re.split(r"[-_]", _OF_A_SYSTEM.sub("", tag.strip())) if subtag]
    kept = [subtag for subtag in subtags if subtag.lower() != _HTML]
    is_html = len(kept) < len(subtags)
    if not kept or kept[0].lower() in _NO_LANGUAGE:
        return "", is_html
    primary = kept[0].lower()
    primary = get_global("language_aliases").get(primary, primary) if len(primary) == _OF_THREE_LETTERS else primary
    primary = _codes_by_name().get(primary, primary) if len(primary) > _OF_THREE_LETTERS else primary
    return "-".join([primary, *(s.upper() if len(s) == 2 else s for s in kept[1:])]), is_html


@cache
def _codes_by_name() -> dict[str, str]:
    """Two letters of each language by its names in several, in small letters."""
    names = (Locale(language).languages.items() for language in ("it", "pt", "nl", "es", "de", "fr", "en"))
    return {name.casefold(): code for code, name in chain.from_iterable(names) if len(code) == len("fr")}


class _PlainText(HTMLParser):
    def __init__(self, blanks: str) -> None:
        super().__init__(convert_charrefs=True)
        self._blanks = blanks
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in _SILENT
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(self._silent - (tag in _SILENT), 0)
        if tag in _CELLS and self.parts and not self.parts[-1].endswith((" ", "\n")):
            self.parts.append(" ")
        if tag != "br":
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        words = re.sub(self._blanks, " ", data.replace("\xa0", "\0")).replace("\0", "\xa0")
        after_space = not self.parts or self.parts[-1].endswith((" ", "\n"))
        self.parts.append(words.lstrip(" ") if after_space else words)

    def _break(self, tag: str) -> None:
        if tag == "br" or (tag in _BREAKS and self.parts and not self.parts[-1].endswith("\n")):
            self.parts.append("\n")
