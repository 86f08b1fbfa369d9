"""Settings come from the command line, the environment and a TOML file, in this order; bad ones are told plainly."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.service.settings import ConfigurationError, Settings, read_settings, settings_by_network
from predictor.endings import Patience
from predictor.engine import EngineSettings


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROCHAIN_{name.upper()}", raising=False)


def refused(config: Path | None = None, **given: Any) -> str:
    with pytest.raises(ConfigurationError) as error:
        read_settings(config, **given)
    return str(error.value)


def test_nothing_given_means_the_defaults() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.gtfs, settings.headers) == ("127.0.0.1", 8000, None, {})


def test_the_engines_defaults_are_those_of_the_settings() -> None:
    settings = read_settings()
    for defaults in (EngineSettings(), Patience()):
        for limit in fields(defaults):
            if limit.name in Settings.model_fields:
                assert getattr(settings, limit.name) == getattr(defaults, limit.name), limit.name


def test_prochain_toml_of_the_working_directory_is_read_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "prochain.toml").write_text("port = 8001\n")
    (tmp_path / "other.toml").write_text('port = 8002\n[headers]\n"X-Api-Key" = "secret"\n')
    assert read_settings().port == 8001
    other = read_settings(tmp_path / "other.toml")
    assert (other.port, other.headers) == (8002, {"X-Api-Key": "secret"})


def test_the_command_line_goes_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prochain.toml").write_text('port = 8001\nhost = "0.0.0.0"\ngtfs = "file.zip"\n')
    monkeypatch.setenv("PROCHAIN_PORT", "8002")
    monkeypatch.setenv("PROCHAIN_GTFS", "environment.zip")
    monkeypatch.setenv("PROCHAIN_HEADERS", '{"X-Api-Key": "secret"}')
    settings = read_settings(port=8003, gtfs=None)
    assert (settings.port, settings.gtfs, settings.host) == (8003, "environment.zip", "0.0.0.0")
    assert settings.headers == {"X-Api-Key": "secret"}


_SECRET = "sixteen characters"
_VALUES = {
    "headers": {"a": "b"}, "port": 81, "miss_weight": 7.0, "desk_token": _SECRET, "desk_webhook_secret": _SECRET,
    "added_as": "ADDED", "headway_as": "SCHEDULED", "desk_webhooks": ["https://example.org/hook"],
    "desk_tokens": {"anne": _SECRET}, "trusted_proxies": ["127.0.0.1", "fd00::/8"],
    "take_any_gtfs": True, "log_format": "json", "feed_headers": {"gtfs": {"a": "b"}},
    "role": "api", "workers": 3, "redis": "redis://localhost:1", "engine": "http://engine:8000",
    "web_push": False, "push_hosts": ["push.example.org"],
    "root_path": "/bus", "further_feeds": [{"feed": "alerts", "address": "a.pb"}],
    "networks": {"tours": {"gtfs": "a.zip"}}, "siri": {"producer": "TOWN"}, "abbreviations": {"Heights": "Hts."},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - {"network"}))
def test_every_setting_can_be_given_in_every_way(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value: Any = _VALUES.get(name, "x")
    if name.endswith("_s"):
        value = 75.0 if name != "step_interval_s" else 7.5
    file = tmp_path / "some.toml"
    tables = {
        "headers": 'headers = { a = "b" }\n',
        "networks": '[networks.tours]\ngtfs = "a.zip"\n',
        "further_feeds": '[[further_feeds]]\nfeed = "alerts"\naddress = "a.pb"\n',
        "siri": '[siri]\nproducer = "TOWN"\n',
        "abbreviations": '[abbreviations]\nHeights = "Hts."\n',
        "feed_headers": '[feed_headers.gtfs]\na = "b"\n',
        "desk_tokens": f'desk_tokens = {{ anne = "{_SECRET}" }}\n',
    }
    file.write_text(tables.get(name, f"{name} = {json.dumps(value)}\n"))
    from_file = getattr(read_settings(file), name)
    monkeypatch.setenv(f"PROCHAIN_{name.upper()}", value if isinstance(value, str) else json.dumps(value))
    from_environment = getattr(read_settings(), name)
    monkeypatch.delenv(f"PROCHAIN_{name.upper()}")
    assert from_file == from_environment == getattr(read_settings(**{name: value}), name)
    assert from_file != Settings.model_fields[name].default


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_missing_file_is_told() -> None:
    assert refused(Path("nowhere.toml")) == "nowhere.toml: there is no such configuration file; check --config."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gtfs = feed.zip\n", "not valid TOML: Invalid value (at line 1, column 8)"),
        ('gtsf = "feed.zip"\n', "“gtsf” is no setting. Did you mean gtfs? The settings are: abbreviations, added_as, "),
        ('port = "tram"\n', "port = 'tram': Input should be a valid integer"),
        ("port = 70000\n", "port = 70000: Input should be less than or equal to 65535"),
        ("poll_interval_s = 0\n", "poll_interval_s = 0: Input should be greater than or equal to 1"),
    ],
)
def test_a_bad_file_is_told_by_name_and_setting(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    message = refused(file)
    assert message.startswith(str(file))
    assert said in message


def test_a_bad_variable_of_the_environment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCHAIN_HEADERS", "X-Api-Key: secret")
    said = refused()
    assert "write tables such as PROCHAIN_HEADERS as JSON" in said
    assert "secret" not in said


@pytest.mark.parametrize("name", ["PROCHAIN_POLL_INTERVAL", "prochain_poll_interval"])
def test_an_unknown_variable_of_the_environment_is_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "5")
    said = refused()
    assert f"“{name}” is no setting" in said
    assert "POLL_INTERVAL_S" in said


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "prochain.toml").write_bytes(b'gtfs = "\xe9t\xe9.zip"')
    assert refused().startswith("prochain.toml: not UTF-8")


def test_keys_in_headers_are_never_said(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('headers = "X-Api-Key: secret"\n')
    said = refused(file)
    assert "headers is a table" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "text",
    ['desk_token = "hunter2"', 'desk_webhook_secret = "hunter2"', 'desk_webhooks = ["ftp://hunter2"]',
     "desk_webhooks = { hunter2 = 1 }", 'desk_webhooks = [["hunter2"]]'],
)  # fmt: skip
def test_a_bad_secret_is_refused_without_being_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    said = refused(file)
    assert text.split()[0] in said
    assert "hunter2" not in said


def test_the_documentation_lists_every_setting_with_its_default() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    for name, field in Settings.model_fields.items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{name}` ")), "")
        assert row, f"{name} is missing"
        if isinstance(field.default, bool):
            assert f"| {str(field.default).lower()} |" in row
        elif isinstance(field.default, int | float):
            assert f"| {field.default:g} |" in row
    example = text.split("```toml\n", 1)[1].split("```", 1)[0]
    assert Settings(**tomllib.loads(example)).gtfs is not None


NETWORKS = """
data_dir = "kept"
desk_token = "one for all networks"
root_path = "/bus"
[networks.tours]
gtfs = "tours.zip"
[networks.lyon]
gtfs = "lyon.zip"
data_dir = "elsewhere"
desk_token = "another for this one"
"""


def test_a_network_has_its_own_settings_over_those_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prochain.toml").write_text(NETWORKS)
    both = settings_by_network(read_settings())
    monkeypatch.setenv("PROCHAIN_NETWORK", "lyon")
    assert read_settings().model_dump() == both["lyon"].model_dump()
    told = [(own.gtfs, own.root_path, str(own.data_dir), own.desk_token) for own in both.values()]
    assert told == [
        ("tours.zip", "/bus/tours", "kept/tours", SecretStr("one for all networks")),
        ("lyon.zip", "/bus/lyon", "elsewhere", SecretStr("another for this one")),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[networks.Tours]\n", "“Tours” cannot name a network"),
        ("[networks.stops]\n", "“stops” cannot name a network"),
        ("[networks.tours]\nport = 1\n", "“port” is for all networks, and stands outside of [networks.tours]"),
        (
            '[networks.tours]\ngtsf = "a.zip"\n',
            "[networks.tours]: prochain.toml, environment or command line: “gtsf” is no setting. Did",
        ),
        ('gtfs = "a.zip"\n[networks.tours]\n', "There are [networks]: put gtfs into each of them."),
    ],
)
def test_what_is_wrong_with_networks_is_told_by_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "prochain.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        settings_by_network(read_settings())


def test_a_network_that_there_is_not_is_told() -> None:
    assert refused(network="lyno") == "There is no network “lyno”; the networks are: none."
