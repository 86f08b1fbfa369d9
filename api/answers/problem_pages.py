"""Errors as pages: who reads with a browser is told in words what was wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response

from api.answers.assets import style
from api.answers.frame import Frame, whole_page
from api.words.moment import language_of
from api.words.root_path import path_within, root_of
from api.words.texts import texts_in

_DESK = "/desk"
_PEOPLE = (_DESK, "/stops/", "/lines/", "/trips/", "/alerts", "/map", "/screen", "/offline")
"""Where people read, whatever their program says that it takes."""
_MACHINES = ("/v1/", "/gtfs-rt", "/siri", "/healthz", "/readyz", "/metrics", "/openapi.json", "/static/", "/map/")
"""Where programs do, also where a person looks on."""

_PASSES = (408, 429)
"""What may be otherwise when asked again, beside faults of ours: who asks for what is not there is led home."""


def asks_for_page(request: Request) -> bool:
    """Whether a page is wanted, and not problem details."""
    path, accept = path_within(request.scope), request.headers.get("accept", "")
    # A part of a page is for its script.
    part = path.endswith("/stream") or not request.query_params.keys().isdisjoint(("fragment", "only"))
    if path.startswith(_MACHINES) or part:
        return False
    return "text/html" in accept or ("*/*" in accept and (path == "/" or path.startswith(_PEOPLE)))


def problem_page(request: Request, status: int, detail: str, headers: Mapping[str, str]) -> Response:
    """The page of an error of this status.

    Parameters: `detail`: more of it in English, for officers; `headers`: what the answer says beside its own.
    """
    texts, root = texts_in(language_of(request)), root_of(request.scope)
    key = f"problem_{status}"
    desk = path_within(request.scope).startswith(_DESK)
    wait_s = headers.get("Retry-After", "")
    return whole_page(
        root, texts, "problem.html", Frame(style([]), status, headers=headers),
        said=texts(key if key in texts.entries else "problem_other"),
        wait_s=int(wait_s) if wait_s.isdecimal() else None, asked=request.method in ("GET", "HEAD"),
        again=status >= 500 or status in _PASSES, home=_DESK if desk else "/", detail=detail if desk else "",
    )  # fmt: skip
