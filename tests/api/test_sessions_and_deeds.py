"""Sessions that end when they are ended, tokens that can be changed, and a journal of who did what."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.desk import Desk
from api.desk.sign_in import hash_of
from api.service.settings import ConfigurationError, read_settings
from tests.api.test_desk import hidden, send
from tests.api.town import at, service_at

ANNE, BEN = "the token that Anne has", "the token that Ben has"
SAID = {"header": {"en": "Delays"}, "shown_on": "network"}


def opened(folder: Path, tokens: Mapping[str, str]) -> TestClient:
    """A start of the service."""
    desk = Desk(service_at(at(8, 1)), tokens=tokens, folder=folder)
    return TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})


def signed_in(folder: Path, tokens: Mapping[str, str], token: str = ANNE) -> TestClient:
    client = opened(folder, tokens)
    assert client.post("/desk/login", data={"token": token}).status_code == 200
    return client


def may(client: TestClient, cookie: str) -> bool:
    client.cookies.clear()
    answer = client.get("/desk/disruptions", headers={"Cookie": f"desk={cookie}"}, follow_redirects=False)
    assert answer.status_code in (200, 303)
    return bool(answer.status_code == 200)


def test_a_session_outlives_a_restart_until_it_is_ended(tmp_path: Path) -> None:
    client = signed_in(tmp_path, {"anne": ANNE})
    cookie = client.cookies["desk"]
    assert may(opened(tmp_path, {"anne": ANNE}), cookie)
    page = client.get("/desk").text
    client.post("/desk/logout", data={"csrf": hidden(page, "csrf")})
    assert not may(client, cookie)
    assert not may(opened(tmp_path, {"anne": ANNE}), cookie)


def test_a_session_ends_with_its_time_also_over_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(tmp_path, {"anne": ANNE})
    cookie, now = client.cookies["desk"], time.time()
    monkeypatch.setattr("api.desk.sign_in.time.time", lambda: now + 12 * 3600 + 60)
    assert not may(client, cookie)
    assert not may(opened(tmp_path, {"anne": ANNE}), cookie)


def test_a_session_ends_with_the_token_that_began_it_and_with_no_other(tmp_path: Path) -> None:
    cookie = signed_in(tmp_path, {"anne": ANNE, "ben": BEN}).cookies["desk"]
    assert may(opened(tmp_path, {"anne": ANNE}), cookie)
    assert not may(opened(tmp_path, {"ben": BEN}), cookie)
    assert not may(opened(tmp_path, {"anne": BEN}), cookie)


def test_what_lies_on_the_disk_opens_nothing(tmp_path: Path) -> None:
    client = signed_in(tmp_path, {"anne": ANNE})
    with sqlite3.connect(tmp_path / "desk.sqlite") as kept:
        ((key,),) = kept.execute("SELECT key FROM session").fetchall()
    assert client.cookies["desk"] not in key
    assert not may(client, key)


def test_a_hashed_token_opens_the_desk_and_its_hash_does_not(tmp_path: Path) -> None:
    tokens = {"anne": hash_of(ANNE), "ben": BEN}
    signed_in(tmp_path, tokens)
    signed_in(tmp_path, tokens, BEN)
    client = opened(tmp_path, tokens)
    assert client.post("/desk/login", data={"token": hash_of(ANNE)}).status_code == 403
    assert client.post("/v1/disruptions", json=SAID, headers={"Authorization": f"Bearer {ANNE}"}).status_code == 201


@pytest.mark.parametrize("token", ["short", "sha256:" + "0" * 63, "sha256:" + "x" * 64])
def test_a_bad_token_in_the_settings_is_refused_without_being_said(token: str, tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text(f"desk_tokens = {{ anne = {json.dumps(token)} }}\n")
    with pytest.raises(ConfigurationError) as error:
        read_settings(file)
    assert "desk_tokens" in str(error.value)
    assert token not in str(error.value)


def journal(client: TestClient) -> list[tuple[str, str, str]]:
    """What, to what, and who: the last first."""
    rows = re.findall(r"<li>.*?<strong>(.*?)</strong>(.*?)(?:<br>.*?)?</span><span>(.*?)</span>",
                      client.get("/desk/deeds").text)  # fmt: skip
    return [(what, re.sub("<.*?>", "", subject).strip(), who) for what, subject, who in rows]


def test_the_journal_tells_who_did_what_at_the_desk_and_over_the_api(tmp_path: Path) -> None:
    tokens = {"anne": ANNE, "ben": BEN}
    client = signed_in(tmp_path, tokens)
    ben = {"Authorization": f"Bearer {BEN}"}
    assert send(client, phrase="detour", line="bus-2", via="rue Neuve").status_code == 303
    client.post("/v1/disruptions", json=SAID, headers=ben)
    client.patch("/v1/disruptions/desk:2", json={"header": {"en": "More delays"}}, headers=ben)
    send(client, "/desk/disruptions/2/end")
    send(client, "/desk/phrases/delay", "reset")
    expected = [
        ("phrase reset", "delay", "anne"), ("ended", "desk:2", "anne"), ("changed", "desk:2", "ben"),
        ("published", "desk:2", "ben"), ("published", "desk:1", "anne"), ("signed in", "", "anne"),
    ]  # fmt: skip
    assert journal(client) == expected
    assert "More delays" in client.get("/desk/deeds").text
    assert journal(signed_in(tmp_path, tokens, BEN)) == [("signed in", "", "ben"), *expected]
