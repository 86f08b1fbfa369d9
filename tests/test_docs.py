"""What the documentation tells to type exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pytest
import typer
from fastapi.testclient import TestClient

from api.app import create_app
from api.service import demo as demo_room
from api.service.demo import demo_service
from api.service.settings import read_settings
from benchmarks.command import app
from feeds.history.accuracy_sums import CALLS as CALLS_COUNTED
from feeds.recordings.replay_tables import PASSAGES, PREDICTIONS
from predictor.accuracy.tally import SUMS
from tests.api.town import at, service_at

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text() for page in PAGES}


def commands(text: str, program: str) -> list[list[str]]:
    """The indented command lines of a page that call a program, as words."""
    whole = text.replace("\\\n", " ")
    lines = re.findall(rf"^ {{4}}(?:[A-Z_]+=\S+ |[A-Z_]+='[^']*' )*({re.escape(program)} .*)$", whole, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("page", TEXT)
def test_every_command_of_the_command_line_has_the_options_that_are_told(page: str) -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for _, name, *words in commands(TEXT[page], "prochain"):
        command = known[name]
        if words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_the_readme_shows_every_command() -> None:
    known = set(typer.main.get_command(app).commands) - {"demo"}  # type: ignore[attr-defined]
    assert {words[1] for words in commands(TEXT["README.md"], "prochain")} == known


@pytest.mark.parametrize("page", TEXT)
def test_every_target_of_make_exists(page: str) -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = [words[1] for words in commands(TEXT[page], "make")] + re.findall(r"`make (\w+)", TEXT[page])
    assert set(told) <= set(targets)


@pytest.mark.parametrize("page", TEXT)
def test_every_file_that_is_linked_or_named_exists(page: str) -> None:
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for link in re.findall(r"\]\(([^)#:]+)\)", TEXT[page]):
        assert (folder / link).exists(), link
    for name in re.findall(r"`((?:api|feeds|predictor|benchmarks|tests|docs)/[\w/.]*)`", TEXT[page]):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", TEXT)
def test_every_name_that_is_imported_exists(page: str) -> None:
    for module, names in re.findall(r"^from ([\w.]+) import (.+)$", TEXT[page], re.MULTILINE):
        for name in names.split(", "):
            assert hasattr(import_module(module), name), f"{module}.{name}"


def test_every_call_of_the_api_is_told_and_exists() -> None:
    described = create_app(service_at(at(8, 1))).openapi()["paths"]
    table = "\n".join(line for line in TEXT["api.md"].splitlines() if line.startswith("| `GET"))
    told = {path.split("?")[0]: path.partition("?")[2] for path in re.findall(r"(/[\w/{}.-]+(?:\?[\w=&,]+)?)", table)}
    assert set(told) <= set(described)
    assert {path for path in described if path.startswith("/v1/")} <= set(told)
    for path, query in told.items():
        names = {part.split("=")[0] for part in query.split("&") if part}
        parameters = {p["name"] for p in described[path]["get"].get("parameters", []) if p["in"] == "query"}
        assert names <= parameters


@pytest.mark.parametrize(("table", "schema"), [("Predictions", PREDICTIONS), ("Passages", PASSAGES)])
def test_the_columns_of_tables_are_those_that_are_told(table: str, schema: pa.Schema) -> None:
    part = TEXT["data.md"].split(f"## {table}")[1].split("\n## ")[0]
    kinds = {
        "text": (pa.types.is_string, pa.types.is_dictionary), "integer": (pa.types.is_integer,),
        "number": (pa.types.is_floating,), "timestamp": (pa.types.is_timestamp,),
        "true or false": (pa.types.is_boolean,),
    }  # fmt: skip
    told = re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", part, re.M)
    assert [name for name, _ in told] == schema.names
    for name, kind in told:
        assert any(fits(schema.field(name).type) for fits in kinds[kind]), name


def test_the_sums_of_accuracy_are_those_that_are_told() -> None:
    part = TEXT["data.md"].split("## Accuracy")[1].split("\n## ")[0]
    told = [re.findall(r"`(\w+)`", row) for row in re.findall(r"^\| (`.+?) \|", part, re.MULTILINE)]
    predictions, calls = told[1 : len(told) - 4], told[len(told) - 3 :]
    assert [name for names in predictions for name in names] == list(SUMS)
    assert [name for names in calls for name in names] == list(CALLS_COUNTED)


@pytest.fixture(scope="module")
def demo() -> Iterator[TestClient]:
    """The demo, whose vehicles were followed for a minute only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_room, "WARM_UP_S", 60.0)
        yield TestClient(create_app(demo_service(read_settings(), today=date(2026, 11, 24))))


CALLS = re.findall(r'^ {4}curl "http://127\.0\.0\.1:8000(.*?)"\n\n```json\n(.*?)```', TEXT["api.md"], re.M | re.S)


# One demo is enough for all.
@pytest.mark.xdist_group("demo of the documentation")
@pytest.mark.parametrize(("address", "told"), CALLS, ids=[address for address, _ in CALLS])
def test_every_call_of_the_api_that_is_told_answers_as_told(demo: TestClient, address: str, told: str) -> None:
    answer = demo.get(address)
    names = set(re.findall(r'"(\w+)":', told))
    assert names <= set(re.findall(r'"(\w+)":', answer.text)), answer.text[:1000]
    assert answer.status_code == (404 if '"status": 404' in told else 200)


def test_the_calls_of_the_api_are_told_by_example() -> None:
    assert len(CALLS) >= 5
