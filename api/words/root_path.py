"""The path under which a proxy serves us, such as `/bus`: ASGI's `root_path`.

Inside, addresses begin at our own root: `/stops/…`. The path is put before them where they go out, and nowhere else: in
templates by `{{ root }}`, in scripts by the page's `data-root`, in redirects by `answers/root_path.py`; addresses
with a host are made from `request.base_url`, which has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def root_of(scope: Mapping[str, Any]) -> str:
    """The root path of a request's application, "" where it is served at the root of its host."""
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    return root.rstrip("/")


def path_within(scope: Mapping[str, Any]) -> str:
    """The path of a request as our routes know it."""
    root, path = root_of(scope), scope["path"]
    within: str = path[len(root) :] if root and path.startswith(f"{root}/") else path
    return within
