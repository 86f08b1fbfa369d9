"""Times without colons, dates with the day first, zones as Windows names them, places in millionths of a degree: read
where they can mean only one thing, and otherwise told by file and row with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds.errors import FeedError
from feeds.timetable import LoadedTimetable
from predictor.timetable import Timetable
from tests.feeds.small_feed import (
    SHAPES,
    STOP_TIMES,
    STOPS,
    TABLES,
    WEEK,
    called_stops,
    calls,
    clock_times,
    load,
    place,
)

PLACES = [tuple(map(float, place(600.0 * i).split(","))) for i in range(3)]


def is_whole(tt: Timetable) -> bool:
    return called_stops(tt, "t1") == "ABC" and clock_times(tt, "t1") == ["08:00:00", "08:02:00", "08:04:00"]


def told(loaded: LoadedTimetable, words: str) -> bool:
    return any(words in problem.message for problem in loaded.problems)


# transitland/transitland#275, google/transitfeed#225
@pytest.mark.parametrize(
    ("times", "form"),
    [
        (("0800", "0802", "0804"), "HHMM"), (("800", "802", "804"), "HHMM"), (("080000", "80200", "80400"), "HHMMSS"),
        (("28800", "28920", "29040.0"), "seconds after"), (("0.333333", ".334722", "0.336111"), "share of the"),
        (("8:00 a. m.", "8;02;00", "'08:04:00"), ""), (("08:00 Uhr", "8:02a", "08:04"), ""),
    ],
)  # fmt: skip
def test_times_without_colons_are_read_by_what_they_have_in_common(
    tmp_path: Path, times: tuple[str, ...], form: str
) -> None:
    loaded = load(tmp_path, stop_times=STOP_TIMES + calls("t1", *times))
    assert is_whole(loaded.timetable)
    assert told(loaded, form or "is written as") == bool(form)


@pytest.mark.parametrize("times", [("32400", "32520", "32640"), ("8", "9", "10"), ("0.3", "8.5", "9")])
def test_times_that_may_be_several_things_are_told_and_not_guessed(tmp_path: Path, times: tuple[str, ...]) -> None:
    with pytest.raises(FeedError, match=rf"stop_times.txt row 2: arrival_time “{times[0]}” is not a time HH:MM:SS"):
        load(tmp_path, stop_times=STOP_TIMES + calls("t1", *times))


@pytest.mark.parametrize(
    ("headway", "departures"),
    [("00:10:00", 6), ("600s", 6), ("10 min", 6), ("PT10M", 6), ("600.0", 6), ("0:10", 1), ("10:00", 1)],
)
def test_headways_with_their_units_are_read(tmp_path: Path, headway: str, departures: int) -> None:
    rows = f"trip_id,start_time,end_time,headway_secs\nt1,0800,0900,{headway}\n"
    loaded = load(tmp_path, frequencies=rows)
    assert len(loaded.timetable.journey_trip) == departures
    assert told(loaded, f"headway_secs “{headway}”") == (departures == 1)


# public-transport/transitous#816
def test_headways_of_seconds_are_minutes(tmp_path: Path) -> None:
    rows = "trip_id,start_time,end_time,headway_secs\nt1,0800,0900,10\nt1,0900,1000,20\nt1,1000,1400,120\n"
    loaded = load(tmp_path, frequencies=rows)
    assert set(loaded.timetable.journey_headway_s.tolist()) == {600, 1200, 7200}
    assert told(loaded, "read as minutes")


# itinero/GTFS#8, vingerha/gtfs2#71
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("20/11/2026", "03/12/2026"), ("11/20/2026", "12/3/2026 0:00"), ("3.11.2026", "3.12.2026"),
        ("20112026", "03122026"), ("20-Nov-2026", "December 3rd, 2026"), ("2026年11月20日", "2026 12 03"),
        ("2.0261120E7", "'20261203"), ("11/20/2026 12:00:00 AM", "12/03/2026"), ("3.11.2026", "20261203"),
    ],
)  # fmt: skip
def test_dates_are_read_as_all_of_them_tell(tmp_path: Path, first: str, last: str) -> None:
    days = load(tmp_path, calendar=f'{WEEK}daily,1,1,1,1,1,1,1,"{first}","{last}"\n').timetable.date
    assert days[0] in (20261120, 20261103)
    assert days[-1] == 20261203


def test_another_file_tells_whether_the_day_stands_first(tmp_path: Path) -> None:
    dates = "service_id,date,exception_type\ndaily,{},2\n"
    for date, day in (("31/03/2026", 20260302), ("03/31/2026", 20260203)):
        calendar = f"{WEEK}daily,1,1,1,1,1,1,1,02/03/2026,12/12/2026\n"
        assert load(tmp_path, calendar=calendar, calendar_dates=dates.format(date)).timetable.date[0] == day
    for date in ("01/03/2026", "31/03/2026,1\ndaily,03/31/2026"):
        days = f"{dates.format(date)}daily,20260401,1\n"
        loaded = load(tmp_path, calendar=calendar, calendar_dates=days)
        assert told(loaded, "start_date “02/03/2026” may be of two months")
        assert 20260401 in loaded.timetable.date and 20260302 not in loaded.timetable.date


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Romance Standard Time", "Europe/Paris"), ("Paris", "Europe/Paris"), ("Europe\\Paris", "Europe/Paris"),
        ("Europe/Paris (CET)", "Europe/Paris"), ("UTC+1", "Europe/Paris"), ("gmt+01:00", "Europe/Paris"),
        ("(UTC+01:00) Brussels, Madrid, Paris", "Europe/Paris"), ("utc", "UTC"),
    ],
)  # fmt: skip
def test_a_time_zone_is_known_by_other_names(tmp_path: Path, written: str, meant: str) -> None:
    loaded = load(tmp_path, agency=str(TABLES["agency"]).replace("Europe/Paris", f'"{written}"'))
    assert loaded.timetable.timezone == meant
    assert told(loaded, f"is read as {meant}") == (written != "utc")


# afimb/chouette#15; Arizona has no summer time, and what is around it has.
@pytest.mark.parametrize(("zone", "at"), [("UTC+2", PLACES[0]), ("UTC-7", (33.45, -112.07)), ("FR", PLACES[0])])
def test_a_difference_from_greenwich_that_may_be_of_several_zones_is_told(
    tmp_path: Path, zone: str, at: tuple[float, ...]
) -> None:
    stops = STOPS + "".join(f"{stop},{stop},{at[0] + i / 100},{at[1]}\n" for i, stop in enumerate("ABC"))
    with pytest.raises(FeedError, match=r"agency.txt row 2: there is no time zone .*such as Europe/Paris"):
        load(tmp_path, stops=stops, agency=str(TABLES["agency"]).replace("Europe/Paris", zone))


def _sexagesimal(degrees: float) -> str:
    return f'"{int(degrees)}°{int(degrees * 60 % 60)}\'{degrees * 3600 % 60:.4f}"""'


@pytest.mark.parametrize(
    "written",
    [
        lambda lat, lon: f"{lat * 1e6:.0f},{lon * 1e6:.0f}", lambda lat, lon: f"{lat * 1e7:.0f},{lon * 1e7:.0f}",
        lambda lat, lon: f"{lat},{lon - 360}", lambda lat, lon: f"N{lat},E{lon}",
        lambda lat, lon: f"{_sexagesimal(lat)},{_sexagesimal(lon)}",
    ],
)  # fmt: skip
def test_places_are_read_in_parts_of_a_degree_and_around_the_globe(tmp_path: Path, written: object) -> None:
    assert callable(written)
    rows = "".join(f"{stop},Stop {stop},{written(*at)}\n" for stop, at in zip("ABC", PLACES, strict=True))
    shapes = SHAPES + "".join(f"way,{written(*at)},{i}\n" for i, at in enumerate(PLACES))
    tt = load(tmp_path, stops=STOPS + rows, shapes=shapes,
              trips="route_id,service_id,trip_id,shape_id\nr1,daily,t1,way\n").timetable  # fmt: skip
    assert is_whole(tt)
    assert abs(tt.stop_lat[1] - PLACES[1][0]) < 1e-5 and abs(tt.stop_lon[1] - PLACES[1][1]) < 1e-5
    assert tt.line_has_shape.all() and abs(tt.line_lon[-1] - PLACES[2][1]) < 1e-5


def test_a_place_on_a_grid_of_metres_is_told_and_one_at_a_pole_is_none(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"stops.txt row 2: stop_lat 5248000 and stop_lon 525000 are no degrees"):
        load(tmp_path, stops=STOPS + "A,A,5248000,525000\nB,B,5248600,525000\nC,C,5249200,525000\n")
    # mfdz/GTFS-Issues#166
    b, c = place(600), place(1200)
    loaded = load(tmp_path, stops=f"{STOPS}A,A,-90.000000,360.000000\nB,B,{b}\nC,C,{c}\n")
    assert is_whole(loaded.timetable)
    assert loaded.timetable.stop_lat[0] > 47
