"""What goes wrong at the command line is said in one message, and signals end what is waited for."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, main_thread

import typer

from api.command.log_lines import one_line
from feeds.errors import FeedError

_AGAIN_S = 0.1
"""Until then who swallowed a signal has returned."""


@contextmanager
def said_plainly() -> Iterator[None]:
    """What the person at the keyboard can mend is said in one message, without a traceback."""
    from api.service.settings import ConfigurationError

    try:
        with _ended_by_signals():
            yield
    except (Signalled, SystemError) as error:
        if (signalled := _signalled(error)) is None:
            raise
        say(f"ended by {signalled}.")
        raise typer.Exit(128 + signalled.number) from None
    except (FeedError, ConfigurationError) as error:
        message = str(error)
    except OSError as error:
        if error.filename is None:
            raise
        message = f"{error.filename}: {error.strerror}; check the path and its rights."
    else:
        return
    say(message)
    raise typer.Exit(1)


def say(words: str) -> None:
    """To the person at the keyboard, on stderr; of one of many networks with its name."""
    who = " ".join(filter(None, ("prochain", os.environ.get("PROCHAIN_NETWORK"))))
    typer.secho(f"{who}: {one_line(words)}", fg=typer.colors.RED, err=True)


class Signalled(BaseException):
    """SIGINT or SIGTERM: an end, and no error of anything that it is raised in."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def _signalled(error: BaseException | None) -> Signalled | None:
    """The signal that it is, or that came while a compiled loop called back: the loop raises an error of its own."""
    while error is not None and not isinstance(error, Signalled):
        error = error.__cause__
    return error


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Whatever is waited for in this context, either signal ends it: also where the shell has switched SIGINT off, and
    in a container, whose first process the system's own way of ending does not reach. A second one ends it at once."""

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Signalled(number)

    def swallowed(unraisable: sys.UnraisableHookArgs) -> None:
        # Out of what a library in C calls back, such as on reading compiled loops, nothing is raised.
        if isinstance(unraisable.exc_value, Signalled):
            signal.signal(unraisable.exc_value.number, end)
            again = Timer(_AGAIN_S, os.kill, (os.getpid(), unraisable.exc_value.number))
            again.daemon = True
            again.start()
        else:
            usual(unraisable)

    if current_thread() is not main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    usual, sys.unraisablehook = sys.unraisablehook, swallowed
    try:
        yield
    finally:
        sys.unraisablehook = usual
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def databases_said_plainly() -> Iterator[None]:
    """What is wrong with a database is said in one message."""
    try:
        yield
    except sqlite3.Error as error:
        raise FeedError(f"A database of the data folder cannot be read: {error}.") from error
