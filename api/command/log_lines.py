"""The log on stderr: a line an event, for people or as JSON, each line said once a minute."""

from __future__ import annotations

import logging
import re
import sys
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

from api.command.folded_log import Folded

LogFormat = Literal["text", "json"]
_OURS = ("prochain", "api", "feeds")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


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
