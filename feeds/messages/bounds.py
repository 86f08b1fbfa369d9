"""Messages that are small as bytes and huge as what they are made of, refused before any of it is made."""

from __future__ import annotations

from functools import cache
from typing import cast

import numpy as np
from google.protobuf.descriptor import Descriptor
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError
from feeds.messages.parts_loop import measure
from predictor.arrays import Int32Array

MAX_ENTITIES = 200_000
"""Several times as many as the feed of any country has: each costs memory, however few bytes it has."""
MAX_ENTITY_BYTES = 2_000_000
"""A run's calls and a shape take thousands of bytes."""
MAX_PARTS_OF_ENTITY = 20_000
"""No run has so many calls and no alert names so many stops."""
MAX_PARTS = 1_000_000
"""Calls, selectors and texts of all entities: several times as many as the feed of any country has."""

_ENTITY = gtfs_realtime_pb2.FeedMessage.ENTITY_FIELD_NUMBER


def refuse_floods(data: bytes, feed: str) -> None:
    """Count the entities of a message and their parts without making them, as far as its bytes can be read.

    Errors: FeedError where there are too many of them, or one entity is too large.
    """
    fields, largest, most, parts = measure(
        np.frombuffer(data, np.uint8), kinds_inside(), _ENTITY, MAX_ENTITIES, MAX_ENTITY_BYTES, MAX_PARTS_OF_ENTITY,
        MAX_PARTS,
    )  # fmt: skip
    if fields > MAX_ENTITIES:
        raise FeedError(f"{feed}: more than {MAX_ENTITIES:,} entities in one message, which is no feed's.")
    if largest > MAX_ENTITY_BYTES:
        raise FeedError(f"{feed}: an entity of {largest / 1e6:.1f} MB; one may have {MAX_ENTITY_BYTES / 1e6:.0f} MB.")
    for found, limit, where in ((most, MAX_PARTS_OF_ENTITY, "entity"), (parts, MAX_PARTS, "message")):
        if found > limit:
            raise FeedError(
                f"{feed}: more than {limit:,} calls, selectors, periods or texts in one {where}, which is no feed's."
            )


@cache
def kinds_inside() -> Int32Array:
    """(kinds, numbers) the kind of message that each field holds, where that may have repeated ones in it, else -1;
    kind 0 is an entity."""
    kinds: list[Descriptor] = [cast(Descriptor, gtfs_realtime_pb2.FeedEntity.DESCRIPTOR)]
    held: list[dict[int, int]] = []
    for kind in kinds:
        inner = {
            field.number: field.message_type
            for field in kind.fields
            if field.message_type is not None and _has_repeated(field.message_type)
        }
        kinds += [held_kind for held_kind in inner.values() if held_kind not in kinds]
        held.append({number: kinds.index(held_kind) for number, held_kind in inner.items()})
    numbers = 1 + max(number for fields in held for number in fields)
    inside: Int32Array = np.full((len(kinds), numbers), -1, np.int32)
    for row, fields in enumerate(held):
        for number, held_index in fields.items():
            inside[row, number] = held_index
    return inside


def _has_repeated(kind: Descriptor) -> bool:
    return any(
        field.is_repeated or (field.message_type is not None and _has_repeated(field.message_type))
        for field in kind.fields
    )
