"""A town's day as it was driven: every vehicle through every stop, in traffic, with riders, lights and incidents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feeds.gtfs.polylines import Polylines, joined
from feeds.simulator.driving_loop import Calls, Chance, Driven, Streets, drive
from feeds.simulator.incidents import BREAKDOWN, DETOUR, SHORT_TURN, Disruption
from feeds.simulator.network import Network, depot_position
from feeds.simulator.paths import locate, paths_of
from feeds.simulator.plan import BUS, TRAM, street_way
from feeds.simulator.schedule import Schedule
from feeds.simulator.traffic import BIN_S, BUS_SPEED, RED_MAX_S, RED_SHARE, free_run_s, riders_by_time
from predictor.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from predictor.geometry import METRES_PER_DEGREE

_TICK_S = 30.0
_HEADWAY_CAP_S = 1500.0
_TRAM_SPACING_S = 30.0
_YARD_SPEED, _YARD_S = 7.0, 15.0
"""Metres a second to, from and between lines, and what that costs beside."""
_DETOUR_OFFSET_M, _DETOUR_S = 320.0, 20.0


@dataclass(frozen=True, eq=False)
class Legs:
    """What vehicles did, in order of (piece, time): stood or drove from one distance along a path to another."""

    piece: Int32Array
    begin_s: Float64Array
    end_s: Float64Array
    path: Int64Array
    from_m: Float64Array
    to_m: Float64Array
    red_s: Float32Array
    """Of the leg's time, how long it stood at a light."""
    trip: Int32Array
    """Trip that the vehicle says it is on, -1 for none."""
    call: Int32Array
    """Call it stands at or comes to next, -1 for none."""
    at_stop: BoolArray


@dataclass(frozen=True, eq=False)
class Operation:
    """A driven day. Times are seconds after the origin of the day, NaN for calls that were not served.

    A *piece* is what one vehicle drives of a block from the depot and back to it.
    """

    arrival_s: Float64Array
    leave_s: Float64Array
    """(calls,) departure; at a trip's last call: when the vehicle moved on."""
    call_piece: Int32Array
    cause: Int32Array
    """(calls,) index of the disruption by which a call was missed, -1 where it was served."""
    piece_block: Int32Array
    piece_begin_s: Float64Array
    piece_end_s: Float64Array
    stood_s: dict[int, tuple[float, float]]
    """From when to when each broken-down vehicle stood, by index of the disruption."""
    paths: Polylines
    legs: Legs


def operate(
    network: Network,
    schedule: Schedule,
    slowness: Float32Array,
    disruptions: list[Disruption],
    *,
    seed: int,
    rng: np.random.Generator,
    window_s: tuple[float, float],
) -> Operation:
    """Drive a day. Legs are kept for what happened inside `window_s`; passages for the whole day."""
    return _Day(network, schedule, slowness, disruptions, seed, rng).driven(window_s)


class _Day:
    """The state of a day being driven."""

    def __init__(
        self, network: Network, schedule: Schedule, slowness: Float32Array, disruptions: list[Disruption], seed: int,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        self._net, self._sched, self._slowness, self._disruptions = network, schedule, slowness, disruptions
        self._rng, self._seed = rng, seed
        n = len(schedule.arrival_s)
        self._trip = schedule.call_trip.astype(np.int32)
        k = schedule.call_of_pattern
        at = schedule.pattern_call(network)
        self._stop, self._link = network.call_stop[at], network.call_link[at]
        self._distance_m, self._timepoint = network.call_distance_m[at], network.call_timepoint[at]
        self._first, self._last = k == 0, self._link < 0
        # Where a vehicle takes up service it waits for its time.
        self._begins = self._first.copy()
        self._tram = schedule.block_is_tram[schedule.trip_block[self._trip]]
        self._is_tram_stop = np.zeros(len(network.stop_id), bool)
        self._is_tram_stop[self._stop[self._tram]] = True
        route = network.pattern_route[schedule.trip_pattern[self._trip]].astype(np.int64)
        _, self._slot = np.unique(route * len(network.stop_id) + self._stop, return_inverse=True)
        self._arrival, self._leave = np.full(n, np.nan), np.full(n, np.nan)
        self._piece = np.full(n, -1, np.int32)
        self._cause = np.full(n, -1, np.int32)
        self._red = np.zeros(n, np.float32)
        self._held_s = np.zeros(n)
        self._extra: list[tuple[float, ...]] = []
        self._lines: list[Float64Array] = []
        self._connectors: dict[tuple[int, int], int] = {}
        self._follow_blocks()
        self._apply_disruptions()
        self._connect()

    # -- before the day

    def _follow_blocks(self) -> None:
        """Each call's next call within its block, -1 at the block's end; one piece a block."""
        sched, n = self._sched, len(self._stop)
        block = sched.trip_block[self._trip]
        self._next = np.arange(1, n + 1)
        self._next[np.append(block[1:] != block[:-1], True)] = -1
        begins = np.flatnonzero(np.concatenate([[True], block[1:] != block[:-1]]))
        self._piece_call = begins.astype(np.int64)

    def _apply_disruptions(self) -> None:
        n = len(self._stop)
        self._detour_next, self._detour = np.full(n, -1, np.int64), np.full(n, -1, np.int32)
        extra_pieces = []
        for i, d in enumerate(self._disruptions):
            self._cause[d.lost_calls] = i
            if d.kind == DETOUR:
                self._divert(i, d)
            elif d.kind == SHORT_TURN:
                self._next[d.from_call], self._begins[d.to_call] = d.to_call, True
                self._held_s[d.held_call] = d.stands_s
            elif d.kind == BREAKDOWN:
                self._next[d.from_call] = -1
                if d.to_call >= 0:
                    extra_pieces.append(d.to_call)
            else:
                first, last = d.lost_calls[0], d.lost_calls[-1]
                self._next[first - 1] = self._next[last]
        self._piece_call = np.concatenate([self._piece_call, np.array(extra_pieces, np.int64)])

    def _divert(self, index: int, detour: Disruption) -> None:
        closed = np.zeros(len(self._net.stop_id), bool)
        closed[detour.closed] = True
        shut, n = closed[self._stop], len(self._stop)
        beyond = np.minimum.accumulate(np.where(shut, n, np.arange(n))[::-1])[::-1]
        enters = np.flatnonzero(~shut[:-1] & shut[1:])
        resumes = beyond[enters + 1]
        inside = resumes < n
        enters, resumes = enters[inside], resumes[inside]
        same = self._trip[enters] == self._trip[resumes]
        self._detour_next[enters[same]], self._detour[enters[same]] = resumes[same], index

    def _connect(self) -> None:
        """Ways between lines, to and from the depot, and around closed streets."""
        n = len(self._stop)
        self._way, self._detour_way = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        leaves = np.flatnonzero((self._next >= 0) & (self._last | (self._next != np.arange(1, n + 1))))
        self._way[leaves] = self._ways(leaves, self._next[leaves], detour=False)
        diverts = np.flatnonzero(self._detour_next >= 0)
        self._detour_way[diverts] = self._ways(diverts, self._detour_next[diverts], detour=True)
        start = self._piece_call
        self._pull_out = np.array([self._depot_way(int(s), True) for s in self._stop[start]], np.int64)
        self._way_length_m = paths_of(self._lines).length_m

    def _ways(self, calls: Int64Array, following: Int64Array, *, detour: bool) -> Int64Array:
        stops = np.column_stack([self._stop[calls], self._stop[following]])
        pairs, which = np.unique(stops, axis=0, return_inverse=True)
        return np.array([self._stop_way(int(a), int(b), detour) for a, b in pairs], np.int64)[which.ravel()]

    def _stop_way(self, a: int, b: int, detour: bool) -> int:
        key = (a, b + (len(self._net.stop_id) if detour else 0))
        if key not in self._connectors:
            start, end = self._ground(a), self._ground(b)
            corners = []
            if detour:
                north, east = end - start
                stretch = np.cos(np.radians(start[0]))
                side = np.array([-east * stretch, north / stretch])
                side *= _DETOUR_OFFSET_M / max(np.hypot(side[0], side[1] * stretch) * METRES_PER_DEGREE, 1.0)
                corners = [start + 0.1 * (end - start) + side, start + 0.9 * (end - start) + side]
            self._connectors[key] = len(self._lines)
            self._lines.append(np.array([start, *corners, end]))
        return self._connectors[key]

    def _depot_way(self, stop: int, out: bool) -> int:
        """From the depot to the stop, or back."""
        tram = bool(self._is_tram_stop[stop])
        key = (-1, stop) if out else (stop, -1)
        if key not in self._connectors:
            streets = self._net.streets
            position, node = depot_position(self._net, TRAM if tram else BUS)
            near = self._net.stop_node[stop]
            corners = street_way(node, (int(near[0]), int(near[1])))
            xy = streets.polyline(list(corners))[0] if len(corners) > 1 else np.empty((0, 2))
            line = np.vstack([streets.ground(np.vstack([position, xy[1:-1]])), self._ground(stop)])
            self._connectors[key] = len(self._lines)
            self._lines.append(line if out else line[::-1])
        return self._connectors[key]

    def _ground(self, stop: int) -> Float64Array:
        return np.array([self._net.stop_lat[stop], self._net.stop_lon[stop]])

    # -- the day

    def driven(self, window_s: tuple[float, float]) -> Operation:
        """Move everything, then tell it."""
        self._move()
        served = ~np.isnan(self._arrival)
        missed_unplanned = ~served & (self._cause < 0)
        detours = [i for i, d in enumerate(self._disruptions) if d.kind == DETOUR]
        for i in detours:
            self._cause[missed_unplanned & np.isin(self._stop, self._disruptions[i].closed)] = i
        self._end_pieces()
        return Operation(
            arrival_s=self._arrival, leave_s=self._leave, call_piece=self._piece, cause=self._cause,
            piece_block=self._sched.trip_block[self._trip[self._piece_call]], piece_begin_s=self._piece_begin,
            piece_end_s=self._piece_end, stood_s=self._stood_s,
            paths=joined(self._net.paths, paths_of(self._lines)), legs=self._legs(window_s),
        )  # fmt: skip

    def _move(self) -> None:
        """Drive all pieces until each has come to its end."""
        streets = Streets(
            free_run_s(self._net, self._seed), self._slowness, riders_by_time(self._sched.day_type), float(BIN_S),
            np.array([d.start_s for d in self._disruptions] + [np.inf]),
            np.array([d.end_s for d in self._disruptions] + [np.inf]),
            self._way_length_m, _YARD_SPEED, BUS_SPEED, _YARD_S, _DETOUR_S,
        )  # fmt: skip
        calls = Calls(
            self._slot, self._link, self._net.stop_demand[self._stop], self._sched.departure_s, self._held_s,
            self._tram, self._first, self._last, self._begins, self._timepoint,
            self._detour, self._detour_next, self._detour_way,
        )  # fmt: skip
        driven = Driven(self._arrival, self._leave, self._piece, self._red, self._next, self._way)
        by_mode = (RED_SHARE[False], RED_SHARE[True]), (RED_MAX_S[False], RED_MAX_S[True])
        drive(
            streets, calls, self._chance(), self._piece_call, driven, int(self._slot.max(initial=0)) + 1,
            _TICK_S, _HEADWAY_CAP_S, _TRAM_SPACING_S, *by_mode,
        )  # fmt: skip

    def _chance(self) -> Chance:
        """Chance is dealt out by call and piece, so that the order of the rounds cannot change it."""
        rng, n, pieces = self._rng, len(self._stop), len(self._piece_call)
        return Chance(
            run_noise=np.exp(rng.standard_normal(n, np.float32) * np.float32(0.05)),
            red_draw=rng.random(n, np.float32),
            red_size=rng.random(n, np.float32),
            rider_noise=rng.standard_normal(n, np.float32),
            stop_draw=rng.random(n, np.float32),
            wait_draw=rng.random(n),
            late_start_s=np.where(rng.random(n) < 0.05, rng.exponential(100.0, n), 0.0) + rng.normal(6.0, 9.0, n),
            pace=np.exp(rng.normal(0.0, 0.03, pieces)),
            early_s=rng.uniform(100.0, 360.0, pieces) - np.where(rng.random(pieces) < 0.03, 500.0, 0.0),
        )

    def _end_pieces(self) -> None:
        """From the depot to the first stop, and home: to the depot, or from where a vehicle broke down."""
        begin = self._piece_call
        lengths = self._way_length_m
        reached = self._arrival[begin]
        self._piece_begin = reached - lengths[self._pull_out] / _YARD_SPEED
        self._piece_end = np.full(len(begin), np.nan)
        self._stood_s: dict[int, tuple[float, float]] = {}
        ends = np.flatnonzero((self._next < 0) & (self._piece >= 0))
        broken = {d.from_call: i for i, d in enumerate(self._disruptions) if d.kind == BREAKDOWN}
        shapes = len(self._net.paths)
        for call in ends.tolist():
            piece, leave = int(self._piece[call]), float(self._leave[call])
            if call in broken:
                self._break_down(call, piece, leave, broken[call])
                continue
            way = self._depot_way(int(self._stop[call]), False)
            length = float(paths_of([self._lines[way]]).length_m[0])
            arrive = leave + length / _YARD_SPEED
            self._extra.append((piece, leave, arrive, shapes + way, 0.0, length, -1, -1))
            self._piece_end[piece] = arrive
        for piece, way in enumerate(self._pull_out.tolist()):
            call = int(begin[piece])
            self._extra.append((piece, self._piece_begin[piece], reached[piece], shapes + way, 0.0, lengths[way],
                                int(self._trip[call]), call))  # fmt: skip

    def _break_down(self, call: int, piece: int, leave: float, index: int) -> None:
        """The vehicle stands between two stops, naming its trip; then it is brought home without one."""
        disruption = self._disruptions[index]
        trip, shapes = int(self._trip[call]), len(self._net.paths)
        shape = int(self._sched.trip_pattern[trip])
        hop_m = float(self._distance_m[call + 1] - self._distance_m[call])
        from_m = float(self._distance_m[call])
        to_m = from_m + disruption.stands_at * hop_m
        stops = leave + disruption.stands_at * hop_m / BUS_SPEED + 5.0
        moves = stops + disruption.stands_s
        self._stood_s[index] = (stops, moves)
        lat, lon, _ = locate(self._net.paths, np.array([shape]), np.array([to_m]))
        back = self._lines[self._depot_way(int(self._stop[call]), False)]
        self._lines.append(np.vstack([[lat[0], lon[0]], back[1:]]))
        length = float(paths_of([self._lines[-1]]).length_m[0])
        home = moves + length / (0.7 * _YARD_SPEED)
        self._extra += [
            (piece, leave, stops, shape, from_m, to_m, trip, call + 1),
            (piece, stops, moves, shape, to_m, to_m, trip, call + 1),
            (piece, moves, home, shapes + len(self._lines) - 1, 0.0, length, -1, -1),
        ]
        self._piece_end[piece] = home

    def _legs(self, window_s: tuple[float, float]) -> Legs:
        shapes = len(self._net.paths)
        onward = np.where(self._next >= 0, self._arrival[self._next], self._leave)
        with np.errstate(invalid="ignore"):
            i = np.flatnonzero((self._arrival < window_s[1]) & (onward >= window_s[0]))
        shape = self._sched.trip_pattern[self._trip].astype(np.int64)
        stands = i[self._leave[i] > self._arrival[i]]
        drives = i[self._next[i] >= 0]
        following = self._next[drives]
        on_line = self._way[drives] < 0
        path = np.where(on_line, shape[drives], shapes + self._way[drives])
        length = self._way_length_m[self._way[drives]]
        extra = np.array(self._extra).reshape(-1, 8)
        extra = extra[(extra[:, 1] < window_s[1]) & (extra[:, 2] >= window_s[0])]
        still, nothing = np.zeros(len(stands)), np.zeros(len(extra))
        columns: tuple[tuple[AnyArray, ...], ...] = (
            (self._piece[stands], self._piece[drives], extra[:, 0]),
            (self._arrival[stands], self._leave[drives], extra[:, 1]),
            (self._leave[stands], onward[drives], extra[:, 2]),
            (shape[stands], path, extra[:, 3]),
            (self._distance_m[stands], np.where(on_line, self._distance_m[drives], 0.0), extra[:, 4]),
            (self._distance_m[stands], np.where(on_line, self._distance_m[following], length), extra[:, 5]),
            (still, np.where(on_line, self._red[drives], 0.0), nothing),
            (self._trip[stands], self._trip[following], extra[:, 6]),
            (stands, following, extra[:, 7]),
            (still == 0.0, np.zeros(len(drives), bool), nothing != 0.0),
        )
        dtypes = (np.int32, float, float, np.int64, float, float, np.float32, np.int32, np.int32, bool)
        order = np.lexsort((np.concatenate(columns[1]), np.concatenate(columns[0])))
        return Legs(*(np.concatenate(c)[order].astype(t) for c, t in zip(columns, dtypes, strict=True)))
