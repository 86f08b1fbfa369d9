"""What was acknowledged is in a backup taken while the service writes, and is there again after a restore.

The kind: a copy of files that change while they are copied, and one put back over what is in use.
"""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
import time
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.database import FILE_NAME, SCHEMA
from api.desk.desk import Desk
from api.pages.reminders import FILE_NAME as REMINDERS
from api.pages.reminders import SCHEMA as REMINDERS_SCHEMA
from feeds.errors import FeedError
from feeds.history.accuracy_sums import FILE as ACCURACY
from feeds.history.accuracy_sums import SCHEMA as ACCURACY_SCHEMA
from feeds.history.happened import Happened
from feeds.history.register import SCHEMA as REGISTER_SCHEMA
from feeds.history.store import HistoryStore
from feeds.learned_file import read_learned, ready_made, write_learned
from feeds.storage.backup import back_up, restore
from feeds.storage.sole_writer import sole_writer
from tests.api.town import at, service_at

SCHEMAS = {
    FILE_NAME: SCHEMA, "history/register.sqlite": REGISTER_SCHEMA, f"history/{ACCURACY}": ACCURACY_SCHEMA,
    REMINDERS: REMINDERS_SCHEMA,
}  # fmt: skip
WITH_TOKEN = {"Authorization": "Bearer a token of the desk"}
SAID = {"header": {"en": "x"}, "shown_on": "network"}


def test_what_was_published_before_a_backup_is_there_after_a_restore_however_the_service_ended(tmp_path: Path) -> None:
    service, folder, learned = service_at(at(8, 5)), tmp_path / "data", tmp_path / "learned.npz"
    write_learned(learned, ready_made())
    history = HistoryStore(folder / "history")
    history.take(Happened.of(service.snapshot, ()))
    history.flush()
    desk = Desk(service, token="a token of the desk", folder=folder)
    client = TestClient(create_app(service, desk))
    ended, published = Event(), list[str]()

    def publish() -> None:
        while not ended.is_set() and len(published) < 100:
            answer = client.post("/v1/disruptions", json=SAID, headers=WITH_TOKEN).json()
            published.append(answer["disruption"]["disruption_id"])

    writing = Thread(target=publish, daemon=True)
    writing.start()
    while len(published) < 10 and writing.is_alive():
        time.sleep(0.01)
    before = list(published)
    with sole_writer(folder):
        assert back_up(folder, learned, tmp_path / "backup.tar") >= 4
        with pytest.raises(FeedError, match="another prochain"):
            restore(tmp_path / "backup.tar", folder, None, SCHEMAS, force=True)
    ended.set()
    writing.join()
    # As after kill -9: nothing is closed, and the folder is lost.
    shutil.rmtree(folder)
    learned.unlink()
    assert restore(tmp_path / "backup.tar", folder, learned, SCHEMAS, force=False) >= 4
    again = Desk(service_at(at(8, 5)), token="a token of the desk", folder=folder)
    assert not again.service.desk_fault()
    there = {
        one["disruption_id"]
        for one in TestClient(create_app(again.service, again)).get("/v1/disruptions").json()["disruptions"]
    }
    assert set(before) <= there
    kept = HistoryStore(folder / "history")
    assert kept.until == history.until
    assert not kept.fault
    assert read_learned(learned).net is not None
    again.close()


def backed_up(folder: Path) -> Path:
    desk = Desk(service_at(at(8, 5)), token="a token of the desk", folder=folder / "data")
    desk.close()
    back_up(folder / "data", None, folder / "backup.tar")
    return folder / "backup.tar"


def test_what_lies_in_the_folder_is_not_lost(tmp_path: Path) -> None:
    backup, folder = backed_up(tmp_path), tmp_path / "data"
    (folder / FILE_NAME).write_bytes(b"of today")
    with pytest.raises(FeedError, match="not empty"):
        restore(backup, folder, None, SCHEMAS, force=False)
    assert (folder / FILE_NAME).read_bytes() == b"of today"
    restore(backup, folder, None, SCHEMAS, force=True)
    assert (tmp_path / "data.before" / FILE_NAME).read_bytes() == b"of today"
    assert (folder / FILE_NAME).read_bytes().startswith(b"SQLite")


def test_what_is_no_backup_or_of_a_later_version_changes_nothing(tmp_path: Path) -> None:
    backup, folder = backed_up(tmp_path), tmp_path / "other"
    whole = backup.read_bytes()
    for data in (b"", b"no backup", whole[: len(whole) // 2]):
        backup.write_bytes(data)
        with pytest.raises(FeedError, match=r"no whole backup|damaged"):
            restore(backup, folder, None, SCHEMAS, force=True)
    for name, kind in (("../outside", tarfile.REGTYPE), ("/tmp/outside", tarfile.REGTYPE), ("data/x", tarfile.SYMTYPE)):
        backup.write_bytes(whole)
        with tarfile.open(backup, "a") as packed:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "../outside"
            packed.addfile(member)
        with pytest.raises(FeedError, match="not put there by prochain"):
            restore(backup, folder, None, SCHEMAS, force=True)
    backup.write_bytes(whole)
    with pytest.raises(FeedError, match="later version"):
        restore(backup, folder, None, {FILE_NAME: SCHEMA - 1}, force=True)
    assert [path.name for path in folder.iterdir()] in ([], [".prochain.lock"])
    with tarfile.open(backup) as packed, closing(sqlite3.connect(":memory:")):
        assert "backup.json" in packed.getnames()
    with pytest.raises(FeedError, match="no such data folder"):
        back_up(tmp_path / "nowhere", None, backup)
