"""Whatever kinds of runs an operator has go out in our feeds, and a validator of others finds them sound."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gtfs_rt_validator.api import Mode, Request, resolve_roles, validate

from benchmarks.field.city import City
from benchmarks.field.messages import alert, bus, cancelled, skipped, update
from tests.field.any_day import DATE, NETWORK
from tests.field.test_operators_word import added

FEEDS = {"tu": "trip-updates", "vp": "vehicle-positions", "sa": "alerts"}
UNKNOWN_TO_IT = {
    ("E003", "trip_id X1"),
    ("E045", "GTFS-rt trip_id t3 stop_sequence 3 has stop_id E but GTFS stop_sequence 3 has stop_id C"),
    ("P008", "trip_id t2 has 5 stop_time_updates and none of them predicts an arrival or departure after 1795676640"),
    ("S003", f"trip_id t2 start_date {DATE} has 2 TripUpdate entities"),
}
"""It takes a new run, a replaced one and a duplicate, which GTFS-Realtime names by the trip copied, for the scheduled
trip of that id."""


def found_in(city: City, folder: Path) -> set[tuple[str, str]]:
    """Rules broken, and by what; warnings tell of the operator, but for two."""
    (folder / "gtfs.zip").write_bytes(city.network.feed)
    for role, name in FEEDS.items():
        (folder / f"{role}.pb").write_bytes(city.get(f"/gtfs-rt/{name}").content)
    found = validate(
        Request(
            mode=Mode.MODERN,
            gtfs=folder / "gtfs.zip",
            inputs=resolve_roles({role: str(folder / f"{role}.pb") for role in FEEDS}),
            at=datetime.fromtimestamp(city.now, UTC),
            ignore_shapes=True,
        )
    )
    assert found.run.messages_validated == len(FEEDS)
    told = {(notice.rule_id, notice.prefix) for notice in found.run.notices.in_order()}
    return {(rule, what) for rule, what in told if rule[0] in "ES" or rule in ("W009", "P008")}


def test_a_day_with_every_kind_of_run_is_sound_and_ends(tmp_path: Path) -> None:
    today: dict[str, Any] = {"start_date": DATE}
    city = City(NETWORK, at="07:58")
    city.vehicle_positions(
        bus("v1", "t1", late_s=60), bus("v2", "o1", late_s=0),
        bus("v3", "h1", late_s=0, run_start="08:00", schedule_relationship="UNSCHEDULED"),
    )  # fmt: skip
    city.alerts(alert("Late", {"trip_id": "t1", "trip_start_date": DATE}))
    city.trip_updates(
        added("t3", ("A", "08:20"), ("B", "08:22"), ("E", "08:26"), relationship="REPLACEMENT", **today),
        added("X1", ("A", "08:07"), ("B", "08:09"), ("E", "08:16"), relationship="NEW", **today),
        update("t2", relationship="DUPLICATED", start_time="08:12:00", new_trip_id="t2-b", new_start_date=DATE,
               new_start_time="08:30:00", **today),
        cancelled("x1", start_time="08:15:00", **today),
        update("o1", skipped("S1"), **today),
    ).at("08:04")  # fmt: skip
    told = {(update.message.trip.trip_id, update.relationship) for update in city.our_trip_updates()}
    assert told >= {
        ("t1", "SCHEDULED"), ("h1", "UNSCHEDULED"), ("t3", "REPLACEMENT"), ("X1", "NEW"), ("t2", "DUPLICATED"),
        ("x1", "CANCELED"),
    }  # fmt: skip
    assert len(city.our_alerts()) == 1
    assert found_in(city, tmp_path) == UNKNOWN_TO_IT
    # Times are told of none that is over.
    city.at("08:25", every_s=60.0)
    assert {update.message.trip.trip_id for update in city.our_trip_updates()}.isdisjoint({"t1", "X1"})
    assert {rule for rule, _ in found_in(city, tmp_path)} <= {"E045", "P008", "S003", "S006"}
