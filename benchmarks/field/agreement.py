"""Whether all faces say the same of a stop's calls: what one says in seconds, another in minutes or as a clock time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Protocol

from benchmarks.field.faces import Row, TripUpdateTold

NEAR_S = 7200.0
"""Calls so near are looked up on their trips' pages too."""
FAR_S = 36 * 3600
"""As far as boards look ahead; lines look further where nothing comes."""
PLANNED_S = 3 * 3600.0
"""What the operator tells of runs that begin later is not live."""
ROUNDED_S = 1.0
"""Faces round to seconds in their own ways."""
IN_ORDER_S = 10.0
"""Our feed puts stops that are told for one time a second apart, as GTFS-Realtime has it."""
_COMES = ("live", "scheduled")


class Faces(Protocol):
    """What is asked of a city: see `benchmarks.field.city.City`."""

    @property
    def now(self) -> float:
        """POSIX seconds."""

    def far_departures(self, stop: str) -> list[Row]:
        """All that panels and screens could show."""

    def screen(self, stop: str) -> list[Row]:
        """A screen."""

    def panel(self, stop: str) -> list[Row]:
        """A panel."""

    def stop_page(self, stop: str) -> list[Row]:
        """A stop's page."""

    def home(self, stop: str) -> list[Row]:
        """The page of a rider whose favourite the stop is."""

    def trip(self, trip: str, *, start: str | None, date: str | None) -> list[Row]:
        """Calls of a run in the API."""

    def trip_page(self, trip: str, *, start: str | None, date: str | None) -> list[Row]:
        """Calls of a run on its page."""

    def line_page(self, route: str, *, direction: int | None) -> list[Row]:
        """Stops of a line on its page."""

    def line_departures(self, route: str) -> list[Row]:
        """What comes along a line."""

    def our_trip_updates(self) -> list[TripUpdateTold]:
        """Our feed."""


def disagreements(city: Faces, stop: str) -> list[str]:
    """What two faces say differently of a stop, as text; empty where they agree."""
    board = city.far_departures(stop)
    return [
        *_first_few("screen", board, city.screen(stop), city.now),
        *_panel(board, city.panel(stop)),
        *_first_few("stop page", board, city.stop_page(stop), city.now),
        *_first_few("home", board, city.home(stop), city.now),
        *_trips(city, [row for row in board if (row.at or 0.0) <= city.now + NEAR_S]),
        *_our_feed(city, board),
        *_line_pages(city, board),
        *_line_departures(city, stop, board),
    ]


def _panel(board: Sequence[Row], shown: Sequence[Row]) -> Iterator[str]:
    """Panels name no trips: told row by row."""
    for ours, theirs in zip_longest(board, shown):
        # Of a bus that gets no further a panel shows the timetable's time.
        doubtful = ours is not None and ours.minutes is None
        if (
            ours is None
            or theirs is None
            or ours.status != theirs.status
            or (ours.clock != theirs.clock and not doubtful)
        ):
            yield f"panel: {theirs} where the board says {ours}"
        elif theirs.minutes is not None and theirs.minutes != ours.minutes:
            yield f"panel: {theirs} in {theirs.minutes} min where the board says {ours.minutes}"


def _first_few(face: str, board: Sequence[Row], shown: Sequence[Row], now: float) -> Iterator[str]:
    """Pages and screens show the first few of each line and direction, where one of them leaves soon."""
    for theirs in shown:
        same = [ours for ours in board if str(ours) == str(theirs) and _same_time(ours.at, theirs.at)]
        if not same:
            yield f"{face}: {theirs}, which the board does not say"
        elif theirs.minutes is not None and theirs.minutes not in [ours.minutes for ours in same]:
            yield f"{face}: {theirs} in {theirs.minutes} min where the board says {same[0].minutes}"
    soonest = next((ours for ours in board if ours.status in _COMES), None)
    if soonest is not None and (soonest.at or 0.0) <= now + NEAR_S and str(soonest) not in map(str, shown):
        yield f"{face}: not a word of {soonest}"


def _trips(city: Faces, board: Sequence[Row]) -> Iterator[str]:
    for ours in board:
        assert ours.key is not None
        asked = {"date": ours.key.date, "start": ours.key.start}
        calls, page = city.trip(ours.key.trip, **asked), city.trip_page(ours.key.trip, **asked)
        where = [k for k, call in enumerate(calls) if call.sequence == ours.sequence and call.stop == ours.stop]
        if len(where) != 1:
            yield f"trip {ours.run}: {len(where)} calls at {ours.stop} where the board says {ours}"
            continue
        call = calls[where[0]]
        if call.status != ours.status:
            yield f"v1 trip: {call} where the board says {ours}"
        if ours.status in _COMES and call.minutes != ours.minutes:
            yield f"v1 trip: {call} in {call.minutes} min where the board says {ours.minutes}"
        if [row.stop for row in page] != [row.stop for row in calls]:
            yield f"trip page {ours.run}: calls {[row.stop for row in page]}, not {[row.stop for row in calls]}"
            continue
        shown = page[where[0]]
        if shown.status != ours.status or (ours.status in _COMES and not _same_time(shown.at, ours.at)):
            yield f"trip page: {shown} where the board says {ours}"


def _our_feed(city: Faces, board: Sequence[Row]) -> Iterator[str]:
    feed: dict[str, TripUpdateTold] = {}
    for trip_update in city.our_trip_updates():
        if trip_update.run in feed:
            yield f"TripUpdates: {trip_update.run} stands twice"
        feed[trip_update.run] = trip_update
    for ours in board:
        update = feed.get(ours.run)
        if ours.status == "cancelled":
            if update is None or update.relationship not in ("CANCELED", "DELETED"):
                yield f"TripUpdates: {update and update.relationship} where the board says {ours}"
            continue
        if update is not None and update.relationship in ("CANCELED", "DELETED"):
            yield f"TripUpdates: {update.relationship} where the board says {ours}"
            continue
        # A run has one update, and its times run forwards: a vehicle behind the first one has an update of its own.
        assert ours.key is not None
        behind = (f"{ours.run}:", f"{ours.key.trip}:")
        updates = [trip_update for run, trip_update in feed.items() if run == ours.run or run.startswith(behind)]
        calls = [call for trip_update in updates for call in trip_update.stops if call.stop == ours.stop]
        if ours.status == "live":
            events = [at for call in calls if call.relationship != "SKIPPED" for at in (call.departure, call.arrival)]
            if not any(_same_time(at, ours.at, IN_ORDER_S) for at in events):
                yield f"TripUpdates: {events} where the board says {ours} ({ours.at})"
        # Readers of ADDED are told the times of all calls, and those of any run what is planned for later.
        near = (ours.at or 0.0) <= city.now + PLANNED_S
        if ours.status == "scheduled" and near and update is not None and update.relationship != "ADDED":
            here = [call for call in update.stops if (call.stop, call.sequence) == (ours.stop, ours.sequence)]
            if any(call.arrival or call.departure for call in here):
                yield f"TripUpdates: {here} where the board says {ours}"
        # Of a line run by headway vehicles are told, not the slots of its timetable.
        in_a_slot = ours.told["scheduled_time"] is None
        if ours.status == "skipped" and not in_a_slot and "SKIPPED" not in [call.relationship for call in calls]:
            yield f"TripUpdates: {calls} where the board says {ours}"


def _line_pages(city: Faces, board: Sequence[Row]) -> Iterator[str]:
    """A wait on a line's page is that of a departure of the board, the soonest one that comes."""
    lines = {(ours.told["route"]["route_id"], ours.told["direction"]) for ours in board}
    for route, direction in sorted(lines, key=str):
        coming = [
            ours
            for ours in board
            if ours.status in _COMES and (ours.told["route"]["route_id"], ours.told["direction"]) == (route, direction)
        ]
        thread = city.line_page(route, direction=direction)
        if not thread:
            yield f"line page {route}: no stops at all"
        here = {ours.stop for ours in board}
        shown = [row for row in thread if row.stop in here and (row.at or 0.0) <= city.now + FAR_S]
        for row in shown:
            if row.at is not None and not any(
                _same_time(row.at, ours.at) and row.minutes in (None, ours.minutes) and row.status == ours.status
                for ours in coming
            ):
                yield f"line page {route}: {row} in {row.minutes} min, which the board does not say"
        soon = [ours for ours in coming if (ours.at or 0.0) <= city.now + NEAR_S - 60.0]
        there = [ours for ours in soon if ours.stop in {row.stop for row in shown}]
        if there and not any(row.status for row in shown):
            yield f"line page {route}: no wait at {shown[0].run} where the board says {there[0]}"


def _line_departures(city: Faces, stop: str, board: Sequence[Row]) -> Iterator[str]:
    """What is told along a line is a row of the board, word for word."""
    for route in dict.fromkeys(ours.told["route"]["route_id"] for ours in board):
        for theirs in city.line_departures(route):
            near = (theirs.at or 0.0) <= city.now + FAR_S
            if theirs.stop == stop and near and theirs.told not in [ours.told for ours in board]:
                yield f"line departures {route}: {theirs}, which the board does not say"


def _same_time(first: float | None, second: float | None, within_s: float = ROUNDED_S) -> bool:
    """Two faces that show no time agree too: a line run by headway has none without a vehicle."""
    return first == second if first is None or second is None else abs(first - second) <= within_s
