"""Two networks in one service: what happens to one, the other never notices."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.transit import gtfs_realtime_pb2

from api.answers import forwarding
from api.answers.forwarding import UnreachableError
from api.networks import supervised
from api.networks.watched import metrics
from feeds import background
from feeds.background import pause_after
from tests.feeds.small_feed import write_feed

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
_IMPATIENT = """
import api.answers.announcer, api.networks.supervised, prochain

api.answers.announcer.HEARTBEAT_S = 1.0
api.networks.supervised._LOOK_S = 0.1
prochain.main()
"""
"""The command, but that streams say often that they are there, and networks are often asked how they are."""
TEXT = {"Accept": "text/html", "Accept-Language": "fr"}


@contextmanager
def served(folder: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """Both networks, each of the small feed."""
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    (folder / "positions.pb").write_bytes(message.SerializeToString())
    tables = []
    for name, agency in (("tours", "Fil Bleu"), ("lyon", "TCL")):
        write_feed(
            folder / f"{name}.zip",
            agency=f"agency_name,agency_url,agency_timezone\n{agency},https://town.example,Europe/Paris\n",
        )
        tables.append(f'[networks.{name}]\ngtfs = "{name}.zip"\nvehicle_positions = "positions.pb"\n')
    (folder / "prochain.toml").write_text('root_path = "/bus"\nport = 0\ndata_dir = "kept"\n' + "".join(tables))
    (folder / "impatient.py").write_text(_IMPATIENT)
    environment = {"XDG_CACHE_HOME": str(folder), "XDG_STATE_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(folder / "impatient.py"), "serve"], cwd=folder, env=os.environ | environment, text=True,
        stdout=subprocess.PIPE, stderr=(folder / "log").open("w"),
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            base = next(line.strip() for line in process.stdout if line.strip()).removesuffix("/bus/")
            with httpx.Client(base_url=base, timeout=60.0) as client:
                yield client, process
        finally:
            process.terminate()


def until(what: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What it gives, once that is something."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with suppress(httpx.TransportError):
            if found := what():
                return found
        time.sleep(0.05)
    raise TimeoutError


def networks(client: httpx.Client) -> Any:
    return client.get("/bus/readyz").json()["networks"]


def process_of(parent: int, network: str) -> int:
    """Process id of a network."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=True
    )
    (found,) = [line for line in listed.stdout.splitlines() if f"--network {network} " in line]
    return int(found.split()[0])


def test_one_that_dies_is_started_again_while_the_other_serves_on_and_all_end_with_the_service(tmp_path: Path) -> None:
    with served(tmp_path) as (client, process):
        # From the first moment there is a page, in the reader's language.
        page = until(lambda: client.get("/bus/", headers=TEXT))
        assert 'href="/bus/tours/"' in page.text
        assert 'href="/bus/lyon/"' in page.text
        starting = client.get("/bus/lyon/stops/A", headers=TEXT)
        assert (starting.status_code, starting.headers.get("retry-after")) in ((503, "10"), (200, None))
        told = client.get("/bus/nowhere/", headers={"Accept-Language": "de"})
        assert (told.status_code, "Unter dieser Adresse gibt es nichts" in told.text) == (404, True)

        until(lambda: all(network["status"] == "degraded" for network in networks(client).values()))
        assert [client.get(f"/bus/{name}/healthz").status_code for name in ("tours", "lyon")] == [200, 200]
        until(lambda: "Fil Bleu" in client.get("/bus/", headers=TEXT).text)
        assert client.get("/bus/tours", follow_redirects=False).headers["location"] == "/bus/tours/"
        assert 'href="/bus/lyon/stops/A"' in client.get("/bus/lyon/?q=Stop", headers=TEXT).text
        assert client.get("/bus/lyon/v1/stops/A/departures").json()["stop"]["name"] == "Stop A"
        metrics, crawlers = client.get("/bus/metrics").text, client.get("/bus/robots.txt").text
        for name in ("tours", "lyon"):
            assert f'prochain_network_up{{network="{name}"}} 1.0' in metrics
            assert f'prochain_step_failures_total{{network="{name}"}}' in metrics
            assert f"Disallow: /bus/{name}/desk" in crawlers
            assert f"Sitemap: {client.base_url}/bus/{name}/sitemap.xml" in crawlers

        with client.stream("GET", "/bus/lyon/v1/stops/A/stream") as events:
            lines = events.iter_lines()
            assert next(lines).startswith("retry: ")
            os.kill(process_of(process.pid, "tours"), signal.SIGKILL)
            until(lambda: client.get("/bus/tours/v1/routes").json().get("type") == "urn:prochain:network-starting")
            assert client.get("/bus/readyz").status_code == 200
            assert client.get("/bus/lyon/v1/stops/A/departures").status_code == 200
            until(lambda: client.get("/bus/tours/readyz").status_code == 200)
            # It went on meanwhile.
            assert until(lambda: "heartbeat" in next(lines))
        until(lambda: networks(client)["tours"]["status"] == "degraded")
        assert (networks(client)["tours"]["starts"], networks(client)["lyon"]["starts"]) == (2, 1)
        assert "The network tours ended (SIGKILL): it is started again in 1 s." in (tmp_path / "log").read_text()
        assert {path.name for path in (tmp_path / "kept").iterdir()} == {"tours", "lyon"}

        # However the service ends, no process stays behind.
        left = [process_of(process.pid, name) for name in ("tours", "lyon")]
        process.kill()
        process.wait(60.0)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), 20.0)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "pause_after", lambda *failed: pause_after(*failed) / 100)
    for name, value in {"_LOOK_S": 0.01, "_HUNG_S": 0.1}.items():
        monkeypatch.setattr(supervised, name, value)


def kept(network: supervised.SupervisedNetwork, starts: int) -> None:
    """Keep it until it was started so often."""

    async def keep() -> None:
        tasks = [asyncio.create_task(network.keep()), asyncio.create_task(network.watch())]
        async with asyncio.timeout(20.0):
            while network.starts < starts:
                await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, keep()).result()


def test_one_that_cannot_start_says_so_under_its_name_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "prochain.toml").write_text('[networks.tours]\ngtfs = "no.zip"\nvehicle_positions = "positions.pb"\n')
    (tmp_path / "no.zip").write_text("This is no feed.")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "prochain.py"), "serve", "--network", "tours", "--port", "0", "--ends-with-stdin"],
        cwd=tmp_path, text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path), "PROCHAIN_NETWORK": "tours"},
    ) as process:  # fmt: skip
        # Its stdin is still open, as it is while the service runs.
        assert process.wait(PATIENCE_S) == 1
        assert process.stderr
        said = process.stderr.read().splitlines()
    (told,) = [line for line in said if not line.startswith("Reading ")]
    assert told.startswith("prochain tours: no.zip: not a zip file")


def test_one_that_hangs_hides_no_figures_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "ANSWERS_WITHIN_S", 0.05)
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "socket"))
        hanging.listen()
        network = supervised.SupervisedNetwork("tours", ["false"], tmp_path / "socket")
        assert b'prochain_network_up{network="tours"} 0.0' in asyncio.run(metrics([network]))


@pytest.mark.usefixtures("quick")
def test_one_that_ends_at_once_is_started_after_longer_and_longer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    network = supervised.SupervisedNetwork("tours", ["false"], tmp_path / "socket")
    with caplog.at_level("ERROR"):
        kept(network, starts=5)
    waits = [record.args[2] for record in caplog.records if isinstance(record.args, tuple)][:4]
    assert waits == [0.01, 0.02, 0.04, 0.08]
    assert pause_after(100) == 60.0
    assert caplog.records[0].args[:2] == ("tours", "status 1")  # type: ignore[index]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("answers", [0, 1])
def test_one_that_answers_no_more_or_whose_engine_stands_still_is_ended_and_started_again(
    answers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = supervised.SupervisedNetwork("tours", ["sleep", "60"], tmp_path / "socket")
    asked = 0

    async def ask(path: str) -> tuple[int, bytes]:
        nonlocal asked
        asked += 1
        if path == "/manifest.webmanifest":
            return 200, b'{"short_name": "Fil Bleu"}'
        if asked > 2:
            if answers:
                return 503, b'{"status": "down"}'
            raise UnreachableError
        return 200, b'{"status": "ok"}'

    monkeypatch.setattr(network.forwarding, "ask", ask)
    kept(network, starts=2)
    assert network.title == "Fil Bleu"
