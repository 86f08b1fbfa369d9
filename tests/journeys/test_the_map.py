from __future__ import annotations

import pytest

from api.answers.assets import map_library
from tests.journeys.demo_site import DemoSite
from tests.journeys.opening import NewPage
from tests.journeys.places import station
from tests.journeys.test_every_page import WCAG, axe

pytestmark = pytest.mark.skipif(map_library() is None, reason="MapLibre is missing: pip install -e '.[map]'.")


def test_lines_and_vehicles_are_drawn_from_our_own_data_alone(site: DemoSite, new_page: NewPage) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/v1/vehicles") as answer:
        page.goto("/map")
    assert len(answer.value.json()["features"]) > 20
    page.locator("#map[data-drawn]").wait_for(timeout=30_000)
    network = page.request.get(page.locator("#map").get_attribute("data-network")).json()
    kinds = [feature["properties"]["kind"] for feature in network["features"]]
    assert set(network["lines"]) == set(site.service.timetable.route_id.tolist())
    assert kinds.count("line") >= len(network["lines"])
    assert kinds.count("stop") > 300
    page.locator("#map[data-streets]").wait_for(timeout=30_000)
    assert sum("tiles.pmtiles" in url for url in asked) > 2, "the streets are read in ranges"
    assert all(url.startswith((site.base, "blob:", "data:", "pmtiles:")) for url in asked), asked
    page.get_by_text("Données d’il y a").wait_for()

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        faults = axe.Axe().run(page, options=WCAG).response["violations"]
        assert not faults, [(fault["id"], fault["help"], fault["nodes"][0]["html"]) for fault in faults]

    # By keyboard: a line is chosen, its vehicles are listed, and the address holds what was chosen.
    page.locator(".map-list summary").press("Enter")
    page.locator(".map-list [data-line]").first.press("Enter")
    page.wait_for_url("**line=**")
    assert page.locator("#map-vehicles a").first.get_attribute("href").startswith("/trips/")
    page.goto(f"/map?stop={site.stop_id(station(site))}")
    page.locator(".maplibregl-popup .row .wait").first.wait_for()


def test_on_a_slow_network_the_lines_are_seen_before_what_draws_them_has_come(
    site: DemoSite, new_page: NewPage
) -> None:
    page = new_page(service_workers="block")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow_3g = {"offline": False, "latency": 2000, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    session.send("Network.emulateNetworkConditions", slow_3g)
    page.goto("/map", wait_until="commit")
    page.locator(".map-first path").first.wait_for()
    seen_ms = page.evaluate("performance.now()")
    assert seen_ms < 3000
    assert page.get_by_text("Chargement du plan…").is_visible()


def test_small_maps_lead_to_the_map_by_keyboard_and_without_a_script(site: DemoSite, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"/stops/{site.stop_id(station(site))}")
    small = page.locator(".small-map")
    small.locator("img").evaluate("img => img.decode()")
    small.press("Enter")
    page.wait_for_url("**/map?stop=*")


def test_without_a_script_the_map_leads_to_the_lines(site: DemoSite, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/map")
    page.get_by_role("link", name="Lignes").click()
    page.locator(".lines a").first.wait_for()
    assert page.locator(".lines a").count() == len(site.service.timetable.route_id)
