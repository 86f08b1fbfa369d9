from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from api.service.stop_search import normalised
from tests.api.serving import served
from tests.api.town import at, service_at, tram_on_time
from tests.field.test_told_when_the_page_is_closed import Browser
from tests.journeys.demo_site import PUSH_HOST, DemoSite
from tests.journeys.opening import NewPage
from tests.journeys.places import small_stop_with_live_departure, station
from tests.journeys.waiting import passes, polling, waits_of_the_first_departure


def misspelt(name: str) -> str:
    """Without accents and capitals, and the longest word lacks a letter."""
    words = normalised(name).split()
    longest = int(np.argmax([len(word) for word in words]))
    words[longest] = words[longest][:3] + words[longest][4:]
    return " ".join(words)


def search_by_misspelt_name(page: Any, site: DemoSite, stop: int) -> None:
    page.goto("/")
    page.locator("#q").fill(misspelt(str(site.service.timetable.stop_name[stop])))
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")


def choose(page: Any, site: DemoSite, stop: int) -> None:
    page.locator(f'main a[href="/stops/{site.stop_id(stop)}"]').click()
    assert page.get_by_role("heading", level=1).inner_text() == site.service.timetable.stop_name[stop]


def shown_wait(page: Any) -> str:
    return str(page.locator(".departure .wait b").first.inner_text())


def test_a_small_stop_is_found_by_a_misspelt_name_and_its_countdown_reaches_zero(
    site: DemoSite, new_page: NewPage
) -> None:
    stop = small_stop_with_live_departure(site, 200, 260)
    page = polling(new_page)
    search_by_misspelt_name(page, site, stop)
    choose(page, site, stop)
    seen = waits_of_the_first_departure(page, site.move_on)
    assert "à l’approche" in seen, seen


def test_a_rider_is_told_when_the_bus_is_five_minutes_away_and_where_to_get_off(
    site: DemoSite, new_page: NewPage
) -> None:
    stop = small_stop_with_live_departure(site, 450, 900)
    page = new_page(clock=True, service_workers="block")
    page.add_init_script("""window.told = [];
        window.Notification = class {
            static permission = "granted";
            constructor(title, { body }) { told.push(body); }
        };""")
    page.goto(f"/stops/{site.stop_id(stop)}")
    choices = page.locator(f'a[href^="/trips/"][href$="stop={site.stop_id(stop)}"]')
    page.goto(choices.first.get_attribute("href"))
    name = str(site.service.timetable.stop_name[stop])
    page.locator("#tell").click()
    page.get_by_text("Gardez cette page ouverte").wait_for()
    assert page.evaluate("told") == []
    yours = page.locator("#board li.yours")
    yours.evaluate(LEFT_OUT)
    page.clock.fast_forward(1000)
    page.get_by_text(f"Il ne passera pas à {name}").wait_for()
    page.reload()
    page.locator("#tell").click()
    page.get_by_text("Gardez cette page ouverte").wait_for()
    low, now = (float(yours.get_attribute("data-low")), float(page.locator("#board").get_attribute("data-now")))
    site.move_clock(site.service.clock.now() + low - now - 290)
    page.clock.fast_forward(int(1000 * (low - now - 290)))
    page.get_by_text(f"À {name} dans").wait_for()
    (notice,) = page.evaluate("told")
    assert re.fullmatch(rf"À {re.escape(name)} dans [45678] min\.", notice), notice
    page.locator("#my-stop").select_option(site.stop_id(stop))
    page.locator("#aboard").click()
    assert name in page.locator("#ride-said").inner_text()
    # The operator has the vehicle leave the stop out: who waits is told, and who is on board, of no other stop.
    yours.evaluate(LEFT_OUT)
    page.clock.fast_forward(1000)
    page.get_by_text(f"Il ne passera pas à {name}").wait_for()
    assert page.locator("#aboard").get_attribute("aria-pressed") == "false"


LEFT_OUT = "call => { call.className = 'at skipped yours'; call.removeAttribute('data-at'); }"
"""Shows a stop as not served."""


BROWSERS_PUSH_MANAGER = """(asked) => {
    const made = { toJSON: () => asked, options: {}, unsubscribe: async () => true };
    PushManager.prototype.getSubscription = async () => null;
    PushManager.prototype.subscribe = async () => made;
}"""
"""Stands in for the push service of a browser's maker, which is not to be reached here."""


def test_a_rider_who_has_closed_the_page_is_told_by_a_push_message_that_the_phone_shows(
    site: DemoSite, new_page_that_notifies: NewPage
) -> None:
    rider = Browser(f"https://{PUSH_HOST}/a-phone")
    stop = small_stop_with_live_departure(site, 450, 900)
    page = new_page_that_notifies()
    page.add_init_script(
        f"({BROWSERS_PUSH_MANAGER})({json.dumps({name: rider.asks()[name] for name in ('endpoint', 'keys')})})"
    )
    page.goto(f"/stops/{site.stop_id(stop)}")
    page.goto(page.locator(f'a[href^="/trips/"][href$="stop={site.stop_id(stop)}"]').first.get_attribute("href"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.locator("#tell").click()
    page.get_by_text("Vous serez prévenu, même cette page fermée.").wait_for()
    low = float(page.locator("#board li.yours").get_attribute("data-low"))
    phone = page.context.new_page()
    phone.goto("/offline")
    page.close()
    site.pushed.clear()
    site.move_clock(low - 290)
    for _ in range(100):
        if site.pushed:
            break
        phone.wait_for_timeout(100)
    (request,) = site.pushed
    message = rider.reads(request)
    assert re.fullmatch(
        rf"À {re.escape(str(site.service.timetable.stop_name[stop]))} dans [45678] min\.", message["body"]
    )

    devtools, registrations = phone.context.new_cdp_session(phone), []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    phone.wait_for_timeout(200)
    told = {"origin": site.base, "registrationId": registrations[0]["registrationId"], "data": json.dumps(message)}
    devtools.send("ServiceWorker.deliverPushMessage", told)
    shown = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
        .then((all) => all.map(({ body, tag, data }) => ({ body, tag, address: data })))"""
    phone.wait_for_function(f"({shown}).then((all) => all.length)")
    assert phone.evaluate(shown) == [{name: message[name] for name in ("body", "tag", "address")}]


def test_without_a_script_the_board_is_whole_and_reloads_itself(site: DemoSite, new_page: NewPage) -> None:
    stop = small_stop_with_live_departure(site, 300, 900)
    page = new_page(java_script_enabled=False)
    search_by_misspelt_name(page, site, stop)
    assert page.locator("#near").is_hidden(), "a button that needs a script is shown without one"
    choose(page, site, stop)
    before = int(shown_wait(page))
    refresh = page.locator('noscript meta[http-equiv="refresh"]').or_(page.locator('meta[http-equiv="refresh"]'))
    assert 0 < int(refresh.first.get_attribute("content") or 0) <= 30
    site.move_clock(site.service.clock.now() + 120)
    page.reload()
    assert int(shown_wait(page)) < before


def test_a_stopped_feed_is_said_within_a_minute_and_nothing_is_live_any_more(site: DemoSite, new_page: NewPage) -> None:
    page, board = polling(new_page), f"/stops/{site.stop_id(station(site))}"
    page.goto(board)
    page.locator(".departure.live").first.wait_for()
    with site.silence():
        for _ in range(4):
            passes(page, site.move_on)
        page.get_by_text("Suivi en direct interrompu").first.wait_for()
        assert page.locator(".live, [data-live]").count() == 0
        assert page.locator(".wait.minutes, .wait.approach").count() == 0
        for path in ("/", "/?q=place", f"/lines/{site.service.timetable.route_id[0]}"):
            page.goto(path)
            assert page.get_by_text("Suivi en direct interrompu").is_visible(), path
            assert page.locator(".departure.live").count() == 0, path
    page.goto(board)
    page.locator(".departure.live").first.wait_for()


def test_out_of_reach_of_the_service_nothing_stays_live(site: DemoSite, new_page: NewPage) -> None:
    page = polling(new_page)
    page.goto(f"/stops/{site.stop_id(station(site))}")
    page.locator(".departure.live").first.wait_for()
    page.context.set_offline(True)
    page.clock.run_for(75_000)
    page.get_by_text("Connexion perdue").first.wait_for()
    page.locator("#gone-stale").wait_for()
    assert page.locator(".departure.live, [data-live]").count() == 0
    waits = page.locator(".departure .wait b").all_text_contents()
    assert waits
    assert all(re.fullmatch(r"\d\d:\d\d", wait) for wait in waits), waits
    page.context.set_offline(False)
    passes(page, site.move_on, 75.0)
    page.locator(".departure.live").first.wait_for()
    page.locator("#gone").wait_for(state="hidden")


def test_a_page_that_was_cut_off_is_live_again_with_its_stream_though_nothing_has_changed(new_page: NewPage) -> None:
    with served(service_at(at(8, 1), tram_on_time)) as address:
        page = new_page(clock=True, service_workers="block")
        page.route("**fragment=1**", lambda route: route.abort())
        page.goto(f"{address}/stops/hopital")
        page.locator(".departure.live").first.wait_for()
        page.evaluate("""new MutationObserver((_, watch) => {
            if (!document.querySelector(".departure.live")) { watch.disconnect(); document.title = "not live"; }
        }).observe(document.getElementById("content"), { subtree: true, attributes: true, childList: true })""")
        page.clock.fast_forward(61_000)
        page.wait_for_function("document.title === 'not live'")
        page.locator(".departure.live").first.wait_for()


def test_a_board_is_kept_by_no_cache_that_could_show_old_minutes_as_live(site: DemoSite, new_page: NewPage) -> None:
    response = new_page().goto(f"/stops/{site.stop_id(station(site))}")
    assert response.headers["cache-control"] == "no-store"
