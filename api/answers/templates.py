"""The pages' templates."""

from __future__ import annotations

from urllib.parse import quote

import jinja2

templates = jinja2.Environment(
    loader=jinja2.PackageLoader("api", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters["path"] = lambda text: quote(str(text), safe="")
