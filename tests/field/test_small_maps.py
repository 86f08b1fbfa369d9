"""Where a line goes and what is around a stop is seen on their pages, without a script."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from api.answers.assets import map_library
from api.app import create_app
from tests.api.town import at, service_at

pytestmark = pytest.mark.skipif(map_library() is None, reason="MapLibre is missing: pip install -e '.[map]'.")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(service_at(at(8, 1))))


def drawn(svg: str) -> tuple[set[str], int]:
    """Colours of the lines, and how many stops there are."""
    root = ElementTree.fromstring(svg)
    colours = {path.get("stroke") for path in root.iter(f"{SVG}path")} - {None}
    return {str(colour) for colour in colours}, len(list(root.iter(f"{SVG}circle")))


@pytest.mark.parametrize(
    ("page", "map_address"), [("/lines/tram-A", "/map?line=tram-A"), ("/stops/gare", "/map?stop=gare")]
)
def test_a_page_has_a_picture_that_leads_to_the_map(client: TestClient, page: str, map_address: str) -> None:
    found = re.search(
        r'<a class="small-map" href="([^"]+)"><img src="([^"]+)"[^>]*loading="lazy"', client.get(page).text
    )
    assert found
    assert unescape(found[1]) == map_address
    answer = client.get(unescape(found[2]))
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "max-age=86400" in answer.headers["cache-control"]
    assert urlsplit(unescape(found[2])).query.startswith(urlsplit(map_address).query), (
        "another line has another picture"
    )
    colours, stops = drawn(answer.text)
    assert "#E2001A" in colours
    assert stops > 2


def test_of_a_line_the_others_have_no_colour(client: TestClient) -> None:
    assert drawn(client.get("/map/picture.svg?line=tram-A").text)[0] == {"#E2001A"}
    assert len(drawn(client.get("/map/picture.svg").text)[0]) == 2


@pytest.mark.parametrize("query", ["line=nowhere", "stop=nowhere", "line=<svg>"])
def test_of_what_is_unknown_there_is_no_picture(client: TestClient, query: str) -> None:
    answer = client.get(f"/map/picture.svg?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_the_network_is_on_the_maps_page_before_any_script_comes(client: TestClient) -> None:
    answer = client.get("/map")
    assert len(drawn(re.search(r"<svg xmlns.*?</svg>", answer.text)[0])[0]) == 2  # type: ignore[index]
    style = re.search(r"<svg xmlns[^>]*><style>(.*?)</style>", answer.text)
    assert style
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
