from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely

from api.answers.assets import map_library
from feeds.simulator.ground_tiles import write_tiles
from tests.journeys.accessibility import assert_axe_finds_no_fault
from tests.journeys.demo_site import DemoSite
from tests.journeys.opening import NewPage
from tests.journeys.places import station

pytestmark = pytest.mark.skipif(map_library() is None, reason="MapLibre is missing: pip install -e '.[map]'.")
SMALL = {"width": 360, "height": 480}
"""A phone of few pixels: here the processor draws each."""


def test_lines_and_vehicles_are_drawn_from_our_own_data_alone(site: DemoSite, new_page: NewPage) -> None:
    page = new_page(viewport=SMALL)
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

    assert_axe_finds_no_fault(page)

    # By keyboard: a line is chosen, its vehicles are listed, and the address holds what was chosen.
    page.locator(".map-list summary").press("Enter")
    page.locator(".map-list [data-line]").first.press("Enter")
    page.wait_for_url("**line=**")
    assert page.locator("#map-vehicles a").first.get_attribute("href").startswith("/trips/")
    page.goto(f"/map?stop={site.stop_id(station(site))}")
    page.locator(".maplibregl-popup .row .wait").first.wait_for()
    surface = "(place) => getComputedStyle(place).backgroundColor"
    popup = page.locator(".maplibregl-popup-content")
    assert popup.evaluate(surface) == popup.locator(".group").evaluate(surface), "in the dark it is dark to its edge"


COUNTRYSIDE = (0.9, 47.6)
"""Where nothing of the demo network lies."""
OPENMAPTILES = {
    "water": [("area", {"class": "river"})],
    "waterway": [("line", {"class": "river", "name": "Loire"})],
    "water_name": [("point", {"class": "lake", "name": "Lac"})],
    "landcover": [("area", {"class": "grass", "subclass": "park"})],
    "transportation": [("line", {"class": "primary"}), ("line", {"class": "minor"}), ("line", {"class": "rail"})],
    "transportation_name": [("line", {"class": "primary", "name": "Main Street", "name:fr": "Grand-Rue"})],
    "place": [("point", {"class": "town", "name": "Klarental", "name_fr": "Clairval"})],
}
PROTOMAPS = {
    "water": [
        ("area", {"kind": "river"}),
        ("line", {"kind": "river", "name": "Loire"}),
        ("point", {"kind": "lake", "name": "Lac"}),
    ],
    "landuse": [("area", {"kind": "park"})],
    "roads": [
        ("line", {"kind": "major_road", "kind_detail": "primary", "name": "Main Street", "name:fr": "Grand-Rue"}),
        ("line", {"kind": "minor_road"}), ("line", {"kind": "rail"}),
    ],
    "places": [("point", {"kind": "locality", "kind_detail": "town", "name": "Klarental", "name:fr": "Clairval"})],
}  # fmt: skip
"""Layers and kinds as files of both schemas have them: https://openmaptiles.org/schema, protomaps/basemaps."""
KEEP_THE_MAP = """
    let library;
    Object.defineProperty(window, "maplibregl", { get: () => library, set: (loaded) => {
        const { Map } = loaded;
        library = loaded;
        library.Map = class extends Map { constructor(of) { super(of); window.theMap = this; } };
    } });"""


def as_tiles(schema: dict[str, list[tuple[str, dict[str, str]]]], path: Path) -> bytes:
    """A file of that schema: each feature beside the others."""
    east, north = COUNTRYSIDE
    layers: dict[str, list[dict[str, Any]]] = {}
    for name, features in schema.items():
        for shape, says in features:
            y = north - 0.004 + 0.001 * sum(map(len, layers.values()))
            line = shapely.LineString([(east - 0.02, y), (east + 0.02, y)])
            of_kind = {"line": line, "area": line.buffer(0.0003), "point": shapely.Point(east, y)}
            layers.setdefault(name, []).append({**says, "geometry": of_kind[shape]})
    write_tiles(layers, path)
    return path.read_bytes()


@pytest.mark.parametrize("schema", [OPENMAPTILES, PROTOMAPS], ids=["openmaptiles", "protomaps"])
def test_streets_water_and_names_are_drawn_of_either_schema_that_a_city_brings(
    schema: Any, site: DemoSite, new_page: NewPage, tmp_path: Path
) -> None:
    data, page = as_tiles(schema, tmp_path / "town.pmtiles"), new_page(service_workers="block")

    def part(route: Any) -> None:
        start, end = map(int, route.request.headers["range"].removeprefix("bytes=").split("-"))
        says = {"Content-Range": f"bytes {start}-{min(end, len(data) - 1)}/{len(data)}"}
        route.fulfill(status=206, headers=says, body=data[start : end + 1])

    page.route("**/tiles.pmtiles*", part)
    page.add_init_script(KEEP_THE_MAP)
    page.goto("/map#15/{1}/{0}".format(*COUNTRYSIDE))
    page.locator("#map[data-streets]").wait_for(timeout=30_000)
    drawn = page.evaluate("""() => theMap.queryRenderedFeatures().filter(({ source }) => source === "streets")
        .map(({ layer, properties: says }) => `${layer.type} ${says.kind ?? says.class}`)""")
    assert {"fill river", "line rail", "symbol lake", "symbol river"} <= set(drawn), drawn
    assert "fill park" in drawn or "fill grass" in drawn
    assert {"line primary", "line minor"} <= set(drawn) or {"line major_road", "line minor_road"} <= set(drawn), drawn
    for image in ("town-Clairval", "street-Grand-Rue", "water-Loire", "water-Lac"):
        assert page.evaluate("image => theMap.hasImage(image)", image), image


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
