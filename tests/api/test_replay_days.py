"""Days that are replayed each on its own are the same whoever replays them."""

from __future__ import annotations

import re
import socket
import threading
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from api.command.replay_days import day_file, replay_days
from api.command.spread import spread
from feeds.errors import FeedError

AUSTIN = Path(__file__).parents[2].parent / "shared" / "data" / "capmetro-2016"
THE_TABLES = Path(__file__).parents[2] / "docs" / "data.md"
DAYS = (date(2016, 11, 25), date(2016, 11, 26))
EVERY_S = 1500.0


@pytest.mark.recording
@pytest.mark.skipif(not AUSTIN.is_dir(), reason=f"the recorded feed is not there ({AUSTIN})")
def test_days_replayed_by_a_cluster_are_those_of_one_process(tmp_path: Path) -> None:
    from distributed import LocalCluster

    here, there = tmp_path / "here", tmp_path / "there"
    first, last = (day.isoformat() for day in DAYS)
    counts = replay_days(AUSTIN, here, first, last, every=EVERY_S)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
        assert replay_days(AUSTIN, there, first, last, every=EVERY_S, on=cluster.scheduler_address) == counts
    for table in ("predictions", "passages"):
        for day in DAYS:
            rows = pq.read_table(day_file(here, table, day))
            assert len(rows) > 20, table
            assert rows.equals(pq.read_table(day_file(there, table, day)))
    # Read as one table, the folder gives the day as a column; in DuckDB as the page of the tables says.
    assert set(pq.read_table(here / "passages", partitioning="hive")["day"].to_pylist()) == {str(day) for day in DAYS}
    as_one = next(re.finditer(r"`from (read_parquet\(.+\))`", THE_TABLES.read_text()))[1].replace("days/", f"{here}/")
    days = duckdb.execute(f"select day, count(*) from {as_one} group by day order by day").fetchall()
    assert days == [(day, pq.read_metadata(day_file(here, "predictions", day)).num_rows) for day in DAYS]


@pytest.mark.parametrize("something_listens", [False, True])
def test_an_address_without_a_scheduler_is_told_in_words(
    something_listens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.command.spread.ANSWERS_WITHIN_S", 0.2)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if something_listens:
            other.listen()
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(FeedError, match=f"No Dask scheduler answers at {address}"), spread(on=address):
            pytest.fail("there is none")


def test_a_scheduler_without_workers_and_one_that_is_lost_are_told_in_words(caplog: pytest.LogCaptureFixture) -> None:
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
        pytest.raises(FeedError, match="Dask gave up"),
        spread(on=cluster.scheduler_address) as share,
    ):
        threading.Timer(0.1, cluster.close).start()
        list(share(abs, [1]))
    assert "has no workers yet: start some (dask worker " in caplog.text
