"""A rider who watches one departure until it has left the board."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

_RECORD_WAITS = """key => {
  window.seen = [];
  const row = () => document.querySelector(`.departure[data-key="${key}"]`);
  const look = () => {
    const gone = !row() || row().classList.contains("passed");
    document.documentElement.toggleAttribute("data-gone", gone);
    const wait = row()?.querySelector(".wait b")?.textContent;
    if (!gone && wait !== seen.at(-1)) seen.push(wait);
  };
  look();
  const changes = { subtree: true, childList: true, attributes: true };
  new MutationObserver(look).observe(document.querySelector("main"), changes);
}"""
"""Keeps every wait that is shown for one departure in `seen`; <html> gets `data-gone` when it has left the board."""


def waits_of_the_first_departure(page: Any, *, last_minute: int = 1) -> list[str]:
    """Every wait that the open board shows for its first departure until that has left: it counts down to a minute, or
    to the `last_minute` at most."""
    page.evaluate(_RECORD_WAITS, page.locator(".departure").first.get_attribute("data-key"))
    page.locator("html[data-gone]").wait_for(timeout=30_000)
    seen: list[str] = page.evaluate("seen")
    minutes = [int(wait) for wait in seen if wait.isdecimal()]
    assert len(minutes) >= 2, seen
    # A vehicle held up may cost its rider a minute, never more at once.
    assert all(later <= earlier + 1 for earlier, later in pairwise(minutes)), seen
    assert 1 <= minutes[-1] <= last_minute, seen
    return seen
