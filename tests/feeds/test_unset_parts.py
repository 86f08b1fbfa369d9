"""A message is asked for no part that it does not have: see `feeds.messages.unset_parts`."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from google.transit import gtfs_realtime_pb2

from feeds.trip_updates.entities import read_entities
from feeds.vehicle_positions.reports import reports_of
from tests.feeds.tiny_network import tiny_network

_TOLD = 1_700_000_000


class _AskedForWhatIsThere:
    """A message that refuses to give parts that it does not have."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __getattr__(self, name: str) -> Any:
        message = self._message
        field = message.DESCRIPTOR.fields_by_name.get(name)
        value = getattr(message, name) if field is None or field.message_type is None else None
        if value is not None or field is None:
            return value
        if field.is_repeated:
            parts = list(getattr(message, name))
            assert parts or name in ("entity", "stop_time_update"), f"{name} asked for"
            return [_AskedForWhatIsThere(part) for part in parts]
        assert message.HasField(name), f"{name} asked for"
        return _AskedForWhatIsThere(getattr(message, name))


def _strict(message: gtfs_realtime_pb2.FeedMessage) -> gtfs_realtime_pb2.FeedMessage:
    return cast(gtfs_realtime_pb2.FeedMessage, _AskedForWhatIsThere(message))


@pytest.mark.parametrize("full", [False, True])
def test_reports_are_read_without_parts_that_they_do_not_have(full: bool) -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    report = message.entity.add(id="1").vehicle
    report.timestamp = _TOLD
    if full:
        report.trip.trip_id, report.vehicle.id, report.position.latitude = "t", "v", 47.0
        carriage = report.multi_carriage_details.add()
        carriage.occupancy_percentage = 40
    reports, _, _ = reports_of(_strict(message))
    assert len(reports) == 1
    assert reports.text["vehicle_id"] == (["v"] if full else [""])
    assert (reports.number["occupancy_percentage"] == 40).tolist() == [full]


@pytest.mark.parametrize("full", [False, True])
def test_trip_updates_are_read_without_parts_that_they_do_not_have(full: bool) -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    update = message.entity.add(id="1").trip_update
    update.trip.trip_id = "t"
    stop = update.stop_time_update.add(stop_sequence=1)
    if full:
        update.vehicle.id, stop.arrival.time, stop.stop_time_properties.stop_headsign = "v", _TOLD, "Centre"
    entities, updates = read_entities(_strict(message), tiny_network(), float(_TOLD), Counter())
    assert entities.words[0][0] == "t"
    assert updates.headsign.tolist() == (["Centre"] if full else [""])
