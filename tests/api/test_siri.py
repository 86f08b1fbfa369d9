"""SIRI Lite says what the boards say, in the words and the shape that its clients read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.desk import Desk
from api.desk.disruption import Notice
from api.service.siri_names import Naming, SiriNames
from api.siri import estimated_timetable, general_message
from tests.api.town import at, service_at

NOW = at(8, 1)
NAMES = SiriNames(
    producer="TOWN",
    stop_point=Naming(gtfs="{}", siri="TOWN:StopPoint:Q:{}:"),
    stop_area=Naming(gtfs="{}", siri="TOWN:StopArea:SP:{}:"),
    line=Naming(gtfs="{}", siri="TOWN:Line::{}:"),
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    yield TestClient(create_app(service_at(NOW)))


def visits(answer: dict[str, Any]) -> list[dict[str, Any]]:
    (delivery,) = answer["Siri"]["ServiceDelivery"]["StopMonitoringDelivery"]
    assert delivery["Status"] == "true"
    found: list[dict[str, Any]] = delivery["MonitoredStopVisit"]
    return found


def ask(client: TestClient, service: str, **parameters: object) -> dict[str, Any]:
    response = client.get(f"/siri/2.0/{service}.json", params={name: str(value) for name, value in parameters.items()})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("stop", ["gare", "gare:1", "liberte", "hopital", "douets"])
def test_visits_of_a_stop_are_the_rows_of_its_board(client: TestClient, stop: str) -> None:
    board = client.get(f"/v1/stops/{quote(stop)}/departures", params={"arrivals": True, "limit": 100}).json()
    told = visits(ask(client, "stop-monitoring", MonitoringRef=stop))
    assert len(told) == len(board["departures"]) > 0
    for visit, row in zip(told, board["departures"], strict=True):
        journey, call = visit["MonitoredVehicleJourney"], visit["MonitoredVehicleJourney"]["MonitoredCall"]
        assert journey["LineRef"]["value"] == row["route"]["route_id"]
        assert journey["FramedVehicleJourneyRef"]["DataFrameRef"]["value"] == row["service_date"]
        assert call["StopPointRef"]["value"] == row["stop_id"]
        assert journey["Monitored"] == (row["status"] == "live")
        for name, event in (("Arrival", row["arrival"]), ("Departure", row["departure"])):
            assert call.get(f"Aimed{name}Time") == (event and event["scheduled"])
            if event and event["predicted"]:
                assert call[f"Expected{name}Time"] == event["predicted"]


def test_another_program_reads_what_comes(client: TestClient) -> None:
    # Imported here: it takes a tenth of a second, of each process that collects these tests.
    from siri_lite.siri_client import parse_stop_monitoring_response  # type: ignore[import-untyped]

    calls = parse_stop_monitoring_response(ask(client, "stop-monitoring", MonitoringRef="liberte"))
    tram = next(call for call in calls if call.line_ref == "tram-A")
    assert (tram.published_line_name, tram.destination_name) == ("A", "Les Douets")
    now = datetime.fromtimestamp(NOW).astimezone()
    assert tram.extract_remaining_time_before_arrival(now=now) in (1, 2)


def test_visits_are_those_asked_for(client: TestClient) -> None:
    def lines(**parameters: object) -> list[str]:
        told = visits(ask(client, "stop-monitoring", MonitoringRef="liberte", **parameters))
        return [visit["MonitoredVehicleJourney"]["LineRef"]["value"] for visit in told]

    every = lines()
    assert set(every) == {"tram-A", "bus-2"}
    assert lines(LineRef="tram-A") == [line for line in every if line == "tram-A"]
    assert lines(MaximumStopVisits=1) == every[:1]
    assert lines(DestinationRef="douets") == lines(LineRef="tram-A")
    # The bus ends here.
    assert set(lines(StopVisitTypes="departures")) == {"tram-A"}
    assert lines(PreviewInterval="PT10M") == every[: len(lines(PreviewInterval="PT10M"))] != every
    assert lines(DirectionRef="0") == every
    assert lines(DirectionRef="1") == []
    later = lines(StartTime="2026-03-02T08:15:00", PreviewInterval="PT30M")
    assert 0 < len(later) < len(every)
    assert lines(StartTime="0001-01-01T00:00:00+14:00") == every
    assert lines(StartTime="9999-12-31T23:00:00-08:00", PreviewInterval="PT1H") == []
    assert lines(LineRef="", DestinationRef="", PreviewInterval="P9999D") == lines(PreviewInterval="P2D")


def test_a_start_time_whose_plus_was_not_written_as_one_is_understood(client: TestClient) -> None:
    asked = "/siri/2.0/stop-monitoring.json?MonitoringRef=liberte&PreviewInterval=PT30M&StartTime=2026-03-02T08:15:00"
    answers = [visits(client.get(f"{asked}{offset}").json()) for offset in ("%2B01:00", "+01:00", "+0100", "")]
    assert answers[0] == answers[1] == answers[2] == answers[3] != []


def test_several_stops_are_told_in_one_answer_soonest_first(client: TestClient) -> None:
    def calls(*stops: str) -> list[tuple[str, str]]:
        answer = client.get("/siri/2.0/stop-monitoring.json", params={"MonitoringRef": stops}).json()
        return [(visit["MonitoringRef"]["value"], visit["ItemIdentifier"]) for visit in visits(answer)]

    both = calls("hopital", "gare", "gare:1")
    assert sorted(both) == sorted({*calls("hopital"), *calls("gare")})
    assert both[0] in (calls("hopital")[0], calls("gare")[0])
    assert both != calls("hopital") + calls("gare")


def test_the_runs_of_all_lines_come_by_pages(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def runs(**parameters: object) -> tuple[bool | None, list[str]]:
        delivery = ask(client, "estimated-timetable", **parameters)["Siri"]["ServiceDelivery"]
        (frame,) = delivery["EstimatedTimetableDelivery"][0]["EstimatedJourneyVersionFrame"]
        told = [run["FramedVehicleJourneyRef"]["DatedVehicleJourneyRef"] for run in frame["EstimatedVehicleJourney"]]
        return delivery.get("MoreData"), told

    by_line = runs(LineRef="tram-A")[1] + runs(LineRef="bus-2")[1]
    assert sorted(runs()[1]) == sorted(runs(LineRef="ALL")[1]) == sorted(by_line)
    assert runs(LineRef="bus-2", DirectionRef="7") == (None, [])
    monkeypatch.setattr(estimated_timetable, "MOST_RUNS", 3)
    pages = [runs(LineRef="ALL", Page=page) for page in (1, 2)]
    assert [more for more, _ in pages] == [True, None]
    assert sorted(pages[0][1] + pages[1][1]) == sorted(by_line)


def test_the_address_of_all_services_answers_with_them(client: TestClient) -> None:
    """transport.data.gouv.fr asks whether the address that a data set names can be reached."""
    for address in ("/siri/2.0/", "/siri/2.0", "/siri"):
        services = client.get(address, follow_redirects=False).json()["services"]
        assert "http://testserver/siri/2.0/stop-monitoring.json" in services


def test_times_are_told_as_prims_clients_read_them_where_that_is_set(client: TestClient) -> None:
    there = TestClient(create_app(service_at(NOW), siri_names=NAMES.model_copy(update={"times": "utc"})))
    told = [visits(ask(face, "stop-monitoring", MonitoringRef="liberte")) for face in (client, there)]
    calls = [[visit["MonitoredVehicleJourney"]["MonitoredCall"] for visit in visits] for visits in told]
    local, utc = ([call["AimedArrivalTime"] for call in of] for of in calls)
    # droso-hass/idfm-api reads no others.
    read = [datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC) for time in utc]
    assert read == [datetime.fromisoformat(time) for time in local] != []
    assert told[1][0]["RecordedAtTime"].endswith(".000Z")


def test_a_cancelled_run_is_told_as_cancelled(client: TestClient) -> None:
    told = visits(ask(client, "stop-monitoring", MonitoringRef="liberte", LineRef="tram-A"))
    call = next(
        visit["MonitoredVehicleJourney"]["MonitoredCall"]
        for visit in told
        if visit["MonitoredVehicleJourney"]["FramedVehicleJourneyRef"]["DatedVehicleJourneyRef"] == "A-0820"
    )
    assert call["DepartureStatus"] == "cancelled" and call["Cancellation"]
    assert "ExpectedDepartureTime" not in call and call["AimedDepartureTime"].startswith("2026-03-02T08:22")
    (delivery,) = ask(client, "estimated-timetable", LineRef="tram-A")["Siri"]["ServiceDelivery"][
        "EstimatedTimetableDelivery"
    ]
    runs = delivery["EstimatedJourneyVersionFrame"][0]["EstimatedVehicleJourney"]
    assert [run["Cancellation"] for run in runs] == [False, True, False]


def test_the_runs_of_a_line_say_what_its_stops_say(client: TestClient) -> None:
    (delivery,) = ask(client, "estimated-timetable", LineRef="tram-A")["Siri"]["ServiceDelivery"][
        "EstimatedTimetableDelivery"
    ]
    runs = delivery["EstimatedJourneyVersionFrame"][0]["EstimatedVehicleJourney"]
    assert [run["FramedVehicleJourneyRef"]["DatedVehicleJourneyRef"] for run in runs] == ["A-0800", "A-0820", "A-0840"]
    assert [run["Monitored"] for run in runs] == [True, False, False]
    for run in runs:
        for call in run["EstimatedCalls"]["EstimatedCall"]:
            at_stop = visits(ask(client, "stop-monitoring", MonitoringRef=call["StopPointRef"]["value"]))
            assert call in [visit["MonitoredVehicleJourney"]["MonitoredCall"] for visit in at_stop]


def test_vehicles_and_what_there_is_are_told(client: TestClient) -> None:
    (delivery,) = ask(client, "vehicle-monitoring", LineRef="tram-A")["Siri"]["ServiceDelivery"][
        "VehicleMonitoringDelivery"
    ]
    (activity,) = delivery["VehicleActivity"]
    assert activity["MonitoredVehicleJourney"]["MonitoredCall"]["StopPointRef"] == {"value": "liberte"}
    assert (
        ask(client, "vehicle-monitoring", VehicleRef="another")["Siri"]["ServiceDelivery"]["VehicleMonitoringDelivery"][
            0
        ]["VehicleActivity"]
        == []
    )
    stops = ask(client, "stoppoints-discovery", LineRef="bus-2")["Siri"]["StopPointsDelivery"]["AnnotatedStopPointRef"]
    assert {stop["StopPointRef"]["value"] for stop in stops} == {"gare", "gare:2", "st-pierre", "liberte"}
    lines = ask(client, "lines-discovery")["Siri"]["LinesDelivery"]["AnnotatedLineRef"]
    assert [line["LineName"] for line in lines] == [[{"value": "A"}], [{"value": "2"}]]


def test_references_are_written_as_configured_and_read_back() -> None:
    client = TestClient(create_app(service_at(NOW), siri_names=NAMES))
    answer = ask(
        client, "stop-monitoring", MonitoringRef="TOWN:StopArea:SP:gare:", LineRef="TOWN:Line::tram-A:",
        RequestorRef="me", MessageIdentifier="Test:1",
    )  # fmt: skip
    delivery = answer["Siri"]["ServiceDelivery"]
    assert (delivery["ProducerRef"], delivery["RequestMessageRef"], delivery["RequestorRef"]) == (
        "TOWN", {"value": "Test:1"}, {"value": "me"},
    )  # fmt: skip
    assert {visit["MonitoringRef"]["value"] for visit in visits(answer)} == {"TOWN:StopPoint:Q:gare:1:"}
    # A feed's own ids are understood too.
    assert len(visits(ask(client, "stop-monitoring", MonitoringRef="gare", LineRef="tram-A"))) == len(visits(answer))


def test_messages_without_number_come_by_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general_message, "MOST_MESSAGES", 2)
    desk = Desk(service := service_at(NOW))
    for number in range(2):
        desk.disruptions.publish(Notice(header={"en": f"Detour {number}"}, shown_on="network", starts_at=NOW), NOW)
    client, told = TestClient(create_app(service, desk)), list[str]()
    for page, more in ((1, True), (2, None)):
        delivered = ask(client, "general-message", Page=page)["Siri"]["ServiceDelivery"]
        assert delivered.get("MoreData") is more
        told += [message["ItemIdentifier"] for message in delivered["GeneralMessageDelivery"][0]["InfoMessage"]]
    assert len(told) == len(set(told)) == 3, "beside the operator's"


@pytest.mark.parametrize(
    ("service", "parameters", "status", "says"),
    [
        ("stop-monitoring", {}, 400, "MonitoringRef"),
        ("stop-monitoring", {"MonitoringRef": "nowhere"}, 404, "there is no stop “nowhere”"),
        ("stop-monitoring", {"MonitoringRef": "gare", "LineRef": "Z"}, 404, "there is no line “Z”"),
        ("stop-monitoring", {"MonitoringRef": "gare", "PreviewInterval": "soon"}, 400, "PreviewInterval"),
        ("estimated-timetable", {"LineRef": ""}, 404, "there is no line “”"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_siris_words(
    client: TestClient, service: str, parameters: dict[str, str], status: int, says: str
) -> None:
    response = client.get(f"/siri/2.0/{service}.json", params=parameters)
    assert response.status_code == status
    ((_, (delivery,)),) = [
        pair for pair in response.json()["Siri"]["ServiceDelivery"].items() if pair[0].endswith("Delivery")
    ]
    assert delivery["Status"] == "false"
    condition = delivery["ErrorCondition"]
    assert says in condition["InvalidDataReferencesError"]["ErrorText"]
    # As droso-hass/idfm-api knows it.
    unknown = condition["ErrorInformation"]["ErrorText"] == "La requête contient des identifiants qui sont inconnus"
    assert unknown == (status == 404)
    assert says in condition["ErrorInformation"]["ErrorDescription"]
