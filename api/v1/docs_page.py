"""`/docs`: the API to read and to try in a browser. It brings its own scripts: many an operator's network reaches no
other server."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from api.words.root_path import root_of

DOCS_FILES = "/static-offline-docs"
docs_files = StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static")
docs_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


@docs_router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Swagger UI. Of scripts only those that are ours may run, the one in the page by its hash."""
    root = root_of(request.scope)
    page = get_swagger_ui_html(
        openapi_url=f"{root}{request.app.openapi_url}",
        title=f"{request.app.title} - API",
        oauth2_redirect_url=None,
        swagger_js_url=f"{root}{DOCS_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{DOCS_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{root}{DOCS_FILES}/favicon.png",
    )
    hashes = [base64.b64encode(hashlib.sha256(script).digest()) for script in _INLINE_SCRIPT.findall(bytes(page.body))]
    scripts = " ".join(["'self'", *(f"'sha256-{digest.decode()}'" for digest in hashes)])
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    page.headers["X-Content-Type-Options"] = "nosniff"
    page.headers["Referrer-Policy"] = "same-origin"
    return page
