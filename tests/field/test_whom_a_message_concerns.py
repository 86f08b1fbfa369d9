"""Whom a message concerns: an alert reaches those whom one of its selectors fits, in every face alike."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2

from benchmarks.field.city import TOKEN, City
from benchmarks.field.faces import alert_heads, only, page_of, text, texts
from benchmarks.field.messages import StopUpdate, TripUpdate, alert, bus, cancelled, update
from benchmarks.field.network import (
    Agency,
    Call,
    Frequency,
    Network,
    Pattern,
    Route,
    Service,
    Stop,
    Trip,
    network,
    row_of_stops,
)

SAID = "Works"

# Line r1 runs A to E and back, r2 (of agency B, a tram) from C to F; S is a station with two platforms on r2.
STOPS = (
    *row_of_stops("A B C D E"), Stop("F", 0.0, 600.0), Stop("S", 600.0, 600.0, location_type=1),
    Stop("S1", 600.0, 600.0, parent="S", platform="1"), Stop("S2", 620.0, 600.0, parent="S", platform="2"),
    Stop("door", 600.0, 590.0, parent="S", location_type=2), Stop("edge", 600.0, 600.0, parent="S1", location_type=4),
    Stop("W1", 0.0, -30.0), Stop("W2", 600.0, -30.0),
)  # fmt: skip
PATTERNS = (
    Pattern("main", "A B C D E"), Pattern("back", "E D W2 W1", direction=1, headsign="West"),
    Pattern("tram", "C S1 F", route="r2"), Pattern("trams", "F S2 C", route="r2", direction=1),
)  # fmt: skip
TOWN = network(
    STOPS, PATTERNS,
    (Trip("t1", "08:00"), Trip("t2", "09:00"), Trip("w1", "08:30", "back"), Trip("m1", "08:10", "tram"),
     Trip("m2", "08:40", "trams")),
    agencies=(Agency("TB"), Agency("B", "Trams of B")),
    routes=(Route("r1", "1", "First"), Route("r2", "2", "Second", type=900, agency="B")),
)  # fmt: skip
PLACES = ("A", "C", "E", "W1", "F", "S", "S1", "S2", "r1", "r2", "t1", "t2", "w1", "m1", "m2", "home")


def heads(city: City, place: str) -> list[str]:
    """What readers of a stop, a line, a trip or the home page are told, in all faces alike."""
    kind = "stop" if place in TOWN.places else "route" if place.startswith("r") else "trip"
    asked: dict[str, Any] = {} if place == "home" else {kind: place}
    faces = city.messages(**asked)
    found = {face: [head.rpartition(": ")[2].removeprefix("1 ").removeprefix("2 ") for head in told]
             for face, told in faces.items()}  # fmt: skip
    assert len({tuple(told) for told in found.values()}) == 1, found
    return next(iter(found.values()))


def readers(*informed: dict[str, Any], at: str = "07:55", **told: Any) -> str:
    """Those of `PLACES` where an alert with these selectors is read."""
    city = City(TOWN, at=at).alerts(alert(SAID, *informed, **told))
    return " ".join(place for place in PLACES if SAID in heads(city, place))


SELECTORS: list[tuple[list[dict[str, Any]], str]] = [
    # Any selector suffices (OneBusAway/maglev#568, google/transit#118).
    ([{"route_id": "r2"}, {"stop_id": "A"}], "A C F S S1 S2 r1 r2 t1 t2 m1 m2"),
    # Within one all that is given must fit (opentripplanner/OpenTripPlanner#3780, HSLdevcom/OpenTripPlanner#326).
    ([{"route_id": "r2", "stop_id": "C"}], "C r2 m1 m2"),
    ([{"route_id": "r1", "direction_id": 1}], "E W1 r1 w1"),
    ([{"agency_id": "B", "route_type": 900, "route_id": "r2", "stop_id": "S1"}], "S S1 r2 m1"),
    ([{"agency_id": "TB", "route_id": "r2"}], ""),
    ([{"route_id": "r1", "route_type": 0}], ""),
    ([{"route_id": "r1", "trip_id": "t1"}], "A C E r1 t1"),
    ([{"trip_id": "t1", "stop_id": "C"}], "C r1 t1"),
    # Agencies (fpurcell's ibi-group/OpenTripPlanner#44): B's alert reaches B, an unknown one's nobody.
    ([{"agency_id": "B"}], "C F S S1 S2 r2 m1 m2"),
    ([{"agency_id": "B"}, {"agency_id": "TB"}], " ".join(PLACES)),
    ([{"agency_id": "elsewhere"}], ""),
    ([{"agency_id": "Trams of B"}], "C F S S1 S2 r2 m1 m2"),
    ([{"agency_id": "b"}], "C F S S1 S2 r2 m1 m2"),
    ([{"agency_id": "elsewhere", "route_id": "r1"}], ""),
    # Route types, basic and extended (opentripplanner/OpenTripPlanner#3486).
    ([{"route_type": 0}], "C F S S1 S2 r2 m1 m2"),
    ([{"route_type": 700}], "A C E W1 r1 t1 t2 w1"),
    ([{"route_type": 2}], ""),
    # Stops, stations, platforms (opentripplanner/OpenTripPlanner#2743).
    ([{"stop_id": "S"}], "S S1 S2 r2 m1 m2"),
    ([{"stop_id": "S1"}], "S S1 r2 m1"),
    ([{"stop_id": "door"}], "S S1 S2 r2 m1 m2"),
    ([{"stop_id": "edge"}], "S S1 r2 m1"),
    ([{"stop_id": "C"}], "C r1 r2 t1 t2 m1 m2"),
    # Trips; a line that a detour in the timetable itself keeps from a stop (google/transit#316).
    ([{"trip_id": "m2"}], "C F S S2 r2 m2"),
    # CUTR-at-USF/gtfs-realtime-validator#205: a descriptor has the line that the trip once had.
    ([{"trip_id": "m2", "trip_route_id": "r1"}], "C F S S2 r2 m2"),
    ([{"trip_id": "t1", "trip_route_id": "gone", "stop_id": "C"}], "C r1 t1"),
    ([{"trip_route_id": "r1", "trip_direction_id": 1}], "E W1 r1 w1"),
    ([{"trip_route_id": "r1", "start_time": "09:00:00", "start_date": 20261126}], "A C E r1 t2"),
    ([{"route_id": "r2", "stop_id": "A"}], "A r2"),
    ([{"route_id": "r1", "stop_id": "C", "direction_id": 1}], "C r1"),
    # A day or start alone limits what is named beside it.
    ([{"route_id": "r2", "start_date": 20261126}], "C F S S1 S2 r2 m1 m2"),
    ([{"stop_id": "S1", "start_date": 20261126}], "S S1 r2 m1"),
    ([{"start_date": 20261126}], " ".join(PLACES).removesuffix(" home")),
    ([{"agency_id": "TB", "start_time": "09:00:00"}], "A C E r1 t2"),
    ([{"start_date": 20351126}], ""),
    # What the timetable does not have widens nothing (mfdz/GTFS-Issues#158).
    ([{"route_id": "gone"}], ""),
    ([{"stop_id": "gone", "route_id": "r1"}], ""),
    ([{"trip_id": "gone", "route_id": "r1"}], ""),
    ([{"trip_id": "gone"}, {"route_id": "r1", "direction_id": 1}], "E W1 r1 w1"),
    # Nothing said of whom: everyone.
    ([], " ".join(PLACES)),
    ([{"route_id": "", "stop_id": ""}], " ".join(PLACES)),
]  # fmt: skip
"""Of an alert, and where it is read."""


@pytest.fixture(scope="module")
def read() -> set[tuple[int, str]]:
    """Each of these alerts with each place where it is read. No page shows all of them at once."""
    found = set()
    for half in (range(0, len(SELECTORS), 2), range(1, len(SELECTORS), 2)):
        city = City(TOWN, at="07:55").alerts(*(alert(f"{SAID} {k}", *SELECTORS[k][0]) for k in half))
        found |= {(int(head.split()[-1]), place) for place in PLACES for head in heads(city, place)}
    return found


@pytest.mark.parametrize("number", range(len(SELECTORS)), ids=lambda number: str(SELECTORS[number][0]))
def test_an_alert_is_read_by_those_whom_a_selector_fits(number: int, read: set[tuple[int, str]]) -> None:
    assert " ".join(place for place in PLACES if (number, place) in read) == SELECTORS[number][1]


def test_the_same_selectors_go_out_again() -> None:
    informed = (
        {"agency_id": "B", "route_type": 900, "route_id": "r2", "direction_id": 0, "stop_id": "S1"},
        {"stop_id": "gone"}, {"trip_id": "t1", "start_date": 20261126}, {"stop_id": "S"},
    )  # fmt: skip
    (entity,) = City(TOWN).alerts(alert(SAID, *informed)).our_alerts()
    agency, trip, station = entity.alert.informed_entity
    assert (agency.agency_id, agency.route_id, agency.route_type, agency.direction_id, agency.stop_id) == (
        "B", "r2", 900, 0, "S1",
    )  # fmt: skip
    assert (trip.trip.trip_id, trip.trip.start_date, trip.HasField("stop_id")) == ("t1", "20261126", False)
    assert trip.trip.HasField("schedule_relationship")
    assert (station.stop_id, station.HasField("route_id")) == ("S", False)
    assert City(TOWN).alerts(alert(SAID, {"stop_id": "gone"})).our_alerts() == []


def test_an_alert_for_a_trip_is_for_that_days_run() -> None:
    city = City(TOWN).alerts(alert(SAID, {"trip_id": "t1", "start_date": 20261127}))
    assert city.trip_answer("t1", date="2026-11-26")["alerts"] == []
    assert [told["header"][""] for told in city.trip_answer("t1", date="2026-11-27")["alerts"]] == [SAID]


def test_an_alert_for_a_run_that_is_hours_late_is_told_until_it_has_come() -> None:
    late = update("t1", StopUpdate("A", delay=7200), StopUpdate("E", delay=7200), start_date=20261126)
    city = City(TOWN).trip_updates(late).alerts(alert(SAID, {"trip_id": "t1", "start_date": 20261126}))
    city.at("10:03", every_s=300.0)
    assert "10:04 t1 live" in city.board("C")
    assert heads(city, "C") == heads(city, "r1") == heads(city, "t1") == [SAID]
    assert heads(city.at("10:20"), "C") == heads(city, "r1") == []


def test_where_a_run_left_hours_ago_an_alert_of_it_alone_is_told_no_more_though_it_is_on_its_way() -> None:
    far = network("A B C", trips=(Trip("t1", calls=(Call("A", "08:00"), Call("B", "09:50"), Call("C", "11:00"))),))
    told = alert("No seats", {"trip_id": "t1", "start_date": 20261126})
    city = City(far, at="08:30").alerts(told)
    assert heads(city, "A") == heads(city, "B") == ["No seats"]
    city.at("09:30", every_s=600.0)
    assert (heads(city, "A"), heads(city, "B"), heads(city, "r1")) == ([], ["No seats"], ["No seats"])
    # Of one so late as this who still waits is told.
    city = City(far, at="08:30").alerts(told).trip_updates(update("t1", delay=5400, start_date=20261126))
    assert heads(city.at("09:20", every_s=600.0), "A") == ["No seats"]
    assert heads(city.at("09:40", every_s=600.0), "A") == []


def test_an_alert_for_the_runs_of_a_later_day_says_of_which() -> None:
    city = City(TOWN).alerts(alert(SAID, {"route_id": "r1", "start_date": 20261224}, effect="NO_SERVICE"))
    assert "From 24 December" in text(city.page("/lines/r1").css_first(".alert"))
    assert not city.page("/lines/r1").css(".marked")
    city.alerts(alert(SAID, {"route_id": "r1", "start_date": 20261126}, effect="NO_SERVICE"))
    assert "From" not in text(city.page("/lines/r1").css_first(".alert"))


def test_after_midnight_the_calendars_date_names_the_run_of_the_evening() -> None:
    # TheTransitClock/transitime#275, motis-project/motis#1190
    owl = Network(trips=(Trip("owl", "28:10", service="thu"), Trip("t1", "08:00")),
                  services=(Service(), Service("thu", "0001000")))  # fmt: skip
    city = City(owl, at="28:05").alerts(alert(SAID, {"trip_id": "owl", "start_date": 20261127}))
    assert [told["header"][""] for told in city.trip_answer("owl", date="2026-11-26")["alerts"]] == [SAID]
    assert heads(city, "C") == [SAID]


def test_the_date_of_utc_means_tonights_run_where_the_operators_other_feeds_name_dates_by_utc() -> None:
    west = Network(trips=(Trip("t0", "17:30"), Trip("t1", "19:30")), zone="America/Los_Angeles")
    city = City(west, at="19:20").alerts(alert(SAID, {"trip_id": "t1", "start_date": 20261127}))
    days = ("2026-11-26", "2026-11-27")
    assert [len(said_of(city, "t1", date=day)) for day in days] == [0, 1]
    city.trip_updates(update("t1", StopUpdate("A", delay=60), start_date=20261127)).at("19:20:30")
    assert [len(said_of(city, "t1", date=day)) for day in days] == [1, 0]
    assert city.our_alerts()[0].alert.informed_entity[0].trip.start_date == "20261126"


def test_a_direction_that_a_program_fills_in_keeps_no_message_from_a_trip_that_is_named() -> None:
    for name in ("direction_id", "trip_direction_id"):
        assert readers({"trip_id": "w1", name: 0}) == readers({"trip_id": "w1"}) != ""


def test_one_run_of_several_is_named_by_its_start_time() -> None:
    often = Network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 1800, exact_times=1),))
    city = City(often).alerts(alert(SAID, {"trip_id": "t1", "start_date": 20261126, "start_time": "08:30:00"}))
    assert city.trip_answer("t1", start="08:00:00")["alerts"] == []
    assert [told["header"][""] for told in city.trip_answer("t1", start="08:30:00")["alerts"]] == [SAID]


def said_of(city: City, trip: str, **asked: str) -> list[str]:
    """What readers of a run are told."""
    return [told["header"][""] for told in city.trip_answer(trip, **asked)["alerts"]]


@pytest.mark.parametrize("informed", [{"trip_id": "t1"}, {"trip_id": "t1", "start_date": 20261126}])
@pytest.mark.parametrize(
    ("told", "stop"),
    [
        (update("t1", *(StopUpdate(s, at, at) for s, at in (("A", "08:00"), ("F", "08:04"), ("E", "08:09"))),
                relationship="REPLACEMENT", start_date=20261126), "F"),
        (update("t1", StopUpdate("C", assigned_stop="W1"), start_date=20261126), "W1"),
    ],
)  # fmt: skip
def test_a_message_about_a_trip_reaches_its_riders_where_the_operator_has_changed_it(
    informed: dict[str, Any], told: TripUpdate, stop: str
) -> None:
    city = City(TOWN).trip_updates(told).alerts(alert(SAID, informed))
    assert said_of(city, "t1") == heads(city, stop) == heads(city, "E") == [SAID]
    city.alerts(alert(SAID, informed | {"stop_id": "C"}))
    assert said_of(city, "t1") == [SAID], "it may say that the trip does not call there"
    for face, heard in city.messages(stop="C").items():
        assert any(SAID in head for head in heard), face


def test_of_added_runs_of_one_id_a_message_is_for_the_one_that_it_names() -> None:
    both = (
        update("x", StopUpdate("A", start, start), StopUpdate("C", end, end), relationship="NEW", route_id="r1",
               start_date=20261126, start_time=f"{start}:00")
        for start, end in (("08:10", "08:14"), ("08:30", "08:34"))
    )  # fmt: skip
    city = City(TOWN).trip_updates(*both)
    starts = ("08:10:00", "08:30:00")
    for informed, reached in ({"start_time": "08:30:00", "start_date": 20261126}, [0, 1]), ({}, [1, 1]):
        city.alerts(alert(SAID, {"trip_id": "x"} | informed))
        assert [len(said_of(city, "x", start=start)) for start in starts] == reached


def test_a_message_about_a_run_added_under_the_id_of_a_trip_is_read_where_that_run_calls_alone() -> None:
    more = update("t1", StopUpdate("A", "08:10", "08:10"), StopUpdate("C", "08:14", "08:14"), relationship="ADDED",
                  start_date=20261126, start_time="08:10:00")  # fmt: skip
    informed = {"trip_id": "t1", "start_time": "08:10:00"}
    city = City(at="07:55").trip_updates(more).alerts(alert(SAID, informed))
    assert {stop: [len(heard) for heard in city.messages(stop=stop).values()] for stop in "ABCE"} == {
        "A": [1] * 5, "B": [0] * 5, "C": [1] * 5, "E": [0] * 5,
    }  # fmt: skip
    assert [len(said_of(city, "t1", start=start)) for start in ("08:10:00", "08:00:00")] == [1, 0]


@pytest.mark.parametrize(
    ("informed", "place"),
    [
        ({"route_id": "r2"}, "A"), ({"stop_id": "A"}, "r2"), ({"route_id": "r2", "direction_id": 0}, "A"),
        ({"agency_id": "B"}, "A"), ({"route_type": 900}, "A"), ({"trip_id": "t1", "start_date": 20261126}, "F"),
        ({"trip_id": "x"}, "r2"), ({"trip_route_id": "r2", "start_time": "08:10:00", "start_date": 20261126}, "A"),
    ],
)  # fmt: skip
def test_a_message_reaches_the_operators_own_runs_as_long_as_it_tells_of_them(
    informed: dict[str, Any], place: str
) -> None:
    own = [
        update("x", StopUpdate("A", "08:10", "08:10"), StopUpdate("F", "08:14", "08:14"), relationship="NEW",
               route_id="r2", start_date=20261126, start_time="08:10:00"),
        update("t1", *(StopUpdate(s, at, at) for s, at in (("A", "08:00"), ("F", "08:04"), ("E", "08:09"))),
               relationship="REPLACEMENT", start_date=20261126),
    ]  # fmt: skip
    city = City(TOWN).alerts(alert(SAID, informed, {"stop_id": "W2"}))
    assert heads(city, place) == []
    city.trip_updates(*own)
    assert heads(city, place) == heads(city, "w1") == [SAID]
    city.trip_updates().at("08:01")
    assert heads(city, place) == []


def test_alerts_that_share_an_id_are_all_read() -> None:
    # mfdz/GTFS-Issues#245
    city = City().alerts(*(alert(name, {"route_id": "r1"}, entity_id="0") for name in ("a", "b", "c")))
    assert sorted(heads(city, "C")) == ["a", "b", "c"]
    ids = [entity.id for entity in city.our_alerts()]
    assert len(set(ids)) == 3
    assert {told["disruption_id"] for told in city.json("/v1/disruptions")["disruptions"]} == set(ids)


def test_one_text_sent_for_each_line_is_said_once() -> None:
    # OneBusAway/onebusaway-ios#828, HSLdevcom/digitransit#107
    city = City(TOWN).alerts(*(alert(SAID, {"route_id": route}) for route in ("r1", "r2")))
    told = city.messages(stop="C")
    assert (told["stop page"], told["panel"], told["screen"]) == ([SAID], [f"2 1: {SAID}"], [f"2 1 {SAID}"])


@pytest.mark.parametrize("end", [None, 253402300799, 2**31 - 1, 2**63, 2**64 - 2048])
@pytest.mark.parametrize("start", ["07:00", 2**64 - 62135596800])
def test_no_end_in_any_form_is_no_end_and_breaks_nothing(start: Any, end: int | None) -> None:
    # opentripplanner and OneBusAway/onebusaway-android#990: 0 was taken for an end
    city = City().alerts(alert(SAID, {"route_id": "r1"}, active=((start, end),)))
    assert heads(city, "C") == heads(city, "r1") == heads(city, "t1") == [SAID]
    (told,) = city.json("/v1/disruptions")["disruptions"]
    assert (told["state"], told["ends_at"]) == ("in_force", None)
    (period,) = city.our_alerts()[0].alert.active_period
    assert not period.HasField("end")
    assert SAID in city.officer.get("/desk").text


@pytest.mark.parametrize(
    ("times", "shown", "state"),
    [
        ({"active": (("08:00", "09:00"),)}, False, "planned"),
        ({"active": (("07:00", "07:30"), ("09:00", "10:00"))}, False, "planned"),
        ({"active": (("07:00", "07:58"), ("09:00", "10:00"))}, True, "in_force"),
        ({"active": (("06:00", "07:00"),)}, False, None),
        # google/transit#546
        ({"communication": (("06:00", "07:00"),)}, False, None),
        ({"communication": (("06:00", "07:00"),), "active": (("06:00", "20:00"),)}, False, None),
        ({"communication": (("07:00", "20:00"),), "active": (("09:00", "10:00"),)}, True, "planned"),
        ({"communication": (("09:00", "20:00"),), "active": (("07:00", "10:00"),)}, False, "planned"),
        ({"active": (("09:00", "07:00"),)}, True, "in_force"),
    ],
)  # fmt: skip
def test_an_alert_is_shown_when_it_says_so(times: dict[str, Any], shown: bool, state: str | None) -> None:
    city = City(at="07:56").alerts(alert(SAID, {"route_id": "r1"}, **times))
    told = [head for face in city.messages(stop="C").values() for head in face]
    assert bool(told) is shown
    assert all(SAID in head for head in told)
    listed = [one["state"] for one in city.json("/v1/disruptions")["disruptions"]]
    assert listed == ([] if state is None else [state])
    assert len(city.our_alerts()) == (state is not None)


def test_times_from_and_until_are_told_as_each_language_has_them() -> None:
    works = alert(SAID, {"route_id": "r1"}, active=((1798000000.0, 1799000000.0),))
    soon = alert("Soon", {"route_id": "r1"}, active=(("09:00", "20:00"),))
    city = City().alerts(works, soon)
    for language, dated, today in (
        ("fr", "À partir du 23 décembre 05:26 · Jusqu’au 3 janvier 19:13", "À partir de 09:00 · Jusqu’à 20:00"),
        ("en", "From 23 December 05:26 · Until 3 January 19:13", "From 09:00 · Until 20:00"),
        ("de", "Ab 23. Dezember 05:26 · Bis 3. Januar 19:13", "Ab 09:00 · Bis 20:00"),
    ):
        said = text(page_of(city.get("/alerts", lang=language).text).css_first("main"))
        assert dated in said and today in said


def test_who_reads_all_messages_learns_how_grave_each_is_and_where_to_read_more() -> None:  # google/transit#133
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version, message.header.timestamp = "2.0", int(City().now)
    for severity in (gtfs_realtime_pb2.Alert.INFO, gtfs_realtime_pb2.Alert.SEVERE):
        told = message.entity.add(id=str(severity)).alert
        told.informed_entity.add(route_id="r1")
        told.header_text.translation.add(text=SAID)
        told.url.translation.add(text="https://town.example/works")
        told.severity_level = severity
    city = City().alerts(message.SerializeToString())
    for told_by in (city.json("/v1/disruptions")["disruptions"], city.json("/v1/routes/r1")["alerts"]):
        assert [(one["severity"], one["url"]) for one in told_by] == [
            ("SEVERE", {"": "https://town.example/works"}), ("INFO", {"": "https://town.example/works"}),
        ]  # fmt: skip


def test_who_reads_messages_by_siri_is_told_what_riders_are_told_now() -> None:
    # A GeneralMessage says until when it holds, and not from when on.
    city = City().alerts(
        alert("Now", {"route_id": "r1"}, active=(("07:00", "20:00"),)),
        alert("Tomorrow", {"route_id": "r1"}, active=(("32:00", "40:00"),)),
        alert("Told ahead", {"route_id": "r1"}, communication=(("07:00", None),), active=(("32:00", None),)),
    )
    siri = city.json("/siri/2.0/general-message.json", LineRef="r1")["Siri"]["ServiceDelivery"]
    told = siri["GeneralMessageDelivery"][0]["InfoMessage"]
    said = [message["Content"]["Message"][0]["MessageText"]["value"] for message in told]
    assert said == city.messages(route="r1")["v1 route"] == ["Now", "Told ahead"]


def test_who_reads_messages_by_siri_sees_which_run_one_is_about() -> None:
    city = City(at="07:58").alerts(
        alert("No seats", {"trip_id": "t1", "start_date": "20261126"}), alert("Works", {"route_id": "r1"})
    )
    siri = city.json("/siri/2.0/general-message.json")["Siri"]["ServiceDelivery"]
    of_run, of_line = (told["Content"] for told in siri["GeneralMessageDelivery"][0]["InfoMessage"])
    (run,) = of_run["FramedVehicleJourneyRef"]
    assert run == {"DataFrameRef": {"value": "2026-11-26"}, "DatedVehicleJourneyRef": "t1"}
    assert "FramedVehicleJourneyRef" not in of_line


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("D\\u00e9viation \\ud83d\\ude8c \\ud83d", "Déviation 🚌"), ("One\u2028Two\x0bThree", "One\nTwo\nThree"),
        ("Haupt<wbr>bahnhof", "Hauptbahnhof"),
    ],
)  # fmt: skip
def test_letters_and_line_ends_are_read_as_programs_write_them(description: str, said: str) -> None:
    city = City().alerts(alert(SAID, {"route_id": "r1"}, description=description))
    assert city.json("/v1/routes/r1")["alerts"][0]["description"] == {"": said}


def test_days_that_each_end_a_minute_before_the_next_are_one_period() -> None:
    days = tuple((f"{24 * day}:00", f"{24 * day + 23}:59:59") for day in range(3))
    city = City(at="23:59:30").alerts(alert(SAID, {"route_id": "r1"}, active=days))
    assert [text(node) for node in city.page("/alerts").css(".alert .soft")] == ["Until Saturday 23:59"]


def test_a_message_for_a_whole_day_ends_on_that_day() -> None:
    city = City().alerts(alert(SAID, {"route_id": "r1"}, active=(("24:00", "48:00"),)))
    assert "Until tomorrow 23:59" in text(city.page("/alerts").css_first(".alert"))


def test_what_is_told_ahead_says_from_when_on() -> None:
    told = alert(SAID, {"route_id": "r1"}, communication=(("07:00", None),), active=(("09:00", None),))
    city = City(at="07:56").alerts(told)
    assert "From 09:00" in text(city.page("/stops/C").css_first(".alerts"))
    assert city.messages(stop="C")["panel"] == [f"1: From 09:00 · {SAID}"]
    assert [one["state"] for one in city.json("/v1/stops/C")["alerts"]] == ["planned"]


def test_markup_never_replaces_plain_text() -> None:
    city = City().alerts(
        alert({"en": "Delays", "en-html": "<p>Delays</p>"}, {"route_id": "r1"}, description="<p>One</p><p>Two</p>")
    )
    told = city.messages(stop="C")
    assert (told["v1 stop"], told["stop page"], told["screen"], told["panel"]) == (
        ["Delays"], ["Delays"], ["1 Delays"], ["1: Delays. One Two"],
    )  # fmt: skip
    assert city.page("/stops/C").css(".alerts p")[1].text() == "One\nTwo"


def test_cells_of_a_table_are_words_of_their_own() -> None:
    table = "<table><tr><td>Stop A</td><td>closed</td></tr><tr><td>Stop B</td><td>open</td></tr></table>"
    city = City().alerts(alert(SAID, {"route_id": "r1"}, description=table))
    assert city.page("/lines/r1").css(".alerts p")[1].text() == "Stop A closed\nStop B open"


def test_a_message_without_a_header_is_shown_by_its_description() -> None:
    city = City().alerts(alert({}, {"route_id": "r1"}, description="Stop moved 50 m"))
    told = city.messages(stop="C")
    assert (told["stop page"], told["panel"], told["screen"]) == (
        ["Stop moved 50 m"], ["1: Stop moved 50 m"], ["1 Stop moved 50 m"],
    )  # fmt: skip


def test_the_desk_tells_of_the_operators_alerts_and_proposes_nothing_that_they_say() -> None:
    every_ten = Network(trips=tuple(Trip(f"t{k}", f"{7 + k // 6:02d}:{k % 6 * 10:02d}") for k in range(12)))
    seen = bus("v1", "t6", late_s=0, silent_from="08:02"), bus("x", place=(0, 900.0), fresh=True)
    city = City(every_ten).vehicle_positions(*seen).at("08:15")
    assert "Nothing is published" in city.officer.get("/desk").text
    (draft,) = city.desk()["drafts"]
    assert "departure 08:10" in draft
    city.alerts(alert("Lift out of order", {"route_id": "r1"}, effect="ACCESSIBILITY_ISSUE"))
    assert city.desk()["drafts"] == [draft]
    city.alerts(alert("08:10 does not run", {"trip_id": "t7", "start_date": 20261126}, effect="REDUCED_SERVICE"))
    assert city.desk()["drafts"] == []
    for address in ("/desk", "/desk/disruptions"):
        page = city.officer.get(address).text
        assert "08:10 does not run" in page
        assert "Nothing is published" not in page


def test_the_desk_tells_of_an_alert_that_reaches_nobody() -> None:
    city = City().alerts(alert(SAID, {"agency_id": "elsewhere"}))
    assert "Nobody is shown this" in city.officer.get("/desk").text
    # What is right in it does not hide what is wrong.
    city.alerts(
        alert(SAID, {"route_id": "r1"}, {"route_id": "r1", "stop_id": "gone"}, {"route_id": "r2", "stop_id": "A"})
    )
    said = city.officer.get("/desk").text
    assert "r1 + gone, r2 + A" in said
    assert "20351126" in city.alerts(alert(SAID, {"stop_id": "A"}, {"start_date": 20351126})).officer.get("/desk").text
    assert "Nobody is shown this" not in said


@pytest.mark.parametrize(
    "times",
    [{"ends_at": "9999-12-31T23:59:59Z"}, {"starts_at": "0001-01-01T00:00:00Z"}, {"starts_at": "9999-12-31T23:59:59Z"},
     {"starts_at": "0001-01-01T00:00:00+14:00", "ends_at": "0001-01-02T00:00:00Z"}],
)  # fmt: skip
def test_dates_from_far_away_break_nothing_when_published(times: dict[str, str]) -> None:
    city = City()
    answer = city.officer.post(
        "/v1/disruptions", json={"header": {"en": SAID}, "routes": ["r1"], **times},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )  # fmt: skip
    assert answer.status_code in (201, 409)
    published = city.json("/v1/disruptions", over="true")["disruptions"]
    assert len(published) == (answer.status_code == 201)
    assert answer.status_code == (201 if set(times) == {"ends_at"} else 409)
    assert [one["ends_at"] for one in published] == [None] * len(published)
    assert city.officer.get("/desk").status_code == city.officer.get("/desk/disruptions").status_code == 200
    city.our_alerts()


def test_a_message_in_a_wrong_encoding_reads_as_it_was_meant() -> None:
    city = City().alerts(alert("DÃ©viation â€“ ligne 1", {"route_id": "r1"}))
    assert city.messages(route="r1") == {"v1 route": ["Déviation – ligne 1"], "line page": ["Déviation – ligne 1"]}


def test_a_message_of_an_address_alone_is_told_by_it_and_one_without_a_word_is_not() -> None:
    city = City().alerts(alert("", {"route_id": "r1"}, url="https://town.example/works"), alert("", {"route_id": "r1"}))
    assert city.messages(route="r1")["line page"] == ["https://town.example/works"]
    assert city.messages(stop="B")["screen"] == ["1 https://town.example/works"]
    # Nor does a message that nobody can read mark a line.
    city.alerts(alert("", {"route_id": "r1"}))
    assert city.json("/v1/routes/r1")["alerts"] == [] == city.page("/stops/B").css(".marked")
    strike = city.alerts(alert("", {"route_id": "r1"}, cause="STRIKE"))
    assert strike.messages(route="r1")["line page"] == ["Strike"]


def test_what_differs_in_its_address_alone_is_said_once_where_no_address_is_shown() -> None:
    city = City().alerts(*(alert(SAID, {"route_id": "r1"}, url=f"https://town.example/{k}") for k in range(2)))
    assert city.messages(stop="B")["panel"] == ["1: Works"]
    assert city.messages(stop="B")["screen"] == ["1 Works"]
    assert len(city.messages(route="r1")["line page"]) == 2


def test_a_message_that_is_a_picture_is_told_by_what_is_to_be_seen_there() -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version, message.header.timestamp = "2.0", int(City().now)
    told = message.entity.add(id="a").alert
    told.informed_entity.add(route_id="r1")
    told.image.localized_image.add(url="https://town.example/plan.png", media_type="image/png", language="en")
    told.image_alternative_text.translation.add(text="Plan of the detour", language="en")
    page = City().alerts(message.SerializeToString()).page("/lines/r1")
    assert [text(head) for head in page.css(".alerts strong")] == ["Plan of the detour"]
    assert [a.attributes["href"] for a in page.css('.alerts a[href^="http"]')] == ["https://town.example/plan.png"]


def test_the_only_agency_is_the_one_that_all_messages_call_by_another_id() -> None:
    # jamespfennell/gtfs#18: `MTA NYCT` in the timetable is `MTASBWY` in the messages.
    line, stop, all_of_it = (alert(name, {"agency_id": "MTASBWY"} | beside) for name, beside in (
        ("Line", {"route_id": "r1"}), ("Stop", {"route_type": 3, "stop_id": "C"}), ("All", {})))  # fmt: skip
    city = City().alerts(line, stop, all_of_it)
    assert (sorted(heads(city, "C")), heads(city, "home")) == (["All", "Line", "Stop"], ["All"])
    assert city.readyz()["faults"] == []
    # Another agency's messages, and those of a whole region, are not ours for the numbers of their lines.
    city.alerts(all_of_it)
    assert heads(city, "home") == []
    city.alerts(line, alert("Other", {"agency_id": "LI", "route_id": "7"}))
    assert heads(city, "C") == []
    city.alerts(line, *(alert("Other", {"agency_id": "MTASBWY", "route_id": name}) for name in "789"))
    assert heads(city, "C") == []


@pytest.mark.parametrize("agency_id", ["1", "Town Buses"])
def test_where_the_only_agency_has_no_id_whatever_a_message_calls_it_is_it(agency_id: str) -> None:
    agency = "agency_name,agency_url,agency_timezone\nTown Buses,https://town.example.org,Europe/Paris\n"
    routes = "route_id,route_short_name,route_type\nr1,1,3\n"
    city = City(Network(tables={"agency": agency, "routes": routes}))
    city.alerts(alert(SAID, {"agency_id": agency_id}), alert("Detour", {"agency_id": agency_id, "route_id": "r1"}))
    assert heads(city, "home") == [SAID]
    assert heads(city, "C") == heads(city, "r1") == heads(city, "t1") == [SAID, "Detour"]


def test_a_stop_may_be_named_by_the_code_on_its_pole() -> None:  # kona314/transit-fedilerts#11
    poles = (*row_of_stops("A"), Stop("13291", 600.0, code="3291"), Stop("C", 1200.0, code="A"))
    city = City(network(poles)).alerts(alert(SAID, {"stop_id": "3291"}))
    assert city.messages(stop="13291")["panel"] == [], "of codes that may be another stop's id none is believed"
    city = City(network(poles[:2])).alerts(alert(SAID, {"stop_id": "3291"}))
    city.trip_updates(update("t1", StopUpdate("3291", delay=120)))
    assert city.messages(stop="13291")["panel"] == [SAID]
    assert texts(city.departures("13291", arrivals=True))[0] == "08:04 t1 live"


def test_periods_that_overlap_are_one() -> None:
    works = alert(SAID, {"route_id": "r1"}, active=(("07:00", "09:00"), ("08:00", "10:00"), ("10:00", "11:00")))
    city = City(at="08:30").alerts(works)
    assert "Until 10:00" in text(city.page("/alerts"))
    assert city.json("/v1/disruptions")["disruptions"][0]["ends_at"].startswith("2026-11-26T10:00")


def test_the_same_words_in_other_letters_are_said_once() -> None:
    city = City().alerts(alert("Works in town", {"route_id": "r1"}), alert("WORKS IN TOWN", {"stop_id": "C"}))
    assert city.messages(stop="C")["stop page"] == ["Works in town"]


def test_the_same_words_are_said_once_whenever_they_were_first_said() -> None:
    city = City().alerts(*(alert(SAID, {"route_id": "r1"}, active=((start, "20:00"),)) for start in ("07:00", "07:10")))
    told = city.messages(stop="C")
    assert (told["stop page"], told["panel"], told["screen"]) == ([SAID], [f"1: {SAID}"], [f"1 {SAID}"])


@pytest.mark.parametrize(("end", "until"), [("20:00", ["Until 20:00"]), (None, [])])
def test_the_same_words_with_several_ends_are_said_once_until_the_last(end: str | None, until: list[str]) -> None:
    # OneBusAway/onebusaway-android#1593
    ends = ("09:00", end, "10:00")
    city = City().alerts(*(alert(SAID, {"route_id": "r1"}, active=(("07:00", last),)) for last in ends))
    told = city.messages(stop="C")
    assert (told["stop page"], told["panel"], told["screen"]) == ([SAID], [f"1: {SAID}"], [f"1 {SAID}"])
    (shown,) = city.page("/alerts").css(".alert")
    assert re.findall("Until [0-9:]+", text(shown)) == until
    assert city.get("/alerts.rss").text.count("<item>") == 1


def test_the_feed_of_messages_bears_the_networks_name() -> None:
    for town in (City(), City(TOWN)):
        assert "<title>Service alerts · Town Buses</title>" in town.alerts(alert(SAID)).get("/alerts.rss").text


@pytest.mark.parametrize(
    ("header", "description", "said", "beyond"),
    [
        ("Stop C closed", "Stop C closed.", "Stop C closed", ""),
        ("Stop C closed", "STOP C CLOSED - use D", "Stop C closed. use D", "use D"),
        ("Stop C closed.", "Stop C closed.\nUse D", "Stop C closed. Use D", "Use D"),
        ("Stop C", "Stop C is closed", "Stop C. Stop C is closed", "Stop C is closed"),
        ("Closed!", "Use D", "Closed! Use D", "Use D"),
        # What programs write in place of nothing.
        ("null", "Use D", "Use D", ""), ("-", "Use D", "Use D", ""), ("Closed", "N/A", "Closed", ""),
        ("<![CDATA[Closed]]>", r"Use D\nor \"E\"", 'Closed. Use D or "E"', 'Use D or "E"'),
    ],
)  # fmt: skip
def test_nothing_is_said_twice_nor_what_stands_for_nothing(
    header: str, description: str, said: str, beyond: str
) -> None:
    city = City().alerts(alert(header, {"route_id": "r1"}, description=description))
    assert city.messages(stop="C")["panel"] == [f"1: {said}"]
    assert [text(shown) for shown in city.page("/stops/C").css(".alerts p")][1:] == [beyond] * bool(beyond)


@pytest.mark.parametrize(
    ("french", "english"), [("fre", "eng"), ("French", "English"), ("français", "anglais"), ("fr_FR.UTF-8", "EN-us")]
)
def test_a_language_may_be_named_in_other_ways(french: str, english: str) -> None:
    city = City().alerts(alert({french: "Travaux", english: SAID}, {"route_id": "r1"}))
    tags = [translation.language for translation in city.our_alerts()[0].alert.header_text.translation]
    assert [tag[:3].rstrip("-") for tag in tags] == ["fr", "en"]
    assert city.messages(route="r1")["line page"] == [SAID]
    assert city.json("/v1/stops/C/board", lang="fr")["messages"] == ["1: Travaux"]


def test_a_message_that_is_sent_once_in_each_language_is_read_once_in_the_readers_own() -> None:
    told = {"effect": "DETOUR", "active": (("07:00", "12:00"),)}

    def written(language: str, header: str, **fields: Any) -> Any:
        line = {"route_id": "r1"}
        return alert({language: header}, line, {"stop_id": "F"}, description={language: f"{header}."}, **told | fields)

    works, strike = ("Travaux", SAID, "Arbeiten"), ("Grève", "Strike", "Streik")
    city = City(TOWN).alerts(
        written("fr-CH", works[0], url="https://a.example/fr"), written("en", works[1], url="https://a.example/en"),
        written("fr-CH", strike[0]), written("de", works[2]), written("en", strike[1]), written("de", strike[2]),
        written("fr", "Demain", active=(("31:00", "36:00"),)),
    )  # fmt: skip
    for language, said in (("fr", [works[0], strike[0]]), ("en", [works[1], strike[1]])):
        page = city.page("/lines/r1", lang=language)
        assert [text(head) for head in page.css(".alerts strong")] == said
        assert [a.attributes["href"] for a in page.css('.alerts a[href^="http"]')] == [f"https://a.example/{language}"]
    assert [len(entity.alert.header_text.translation) for entity in city.our_alerts()] == [3, 3, 1]
    # Who writes for the most readers leaves the language out: that is one too.
    city.alerts(written("", works[0]), written("en", works[1]))
    assert [[text(head) for head in city.page("/lines/r1", lang=language).css(".alerts strong")]
            for language in ("fr", "de", "en")] == [[works[0]], [works[0]], [works[1]]]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Line 1: detour", "Line 1: detour"), ("[1] Works", "[1] Works"), ("Ligne 1 - travaux", "Ligne 1 - travaux"),
        ("1 December: works", "1: 1 December: works"), ("Line 12: detour", "1: Line 12: detour"),
        ("Tra\u00advaux\u200b rue\ufeff  N", "1: Travaux rue N"),
    ],
)  # fmt: skip
def test_a_panel_names_a_line_once_and_shows_no_letters_that_nobody_sees(written: str, said: str) -> None:
    city = City().alerts(alert(written, {"route_id": "r1"}))
    assert city.json("/v1/stops/C/board")["messages"] == [said]


def test_a_message_to_many_lines_names_those_from_here_first_and_leaves_room_for_its_words() -> None:
    # A panel of 24 columns showed "0 1 2 3 4 5 6 7 8 9 10" and no word of it.
    ways = [Pattern(f"p{i}", "B C" if i == 9 else "A B", f"r{i}") for i in range(12)]
    trips, lines = (
        [Trip(f"t{i}", "08:00", f"p{i}") for i in range(12)],
        tuple(Route(f"r{i}", f"{i}") for i in range(12)),
    )
    city = City(network("A B C", ways, trips, routes=lines))
    city.alerts(alert("Snow", *({"route_id": f"r{i}"} for i in range(12))))
    assert city.json("/v1/stops/C/board")["messages"] == ["9 0 1 2 3 +7: Snow"]
    assert text(city.page("/screen/C").css_first(".message strong")) == "9 0 1 2 3 4 5 6 +4 Snow"


def test_a_screen_of_several_stops_says_at_which_of_them() -> None:
    city = City().alerts(alert("Stop closed", {"stop_id": "B"}), alert("Works", {"route_id": "r1"}))
    for stops, said in (("A,B", "Stop B: Stop closed"), ("B", "Stop closed")):
        assert {text(head) for head in city.page(f"/screen/{stops}").css(".message strong")} == {said, "1 Works"}


def test_what_is_to_be_spoken_goes_out_as_it_came() -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    message.ParseFromString(City().writer.alerts([alert({"en": "St closed"}, {"route_id": "r1"})], City().now))
    message.entity[0].alert.tts_header_text.translation.add(text="Street closed", language="en")
    (ours,) = City().alerts(message.SerializeToString()).our_alerts()
    assert ours.alert.tts_header_text == message.entity[0].alert.tts_header_text
    assert ours.alert.header_text == message.entity[0].alert.header_text


def test_of_texts_that_name_no_language_all_are_read() -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    message.ParseFromString(City().writer.alerts([alert("", {"route_id": "r1"})], City().now))
    told = message.entity[0].alert
    for header, description in (("Stop moved", "Use stop B."), ("Arrêt déplacé", "Allez à l'arrêt B.")):
        told.header_text.translation.add(text=header)
        told.description_text.translation.add(text=description)
    city = City().alerts(message.SerializeToString())
    for heads in city.messages(route="r1").values():
        assert heads == ["Stop moved / Arrêt déplacé"]
    assert city.json("/v1/stops/C/board")["messages"] == [
        "1: Stop moved / Arrêt déplacé. Use stop B. Allez à l'arrêt B."
    ]


def test_of_a_languages_kinds_the_readers_country_has_its_own() -> None:
    texts = {"fr-FR": "France", "fr-CA": "Canada", "fr": "Partout"}
    for zone, said in (("America/Toronto", "Canada"), ("Europe/Paris", "France"), ("Europe/Brussels", "Partout")):
        city = City(network(zone=zone)).alerts(alert(texts, {"route_id": "r1"}))
        assert [text(head) for head in city.page("/lines/r1", lang="fr").css(".alerts strong")] == [said]


def test_messages_of_which_more_are_sent_in_one_language_are_all_read() -> None:
    line = {"route_id": "r1"}
    city = City(TOWN).alerts(alert({"fr": "Travaux"}, line), alert({"fr": "Grève"}, line), alert({"en": SAID}, line))
    assert len(city.messages(route="r1")["line page"]) == 3


@pytest.mark.parametrize(
    ("url", "description", "leads_to"),
    [
        # whatcomtrans/publicwtadata#4
        ("bustracker.ridewta.com", "", "https://bustracker.ridewta.com"),
        ("www.town.example/works", "", "https://www.town.example/works"),
        ("HTTPS://town.example/Works", "", "https://town.example/Works"),
        ("//town.example/works", "", "https://town.example/works"),
        ("https://town.example/a", "https://town.example/b", "https://town.example/a"),
        # The link of a text is lost with its markup.
        ("", '<p>See <a class="x" href="https://town.example/map?a=1&amp;b=2">the map</a>.</p>',
         "https://town.example/map?a=1&b=2"),
        ("", "&lt;a href=&quot;https://town.example/map&quot;&gt;Map&lt;/a&gt;", "https://town.example/map"),
        ("", "More: https://town.example/map.", "https://town.example/map"),
        # The first of several, and what a link leads to that stands in the place of an address.
        ("https://town.example/a, https://town.example/b", "", "https://town.example/a"),
        ("[More](https://town.example/map)", "", "https://town.example/map"),
        ('<a href="https://town.example/map">More</a>', "", "https://town.example/map"),
        ("https://town.example/Tram_(1)?to=https://town.example/b", "",
         "https://town.example/Tram_(1)?to=https://town.example/b"),
        # What a form begins with, and nobody went on with.
        ("http://", "More: https://town.example/map", "https://town.example/map"), ("https://", "", None),
        ("", '<img src="https://town.example/logo.png"> Works', None),
        ("", '<a href="javascript:alert(1)">Map</a>', None),
    ],
)  # fmt: skip
def test_an_address_leads_there_however_it_is_written(url: str, description: str, leads_to: str | None) -> None:
    city = City().alerts(alert(SAID, {"route_id": "r1"}, url=url, description=description))
    links = [link.attributes["href"] for link in city.page("/stops/C").css(".alerts a")]
    assert links == [leads_to] * (leads_to is not None)


def test_the_agencys_own_words_for_cause_and_effect_are_told_and_passed_on() -> None:
    city = City().trip_updates(cancelled("t1", start_date=20261126))
    message = gtfs_realtime_pb2.FeedMessage()
    message.ParseFromString(
        city.writer.alerts([alert("", {"trip_id": "t1"}, cause="DEMONSTRATION", effect="NO_SERVICE")], city.now)
    )
    written = message.entity[0].alert
    written.cause_detail.translation.add(text="Marathon")
    written.effect_detail.translation.add(text="The 08:00 does not run")
    city.alerts(message.SerializeToString())
    assert city.messages(stop="C")["panel"] == ["1: The 08:00 does not run"]
    assert "Marathon" in text(city.page("/stops/C").css_first("li.departure"))
    ours = city.our_alerts()[0].alert
    assert (ours.cause_detail, ours.effect_detail) == (written.cause_detail, written.effect_detail)


# mbta/concentrate: Boston's details are codes
@pytest.mark.parametrize(
    ("cause", "detail", "effect", "effect_detail", "lang", "reason", "header"),
    [
        ("CONSTRUCTION", "CONSTRUCTION", "NO_SERVICE", "STATION_CLOSURE", "fr", "travaux", "Pas de service"),
        ("UNKNOWN_CAUSE", "UNKNOWN_CAUSE", "OTHER_EFFECT", "OTHER_EFFECT", "en", "", ""),
        ("OTHER_CAUSE", "SPECIAL_EVENT", "UNKNOWN_EFFECT", "SERVICE_CHANGE", "en", "special event", "Service change"),
        ("OTHER_CAUSE", "TRAFFIC", "UNKNOWN_EFFECT", "DELAY", "en", "traffic", "Delay"),
    ],
)
def test_a_code_where_words_belong_is_told_in_words(
    cause: str, detail: str, effect: str, effect_detail: str, lang: str, reason: str, header: str
) -> None:
    city = City().trip_updates(cancelled("t1", start_date=20261126))
    message = gtfs_realtime_pb2.FeedMessage()
    told = alert("", {"trip_id": "t1"}, cause=cause, effect=effect)
    message.ParseFromString(city.writer.alerts([told], city.now))
    written = message.entity[0].alert
    written.cause_detail.translation.add(text=detail, language="en")
    written.effect_detail.translation.add(text=effect_detail, language="en")
    city.alerts(message.SerializeToString())
    page = city.page("/stops/C", lang=lang)
    assert alert_heads(page) == [header] * bool(header)
    row = text(page.css_first("li.departure"))
    assert reason in row and detail not in row


def test_on_a_line_and_a_trip_a_message_says_which_stops_it_is_about() -> None:  # kona314/transit-fedilerts#11
    closed = alert("Stops closed", {"route_id": "r1", "stop_id": "B"}, {"route_id": "r1", "stop_id": "C"})
    city = City(TOWN).alerts(closed)
    for page in ("/lines/r1", "/trips/t1"):
        assert [text(stop) for stop in city.page(page).css(".alerts .places a")] == ["Stop B", "Stop C"]
    assert text(city.page("/stops/C").css_first(".alerts")) == "1 Stops closed"


def test_at_a_station_a_message_says_which_platforms_it_is_about() -> None:  # kona314/transit-fedilerts#11
    city = City(TOWN).alerts(alert("Closed", {"stop_id": "S1"}))
    for page in ("/stops/S", "/lines/r2", "/alerts"):
        assert [text(stop) for stop in city.page(page).css(".alert .places a")] == ["Stop S, Platform 1"]
    assert not city.page("/stops/S1").css(".places")
    for whole in (({"stop_id": "S"},), ({"stop_id": "S1"}, {"stop_id": "S2"})):
        assert not city.alerts(alert("Closed", *whole)).page("/stops/S").css(".places")


def test_the_timetable_of_a_day_has_the_messages_of_that_day() -> None:
    # google/transit#546; Thursday 26 November is today.
    def told(name: str, informed: dict[str, Any], *active: Any, **more: Any) -> Any:
        return alert(name, informed, active=active, **more)

    city = City(TOWN).alerts(
        told("Today", {"route_id": "r1"}, ("07:00", "20:00")),
        told("Past", {"route_id": "r1"}, ("05:00", "06:00"), ("96:00", "97:00")),
        told("Tomorrow", {"stop_id": "C"}, ("30:00", "40:00")),
        told("Open", {"route_id": "r1"}, ("05:00", None)), told("Always", {"route_id": "r1"}),
        told("Kept back", {"route_id": "r1"}, ("30:00", "40:00"), communication=(("24:00", None),)),
        told("A run", {"trip_id": "t1", "start_date": 20261127}), told("Tram", {"agency_id": "B"}, ("30:00", "40:00")),
    )  # fmt: skip
    of_day = {
        "2026-11-26": {"Today", "Open", "Always"},
        "2026-11-27": {"Tomorrow", "Open", "A run"},
        "2026-11-28": {"Open"},
        "2026-11-30": {"Open", "Past"},
    }
    for address, also in (("/lines/r1", set[str]()), ("/stops/C", {"Tram"}), ("/stops/A", set[str]())):
        for day, heads_of_day in of_day.items():
            page = city.page(f"{address}/timetable", date=day)
            here = heads_of_day | (also if day == "2026-11-27" else set())
            here -= {"Tomorrow"} if address == "/stops/A" else set()
            assert {text(head) for head in page.css(".alerts .alert-head strong")} == here, (address, day)
    assert "From tomorrow 06:00 · Until tomorrow 16:00" in text(city.page("/stops/C/timetable", date="2026-11-27"))


def test_an_agency_that_the_timetable_has_in_parts_is_all_of_its_parts() -> None:
    # jamespfennell/gtfs#18, one step on: the lines of `X` are run by X-1 and X-2, beside those of another agency.
    several = replace(
        TOWN, agencies=(Agency("X-1"), Agency("X-2", "Trams"), Agency("XY", "Others")),
        routes=(Route("r1", "1", "First", agency="X-1"), Route("r2", "2", "Second", type=900, agency="XY")),
    )  # fmt: skip
    trams = replace(several, routes=(several.routes[0], replace(several.routes[1], agency="X-2")))
    whole, line, stop = ({"agency_id": "X"} | beside for beside in ({}, {"route_id": "r2"}, {"stop_id": "F"}))
    for town, informed, told in (
        (several, whole, ["r1"]), (several, line, []), (several, stop, []),
        (trams, whole, ["r1", "r2", "home"]), (trams, line, ["r2"]), (trams, stop, ["r2"]),
    ):  # fmt: skip
        city = City(town).alerts(alert(SAID, informed))
        assert [place for place in ("r1", "r2", "home") if SAID in heads(city, place)] == told, informed
    # By a name that is no part of theirs it is known by the lines that are named beside it.
    lines = (alert("Line", {"agency_id": "MTA", "route_id": route}) for route in ("r1", "r2"))
    sent = [alert(SAID, {"agency_id": "MTA"}), *lines]
    for messages, reached in ((sent, ["r1", "r2", "home"]), (sent[:2], []), (sent[:1], [])):
        city = City(several).alerts(*messages)
        assert [place for place in ("r1", "r2", "home") if SAID in heads(city, place)] == reached


def test_a_station_that_the_timetable_leaves_out_is_its_stops() -> None:  # mfdz/GTFS-Issues#296
    places = (
        Stop("A", 0.0), Stop("de:08116:4305:0:1", 600.0), Stop("de:08116:4305:0:2", 600.0, 20.0),
        Stop("de:08116:2953:0:1", 1200.0),
    )  # fmt: skip
    ways = (
        Pattern("main", "A de:08116:4305:0:1 de:08116:2953:0:1"),
        Pattern("back", "de:08116:2953:0:1 de:08116:4305:0:2 A", direction=1, headsign="West"),
    )
    city = City(network(places, ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "back"))))
    station, town = {"stop_id": "de:08116:4305"}, {"stop_id": "de:08116"}
    for informed, reached in (
        ((station,), [1, 2]), ((station | {"route_id": "r1", "direction_id": 1},), [2]), ((town,), []),
    ):  # fmt: skip
        city.alerts(alert(SAID, *informed))
        told = [i for i, place in enumerate(places) if SAID in city.messages(stop=place.stop_id)["v1 stop"]]
        assert told == reached, informed
        assert bool(city.messages(route="r1")["line page"]) == bool(reached)
        # Others know the timetable's stops alone.
        sent = [selector.stop_id for entity in city.our_alerts() for selector in entity.alert.informed_entity]
        siri = city.json("/siri/2.0/general-message.json")["Siri"]["ServiceDelivery"]["GeneralMessageDelivery"][0]
        refs = [ref["value"] for told in siri["InfoMessage"] for ref in told["Content"]["StopPointRef"]]
        assert set(sent) == set(refs) == {place.stop_id for place in places[1:3] if reached}


def test_a_direction_says_nothing_of_a_line_of_which_all_has_one() -> None:
    # As programs write 0 for all trips: the direction that a message names is none of the timetable's.
    both_ways = (Pattern("main", "A B C"), Pattern("back", "C B A", headsign="West"))
    for patterns in ((Pattern("main", "A B C"),), both_ways):
        city = City(network("A B C", patterns, (Trip("t1", "08:00"), Trip("t2", "08:10", patterns[-1].name))))
        city.alerts(alert(SAID, {"route_id": "r1", "direction_id": 1}))
        assert city.messages(route="r1")["line page"] == city.messages(stop="B")["stop page"] == [SAID]


def test_a_stop_that_a_message_names_is_not_named_beneath_it_again() -> None:
    city = City(TOWN).alerts(alert("Stop B closed", {"route_id": "r1", "stop_id": "B"}))
    message = only(city.page("/lines/r1"), ".alert")
    assert text(message) == "1 Stop B closed"
    assert [link.attributes["href"] for link in message.css("a")] == ["/stops/B"]
    city.alerts(alert("Stop BB closed", {"route_id": "r1", "stop_id": "B"}))
    assert text(city.page("/lines/r1").css_first(".alert .places")) == "Stop B"


def test_on_a_later_run_riders_read_what_is_in_force_then() -> None:
    # opentripplanner/OpenTripPlanner#581, motis-project/nigiri#415
    def told(name: str, *active: Any, **more: Any) -> Any:
        return alert(name, more.pop("informed", {"route_id": "r1"}), active=active, **more)

    always, now = told("Always"), told("Now", ("07:00", "20:00"))
    tomorrow = told("Tomorrow", ("30:00", "40:00"), informed={"trip_id": "t1"})
    kept_back = told("Kept back", ("30:00", "40:00"), communication=(("24:00", None),))
    city = City(TOWN).alerts(
        always, now, tomorrow, kept_back, told("Open", ("05:00", None)), told("Later", ("72:00", None))
    )
    for day, read in (("2026-11-26", ["Always", "Now", "Open"]), ("2026-11-27", ["Always", "Open", "Tomorrow"])):
        assert said_of(city, "t1", date=day) == read
        heads_there = [text(head) for head in city.page("/trips/t1", date=day).css(".alerts strong")]
        assert heads_there == read
    assert "From tomorrow 06:00" in text(city.page("/trips/t1", date="2026-11-27").css_first(".alerts"))


def test_a_message_about_all_platforms_is_about_the_station_and_stops_of_one_name_have_their_numbers() -> None:
    # mbta/screens#3016, kona314/transit-fedilerts#11
    city = City(TOWN).alerts(alert("Closed", {"stop_id": "S1"}, {"stop_id": "S2"}))
    assert [text(stop) for stop in city.page("/lines/r2").css(".alert .places a")] == ["Stop S"]
    poles = (Stop("A", 0.0), *(Stop(f"B{k}", 600.0 + 20 * k, name="Mission St", code=f"1329{k}") for k in range(2)))
    city = City(network(poles)).alerts(alert("Closed", {"stop_id": "B0"}, {"stop_id": "B1"}))
    named = city.page("/lines/r1").css(".alert .places a")
    assert [text(stop) for stop in named] == ["Mission St (13290)", "Mission St (13291)"]


def test_marks_of_a_text_that_is_no_page_are_not_read_out() -> None:
    said = "## Works\n**Use** [stop D](https://town.example/d) * 2 ** 3 [1] snake_case__ # 5"
    city = City().alerts(alert("__Closed__", {"route_id": "r1"}, description=said))
    (message,) = city.page("/lines/r1").css(".alert")
    assert text(message) == "1 Closed Works Use stop D * 2 ** 3 [1] snake_case__ # 5Read more: Closed"
    assert only(message, 'a[href^="http"]').attributes["href"] == "https://town.example/d"


def test_a_line_that_is_a_route_for_each_direction_is_named_once() -> None:  # HSLdevcom/digitransit#112
    ways = Pattern("main", "A B C"), Pattern("back", "C B A", route="r2", headsign="West")
    routes = Route("r1", "5", "Town"), Route("r2", "5", "Town")
    city = City(network("A B C", ways, (Trip("t1", "08:00"), Trip("u1", "08:10", "back")), routes=routes))
    city.alerts(alert(SAID, {"route_id": "r1"}, {"route_id": "r2"}))
    told = city.messages(stop="B")
    assert (told["panel"], told["screen"]) == ([f"5: {SAID}"], [f"5 {SAID}"])
    assert text(city.page("/alerts").css_first(".alert .alert-head")) == f"5 {SAID}"
    # Where both stand in a list they are told apart.
    lines = [text(line) for line in city.page("/lines").css("ul.lines li")]
    assert [line.partition(" · ")[2] for line in lines] == ["Stop A – Stop C", "Stop C – Stop A"]


def test_a_message_about_a_stop_is_read_wherever_its_departures_stand() -> None:
    city = City().alerts(alert("Stop C closed", {"stop_id": "C"}, effect="NO_SERVICE"), alert(SAID, {"route_id": "r1"}))
    favourite, embedded = city.page("/", fragment="board", stop="C"), city.page("/embed/C")
    # The line's badge is marked on the home page, where its message is a touch away.
    assert [text(head) for head in favourite.css(".alerts strong")] == ["Stop C closed"]
    assert favourite.css(".marked")
    assert only(favourite, ".alerts").attributes["aria-label"] == "Service alerts: Stop C"
    assert sorted(text(head) for head in embedded.css(".alerts strong")) == ["Stop C closed", SAID]
    assert not city.page("/", fragment="board", stop="B").css(".alerts")


def test_a_message_in_another_language_says_so_to_who_hears_it_read_out() -> None:
    # opentripplanner/OpenTripPlanner#4117
    told = alert({"fi": "Myöhässä"}, {"route_id": "r1"}, description={"en": "Delays", "fr": "Retards"})
    city = City().alerts(told, alert({"": "Crowded"}, {"route_id": "r1"}))
    head, *others = city.page("/stops/C").css(".alerts strong, .alerts .alert-head + p")
    assert (head.attributes["lang"], head.attributes["dir"]) == ("fi", "auto")
    assert not any("lang" in other.attributes for other in others)
    french = city.get("/stops/C", lang="fr").text
    assert '<strong lang="fi" dir="auto">' in french and "<p>Retards</p>" in french


def test_an_end_in_another_year_is_told_with_its_year() -> None:
    ends = (1830000000.0, 1798000000.0)  # 28 December 2027, 23 December 2026
    city = City().alerts(
        *(alert(f"{SAID} {k}", {"route_id": "r1"}, active=(("07:00", end),)) for k, end in enumerate(ends))
    )
    first, second = (text(shown) for shown in city.page("/alerts").css(".alert"))
    assert "Until 28 December 2027 14:20" in first
    assert "Until 23 December 05:26" in second


def test_a_screen_says_in_which_language_a_message_is() -> None:
    told = alert({"fi": "Myöhässä"}, {"route_id": "r1"}, description={"fr": "Retards"})
    city = City().alerts(told, alert({"": "Crowded"}, {"route_id": "r1"}))
    first, second = city.page("/screen/C").css(".message p")
    assert [(span.attributes.get("lang"), text(span)) for span in first.css("span[lang]")] == [
        ("fi", "Myöhässä"), ("fr", "Retards"),
    ]  # fmt: skip
    assert not second.css("span[lang]") and text(second).endswith("Crowded")


def test_who_reads_messages_by_siri_sees_that_one_is_another_by_now_and_none_without_words() -> None:
    def told() -> list[tuple[int, list[str]]]:
        siri = city.json("/siri/2.0/general-message.json")["Siri"]["ServiceDelivery"]["GeneralMessageDelivery"][0]
        return [
            (one["InfoMessageVersion"], [said["MessageText"]["value"] for said in one["Content"]["Message"]])
            for one in siri["InfoMessage"]
        ]

    city = City()
    detour = alert("", {"route_id": "r1"}, effect="DETOUR", entity_id="b")

    def told_at(at: str, header: str) -> list[tuple[int, list[str]]]:
        city.at(at).alerts(alert(header, {"route_id": "r1"}, entity_id="a"), detour)
        return told()

    first, silent = told_at("08:01", "Works")
    assert silent[1] == ["Detour", "Umleitung", "Déviation"]
    assert told_at("08:02", "Works") == [first, silent]
    changed, unchanged = told_at("08:03", "Works until Friday")
    assert changed[0] > first[0] and unchanged == silent
    assert told_at("08:04", "Works until Friday") == [changed, silent]
    # Nor is one another's predecessor by now where the service starts anew.
    city = City(at="08:05")
    assert all(
        again[0] >= before[0] for again, before in zip(told_at("08:06", "Works"), (changed, silent), strict=True)
    )


@pytest.mark.parametrize(
    ("informed", "said", "at", "about"),
    [
        # OneBusAway/onebusaway-android#938: which of the departures it is, as it leaves from there.
        ([{"trip_id": "t1"}], "Small bus", "C", "1: 08:04 to East: Small bus"),
        ([{"trip_id": "t2", "start_date": 20261126}, {"trip_id": "t1"}], "Small bus", "C",
         "1: 08:04, 09:04 to East: Small bus"),
        ([{"trip_route_id": "r1", "start_time": "09:00:00", "start_date": 20261126}], "Small bus", "A",
         "1: 09:00 to East: Small bus"),
        ([{"trip_id": "t1", "start_date": 20261127}], "Small bus", "C",
         "1: From tomorrow 00:00 · 08:04 to East: Small bus"),
        ([{"trip_id": "t1"}], "The 08:00 is a small bus", "C", "1: The 08:00 is a small bus"),
        ([{"trip_id": "t1"}], "The 8.00 is a small bus", "C", "1: The 8.00 is a small bus"),
        ([{"trip_id": "t1"}, {"route_id": "r1"}], "Small bus", "C", "1: Small bus"),
        # Of a line that stops there in both directions, which one.
        ([{"route_id": "r1", "direction_id": 1}], "Works", "E", "1: to West: Works"),
        ([{"route_id": "r1", "direction_id": 1}], "Works towards West", "E", "1: Works towards West"),
        ([{"route_id": "r1", "direction_id": 1}, {"route_id": "r1", "direction_id": 0}], "Works", "E", "1: Works"),
        # ibi-group/OpenTripPlanner#44: of lines of several agencies and kinds, whose.
        ([{"agency_id": "B"}], "Strike", "C", "Trams of B: Strike"),
        ([{"agency_id": "B"}], "Strike on the trams of B", "C", "Strike on the trams of B"),
        ([{"route_type": 0}], "Strike", "C", "Tram: Strike"),
        ([{"agency_id": "B"}, {"agency_id": "TB"}], "Strike", "C", "Strike"),
        ([{"agency_id": "TB", "stop_id": "C"}], "Stop moved", "C", "Stop moved"),
    ],
)  # fmt: skip
def test_who_waits_reads_which_departure_direction_or_agency_a_message_is_about(
    informed: list[dict[str, Any]], said: str, at: str, about: str
) -> None:
    city = City(TOWN, at="07:55").alerts(alert(said, *informed))
    read = city.messages(stop=at)
    assert read["panel"] == [about]
    assert read["stop page"] == [said], "beside it"
    whom = about.removesuffix(said).removeprefix("1: ").rpartition(" · ")[2].removesuffix(": ")
    lines = city.page("/lines/r1") if "r1" in str(informed) else city.page("/alerts")
    for page in (city.page(f"/stops/{at}"), lines):
        beside = [text(node) for node in page.css(".alert .soft")]
        assert any(whom[-7:] in words for words in beside) if whom else beside == []
    assert whom in text(city.page(f"/screen/{at}").css_first(".message"))


def test_that_nothing_runs_is_said_before_what_disturbs_less() -> None:  # mbta/screens#3116
    told = (("Lift", {"stop_id": "A"}, "ACCESSIBILITY_ISSUE"), ("Detour", {"stop_id": "A"}, "DETOUR"),
            ("Closed", {"stop_id": "A"}, "NO_SERVICE"))  # fmt: skip
    heads = City().alerts(*(alert(head, of, effect=effect) for head, of, effect in told)).messages(stop="A")
    assert heads["panel"] == heads["stop page"] == ["Closed", "Detour", "Lift"]
    # It is severe where the feed does not say how severe it is.
    rated = (("Detour", "DETOUR", "WARNING"), ("Closed", "NO_SERVICE", ""), ("Snow", "DETOUR", "SEVERE"))
    messages = (alert(head, {"stop_id": "A"}, effect=effect, severity=level) for head, effect, level in rated)
    assert City().alerts(*messages).messages(stop="A")["screen"] == ["Closed", "Snow", "Detour"]


def test_a_message_under_several_ids_is_told_once_by_every_face() -> None:
    told = [alert("Strike", {"route_id": "r1"}, entity_id=name) for name in ("bus-7", "tram-7")]
    city = City().alerts(*told)
    faces = {**city.messages(stop="A"), **city.messages(route="r1"), **city.messages(trip="t1")}
    assert {face: len(heads) for face, heads in faces.items()} == dict.fromkeys(faces, 1)
    assert city.json("/v1/stops/A")["alerts"][0]["alert_id"] == "bus-7"


# opentripplanner/OpenTripPlanner#1347
def test_a_message_about_a_run_by_headway_names_when_it_comes() -> None:
    by_headway = network(trips=(Trip("f", "08:00"),), frequencies=(Frequency("f", "08:00", "10:00", 600),))
    city = City(by_headway, at="08:10").alerts(alert(SAID, {"trip_id": "f", "start_time": "08:12:00"}))
    city.vehicle_positions(bus("v1", "f", late_s=180, run_start="08:12", start_time="08:12:00")).at("08:17")
    comes = city.departures("C")[0]
    assert city.messages(stop="C")["panel"] == [f"1: {comes.clock} to East: {SAID}"]


def test_a_message_about_a_run_of_the_operators_own_names_its_departure() -> None:
    today = {"start_date": 20261126}
    city = City(TOWN, at="07:55").trip_updates(
        update("t1", StopUpdate("A", departure="08:05"), StopUpdate("C", arrival="08:10"), relationship="REPLACEMENT",
               **today),
        update("t2", StopUpdate("A", departure="08:20"), relationship="DUPLICATED", **today, new_trip_id="t2b",
               new_start_date=20261126, new_start_time="08:20:00"),
    ).alerts(alert("Short", {"trip_id": "t1", **today}), alert("Extra", {"trip_id": "t2b"}))  # fmt: skip
    assert city.messages(stop="A")["panel"] == ["1: 08:00 to Stop C: Short", "1: 08:20 to East: Extra"]
    assert "1: 08:08 to East: Short" in city.messages(stop="E")["panel"]


def test_a_message_about_a_run_that_comes_to_a_stop_twice_names_the_departure_that_is_to_come() -> None:
    twice = network(patterns="A B C B A", trips=(Trip("t1", "08:00"),))
    # The bus leaves B for the first time at 08:05, three minutes late.
    city = City(twice, at="07:59").vehicle_positions(bus("v1", "t1", late_s=180))
    city.alerts(alert("Small bus", {"trip_id": "t1", "stop_id": "B"}), alert("Crowded", {"trip_id": "t1"}))
    assert set(city.at("08:04").messages(stop="B")["panel"]) == {
        f"1: 08:02 to East: {said}" for said in ("Small bus", "Crowded")
    }
    assert set(city.at("08:06").messages(stop="B")["panel"]) == {
        f"1: 08:06 to East: {said}" for said in ("Small bus", "Crowded")
    }
    # Where it ends nobody boards it.
    assert city.messages(stop="A")["panel"] == ["1: 08:00 to East: Crowded"]
