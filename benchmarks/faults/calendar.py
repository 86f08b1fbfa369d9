"""Days that are longer, shorter or other than usual."""

from __future__ import annotations

from datetime import datetime, timedelta

from benchmarks.faults.scenario import scenario
from benchmarks.faults.stage import Stage, WatchedCity, expect, expect_first, expect_told
from benchmarks.field.messages import StopUpdate, bus, cancelled, update
from benchmarks.field.network import Call, Frequency, Network, Service, Trip, hms, network, seconds

HOP_S = 1200
OFF_S = 600.0
"""A time that is an hour off is further from what is due; long hops are told a little early."""
PARKED = bus("yard", place=(0, 900), fresh=True)


def night_line(
    start: str, *, service: Service | None = None, zone: str = "Europe/Paris", hop_s: int = HOP_S
) -> Network:
    """One long trip `n` from A to E from `start` on, times as GTFS counts them, and one at 10:00."""
    calls = tuple(Call(stop, hms(seconds(start) + k * hop_s)) for k, stop in enumerate("ABCDE"))
    trips = (Trip("n", calls=calls), Trip("day", "10:00"))
    return network("A B C D E", trips=trips, services=(service or Service(),), zone=zone)


def driven(stage: Stage, net: Network, date: int, at: str, until: str, **more: object) -> WatchedCity:
    """The night line with its bus, half a minute late, stepped a minute at a time."""
    city = stage.city(net, at=at, date=date, **more)
    city.vehicle_positions(bus("v1", "n", late_s=30), PARKED).at(until, every_s=60.0)
    return city


def wall(city: WatchedCity, stop: str, run: str = "n") -> tuple[str, str]:
    """By the wall's clock when a run is due at a stop, and its status. The time told for it is near."""
    row = next(row for row in city.departures(stop, arrivals=True) if row.run.split("/")[0] == run)
    due = datetime.fromisoformat(row.told["scheduled_time"])
    assert row.at is not None
    assert -OFF_S < row.at - due.timestamp() < OFF_S, f"{stop}: due at {due}, told for {row.clock}"
    return f"{due.astimezone(city.zone):%H:%M}", row.status


@scenario(
    "a trip that is under way when clocks go forward, 2027-03-28",
    "GTFS counts from noon less twelve hours: right to the minute, live all the way",
)
def the_night_that_is_an_hour_shorter(stage: Stage) -> None:
    net = night_line("02:00", service=Service(start=20270301, end=20270430))
    city = driven(stage, net, 20270328, "02:05", "02:35")
    expect(wall(city, "D"), ("03:00", "live"), "at D")
    expect(wall(city, "E")[1], "live", "at E")


@scenario(
    "the same where clocks go forward between the trip's start and its end, begun the evening before",
    "every call at the same distance in real time",
    quick=False,
)
def a_trip_into_the_shorter_night(stage: Stage) -> None:
    net = night_line("25:30", service=Service(start=20270301, end=20270430))
    city = driven(stage, net, 20270327, "25:35", "25:55")
    # 26:30 of the 27th is 02:30 by winter time, which is 03:30 on the wall.
    expect(wall(city, "D"), ("03:30", "live"), "at D")


@scenario("a trip that is under way when clocks go back, 2026-10-25", "no call an hour early or late, live all the way")
def the_night_that_is_an_hour_longer(stage: Stage) -> None:
    net = night_line("25:30", service=Service(start=20261001, end=20261130))
    city = driven(stage, net, 20261024, "25:35", "25:55")
    # 26:30 of the 24th is 02:30 by summer time; an hour later it is 02:30 again.
    expect(wall(city, "D"), ("02:30", "live"), "at D")
    at = next(row.at for row in city.departures("E", arrivals=True) if row.run.split("/")[0] == "n")
    assert at is not None
    assert abs(at - city.posix("26:50")) < OFF_S, f"at E {at - city.posix('26:50'):.0f} s off"


@scenario("all day long on 2026-10-25, which has 25 hours", "each hour's departures stand on the board once")
def every_hour_of_the_longer_day(stage: Stage) -> None:
    trips = tuple(Trip(f"h{h}", f"{h:02d}:15") for h in range(0, 24))
    city = stage.city(network("A B C", trips=trips), at="00:00", date=20261025)
    for _ in range(26):
        city.at(city.now + 3600, every_s=3600)


@scenario(
    "all day long on 2027-03-28, which has 23 hours", "each hour's departures stand on the board once", quick=False
)
def every_hour_of_the_shorter_day(stage: Stage) -> None:
    trips = tuple(Trip(f"h{h}", f"{h:02d}:15") for h in range(0, 24))
    city = stage.city(network("A B C", trips=trips), at="00:00", date=20270328)
    for _ in range(24):
        city.at(city.now + 3600, every_s=3600)


@scenario("29 February 2028", "a day like others, live")
def the_leap_day(stage: Stage) -> None:
    net = night_line("08:00", service=Service(start=20280101, end=20281231), hop_s=300)
    city = driven(stage, net, 20280229, "08:02", "08:06")
    expect(wall(city, "D"), ("08:15", "live"), "at D")
    expect(city.trip_answer("n")["service_date"], "2028-02-29", "its day")


@scenario(
    "a trip over the end of February in a year without a 29th", "live through midnight, on its own day", quick=False
)
def the_end_of_february(stage: Stage) -> None:
    net = night_line("23:50", service=Service(start=20270101, end=20271231), hop_s=300)
    city = driven(stage, net, 20270228, "23:52", "24:03")
    expect(wall(city, "D"), ("00:05", "live"), "at D")
    expect(city.trip_answer("n")["service_date"], "2027-02-28", "its day")


@scenario("a trip of 30 hours, from 06:00 to 36:00", "live on the second day; the next day's run is another")
def a_trip_of_30_hours(stage: Stage) -> None:
    calls = (Call("A", "06:00"), *(Call(stop, hms(35 * 3600 + k * 1200)) for k, stop in enumerate("BCDE")))
    city = stage.city(network("A B C D E", trips=(Trip("n", calls=calls),)), at="35:20", honest=False)
    city.vehicle_positions(bus("v1", "n", late_s=300, start_date=city.date), PARKED).at("35:40", every_s=60)
    row = next(row for row in city.departures("E", arrivals=True) if row.run == "n")
    expect(row.status, "live", "at E")
    expect(city.trip_answer("n", date="2026-11-26")["service_date"], "2026-11-26", "its day")
    expect([str(row) for row in city.departures("A")][:1], [], "yesterday's run at A")


@scenario("a trip at 25:10 of yesterday and one at 01:10 of today, of one line", "two rows, each on its day")
def after_midnight_twice(stage: Stage) -> None:
    net = network("A B C", trips=(Trip("late", "25:10"), Trip("early", "01:20")))
    city = stage.city(net, at="24:50")
    rows = [(row.clock, row.key.trip, row.key.date) for row in city.departures("A") if row.key]
    expect(rows, [("01:10", "late", "2026-11-26"), ("01:20", "early", "2026-11-27")], "at A")


@scenario(
    "an operator cancels a trip at 25:10, by its service day, by the calendar's day, and for another day",
    "struck out by the first two alone",
)
def a_trip_cancelled_by_either_date(stage: Stage) -> None:
    city = stage.city(network("A B C", trips=(Trip("late", "25:10"),)), at="24:50")
    city.trip_updates(cancelled("late", start_date=20261126))
    expect([row.status for row in city.departures("A")], ["cancelled"], "by its service day")
    city.trip_updates(cancelled("late", start_date=20261127))
    expect([row.status for row in city.departures("A")], ["cancelled"], "by the calendar's day")
    city.trip_updates(cancelled("late", start_date=20261128))
    expect([row.status for row in city.departures("A")], ["scheduled"], "with another day")


@scenario("a delay over midnight: due at 23:55, an hour late", "the time of the next day, live, on its own service day")
def late_into_the_next_day(stage: Stage) -> None:
    city = stage.city(network("A B C", trips=(Trip("late", "23:55"),)), at="23:50")
    city.trip_updates(update("late", StopUpdate("A", delay=3600), start_date=20261126))
    expect_first(city, "A", "00:55 late live")
    city.at("24:10", every_s=300)
    expect_first(city, "A", "00:55 late live")


@scenario("New Year's Eve: a trip from 23:50 to 00:10", "live through midnight, on its own day")
def new_years_eve(stage: Stage) -> None:
    city = driven(stage, night_line("23:50", hop_s=300), 20261231, "23:52", "24:03")
    expect(wall(city, "D"), ("00:05", "live"), "at D")
    expect(city.trip_answer("n")["service_date"], "2026-12-31", "its day")


@scenario(
    "today is taken out by calendar_dates, tomorrow is not", "nothing today, tomorrow's departures from midnight on"
)
def a_day_taken_out(stage: Stage) -> None:
    net = network("A B C", trips=(Trip("t", "08:00"),), services=(Service(removed=(20261126,)),))
    city = stage.city(net, at="07:00")
    expect([str(row) for row in city.departures("A")], [], "today")
    expect([str(row) for row in city.far_departures("A")], ["08:00 t/2026-11-27 scheduled"], "tomorrow")


@scenario("a service of calendar_dates alone, today", "its departures are there")
def a_day_put_in(stage: Stage) -> None:
    net = network("A B C", trips=(Trip("t", "08:00"),), services=(Service(days="", added=(20261126,)),))
    city = stage.city(net, at="07:00")
    expect([str(row) for row in city.departures("A")], ["08:00 t scheduled"], "today")


@scenario("the timetable ends with today, its last trip runs past midnight", "live to its end; told before and after")
def the_last_day_of_the_timetable(stage: Stage) -> None:
    net = night_line("23:40", service=Service(start=20260101, end=20261126), hop_s=600)
    city = driven(stage, net, 20261126, "23:45", "24:15")
    expect(wall(city, "E"), ("00:20", "live"), "at E")
    expect_told(city, "timetable_ends")
    city.at("28:00", every_s=1800)
    expect_told(city, "timetable_ended")


@scenario(
    "a zone 14 hours ahead of Greenwich, one 11 behind, one with 45 minutes, one with half an hour of summer",
    "the wall's time of each, live",
)
def far_zones(stage: Stage) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Australia/Lord_Howe"):
        city = driven(stage, night_line("08:00", zone=zone, hop_s=300), 20261126, "08:02", "08:06")
        expect(wall(city, "D"), ("08:15", "live"), f"at D in {zone}")


@scenario(
    "a zone whose clocks go forward at midnight: 00:30 does not exist (Cairo, 2027-04-30)",
    "departures around it stand once each, the day begins all the same",
)
def a_midnight_that_does_not_exist(stage: Stage) -> None:
    trips = tuple(Trip(f"m{k}", hms(23 * 3600 + k * 900)) for k in range(10))
    net = network("A B C", trips=trips, zone="Africa/Cairo", services=(Service(start=20270401, end=20270531),))
    city = stage.city(net, at="22:30", date=20270429)
    city.at("26:00", every_s=900)


@scenario("lines run by headway over midnight", "slots go on after midnight, none stands twice")
def a_headway_over_midnight(stage: Stage) -> None:
    net = network(
        "A B C", trips=(Trip("f", "22:00"), Trip("t", "08:00")), frequencies=(Frequency("f", "22:00", "26:00", 900, 1),)
    )
    city = stage.city(net, at="23:40")
    clocks = [row.clock for row in city.departures("A")]
    expect(clocks[:4], ["23:45", "00:00", "00:15", "00:30"], "at A")
    city.at("24:20", every_s=300)
    expect([row.clock for row in city.departures("A")][:3], ["00:30", "00:45", "01:00"], "at A after midnight")


@scenario("trips at 00:00:00 and at 24:00:00 of the day before", "both on the board, each once")
def midnight_by_two_names(stage: Stage) -> None:
    net = network("A B C", trips=(Trip("zero", "00:00"), Trip("full", "24:00")))
    city = stage.city(net, at="23:30")
    expect({row.run for row in city.departures("A")}, {"full", "zero/2026-11-27"}, "at A")


@scenario(
    "a whole week, stepped by the hour, with weekday, Saturday and Sunday services",
    "no board lacks a run, all week",
    quick=False,
)
def a_week(stage: Stage) -> None:
    services = (Service("week", "1111100"), Service("sat", "0000010"), Service("sun", "0000001", removed=(20261129,)))
    trips = tuple(
        Trip(f"{name}{hour}", f"{hour:02d}:20", service=name)
        for name in ("week", "sat", "sun")
        for hour in range(5, 26, 2)
    )
    city = stage.city(network("A B C", trips=trips, services=services), at="00:00", date=20261123)
    for day in range(8):
        city.rule = type(city.rule)(city)
        city.at(24 * 3600 * (day + 1) + city.posix("00:00"), every_s=1800)


@scenario("the clock stands on a day before the timetable begins, and on one years after it", "told; nothing breaks")
def years_away(stage: Stage) -> None:
    for year, fault in ((2015, "timetable_not_begun"), (2037, "timetable_ended")):
        date = int(f"{(datetime(year, 6, 1) + timedelta(days=1)):%Y%m%d}")
        city = stage.city(night_line("08:00"), at="08:00", date=date)
        city.step()
        expect_told(city, fault)
