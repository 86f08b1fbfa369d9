"""Parts of a message are counted in its bytes as if each message in it were looked into in turn."""

from __future__ import annotations

from random import Random
from typing import cast

import numpy as np
from google.protobuf.descriptor import Descriptor
from google.transit import gtfs_realtime_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.messages.bounds import MAX_PARTS_OF_ENTITY, kinds_inside
from feeds.messages.parts_loop import count_parts

ENTITY = gtfs_realtime_pb2.FeedEntity


def may_repeat(kind: Descriptor) -> bool:
    return any(f.is_repeated or (f.message_type is not None and may_repeat(f.message_type)) for f in kind.fields)


def varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        value |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:
            break
    return value, place


def parts(data: bytes, place: int, end: int, kind: Descriptor) -> int:
    count = 0
    inside = {
        f.number: f.message_type for f in kind.fields if f.message_type is not None and may_repeat(f.message_type)
    }
    while 0 <= place < end:
        tag, place = varint(data, place)
        begin, count = place, count + 1
        if tag & 7 == 2:
            length, begin = varint(data, place)
            place = begin + length
            if tag >> 3 in inside:
                count += parts(data, begin, min(place, end), inside[tag >> 3])
        elif tag & 7 == 0:
            _, place = varint(data, place)
        elif tag & 7 not in (3, 4):
            place = place + {1: 8, 5: 4}[tag & 7] if tag & 7 in (1, 5) else -1
    return count


def an_entity(random: Random) -> bytes:
    entity = ENTITY(id="e")
    for nth in range(random.randrange(6)):
        call = entity.trip_update.stop_time_update.add(stop_sequence=nth, stop_id="s")
        call.arrival.time = random.randrange(2**31)
        call.stop_time_properties.stop_headsign = "x"
        entity.alert.informed_entity.add(route_id="r")
        entity.alert.header_text.translation.add(text="t" * nth)
        entity.vehicle.multi_carriage_details.add(label="c")
    return entity.SerializePartialToString()


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 6))
def test_the_loop_counts_what_a_look_into_each_message_finds(random: Random, damages: int) -> None:
    data = bytearray(an_entity(random))
    for _ in range(damages):
        data[random.randrange(len(data))] = random.randrange(256)
    counted = count_parts(np.frombuffer(bytes(data), np.uint8), 0, len(data), kinds_inside(), 0, MAX_PARTS_OF_ENTITY)
    assert counted == parts(bytes(data), 0, len(data), cast(Descriptor, ENTITY.DESCRIPTOR))
