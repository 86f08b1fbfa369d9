"""A rider who watches one departure until it has left the board."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

_RECORD_WAITS = """key => {
  window.seen = [];
  const row = () => document.querySelector(`.departure[data-key="${key}"]`);
  const look = () => {
    const page = document.documentElement;
    const gone = !row() || row().classList.contains("passed");
    page.toggleAttribute("data-gone", gone);
    if (!document.getElementById("gone-stale").hidden) page.toggleAttribute("data-unanswered", true);
    const wait = row()?.querySelector(".wait b")?.textContent;
    if (!gone && wait !== seen.at(-1)) seen.push(wait);
  };
  look();
  const changes = { subtree: true, childList: true, attributes: true };
  new MutationObserver(look).observe(document.body, changes);
}"""
"""Keeps every wait that is shown for one departure in `seen`; <html> gets `data-gone` when it has left the board, and
`data-unanswered` when the service did not answer for so long that the page shows the timetable."""


class UnansweredError(Exception):
    """The service did not answer the page for so long that it no longer counted down."""


def waits_of_the_first_departure(
    page: Any, *, last_minute: int = 1, time_passes: Callable[[], object] | None = None
) -> list[str]:
    """Every wait that the open board shows for its first departure until that has left: it counts down to a minute, or
    to the `last_minute` at most.

    `time_passes` lets some seconds pass where the clock is the test's; elsewhere the service's time runs by itself, and
    a machine that cannot follow raises UnansweredError.
    """
    page.evaluate(_RECORD_WAITS, page.locator(".departure").first.get_attribute("data-key"))
    if time_passes is None:
        page.locator("html[data-gone]").wait_for(timeout=30_000)
    else:
        for _ in range(40):
            if page.locator("html[data-gone]").count():
                break
            time_passes()
    seen: list[str] = page.evaluate("seen")
    if page.locator("html[data-unanswered]").count():
        raise UnansweredError(seen)
    assert page.locator("html[data-gone]").count(), seen
    minutes = [int(wait) for wait in seen if wait.isdecimal()]
    assert len(minutes) >= 2, seen
    # A vehicle held up may cost its rider a minute, never more at once.
    assert all(later <= earlier + 1 for earlier, later in pairwise(minutes)), seen
    assert 1 <= minutes[-1] <= last_minute, seen
    return seen
