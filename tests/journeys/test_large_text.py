"""A reader who has set their browser's text to 32 px reads every page on a phone of 360 px (WCAG 1.4.4 and 1.4.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.words.texts import LANGUAGES
from tests.journeys.accessibility import assert_axe_finds_no_fault
from tests.journeys.conftest import PHONE
from tests.journeys.demo_site import DESK_TOKEN, DemoSite
from tests.journeys.opening import opening
from tests.journeys.test_every_page import PAGES, addresses

FONT_PX = 32

LOST_TEXT = """() => {
  const width = document.documentElement.clientWidth, lost = [];
  for (const place of document.querySelectorAll("body *")) {
    if (place.closest(".vh, .skip, svg, script, template, .maplibregl-map, .scroll > *, [hidden]")) continue;
    const box = place.getBoundingClientRect(), style = getComputedStyle(place);
    if (!box.width || style.visibility === "hidden" || style.clipPath !== "none") continue;
    const says = [...place.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const cut = says && style.overflow !== "visible"
      && (place.scrollWidth > place.clientWidth + 1 || place.scrollHeight > place.clientHeight + 1);
    if (box.right > width + 0.5 || box.left < -0.5 || cut) lost.push(`${place.className}: ${place.textContent.trim()}`);
  }
  return lost;
}"""
"""What leaves the screen at a side, and texts that do not show in whole; a table of two dimensions may be scrolled."""


@pytest.fixture(scope="module")
def large_text(launching: Callable[..., Any], site: DemoSite) -> Iterator[Any]:
    chromium = launching(font_px=FONT_PX)
    with opening(chromium, base_url=site.base, viewport=PHONE, service_workers="block") as open_page:
        yield open_page()
    chromium.close()


@pytest.mark.parametrize("name", [*PAGES, "map"])
def test_nothing_is_cut_or_leaves_the_screen_or_pales(name: str, site: DemoSite, large_text: Any) -> None:
    page, address = large_text, {**addresses(site), "map": "/map"}[name]
    for language in LANGUAGES:
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{FONT_PX}px"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], language
        assert page.evaluate(LOST_TEXT) == [], language
    assert_axe_finds_no_fault(page, ["color-contrast", "target-size"], ["light"])


LONG_NAME = "Congress Heights–Barnaby Express"


@pytest.mark.parametrize("name", ["home", "station", "line", "trip", "timetable of a stop", "alerts", "map"])
def test_a_long_line_name_wraps_within_its_badge(name: str, site: DemoSite, large_text: Any) -> None:
    page = large_text
    page.goto({**addresses(site), "map": "/map"}[name])
    page.evaluate("name => document.querySelectorAll('.badge').forEach((badge) => badge.textContent = name)", LONG_NAME)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(LOST_TEXT) == []


def test_a_line_timetable_with_runs_called_off_is_no_wider_than_the_screen(site: DemoSite, large_text: Any) -> None:
    page = large_text
    page.goto(addresses(site)["timetable"])
    page.evaluate("for (const time of document.querySelectorAll('.runs td')) time.innerHTML += '<i class=vh>(off)</i>'")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_nothing_of_the_desk_leaves_the_screen(site: DemoSite, large_text: Any) -> None:
    page = large_text
    page.goto("/desk/login")
    page.locator("#token").fill(DESK_TOKEN)
    page.locator("button.main").click()
    page.wait_for_url("**/desk")
    route = site.service.timetable.route_id[0]
    for address in (
        "/desk", "/desk/disruptions", f"/desk/disruptions/new?phrase=accident&line={route}", "/desk/phrases/accident",
        f"/desk/why?line={route}", "/desk/accuracy", "/desk/screens", "/desk/deeds", "/desk/users",
    ):  # fmt: skip
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
