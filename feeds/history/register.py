"""What is written and edited, in SQLite: the operator's word on trips, alerts, feed gaps, timetables in use."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from feeds.history.own_runs import OwnRunTold
from feeds.storage.sqlite_file import SharedSqlite
from predictor.explain.gaps import Gap

_MIGRATIONS = (
    """
CREATE TABLE IF NOT EXISTS cancellations (
    trip_id TEXT, start_date TEXT, shift_s INTEGER, stop_sequence INTEGER, since REAL, until REAL,
    PRIMARY KEY (trip_id, start_date, shift_s, stop_sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
    alert_id TEXT, content TEXT, since REAL, until REAL, PRIMARY KEY (alert_id, content)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gaps (since REAL PRIMARY KEY, until REAL, watched INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS timetables (feed_version TEXT PRIMARY KEY, since REAL, until REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watch (one INTEGER PRIMARY KEY, since REAL, until REAL, feed_alive_at REAL);
""",
    """
CREATE TABLE IF NOT EXISTS told (
    trip_id TEXT, start_date TEXT, shift_s INTEGER, stop_sequence INTEGER, since REAL, until REAL,
    PRIMARY KEY (trip_id, start_date, shift_s, stop_sequence)) WITHOUT ROWID;
""",
    """
CREATE TABLE IF NOT EXISTS own_runs (
    trip_id TEXT, start_date TEXT, shift_s INTEGER, begins REAL, until REAL, content TEXT,
    PRIMARY KEY (trip_id, start_date, shift_s)) WITHOUT ROWID;
""",
    "DROP TABLE told;",
)


@dataclass(frozen=True)
class TripWord:
    """The operator's word that a trip, or one of its calls, is taken out. Times are POSIX seconds."""

    trip_id: str
    start_date: str
    """YYYYMMDD."""
    shift_s: int
    stop_sequence: int
    """-1: the whole trip."""
    since: float
    until: float


@dataclass(frozen=True)
class AlertText:
    """An alert as it was, in JSON, and when it was seen in force."""

    alert_id: str
    content: str
    since: float
    until: float


@dataclass(frozen=True)
class Watch:
    """How far the records reach, POSIX seconds; NaN where there are none."""

    since: float
    until: float
    feed_alive_at: float


SCHEMA = len(_MIGRATIONS)


class Register:
    """One SQLite file. One thread writes, any may read."""

    def __init__(self, path: Path | None) -> None:
        """Open the file; None for one in memory. Errors: FeedError where it is not ours or cannot be opened."""
        self._file = SharedSqlite(path, _MIGRATIONS, "The history")
        self.fault = self._file.fault

    def write(
        self,
        cancelled: Collection[TripWord],
        own_runs: Collection[OwnRunTold],
        alerts: Collection[AlertText],
        gaps: Collection[Gap],
        timetable: tuple[str, float, float] | None,
        watch: Watch,
    ) -> None:
        """Put down what is new, all or nothing; of what was there already only `until` grows. Errors: FeedError."""
        with self._file.written() as cursor:
            cursor.executemany(
                "INSERT INTO cancellations VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
                [astuple(word) for word in cancelled],
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO own_runs VALUES (?, ?, ?, ?, ?, ?)", [astuple(run) for run in own_runs]
            )
            cursor.executemany(
                "INSERT INTO alerts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
                [(a.alert_id, a.content, a.since, a.until) for a in alerts],
            )
            cursor.executemany(
                "INSERT INTO gaps VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET until = excluded.until, watched = min(watched, excluded.watched)",
                [(g.since, g.until, int(g.watched)) for g in gaps],
            )
            if timetable is not None:
                cursor.execute(
                    "INSERT INTO timetables VALUES (?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET until = max(until, excluded.until)", timetable,
                )  # fmt: skip
            cursor.execute(
                "INSERT INTO watch VALUES (1, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "since = coalesce(min(since, excluded.since), since, excluded.since), until = excluded.until, "
                "feed_alive_at = excluded.feed_alive_at",
                (watch.since, watch.until, watch.feed_alive_at),
            )

    def watch(self) -> Watch:
        """How far the records reach."""
        row = next(iter(self._file.rows("SELECT since, until, feed_alive_at FROM watch")), (None, None, None))
        return Watch(*(float("nan") if at is None else at for at in row))

    def cancelled(self, trip_ids: Iterable[str], start_dates: Collection[str]) -> list[TripWord]:
        """What the operator took out of these trips on these days."""
        dates = ",".join("?" * len(start_dates))
        return [
            TripWord(*row)
            for trip_id in trip_ids
            for row in self._file.rows(
                f"SELECT * FROM cancellations WHERE trip_id = ? AND start_date IN ({dates})",  # noqa: S608
                trip_id,
                *start_dates,
            )
        ]

    def own_runs(self, since: float, until: float) -> list[OwnRunTold]:
        """Runs that the operator added, under way at some time between the two."""
        rows = self._file.rows("SELECT * FROM own_runs WHERE begins <= ? AND until >= ?", until, since)
        return [OwnRunTold(*row) for row in rows]

    def alerts(self, since: float, until: float) -> list[AlertText]:
        """Alerts seen in force between the two times, each as it was at last."""
        rows = self._file.rows("SELECT * FROM alerts WHERE since <= ? AND until >= ? ORDER BY until", until, since)
        return list({row[0]: AlertText(*row) for row in rows}.values())

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        """Gaps that reach into the time between."""
        rows = self._file.rows(
            "SELECT since, until, watched FROM gaps WHERE since <= ? AND until >= ? ORDER BY since", until, since
        )
        return tuple(Gap(begin, end, bool(watched)) for begin, end, watched in rows)

    def timetable_at(self, at: float) -> str | None:
        """Version of the timetable in use at a time, the nearest where none was, None where none is known."""
        rows = self._file.rows(
            "SELECT feed_version FROM timetables ORDER BY max(since - ?, ? - until, 0), since DESC LIMIT 1", at, at
        )
        return str(rows[0][0]) if rows else None

    def timetables(self) -> set[str]:
        """Versions of all timetables that something is known of."""
        return {str(row[0]) for row in self._file.rows("SELECT feed_version FROM timetables")}

    def drop_before(self, at: float) -> None:
        """Forget what ended before a time."""
        with self._file.written() as cursor:
            for table in ("cancellations", "own_runs", "alerts", "gaps", "timetables"):
                cursor.execute(f"DELETE FROM {table} WHERE until < ?", (at,))  # noqa: S608
            cursor.execute("UPDATE watch SET since = max(since, ?)", (at,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
