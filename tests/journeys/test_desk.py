"""An officer at the desk, in a real browser; what is published is before riders at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.answers.assets import map_library
from api.words.texts import LANGUAGES
from tests.journeys.accessibility import assert_axe_finds_no_fault, assert_it_fits_every_width
from tests.journeys.conftest import PHONE
from tests.journeys.demo_site import DESK_TOKEN, DemoSite
from tests.journeys.opening import NewPage, opening
from tests.journeys.places import station

REFRESHED_EVERY_MS = 10_000
PAGES = [
    "/desk", "/desk/disruptions", "/desk/disruptions/new?phrase=stop_not_served&line=A",
    "/desk/disruptions/new?phrase=delay", "/desk/phrases", "/desk/phrases/works",
    "/desk/phrases/new", "/desk/why?line=A", "/desk/accuracy?line=A", "/desk/users", "/desk/deeds", "/desk/screens",
]  # fmt: skip
WHERE_ON_THE_MAP = """(place, [lon, lat]) => {
  const north = (degrees) => Math.log(Math.tan(Math.PI / 4 + (degrees * Math.PI) / 360));
  const east = (degrees) => (degrees * Math.PI) / 180;
  const [w, s, e, n] = JSON.parse(place.dataset.bounds), box = place.getBoundingClientRect();
  const scale = Math.min((box.width - 40) / (east(e) - east(w)), (box.height - 40) / (north(n) - north(s)));
  return [box.x + box.width / 2 + scale * (east(lon) - (east(w) + east(e)) / 2),
          box.y + box.height / 2 - scale * (north(lat) - (north(s) + north(n)) / 2)];
}"""
"""Where a place lies on a map that shows all lines, as MapLibre fits them in: pixels of the page."""


@pytest.fixture
def desk(new_page: NewPage) -> Iterator[Any]:
    """A page that an officer has signed in at; what was published is ended afterwards."""
    page = signed_in(new_page())
    yield page
    token = {"Authorization": f"Bearer {DESK_TOKEN}"}
    base = page.url.split("/desk")[0]
    for one in httpx.get(f"{base}/v1/disruptions").json()["disruptions"]:
        if one["source"] == "desk":
            httpx.delete(f"{base}/v1/disruptions/{one['disruption_id']}", headers=token)


def signed_in(page: Any) -> Any:
    page.goto("/desk")
    page.locator("#token").fill(DESK_TOKEN)
    page.locator("button.main").click()
    page.wait_for_url("**/desk")
    return page


def test_an_alert_is_on_the_riders_page_and_in_gtfs_realtime_at_once(
    site: DemoSite, desk: Any, new_page: NewPage
) -> None:
    tt, hub = site.service.timetable, station(site)
    rider = new_page()
    desk.goto("/desk")
    desk.get_by_role("link", name="Arrêt non desservi").click()
    desk.locator("#stop_query").fill(str(tt.stop_name[hub]))
    desk.locator("#stops .found .chip").first.click()
    desk.locator("#preview").get_by_text(f"Not stopping at {tt.stop_name[hub]}").wait_for()
    desk.get_by_role("button", name="Publier").click()
    desk.wait_for_url("**published=*")

    rider.goto(f"/stops/{tt.stop_id[hub]}")
    header = f"Pas d’arrêt à {tt.stop_name[hub]}"
    assert rider.locator(".alerts").get_by_text(header).is_visible()
    message = FeedMessage.FromString(httpx.get(f"{site.base}/gtfs-rt/alerts").content)
    ours = [entity for entity in message.entity if entity.id.startswith("desk:")]
    assert [text.text for text in ours[0].alert.header_text.translation if text.language == "fr"] == [header]


def test_an_officer_without_a_script_publishes_changes_and_ends(site: DemoSite, new_page: NewPage) -> None:
    page = signed_in(new_page(java_script_enabled=False))
    page.get_by_role("link", name="Retard").click()
    page.locator(".chip.line").first.click()
    page.get_by_label("Minutes de retard").fill("20")
    # Enter shows the preview: nobody must publish by accident.
    page.get_by_label("Minutes de retard").press("Enter")
    assert "retards d’environ 20 min" in page.locator("#preview").inner_text()
    assert "desk:" not in httpx.get(f"{site.base}/v1/disruptions").text
    page.get_by_role("button", name="Publier").click()
    page.get_by_role("link", name="Modifier").first.click()
    page.get_by_label("Minutes de retard").fill("30")
    page.get_by_role("button", name="Enregistrer").click()
    assert "retards d’environ 30 min" in page.locator("article.card").first.inner_text()
    page.get_by_role("button", name="Terminer maintenant").first.click()
    assert page.locator("article.card").count() == 0


def test_the_preview_follows_what_is_picked_without_a_click(desk: Any) -> None:
    desk.goto("/desk/disruptions/new?phrase=detour")
    desk.locator(".chip.line").first.click()
    desk.get_by_label("Itinéraire par").press_sequentially("rue Neuve")
    desk.locator("#preview").get_by_text("déviation par rue Neuve").wait_for()
    assert desk.get_by_label("Itinéraire par").evaluate("field => field === document.activeElement")


@pytest.mark.skipif(map_library() is None, reason="MapLibre is missing: pip install -e '.[map]'.")
def test_an_officer_picks_a_stop_on_the_map_and_takes_it_out_again(site: DemoSite, desk: Any) -> None:
    tt, hub = site.service.timetable, station(site)
    stop = next(stop for stop in tt.pattern_stop.tolist() if tt.stop_name[stop] == tt.stop_name[hub])
    desk.set_viewport_size({"width": 800, "height": 600})
    desk.goto("/desk/disruptions/new?phrase=stop_not_served")
    desk.locator("#map-pick summary").press("Enter")
    desk.locator("#pick-map[data-drawn]").wait_for(timeout=30_000)
    desk.locator("#pick-map").scroll_into_view_if_needed()
    x, y = desk.locator("#pick-map").evaluate(WHERE_ON_THE_MAP, [float(tt.stop_lon[stop]), float(tt.stop_lat[stop])])
    desk.mouse.move(x, y)
    # By a level each: every picture on the way is drawn by the processor.
    for _ in range(3):
        desk.mouse.wheel(0, -4000)
        desk.wait_for_timeout(300)
    said, chosen = desk.locator("#pick-said"), desk.locator("#stops .chosen", has_text=str(tt.stop_name[stop]))
    desk.mouse.click(x, y)
    chosen.wait_for()
    assert str(tt.stop_name[stop]) in said.inner_text()
    desk.locator("#preview").get_by_text(f"Pas d’arrêt à {tt.stop_name[stop]}").wait_for()
    desk.mouse.click(x, y)
    chosen.wait_for(state="detached")


@pytest.fixture
def silent_lines(site: DemoSite) -> Iterator[None]:
    """The vehicles of three lines have gone silent: each line suggests a draft."""
    with site.lines_gone_silent(*map(str, site.service.timetable.route_id[:3])):
        yield


@pytest.mark.usefixtures("silent_lines")
def test_an_officer_without_a_script_dismisses_a_draft_by_the_keyboard_and_brings_it_back(new_page: NewPage) -> None:
    page = signed_in(new_page(java_script_enabled=False))
    first = page.get_by_role("button", name="Plus tard").first
    situation = first.get_attribute("value")
    offered = page.locator(f'form[action$=dismiss] [value="{situation}"]')
    dismissed = page.locator(f'form[action$=bring-back] [value="{situation}"]')
    page.locator(".draft a").first.focus()
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/desk#drafts")
    assert (offered.count(), dismissed.count()) == (0, 1)
    assert not dismissed.is_visible()
    page.locator("summary", has_text="Remis à plus tard (1)").focus()
    for key in ("Enter", "Tab", "Enter"):
        page.keyboard.press(key)
    offered.wait_for()
    assert dismissed.count() == 0


@pytest.mark.usefixtures("silent_lines")
def test_what_one_officer_dismisses_is_dismissed_for_the_others_whose_open_list_stays_open(
    desk: Any, new_page: NewPage
) -> None:
    other = new_page()
    other.clock.install()
    signed_in(other)
    desk.goto("/desk")
    for count in (1, 2):
        desk.get_by_role("button", name="Plus tard").first.click()
        desk.locator("summary", has_text=f"Remis à plus tard ({count})").wait_for()
        other.clock.fast_forward(REFRESHED_EVERY_MS)
        other.locator("summary", has_text=f"Remis à plus tard ({count})").wait_for()
        if count == 1:
            other.locator("summary").click()
    assert other.locator("details .draft").nth(1).is_visible()
    assert_it_fits_every_width(other)
    other.set_viewport_size(PHONE)
    assert_axe_finds_no_fault(other)
    for count in (1, 0):
        desk.locator("summary").click()
        desk.get_by_role("button", name="Rétablir").first.click()
        desk.locator("summary", has_text=f"({count + 1})").wait_for(state="detached")
    assert desk.locator("summary").count() == 0


@pytest.fixture(scope="module")
def looked_at(browser: Any, site: DemoSite) -> Iterator[Any]:
    """A page that an officer has signed in at once for all tests that only look."""
    with opening(browser, base_url=site.base, viewport=PHONE, locale="fr-FR") as open_page:
        yield signed_in(open_page())


@pytest.mark.parametrize("address", [*PAGES, "/desk/login"])
def test_it_fits_every_width_and_axe_finds_no_fault_in_light_or_dark(address: str, looked_at: Any) -> None:
    page = looked_at
    for language in LANGUAGES:
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        assert_it_fits_every_width(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")
    assert_axe_finds_no_fault(page)
