"""What an operator leaves out of its next message: a run keeps its name, its calls and its delay all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.service.checkpoint import Checkpoint
from benchmarks.field.city import City
from benchmarks.field.faces import text, texts
from benchmarks.field.messages import StopUpdate, TripUpdate, alert, bus, cancelled, skipped, update
from benchmarks.field.network import Frequency, Network, Pattern, Stop, Trip, network, row_of_stops
from feeds.recordings.recorder import MessageRecorder
from feeds.recordings.recording import open_recording

TODAY: dict[str, Any] = {"start_date": 20261126}


def _listed(relationship: str, *stops: tuple[str, str], trip: str = "", **told: Any) -> TripUpdate:
    calls = (StopUpdate(stop, arrival=at, departure=at) for stop, at in stops)
    trip = trip or ("t1" if relationship == "REPLACEMENT" else "x1")
    return update(trip, *calls, relationship=relationship, route_id="r1", **TODAY, **told)


# MobilityData/gtfs-realtime-validator#34, google/transit#16
@pytest.mark.parametrize("relationship", ["ADDED", "NEW", "REPLACEMENT"])
@pytest.mark.parametrize("start", [{}, {"start_time": "08:10:00"}])
def test_a_run_whose_past_stops_are_left_out_keeps_its_start_and_its_stops(
    relationship: str, start: dict[str, str]
) -> None:
    replaced = relationship == "REPLACEMENT"
    name, begins = ("t1", "08:00:00") if replaced else ("x1", "08:10:00")
    start = {} if replaced else start
    city = City(at="08:05")
    city.trip_updates(_listed(relationship, ("A", "08:10"), ("C", "08:14"), ("E", "08:18"), **start))
    on_its_way: list[Any] = [
        ("08:11:30", ("A", "C", 0.3), ("C", "08:16"), ("E", "08:20")), ("08:17", ("C", "E", 0.3), ("E", "08:21")),
    ]  # fmt: skip
    for at, between, *stops in on_its_way:
        city.at(at).trip_updates(_listed(relationship, *stops, **start))
        city.vehicle_positions(bus("v1", name, between=between, **TODAY, **start))
        assert [row.stop for row in city.trip(name)] == ["A", "C", "E"]
        assert texts(city.departures("E", arrivals=True))[0].endswith(f"{name} live")
        assert city.board("E") == [], "it ends there"
        (told,) = (told for told in city.our_trip_updates() if told.run.startswith(name))
        assert told.message.trip.start_time in (begins, "")
        assert [stop.sequence for stop in told.stops] == [1, 2, 3]
        assert city.trip_answer(name)["start_time"] == begins
        assert city.vehicles()["v1"]["trip_id"] == name


def test_a_replaced_run_of_which_we_hear_on_its_last_way_alone_calls_nowhere_else() -> None:
    city = City(at="08:07").trip_updates(_listed("REPLACEMENT", ("D", "08:09")))
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert texts(city.departures("D", arrivals=True))[0] == "08:09 t1 live"


def test_a_stop_that_an_added_run_has_left_early_is_on_no_board() -> None:
    city = City(at="08:05").trip_updates(_listed("NEW", ("A", "08:10"), ("C", "08:14"), ("E", "08:18"))).at("08:08:30")
    city.trip_updates(_listed("NEW", ("C", "08:12"), ("E", "08:16")))
    assert city.board("A") == ["09:00 t2 scheduled"]
    assert city.board("C")[0] == "08:12 x1 live"
    assert [row.status for row in city.trip("x1")] == ["passed", "live", "live"]


def test_a_run_of_which_we_hear_on_its_way_has_the_start_that_is_told() -> None:
    told = _listed("NEW", ("C", "08:16"), ("E", "08:20"), start_time="08:10:00")
    city = City(at="08:13").trip_updates(told)
    assert city.board("C")[0] == "08:16 x1 live"
    assert city.our_trip_updates()[0].message.trip.start_time == "08:10:00"
    assert city.trip_answer("x1", start="08:10:00")["start_time"] == "08:10:00"


# opentripplanner/OpenTripPlanner#3118
@pytest.mark.parametrize("start", [{}, TODAY, TODAY | {"start_time": "08:10:00"}])
def test_an_added_run_that_is_cancelled_by_its_name_alone_is_struck_out(start: dict[str, Any]) -> None:
    listed = _listed("NEW", ("A", "08:10"), ("C", "08:14"), start_time="08:10:00")
    city = City(at="08:05").trip_updates(listed)
    gone = update("x1", relationship="CANCELED", **start)
    city.trip_updates(gone).trip_updates(gone)
    assert city.board("A")[0] == "08:10 x1 cancelled"
    assert city.trip_state("x1") == "cancelled"
    assert "updates_not_found" not in city.readyz()["faults"]
    city.trip_updates(update("x1", relationship="DELETED", **start))
    assert city.board("A") == ["09:00 t2 scheduled"]
    city.trip_updates(listed)
    assert city.board("A")[0] == "08:10 x1 live"
    city.trip_updates()
    assert city.board("A") == ["09:00 t2 scheduled"]


# opentripplanner/OpenTripPlanner#4667
@pytest.mark.parametrize("start", ["08:00", "08:30"])
def test_an_added_run_under_the_id_of_a_trip_keeps_its_stops_when_only_stops_of_that_trip_are_left(start: str) -> None:
    """By X in the place of B, past D."""
    more = {} if start == "08:00" else {"start_time": f"{start}:00"}
    stops = tuple(
        (stop, f"{start[:3]}{int(start[3:]) + late:02d}") for stop, late in (("A", 1), ("X", 4), ("C", 6), ("E", 9))
    )
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0))
    city = City(network(far, "A B C D E"), at="07:58")
    city.trip_updates(_listed("ADDED", *stops, trip="t1", **more))
    for passed in range(1, 4):
        city.at(stops[passed - 1][1]).trip_updates(_listed("ADDED", *stops[passed:], trip="t1", **more))
        rows = city.trip("t1", start=f"{start}:00")
        assert [(row.stop, row.status) for row in rows] == [
            (stop, "passed" if place < passed else "live") for place, (stop, _) in enumerate(stops)
        ]  # fmt: skip
        assert all("t1" not in row or start == "08:30" for row in (*city.board("B"), *city.board("D")))


def test_a_replaced_run_that_is_cancelled_by_its_name_is_struck_out_where_and_when_it_would_have_come() -> None:
    city = City(at="07:58").trip_updates(_listed("REPLACEMENT", ("A", "08:10"), ("C", "08:14"), ("E", "08:18")))
    gone = update("t1", relationship="CANCELED", **TODAY)
    city.trip_updates(gone).at("08:05")
    assert [city.board(stop)[0] for stop in "ABC"] == ["08:10 t1 cancelled", "09:02 t2 scheduled", "08:14 t1 cancelled"]
    assert city.trip_updates(update("t2", delay=0, **TODAY)).board("C")[0] == "09:04 t2 live"


def test_a_stop_left_within_the_limit_stays_left_whatever_the_rest_is_taken_for() -> None:
    """Of D and C only C is found in the timetable once D is left, and then by another time."""
    city = City(at="08:05").trip_updates(_listed("REPLACEMENT", ("D", "08:10"), ("B", "08:12")))
    city.at("08:10").trip_updates(_listed("REPLACEMENT", ("B", "08:12")))
    for at in ("08:10:30", "08:11"):
        assert [(row.stop, row.status) for row in city.at(at).trip("t1")] == [("D", "passed"), ("B", "live")]


def test_a_stop_that_an_early_run_has_left_stays_left_whatever_else_the_operator_changes() -> None:
    """Its platform, another run: each made the boards anew, and what was left came back."""
    platforms = (Stop(f"S{k}", 600.0, 10.0 * k, parent="S", platform=str(k)) for k in (1, 2))
    stops = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), *platforms, Stop("D", 1200.0), Stop("E", 1800.0))
    early: dict[str, Any] = {"delay": -180}
    plain, moved = StopUpdate("S1", **early), StopUpdate("S1", assigned_stop="S2", **early)
    city = City(network(stops, "A S1 D E"), at="07:56").trip_updates(update("t1", StopUpdate("A", **early), **TODAY))
    for told in (plain, moved, plain):
        assert city.at("07:58").trip_updates(update("t1", told, **TODAY)).board("A") == ["09:00 t2 scheduled"]
    city.trip_updates(update("t1", moved, **TODAY), _listed("NEW", ("A", "08:20"), ("D", "08:24"), ("E", "08:28")))
    assert city.board("A") == ["08:20 x1 live", "09:00 t2 scheduled"]
    city.at("07:59:30").trip_updates(update("t1", StopUpdate("D", **early), **TODAY))
    assert (city.board("A"), city.board("S1"), city.board("S2")) == (
        ["09:00 t2 scheduled"], ["09:02 t2 scheduled"], [],
    )  # fmt: skip


@pytest.mark.parametrize("relationship", ["NEW", "REPLACEMENT"])
def test_a_stop_stays_left_when_the_run_is_put_off_behind_it(relationship: str) -> None:
    city = City(at="08:06").trip_updates(_listed(relationship, ("B", "08:04"), ("C", "08:07"), ("E", "08:12")))
    city.at("08:07:30").trip_updates(_listed(relationship, ("E", "08:15")))
    name = "t1" if relationship == "REPLACEMENT" else "x1"
    assert [(row.stop, row.status) for row in city.trip(name)] == [("B", "passed"), ("C", "passed"), ("E", "live")]
    assert city.board("E") == [], "it ends there"


def test_a_stop_that_is_left_out_long_before_is_withdrawn() -> None:
    city = City(at="08:00").trip_updates(_listed("NEW", ("A", "08:20"), ("C", "08:24"), ("E", "08:28")))
    city.trip_updates(_listed("NEW", ("C", "08:24"), ("E", "08:28")))
    assert [row.stop for row in city.trip("x1")] == ["C", "E"]
    assert city.board("A") == ["08:00 t1 scheduled", "09:00 t2 scheduled"]


BY_HEADWAY = network(trips=[Trip("f", "08:00")], frequencies=(Frequency("f", "07:00", "10:00", 600),))


HALF_HOURLY = network(frequencies=(Frequency("t1", "08:00", "09:00", 1800, 1),))


# google/transit#243, #504
@pytest.mark.parametrize("town", [network(), HALF_HOURLY])
@pytest.mark.parametrize(
    "late",
    [
        (
            _listed("NEW", ("A", "08:10"), ("C", "08:14"), ("E", "08:18"), trip="t1", start_time="08:10:00"),
            _listed("NEW", ("A", "08:20"), ("C", "08:24"), ("E", "08:28"), trip="t1", start_time="08:10:00"),
        ),
        (
            update("t1", *(StopUpdate(stop, delay=600) for stop in "ABCDE"), relationship="DUPLICATED",
                   new_trip_id="t1", new_start_time="08:10:00", new_start_date=20261126, **TODAY),
        ),
    ],
)  # fmt: skip
def test_a_late_run_under_the_id_of_a_trip_that_is_told_no_more_is_gone_and_takes_no_other_with_it(
    town: Network, late: tuple[TripUpdate, ...]
) -> None:
    city = City(town, at="07:50")
    as_scheduled = {stop: city.board(stop) for stop in "ACD"}
    for told in late:
        city.trip_updates(told)
    assert "08:20 t1@08:10 live" in texts(city.departures("A"))
    city.trip_updates(update("t2", StopUpdate("E", delay=0), **TODAY))
    assert {stop: city.board(stop) for stop in "ACD"} == as_scheduled


# google/transit#504
def test_a_run_that_another_stands_for_no_more_is_back_at_its_own_times_at_each_stop() -> None:
    city = City(at="07:50")
    city.trip_updates(_listed("REPLACEMENT", ("A", "08:10"), ("B", "08:12"), ("C", "08:15"), ("E", "08:20")))
    assert [city.board(stop)[0] for stop in "ABCD"] == [
        "08:10 t1 live", "08:12 t1 live", "08:15 t1 live", "09:06 t2 scheduled",
    ]  # fmt: skip
    city.trip_updates(update("t2", StopUpdate("E", delay=0), **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [
        "08:00 t1 scheduled", "08:02 t1 scheduled", "08:04 t1 scheduled", "08:06 t1 scheduled",
    ]  # fmt: skip


def test_an_extra_stop_that_is_skipped_after_all_is_told_so_where_it_was_told() -> None:
    stops = (*row_of_stops("A B C D E"), Stop("X", 1500.0, 100.0))
    at = {"A": "08:00", "B": "08:02", "C": "08:04", "X": "08:05", "D": "08:06", "E": "08:08"}
    calls = {stop: StopUpdate(stop, time, time) for stop, time in at.items()}
    city = City(network(stops, "A B C D E"), at="07:58").trip_updates(update("t1", *calls.values(), **TODAY))
    assert city.board("X") == ["08:05 t1 live"]
    city.trip_updates(update("t1", *(calls | {"X": skipped("X")}).values(), **TODAY)).at("08:01")
    assert [city.board(stop)[0] for stop in "CXD"] == ["08:04 t1 live", "08:05 t1 skipped", "08:06 t1 live"]
    del calls["X"]
    assert city.trip_updates(update("t1", *calls.values(), **TODAY)).board("X") == []


@pytest.mark.parametrize("relationship", ["REPLACEMENT", ""])
def test_at_a_stop_that_the_timetable_does_not_have_on_the_run_no_time_is_said_to_be_the_timetables(
    relationship: str,
) -> None:
    beside = network((*row_of_stops("A B C D E"), Stop("X", 1200.0, 400.0)), patterns="A B C D E")

    def told(x: str, **fields: Any) -> TripUpdate:
        stops = (StopUpdate(stop, at, at) for stop, at in (("A", "08:00"), ("B", "08:02")))
        way = StopUpdate("X", x, x, **fields), StopUpdate("D", "08:16", "08:16"), StopUpdate("E", "08:18", "08:18")
        return update("t1", *stops, *way, relationship=relationship, start_date=20261126)

    city = City(beside).trip_updates(told("08:05")).trip_updates(told("08:10"))
    (row,) = city.departures("X")
    assert city.board("X") == ["08:10 t1 live"] and row.told["scheduled_time"] is row.told["delay_s"] is None
    said = {call.stop: text(call.told) for call in city.trip_page("t1")}
    assert "timetable" not in said["X"] and "timetable 08:06" in said["D"]
    # Unless the operator states it.
    if relationship:
        city.trip_updates(told("08:10", scheduled="08:06"))
        assert city.departures("X")[0].told["delay_s"] == 240


def test_a_late_run_told_no_more_is_as_late_at_its_own_pole_from_which_it_had_been_moved() -> None:
    town = network((*row_of_stops("A B C D"), Stop("C2", 1205.0, 20.0, name="Stop C")), "A B C D")
    city = City(town, at="07:50")
    city.trip_updates(update("t1", StopUpdate("A", delay=600), StopUpdate("C", assigned_stop="C2", delay=600), **TODAY))
    assert [city.board(stop)[0] for stop in ("B", "C2", "C")] == [
        "08:12 t1 live",
        "08:14 t1 live",
        "09:04 t2 scheduled",
    ]
    city.trip_updates(update("t2", StopUpdate("D", delay=0), **TODAY))
    assert [city.board(stop)[0] for stop in "BC"] == ["08:12 t1 scheduled", "08:14 t1 scheduled"]
    assert city.board("C2") == []


# MobilityData/gtfs-realtime-validator#34
@pytest.mark.parametrize("vehicles", [("v1", "v2"), ("", "")])
def test_a_run_by_headway_without_a_start_goes_by_one_name_while_its_times_move(vehicles: tuple[str, str]) -> None:
    city = City(BY_HEADWAY, at="08:20")
    for at in ("08:27", "08:28", "08:31", "08:35"):
        city.trip_updates(
            update("f", StopUpdate("B", arrival=at), relationship="UNSCHEDULED", vehicle=vehicles[0]),
            update("f", StopUpdate("D", arrival="08:23"), relationship="UNSCHEDULED", vehicle=vehicles[1]),
        )
        assert f"{at} f@08:25 live" in city.board("B")
        assert city.board("D")[0] == "08:23 f@08:17 live", "both stand nearest to the 08:20 of the timetable"


def test_a_bus_at_its_turn_keeps_its_delay_where_the_operator_tells_of_neither_trip() -> None:
    both = (Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1, headsign="West"))
    trips = (Trip("t1", "08:00", block="b"), Trip("t2", "08:10", "back", block="b"), Trip("t3", "08:40"))
    city = City(network("A B C D E", both, trips), at="08:10")
    late, another = update("t1", StopUpdate("E", arrival="08:13"), **TODAY), update("t3", delay=0, **TODAY)
    city.trip_updates(late, another).at("08:13")
    city.trip_updates(another).at("08:14")
    assert [city.board(stop)[0] for stop in "DB"] == ["08:15 t2 live", "08:19 t2 live"]
    # Once the operator tells of the next trip that counts.
    city.trip_updates(another, update("t2", StopUpdate("D", delay=120), **TODAY))
    assert [city.board(stop)[0] for stop in "DB"] == ["08:14 t2 live", "08:18 t2 live"]
    # What it says no more long before the end it has withdrawn; and five minutes of silence are no news.
    city = City(network("A B C D E", both, trips), at="08:08").trip_updates(late, another)
    assert city.trip_updates(another).board("D")[0] == "08:12 t2 scheduled"
    city.trip_updates(late, another).at("08:13").trip_updates(another)
    assert city.board("B")[0] == "08:19 t2 live"
    assert city.at("08:18:30").board("B") == ["08:42 t3 live"]


# SoundTransit/soundtransit-rds#25, vingerha/gtfs2#126
def test_what_is_told_stands_while_a_feed_is_empty_for_a_moment_and_goes_when_it_stays_so(tmp_path: Path) -> None:
    line = network(trips=tuple(Trip(f"t{n}", f"{n + 7:02d}:00") for n in range(1, 4)))
    city, shown = City(line, at="07:50"), set()
    recorders = [MessageRecorder(tmp_path, feed) for feed in ("trip_updates", "alerts")]
    cancellations = [cancelled(trip, **TODAY) for trip in ("t1", "t2", "t3")]
    messages = [alert(f"{word} today", {"route_id": "r1"}) for word in ("Crowded", "Sunny", "Slow")]

    def tell(many: int) -> None:
        data = city.writer.trip_updates(cancellations[:many], city.now), city.writer.alerts(messages[:many], city.now)
        city.trip_updates(data[0]).alerts(data[1])
        for recorder, told in zip(recorders, data, strict=True):
            recorder.write(told, city.now)

    for many in (3, 0, 3, 0, 0, 3):
        city.at(city.now + 30)
        tell(many)
        shown.add((*city.board("C"), *(head for heads in city.messages(route="r1").values() for head in heads)))
    assert len(shown) == 1
    assert next(iter(shown))[:2] == ("08:04 t1 cancelled", "09:04 t2 cancelled")
    assert city.readyz()["faults"] == []
    full_at = city.now
    city.at(city.now + 30)
    tell(0)
    assert city.at(full_at + 90).board("C")[0] == "08:04 t1 cancelled"
    # Some servers answer that nothing has changed.
    assert city.at(full_at + 120).board("C")[0] == "08:04 t1 scheduled"
    assert not any(city.messages(route="r1").values())
    # What is taken back beside others is gone at once, a single cancellation or message no sooner than many.
    for many, stand in ((3, 3), (1, 1), (0, 1)):
        tell(many)
        assert [row.endswith("cancelled") for row in city.board("C")][:2] == [stand > 0, stand > 1]
        assert len(city.messages(route="r1")["line page"]) == stand
    for recorder in recorders:
        recorder.close()
    recording = open_recording(tmp_path, city.service.timetable)
    stood = [recording.reading_at(full_at + after) for after in (-150, -120, -30, 0, 60, 119)]
    assert [(len(reading.trip_updates or ()), len(reading.alerts)) for reading in stood] == [(3, 3)] * 6


# zacs/ha-gtfs-rt#38, mfdz/GTFS-Issues#157, mbta/concentrate#374
@pytest.mark.parametrize("by_name", [False, True])
def test_runs_that_a_feed_tells_of_by_turns_are_live_all_the_time_and_gone_when_they_are_in_no_turn(
    tmp_path: Path, by_name: bool
) -> None:
    """Those that are not in turn stand in the message `by_name` alone, or not at all."""
    city = City(network(trips=tuple(Trip(f"t{n}", f"08:1{n}") for n in range(8))), at="08:00")
    recorder = MessageRecorder(tmp_path, "trip_updates")

    def rows(turn: int, runs: int, late_s: int) -> list[str]:
        told = [update(f"t{n}", StopUpdate("A", delay=late_s), **TODAY) for n in range(turn % 2, runs, 2)]
        told += [update(f"t{n}", vehicle=f"v{n}", **TODAY) for n in range(1 - turn % 2, runs, 2) if by_name]
        data = city.writer.trip_updates(told, city.at(city.now + 30).now)
        recorder.write(data, city.now)
        return city.trip_updates(data).board("C")

    assert [row.split()[-1] for row in rows(0, 8, 60)] == ["live", "scheduled"] * 4
    rows(1, 8, 60)
    for turn in range(2, 6):
        assert rows(turn, 8, 60) == [f"08:{n + 15} t{n} live" for n in range(8)]
    # What is told anew counts at once.
    assert set(rows(6, 8, 180)) == {f"08:{n + (15 if n % 2 else 17)} t{n} live" for n in range(8)}
    for turn in (7, 8, 9, 10):
        last = rows(turn, 6, 60)
    assert [row.split()[-1] for row in last] == ["live"] * 6 + ["scheduled"] * 2
    recorder.close()
    played = open_recording(tmp_path, city.service.timetable).frames(city.now - 300, city.now + 1, 30)
    told = [reading.trip_updates for _, reading in played]
    assert [updates and len(set(updates.calls.owner.tolist())) for updates in told] == [4, 4, *[8] * 7, 7, 6]


def test_a_run_that_a_feed_tells_of_in_every_other_message_alone_is_live_all_the_time() -> None:
    city, rows = City(at="08:00"), []
    for turn in range(12):
        told = () if turn % 2 else (update("t1", StopUpdate("C", delay=600), **TODAY),)
        rows.append(city.at(city.now + 30).trip_updates(*told).board("C")[0])
    assert set(rows[-6:]) == {"08:14 t1 live"}
    # A run that is withdrawn for good is not told for long.
    assert city.at(city.now + 60).board("C")[0] == "08:14 t1 live"
    assert city.at(city.now + 120).board("C")[0] == "08:14 t1 scheduled"


# mfdz/GTFS-Issues#157
def test_messages_to_riders_that_a_feed_tells_by_turns_stand_all_the_time() -> None:
    """Two servers, each of which counts its own from 1."""
    city = City(at="08:00")

    def heads(turn: int, words: tuple[str, ...]) -> list[str]:
        at_stop = [alert(word, {"stop_id": stop}, entity_id="1") for word, stop in zip(words, "AB", strict=True)]
        city.at(city.now + 30).alerts(*at_stop[turn % 2 : turn % 2 + 1])
        return [head for stop in "AB" for head in city.messages(stop=stop)["stop page"]]

    assert [heads(turn, ("Crowded", "Slow")) for turn in (0, 1)] == [["Crowded"], ["Slow"]]
    for turn in range(2, 6):
        assert heads(turn, ("Crowded", "Slow")) == ["Crowded", "Slow"]
    # What is told anew counts at once; what is told in no turn any more is gone.
    assert heads(6, ("Empty", "Slow")) == ["Empty", "Slow"]
    for _ in range(6):
        last = heads(0, ("Empty", "Slow"))
    assert last == ["Empty"]


def test_what_an_operator_told_before_a_restart_is_known_after_it(tmp_path: Path) -> None:
    path = tmp_path / "learned.npz"
    city = City(at="08:00", checkpoint=Checkpoint(path))
    city.trip_updates(
        update("t1", StopUpdate("A", delay=900), **TODAY),
        _listed("NEW", ("A", "08:20"), ("C", "08:24"), ("E", "08:28")),
    )
    city.service.start()
    city.service.stop()
    # Its server answers nothing new yet.
    city = City(at="08:05", checkpoint=Checkpoint(path))
    assert city.board("C") == ["08:19 t1 live", "08:24 x1 live", "09:04 t2 scheduled"]
    city.trip_updates(cancelled("x1", **TODAY), update("t2", StopUpdate("A", delay=0), **TODAY))
    assert city.board("C") == ["08:19 t1 scheduled", "08:24 x1 cancelled", "09:04 t2 live"]
    city = City(at="08:40", checkpoint=Checkpoint(path))
    assert city.board("C") == ["09:04 t2 scheduled"]
