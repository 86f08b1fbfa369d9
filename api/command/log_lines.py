"""The log on stderr: a line an event, for people or as JSON, each line said once a minute."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

LogFormat = Literal["text", "json"]
_OURS = ("prochain", "api", "feeds")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
FOLDED_S = 60.0
_MOST_REMEMBERED = 1000


def one_line(text: str) -> str:
    """Text in which what others wrote, as in a feed, neither begins a line of its own nor steers a terminal."""
    return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)


class OneLine(logging.Formatter):
    """Each message on one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """See `logging.Formatter`; a traceback, which follows, keeps its lines."""
        return one_line(super().formatMessage(record))


def log_to_stderr(log_format: LogFormat, network: str | None = None) -> None:
    """Let everything that is logged in this process come out here, of libraries their warnings; of one of many networks
    with its name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_json(network) if log_format == "json" else _text(network))
    handler.addFilter(Folded())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(capture=True)
    for ours in _OURS:
        logging.getLogger(ours).setLevel(logging.INFO)


def _text(network: str | None) -> logging.Formatter:
    return OneLine(" ".join(filter(None, ("%(asctime)s", network, "%(levelname)s %(message)s"))))


def _json(network: str | None) -> logging.Formatter:
    names = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception"}
    return JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z", rename_fields=names,
        json_ensure_ascii=False, static_fields={"network": network} if network else None,
    )  # fmt: skip


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
        key = (record.name, record.levelno, _said(record))
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


def _said(record: logging.LogRecord) -> str:
    # An exception of one kind at one place is one message, whatever is said around it.
    return f"{record.getMessage()}{record.exc_info[0] if record.exc_info else ''}"
