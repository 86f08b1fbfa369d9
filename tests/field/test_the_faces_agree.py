"""Whatever the operator says and the vehicles report: faces agree, and nobody is told of a bus that is not to be had.

`FIELD_EXAMPLES=500` tries so many days, other ones each time; without it a few that are always the same.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, example, given, settings

from benchmarks.field.city import City
from benchmarks.field.faces import Row, Run, TripUpdateTold
from benchmarks.field.messages import StopUpdate, TripUpdate, update
from benchmarks.field.network import hms, seconds
from feeds.reading import GAP_S
from tests.field.any_day import DATE, EXTRA, NETWORK, STARTS, STOPS, Moment, moments

LIVE_LIMIT_S = 300.0
ASKED = os.environ.get("FIELD_EXAMPLES")
any_day = settings(
    max_examples=int(ASKED or 10),
    derandomize=ASKED is None,
    # A failing day is worth minutes of simplifying only to who asked for it.
    phases=tuple(Phase) if ASKED else (Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


EARLY_REPLACEMENT = update(
    "x1",
    *(StopUpdate(stop, at, at) for stop, at in (("B", "08:06"), ("E", "08:08"), ("D", "08:10"), ("A", "08:12"))),
    relationship="REPLACEMENT",
    start_time="08:45:00",
)
"""All of it long before its start, one call by less than any run is early."""


def played(day: list[Moment]) -> Iterator[tuple[City, Moment]]:
    """The city after each moment."""
    city = City(NETWORK, at="07:58", date=DATE)
    for moment in day:
        city.vehicle_positions(*moment.buses)
        city.trip_updates(*moment.updates)
        # An empty message is believed once it has stood for a while.
        city.at(city.now + max(moment.wait_s, 0 if moment.updates else GAP_S))
        yield city, moment


def calls(city: City) -> list[Row]:
    """Every call that a board shows, of arrivals too."""
    return [row for stop in STOPS if stop != "S" for row in city.departures(stop, arrivals=True, limit=100)] + [
        row for stop in ("S1", "S2") for row in city.departures(stop, arrivals=True, limit=100)
    ]


@given(moments)
@example([Moment((EARLY_REPLACEMENT,), (), 0)])
@any_day
def test_whatever_is_said_no_face_tells_a_rider_of_a_bus_that_is_not_to_be_had(day: list[Moment]) -> None:
    for city, moment in played(day):
        rows, ours = calls(city), city.our_trip_updates()
        nothing_cancelled_is_live(city, moment, rows, ours)
        nothing_live_is_older_than_the_limit(rows)
        no_row_stands_for_a_call_that_the_run_does_not_make(moment, rows)
        no_run_is_told_twice(city, rows, ours)
        for stop in STOPS:
            city.faces_agree(stop)


def nothing_cancelled_is_live(city: City, moment: Moment, rows: list[Row], ours: list[TripUpdateTold]) -> None:
    gone = {run for told in moment.updates for run in runs_taken_out(city, told)}
    for row in rows:
        assert row.run not in gone or row.status == "cancelled", row
    for told in ours:
        assert told.run not in gone or told.relationship in ("CANCELED", "DELETED"), told


def nothing_live_is_older_than_the_limit(rows: list[Row]) -> None:
    for row in rows:
        if row.status == "live" and row.told["vehicle_id"]:
            assert 0 <= row.told["data_age_s"] <= LIVE_LIMIT_S, row


def no_row_stands_for_a_call_that_the_run_does_not_make(moment: Moment, rows: list[Row]) -> None:
    own: dict[str | None, list[str]] = {}
    named_alone = {told.trip for told in moment.updates if not stops_of(told)}
    for told in moment.updates:
        # Several runs may share an id.
        if stops_of(told):
            own[told.trip] = own.get(told.trip, []) + stops_of(told)
    for row in rows:
        assert row.key is not None
        trip = row.key.trip
        planned = [] if trip in EXTRA else [call.stop for call in NETWORK.calls("t1" if trip == "copy" else trip)]
        planned += [stop.assigned_stop for told in moment.updates if told.trip == trip for stop in told.stops]
        # Of several runs the operator's word changes one.
        several = trip in STARTS or "/" in row.run
        # Who is cancelled by its name alone is struck out where it was to call: a message before may have led it there.
        struck_out = row.status == "cancelled" and (trip not in own or trip in named_alone)
        assert struck_out or row.stop in (own.get(trip, planned) + planned * several), row


def no_run_is_told_twice(city: City, rows: list[Row], ours: list[TripUpdateTold]) -> None:
    told = Counter((row.key, row.stop, row.sequence) for row in rows)
    assert max(told.values(), default=1) == 1, told.most_common(1)
    # Added runs of one id are told apart by their starts.
    runs = Counter((update.run, update.message.trip.start_time) for update in ours)
    assert max(runs.values(), default=1) == 1, runs.most_common(1)
    assert len(city.our_vehicle_positions()) == len(city.message("vehicle-positions").entity)


def stops_of(told: TripUpdate) -> list[str]:
    """Stops at which a run calls by the operator's word alone, [] where the timetable has them."""
    own = told.relationship in ("ADDED", "NEW", "REPLACEMENT")
    return [stop.stop for stop in told.stops if stop.stop] if own else []


def runs_taken_out(city: City, told: TripUpdate) -> list[str]:
    """Runs that a message cancels, where it names them without a doubt."""
    if told.relationship not in ("CANCELED", "DELETED") or "start_date" not in told.fields or told.trip is None:
        return []
    if told.trip in EXTRA or (told.trip in STARTS and "start_time" not in told.fields):
        return []
    start = str(told.fields.get("start_time", hms(seconds(NETWORK.calls(told.trip)[0].arrival))))
    return [city.run(Run(told.trip, "2026-11-26", start))]
