"""Others read our feeds with the timetable that these speak of: it is served as the operator gave it."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.app import create_app
from api.service.accepted_timetable import AcceptedTimetable
from api.service.timetable_watch import timetable_from
from feeds import timetable_cache
from feeds.gtfs.kept_zip import kept_zip
from tests.api.town import at, service_at
from tests.feeds.small_feed import TABLES, write_feed

FEED_INFO = "feed_publisher_name,feed_publisher_url,feed_lang,feed_version\nTown,https://town.example,fr,{}\n"
AGENCY = (
    "agency_id,agency_name,agency_url,agency_timezone,agency_lang,agency_phone,agency_email\n"
    "T,Town Buses,https://town.example,Europe/Paris,fr,+33 2 61 91 00 00,bus@town.example\n"
    ",Night Buses,https://night.example,Europe/Paris,,,\n"
)


def client_of(feed: Path, cache: Path) -> TestClient:
    timetable = timetable_from(str(feed), cache).timetable
    return TestClient(create_app(service_at(at(8, 1), timetable=timetable, gtfs_zips=[cache])))


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    # Tables that we do not read go out with the others.
    return write_feed(
        tmp_path / "gtfs.zip",
        agency=AGENCY,
        feed_info=FEED_INFO.format("winter 7"),
        fare_products="fare_product_id\n1\n",
    )


def test_it_is_served_byte_for_byte_and_to_each_reader_once(feed: Path, tmp_path: Path) -> None:
    client = client_of(feed, tmp_path / "cache")
    given = client.get("/gtfs.zip")
    assert (given.status_code, given.headers["Content-Type"]) == (200, "application/zip")
    assert given.content == feed.read_bytes()
    for header, told in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = client.get("/gtfs.zip", headers={header: given.headers[told]})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", given.headers["ETag"])
    other = {"If-None-Match": '"another"', "If-Modified-Since": given.headers["Last-Modified"]}
    assert client.get("/gtfs.zip", headers=other).status_code == 200
    part = client.get("/gtfs.zip", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, given.content[10:20])
    head = client.head("/gtfs.zip")
    assert (head.headers["Content-Length"], head.content) == (str(len(given.content)), b"")


def test_what_is_served_is_in_use_whatever_lies_at_the_address_by_now(feed: Path, tmp_path: Path) -> None:
    given = feed.read_bytes()
    client = client_of(feed, tmp_path / "cache")
    feed.write_bytes(b"<html>")
    assert client.get("/gtfs.zip").content == given


def test_of_a_folder_its_tables_are_served(tmp_path: Path) -> None:
    folder = tmp_path / "gtfs"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / f"{name}.txt").write_text(str(text))
    served = client_of(folder, tmp_path / "cache").get("/gtfs.zip").content
    with zipfile.ZipFile(BytesIO(served)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            f"{name}.txt": text for name, text in TABLES.items()
        }


def test_it_is_kept_for_the_next_start_with_the_timetable(feed: Path, tmp_path: Path) -> None:
    accepted, cache = tmp_path / "data", tmp_path / "cache"
    timetable = timetable_from(str(feed), cache).timetable
    keeper = AcceptedTimetable(accepted, str(feed), cache)
    keeper.keep(timetable)
    keeper.stop()
    kept = kept_zip([accepted], timetable.feed_version)
    assert kept is not None
    assert kept.read_bytes() == feed.read_bytes()


@pytest.mark.parametrize("of_folder", [False, True])
def test_a_new_version_of_the_software_goes_on_with_the_timetable_accepted_before(
    feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_folder: bool
) -> None:
    accepted, cache, source = tmp_path / "data", tmp_path / "cache", feed
    if of_folder:
        source = tmp_path / "folder"
        with zipfile.ZipFile(feed) as archive:
            archive.extractall(source)
    timetable = timetable_from(str(source), cache).timetable
    keeper = AcceptedTimetable(accepted, str(source), cache)
    keeper.keep(timetable)
    keeper.stop()
    monkeypatch.setattr(timetable_cache, "FORMAT", timetable_cache.FORMAT + 1)
    later = AcceptedTimetable(accepted, str(source), cache)
    again = later.read()
    assert again is not None
    assert (again.feed_version, again.trip_id.tolist()) == (timetable.feed_version, timetable.trip_id.tolist())
    later.keep(again)
    later.stop()
    assert len(list(accepted.glob("timetable-*.npz"))) == 1
    kept_zip([accepted], timetable.feed_version).unlink()  # type: ignore[union-attr]
    assert later.read() is not None, "and it is kept in the new form"


def test_of_a_file_that_nobody_may_write_a_service_that_is_not_root_keeps_a_copy(feed: Path, tmp_path: Path) -> None:
    # So are files that a container mounts.
    feed.chmod(0o444)
    client = client_of(feed, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").glob("gtfs-*.zip")
    assert kept.stat().st_mode & 0o200
    assert kept.stat().st_mtime == feed.stat().st_mtime
    assert client.get("/gtfs.zip").content == feed.read_bytes()


def test_where_it_could_not_be_kept_that_is_told() -> None:
    answer = TestClient(create_app(service_at(at(8, 1)))).get("/gtfs.zip")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:prochain:no-gtfs")


def test_our_feeds_name_the_version_that_the_operator_gave_its_timetable(feed: Path, tmp_path: Path) -> None:
    client = client_of(feed, tmp_path / "cache")
    for name in ("trip-updates", "vehicle-positions", "alerts"):
        message = FeedMessage.FromString(client.get(f"/gtfs-rt/{name}").content)
        assert message.header.feed_version == "winter 7", name


def test_the_agencies_are_told_as_the_operator_gave_them(feed: Path, tmp_path: Path) -> None:
    client = client_of(feed, tmp_path / "cache")
    first, second = client.get("/v1/agencies").json()["agencies"]
    assert first == {
        "agency_id": "T", "name": "Town Buses", "url": "https://town.example", "timezone": "Europe/Paris", "lang": "fr",
        "phone": "+33 2 61 91 00 00", "email": "bus@town.example", "fare_url": None,
    }  # fmt: skip
    assert (second["agency_id"], second["lang"]) == ("Night Buses", None)
    assert client.get("/v1/routes").json()["routes"][0]["agency_id"] == "T"


@pytest.mark.parametrize("faulty", ["", "feed_version\n\n", 'feed_publisher_name,feed_version\n"Town,1\n', "\0\xff"])
def test_a_faulty_word_about_the_feed_hurts_no_timetable(faulty: str, tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "gtfs.zip", feed_info=faulty)
    assert timetable_from(str(feed), tmp_path / "cache").timetable.trips == 1
