"""Pages in fresh profiles, and what went wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

NewPage = Callable[..., Any]


@contextmanager
def opening(browser: Any, **usual: Any) -> Iterator[NewPage]:
    """Opens pages, each in a profile of its own, with a clock that can be moved where `clock` asks for it.

    `usual` and what is given for one page are options of a Playwright context. At the end no page may have thrown an
    error or been refused something by its Content-Security-Policy.
    """
    faults: list[str] = []
    with ExitStack() as profiles:

        def open_page(*, clock: bool = False, **options: Any) -> Any:
            profile = browser.new_context(**{**usual, **options})
            profiles.callback(profile.close)
            page = profile.new_page()
            page.set_default_timeout(60_000)
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda it: faults.append(it.text) if "Content Security Policy" in it.text else None)
            if clock:
                page.clock.install()
            return page

        yield open_page
    assert not faults, faults
