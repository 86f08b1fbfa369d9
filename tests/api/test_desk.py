"""The officer's desk: shut without a token, writing only from its own forms, and saying what is going on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.desk import Desk
from api.desk.disruption import Notice
from api.desk.drafts import drafts, suggestions
from api.reading.gaps import great_gaps
from api.reading.running_trips import running_trips
from api.reading.standing import standing
from api.service.clock import ShiftedClock
from api.service.service import Service
from api.service.view import FeedHealth
from api.words.texts import LANGUAGES, desk_texts_in
from feeds.reading import Reading
from predictor.observations import Observations
from tests.api.town import HandFeeds, at, disruption, headway_town, remembering, service_at, tram_on_time

NOW = at(8, 1)
TOKEN = "a token of the town"
LINE_2 = {"phrase": "detour", "line": "bus-2", "via": "rue Neuve"}


@pytest.fixture
def desk() -> Desk:
    return Desk(service_at(NOW), token=TOKEN)


@pytest.fixture
def officer(desk: Desk) -> Iterator[TestClient]:
    client = TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})
    assert client.post("/desk/login", data={"token": TOKEN}).status_code == 200
    yield client


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    assert found, f"no {name} in the page"
    return found[1]


def send(client: TestClient, address: str = "/desk/disruptions/new", do: str = "publish", **fields: Any) -> Any:
    page = client.get("/desk/disruptions/new?phrase=detour").text
    said = {"csrf": hidden(page, "csrf"), "form_id": hidden(page, "form_id"), "do": do, **fields}
    return client.post(address, data=said, follow_redirects=False)


def test_without_a_token_the_desk_is_off_and_says_how_to_turn_it_on() -> None:
    client = TestClient(create_app(service_at(NOW)))
    page = client.get("/desk")
    assert page.status_code == 403
    assert "desk_token" in page.text
    assert "PROCHAIN_DESK_TOKEN" in page.text
    assert client.post("/desk/login", data={"token": ""}, follow_redirects=False).status_code == 403


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "é"])
def test_a_wrong_token_opens_nothing(desk: Desk, token: str) -> None:
    client = TestClient(create_app(desk.service, desk))
    answer = client.post("/desk/login", data={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http(desk: Desk) -> None:
    app = create_app(desk.service, desk)
    for base, secure in (("https://testserver", True), ("http://testserver", False)):
        answer = TestClient(app, base_url=base).post("/desk/login", data={"token": TOKEN}, follow_redirects=False)
        flags = answer.headers["set-cookie"].lower()
        assert all(flag in flags for flag in ("httponly", "samesite=lax", "path=/desk", "max-age=43200"))
        assert ("secure" in flags) is secure
        assert TOKEN not in flags


ADDRESSES = [
    "/desk", "/desk/disruptions", "/desk/disruptions/new?phrase=delay", "/desk/disruptions/1", "/desk/phrases",
    "/desk/phrases/delay", "/desk/why", "/desk/deeds",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_is_not_signed_in_is_led_to_sign_in_and_back(desk: Desk, address: str) -> None:
    desk.disruptions.publish(Notice(header={"en": "x"}, shown_on="network", starts_at=NOW), NOW)
    client = TestClient(create_app(desk.service, desk))
    page = client.get(address)
    assert page.url.path == "/desk/login"
    back = client.post("/desk/login", data={"token": TOKEN, "next": hidden(page.text, "next").replace("&amp;", "&")})
    assert str(back.url).endswith(address)
    assert back.status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/desk\\..", "/deskevil", "/desk//x y"]
)
def test_signing_in_leads_nowhere_but_to_the_desk(desk: Desk, elsewhere: str) -> None:
    client = TestClient(create_app(desk.service, desk))
    answer = client.post("/desk/login", data={"token": TOKEN, "next": elsewhere}, follow_redirects=False)
    assert answer.headers["location"] == "/desk"


@pytest.mark.parametrize(
    "address",
    [
        "/desk/disruptions/new",
        "/desk/disruptions/1",
        "/desk/disruptions/1/end",
        "/desk/drafts/dismiss",
        "/desk/drafts/bring-back",
        "/desk/phrases/delay",
        "/desk/logout",
    ],
)
def test_a_form_of_another_site_changes_nothing(officer: TestClient, desk: Desk, address: str) -> None:
    before = desk.disruptions.publish(Notice(header={"en": "x"}, shown_on="network", starts_at=NOW), NOW)
    for csrf in ({}, {"csrf": "guessed"}, {"csrf": officer.cookies["desk"]}):
        answer = officer.post(address, data={**csrf, "do": "publish", **LINE_2}, follow_redirects=False)
        assert answer.status_code == 403
    assert desk.disruptions.all() == [before]
    assert not desk.phrases.is_own("delay")


def test_signed_out_the_copied_cookie_opens_nothing_either(officer: TestClient, desk: Desk) -> None:
    copied = officer.cookies["desk"]
    officer.post("/desk/logout", data={"csrf": hidden(officer.get("/desk").text, "csrf")})
    thief = TestClient(create_app(desk.service, desk), cookies={"desk": copied})
    assert thief.get("/desk", follow_redirects=False).status_code == 303


def test_the_session_does_not_open_the_api(officer: TestClient) -> None:
    assert officer.post("/v1/disruptions", json={"phrase": "detour", "routes": ["bus-2"]}).status_code == 401


def test_an_officer_publishes_by_a_phrase_and_a_line(officer: TestClient, desk: Desk) -> None:
    answer = send(officer, **LINE_2)
    assert answer.status_code == 303
    assert "Line 2: detour via rue Neuve" in officer.get("/stops/st-pierre").text
    page = officer.get(answer.headers["location"]).text
    assert "Published." in page
    # bus-2 calls at gare:2, st-pierre and liberte.
    assert "the pages and screens of 3 stops" in page


def test_a_preview_publishes_nothing(officer: TestClient, desk: Desk) -> None:
    page = send(officer, do="preview", **LINE_2)
    assert "Ligne 2\N{NO-BREAK SPACE}: déviation par rue Neuve" in page.text
    assert desk.disruptions.all() == []


def test_the_same_form_sent_twice_publishes_once(officer: TestClient, desk: Desk) -> None:
    for _ in range(2):
        assert send(officer, form_id="once", **LINE_2).status_code == 303
    assert len(desk.disruptions.all()) == 1


def test_own_words_stay_and_untouched_ones_follow_the_phrase(officer: TestClient, desk: Desk) -> None:
    send(
        officer,
        **LINE_2,
        header_en="Bus 2 goes round",
        header_fr="Déviation d’avant",
        made_header_fr="Déviation d’avant",
    )
    (said,) = desk.disruptions.all()
    assert said.header == {
        "en": "Bus 2 goes round", "fr": "Ligne 2\N{NO-BREAK SPACE}: déviation par rue Neuve",
        "de": "Linie 2: Umleitung über rue Neuve",
    }  # fmt: skip


def test_editing_and_saving_without_a_change_changes_no_word(officer: TestClient, desk: Desk) -> None:
    send(officer, **LINE_2, header_en="Bus 2 goes round", start="at", start_at="2026-03-02T14:00", end="120")
    (before,) = desk.disruptions.all()
    page = officer.get("/desk/disruptions/1").text
    fields = {name: hidden(page, name) for name in ("changed_at", "header_en", "made_header_en", "start_at", "end_at")}
    assert send(officer, "/desk/disruptions/1", **fields, **LINE_2, start="at", end="at").status_code == 303
    (after,) = desk.disruptions.all()
    assert after.model_copy(update={"changed_at": before.changed_at}) == before


def test_of_two_officers_the_second_does_not_overwrite_the_first(officer: TestClient, desk: Desk) -> None:
    send(officer, **LINE_2)
    seen = hidden(officer.get("/desk/disruptions/1").text, "changed_at")
    desk.disruptions.change(1, desk.disruptions.all()[0].model_copy(update={"effect": "NO_SERVICE"}), NOW + 5)
    answer = send(officer, "/desk/disruptions/1", changed_at=seen, **LINE_2)
    assert answer.status_code == 422
    assert "Another officer" in answer.text
    assert desk.disruptions.all()[0].effect == "NO_SERVICE"


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"line": ""}, "Pick at least one line."),
        ({"phrase": "stop_not_served"}, "Pick at least one stop."),
        ({"phrase": ""}, "There is no headline"),
        ({"end": "at", "end_at": "soon"}, "The date of the end cannot be read."),
        ({"start": "at", "start_at": ""}, "The date of the beginning cannot be read."),
        ({"end": "at", "end_at": "2026-03-02T07:00"}, "Its end has passed already."),
        (
            {"start": "at", "start_at": "2026-03-02T12:00", "end": "at", "end_at": "2026-03-02T11:00"},
            "before it begins",
        ),
        ({"header_en": "x" * 500}, "too long"),
        ({"line": "gone"}, "Pick at least one line."),
        ({"stops": "not json", "shown_on": "stops"}, "Pick at least one stop."),
        ({"stops": '{"a": 1}', "shown_on": "everywhere", "line": "x"}, "Pick at least one line."),
    ],
)
def test_a_form_that_cannot_be_published_says_why_and_keeps_what_was_filled_in(
    officer: TestClient, desk: Desk, fields: dict[str, str], said: str
) -> None:
    answer = send(officer, **{**LINE_2, **fields})
    assert answer.status_code == 422
    assert said in answer.text
    assert desk.disruptions.all() == []


@pytest.mark.parametrize("end, hour, minute", [("30", 8, 31), ("120", 10, 1), ("day", 28, 0), ("at", 18, 30)])
def test_ends_are_picked_or_written(officer: TestClient, desk: Desk, end: str, hour: int, minute: int) -> None:
    send(officer, **LINE_2, end=end, end_at="2026-03-02T18:30")
    assert desk.disruptions.all()[0].ends_at == at(hour, minute)


def test_stops_are_picked_by_name_for_all_their_platforms_and_unpicked_again(officer: TestClient, desk: Desk) -> None:
    offered = send(officer, do="preview", phrase="stop_not_served", line="bus-2").text
    assert "Place de la Liberté" in offered
    found = send(officer, do="preview", phrase="stop_not_served", stop_query="gare").text
    value = next(v for v in re.findall(r'name="stops" value="([^"]*)"', found)).replace("&#34;", '"')
    picked = send(officer, do="preview", phrase="stop_not_served", stops=value).text
    assert "not stopping at Gare de Tours" in picked.replace("Not", "not")
    assert picked.count(" checked>") == 2  # the stop, and who sees it
    send(officer, phrase="stop_not_served", stops=value)
    assert "Not stopping at Gare de Tours" in officer.get("/stops/gare%3A1").text


def test_one_is_ended_from_its_card(officer: TestClient, desk: Desk) -> None:
    send(officer, **LINE_2)
    answer = officer.post("/desk/disruptions/1/end", data={"csrf": hidden(officer.get("/desk").text, "csrf")})
    assert "Ended." in answer.text
    assert desk.disruptions.all()[0].state(NOW) == "over"
    assert "Line 2: detour" in officer.get("/desk/disruptions").text


def test_a_phrase_changed_here_is_used_from_then_on_and_can_be_reset(officer: TestClient, desk: Desk) -> None:
    fields = {
        "name_fr": "Déviation",
        "name_en": "Detour",
        "header_fr": "Bus {line} dévié",
        "header_en": "{line} goes round",
    }
    send(officer, "/desk/phrases/detour", do="save", **fields, effect="DETOUR", shown_on="lines")
    send(officer, **LINE_2)
    assert desk.disruptions.all()[0].header["en"] == "Line 2 goes round"
    send(officer, "/desk/phrases/detour", do="reset")
    assert not desk.phrases.is_own("detour")


def test_a_new_phrase_gets_a_tile_and_an_unknown_place_is_refused(officer: TestClient, desk: Desk) -> None:
    fields = {"name_fr": "Marché", "name_en": "New", "header_fr": "Marché {line}", "header_en": "Market {lnie}"}
    assert "{lnie}" in send(officer, "/desk/phrases/new", do="save", **fields).text
    assert send(officer, "/desk/phrases/new", do="save", **{**fields, "header_en": "Market {line}"}).status_code == 303
    assert "/desk/disruptions/new?phrase=new_2" in officer.get("/desk").text


def test_desk_pages_are_kept_by_no_cache_and_framed_by_nobody(officer: TestClient) -> None:
    for address in ("/desk", "/desk/login", "/desk/disruptions/new"):
        answer = officer.get(address)
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_what_officers_and_feeds_write_is_shown_as_text(officer: TestClient) -> None:
    send(officer, **LINE_2, header_en="<script>alert(1)</script>", header_fr='"><img src=x>')
    for address in ("/desk", "/desk/disruptions/1", "/stops/st-pierre", "/lines/bus-2"):
        page = officer.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_all_languages(officer: TestClient, language: str) -> None:
    send(officer, **LINE_2)
    texts = desk_texts_in(language)
    for address, key in (
        ("/desk", "publish_title"), ("/desk/disruptions", "over_title"), ("/desk/disruptions/new", "preview_title"),
        ("/desk/phrases", "phrase_new"), ("/desk/phrases/works", "places_title"), ("/desk/disruptions/1", "end_now"),
    ):  # fmt: skip
        page = officer.get(address, headers={"Accept-Language": language}).text
        assert f'<html lang="{language}"' in page
        assert texts(key) in page


def nothing_heard(now: float) -> Reading:
    return Reading(Observations.empty(now))


def test_a_trip_under_way_that_nobody_drives_is_uncovered_and_drafted() -> None:
    # A-0800 began 5 min 30 s ago and ends in 30 s.
    snapshot = service_at(at(8, 5, 30), nothing_heard).snapshot
    trips = running_trips(snapshot)
    assert [str(snapshot.timetable.trip_id[trip]) for trip in trips.trip[trips.uncovered]] == ["A-0800"]
    (draft,) = suggestions(standing(snapshot, 300.0))
    assert draft.address == "/desk/disruptions/new?phrase=departures_cancelled&line=tram-A&times=08%3A00"


def test_a_trip_with_its_vehicle_is_not_uncovered() -> None:
    trips = running_trips(service_at(at(8, 5, 30)).snapshot)
    assert (len(trips), trips.uncovered.sum()) == (1, 0)


def test_a_trip_barely_begun_is_not_missed_yet() -> None:
    assert len(running_trips(service_at(at(8, 4), nothing_heard).snapshot)) == 0


def test_a_cancelled_trip_is_not_uncovered() -> None:
    snapshot = service_at(at(8, 25, 30), lambda now: Reading(Observations.empty(now), disruption(now))).snapshot
    trips = running_trips(snapshot)
    assert (trips.cancelled.tolist(), trips.uncovered.tolist()) == ([True], [False])


def test_runs_by_headway_are_never_single_missing_trips() -> None:
    snapshot = service_at(at(8, 5, 30), nothing_heard, timetable=headway_town()).snapshot
    assert len(running_trips(snapshot)) == 0


def test_the_gap_that_a_cancelled_trip_leaves_is_found_and_drafted() -> None:
    # Trams at the hospital by the timetable: 8:24, 8:44. The first is cancelled.
    snapshot = service_at(at(8, 10), lambda now: Reading(Observations.empty(now), disruption(now))).snapshot
    (gap,) = great_gaps(snapshot)
    assert (gap.begins_at, gap.ends_at, gap.usual_s) == (at(8, 10), at(8, 44), 1200.0)
    (draft,) = suggestions(standing(snapshot, 300.0))
    assert (draft.phrase, draft.blanks) == ("delay", {"minutes": "15"})


def test_without_the_cancellation_there_is_no_gap() -> None:
    assert great_gaps(service_at(at(8, 10), nothing_heard).snapshot) == []


def test_a_vehicle_gone_silent_on_its_trip_is_drafted_as_a_delay() -> None:
    # It is heard until 8:02, then the feed goes on without it.
    service = service_at(at(8, 2))
    last = tram_on_time(at(8, 2))
    service._feeds = HandFeeds(lambda now: replace(last, trip_updates=None))
    service.step(at(8, 5))
    now = standing(service.snapshot, live_limit_s=120.0)
    assert [str(service.snapshot.vehicles.vehicle_id[v]) for v in now.silent] == ["7001"]
    (draft,) = suggestions(now)
    assert (draft.kind, draft.phrase) == ("silent", "delay")


def test_a_line_that_riders_are_told_of_already_is_not_drafted_again() -> None:
    service = service_at(at(8, 5, 30), nothing_heard)
    desk = Desk(service)
    desk.disruptions.publish(Notice(header={"en": "x"}, routes=("tram-A",), starts_at=at(8)), at(8, 5))
    suggested = suggestions(standing(service.snapshot, 300.0))
    assert len(drafts(suggested, []).offered) == 1
    assert drafts(suggested, desk.disruptions.all()).offered == []


def test_while_the_feed_is_silent_nothing_is_drafted_and_the_page_says_so(desk: Desk, officer: TestClient) -> None:
    desk.service.clock = ShiftedClock(at(8, 5, 30))
    assert isinstance(desk.service, Service)
    desk.service.step(at(8, 5, 30))
    desk.service.clock = ShiftedClock(at(8, 9))
    assert desk.drafts().offered == []
    page = officer.get("/desk").text
    assert "The live feed has stopped" in page
    assert "No live data received" in page


def test_the_overview_counts_vehicles_by_state_and_tells_of_a_failing_feed(desk: Desk, officer: TestClient) -> None:
    view = desk.service.view
    broken = {"alerts": FeedHealth("alerts", "https://example.org", error="HTTP 503", errors=3)}
    desk.service.view = replace(view, feeds={**view.feeds, **broken})
    page = officer.get("/desk").text
    assert "HTTP 503" in page
    counts = dict(re.findall(r"<dt>([^<]*)</dt><dd>(\d+)</dd>", page))
    assert sum(map(int, counts.values())) == len(view.snapshot.vehicles)
    assert counts["in service"] == "1"


# Why did my bus not come? In the town, tram 7001 drives A-0800 on time, A-0820 is cancelled.


_AFTERWARDS = pytest.mark.xdist_group("explained towns")
"""One run of each town is enough for all."""


@pytest.fixture(scope="module")
def afterwards() -> TestClient:
    service = remembering()
    client = TestClient(create_app(service, Desk(service, token=TOKEN)), headers={"Accept-Language": "en"})
    client.post("/desk/login", data={"token": TOKEN})
    return client


@_AFTERWARDS
def test_a_stop_and_a_time_give_what_happened_and_the_answer_in_all_languages(afterwards: TestClient) -> None:
    page = afterwards.get("/desk/why", params={"stop": "hôpital", "at": "2026-03-02T08:10"}).text
    assert "2 passages around that time" in page
    assert re.search(
        r'class="card case on_time".*?08:04.*?7001.*?class="card case not_served".*?08:24', page, re.DOTALL
    )
    answers = re.findall(r'<textarea id="answer-\d+-(\w+)"[^>]*>([^<]+)', page)
    assert [language for language, _ in answers] == ["en", "de", "fr"] * 2
    assert "cancelled" in answers[3][1]
    assert "fiel aus" in answers[4][1]
    assert "supprimé" in answers[5][1]


@_AFTERWARDS
def test_a_line_direction_and_time_may_be_asked_instead(afterwards: TestClient) -> None:
    page = afterwards.get("/desk/why", params={"line": "tram-A", "direction": "0", "at": "2026-03-02T08:20"}).text
    assert "case not_served" in page
    assert "08:20" in page


@_AFTERWARDS
def test_a_wait_on_a_line_run_by_headway_is_told_to_the_officer_too() -> None:
    service = remembering(by_headway=True)
    client = TestClient(create_app(service, Desk(service, token=TOKEN)), headers={"Accept-Language": "en"})
    client.post("/desk/login", data={"token": TOKEN})
    page = client.get("/desk/why", params={"stop": "hôpital", "at": "2026-03-02T08:04"}).text
    assert "1 wait at that time" in page
    assert re.search(
        r'class="card case on_headway".*?08:04.*?less than a minute, for every 10 minutes', page, re.DOTALL
    )
    assert "as promised" in page
    assert "conforme" in page


@_AFTERWARDS
@pytest.mark.parametrize(
    "asked, said",
    [
        ({"stop": "xyzzy"}, "No stop matches"),
        ({"stop": "gare", "at": "soon"}, "This date cannot be read."),
        ({"stop": "gare", "at": "9999-12-31T23:59"}, ""),
        ({"line": "gone"}, "Give a stop and the time"),
        ({}, "Give a stop and the time"),
    ],
)
def test_what_cannot_be_answered_is_told(afterwards: TestClient, asked: dict[str, str], said: str) -> None:
    answer = afterwards.get("/desk/why", params=asked)
    assert answer.status_code in (200, 422)
    assert said in answer.text
