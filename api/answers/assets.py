"""Styles, scripts and icon of the pages, read once; their addresses carry their content's hash."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import Request, Response

from api.reading.badges import Badge

_A_YEAR_S = 365 * 86400
_STATIC = Path(__file__).parents[1] / "static"
_SCRIPT = "text/javascript; charset=utf-8"
_MEDIA_TYPES = {
    "board.js": _SCRIPT,
    "desk.js": _SCRIPT,
    "desk_map.js": _SCRIPT,
    "map.js": _SCRIPT,
    "streets.js": _SCRIPT,
    "pmtiles.js": _SCRIPT,
    "search.js": _SCRIPT,
    "phone.js": _SCRIPT,
    "ride.js": _SCRIPT,
    "worker.js": _SCRIPT,
    "screen.js": _SCRIPT,
    "icon.png": "image/png",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    """A file that browsers keep for ever, since a change of it changes its address."""

    body: bytes
    media_type: str
    address: str


@dataclass(frozen=True)
class Style:
    """An inline style sheet and the hash by which the content security policy lets it in."""

    css: str
    csp_source: str

    @classmethod
    def of(cls, css: str) -> Style:
        """With its hash."""
        digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        return cls(css, f"'sha256-{digest}'")


@cache
def assets() -> dict[str, Asset]:
    """Files that pages link to, by name."""
    found = {}
    library = map_library()
    files = {name: _static(name) for name in _MEDIA_TYPES}
    media_types = dict(_MEDIA_TYPES)
    if library:
        for name, media_type in (("maplibre-gl.js", _SCRIPT), ("maplibre-gl.css", "text/css; charset=utf-8")):
            files[name], media_types[name] = (library / name).read_bytes(), media_type
    for name, body in files.items():
        stem, suffix = name.rsplit(".", 1)
        address = f"/static/{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"
        found[name] = Asset(body, media_types[name], address)
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
    css = "".join(map(_css, sheets or ("rider.css",))) + "".join(sorted({badge.css_rule for badge in badges}))
    return Style.of(css)


@cache
def _css(sheet: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", _static(sheet).decode(), flags=re.DOTALL)
    return re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", css)).strip()


def _static(name: str) -> bytes:
    return (_STATIC / name).read_bytes()
