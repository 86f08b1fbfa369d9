"""The history of the service: what is needed to say afterwards what became of each scheduled call.

Passages and vehicle traces are Parquet by day (UTC, by time of the step), what is edited is SQLite, and each timetable
that was in use is kept beside them. Without a folder the last day is held in memory.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feeds.alerts.alert import Alert
from feeds.alerts.informed import Informed
from feeds.errors import FeedError
from feeds.history.accuracy_sums import FILE as ACCURACY
from feeds.history.accuracy_sums import AccuracySums
from feeds.history.alert_json import alert_from_json
from feeds.history.announcements import Announcements
from feeds.history.happened import Happened
from feeds.history.own_runs import laid_over
from feeds.history.register import AlertText, Register, TripWord, Watch
from feeds.history.tables import (
    PASSAGES,
    TOLD,
    TRACES,
    passages_of,
    passages_table,
    told_of,
    told_table,
    traces_of,
    traces_table,
)
from feeds.storage.daily_parquet import DailyParquet
from feeds.storage.daily_rows import RecentTable, Rows
from feeds.storage.parquet_damage import READ_ERRORS
from feeds.storage.whole_file import regular, set_aside, whole_file
from feeds.timetable_cache import read_cached, write_cached
from predictor.explain.evidence import Cancellation, Evidence, Journey, Notice, with_their_blocks
from predictor.explain.gaps import Gap, gap_between
from predictor.explain.told_times import ToldTimesFollower
from predictor.explain.traces import TraceFollower
from predictor.passages import Passages
from predictor.runs import DatedRuns
from predictor.timetable import DAY_S, Timetable

FOLDER = "history"
"""Name of its folder among other data."""
RETENTION_DAYS = 30
MEMORY_DAYS = 1

_AROUND_S = 4 * 3600.0
_NAMELESS_S = 3600.0
"""A vehicle that names no trip may be the one in question where it was around so near in time."""
_NAMELESS_DEGREES = 0.01
_TRIES = 5
"""Reading begins again where files were merged meanwhile; at last it goes on without them."""
log = logging.getLogger("prochain")


class HistoryStore:
    """One writer (`take`, `flush`) and any readers, from any thread. A reader holds no lock while it reads from disk,
    and waits for no write."""

    def __init__(self, folder: str | Path | None = None, retention_days: int | None = None) -> None:
        """Go on in `folder`; None: keep the last day in memory. Errors: FeedError where it cannot be used."""
        folder = None if folder is None else Path(folder)
        self._folder = folder
        self._retention_s = (retention_days or (RETENTION_DAYS if folder else MEMORY_DAYS)) * DAY_S
        self._writing = Lock()
        self._lock = Lock()
        """For what is in memory: held for moments, never while the disk is read or written."""
        self._follower, self._told_times, self._announced = TraceFollower(), ToldTimesFollower(), Announcements()
        self._timetable: Timetable | None = None
        self._gaps: dict[float, Gap] = {}
        self._kept: dict[str, Timetable | None] = {}
        """Versions of the timetables that are kept, in memory where nothing is on disk."""
        # Put down together, by `flush`: what is said to be saved is saved in all of them.
        self._tables = self._passages, self._traces, self._told = (
            _table(folder, "passages", PASSAGES, "vehicle_id"), _table(folder, "traces", TRACES, "vehicle_id"),
            _table(folder, "told", TOLD, "trip_id"),
        )  # fmt: skip
        self._register = Register(folder and folder / "register.sqlite")
        self.accuracy = AccuracySums(folder and folder / ACCURACY)
        self.fault = f"{self._register.fault} {self.accuracy.fault}".strip()
        """What was wrong with its files at the start, "" where nothing was."""
        self._watch = self._register.watch()
        self._recover_open_traces()
        self._pruned_on = ""

    @property
    def lost_rows(self) -> int:
        """Rows that could not be put down for so long that they were given up."""
        return sum(table.lost_rows for table in self._tables)

    @property
    def files_set_aside(self) -> int:
        """Damaged files that were put under another name."""
        return sum(table.set_aside.total() for table in self._tables)

    @property
    def until(self) -> float:
        """How far the records reach, POSIX seconds; NaN before the first step."""
        return self._watch.until

    def take(self, step: Happened) -> None:
        """Remember a step. Steps come in order of time. Errors: FeedError where the day before cannot be put down."""
        with self._writing:
            day = _day(step.at)
            try:
                for table in self._tables:
                    table.begin(day)
            finally:
                # Where the day before cannot be put down, what is new waits with its own.
                with self._lock:
                    self._take(step)
            self.accuracy.take(step)

    def _take(self, step: Happened) -> None:
        tt = step.timetable
        if self._timetable is not None and tt is not self._timetable:
            self._traces.add(traces_table(self._timetable, self._follower.end_all()), step.at)
            # The operator's own runs have other indices with each of its messages.
            self._end_told(tt.base.trips if tt.base is self._timetable.base else 0)
        self._timetable = tt
        before = self._watch
        gap = gap_between(before.feed_alive_at, before.until, step.feed_alive_at, step.at)
        if gap is not None:
            known = self._gaps.get(gap.since, gap)
            self._gaps[gap.since] = Gap(gap.since, gap.until, gap.watched and known.watched)
        # Without a sign of life from any vehicle nobody is watching.
        since = float(np.fmin(before.since, step.at if math.isfinite(step.feed_alive_at) else math.nan))
        self._watch = Watch(since, step.at, step.feed_alive_at)
        self._announced.follow(step)
        if len(step.passages):
            self._passages.add(passages_table(tt, step.passages), step.at)
        ended = self._follower.follow(step.vehicles)
        if len(ended):
            self._traces.add(traces_table(tt, ended), step.at)
        untold = self._told_times.follow(step.told_times)
        if len(untold):
            self._told.add(told_table(tt, untold), step.at)

    def flush(self) -> None:
        """Put everything down. Errors: FeedError; what could not be written waits for the next time."""
        with self._writing:
            tt, watch = self._timetable, self._watch
            if tt is None:
                return
            for rows in (*self._tables, self.accuracy):
                rows.flush()
            self.accuracy.look()
            self._keep_timetable(tt.base)
            if self._folder:
                table = traces_table(tt, self._follower.open_traces())
                try:
                    with whole_file(self._folder / "open_traces.parquet") as path:
                        pq.write_table(table, path)
                except OSError as error:
                    raise FeedError(f"{self._folder}: cannot be written ({error.strerror or error}).") from error
            cancelled, alerts = self._announced.cancelled(), self._announced.alerts()
            own_runs = self._announced.own_runs()
            in_use = (tt.feed_version, watch.until, watch.until)
            self._register.write(cancelled, own_runs, alerts, self._gaps.values(), in_use, watch)
            with self._lock:
                self._announced.written()
                # The last one may go on.
                self._gaps = {since: gap for since, gap in self._gaps.items() if since >= watch.feed_alive_at}
            if _day(watch.until) != self._pruned_on:
                self._drop_what_is_old(watch.until - self._retention_s)
                self._pruned_on = _day(watch.until)

    def close(self) -> None:
        """Put everything down and close the files. Errors: FeedError."""
        with self._writing, self._lock:
            self._end_told()
        self.flush()
        with self._writing:
            for file in (*self._tables, self._register, self.accuracy):
                file.close()

    def timetable_at(self, at: float, current: Timetable) -> Timetable:
        """The timetable that was in use at a time; `current` where it is no longer there, or was the same."""
        version = self._register.timetable_at(at)
        if version is None or version == current.feed_version:
            return current
        if self._folder is None:
            return self._kept.get(version) or current
        kept = read_cached(self._folder / "timetables", version)
        return current if kept is None else kept[0]

    def with_own_runs(self, timetable: Timetable, since: float, until: float) -> Timetable:
        """A timetable that was in use, with the runs that the operator added to it between two times."""
        runs = self._register.own_runs(since, until)
        with self._lock:
            runs += [run for run in self._announced.own_runs() if run.begins <= until and run.ends >= since]
        latest = {(run.trip_id, run.start_date, run.shift_s): run for run in runs}
        return laid_over(timetable, tuple(latest.values()))

    def evidence(self, timetable: Timetable, journeys: Collection[Journey], since: float, until: float) -> Evidence:
        """All that is known of journeys, of the others of their blocks, of the vehicles that drove them, and of those
        that named no trip and were somewhere along their lines.

        Parameters: `since`, `until`: POSIX seconds between which the calls in question lie.
        """
        tt, concerned = timetable, with_their_blocks(timetable, journeys)
        first, last = since - _AROUND_S, until + _AROUND_S
        days = _day(first), _day(last)
        trip_ids = {str(tt.trip_id[trip]) for trip, _, _ in concerned}
        dates = {str(tt.date[day]) for _, day, _ in concerned}
        trips = _among("trip_id", trip_ids) & _among("start_date", dates)
        nameless = ~pc.field("named") & (pc.field("until") >= since - _NAMELESS_S)
        nameless &= (pc.field("since") <= until + _NAMELESS_S) & _around(tt, concerned)
        # First which vehicles are concerned, from few columns; then all of theirs, from few row groups: the files are
        # ordered by vehicle.
        for tries_left in range(_TRIES - 1, -1, -1):
            with self._lock:
                seen = self._passages.rows, self._with_open_traces()
                gaps, watch = dict(self._gaps), self._watch
                announced, told = self._announced.cancelled(), self._with_open_told()
            try:
                vehicles = {
                    name
                    for rows, where in zip(seen, (trips, trips | nameless), strict=True)
                    for name in pc.unique(
                        rows.read(*days, where, ["vehicle_id"], missing_ok=not tries_left)["vehicle_id"]
                    ).to_pylist()
                }
                theirs = _among("vehicle_id", vehicles)
                wanted = theirs & (trips | _passed(first, last)), theirs & _during(first, last)
                passages, traces = (
                    rows.read(*days, where, missing_ok=not tries_left) for rows, where in zip(seen, wanted, strict=True)
                )
                break
            except FileNotFoundError:
                # Merged into another while it was being read.
                continue
        found = passages_of(passages, tt)
        runs_seen = set(found.identities())
        untold = {int(tt.trip_route[journey[0]]) for journey in journeys if journey not in runs_seen}
        gaps = {gap.since: gap for gap in self._register.gaps(first, last)} | gaps
        cancelled_trips = self._register.cancelled(trip_ids, dates)
        cancelled_trips += [word for word in announced if word.trip_id in trip_ids and word.start_date in dates]
        # What goes on has been put down already, as far as it had come then.
        latest = {replace(cancelled, until=0.0): cancelled for cancelled in cancelled_trips}.values()
        return Evidence(
            passages=found,
            traces=traces_of(traces, tt),
            cancellations=tuple(_cancellations(tt, latest)),
            notices=tuple(_notice(tt, *seen) for seen in self.alerts(first, last)),
            gaps=tuple(gaps.values()),
            told=told_of(told.read(*days, trips), tt),
            line_seen=self._lines_seen(tt, untold, first, last) if untold else {},
            since=math.inf if math.isnan(watch.since) else watch.since,
            until=watch.until,
        )

    def _lines_seen(
        self, tt: Timetable, routes: set[int], since: float, until: float
    ) -> dict[int, tuple[tuple[float, float], ...]]:
        """Of each line from when to when vehicles were on any of its trips between two times."""
        trips = np.flatnonzero(np.isin(tt.trip_route, list(routes)))
        route_of = dict(zip(tt.trip_id[trips].tolist(), tt.trip_route[trips].tolist(), strict=True))
        with self._lock:
            rows = self._with_open_traces()
        where, columns = _among("trip_id", set(route_of)) & _during(since, until), ["trip_id", "since", "until"]
        seen = rows.read(_day(since), _day(until), where, columns, missing_ok=True)
        spans: dict[int, list[tuple[float, float]]] = {route: [] for route in routes}
        for trip_id, *span in zip(*(seen[name].to_pylist() for name in columns), strict=True):
            spans[route_of[trip_id]].append((span[0], span[1]))
        return {route: tuple(found) for route, found in spans.items()}

    def passages_of_line(self, timetable: Timetable, route: int, service_day: int) -> Passages:
        """All passages of a line's runs of a service day (indices). It reads from disk."""
        tt = timetable
        origin = float(tt.date_origin[service_day])
        trips = set(tt.trip_id[tt.trip_route == route].tolist())
        where = _among("trip_id", trips) & _among("start_date", {str(tt.date[service_day])})
        days = _day(origin - _AROUND_S), _day(origin + DAY_S + float(tt.trip_end_s.max(initial=0)))
        with self._lock:
            rows = self._passages.rows
        return passages_of(rows.read(*days, where), tt)

    def alerts(self, since: float, until: float) -> list[tuple[Alert, float, float]]:
        """The operator's alerts seen in force between the two times, each as it was at last, and from when to when."""
        with self._lock:
            announced = self._announced.alerts()
        texts = self._register.alerts(since, until)
        texts += [text for text in announced if text.since <= until and text.until >= since]
        began: dict[str, float] = {}
        for text in texts:
            began[text.alert_id] = min(text.since, began.get(text.alert_id, math.inf))
        latest = {text.alert_id: text for text in texts}
        return [
            (alert, began[text.alert_id], text.until) for text in latest.values() if (alert := _read(text)) is not None
        ]

    def _with_open_traces(self) -> Rows:
        """Traces, with those that go on."""
        rows = self._traces.rows
        if self._timetable is None:
            return rows
        going_on = traces_table(self._timetable, self._follower.open_traces())
        return replace(rows, tables=(*rows.tables, ("", (going_on,))))

    def _with_open_told(self) -> Rows:
        """What was told, with what is told still."""
        rows = self._told.rows
        if self._timetable is None:
            return rows
        return replace(rows, tables=(*rows.tables, ("", (told_table(self._timetable, self._told_times.open),))))

    def _end_told(self, trips: int = 0) -> None:
        """What was told of trips from this index on is told no more."""
        ended = self._told_times.end(trips)
        if self._timetable is not None and len(ended):
            self._told.add(told_table(self._timetable, ended), self._watch.until)

    def _keep_timetable(self, timetable: Timetable) -> None:
        if timetable.feed_version not in self._kept:
            folder = self._folder and self._folder / "timetables"
            if folder and not write_cached(folder, timetable, (), keep_all=True):
                raise FeedError(f"{folder}: cannot be written; make room or give the right to write.")
            self._kept[timetable.feed_version] = None if folder else timetable

    def _recover_open_traces(self) -> None:
        """What an earlier run had not ended when it stopped has ended by now."""
        path = self._folder and self._folder / "open_traces.parquet"
        if not path or not path.exists():
            return
        try:
            table = pq.read_table(regular(path), schema=TRACES)
            at = float(pc.max(table["until"]).as_py()) if table.num_rows else 0.0
            day = _day(at)
        except (*READ_ERRORS, TypeError, ValueError, OverflowError) as error:
            # What is not ours lacks our columns, or has no times in them.
            with suppress(OSError):
                aside = set_aside(path).name
                self.fault = f"{self.fault} {path}: cannot be read ({error}); it was set aside as {aside}.".strip()
            log.warning("%s: cannot be read (%s); it is left out.", path, error)
            return
        if table.num_rows:
            self._traces.begin(day)
            self._traces.add(table, at)
            self._traces.flush()
        path.unlink()

    def _drop_what_is_old(self, before: float) -> None:
        with self._lock:
            self._watch = replace(self._watch, since=max(self._watch.since, before))
        for table in self._tables:
            table.drop_before(_day(before))
        self._register.drop_before(before)
        self.accuracy.drop_before(int(_day(before).replace("-", "")))
        used = self._register.timetables()
        self._kept = {version: timetable for version, timetable in self._kept.items() if version in used}
        if self._folder:
            for path in (self._folder / "timetables").glob("timetable-*.npz"):
                if path.stem.rpartition("-")[2] not in used:
                    path.unlink(missing_ok=True)


def _table(folder: Path | None, name: str, schema: pa.Schema, ordered_by: str) -> DailyParquet | RecentTable:
    if folder is None:
        return RecentTable(schema)
    return DailyParquet(folder, name, schema, flush_every_s=math.inf, ordered_by=ordered_by)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _among(column: str, names: set[str]) -> pc.Expression:
    return pc.field(column).isin(pa.array(sorted(names), pa.string()))


def _around(tt: Timetable, journeys: Collection[Journey]) -> pc.Expression:
    """Traces that begin within the bounds of the journeys' stops, or about a kilometre of them."""
    trips = np.unique([trip for trip, _, _ in journeys])
    stops = np.unique(tt.call_stop[np.isin(tt.call_trip, trips)])
    within = pc.scalar(True)
    for name, places in (("from_lat", tt.stop_lat[stops]), ("from_lon", tt.stop_lon[stops])):
        within &= (pc.field(name) >= float(places.min()) - _NAMELESS_DEGREES) & (
            pc.field(name) <= float(places.max()) + _NAMELESS_DEGREES
        )
    return within


def _during(since: float, until: float) -> pc.Expression:
    return (pc.field("until") >= since) & (pc.field("since") <= until)


def _passed(since: float, until: float) -> pc.Expression:
    arrival, departure = pc.field("arrival"), pc.field("departure")
    return ((arrival >= since) & (arrival <= until)) | ((departure >= since) & (departure <= until))


def _cancellations(tt: Timetable, cancelled_trips: Iterable[TripWord]) -> Iterator[Cancellation]:
    for cancelled in cancelled_trips:
        named, day = tt.trip_index.get(cancelled.trip_id, -1), tt.date_index.get(int(cancelled.start_date), -1)
        if named < 0 or day < 0:
            continue
        run = DatedRuns.one(named, day, cancelled.shift_s)
        trip = int(tt.standing_for(run.trip, run.service_day, run.shift_s)[0])
        call = -1
        if cancelled.stop_sequence >= 0:
            span = tt.stop_sequence[tt.calls_of(trip)]
            call = int(np.argmax(span == cancelled.stop_sequence))
        yield Cancellation(trip, day, cancelled.shift_s, call, cancelled.since, cancelled.until)


def _read(text: AlertText) -> Alert | None:
    try:
        return alert_from_json(text.alert_id, text.content)
    except (ValueError, TypeError, KeyError) as error:
        log.error("The history's alert %r cannot be read and is left out: %s", text.alert_id, error)
        return None


def _notice(tt: Timetable, alert: Alert, since: float, until: float) -> Notice:
    informed = Informed.of(alert.selectors, tt, since)
    return Notice(
        alert.alert_id, alert.effect, since, until,
        informed.whole_patterns(), informed.closed_calls(), informed.dated_trips(),
    )  # fmt: skip
