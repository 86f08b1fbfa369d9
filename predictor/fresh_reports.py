"""Which reports are news."""

from __future__ import annotations

from collections import Counter

import numpy as np

from predictor.arrays import NONE, Int64Array
from predictor.observations import Observations
from predictor.tracks import Tracks

OLDEST_S = 3600.0
"""Nobody is followed by a report of an earlier hour."""


def fresh_reports(
    observations: Observations, slot: Int64Array, tracks: Tracks, now: float
) -> tuple[Int64Array, Counter[str]]:
    """Rows of the newest report of each vehicle where it is newer than the last one, not from the future and of this
    hour, in order of `slot` (n,); and how many reports were what."""
    at = observations.timestamp
    order = np.argsort(at, kind="stable")
    order = order[at[order] <= now]
    newest = np.full(len(tracks), NONE, np.int64)
    newest[slot[order]] = order
    rows: Int64Array = newest[newest >= 0]
    last_at = tracks.timestamp[slot[rows]]
    news = (at[rows] > last_at) & (at[rows] >= now - OLDEST_S)
    counts = Counter(
        reports=len(at),
        reports_from_the_future=int((at > now).sum()),
        reports_duplicate=len(order) - len(rows),
        reports_out_of_order=int((at[rows] < last_at).sum()),
        reports_fresh=int(news.sum()),
        refused_timestamp_stale=int((at < now - OLDEST_S).sum()),
    )
    return rows[news], counts
