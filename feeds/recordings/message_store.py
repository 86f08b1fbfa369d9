"""What recorded messages are asked of, whatever they are kept in."""

from __future__ import annotations

from typing import Protocol

from feeds.errors import Problem
from predictor.arrays import Float64Array


class MessageStore(Protocol):
    """Messages in order of receipt."""

    times: Float64Array
    """(n,) POSIX seconds of receipt, ascending."""
    problems: list[Problem]

    def name(self, index: int) -> str:
        """What a message is called when something is wrong with it."""

    def message(self, index: int) -> bytes:
        """A message's bytes. Errors: FeedError."""
