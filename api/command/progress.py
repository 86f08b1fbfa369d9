"""What is waited for at the start, shown while it lasts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

_STILL_S = 10.0
"""It is said so often that what is waited for has not come."""


@contextmanager
def progress(doing: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, elsewhere a line now and then; what it gives is told the share done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        with _told_while_it_lasts(doing):
            yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda share: bar.update(task, total=1.0, completed=share)


@contextmanager
def _told_while_it_lasts(doing: str) -> Iterator[None]:
    done, began = Event(), time.monotonic()

    def say(what: str) -> None:
        # In one piece: another thread may have something to say.
        sys.stderr.write(f"{what} …\n")
        sys.stderr.flush()

    def tell() -> None:
        say(doing)
        while not done.wait(_STILL_S):
            say(f"{doing}, for {time.monotonic() - began:.0f} s now")

    telling = Thread(target=tell, name="progress", daemon=True)
    telling.start()
    try:
        yield
    finally:
        done.set()
        telling.join()
