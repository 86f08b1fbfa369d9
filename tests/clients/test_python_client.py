"""A Python client made from the OpenAPI document calls every operation and gives filled, typed objects."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.desk import Desk
from api.reading.shapes import shapes_of
from tests.api.town import TOWN, at, service_at

TOKEN = "a token of the town"
CONFIGURATION = Path(__file__).with_name("openapi_python_client.yml")
STOP, ROUTE, TRIP = {"stop_id": "liberte"}, {"route_id": "tram-A"}, {"trip_id": "A-0800"}
SHAPE = shapes_of(TOWN).names[0]
CALLS: dict[str, dict[str, Any]] = {
    "find_stops": {"q": "liberte"}, "get_stop": {"stop_id": "gare"}, "get_departures": STOP, "get_board": STOP,
    "stream_board": STOP, "explain_stop": STOP | {"at": "08:05"}, "explain_route": ROUTE | {"at": "08:05"},
    "list_routes": {}, "get_route": ROUTE, "get_trip": TRIP, "list_vehicles": {}, "stream_vehicles": {},
    "get_departures_of_route": ROUTE, "stream_departures_of_route": ROUTE,
    "get_departures_of_several_stops": {"stop": ["liberte", "gare"]}, "get_shape": {"shape_id": SHAPE},
    "get_accuracy": {}, "get_performance_of_route": ROUTE, "list_agencies": {}, "get_gtfs": {},
    "get_trip_updates": {}, "get_vehicle_positions": {}, "get_alerts": {}, "get_health": {}, "get_readiness": {},
    "get_metrics": {},
    "stop_monitoring": {"monitoring_ref": ["liberte"]}, "estimated_timetable": {"line_ref": "tram-A"},
    "vehicle_monitoring": {}, "general_message": {}, "stoppoints_discovery": {}, "lines_discovery": {},
    "get_timetable": {}, "take_timetable": {}, "list_disruptions": {}, "get_disruption": {"disruption_id": "desk:1"},
    "publish_disruption": {}, "change_disruption": {"disruption_id": "desk:1"},
    "end_disruption": {"disruption_id": "desk:1"},
}  # fmt: skip
"""By operation, in the order in which they are called."""
ORDER = sorted(CALLS, key=lambda name: name != "publish_disruption")
BYTES = {
    "get_gtfs", "get_metrics", "get_trip_updates", "get_vehicle_positions", "get_alerts", "stream_board",
    "stream_departures_of_route", "stream_vehicles",
}  # fmt: skip
"""Operations that answer with text or bytes."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    zips = tmp_path_factory.mktemp("zips")
    (zips / f"gtfs-{TOWN.feed_version}.zip").write_bytes(b"PK")
    service = service_at(at(8, 1), gtfs_zips=[zips])
    app = create_app(service, Desk(service, token=TOKEN))
    # A stream goes on as long as the service does: that of a service which stops has an end.
    app.state.announcer.close()
    return app


@pytest.fixture(scope="module")
def generated(town: FastAPI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(town.openapi()))
    said = subprocess.run(
        ["openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none", "--output-path",
         "prochain_client", "--config", CONFIGURATION, "--fail-on-warning"],
        cwd=folder, capture_output=True, text=True, env={"PATH": str(Path(sys.executable).parent)},
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    sys.path.insert(0, str(folder))
    yield import_module("prochain_client")
    sys.path.remove(str(folder))


def undescribed(answer: Any) -> list[str]:
    """Fields of an answer that its types do not know."""
    if isinstance(answer, list):
        return [name for part in answer for name in undescribed(part)]
    if not hasattr(answer, "__attrs_attrs__"):
        return []
    texts_by_name = not any(attribute.name != "additional_properties" for attribute in answer.__attrs_attrs__)
    found = [] if texts_by_name else list(getattr(answer, "additional_properties", ()))
    return found + [name for a in answer.__attrs_attrs__ for name in undescribed(getattr(answer, a.name))]


def test_every_operation_gives_filled_and_typed_objects(town: FastAPI, generated: ModuleType) -> None:
    modules = {
        operation["operationId"]: f"{re.sub('[- ]', '_', operation['tags'][0].lower())}.{operation['operationId']}"
        for path in town.openapi()["paths"].values()
        for operation in path.values()
    }
    assert set(modules) == set(CALLS)
    client = generated.AuthenticatedClient("http://testserver", TOKEN, raise_on_unexpected_status=True)
    client = client.set_httpx_client(TestClient(town, headers={"Authorization": f"Bearer {TOKEN}"}))
    for name in ORDER:
        call = import_module(f"prochain_client.api.{modules[name]}").sync_detailed
        body = {}
        if name in ("publish_disruption", "change_disruption"):
            made = import_module("prochain_client.models").DisruptionPatch
            body = {"body": made(phrase="detour", routes=["bus-2"])}
        answer = call(client=client, **CALLS[name], **body)
        if name == "take_timetable":
            assert (answer.status_code, answer.parsed.type_) == (404, "urn:prochain:none-waits")
        elif name in BYTES:
            assert answer.status_code == 200
            assert answer.content or name.startswith("stream_")
        else:
            assert answer.status_code in (200, 201), (name, answer.content)
            assert answer.parsed.to_dict() == json.loads(answer.content), name
            assert undescribed(answer.parsed) == [], name


def test_the_objects_are_filled_as_deep_as_they_are_described(town: FastAPI, generated: ModuleType) -> None:
    client = generated.Client("http://testserver").set_httpx_client(TestClient(town))
    board = import_module("prochain_client.api.departures.get_departures").sync("liberte", client=client)
    first = board.departures[0]
    assert (board.stop.name, first.route.short_name, first.headsign) == ("Place de la Liberté", "A", "Les Douets")
    assert (first.status, first.vehicle_id, first.arrival.predicted.timestamp()) == (
        "live",
        "7001",
        pytest.approx(at(8, 2), abs=20),
    )
    vehicles = import_module("prochain_client.api.vehicles.list_vehicles").sync(client=client)
    tram = vehicles.features[0]
    assert (tram.properties.trip_id, tram.properties.route.route_id) == ("A-0800", "tram-A")
    assert tram.geometry.coordinates == [pytest.approx(0.694, abs=0.01), pytest.approx(47.39, abs=0.01)]
    panel = import_module("prochain_client.api.panels.get_board").sync("liberte", client=client)
    assert (panel.stop_name, panel.departures[0].destination) == ("Place de la Liberté", "Les Douets")
