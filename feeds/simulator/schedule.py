"""The timetable of one day type: departures by headway, run times by hour, and the blocks that vehicles drive."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from feeds.simulator.calendars import DAY_TYPES
from feeds.simulator.network import Network, id_prefix
from feeds.simulator.plan import BAND_ENDS_H, TRAM, LinePlan
from feeds.simulator.traffic import BIN_S, free_run_s, mean_dwell_s, mean_red_s, riders_by_time, usual_slowness
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, expand_ranges

MIN_LAYOVER_S = 240.0
MAX_LAYOVER_S = 45 * 60.0
"""A vehicle with nothing to do for longer goes back to the depot."""
_TRAM_DWELL_S = 20
# Planners leave a little more than the mean, so that most vehicles can keep their times.
_RESERVE = 1.03


@dataclass(frozen=True, eq=False)
class Schedule:
    """Trips in order of (block, departure), their calls in CSR. Times are seconds after the origin of the day."""

    day_type: str
    trip_id: list[str]
    trip_pattern: Int32Array
    trip_block: Int32Array
    trip_call_ptr: Int64Array
    arrival_s: Int32Array
    departure_s: Int32Array
    block_id: list[str]
    block_is_tram: BoolArray

    @property
    def trip_calls(self) -> Int64Array:
        """(T,) number of calls."""
        return np.diff(self.trip_call_ptr)

    @property
    def call_trip(self) -> Int64Array:
        """(calls,) trip of each call."""
        return np.repeat(np.arange(len(self.trip_id)), self.trip_calls)

    @property
    def call_of_pattern(self) -> Int64Array:
        """(calls,) position of each call in its trip, 0 for the first."""
        return np.arange(len(self.arrival_s)) - np.repeat(self.trip_call_ptr[:-1], self.trip_calls)

    def pattern_call(self, network: Network) -> Int64Array:
        """(calls,) the pattern call of each call."""
        return self.call_of_pattern + np.repeat(network.pattern_call_ptr[self.trip_pattern], self.trip_calls)


def build_schedule(network: Network, day_type: str, seed: int) -> Schedule:
    """Plan a day: the same for all days of the type."""
    rng = np.random.default_rng([seed, 4, DAY_TYPES.index(day_type), network.town])
    timing = _Timing(network, day_type, seed)
    pattern_of: dict[tuple[int, int, int], int] = {}
    for p in range(len(network.pattern_route)):
        key = (network.pattern_route[p], network.pattern_direction[p], network.pattern_way[p])
        pattern_of[tuple(int(k) for k in key)] = p  # type: ignore[index]
    pattern, arrival, departure = [], [], []
    for route, plan in enumerate(network.route_plan):
        for direction in (0, 1):
            starts = _departures_s(plan, day_type, float(rng.uniform(0.0, 1.0)))
            for way in range(len(plan.ways)):
                p = pattern_of[route, direction, way]
                times = timing.calls_s(p, starts[way :: len(plan.ways)], float(rng.normal(1.0, 0.03)))
                pattern.append(np.full(len(times), p, np.int32))
                dwell = np.full(times.shape, _TRAM_DWELL_S if plan.mode == TRAM else 0)
                dwell[:, [0, -1]] = 0
                arrival.append(times.ravel())
                departure.append((times + dwell).ravel())
    return _in_blocks(
        network, day_type, np.concatenate(pattern), np.concatenate(arrival), np.concatenate(departure)
    )  # fmt: skip


class _Timing:
    """Scheduled run times: what the planners, who know the average day, write into the timetable."""

    def __init__(self, network: Network, day_type: str, seed: int) -> None:
        self._network = network
        self._free_s = free_run_s(network, seed)
        self._slowness = usual_slowness(network, day_type)
        self._riders = riders_by_time(day_type)

    def calls_s(self, pattern: int, starts: Float64Array, bias: float) -> Int32Array:
        """(trips, calls) times of departures that start at `starts`; whole minutes at timepoints."""
        net = self._network
        span = slice(int(net.pattern_call_ptr[pattern]), int(net.pattern_call_ptr[pattern + 1]))
        link, stop, timepoint = net.call_link[span][:-1], net.call_stop[span], net.call_timepoint[span]
        tram = net.link_is_tram[link]
        rough = np.concatenate([[0.0], np.cumsum(1.45 * self._free_s[link])])[:-1]
        bins = ((starts[:, None] + rough) / BIN_S).astype(np.int64)
        riders = net.stop_demand[stop[1:]] * self._riders[bins] * 700.0
        hop = self._free_s[link] * self._slowness[link, bins] + mean_red_s(tram) + mean_dwell_s(riders, tram)
        since = np.cumsum(hop * bias * _RESERVE, axis=1)
        since = np.concatenate([np.zeros((len(starts), 1)), since], axis=1)
        at = np.flatnonzero(timepoint)
        whole = np.round(since[:, at] / 60.0) * 60.0
        # Between timepoints the rounding is spread evenly.
        correction = np.empty_like(since)
        for i, (a, b) in enumerate(pairwise(at.tolist())):
            low, high = whole[:, i] - since[:, a], whole[:, i + 1] - since[:, b]
            share = np.linspace(0.0, 1.0, b - a + 1)
            correction[:, a : b + 1] = low[:, None] + (high - low)[:, None] * share
        times: Int32Array = np.round(starts[:, None] + since + correction).astype(np.int32)
        return times


def _departures_s(plan: LinePlan, day_type: str, offset: float) -> Float64Array:
    """Departures of one direction of a line, whole minutes. `offset`: share of a headway to begin later by."""
    first, last = plan.hours
    factor = {"LV": 1.0, "SA": plan.saturday, "DI": plan.sunday}[day_type]
    if factor == 0.0:
        return np.empty(0)
    if day_type == "DI":
        first += 1.5
    result: list[float] = []
    hour = first
    while hour <= last:
        band = int(np.searchsorted(BAND_ENDS_H, hour, side="right"))
        minutes = plan.weekday_min[band] if day_type == "LV" else plan.weekday_min[2] * factor
        minutes = max(minutes, plan.weekday_min[band] if band > 3 else 0.0)
        if minutes == 0.0:
            break
        if not result:
            hour += offset * minutes / 60.0
        result.append(hour)
        hour += minutes / 60.0
    return np.floor(np.array(result) * 60.0) * 60.0


def _in_blocks(
    network: Network, day_type: str, pattern: Int32Array, arrival_s: Int32Array, departure_s: Int32Array
) -> Schedule:
    """Chain trips into blocks, and put trips in order of blocks. Last come, first gone: so the others may go home."""
    calls = network.pattern_calls[pattern]
    ptr = np.concatenate([[0], np.cumsum(calls)])
    starts, end = departure_s[ptr[:-1]].astype(float), arrival_s[ptr[1:] - 1].astype(float).tolist()
    start: list[float] = starts.tolist()
    place = network.stop_place[network.call_stop]
    origin = place[network.pattern_call_ptr[pattern]].tolist()
    destination = place[network.pattern_call_ptr[pattern + 1] - 1].tolist()
    plans = [network.route_plan[route] for route in network.pattern_route[pattern].tolist()]
    block = np.empty(len(pattern), np.int32)
    block_id: list[str] = []
    block_is_tram: list[bool] = []
    waiting: dict[tuple[str, int], list[tuple[float, int]]] = {}
    number: dict[str, int] = {}
    for trip in np.argsort(starts, kind="stable").tolist():
        plan = plans[trip]
        key = (plan.pool, origin[trip])
        queue = [w for w in waiting.get(key, []) if start[trip] - w[0] <= MAX_LAYOVER_S]
        waiting[key] = queue
        ready = max((w for w in queue if w[0] <= start[trip]), default=None)
        if ready is not None:
            queue.remove(ready)
            block[trip] = ready[1]
        else:
            n = number[plan.pool] = number.get(plan.pool, 0) + 1
            block[trip] = len(block_id)
            block_id.append(f"{id_prefix(network.town)}{plan.pool}-{day_type}-B{n:02d}")
            block_is_tram.append(plan.mode == TRAM)
        rest = max(MIN_LAYOVER_S, 0.08 * (end[trip] - start[trip]))
        waiting.setdefault((plan.pool, destination[trip]), []).append((end[trip] + rest, int(block[trip])))

    order = np.lexsort((starts, block))
    _, entry = expand_ranges(ptr[order], calls[order])
    names = _trip_ids(network, day_type, pattern, starts)
    return Schedule(
        day_type=day_type, trip_id=[names[i] for i in order], trip_pattern=pattern[order], trip_block=block[order],
        trip_call_ptr=np.concatenate([[0], np.cumsum(calls[order])]).astype(np.int64),
        arrival_s=arrival_s[entry], departure_s=departure_s[entry], block_id=block_id,
        block_is_tram=np.array(block_is_tram, bool),
    )  # fmt: skip


def _trip_ids(network: Network, day_type: str, pattern: Int32Array, start: Float64Array) -> list[str]:
    """Ids such as `4-LV-0-017`: line, day type, direction, number of the departure."""
    route, direction = network.pattern_route[pattern], network.pattern_direction[pattern]
    names = [""] * len(pattern)
    number: dict[tuple[int, int], int] = {}
    for trip in np.lexsort((start, direction, route)).tolist():
        key = (int(route[trip]), int(direction[trip]))
        number[key] = number.get(key, 0) + 1
        names[trip] = f"{network.route_id[key[0]]}-{day_type}-{key[1]}-{number[key]:03d}"
    return names
