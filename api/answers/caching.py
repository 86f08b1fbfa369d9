"""ETag, Cache-Control and 304: an answer is sent again only where it says something new."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.reading.moment import Moment

BOARD_MAX_AGE_S = 5
STATIC_MAX_AGE_S = 30
"""Timetable matters change seldom, but each answer also says whether the feed has stopped."""

CACHED: dict[int | str, dict[str, Any]] = {
    304: {"description": "What you have, by its ETag in `If-None-Match`, is what would be said"}
}
"""For the OpenAPI document of each endpoint that gives an `answer`."""

_STEADY_S = 30.0


def as_json(content: object) -> bytes:
    """The JSON of what is made of fields, lists, texts, numbers and models."""
    return orjson.dumps(content, default=_fields)


def _fields(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")


def digest_of(says: object) -> str:
    """Short hash of what an answer says; `says` is made of tuples, lists, models, strings and numbers."""
    return hashlib.blake2b(orjson.dumps(says, default=repr), digest_size=12).hexdigest()


def steady(at: float) -> int | None:
    """A time as an ETag tells it: one that stays in the same half minute says the same. None for NaN."""
    return None if math.isnan(at) else round(at / _STEADY_S)


def answer(
    request: Request, says: object, body: Callable[[], str | bytes], *, max_age_s: int, media_type: str
) -> Response:
    """304 where the reader has an answer that says the same, else `body()`, which is made only then."""
    etag = f'W/"{digest_of(says)}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={max_age_s}"}
    if has_same(request.headers.get("If-None-Match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(body(), headers=headers, media_type=media_type)


def json_answer(
    request: Request, moment: Moment, says: object, made: Callable[[], Mapping[str, Any]], *,
    max_age_s: int, media_type: str = "application/json",
) -> Response:  # fmt: skip
    """The same as JSON: what every answer says of itself, then the fields that `made` gives. `says` is for the
    timetable of the moment, and a feed that goes on or has stopped."""
    says = moment.timetable.feed_version, moment.feed_stopped, says

    def body() -> bytes:
        return as_json({**moment.answer_fields, **made()})

    return answer(request, says, body, max_age_s=max_age_s, media_type=media_type)


def has_same(if_none_match: str, etag: str) -> bool:
    """Whether a reader that sends this `If-None-Match` has what `etag` names (RFC 9110, weak comparison)."""
    opaque = etag.removeprefix("W/")
    return any(tag.strip() == "*" or tag.strip().removeprefix("W/") == opaque for tag in if_none_match.split(","))
