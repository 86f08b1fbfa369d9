"""What we serve is found sound by a validator of others: gtfs-rt-validator, on the demo town at eight."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from gtfs_rt_validator.api import Mode, Request, resolve_roles, validate

from api.app import create_app
from api.service import demo
from api.service.settings import read_settings
from feeds.simulator import Simulator

DAY = date(2026, 11, 24)
ROLES = {"tu": "trip-updates", "vp": "vehicle-positions", "sa": "alerts"}


def test_a_validator_of_others_finds_no_error_in_our_feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "WARM_UP_S", 300.0)
    town = Simulator()
    monday = DAY - timedelta(days=DAY.weekday())
    town.write_gtfs(tmp_path / "gtfs.zip", monday - timedelta(weeks=1), 28)
    service = demo.demo_service(read_settings(), today=DAY, simulator=town)
    client = TestClient(create_app(service))
    for role, path in ROLES.items():
        data = client.get(f"/gtfs-rt/{path}").content
        assert len(data) > 100, role
        (tmp_path / f"{role}.pb").write_bytes(data)
    found = validate(
        Request(
            mode=Mode.MODERN,
            gtfs=tmp_path / "gtfs.zip",
            inputs=resolve_roles({role: str(tmp_path / f"{role}.pb") for role in ROLES}),
            at=datetime.fromtimestamp(service.clock.now(), UTC),
            # Buffers around all shapes cost most of the time.
            ignore_shapes=True,
        )
    )
    assert found.run.messages_validated == len(ROLES)
    assert found.error_ids() == ()
    assert client.get("/gtfs.zip").content == (tmp_path / "gtfs.zip").read_bytes()
