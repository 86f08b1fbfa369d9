"""The operator's own messages: archived as received, small, and found again at their time."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from google.transit import gtfs_realtime_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.errors import FeedError
from feeds.messages.kinds import ALERTS, TRIP_UPDATES
from feeds.messages.message import header_of
from feeds.reading import TRIP_UPDATES_KEPT_S
from feeds.recordings.message_files import MessageFiles
from feeds.recordings.messages_parquet import MessagesParquet
from feeds.recordings.recorded_messages import RecordedMessages
from feeds.recordings.recorder import MessageRecorder
from feeds.recordings.recording import open_recording
from predictor.timetable import Timetable
from tests.feeds.tiny_network import at, tiny_network

TIMETABLE = tiny_network()
NOW = int(at(8))
MONDAY, TUESDAY = "trip_updates_2026-03-16", "trip_updates_2026-03-17"


def updates(now: float | None, delay_s: int) -> bytes:
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    if now is not None:
        feed.header.timestamp = int(now)
    update = feed.entity.add(id="1").trip_update
    update.trip.trip_id, update.trip.start_date = "A1", "20260316"
    update.stop_time_update.add(stop_sequence=10).departure.delay = delay_s
    return feed.SerializeToString()


def alerts(now: float, header: str) -> bytes:
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = int(now)
    feed.entity.add(id="1").alert.header_text.translation.add().text = header
    return feed.SerializeToString()


def archived(folder: Path) -> list[tuple[float, bytes]]:
    store = MessagesParquet(sorted(folder.rglob("*.parquet")), "trip updates")
    return [(when, store.message(i)) for i, when in enumerate(store.times.tolist())]


def said_at(folder: Path, now: float) -> bytes | None:
    messages = RecordedMessages(MessagesParquet(sorted(folder.rglob("*.parquet")), ""), lambda data, *_: data)
    latest = messages.latest(now, TIMETABLE)
    return latest.value if latest else None


def test_messages_come_back_as_they_were_received_and_one_that_says_the_same_takes_no_room(tmp_path: Path) -> None:
    recorder = MessageRecorder(tmp_path, TRIP_UPDATES)
    sent = [(at(8, 0, s), updates(at(8, 0, s - 3), 60 if s < 40 else 90)) for s in range(15, 60, 5)]
    new = [recorder.write(data, when) for when, data in sent]
    recorder.close()
    assert sum(new) == 2
    assert [path.name for path in tmp_path.iterdir()] == [f"{MONDAY}.parquet"]
    assert archived(tmp_path) == sent
    assert pq.read_table(tmp_path / f"{MONDAY}.parquet")["message"].null_count == len(sent) - 2


def test_packed_messages_and_those_without_a_time_in_their_header_are_kept(tmp_path: Path) -> None:
    recorder = MessageRecorder(tmp_path, TRIP_UPDATES)
    recorder.write(gzip.compress(updates(None, 60)), at(8))
    recorder.write(gzip.compress(updates(at(8), 60)), at(8, 1))
    recorder.write(updates(None, 60), at(8, 2))
    recorder.close()
    assert archived(tmp_path) == [
        (at(8), updates(None, 60)), (at(8, 1), updates(at(8), 60)), (at(8, 2), updates(None, 60)),
    ]  # fmt: skip


def test_what_is_no_message_is_refused(tmp_path: Path) -> None:
    recorder = MessageRecorder(tmp_path, TRIP_UPDATES)
    with pytest.raises(FeedError, match="HTML"):
        recorder.write(b"<html>", at(8))
    recorder.close()
    assert not list(tmp_path.rglob("*.parquet"))


def test_each_day_and_each_start_stands_by_itself(tmp_path: Path) -> None:
    # Days are those of UTC, an hour behind.
    sent = [(when, updates(when, 60)) for when in (at(24, 59), at(25, 1), at(26))]
    first = MessageRecorder(tmp_path, TRIP_UPDATES)
    for when, data in sent[:2]:
        first.write(data, when)
    first.flush_when_due(at(25, 3))
    del first  # crashed
    again = MessageRecorder(tmp_path, TRIP_UPDATES)
    assert again.write(sent[2][1], sent[2][0]) == 1
    again.close()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"{MONDAY}.parquet", f"{TUESDAY}.parquet"]
    assert archived(tmp_path) == sent
    (tmp_path / f"{MONDAY}.parquet").unlink()
    assert archived(tmp_path) == sent[1:]


def test_a_damaged_part_is_told_and_never_answered_for_by_another(tmp_path: Path) -> None:
    recorder = MessageRecorder(tmp_path, TRIP_UPDATES)
    for minute, delay_s in enumerate((60, 90, 90, 120)):
        recorder.write(updates(at(8, minute), delay_s), at(8, minute))
        recorder.flush_when_due(at(8, minute + 1))
    first, second, *_ = sorted((tmp_path / MONDAY).iterdir())
    second.write_bytes(b"damaged")
    recording = open_recording(tmp_path, TIMETABLE)
    assert recording.feeds == (TRIP_UPDATES,)
    seen = recording.trip_updates_at(at(8, 2, 30))
    assert seen is not None
    assert seen.timestamp == at(8), "the last that can be read, not its successor that repeats what is lost"
    later = recording.trip_updates_at(at(8, 3))
    assert later is not None
    assert later.timestamp == at(8, 3)
    assert {problem.file for problem in recording.problems} == {second.name, "part-00000003.parquet"}
    assert recording.health_at(TRIP_UPDATES, at(8, 2, 30)) == (at(8), recording.health_at(TRIP_UPDATES, at(8, 2))[1])
    assert "the part before it was lost" in recording.health_at(TRIP_UPDATES, at(8, 2))[1]
    assert first.exists()


def test_the_newest_message_received_by_then_is_given_wherever_one_looks_first(tmp_path: Path) -> None:
    recorders = {feed: MessageRecorder(tmp_path, feed) for feed in (TRIP_UPDATES, ALERTS)}
    for minute in range(0, 60, 10):
        recorders[TRIP_UPDATES].write(updates(at(8, minute), minute), at(8, minute, 2))
        recorders[ALERTS].write(alerts(at(8, minute), f"since {minute}"), at(8, minute, 2))
    for recorder in recorders.values():
        recorder.close()
    recording = open_recording(tmp_path, TIMETABLE)
    assert recording.feeds == (TRIP_UPDATES, ALERTS)
    assert (recording.first_at, recording.last_at) == (at(8, 0, 2), at(8, 50, 2))
    for minute in (35, 5, 55, 12):
        reading = recording.reading_at(at(8, minute))
        assert reading.trip_updates is not None
        assert reading.trip_updates.timestamp == at(8, minute // 10 * 10)
        assert [alert.header[""] for alert in reading.alerts] == [f"since {minute // 10 * 10}"]
        assert len(reading.observations) == 0
    before = recording.reading_at(at(8, 0, 1))
    assert (before.trip_updates, before.alerts) == (None, ())
    assert recording.trip_updates_at(at(8, 50, 2) + TRIP_UPDATES_KEPT_S) is not None
    assert recording.trip_updates_at(at(8, 50, 3) + TRIP_UPDATES_KEPT_S) is None
    assert recording.alerts_at(at(12)) != ()


def test_messages_in_files_of_their_own_are_played_too(tmp_path: Path) -> None:
    (tmp_path / "TripUpdates").mkdir()
    (tmp_path / "TripUpdates" / f"{int(at(8))}.pb").write_bytes(updates(at(8), 60))
    (tmp_path / f"service_alerts_{int(at(8))}.pb.gz").write_bytes(gzip.compress(alerts(at(8), "Works")))
    reading = open_recording(tmp_path, TIMETABLE).reading_at(at(8, 1))
    assert reading.trip_updates is not None
    assert reading.trip_updates.timestamp == at(8)
    assert len(reading.alerts) == 1


def test_hours_of_a_stale_feed_are_decoded_once(tmp_path: Path) -> None:
    recorder = MessageRecorder(tmp_path, TRIP_UPDATES)
    for minute in range(0, 600, 10):
        recorder.write(updates(at(1), minute), at(8, minute))
    recorder.close()
    decoded: list[float] = []

    def refuse(_: bytes, __: Timetable, received_at: float) -> None:
        decoded.append(received_at)
        raise FeedError("stale")

    messages = RecordedMessages(MessagesParquet([tmp_path / f"{MONDAY}.parquet"], ""), refuse)
    for minute in range(0, 600, 10):
        received_at, error = messages.health_at(at(8, minute), TIMETABLE)
        assert np.isnan(received_at)
        assert error == "stale"
    assert len(decoded) == 60


@settings(deadline=None, max_examples=25)
@given(
    polls=st.lists(st.tuples(st.integers(1, 900), st.integers(0, 3)), min_size=1, max_size=12),
    looks=st.lists(st.integers(0, 9000), max_size=6),
    restart=st.integers(0, 12),
)
def test_any_stretch_is_played_back_as_it_was_received(
    tmp_path_factory: pytest.TempPathFactory, polls: list[tuple[int, int]], looks: list[int], restart: int
) -> None:
    folder = tmp_path_factory.mktemp("stretch")
    recorder, now, sent = MessageRecorder(folder, TRIP_UPDATES), at(22), []
    for i, (pause_s, delay_s) in enumerate(polls):
        if i == restart:
            recorder.close()
            recorder = MessageRecorder(folder, TRIP_UPDATES)
        now += pause_s
        sent.append((now, updates(now - 1, delay_s)))
        recorder.write(sent[-1][1], now)
    recorder.close()
    assert archived(folder) == sent
    for look in looks:
        expected = [data for when, data in sent if when <= at(22) + look]
        assert said_at(folder, at(22) + look) == (expected[-1] if expected else None)


def test_a_header_whose_time_stands_while_its_messages_change_says_nothing_in_a_recording_either(
    tmp_path: Path,
) -> None:
    for poll in range(8):
        (tmp_path / f"{NOW + 30 * poll}.pb").write_bytes(updates(NOW - 600, 30 * poll))
    store = MessageFiles(sorted(tmp_path.iterdir()), "")
    messages = RecordedMessages(store, lambda data, *_: header_of(data).timestamp)
    for poll in (7, 2, 1, 5, 3):
        latest = messages.latest(NOW + 30 * poll, TIMETABLE)
        assert latest is not None
        assert np.isnan(latest.value) == (poll >= 2), poll
