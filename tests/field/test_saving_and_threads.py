"""A full disk and a failing thread are told, counted and survived.

The kind: work beside the readers that stops, or loses what it holds, with nobody told.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from threading import Event, get_native_id

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.service.checkpoint import Checkpoint
from feeds.background import Queued, Repeated
from feeds.errors import FeedError
from feeds.learned_file import keep_learned, read_learned, ready_made
from tests.api.town import at, service_at


def full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_work_that_raises_anything_goes_on_and_its_failure_is_told_until_it_is_good_again() -> None:
    tries: list[int] = []
    good = Event()

    def work() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise SystemExit("a library ends the thread") if len(tries) == 1 else OSError(24, "Too many open files")
        good.set()

    repeated = Repeated("work", work, 0.01)
    repeated.start()
    assert good.wait(60.0)
    deadline = time.monotonic() + 60.0
    while repeated.error and time.monotonic() < deadline:
        time.sleep(0.01)
    repeated.stop(1.0)
    assert (repeated.failures, repeated.error) == (3, "")


def test_work_that_keeps_failing_is_tried_less_and_less_often() -> None:
    repeated = Repeated("work", full_disk, 5.0)
    pauses = []
    for _ in range(8):
        repeated.attempt(full_disk)
        pauses.append(repeated.pause_s(5.0))
    assert pauses[0] == 5.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60.0
    assert "No space left" in repeated.error


def test_a_queue_goes_on_after_what_it_could_not_take_in() -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        if number == 1:
            raise MemoryError
        taken.append(number)

    queue = Queued("queue", take, 10)
    for number in range(3):
        assert queue.offer(number)
    queue.drain()
    queue.stop(5.0)
    assert taken == [0, 2]
    assert queue.failures == 1


def test_a_queue_that_nobody_has_any_more_leaves_no_thread_behind() -> None:
    queue: Queued[int] = Queued("queue", lambda _: None, 10)
    assert queue.offer(1)
    queue.drain()
    thread = queue._thread
    del queue
    gc.collect()
    assert thread is not None
    thread.join(60.0)
    assert not thread.is_alive()


def test_a_full_disk_degrades_health_and_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_at(at(8, 5))
    service.step(at(8, 6))
    client = TestClient(create_app(service))
    monkeypatch.setattr(service.history, "flush", full_disk)
    service._history.stop()
    checkpoint = service._checkpoint = Checkpoint(tmp_path / "learned.npz")
    monkeypatch.setattr("api.service.checkpoint.write_learned", full_disk)
    checkpoint.offer(ready_made())
    checkpoint.stop()
    health = client.get("/readyz").json()
    assert health["status"] == "degraded"
    assert health["detail"].count("No space left on device") == 2
    metrics = client.get("/metrics").text
    assert 'prochain_saving_total{what="history_failures"} 1.0' in metrics
    assert 'prochain_saving_total{what="learned_failures"} 1.0' in metrics
    monkeypatch.undo()
    service._history.stop()
    checkpoint.offer(ready_made())
    checkpoint.stop()
    assert service.saving_faults == []


def test_hours_of_learning_are_kept_elsewhere_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = tmp_path / "a file, no folder"
    shut.write_text("")
    monkeypatch.setattr("feeds.learned_file._PAUSES_S", (0.0, 0.0))
    monkeypatch.setenv("HOME", str(tmp_path))
    kept = keep_learned(shut / "learned.npz", ready_made())
    assert kept.parent == tmp_path
    assert read_learned(kept).net is not None
    monkeypatch.setattr("feeds.learned_file.write_learned", full_disk)
    with pytest.raises(FeedError, match="No space left"):
        keep_learned(tmp_path / "learned.npz", ready_made())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a priority of their own")
def test_readers_have_the_processor_before_the_engines_step() -> None:
    priorities: list[int] = []
    noted = Event()

    def note() -> None:
        priorities.append(os.getpriority(os.PRIO_PROCESS, get_native_id()))
        noted.set()

    step = Repeated("step", note, 60.0, first_s=0.0, gives_way=True)
    step.start()
    assert noted.wait(60.0)
    step.stop(1.0)
    assert priorities[0] > os.getpriority(os.PRIO_PROCESS, get_native_id())
