"""What days teach one by one is not lost where it is put together."""

from __future__ import annotations

from pathlib import Path

from google.transit import gtfs_realtime_pb2

from api.command.learning import learn
from predictor.timetable import DAY_S
from tests.feeds.small_feed import STOP_TIMES, calls, place, posix, stops, write_feed

EIGHT = posix(2026, 3, 2, 8)
SPACING_M, PACE_M_S = 1500.0, 12.5


def test_links_between_stops_that_are_driven_in_another_order_are_known(tmp_path: Path) -> None:
    road = stops(A=(0, 0), B=(SPACING_M, 0), C=(2 * SPACING_M, 0), D=(3 * SPACING_M, 0))
    times = STOP_TIMES + calls("t1", "08:00:00", "08:00:31", "08:04:00", "08:08:01", stops="ACBD")
    write_feed(tmp_path / "gtfs.zip", stops=road, stop_times=times)
    for day in range(3):
        for after in range(-60, 480, 30):
            at = EIGHT + day * DAY_S + after
            message = gtfs_realtime_pb2.FeedMessage()
            message.header.gtfs_realtime_version, message.header.timestamp = "2.0", int(at)
            report = message.entity.add(id="12").vehicle
            report.vehicle.id, report.trip.trip_id, report.timestamp = "12", "t1", int(at)
            where = place(min(max(after * PACE_M_S, 0.0), 3 * SPACING_M)).split(",")
            report.position.latitude, report.position.longitude = map(float, where)
            (tmp_path / f"vehicle_positions_{int(at)}.pb").write_bytes(message.SerializeToString())
    learned, counts = learn(tmp_path, every=60.0, progress=False)
    assert counts["links driven the other way round"] == 1
    assert set(learned.travel_times["link"].tolist()) == {"A\nB", "B\nC", "C\nD"}
