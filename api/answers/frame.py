"""Pages as HTTP answers: the frame around each, its style, what it may load, its language."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.compiler import Frame as Scope
from jinja2.runtime import Context, Macro
from jinja2.utils import missing
from markupsafe import Markup, escape

from api.answers.assets import Style, assets, css_of, map_library
from api.answers.packed import Beginning, BegunAlike
from api.words.lines import apart_words, line_name, line_title, line_word
from api.words.moment import PageMoment
from api.words.texts import LANGUAGE_COOKIE, LANGUAGES, Texts, texts_in

_A_YEAR_S = 365 * 86400
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
BY_LANGUAGE = "Accept-Language, Cookie"
"""What `Vary` says of an answer in the reader's language, or a cache on the way would give it to others."""
_HEADERS = {
    # A page that comes back from a cache would show old minutes as live ones.
    "Cache-Control": "no-store",
    "Vary": BY_LANGUAGE,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
}

_MARKS = re.compile("[&<>'\"]")
"""What is markup, unless it is escaped."""
_MOST_ROOTS = 8
"""One at a time is usual."""
_MOST_BEGINNINGS = 64
_MOST_KEPT = 16_384
"""Pieces of a page, most of them of some hundred bytes."""


class _Context(Context):
    def call(
        self, of: Callable[..., Any], *args: Any, _loop_vars: object = None, _block_vars: object = None, **kwargs: Any
    ) -> Any:
        """See `Context`. Nothing that templates call asks for what it is called from: to look whether it does takes as
        long as most calls, and so does how a macro sorts what it is given in order."""
        if type(of) is Macro and not kwargs:
            return Markup(of._func(*args, *[missing] * (len(of.arguments) - len(args))))  # noqa: S704
        return of(*args, **kwargs)


class _CodeGenerator(CodeGenerator):
    def _output_child_pre(self, *_: object) -> None:
        self.write("environment.escaped(")

    def visit_Getattr(self, node: nodes.Getattr, frame: Scope) -> None:  # noqa: N802
        """See `CodeGenerator`. What templates are given has attributes, and no items of their names."""
        self.visit(node.node, frame)
        self.write(f".{node.attr}")


class _Templates(jinja2.Environment):
    context_class = _Context
    code_generator_class = _CodeGenerator

    @staticmethod
    def escaped(said: object) -> str:
        """As it stands in a page: what is markup is not made markup once more, nor what needs not be."""
        if type(said) is Markup or (type(said) is str and not _MARKS.search(said)):
            return said
        return escape(said)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """See `Environment`. They stay as they are: a dictionary is looked into in a fraction of what its own takes."""
        return {**self.globals, **(d or {})}


@lru_cache(_MOST_ROOTS)
def templates(root: str) -> jinja2.Environment:
    """The templates of pages whose addresses begin with `root`."""
    made = _Templates(
        loader=jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        # They change with the package alone, and all are kept.
        auto_reload=False,
        cache_size=-1,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breakable"] = _breakable
    made.filters["path"] = _path
    made.filters["icon"] = _icon
    made.filters["kept"] = _kept
    made.filters["apart"] = lambda line, texts: apart_words(line.apart, texts)
    made.filters |= {"line_name": line_name, "line_title": line_title, "line_word": line_word}
    made.globals["has_map"] = map_library() is not None
    made.globals["root"] = root
    made.globals["asset"] = lambda name: root + assets()[name].address
    return made


def _breakable(name: str) -> Markup:
    """A name that may be broken after what joins its words, as in "9 St NW+Constitution Av NW": elsewhere it would be
    broken within one."""
    return Markup(re.sub(r"(?<=\w)([+/@])(?=\w)", r"\1<wbr>", str(escape(name))))  # noqa: S704


@lru_cache(_MOST_KEPT)
def _path(text: str) -> str:
    """A text as a part of an address."""
    return quote(text, safe="")


@cache
def _icon(name: str) -> Markup:
    """One of `icons.html`."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>').format(name)


@lru_cache(_MOST_KEPT)
def _kept(macro: Macro, *of: Hashable) -> Markup:
    """What a macro says of what it is given, made once for all who ask: a macro of an imported template sees nothing
    else that could change. Not for what clients make up, such as a host or a query: of that there is no end."""
    return Markup(macro(*of))  # noqa: S704


def fragment(moment: PageMoment, template: str, **context: object) -> str:
    """The HTML of a template: the part of a page that changes."""
    return templates(moment.root).get_template(template).render(context, moment=moment, texts=moment.texts)


def fragment_response(moment: PageMoment, template: str, **context: object) -> Response:
    """The part of a page that changes, for its script to put in place."""
    return HTMLResponse(fragment(moment, template, **context), headers=_HEADERS)


@dataclass(frozen=True)
class Frame:
    """What stands around a page."""

    sheet: Style
    status: int = 200
    policy: Mapping[str, str] = field(default_factory=dict)
    """Sources by directive of its content security policy that are others than usual; "": the directive is left out."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that are others than usual."""
    languages: Sequence[str] = ()
    """In which there is the page; all where none is named."""
    also_allowed: Mapping[str, str] = field(default_factory=dict)
    """Sources by directive that it lets in beside the usual ones."""


def framed(moment: PageMoment, template: str, frame: Frame, **context: object) -> Response:
    """A whole page."""
    return whole_page(moment.root, moment.texts, template, frame, moment=moment, **context)


def whole_page(root: str, texts: Texts, template: str, frame: Frame, **context: object) -> Response:
    """A page, in the language of `texts`, whose addresses begin with `root`."""
    rest = templates(root).get_template(template).render(context, texts=texts)
    rules = {**_POLICY, "style-src": frame.sheet.csp_source, **frame.policy}
    rules |= {directive: f"{rules[directive]} {more}" for directive, more in frame.also_allowed.items()}
    content_policy = "; ".join(f"{directive} {sources}" for directive, sources in rules.items() if sources)
    return BegunAlike(
        _beginning(root, texts.language, frame.sheet.sheets),
        f"{frame.sheet.colours}</style>{rest}".encode(),
        frame.status,
        headers={"Content-Security-Policy": content_policy, **_HEADERS, **frame.headers},
    )


@lru_cache(_MOST_BEGINNINGS)
def _beginning(root: str, language: str, sheets: tuple[str, ...]) -> Beginning:
    """Of pages with these style sheets."""
    head = templates(root).get_template("head.html")
    return Beginning.of(head.render(language=language, css=css_of(sheets)).encode())


def framed_in_language(
    request: Request, moment: PageMoment, template: str, frame: Frame, **context: object
) -> Response:
    """A whole page with links to itself in the other languages; the language that a reader chose is kept."""
    language = moment.texts.language
    query = [(name, value) for name, value in request.query_params.multi_items() if name != LANGUAGE_COOKIE]
    others = [
        (other, texts_in(other)("language_name"), "?" + urlencode([*query, (LANGUAGE_COOKIE, other)]))
        for other in (frame.languages or LANGUAGES)
        if other != language
    ]
    response = framed(moment, template, frame, other_languages=others, **context)
    if request.query_params.get(LANGUAGE_COOKIE) in LANGUAGES:
        keep_choice(response, moment, LANGUAGE_COOKIE, language)
    return response


def keep_choice(response: Response, moment: PageMoment, name: str, value: str) -> None:
    """Let the reader's browser keep what was chosen, for the pages of this network alone."""
    response.set_cookie(name, value, max_age=_A_YEAR_S, path=f"{moment.root}/", samesite="lax", httponly=True)
