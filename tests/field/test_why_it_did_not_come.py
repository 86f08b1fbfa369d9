"""What is told afterwards of a bus is what riders were told then, and nothing is claimed that nobody saw.

The kind: the history knew vehicles and cancellations only, so what the operator told otherwise counted as “no vehicle”.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import posix
from benchmarks.field.messages import Bus, StopUpdate, TripUpdate, bus, cancelled, update
from benchmarks.field.network import Call, Frequency, Pattern, Route, Stop, Trip, network, row_of_stops
from feeds.history.store import HistoryStore

TOWN = network(
    (*row_of_stops("A B C D E"), Stop("X", 1200.0, 150.0)), "A B C D E",
    [Trip("t0", "07:30"), Trip("t1", "08:00"), Trip("t2", "09:00")],
)  # fmt: skip
LATE = tuple(StopUpdate(stop, delay=120) for stop in "BCDE")
ON_ITS_WAY = bus("v", "t1", late_s=0)
OTHER = bus("w", "t0", late_s=0)
A_WHILE_S = 240.0
"""From step to step while nothing more comes."""


def why(city: City, stop: str, at: str) -> tuple[str, str | None]:
    """Outcome and cause of t1, as told now and after a restart of all that is in memory."""
    city.remember()
    told = []
    for _ in range(2):
        answer = city.get(f"/v1/stops/{stop}/explain", at=f"2026-11-26T{at}").json()
        told.append([(one["outcome"], one["cause"]) for one in answer["explanations"] if one["trip_id"] == "t1"])
        city.service.history.flush()
    assert told[0] == told[1]
    (one,) = told[0]
    return one


# chihacknight/breakout-groups#217, MobilityData/gtfs-realtime-validator#160: not all buses that run report positions.
@pytest.mark.parametrize(
    ("said", "report", "told"),
    [
        (update("t1", *LATE, vehicle="u"), OTHER, ("not_seen", "trip_not_named")),
        (update("t1", *LATE, vehicle="u"), ON_ITS_WAY, ("on_time", None)),
        (update("t1", relationship="DELETED"), OTHER, ("not_served", "cancelled")),
        (update("t1", StopUpdate("C", delay=0, sequence=3, assigned_stop="X")), ON_ITS_WAY, ("not_served", "detour")),
        (update("t2", *LATE), OTHER, ("not_served", "no_vehicle")),
    ],
)  # fmt: skip
def test_what_the_operator_told_of_a_run_is_not_forgotten(
    said: TripUpdate, report: Bus, told: tuple[str, str | None]
) -> None:
    city = City(TOWN, every_s=60.0).vehicle_positions(report).trip_updates(said).at("08:12")
    city.trip_updates().at("08:40", every_s=A_WHILE_S)
    assert why(city, "C", "08:04") == told


def test_a_bus_that_drives_its_run_as_the_operator_changed_it_came() -> None:
    others = (
        StopUpdate("A", departure="08:10"), StopUpdate("C", arrival="08:14"), StopUpdate("E", arrival="08:18"),
    )  # fmt: skip
    city = City(TOWN, every_s=60.0).trip_updates(update("t1", *others, relationship="REPLACEMENT"))
    city.vehicle_positions(bus("v", "t1", late_s=600)).at("08:30")
    for _ in range(2):
        assert why(city, "C", "08:04")[0] == "late"
        assert why(city, "B", "08:02") == ("not_served", "detour")
        city.trip_updates().at("08:40", every_s=A_WHILE_S)


def test_who_asks_at_the_platform_to_which_a_run_was_moved_is_told_of_it() -> None:
    hub = (Stop(f"P{k}", 600.0, 5.0 * k, parent="S", platform=str(k)) for k in (1, 2))
    stops = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), *hub, Stop("E", 1200.0))
    city = City(network(stops, "A P1 E"), every_s=60.0).vehicle_positions(ON_ITS_WAY)
    moved = StopUpdate("P1", delay=0, sequence=2, assigned_stop="P2")
    city.trip_updates(update("t1", moved, start_date=20261126)).at("08:12").trip_updates().at("08:20")
    assert [why(city, stop, "08:02") for stop in ("P1", "P2", "S")] == [("on_time", None)] * 3


def test_a_run_that_is_cancelled_is_not_awaited_and_one_that_the_operator_told_of_after_all_was_not_cancelled() -> None:
    city = City(TOWN).vehicle_positions(OTHER).trip_updates(cancelled("t1"))
    assert why(city, "C", "08:04") == ("not_served", "cancelled")
    city.at("08:01").trip_updates(update("t1", delay=300, vehicle="u")).at("08:15")
    city.trip_updates().at("08:40", every_s=A_WHILE_S)
    assert why(city, "C", "08:04") == ("not_seen", "trip_not_named")


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_bus_is_judged_by_the_timetable_that_it_drove_by(on_disk: bool, tmp_path: Path) -> None:
    city = (
        City(TOWN, history=HistoryStore(tmp_path if on_disk else None), every_s=60.0)
        .vehicle_positions(ON_ITS_WAY)
        .at("08:20")
    )
    assert why(city, "C", "08:04") == ("on_time", None)
    later = network("A B C D E", trips=[Trip("t1", "08:10"), Trip("t2", "09:00")])
    city.service.offer_timetable(later.timetable)
    city.vehicle_positions().at("08:25")
    assert why(city, "C", "08:04") == ("on_time", None)


def test_on_a_line_by_headway_vehicles_that_the_operator_told_of_are_not_said_to_be_missing() -> None:
    town = network("A B C", trips=[Trip("t1", "08:00"), Trip("t0", "07:30")],
                   frequencies=(Frequency("t1", "07:00", "10:00", 600),))  # fmt: skip
    told = [
        update("t1", StopUpdate("C", arrival=f"08:{m + 4}"), start_time=f"08:{m}:00", start_date=20261126, vehicle="u")
        for m in (10, 20)
    ]
    city = City(town).vehicle_positions(OTHER).trip_updates(*told).at("08:40")
    assert why(city, "B", "08:11") == ("not_seen", "trip_not_named")


def test_of_a_run_that_nobody_reported_what_is_known_is_said_and_no_more() -> None:  # OneBusAway/onebusaway-android#365
    lines = network(
        "A B C D E", (Pattern("main", "A B C D E"), Pattern("other", "A B C", "r2")),
        (Trip("t0", "07:30"), Trip("t1", "08:00"), Trip("u1", "08:01", "other"), Trip("u2", "08:05", "other")),
        routes=(Route("r1", "1"), Route("r2", "2")),
    )  # fmt: skip
    city = City(lines).vehicle_positions(OTHER).trip_updates(cancelled("u2")).at("08:40")
    city.remember()
    told = {one["trip_id"]: one for one in city.json("/v1/stops/C/explain", at="2026-11-26T08:04")["explanations"]}
    assert [(told[trip]["outcome"], told[trip]["cause"]) for trip in ("t1", "u1", "u2")] == [
        ("not_served", "no_vehicle"), ("not_seen", "no_vehicle"), ("not_served", "cancelled")]  # fmt: skip
    assert (
        "As far as we can tell" in told["t1"]["answer"]["en"]
        and "others were seen on the line" in told["t1"]["answer"]["en"]
    )
    assert "We cannot say whether this departure ran" in told["u1"]["answer"]["en"]
    assert [fact["kind"] for trip in ("t1", "u1") for fact in told[trip]["facts"]] == ["line_seen", "line_unseen"]
    headways = network(
        "A B C", (Pattern("main", "A B C"), Pattern("other", "A B C", "r2")),
        (Trip("t0", "07:30"), Trip("u1", "07:00", "other")),
        routes=(Route("r1", "1"), Route("r2", "2")), frequencies=(Frequency("u1", "07:00", "10:00", 600),),
    )  # fmt: skip
    city = City(headways).vehicle_positions(OTHER).at("08:40")
    city.remember()
    (wait,) = city.json("/v1/stops/B/explain", at="2026-11-26T08:11", route="r2")["explanations"]
    assert (wait["outcome"], wait["cause"]) == ("not_seen", "no_vehicle")
    assert "no vehicle reported on this line" in wait["answer"]["en"]


# OneBusAway/onebusaway-application-modules#153: no timetable has the trips that an operator adds.
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_run_that_the_operator_added_is_explained_too(on_disk: bool, tmp_path: Path) -> None:
    calls = tuple(StopUpdate(stop, departure=f"08:1{2 * k}") for k, stop in enumerate("ABCDE"))
    added = [
        update(name, *calls, relationship="ADDED", route_id="r1", start_date=20261126, start_time="08:10:00")
        for name in ("extra", "lost")
    ]
    came = [bus("w", "t0", late_s=0), bus("x", "extra", at="A", start_date=20261126)]
    city = City(TOWN, history=HistoryStore(tmp_path if on_disk else None), at="08:05", every_s=60.0)
    city.trip_updates(*added).vehicle_positions(*came).at("08:10")
    for k, stop in enumerate("BCDE"):
        city.vehicle_positions(bus("x", "extra", at=stop, start_date=20261126), at=f"08:1{2 * k + 2}")
    city.trip_updates().vehicle_positions().at("08:50", every_s=A_WHILE_S)
    for _ in range(2):
        city.remember()
        found = city.get("/v1/stops/C/explain", at="2026-11-26T08:14").json()["explanations"]
        told = {one["trip_id"]: one for one in found}
        assert told["extra"]["outcome"] == "on_time" and told["extra"]["vehicle_id"] == "x"
        assert "line 1 towards" in told["extra"]["answer"]["en"]
        assert told["lost"]["outcome"] in ("not_seen", "not_served")
        city.service.history.flush()
        city.clock.at += 60
        city.step()


def test_a_run_added_under_the_id_of_another_is_explained_as_its_own() -> None:
    again = {"start_time": "08:10:00", "start_date": 20261126}
    copy = update("t1", relationship="DUPLICATED", start_date=20261126, new_trip_id="t1",
                  new_start_time="08:10:00", new_start_date=20261126)  # fmt: skip
    city = City(TOWN, at="08:05", every_s=60.0).trip_updates(copy)
    for stop, at in zip("ABCDE", ("08:10", "08:13", "08:15", "08:17", "08:19"), strict=True):
        city.vehicle_positions(bus("x", "t1", at=stop, **again), at=at)
    city.trip_updates().vehicle_positions().at("08:50", every_s=A_WHILE_S)
    city.remember()
    found = city.json("/v1/stops/C/explain", at="2026-11-26T08:14")["explanations"]
    assert [(one["start_time"], one["vehicle_id"]) for one in found if one["outcome"] == "on_time"] == [
        ("08:10:00", "x")
    ]


def test_where_no_vehicle_positions_are_received_the_operators_word_is_told_all_the_same() -> None:
    city = City(TOWN, at="07:50", sources={"vehicle_positions": None})
    city.trip_updates(cancelled("t1", start_date=20261126), update("t2", *LATE)).at("09:40")
    assert why(city, "C", "08:04") == ("not_served", "cancelled")
    (one,) = city.json("/v1/stops/C/explain", at="2026-11-26T09:04")["explanations"]
    assert (one["outcome"], one["cause"]) == ("not_seen", "trip_not_named")
    assert (
        "We have no records of vehicles"
        in city.json("/v1/stops/C/explain", at="2026-11-26T07:34")["explanations"][0]["answer"]["en"]
    )


def test_where_no_vehicles_are_told_of_what_the_operator_said_over_time_is_told() -> None:
    city = City(TOWN, at="07:25", sources={"vehicle_positions": None})

    def says(late_s: int | None, at: str, *others: TripUpdate) -> None:
        told = [] if late_s is None else [update("t1", *(StopUpdate(stop, delay=late_s) for stop in "ABCDE"))]
        city.at(at).trip_updates(*told, *others)

    def told(stop: str, at: str) -> tuple[str, list[tuple[str, str | None]], str]:
        city.remember()
        (one,) = city.json(f"/v1/stops/{stop}/explain", at=f"2026-11-26T{at}")["explanations"]
        facts = [(fact["kind"], fact["time"] and fact["time"][11:16]) for fact in one["facts"]]
        return one["outcome"], facts, one["answer"]["en"]

    says(0, "07:40", update("t0", delay=60))
    says(600, "07:55", update("t2", delay=120))
    assert told("C", "08:04")[:2] == ("expected", [("told", "08:04"), ("told", "08:14")])
    says(600, "08:12", cancelled("t2"))
    says(None, "08:14", cancelled("t2"))
    city.at("09:40", every_s=A_WHILE_S)
    for _ in range(2):
        outcome, facts, answer = told("C", "08:04")
        assert (outcome, facts) == ("not_seen", [("told", "08:04"), ("told", "08:14")])
        assert "last forecast by the operator for this stop was 08:14, 10 minutes late" in answer
        outcome, facts, answer = told("E", "08:08")
        assert facts == [("told", "08:08"), ("told", "08:18"), ("told_no_more", "08:18")]
        assert "after 08:14 the operator told nothing more of it" in answer
        outcome, facts, answer = told("C", "09:04")
        assert (outcome, facts[-1][0], "cancelled; we announced it at 08:12" in answer) == (
            "not_served",
            "cancelled",
            True,
        )
        city.service.history.flush()


@pytest.mark.parametrize(("leaves", "told"), [("08:24", "on_time"), ("08:33", "late"), ("08:10", "early")])
def test_of_a_bus_that_waits_at_a_hub_is_told_when_it_left(leaves: str, told: str) -> None:
    hub = (Call("A", "08:00"), Call("B", "08:04", "08:24"), Call("C", "08:26"), Call("D", "08:28"))
    city = City(network("A B C D", trips=(Trip("t0", "07:30"), Trip("t1", calls=hub))), at="08:00")
    for minute in range(45):
        at = city.posix("08:00") + 60 * minute
        gone = max(at - city.posix(leaves), 0.0)
        city.vehicle_positions(bus("v", "t1", place=(min((at - city.posix("08:00")) * 2.5, 600) + 5 * gone, 0)), at=at)
        if gone > 240:
            break
    city.remember()
    (one,) = city.json("/v1/stops/B/explain", at="2026-11-26T08:24")["explanations"]
    assert (one["outcome"], one["scheduled_time"][11:16]) == (told, "08:24")
    assert abs((posix(one["passed_at"]) or 0.0) - city.posix(leaves)) < 120
