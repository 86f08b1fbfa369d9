"""Stops, platforms and stations, and routes as riders know them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.feeds.small_feed import STOP_TIMES, called_stops, calls, load, place, read

HEADER = (
    "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,platform_code,stop_code,wheelchair_boarding\n"
)
STATION = f"G,Gare,{place(0)},1,,,100,1\nA,,{place(10)},,G,01,,\n"
STATION += f"A2,Gare quai 2,,,0,G,02,102,2\nE,Entrée,{place(0, 30)},2,G,,,\n"
OTHERS = f"B,Liberté,{place(600)},,,,,\nC,Lac,{place(1200)},,,,,\n"
BOTH_PLATFORMS = STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00") + "t1,08:06:00,08:06:00,A2,4\n"


def test_platforms_belong_to_their_station_and_inherit_what_they_do_not_say(tmp_path: Path) -> None:
    tt = read(tmp_path, stops=HEADER + STATION + OTHERS, stop_times=BOTH_PLATFORMS)
    i = tt.stop_index
    assert tt.stop_id.tolist() == ["G", "A", "A2", "B", "C"], "entrances are not loaded"
    assert tt.stop_parent.tolist() == [-1, i["G"], i["G"], -1, -1]
    assert tt.stop_name[[i["A"], i["A2"]]].tolist() == ["Gare", "Gare quai 2"]
    assert tt.stop_platform[[i["A"], i["A2"]]].tolist() == ["01", "02"], "codes keep their leading zeros"
    assert tt.stop_lat[i["A2"]] == tt.stop_lat[i["G"]]
    assert tt.stop_wheelchair.tolist() == [1, 1, 2, 0, 0]
    assert tt.stop_location_type.tolist() == [1, 0, 0, 0, 0]
    ptr, member = tt.station_members
    assert sorted(member[ptr[i["G"]] : ptr[i["G"] + 1]].tolist()) == [i["G"], i["A"], i["A2"]]


@pytest.mark.parametrize("parent", ["nowhere", "B"])
def test_a_parent_that_is_no_station_is_told_and_left_out(tmp_path: Path, parent: str) -> None:
    loaded = load(tmp_path, stops=f"{HEADER}A,Gare,{place(0)},,{parent},,,\n{OTHERS}")
    assert loaded.timetable.stop_parent.tolist() == [-1, -1, -1]
    assert [(p.file, p.row, p.entity_id) for p in loaded.problems] == [("stops.txt", 2, "A")]


def test_stations_do_not_nest(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, stops=f"{HEADER}G,Gare,{place(0)},1,H,,,\nH,Pôle,{place(0)},1,,,,\nA,A,{place(9)},,G,,,\n{OTHERS}"
    )
    tt = loaded.timetable
    assert tt.stop_parent[tt.stop_index["A"]] == tt.stop_index["G"]
    assert tt.stop_parent[tt.stop_index["G"]] == -1
    assert [p.entity_id for p in loaded.problems] == ["G"]


# mfdz/GTFS-Issues#35, eqasim-org/eqasim-france#521: who is near asks for stations, their platforms are not named.
@pytest.mark.parametrize("at", ["0.0,0.0", ",", place(300_000)])
def test_a_station_at_no_place_or_far_from_its_platforms_is_put_amid_these(tmp_path: Path, at: str) -> None:
    platforms = f"A,Stop A,{place(0)},,S,,,\nB,Stop B,{place(600)},,S,,,\nC,Stop C,{place(1200)},,,,,\n"
    loaded = load(tmp_path, stops=f"{HEADER}S,Station,{at},1,,,,\n{platforms}")
    tt = loaded.timetable
    station = tt.stop_index["S"]
    assert f"{tt.stop_lat[station]:.5f},{tt.stop_lon[station]:.5f}" == "47.39000,0.69399"
    assert [(p.row, p.entity_id) for p in loaded.problems] == [(2, "S")]


@pytest.mark.parametrize("where", ["0,0", ",", "91,0.7", "47.4,200", "north,east"])
def test_a_stop_at_no_place_on_earth_is_put_between_its_neighbours(tmp_path: Path, where: str) -> None:
    rows = f"A,Gare,{place(0)},,,,,\nB,Liberté,{where},,,,,\nC,Lac,{place(1200)},,,,,\n"
    loaded = load(tmp_path, stops=HEADER + rows)
    tt = loaded.timetable
    assert tt.stop_lon[1] == pytest.approx((tt.stop_lon[0] + tt.stop_lon[2]) / 2)
    said = [p for p in loaded.problems if "put between the stops" in p.message]
    assert [(p.file, p.row, p.entity_id) for p in said] == [("stops.txt", 3, "B")]


def test_a_stop_that_no_neighbour_can_place_is_served_by_no_trip(tmp_path: Path) -> None:
    rows = f"A,Gare,,,,,,,\nB,Liberté,,,,,,,\nC,Lac,{place(1200)},,,,,\nD,Parc,{place(1800)},,,,,\n"
    loaded = load(
        tmp_path,
        stops=HEADER + rows,
        stop_times=STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00", "08:06:00", stops="ABCD"),
    )
    tt = loaded.timetable
    assert called_stops(tt, "t1") == "BCD", "B is put beside C, A has no neighbour with a place"
    assert np.isnan(tt.stop_lat[0])
    assert [p.entity_id for p in loaded.problems] == ["B", "A"]


def test_a_stop_without_a_name_goes_by_its_id(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=f"{HEADER}A,,{place(0)},,,,,\n{OTHERS}")
    assert loaded.timetable.stop_name[0] == "A"
    assert [(p.row, p.entity_id) for p in loaded.problems] == [(2, "A")]
    # SoundTransit/soundtransit-rds#45
    loaded = load(tmp_path, stops=f"stop_id,stop_desc,stop_lat,stop_lon\nA,Gare,{place(0)}\n{OTHERS}")
    assert loaded.timetable.stop_name[0] == "Gare"


@pytest.mark.parametrize("word", ["null", "N/A", "-", "None"])
def test_a_word_for_no_name_beside_a_lines_other_name_is_none(tmp_path: Path, word: str) -> None:
    header = "route_id,route_short_name,route_long_name,route_type\n"
    tt = load(tmp_path, routes=f"{header}r1,{word},Ferry,4\nr2,7,{word},3\nr3,{word},{word},3\n").timetable
    assert tt.route_short_name.tolist() == ["", "7", word]
    assert tt.route_long_name.tolist() == ["Ferry", "", word]


def test_routes_keep_their_names_and_colours_and_absurd_ones_are_told(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        routes="route_id,route_short_name,route_long_name,route_type,route_color,route_text_color\n"
        "r1,A,Gare – Lac,0,#00a0e9,FFFFFF\nr2,,,3,,\nr3,3,,tram,red,\n",
    )
    tt = loaded.timetable
    assert tt.route_short_name.tolist() == ["A", "r2", "3"]
    assert tt.route_type.tolist() == [0, 3, 3]
    assert tt.route_color.tolist() == ["00A0E9", "", ""]
    told = {(p.row, p.entity_id, p.message.split()[0]) for p in loaded.problems}
    assert told >= {(3, "r2", "neither"), (4, "r3", "route_color")}
    assert any("route_type" in p.message and p.row == 4 for p in loaded.problems)
    agencies = "agency_id,agency_name,agency_url,agency_timezone\n" + "".join(
        f"{name},{name},https://town.example,Europe/Paris\n" for name in ("X", "Y")
    )
    told_first = [p.message for p in load(tmp_path, agency=agencies).problems]
    assert told_first == ["no agency_id, though there are several; taken as X's."]


def test_names_that_a_program_took_for_decimals_are_the_numbers_that_riders_know(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        stops=f"stop_id,stop_name,stop_lat,stop_lon,stop_code,platform_code\nA,A,{place(0)},101.0,nan\n"
        f"B,B,{place(600)},102.0,2.0\nC,C,{place(1200)},,\n",
        routes="route_id,route_short_name,route_long_name,route_type\nr1,1.0,,3\nr2,10.0,,3\nr3,,Lake,4\n",
    )
    tt = loaded.timetable
    assert tt.route_short_name.tolist() == ["1", "10", ""]
    assert tt.stop_code.tolist() == ["101", "102", ""]
    assert tt.stop_platform.tolist() == ["", "2.0", ""], "of which not all are numbers"
    mixed = load(tmp_path, routes="route_id,route_short_name,route_type\nr1,1.0,3\nr2,1.5,3\n").timetable
    assert mixed.route_short_name.tolist() == ["1.0", "1.5"]
