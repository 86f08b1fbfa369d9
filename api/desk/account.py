"""Who may write, beside those who hold a token of the settings: people by name and password, tools by a token."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict

Role = Literal["officer", "administrator", "tool"]
"""An administrator also adds and removes the others; a tool writes to the API and cannot open the desk."""


class Account(BaseModel):
    """One of them."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    secret: str
    """Of a password its Argon2 hash, of a token its SHA-256."""
    changed_at: float
    """POSIX seconds of the machine's clock when `secret` was set."""
    former: str = ""
    """SHA-256 of the tool's token before, "" where there is none."""
    former_until: float = 0.0
    """POSIX seconds until which that one opens too."""


def digest_of(secret: str) -> bytes:
    """SHA-256."""
    return hashlib.sha256(secret.encode()).digest()
