"""Officers by name and password, administrators who keep them, tools that publish by a token of their own."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.command.cli import app as command_line
from api.desk.accounts import _HASHER, _NOBODYS, FORMER_OPENS_S
from api.desk.desk import Desk
from api.desk.disruption import Notice
from tests.api.test_desk import hidden, send
from tests.api.town import at, service_at

TOKEN = "the token of the settings"
PASSWORD, OTHER = "correct horse battery", "another good password"
NOW = at(8, 1)
SAID = {"header": {"en": "Delays"}, "shown_on": "network"}


def test_a_name_that_is_not_there_takes_as_long_as_one_that_is() -> None:
    assert not _HASHER.check_needs_rehash(_NOBODYS)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(service_at(NOW), token=TOKEN, folder=tmp_path)


def client_of(desk: Desk) -> TestClient:
    return TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})


def signed_in(desk: Desk, secret: str = TOKEN, name: str = "") -> TestClient:
    client = client_of(desk)
    assert client.post("/desk/login", data={"name": name, "token": secret}).status_code == 200
    return client


def ask(client: TestClient, what: str, **fields: str) -> str:
    csrf = hidden(client.get("/desk/users").text, "csrf")
    answer = client.post(f"/desk/users/{what}", data={"csrf": csrf, **fields})
    assert answer.status_code in (200, 422), answer.text
    return str(answer.text)


def is_open(client: TestClient) -> bool:
    return bool(client.get("/desk/disruptions", follow_redirects=False).status_code == 200)


def test_an_administrator_makes_an_officer_who_signs_in_by_name_and_is_named_in_the_journal(desk: Desk) -> None:
    page = ask(signed_in(desk), "add", name=" Anne  Roux ", role="officer", password=PASSWORD)
    assert "Anne Roux" in page
    anne = signed_in(desk, PASSWORD, "anne roux")
    assert send(anne, phrase="detour", line="bus-2", via="rue Neuve").status_code == 303
    (_, deed), *_ = desk.deeds(1)
    assert (deed.who, deed.what, deed.subject) == ("Anne Roux", "published", "desk:1")


@pytest.mark.parametrize("name, secret", [("Anne", OTHER), ("Ben", PASSWORD), ("", PASSWORD), ("Anne", "")])
def test_a_wrong_name_or_password_opens_nothing_and_says_no_more(desk: Desk, name: str, secret: str) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    answer = client_of(desk).post("/desk/login", data={"name": name, "token": secret})
    assert answer.status_code == 403
    assert "The name or the password is wrong." in answer.text


def test_guessing_passwords_is_slowed(desk: Desk) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    client = client_of(desk)
    tried = [client.post("/desk/login", data={"name": "Anne", "token": f"guess {n}"}).status_code for n in range(11)]
    assert tried == [403] * 10 + [429]
    assert client.post("/desk/login", data={"name": "Anne", "token": PASSWORD}).status_code == 429


def test_neither_passwords_nor_tokens_lie_on_the_disk(desk: Desk, tmp_path: Path) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    token = desk.accounts.add("Signs", "tool")
    with sqlite3.connect(tmp_path / "desk.sqlite") as kept:
        documents = " ".join(document for (document,) in kept.execute("SELECT document FROM account"))
    assert "$argon2id$" in documents
    assert PASSWORD not in documents
    assert token not in documents
    assert {file.stat().st_mode & 0o077 for file in tmp_path.rglob("desk.sqlite*")} == {0}


def test_another_password_a_removal_and_a_role_are_in_force_at_once(desk: Desk) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    anne, administrator = signed_in(desk, PASSWORD, "Anne"), signed_in(desk)
    assert anne.get("/desk/users").text.count("<form") == 2  # Her own password, and signing out.
    ask(administrator, "role", name="Anne", role="administrator")
    assert "Add a user" in anne.get("/desk/users").text
    ask(administrator, "renew", name="Anne", password=OTHER)
    assert not is_open(anne)
    anne = signed_in(desk, OTHER, "Anne")
    ask(administrator, "remove", name="Anne")
    assert not is_open(anne)


def test_one_changes_ones_own_password_and_stays_signed_in_here_alone(desk: Desk) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    here, elsewhere = signed_in(desk, PASSWORD, "Anne"), signed_in(desk, PASSWORD, "Anne")
    assert "The present password is wrong." in ask(here, "password", before="no", password=OTHER)
    ask(here, "password", before=PASSWORD, password=OTHER)
    assert is_open(here)
    assert not is_open(elsewhere)


@pytest.mark.parametrize("what", ["add", "renew", "role", "remove"])
def test_an_officer_keeps_no_accounts(desk: Desk, what: str) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    anne = signed_in(desk, PASSWORD, "Anne")
    csrf = hidden(anne.get("/desk/users").text, "csrf")
    before = desk.accounts.all()
    fields = {"csrf": csrf, "name": "Anne", "role": "administrator", "password": OTHER}
    assert anne.post(f"/desk/users/{what}", data=fields).status_code == 403
    assert desk.accounts.all() == before


@pytest.mark.parametrize(
    "name, password, problem",
    [
        ("", PASSWORD, "1 to 40"),
        ("x" * 41, PASSWORD, "1 to 40"),
        ("a\u0000b", PASSWORD, "1 to 40"),
        ("ANNE", PASSWORD, "of this name already"),
        ("desk", PASSWORD, "of this name already"),
        ("Ben", "short", "at least 10"),
        ("Benedict Roux", "benedict roux", "not the name"),
    ],
)
def test_what_cannot_be_an_account_is_said(desk: Desk, name: str, password: str, problem: str) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    assert problem in ask(signed_in(desk), "add", name=name, role="officer", password=password)
    assert len(desk.accounts.all()) == 1


def test_an_administrator_does_not_shut_herself_out(desk: Desk) -> None:
    desk.accounts.add("Anne", "administrator", PASSWORD)
    anne = signed_in(desk, PASSWORD, "Anne")
    for what in ("remove", "role"):
        assert "Another administrator" in ask(anne, what, name="anne", role="officer")
    assert is_open(anne)


def publish(client: TestClient, token: str) -> int:
    return int(client.post("/v1/disruptions", json=SAID, headers={"Authorization": f"Bearer {token}"}).status_code)


def test_a_tool_publishes_by_its_own_token_and_is_named_and_cannot_open_the_desk(desk: Desk) -> None:
    page = ask(signed_in(desk), "add", name="Traffic control", role="tool")
    token = re.findall(r"<pre[^>]*>(.+?)</pre>", page)[0]
    client = client_of(desk)
    assert publish(client, token) == 201
    assert desk.deeds(1)[0][1].who == "Traffic control"
    assert client.post("/desk/login", data={"name": "Traffic control", "token": token}).status_code == 403


def test_a_password_opens_no_api(desk: Desk) -> None:
    desk.accounts.add("Anne", "officer", PASSWORD)
    assert publish(client_of(desk), PASSWORD) == 401


def test_a_tools_token_is_changed_without_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    old = desk.accounts.add("Signs", "tool")
    new = desk.accounts.renew("Signs")
    client = client_of(desk)
    assert [publish(client, token) for token in (old, new)] == [201, 201]
    now = time.time()
    monkeypatch.setattr("api.desk.accounts.time.time", lambda: now + FORMER_OPENS_S + 1)
    assert [publish(client, token) for token in (old, new)] == [401, 201]
    desk.accounts.remove("Signs")
    assert publish(client, new) == 401


def users(folder: Path, *arguments: str, given: str = "") -> str:
    result = CliRunner().invoke(
        command_line, ["users", *arguments, "--gtfs", "town.zip", "--data-dir", str(folder)], input=given
    )
    return result.output


def test_users_are_kept_from_the_command_line_while_the_service_runs(desk: Desk, tmp_path: Path) -> None:
    assert "Nobody yet" in users(tmp_path, "list")
    users(tmp_path, "add", "anne", "--role", "administrator", given=PASSWORD + "\n")
    anne = signed_in(desk, PASSWORD, "anne")
    token = re.findall(r": (\S+)\n", users(tmp_path, "add", "signs", "--role", "tool"))[-1]
    assert publish(anne, token) == 201
    assert re.findall(r"^(\S+) +(\S+) +\d{4}-", users(tmp_path, "list"), re.MULTILINE) == [
        ("anne", "administrator"), ("signs", "tool")
    ]  # fmt: skip
    users(tmp_path, "password", "anne", given=OTHER + "\n")
    assert not is_open(anne)
    anne = signed_in(desk, OTHER, "anne")
    assert "There is nobody of this name." in users(tmp_path, "remove", "ben")
    users(tmp_path, "remove", "anne")
    assert not is_open(anne)
    said = signed_in(desk).get("/desk/deeds").text
    assert "user removed" in said
    assert "prochain users" in said


def test_the_journal_shows_every_version_page_by_page(desk: Desk) -> None:
    for number in range(60):
        desk.disruptions.publish(Notice(header={"en": f"No {number}."}, shown_on="network", starts_at=NOW), NOW, "anne")
    desk.disruptions.change(7, Notice(header={"en": "Otherwise."}, shown_on="network", starts_at=NOW), NOW, "ben")
    client = signed_in(desk)
    first = client.get("/desk/deeds").text
    older = client.get(re.findall(r'href="(/desk/deeds\?before=\d+)"', first)[0]).text
    assert first.count("<li>") == 50
    assert older.count("<li>") == 12
    assert "No 0." in older
    versions = client.get("/desk/deeds?subject=desk:7").text
    assert versions.count("<li>") == 2
    assert versions.index("Otherwise.") < versions.index("No 6.")


def test_a_file_of_an_earlier_version_is_opened_and_its_journal_read(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "desk.sqlite") as kept:
        kept.executescript(
            """
            CREATE TABLE disruption (number INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL);
            CREATE TABLE phrase (key TEXT PRIMARY KEY, document TEXT NOT NULL);
            CREATE TABLE bulletin (
                number INTEGER PRIMARY KEY AUTOINCREMENT, subscriber TEXT NOT NULL, at REAL NOT NULL,
                document TEXT NOT NULL);
            CREATE TABLE dismissal (situation TEXT PRIMARY KEY, document TEXT NOT NULL);
            CREATE TABLE deed (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, document TEXT NOT NULL);
            CREATE TABLE session (key TEXT PRIMARY KEY, until REAL NOT NULL);
            PRAGMA user_version = 2;
            """
        )
        kept.execute(
            "INSERT INTO deed (at, document) VALUES (?, ?)",
            (
                NOW,
                json.dumps({"at": NOW, "who": "ben", "what": "ended", "subject": "desk:3", "said": {"en": "Delays"}}),
            ),
        )
    desk = Desk(service_at(NOW), token=TOKEN, folder=tmp_path)
    desk.accounts.add("Anne", "officer", PASSWORD)
    assert "Delays" in signed_in(desk, PASSWORD, "Anne").get("/desk/deeds").text
