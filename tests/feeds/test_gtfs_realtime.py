"""GTFS-Realtime out: what is said of a snapshot, and that a validator of others has nothing to say to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from google.transit import gtfs_realtime_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.alerts.alert import Alert, Selector, TripSelector
from feeds.alerts.decoding import decode_alerts
from feeds.alerts.informed import Informed
from feeds.gtfs_realtime.alerts import encode_alerts
from feeds.gtfs_realtime.descriptors import AddedAs
from feeds.gtfs_realtime.told_calls import ToldCalls
from feeds.gtfs_realtime.trip_updates import encode_trip_updates
from feeds.gtfs_realtime.vehicle_positions import encode_vehicle_positions
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.journeys import call_key, journey_key
from predictor.overlay import Overlay
from predictor.passages import Passages
from predictor.report_figures import ReportFigures
from predictor.scheduled_calls import ScheduledCalls
from predictor.snapshot import (
    DEADHEAD,
    FROM_BLOCK,
    FROM_VEHICLE,
    IN_SERVICE,
    LIVE,
    OFF_ROUTE,
    SCHEDULED,
    SKIPPED,
    ByStop,
    Predictions,
    Snapshot,
    Vehicles,
)
from tests.feeds.tiny_network import at, tiny_feed, tiny_network
from tests.feeds.validated import faults

TIMETABLE, FEED = tiny_network(), tiny_feed().feed
TRIP, DAY, SHIFT, CALL, TIME, STATUS, SOURCE, VEHICLE = range(8)
NOW = at(8, 2) + 0.4
_TRIP = gtfs_realtime_pb2.TripDescriptor
_STOP = gtfs_realtime_pb2.TripUpdate.StopTimeUpdate


def vehicles(*rows: dict[str, Any]) -> Vehicles:
    """Vehicles v0, v1, … on trip A1 near s2 but for what each row says otherwise."""
    usual: dict[str, Any] = {
        "lat": 47.40, "lon": 0.69, "bearing": 45.0, "speed": 8.0, "timestamp": NOW - 20, "occupancy": 1,
        "occupancy_percentage": 20, "wheelchair": 0, "congestion": 0,
        "state": IN_SERVICE, "trip": 0, "service_day": 0, "shift_s": 0, "distance_m": 1500.0, "next_call": 1,
        "at_stop": False, "delay_s": 60.0, "named": True,
        "doubt": 0, "stalled_at": np.nan, "cancelled": False,
    }  # fmt: skip
    types = {"bearing": np.float32, "speed": np.float32, "occupancy": np.int8,
             "occupancy_percentage": np.int16, "wheelchair": np.int8, "congestion": np.int8,
             "state": np.int8, "trip": np.int32,
             "service_day": np.int32, "shift_s": np.int32, "next_call": np.int32, "at_stop": np.bool_,
             "named": np.bool_, "doubt": np.int8, "cancelled": np.bool_}  # fmt: skip
    columns: dict[str, Any] = {
        name: np.array([{**usual, **row}[name] for row in rows], types.get(name, np.float64)) for name in usual
    }
    names = np.array([f"v{i}" for i in range(len(rows))], np.str_)
    return Vehicles(vehicle_id=names, label=names, **columns)


def snapshot(
    rows: list[tuple[Any, ...]],
    on_road: Vehicles | None = None,
    cancelled: list[tuple[int, int]] | None = None,
    skipped: list[tuple[int, int, int]] | None = None,
) -> Snapshot:
    """Predictions from (trip, day, shift, call, POSIX time, status, source, vehicle), in the engine's order by stop."""
    table = np.array(rows, np.float64).reshape(-1, 8)
    trip, call = table[:, TRIP].astype(np.int32), table[:, CALL].astype(np.int32)
    stop = TIMETABLE.call_stop[TIMETABLE.trip_call_ptr[trip] + call]
    keys = [
        journey_key(np.array([day], np.int32), np.array([journey], np.int32))[0] for journey, day in cancelled or []
    ]
    calls = [
        call_key(journey_key(np.array([day], np.int32), np.array([journey], np.int32)), np.array([k], np.int32))[0]
        for journey, day, k in skipped or []
    ]
    return Snapshot(
        made_at=NOW, feed_alive_at=NOW, timetable=TIMETABLE, scheduled_calls=ScheduledCalls.of(TIMETABLE),
        vehicles=vehicles() if on_road is None else on_road,
        predictions=Predictions(
            stop=stop, by_stop=ByStop.of(stop, TIMETABLE.stops),
            vehicle=table[:, VEHICLE].astype(np.int32), trip=trip, service_day=table[:, DAY].astype(np.int32),
            shift_s=table[:, SHIFT].astype(np.int32), call=call, p10=table[:, TIME] - 40, p50=table[:, TIME] + 10,
            p90=table[:, TIME] + 80, arrival=table[:, TIME], departure=table[:, TIME] + 20,
            hold=np.full(len(table), -np.inf), at_stop=np.zeros(len(table), bool), came_at=np.full(len(table), np.nan),
            status=table[:, STATUS].astype(np.int8), source=table[:, SOURCE].astype(np.int8),
            doubt=np.zeros(len(table), np.int8), occupancy=np.full(len(table), -1, np.int8),
        ),
        claimed=np.empty(0, np.int64), cancelled=np.sort(np.array(keys, np.int64)),
        skipped=np.sort(np.array(calls, np.int64)), passages=Passages.empty(),
        report_figures=ReportFigures.none(), counts={},
    )  # fmt: skip


def live(
    trip: int, call: int, when: float, *, shift: int = 0, source: int = FROM_VEHICLE, vehicle: int = 0
) -> tuple[Any, ...]:
    return (trip, 0, shift, call, when, LIVE, source, vehicle)


def test_live_predictions_go_out_in_order_with_time_delay_and_uncertainty() -> None:
    made = snapshot([live(0, 3, at(8, 16)), live(0, 1, at(8, 6)), live(0, 2, at(8, 11))], vehicles({}))
    message = encode_trip_updates(made)
    assert faults(FEED, NOW, trip_updates=message, vehicle_positions=encode_vehicle_positions(made)) == []
    (entity,) = message.entity
    update = entity.trip_update
    assert message.header.timestamp == int(NOW)
    assert (update.trip.trip_id, update.trip.route_id, update.trip.direction_id) == ("A1", "A", 0)
    assert (update.trip.start_date, update.trip.start_time) == ("20260316", "")
    assert (update.vehicle.id, update.timestamp) == ("v0", int(NOW - 20))
    assert [(u.stop_sequence, u.stop_id) for u in update.stop_time_update] == [(20, "s2"), (30, "s3"), (40, "s4")]
    first, _, last = update.stop_time_update
    assert (first.arrival.time, first.arrival.delay, first.arrival.uncertainty) == (int(at(8, 6)), 60, 60)
    assert (first.departure.time, first.departure.delay) == (int(at(8, 6, 20)), 60)
    assert last.HasField("arrival")
    assert not last.HasField("departure")


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("E022", lambda u, v: setattr(u.entity[0].trip_update.stop_time_update[1].arrival, "time", int(at(8, 6)))),
        ("E047", lambda u, v: setattr(v.entity[0].vehicle.trip, "trip_id", "A2")),
        ("W009", lambda u, v: u.entity[0].trip_update.trip.ClearField("schedule_relationship")),
    ],
)
def test_the_validator_reads_what_it_is_given(rule: str, fault: Callable[[Any, Any], object]) -> None:
    made = snapshot([live(0, 3, at(8, 16)), live(0, 1, at(8, 6)), live(0, 2, at(8, 11))], vehicles({}))
    updates, positions = encode_trip_updates(made), encode_vehicle_positions(made)
    fault(updates, positions)
    assert rule in {said.split()[0] for said in faults(FEED, NOW, trip_updates=updates, vehicle_positions=positions)}


def test_a_first_call_only_departs() -> None:
    message = encode_trip_updates(snapshot([live(1, 0, at(9, 1))], vehicles({"trip": 1, "next_call": 0})))
    (update,) = message.entity[0].trip_update.stop_time_update
    assert not update.HasField("arrival")
    assert update.departure.time == int(at(9, 1, 20))


def test_what_is_only_scheduled_stays_in() -> None:
    rows = [(0, 0, 0, 1, at(8, 6), SCHEDULED, FROM_VEHICLE, 0)]
    assert len(encode_trip_updates(snapshot(rows, vehicles({}))).entity) == 0


def test_cancelled_trips_go_out_without_stops_even_beside_a_prediction() -> None:
    message = encode_trip_updates(snapshot([live(0, 1, at(8, 6))], vehicles({}), cancelled=[(0, 0), (1, 1)]))
    assert faults(FEED, NOW, trip_updates=message) == []
    said = [(e.trip_update.trip.trip_id, e.trip_update.trip.start_date) for e in message.entity]
    assert said == [("A1", "20260316"), ("A2", "20260317")]
    assert all(e.trip_update.trip.schedule_relationship == _TRIP.CANCELED for e in message.entity)


def test_skipped_calls_have_no_times() -> None:
    rows = [live(0, 1, at(8, 6)), (0, 0, 0, 2, at(8, 11), SKIPPED, FROM_VEHICLE, 0), live(0, 3, at(8, 16))]
    message = encode_trip_updates(snapshot(rows, vehicles({}), skipped=[(0, 0, 2), (1, 0, 1)]))
    assert faults(FEED, NOW, trip_updates=message) == []
    of_a1, of_a2 = (e.trip_update.stop_time_update for e in message.entity)
    assert [u.schedule_relationship for u in of_a1] == [_STOP.SCHEDULED, _STOP.SKIPPED, _STOP.SCHEDULED]
    assert [u.schedule_relationship for u in of_a2] == [_STOP.SKIPPED]


def test_a_block_names_its_vehicle_only_with_the_trip_it_drives() -> None:
    rows = [live(0, 1, at(8, 6)), live(1, 1, at(9, 6), source=FROM_BLOCK)]
    made = snapshot(rows, vehicles({}))
    message = encode_trip_updates(made)
    assert [e.trip_update.vehicle.id for e in message.entity] == ["v0", ""]
    assert faults(FEED, NOW, trip_updates=message, vehicle_positions=encode_vehicle_positions(made)) == []


def test_runs_by_headway_name_their_start_and_no_delay() -> None:
    shift = 2 * 3600 + 60
    on_road = vehicles({"trip": 4, "shift_s": shift})
    made = snapshot([live(4, 0, at(8, 2), shift=shift), live(4, 1, at(8, 8), shift=shift)], on_road)
    message, positions = encode_trip_updates(made), encode_vehicle_positions(made)
    assert faults(FEED, NOW, trip_updates=message, vehicle_positions=positions) == []
    update = message.entity[0].trip_update
    assert update.trip.start_time == positions.entity[0].vehicle.trip.start_time == "08:01:00"
    assert update.trip.schedule_relationship == _TRIP.UNSCHEDULED
    assert not update.stop_time_update[1].arrival.HasField("delay")


def test_runs_of_an_exact_times_trip_are_told_apart() -> None:
    message = encode_trip_updates(
        snapshot([live(5, 1, at(8, 3), vehicle=-1), live(5, 1, at(8, 33), shift=1800, vehicle=-1)])
    )
    assert faults(FEED, NOW, trip_updates=message) == []
    assert [e.trip_update.trip.start_time for e in message.entity] == ["07:00:00", "07:30:00"]


def test_trips_past_midnight_keep_their_service_date() -> None:
    message = encode_trip_updates(snapshot([live(2, 1, at(25, 16), vehicle=-1)]))
    assert message.entity[0].trip_update.trip.start_date == "20260316"
    assert message.entity[0].trip_update.stop_time_update[0].arrival.delay == 60


@pytest.mark.parametrize(("added_as", "relationship"), [("NEW", _TRIP.NEW), ("ADDED", _TRIP.ADDED)])
def test_a_trip_that_the_operator_added_is_told_with_all_its_calls(added_as: AddedAs, relationship: int) -> None:
    operators = gtfs_realtime_pb2.FeedMessage()
    operators.header.gtfs_realtime_version = "2.0"
    update = operators.entity.add(id="1").trip_update
    update.trip.trip_id, update.trip.route_id, update.trip.schedule_relationship = "EXTRA", "A", _TRIP.NEW
    for k, stop in enumerate(("s1", "s2", "s4")):
        update.stop_time_update.add(stop_id=stop).arrival.time = int(NOW) + 60 * k
    updates = decode_trip_updates(operators.SerializeToString(), TIMETABLE, NOW)
    laid = Overlay.none(TIMETABLE).renewed(updates).timetable
    extra = laid.trip_index["EXTRA"]
    made = replace(snapshot([live(0, 1, at(8, 6))], vehicles({})), timetable=laid)
    message = encode_trip_updates(made, added_as)
    assert faults(FEED, NOW, trip_updates=message) == []
    told = next(e.trip_update for e in message.entity if e.trip_update.trip.trip_id == laid.trip_id[extra])
    # Readers of ADDED are told no timetable: the specification forbids it there.
    scheduled = [stop.arrival.scheduled_time for stop in told.stop_time_update[1:]]
    assert scheduled == ([int(NOW) + 60, int(NOW) + 120] if added_as == "NEW" else [0, 0])
    assert told.trip.schedule_relationship == relationship
    assert [(stop.stop_id, stop.stop_sequence) for stop in told.stop_time_update] == [("s1", 1), ("s2", 2), ("s4", 3)]
    assert told.trip_properties.trip_headsign == "s4"


def test_vehicle_positions_say_what_is_known() -> None:
    message = encode_vehicle_positions(
        snapshot([], vehicles({"at_stop": True}, {"bearing": np.nan, "speed": np.nan, "occupancy": -1}))
    )
    assert faults(FEED, NOW, vehicle_positions=message) == []
    full, sparse = (e.vehicle for e in message.entity)
    assert (full.trip.trip_id, full.stop_id, full.current_stop_sequence) == ("A1", "s2", 20)
    assert full.current_status == gtfs_realtime_pb2.VehiclePosition.STOPPED_AT
    assert (full.position.bearing, full.position.speed, full.occupancy_status) == (45.0, 8.0, 1)
    assert full.occupancy_percentage == 20
    assert sparse.current_status == gtfs_realtime_pb2.VehiclePosition.IN_TRANSIT_TO
    for name in ("bearing", "speed"):
        assert not sparse.position.HasField(name)
    assert not sparse.HasField("occupancy_status")


def test_vehicles_off_their_trip_have_none_and_those_outside_the_area_are_left_out() -> None:
    on_road = vehicles(
        {"state": OFF_ROUTE}, {"state": DEADHEAD}, {"trip": -1, "state": 0}, {"lat": 48.85, "lon": 2.35},
        {"speed": 40.0, "timestamp": NOW + 30, "next_call": 4},
    )  # fmt: skip
    message = encode_vehicle_positions(snapshot([], on_road))
    assert faults(FEED, NOW, vehicle_positions=message) == []
    assert [e.id for e in message.entity] == ["v0", "v1", "v2", "v4"]
    assert [e.vehicle.HasField("trip") for e in message.entity] == [False, False, False, True]
    assert not message.entity[3].vehicle.stop_id


def test_a_vehicle_far_from_the_shape_of_its_trip_is_shown_without_it() -> None:
    shaped = replace(TIMETABLE, line_has_shape=np.ones_like(TIMETABLE.line_has_shape))
    near, far = {"lat": 47.405, "lon": 0.695}, {"lat": 47.405, "lon": 0.699}
    made = replace(snapshot([], vehicles(near, far)), timetable=shaped)
    message = encode_vehicle_positions(made)
    assert faults(FEED, NOW, vehicle_positions=message) == []
    assert [e.vehicle.HasField("trip") for e in message.entity] == [True, False]


def test_an_empty_snapshot_is_a_valid_empty_feed() -> None:
    made = snapshot([])
    updates, positions = encode_trip_updates(made), encode_vehicle_positions(made)
    assert faults(FEED, NOW, trip_updates=updates, vehicle_positions=positions) == []
    assert len(updates.entity) == len(positions.entity) == 0


def test_what_goes_out_can_be_read_back() -> None:
    made = snapshot([live(0, 1, at(8, 6)), live(0, 2, at(8, 11)), live(0, 3, at(8, 16))], vehicles({}), [(1, 0)])
    back = decode_trip_updates(encode_trip_updates(made).SerializeToString(), TIMETABLE, NOW)
    assert back.trip_id.tolist() == ["A2", "A1"]
    assert back.calls.arrival.tolist() == [at(8, 6), at(8, 11), at(8, 16)]
    seen = decode_vehicle_positions(encode_vehicle_positions(made).SerializeToString(), TIMETABLE, NOW)
    assert seen.trip.tolist() == [0]
    assert back.refused == seen.refused == {}


def alert(**changes: Any) -> Alert:
    usual: dict[str, Any] = {
        "alert_id": "1", "cause": "STRIKE", "effect": "NO_SERVICE", "header": {"fr": "Grève", "en": "Strike"},
        "description": {"": "x"}, "url": {}, "active": ((at(8), at(10)),),
        "selectors": (
            Selector(agency_id="tiny", route_id="A", direction_id=0), Selector(route_id="A", stop_id="s2"),
            Selector(trip=TripSelector(trip_id="F1", start_date="20260316", start_time="06:10:00")),
            Selector(route_type=0), Selector(stop_id="station"),
        ),
    }  # fmt: skip
    return Alert(**{**usual, **changes})


def test_alerts_in_force_or_to_come_go_out_and_can_be_read_back() -> None:
    nobody = (Selector(agency_id="other"), Selector(route_id="A", stop_id="gone"))
    said = [
        alert(), alert(alert_id="later", active=((at(20), math.inf),)), alert(alert_id="over", active=((0.0, at(8)),)),
        alert(alert_id="all", active=(), selectors=(Selector(),)), alert(alert_id="nobody", selectors=nobody),
    ]  # fmt: skip
    message = encode_alerts(said, TIMETABLE, at(9))
    assert faults(FEED, at(9), alerts=message) == []
    back = decode_alerts(message.SerializeToString())
    assert [one.alert_id for one in back] == ["1", "later", "all"]
    assert [replace(selector, trip=None) for selector in back[0].selectors] == [
        replace(selector, trip=None) for selector in said[0].selectors
    ]
    assert replace(back[0], selectors=()) == replace(said[0], selectors=())
    assert back[0].selectors[2].trip == TripSelector("F1", "", -1, "20260316", "06:10:00", "UNSCHEDULED")
    everyone = Informed.of(back[2].selectors, TIMETABLE, at(9))
    assert all(everyone.line(route, at(9)) for route in range(len(TIMETABLE.route_id)))


_ROWS = st.tuples(
    st.integers(0, 5), st.integers(0, 1), st.sampled_from([0, 0, 0, 600, 1800]), st.integers(0, 3),
    st.floats(at(7), at(9)), st.sampled_from([LIVE, LIVE, LIVE, SKIPPED, SCHEDULED]),
    st.sampled_from([FROM_VEHICLE, FROM_BLOCK]), st.integers(-1, 2),
)  # fmt: skip


@given(
    st.lists(_ROWS, max_size=30),
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 1)),
        max_size=2,
        unique=True,
    ),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 1), st.integers(0, 1)), max_size=3, unique=True),
    st.lists(st.integers(0, 5), min_size=3, max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_predicted_each_run_is_told_once_and_its_times_run_forwards(
    rows: list[tuple[Any, ...]],
    cancelled: list[tuple[int, int]],
    skipped: list[tuple[int, int, int]],
    driven: list[int],
) -> None:
    # Only runs that the timetable has: headway trips at any start, the exact-times trip at its slots, others unshifted.
    rows = [
        (
            trip,
            day,
            shift if trip == 4 or (trip == 5 and shift != 600) else 0,
            min(call, int(TIMETABLE.trip_calls[trip]) - 1),
            *rest,
        )
        for trip, day, shift, call, *rest in rows
    ]
    # One vehicle a run: of two that share one, only the first is told of.
    vehicle_of: dict[tuple[int, int, int], int] = {}
    rows = [(*row[:VEHICLE], vehicle_of.setdefault(row[: SHIFT + 1], row[VEHICLE])) for row in rows]
    made = snapshot(rows, vehicles(*({"trip": trip} for trip in driven)), cancelled, skipped)
    updates = encode_trip_updates(made)
    names = [entity.id for entity in updates.entity]
    assert len(set(names)) == len(names)
    for entity in updates.entity:
        assert_runs_forwards(entity.trip_update.stop_time_update)
    times = {(row[TRIP], row[DAY], row[SHIFT], row[CALL]) for row in rows if row[STATUS] in (LIVE, SKIPPED)}
    gone = {(int(TIMETABLE.journey_trip[j]), day, int(TIMETABLE.journey_shift_s[j])) for j, day in cancelled}
    expected = {time for time in times if time[:3] not in gone}
    told = sum(len(e.trip_update.stop_time_update) for e in updates.entity)
    # Of a run that is early those before the first that it makes are told too, until they were due.
    not_made = {(row[TRIP], row[DAY], row[SHIFT], row[CALL]) for row in rows if row[STATUS] == SKIPPED} | {
        (int(TIMETABLE.journey_trip[j]), day, int(TIMETABLE.journey_shift_s[j]), k) for j, day, k in skipped
    }
    made_calls = [time for time in expected if time not in not_made]
    left = sum(min(time[CALL] for time in made_calls if time[:3] == run) for run in {time[:3] for time in made_calls})
    assert len(expected) <= told <= len(expected) + len(skipped) + left


def test_calls_are_told_apart_on_days_far_from_each_other() -> None:
    runs = replace(
        ToldCalls.blank(400),
        trip=np.zeros(400, np.int32), service_day=np.arange(400, dtype=np.int32), call=np.zeros(400, np.int32),
    )  # fmt: skip
    assert len(np.unique(runs.key(TIMETABLE))) == 400


def assert_runs_forwards(calls: Sequence[Any]) -> None:
    places = [call.stop_sequence for call in calls]
    assert places == sorted(set(places))
    served = [[getattr(call, name).time for name in ("arrival", "departure") if call.HasField(name)] for call in calls]
    assert [times != [] for times in served] == [call.schedule_relationship != _STOP.SKIPPED for call in calls]
    served = [times for times in served if times]
    assert all(times == sorted(times) for times in served)
    assert all(before[-1] < after[0] for before, after in pairwise(served))
