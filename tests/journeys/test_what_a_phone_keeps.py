from __future__ import annotations

from typing import Any

from tests.journeys.demo_site import DemoSite
from tests.journeys.opening import NewPage
from tests.journeys.places import small_stop_with_live_departure, station
from tests.journeys.waiting import passes, renewed_after

LONG_S = 1800.0


def board_of(site: DemoSite, stop: int) -> str:
    return f"/stops/{site.stop_id(stop)}"


def keep_long_ago(page: Any, address: str) -> None:
    """Wait until the service worker has kept the page, and let that have happened `LONG_S` ago."""
    page.evaluate(
        """async ([address, ago]) => {
          await navigator.serviceWorker.ready;
          const pages = await caches.open("pages-1"), url = new URL(address, location);
          let kept;
          for (let looks = 0; !(kept = await pages.match(url)); looks++) {
            if (looks > 400) throw new Error(`${url} was not kept`);
            await new Promise(done => setTimeout(done, 50));
          }
          const headers = new Headers(kept.headers);
          headers.set("Kept-At", Number(headers.get("Kept-At")) - ago * 1000);
          await pages.put(url, new Response(await kept.text(), { headers }));
        }""",
        [address, LONG_S],
    )


def test_stops_are_suggested_while_a_name_is_typed_and_chosen_by_arrow_keys(site: DemoSite, new_page: NewPage) -> None:
    stop = station(site)
    page = new_page()
    page.goto("/")
    page.locator("#q").press_sequentially(str(site.service.timetable.stop_name[stop])[:-1].upper())
    suggestion = page.locator(f'#suggestions a[href="{board_of(site, stop)}"]')
    suggestion.wait_for()
    assert "arrêt" in page.locator("#near-said").inner_text(), "a screen reader is told how many were found"
    for _ in range(6):
        page.keyboard.press("ArrowDown")
        if page.evaluate("document.activeElement.getAttribute('href')") == board_of(site, stop):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{board_of(site, stop)}")


def test_suggestions_go_when_they_are_not_wanted(site: DemoSite, new_page: NewPage) -> None:
    page = new_page()
    page.goto("/")
    page.locator("#q").press_sequentially("place")
    page.locator("#suggestions a").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#suggestions").is_hidden()


def test_the_nearest_stops_are_shown_to_who_permits_it(site: DemoSite, new_page: NewPage) -> None:
    tt, stop = site.service.timetable, station(site)
    place = {"latitude": float(tt.stop_lat[stop]), "longitude": float(tt.stop_lon[stop])}
    page = new_page(geolocation=place, permissions=["geolocation"])
    page.goto("/")
    page.locator("#near").click()
    page.wait_for_url("**near=**")
    assert page.locator(".stop-title").first.inner_text().startswith(tt.stop_name[stop])
    assert page.locator(".row .departure.live .wait").count()
    page.goto("/")
    page.get_by_role("heading", name="Près de vous").wait_for()


def test_who_refuses_to_be_located_is_told_what_to_do(site: DemoSite, new_page: NewPage) -> None:
    page = new_page(permissions=[])
    page.goto("/")
    page.locator("#near").click()
    page.get_by_text("cherchez l’arrêt par son nom").wait_for()


def test_favourites_and_recent_stops_are_on_the_home_page_until_taken_off(site: DemoSite, new_page: NewPage) -> None:
    favourite, other = station(site), small_stop_with_live_departure(site, 60, 3000)
    page = new_page()
    page.goto(board_of(site, favourite))
    page.get_by_role("button", name="Ajouter aux favoris").click()
    page.goto(board_of(site, other))
    page.goto("/")
    tt = site.service.timetable
    page.locator("#board[data-favourites] .departure.live .wait").first.wait_for()
    assert page.locator("#board .stop-title").all_inner_texts() == [tt.stop_name[favourite]]
    assert page.locator("#recent .stop-name").all_inner_texts() == [tt.stop_name[other]]
    page.get_by_role("button", name="Effacer").click()
    assert page.locator("#recent").is_hidden()
    page.locator("#board h3 a").click()
    star = page.get_by_role("button", name="Ajouter aux favoris", pressed=True)
    star.click()
    page.goto("/")
    page.get_by_role("heading", name="Arrêts les plus fréquentés").wait_for()
    assert page.locator("#favourites").is_hidden()


def test_without_a_network_the_last_board_is_shown_as_old(site: DemoSite, new_page: NewPage) -> None:
    page, address = new_page(), board_of(site, station(site))
    page.goto(address)
    keep_long_ago(page, address)
    page.context.set_offline(True)
    page.goto(address)
    assert "il y a 30\u00a0min" in page.locator("#gone").inner_text()
    assert page.locator(".departure.live, [data-live]").count() == 0
    assert page.locator(".wait.minutes, .wait.approach").count() == 0
    page.goto("/lines/nowhere")
    assert page.get_by_role("heading", level=1).inner_text() == "Hors connexion"
    page.context.set_offline(False)
    page.goto(address)
    page.locator(".departure.live").first.wait_for()
    assert page.locator("#gone").is_hidden()


def test_the_board_comes_over_a_stream_and_by_polling_where_that_is_refused(site: DemoSite, new_page: NewPage) -> None:
    page, address = new_page(clock=True, service_workers="block"), board_of(site, station(site))
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if "fragment=" in request.url else None)
    page.goto(address)
    renewed = renewed_after(page)
    site.move_on(60.0)
    renewed.wait_for()
    assert not polls
    page.route("**/stream?*", lambda route: route.fulfill(status=503))
    page.goto(address)
    renewed = renewed_after(page)
    passes(page, site.move_on, 60.0)
    renewed.wait_for()


def test_it_can_be_installed(site: DemoSite, new_page: NewPage) -> None:
    page = new_page()
    page.goto("/")
    session = page.context.new_cdp_session(page)
    assert session.send("Page.getAppManifest")["errors"] == []
    manifest = page.request.get(page.locator("link[rel=manifest]").get_attribute("href")).json()
    assert manifest["lang"] == "fr"
    for icon in manifest["icons"]:
        assert page.request.get(icon["src"]).headers["content-type"] == icon["type"]
