"""The only door to the core: `Engine.step(observations, now)`. Here stands the order of the stages, nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from predictor.always_due import AlwaysDue, undoubted
from predictor.arrays import Int8Array, Int64Array, sorted_once, where_true
from predictor.assignment import Assigner
from predictor.calls_ahead import CallsAhead
from predictor.calls_left import with_calls_left
from predictor.columns import replace
from predictor.coupled_units import CoupledUnits
from predictor.current_runs import CurrentRuns
from predictor.driven_order import with_driven_order
from predictor.driving_times import DrivingTimes
from predictor.endings import Patience, left_to_operator
from predictor.finished_runs import FinishedRuns
from predictor.forecast import MISS_WEIGHT
from predictor.forecast_loop import Forecast
from predictor.geometry import LineGeometry
from predictor.journeys import JourneyLookup, driven_entry
from predictor.last_words import LastWords
from predictor.learned import Learned
from predictor.learner import Learner
from predictor.legs import Legs
from predictor.legs_ahead import legs_ahead, without_told
from predictor.liveness import FeedLiveness
from predictor.matching import Matcher
from predictor.observations import Observations
from predictor.operator_blocks import OperatorBlocks
from predictor.operator_holds import OperatorHolds, begun_later, put_off_lately
from predictor.operator_times import OperatorTimes, operator_times
from predictor.operator_vehicles import on_operators_runs
from predictor.overlay import Overlay
from predictor.passages import CallTimes, Passages, Stretches, call_times
from predictor.past_calls import DrivenCalls, PassedCalls, PastCalls, without_behind
from predictor.predicted_rows import (
    cancelled_rows,
    in_timetable,
    not_made,
    operator_rows,
    predictions_of,
    skipped_rows,
    still_skipped,
    unserved,
    vehicle_rows,
)
from predictor.progress import driven_since, driven_to_the_end, passages_of
from predictor.report_clocks import StandingClocks, clocks_set_right, fresh_reports
from predictor.report_figures import LATE_S, ReportFigures
from predictor.reported_cancellations import ReportedCancellations
from predictor.run_changes import RunChanges, present_reports
from predictor.runs import DatedRuns, renamed
from predictor.scheduled_calls import ScheduledCalls
from predictor.service_days import ServiceDays
from predictor.snapshot import (
    VEHICLE_STATES,
    PredictedCalls,
    Predictions,
    Snapshot,
)
from predictor.timetable import Timetable
from predictor.told_places import with_told_places
from predictor.tracks import Tracks
from predictor.trip_updates import TripUpdates
from predictor.twins import told_of_twins, with_twin_rows, with_twins
from predictor.untold_starts import UntoldStarts
from predictor.vehicles import vehicles_of

_SIGNED_OFF_S = 1800.0
"""A vehicle that names its trips and lately stopped to has been taken off: it is not looked for on others."""


@dataclass(frozen=True)
class EngineSettings:
    """Limits that an operator may want to set."""

    live_limit_s: float = 300.0
    """A report older than this no longer makes a prediction live."""
    silence_limit_s: float = 900.0
    """A vehicle not heard of for this long is dropped, and a late run of which the operator tells no more."""
    patience: Patience = field(default_factory=Patience)
    """How long a vehicle that gets no further stands for its run."""
    miss_weight: float = MISS_WEIGHT
    """How much worse a minute of a missed bus is than a minute of waiting (see `forecast`)."""


class _Ahead(NamedTuple):
    """What vehicles have ahead of them: the runs that they are on or go on with, and what is said of their calls."""

    legs: Legs
    doubt: Int8Array
    """(slots,)"""
    calls: Forecast
    """Of all legs, in their order."""


class Engine:
    """Follows all vehicles of a network. No I/O, no clock: `now` is given, and never runs backwards."""

    def __init__(
        self,
        timetable: Timetable,
        settings: EngineSettings | None = None,
        learned: Learned | None = None,
        learner: Learner | None = None,
    ) -> None:
        """`learned`: what was learned earlier; `learner`: one to train, instead of one that goes on from there."""
        learned = learned or Learned()
        self.settings = settings or EngineSettings()
        self._learner = learner or Learner.of(learned)
        self._backward_links = learned.backward_links
        self._feed = FeedLiveness(self.settings.live_limit_s)
        self._tracks = Tracks.empty()
        self._stood = learned.stood
        self._finished = FinishedRuns.empty()
        self._past_calls = PastCalls()
        self._last_words = LastWords()
        self._driven_calls = DrivenCalls()
        self._untold_starts = UntoldStarts()
        self._operator_blocks = OperatorBlocks()
        self._standing_clocks = StandingClocks()
        self._coupled_units = CoupledUnits()
        self._calls_ahead = CallsAhead(
            self._learner, self.settings.patience, self.settings.live_limit_s, self.settings.miss_weight
        )
        self._told_last = PredictedCalls.empty()
        self._report_figures = ReportFigures.none()
        counted = ("vehicles_assigned", "jumps", *(f"reports_{name}" for name in VEHICLE_STATES))
        self._counts = Counter(dict.fromkeys(counted, 0))
        self._use(timetable, learned)
        self._always_due = AlwaysDue(learned.always_due, self._journeys)

    def _use(self, timetable: Timetable, learned: Learned) -> None:
        if len(self._backward_links):
            timetable = with_driven_order(timetable, self._backward_links)
        # The message that was told last, and the same as `whole` gives it.
        self._told: TripUpdates | None = None
        self._whole: TripUpdates | None = None
        self._cancelled_in_reports = ReportedCancellations()
        self._lay(Overlay.none(timetable), learned)

    def _lay(self, overlay: Overlay, learned: Learned) -> None:
        self._overlay = overlay
        self.timetable = timetable = overlay.timetable
        self.driving_times = DrivingTimes(timetable, learned)
        diagram, lines = self.driving_times.diagram, LineGeometry.of(timetable)
        self._days = ServiceDays(timetable)
        self._current_runs = CurrentRuns(self._days, diagram, lines)
        self._matcher = Matcher(diagram, lines)
        self._run_changes = RunChanges(diagram, lines)
        self._assigner = Assigner(self._days, diagram, lines)
        self._journeys = JourneyLookup(timetable)
        self._scheduled_calls = ScheduledCalls.of(timetable)

    def learned(self) -> Learned:
        """A copy of what has been learned so far."""
        driving = self.driving_times
        return Learned(
            net=self._learner.net,
            calibration=self._learner.calibration.copy(),
            taught=self._learner.taught,
            travel_times=driving.travel_times.learned(),
            timing_points=driving.timing_points.learned(),
            trip_history=driving.trip_history.learned(),
            backward_links=self._backward_links,
            always_due=self._always_due.learned(self.timetable),
            stood=self._tracks.stood(),
        )

    def swap_timetable(self, timetable: Timetable) -> None:
        """Go on with a new feed, keeping what was learned and every vehicle whose trip is in both."""
        old = self.timetable
        self._use(timetable, self.learned())
        self._go_on_from(old, first_changed=0)

    def heed(self, updates: TripUpdates | None) -> Timetable:
        """Lay the runs of the operator's message over the timetable: what observations are to be decoded against.

        `step` does so too; who asks before sees vehicles on added runs from their first report on.
        """
        self._heed(self.whole(updates))
        return self.timetable

    def _heed(self, whole: TripUpdates | None) -> None:
        overlay = self._overlay.renewed(whole)
        if overlay is not self._overlay:
            old, added = self.timetable, overlay.trip_of.keys() - self._overlay.trip_of.keys()
            self._counts["trips_added"] += len(added)
            self._lay(overlay, self.learned())
            self._go_on_from(old, first_changed=old.base.trips)

    def _go_on_from(self, old: Timetable, first_changed: int) -> None:
        """Carry over what is remembered; trips from `first_changed` on had other indices, or were others."""
        entry = int(old.trip_call_ptr[first_changed])
        self._learner.drop_open(driven_entry(self._learner.open_keys) >= entry)
        self._past_calls.in_timetable(old, self._journeys)
        self._last_words.in_timetable(old, self._journeys)
        self._driven_calls.in_timetable(old, self.timetable)
        self._coupled_units.forget()
        self._always_due.in_timetable(old, self._journeys)
        self._operator_blocks.forget(first_changed)
        self._untold_starts.forget(first_changed)
        self._finished = self._finished.in_timetable(old, self.timetable)
        self._tracks = self._tracks.in_timetable(old, self.timetable)
        self._calls_ahead.kept.forget(first_changed)
        self._told_last = in_timetable(self._told_last, old, self.timetable, first_changed)

    def step(self, observations: Observations, now: float, trip_updates: TripUpdates | None = None) -> Snapshot:
        """Take in what had been received by `now` and answer with a whole new snapshot.

        `observations` were decoded against `self.timetable`, `trip_updates` against its base.
        """
        updates = self.whole(trip_updates)
        fresh = updates if updates is not None and updates.timestamp >= now - self.settings.live_limit_s else None
        self._cancelled_in_reports.hear(observations.cancelled, now, self.settings.silence_limit_s)
        operator, observations = self._obey(updates, observations)
        observations = self._on_operators_runs(observations, fresh, now)
        observations = self._placed(self._coupled_units.told_apart(observations, self.timetable))
        self._feed.hear(observations, now)
        gone = operator.taken_out(self.timetable)
        passages = self._follow(observations, now, self._days.key(gone.trip, gone.service_day))
        told_at = now if updates is None else min(updates.timestamp, now)
        operator = self._with_followed(operator, updates, told_at, now)
        self._feed.watch(self.timetable, self._tracks)
        operator = self._always_due.doubted(operator, self.timetable, told_at, now, self.settings.patience)
        ahead = self._ahead(operator, OperatorTimes.none() if fresh is None else undoubted(operator), passages, now)
        served = self._served(ahead.legs, operator, now)
        told = self._last_words.with_untold(operator, self._journeys, told_at, now, self.settings.silence_limit_s)
        limit_s = self.settings.live_limit_s
        told = self._operator_blocks.with_next_runs_told(told, self._days, self._journeys, now, limit_s)
        predictions = self._rows(ahead, told, served, now, told_live=fresh is not None)
        self._counts["steps"] += 1
        self._counts["lessons"] = self._learner.given
        return self._snapshot(now, operator, told, predictions, served, ahead.doubt, passages)

    def _snapshot(
        self, now: float, operator: OperatorTimes, told: OperatorTimes, predictions: Predictions, served: Int64Array,
        doubt: Int8Array, passages: Passages,
    ) -> Snapshot:  # fmt: skip
        """What readers see of this step. `told`: the operator's word with the blocks' next runs; `served`: journey
        keys; `doubt` (slots,)."""
        # While the feed is live, of departures by headway that are past the timetable promises nothing more.
        past_slots = self._journeys.past_slots(self._days.around(now) if self._feed.is_live(now) else [], now)
        return Snapshot(
            made_at=now,
            feed_alive_at=self._feed.alive_at,
            feed_lag_s=self._feed.lag_s,
            feed_every_s=self._feed.every_s,
            fleet_stands_since=self._feed.stands_since,
            timetable=self.timetable,
            scheduled_calls=self._scheduled_calls,
            vehicles=vehicles_of(self._tracks, self.driving_times.diagram, doubt, self._journeys, told),
            predictions=predictions,
            claimed=sorted_once(np.concatenate([served, past_slots, operator.deleted, self._overlay.replaced])),
            cancelled=operator.cancelled,
            deleted=operator.deleted,
            skipped=told.skipped,
            told_calls=sorted_once(
                np.concatenate([told.calls.keys, self._past_calls.keys(now), not_made(predictions, self._journeys)])
            ),
            passed_calls=PassedCalls.joined(self._past_calls.passed(now), self._driven_calls.calls),
            shortened=told.shortened,
            told_vehicles=operator.vehicles,
            passages=passages,
            report_figures=self._report_figures,
            counts=dict(self._counts),
        )

    def whole(self, updates: TripUpdates | None) -> TripUpdates | None:
        """The operator's message with what it leaves out of its own runs, as they were told before."""
        if updates is None:
            return None
        if updates is not self._told:
            self._told, self._whole = updates, with_calls_left(updates, self._overlay, self._whole)
        return self._whole

    def _obey(self, updates: TripUpdates | None, observations: Observations) -> tuple[OperatorTimes, Observations]:
        """The word of the operator's `whole` message on the runs of these days; those with calls of their own join the
        timetable, by which the observations name their trips."""
        old = self.timetable
        self._heed(updates)
        if self.timetable is not old:
            trip = renamed(observations.trip, old.trip_id, self.timetable.trip_index)
            observations = replace(observations, trip=trip)
        if updates is not None:
            self._refuse(updates.refused)
        return self._told_by(updates), observations

    def _told_by(self, updates: TripUpdates | None) -> OperatorTimes:
        journeys = self._journeys
        told = OperatorTimes.none() if updates is None else operator_times(self._overlay, journeys, updates)
        return told_of_twins(self._cancelled_in_reports.joined(told, journeys), journeys)

    def _on_operators_runs(self, observations: Observations, fresh: TripUpdates | None, now: float) -> Observations:
        """The observations with the vehicles that name no trip on the runs that a `fresh` message gives to them."""
        if fresh is None:
            return observations
        observations, joined = on_operators_runs(observations, fresh, self._overlay, now)
        self._counts["reports_joined"] += joined
        return observations

    def _placed(self, observations: Observations) -> Observations:
        """The observations with a place for the vehicles that report none."""
        if np.isfinite(observations.lat).all():
            return observations
        tracks, slot = self._tracks.with_vehicles_of(observations)
        return with_told_places(self.driving_times.diagram, tracks, slot, observations)

    def _with_followed(
        self, operator: OperatorTimes, updates: TripUpdates | None, told_at: float, now: float
    ) -> OperatorTimes:
        """The operator's word with the runs by headway whose start it does not tell as those that are known, without
        what it tells as to come that is behind them."""
        if updates is None:
            return operator
        diagram = self.driving_times.diagram
        settled = self._untold_starts.settled(updates, self._overlay, self._journeys, diagram, self._tracks)
        if settled is not updates:
            operator = self._told_by(settled)
        operator = self._past_calls.told(without_behind(operator, self.timetable, told_at), now)
        past = self._past_calls.keys(now)
        return self._driven_calls.without_served(operator, past, self._journeys)

    def _follow(self, observations: Observations, now: float, cancelled: Int64Array) -> Passages:
        """Match the fresh reports, find the passages since each vehicle's last one, and learn from them."""
        self._refuse(observations.refused)
        tracks, slot = self._tracks.with_vehicles_of(observations)
        if self._stood:
            tracks.stand_since(self._stood, now - self.settings.silence_limit_s)
            self._stood = self._stood if len(observations) == 0 else {}
        stamped_at = observations.timestamp
        observations = self._standing_clocks.dated(observations, self.timetable, now)
        observations, clock_fast_s = clocks_set_right(observations, slot, tracks, now)
        figures = ReportFigures.of(observations, clock_fast_s, now, self.settings.live_limit_s)
        rows, counts = fresh_reports(observations, slot, tracks, now)
        age_s = now - observations.timestamp[rows]
        tracks.note_ages(slot[rows], age_s)
        if figures.reports:
            behind, (slow, slow_s) = tracks.always_late(sorted_once(slot), LATE_S), self._standing_clocks.slow(now)
            self._report_figures = figures.with_news(
                age_s, np.append(slow, tracks.vehicle_id[behind]), np.append(slow_s, tracks.least_age_s[behind])
            )
        self._counts.update(counts)
        passages = Passages.empty()
        # Most steps bring no news of anybody.
        if len(rows):
            finder = self._current_runs.finder
            rows, upcoming = present_reports(self.timetable, finder, tracks, slot, observations, rows, now)
            tracks.set_clock(slot[rows], clock_fast_s[rows], stamped_at[rows])
            tracks, passages = self._driven(tracks, slot[rows], observations.take(rows), upcoming, now, cancelled)
        gone = tracks.given_up(slot, now, self.settings.silence_limit_s)
        self._tracks = tracks.without(gone)
        self._calls_ahead.kept.news_of(slot[rows], len(tracks))
        self._calls_ahead.kept.without(gone)
        self._driven_calls.take_in(passages, self._journeys, self._tracks.runs, now)
        self._counts["passages"] += len(passages)
        return passages

    def _driven(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, upcoming: DatedRuns, now: float,
        cancelled: Int64Array,
    ) -> tuple[Tracks, Passages]:  # fmt: skip
        """The tracks by the fresh reports of vehicles (n,), and what these have driven. `upcoming`: see
        `present_reports`."""
        runs = self._runs_of(tracks, slot, obs, upcoming, now, cancelled)
        tt, diagram = self.timetable, self.driving_times.diagram
        changed = ~runs.same_as(tracks.runs.take(slot))
        tracks = self._coupled_units.followed(tt, tracks, slot, obs, runs, where_true(changed))
        ended = driven_to_the_end(diagram, tracks, slot, obs, changed)
        passages_before, _ = self._learn_from(tracks, ended)
        over = ended.runs.take(ended.arrived_to >= tt.trip_calls[ended.trip])
        self._finished = self._finished.with_runs(over, now)

        match = self._matcher.match(tracks, slot, obs, runs)
        leaps = tracks.passed_over(slot, match)
        if leaps.any():
            self._counts["reports_passed_over"] += int(leaps.sum())
            slot, obs, match = slot[~leaps], obs.take(where_true(~leaps)), match.take(~leaps)
        driven = driven_since(diagram, tracks, slot, obs, match)
        passages_since, times = self._learn_from(tracks, driven)
        arrived_at_the_end = tracks.follow(tt, slot, obs, match, driven, times)
        self._finished = self._finished.with_runs(arrived_at_the_end, now)
        for state, name in enumerate(VEHICLE_STATES):
            self._counts[f"reports_{name}"] += int((match.state == state).sum())
        self._counts["jumps"] += int(match.jumped.sum())
        return tracks, Passages.joined(passages_before, passages_since)

    def _runs_of(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, upcoming: DatedRuns, now: float,
        cancelled: Int64Array,
    ) -> DatedRuns:  # fmt: skip
        """The run that each vehicle (n,) is on: named, gone on with, or found."""
        named = self._current_runs.of_reports(tracks, slot, obs, cancelled)
        runs = self._run_changes.settled(tracks, slot, obs, named, upcoming)
        tracks.hear(slot, obs)
        signed_off = obs.timestamp - tracks.named_at[slot] < _SIGNED_OFF_S
        nameless = (runs.trip < 0) & (obs.trip < 0) & ~signed_off & ~obs.is_extra
        rows, found = self._assigner.assign(tracks, slot, obs, nameless, now, self._feed.heard_since, cancelled)
        self._counts["vehicles_assigned"] += len(rows)
        return runs.with_rows(rows, found)

    def _learn_from(self, tracks: Tracks, driven: Stretches) -> tuple[Passages, CallTimes]:
        driving = self.driving_times
        times = call_times(driving.diagram, driven) if len(driven) else CallTimes.empty()
        if len(times) == 0:
            return Passages.empty(), times
        driving.learn(tracks, driven, times)
        passages = passages_of(self.timetable, tracks, driven, times)
        driving.remember(passages)
        return passages, times

    def _ahead(self, operator: OperatorTimes, fresh: OperatorTimes, passages: Passages, now: float) -> _Ahead:
        """What vehicles have ahead of them. `fresh`: the operator's word where it is new enough to leave runs to it."""
        tt, tracks, patience = self.timetable, self._tracks, self.settings.patience
        begins = begun_later(tt, fresh)
        holds = OperatorHolds.of(tt, fresh, begins)
        waits = OperatorHolds.joined(holds, put_off_lately(tt, self._past_calls.passed(now), now))
        stands_since = self._feed.stands_since
        legs, doubt = legs_ahead(
            self._days, self._journeys, tracks, operator, begins, waits, stands_since, patience, now
        )
        legs = without_told(legs, doubt, tracks, fresh, self.settings.live_limit_s, now)
        calls = self._calls_ahead.predicted(self.driving_times, tracks, legs, holds, passages, now)
        stands = ~left_to_operator(legs, calls.departure, tracks, fresh.calls.journey, patience, now)
        if not stands.all():
            legs, calls = legs.take(stands), calls.take(stands[legs.of_call])
        return _Ahead(legs, doubt, calls)

    def _rows(
        self, ahead: _Ahead, told: OperatorTimes, served: Int64Array, now: float, *, told_live: bool
    ) -> Predictions:
        """The vehicles' rows, and the operator's of the runs that none of them has `served` (journey keys)."""
        live_since, expected = now - self.settings.live_limit_s, told if told_live else told.without_times()
        rows = vehicle_rows(
            self.timetable, ahead.legs, ahead.calls, self._tracks, ahead.doubt, expected, live_since=live_since, now=now
        )
        rows = with_twin_rows(rows, served, self._journeys)
        unserved_rows = unserved(told, served, now)
        told_rows = operator_rows(self.timetable, told, unserved_rows, now, told.skipped, live=told_live)
        gone = cancelled_rows(self._journeys, self._told_last, told, now)
        left_out = skipped_rows(self.timetable, expected, served, now)
        told_now = PredictedCalls.joined(*(part for part in (rows, told_rows, gone, left_out) if len(part)))
        turned = still_skipped(self._journeys, self._told_last, told, self._journeys.keys(told_now), now)
        self._told_last = PredictedCalls.joined(told_now, turned) if len(turned) else told_now
        return predictions_of(self.timetable, self._told_last)

    def _served(self, legs: Legs, operator: OperatorTimes, now: float) -> Int64Array:
        """Keys of the journeys that a vehicle is predicted on (`legs`) or has finished."""
        self._finished = self._finished.remembered(now)
        served = np.concatenate([legs.journey, self._journeys.keys(self._finished)])
        return with_twins(served, operator, self._journeys)

    def _refuse(self, refused: Mapping[str, int]) -> None:
        self._counts.update({f"refused_{reason}": count for reason, count in refused.items()})
