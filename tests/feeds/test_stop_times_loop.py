"""Stop time updates read from bytes are those that protobuf's own objects tell."""

from __future__ import annotations

import numpy as np
from google.protobuf.message import Message
from google.transit import gtfs_realtime_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.trip_updates.distinct_texts_loop import distinct
from feeds.trip_updates.stop_times_loop import NUMBERS, TEXTS, read

TripUpdate = gtfs_realtime_pb2.TripUpdate
NAN = float("nan")

int32 = st.integers(-(2**31), 2**31 - 1)
texts = st.text(max_size=6) | st.just("stop") | st.just("")


def events() -> st.SearchStrategy[TripUpdate.StopTimeEvent]:
    times = st.integers(-(2**63), 2**63 - 1)
    return st.builds(
        TripUpdate.StopTimeEvent, delay=st.none() | int32, time=st.none() | times, uncertainty=st.none() | int32,
        scheduled_time=st.none() | times,
    )  # fmt: skip


def calls() -> st.SearchStrategy[TripUpdate.StopTimeUpdate]:
    kinds = st.builds(
        TripUpdate.StopTimeUpdate.StopTimeProperties, assigned_stop_id=st.none() | texts,
        stop_headsign=st.none() | texts, pickup_type=st.none() | st.integers(0, 3),
        drop_off_type=st.none() | st.integers(0, 3),
    )  # fmt: skip
    return st.builds(
        TripUpdate.StopTimeUpdate, stop_sequence=st.none() | st.integers(0, 2**32 - 1), stop_id=st.none() | texts,
        arrival=st.none() | events(), departure=st.none() | events(), stop_time_properties=st.none() | kinds,
        schedule_relationship=st.none() | st.integers(0, 3),
        departure_occupancy_status=st.none() | st.integers(0, 5),
    )  # fmt: skip


def updates() -> st.SearchStrategy[TripUpdate]:
    trip = st.builds(gtfs_realtime_pb2.TripDescriptor, trip_id=texts)
    return st.builds(
        TripUpdate, trip=trip, delay=st.none() | int32, timestamp=st.none() | st.integers(0, 2**64 - 1),
        stop_time_update=st.lists(calls(), max_size=4),
    )  # fmt: skip


def told(owner: int, call: TripUpdate.StopTimeUpdate) -> list[float]:
    """The columns of one update, as protobuf's objects tell them."""

    def given_in(part: Message, name: str) -> float:
        return float(getattr(part, name)) if part.HasField(name) else NAN

    arrival, departure, kinds = call.arrival, call.departure, call.stop_time_properties
    return [
        owner, given_in(call, "stop_sequence"), call.schedule_relationship,
        *(given_in(event, name) for event in (arrival, departure) for name in ("time", "delay", "scheduled_time")),
        max(arrival.uncertainty, departure.uncertainty, 0),
        given_in(kinds, "pickup_type"), given_in(kinds, "drop_off_type"),
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(updates(), max_size=4))
def test_what_is_read_from_the_bytes_is_what_the_objects_tell(messages: list[TripUpdate]) -> None:
    written = [message.SerializePartialToString() for message in messages]
    joined = b"".join(written)
    data, ends = np.frombuffer(joined, np.uint8), np.cumsum([len(part) for part in written], dtype=np.int64)
    each = [(owner, call) for owner, message in enumerate(messages) for call in message.stop_time_update]
    numbers, spans = read(data, ends, len(each))
    expected = np.array([told(owner, call) for owner, call in each]).reshape(-1, len(NUMBERS))
    np.testing.assert_array_equal(numbers, expected)
    for nth, name in enumerate(TEXTS):
        which, first = distinct(data, np.ascontiguousarray(spans[:, nth]))
        words = [joined[begin:end].decode() for begin, end in first.tolist()]
        assert len(set(words)) == len(words)
        assert [words[place] for place in which.tolist()] == [
            {
                "stop": call.stop_id,
                "assigned": call.stop_time_properties.assigned_stop_id,
                "headsign": call.stop_time_properties.stop_headsign,
            }[name]
            for _, call in each
        ]
