"""What a service had before it stopped it has when it starts again, and a folder that cannot be written, a file that
cannot be read or an address that serves nothing of use leaves no rider without a board.

The kind: a start that takes, drops or insists on whatever lies there.
"""

from __future__ import annotations

import pwd
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.database import FILE_NAME
from api.desk.desk import Desk
from api.service.checkpoint import Checkpoint
from api.service.live import DataFolder, held_or_done_without, live_service
from api.service.service import Service
from api.service.settings import Settings as TypedSettings
from benchmarks.field.network import Network, Stop, Trip, network
from benchmarks.field.network import Service as Days
from feeds.background import Queued, Repeated, Watched
from feeds.errors import FeedError
from feeds.learned_file import ready_made, write_learned
from feeds.storage.sole_writer import sole_keeper, sole_writer
from predictor.learned import Learned
from tests.api.town import at, service_at

NOW = at(8, 5)
Settings: Any = TypedSettings
"""With the defaults that its types do not tell of."""
OTHER_CITY = network([Stop(f"X{i}", 90_000.0 + 500 * i, 40_000.0) for i in range(5)], trips=Network.trips)
RENAMED = network(trips=[Trip("n1", "08:00"), Trip("n2", "09:00")])
EXPIRED = network(services=(Days(start=20240101, end=20241231),))
LONGER = network("A B C D E F", trips=[*Network.trips, Trip("t3", "10:00")])


class Place:
    """Where a service is started again and again."""

    def __init__(self, folder: Path) -> None:
        self.gtfs = folder / "gtfs.zip"
        self.folder = folder
        self.settings: dict[str, Any] = {}

    def publishes(self, new: Network | bytes) -> None:
        """This is what lies at the feed's address now."""
        self.gtfs.write_bytes(new if isinstance(new, bytes) else new.feed)

    @contextmanager
    def started(self) -> Iterator[Service]:
        """The service, stopped at the end; its clock stands still, and nobody drives."""
        service = live_service(
            Settings(
                gtfs=str(self.gtfs), vehicle_positions=str(self.folder / "none.pb"), data_dir=self.folder / "data",
                cache_dir=self.folder / "cache", model=self.folder / "model.npz", **self.settings,
            )
        )  # fmt: skip
        try:
            yield service
        finally:
            service.stop()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where the small network was served, and the service ended."""
    made = Place(tmp_path)
    made.publishes(Network())
    with made.started():
        pass
    return made


@pytest.mark.parametrize("bad", [OTHER_CITY, EXPIRED, RENAMED])
def test_a_timetable_that_takes_live_times_away_waits_over_a_restart_too(place: Place, bad: Network) -> None:
    place.publishes(bad)
    for _ in range(2):
        with place.started() as service:
            assert "t1" in service.timetable.trip_index
            waiting = service.waiting_timetable
            assert waiting is not None
            assert waiting.losses
            assert "timetable" in TestClient(create_app(service)).get("/readyz").json()["detail"]
            if bad is not RENAMED:
                service._look_for_timetable()
            assert service.waiting_timetable is not None


def test_the_officers_word_holds_over_a_restart(place: Place) -> None:
    place.publishes(OTHER_CITY)
    with place.started() as service:
        assert service.take_waiting_timetable()
        service.step(time.time())
    with place.started() as service:
        assert service.waiting_timetable is None
        assert service.timetable.stop_id[0] == "X0"


def test_a_timetable_that_fits_is_taken_at_the_start(place: Place) -> None:
    place.publishes(LONGER)
    with place.started() as service:
        assert service.waiting_timetable is None
        assert "t3" in service.timetable.trip_index


def test_one_of_other_names_is_taken_once_it_is_known_that_no_vehicle_uses_the_old_ones(place: Place) -> None:
    place.publishes(RENAMED)
    with place.started() as service:
        service._look_for_timetable()
        service.step(time.time())
        assert "n1" in service.timetable.trip_index


@pytest.mark.parametrize("bad", [b"", b"<html>maintenance</html>", Network().feed[:200]])
def test_a_service_starts_with_what_it_had_where_its_address_serves_nothing_of_use(place: Place, bad: bytes) -> None:
    place.publishes(bad)
    with place.started() as service:
        assert "t1" in service.timetable.trip_index
        health = TestClient(create_app(service)).get("/readyz").json()
        assert "feed_error" in health["faults"]
        assert "accepted before the start stays" in health["detail"]
        place.publishes(LONGER)
        service._look_for_timetable()
        service.step(time.time())
        assert "t3" in service.timetable.trip_index
        assert "accepted before" not in TestClient(create_app(service)).get("/readyz").json()["detail"]


def test_another_address_is_the_operators_own_word(place: Place) -> None:
    place.gtfs = place.folder / "other.zip"
    place.publishes(OTHER_CITY)
    with place.started() as service:
        assert service.waiting_timetable is None
        assert service.timetable.stop_id[0] == "X0"


def test_a_damaged_note_of_what_was_accepted_keeps_nothing_from_starting(place: Place) -> None:
    for content in (b"", b"[]", b'{"address": 1}', b"\xff\xfe"):
        (place.folder / "data" / "timetable" / "accepted.json").write_bytes(content)
        with place.started() as service:
            assert "t1" in service.timetable.trip_index


def unwritable(path: Path) -> Path:
    """A folder that not even root can make."""
    path.write_text("")
    return path / "data"


def test_a_data_folder_that_cannot_be_written_leaves_riders_their_boards(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.publishes(Network())
    wanted = unwritable(tmp_path / "a file")
    with held_or_done_without(wanted) as data:
        assert data.path is None
        settings = Settings(
            gtfs=str(place.gtfs), vehicle_positions="none.pb", cache_dir=tmp_path / "cache", model=wanted / "m.npz",
            data_dir=wanted, desk_token="a token of the desk",
        )  # fmt: skip
        service = live_service(settings, data)
        desk = Desk(service, token="a token of the desk", folder=data.read_only, unwritable=data.fault)
        client = TestClient(create_app(service, desk))
        assert client.get("/v1/stops/A/departures").status_code == 200
        health = client.get("/readyz").json()
        assert health["status"] == "degraded"
        assert "nothing_kept" in health["faults"]
        assert "cannot be written" in health["detail"]
        assert 'prochain_fault{code="nothing_kept"} 1.0' in client.get("/metrics").text
        client.post("/desk/login", data={"token": "a token of the desk"})
        assert "Nothing is kept on disk" in client.get("/desk").text
        said = {"header": {"en": "x"}, "shown_on": "network"}
        answer = client.post("/v1/disruptions", json=said, headers={"Authorization": "Bearer a token of the desk"})
        assert answer.status_code == 507
        service.stop()
        desk.close()


def test_what_was_published_is_shown_from_a_folder_that_has_become_read_only(tmp_path: Path) -> None:
    service = service_at(NOW)
    desk = Desk(service, token="a token of the desk", folder=tmp_path)
    client = TestClient(create_app(service, desk))
    said = {"header": {"en": "Road works"}, "shown_on": "network"}
    with_token = {"Authorization": "Bearer a token of the desk"}
    assert client.post("/v1/disruptions", json=said, headers=with_token).status_code == 201
    # The service was killed: its last words are in the journal.
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size > 0
    before = (tmp_path / FILE_NAME).read_bytes()
    again = Desk(service_at(NOW), token="a token of the desk", folder=tmp_path, unwritable="read-only file system")
    assert "Road works" in TestClient(create_app(again.service, again)).get("/v1/disruptions").text
    with pytest.raises(sqlite3.Error):
        again._database.next_number()
    assert (tmp_path / FILE_NAME).read_bytes() == before
    again.close()
    desk.close()


def test_a_history_that_cannot_be_used_is_told_and_kept_in_memory(place: Place) -> None:
    (place.folder / "data" / "history").rename(place.folder / "away")
    (place.folder / "data" / "history").write_text("")
    with place.started() as service:
        assert "nothing_kept" in TestClient(create_app(service)).get("/readyz").json()["faults"]
        assert service.history.until > 0


def test_a_user_without_a_home_is_served_from_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown_user(uid: int) -> None:
        raise KeyError(uid)

    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown_user)
    place = Place(tmp_path)
    place.publishes(Network())
    service = live_service(Settings(gtfs=str(place.gtfs), vehicle_positions="none.pb"))
    assert "set data_dir" in TestClient(create_app(service)).get("/readyz").json()["detail"]
    service.stop()


def test_a_file_of_what_was_learned_that_cannot_be_read_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "learned.npz"
    write_learned(path, ready_made())
    content = path.read_bytes()

    def shut(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    checkpoint = Checkpoint(path)
    ready_made()
    with monkeypatch.context() as closed:
        closed.setattr("api.service.checkpoint.ready_made", Learned)
        closed.setattr(np, "load", shut)
        checkpoint.read()
    assert "Permission denied" in checkpoint.fault
    assert "left as it is" in checkpoint.fault
    checkpoint.offer(Learned())
    checkpoint.stop()
    assert [file.name for file in tmp_path.iterdir()] == ["learned.npz"]
    assert path.read_bytes() == content


def test_two_do_not_learn_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "learned.npz"
    with sole_keeper(path), pytest.raises(FeedError, match="another prochain"), sole_keeper(path):
        pass
    with sole_keeper(path), sole_writer(tmp_path / "data"):
        pass
    with sole_keeper(unwritable(tmp_path / "a file") / "learned.npz"):
        pass


class Dies(Repeated):
    """Its thread ends as no thread should."""

    def _run(self) -> None:
        pass


@pytest.mark.parametrize("died", [Dies("work", lambda: None, 1.0), Queued("queue", lambda _: None, 1)])
def test_a_thread_that_has_died_gets_another_less_and_less_often_and_is_told(
    died: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(died), "_run", lambda self: None, raising=False)
    monkeypatch.setattr("feeds.background._take_in", lambda *_: None)
    died._begin()
    assert died._thread
    died._thread.join()
    begun = []
    for second in range(100):
        before = died.failures
        died.revive(float(second))
        if died.failures > before:
            begun.append(second)
            assert "died" in died.error
            died._thread.join()
    assert begun == [0, 1, 3, 7, 15, 31, 63]
    died.stop(1.0)
    died.revive(1000.0)
    assert died.failures == len(begun)


def test_all_that_goes_on_in_a_service_is_watched_and_goes_on_after_it_died(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.publishes(Network())
    place.settings = {"desk_token": "a token of the desk"}
    with place.started() as service:
        service.start()
        names = {work.name for work in service.threads}
        assert {"step", "timetable", "history", "checkpoint", "accepted-timetable", "poll-vehicle_positions"} <= names
        stepping = service.stepping
        first = stepping._thread
        assert first
        stepping._run = lambda: None  # type: ignore[method-assign]
        stepping._begin()
        del stepping._run
        deadline = time.monotonic() + 60.0
        while (stepping.failures == 0 or stepping.dead) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert stepping._thread
        assert stepping._thread.is_alive()
        assert stepping.failures == 1


def test_nothing_is_done_without_where_nothing_was_wanted() -> None:
    with held_or_done_without(None) as data:
        assert data == DataFolder(None)
