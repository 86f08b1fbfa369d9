"""The proxies' files of docs/deploy/ run as they stand but for hosts and ports: pages arrive, event streams at once."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.command.port import listen
from tests.api.serving import served
from tests.api.town import at, service_at

DEPLOY = Path(__file__).parents[1] / "docs" / "deploy"
_NGINX = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    {paths}
    {inside}
}}
"""
_SITE = "server {{ listen 127.0.0.1:{port}; location / {{ return 200 elsewhere; }}\n{inside}\n}}"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def free_port() -> int:
    with listen("127.0.0.1", 0) as taken:
        return int(taken.getsockname()[1])


def nginx(text: str, folder: Path, port: int, upstream: str) -> list[str]:
    """The command that runs one of its files on a port, before `upstream`."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or pytest.skip("nginx is missing.")
    text = text.replace("127.0.0.1:8000", upstream).replace("/etc/letsencrypt/live/bus.example.org", str(folder))
    text = (
        text.replace("listen 443", f"listen 127.0.0.1:{port}")
        if "server {" in text
        else _SITE.format(port=port, inside=text)
    )
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY)
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, paths=paths, inside=text))
    if "ssl_certificate" in text:
        key = ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem", "-subj", "/CN=bus.example.org"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *key], check=True, capture_output=True
        )
    return [program, "-c", f"{folder}/nginx.conf", "-p", str(folder)]


def caddy(text: str, folder: Path, port: int, upstream: str) -> list[str]:
    """The same."""
    program = shutil.which("caddy") or pytest.skip("Caddy is missing.")
    text = re.sub(r"^(?:bus\.)?example\.org", f"http://127.0.0.1:{port}", text, flags=re.M)
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text.replace("prochain:8000", upstream))
    return [program, "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]


@contextmanager
def running(command: list[str], address: str, folder: Path) -> Iterator[httpx.Client]:
    environment = {"HOME": str(folder), "PATH": "/usr/bin"}
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as process,
        httpx.Client(base_url=address, verify=False, timeout=60.0, headers={"Accept-Language": "en"}) as client,
    ):
        try:
            for _ in range(1200):
                assert process.poll() is None, process.stderr and process.stderr.read().decode()
                with suppress(httpx.TransportError):
                    client.get("/")
                    break
                time.sleep(0.05)
            yield client
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("proxy", "name", "root"),
    [
        (nginx, "nginx.conf", ""),
        (caddy, "Caddyfile", ""),
        (nginx, "nginx-path.conf", "/bus"),
        (caddy, "Caddyfile.path", "/bus"),
    ],
)
def test_pages_and_event_streams_come_through(proxy: object, name: str, root: str, tmp_path: Path) -> None:
    assert callable(proxy)
    port, text = free_port(), (DEPLOY / name).read_text()
    scheme = "https" if "ssl_certificate" in text else "http"
    address = f"{scheme}://127.0.0.1:{port}"
    with served(service_at(at(8, 1)), trusted_proxies=["127.0.0.1"], root_path=root) as behind:
        command = proxy(text, tmp_path, port, urlsplit(behind).netloc)
        with running(command, address, tmp_path) as client:
            page = client.get(f"{root}/stops/liberte")
            assert (page.status_code, f'href="{root}/alerts"' in page.text) == (200, True)
            # Ids may hold what proxies like to tidy up.
            for odd in ("a%2Fb", "a%2F..%2Fb", "a//b", "a%25b"):
                direct = httpx.get(f"{behind}{root}/v1/stops/{odd}/departures").json()
                assert client.get(f"{root}/v1/stops/{odd}/departures").json() == direct
            # Who asks, and how, is known behind it.
            assert f"{address}{root}/stops/liberte<" in client.get(f"{root}/stops/liberte/sign").text
            assert client.get(f"{root}/stops/", follow_redirects=False).status_code in (200, 307, 404)
            for stream in ("/v1/stops/liberte/stream", "/stops/liberte/stream", "/screen/liberte?only=stream"):
                with client.stream("GET", f"{root}{stream}") as events:
                    first = next(events.iter_text())
                assert "event: " in first
            assert client.get(f"{root}/metrics").status_code == (200 if "allow 127.0.0.1" in text else 404)
            if root:
                assert client.get(root, follow_redirects=False).headers["location"].endswith(f"{root}/")
                assert f'href="{root}/' not in client.get("/").text
