"""The files for deploying name what there is: settings, commands, addresses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from api.app import create_app
from api.service.settings import ADDRESSES, ConfigurationError, Settings, read_settings
from benchmarks.command import app
from tests.api.town import at, service_at

ROOT = Path(__file__).parents[1]
FILES = {
    path.name: path.read_text() for path in (ROOT / "Containerfile", *sorted((ROOT / "docs" / "deploy").iterdir()))
}


@pytest.mark.parametrize("name", FILES)
def test_every_variable_of_the_environment_is_a_setting(name: str) -> None:
    told = re.findall(r"\bPROCHAIN_([A-Z_]+)\b", FILES[name])
    assert {variable.lower() for variable in told} <= set(Settings.model_fields)
    assert told or name.startswith(("Caddyfile", "nginx"))


def test_what_is_started_is_a_command_with_the_options_that_it_has() -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    (line,) = re.findall(r"^ExecStart=\S+/prochain (.+)$", FILES["prochain.service"], re.M)
    (command,) = re.findall(r'^CMD \["(\w+)"\]$', FILES["Containerfile"], re.M)
    for name, *words in (line.split(), [command]):
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_every_address_that_others_are_given_is_one_of_ours() -> None:
    paths = create_app(service_at(at(8, 1))).openapi()["paths"]
    given = re.findall(r"bus\.example\.org(/[\w./-]*\w)", (ROOT / "docs" / "publishing.md").read_text())
    given += re.findall(r"127\.0\.0\.1:\$\{PROCHAIN_PORT:-8000\}(/\w+)", FILES["Containerfile"])
    assert len(given) >= 6
    assert {path for path in given if not any(known.startswith(path) for known in paths)} == set()


def test_a_path_and_a_networks_name_can_be_told_from_our_addresses() -> None:
    routes = create_app(service_at(at(8, 1))).routes
    assert {str(getattr(route, "path", "")).split("/")[1] for route in routes} <= ADDRESSES | {""}
    with pytest.raises(ConfigurationError, match="/stops is an address of ours"):
        read_settings(root_path="stops/")
