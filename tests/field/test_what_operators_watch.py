"""Whoever watches finds each fault: what it means and what to do, and each figure on the dashboard.

The kind: a fault or a figure that is added to the service, and to nothing that operators read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.reading.health import FAULTS, WARNINGS
from api.words.texts import LANGUAGES, texts_in
from benchmarks.field.city import City, FedSource
from benchmarks.field.faces import page_of
from benchmarks.field.messages import StopUpdate, update
from tests.api.town import at, service_at

DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD = json.loads((DOCS / "grafana.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ASKED = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """Kind of each metric told, by name."""
    client = TestClient(create_app(service_at(at(8, 1))))
    client.get("/v1/routes")
    return dict(re.findall(r"^# TYPE (\w+) (\w+)$", client.get("/metrics").text, re.MULTILINE))


def test_each_fault_has_a_row_of_what_it_means_and_what_to_do() -> None:
    section = (DOCS / "operations.md").read_text().split("## Faults")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert [code for code, _, _ in rows] == list(FAULTS)
    assert {code for code, means, _ in rows if means.startswith("warning: ")} == WARNINGS
    alarm = section.split("prochain_fault{code!~")[1].split("}")[0].strip('"')
    assert set(alarm.split("|")) == WARNINGS
    for language in LANGUAGES:
        assert set(FAULTS) <= set(texts_in(language, "health").entries)


def test_each_metric_of_the_dashboard_is_told(told: dict[str, str]) -> None:
    names = set(re.findall(r"\b(?:prochain|process)_\w+", ASKED))
    suffixes = {"histogram": ("_bucket",), "counter": ("",), "gauge": ("",)}
    known = {name + suffix for name, kind in told.items() for suffix in suffixes.get(kind, ("",))}
    assert names <= known
    assert len(names) > 20


def test_each_metric_is_on_the_dashboard(told: dict[str, str]) -> None:
    ours = {name.removesuffix("_created") for name in told if name.startswith("prochain_")}
    missing = {name for name in ours if not re.search(rf"\b{name}(?:_total|_bucket)?\b", ASKED)}
    assert not missing


def test_each_fault_is_on_the_dashboard_by_its_code(told: dict[str, str]) -> None:
    assert told["prochain_fault"] == "gauge"
    by_code = [t for panel in PANELS for t in panel["targets"] if t["legendFormat"] == "{{code}}"]
    assert [target["expr"] for target in by_code] == ['prochain_fault{job=~"$job"} > 0'], "every code, none picked"


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        fields = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
        assert not fields & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= fields
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_desk_says_nothing_of_vehicles_where_nobody_tells_of_any() -> None:
    nobody: dict[str, FedSource | None] = {"vehicle_positions": None}
    for sources, told in ((nobody, []), (None, ["vehicles", "uncovered", "unmatched"])):
        city = City(at="08:01", sources=sources).trip_updates(update("t1", StopUpdate("B", delay=60)))
        page = page_of(city.officer.get("/desk").text)
        named = [str(section.attributes["aria-labelledby"]) for section in page.css("section[aria-labelledby]")]
        assert [name for name in named if name in ("vehicles", "uncovered", "unmatched")] == told
