"""What somebody did at the desk or with a token of it: kept when what it was done to has long changed again."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from api.desk.disruption import Disruption
from predictor.timetable import DAY_S

KEPT_S = 400.0 * DAY_S
"""A season, compared with the one of a year before."""


What = Literal[
    "published", "changed", "ended", "dismissed", "brought_back", "phrase_saved", "phrase_reset", "timetable_taken",
    "signed_in", "signed_out", "account_added", "account_renewed", "account_role", "account_removed",
]  # fmt: skip


class Deed(BaseModel):
    """One of them."""

    model_config = ConfigDict(frozen=True)

    at: float
    """POSIX seconds by the service's clock."""
    who: str
    """Name of the account or token, "" where the service itself did it."""
    what: What
    subject: str = ""
    """What it was done to: `desk:12`, a phrase's key, a draft's situation, a timetable's version."""
    said: dict[str, str] = {}
    """By language, what riders then read of it."""
    version: Disruption | None = None
    """The disruption as it then was; None of other deeds, and of old ones."""
