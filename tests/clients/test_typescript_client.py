"""A TypeScript client made from the OpenAPI document calls every operation and gives filled objects, and the compiler
knows what they hold."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.command.port import address_of, listen
from api.desk.desk import Desk
from tests.api.town import TOWN, at, service_at
from tests.clients.test_python_client import BYTES, CALLS, ORDER, TOKEN

PACKAGES = Path(__file__).with_name("typescript") / "package.json"
BODY = {"phrase": "detour", "routes": ["bus-2"]}
COMPILER = {
    "compilerOptions": {
        "strict": True, "noUncheckedIndexedAccess": True, "module": "nodenext", "target": "es2022", "outDir": "made",
        "lib": ["es2022", "dom", "dom.iterable"], "types": [], "skipLibCheck": True,
    },
    "files": ["calls.ts"],
}  # fmt: skip
READ = """
// What the objects hold is known to the compiler.
const board = told["get_departures"] as Told["get_departures"];
const first = board.departures[0]!;
const predicted: string | null = first.arrival!.predicted;
const status: "live" | "scheduled" | "cancelled" | "skipped" = first.status;
const vehicles = told["list_vehicles"] as Told["list_vehicles"];
const tram = vehicles.features[0]!;
console.log(JSON.stringify({
  answers: Object.fromEntries(Object.entries(statuses)),
  read: [board.stop.name, first.route.short_name, first.headsign, status, predicted !== null,
         tram.properties.trip_id, tram.geometry.coordinates.length],
}));
"""


@pytest.fixture(scope="module")
def packages(pytestconfig: pytest.Config) -> Path:
    """The packages of npm, fetched once and kept in pytest's cache."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are missing: no TypeScript client can be made")
    wanted = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()[:12]
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("typescript-client") / wanted
    if not (folder / "fetched").exists():
        folder.mkdir(exist_ok=True)
        shutil.copyfile(PACKAGES, folder / "package.json")
        said = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if said.returncode:
            pytest.skip(f"npm cannot fetch the packages: {said.stderr.strip()[-300:]}")
        (folder / "fetched").touch()
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, str]]:
    """The town on a real port."""
    zips = tmp_path_factory.mktemp("zips")
    (zips / f"gtfs-{TOWN.feed_version}.zip").write_bytes(b"PK")
    service = service_at(at(8, 1), gtfs_zips=[zips])
    app = create_app(service, Desk(service, token=TOKEN))
    # A stream goes on as long as the service does: that of a service which stops has an end.
    app.state.announcer.close()
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield app, address_of(listening)
    server.should_exit = True
    thread.join(60.0)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def call(path: str, method: str, operation: dict[str, Any]) -> str:
    """One operation, called; what it answers is kept under its name."""
    name = operation["operationId"]
    given: dict[str, dict[str, Any]] = {}
    for parameter in operation.get("parameters", []):
        if snake(parameter["name"]) in CALLS[name]:
            given.setdefault(parameter["in"], {})[parameter["name"]] = CALLS[name][snake(parameter["name"])]
    assert sum(map(len, given.values())) == len(CALLS[name]), name
    options: dict[str, Any] = {"params": given}
    if name in BYTES:
        options["parseAs"] = "text"
    if name in ("publish_disruption", "change_disruption"):
        options["body"] = BODY
    asked = f"await client.{method.upper()}({json.dumps(path)}, {json.dumps(options)})"
    return f"{{ const a = {asked}; statuses[{name!r}] = a.response.status; told[{name!r}] = a.data; }}"


def test_every_operation_is_typed_and_answers(packages: Path, site: tuple[FastAPI, str], tmp_path: Path) -> None:
    app, base = site
    document = app.openapi()
    operations = {
        operation["operationId"]: (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == set(CALLS)
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    (tmp_path / "tsconfig.json").write_text(json.dumps(COMPILER))
    types = {
        name: f'paths[{json.dumps(path)}][{json.dumps(method)}]["responses"]["200"]["content"]["application/json"]'
        for name, (path, method, _) in operations.items()
        if name == "get_departures"
    } | {
        "list_vehicles": 'paths["/v1/vehicles"]["get"]["responses"]["200"]["content"]["application/geo+json"]',
    }
    head = [
        'import createClient from "openapi-fetch";',
        'import type { paths } from "./schema.js";',
        "type Told = {" + "; ".join(f"{name}: {kind}" for name, kind in types.items()) + "};",
        f"const client = createClient<paths>({{ baseUrl: {json.dumps(base)}, "
        f"headers: {{ Authorization: {json.dumps(f'Bearer {TOKEN}')} }} }});",
        "const told: Record<string, unknown> = {};",
        "const statuses: Record<string, number> = {};",
    ]
    (tmp_path / "calls.ts").write_text("\n".join([*head, *(call(*operations[name]) for name in ORDER)]) + READ)

    def run(*words: str) -> str:
        said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert said.returncode == 0, (said.stdout + said.stderr)[-3000:]
        return said.stdout

    run("node", "node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", "schema.ts")
    run("node", "node_modules/typescript/bin/tsc")
    found = json.loads(run("node", "made/calls.js"))
    assert found["answers"].pop("take_timetable") == 404
    assert set(found["answers"].values()) <= {200, 201}, found["answers"]
    assert len(found["answers"]) == len(CALLS) - 1
    assert found["read"] == ["Place de la Liberté", "A", "Les Douets", "live", True, "A-0800", 2]
