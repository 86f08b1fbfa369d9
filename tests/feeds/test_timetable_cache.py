"""The second start reads what the first one made, and nothing that is wrong with the cache does harm."""

from __future__ import annotations

import os
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from feeds import timetable_cache
from feeds.errors import FeedError
from feeds.timetable import LoadedTimetable, load_timetable
from predictor.timetable import Timetable
from tests.feeds.small_feed import STOP_TIMES, TABLES, calls, write_feed

ODD_TIMES = f"{TABLES['stop_times']!s}t9,08:00:00,08:00:00,A,1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "prochain"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_feed(tmp_path / "gtfs.zip", stop_times=ODD_TIMES)


def assert_same(first: LoadedTimetable, second: LoadedTimetable) -> None:
    assert first.problems == second.problems
    for field in fields(Timetable):
        one, other = getattr(first.timetable, field.name), getattr(second.timetable, field.name)
        assert type(one) is type(other), field.name
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, field.name
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f" if isinstance(one, np.ndarray) else False)


def test_the_second_load_comes_from_the_cache_and_says_the_same(feed: Path, folder: Path) -> None:
    first = load_timetable(feed, cache_dir=folder)
    second = load_timetable(feed, cache_dir=folder)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert len(first.problems) == 1
    assert_same(first, second)


def test_the_content_counts_not_the_name_or_the_date(feed: Path, folder: Path, tmp_path: Path) -> None:
    load_timetable(feed, cache_dir=folder)
    copy = tmp_path / "copy.zip"
    copy.write_bytes(feed.read_bytes())
    os.utime(copy, (0, 0))
    assert load_timetable(copy, cache_dir=folder).from_cache


def test_a_changed_feed_is_read_anew(feed: Path, folder: Path) -> None:
    load_timetable(feed, cache_dir=folder)
    write_feed(feed, stop_times=STOP_TIMES + calls("t1", "09:00:00", "09:02:00", "09:04:00"))
    loaded = load_timetable(feed, cache_dir=folder)
    assert not loaded.from_cache
    assert loaded.timetable.departure_s[0] == 9 * 3600
    assert loaded.problems == ()


def test_a_change_in_one_file_of_a_folder_is_seen(folder: Path, tmp_path: Path) -> None:
    town = tmp_path / "town"
    town.mkdir()
    for name, text in TABLES.items():
        (town / f"{name}.txt").write_text(str(text))
    load_timetable(town, cache_dir=folder)
    assert load_timetable(town, cache_dir=folder).from_cache
    (town / "routes.txt").write_text(str(TABLES["routes"]).replace("r1,1,3", "r1,A,0"))
    assert load_timetable(town, cache_dir=folder).timetable.route_short_name.tolist() == ["A"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no archive at all",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-30],
        lambda data: data.replace(b"stop_lat", b"stop_xxx"),
        lambda data: data.replace(b"08:00", b"08:01").replace(b"\x93NUMPY", b"\x93NAMPY"),
    ],
)
def test_a_damaged_cache_file_is_made_anew(feed: Path, folder: Path, damage: object) -> None:
    first = load_timetable(feed, cache_dir=folder)
    (kept,) = folder.iterdir()
    assert callable(damage)
    kept.write_bytes(damage(kept.read_bytes()))
    again = load_timetable(feed, cache_dir=folder)
    assert not again.from_cache
    assert_same(first, again)
    assert load_timetable(feed, cache_dir=folder).from_cache, "and is whole again"


def test_a_file_of_another_format_is_not_read(feed: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_timetable(feed, cache_dir=folder)
    monkeypatch.setattr(timetable_cache, "FORMAT", timetable_cache.FORMAT + 1)
    assert not load_timetable(feed, cache_dir=folder).from_cache


def test_a_folder_that_cannot_be_written_does_no_harm(feed: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert load_timetable(feed, cache_dir=in_the_way / "cache").timetable.trips == 1


def test_nothing_is_kept_of_a_feed_that_is_refused_and_nothing_half_written(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FeedError):
        load_timetable(write_feed(tmp_path / "bad.zip", stops=None), cache_dir=folder)
    assert not folder.exists()


def test_only_the_feeds_last_used_are_kept(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable_cache, "KEPT", 2)
    feeds = [
        write_feed(tmp_path / f"{i}.zip", routes=f"route_id,route_short_name,route_type\nr1,{i},3\n") for i in range(3)
    ]
    for age, path in zip((300, 200, 100), feeds, strict=True):
        before = set(folder.glob("*"))
        load_timetable(path, cache_dir=folder)
        (kept,) = set(folder.glob("*")) - before
        os.utime(kept, (time.time() - age, time.time() - age))
    assert [load_timetable(path, cache_dir=folder).from_cache for path in feeds[:0:-1]] == [True, True]
    assert not load_timetable(feeds[0], cache_dir=folder).from_cache


def test_the_users_cache_folder_is_the_default(feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    load_timetable(feed)
    assert [path.suffix for path in (tmp_path / "xdg" / "prochain").iterdir()] == [".npz"]
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert timetable_cache.default_cache_dir() == tmp_path / "home" / ".cache" / "prochain"


def test_a_service_gets_a_large_feed_from_another_process_and_the_words_on_a_bad_one(
    feed: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.timetable.LARGE_BYTES", 0)
    # Made here it would be made by these.
    monkeypatch.delattr("feeds.gtfs.assembly.build_timetable")
    apart = load_timetable(feed, cache_dir=folder, to_be_served=True)
    monkeypatch.undo()
    here = load_timetable(feed, cache_dir=tmp_path / "another")
    assert not apart.from_cache
    assert_same(apart, here)
    bad = write_feed(tmp_path / "bad.zip", stops="stop_id,stop_name\n")
    with pytest.raises(FeedError) as said_here:
        load_timetable(bad, cache_dir=folder)
    monkeypatch.setattr("feeds.timetable.LARGE_BYTES", 0)
    with pytest.raises(FeedError) as said_apart:
        load_timetable(bad, cache_dir=folder, to_be_served=True)
    assert str(said_apart.value) == str(said_here.value)
