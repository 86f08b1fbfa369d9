"""Where early vehicles wait for their time.

Few feeds fill in `timepoint`, so it is learned: at each stop of a route, what share of their earliness vehicles that
came early used up before they reached the next stop. Where it is most of it, the stop is a timing point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from predictor.arrays import AnyArray, BoolArray, Float64Array, Int32Array, Int64Array, StrArray, clipped, where_true
from predictor.timetable import Timetable
from predictor.weighted_means import together

EARLY_S = 60.0
"""A vehicle that reaches a stop this long before it is due to leave tells whether vehicles wait there."""
WAITING_SHARE = 0.5
PRIOR = 2.0
"""Observations that a stop's share is taken to have been nought in."""
_MOST_WEIGHT = 60.0


class TimingPoints:
    """Learns the timing points of each route; the `timepoint`s that the feed names are always among them."""

    def __init__(self, timetable: Timetable) -> None:
        tt = self.timetable = timetable
        route = tt.pattern_route[tt.pattern_of_call].astype(np.int64)
        place, of_pattern_call = np.unique(route * len(tt.stop_id) + tt.pattern_stop, return_inverse=True)
        self._route, self._stop = place // len(tt.stop_id), place % len(tt.stop_id)
        self.place: Int32Array = of_pattern_call.astype(np.int32)[tt.call_pattern_call]
        """(trip calls,) route and stop of each trip call."""
        self.weight: Float64Array = np.zeros(len(place))
        self.waited: Float64Array = np.zeros(len(place))
        """(places,) mean share of their earliness that vehicles waited."""

    def holds(self, entry: Int64Array) -> BoolArray:
        """Whether vehicles wait for their time at trip calls (m,)."""
        return self.timetable.timepoint[entry] | self.waiting_places(self.place[entry])

    def waiting_places(self, place: Int32Array | slice = slice(None)) -> BoolArray:
        """(n,) whether vehicles were seen to wait at places, by default all: most of their earliness, on the whole."""
        weight = self.weight[place]
        return weight * self.waited[place] >= WAITING_SHARE * (weight + PRIOR)

    def observe(self, entry: Int64Array, early_s: Float64Array, waited_s: Float64Array) -> None:
        """Learn from vehicles (n,) at trip calls `entry`.

        `early_s`: how long before it was due to leave each could have left; `waited_s`: how much longer than expected
        it needed from there to the next stop.
        """
        early = early_s > EARLY_S
        place = self.place[entry[early]]
        share = clipped(waited_s[early] / early_s[early], 0.0, 1.0)
        total = np.bincount(place, minlength=len(self.weight))
        touched = where_true(total)
        news = np.bincount(place, share, len(self.weight))[touched]
        weight = self.weight[touched]
        self.waited[touched] = (weight * self.waited[touched] + news) / (weight + total[touched])
        self.weight[touched] = np.minimum(weight + total[touched], _MOST_WEIGHT)

    def learned(self) -> dict[str, AnyArray]:
        """What was learned, of the places that anything is known of, by name; `place` (n,) holds theirs."""
        known = where_true(self.weight)
        return {"place": self._names()[known], "weight": self.weight[known], "waited": self.waited[known]}

    def recall(self, learned: Mapping[str, AnyArray]) -> None:
        """Take over what `learned` gave, perhaps for another timetable: of the places that this one has too."""
        _, place, row = np.intersect1d(self._names(), learned["place"], assume_unique=True, return_indices=True)
        self.weight[place], self.waited[place] = learned["weight"][row], learned["waited"][row]

    def take_together(self, taught: Sequence[TimingPoints]) -> None:
        """Know what was learned by each of those who went on from here apart."""
        self.weight, self.waited = together(
            (self.weight, self.waited), [(t.weight, t.waited) for t in taught], _MOST_WEIGHT
        )

    def _names(self) -> StrArray:
        tt = self.timetable
        return np.char.add(np.char.add(tt.route_id[self._route], "\n"), tt.stop_id[self._stop])
