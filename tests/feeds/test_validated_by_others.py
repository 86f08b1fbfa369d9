"""What we serve is found sound by a validator of others: the demo town at eight, over HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.app import create_app
from api.service import demo
from api.service.settings import read_settings
from feeds.simulator import Simulator
from tests.feeds.validated import faults

DAY = date(2026, 11, 24)


def test_a_validator_of_others_finds_no_error_in_our_feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "WARM_UP_S", 300.0)
    town = Simulator()
    monday = DAY - timedelta(days=DAY.weekday())
    town.write_gtfs(tmp_path / "gtfs.zip", monday - timedelta(weeks=1), 28)
    service = demo.demo_service(read_settings(), today=DAY, simulator=town)
    client = TestClient(create_app(service))

    def served(name: str) -> FeedMessage:
        message = FeedMessage.FromString(client.get(f"/gtfs-rt/{name}").content)
        assert message.entity, name
        return message

    feed = client.get("/gtfs.zip").content
    assert feed == (tmp_path / "gtfs.zip").read_bytes()
    assert not faults(
        feed,
        service.clock.now(),
        trip_updates=served("trip-updates"),
        vehicle_positions=served("vehicle-positions"),
        alerts=served("alerts"),
        ignore_shapes=True,
    )
