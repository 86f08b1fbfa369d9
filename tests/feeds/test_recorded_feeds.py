"""The real recordings: what was recorded is read whole, and a validator has nothing to say to what we tell of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from feeds.gtfs_realtime.trip_updates import encode_trip_updates
from feeds.gtfs_realtime.vehicle_positions import encode_vehicle_positions
from feeds.recordings.recording import Recording, open_recording
from feeds.timetable import load_timetable
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.engine import Engine
from predictor.timetable import Timetable
from tests.feeds.validated import faults

DATA = Path(__file__).parents[2].parent / "shared" / "data"
NETWORKS = {
    "wmata-2026-02-16": 1771263000.0,
    "pvta-2015": 1447761600.0,
    "stib-tram55-2025": 1742284800.0,
    "capmetro-2016": 1480089600.0,
}
"""A moment of a busy day of each."""

pytestmark = [
    pytest.mark.recording,
    # Each network is opened once for all.
    pytest.mark.xdist_group("recorded networks"),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded feeds are not there ({DATA})"),
]


@lru_cache(maxsize=len(NETWORKS))
def network(name: str) -> tuple[Timetable, Recording]:
    timetable = load_timetable(DATA / name / "gtfs.zip").timetable
    return timetable, open_recording(DATA / name, timetable)


@pytest.mark.parametrize(("name", "now"), NETWORKS.items())
def test_reports_are_resolved_against_the_timetable(name: str, now: float) -> None:
    timetable, recording = network(name)
    seen = recording.observations_at(now)
    assert len(seen) >= 10
    assert ((seen.timestamp <= now) & (seen.timestamp >= now - 900)).all()
    assert seen.feed_timestamp >= now - 300
    named = seen.trip >= 0
    assert named.mean() > 0.6
    route = timetable.trip_route[seen.trip[named]]
    assert (route == seen.route[named]).mean() > 0.95
    assert not recording.problems
    assert recording.refused.get("position_missing", 0) == 0


def test_wmata_messages_and_parquet_tell_the_same() -> None:
    name = "wmata-2026-02-16"
    timetable, recording = network(name)
    messages = open_recording(DATA / name / "vehicle_positions.pb.zip", timetable)
    now = NETWORKS[name]
    theirs, ours = messages.observations_at(now), recording.observations_at(now)
    both, i, j = np.intersect1d(theirs.vehicle_id, ours.vehicle_id, return_indices=True)
    assert len(both) >= 0.9 * len(ours)
    same = theirs.timestamp[i] == ours.timestamp[j]
    # A report is in the Parquet from when it was measured, in a message from when it was polled.
    assert same.mean() > 0.3
    for field in ("trip", "route", "stop", "stop_sequence", "start_time_s", "service_date", "occupancy"):
        np.testing.assert_array_equal(getattr(theirs, field)[i[same]], getattr(ours, field)[j[same]], field)
    np.testing.assert_allclose(theirs.lat[i[same]], ours.lat[j[same]], atol=1e-5)


def test_a_whole_day_of_pvta_is_played_in_frames() -> None:
    _, recording = network("pvta-2015")
    start = 1447736400.0  # 2015-11-17 00:00 in Massachusetts
    frames = reports = fresh = 0
    last: dict[str, float] = {}
    for now, reading in recording.frames(start, start + 86_400, 300):
        seen = reading.observations
        assert seen.received_at == now
        frames += 1
        reports += len(seen)
        fresh += sum(
            last.get(name) != at for name, at in zip(seen.vehicle_id.tolist(), seen.timestamp.tolist(), strict=True)
        )
        last.update(zip(seen.vehicle_id.tolist(), seen.timestamp.tolist(), strict=True))
    assert frames == 288
    assert len(last) > 100
    assert 5_000 < fresh <= reports


@pytest.mark.parametrize(("name", "now"), NETWORKS.items())
def test_a_validator_has_nothing_to_say_to_what_we_tell_of_a_real_network(name: str, now: float) -> None:
    timetable, recording = network(name)
    engine = Engine(timetable)
    for at, reading in recording.frames(now - 900, now + 1, 30):
        snapshot = engine.step(reading.observations, at, reading.trip_updates)
    updates, positions = encode_trip_updates(snapshot), encode_vehicle_positions(snapshot)
    assert len(updates.entity) >= 5
    assert len(positions.entity) >= 10
    feed = (DATA / name / "gtfs.zip").read_bytes()
    assert faults(feed, at, trip_updates=updates, vehicle_positions=positions) == []
    ends = [
        max(max(call.arrival.time, call.departure.time) for call in entity.trip_update.stop_time_update)
        for entity in updates.entity
        if any(call.HasField("arrival") or call.HasField("departure") for call in entity.trip_update.stop_time_update)
    ]
    assert min(ends) >= int(at), "nothing is told of runs that are over"
    back = decode_vehicle_positions(positions.SerializeToString(), timetable, at)
    assert len(back) == len(positions.entity)
    assert set(back.refused) <= {"timestamp_stale"}
