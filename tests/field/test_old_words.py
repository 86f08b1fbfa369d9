"""What an operator said once is not said for ever: where its feed fails, riders are told how old it is."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City, HandSource
from benchmarks.field.messages import alert, bus
from feeds.errors import FeedError


@pytest.fixture
def city(monkeypatch: pytest.MonkeyPatch) -> City:
    """Works at C are announced, then the feed of alerts fails and no other."""
    city = City(at="07:50").alerts(alert("Road works", {"stop_id": "C"}))
    fetch = HandSource.fetch

    def failing(source: HandSource, now: float) -> bytes | None:
        if source.name == "alerts":
            raise FeedError("alerts: no answer in time.")
        return fetch(source, now)

    monkeypatch.setattr(HandSource, "fetch", failing)
    return city


def stop_page(city: City) -> str:
    page: str = city.get("/stops/C").text
    return page


def test_a_short_failure_takes_no_message_away(city: City) -> None:
    city.at("07:58", every_s=60)
    assert "Road works" in stop_page(city)
    assert "last read" not in stop_page(city)


def test_of_a_feed_that_goes_on_failing_riders_are_told_how_old_its_messages_are(city: City) -> None:
    city.at("08:30", every_s=60)
    assert "Road works" in stop_page(city)
    assert "messages were last read at 07:50" in stop_page(city)


def test_after_an_hour_nobody_is_told_what_may_be_over(city: City) -> None:
    city.at("08:55", every_s=60)
    assert "Road works" not in stop_page(city)
    assert "messages were last read at 07:50" in stop_page(city)
    assert not any(city.messages(stop="C").values())


def test_a_feed_that_failed_once_and_says_since_that_nothing_has_changed_is_as_good_as_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    city = City(at="07:50").alerts(alert("Road works", {"stop_id": "C"}))
    fetch, fails_until = HandSource.fetch, city.posix("07:52")

    def unchanged(source: HandSource, now: float) -> bytes | None:
        if source.name != "alerts":
            return fetch(source, now)
        if now < fails_until:
            raise FeedError("alerts: no answer in time.")
        return None

    monkeypatch.setattr(HandSource, "fetch", unchanged)
    assert "feed_error" in city.at("07:51").readyz()["faults"]
    assert "feed_error" not in city.at("07:53").readyz()["faults"]
    city.at("09:10", every_s=60)
    assert "Road works" in stop_page(city)
    assert "last read" not in stop_page(city)


def test_a_web_page_that_is_told_again_and_again_in_place_of_a_feed_stays_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    city = City(at="07:50").alerts(alert("Road works", {"stop_id": "C"}))
    fetch, pages = HandSource.fetch, iter([b"<html>Sign in</html>"])

    def unchanged(source: HandSource, now: float) -> bytes | None:
        return next(pages, None) if source.name == "alerts" else fetch(source, now)

    monkeypatch.setattr(HandSource, "fetch", unchanged)
    assert "feed_error" in city.at("07:53").readyz()["faults"]


def test_a_run_of_which_nobody_heard_is_over_when_its_times_are() -> None:
    city = City(at="08:05").vehicle_positions(bus("other", place=(0, 900), fresh=True))
    assert city.trip_state("t1") == "not_followed"
    assert [call.minutes for call in city.trip("t1")] == [None, None, None, 1, 3]
    assert city.at("08:20").trip_state("t1", date="2026-11-26") == "over"
    assert {call.minutes for call in city.trip("t1", date="2026-11-26")} == {None}
    assert city.trip_state("t1", date="2026-11-25") == "over"
