"""By whose clock reports are dated, and which of them are news: a clock that is fast makes no report less fresh.

A report cannot be made after it is received. So the least that a vehicle's clock must be fast is the most by which one
of its reports was ever ahead of `now`, and that is taken off the times of all its reports. Up to `AHEAD_S` this needs
no more proof. Where most vehicles of a message are ahead it is the operator's clock, believed up to `FEED_AHEAD_S`. A
single vehicle up to there is dated by when its report came, and no other report of it by this one: its clock may only
have leapt. Whatever lies further ahead is nothing that can be dated.

Nor can a vehicle be elsewhere at the same time: where its position moves on and the time of its report does not, the
report is dated by when it came, though that time be of hours ago, as when its driver logged on. Where the clocks of
most vehicles go on, and are behind by just what local time is behind UTC, it is local time that they tell.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, StrArray, median, where_true
from predictor.columns import replace
from predictor.geometry import ground_distance_m
from predictor.observations import Observations
from predictor.timetable import DAY_S, Timetable
from predictor.tracks import HEARD_LONG_S, Tracks

AHEAD_S = 60.0
"""A report this far ahead of ours is of a clock that is fast."""
MOVED_M = 50.0
"""A vehicle this far from where it was has moved since, and its receiver has not only changed its mind."""
FEED_AHEAD_S = 300.0
FOLLOWED_S = 900.0
"""Vehicles whose reports are older by their clocks are not followed, and known here alone."""
OLDEST_S = 3600.0
"""Nobody is followed by a report of an earlier hour."""
GOES_S = 120.0
"""A clock stands whose reports are older by so much than they have been."""
SEVERAL = 3
"""Fewer vehicles may have a wrong clock by chance."""


class StandingClocks:
    """Remembers where vehicles were whose reports are too old to be followed, and since when their clocks go on."""

    def __init__(self) -> None:
        self._vehicle: StrArray = np.empty(0, np.str_)
        """Sorted."""
        self._stamp, self._lat, self._lon, self._noted_at, self._goes_since = (np.empty(0) for _ in range(5))
        self._least_s = np.empty(0)
        """How old the youngest of its reports has been since then."""
        self._zone_s = 0.0
        """By how much the clocks of most are behind, for they tell local time; else 0."""

    def slow(self, now: float) -> tuple[StrArray, Float64Array]:
        """The vehicles (k,) of the message of `now` whose clocks have gone on for some minutes, and by how many seconds
        they are slow, the slowest first; without those that tell local time as all do."""
        rows = where_true(self._goes_on(now))
        rows = rows[np.argsort(self._stamp[rows], kind="stable")]
        slow_s = now - self._stamp[rows]
        own = ~_is_behind_by(self._zone_s, slow_s) | (self._zone_s == 0.0)
        return self._vehicle[rows[own]], slow_s[own]

    def _goes_on(self, now: float) -> BoolArray:
        result: BoolArray = (self._noted_at == now) & (self._goes_since <= now - HEARD_LONG_S)
        return result

    def dated(self, observations: Observations, timetable: Timetable, now: float) -> Observations:
        """The reports with those dated by when they came that tell of another place at the same old time, and by UTC
        where they tell local time."""
        rows = where_true(observations.timestamp < now - FOLLOWED_S)
        if len(rows) == 0 and len(self._vehicle) == 0:
            return observations
        vehicle, first, count = np.unique(observations.vehicle_id[rows], return_index=True, return_counts=True)
        rows = rows[first[count == 1]]
        seen = observations.take(rows)
        _, place, here = np.intersect1d(self._vehicle, vehicle[count == 1], assume_unique=True, return_indices=True)
        goes_since, least_s = np.full(len(rows), now), now - seen.timestamp
        goes = (self._stamp[place] <= seen.timestamp[here]) & (least_s[here] <= self._least_s[place] + GOES_S)
        goes_since[here[goes]] = self._goes_since[place[goes]]
        least_s[here[goes]] = np.fmin(least_s[here[goes]], self._least_s[place[goes]])
        same = self._stamp[place] == seen.timestamp[here]
        place, here = place[same], here[same]
        lat, lon = seen.lat.copy(), seen.lon.copy()
        lat[here], lon[here] = self._lat[place], self._lon[place]
        moved = ground_distance_m(lat, lon, seen.lat, seen.lon) > MOVED_M
        kept = ~np.isin(self._vehicle, seen.vehicle_id) & (self._noted_at >= now - FOLLOWED_S)
        names = np.concatenate([self._vehicle[kept], seen.vehicle_id])
        order = np.argsort(names, kind="stable")
        self._vehicle = names[order]
        self._stamp = np.append(self._stamp[kept], seen.timestamp)[order]
        self._lat = np.append(self._lat[kept], np.where(moved, seen.lat, lat))[order]
        self._lon = np.append(self._lon[kept], np.where(moved, seen.lon, lon))[order]
        self._noted_at = np.append(self._noted_at[kept], np.full(len(rows), now))[order]
        self._goes_since = np.append(self._goes_since[kept], goes_since)[order]
        self._least_s = np.append(self._least_s[kept], least_s)[order]
        timestamp = observations.timestamp.copy()
        timestamp[rows[moved]] = np.fmin(observations.received_at, now)
        behind_s = _behind_utc_s(timetable, now)
        goes_on = np.isin(seen.vehicle_id, self._vehicle[self._goes_on(now)])
        by_zone = rows[goes_on & _is_behind_by(behind_s, now - seen.timestamp)]
        of_now = len(observations) - len(seen)
        self._zone_s = behind_s if behind_s > FOLLOWED_S and len(by_zone) >= max(SEVERAL, of_now + 1) else 0.0
        if self._zone_s:
            timestamp[by_zone] = observations.timestamp[by_zone] + self._zone_s
        return replace(observations, timestamp=timestamp, zone_s=observations.zone_s - self._zone_s)


def _behind_utc_s(timetable: Timetable, now: float) -> float:
    """By how many seconds local time is behind UTC: east of Greenwich less than 0."""
    origin = timetable.date_origin[max(int(timetable.day_at(now)), 0)]
    return float((origin + DAY_S / 2) % DAY_S - DAY_S / 2)


def _is_behind_by(zone_s: float, behind_s: Float64Array) -> BoolArray:
    """Whether clocks (n,) that are `behind_s` tell a time that is `zone_s` behind, as far as reports may be late."""
    return (behind_s >= zone_s - AHEAD_S) & (behind_s <= zone_s + FOLLOWED_S)


def clocks_set_right(
    observations: Observations, slot: Int64Array, tracks: Tracks, now: float
) -> tuple[Observations, Float64Array]:
    """The reports dated by our own clock, and how fast the clock of each report's vehicle (n,) is, seconds.

    Reports too far ahead keep their times. Does not change `tracks`.
    """
    if len(observations) == 0:
        return observations, np.empty(0)
    stamp, came = observations.timestamp, np.fmin(observations.received_at, now)
    ahead_s = stamp - now
    believed_s = AHEAD_S + min(max(median(ahead_s), 0.0), FEED_AHEAD_S)
    # A clock that was set right, or leapt, is no more as fast as it was.
    fast_s = np.where(tracks.clock_fast_s <= believed_s, tracks.clock_fast_s, 0.0)
    datable = ahead_s <= believed_s
    faster = where_true(datable & (ahead_s > fast_s[slot]))
    np.maximum.at(fast_s, slot[faster], ahead_s[faster])
    timestamp = np.where(datable, stamp - fast_s[slot], stamp)
    alone = np.bincount(slot, minlength=len(tracks))[slot] == 1
    leads = alone & ~datable & (ahead_s <= FEED_AHEAD_S)
    told_again = alone & (stamp == tracks.stamped_at[slot])
    moved = ground_distance_m(tracks.lat[slot], tracks.lon[slot], observations.lat, observations.lon) > MOVED_M
    timestamp = np.where(told_again & ~moved, tracks.timestamp[slot], timestamp)
    timestamp = np.where(np.where(told_again, moved, leads), came, timestamp)
    return replace(observations, timestamp=timestamp), np.where(leads, ahead_s, fast_s[slot])


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
