"""What holds for each page of the site."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pytest

from api.words.texts import LANGUAGES
from tests.journeys.accessibility import assert_axe_finds_no_fault, assert_it_fits_every_width
from tests.journeys.conftest import wiped
from tests.journeys.demo_site import DemoSite
from tests.journeys.opening import NewPage
from tests.journeys.places import station
from tests.journeys.waiting import passes, polling, renewed_after

HEAVIEST_BYTES = 50_000
FIRST_FLIGHT_BYTES = 14_600
"""What a server sends before it waits for the first acknowledgement: ten packets."""


def addresses(site: DemoSite) -> dict[str, str]:
    tt, now = site.service.timetable, site.service.clock.now()
    hub = station(site)
    vehicles = site.service.view.snapshot.vehicles
    passed = dict(zip(vehicles.trip.tolist(), vehicles.next_call.tolist(), strict=True))
    row = next(row for row in site.departures(hub) if row.published > now and passed.get(row.trip_idx, 0) > 5)
    trip = f"/trips/{quote(row.trip_id)}?date={row.service_date}&start={row.start_time}&stop={row.stop_id}"
    return {
        "home": "/",
        "results": "/?q=place",
        "nothing found": "/?q=xyzzy",
        "near": f"/?near={tt.stop_lat[hub]:.5f},{tt.stop_lon[hub]:.5f}",
        "stop": f"/stops/{tt.stop_id[np.argmax(np.bincount(tt.call_stop, minlength=tt.stops))]}",
        "station": f"/stops/{tt.stop_id[hub]}",
        "line": f"/lines/{tt.route_id[0]}",
        "trip": trip,
        "timetable": f"/lines/{tt.route_id[0]}/timetable",
        "timetable of a stop": f"/stops/{tt.stop_id[hub]}/timetable",
        "sign": f"/stops/{tt.stop_id[hub]}/sign",
        "embedded": f"/embed/{tt.stop_id[hub]}",
        "alerts": "/alerts",
        "not found": "/stops/nowhere",
        "offline": "/offline",
    }


PAGES = [
    "home",
    "results",
    "nothing found",
    "near",
    "stop",
    "station",
    "line",
    "trip",
    "timetable",
    "timetable of a stop",
    "sign",
    "embedded",
    "alerts",
    "not found",
    "offline",
]


class Visit(NamedTuple):
    """One page in French, as a new visitor is shown it: all that is looked at there is looked at in one visit."""

    page: Any
    address: str
    sizes: dict[str, int]
    """Bytes on the wire by request."""
    document: str
    """The request of the page itself."""


@pytest.fixture(scope="module", params=PAGES)
def visit(request: pytest.FixtureRequest, phone: Any, site: DemoSite) -> Visit:
    address = addresses(site)[request.param]
    session = wiped(phone).context.new_cdp_session(phone)
    sizes: dict[str, int] = {}
    request_of: dict[str, str] = {}
    session.on("Network.responseReceived", lambda event: request_of.update({event["type"]: event["requestId"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    phone.goto(address)
    session.detach()
    return Visit(phone, address, sizes, request_of["Document"])


def test_it_is_light_enough_for_a_poor_phone(visit: Visit) -> None:
    assert 0 < sum(visit.sizes.values()) < HEAVIEST_BYTES, visit.sizes
    assert visit.sizes[visit.document] < FIRST_FLIGHT_BYTES, "the page does not come in one round trip"


def test_axe_finds_no_fault_in_light_or_dark(visit: Visit) -> None:
    assert_axe_finds_no_fault(visit.page)


def test_it_fits_every_width_and_speaks_every_language(visit: Visit) -> None:
    page = visit.page
    for language in sorted(LANGUAGES, key="fr".__ne__):
        if language != "fr":
            page.goto(f"{visit.address}{'&' if '?' in visit.address else '?'}lang={language}")
        assert page.locator("html").get_attribute("lang") == language
        assert_it_fits_every_width(page)


@pytest.mark.parametrize(
    ("fault", "style", "said"),
    [
        ("color-contrast", "p { color: #ddd }", "<p>"),
        ("color-contrast", "@media (prefers-color-scheme: dark) { p { color: #222 } }", "<p>"),
        ("target-size", "button { width: 9px; height: 9px; padding: 0; border: 0 }", "<button"),
        ("more than colours", "@media (prefers-color-scheme: dark) { p { padding: 0 } }", "padding"),
    ],
)
def test_axe_would_find_a_fault(fault: str, style: str, said: str, phone: Any) -> None:
    page = wiped(phone)
    page.goto("/offline")
    page.evaluate(
        """(style) => {
            document.querySelector("main").innerHTML = "<h1>T</h1><p>pale</p><button>1</button><button>2</button>";
            document.adoptedStyleSheets = [new CSSStyleSheet()];
            document.adoptedStyleSheets[0].replaceSync(`button { padding: 1rem } ${style}`);
        }""",
        style,
    )
    with pytest.raises(AssertionError, match=f"(?s){fault}.*{said}"):
        assert_axe_finds_no_fault(page)


def test_the_first_countdown_needs_nothing_but_the_page_itself(site: DemoSite, new_page: NewPage) -> None:
    page = new_page()
    page.route("**/*", lambda route: route.continue_() if route.request.is_navigation_request() else route.abort())
    page.goto(addresses(site)["station"], wait_until="domcontentloaded")
    assert page.locator(".departure.live .wait").first.is_visible()
    colour = page.locator(".badge").first.evaluate("badge => getComputedStyle(badge).backgroundColor")
    assert colour not in ("rgba(0, 0, 0, 0)", ""), "the style does not come with the page"


def test_the_language_that_a_rider_chose_is_kept(site: DemoSite, new_page: NewPage) -> None:
    page = new_page(locale="en-GB")
    page.goto("/")
    assert page.get_by_role("heading", level=1).inner_text() == "Next departures"
    page.get_by_role("link", name="Français").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Prochains passages"
    page.goto("/stops/nowhere")
    assert page.get_by_role("heading", level=1).inner_text() == "Page introuvable"


def test_a_rider_without_a_pointer_gets_to_a_trip(site: DemoSite, new_page: NewPage) -> None:
    page = new_page()
    name = str(site.service.timetable.stop_name[station(site)])
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "q":
            break
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    link = f"/stops/{site.stop_id(station(site))}"
    tab_to(page, link)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{link}")
    tab_to(page, "/trips/")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.evaluate("document.activeElement.closest('[data-at]').dataset.at = 0")
    renewed = renewed_after(page)
    site.move_on(60.0)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    renewed.wait_for()
    assert "/trips/" in focused(page), "a bus that leaves, or an update of the board, takes the focus away"
    page.keyboard.press("Enter")
    page.wait_for_url("**/trips/**")


def test_the_stops_behind_a_trips_vehicle_are_folded_away_and_stay_unfolded_once_opened(
    site: DemoSite, new_page: NewPage
) -> None:
    page = polling(new_page)
    page.goto(addresses(site)["trip"])
    behind = page.locator(".behind .stop-name")
    assert behind.count() > 3
    assert not behind.first.is_visible()
    assert page.locator(".yours").is_visible()
    page.locator(".behind summary").click()
    renewed = renewed_after(page)
    passes(page, site.move_on)
    renewed.wait_for()
    assert behind.first.is_visible(), "an update of the board folds them away"


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('href') || ''"))


def tab_to(page: Any, href: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused(page).startswith(href):
            return
    raise AssertionError(f"{href} is not reached by 40 presses of Tab")


def test_the_api_can_be_tried_in_the_browser_where_no_other_server_is_reached(
    site: DemoSite, new_page: NewPage
) -> None:
    page = new_page(viewport={"width": 1280, "height": 800})
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: None if request.url.startswith((site.base, "data:")) else elsewhere.append(request.url),
    )
    page.goto("/docs")
    page.locator('[data-path="/v1/stops/{stop_id}/departures"]').first.wait_for()
    assert not elsewhere
