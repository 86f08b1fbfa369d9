"""Vehicle ids that several vehicles share: a feed that names all its buses alike, one bus by another's number, or both
halves of a train that is divided on its way by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.gtfs.written_dates import existing_date
from feeds.ids.known_ids import indices_of
from feeds.vehicle_positions.reports import FASTEST_M_S, Reports, positions_found, vehicle_names
from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array
from predictor.geometry import ground_distance_m
from predictor.run_changes import SAME_TIME_S
from predictor.timetable import Timetable

NEAR_M = 200.0
"""Reports of one vehicle at one time may lie so far apart."""


def with_own_names(reports: Reports, timetable: Timetable, feed_timestamp: float) -> tuple[Reports, int]:
    """The reports of one message with an id of its own for each vehicle, and how many needed one.

    Reports of one id with different labels, at places between which no vehicle can have driven, or on runs of which
    none is driven after the other, are of several. These are told apart, from one message to the next, by their label
    where that differs, else by their trip, else by their entity. Of one trip a second report is a second vehicle's only
    if it is of the same time.
    """
    text, number = reports.text, reports.number
    names = vehicle_names(reports)
    code, count = np.unique(np.array(names, np.str_), return_inverse=True, return_counts=True)[1:]
    rows = np.flatnonzero((count[code] > 1) & positions_found(reports))
    if len(rows) == 0:
        return reports, 0
    at = np.where(np.isnan(number["timestamp"]), feed_timestamp, number["timestamp"])[rows]
    # Each report against the newest of its id, which is written last.
    order = np.argsort(at, kind="stable")
    newest = np.zeros(len(count), np.int64)
    newest[code[rows[order]]] = order
    other = newest[code[rows]]
    lat, lon = number["latitude"][rows], number["longitude"][rows]
    gap_s = np.nan_to_num(np.abs(at - at[other]))
    apart = ground_distance_m(lat, lon, lat[other], lon[other]) > FASTEST_M_S * gap_s + NEAR_M
    run = np.array([_run(reports, row) for row in rows.tolist()], np.str_)
    label = np.array(text["vehicle_label"], np.str_)[rows]
    several = apart & ((run != run[other]) | (run == "") | (gap_s == 0.0))
    several |= (label != label[other]) & (label != "") & (label[other] != "")
    several |= (gap_s <= SAME_TIME_S) & (run != run[other]) & _at_once(reports, rows, rows[other], timetable, at)
    shared = rows[np.isin(code[rows], code[rows[several]])].tolist()
    if len(shared) == 0:
        return reports, 0
    labels = Counter(name for name, _ in {(names[row], text["vehicle_label"][row]) for row in shared})
    own = {
        row: (labels[names[row]] > 1 and text["vehicle_label"][row]) or _run(reports, row) or text["id"][row]
        for row in shared
    }
    named = Counter((names[row], own[row]) for row in shared)
    vehicle_id, vehicle_label = list(text["vehicle_id"]), list(text["vehicle_label"])
    for row in shared:
        # Riders read what is written on it.
        vehicle_label[row] = vehicle_label[row] or vehicle_id[row]
        alike = named[names[row], own[row]] > 1
        vehicle_id[row] = " ".join(filter(None, (names[row], own[row], text["id"][row] if alike else "")))
    text = {**text, "vehicle_id": vehicle_id, "vehicle_label": vehicle_label}
    return replace(reports, text=text), len(shared)


def _at_once(
    reports: Reports, rows: Int64Array, others: Int64Array, timetable: Timetable, at: Float64Array
) -> BoolArray:
    """Whether reports `rows` (m,) and `others` (m,) name trips that both run on the day of `at` (m,), POSIX seconds,
    and are under way together for half of the shorter one at least."""
    tt, text = timetable, reports.text
    trip, other = (
        indices_of([text["trip_id"][row] for row in group.tolist()], tt.trip_index, tt) for group in (rows, others)
    )
    date, other_date = ([text["start_date"][row] for row in group.tolist()] for group in (rows, others))
    known = np.flatnonzero((trip >= 0) & (other >= 0) & (trip != other) & (np.array(date) == np.array(other_date)))
    known = known[~(tt.trip_repeats[trip[known]] | tt.trip_repeats[other[known]])]
    trip, other = trip[known], other[known]
    day = np.maximum(np.searchsorted(tt.date_origin, at[known], side="right") - 1, 0)
    named = np.array([tt.date_index.get(existing_date(date[row]) or 0, NONE) for row in known.tolist()], np.int64)
    day = np.where(named >= 0, named, day)
    together = tt.service_active[tt.trip_service[trip], day] & tt.service_active[tt.trip_service[other], day]
    begins = np.maximum(tt.trip_start_s[trip], tt.trip_start_s[other])
    ends = np.minimum(tt.trip_end_s[trip], tt.trip_end_s[other])
    shorter = np.minimum(*(tt.trip_end_s[one] - tt.trip_start_s[one] for one in (trip, other)))
    result = np.zeros(len(rows), bool)
    result[known] = together & (ends - begins > 0.5 * shorter)
    return result


def _run(reports: Reports, row: int) -> str:
    """What a report calls its run, "" where it names no trip."""
    trip = reports.text["trip_id"][row]
    return f"{trip} {reports.text['start_time'][row]}".strip() if trip else ""
