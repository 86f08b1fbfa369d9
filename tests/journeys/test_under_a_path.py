"""A city serves its buses under a path of its own site, `example.org/bus/`: nothing that we write leaves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from tests.journeys.demo_site import DESK_TOKEN, DemoSite, served
from tests.journeys.places import station

ROOT = "/bus"
_LINKS = re.compile(r'\b(?:href|src|action|data-ask|data-stream|data-network)="([^"]*)"|<(?:loc|link)>([^<]*)<')
_OF_A_KIND = 2
"""So many pages of one route are opened."""


@pytest.fixture(scope="module")
def app(site: DemoSite) -> FastAPI:
    return create_app(site.service, site.desk, root_path=ROOT)


def of_ours(app: FastAPI) -> str:
    """The first parts of our addresses, as alternatives of a regular expression."""
    paths = {str(getattr(route, "path", "")).split("/")[1] for route in app.routes}
    return "|".join(sorted(re.escape(part) for part in paths if part and "{" not in part))


def crawled(client: TestClient, start: list[str]) -> Iterator[tuple[str, Any]]:
    """The answers of all that the pages lead to, of each route some."""
    waiting, seen, of_route = list(start), set(start), dict[str, int]()
    while waiting:
        address = waiting.pop(0)
        if address.partition("?")[0].endswith("/stream"):
            continue
        kind = re.sub(r"(/(?:stops|lines|trips|embed|static)/)[^/]+", r"\1…", address.split("?")[0])
        of_route[kind] = of_route.get(kind, 0) + 1
        if of_route[kind] > _OF_A_KIND:
            continue
        answer = client.get(address, follow_redirects=False)
        yield address, answer
        found = [answer.headers.get("location", "")]
        if "html" in answer.headers["content-type"] or "xml" in answer.headers["content-type"]:
            found += [unescape(href or place) for href, place in _LINKS.findall(answer.text)]
        for link in found:
            parts = urlsplit(urljoin(f"http://testserver{address}", link))
            if parts.netloc == "testserver":
                inside = parts._replace(scheme="", netloc="", fragment="").geturl()
                if inside not in seen:
                    seen.add(inside)
                    waiting.append(inside)


def test_no_link_form_script_or_redirect_of_any_page_leaves_the_path(app: FastAPI, site: DemoSite) -> None:
    client = TestClient(app, headers={"Accept": "text/html"})
    entered = client.post(f"{ROOT}/desk/login", data={"token": DESK_TOKEN}, follow_redirects=False)
    assert (entered.headers["location"], "Path=/bus/desk;" in entered.headers["set-cookie"]) == ("/bus/desk", True)
    stop = quote(site.stop_id(station(site)))
    also = [
        "/manifest.webmanifest", "/worker.js", "/robots.txt", "/sitemap.xml", "/alerts.rss", "/docs", "/map/network",
        f"/screen/{stop}", f"/stops/{stop}/sign", f"/embed/{stop}", "/?q=place", "/?q=A", "/offline", "/desk/nowhere",
        f"/v1/stops/{stop}/departures", "/siri/2.0/lines-discovery.json", "/lines/nowhere", "/?fragment=board",
        f"/stops/{stop}?order=line", f"/stops/{stop}?lang=de", "/desk/why", "/map",
    ]  # fmt: skip
    # Whatever stands in quotes or brackets, after a host or alone as a value begins an address.
    ours = re.compile(rf"""(?:["'`(>]|testserver|=")/(?:["'`]|(?:{of_ours(app)})\b)""")
    seen = set()
    for address, answer in crawled(client, [f"{ROOT}{path}" for path in ("/", "/desk", *also)]):
        assert address.startswith(f"{ROOT}/"), f"a page leads to {address}"
        # 405: where forms are posted to.
        assert answer.status_code in (200, 303, 405) or "nowhere" in address, (address, answer.status_code)
        assert answer.headers.get("location", f"{ROOT}/").startswith(f"{ROOT}/"), address
        assert all(re.search(rf"; Path={ROOT}/", said) for said in answer.headers.get_list("set-cookie")), address
        theirs = "maplibre" in address or "offline-docs" in address
        if not theirs and not answer.headers["content-type"].startswith(("image", "application/geo")):
            outside = ours.search(answer.text)
            assert not outside, f"{address}: {answer.text[outside.start() - 60 : outside.end() + 60]}"
        seen.add(address)
    kinds = {address.split("/")[2].split("?")[0] for address in seen}
    assert {"", "stops", "lines", "trips", "map", "alerts", "static", "desk", "embed", "manifest.webmanifest"} <= kinds
    document = client.get(f"{ROOT}/openapi.json").json()
    assert document["servers"] == [{"url": ROOT}]


def test_a_proxy_may_take_the_path_off_or_leave_it_and_addresses_with_a_host_have_it(
    app: FastAPI, site: DemoSite
) -> None:
    client = TestClient(app, base_url="https://example.org")
    stop = quote(site.stop_id(station(site)))
    whole, stripped = (client.get(f"{prefix}/stops/{stop}/sign").text for prefix in (ROOT, ""))
    assert whole == stripped
    assert f"https://example.org{ROOT}/stops/{stop}<" in whole
    assert f"https://example.org{ROOT}/embed/{stop}" in client.get(f"{ROOT}/stops/{stop}").text
    assert f"Sitemap: https://example.org{ROOT}/sitemap.xml" in client.get(f"{ROOT}/robots.txt").text
    assert client.get(ROOT).text.startswith("<!doctype html>")


def test_answers_kept_for_a_second_are_not_given_under_another_path(site: DemoSite) -> None:
    app = create_app(site.service, site.desk)
    under, plain = TestClient(app, root_path=ROOT), TestClient(app)
    line = f"/lines/{quote(str(site.service.timetable.route_id[0]))}"
    for _ in range(2):
        assert 'href="/bus/stops/' in under.get(f"{ROOT}{line}").text
        assert 'href="/stops/' in plain.get(line).text


def test_what_scripts_ask_for_stays_under_the_path(app: FastAPI, browser: Any, site: DemoSite) -> None:
    asked: list[str] = []
    stop = station(site)
    tt = site.service.timetable
    with served(app, lifespan="off") as base, browser.new_context(
        base_url=base, viewport={"width": 800, "height": 600}, permissions=["geolocation"],
        geolocation={"latitude": float(tt.stop_lat[stop]), "longitude": float(tt.stop_lon[stop])},
    ) as context:  # fmt: skip
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(f"{ROOT}/stops/{quote(site.stop_id(stop))}")
        page.click("#favourite")
        page.evaluate("navigator.serviceWorker.ready")
        page.goto(f"{ROOT}/")
        page.wait_for_selector("[data-mine] #nearest-title")
        page.fill("#q", str(tt.stop_name[stop])[:4])
        page.wait_for_selector("#suggestions a")
        page.goto(f"{ROOT}/map?stop={quote(site.stop_id(stop))}")
        page.wait_for_selector("#map[data-drawn]")
        page.wait_for_selector(".maplibregl-popup .group a")
        kept = page.evaluate("(async () => [Object.keys(localStorage), await caches.keys()])()")
    assert kept[0] and all(name.startswith(ROOT) for name in kept[0])
    assert kept[1] and all(name.endswith(ROOT) for name in kept[1])
    paths = {urlsplit(address).path for address in asked if address.startswith("http")}
    assert {f"{ROOT}/worker.js", f"{ROOT}/v1/vehicles", f"{ROOT}/map/network", f"{ROOT}/offline"} <= paths
    assert all(path.startswith(f"{ROOT}/") for path in paths)
