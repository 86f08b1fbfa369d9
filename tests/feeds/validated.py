"""What gtfs-rt-validator, which has MobilityData's rules and those of the specification, says of messages of ours."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor
from gtfs_rt_validator.api import Mode, PreparedFeed, Request, prepare_feed, resolve_roles, validate

_NONE_OF_OURS = {
    "W002": "a run that no vehicle drives yet names none",
    "P005": "how old reports are is the operator's matter",
    "W003": "nor does each vehicle have predictions: some have come to their last stop",
    "P008": "a vehicle that reaches its last stop in this very second is told",
    "P007": "of a run told to skip a stop, the stops that it serves need not be told",
    "S024": "ADDED is for readers who do not know NEW yet",
    "S025": "and who know no other period than active_period",
}

_TOWN_BYTES = 100_000


def faults(
    feed: bytes,
    now: float,
    *,
    trip_updates: FeedMessage | None = None,
    vehicle_positions: FeedMessage | None = None,
    alerts: FeedMessage | None = None,
    ignore_shapes: bool = False,
) -> list[str]:
    """Errors and warnings of all rules, each beginning with its id; empty where all is well. `feed`: the GTFS zip;
    `ignore_shapes`: of vehicles far from their shapes nothing is said, which saves drawing bands around all of them."""
    named = frozenset(
        trip.trip_id
        for message in (trip_updates, vehicle_positions)
        for entity in (message.entity if message else ())
        for trip in (entity.trip_update.trip, entity.vehicle.trip)
    )
    messages = {"tu": trip_updates, "vp": vehicle_positions, "sa": alerts}
    said = {f"http://{role}": each.SerializeToString() for role, each in messages.items() if each is not None}
    found = validate(
        Request(
            mode=Mode.MODERN,
            gtfs=_prepared(_with_the_calls_of(named, feed), ignore_shapes),
            inputs=resolve_roles({url.removeprefix("http://"): url for url in said}, fetch=said.__getitem__),
            at=datetime.fromtimestamp(now, UTC),
            ignore_shapes=ignore_shapes,
        )
    )
    assert found.run.messages_validated == len(said)
    # The rules know ADDED alone, and no scheduled time of a call that is not predicted.
    new = tuple(
        f"{rule} trip_id {entity.trip_update.trip.trip_id}"
        for entity in (trip_updates.entity if trip_updates else ())
        if entity.trip_update.trip.schedule_relationship in (TripDescriptor.NEW, TripDescriptor.REPLACEMENT)
        for rule in ("E003", "E042", "E044")
    )
    return [
        f"{fault.rule_id} {fault.prefix}"
        for fault in found.run.notices.in_order()
        if fault.rule_id not in _NONE_OF_OURS and not f"{fault.rule_id} {fault.prefix}".startswith(new)
    ]


@lru_cache(maxsize=8)
def _with_the_calls_of(trip_ids: frozenset[str], feed: bytes) -> bytes:
    """The zip, of a town with no other trips' stop times: reading all of them takes the validator long."""
    if len(feed) < _TOWN_BYTES:
        return feed
    made = BytesIO()
    with ZipFile(BytesIO(feed)) as archive, ZipFile(made, "w") as smaller:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "stop_times.txt":
                header, *rows = content.splitlines(keepends=True)
                assert header.startswith(b"trip_id,")
                content = header + b"".join(row for row in rows if row.split(b",", 1)[0].decode() in trip_ids)
            smaller.writestr(name, content)
    return made.getvalue()


@lru_cache(maxsize=8)
def _prepared(feed: bytes, ignore_shapes: bool) -> PreparedFeed:
    """Reading a feed takes by far the longest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gtfs.zip"
        path.write_bytes(feed)
        return prepare_feed(path, mode=Mode.MODERN, ignore_shapes=ignore_shapes)
