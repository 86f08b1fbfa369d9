"""The log comes out in one form, whoever writes it: a line an event, none twice, none begun by what others wrote."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api.app import create_app
from api.command.listening import Server
from api.command.log_lines import LogFormat, log_to_stderr
from tests.api.town import at, service_at

SERVER = "uvicorn.error"


@contextmanager
def logging_as_a_new_process_has_it() -> Iterator[None]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    logger.handlers.clear()
    logger.setLevel(logging.WARNING)
    # An earlier test's process may have caught warnings; pytest has taken them back since.
    logging.captureWarnings(capture=False)
    try:
        yield
    finally:
        logger.handlers[:], logger.level = handlers, level
        logging.captureWarnings(capture=False)


def lines_of(capsys: pytest.CaptureFixture[str], log_format: LogFormat) -> list[str]:
    with logging_as_a_new_process_has_it():
        log_to_stderr(log_format)
        _say_all()
    return [line for line in capsys.readouterr().err.splitlines() if line]


def _say_all() -> None:
    Server(create_app(service_at(at(8, 1))))
    for _ in range(3):
        logging.getLogger(SERVER).warning("Invalid HTTP request received.")
    # What a library does is nobody's news, and what we do is.
    logging.getLogger("pyogrio").info("Created 6 records")
    logging.getLogger("feeds.sources.source").info("The feed answers again.")
    logging.getLogger("prochain").warning("Stop %s", "a\n2026-01-01 ERROR forged\x1b[2J“é”")
    try:
        raise KeyError("board")
    except KeyError:
        logging.getLogger(SERVER).exception("Exception in ASGI application\n")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("a library's", stacklevel=1)


def test_every_line_is_an_object_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    told = [json.loads(line) for line in lines_of(capsys, "json")]
    assert [(line["logger"], line["level"]) for line in told] == [
        (SERVER, "WARNING"), ("feeds.sources.source", "INFO"), ("prochain", "WARNING"), (SERVER, "ERROR"),
        ("py.warnings", "WARNING"),
    ]  # fmt: skip
    assert told[2]["message"] == "Stop a\n2026-01-01 ERROR forged\x1b[2J“é”"
    assert told[3]["exception"].endswith("KeyError: 'board'")
    assert all(line["time"][10] == "T" for line in told)


def test_text_has_no_line_that_others_begin(capsys: pytest.CaptureFixture[str]) -> None:
    told = lines_of(capsys, "text")
    assert sum("Invalid HTTP request" in line for line in told) == 1
    assert told[2].endswith(r"WARNING Stop a\n2026-01-01 ERROR forged\x1b[2J“é”")
    assert told[3].endswith(r"ERROR Exception in ASGI application\n")
    assert told[4].startswith("Traceback")
