"""Where programs keep things for a user, by the XDG Base Directory Specification."""

from __future__ import annotations

import os
from pathlib import Path


def user_folder(variable: str, fallback: str) -> Path:
    """`prochain` under the folder that an environment variable names, if it is absolute, else under `fallback` at home.

    Errors: RuntimeError where there is no home.
    """
    base = Path(os.environ.get(variable, ""))
    return (base if base.is_absolute() else Path.home() / fallback) / "prochain"
