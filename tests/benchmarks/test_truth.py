"""Which reports are passages, and of which call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy import truth
from feeds.errors import FeedError
from predictor.timetable import Timetable
from tests.benchmarks.judged_networks import Stop, Trip, timetable_of

DAY = 20151117
STOPS = [Stop(f"s{i}", name) for i, name in enumerate(["Depot", "Mill", "Green", "Mill", "Harbour"])]


@pytest.fixture
def timetable() -> Timetable:
    out = Trip("out", "1", ("s0", "s1", "s2", "s3", "s4"), (36000, 36120, 36240, 36600, 36720))
    back = Trip("back", "1", ("s4", "s2", "s0"), (37200, 37500, 37800))
    headway = Trip("tram", "2", ("s0", "s1", "s2"), (0, 60, 120), by_headway=True)
    return timetable_of(STOPS, [out, back, headway], [20151116, DAY, 20151118])


def reports(timetable: Timetable, *rows: tuple[float, str | None, str | None]) -> pd.DataFrame:
    """One vehicle's reports: seconds of the day, trip, last stop named."""
    origin = int(timetable.date_origin[1])
    return pd.DataFrame(
        {
            "vehicle_id": "bus", "trip_id": [r[1] for r in rows], "start_date": str(DAY),
            "timestamp": [origin + int(r[0]) for r in rows], "last_stop_name": [r[2] for r in rows],
        }
    )  # fmt: skip


def passed(found: truth.Truth, timetable: Timetable) -> list[tuple[str, int, int, bool]]:
    """(trip, call, seconds of the day, judged) of each passage, by time."""
    rows = found.passages.sort_values("time")
    trip = timetable.trip_id[rows.trip.to_numpy()].tolist()
    at = (rows.time.to_numpy() - timetable.date_origin[rows.service_day.to_numpy()]).astype(int).tolist()
    return list(zip(trip, rows.call.tolist(), at, rows.judged.tolist(), strict=True))


def test_the_first_report_that_names_a_new_stop_is_its_passage(timetable: Timetable) -> None:
    seen = [(36060, "out", "Depot"), (36130, "out", "Mill"), (36200, "out", "Mill"), (36260, "out", "Green")]
    found = truth.from_stop_reports(reports(timetable, *seen), timetable)
    assert passed(found, timetable) == [("out", 1, 36130, True), ("out", 2, 36260, True)]
    assert found.counts["first stop of a trip"] == 1


def test_a_name_that_comes_twice_is_the_call_that_fits_the_times(timetable: Timetable) -> None:
    seen = [
        (36060, "out", "Depot"), (36130, "out", "Mill"), (36250, "out", "Green"), (36370, "out", "Green"),
        (36490, "out", "Green"), (36610, "out", "Mill"), (36730, "out", "Harbour"),
    ]  # fmt: skip
    found = truth.from_stop_reports(reports(timetable, *seen), timetable)
    assert passed(found, timetable) == [
        ("out", 1, 36130, True), ("out", 2, 36250, True), ("out", 3, 36610, True), ("out", 4, 36730, True),
    ]  # fmt: skip


def test_the_last_stop_of_the_trip_before_is_no_passage_of_the_next_trip(timetable: Timetable) -> None:
    seen = [
        (36240, "out", "Mill"), (36260, "out", "Green"), (36300, "back", "Green"), (37210, "back", "Harbour"),
        (37290, "back", "Harbour"), (37380, "back", "Harbour"), (37510, "back", "Green"),
    ]  # fmt: skip
    found = truth.from_stop_reports(reports(timetable, *seen), timetable)
    assert passed(found, timetable)[-1] == ("back", 1, 37510, True)
    assert 36300 not in [at for _, _, at, _ in passed(found, timetable)]


def test_a_passage_inside_a_silence_is_known_but_not_judged(timetable: Timetable) -> None:
    found = truth.from_stop_reports(
        reports(timetable, (36060, "out", "Depot"), (36300, "out", "Mill"), (36330, "out", "Green")), timetable
    )
    assert passed(found, timetable) == [("out", 1, 36300, False), ("out", 2, 36330, True)]


def test_unknown_trips_names_and_dates_are_left_out_not_fatal(timetable: Timetable) -> None:
    rows = reports(
        timetable, (36060, "gone", "Depot"), (36130, "out", "Nowhere"), (36200, None, "Mill"), (36260, "out", "Green")
    )
    rows.loc[3, "start_date"] = "19990101"
    found = truth.from_stop_reports(rows, timetable)
    assert len(found.passages) == 0
    assert found.counts["stop reports"] == 3


def test_stop_events_give_arrivals_and_the_first_calls_departure(timetable: Timetable) -> None:
    origin = float(timetable.date_origin[1])
    events = pd.DataFrame(
        {
            "vehicle_id": "t1", "trip_id": "tram", "stop_sequence": [1, 2, 3, 9],
            "arrival": [np.nan, origin + 3660, np.nan, origin],
            "departure": [origin + 3605, origin + 3680, origin + 3755, origin],
        }
    )  # fmt: skip
    begun = pd.DataFrame(
        {
            "vehicle_id": "t1",
            "start_date": str(DAY),
            "start_time": "01:00:00",
            "timestamp": origin + np.array([3600, 3670]),
        }
    )
    found = truth.from_stop_events(events, begun, timetable, [DAY])
    assert passed(found, timetable) == [("tram", 0, 3605, True), ("tram", 1, 3660, True), ("tram", 2, 3755, False)]
    assert (found.passages.start_s == 3600).all()
    assert (found.passages.known - origin).tolist() == [3670, 3670, 3755 + 86400]
    assert found.counts["trip, date or stop sequence unknown"] == 1


def test_own_passages_that_are_too_uncertain_are_not_judged(timetable: Timetable) -> None:
    origin = float(timetable.date_origin[1])
    own = pd.DataFrame(
        {
            "vehicle_id": "bus", "trip_id": "out", "start_date": str(DAY), "stop_sequence": [1, 2, 3],
            "arrival": [np.nan, origin + 36130, origin + 36260], "departure": [origin + 36010, np.nan, np.nan],
            "arrival_sd_s": [5.0, 20.0, 90.0],
        }
    )  # fmt: skip
    own_reports = pd.DataFrame({"vehicle_id": ["bus"], "timestamp": [origin + 36140]})
    found = truth.from_passages(own, own_reports, timetable, [DAY])
    assert passed(found, timetable) == [("out", 0, 36010, True), ("out", 1, 36130, True), ("out", 2, 36260, False)]
    assert len(truth.from_passages(own, own_reports, timetable, [20151118]).passages) == 0


def test_a_folder_without_truth_says_what_to_give(timetable: Timetable, tmp_path: Path) -> None:
    reports(timetable, (36060, "out", "Depot")).drop(columns="last_stop_name").to_parquet(
        tmp_path / "vehicle_positions_2015-11-17.parquet"
    )
    assert not truth.known_to(tmp_path)
    with pytest.raises(FeedError, match="--passages"):
        truth.of_folder(tmp_path, timetable, [DAY])


def test_calls_are_found_by_stop_sequence(timetable: Timetable) -> None:
    trip = np.array([0, 0, 1, 1, -1], np.int32)
    assert truth.call_of_sequence(timetable, trip, np.array([1, 5, 3, 4, 1])).tolist() == [0, 4, 2, -1, -1]


def test_stop_visits_of_a_tides_package_are_the_truth_where_a_folder_has_them(
    timetable: Timetable, tmp_path: Path
) -> None:
    (tmp_path / "vehicle_locations.csv").write_text(
        "event_timestamp,vehicle_id,latitude,longitude,trip_id_scheduled,service_date\n"
        "2015-11-17T10:02:30-05:00,bus,47.39,0.69,out,2015-11-17\n"
    )
    assert not truth.known_to(tmp_path)
    (tmp_path / "trips_performed.csv").write_text(
        "service_date,trip_id_performed,vehicle_id,trip_id_scheduled,schedule_trip_start\n"
        "2015-11-17,p1,bus,out,2015-11-17T10:00:00-05:00\n2015-11-17,p2,tram,tram,2015-11-17T10:20:00-05:00\n"
        "2015-11-17,p3,van,,\n"
    )
    (tmp_path / "stop_visits.csv").write_text(
        "service_date,trip_id_performed,scheduled_stop_sequence,vehicle_id,actual_arrival_time,actual_departure_time\n"
        f"2015-11-17,p1,{timetable.stop_sequence[0]},bus,,2015-11-17T10:00:10-05:00\n"
        f"2015-11-17,p1,{timetable.stop_sequence[1]},bus,2015-11-17T10:02:10-05:00,2015-11-17T10:02:20-05:00\n"
        f"2015-11-17,p1,{timetable.stop_sequence[2]},bus,,2015-11-17T10:04:30-05:00\n"
        f"2015-11-17,p2,{timetable.stop_sequence[1]},tram,2015-11-17T10:21:05-05:00,\n"
        "2015-11-17,p3,2,van,2015-11-17T10:21:05-05:00,\n"
    )
    assert truth.known_to(tmp_path)
    found = truth.of_folder(tmp_path, timetable, [DAY])
    assert found.source == "stop visits of a TIDES package"
    # Where it was seen to leave alone it was passed, but is not judged by.
    assert passed(found, timetable) == [
        ("out", 0, 36010, True), ("out", 1, 36130, True), ("out", 2, 36270, False), ("tram", 1, 37265, True),
    ]  # fmt: skip
    assert found.passages.start_s.dropna().tolist() == [37200.0]
    assert found.passages.known.tolist()[:2] == [timetable.date_origin[1] + 36150] * 2
    assert found.counts["trip, date or stop sequence unknown"] == 1
