"""What is learned of a timetable from what its vehicles drive: link times, timing points, each trip's own habits."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float64Array
from predictor.learned import Learned
from predictor.passages import CallTimes, Passages, Stretches
from predictor.progress import LinkTimes, link_times_of
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.timing_points import TimingPoints
from predictor.tracks import Tracks
from predictor.travel_times import TravelTimes
from predictor.trip_history import TripHistory


class DrivingTimes:
    """The three memories of one timetable, and the diagram that its running times span."""

    def __init__(self, timetable: Timetable, learned: Learned) -> None:
        self.timetable = timetable
        self.travel_times = TravelTimes(timetable)
        self.timing_points = TimingPoints(timetable)
        self.trip_history = TripHistory(timetable)
        self.diagram = TimeDistance.of(timetable, self.travel_times)
        if learned.travel_times:
            self.travel_times.recall(learned.travel_times)
        if learned.timing_points:
            self.timing_points.recall(learned.timing_points)
        if learned.trip_history:
            self.trip_history.recall(learned.trip_history)

    def learn(self, tracks: Tracks, driven: Stretches, times: CallTimes) -> None:
        """Learn from what vehicles have driven; each vehicle's own pace goes into `tracks`."""
        links = link_times_of(self.timetable, self.diagram, driven, times)
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

    def _without_waiting(self, links: LinkTimes, expected_s: Float64Array) -> Float64Array:
        """Link times (n,) less the waiting of early vehicles at timing points, which are learned on the way."""
        tt, entry = self.timetable, links.entry
        due = links.origin(tt) + tt.departure_s[entry]
        early = due - self.travel_times.dwell_s[entry] - (links.at - links.seconds)
        early[tt.trip_is_frequency[links.trip] | (entry == tt.entry_of(links.trip, 0))] = 0.0
        self.timing_points.observe(entry, early, links.seconds - expected_s)
        waited = np.where(self.timing_points.holds(entry), np.maximum(early, 0.0), 0.0)
        return np.maximum(links.seconds - waited, np.minimum(links.seconds, 0.7 * expected_s))
