"""The running service: it steps the engine in a thread of its own and publishes one whole `ServiceView` after another.

Readers take `service.view` and never wait. Whatever goes wrong in a step is logged and counted, and the last good
view stays; what it says of itself (its age, whether the feed has stopped) goes on to be told by the clock.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from threadpoolctl import threadpool_limits

from api.service.accepted_timetable import AcceptedTimetable
from api.service.checkpoint import Checkpoint
from api.service.clock import SLEWED_S, Clock, LiveClock
from api.service.history_writer import HistoryWriter
from api.service.incoming_feeds import RealtimeFeeds
from api.service.served import Served, SetBack, Told
from api.service.stop_search import stop_search_of
from api.service.timetable_fit import WaitingTimetable, fit_of
from api.service.timetable_watch import TimetableWatch
from api.service.view import ServiceView, UpdateFigures
from feeds.background import Repeated, Watched
from feeds.gtfs.kept_zip import kept_zip
from feeds.gtfs_realtime.descriptors import AddedAs
from feeds.gtfs_realtime.headway_runs import HeadwayAs, named_in_updates
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from feeds.learned_file import ready_made
from feeds.reading import TRIP_UPDATES_KEPT_S, Reading
from predictor.accuracy.scorer import Sampling
from predictor.arrays import StrArray
from predictor.engine import Engine, EngineSettings
from predictor.learned import Learned
from predictor.observations import Observations
from predictor.timetable import Timetable

LONGEST_STEP_S = 30.0
"""Of the network's time: a fast clock is followed in steps of at most this."""
_CATCH_UP_STEPS = 40
_FAILURES_TO_RESTART = 3
_STALLED_AFTER_S = 60.0
_NAMED_FOR_S = 1800.0
_SOON_S = 60.0
_REVIVED_WITHIN_S = 1.0

log = logging.getLogger("prochain")


@cache
def one_matrix_thread() -> None:
    """Let this process multiply matrices on one thread from now on: the core multiplies many small ones, one after the
    other, and more threads only wait for each other on the cores that answer readers."""
    threadpool_limits(limits=1, user_api="blas")


class Service(Served):
    """See the module's docstring. As long as `start` has not been called, `step` may be called by hand."""

    def __init__(
        self,
        timetable: Timetable,
        feeds: RealtimeFeeds,
        clock: Clock | None = None,
        *,
        engine_settings: EngineSettings | None = None,
        step_interval_s: float = 5.0,
        feed_stopped_after_s: float = 60.0,
        added_as: AddedAs = "NEW",
        headway_as: HeadwayAs | None = None,
        timetable_source: TimetableWatch | None = None,
        take_any_timetable: bool = False,
        accepted: AcceptedTimetable | None = None,
        waiting_timetable: WaitingTimetable | None = None,
        gtfs_zips: Sequence[Path] = (),
        checkpoint: Checkpoint | None = None,
        history: HistoryWriter | None = None,
        data_fault: str = "",
        warm_up_s: float = 0.0,
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Make the first view, after stepping quickly through the last `warm_up_s` before the clock's time.

        `headway_as`: what our feeds call runs by headway, None: what the operator's call them; `take_any_timetable`:
        go on with whatever sound timetable comes, however much it loses; `accepted`: where the one in use is kept for
        the next start; `waiting_timetable`: what was found at this start and not taken; `gtfs_zips`: folders
        where feeds are kept as they came; `history`: what remembers what happened, by default in memory;
        `data_fault`: why nothing can be kept on disk, "" where it can; `progress` is told the share of the warm-up that
        is done.
        """
        one_matrix_thread()
        self.clock: Clock = clock or LiveClock()
        super().__init__()
        self.publishing_fault: Callable[[], str] = lambda: ""
        """Why readers elsewhere do not see it, "" where they do."""
        self._settings = engine_settings or EngineSettings()
        self._feeds = feeds
        self.step_interval_s = step_interval_s
        """Of the network's time."""
        self._feed_stopped_after_s = feed_stopped_after_s
        self._added_as = added_as
        self._headway_as = headway_as
        self._headway_named: HeadwayAs = "UNSCHEDULED"
        self._timetable_source = timetable_source
        self._take_any_timetable = take_any_timetable
        self._accepted = accepted
        self._waiting = waiting_timetable
        self._data_fault = data_fault
        self._gtfs_zips = gtfs_zips
        # Trip ids of the last message with vehicles in it, how many vehicles, and when it was read.
        self._named: tuple[StrArray, int, float] = (np.empty(0, np.str_), 0, -math.inf)
        self._checkpoint = checkpoint
        self._history = history or HistoryWriter(HistoryStore())
        self._sampling = Sampling()
        self._told: tuple[bytes, float] | None = None
        self._engine = self._first_engine(timetable)
        self._offered: Timetable | None = None
        self._offer_lock = Lock()
        self._view_lock = Lock()
        self._failures_in_a_row = 0
        self._stepped_at = time.monotonic()
        self._running = False
        self.stepping = Repeated("step", self._catch_up, max(step_interval_s / self.clock.speed, 0.25), gives_way=True)
        """What steps, in a thread of its own."""
        # Riders see what has come at once, and not only at the next turn.
        feeds.on_news = self.stepping.wake
        self._work = [self.stepping]
        if timetable_source:
            self._work.append(self._looking(timetable_source))
        self._watching = Repeated("watch", self._revive, _REVIVED_WITHIN_S)
        self._warm_up(warm_up_s, progress)
        if accepted:
            accepted.keep(timetable)

    def _looking(self, source: TimetableWatch) -> Repeated:
        """Looks for a new timetable."""
        # What was not taken at the start is looked at again when vehicles have reported.
        unsettled = self._waiting or source.health().error
        first_s = min(source.every_s, _SOON_S) if unsettled else None
        return Repeated("timetable", self._look_for_timetable, source.every_s, first_s=first_s, gives_way=True)

    def _warm_up(self, warm_up_s: float, progress: Callable[[float], None]) -> None:
        """The first view, of the clock's time."""
        end = self.clock.now()
        begin = end - warm_up_s
        moments = np.linspace(begin, end, math.ceil(warm_up_s / LONGEST_STEP_S) + 1).tolist()
        if self._told and 0.0 < begin - self._told[1] <= TRIP_UPDATES_KEPT_S:
            # What an operator leaves out of its next message, or calls off in it, is known by the one before.
            self._feeds.recall(*self._told)
            begin = self._told[1]
            moments = [begin, *moments]
        self.view = self._viewed(Reading(Observations.empty(begin)), begin)
        for done, now in enumerate(moments, 1):
            self.step(now)
            progress(done / len(moments))

    def learned(self) -> Learned:
        """A copy of what has been learned so far, for the next start."""
        return replace(self._engine.learned(), told=self._feeds.told)

    def _first_engine(self, timetable: Timetable) -> Engine:
        if self._checkpoint is None:
            return Engine(timetable, self._settings, ready_made())
        learned = self._checkpoint.read()
        self._told = learned.told
        try:
            return Engine(timetable, self._settings, learned)
        except Exception as error:
            reason = f"{self._checkpoint.path}: cannot be used ({type(error).__name__}: {error})."
            return Engine(timetable, self._settings, self._checkpoint.set_aside(reason))

    @property
    def gtfs_zip(self) -> Path | None:
        """The feed that the timetable in use was made of, as the operator gave it; None where it is not at hand."""
        return kept_zip(self._gtfs_zips, self.timetable.feed_version)

    @property
    def history(self) -> HistoryStore:
        """What has happened until now."""
        return self._history.store

    @property
    def behind(self) -> list[Told]:
        """See `Served`."""
        found = list[Told]()
        if self.stalled:
            found.append(("engine_stalled", {"seconds": round(self.since_step_s)}))
        elif self.steps == 0:
            found.append(("no_step_yet", {}))
        if fault := self.publishing_fault():
            found.append(("not_published", {"error": fault}))
        return found

    @property
    def saving_faults(self) -> list[Told]:
        """See `Served`."""
        store, checkpoint = self.history, self._checkpoint
        damaged = (store.fault, checkpoint.fault if checkpoint else "", self.desk_fault())
        may_be: list[Told] = [
            ("nothing_kept", {"error": self._data_fault}),
            ("timetable_not_kept", {"error": self._accepted.fault if self._accepted else ""}),
            ("history_not_saved", {"error": self._history.fault}),
            ("history_lost", {"steps": self._history.lost, "rows": store.lost_rows}),
            ("learned_not_saved", {"error": checkpoint.write_fault if checkpoint else ""}),
            ("files_set_aside", {"files": store.files_set_aside}),
            *(("file_damaged", dict[str, object](error=fault)) for fault in damaged),
        ]
        return [(code, figures) for code, figures in may_be if any(figures.values())] + super().saving_faults

    @property
    def saving(self) -> dict[str, int]:
        """Counts of what saving has met with."""
        store, checkpoint = self.history, self._checkpoint
        return {
            "history_steps_lost": self._history.lost,
            "history_rows_lost": store.lost_rows,
            "history_failures": self._history.failures,
            "files_set_aside": store.files_set_aside,
            "learned_failures": checkpoint.errors if checkpoint else 0,
        }

    @property
    def threads(self) -> list[Watched]:
        """All that goes on beside the readers."""
        kept = [keeper.work for keeper in (self._checkpoint, self._accepted) if keeper]
        return [*self._work, self._history.work, *self._feeds.threads, *self.face_threads, *kept]

    @property
    def since_step_s(self) -> float:
        """Real seconds since the last good step."""
        return time.monotonic() - self._stepped_at

    @property
    def stalled(self) -> bool:
        """Whether steps have failed to come for so long that something is broken."""
        return self.since_step_s > max(_STALLED_AFTER_S, 10.0 * self.step_interval_s)

    def start(self) -> None:
        """Let the clock run; begin to poll, to step, and to look for new timetables. A second call changes nothing."""
        if self._running:
            return
        self._running = True
        self._stepped_at = time.monotonic()
        self.clock.start()
        self._feeds.start()
        for work in (*self._work, self._watching):
            work.start()

    def stop(self) -> None:
        """End what `start` began."""
        self._watching.stop(5.0)
        self._feeds.stop()
        for work in self._work:
            work.stop(5.0)
        if self._checkpoint and self._running:
            self._checkpoint.offer(self.learned())
            self._checkpoint.stop()
        if self._accepted:
            self._accepted.stop()
        self._history.stop()
        self._running = False

    @property
    def waiting_timetable(self) -> WaitingTimetable | None:
        """A new timetable by which much would be lost: it waits for `take_waiting_timetable`."""
        return self._waiting

    def take_waiting_timetable(self) -> WaitingTimetable | None:
        """Go on with the timetable that waits, and give it; None where none does."""
        with self._offer_lock:
            waiting, self._waiting = self._waiting, None
        if waiting is None:
            return None
        log.info("Timetable %.12s is taken by an officer's word.", waiting.timetable.feed_version)
        self.offer_timetable(waiting.timetable)
        return waiting

    def consider_timetable(self, timetable: Timetable) -> None:
        """Go on with this timetable where little is lost by it, else let it wait."""
        now = self.clock.now()
        named, reports, at = self._named
        if now - at > _NAMED_FOR_S:
            named, reports = named[:0], 0
        waiting = WaitingTimetable(timetable, fit_of(self.timetable, timetable, now, named, reports))
        if not waiting.fit.losses or self._take_any_timetable:
            with self._offer_lock:
                self._waiting = None
            self.offer_timetable(timetable)
            return
        before = self._waiting
        if before is None or before.timetable.feed_version != timetable.feed_version:
            log.warning("GTFS: %s", waiting.reason)
        with self._offer_lock:
            self._waiting = waiting

    def offer_timetable(self, timetable: Timetable) -> None:
        """Go on with this timetable from the next step on."""
        with self._offer_lock:
            self._offered = timetable

    def show_own_alerts(self) -> None:
        """Let readers see what `own_alerts` says now, without waiting for the next step."""
        with self._view_lock:
            self._show(self.view, self.clock.now())

    def step(self, now: float) -> None:
        """One step of the engine, and a new view. Raises nothing. The engine's time never runs backwards: where the
        clock was set back, another engine takes over."""
        began = time.perf_counter()
        if self.snapshot.made_at - now > SLEWED_S:
            self._set_back(now)
        else:
            now = max(now, self.snapshot.made_at)
        try:
            self._take_offered_timetable()
            reading = self._feeds.read(self._engine.timetable, now, self._engine.heed)
            view = self._viewed(reading, now)
            with self._view_lock:
                self._show(view, now)
        except Exception:
            self.step_failures += 1
            self._failures_in_a_row += 1
            log.exception("A step failed (%d so far); the last good state stays.", self.step_failures)
            if self._failures_in_a_row >= _FAILURES_TO_RESTART:
                # A vehicle's state that breaks every step must not break the service for ever.
                log.error("%d steps failed in a row: starting afresh.", self._failures_in_a_row)
                self._restart_engine()
            return
        self.steps += 1
        self._failures_in_a_row = 0
        self._stepped_at = time.monotonic()
        try:
            self.on_step(time.perf_counter() - began)
            sampled = self._sampling.due(now)
            self._history.offer(Happened.of(self.snapshot, self.alerts, reading.trip_updates, sampled=sampled))
            if self._running and self._checkpoint and self._checkpoint.due:
                self._checkpoint.offer(self.learned())
        except Exception:
            log.exception("A step was good, but not all of it can be kept.")

    def _show(self, view: ServiceView, now: float) -> None:
        try:
            own = self.own_alerts(view.timetable, now)
        except Exception:
            # Boards do not wait for what officers wrote.
            log.exception("Our own messages cannot be made; those shown before stay.")
            own = self.view.own_alerts
        self._bring(view.with_own_alerts(own, now, self.view))

    def _viewed(self, reading: Reading, now: float) -> ServiceView:
        trip = reading.observations.trip
        if len(trip):
            self._named = self._engine.timetable.trip_id[trip[trip >= 0]], len(trip), now
        named = named_in_updates(reading.trip_updates, self._engine.timetable) or reading.observations.headway_as
        self._headway_named = named or self._headway_named
        snapshot = self._engine.step(reading.observations, now, reading.trip_updates)
        health = dict(self._feeds.health())
        if self._timetable_source:
            health["gtfs"] = self._timetable_source.health()
        if self._waiting and "gtfs" in health and not health["gtfs"].error:
            health["gtfs"] = replace(health["gtfs"], error=self._waiting.reason)
        return ServiceView(
            snapshot=snapshot,
            stop_search=stop_search_of(snapshot.timetable.base),
            operator_alerts=reading.alerts,
            alerts_at=now,
            feeds=health,
            update_figures=UpdateFigures.of(self._engine.whole(reading.trip_updates)),
            accuracy=self.history.accuracy.recent,
            live_limit_s=self._settings.live_limit_s,
            feed_stopped_after_s=self._feed_stopped_after_s,
            added_as=self._added_as,
            headway_as=self._headway_as or self._headway_named,
        )

    def _take_offered_timetable(self) -> None:
        with self._offer_lock:
            offered, self._offered = self._offered, None
        if offered is None:
            return
        try:
            self._engine.swap_timetable(offered)
        except Exception:
            log.exception("The new timetable %.12s cannot be used; the old one stays.", offered.feed_version)
            self._engine = Engine(self.timetable, self._settings, self._engine.learned())
        else:
            log.info("Going on with timetable %.12s: %d trips.", offered.feed_version, offered.trips)
            if self._accepted:
                self._accepted.keep(offered)

    def _restart_engine(self) -> None:
        """Go on without what is known of single vehicles, keeping what was learned."""
        self._failures_in_a_row = 0
        try:
            self._engine = Engine(self._engine.timetable, self._settings, self._engine.learned())
        except Exception:
            log.exception("What was learned cannot be kept.")
            self._engine = Engine(self.snapshot.timetable, self._settings, ready_made())

    def _set_back(self, now: float) -> None:
        """What was to come is no guide to what is: vehicles are followed anew, instead of not at all until then."""
        seconds = self.snapshot.made_at - now
        log.warning("The clock was set back by %.0f s: following all vehicles anew.", seconds)
        self.set_back = SetBack(now, seconds)
        self._restart_engine()

    def _revive(self) -> None:
        for work in self.threads:
            work.revive(time.monotonic())

    def _catch_up(self) -> None:
        for now in self._moments():
            if not self.stepping.stopping:
                self.step(now)

    def _moments(self) -> list[float]:
        """Times to step at to reach the clock's: several where it runs fast."""
        last, now = self.snapshot.made_at, self.clock.now()
        if self.clock.speed <= 1.0 or now <= last:
            return [now]
        steps = min(math.ceil((now - last) / LONGEST_STEP_S), _CATCH_UP_STEPS)
        return [float(at) for at in np.linspace(last, now, steps + 1)[1:]]

    def _look_for_timetable(self) -> None:
        source = self._timetable_source
        if source is None:
            return
        timetable = source.newer(self.timetable, self.clock.now())
        if timetable is not None:
            self.consider_timetable(timetable)
            return
        waiting = self._waiting
        if waiting is None:
            return
        if source.version == waiting.timetable.feed_version:
            # The day that it begins on may have come.
            self.consider_timetable(waiting.timetable)
        else:
            with self._offer_lock:
                self._waiting = None
