"""Stop screens in a real browser: they live for months without anybody touching them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.command.port import listen
from feeds.alerts.alert import Selector
from feeds.reading import Reading
from predictor.trip_updates import TRIP_REPLACEMENT
from tests.api.serving import served
from tests.api.town import DATE, PATTERNS, TOWN, WORKS, at, disruption, service_at, tram_on_time
from tests.journeys.accessibility import assert_axe_finds_no_fault
from tests.journeys.opening import NewPage, opening
from tests.predictor.operator_word import ToldCall, ToldRun, trip_updates

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install -e '.[dev]'.")

NOW = at(8, 1)
VARIANTS = ("", "contrast", "eink")
SIZES = ((1920, 1080), (1080, 1920), (1280, 720))
EDGE_PX = 14.0
"""The picture may stand out of the panel by as much as it moves."""


@pytest.fixture
def screen(browser: Any) -> Iterator[NewPage]:
    """Opens a screen whose clock can be moved; one that never `hears` anything goes by that clock alone, and not by the
    server's."""
    with opening(browser, viewport={"width": 1920, "height": 1080}, locale="en-GB") as new_page:

        def open_screen(address: str, *, hears: bool = True, **options: Any) -> Any:
            page = new_page(clock=options.get("java_script_enabled", True), **options)
            if not hears:
                page.route("**only=**", lambda route: route.abort())
            page.goto(address)
            return page

        yield open_screen


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    alerts = (WORKS, replace(WORKS, alert_id="2", header={"": "Marché"}, description={"": "Rue Nationale fermée."}))
    with served(service_at(NOW, lambda now: replace(tram_on_time(now), alerts=alerts))) as address:
        yield address


def expect(locator: Any) -> Any:
    return sync_api.expect(locator)


def notice(page: Any) -> Any:
    return page.locator(".notice")


def test_a_screen_survives_the_restart_of_the_server(screen: NewPage) -> None:
    with served(service_at(NOW)) as address:
        page = screen(f"{address}/screen/hopital")
        expect(page.locator(".departure").first).to_have_class(re.compile("live"))
        expect(notice(page)).to_be_hidden()

    page.clock.fast_forward(30_000)
    expect(notice(page)).to_have_text("Connection lost: trying again")
    expect(page.locator(".departure.live .wait").first).to_have_text(re.compile(r"^[12] min$"))

    page.clock.fast_forward(40_000)
    expect(notice(page)).to_have_text("Connection lost: times are those of the timetable")
    expect(page.locator(".live")).to_have_count(0)
    expect(page.locator(".departure .wait").first).to_have_text("08:04")
    expect(page.locator(".departure.cancelled .wait").first).to_have_text("08:24")
    expect(page.locator("#clock")).to_have_text("08:02")

    with served(service_at(at(8, 3)), listen("127.0.0.1", urlsplit(address).port or 0)):
        page.clock.fast_forward(10_000)
        expect(notice(page)).to_be_hidden()
        expect(page.locator(".departure").first).to_have_class(re.compile("live"))
        expect(page.locator("#clock")).to_have_text("08:03")


def test_a_network_gone_for_hours_leaves_the_timetable_of_those_hours(screen: NewPage) -> None:
    with served(service_at(NOW)) as address:
        page = screen(f"{address}/screen/gare")
        expect(page.locator(".departure").first).to_be_visible()
    page.clock.fast_forward(26 * 60_000)
    expect(page.locator("#clock")).to_have_text("08:27")
    expect(page.locator(".row:not(.passed) .departure:not(.passed):not(.later)")).to_have_count(2)
    expect(page.locator(".row:not(.passed) .departure:not(.passed) .wait")).to_have_text(["08:35", "08:40"])
    expect(page.locator(".row:not(.passed) .platform")).to_have_text(["Platform 2", "Platform 1"])
    page.clock.fast_forward(60 * 60_000)
    expect(page.locator(".none")).to_have_text("No departure in the coming hours")


def test_a_screen_counts_down_by_itself_between_messages(screen: NewPage) -> None:
    with served(service_at(at(8, 1, 25))) as address:
        page = screen(f"{address}/screen/gare:2", hears=False)
        expect(page.locator(".departure .wait").first).to_have_text("3 min")
        page.clock.fast_forward(50_000)
        expect(page.locator(".departure .wait").first).to_have_text("2 min")
        expect(page.locator("#clock")).to_have_text("08:02")


def test_where_events_do_not_come_through_a_screen_asks_instead(screen: NewPage) -> None:
    alerts = [WORKS]
    service = service_at(NOW, lambda now: replace(tram_on_time(now), alerts=tuple(alerts)))
    with served(service) as address:
        page = screen("about:blank")
        page.route("**only=stream**", lambda route: route.abort())
        page.goto(f"{address}/screen/hopital")
        expect(page.locator(".message")).to_have_count(0)
        alerts.append(replace(WORKS, alert_id="2", selectors=(Selector(),), header={"": "Grève"}))
        service.step(service.clock.now())
        page.clock.fast_forward(30_000)
        expect(page.locator(".message strong")).to_have_text("Grève")
        expect(notice(page)).to_be_hidden()


def test_a_screen_whose_events_fall_silent_listens_anew(screen: NewPage, address: str) -> None:
    page = screen("about:blank")
    page.route("**only=stream**", lambda _: None)  # neither answered nor refused
    page.goto(f"{address}/screen/hopital")
    expect(page.locator(".departure").first).to_be_visible()
    page.clock.fast_forward(61_000)
    with page.expect_request("**only=stream**", timeout=10_000):
        page.clock.run_for(8_000)


def test_a_change_reaches_a_screen_before_it_asks_again(screen: NewPage) -> None:
    says = [disruption(NOW)]
    service = service_at(NOW, lambda now: Reading(tram_on_time(now).observations, says[-1], ()))
    with served(service) as address:
        page = screen(f"{address}/screen/hopital,gare")
        expect(page.locator(".departure.cancelled .wait")).to_have_text(["08:24", "08:20"])
        expect(page.locator(".change")).to_have_count(0)
        says.append(replace(says[0], trip_id=says[0].trip_id[::-1].copy(), trip=says[0].trip[::-1].copy()))
        service.step(service.clock.now())
        expect(page.locator(".departure.cancelled .wait")).to_have_text(["08:44", "08:40"], timeout=10_000)
        # The screen of several stops says at once from where its tram leaves instead.
        elsewhere = [TOWN.stop_index[stop] for stop in ("gare:2", *PATTERNS[0][1:])]
        calls = tuple(ToldCall(k, at(8, 20 + 2 * k), stop=stop) for k, stop in enumerate(elsewhere))
        run = ToldRun(1, TRIP_REPLACEMENT, calls, trip_id="A-0820")
        says.append(trip_updates(TOWN, NOW, TOWN.date_index[DATE], run))
        service.step(service.clock.now())
        expect(page.locator(".row.moved .change")).to_have_text("Platform change: 2 instead of 1", timeout=10_000)
        expect(page.locator(".row.moved .change")).to_be_in_viewport(ratio=0.9)


def test_messages_take_turns_and_can_be_stopped_by_keyboard(screen: NewPage, address: str) -> None:
    page = screen(f"{address}/screen/liberte?lang=fr", reduced_motion="reduce")
    shown = page.locator(".message:not([hidden]) strong")
    expect(shown).to_have_count(1)
    first = shown.inner_text()
    # Smaller steps than a turn: two turns at once would lead back to the first.
    for _ in range(4):
        if shown.inner_text() == first:
            page.clock.fast_forward(3_000)
    expect(shown).not_to_have_text(first)
    assert page.evaluate("document.getAnimations().length") == 0
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Reprendre le défilement")).to_be_focused()
    stopped = shown.inner_text()
    page.clock.fast_forward(9_000)
    expect(shown).to_have_text(stopped)


def test_electronic_paper_changes_once_a_minute_and_never_moves(screen: NewPage, address: str) -> None:
    page = screen(f"{address}/screen/liberte,gare?variant=eink", hears=False)
    expect(page.locator(".departure").first).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now() + 60_000 - (Date.now() % 60_000)"))
    page.evaluate(
        "window.changes = 0; new MutationObserver((seen) => { changes += seen.length; })"
        ".observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });"
    )
    # The network's minutes do not begin with those of the browser's clock.
    before = minute = page.locator("#clock").inner_text()
    while minute == before:
        page.clock.run_for(1_000)
        minute = page.locator("#clock").inner_text()
    page.evaluate("changes = 0")
    changed = set()
    for _ in range(70):
        page.clock.run_for(1_000)
        if page.evaluate("changes"):
            changed.add(page.locator("#clock").inner_text())
            page.evaluate("changes = 0")
    assert len(changed - {minute}) == 1
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.frame')).transform") == "none"


def test_the_picture_moves_a_little_every_minute(screen: NewPage, address: str) -> None:
    page = screen(f"{address}/screen/liberte", hears=False)
    places = set()
    for _ in range(8):
        box = page.locator("#clock").bounding_box()
        places.add((round(box["x"], 1), round(box["y"], 1)))
        page.clock.fast_forward(60_000)
        page.wait_for_timeout(30)
    assert len(places) >= 4
    assert max(x for x, _ in places) - min(x for x, _ in places) <= 2 * EDGE_PX


@pytest.mark.parametrize("stops", ["liberte", "liberte,hopital", "gare,liberte,hopital,st-pierre"])
def test_all_that_is_shown_is_on_the_panel_and_large(screen: NewPage, address: str, stops: str) -> None:
    page = screen(f"{address}/screen/{stops}?lang=fr", reduced_motion="reduce")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        outside = page.evaluate(
            """([edge]) => [...document.querySelectorAll(".row, #clock, h1, .message")].filter((one) => {
                const box = one.getBoundingClientRect();
                const list = one.parentNode.getBoundingClientRect();
                if (one.matches(".row") && box.left >= list.right) return false;  // wrapped out of sight
                return Math.min(box.left, box.top, innerWidth - box.right, innerHeight - box.bottom) < -edge;
            }).map((one) => one.outerHTML)""",
            [EDGE_PX],
        )
        assert outside == [], (width, height)
        hidden = page.evaluate(
            """() => [...document.querySelectorAll(".row")].filter((row) =>
                row.getBoundingClientRect().left >= row.parentNode.getBoundingClientRect().right).length"""
        )
        assert not hidden, "a direction vanishes while space is empty"
        for text, least in ((".name", 4.5), (".wait b", 4.2), ("#clock", 9.0), (".message p", 4.5)):
            # In one go: a board that came meanwhile would take the element out of the page.
            size = page.evaluate("text => parseFloat(getComputedStyle(document.querySelector(text)).fontSize)", text)
            assert size >= least / 100 * min(width, height), (text, width, height, size)


@pytest.mark.parametrize(
    ("language", "row", "button"),
    [("fr", r"Ligne A, direction Les Douets\s: \d+ minutes?, Véhicule [^,]*, puis à 08:2\d, supprimé", "Écouter"),
     ("en", r"Line A, towards Les Douets: \d+ minutes?, Vehicle [^,]*, then at 08:2\d, cancelled", "Read aloud"),
     ("de", r"Linie A, Richtung Les Douets: \d+ Minuten?, Fahrzeug [^,]*, dann um 08:2\d, fällt aus", "Vorlesen")],
)  # fmt: skip
def test_a_screen_reads_itself_aloud_to_who_presses_enter(
    screen: NewPage, address: str, language: str, row: str, button: str
) -> None:
    page = screen("about:blank")
    page.add_init_script(
        """window.heard = [];
        window.SpeechSynthesisUtterance = function (text) { this.text = text; };
        Object.defineProperty(window, "speechSynthesis", { value: {
            speak: (part) => { heard.push(part); }, cancel: () => {} } });"""
    )
    page.goto(f"{address}/screen/hopital,liberte?voice=1&lang={language}")
    expect(page.get_by_role("button", name=button)).to_be_focused()
    page.keyboard.press("Enter")
    heard = page.evaluate("heard.map(({ text, lang }) => [text, lang])")
    assert {lang for _, lang in heard} == {language}
    assert heard[0][0] == page.locator("h2").first.inner_text()
    assert any(re.match(row, text) for text, _ in heard), heard
    assert any(text == "Rue Nationale fermée." for text, _ in heard), "messages that wait for their turn are read too"
    page.evaluate("heard.forEach((part) => part.onend())")
    expect(page.get_by_role("button", name=button)).to_be_visible()
    # mbta/screens#478: what stands beside the destination is of the next departure.
    heard = page.evaluate(
        """() => {
        const [first, second] = document.querySelectorAll(".row"), call = second.querySelector(".departure");
        first.querySelector(".facts").innerHTML = "<b class=platform>Quai 2</b> <b class=note>7 au lieu</b>";
        call.className = "departure scheduled doubtful";
        call.querySelector(".status").textContent = "not departed yet";
        call.querySelector(".wait").className = "wait clock words";
        call.querySelector(".wait").textContent = "every 10 min";
        second.querySelector(".name").innerHTML = "<span data-spoken='Saint Yves'>St-Yves</span>";
        window.heard = [];
        document.getElementById("voice").click();
        return heard.map(({ text }) => text);
    }"""
    )
    assert any(re.search(r": [^,]*, Quai 2, 7 au lieu(, |\.$)", text) for text in heard), heard
    assert any(re.search(r": every 10 min, ([^,]*, )*not departed yet", text) for text in heard), heard
    assert any("Saint Yves" in text and "St-Yves" not in text for text in heard), heard
    page.goto(f"{address}/screen/liberte?lang={language}")
    expect(page.locator("#voice")).to_have_count(0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_axe_finds_no_fault(screen: NewPage, address: str, variant: str) -> None:
    page = screen(f"{address}/screen/liberte,gare?variant={variant}&voice=1", reduced_motion="reduce")
    assert_axe_finds_no_fault(page)


def test_without_a_script_a_screen_shows_all_and_refreshes_itself(screen: NewPage, address: str) -> None:
    page = screen(f"{address}/screen/liberte", java_script_enabled=False)
    expect(page.locator(".departure").first).to_be_visible()
    expect(page.locator(".message:not([hidden])")).to_have_count(1)
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content") == "30"
