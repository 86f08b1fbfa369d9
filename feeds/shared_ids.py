"""Vehicle ids that several vehicles share: a feed that names all its buses alike, or one bus by another's number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.reports import FASTEST_M_S, Reports
from predictor.geometry import ground_distance_m

NEAR_M = 200.0
"""Reports of one vehicle at one time may lie so far apart."""


def with_own_names(reports: Reports, feed_timestamp: float) -> tuple[Reports, int]:
    """The reports of one message with an id of its own for each vehicle, and how many needed one.

    Reports of one id with different labels, or at places between which no vehicle can have driven, are of several.
    These are told apart, from one message to the next, by their label where that differs, else by their trip, else by
    their entity.
    """
    text, number = reports.text, reports.number
    ids = np.array(text["vehicle_id"], np.str_)
    code, count = np.unique(ids, return_inverse=True, return_counts=True)[1:]
    rows = np.flatnonzero((count[code] > 1) & (ids != "") & np.isfinite(number["latitude"] + number["longitude"]))
    if len(rows) == 0:
        return reports, 0
    at = np.where(np.isnan(number["timestamp"]), feed_timestamp, number["timestamp"])[rows]
    # Each report against the newest of its id, which is written last.
    order = np.argsort(at, kind="stable")
    newest = np.zeros(len(count), np.int64)
    newest[code[rows[order]]] = order
    lat, lon, other = number["latitude"][rows], number["longitude"][rows], newest[code[rows]]
    apart_m = ground_distance_m(lat, lon, lat[other], lon[other])
    gap_s = np.nan_to_num(np.abs(at - at[other]))
    run, label = _runs(reports, rows), np.array(text["vehicle_label"], np.str_)[rows]
    several = (apart_m > FASTEST_M_S * gap_s + NEAR_M) & ~((run == run[other]) & (run != "") & (label == label[other]))
    several |= (label != label[other]) & (label != "") & (label[other] != "")
    shared = rows[np.isin(code[rows], code[rows[several]])]
    if len(shared) == 0:
        return reports, 0
    names = list(text["vehicle_id"])
    labels: dict[str, set[str]] = {}
    for row in shared.tolist():
        labels.setdefault(names[row], set()).add(text["vehicle_label"][row])
    runs = dict(zip(shared.tolist(), _runs(reports, shared).tolist(), strict=True))
    for row in shared.tolist():
        by_label = len(labels[text["vehicle_id"][row]]) > 1
        own = (by_label and text["vehicle_label"][row]) or runs[row] or text["id"][row]
        names[row] = f"{names[row]} {own}"
    return replace(reports, text={**text, "vehicle_id": names}), len(shared)


def _runs(
    reports: Reports, rows: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """What each report (n,) calls its run, "" where it names no trip."""
    trip, start = reports.text["trip_id"], reports.text["start_time"]
    return np.array([f"{trip[row]} {start[row]}".strip() if trip[row] else "" for row in rows.tolist()], np.str_)
