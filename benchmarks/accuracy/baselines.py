"""The methods to beat, each on the very same predictions: what it would have said about a cell at a moment.

All learn of a passage from the vehicle's next report, and then to the second, which no system does: they are flattered.
All but the schedule answer no earlier than the moment itself. Before its trip's first passage a vehicle is taken to
leave on schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.accuracy.runs import Runs
from predictor.arrays import NONE, Float64Array, Int32Array, Int64Array, expand_ranges
from predictor.columns import Columns

HOURS = 24
MIN_TRAVERSALS = 3
"""A median needs this many traversals; else the next coarser one stands in."""
KALMAN_DAYS = 3
KALMAN_FIRST_ERROR = 100.0
KALMAN_RECENT_S = 86400.0
"""The last vehicle's time counts for so long."""
_KALMAN_PAIRS = 20_000
"""(moment, run) pairs worked on at a time: bounds memory."""


@dataclass(frozen=True, eq=False)
class Questions(Columns):
    """What was asked: all arrays (n,)."""

    made_at: Float64Array
    cell: Int64Array
    """Call that the prediction is about."""
    last: Int64Array
    """Call that the run was known to have passed last at `made_at`, -1 where none yet."""

    @classmethod
    def of(cls, runs: Runs, made_at: Float64Array, cell: Int64Array, *, at_once: bool = False) -> Questions:
        """Ask about `cell` at `made_at`; for `at_once` see `Runs.last_passed`."""
        return cls(made_at, cell, runs.last_passed(runs.run[cell], made_at, at_once=at_once))


@dataclass(frozen=True, eq=False)
class LinkMedians:
    """Median run time of each link by hour, (links, 24) seconds, NaN where never seen; and over all hours, (links,)."""

    by_hour: Float64Array
    overall: Float64Array

    @classmethod
    def of(cls, runs: Runs) -> LinkMedians:
        """Learn from what these runs did."""
        links = len(runs.timetable.link_from_stop)
        by_hour, overall = np.full(links * HOURS, np.nan), np.full(links, np.nan)
        seen = np.flatnonzero(np.isfinite(runs.ran_s))
        hour = runs.hour_of(runs.passed[seen], runs.run[seen])
        frame = pd.DataFrame({"link": runs.link[seen], "hour": hour, "ran": runs.ran_s[seen]})
        for key, table in ((frame.link * HOURS + frame.hour, by_hour), (frame.link, overall)):
            median = frame.ran.groupby(key).agg(["median", "size"])
            median = median[median["size"] >= MIN_TRAVERSALS]
            table[median.index.to_numpy()] = median["median"].to_numpy()
        return cls(by_hour.reshape(links, HOURS), overall)

    def on(self, runs: Runs) -> Float64Array:
        """Run time from each cell of `runs` to the next (m,), 0 at the last: by hour, overall, else the timetable's."""
        link, hour = np.maximum(runs.link, 0), runs.hour
        taken = self.by_hour[link, hour]
        taken = np.where(np.isnan(taken), self.overall[link], taken)
        taken = np.where(np.isnan(taken), timetable_run_s(runs), taken)
        return np.where(runs.link >= 0, taken, 0.0)


@dataclass(frozen=True, eq=False)
class KalmanHistory:
    """What TransitClock's formula knows of each trip call's link from earlier days; all (trip calls,)."""

    mean_s: Float64Array
    """Mean of the last three days' times (of fewer where there are fewer), NaN where none."""
    days: Int32Array
    """How many days, at most three."""
    gain: Float64Array
    """Weight of the mean against the last vehicle's time; 1 under three days."""

    @classmethod
    def of(cls, runs: Runs) -> KalmanHistory:
        """Run the formula through these runs' days in order, each trip call for itself."""
        entries = len(runs.timetable.arrival_s)
        seen = np.flatnonzero(np.isfinite(runs.ran_s))
        frame = pd.DataFrame(
            {"entry": runs.entry[seen], "day": runs.service_day[runs.run[seen]], "ran": runs.ran_s[seen]}
        )
        daily = frame.groupby(["entry", "day"], sort=True).ran.mean().reset_index()
        rank = daily.groupby("entry").cumcount().to_numpy()
        recent = np.full((entries, KALMAN_DAYS), np.nan)
        days = np.zeros(entries, np.int32)
        error = np.full(entries, KALMAN_FIRST_ERROR)
        for day in range(int(rank.max(initial=-1)) + 1):
            today = daily[rank == day]
            entry = today.entry.to_numpy()
            full = entry[days[entry] == KALMAN_DAYS]
            _, error[full] = _kalman_step(error[full], recent[full].var(axis=1))
            recent[entry] = np.column_stack([recent[entry][:, 1:], today.ran.to_numpy()])
            days[entry] = np.minimum(days[entry] + 1, KALMAN_DAYS)
        mean = np.nansum(recent, axis=1) / np.where(days > 0, days, np.nan)
        gain = np.ones(entries)
        full = np.flatnonzero(days == KALMAN_DAYS)
        gain[full], _ = _kalman_step(error[full], recent[full].var(axis=1))
        return cls(mean, days, gain)


def _kalman_step(error: Float64Array, variance: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Gain and the error that follows it: gain = (e + v) / (e + 2 v), then e = v · gain."""
    total = error + 2.0 * variance
    gain = np.divide(error + variance, total, out=np.ones_like(total), where=total > 0)
    return gain, variance * gain


def timetable_run_s(runs: Runs) -> Float64Array:
    """Scheduled run time from each cell to the next (m,)."""
    return np.append(np.diff(runs.profile_s), 0.0)


def schedule(runs: Runs, asked: Questions) -> Float64Array:
    """The timetable; NaN for trips run by headway, which have no times to read."""
    by_headway = runs.timetable.trip_is_frequency[runs.trip][runs.run]
    return np.where(by_headway, np.nan, runs.scheduled)[asked.cell]


def schedule_and_delay(runs: Runs, asked: Questions) -> Float64Array:
    """The timetable shifted by the delay at the last passed stop."""
    last = np.maximum(asked.last, 0)
    since = runs.passed[last] - runs.profile_s[last]
    shifted = since + runs.profile_s[asked.cell]
    return np.maximum(np.where(asked.last >= 0, shifted, runs.scheduled[asked.cell]), asked.made_at)


def operator(runs: Runs, asked: Questions, reports: pd.DataFrame) -> Float64Array:
    """The timetable shifted by the delay that the operator's own system claimed in the vehicle's latest report.

    Parameters: `reports` with `vehicle_id`, `trip_id`, `timestamp`, `agency_delay_min`. A delay counts while the
    latest report is about the same trip; else the operator has only the timetable to show.
    """
    vehicles = pd.Index(runs.vehicles)
    reports = reports.assign(vehicle=vehicles.get_indexer(pd.Index(reports.vehicle_id)))
    reports = reports[reports.vehicle >= 0].sort_values(["vehicle", "timestamp"], kind="stable")
    vehicle, run = reports.vehicle.to_numpy(), runs.run[asked.cell]
    key = vehicle * 1.0e9 + (reports.timestamp.to_numpy(np.float64) - runs.first_time)
    at = np.searchsorted(key, runs.vehicle[run] * 1.0e9 + (asked.made_at - runs.first_time), side="right") - 1
    # A last entry that belongs to no vehicle stands for "no report yet", which is at = -1.
    vehicle = np.append(vehicle, NONE)
    trip = np.append(reports.trip_id.map(runs.timetable.trip_index).fillna(NONE).to_numpy(np.int32), NONE)
    claimed = np.append(np.nan_to_num(reports.agency_delay_min.to_numpy(np.float64)) * 60.0, 0.0)
    same = (vehicle[at] == runs.vehicle[run]) & (trip[at] == runs.trip[run])
    delay = np.where(same, claimed[at], 0.0)
    return np.maximum(runs.scheduled[asked.cell] + delay, asked.made_at)


def along_links(runs: Runs, asked: Questions, taken_s: Float64Array, offset: Int64Array | int = 0) -> Float64Array:
    """The time of the last passage plus the run times over the links ahead.

    A vehicle that should have reached the next stop by now reaches it now.

    Parameters: `taken_s`, run time from each cell to the next; the run of question i has its cells `offset[i]` away
    from their place in `runs`.
    """
    # Up to (not with) each cell; only differences inside a run are used.
    before = np.cumsum(taken_s) - taken_s
    start = runs.ptr[runs.run[asked.cell]]
    known = asked.last >= 0
    last = np.where(known, asked.last, start)
    next_at = np.where(known, runs.passed[last] + taken_s[last + offset], runs.scheduled[start])
    # The asked call lies behind the last passed one where stops were reported out of order.
    reached = np.minimum(np.where(known, last + 1, start), asked.cell)
    at: Float64Array = np.maximum(next_at, asked.made_at) + before[asked.cell + offset] - before[reached + offset]
    return at


def hindsight_run_s(runs: Runs) -> tuple[Float64Array, Float64Array]:
    """Run times from each cell to the next (m,): mean of all traversals in the same hour of the same day, and mean of
    all but the judged one.

    The first knows the judged run itself where lines run once an hour. Where nobody else came, the second is the link's
    median of the judged days.
    """
    of_all = LinkMedians.of(runs).on(runs)
    of_others = of_all.copy()
    seen = np.flatnonzero(np.isfinite(runs.ran_s))
    hour, own = runs.hour_of(runs.passed[seen], runs.run[seen]), runs.ran_s[seen]
    frame = pd.DataFrame({"link": runs.link[seen], "day": runs.service_day[runs.run[seen]], "hour": hour, "ran": own})
    together = frame.groupby(["link", "day", "hour"]).ran
    number, total = (together.transform(what).to_numpy() for what in ("size", "sum"))
    of_all[seen] = total / number
    many = number > 1
    of_others[seen[many]] = (total - own)[many] / (number - 1)[many]
    return of_all, of_others


def kalman(runs: Runs, asked: Questions, history: KalmanHistory) -> Float64Array:
    """TransitClock's formula: for each link ahead, gain × mean of three days + (1 − gain) × the last vehicle's time."""
    mean, gain = history.mean_s[runs.entry], history.gain[runs.entry]
    usual = np.where(np.isnan(mean), timetable_run_s(runs), mean)
    usual = np.where(runs.link >= 0, usual, 0.0)
    traversals = Traversals.of(runs)

    run = runs.run[asked.cell]
    # One question for each (moment, run): all calls of the run are answered together.
    key = run * 2.0**33 + (asked.made_at - runs.first_time + 2.0**32)
    _, first, pair = np.unique(key, return_index=True, return_inverse=True)
    result = np.empty(len(asked))
    by_pair = np.argsort(pair, kind="stable")
    bounds = np.searchsorted(pair[by_pair], np.arange(0, len(first) + _KALMAN_PAIRS, _KALMAN_PAIRS))
    for low, high, begin in zip(bounds[:-1], bounds[1:], range(0, len(first), _KALMAN_PAIRS), strict=False):
        rows = by_pair[low:high]
        some = first[begin : begin + _KALMAN_PAIRS]
        runs_asked, moments = run[some], asked.made_at[some]
        length = np.diff(runs.ptr)[runs_asked]
        owner, cell = expand_ranges(runs.ptr[runs_asked], length)
        at = traversals.last(runs.link[cell].astype(np.int64), moments[owner])
        last = np.full(len(cell), np.nan)
        known_rows = np.flatnonzero(at >= 0)
        known_rows = known_rows[moments[owner[known_rows]] - traversals.known[at[known_rows]] <= KALMAN_RECENT_S]
        last[known_rows] = runs.ran_s[traversals.cell[at[known_rows]]]
        blended = gain[cell] * usual[cell] + (1.0 - gain[cell]) * last
        taken = np.where(np.isnan(last) | (gain[cell] >= 1.0), usual[cell], blended)
        offset = (np.cumsum(length) - length)[pair[rows] - begin] - runs.ptr[run[rows]]
        result[rows] = along_links(runs, asked.take(rows), taken, offset)
    return result


@dataclass(frozen=True, eq=False)
class Traversals:
    """Links driven (n,), in order of link and of the moment at which a report told of the end."""

    cell: Int64Array
    """At which each began."""
    link: Int64Array
    known: Float64Array
    key: Float64Array
    """Link and moment as one number, ascending."""
    origin: float

    @classmethod
    def of(cls, runs: Runs) -> Traversals:
        """All of `runs` whose time is known."""
        cell = np.flatnonzero(np.isfinite(runs.ran_s))
        known, link = runs.known[cell + 1], runs.link[cell].astype(np.int64)
        order = np.lexsort((known, link))
        cell, known, link = cell[order], known[order], link[order]
        return cls(cell, link, known, _link_and_moment(link, known, runs.first_time), runs.first_time)

    def last(self, link: Int64Array, moment: Float64Array) -> Int64Array:
        """The one that was told of last, of each link (n,) by each moment; NONE where there is none."""
        if len(self.key) == 0:
            return np.full(len(link), NONE, np.int64)
        at = np.searchsorted(self.key, _link_and_moment(link, moment, self.origin), side="right") - 1
        return np.where((at >= 0) & (self.link[np.maximum(at, 0)] == link), at, NONE)


def _link_and_moment(link: Int64Array, moment: Float64Array, origin: float) -> Float64Array:
    return link * 2.0**33 + (moment - origin + 2.0**32)


AT_ONCE = "schedule + delay, at once"
"""As if every passage had been told in the second it happened, where reports tell of it later."""
HINDSIGHT, HINDSIGHT_OF_OTHERS = "hindsight of the hour", "hindsight of others"
MARKS = (HINDSIGHT, HINDSIGHT_OF_OTHERS)
"""No methods: what knowing the hour's run times would score, the judged vehicle's own among them, and those of all
others."""

OPERATOR = "operator"
Method = Callable[[Questions], Float64Array]


def methods(
    runs: Runs, trained: Runs | None, reports: pd.DataFrame | None, operator_feed: Method | None = None
) -> dict[str, Method]:
    """Every method that the recording allows, by name.

    Parameters: `runs`, the judged days; `trained`, the train days, None without; `reports`, the judged days' reports
    with the operator's own delay, None where it claims none; `operator_feed`, its recorded TripUpdates, which tell more
    than that delay.
    """
    found: dict[str, Method] = {
        "schedule": lambda asked: schedule(runs, asked),
        "schedule + delay": lambda asked: schedule_and_delay(runs, asked),
    }
    told_late = runs.known - runs.passed > 1.0
    if told_late.mean() > 0.01:
        found[AT_ONCE] = lambda asked: schedule_and_delay(
            runs, Questions.of(runs, asked.made_at, asked.cell, at_once=True)
        )
    if operator_feed is not None:
        found[OPERATOR] = operator_feed
    elif reports is not None:
        found[OPERATOR] = lambda asked: operator(runs, asked, reports)
    if trained is not None:
        medians = LinkMedians.of(trained).on(runs)
        history = KalmanHistory.of(trained)
        found["link medians"] = lambda asked: along_links(runs, asked, medians)
        found["Kalman (TransitClock)"] = lambda asked: kalman(runs, asked, history)
    of_all, of_others = hindsight_run_s(runs)
    found[HINDSIGHT] = lambda asked: along_links(runs, asked, of_all)
    found[HINDSIGHT_OF_OTHERS] = lambda asked: along_links(runs, asked, of_others)
    return found
