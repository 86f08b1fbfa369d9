"""When each vehicle really passed each stop, from what a recording knows of it besides what the engine is given.

A passage is a row of (`vehicle_id` str, `trip` index, `service_day` index, `start_s`, `call`, `time`, `known`,
`judged`): `start_s` is the vehicle's own start time (seconds after the origin of the service date) for a trip run by
headway, NaN for all others; `call` the position in the trip; `time` POSIX seconds; `known` when the vehicle's next
report could tell of it; `judged` False where the time is good enough to know what had been passed but not to judge a
prediction by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.accuracy.stop_visits import has_stop_visits, read_stop_visits
from feeds.errors import FeedError
from feeds.recordings.recording import open_recording
from feeds.recordings.replay_tables import TIME
from feeds.service_times import DAY_BEGINS_S
from predictor.accuracy.scorer import LARGEST_SD_S
from predictor.arrays import NONE, Float64Array, Int32Array, places_of
from predictor.timetable import Timetable

COLUMNS = ["vehicle_id", "trip", "service_day", "start_s", "call", "time", "known", "judged"]
"""Columns of a frame of passages."""

LONGEST_GAP_S = 130.0
"""A stop first named after a longer silence was reached somewhere inside it: known, not judged. (Reports come every
90 s to 128 s and once more on reaching each stop.)"""
LARGEST_DEVIATION_S = 1200.0
"""A passage this far from the trip's usual deviation belongs to another run of the vehicle."""
LONGEST_DAY_S = 30 * 3600.0
POLL_S = 30.0


@dataclass(frozen=True, eq=False)
class Truth:
    """True passages and what was left out of them."""

    passages: pd.DataFrame
    source: str
    counts: dict[str, int] = field(default_factory=dict)


def known_to(folder: Path) -> bool:
    """Whether a recording knows true passages of its own."""
    if any(folder.glob("passages_*.parquet")) or has_stop_visits(folder):
        return True
    return any(_has(f, "last_stop_name") for f in _recordings(folder))


def of_folder(folder: Path, timetable: Timetable, days: list[int], *, own: Sequence[Path] = ()) -> Truth:
    """The best truth that a recording offers for `days` (YYYYMMDD).

    The operator's stop events (`passages_*.parquet`) first, then stop visits of a TIDES package, then reports that name
    the stop just reached (`last_stop_name`), then our own passages as the replay wrote them (`own`).
    Raises FeedError where there is none of these.
    """
    events = sorted(folder.glob("passages_*.parquet"))
    if events:
        columns = ["vehicle_id", "start_date", "start_time", "timestamp"]
        reports = pd.concat([pd.read_parquet(f, columns=columns) for f in _recordings(folder)])
        return from_stop_events(pd.concat([pd.read_parquet(f) for f in events]), reports, timetable, days)
    if has_stop_visits(folder):
        visits, reports = read_stop_visits(folder, timetable.timezone), _reports(folder, timetable, days)
        return from_stop_visits(visits, reports, timetable, days)
    columns = ["vehicle_id", "trip_id", "start_date", "timestamp", "last_stop_name"]
    named = _reports_of_days(folder, columns, days)
    if named is not None:
        return from_stop_reports(named, timetable)
    if not own:
        raise FeedError(f"{folder} knows no true passages; give those that the replay found with --passages.")
    reports = _reports(folder, timetable, days)
    return from_passages(pd.concat([_own_passages(f) for f in own]), reports, timetable, days)


def operator_delays(folder: Path, days: list[int]) -> pd.DataFrame | None:
    """Reports with the delay that the operator's own system claimed (`agency_delay_min`), None where it claims none."""
    return _reports_of_days(folder, ["vehicle_id", "trip_id", "timestamp", "agency_delay_min"], days)


def day_of(at: pd.Series, timezone: str) -> pd.Series:
    """Local date of POSIX seconds, the small hours counting to the day before."""
    return (pd.to_datetime(at - DAY_BEGINS_S, unit="s", utc=True).dt.tz_convert(timezone)).dt.date


def from_stop_reports(reports: pd.DataFrame, timetable: Timetable) -> Truth:
    """Passages from reports that are made on reaching a stop and name it.

    The first report of a vehicle that names another stop than its report before is the passage of that stop, to the
    second. Left out: the first stop of a trip (it is named on arriving at the terminus, before the layover, so that
    the departure is not known) and names that the trip's stop times do not have. A stop's name can come twice in a
    trip: it is taken for the call whose deviation from the timetable is nearest to the trip's usual one.

    Parameters: `reports` with `vehicle_id`, `trip_id`, `start_date` (YYYYMMDD str), `timestamp` (POSIX s),
    `last_stop_name`.
    """
    reports = reports.sort_values(["vehicle_id", "timestamp"], kind="stable", ignore_index=True)
    of_vehicle = reports.groupby("vehicle_id", sort=False)
    name_before, silence = of_vehicle.last_stop_name.shift(), of_vehicle.timestamp.diff()
    changed = reports.last_stop_name.notna() & (reports.last_stop_name != name_before) & reports.trip_id.notna()
    counts = {"stop reports": int(changed.sum())}

    events = reports.loc[changed, ["vehicle_id", "trip_id", "start_date", "last_stop_name"]]
    events["time"] = reports.timestamp[changed].astype(np.float64)
    events["judged"] = (name_before.notna() & (silence <= LONGEST_GAP_S))[changed]
    events["trip"] = events.trip_id.map(timetable.trip_index)
    events["service_day"] = _service_day(events.start_date, timetable)
    events = events.dropna(subset=["trip", "service_day"]).astype({"trip": np.int32, "service_day": np.int32})

    calls = pd.DataFrame(
        {
            "trip": timetable.call_trip,
            "last_stop_name": timetable.stop_name[timetable.call_stop],
            "call": timetable.call_at(np.arange(len(timetable.arrival_s))),
            "arrival_s": timetable.arrival_s,
        }
    )
    calls = calls[calls.trip.isin(events.trip.unique())]
    events["event"] = np.arange(len(events))
    found = events.merge(calls, on=["trip", "last_stop_name"])
    counts["stop not in the trip's stop times"] = len(events) - found.event.nunique()
    first = found.call == 0
    counts["first stop of a trip"] = int(first.sum())
    found = found[~first]
    found["deviation"] = found.time - timetable.date_origin[found.service_day] - found.arrival_s
    run = ["vehicle_id", "trip", "service_day"]
    found["away"] = (found.deviation - found.groupby(run).deviation.transform("median")).abs()
    far = found.away > LARGEST_DEVIATION_S
    counts["far off the trip's times"] = int(far.sum())
    found = found[~far].sort_values(["event", "away"], kind="stable").drop_duplicates("event")
    found = found.sort_values("time", kind="stable").drop_duplicates([*run, "call"])
    counts["after a gap in the reports, not judged"] = int((~found.judged).sum())
    found = found.assign(start_s=np.nan, known=found.time)
    return Truth(found[COLUMNS].reset_index(drop=True), "reports made on reaching a stop", counts)


def from_stop_events(events: pd.DataFrame, reports: pd.DataFrame, timetable: Timetable, days: list[int]) -> Truth:
    """Passages from the operator's own stop events: arrival, and at a trip's first call departure.

    Parameters: `events` with `vehicle_id`, `trip_id`, `stop_sequence`, `arrival`, `departure` (POSIX s, NaN where not
    seen); `reports` with `vehicle_id`, `start_date`, `start_time` (HH:MM:SS), `timestamp`: the service date and the
    start of each vehicle's trip.
    """
    begun = reports.sort_values("timestamp").drop_duplicates("vehicle_id").set_index("vehicle_id")
    events = events.assign(
        service_day=_service_day(events.vehicle_id.map(begun.start_date), timetable),
        start_s=pd.to_timedelta(events.vehicle_id.map(begun.start_time)).dt.total_seconds(),
    )
    return _from_events(events, reports, timetable, days, "the operator's stop events")


def from_stop_visits(visits: pd.DataFrame, reports: pd.DataFrame, timetable: Timetable, days: list[int]) -> Truth:
    """The same from a TIDES package. Parameters: `visits` as `read_stop_visits` gives them; `reports` with
    `vehicle_id`, `timestamp`."""
    day = _service_day(visits.start_date, timetable)
    trip = visits.trip_id.map(timetable.trip_index)
    origin = pd.Series(timetable.date_origin.astype(np.float64)).reindex(day).to_numpy()
    by_headway = pd.Series(timetable.trip_is_frequency).reindex(trip).fillna(False).to_numpy(bool)
    events = visits.assign(
        service_day=day,
        start_s=np.where(by_headway, visits.begins - origin, np.nan),
        stop_sequence=visits.stop_sequence.fillna(-1).astype(np.int64),
    )
    return _from_events(events, reports, timetable, days, "stop visits of a TIDES package")


def _from_events(
    events: pd.DataFrame, reports: pd.DataFrame, timetable: Timetable, days: list[int], source: str
) -> Truth:
    counts = {"stop events": len(events)}
    events = events.assign(trip=events.trip_id.map(timetable.trip_index)).dropna(subset=["trip", "service_day"])
    events = events.astype({"trip": np.int32, "service_day": np.int32})
    events["call"] = call_of_sequence(timetable, events.trip.to_numpy(), events.stop_sequence.to_numpy())
    events = events[(events.call >= 0) & np.isin(timetable.date[events.service_day.to_numpy()], days)]
    counts["trip, date or stop sequence unknown"] = counts["stop events"] - len(events)
    first = events.call == 0
    events["time"] = events.departure.where(first, events.arrival)
    events["judged"] = events.time.notna()
    events["time"] = events.time.fillna(events.departure).fillna(events.arrival)
    counts["arrival not seen, not judged"] = int((~events.judged).sum())
    events["known"] = _next_report(events, reports)
    return Truth(events[COLUMNS].reset_index(drop=True), source, counts)


def from_passages(passages: pd.DataFrame, reports: pd.DataFrame, timetable: Timetable, days: list[int]) -> Truth:
    """Passages as our own engine found them, for networks whose recording knows no others.

    Parameters: `passages` as the replay writes them (`vehicle_id`, `trip_id`, `start_date`, `stop_sequence`,
    `arrival`, `departure`, `arrival_sd_s`); those less certain than `LARGEST_SD_S` are known, not judged. `reports`
    with `vehicle_id`, `timestamp`.
    """
    counts = {"own passages": len(passages)}
    passages = passages.assign(
        trip=passages.trip_id.astype(str).map(timetable.trip_index),
        service_day=_service_day(passages.start_date.astype(str), timetable),
    ).dropna(subset=["trip", "service_day"])
    passages = passages.astype({"trip": np.int32, "service_day": np.int32, "vehicle_id": str})
    passages["call"] = call_of_sequence(timetable, passages.trip.to_numpy(), passages.stop_sequence.to_numpy())
    passages["time"] = passages.arrival.where(passages.call > 0, passages.departure)
    passages["judged"] = passages.arrival_sd_s <= LARGEST_SD_S
    on_day = np.isin(timetable.date[passages.service_day.to_numpy()], days)
    passages = passages[on_day & (passages.call >= 0) & passages.time.notna()]
    counts["other day, or trip, date, stop sequence or time unknown"] = counts["own passages"] - len(passages)
    counts[f"uncertain by more than {LARGEST_SD_S:g} s, not judged"] = int((~passages.judged).sum())
    passages = passages.assign(start_s=np.nan, known=_next_report(passages, reports))
    return Truth(passages[COLUMNS].reset_index(drop=True), "the engine's own passages", counts)


def _own_passages(file: Path) -> pd.DataFrame:
    """Passages as the replay wrote them, times as POSIX seconds."""
    table = pq.read_table(file)
    frame: pd.DataFrame = table.to_pandas()
    return frame.assign(arrival=posix(table["arrival"]), departure=posix(table["departure"]))


def _next_report(passages: pd.DataFrame, reports: pd.DataFrame) -> pd.Series:
    """Time of the vehicle's first report at or after each passage, a day later where there is none."""
    left = passages.reset_index()[["index", "vehicle_id", "time"]].sort_values("time")
    right = reports[["vehicle_id"]].assign(report=reports.timestamp.astype(np.float64)).sort_values("report")
    right = right.astype({"vehicle_id": str})
    left = left.astype({"vehicle_id": str})
    found = pd.merge_asof(left, right, left_on="time", right_on="report", by="vehicle_id", direction="forward")
    return found.report.fillna(found.time + 86400.0).set_axis(found["index"])


def call_of_sequence(timetable: Timetable, trip: Int32Array, stop_sequence: npt.NDArray[np.integer]) -> Int32Array:
    """Position in its trip of each `stop_sequence` (n,); -1 where the trip (or index -1) has no such call."""
    span = int(timetable.stop_sequence.max(initial=0)) + 1
    have = timetable.call_trip.astype(np.int64) * span + timetable.stop_sequence
    order = np.argsort(have, kind="stable")
    want = trip.astype(np.int64) * span + stop_sequence
    place = places_of(want, have[order])
    known = (place >= 0) & (stop_sequence >= 0) & (stop_sequence < span)
    call = np.where(known, order[place] - timetable.trip_call_ptr[trip], NONE)
    return call.astype(np.int32)


def _service_day(start_date: pd.Series, timetable: Timetable) -> pd.Series:
    """Index of each YYYYMMDD text among the timetable's dates, NaN where it has none."""
    return pd.to_numeric(start_date, errors="coerce").map(timetable.date_index)


def _recordings(folder: Path) -> list[Path]:
    return sorted(folder.glob("vehicle_positions*.parquet"))


def _reports(folder: Path, timetable: Timetable, days: list[int]) -> pd.DataFrame:
    """`vehicle_id` and `timestamp` of all reports, of messages and TIDES tables those that polls of the days get."""
    files = _recordings(folder)
    if files:
        return pd.concat([pd.read_parquet(f, columns=["vehicle_id", "timestamp"]) for f in files])
    recording, parts = open_recording(folder, timetable), [pd.DataFrame({"vehicle_id": [], "timestamp": []})]
    for origin in (float(timetable.date_origin[timetable.date_index[day]]) for day in days):
        first, last = max(origin, recording.first_at), min(origin + LONGEST_DAY_S, recording.last_at)
        for now in np.arange(first, last + POLL_S, POLL_S).tolist():
            seen = recording.observations_at(now)
            parts.append(pd.DataFrame({"vehicle_id": seen.vehicle_id, "timestamp": seen.timestamp}))
    return pd.concat(parts).drop_duplicates()


def _reports_of_days(folder: Path, columns: list[str], days: list[int]) -> pd.DataFrame | None:
    """These columns of the days' recordings (one file a day), None where no file has them all."""
    names = {f"vehicle_positions_{d // 10000}-{d // 100 % 100:02}-{d % 100:02}" for d in days}
    files = [f for f in _recordings(folder) if f.stem in names and all(_has(f, column) for column in columns)]
    return pd.concat([pd.read_parquet(f, columns=columns) for f in files]) if files else None


def _has(recording: Path, column: str) -> bool:
    return column in pq.read_schema(recording).names


def posix(column: pa.ChunkedArray) -> Float64Array:
    """Timestamps as POSIX seconds (n,), NaN for null. Numbers are taken as they are."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(TIME, safe=False).cast(pa.int64())
        return np.asarray(column.to_numpy(), np.float64) / 1e3
    return np.asarray(column.to_numpy(), np.float64)
