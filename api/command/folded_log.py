"""A log that says the same thing once a minute, and how often it was said in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

FOLDED_S = 60.0
_MOST_REMEMBERED = 1000


class Folded(logging.Filter):
    """Lets a message of a logger pass once in `FOLDED_S`; the next one that passes says how many were held back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}
        """When it passed last, and how many were held back since, by logger, level and text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it passes."""
        now = self._clock()
        key = (record.name, record.levelno, _text(record))
        at, held = self._said.get(key, (float("-inf"), 0))
        if now - at < FOLDED_S:
            self._said[key] = (at, held + 1)
            return False
        self._said.pop(key, None)
        self._said[key] = (now, 0)
        if len(self._said) > _MOST_REMEMBERED:
            # The one that passed longest ago.
            del self._said[next(iter(self._said))]
        if held:
            record.msg, record.args = f"{record.getMessage()} (and {held:,} more times before)", None
        return True


def _text(record: logging.LogRecord) -> str:
    # An exception of one kind at one place is one message, whatever is said around it.
    return f"{record.getMessage()}{record.exc_info[0] if record.exc_info else ''}"
