"""Recorded reports in tables, played as a feed would have shown them: of each vehicle its latest report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from feeds.errors import FeedError, Problem, left_out
from feeds.recordings.reports_parquet import read_reports, time_span
from feeds.tides.vehicle_locations import is_vehicle_locations, read_vehicle_locations, vehicle_locations_span
from feeds.vehicle_positions.reports import positions_found, resolve
from predictor.arrays import NONE, Int32Array, Int64Array
from predictor.observations import Observations
from predictor.runs import renamed
from predictor.timetable import Timetable

SILENCE_LIMIT_S = 900.0
"""A vehicle that has sent nothing for so long is no longer in the feed."""


@dataclass(frozen=True, eq=False)
class _Span:
    """Files that are read together, such as the parts of one day."""

    paths: tuple[Path, ...]
    first_at: float
    last_at: float


@dataclass(frozen=True, eq=False)
class _Read:
    """What was read of some files."""

    reports: Observations
    strange_trip: Int32Array
    """(n,) index into `ParquetArchive._strange_trips` of a trip that the timetable does not have, -1 where it has it or
    none is named: the operator may have added it."""


@dataclass(frozen=True, eq=False)
class _Window(_Read):
    """Reports in order of time, and for each the number of its vehicle in the order of names."""

    vehicle: Int64Array
    vehicles: int


class ParquetArchive:
    """Files are read when their time comes, and few are held at once."""

    def __init__(self, groups: Sequence[Sequence[Path]], timetable: Timetable) -> None:
        """Open `groups` of files; those of a group are read together.

        A damaged file is left out and told in `problems`. Errors: FeedError where no file is left.
        """
        self._timetable = timetable
        self.problems: list[Problem] = []
        self.refused: Counter[str] = Counter()
        self._spans = sorted(
            (span for group in groups if (span := self._span(group)) is not None), key=lambda span: span.first_at
        )
        if not self._spans:
            reason = self.problems[0].message if self.problems else "there are no reports in it"
            raise FeedError(f"no readable recording among {sum(map(len, groups))} files: {reason}")
        self.first_at = self._spans[0].first_at
        self.last_at = max(span.last_at for span in self._spans)
        self._counted: set[Path] = set()
        self._strange_trips: dict[str, int] = {}
        self._window = lru_cache(maxsize=2)(self._joined)
        self._reports = lru_cache(maxsize=3)(self._read)

    def observations_at(self, now: float, timetable: Timetable) -> Observations:
        """The latest report of each vehicle heard of in the 15 minutes up to `now`.

        The feed's timestamp is that of the newest report of all, so that a gap in the recording shows as a silent feed.
        Cost: O(reports in those minutes), once their files are read.
        """
        newest = max((span.last_at for span in self._spans if span.last_at <= now), default=np.nan)
        at_hand = tuple(
            i for i, span in enumerate(self._spans) if span.first_at <= now and span.last_at >= now - SILENCE_LIMIT_S
        )
        if not at_hand:
            return replace(Observations.empty(now), feed_timestamp=newest)
        window = self._window(at_hand)
        times = window.reports.timestamp
        begin, end = np.searchsorted(times, now - SILENCE_LIMIT_S), np.searchsorted(times, now, side="right")
        if end > 0:
            newest = float(np.fmax(newest, times[end - 1]))
        # Of several reports of one vehicle assignment keeps the last, which is the newest.
        latest = np.full(window.vehicles, -1, np.int64)
        latest[window.vehicle[begin:end]] = np.arange(begin, end)
        latest = latest[latest >= 0]
        frame = window.reports.take(latest)
        if timetable is not self._timetable:
            trip = renamed(frame.trip, self._timetable.trip_id, timetable.trip_index)
            strange = window.strange_trip[latest]
            added = renamed(strange, np.array(list(self._strange_trips) or [""]), timetable.trip_index)
            frame = replace(frame, trip=np.where(strange >= 0, added, trip))
        return replace(frame, received_at=now, feed_timestamp=newest)

    def health_at(self, now: float, timetable: Timetable) -> tuple[float, str]:  # noqa: ARG002
        """Reports tell nothing of the messages that they came in: as if the feed were good."""
        return now, ""

    def _span(self, paths: Sequence[Path]) -> _Span | None:
        good, spans = [], []
        for path in paths:
            try:
                tides = is_vehicle_locations(path)
                spans.append(vehicle_locations_span(path, self._timetable.timezone) if tides else time_span(path))
                good.append(path)
            except FeedError as error:
                self.problems.append(left_out(path.name, error))
        first, last = min((a for a, _ in spans), default=np.inf), max((b for _, b in spans), default=-np.inf)
        return _Span(tuple(good), first, last) if first <= last else None

    def _read(self, index: int) -> _Read:
        parts = [part for path in self._spans[index].paths if (part := self._read_file(path)) is not None]
        return _together(parts) if parts else _Read(Observations.empty(np.inf), np.empty(0, np.int32))

    def _read_file(self, path: Path) -> _Read | None:
        try:
            tides = is_vehicle_locations(path)
            reports = read_vehicle_locations(path, self._timetable.timezone) if tides else read_reports(path)
        except FeedError as error:
            if path not in self._counted:
                self.problems.append(left_out(path.name, error))
                self._counted.add(path)
            return None
        dated = reports.take(np.flatnonzero(np.isfinite(reports.number["timestamp"])))
        resolved = resolve(dated, self._timetable, np.inf, np.nan)
        if path not in self._counted:
            self._counted.add(path)
            self.refused.update(resolved.refused)
            if len(dated) < len(reports):
                self.refused["timestamp_missing"] += len(reports) - len(dated)
        strange = np.full(len(resolved), NONE, np.int32)
        placed = np.flatnonzero(positions_found(dated))
        for row in np.flatnonzero(resolved.trip < 0).tolist():
            if name := dated.text["trip_id"][placed[row]]:
                strange[row] = self._strange_trips.setdefault(name, len(self._strange_trips))
        return _Read(replace(resolved, refused={}), strange)

    def _joined(self, spans: tuple[int, ...]) -> _Window:
        read = _together([self._reports(i) for i in spans])
        order = np.argsort(read.reports.timestamp, kind="stable")
        reports = read.reports.take(order)
        vehicle, names = pd.factorize(reports.vehicle_id.astype(object), sort=True)
        return _Window(reports, read.strange_trip[order], vehicle, len(names))


def _together(parts: Sequence[_Read]) -> _Read:
    return _Read(
        Observations.joined(*(part.reports for part in parts)), np.concatenate([part.strange_trip for part in parts])
    )
