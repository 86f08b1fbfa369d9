"""Whatever an operator may send: messages and reports for Hypothesis to draw, on a network with one of everything."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from benchmarks.field.messages import Bus, StopUpdate, TripUpdate, cancelled, no_data, skipped, update
from benchmarks.field.network import Frequency, Network, Pattern, Route, Stop, Trip, network, row_of_stops

DATE = 20261126

NETWORK: Network = network(
    (
        *row_of_stops("A B C D E"),
        Stop("S", 1200.0, 300.0, location_type=1),
        Stop("S1", 1200.0, 280.0, parent="S", platform="1"),
        Stop("S2", 1200.0, 320.0, parent="S", platform="2"),
    ),
    (
        Pattern("main", "A B C D E"),
        Pattern("back", "E D C B A", direction=1, headsign="West"),
        Pattern("loop", "A B S1 C B A", route="r2", direction=None, headsign="Round", dwell_s=60),
        Pattern("shuttle", "S2 B A", route="r3", headsign="Shuttle"),
    ),
    (
        Trip("t1", "08:00", block="b1"),
        Trip("t2", "08:12", "back", block="b1"),
        Trip("t3", "08:20"),
        Trip("o1", "08:05", "loop"),
        Trip("x1", "08:00", "shuttle"),
        Trip("h1", "08:00", "main", headsign="Often"),
    ),
    routes=(Route("r1", "1", "First"), Route("r2", "2", "Round"), Route("r3", "3", "Shuttle", type=0)),
    frequencies=(Frequency("x1", "08:00", "09:00", 900, 1), Frequency("h1", "08:00", "08:40", 600, 0)),
)
"""Two directions with a block, a loop that calls twice at A and at B, a station, runs by exact times and by headway."""

STOPS = ("A", "B", "C", "D", "E", "S")
NAMED = ("t1", "t2", "t3", "o1", "x1", "h1")
EXTRA = ("new1", "new2")
"""Trips that the operator alone knows."""
STARTS = {"x1": ("08:00:00", "08:15:00", "08:30:00", "08:45:00"), "h1": ("08:00:00", "08:10:00", "08:20:00")}


@dataclass(frozen=True)
class Moment:
    """What the feeds say from now on, and how long time passes then."""

    updates: tuple[TripUpdate, ...]
    buses: tuple[Bus, ...]
    wait_s: int


def _run_fields(trip: str) -> st.SearchStrategy[dict[str, object]]:
    """How the run is named: with its date or without; one of several by its start."""
    dates: st.SearchStrategy[dict[str, object]] = st.sampled_from([{"start_date": DATE}, {}])
    starts: list[dict[str, object]] = [{"start_time": at} for at in STARTS.get(trip, ())]
    return st.builds(lambda date, start: date | start, dates, st.sampled_from(starts or [{}]))


@st.composite
def _stop_updates(draw: st.DrawFn, trip: str) -> tuple[StopUpdate, ...]:
    """Some of the trip's stops in order, or out of it."""
    calls = NETWORK.calls(trip)
    places = draw(st.lists(st.integers(0, len(calls) - 1), min_size=1, max_size=len(calls), unique=True))
    if draw(st.integers(0, 3)):
        places.sort()
    told = []
    for place in places:
        stop, sequence = calls[place].stop, place + 1
        kind = draw(st.sampled_from(("delay", "delay", "skip", "no data", "departure", "early", "platform", "nowhere")))
        written = {
            "skip": skipped(stop),
            "no data": no_data(stop),
            "early": StopUpdate(stop, delay=-120),
            "platform": StopUpdate(stop, delay=60, assigned_stop={"S1": "S2", "S2": "S"}.get(stop, "nowhere")),
            "nowhere": StopUpdate("nowhere", delay=60),
            "departure": StopUpdate(stop, departure_delay=draw(st.integers(-60, 900))),
        }.get(kind) or StopUpdate(stop, delay=draw(st.integers(-60, 1200)))
        named = draw(st.sampled_from(("both", "stop", "sequence")))
        told.append(
            replace(
                written,
                sequence=None if named == "stop" else sequence,
                stop=None if named == "sequence" else written.stop,
            )
        )
    return tuple(told)


def _of_trip(trip: str) -> st.SearchStrategy[TripUpdate]:
    fields = _run_fields(trip)
    return st.one_of(
        st.builds(lambda stops, named: update(trip, *stops, **named), _stop_updates(trip), fields),
        st.builds(lambda named: cancelled(trip, **named), fields),
        st.builds(lambda named: update(trip, relationship="DELETED", **named), fields),
        st.builds(lambda delay, named: update(trip, delay=delay, **named), st.integers(-120, 1200), fields),
        st.builds(lambda named, stops: update(trip, *stops, relationship="REPLACEMENT", **named), fields, _calls()),
    )


@st.composite
def _calls(draw: st.DrawFn, fewest: int = 2) -> tuple[StopUpdate, ...]:
    """Calls of a run that is not as the timetable has it, with times of their own."""
    stops = draw(st.lists(st.sampled_from("ABCDE"), min_size=fewest, max_size=5, unique=True))
    at = 8 * 3600 + 60 * draw(st.integers(0, 40))
    calls = []
    for stop in stops:
        clock = f"{at // 3600:02d}:{at // 60 % 60:02d}"
        calls.append(StopUpdate(stop, clock, clock))
        at += 120
    return tuple(calls)


_extra = st.one_of(
    st.builds(
        lambda name, kind, stops, start: update(
            name, *stops, relationship=kind, start_date=DATE, route_id="r1", start_time=start
        ),
        st.sampled_from(EXTRA), st.sampled_from(("ADDED", "NEW", "REPLACEMENT")), _calls(fewest=1),
        st.sampled_from(("08:00:00", "08:20:00")),
    ),
    st.builds(
        lambda name, start: cancelled(name, start_date=DATE, start_time=start),
        st.sampled_from(EXTRA), st.sampled_from(("08:00:00", "08:20:00")),
    ),
    st.builds(
        lambda minute: update(
            "t1", relationship="DUPLICATED", start_date=DATE, new_trip_id="copy", new_start_date=DATE,
            new_start_time=f"08:{minute:02d}:00",
        ),
        st.integers(1, 50),
    ),
)  # fmt: skip


@st.composite
def _updates(draw: st.DrawFn) -> tuple[TripUpdate, ...]:
    """One entity a run at most, in any order."""
    trips = draw(st.lists(st.sampled_from(NAMED), max_size=3, unique=True))
    told = [draw(_of_trip(trip)) for trip in trips] + draw(st.lists(_extra, max_size=3))
    return tuple(draw(st.permutations(told)))


@st.composite
def _bus(draw: st.DrawFn, vehicle: str) -> Bus:
    trip = draw(st.sampled_from((*NAMED, None, "unknown")))
    named = draw(_run_fields(trip)) if trip in NAMED else {}
    if trip in NAMED and draw(st.booleans()):
        start = str(named.get("start_time", ""))
        return Bus(vehicle, trip, late_s=draw(st.integers(-120, 900)), run_start=start, fields=named)
    age_s = draw(st.sampled_from((0, 0, 60, 280, 310, 900)))
    stop = draw(st.sampled_from("ABCDE"))
    return Bus(vehicle, trip, stop, age_s=age_s, fresh=draw(st.booleans()), fields=named)


buses = st.lists(st.sampled_from(("v1", "v2", "v3")), max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*(_bus(name) for name in names))
)
moments = st.lists(
    st.builds(Moment, _updates(), buses, st.sampled_from((0, 30, 120, 330, 600))), min_size=1, max_size=3
)
