"""The departure board of a stop as rows that faces can show: JSON answers, pages, screens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from api.reading.boarding import (
    BOARDING,
    Occupancy,
    occupancy_at,
    vehicle_wheelchair,
    wheelchair_access,
    wheelchair_words,
)
from api.reading.call_events import Event, events_of, known
from api.reading.lines import destination_of
from api.reading.moment import Moment
from api.service.view import ServiceView
from feeds.start_time import start_time
from predictor.arrays import BoolArray, Int8Array, RouteIdx, StopIdx
from predictor.snapshot import CANCELLED, DOUBTS, FOLLOWED, FROM_TIMETABLE, LIVE, SCHEDULED, SOURCES, STATUSES, RunCalls

PASSED_AFTER_S = 30.0
"""A departure stays on the board until this long after its published time."""
WINDOW_S = 7200.0

NO_PICKUP = 1
"""GTFS `pickup_type`: nobody may board."""


MOST_DEPARTURES = 30
"""The longest board that a panel or screen may ask for."""
_AHEAD_S = 36 * 3600.0
"""At night a board shows the first departures of the morning."""


@dataclass(frozen=True)
class DepartureRow:
    """One coming call of a vehicle at a stop. Times are POSIX seconds."""

    route_idx: int
    direction: int
    """`direction_id`, -1 where none."""
    headsign: str
    destination: str
    """The headsign, where there is none the name of the last stop."""
    stop_idx: int
    stop_id: str
    platform: str
    trip_idx: int
    trip_id: str
    service_day: int
    """Index into `Timetable.date`."""
    service_date: str
    """YYYY-MM-DD."""
    start_time: str
    """HH:MM:SS after the origin of the service date: with trip and date it names one run of a trip run by headway."""
    shift_s: int
    """Seconds from the trip's first departure to this run's: names the run as the engine does."""
    call: int
    """Position in the trip, 0 for the first stop."""
    stop_sequence: int
    arrival: Event | None
    """None at a run's first stop,"""
    departure: Event | None
    """and at its last one."""
    at_stop: bool
    """The vehicle stands here."""
    scheduled: float | None
    """Of the departure, at a run's last stop of the arrival; None for a trip run by headway."""
    published: float
    """The time to show, to count down to, and to order by."""
    predicted: float | None
    """`published` where it comes from more than the timetable."""
    p10: float | None
    p50: float | None
    p90: float | None
    minutes: int | None
    """Whole minutes to wait, never negative; None where the vehicle is in `doubt`: nobody knows."""
    status: str
    """`live`, `scheduled`, `cancelled` or `skipped`."""
    source: str
    """`timetable`, `vehicle`, `block` or `operator`."""
    vehicle_id: str | None
    vehicle_label: str | None
    age_s: float | None
    """Age of the vehicle's report, None where the time comes from no vehicle."""
    doubt: str
    """`overdue` or `held_up` where the vehicle reports but gets no further, else `followed`."""
    clock: float
    """The time to show as a clock time, POSIX seconds."""
    wheelchair: str
    """Whether a wheelchair user can board here: `yes`, `no` or `unknown`."""
    vehicle_wheelchair: str
    """Whether the vehicle takes wheelchairs, by its own word or its trip's."""
    occupancy: Occupancy | None
    """None where not told."""
    pickup: str
    """One of `BOARDING`."""
    drop_off: str
    headway_s: int | None
    """Seconds between the vehicles of a line run by headway, None for others."""
    boards: bool
    """False where the trip ends or nobody may board: shown among arrivals only."""

    @property
    def key(self) -> str:
        """Names this departure from one board to the next."""
        return f"{self.trip_id} {self.service_date} {self.start_time} {self.call}"

    @property
    def delay_s(self) -> float | None:
        """Seconds late against the timetable, negative when early; None where not known."""
        return None if self.predicted is None or self.scheduled is None else self.predicted - self.scheduled


class StopBoard:
    """Coming calls at a stop (at a station: at all its platforms), soonest first, read once: its columns tell of all,
    and a row is put together only for what is shown.

    Nothing is `live` here whose report is older at `now` than `view.live_limit_s`, even if no step came since.
    """

    def __init__(
        self,
        view: ServiceView,
        stop: int,
        now: float,
        window_s: float = WINDOW_S,
        route: int | None = None,
        arrivals: bool = False,
    ) -> None:
        """Parameters as of `departure_rows`."""
        self._view, self._now = view, now
        board = view.snapshot.board(
            StopIdx(stop),
            since=now - PASSED_AFTER_S,
            until=now + window_s,
            route=None if route is None else RouteIdx(route),
        )
        tt = view.timetable
        boards = ~board.last_call & (tt.pickup_type[tt.entry_of(board.trip, board.call)] != NO_PICKUP)
        kept = np.arange(len(board)) if arrivals else np.flatnonzero(boards)
        self.calls: RunCalls = board.take(kept)
        """All that can be boarded, or with `arrivals` all."""
        self._boards: BoolArray = boards[kept]
        since_step = now - view.snapshot.made_at
        self._age_s = np.maximum(self.calls.age_s + since_step, 0.0)
        too_old = np.where(np.isnan(self._age_s), since_step, self._age_s) > view.live_limit_s
        self.status: Int8Array = np.where((self.calls.status == LIVE) & too_old, SCHEDULED, self.calls.status)
        """The calls' own is older than this one."""

    def __len__(self) -> int:
        return len(self.calls)

    def destination(self, row: int) -> str:
        """Where the run of a row goes to, as said here: its headsign, else the name of its last stop."""
        calls = self.calls
        trip, day, shift_s = int(calls.trip[row]), int(calls.service_day[row]), int(calls.shift_s[row])
        headsign = self._view.snapshot.headsign(trip, day, shift_s, int(calls.call[row]))
        return headsign or destination_of(self._view.timetable, trip)

    def row(self, i: int) -> DepartureRow:
        """All that is said of one call."""
        snapshot, tt, board = self._view.snapshot, self._view.timetable, self.calls
        trip, stop, day, call = int(board.trip[i]), int(board.stop[i]), int(board.service_day[i]), int(board.call[i])
        shift_s, vehicle, published = int(board.shift_s[i]), int(board.vehicle[i]), float(board.published[i])
        arrival, departure = events_of(board, i)
        doubt = DOUBTS[int(board.doubt[i])]
        entry, takes = tt.entry_of(trip, call), vehicle_wheelchair(snapshot, trip, vehicle)
        scheduled = board.scheduled_arrival[i] if board.last_call[i] else board.scheduled_departure[i]
        from_timetable = board.source[i] == FROM_TIMETABLE or self.status[i] == CANCELLED
        return DepartureRow(
            route_idx=int(tt.trip_route[trip]), direction=int(tt.pattern_direction[tt.trip_pattern[trip]]),
            headsign=snapshot.headsign(trip, day, shift_s, call), destination=self.destination(i),
            stop_idx=stop, stop_id=str(tt.stop_id[stop]), platform=str(tt.stop_platform[stop]),
            trip_idx=trip, trip_id=str(tt.trip_id[trip]), service_day=day, service_date=iso_date(tt.date[day]),
            start_time=start_time(tt, trip, shift_s), shift_s=shift_s, call=call,
            stop_sequence=int(tt.stop_sequence[entry]), arrival=arrival, departure=departure,
            at_stop=bool(board.at_stop[i]), scheduled=known(scheduled), published=published,
            predicted=None if from_timetable else published,
            p10=known(board.p10[i]), p50=None if from_timetable else known(board.p50[i]), p90=known(board.p90[i]),
            minutes=minutes_to_wait(published, self._now, doubt), status=STATUSES[int(self.status[i])],
            source=SOURCES[int(board.source[i])],
            vehicle_id=str(snapshot.vehicles.vehicle_id[vehicle]) if vehicle >= 0 else None,
            vehicle_label=str(snapshot.vehicles.label[vehicle]) if vehicle >= 0 else None,
            age_s=known(self._age_s[i]), doubt=doubt, clock=clock_time(published, known(scheduled), self._now, doubt),
            wheelchair=wheelchair_access(tt, stop, takes), vehicle_wheelchair=wheelchair_words(takes),
            occupancy=occupancy_at(snapshot, board, i), pickup=BOARDING[int(tt.pickup_type[entry])],
            drop_off=BOARDING[int(tt.drop_off_type[entry])],
            headway_s=tt.headway_s(trip, shift_s) or None, boards=bool(self._boards[i]),
        )  # fmt: skip


def departure_rows(
    view: ServiceView,
    stop_idx: int,
    now: float,
    limit: int | None = None,
    window_s: float = WINDOW_S,
    route: int | None = None,
    arrivals: bool = False,
) -> list[DepartureRow]:
    """Coming departures at a stop (at a station: from all its platforms), soonest first.

    Parameters: `now` POSIX seconds; `window_s`: how far to look ahead; `route`: index of the only route to show;
    `arrivals`: also those that nobody can board (the trip ends here, or `pickup_type` is 1).
    """
    board = StopBoard(view, stop_idx, now, window_s, route, arrivals)
    return [board.row(i) for i in range(len(board))[:limit]]


class StopBoards:
    """The boards of stops at one moment, each read once however many panels, screens and listeners show it."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self._rows: dict[int, list[DepartureRow]] = {}

    def rows(self, stop: int) -> list[DepartureRow]:
        """The first `MOST_DEPARTURES` departures of a stop (a station: of its platforms), soonest first."""
        if stop not in self._rows:
            self._rows[stop] = departure_rows(
                self.moment.view, stop, self.moment.now, limit=MOST_DEPARTURES, window_s=_AHEAD_S
            )
        return self._rows[stop]


def minutes_to_wait(published: float, now: float, doubt: str) -> int | None:
    """Whole minutes, rounded down: better a minute early at the stop than one late. None for a vehicle in `doubt`."""
    return None if doubt != DOUBTS[FOLLOWED] else max(math.floor((published - now) / 60.0), 0)


def clock_time(published: float, scheduled: float | None, now: float, doubt: str) -> float:
    """The time to show as a clock time: the published one. Of a vehicle in `doubt` that is due this is put off from
    minute to minute: there the timetable's says more."""
    puts_off = doubt != DOUBTS[FOLLOWED] and published < now + 60.0
    return scheduled if puts_off and scheduled is not None else published


def iso_date(date: int) -> str:
    """YYYY-MM-DD of YYYYMMDD."""
    return f"{date // 10_000:04d}-{date // 100 % 100:02d}-{date % 100:02d}"
