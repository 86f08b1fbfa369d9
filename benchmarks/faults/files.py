"""Files that a power cut, a full disk or a bad copy left half, empty or changed, and clocks that jump."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from api.desk.database import FILE_NAME
from api.desk.desk import Desk
from api.service.checkpoint import Checkpoint
from api.service.clock import LiveClock
from api.service.timetable_watch import timetable_from
from benchmarks.faults.scenario import scenario
from benchmarks.faults.stage import Stage, expect, expect_told
from benchmarks.faults.town import TOWN, fleet, running
from benchmarks.field.city import TOKEN
from feeds.alerts.alert import Alert
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from feeds.learned_file import ready_made, write_learned
from feeds.storage.whole_file import DAMAGED


def damages(data: bytes, kinds: int = 8) -> Iterator[bytes]:
    """Emptied, zeroed, another file's, cut, and overwritten at some places."""
    yield from (b"", b"\0" * len(data), b"no such file" * 50, data[: len(data) // 2], data[:-1])
    random = np.random.default_rng(7)
    for _ in range(kinds):
        changed = bytearray(data)
        begin = int(random.integers(len(data)))
        changed[begin : begin + 150] = bytes(random.integers(0, 256, 150, np.uint8))[: len(data) - begin]
        yield bytes(changed)


@scenario(
    "what was learned is damaged in 13 ways",
    "the service starts, sets the file aside by name, and says so",
    quick=False,
)
def a_damaged_file_of_what_was_learned(stage: Stage) -> None:
    path = stage.folder / "learned.npz"
    write_learned(path, ready_made())
    for data in damages(path.read_bytes()):
        path.write_bytes(data)
        checkpoint = Checkpoint(path)
        city = stage.city(TOWN, at="08:09", checkpoint=checkpoint)
        if checkpoint.fault:
            expect_told(city, "file_damaged", DAMAGED)
        path.unlink(missing_ok=True)
    assert list(stage.folder.glob(f"*{DAMAGED}")), "nothing was set aside"


@scenario(
    "the cache of timetables is damaged in 13 ways", "made anew from the feed, the damaged one set aside", quick=False
)
def a_damaged_cache_of_timetables(stage: Stage) -> None:
    feed, cache = stage.folder / "gtfs.zip", stage.folder / "cache"
    feed.write_bytes(TOWN.feed)
    version = timetable_from(str(feed), cache).timetable.feed_version
    (path,) = cache.glob("timetable-*.npz")
    for data in damages(path.read_bytes()):
        path.write_bytes(data)
        loaded = timetable_from(str(feed), cache)
        expect(loaded.timetable.feed_version, version, "timetable")
        expect(loaded.timetable.trips, len(TOWN.trips), "trips")


@scenario(
    "the desk's database is damaged in 13 ways",
    "boards are there, the file is set aside, the desk can publish",
    quick=False,
)
def a_damaged_database_of_the_desk(stage: Stage) -> None:
    city = running(stage)
    first = Desk(city.service, token=TOKEN, folder=stage.folder / "good")
    first._database.next_number()
    first.close()
    good = (stage.folder / "good" / FILE_NAME).read_bytes()
    for case, data in enumerate(damages(good)):
        folder = stage.folder / str(case)
        folder.mkdir()
        (folder / FILE_NAME).write_bytes(data)
        desk = Desk(city.service, token=TOKEN, folder=folder)
        assert desk._database.next_number() >= 1, "nothing can be numbered"
        expect(bool(desk.service.desk_fault()), bool(list(folder.glob(f"*{DAMAGED}"))), "told and set aside")
        desk.close()
    assert len(city.live) > 10, city.live


@scenario(
    "each table of the desk's database is dropped, renamed, emptied, filled with garbage",
    "boards are there, the file is set aside where a table is gone, the desk can publish",
    quick=False,
)
def a_desk_without_a_table(stage: Stage) -> None:
    city = running(stage)
    Desk(city.service, token=TOKEN, folder=stage.folder / "good").close()
    good = (stage.folder / "good" / FILE_NAME).read_bytes()
    for case, table in enumerate(("disruption", "phrase", "bulletin", "dismissal", "deed", "session") * 4):
        path = stage.folder / str(case) / FILE_NAME
        path.parent.mkdir()
        path.write_bytes(good)
        harm = (
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} RENAME TO other",
            f"DELETE FROM {table}",  # noqa: S608
            f"INSERT INTO {table} SELECT {', '.join(['7', *[repr('[' * 999)] * (_width(path, table) - 1)])}",
        )[case // 6]
        with closing(sqlite3.connect(path)) as other:
            other.execute(harm)
            other.commit()
        desk = Desk(city.service, token=TOKEN, folder=path.parent)
        assert desk._database.next_number() >= 1, "nothing can be numbered"
        expect(bool(desk.service.desk_fault()), case // 6 < 2, f"told of {harm}")
        assert isinstance(desk.deeds(5), list), "no journal"
        desk.close()
    city.at(city.now + 30)
    assert len(city.live) > 10, city.live


def _width(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as other:
        return len(other.execute(f"PRAGMA table_info({table})").fetchall())


@scenario(
    "what the desk gives for riders cannot be made any more",
    "boards and steps go on, with the messages that were shown before",
)
def own_messages_that_break(stage: Stage) -> None:
    city = running(stage)

    def broken(*_: object) -> tuple[Alert, ...]:
        raise KeyError("a row of another version")

    city.service.own_alerts = broken
    city.at(city.now + 60)
    expect(city.service.step_failures, 0, "failed steps")
    assert city.live, "nothing is live"


@scenario(
    "the history's register and one of its days are damaged", "set aside by name; the history goes on", quick=False
)
def a_damaged_history(stage: Stage) -> None:
    city = running(stage)
    folder = stage.folder / "history"
    store = HistoryStore(folder)
    store.take(Happened.of(city.service.snapshot, ()))
    store.close()
    good = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert good, "nothing was kept"
    for path, data in good.items():
        for damaged in damages(data, 2):
            path.write_bytes(damaged)
            again = HistoryStore(folder)
            again.take(Happened.of(city.service.snapshot, ()))
            again.close()


@scenario("the data folder is a file", "the desk says that nothing can be published; boards are there")
def a_data_folder_that_is_none(stage: Stage) -> None:
    city = running(stage)
    (stage.folder / FILE_NAME).mkdir()
    desk = Desk(city.service, token=TOKEN, folder=stage.folder)
    assert FILE_NAME in desk.service.desk_fault(), f"the desk says {desk.service.desk_fault()!r}"
    desk.close()


@scenario("the disk is full while what was learned and what happened is saved", "told, counted; boards go on")
def a_full_disk(stage: Stage) -> None:
    folder = stage.folder / "kept"
    folder.mkdir()
    checkpoint = Checkpoint(folder / "learned.npz")
    city = stage.city(TOWN, at="08:09", checkpoint=checkpoint)
    # In the place of its folder a file, which refuses every write.
    folder.rmdir()
    folder.write_text("")
    city.vehicle_positions(*fleet())
    checkpoint.offer(city.service.learned())
    checkpoint.stop()
    city.at("08:12")
    expect_told(city, "learned_not_saved")
    assert city.live, "nothing is live"


class Machine:
    """A machine whose clock can jump."""

    def __init__(self) -> None:
        self.up, self.apart_s = 1000.0, 1_795_000_000.0
        self.clock = LiveClock(wall=lambda: self.up + self.apart_s, uptime=lambda: self.up)

    def later(self, seconds: float) -> float:
        """What the service's clock shows so much later."""
        self.up += seconds
        return self.clock.now()


@scenario("the machine's clock is an hour ahead for 15 s, and back", "the service's own time runs on, the jump is told")
def a_clock_an_hour_ahead_for_15_seconds(stage: Stage) -> None:  # noqa: ARG001
    machine = Machine()
    before = machine.later(1)
    machine.apart_s += 3600
    during = machine.later(15)
    expect(round(during - before), 15, "seconds passed meanwhile")
    assert machine.clock.jumped_s > 3000, "the jump is not told"
    machine.apart_s -= 3600
    expect(round(machine.later(5) - before), 20, "seconds passed afterwards")
    expect(machine.clock.jumped_s, 0.0, "jump told afterwards")


@scenario(
    "the machine's clock is set back by ten minutes, for good",
    "told, followed after two minutes; buses are live again soon",
)
def a_clock_set_back_for_good(stage: Stage) -> None:
    machine = Machine()
    before = machine.later(1)
    machine.apart_s -= 600
    expect(round(machine.later(10) - before), 10, "seconds passed at first")
    expect(round(machine.later(100) - before), 110, "seconds passed after two minutes")
    expect(round(machine.later(30) - before), 140 - 600, "seconds passed once it is believed")
    city = running(stage)
    city.rule.honest = False
    city.clock.at -= 600
    city.vehicle_positions(*fleet())
    expect_told(city, "own_clock_set_back")
    city.at(city.now + 120)
    assert city.live, "nothing is live two minutes after"
