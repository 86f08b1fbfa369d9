"""The only door to the core: `Engine.step(observations, now)`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from predictor.added_trips import unknown_additions, with_added_trips
from predictor.arrays import NONE, Float64Array, Int64Array
from predictor.arrivals import legs_of, predict
from predictor.assignment import Assigner
from predictor.driven_order import with_driven_order
from predictor.features import features_of
from predictor.forecast import MISS_WEIGHT, forecast
from predictor.geometry import LineGeometry
from predictor.journeys import JourneyLookup, call_key, dated_journeys, driven_call_key
from predictor.learned import Learned
from predictor.learner import Learner
from predictor.matching import Match, Matcher, scheduled_seconds
from predictor.named_runs import run_finder
from predictor.observations import Observations
from predictor.operator_times import OperatorTimes, operator_times
from predictor.passages import CallTimes, Passages, Stretches, call_times
from predictor.predicted_rows import by_stop, operator_rows, unserved, vehicle_rows
from predictor.progress import LinkTimes, driven_since, driven_to_the_end, link_times_of, passages_of
from predictor.runs import DatedRuns, renamed
from predictor.scheduled_calls import ScheduledCalls
from predictor.service_days import ServiceDays
from predictor.snapshot import (
    IN_SERVICE,
    OFF_ROUTE,
    VEHICLE_STATES,
    Snapshot,
    Vehicles,
)
from predictor.steadiness import Steadiness
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.timing_points import TimingPoints
from predictor.tracks import Tracks
from predictor.travel_times import TravelTimes
from predictor.trip_history import TripHistory
from predictor.trip_updates import TripUpdates

_REMEMBER_FINISHED_S = 6 * 3600.0
_PACE_MEMORY_S = 1200.0
_SIGNED_OFF_S = 1800.0
"""A vehicle that names its trips and lately stopped to has been taken off: it is not looked for on others."""


@dataclass(frozen=True)
class EngineSettings:
    """Limits that an operator may want to set."""

    live_limit_s: float = 300.0
    """A report older than this no longer makes a prediction live."""
    silence_limit_s: float = 900.0
    """A vehicle not heard of for this long is dropped."""
    miss_weight: float = MISS_WEIGHT
    """How much worse a minute of a missed bus is than a minute of waiting (see `forecast`)."""


@dataclass(frozen=True, eq=False)
class Finished(DatedRuns):
    """Journeys (n,) that vehicles have driven to the end."""

    found_at: Float64Array
    """When that was found."""


class Engine:
    """Follows all vehicles of a network. No I/O, no clock: `now` is given, and never runs backwards."""

    def __init__(
        self,
        timetable: Timetable,
        settings: EngineSettings | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.settings = settings or EngineSettings()
        learned = learned or Learned()
        self.learner = Learner(learned.net, learned.calibration, learned.taught)
        self._tracks = Tracks()
        self._steadiness = Steadiness()
        self._counts: Counter[str] = Counter()
        self._feed_alive_at = self._heard_since = float("nan")
        self._finished = Finished.empty()
        self._backward_links = learned.backward_links
        self._use(timetable)
        self._recall(learned)

    def learned(self) -> Learned:
        """A copy of what has been learned so far."""
        return Learned(
            net=self.learner.net,
            calibration=self.learner.calibration.copy(),
            taught=self.learner.taught,
            travel_times=self.travel_times.learned(),
            timing_points=self.timing_points.learned(),
            trip_history=self.trip_history.learned(),
            backward_links=self._backward_links,
        )

    def _recall(self, learned: Learned) -> None:
        if learned.travel_times:
            self.travel_times.recall(learned.travel_times)
        if learned.timing_points:
            self.timing_points.recall(learned.timing_points)
        if learned.trip_history:
            self.trip_history.recall(learned.trip_history)

    def _use(self, timetable: Timetable) -> None:
        if len(self._backward_links):
            timetable = with_driven_order(timetable, self._backward_links)
        self.timetable = timetable
        self.travel_times = TravelTimes(timetable)
        self.timing_points = TimingPoints(timetable)
        self.trip_history = TripHistory(timetable)
        self._days = ServiceDays(timetable)
        self._finder = run_finder(timetable)
        self._diagram = TimeDistance.of(timetable, self.travel_times)
        lines = LineGeometry.of(timetable)
        self._matcher = Matcher(timetable, self._days, self._diagram, lines)
        self._assigner = Assigner(timetable, self._days, self._diagram, lines)
        self._journeys = JourneyLookup(timetable)
        self._scheduled_calls = ScheduledCalls.of(timetable)

    def step(self, observations: Observations, now: float, trip_updates: TripUpdates | None = None) -> Snapshot:
        """Take in what had been received by `now` and answer with a whole new snapshot.

        `observations` and `trip_updates` were decoded against `self.timetable`.
        """
        operator = self._obey(trip_updates, now)
        self._counts.update({f"refused_{reason}": count for reason, count in observations.refused.items()})
        newest = float(observations.timestamp.max(initial=-np.inf))
        sign = np.fmax(observations.feed_timestamp, newest if np.isfinite(newest) else np.nan)
        alive_at = float(np.fmax(self._feed_alive_at, np.fmin(sign, now) if np.isfinite(sign) else np.nan))
        if not alive_at - self._feed_alive_at <= self.settings.live_limit_s:
            self._heard_since = alive_at
        self._feed_alive_at = alive_at
        passages = self._take_in(observations, now, self._taken_out(operator))
        tracks, settings = self._tracks, self.settings
        tracks.forget(tracks.timestamp < now - settings.silence_limit_s)
        predictable = (tracks.trip >= 0) & ~((tracks.state == OFF_ROUTE) & ~np.isfinite(tracks.distance_m))
        legs = legs_of(self.timetable, self._days, tracks, np.flatnonzero(predictable), now)
        keys = self._journeys.keys(legs.trip, legs.service_day, legs.shift_s)
        runs = ~np.isin(keys, np.concatenate([operator.cancelled, operator.deleted]))
        legs, keys = legs.take(runs), keys[runs]
        chain = predict(self.timetable, self.travel_times, self.timing_points, tracks, legs, now)
        called = call_key(keys[chain.leg], chain.call)
        features = features_of(self.timetable, self.trip_history, tracks, chain, now)
        learner, tt = self.learner, self.timetable
        driven = driven_call_key(tt, chain.service_day, chain.entry, chain.shift_s)
        entry = tt.trip_call_ptr[passages.trip] + passages.call
        learner.resolve(passages, driven_call_key(tt, passages.service_day, entry, passages.shift_s))
        learner.offer(chain, driven, features, now)
        self._counts["lessons"] += learner.study(now)
        passed = (tracks.arrived + tracks.departed)[chain.slot]
        made = forecast(
            chain, features, learner.net, learner.calibration, now, settings.miss_weight, self._steadiness, driven,
            passed,
        )  # fmt: skip

        over = self._finished = self._finished.take(self._finished.found_at > now - _REMEMBER_FINISHED_S)
        done = [self._journeys.keys(over.trip, over.service_day, over.shift_s)]
        if now - self._feed_alive_at <= settings.live_limit_s:
            done.append(self._journeys.past_slots(self._days.around(now), now))
        served = np.unique(np.concatenate([keys, *done]))
        theirs = unserved(operator, served, now)
        ours = vehicle_rows(chain, made, called, tracks, now - settings.live_limit_s)
        said_at = trip_updates.timestamp if trip_updates is not None else -np.inf
        others = operator_rows(operator, theirs, now, live=said_at >= now - settings.live_limit_s)
        self._counts["steps"] += 1
        return Snapshot(
            made_at=now,
            feed_alive_at=self._feed_alive_at,
            timetable=self.timetable,
            scheduled_calls=self._scheduled_calls,
            vehicles=self._vehicles(),
            predictions=by_stop(self.timetable, [ours, others], operator.skipped),
            claimed=np.unique(np.concatenate([served, operator.journey[theirs], operator.deleted])),
            cancelled=operator.cancelled,
            skipped=operator.skipped,
            passages=passages,
            counts=dict(self._counts),
            operator=operator,
        )

    def swap_timetable(self, timetable: Timetable) -> None:
        """Go on with a new feed, keeping what was learned and every vehicle whose trip is in both."""
        old, tracks = self.timetable, self._tracks
        learned = self.learned()
        self._use(timetable)
        self._recall(learned)
        self.learner.drop_open()
        self._steadiness.forget()
        finished = self._finished.renamed(old, timetable)
        self._finished = finished.take((finished.trip >= 0) & (finished.service_day >= 0))
        for prefix in ("", "finished_", "guess_"):
            trip = getattr(tracks, f"{prefix}trip")
            trip[:] = renamed(trip, old.trip_id, timetable.trip_index)
        for day in (tracks.service_day, tracks.finished_day):
            day[:] = renamed(day, old.date, timetable.date_index)
        # The same trip id may now stand for other calls: such a vehicle is matched anew.
        trip = tracks.trip
        lost = (trip < 0) | (tracks.service_day < 0)
        lost |= tracks.arrived > timetable.trip_calls[np.maximum(trip, 0)]
        tracks.release(np.flatnonzero(lost))

    def _obey(self, updates: TripUpdates | None, now: float) -> OperatorTimes:
        """The operator's word on today's journeys; trips that it adds join the timetable."""
        if updates is None or len(updates) == 0:
            return OperatorTimes.none()
        self._counts.update({f"refused_{reason}": count for reason, count in updates.refused.items()})
        rows = unknown_additions(self.timetable, updates)
        if len(rows):
            self.swap_timetable(with_added_trips(self.timetable, updates, rows))
            self._counts["trips_added"] += len(rows)
        return operator_times(self.timetable, self._finder, self._journeys, updates, now)

    def _taken_out(self, operator: OperatorTimes) -> Int64Array:
        """`ServiceDays.key` of the trips that the operator cancelled, but for those that run more than once a day."""
        day, journey = dated_journeys(operator.cancelled)
        trip = self.timetable.journey_trip[journey]
        once = ~self.timetable.trip_repeats[trip]
        return self._days.key(trip[once], day[once])

    def _take_in(self, observations: Observations, now: float, cancelled: Int64Array) -> Passages:
        """Match the fresh reports, find the passages since each vehicle's last one, and learn from them."""
        tracks, counts, tt = self._tracks, self._counts, self.timetable
        counts["reports"] += len(observations)
        slot = tracks.slots_of(observations)
        rows = self._fresh(observations, slot, now)
        obs, slot = observations.take(rows), slot[rows]

        trip, day, shift = self._matcher.journey_of(tracks, slot, obs, cancelled)
        tracks.heard_at[slot] = np.fmin(tracks.heard_at[slot], obs.timestamp)
        tracks.named_at[slot] = np.where(obs.trip >= 0, obs.timestamp, tracks.named_at[slot])
        signed_off = obs.timestamp - tracks.named_at[slot] < _SIGNED_OFF_S
        open_ = (trip < 0) & (obs.trip < 0) & ~signed_off
        found, new_trip, new_day = self._assigner.assign(tracks, slot, obs, open_, now, self._heard_since, cancelled)
        trip[found], day[found], shift[found] = new_trip, new_day, 0
        counts["vehicles_assigned"] += len(found)
        changed = tracks.trip[slot] != trip
        changed |= (tracks.service_day[slot] != day) | (tracks.shift_s[slot] != shift)
        ended = driven_to_the_end(tt, self._diagram, tracks, slot, obs, changed)
        passages, _ = self._learn_from(ended)
        self._finish(ended.take(ended.arrived_to >= tt.trip_calls[ended.trip]), now)

        match = self._matcher.match(tracks, slot, obs, trip, day, shift)
        for name, state in zip(VEHICLE_STATES, range(len(VEHICLE_STATES)), strict=True):
            counts[f"reports_{name}"] += int((match.state == state).sum())
        counts["jumps"] += int(match.jumped.sum())
        driven = driven_since(tt, self._diagram, tracks, slot, obs, match)
        more, times = self._learn_from(driven)
        self._commit(slot, obs, match, driven, times, now)
        passages = Passages.joined(passages, more)
        counts["passages"] += len(passages)
        return passages

    def _fresh(self, observations: Observations, slot: Int64Array, now: float) -> Int64Array:
        """Rows of the newest report of each vehicle, where it is news and not from the future."""
        at = observations.timestamp
        order = np.argsort(at, kind="stable")
        self._counts["reports_from_the_future"] += int((at > now).sum())
        order = order[at[order] <= now]
        newest = np.full(len(self._tracks), NONE, np.int64)
        newest[slot[order]] = order
        rows: Int64Array = newest[newest >= 0]
        self._counts["reports_duplicate"] += len(order) - len(rows)
        news = at[rows] > self._tracks.timestamp[slot[rows]]
        self._counts["reports_out_of_order"] += int((at[rows] < self._tracks.timestamp[slot[rows]]).sum())
        self._counts["reports_fresh"] += int(news.sum())
        return rows[news]

    def _learn_from(self, driven: Stretches) -> tuple[Passages, CallTimes]:
        tt, tracks = self.timetable, self._tracks
        times = call_times(self._diagram, driven)
        if len(times.call) == 0:
            return Passages.empty(), times
        links = link_times_of(tt, self._diagram, driven, times)
        expected = self.travel_times.historic_s(links.entry, links.service_day)
        seconds = self._without_waiting(links, expected)
        np.add.at(tracks.driven_s, links.slot, np.minimum(seconds, 3.0 * expected + 60.0))
        np.add.at(tracks.expected_s, links.slot, expected)
        fade = np.exp(-tracks.expected_s[links.slot] / _PACE_MEMORY_S * 0.5)
        tracks.driven_s[links.slot] *= fade
        tracks.expected_s[links.slot] *= fade
        self.travel_times.observe(links.entry, links.service_day, seconds, links.weight, links.at)
        passages = passages_of(tt, tracks, driven, times)
        seen = np.isfinite(passages.arrival) & ~tt.trip_is_frequency[passages.trip]
        entry = tt.trip_call_ptr[passages.trip] + passages.call
        deviation = passages.arrival - tt.date_origin[passages.service_day] - tt.arrival_s[entry]
        self.trip_history.observe(entry[seen], deviation[seen])
        return passages, times

    def _without_waiting(self, links: LinkTimes, expected_s: Float64Array) -> Float64Array:
        """Link times (n,) less the waiting of early vehicles at timing points, which are learned on the way."""
        tt, entry = self.timetable, links.entry
        due = tt.date_origin[links.service_day] + links.shift_s + tt.departure_s[entry]
        early = due - self.travel_times.dwell_s[entry] - (links.at - links.seconds)
        early[tt.trip_is_frequency[tt.call_trip[entry]] | (entry == tt.trip_call_ptr[tt.call_trip[entry]])] = 0.0
        self.timing_points.observe(entry, early, links.seconds - expected_s)
        waited = np.where(self.timing_points.holds(entry), np.maximum(early, 0.0), 0.0)
        return np.maximum(links.seconds - waited, np.minimum(links.seconds, 0.7 * expected_s))

    def _finish(self, runs: DatedRuns, now: float) -> None:
        over = Finished(runs.trip, runs.service_day, runs.shift_s, np.full(len(runs), now))
        self._finished = Finished.joined(self._finished, over)

    def _commit(
        self, slot: Int64Array, obs: Observations, match: Match, driven: Stretches, times: CallTimes, now: float
    ) -> None:
        """Write the match of each vehicle into its track."""
        tracks, tt = self._tracks, self.timetable
        arrived_at = np.where(match.continued, tracks.arrived_at[slot], np.nan)
        arrived_sd = np.where(match.continued, tracks.arrived_sd_s[slot], np.nan)
        # Where no stretch tells when the vehicle came to its stop, it is known only if it stands there now.
        untold = match.continued & (match.arrived > tracks.arrived[slot])
        arrived_at[untold] = arrived_sd[untold] = np.nan
        came = (untold | ~match.continued) & (match.arrived > match.departed) & (match.departed > 0)
        arrived_at[came], arrived_sd[came] = obs.timestamp[came], 30.0
        # The start of the link that the vehicle is on now: its arrival at the last call, or departure from the first.
        latest = np.flatnonzero(times.call == driven.arrived_to[times.stretch] - 1)
        row = driven.row[times.stretch[latest]]
        first = times.call[latest] == 0
        arrived_at[row] = np.where(first, times.departure[latest], times.arrival[latest])
        arrived_sd[row] = times.arrival_sd_s[latest]

        # Schedule deviation at the last call, and how it was before.
        entry = tt.trip_call_ptr[driven.trip[times.stretch[latest]]] + times.call[latest]
        base = tt.date_origin[driven.service_day[times.stretch[latest]]] + driven.shift_s[times.stretch[latest]]
        delay = arrived_at[row] - base - np.where(first, tt.departure_s[entry], tt.arrival_s[entry])
        fresh = np.isfinite(delay)
        delay, who = delay[fresh], slot[row[fresh]]
        was = np.where(match.continued[row[fresh]], tracks.delay_s[who], np.nan)
        moved_on = np.where(match.continued, tracks.delay_s[slot], np.nan)
        before = np.where(match.continued, tracks.delay_before_s[slot], np.nan)
        tracks.delay_s[slot], tracks.delay_before_s[slot] = moved_on, before
        tracks.delay_before_s[who] = np.where(np.isfinite(was), was, delay)
        tracks.delay_s[who] = delay
        gap = obs.timestamp - tracks.timestamp[slot]
        usual = tracks.report_gap_s[slot]
        tracks.report_gap_s[slot] = np.where(
            np.isfinite(gap) & (gap < 600.0), np.where(np.isnan(usual), gap, 0.8 * usual + 0.2 * gap), usual
        )

        calls = np.where(match.trip >= 0, tt.trip_calls[np.maximum(match.trip, 0)], 0)
        ends = (match.trip >= 0) & (match.arrived >= calls)
        ends &= ~(match.continued & (tracks.arrived[slot] >= calls))
        self._finish(match.take(ends), now)
        tracks.finished_trip[slot[ends]] = match.trip[ends]
        tracks.finished_day[slot[ends]] = match.service_day[ends]
        tracks.finished_shift_s[slot[ends]] = match.shift_s[ends]

        on_line = (match.trip >= 0) & (match.state != OFF_ROUTE)
        was_on_line = np.where(match.continued, tracks.on_line_at[slot], np.nan)
        tracks.on_line_at[slot] = np.where(on_line, obs.timestamp, was_on_line)
        tracks.away[slot] = np.where(match.state == OFF_ROUTE, np.where(match.continued, tracks.away[slot], 0) + 1, 0)
        tracks.since[slot] = np.where(match.continued, tracks.since[slot], obs.timestamp)
        tracks.moved_at[slot] = np.where(match.moved, obs.timestamp, tracks.moved_at[slot])
        tracks.arrived_at[slot], tracks.arrived_sd_s[slot] = arrived_at, arrived_sd
        tracks.anchor_lat[slot] = np.where(match.moved, obs.lat, tracks.anchor_lat[slot])
        tracks.anchor_lon[slot] = np.where(match.moved, obs.lon, tracks.anchor_lon[slot])
        tracks.course[slot] = match.course
        for name in ("lat", "lon", "bearing", "speed", "timestamp", "occupancy"):
            getattr(tracks, name)[slot] = getattr(obs, name)
        for name in ("trip", "service_day", "shift_s", "state", "distance_m", "arrived", "departed"):
            getattr(tracks, name)[slot] = getattr(match, name)

    def _vehicles(self) -> Vehicles:
        """The tracks as others may see them."""
        tracks, tt = self._tracks, self.timetable
        trip, day = np.maximum(tracks.trip, 0), np.maximum(tracks.service_day, 0)
        standing = tracks.departed < tracks.arrived
        upcoming = np.where(standing, tracks.departed, tracks.arrived)
        delay = np.full(len(tracks), np.nan)
        on = np.flatnonzero((tracks.state == IN_SERVICE) & np.isfinite(tracks.distance_m) & (tracks.arrived > 0))
        if len(on):
            t = trip[on]
            first = tt.departure_s[tt.trip_call_ptr[t]]
            elapsed = self._diagram.elapsed_at(t, tracks.departed[on], tracks.distance_m[on])
            seconds = scheduled_seconds(tt, day[on], tracks.shift_s[on], tracks.timestamp[on])
            delay[on] = seconds - first - elapsed
        return Vehicles(
            vehicle_id=tracks.vehicle_id, label=tracks.label, lat=tracks.lat.copy(), lon=tracks.lon.copy(),
            bearing=tracks.bearing.copy(), speed=tracks.speed.copy(), timestamp=tracks.timestamp.copy(),
            occupancy=tracks.occupancy.copy(), state=tracks.state.copy(), trip=tracks.trip.copy(),
            service_day=tracks.service_day.copy(), shift_s=tracks.shift_s.copy(),
            distance_m=tracks.distance_m.copy(), next_call=upcoming.astype(np.int32), at_stop=standing,
            delay_s=delay, named=tracks.names_its_trip & (tracks.trip >= 0),
        )  # fmt: skip
