"""The operator's TripUpdates: every relationship, delays made absolute, and every fault counted and survived."""

from __future__ import annotations

import numpy as np
import pytest
from google.transit import gtfs_realtime_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.errors import FeedError
from feeds.trip_updates.decoding import decode_trip_updates
from predictor.trip_updates import (
    STOP_NO_DATA,
    STOP_SCHEDULED,
    STOP_SKIPPED,
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_DUPLICATED,
    TRIP_NEW,
    TRIP_SCHEDULED,
    TRIP_UNSCHEDULED,
    TripUpdates,
)
from tests.feeds.tiny_network import MONDAY_0H, at, tiny_network

TIMETABLE = tiny_network()
NOW = at(8, 5)
TRIP = gtfs_realtime_pb2.TripDescriptor
STOP = gtfs_realtime_pb2.TripUpdate.StopTimeUpdate


class Feed:
    """A message being written."""

    def __init__(self) -> None:
        self.message = gtfs_realtime_pb2.FeedMessage()
        self.message.header.gtfs_realtime_version = "2.0"
        self.message.header.timestamp = int(NOW)

    def trip(self, trip_id: str, **descriptor: object) -> gtfs_realtime_pb2.TripUpdate:
        update = self.message.entity.add(id=str(len(self.message.entity))).trip_update
        update.trip.trip_id = trip_id
        for name, value in descriptor.items():
            setattr(update.trip, name, value)
        return update

    def decode(self) -> TripUpdates:
        return decode_trip_updates(self.message.SerializeToString(), TIMETABLE, NOW)


def stops(updates: TripUpdates, row: int = 0) -> list[tuple[str, int, float, float, int]]:
    """(stop, sequence, arrival, departure, relationship) of one trip; times in seconds after Monday 0 h."""
    calls = updates.calls.take(updates.calls_of(row))
    return [
        (str(TIMETABLE.stop_id[stop]), sequence, arrival - MONDAY_0H, departure - MONDAY_0H, relationship)
        for stop, sequence, arrival, departure, relationship in zip(
            calls.stop.tolist(), calls.stop_sequence.tolist(), calls.arrival.tolist(),
            calls.departure.tolist(), calls.stop_relationship.tolist(), strict=True,
        )
    ]  # fmt: skip


H8 = 8 * 3600


def test_a_delay_becomes_a_time_and_holds_for_the_stops_after_it() -> None:
    feed = Feed()
    update = feed.trip("A1", start_date="20260316").stop_time_update.add(stop_sequence=20)
    update.departure.delay = 90
    decoded = feed.decode()
    assert stops(decoded) == [
        ("s2", 20, H8 + 300 + 90, H8 + 320 + 90, STOP_SCHEDULED),
        ("s3", 30, H8 + 600 + 90, H8 + 620 + 90, STOP_SCHEDULED),
        ("s4", 40, H8 + 900 + 90, H8 + 900 + 90, STOP_SCHEDULED),
    ]
    assert decoded.refused == {}


def test_an_absolute_time_is_taken_as_it_is_and_its_delay_carried_on() -> None:
    feed = Feed()
    update = feed.trip("A1", start_date="20260316").stop_time_update.add(stop_id="s3")
    update.arrival.time, update.arrival.delay = int(MONDAY_0H + H8 + 660), 5
    assert [row[:3] for row in stops(feed.decode())] == [("s3", 30, H8 + 660), ("s4", 40, H8 + 960)]


def test_the_next_stop_named_ends_a_delay_and_no_data_ends_it_for_good() -> None:
    feed = Feed()
    trip = feed.trip("A1", start_date="20260316")
    trip.stop_time_update.add(stop_id="s1").departure.delay = 60
    trip.stop_time_update.add(stop_id="s3", schedule_relationship=STOP.NO_DATA)
    decoded = stops(feed.decode())
    assert [(row[0], row[2], row[4]) for row in decoded] == [
        ("s1", H8 + 60, STOP_SCHEDULED),
        ("s2", H8 + 360, STOP_SCHEDULED),
        ("s3", pytest.approx(np.nan, nan_ok=True), STOP_NO_DATA),
    ]


def test_a_skipped_stop_has_no_time_and_the_delay_passes_over_it() -> None:
    feed = Feed()
    trip = feed.trip("A1", start_date="20260316")
    trip.stop_time_update.add(stop_sequence=20).arrival.delay = 30
    trip.stop_time_update.add(stop_sequence=30, schedule_relationship=STOP.SKIPPED).arrival.delay = 500
    decoded = stops(feed.decode())
    assert [row[4] for row in decoded] == [STOP_SCHEDULED, STOP_SKIPPED, STOP_SCHEDULED]
    assert np.isnan(decoded[1][2])
    assert decoded[2][2] == H8 + 930


def test_the_delay_of_a_whole_trip_holds_where_no_stop_says_otherwise() -> None:
    feed = Feed()
    trip = feed.trip("A1", start_date="20260316")
    trip.delay = 45
    assert [row[2] for row in stops(feed.decode())] == [H8 + 45, H8 + 345, H8 + 645, H8 + 945]
    trip.stop_time_update.add(stop_sequence=30).arrival.delay = 0
    assert [row[2] for row in stops(feed.decode())] == [H8 + 45, H8 + 345, H8 + 600, H8 + 900]


def test_without_start_date_the_nearest_service_day_is_taken() -> None:
    feed = Feed()
    feed.trip("A1").stop_time_update.add(stop_sequence=10).departure.delay = 0
    decoded = feed.decode()
    assert decoded.service_day.tolist() == [0]
    assert stops(decoded)[0][3] == H8
    after_midnight = at(24 + 1, 15)
    feed.message.header.timestamp = int(after_midnight)
    feed.message.entity[0].trip_update.trip.trip_id = "NIGHT"
    late = decode_trip_updates(feed.message.SerializeToString(), TIMETABLE, after_midnight)
    assert late.calls.departure[0] == at(25, 10)


def test_cancelled_and_deleted_trips_have_no_updates() -> None:
    feed = Feed()
    for trip_id, relationship in (("A1", TRIP.CANCELED), ("A2", TRIP.DELETED)):
        trip = feed.trip(trip_id, start_date="20260316", schedule_relationship=relationship)
        trip.stop_time_update.add(stop_sequence=10).departure.delay = 5
    decoded = feed.decode()
    assert decoded.relationship.tolist() == [TRIP_CANCELED, TRIP_DELETED]
    assert decoded.update_ptr.tolist() == [0, 0, 0]


def test_an_added_trip_brings_its_own_stops() -> None:
    feed = Feed()
    trip = feed.trip("EXTRA", route_id="A", schedule_relationship=TRIP.NEW)
    trip.trip_properties.trip_headsign = "Stade"
    trip.vehicle.id = "v9"
    for k, stop in enumerate(("s1", "s4", "nowhere")):
        trip.stop_time_update.add(stop_id=stop).arrival.time = int(NOW) + 60 * k
    decoded = feed.decode()
    assert decoded.relationship.tolist() == [TRIP_NEW]
    assert decoded.trip.tolist() == [-1]
    assert decoded.own_calls.tolist() == [True]
    assert decoded.trip_id.tolist() == ["EXTRA"]
    assert decoded.headsign.tolist() == ["Stade"]
    assert decoded.vehicle_id.tolist() == ["v9"]
    assert TIMETABLE.route_id[decoded.route[0]] == "A"
    assert [(row[0], row[1]) for row in stops(decoded)] == [("s1", 1), ("s4", 2)]
    assert decoded.refused == {"unknown_stop": 1}


def test_an_added_trip_that_the_timetable_runs_is_that_trip() -> None:
    feed = Feed()
    feed.trip("A1", start_date="20260316", schedule_relationship=TRIP.ADDED)
    feed.trip("A2", start_date="20260318", schedule_relationship=TRIP.ADDED)
    decoded = feed.decode()
    assert decoded.relationship.tolist() == [TRIP_SCHEDULED, TRIP_ADDED]
    assert decoded.own_calls.tolist() == [False, True], "on a day on which it does not run it is one more"
    own = decoded.calls.scheduled_departure[decoded.update_ptr[1] :] - MONDAY_0H
    assert own.tolist() == [2 * 86400 + 9 * 3600 + s for s in (0, 320, 620, 900)]
    assert decoded.refused == {"added_trip_in_timetable": 1}


def test_a_duplicated_trip_copies_another_at_its_own_time() -> None:
    feed = Feed()
    trip = feed.trip("A1", start_date="20260316", schedule_relationship=TRIP.DUPLICATED)
    trip.trip_properties.trip_id = "A1-copy"
    trip.trip_properties.start_date, trip.trip_properties.start_time = "20260316", "08:30:00"
    trip.stop_time_update.add(stop_sequence=20).arrival.delay = 10
    feed.trip("A1", start_date="20260316").stop_time_update.add(stop_sequence=20).arrival.delay = 10
    decoded = feed.decode()
    assert decoded.relationship.tolist() == [TRIP_DUPLICATED, TRIP_SCHEDULED]
    assert decoded.trip_id.tolist() == ["A1-copy", "A1"]
    assert decoded.trip.tolist() == [TIMETABLE.trip_index["A1"]] * 2
    assert [row[2] for row in stops(decoded, 0)] == [pytest.approx(np.nan, nan_ok=True), 30910, 31210, 31510]
    assert stops(decoded, 1)[0][2] == H8 + 310


def test_trips_run_by_headway_count_from_their_own_start() -> None:
    feed = Feed()
    trip = feed.trip("F1", start_date="20260316", start_time="08:07:00", schedule_relationship=TRIP.UNSCHEDULED)
    trip.stop_time_update.add(stop_sequence=20).arrival.delay = 0
    feed.trip("F1", start_date="20260316").stop_time_update.add(stop_sequence=20).arrival.delay = 0
    decoded = feed.decode()
    assert decoded.relationship.tolist() == [TRIP_UNSCHEDULED, TRIP_SCHEDULED]
    assert stops(decoded, 0)[0][2] == H8 + 420 + 420
    assert np.isnan(stops(decoded, 1)[0][2])
    assert decoded.refused == {"delay_without_schedule": 1}


def test_the_runs_of_an_exact_times_trip_are_told_apart() -> None:
    feed = Feed()
    for start in ("07:00:00", "07:30:00"):
        feed.trip("X1", start_date="20260316", start_time=start).stop_time_update.add(stop_id="s1").arrival.delay = 0
    decoded = feed.decode()
    assert [stops(decoded, row)[0][2] for row in (0, 1)] == [7 * 3600 + 420, 7 * 3600 + 1800 + 420]


def test_a_stop_served_twice_is_told_apart_by_sequence_or_taken_last() -> None:
    feed = Feed()
    trip = feed.trip("B1", start_date="20260316")
    trip.stop_time_update.add(stop_id="s1").arrival.delay = 10
    assert [(row[0], row[1]) for row in stops(feed.decode())] == [("s1", 30)]
    trip.stop_time_update[0].stop_sequence = 10
    assert [row[1] for row in stops(feed.decode())] == [10, 20, 30]
    trip.ClearField("stop_time_update")
    for stop in ("s1", "s5", "s1"):
        trip.stop_time_update.add(stop_id=stop).arrival.delay = 10
    assert [(row[0], row[1]) for row in stops(feed.decode())] == [("s1", 10), ("s5", 20), ("s1", 30)]


def test_a_platform_change_keeps_the_call_and_names_the_new_stop() -> None:
    feed = Feed()
    update = feed.trip("A1", start_date="20260316").stop_time_update.add(stop_sequence=20, stop_id="s2")
    update.arrival.delay = 0
    update.stop_time_properties.assigned_stop_id = "s5"
    decoded = feed.decode()
    assert [row[0] for row in stops(decoded)] == ["s1", "s5", "s3", "s4"]
    assert stops(decoded)[1][:3] == ("s5", 20, H8 + 300)
    assert decoded.own_times.tolist() == [True]


def test_where_sequence_and_stop_disagree_the_stop_is_believed() -> None:
    feed = Feed()
    feed.trip("A1", start_date="20260316").stop_time_update.add(stop_sequence=10, stop_id="s3").arrival.delay = 0
    decoded = feed.decode()
    assert stops(decoded)[0][:2] == ("s3", 30)
    assert decoded.refused == {"stop_sequence_mismatch": 1}


def test_updates_out_of_order_are_put_in_stop_order() -> None:
    feed = Feed()
    trip = feed.trip("A1", start_date="20260316")
    for sequence in (40, 20, 30):
        trip.stop_time_update.add(stop_sequence=sequence).arrival.delay = 0
    assert [row[1] for row in stops(feed.decode())] == [20, 30, 40]


def test_faults_are_counted_and_the_rest_is_kept() -> None:
    feed = Feed()
    feed.trip("")
    feed.trip("nowhere", route_id="nowhere")
    feed.message.entity.add(id="gone", is_deleted=True)
    feed.trip("A1", start_date="2026", start_time="soon")
    trip = feed.trip("A2", start_date="20260316")
    trip.stop_time_update.add(stop_sequence=99).arrival.delay = 1
    trip.stop_time_update.add(stop_sequence=10).departure.delay = 999_999
    trip.stop_time_update.add(stop_sequence=20).arrival.time = 12345
    trip.stop_time_update.add(stop_sequence=30).arrival.delay = 7
    trip.stop_time_update.add(stop_sequence=30).arrival.delay = 8
    feed.trip("A2", start_date="20260316").CopyFrom(trip)
    decoded = feed.decode()
    assert decoded.refused == {
        "deleted_entity": 1, "delay_out_of_range": 2, "duplicate_stop_time_update": 1,
        "duplicate_trip": 1, "start_date_malformed": 1, "start_time_malformed": 1, "stop_not_in_trip": 1,
        "time_out_of_range": 2, "trip_id_missing": 1, "unknown_route": 1, "unknown_trip": 1,
    }  # fmt: skip
    assert decoded.trip_id.tolist() == ["A1", "A2"]
    assert [row[2] for row in stops(decoded, 1) if row[1] == 30] == [9 * 3600 + 608]


def test_a_message_without_trips_is_empty_and_bytes_that_are_none_are_refused() -> None:
    assert len(Feed().decode()) == 0
    with pytest.raises(FeedError, match=r"trip updates: .* HTML"):
        decode_trip_updates(b"<html>", TIMETABLE, NOW)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A1", "B1", "F1", "X1", "ghost"]),
            st.sampled_from(["", "20260316", "20260317", "19990101"]),
            st.sampled_from(["", "07:30:00", "26:00:00"]),
            st.sampled_from(TRIP.ScheduleRelationship.values()),
            st.lists(
                st.tuples(
                    st.sampled_from([None, 10, 20, 30, 40, 77]),
                    st.sampled_from(["", "s1", "s2", "s5", "ghost"]),
                    st.sampled_from(STOP.ScheduleRelationship.values()),
                    st.one_of(st.none(), st.integers(-900, 900)),
                    st.one_of(st.none(), st.integers(-(2**31), 2**31)),
                ),
                max_size=5,
            ),
        ),
        max_size=6,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_message_gives_arrays_that_keep_the_contract(
    trips: list[tuple[str, str, str, int, list[tuple[int | None, str, int, int | None, int | None]]]],
) -> None:
    feed = Feed()
    for trip_id, date, time, relationship, updates in trips:
        trip = feed.trip(trip_id, start_date=date, start_time=time, schedule_relationship=relationship)
        for sequence, stop, stop_relationship, delay, when in updates:
            update = trip.stop_time_update.add(stop_id=stop)
            update.schedule_relationship = stop_relationship  # type: ignore[assignment]
            if sequence is not None:
                update.stop_sequence = sequence
            if delay is not None:
                update.arrival.delay = delay
            if when is not None:
                update.departure.time = when
    decoded = feed.decode()
    n, calls = len(decoded), decoded.calls
    assert decoded.update_ptr[0] == 0
    assert decoded.update_ptr[-1] == len(calls)
    assert (np.diff(decoded.update_ptr) >= 0).all()
    empty = TripUpdates.empty(NOW)
    for name in ("trip", "relationship"):
        assert len(getattr(decoded, name)) == n
        assert getattr(decoded, name).dtype == getattr(empty, name).dtype
    for name in ("stop", "arrival", "stop_relationship"):
        assert len(getattr(calls, name)) == len(calls)
        assert getattr(calls, name).dtype == getattr(empty.calls, name).dtype
    for row in np.flatnonzero(decoded.trip >= 0).tolist():
        sequence_of = calls.stop_sequence[decoded.calls_of(row)]
        assert (np.diff(sequence_of) > 0).all()
        assert decoded.own_calls[row] or np.isin(sequence_of, TIMETABLE.stop_sequence).all()
    assert (calls.stop >= 0).all()
    assert (np.isnan(calls.arrival) == np.isnan(calls.departure)).all()
    assert not (calls.departure < calls.arrival).any()
    for times in (calls.arrival, calls.departure):
        assert not (np.abs(times - NOW) > 4 * 86400).any()
