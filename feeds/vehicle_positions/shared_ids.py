"""Vehicle ids that several vehicles share: a feed that names all its buses alike, or one bus by another's number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.vehicle_positions.reports import FASTEST_M_S, Reports, positions_found, vehicle_names
from predictor.geometry import ground_distance_m

NEAR_M = 200.0
"""Reports of one vehicle at one time may lie so far apart."""


def with_own_names(reports: Reports, feed_timestamp: float) -> tuple[Reports, int]:
    """The reports of one message with an id of its own for each vehicle, and how many needed one.

    Reports of one id with different labels, or at places between which no vehicle can have driven, are of several.
    These are told apart, from one message to the next, by their label where that differs, else by their trip, else by
    their entity. Of one trip a second report is a second vehicle's only if it is of the same time.
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
    shared = rows[np.isin(code[rows], code[rows[several]])].tolist()
    if len(shared) == 0:
        return reports, 0
    labels = Counter(name for name, _ in {(names[row], text["vehicle_label"][row]) for row in shared})
    own = {
        row: (labels[names[row]] > 1 and text["vehicle_label"][row]) or _run(reports, row) or text["id"][row]
        for row in shared
    }
    named = Counter((names[row], own[row]) for row in shared)
    vehicle_id = list(text["vehicle_id"])
    for row in shared:
        alike = named[names[row], own[row]] > 1
        vehicle_id[row] = " ".join(filter(None, (names[row], own[row], text["id"][row] if alike else "")))
    return replace(reports, text={**text, "vehicle_id": vehicle_id}), len(shared)


def _run(reports: Reports, row: int) -> str:
    """What a report calls its run, "" where it names no trip."""
    trip = reports.text["trip_id"][row]
    return f"{trip} {reports.text['start_time'][row]}".strip() if trip else ""
