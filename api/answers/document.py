"""The OpenAPI document, so complete that programs can make clients from it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.answers.problems import MEDIA_TYPE

_PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}
_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")
"""Schemas that it puts into every document, of answers that are problem details with us."""
_ETAG = {"ETag": {"description": "Changes only when what the answer says changes", "schema": {"type": "string"}}}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the answer that you have",
    "schema": {"type": "string"},
}


def describe(app: FastAPI) -> None:
    """Let `app` give this document at `/openapi.json`."""
    made = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            for route in app.routes:
                if isinstance(route, APIRoute):
                    # In clients an operation is called as its function, which tells it from all others.
                    route.unique_id = route.name
            for path in made()["paths"].values():
                for operation in path.values():
                    _complete(operation)
            for name in _FASTAPIS_OWN:
                made()["components"]["schemas"].pop(name, None)
        return made()

    app.openapi = document  # type: ignore[method-assign]


def _complete(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        _without_null(parameter)
    responses: dict[str, dict[str, Any]] = operation["responses"]
    for response in responses.values():
        schemas = [content.get("schema", {}).get("$ref", "") for content in response.get("content", {}).values()]
        if any(schema.rpartition("/")[2] in ("ProblemDetails", *_FASTAPIS_OWN) for schema in schemas):
            response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
    if "304" in responses:
        responses["304"].pop("content", None)
        for status in ("200", "304"):
            responses[status].setdefault("headers", {}).update(_ETAG)
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)


def _without_null(parameter: dict[str, Any]) -> None:
    """In an address what is not given is left out: there is no null."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema.update(kinds[0])
