from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.app import create_app
from api.service.clock import ShiftedClock
from api.service.service import Service
from feeds.reading import Reading
from predictor.observations import Observations
from tests.api.town import DATE, LAT, LON, at, headway_town, service_at

NOW = at(8, 1)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    yield TestClient(create_app(service_at(NOW)), raise_server_exceptions=False)


def get(client: TestClient, path: str, **headers: str) -> Any:
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def move_clock(client: TestClient, now: float) -> None:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    service.clock = ShiftedClock(now)


ANSWERS = [
    "/v1/stops?q=gare", "/v1/stops?near=47.39,0.69", "/v1/stops", "/v1/stops/gare", "/v1/stops/gare/departures",
    "/v1/routes", "/v1/routes/tram-A", "/v1/trips/A-0800", "/v1/vehicles",
]  # fmt: skip
FEEDS = ["/gtfs-rt/trip-updates", "/gtfs-rt/vehicle-positions", "/gtfs-rt/alerts"]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_says_when_it_was_made_and_how_the_feed_is(client: TestClient, path: str) -> None:
    answer = get(client, path)
    assert answer["generated_at"] == "2026-03-02T08:01:00+01:00"
    assert answer["feed_stopped"] is False
    assert 0 <= answer["feed_age_s"] < 15


@pytest.mark.parametrize("path", ANSWERS)
def test_a_stopped_feed_is_said_within_a_minute_even_to_those_who_have_the_answer(path: str) -> None:
    client = TestClient(create_app(service_at(NOW)))
    etag = client.get(path).headers["ETag"]
    move_clock(client, NOW + 61)
    response = client.get(path, headers={"If-None-Match": etag})
    assert response.status_code == 200
    assert response.json()["feed_stopped"] is True


@pytest.mark.parametrize("path", FEEDS)
def test_a_stopped_feed_is_said_in_a_header_of_gtfs_realtime(path: str) -> None:
    client = TestClient(create_app(service_at(NOW)))
    assert client.get(path).headers["Feed-Stopped"] == "false"
    move_clock(client, NOW + 61)
    response = client.get(path)
    assert (response.headers["Feed-Stopped"], response.headers["Feed-Age"]) == ("true", "61")


def test_before_the_first_report_the_feed_counts_as_stopped() -> None:
    silent = service_at(NOW, lambda now: Reading(Observations.empty(now)))
    answer = get(TestClient(create_app(silent)), "/v1/stops/gare/departures")
    assert (answer["feed_stopped"], answer["feed_age_s"]) == (True, None)
    assert answer["departures"][0]["status"] == "scheduled"


def test_the_board_of_a_stop(client: TestClient) -> None:
    answer = get(client, "/v1/stops/liberte/departures")
    tram, cancelled, skipped = answer["departures"]
    assert tram["route"] == {
        "route_id": "tram-A", "short_name": "A", "long_name": "Gare – Les Douets", "type": 0, "color": "E2001A",
        "text_color": "FFFFFF",
    }  # fmt: skip
    assert tram["headsign"] == "Les Douets"
    assert tram["scheduled_time"] == "2026-03-02T08:02:00+01:00"
    assert tram["time"] == tram["predicted_time"]
    assert tram["range"]["p10"] <= tram["range"]["p50"] <= tram["range"]["p90"]
    assert (tram["minutes"], tram["status"], tram["source"]) == (0, "live", "vehicle")
    assert (tram["vehicle_id"], tram["data_age_s"], tram["wheelchair"]) == ("7001", 0, "yes")
    assert (tram["trip_id"], tram["service_date"], tram["start_time"]) == ("A-0800", "2026-03-02", "08:00:00")
    assert (cancelled["status"], cancelled["predicted_time"], cancelled["range"]) == ("cancelled", None, None)
    assert cancelled["time"] == cancelled["scheduled_time"] == "2026-03-02T08:22:00+01:00"
    assert (skipped["status"], skipped["trip_id"]) == ("skipped", "A-0840")
    assert [alert["alert_id"] for alert in answer["alerts"]] == ["works"]
    assert get(client, "/v1/stops/hopital/departures")["alerts"] == []


def test_the_board_of_a_station_names_platforms(client: TestClient) -> None:
    departures = get(client, "/v1/stops/gare/departures?limit=2")["departures"]
    assert [(d["stop_id"], d["platform"]) for d in departures] == [("gare:2", "2"), ("gare:1", "1")]


def test_the_board_can_be_narrowed(client: TestClient) -> None:
    bus = get(client, "/v1/stops/gare/departures?route=bus-2&window=3600")["departures"]
    assert [d["trip_id"] for d in bus] == ["2-0805", "2-0835"]
    assert get(client, "/v1/stops/douets/departures")["departures"] == []
    arriving = get(client, "/v1/stops/douets/departures?arrivals=true")["departures"]
    assert [d["pickup"] for d in arriving] == [False] * 3


def test_a_board_is_sent_again_only_when_it_says_something_new() -> None:
    service = service_at(NOW + 10)
    client = TestClient(create_app(service))
    path = "/v1/stops/hopital/departures"
    first = client.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=5"
    etag = first.headers["ETag"]
    move_clock(client, NOW + 15)
    service.step(NOW + 15)
    same = client.get(path, headers={"If-None-Match": etag})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    move_clock(client, NOW + 120)
    service.step(NOW + 120)
    later = client.get(path, headers={"If-None-Match": f'"other", {etag}'})
    assert later.status_code == 200
    assert later.headers["ETag"] != etag


@pytest.mark.parametrize("path", [*ANSWERS, *FEEDS])
def test_every_answer_can_be_revalidated(client: TestClient, path: str) -> None:
    first = client.get(path)
    assert "max-age" in first.headers["Cache-Control"]
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.get(path, headers={"If-None-Match": "*"}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


def test_stops_are_found_by_name_and_by_place(client: TestClient) -> None:
    named = get(client, "/v1/stops?q=liberte")["stops"]
    assert named[0]["stop_id"] == "liberte"
    assert [route["short_name"] for route in named[0]["routes"]] == ["A", "2"]
    near = get(client, "/v1/stops?near=47.39,0.69&limit=2")["stops"]
    assert [stop["stop_id"] for stop in near] == ["gare", "st-pierre"]
    assert near[0]["distance_m"] < near[1]["distance_m"]
    both = get(client, "/v1/stops?near=47.39,0.69&q=pierre")["stops"]
    assert [stop["stop_id"] for stop in both] == ["st-pierre"]
    assert len(get(client, "/v1/stops")["stops"]) == 5
    assert get(client, "/v1/stops?q=nowhereatall")["stops"] == []


def test_one_station(client: TestClient) -> None:
    answer = get(client, "/v1/stops/gare")
    assert (answer["stop"]["type"], answer["stop"]["wheelchair"]) == ("station", "yes")
    assert [platform["platform"] for platform in answer["platforms"]] == ["1", "2"]
    assert get(client, "/v1/stops/gare:1")["stop"]["parent_station"] == "gare"


def test_routes_and_their_patterns(client: TestClient) -> None:
    assert [route["route_id"] for route in get(client, "/v1/routes")["routes"]] == ["tram-A", "bus-2"]
    (pattern,) = get(client, "/v1/routes/tram-A")["patterns"]
    assert [stop["stop_id"] for stop in pattern["stops"]] == ["gare:1", "liberte", "hopital", "douets"]
    assert (pattern["headsign"], pattern["direction"], pattern["trips"]) == ("Les Douets", 0, 4)
    # The feed gives none; its only way is one all the same.
    assert get(client, "/v1/routes/bus-2")["patterns"][0]["direction"] == 0


def test_a_trip_tells_of_every_call() -> None:
    client = TestClient(create_app(service_at(at(8, 3))))
    answer = get(client, "/v1/trips/A-0800")
    assert (answer["status"], answer["vehicle_id"], answer["service_date"]) == ("live", "7001", "2026-03-02")
    passed = [call["passed"] for call in answer["calls"]]
    assert passed == [True, True, False, False]
    assert [call["minutes"] is None for call in answer["calls"]] == passed
    assert answer["calls"][2]["predicted_time"] is not None
    assert answer["calls"][2]["scheduled_arrival"] == "2026-03-02T08:04:00+01:00"
    cancelled = get(client, f"/v1/trips/A-0820?date={DATE}")
    assert cancelled["status"] == "cancelled"
    assert {call["status"] for call in cancelled["calls"]} == {"cancelled"}
    assert [call["status"] for call in get(client, "/v1/trips/A-0840?date=2026-03-02")["calls"]][1] == "skipped"


def test_a_run_by_headway_is_named_by_its_start() -> None:
    quiet = service_at(NOW, lambda now: Reading(Observations.empty(now)), timetable=headway_town())
    client = TestClient(create_app(quiet))
    answer = get(client, "/v1/trips/A-0800?start_time=08:20:00")
    assert answer["start_time"] == "08:20:00"
    assert answer["calls"][0]["scheduled_departure"] is None


def test_vehicles_are_geojson(client: TestClient) -> None:
    response = client.get("/v1/vehicles")
    assert response.headers["Content-Type"] == "application/geo+json"
    (feature,) = response.json()["features"]
    assert feature["geometry"]["type"] == "Point"
    assert feature["geometry"]["coordinates"][1] == pytest.approx(47.39)
    assert feature["properties"]["trip_id"] == "A-0800"
    assert feature["properties"]["next_stop_id"] == "liberte"
    assert feature["properties"]["state"] == "in_service"
    assert get(client, "/v1/vehicles?route=bus-2")["features"] == []
    assert len(get(client, "/v1/vehicles?route=tram-A")["features"]) == 1


def test_gtfs_realtime_as_protobuf_and_json(client: TestClient) -> None:
    response = client.get("/gtfs-rt/trip-updates")
    assert response.headers["Content-Type"] == "application/x-protobuf"
    message = FeedMessage.FromString(response.content)
    assert message.header.timestamp == int(NOW)
    assert {entity.trip_update.trip.trip_id for entity in message.entity} == {"A-0800", "A-0820", "A-0840"}
    as_json = get(client, "/gtfs-rt/trip-updates?format=json")
    assert len(as_json["entity"]) == len(message.entity)
    positions = FeedMessage.FromString(client.get("/gtfs-rt/vehicle-positions").content)
    assert [entity.vehicle.vehicle.id for entity in positions.entity] == ["7001"]
    alerts = FeedMessage.FromString(client.get("/gtfs-rt/alerts").content)
    assert [entity.id for entity in alerts.entity] == ["works"]
    assert get(client, "/gtfs-rt/alerts?format=json")["entity"][0]["alert"]["effect"] == "DETOUR"


@pytest.mark.parametrize(
    ("path", "status", "kind", "says"),
    [
        ("/v1/stops/libertes/departures", 404, "unknown-stop", "liberte"),
        ("/v1/stops/nix", 404, "unknown-stop", "/v1/stops?q="),
        ("/v1/routes/A", 404, "unknown-route", "tram-A"),
        ("/v1/stops/gare/departures?route=9", 404, "unknown-route", "/v1/routes"),
        ("/v1/vehicles?route=9", 404, "unknown-route", "/v1/routes"),
        ("/v1/trips/nix", 404, "unknown-trip", "departures"),
        ("/v1/trips/A-0800?date=2026-03-03", 404, "trip-not-on-date", "2026-03-02"),
        ("/v1/trips/A-0800?date=2031-01-01", 404, "unknown-date", "2026-03-03"),
        ("/v1/trips/A-0800?date=tomorrow", 422, "bad-parameter", "YYYY-MM-DD"),
        ("/v1/trips/A-0800?start_time=noon", 422, "bad-parameter", "HH:MM:SS"),
        ("/v1/stops?near=here", 422, "bad-parameter", "near=47.39,0.69"),
        ("/v1/stops?near=nan,0", 422, "bad-parameter", "near=47.39,0.69"),
        ("/v1/stops?near=91,0", 422, "bad-parameter", "near=47.39,0.69"),
        ("/v1/stops?limit=0", 422, "bad-parameter", "limit"),
        ("/v1/stops/gare/departures?window=1", 422, "bad-parameter", "window"),
        ("/gtfs-rt/trip-updates?format=xml", 422, "bad-parameter", "format"),
    ],
)
def test_errors_are_problem_details_that_say_what_to_do(
    client: TestClient, path: str, status: int, kind: str, says: str
) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == f"urn:prochain:{kind}"
    assert problem["status"] == status
    assert problem["instance"] == path.split("?")[0]
    assert says in problem["detail"]


def test_other_errors_are_problem_details_too(client: TestClient) -> None:
    lost = client.get("/v1/nothing")
    assert (lost.status_code, lost.headers["Content-Type"]) == (404, "application/problem+json")
    wrong = client.post("/v1/routes")
    assert (wrong.status_code, wrong.headers["Content-Type"]) == (405, "application/problem+json")
    assert wrong.json()["detail"].startswith("/v1/routes answers GET, not POST.")


@pytest.mark.parametrize("path", [*ANSWERS, *FEEDS, "/", "/stops/gare", "/v1/stops/nix", "/healthz"])
def test_headers_alone_can_be_asked_for(client: TestClient, path: str) -> None:
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers == whole.headers


def test_our_own_fault_is_a_problem_without_its_insides(monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(service_at(NOW))
    monkeypatch.setattr("api.v1.departures.departure_says", lambda *_: 1 / 0)
    response = TestClient(app, raise_server_exceptions=False).get("/v1/stops/gare/departures")
    assert (response.status_code, response.headers["Content-Type"]) == (500, "application/problem+json")
    assert "division" not in response.text


def test_any_site_may_read(client: TestClient) -> None:
    response = client.get("/v1/routes", headers={"Origin": "https://example.org"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in response.headers["Access-Control-Expose-Headers"]
    preflight = client.options(
        "/v1/routes",
        headers={
            "Origin": "https://example.org",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "If-None-Match",
        },
    )
    assert preflight.status_code == 200


def test_long_answers_are_compressed_for_those_who_can_read_it(client: TestClient) -> None:
    plain = client.get("/v1/stops", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/v1/stops", headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content


def test_a_page_of_which_what_all_begin_with_is_packed_once_is_read_as_it_was_written(client: TestClient) -> None:
    stop_id = client.get("/v1/stops").json()["stops"][0]["stop_id"]
    for lang in ("en", "fr"):
        plain = client.get(f"/stops/{stop_id}", headers={"Accept-Encoding": "identity", "Accept-Language": lang})
        headers = {"Accept-Encoding": "gzip", "Accept-Language": lang}
        with client.stream("GET", f"/stops/{stop_id}", headers=headers) as packed:
            raw = b"".join(packed.iter_raw())
        assert packed.headers["Content-Length"] == str(len(raw))
        assert f'lang="{lang}"' in plain.text
        assert gzip.decompress(raw) == plain.content


def test_health() -> None:
    service = service_at(NOW)
    client = TestClient(create_app(service))
    assert get(client, "/healthz")["status"] == "ok"
    assert get(client, "/readyz")["feeds"]["vehicle_positions"]["good_at"] == "2026-03-02T08:03:00+01:00"
    move_clock(client, NOW + 61)
    degraded = get(client, "/healthz")
    assert (degraded["status"], degraded["feed_stopped"]) == ("degraded", True)
    service._stepped_at -= 120
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 503


def test_metrics_are_prometheus_text(client: TestClient) -> None:
    client.get("/v1/stops/gare/departures")
    text = client.get("/metrics").text
    for line in (
        'prochain_vehicles{state="in_service"} 1.0',
        'prochain_predictions{status="live"} 3.0',
        "prochain_feed_stopped 0.0",
        "prochain_step_failures_total 0.0",
        'prochain_feed_errors_total{feed="vehicle_positions"} 0.0',
    ):
        assert line in text
    assert 'prochain_requests_total{route="/v1/stops/{stop_id}/departures",status="200"}' in text
    assert "gare" not in text


def test_the_openapi_document_describes_every_operation(client: TestClient) -> None:
    document = get(client, "/openapi.json")
    assert document["openapi"].startswith("3.1")
    operations = {path: item["get"] for path, item in document["paths"].items()}
    assert set(operations) >= {
        "/v1/stops", "/v1/stops/{stop_id}", "/v1/stops/{stop_id}/departures", "/v1/routes", "/v1/routes/{route_id}",
        "/v1/trips/{trip_id}", "/v1/vehicles", "/gtfs-rt/trip-updates", "/gtfs-rt/vehicle-positions",
        "/gtfs-rt/alerts", "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    for path, operation in operations.items():
        assert operation["description"], path
        for parameter in operation.get("parameters", []):
            described = parameter.get("description") or parameter["in"] == "path"
            assert described, (path, parameter["name"])
    assert "example" in json.dumps(document["components"]["schemas"]["Departure"])


def test_operations_bear_names_that_clients_can_take(client: TestClient) -> None:
    paths = get(client, "/openapi.json")["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names)) > 20
    assert all(re.fullmatch("[a-z]+(_[a-z]+)+", name) for name in names)


@pytest.mark.parametrize(
    ("path", "can"),
    [("/v1/stops", "GET"), ("/v1/disruptions/desk:1", "GET, PATCH, DELETE"), ("/v1/disruptions", "GET, POST"),
     ("/gtfs-rt/alerts", "GET")],
)  # fmt: skip
def test_whoever_asks_by_a_wrong_method_is_told_all_that_can_be_asked(client: TestClient, path: str, can: str) -> None:
    refused = client.put(path)
    assert (refused.status_code, refused.headers["Allow"]) == (405, f"{can}, HEAD")
    assert f"answers {can}, not PUT" in refused.json()["detail"]


def ids(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["trip_id"], row["stop_id"]) for row in rows]


def test_several_stops_are_asked_for_in_one_call(client: TestClient) -> None:
    both = get(client, "/v1/departures?stop=liberte&stop=gare&stop=gare:1&limit=50")
    assert [stop["stop_id"] for stop in both["stops"]] == ["liberte", "gare", "gare:1"]
    alone = [get(client, f"/v1/stops/{stop}/departures?limit=50")["departures"] for stop in ("liberte", "gare")]
    assert sorted(ids(both["departures"])) == sorted(ids(alone[0]) + ids(alone[1]))
    times = [row["time"] for row in both["departures"]]
    assert times == sorted(times)
    assert client.get("/v1/departures?stop=nowhere").status_code == 404


def test_the_stops_around_a_place_are_asked_for_in_one_call(client: TestClient) -> None:
    found = get(client, f"/v1/departures?near={LAT},{LON}&radius=400")
    assert [stop["stop_id"] for stop in found["stops"]] == ["gare", "st-pierre"]
    assert {row["stop_id"] for row in found["departures"]} == {"gare:1", "gare:2", "st-pierre"}


def test_the_way_of_a_line_is_given_by_a_name_that_its_patterns_bear(client: TestClient) -> None:
    (pattern,) = get(client, "/v1/routes/tram-A")["patterns"]
    shape = get(client, f"/v1/shapes/{pattern['shape_id']}")
    assert (shape["type"], shape["geometry"]["type"]) == ("Feature", "LineString")
    assert [route["route_id"] for route in shape["properties"]["routes"]] == ["tram-A"]
    ends = [pattern["stops"][0], pattern["stops"][-1]]
    assert [shape["geometry"]["coordinates"][k] for k in (0, -1)] == [
        [pytest.approx(stop["lon"]), pytest.approx(stop["lat"])] for stop in ends
    ]
    assert client.get("/v1/shapes/nowhere").status_code == 404
