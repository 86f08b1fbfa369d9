"""The recorder: each report once, by day, and hardly anything lost in a crash."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from threading import Event, current_thread, main_thread

import pyarrow.parquet as pq
import pytest
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError
from feeds.messages.kinds import TRIP_UPDATES, VEHICLE_POSITIONS
from feeds.recordings.recorder import Recorder, record
from feeds.recordings.recording import open_recording
from feeds.recordings.reports_parquet import read_reports
from feeds.storage.sole_writer import sole_writer
from tests.feeds.tiny_network import at, tiny_network

TIMETABLE = tiny_network()
MONDAY, TUESDAY = "vehicle_positions_2026-03-16", "vehicle_positions_2026-03-17"


def message(now: float, *reports: tuple[str, float | None]) -> bytes:
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = int(now)
    for i, (name, measured_at) in enumerate(reports):
        report = feed.entity.add(id=str(i)).vehicle
        report.vehicle.id = name
        report.trip.trip_id, report.trip.start_time, report.stop_id = "A1", "25:10:00", "s2"
        report.position.latitude, report.position.longitude, report.position.speed = 47.4, 0.69, 4.5
        report.current_stop_sequence = 20
        if measured_at is not None:
            report.timestamp = int(measured_at)
    return feed.SerializeToString()


def archived(folder: Path) -> list[tuple[str, float]]:
    files = sorted(path for path in folder.rglob("*.parquet") if "vehicle_positions" in path.as_posix())
    reports = [read_reports(path) for path in files]
    return sorted(
        (name, when)
        for one in reports
        for name, when in zip(one.text["vehicle_id"], one.number["timestamp"].tolist(), strict=True)
    )


def test_each_report_is_archived_once_and_can_be_played_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    assert recorder.write(message(at(8), ("a", at(8) - 9), ("b", at(8) - 3)), at(8)) == 2
    assert recorder.write(message(at(8, 0, 30), ("a", at(8) - 9), ("b", at(8) + 20)), at(8, 0, 30)) == 1
    assert recorder.write(message(at(8, 1), ("b", at(8) + 20), ("b", at(8) + 20)), at(8, 1)) == 0
    recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"{MONDAY}.parquet"]
    assert archived(tmp_path) == [("a", at(8) - 9), ("b", at(8) - 3), ("b", at(8) + 20)]
    seen = open_recording(tmp_path, TIMETABLE).observations_at(at(8, 1))
    assert seen.vehicle_id.tolist() == ["a", "b"]
    assert seen.trip.tolist() == [TIMETABLE.trip_index["A1"]] * 2
    assert (seen.start_time_s[0], seen.speed[0], seen.stop_sequence[0]) == (90600, 4.5, 20)


def test_ids_need_no_timetable_and_missing_fields_stay_missing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write(message(at(8), ("a", None)), at(8, 0, 2))
    recorder.close()
    table = pq.read_table(tmp_path / f"{MONDAY}.parquet").to_pylist()[0]
    assert table["trip_id"] == "A1"
    assert table["timestamp"] == at(8)
    assert table["route_id"] is None
    assert table["bearing"] is None


def test_after_a_minute_it_is_on_disk_and_readable_before_the_day_is_over(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write(message(at(8), ("a", at(8))), at(8))
    assert archived(tmp_path) == []
    recorder.write(message(at(8, 1), ("a", at(8, 1))), at(8, 1))
    assert archived(tmp_path) == [("a", at(8)), ("a", at(8, 1))]
    assert len(open_recording(tmp_path, TIMETABLE).observations_at(at(8, 2))) == 1


def test_a_silent_feed_is_put_down_too(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write(message(at(8), ("a", at(8))), at(8))
    recorder.flush_when_due(at(8, 0, 59))
    assert archived(tmp_path) == []
    recorder.flush_when_due(at(8, 1))
    assert archived(tmp_path) == [("a", at(8))]


def test_many_reports_are_put_down_at_once(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, flush_rows=2)
    recorder.write(message(at(8), ("a", at(8)), ("b", at(8))), at(8))
    assert len(archived(tmp_path)) == 2


def test_a_day_becomes_one_file_when_the_next_begins(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for minute in range(3):
        recorder.write(message(at(23, minute), ("a", at(23, minute))), at(23, minute))
    recorder.write(message(at(26), ("a", at(26))), at(26))
    assert [path.name for path in tmp_path.glob("*.parquet")] == [f"{MONDAY}.parquet"]
    assert not (tmp_path / MONDAY).exists()
    recorder.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{MONDAY}.parquet", f"{TUESDAY}.parquet"]
    assert len(archived(tmp_path)) == 4


def test_a_crash_loses_only_what_was_not_yet_put_down_and_a_restart_goes_on(tmp_path: Path) -> None:
    crashed = Recorder(tmp_path)
    for minute in range(3):
        crashed.write(message(at(8, minute), ("a", at(8, minute))), at(8, minute))
    del crashed
    (tmp_path / MONDAY / ".part-00000009.parquet.unfinished").write_bytes(b"half")
    recorder = Recorder(tmp_path)
    assert recorder.write(message(at(8, 3), ("a", at(8, 1)), ("b", at(8, 3))), at(8, 3)) == 1
    recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"{MONDAY}.parquet"]
    assert archived(tmp_path) == [("a", at(8)), ("a", at(8, 1)), ("b", at(8, 3))]


def test_a_restart_on_another_day_closes_the_one_left_open(tmp_path: Path) -> None:
    for hour in (8, 32):
        crashed = Recorder(tmp_path)
        crashed.write(message(at(hour), ("a", at(hour))), at(hour))
        crashed.flush()
    recorder = Recorder(tmp_path)
    recorder.write(message(at(56), ("a", at(56))), at(56))
    recorder.close()
    assert len(list(tmp_path.glob("*.parquet"))) == 3
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_crash_between_merging_and_removing_doubles_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write(message(at(8), ("a", at(8))), at(8))
    recorder.flush()
    (part,) = (tmp_path / MONDAY).iterdir()
    kept = part.read_bytes()
    recorder.close()
    part.parent.mkdir()
    part.write_bytes(kept)
    again = Recorder(tmp_path)
    assert again.write(message(at(8, 1), ("a", at(8)), ("a", at(8, 1))), at(8, 1)) == 1
    again.close()
    assert archived(tmp_path) == [("a", at(8)), ("a", at(8, 1))]


def test_a_damaged_part_is_left_for_repair_and_the_rest_is_kept(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write(message(at(8), ("a", at(8))), at(8))
    recorder.flush()
    (tmp_path / MONDAY / "part-00000000.parquet").write_bytes(b"damaged")
    Recorder(tmp_path).close()
    assert [path.name for path in (tmp_path / MONDAY).iterdir()] == ["part-00000000.parquet"]
    recording = open_recording(tmp_path, TIMETABLE)
    assert len(recording.observations_at(at(8))) == 1
    assert [problem.file for problem in recording.problems] == ["part-00000000.parquet"]


def test_a_part_damaged_inside_leaves_the_day_in_parts_and_recording_goes_on(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write(message(at(8), *((f"v{i}", at(8)) for i in range(500))), at(8))
    recorder.flush()
    (part,) = (tmp_path / MONDAY).iterdir()
    data = bytearray(part.read_bytes())
    data[4:2000] = b"\xff" * 1996
    part.write_bytes(data)
    recorder.write(message(at(32), ("a", at(32))), at(32))
    recorder.close()
    assert part.exists()
    assert [path.name for path in tmp_path.glob("*.parquet")] == [f"{TUESDAY}.parquet"]


def test_what_cannot_be_written_waits_until_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    recorder = Recorder(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("feeds.storage.daily_parquet.whole_file", full_disk)
        recorder.write(message(at(8), ("a", at(8))), at(8))
        with pytest.raises(FeedError, match=r"No space left on device.*1 rows are waiting"):
            recorder.flush_when_due(at(8, 1))
    recorder.close()
    assert archived(tmp_path) == [("a", at(8))]


def test_another_makers_file_is_never_written_over(tmp_path: Path) -> None:
    foreign = tmp_path / f"{MONDAY}.parquet"
    foreign.write_bytes(b"not ours")
    recorder = Recorder(tmp_path)
    recorder.write(message(at(8), ("a", at(8))), at(8))
    recorder.close()
    assert foreign.read_bytes() == b"not ours"
    assert len(open_recording(tmp_path, TIMETABLE).observations_at(at(8))) == 1


def test_what_is_no_feed_is_refused_and_a_folder_that_cannot_be_made_told(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="HTML"):
        Recorder(tmp_path).write(b"<html>", at(8))
    (tmp_path / "file").touch()
    with pytest.raises(FeedError, match="cannot be made"):
        Recorder(tmp_path / "file" / "folder")


class Scripted:
    """A source that answers by a script: bytes, None, or an error; then it asks for the end and answers no more."""

    name = "scripted"

    def __init__(self, stopping: Event, *answers: bytes | FeedError | None) -> None:
        self.left = list(answers)
        self.asked: list[float] = []
        self._stopping = stopping

    def fetch(self, now: float) -> bytes | None:
        if not self.left:
            self._stopping.set()
            Event().wait(120.0)
        self.asked.append(time.monotonic())
        answer = self.left.pop(0)
        if isinstance(answer, FeedError):
            raise answer
        return answer


class Dripping:
    """A server that begins an answer and never ends it."""

    name = "dripping"

    def __init__(self) -> None:
        self.asked = Event()

    def fetch(self, now: float) -> bytes | None:
        self.asked.set()
        Event().wait(120.0)
        return None


def test_recording_goes_on_through_failed_polls_and_keeps_its_pace(tmp_path: Path) -> None:
    stopping = Event()
    source = Scripted(
        stopping, message(at(8), ("a", at(8))), FeedError("down"), b"<html>", None,
        message(at(8, 2), ("a", at(8, 2))),
    )  # fmt: skip
    began = time.monotonic()
    done = record({VEHICLE_POSITIONS: source}, tmp_path, 0.05, stopping, clock=lambda: at(8, 3))
    assert (done.polls, done.failed_polls, done.archived) == (5, 2, {VEHICLE_POSITIONS: 2})
    assert archived(tmp_path) == [("a", at(8)), ("a", at(8, 2))]
    # However late the machine makes one poll, none comes before its turn.
    assert all(asked - began >= 0.05 * turn - 0.01 for turn, asked in enumerate(source.asked))


@pytest.mark.parametrize("other_is_given", [False, True])
def test_what_an_address_serves_is_archived_as_what_it_is(tmp_path: Path, *, other_is_given: bool) -> None:
    stopping = Event()
    vehicles = Scripted(stopping, *(message(at(8, minute), ("a", at(8, minute))) for minute in range(8)))
    updates = gtfs_realtime_pb2.FeedMessage()
    updates.header.gtfs_realtime_version = "2.0"
    updates.entity.add(id="1").trip_update.trip.trip_id = "A1"
    other = Scripted(Event(), *[updates.SerializeToString()] * 8)
    other.name = "other"
    sources = {TRIP_UPDATES: vehicles} | ({VEHICLE_POSITIONS: other} if other_is_given else {})
    done = record(sources, tmp_path, 0.05, stopping, clock=lambda: at(8, 9))
    assert archived(tmp_path)[-1] == ("a", at(8, 7))
    assert done.archived == {VEHICLE_POSITIONS: len(archived(tmp_path)), TRIP_UPDATES: int(other_is_given)}


def test_a_feed_that_breaks_unforeseen_is_polled_again(tmp_path: Path) -> None:
    stopping = Event()

    class Broken(Scripted):
        def fetch(self, now: float) -> bytes | None:
            if super().fetch(now) == b"":
                raise ZeroDivisionError
            return message(at(8), ("a", at(8)))

    source = Broken(stopping, b"", None)
    done = record({VEHICLE_POSITIONS: source}, tmp_path, 0.01, stopping, clock=lambda: at(8, 3))
    assert (done.failed_polls, archived(tmp_path)) == (1, [("a", at(8))])


def test_an_answer_that_never_ends_holds_up_neither_the_other_feeds_nor_the_end(tmp_path: Path) -> None:
    stopping, dripping = Event(), Dripping()

    class After(Scripted):
        def fetch(self, now: float) -> bytes | None:
            assert dripping.asked.wait(60.0)
            return super().fetch(now)

    source = After(stopping, message(at(8), ("a", at(8))))
    began = time.monotonic()
    done = record({VEHICLE_POSITIONS: source, TRIP_UPDATES: dripping}, tmp_path, 0.01, stopping, clock=lambda: at(8, 1))
    assert time.monotonic() - began < 60.0
    assert done.archived == {VEHICLE_POSITIONS: 1, TRIP_UPDATES: 0}
    assert archived(tmp_path) == [("a", at(8))]


def test_an_interrupted_recording_is_closed(tmp_path: Path) -> None:
    stopping = Event()
    polled = Event()

    class Once:
        name = "once"

        def fetch(self, now: float) -> bytes | None:
            polled.set()
            return message(at(8), ("a", at(8)))

    def clock() -> float:
        # The main thread's next look at the clock after the first answer was taken in.
        if polled.is_set() and current_thread() is main_thread() and next(looks) > 1:
            raise KeyboardInterrupt
        return at(8)

    looks = count()
    with pytest.raises(KeyboardInterrupt):
        record({VEHICLE_POSITIONS: Once()}, tmp_path, 0.05, stopping, clock=clock)
    assert stopping.is_set(), "the poll's thread ends as well"
    assert archived(tmp_path) == [("a", at(8))]


def test_two_recorders_on_one_folder_are_one_too_many(tmp_path: Path) -> None:
    stopping = Event()
    with sole_writer(tmp_path), pytest.raises(FeedError, match="another prochain is writing there"):
        record({VEHICLE_POSITIONS: Scripted(stopping, None)}, tmp_path, 0.01, stopping)
    record({VEHICLE_POSITIONS: Scripted(stopping, None)}, tmp_path, 0.01, stopping)
