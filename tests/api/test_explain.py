"""Why did my bus not come? Over HTTP, and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.reading.explanations import Explanation
from api.service.history_writer import HistoryWriter
from api.v1.models import Cause, FactKind, Outcome
from api.words.explanation import words_of
from api.words.texts import languages_of, texts_in
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from predictor.explain.verdict import BUNCHED, CAUSES, OUTCOMES, Fact, Verdict
from tests.api.town import at, headway_town, remembering, service_at

WAIT_CAUSES = {
    "cancelled", "detour", "breakdown", "short_turn", "stuck", "ended_early", "joined_late", "no_vehicle", "bunched",
}  # fmt: skip
# One run of each town is enough for all.
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.xdist_group("explained towns")]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    yield TestClient(create_app(remembering()), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def by_headway() -> Iterator[TestClient]:
    yield TestClient(create_app(remembering(by_headway=True)), raise_server_exceptions=False)


def explained(client: TestClient, path: str) -> list[dict[str, Any]]:
    response = client.get(path)
    assert response.status_code == 200, response.text
    answer: list[dict[str, Any]] = response.json()["explanations"]
    return answer


def test_a_tram_that_came_is_told_with_its_time_and_vehicle(client: TestClient) -> None:
    (one,) = [e for e in explained(client, "/v1/stops/hopital/explain?at=2026-03-02T08:04") if e["trip_id"] == "A-0800"]
    assert (one["outcome"], one["cause"], one["vehicle_id"]) == ("on_time", None, "7001")
    assert one["scheduled_time"] == "2026-03-02T08:04:00+01:00"
    assert one["passed_at"][:16] in ("2026-03-02T08:03", "2026-03-02T08:04")
    assert "7001" in one["answer"]["fr"]
    assert "à l’heure" in one["answer"]["fr"]
    assert "on time" in one["answer"]["en"]
    assert [fact["kind"] for fact in one["facts"]] == ["passed"]


def test_a_cancelled_trip_is_told_with_the_time_of_the_announcement_and_an_apology(client: TestClient) -> None:
    (one,) = [e for e in explained(client, "/v1/stops/liberte/explain?at=08:22") if e["trip_id"] == "A-0820"]
    assert (one["outcome"], one["cause"], one["passed_at"]) == ("not_served", "cancelled", None)
    assert [fact["kind"] for fact in one["facts"]] == ["cancelled", "alert"]
    assert "supprimé" in one["answer"]["fr"]
    assert "excuser" in one["answer"]["fr"]
    assert "«\u00a0Travaux\u00a0»" in one["answer"]["fr"]
    assert "“Road works”" in one["answer"]["en"]


def test_a_station_speaks_for_its_platforms_and_a_line_may_be_asked_for_alone(client: TestClient) -> None:
    both = explained(client, "/v1/stops/gare/explain?at=08:05")
    assert {e["route"]["route_id"] for e in both} == {"tram-A", "bus-2"}
    assert {e["stop_id"] for e in both} == {"gare:1", "gare:2"}
    one = explained(client, "/v1/stops/gare/explain?at=08:05&route=bus-2")
    assert {e["trip_id"] for e in one} == {"2-0805"}
    assert one[0]["cause"] == "no_vehicle"


def test_a_line_is_explained_trip_by_trip_at_the_first_call_that_was_lost(client: TestClient) -> None:
    trips = {e["trip_id"]: e for e in explained(client, "/v1/routes/tram-A/explain?at=08:10&direction=0")}
    assert trips["A-0800"]["outcome"] == "on_time"
    assert (trips["A-0820"]["cause"], trips["A-0820"]["stop_id"]) == ("cancelled", "gare:1")
    assert explained(client, "/v1/routes/tram-A/explain?at=08:10&direction=1") == []


def test_a_clock_time_means_the_last_time_that_it_was_so_late(client: TestClient) -> None:
    assert explained(client, "/v1/stops/hopital/explain?at=23:50") == []
    assert client.get("/v1/stops/hopital/explain?at=noon").status_code == 422
    assert client.get("/v1/stops/nowhere/explain").status_code == 404


def wait(client: TestClient, path: str) -> dict[str, Any]:
    (one,) = [one for one in explained(client, path) if one["headway_s"] is not None]
    return one


def test_a_wait_on_a_line_run_by_headway_is_told_with_what_was_promised(by_headway: TestClient) -> None:
    one = wait(by_headway, "/v1/stops/hopital/explain?at=2026-03-02T08:04")
    assert (one["outcome"], one["cause"], one["vehicle_id"]) == ("on_headway", None, "7001")
    assert (one["scheduled_time"], one["deviation_s"]) == (None, None)
    assert (one["waited_since"], one["headway_s"]) == ("2026-03-02T08:04:00+01:00", 600)
    assert one["wait_s"] <= 10
    assert "moins d’une minute, conforme" in one["answer"]["fr"]
    assert "every 10 minutes" in one["answer"]["en"]


def test_a_long_wait_is_told_with_its_reason_and_an_apology(by_headway: TestClient) -> None:
    one = wait(by_headway, "/v1/stops/hopital/explain?at=08:12&direction=0")
    assert (one["outcome"], one["cause"], one["passed_at"]) == ("long_wait", "cancelled", None)
    assert [fact["kind"] for fact in one["facts"]] == ["cancelled", "passed", "none_passed"]
    assert (
        "no vehicle had passed by 08:35: longer than promised. The one before had passed at 08:03"
        in one["answer"]["en"]
    )
    assert "supprimés" in one["answer"]["fr"]
    assert "excuser" in one["answer"]["fr"]


def test_a_line_run_by_headway_is_explained_at_the_first_stop_where_the_wait_was_long(by_headway: TestClient) -> None:
    one = wait(by_headway, "/v1/routes/tram-A/explain?at=08:12")
    assert (one["stop_id"], one["outcome"]) == ("gare:1", "long_wait")


def test_where_no_headway_was_promised_there_was_no_wait(by_headway: TestClient) -> None:
    told = explained(by_headway, "/v1/stops/hopital/explain?at=07:30") + explained(
        by_headway, "/v1/stops/douets/explain?at=08:12"
    )
    assert all(one["headway_s"] is None for one in told)


@pytest.mark.parametrize("cause", ["", *sorted(set(CAUSES) & WAIT_CAUSES)])
@pytest.mark.parametrize("language", languages_of("explain"))
def test_every_long_wait_is_answered_with_nothing_left_blank(cause: str, language: str) -> None:
    tt = headway_town()
    facts = tuple(
        Fact(kind, at(8, 2), at(8, 8), 3, vehicle_id="7002")
        for kind in ("last_seen", "stood", "turned", "took_up", "left_line", "set_out", "cancelled")
    )
    passed = (Fact("passed", at(8, 1), at(8, 1), 3, vehicle_id="7001"), Fact("passed", at(8, 26), at(8, 26), 3))
    verdict = Verdict(0, 1, 1500, 1, at(8, 5), "long_wait", cause, at(8, 25), "7003", facts + passed, headway_s=600.0)
    words = words_of(Explanation(tt, verdict, {}), language)
    assert "20 minute" in words.outcome.lower()
    for told in (words.answer(), words.outcome):
        assert not re.search(r"[{}]|  |  ,| \.", told), told
    assert "08:25" in words.answer()


def test_an_answer_has_an_etag(client: TestClient) -> None:
    etag = client.get("/v1/stops/gare/explain?at=08:05").headers["ETag"]
    assert client.get("/v1/stops/gare/explain?at=08:05", headers={"If-None-Match": etag}).status_code == 304


def test_every_verdict_and_fact_has_words_in_every_language() -> None:
    assert set(get_args(Outcome)) == set(OUTCOMES)
    assert set(get_args(Cause)) == set(CAUSES) - {""}
    for language in languages_of("explain"):
        entries = texts_in(language, "explain").entries
        assert {f"outcome_{name}" for name in OUTCOMES} <= set(entries)
        assert {f"cause_{name}" for name in get_args(Cause)} <= set(entries)
        assert {f"answer_{name}" for name in get_args(Cause) if name != BUNCHED} <= set(entries)
        assert {f"wait_why_{name}" for name in WAIT_CAUSES} <= set(entries)
        assert {f"fact_{name}" for name in get_args(FactKind)} <= set(entries)


def test_what_cannot_be_taken_in_is_counted_and_the_service_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_at(at(8, 1))
    writer = HistoryWriter(HistoryStore())
    step = Happened.of(service.snapshot)

    def broken(_: Happened) -> None:
        raise RuntimeError("bad step")

    with monkeypatch.context() as patch:
        patch.setattr(writer.store, "take", broken)
        writer.offer(step, wait=True)
        writer.work.drain()
    writer.offer(step, wait=True)
    writer.work.drain()
    assert writer.store.until == step.at
    writer.stop()


@pytest.mark.parametrize(
    "outcome, due, passed, said",
    [
        ("early", (8, 27, 55), (8, 26, 5), "passed at 08:26, 1 minute before"),
        ("early", (8, 27, 0), (8, 25, 50), "passed at 08:25, 2 minutes before"),
        ("late", (8, 27, 50), (8, 33, 10), "passed at 08:33, 6 minutes late"),
        ("late", (8, 27, 0), (8, 33, 40), "passed at 08:33, 6 minutes late"),
        ("long_wait", (8, 27, 0), (8, 47, 40), "passed only at 08:47: a wait of 20 minutes"),
    ],
)
def test_minutes_are_those_between_the_clock_times_that_the_rider_reads(
    outcome: str, due: tuple[int, int, int], passed: tuple[int, int, int], said: str
) -> None:
    by_headway = 600.0 if outcome == "long_wait" else float("nan")
    facts = (Fact("passed", at(*passed), at(*passed), 3),)
    verdict = Verdict(0, 1, 0, 1, at(*due), outcome, "", at(*passed), "7001", facts, headway_s=by_headway)
    assert said in words_of(Explanation(headway_town(), verdict, {}), "en").answer()
