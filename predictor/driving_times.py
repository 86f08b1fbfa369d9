"""What is learned of a timetable from what its vehicles drive: link times, timing points, each trip's own habits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from predictor.arrays import AnyArray, Float32Array, Float64Array, Int64Array, clipped, expand_ranges
from predictor.learned import Learned
from predictor.passages import CallTimes, Passages, Stretches
from predictor.progress import DrivenLinks, link_times_of
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.timing_points import TimingPoints
from predictor.tracks import Tracks
from predictor.travel_times import TravelTimes
from predictor.weighted_means import together

_MOST_WEIGHT = 12.0
_FARTHEST_S = 1800.0
_SURPRISE_S = np.float32(180.0)


class TripHistory:
    """How each trip ran on other days: the weighted mean of its deviations at each call. What no link knows is the
    trip's own: a school's last bell, a connection that is waited for, a timetable wrong at one stop every day."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        self.weight: Float32Array = np.zeros(len(timetable.arrival_s), np.float32)
        self.deviation_s: Float32Array = np.zeros(len(timetable.arrival_s), np.float32)

    def observe(self, entry: Int64Array, deviation_s: Float64Array) -> None:
        """Learn from deviations (n,) at trip calls; each trip call comes once at the most."""
        near = np.abs(deviation_s) < _FARTHEST_S
        entry, deviation = entry[near], deviation_s[near].astype(np.float32)
        w = self.weight[entry]
        # One day's breakdown must not move what is usual.
        limit = np.where(w >= 2.0, _SURPRISE_S, np.float32(_FARTHEST_S))
        surprise = clipped(deviation - self.deviation_s[entry], -limit, limit)
        self.deviation_s[entry] += surprise / (w + 1.0)
        self.weight[entry] = np.minimum(w + 1.0, _MOST_WEIGHT)

    def learned(self) -> dict[str, AnyArray]:
        """What was learned, of the trips that anything is known of: `trip` (n,), their `calls` (n,), and by call."""
        tt = self.timetable
        known = np.add.reduceat(self.weight, tt.trip_call_ptr[:-1]) > 0 if len(self.weight) else np.zeros(0, bool)
        rows = known[tt.call_trip]
        return {
            "trip": tt.trip_id[known],
            "calls": tt.trip_calls[known],
            "weight": self.weight[rows],
            "deviation_s": self.deviation_s[rows],
        }

    def recall(self, learned: Mapping[str, AnyArray]) -> None:
        """Take over what `learned` gave, perhaps for another timetable: of the trips that are the same in this one."""
        tt = self.timetable
        _, trip, row = np.intersect1d(tt.trip_id, learned["trip"], return_indices=True)
        same = tt.trip_calls[trip] == learned["calls"][row]
        trip, row = trip[same], row[same]
        start = np.cumsum(learned["calls"]) - learned["calls"]
        _, ours = tt.entries_of(trip)
        _, theirs = expand_ranges(start[row], tt.trip_calls[trip])
        self.weight[ours], self.deviation_s[ours] = learned["weight"][theirs], learned["deviation_s"][theirs]

    def take_together(self, taught: Sequence[TripHistory]) -> None:
        """Know what was learned by each of those who went on from here apart."""
        self.weight, self.deviation_s = together(
            (self.weight, self.deviation_s), [(t.weight, t.deviation_s) for t in taught], _MOST_WEIGHT
        )


class DrivingTimes:
    """The three memories of one timetable, and the diagram that its running times span."""

    def __init__(self, timetable: Timetable, learned: Learned) -> None:
        self.timetable = timetable
        self.travel_times = TravelTimes(timetable)
        self.timing_points = TimingPoints(timetable)
        self.trip_history = TripHistory(timetable)
        self.diagram = TimeDistance.of(self.travel_times)
        if learned.travel_times:
            self.travel_times.recall(learned.travel_times)
        if learned.timing_points:
            self.timing_points.recall(learned.timing_points)
        if learned.trip_history:
            self.trip_history.recall(learned.trip_history)

    def learn(self, tracks: Tracks, driven: Stretches, times: CallTimes) -> None:
        """Learn from what vehicles have driven; each vehicle's own pace goes into `tracks`."""
        links = link_times_of(self.diagram, driven, times)
        expected = self.travel_times.historic_s(links.entry, links.service_day)
        seconds = self._without_waiting(links, expected)
        tracks.note_pace(links.slot, seconds, expected)
        self.travel_times.observe(links.entry, links.service_day, seconds, links.weight, links.at)

    def remember(self, passages: Passages) -> None:
        """Learn how each trip runs against its timetable."""
        tt = self.timetable
        seen = passages.take(np.isfinite(passages.arrival) & ~tt.trip_is_frequency[passages.trip])
        entry = tt.entry_of(seen.trip, seen.call)
        self.trip_history.observe(entry, seen.arrival - tt.date_origin[seen.service_day] - tt.arrival_s[entry])

    def take_together(self, taught: Sequence[Learned]) -> None:
        """Know what each was taught who went on from here apart, all of one timetable."""
        each = [DrivingTimes(self.timetable, learned) for learned in taught]
        self.travel_times.take_together([driving.travel_times for driving in each])
        self.timing_points.take_together([driving.timing_points for driving in each])
        self.trip_history.take_together([driving.trip_history for driving in each])

    def _without_waiting(self, links: DrivenLinks, expected_s: Float64Array) -> Float64Array:
        """Link times (n,) less the waiting of early vehicles at timing points, which are learned on the way."""
        tt, entry = self.timetable, links.entry
        due = links.origin(tt) + tt.departure_s[entry]
        early = due - self.travel_times.dwell_s[entry] - (links.at - links.seconds)
        early[tt.trip_is_frequency[links.trip] | (entry == tt.entry_of(links.trip, 0))] = 0.0
        self.timing_points.observe(entry, early, links.seconds - expected_s)
        waited = np.where(self.timing_points.holds(entry), np.maximum(early, 0.0), 0.0)
        return np.maximum(links.seconds - waited, np.minimum(links.seconds, 0.7 * expected_s))
