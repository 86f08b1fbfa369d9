"""A rider who watches one departure until it has left the board."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.journeys.opening import NewPage

_RECORD_WAITS = """key => {
  window.seen = [];
  const row = () => document.querySelector(`.departure[data-key="${key}"]`);
  const look = () => {
    const page = document.documentElement;
    const gone = !row() || row().classList.contains("passed");
    page.toggleAttribute("data-gone", gone);
    const wait = row()?.querySelector(".wait b")?.textContent;
    if (!gone && wait !== seen.at(-1)) seen.push(wait);
  };
  look();
  const changes = { subtree: true, childList: true, attributes: true };
  new MutationObserver(look).observe(document.body, changes);
}"""
"""Keeps every wait that is shown for one departure in `seen`; <html> gets `data-gone` when it has left the board."""


def polling(new_page: NewPage, **options: Any) -> Any:
    """A page whose clock is the test's and that polls for its board, so that each answer can be waited for."""
    page = new_page(clock=True, service_workers="block", **options)
    page.route("**/stream?*", lambda route: route.abort())
    return page


def passes(page: Any, move_clock: Callable[[float], object], seconds: float = 17.0) -> None:
    """Let so many seconds pass, in which a `polling` page asks at least once; `move_clock` moves the service's clock
    by that. Whatever is shown afterwards does not depend on how fast the machine is."""
    move_clock(seconds)
    with page.expect_response("**fragment=1"):
        page.clock.run_for(int(1000 * seconds))


def waits_of_the_first_departure(
    page: Any, move_clock: Callable[[float], object], *, last_minute: int = 1
) -> list[str]:
    """Every wait that the open board of a `polling` page shows for its first departure until that has left: it counts
    down to a minute, or to the `last_minute` at most. `move_clock`: as for `passes`."""
    page.evaluate(_RECORD_WAITS, page.locator(".departure").first.get_attribute("data-key"))
    for _ in range(40):
        if page.locator("html[data-gone]").count():
            break
        passes(page, move_clock)
    seen: list[str] = page.evaluate("seen")
    assert page.locator("html[data-gone]").count(), seen
    minutes = [int(wait) for wait in seen if wait.isdecimal()]
    assert len(minutes) >= 2, seen
    # A vehicle held up may cost its rider a minute, never more at once.
    assert all(later <= earlier + 1 for earlier, later in pairwise(minutes)), seen
    assert 1 <= minutes[-1] <= last_minute, seen
    return seen


def renewed_after(page: Any) -> Any:
    """The open board once it is another than the one shown now: to be waited for."""
    shown_at = page.locator("#board").get_attribute("data-now")
    return page.locator(f'#board:not([data-now="{shown_at}"])')
