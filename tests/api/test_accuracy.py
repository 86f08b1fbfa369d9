"""What the service says of its own predictions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.charts import chart
from api.desk.desk import Desk
from api.service.service import Service
from feeds.history.accuracy_sums import WorseLine
from tests.api.town import at, service_at

# The morning is driven once for all.
pytestmark = pytest.mark.xdist_group("accuracy")


@pytest.fixture(scope="module")
def service() -> Service:
    """A tram that leaves at 08:00, on time, has come to its end; an hour later, all is counted."""
    service = service_at(at(7, 30))
    for minute in range(31, 60 + 100):
        for second in (0, 30) if minute < 70 else (0,):
            service.step(at(7, minute, second))
    service._history.work.drain()
    service.history.flush()
    return service


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    yield TestClient(create_app(service))


def test_the_predictions_of_a_tram_that_came_on_time_are_good(client: TestClient) -> None:
    answer = client.get("/v1/accuracy").json()
    assert answer["until"] == "2026-03-02"
    (ours, operator) = answer["groups"]
    assert (ours["source"], operator["source"]) == ("prochain", "operator")
    assert ours["predictions"] > 10
    assert ours["eta_accuracy"] == 1.0
    assert ours["mae_s"] < 60
    assert ours["on_time"]["early"] == 0
    assert ours["on_time"]["late"] == 0
    assert ours["on_time"]["on_time"] > 2


def test_groups_are_by_line_stop_hour_and_day(client: TestClient) -> None:
    def groups(**asked: str) -> list[str]:
        answer = client.get("/v1/accuracy", params=asked).json()
        return [group["group"] for group in answer["groups"] if group["source"] == "prochain"]

    assert groups(by="line")[0] == "tram-A"
    assert set(groups(by="stop")) >= {"liberte", "hopital", "douets"}
    assert groups(by="stop", route="bus-2", limit="1") == ["gare:2"]
    assert groups(by="hour") == ["08"]
    assert groups(by="day") == ["2026-03-02"]
    assert groups(by="hour", stop="liberte") == []
    assert groups(by="line", day="2026-03-01") == []
    for no_day in ("0", "20260302", "2026-02-30", ""):
        assert client.get("/v1/accuracy", params={"day": no_day}).status_code == 422


def test_a_line_is_told_with_its_speeds_and_headways_by_hour(client: TestClient) -> None:
    told = client.get("/v1/routes/tram-A/performance").json()
    assert (told["route"]["route_id"], told["service_date"]) == ("tram-A", "2026-03-02")
    (direction,) = told["directions"]
    assert direction["headsign"] == "Les Douets"
    last = direction["segments"][-1]
    assert (last["from_stop_id"], last["to_stop_id"], last["to_name"]) == ("hopital", "douets", "Les Douets")
    (hour,) = last["hours"]
    assert (hour["hour"], hour["runs"], hour["scheduled_s"]) == (8, 1, 120.0)
    assert hour["run_s"] == pytest.approx(120, abs=20)
    assert hour["speed_km_h"] == pytest.approx(3.6 * 600 / hour["run_s"], abs=0.1)
    assert client.get("/v1/routes/tram-A/performance?day=2026-03-01").json()["directions"] == []
    assert client.get("/v1/routes/nowhere/performance").status_code == 404


def test_calls_that_riders_were_not_told_of_are_incomplete(client: TestClient) -> None:
    """Of the tram's later runs no vehicle is seen: A-0820 is told to be cancelled, of bus 2 nothing is told."""
    answer = client.get("/v1/accuracy", params={"by": "line"}).json()
    told = {group["group"]: group["completeness"] for group in answer["groups"] if group["source"] == "prochain"}
    assert told["tram-A"]["complete"] >= 8
    assert told["bus-2"] == {"scheduled": 5, "complete": 0, "share": 0.0}


def test_the_last_hours_are_told_to_prometheus_and_a_line_that_is_worse_as_a_warning(
    client: TestClient, service: Service
) -> None:
    service.history.accuracy._looked_at = -1e18
    service.history.accuracy.look()
    recent = service.history.accuracy.recent
    service.view = replace(service.view, accuracy=recent)
    assert 'prochain_accuracy_eta{route_id="tram-A",source="prochain"} 1.0' in client.get("/metrics").text
    service.view = replace(service.view, accuracy=replace(recent, worse=(WorseLine("tram-A", 0.52, 0.91),)))
    health = client.get("/readyz").json()
    assert "lines_worse" in health["faults"]
    assert "A (52% < 91%)" in health["detail"]
    assert 'prochain_accuracy_worse{route_id="tram-A"} 1.0' in client.get("/metrics").text


@pytest.fixture
def officer(service: Service) -> Iterator[TestClient]:
    token = "a token of the town"
    officer = TestClient(create_app(service, Desk(service, token=token)), headers={"Accept-Language": "en"})
    officer.post("/desk/login", data={"token": token})
    yield officer


def test_an_officer_sees_how_good_predictions_were_and_how_a_line_ran(officer: TestClient) -> None:
    page = officer.get("/desk/accuracy").text
    assert "How good were the predictions?" in page
    assert "100%" in page
    assert page.count("<polyline") >= 2
    line = officer.get("/desk/accuracy?line=tram-A&day=2026-03-02").text
    assert "Gare de Tours – Place de la Liberté" in line
    assert re.search(r'<td class="s\d">1\d<small>2:00 → [12]:\d\d', line)
    assert "Place de la Liberté" in line
    assert officer.get("/desk/accuracy?day=2026-03-01").text.count("<polyline") == 0
    wrong = officer.get("/desk/accuracy?day=tomorrow&line=nowhere&days=4000")
    assert (wrong.status_code, "This is no day: tomorrow." in wrong.text) == (422, True)
    french = officer.get("/desk/accuracy?lang=fr").text
    assert "Les prévisions étaient-elles bonnes" in french
    assert re.search("100[\u00a0\u202f]%", french)
    assert TestClient(officer.app).get("/desk/accuracy", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("values", "share", "labels"),
    [([0.52, 0.9], True, ["40%", "60%", "80%", "100%"]), ([0.97], True, ["90%", "100%"]),
     ([31.0, 77.0], False, ["0", "20", "40", "60", "80"]), ([0.0], False, ["0", "1"]), ([0.0, 1.0], True, None)],
)  # fmt: skip
def test_a_chart_holds_all_its_figures(values: list[float], share: bool, labels: list[str] | None) -> None:
    drawn = chart("figures", ["a", "b", "c"][: len(values)], {"prochain": values}, share=share)
    assert drawn is not None
    assert labels is None or [label for _, label in drawn.y_labels] == labels
    assert all(0 <= y <= drawn.height and drawn.left <= x <= drawn.right for x, y, _ in drawn.series[0].marks)


def test_a_chart_is_broken_where_nothing_is_known_and_left_out_where_there_is_nothing() -> None:
    nan = float("nan")
    drawn = chart("gap", list("abcde"), {"prochain": [1.0, 2.0, nan, 3.0, 4.0], "operator": [nan] * 5})
    assert drawn is not None
    assert [len(series.lines) for series in drawn.series] == [2, 0]
    assert drawn.rows[2] == ("c", ("–", "–"))
    assert chart("nothing", ["a"], {"prochain": [nan]}) is None
