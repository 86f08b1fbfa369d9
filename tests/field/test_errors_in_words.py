"""Who reads with a browser is told of an error on a page, in words; a program gets problem details.

The kind: an error that is decided before, beside or after the page's own code (its form, its limits, its disk).
"""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from api.answers.heavy_reads import HeavyReads
from api.answers.rate_limits import GUESSES
from api.app import create_app
from api.desk.desk import Desk
from tests.api.town import at, service_at

TOKEN = "a token of the desk"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "fr"}
PROGRAM = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def client() -> TestClient:
    service = service_at(at(8, 1))
    app = create_app(service, Desk(service, token=TOKEN))
    app.state.heavy_reads = HeavyReads(room=0)
    signed_in = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    assert signed_in.post("/desk/login", data={"token": TOKEN}).status_code == 303
    return signed_in


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/desk/why?stop=gare", 503, "Réessayez dans 5"),
        ("GET", "/desk/disruptions/77", 404, "There is no disruption 77"),
        ("GET", "/desk/disruptions/x", 422, "Une partie de cette adresse"),
        ("GET", "/desk/phrases/nix", 404, "Il n’y a rien à cette adresse"),
        ("POST", "/desk/disruptions/new", 403, "rechargez la page"),
        ("POST", "/desk/logout", 403, "rechargez la page"),
        ("DELETE", "/desk", 405, "n’accepte pas"),
        ("POST", "/stops/gare", 405, "n’accepte pas"),
        ("GET", "/screen/gare?limit=100000", 422, "Une partie de cette adresse"),
        ("GET", "/nowhere/<script>alert(1)</script>", 404, "Il n’y a rien à cette adresse"),
    ],
)
def test_a_person_reads_a_page_and_a_program_problem_details(
    client: TestClient, method: str, path: str, status: int, words: str
) -> None:
    page = client.request(method, path, headers=BROWSER)
    assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert words in page.text.replace("\u00a0", " ")
    assert "<script>alert" not in page.text
    if method == "GET":
        leads = (
            'href="">Réessayer' if status == 503 else f'href="{"/desk" if path.startswith("/desk") else "/"}">Accueil'
        )
        assert leads in page.text, "asking again for what is not there brings nobody on"
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    told = client.request(method, path, headers=PROGRAM)
    assert (told.status_code, told.headers["Content-Type"]) == (status, "application/problem+json")
    assert told.headers.get("Retry-After") == page.headers.get("Retry-After")


def test_a_page_too_large_too_often_or_broken_is_told_in_words_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = client.post("/desk/login", content=bytes(600_000), headers=BROWSER)
    assert (large.status_code, "trop volumineux" in large.text) == (413, True)
    guesser = TestClient(client.app, client=("192.0.2.77", 1))
    for _ in range(GUESSES[0].amount):
        guesser.post("/desk/login", data={"token": "wrong"})
    often = guesser.post("/desk/login", data={"token": "wrong"}, headers=BROWSER)
    assert often.status_code == 429
    (seconds,) = re.findall(r"Réessayez dans (\d+)", often.text)
    assert seconds == often.headers["Retry-After"]
    monkeypatch.setattr("api.pages.addresses.stop_page", lambda *_: 1 / 0)
    broken = client.get("/stops/gare", headers=BROWSER)
    assert (broken.status_code, "La faute est de notre côté" in broken.text) == (500, True)
    # Where not even the page of the error can be made.
    monkeypatch.setattr("api.answers.problems.problem_page", lambda *_: 1 / 0)
    assert client.get("/stops/gare", headers=BROWSER).headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/nothing", "/siri/nothing.json", "/gtfs-rt/nothing", "/v1/stops/nix/stream"])
def test_an_api_answers_problem_details_also_to_a_browser(client: TestClient, path: str) -> None:
    assert client.get(path, headers=BROWSER).headers["Content-Type"].startswith("application/")


@pytest.mark.parametrize(
    "said", ['{"phrase": "\\ud800"}', '{"stops": ["\\ud800"]}', '{"routes": ["\\udfff"], "header": {"en": "x"}}']
)
def test_half_a_character_is_refused_and_no_fault_of_ours(client: TestClient, said: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    answer = client.post("/v1/disruptions", content=said, headers=headers)
    assert answer.status_code == 409
    assert answer.json()["detail"]
