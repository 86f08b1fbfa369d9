"""Styles, scripts and icon of the pages, read once; their addresses carry their content's hash."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import Request, Response

from api.reading.badges import Badge

_A_YEAR_S = 365 * 86400
_STATIC = Path(__file__).parents[1] / "static"
_MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".png": "image/png",
    ".svg": "image/svg+xml",
}  # fmt: skip
"""Style sheets of ours stand in the pages themselves."""
_MOST_STYLES = 4096
"""Lines that meet at a stop meet at others."""


@dataclass(frozen=True)
class Asset:
    """A file that browsers keep for ever, since a change of it changes its address."""

    body: bytes
    media_type: str
    address: str


@dataclass(frozen=True)
class Style:
    """The inline style sheet of a page."""

    sheets: tuple[str, ...]
    """What it begins with, as of `css_of`;"""
    colours: str
    """the rules of the page's lines behind that."""
    csp_source: str
    """See `csp_source`, of all of it."""


def csp_source(css: str) -> str:
    """The hash by which the content security policy lets an inline style sheet in."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def assets() -> dict[str, Asset]:
    """Files that pages link to, by name."""
    files = [path for path in _STATIC.iterdir() if path.suffix in _MEDIA_TYPES and path.suffix != ".css"]
    if library := map_library():
        files += [library / "maplibre-gl.js", library / "maplibre-gl.css"]
    found = {}
    for path in files:
        body = path.read_bytes()
        address = f"/static/{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"
        found[path.name] = Asset(body, _MEDIA_TYPES[path.suffix], address)
    return found


def asset_answer(request: Request, name: str) -> Response:
    """The file of this name: kept by browsers for a year, since another content has another address."""
    for asset in assets().values():
        if asset.address.endswith(f"/{name}"):
            etag = f'"{name}"'
            headers = {
                "Cache-Control": f"public, max-age={_A_YEAR_S}, immutable",
                "ETag": etag,
                "X-Content-Type-Options": "nosniff",
            }
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers=headers)
            return Response(asset.body, media_type=asset.media_type, headers=headers)
    return Response("No such file: reload the page that asked for it.\n", 404, media_type="text/plain")


@cache
def map_library() -> Path | None:
    """Folder of MapLibre GL JS (3-Clause BSD) in the installed package `maplibre`, None where that is missing."""
    found = find_spec("maplibre")
    folders = (Path(place) / "srcjs" for place in (found.submodule_search_locations or ())) if found else ()
    return next((folder for folder in folders if (folder / "maplibre-gl.js").is_file()), None)


def style(badges: Iterable[Badge], *sheets: str) -> Style:
    """Style sheets (the riders' where none is named) with the colours of the lines that a page shows: no second trip
    for it, no inline attributes."""
    return _style(frozenset(badges), sheets or ("rider.css",))


@lru_cache(_MOST_STYLES)
def _style(badges: frozenset[Badge], sheets: tuple[str, ...]) -> Style:
    colours = "".join(sorted(badge.css_rule for badge in badges))
    return Style(sheets, colours, csp_source(css_of(sheets) + colours))


def css_of(sheets: Iterable[str]) -> str:
    """Style sheets of ours in one."""
    return "".join(map(_css, sheets))


@cache
def _css(sheet: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", (_STATIC / sheet).read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", css)).strip()
