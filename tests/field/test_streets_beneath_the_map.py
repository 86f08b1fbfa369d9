"""The map lies on streets that the city serves itself, or on a quiet ground: nobody else is asked, nothing breaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.answers.assets import map_library
from api.answers.map_tiles import MapTiles
from api.app import create_app
from api.service.settings import ConfigurationError
from tests.api.town import at, service_at

pytestmark = pytest.mark.skipif(map_library() is None, reason="MapLibre is missing: pip install -e '.[map]'.")
VECTOR, PICTURES = 1, 2


def tiles_file(folder: Path, kind: int = VECTOR, more: bytes = b"tiles" * 5_000) -> Path:
    header = bytearray(b"PMTiles\x03".ljust(127, b"\0"))
    header[99] = kind
    path = folder / "town.pmtiles"
    path.write_bytes(bytes(header) + more)
    return path


def client_with(tiles: Path | None) -> TestClient:
    return TestClient(create_app(service_at(at(8, 1)), map_tiles=MapTiles(tiles) if tiles else None))


def address_in(client: TestClient) -> str:
    found = re.search(r'data-tiles="([^"]+)"', client.get("/map").text)
    return found[1] if found else ""


def test_a_browser_reads_ranges_of_the_file_and_keeps_them_until_it_is_another(tmp_path: Path) -> None:
    path = tiles_file(tmp_path)
    client = client_with(path)
    address = address_in(client)
    # What a proxy or the server packs again has other bytes than those asked for.
    part = client.get(address, headers={"Range": "bytes=0-16383", "Accept-Encoding": "gzip"})
    assert (part.status_code, part.content) == (206, path.read_bytes()[:16384])
    assert "content-encoding" not in part.headers
    assert "max-age" in part.headers["cache-control"]
    past = client.get(address, headers={"Range": "bytes=99999999-"})
    assert past.status_code == 416
    assert client.get(address).status_code == 416, "nobody needs the gigabytes of a whole region at once"
    tiles_file(tmp_path, more=b"other")
    assert address_in(client) not in ("", address)


def test_where_the_file_goes_away_the_map_is_as_without_one(tmp_path: Path) -> None:
    path = tiles_file(tmp_path)
    client = client_with(path)
    address = address_in(client)
    path.unlink()
    assert client.get(address, headers={"Range": "bytes=0-9"}).status_code == 404
    assert address_in(client) == ""


def test_without_the_setting_nothing_of_streets_is_loaded() -> None:
    client = client_with(None)
    page = client.get("/map")
    assert "pmtiles" not in page.text
    assert "http" not in page.headers["content-security-policy"]
    assert client.get("/map/tiles.pmtiles", headers={"Range": "bytes=0-9"}).status_code == 404


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is no file"),
        (b"PK\x03\x04" + bytes(200), "is not a PMTiles file"),
        (b"PMTiles\x02" + bytes(200), "of version 3"),
        (b"PMTiles\x03", "is not a PMTiles file"),
    ],
)
def test_another_file_is_refused_in_words_at_the_start(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "wrong"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        MapTiles(path)


def test_pictures_and_folders_are_refused_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pictures"):
        MapTiles(tiles_file(tmp_path, PICTURES))
    with pytest.raises(ConfigurationError, match="there is no file"):
        MapTiles(tmp_path)
