"""Link times: what the timetable says, what was seen on this link at this hour, what the last vehicles just did.

A *link time* is the time from arriving at one stop to arriving at the next (at a trip's first stop: from departing),
so it holds the dwell at the first of the two. Links are shared by all lines that drive them, and so is what is
learned about them.

Estimates are shrunk from sparse to pooled: hour of the day type -> link -> timetable, each level a weighted mean with
the level above as a prior worth a fixed number of observations (empirical Bayes with known prior strength; Efron and
Morris 1975). On top comes the residual of the last vehicles, whose weight halves every `RECENT_HALF_LIFE_S`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from predictor.arrays import (
    AnyArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    clipped,
    each_once,
    where_true,
)
from predictor.timetable import DAY_S, Timetable
from predictor.weighted_means import together

HOURS = 24
DAY_TYPES = 3
"""Monday to Friday, Saturday, Sunday."""

PRIOR_LINK = 2.0
PRIOR_HOUR = 4.0
PRIOR_RECENT = 1.5
RECENT_HALF_LIFE_S = 1200.0
FASTEST_M_S = 25.0
_SECONDS_FLOOR = 4.0
_MOST_OF_LINK, _MOST_OF_HOUR = 400.0, 60.0


class LinkTimes(NamedTuple):
    """What is known of links (K,) and of the trip calls (E,) that they begin at."""

    entry_link: Int32Array
    """(E,) -1 at last calls."""
    timetabled_s: Float64Array
    """(E,)"""
    dwell_s: Float64Array
    """(E,)"""
    entry_hour: Int8Array
    """(E,)"""
    link_weight: Float64Array
    link_mean_s: Float64Array
    link_variance: Float64Array
    hour_weight: Float64Array
    """(K, day types × hours)"""
    hour_mean_s: Float64Array
    recent_s: Float64Array
    known: Float64Array
    prior_link: float
    prior_hour: float


class TravelTimes:
    """Learns link times as passages come in and tells the expected ones."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        tt = timetable
        self.entry_link: Int32Array = tt.pattern_link[tt.call_pattern_call]
        """Link that starts at each trip call, -1 at last calls."""
        # Few columns of all calls at once: of a country they are gigabytes.
        first = tt.trip_call_ptr[:-1]
        leaves = tt.arrival_s.copy()
        leaves[first] = tt.departure_s[first]
        least_s = np.append(np.maximum(tt.link_distance_m / FASTEST_M_S, _SECONDS_FLOOR), _SECONDS_FLOOR)
        self.timetabled_s: Float64Array = np.maximum(np.roll(tt.arrival_s, -1) - leaves, least_s[self.entry_link])
        """Link time of each trip call by the timetable, and by the operator's word where it is longer on the ways of
        its own runs; 0 at last calls."""
        ways = tt.own_ways
        self.timetabled_s[ways.entry] = np.maximum(self.timetabled_s[ways.entry], ways.told_s)
        self.timetabled_s[self.entry_link < 0] = 0.0
        self.dwell_s: Float64Array = np.minimum(0.2 * self.timetabled_s, 12.0)
        """Part of the link time spent at the stop, never the whole."""
        np.maximum(self.dwell_s, tt.departure_s - tt.arrival_s, out=self.dwell_s)
        self.dwell_s[first] = 0.0
        driven_s = np.minimum(0.2 * self.timetabled_s, least_s[self.entry_link])
        np.minimum(self.dwell_s, self.timetabled_s - driven_s, out=self.dwell_s)
        hour = (np.maximum(leaves, 0) // 3600) % HOURS
        self.entry_hour: Int8Array = hour.astype(np.int8)
        weekday = ((tt.date_origin + DAY_S // 2) // DAY_S + 4) % 7  # the epoch was a Thursday; 0 is Sunday
        self.day_type: Int64Array = np.select([weekday == 0, weekday == 6], [2, 1], default=0).astype(np.int64)

        links = len(tt.link_from_stop)
        self.link_weight = np.zeros(links)
        self.link_mean_s = np.zeros(links)
        self.link_variance = np.zeros(links)
        self._known = np.zeros(links)
        """How well each is known: of its weight the logarithm."""
        # An hour's links together: a vehicle drives links that follow on each other.
        self.hour_weight = np.zeros((links, DAY_TYPES * HOURS), order="F")
        self.hour_mean_s = np.zeros((links, DAY_TYPES * HOURS), order="F")
        self.recent_weight = np.zeros(links)
        self.recent_residual_s = np.zeros(links)
        self.recent_at = np.zeros(links)

    def historic_s(self, entry: Int64Array, service_day: Int32Array) -> Float64Array:
        """Expected link time (m,) from trip calls `entry`, without the last vehicles' news; 0 at last calls."""
        link = self.entry_link[entry]
        scheduled = self.timetabled_s[entry]
        slot = self.day_type[service_day] * HOURS + self.entry_hour[entry]
        w = self.link_weight[link]
        by_link = (w * self.link_mean_s[link] + PRIOR_LINK * scheduled) / (w + PRIOR_LINK)
        w = self.hour_weight[link, slot]
        by_hour = (w * self.hour_mean_s[link, slot] + PRIOR_HOUR * by_link) / (w + PRIOR_HOUR)
        return np.where(link >= 0, by_hour, 0.0)

    def of_links(self, now: float) -> LinkTimes:
        """All that is known, as the recursion of `predictor.arrivals` reads it."""
        return LinkTimes(
            self.entry_link, self.timetabled_s, self.dwell_s, self.entry_hour, self.link_weight, self.link_mean_s,
            self.link_variance, self.hour_weight, self.hour_mean_s, self._recent_s(now), self._known,
            PRIOR_LINK, PRIOR_HOUR,
        )  # fmt: skip

    def _recent_s(self, now: float, link: Int32Array | slice = slice(None)) -> Float64Array:
        """What the last vehicles needed more than expected on links (n,), by default all, shrunk by its age."""
        w = self.recent_weight[link] * np.exp2((self.recent_at[link] - now) / RECENT_HALF_LIFE_S)
        return self.recent_residual_s[link] * w / (w + PRIOR_RECENT)

    def expected_s(self, entry: Int64Array, service_day: Int32Array, now: float) -> Float64Array:
        """Expected link time (m,) from trip calls `entry`; 0 at last calls."""
        historic, link = self.historic_s(entry, service_day), self.entry_link[entry]
        recent = np.where(link >= 0, self._recent_s(now, link), 0.0) if len(self.link_weight) else 0.0
        return np.maximum(historic + recent, 0.4 * historic)

    def variance(self, entry: Int64Array) -> Float64Array:
        """Variance of the link time (m,), seconds squared."""
        link = self.entry_link[entry]
        prior = (10.0 + 0.25 * self.timetabled_s[entry]) ** 2
        w = self.link_weight[link]
        return np.where(link >= 0, (w * self.link_variance[link] + 5.0 * prior) / (w + 5.0), 0.0)

    def observe(
        self, entry: Int64Array, service_day: Int32Array, seconds: Float64Array, weight: Float64Array, at: Float64Array
    ) -> None:
        """Learn from link times.

        Parameters: all (n,). `entry`: trip call that the link starts at; `seconds`: measured link time; `weight`: 1 for
        a sharp measurement, less for an interpolated one; `at`: POSIX seconds of arrival at the link's end.
        """
        link = self.entry_link[entry]
        expected = self.historic_s(entry, service_day)
        spread = np.sqrt(self.variance(entry))
        seconds = clipped(seconds, 0.3 * expected, expected + np.maximum(4.0 * spread, 60.0))
        residual = seconds - expected
        slot = self.day_type[service_day] * HOURS + self.entry_hour[entry]
        # Of a network's links a step touches a few.
        touched, of = each_once(link)
        total, news = np.bincount(of, weight), np.bincount(of, weight * seconds)
        w = self.link_weight[touched]
        self.link_mean_s[touched] = (w * self.link_mean_s[touched] + news) / (w + total)
        squares = np.bincount(of, weight * residual**2)
        self.link_variance[touched] = (w * self.link_variance[touched] + squares) / (w + total)
        self.link_weight[touched] = np.minimum(w + total, _MOST_OF_LINK)
        self._known[touched] = np.log1p(self.link_weight[touched])

        cell, inverse = each_once(link * (DAY_TYPES * HOURS) + slot)
        row, column = cell // (DAY_TYPES * HOURS), cell % (DAY_TYPES * HOURS)
        add = np.bincount(inverse, weight)
        w = self.hour_weight[row, column]
        mean = (w * self.hour_mean_s[row, column] + np.bincount(inverse, weight * seconds)) / (w + add)
        self.hour_mean_s[row, column] = mean
        self.hour_weight[row, column] = np.minimum(w + add, _MOST_OF_HOUR)

        latest = np.zeros(len(touched))
        np.maximum.at(latest, of, at)
        fade = np.exp2((self.recent_at[touched] - latest) / RECENT_HALF_LIFE_S)
        w = self.recent_weight[touched] * np.minimum(fade, 1.0)
        news = np.bincount(of, weight * residual)
        self.recent_residual_s[touched] = (w * self.recent_residual_s[touched] + news) / (w + total)
        self.recent_weight[touched] = np.minimum(w + total, 3.0)
        self.recent_at[touched] = np.maximum(self.recent_at[touched], latest)

    def learned(self) -> dict[str, AnyArray]:
        """What was learned, of the links that anything is known of, by name; `link` (n,) holds theirs."""
        known = where_true(self.link_weight)
        named: dict[str, AnyArray] = {"link": link_names(self.timetable)[known]}
        return named | {name: getattr(self, name)[known] for name in _LEARNED}

    def recall(self, learned: Mapping[str, AnyArray]) -> None:
        """Take over what `learned` gave, perhaps for another timetable: of the links that this one has too."""
        ours = link_names(self.timetable)
        _, link, row = np.intersect1d(ours, learned["link"], assume_unique=True, return_indices=True)
        for name in _LEARNED:
            getattr(self, name)[link] = learned[name][row]

    def take_together(self, taught: Sequence[TravelTimes]) -> None:
        """Know what was learned by each of those who went on from here apart."""
        known = self.link_weight, self.link_variance
        _, self.link_variance = together(known, [(t.link_weight, t.link_variance) for t in taught], _MOST_OF_LINK)
        known = self.link_weight, self.link_mean_s
        links = [(t.link_weight, t.link_mean_s) for t in taught]
        self.link_weight, self.link_mean_s = together(known, links, _MOST_OF_LINK)
        self._known = np.log1p(self.link_weight)
        hours = [(t.hour_weight, t.hour_mean_s) for t in taught]
        self.hour_weight, self.hour_mean_s = together((self.hour_weight, self.hour_mean_s), hours, _MOST_OF_HOUR)
        latest = np.argmax([t.recent_at for t in taught], axis=0)[None]
        for name in ("recent_weight", "recent_residual_s", "recent_at"):
            setattr(self, name, np.take_along_axis(np.stack([getattr(t, name) for t in taught]), latest, 0)[0])


_LEARNED = (
    "link_weight", "link_mean_s", "link_variance", "hour_weight", "hour_mean_s",
    "recent_weight", "recent_residual_s", "recent_at",
)  # fmt: skip


def link_names(timetable: Timetable) -> StrArray:
    """(K,) a name for each link that other timetables of the network have for it, too."""
    tt = timetable
    start = np.char.add(tt.stop_id[tt.link_from_stop], "\n")
    return np.char.add(start, tt.stop_id[tt.link_to_stop])
