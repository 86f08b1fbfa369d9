"""New timetables while the service runs: damaged, foreign, odd, and those that are right."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace

from api.service.timetable_watch import TimetableWatch
from benchmarks.faults import feed_server
from benchmarks.faults.scenario import scenario
from benchmarks.faults.stage import Stage, WatchedCity, expect, expect_told, expect_well
from benchmarks.faults.town import PATTERN, STOPS, TOWN, TRIPS, fleet
from benchmarks.field.network import Network, Service, Stop, Trip, network, row_of_stops


class Renewed:
    """The running town, with an eye on the file of its timetable."""

    def __init__(self, stage: Stage, address: str = "") -> None:
        self.path = stage.folder / "gtfs.zip"
        self.path.write_bytes(TOWN.feed)
        watch = TimetableWatch(address or str(self.path), cache_dir=stage.folder / "cache")
        self.city: WatchedCity = stage.city(TOWN, at="08:09", timetable_source=watch)
        self.city.vehicle_positions(*fleet()).at("08:12", every_s=60.0)
        self.first = self.city.service.timetable.feed_version

    def publishes(self, feed: bytes | Network) -> WatchedCity:
        """Put another timetable in the place of the first, and let the service look and go on for a minute."""
        self.path.write_bytes(feed if isinstance(feed, bytes) else feed.feed)
        self.looks()
        if isinstance(feed, Network) and self.taken:
            self.city.network = feed
        self.city.at(self.city.now + 60)
        return self.city

    def looks(self) -> None:
        """As it does from time to time."""
        self.city.service._look_for_timetable()

    @property
    def taken(self) -> bool:
        """Whether another timetable than the first is used, or is from the next step on."""
        service = self.city.service
        return service.timetable.feed_version != self.first or service._offered is not None

    def keeps_the_first(self, words: str = "") -> None:
        """Fail where it does not, or a live time is lost, or nobody is told."""
        self.city.at(self.city.now + 30)
        expect(self.city.service.timetable.feed_version, self.first, "timetable")
        assert len(self.city.live) > 5, f"only {self.city.live} is live"
        expect_told(self.city, "feed_error", words)

    def takes_it(self) -> None:
        """Fail where the new one is not used, or a live time is lost."""
        assert self.taken, f"not taken: {self.city.readyz()['detail']}"
        assert len(self.city.live) > 5, f"only {self.city.live} is live"


def with_tables(**tables: str | None) -> Network:
    """The town with some tables as given."""
    return replace(TOWN, tables=tables)


def table(name: str) -> str:
    """One table of the town's feed."""
    with zipfile.ZipFile(io.BytesIO(TOWN.feed)) as archive:
        return archive.read(f"{name}.txt").decode()


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tables_of(feed: bytes) -> dict[str, bytes]:
    """Files of a zip by name."""
    with zipfile.ZipFile(io.BytesIO(feed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# What is no timetable


@scenario("the zip is cut in the middle", "refused, told; the old one stays, live")
def a_zip_cut_short(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(TOWN.feed[: len(TOWN.feed) // 2])
    renewed.keeps_the_first()


@scenario(
    "some bytes in the middle of the zip are others", "refused by its checksums, told; the old one stays", quick=False
)
def a_zip_with_changed_bytes(stage: Stage) -> None:
    renewed = Renewed(stage)
    damaged = bytearray(TOWN.feed)
    middle = TOWN.feed.index(b"stop_times.txt") + 200
    damaged[middle : middle + 20] = bytes(20)
    renewed.publishes(bytes(damaged))
    renewed.keeps_the_first()


@scenario("a web page in place of the zip", "refused, told; the old one stays", quick=False)
def a_web_page_for_a_zip(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(b"<!DOCTYPE html><title>Log in</title>")
    renewed.keeps_the_first()


@scenario("no bytes at all", "refused, told; the old one stays", quick=False)
def an_empty_file(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(b"")
    renewed.keeps_the_first()


@scenario("the file is gone for a while, then there again", "told, the old one stays; then all is well")
def a_file_that_is_gone(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.path.unlink()
    renewed.looks()
    renewed.keeps_the_first()
    renewed.publishes(TOWN)
    expect_well(renewed.city)


@scenario("three tables that say they unpack to 4 GB each", "refused before anything is unpacked; the old one stays")
def a_zip_bomb(stage: Stage) -> None:
    renewed = Renewed(stage)
    bomb = bytearray(TOWN.feed)
    for name in (b"stops.txt", b"trips.txt", b"stop_times.txt"):
        # The size in the central directory, 22 bytes before the name begins.
        place = TOWN.feed.rindex(name) - 22
        bomb[place : place + 4] = (0xFFFF_FF00).to_bytes(4, "little")
    renewed.publishes(bytes(bomb))
    renewed.keeps_the_first("GB")


@scenario(
    "names in the zip lead out of it (../../stops.txt, /etc/…)",
    "nothing is written anywhere, the feed is judged by what is in it",
)
def names_that_lead_out(stage: Stage) -> None:
    renewed = Renewed(stage)
    files = {f"../../{name}": content for name, content in tables_of(TOWN.feed).items()}
    renewed.publishes(zipped(files | {"/faults-was-here.txt": b"x"}))
    renewed.city.at(renewed.city.now + 30)
    found = [path.name for path in stage.folder.parent.glob("*.txt") if path.name in {"stops.txt", "trips.txt"}]
    expect(found, [], "files outside")
    assert len(renewed.city.live) > 5, f"only {renewed.city.live} is live"


@scenario("stop_times.txt is missing", "refused by its name; the old one stays")
def without_stop_times(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(with_tables(stop_times=None).feed)
    renewed.keeps_the_first("stop_times")


@scenario("a table has its header and no row: stops, then trips", "refused; the old one stays", quick=False)
def tables_without_rows(stage: Stage) -> None:
    for name in ("stops", "trips"):
        renewed = Renewed(stage)
        renewed.publishes(with_tables(**{name: table(name).splitlines()[0] + "\n"}).feed)
        renewed.keeps_the_first()


@scenario("a zone that does not exist", "refused, told; the old one stays")
def a_zone_that_is_none(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(with_tables(agency=table("agency").replace("Europe/Paris", "Europe/Tours")).feed)
    renewed.city.at(renewed.city.now + 30)
    assert len(renewed.city.live) > 5, f"only {renewed.city.live} is live"
    assert renewed.city.faults, "nothing is told"


# What is another timetable


@scenario("the timetable of another city", "waits for the officer's word, told with what would be lost; live as before")
def another_city(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(network([Stop(f"X{k}", 90_000.0 + 500 * k, 40_000.0) for k in range(8)], trips=TRIPS))
    renewed.keeps_the_first("waits for your word")


@scenario("a timetable that ended two years ago", "waits, told; live as before", quick=False)
def an_expired_timetable(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(replace(TOWN, services=(Service(start=20240101, end=20241231),)))
    renewed.keeps_the_first("waits for your word")


@scenario("the timetable of next month, published too early", "waits until its first day; live as before")
def a_timetable_to_come(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(replace(TOWN, services=(Service(start=20261201, end=20271231),)))
    renewed.keeps_the_first("waits for your word")


@scenario("all trip ids are new, the vehicles name the old ones", "waits, told; live as before")
def all_new_ids(stage: Stage) -> None:
    renewed = Renewed(stage)
    renewed.publishes(network(STOPS, (PATTERN,), [replace(trip, trip_id=f"n-{trip.trip_id}") for trip in TRIPS]))
    renewed.keeps_the_first("waits for your word")


@scenario("all stops have moved by 10 km", "waits, told; live as before", quick=False)
def stops_moved(stage: Stage) -> None:
    renewed = Renewed(stage)
    moved = [replace(stop, north_m=10_000.0) for stop in row_of_stops(STOPS)]
    renewed.publishes(network(moved, (PATTERN,), TRIPS))
    renewed.keeps_the_first("waits for your word")


@scenario("one that waits is taken by the officer's word", "in use with the next step")
def taken_by_the_officers_word(stage: Stage) -> None:
    renewed = Renewed(stage)
    city = renewed.city
    expired = replace(TOWN, services=(Service(start=20260101, end=20261125),))
    renewed.publishes(expired)
    city.service.take_waiting_timetable()
    city.network = expired
    city.rule.honest = False
    city.at(city.now + 30)
    assert city.service.timetable.feed_version != renewed.first, "not taken"


@scenario("one more trip and one more stop", "taken at once, every live time stays")
def one_more_trip(stage: Stage) -> None:
    renewed = Renewed(stage)
    before = renewed.city.live
    more = network(f"{STOPS} Z", (PATTERN,), [*TRIPS, Trip("extra", "09:45")])
    renewed.publishes(more)
    renewed.takes_it()
    assert len(renewed.city.live) >= len(before) - 4, f"{len(before)} live before, {len(renewed.city.live)} after"
    expect_well(renewed.city)


@scenario("another of them every minute, ten times", "each is taken, buses stay live throughout", quick=False)
def a_timetable_every_minute(stage: Stage) -> None:
    renewed = Renewed(stage)
    for k in range(10):
        renewed.publishes(network(STOPS, (PATTERN,), [*TRIPS, Trip(f"extra{k}", "09:45")]))
        assert len(renewed.city.live) > 5, f"only {renewed.city.live} is live after the {k + 1}th"


@scenario("half of it is written, the service looks, then the rest", "refused and told, then taken")
def a_file_in_the_writing(stage: Stage) -> None:
    renewed = Renewed(stage)
    new = network(STOPS, (PATTERN,), [*TRIPS, Trip("extra", "09:45")])
    renewed.publishes(new.feed[:-200])
    renewed.keeps_the_first()
    renewed.publishes(new)
    renewed.takes_it()
    expect_well(renewed.city)


@scenario("trips are at other times, the ids as before", "taken; boards tell the new times")
def other_times(stage: Stage) -> None:
    renewed = Renewed(stage)
    later = [*TRIPS[:-1], Trip("later", "09:40")]
    city = renewed.publishes(network(STOPS, (PATTERN,), later))
    renewed.takes_it()
    expect([str(row) for row in city.departures("A") if row.run == "later"], ["09:40 later scheduled"], "at A")


# As people write them


@scenario("a comma too many at the end of each line of stops.txt", "read as meant, taken")
def commas_at_line_ends(stage: Stage) -> None:
    head, *rows = table("stops").splitlines()
    renewed = Renewed(stage)
    renewed.publishes(with_tables(stops="\n".join([head, *(row + "," for row in rows)]) + "\n"))
    renewed.takes_it()


@scenario("a name with a comma, without quotes", "no column shifts: the stop stays where it is, told by row")
def a_comma_in_a_name(stage: Stage) -> None:
    renewed = Renewed(stage)
    city = renewed.publishes(with_tables(stops=table("stops").replace("Stop C", "Stop C, north")))
    renewed.takes_it()
    stop = city.json("/v1/stops/C")["stop"]
    assert abs(stop["lon"] - TOWN.places["C"].lon) < 0.001, f"C is at {stop['lon']}"


@scenario("a quote that is never closed", "no row is swallowed, or the feed is refused; live either way")
def a_quote_never_closed(stage: Stage) -> None:
    renewed = Renewed(stage)
    city = renewed.publishes(with_tables(stops=table("stops").replace("Stop C", '"Stop C')).feed)
    assert len(city.live) > 5, f"only {city.live} is live"
    if renewed.taken:
        for stop in STOPS.split():
            city.json(f"/v1/stops/{stop}")


@scenario("a stop called NA, a trip called null, a line called None", "read by these names, taken")
def names_that_mean_missing(stage: Stage) -> None:
    renewed = Renewed(stage)
    stops = [*row_of_stops(STOPS), Stop("NA", 5000.0, name="None")]
    new = network(
        stops, (PATTERN, replace(PATTERN, name="na", stops=f"{STOPS} NA")), [*TRIPS, Trip("null", "09:20", "na")]
    )
    city = renewed.publishes(new)
    renewed.takes_it()
    expect(city.json("/v1/stops/NA")["stop"]["name"], "None", "the stop's name")
    expect([row.run for row in city.departures("NA", arrivals=True)], ["null"], "at NA")


@scenario("an old copy of the feed in a folder of the zip", "the one at the top, no mixture", quick=False)
def two_feeds_in_a_zip(stage: Stage) -> None:
    renewed = Renewed(stage)
    old = {f"old/{name}": content for name, content in tables_of(network("A B C").feed).items()}
    city = renewed.publishes(zipped(old | tables_of(network(STOPS, (PATTERN,), [*TRIPS, Trip("x", "09:50")]).feed)))
    assert renewed.taken, "not taken"
    assert len(city.live) > 5, f"only {city.live} is live"


@scenario("all tables in one folder of the zip", "taken as they are")
def a_feed_in_a_folder(stage: Stage) -> None:
    renewed = Renewed(stage)
    new = network(STOPS, (PATTERN,), [*TRIPS, Trip("x", "09:50")])
    city = renewed.publishes(zipped({f"gtfs/{name}": content for name, content in tables_of(new.feed).items()}))
    assert renewed.taken, "not taken"
    assert len(city.live) > 5, f"only {city.live} is live"


@scenario("a byte order mark, Windows line ends, blanks around ids and names", "taken as meant, live")
def marks_and_blanks(stage: Stage) -> None:
    renewed = Renewed(stage)
    files = {
        name: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n").replace(b",", b" ,")
        for name, content in tables_of(TOWN.feed).items()
    }
    renewed.publishes(zipped(files))
    renewed.takes_it()


@scenario("every row of trips.txt and stop_times.txt stands twice", "each run once on the board", quick=False)
def every_row_twice(stage: Stage) -> None:
    renewed = Renewed(stage)
    twice = {}
    for name in ("trips", "stop_times"):
        head, *rows = table(name).splitlines()
        twice[name] = "\n".join([head, *rows, *rows]) + "\n"
    renewed.publishes(with_tables(**twice))
    renewed.takes_it()


@scenario("stop_times of trips and stops that do not exist", "those rows are left out, the rest is taken", quick=False)
def rows_of_nothing(stage: Stage) -> None:
    renewed = Renewed(stage)
    rows = table("stop_times")
    head = rows.splitlines()[0].split(",")
    odd = {
        "trip_id": "ghost",
        "stop_id": "A",
        "arrival_time": "08:00:00",
        "departure_time": "08:00:00",
        "stop_sequence": "1",
    }
    ghost = ",".join(odd.get(name, "") for name in head)
    renewed.publishes(
        with_tables(stop_times=rows + ghost + "\n" + ghost.replace("ghost", "t1").replace(",A,", ",nowhere,") + "\n")
    )
    renewed.takes_it()


@scenario(
    "times run backwards in one trip, and one lasts a million hours", "that trip is mended or left out, the others stay"
)
def impossible_times(stage: Stage) -> None:
    renewed = Renewed(stage)
    rows = table("stop_times").replace("09:33:00", "07:00:00").replace("09:51:00", "1000000:00:00")
    renewed.city.network = replace(TOWN, trips=TRIPS[:-1])
    city = renewed.publishes(with_tables(stop_times=rows).feed)
    assert len(city.live) > 5, f"only {city.live} is live"


# From a server


@scenario(
    "the server of the timetable is down, answers 500, a page, and half a zip",
    "told each time; the old one stays; the next good one is taken",
    quick=False,
)
def a_server_of_timetables_that_fails(stage: Stage) -> None:
    server = stage.server()
    server.said["gtfs.zip"] = TOWN.feed
    renewed = Renewed(stage, server.url("gtfs.zip"))
    for answer in (
        feed_server.status(500), feed_server.body(b"<html>down</html>"), feed_server.cut_short, feed_server.reset,
    ):  # fmt: skip
        server.answer = answer
        renewed.city.at(renewed.city.now + 90, every_s=45)
        renewed.looks()
        renewed.keeps_the_first()
    server.answer = feed_server.whole
    server.said["gtfs.zip"] = network(STOPS, (PATTERN,), [*TRIPS, Trip("x", "09:50")]).feed
    # A server that failed is left alone for a while of true time.
    give_up_at = time.monotonic() + 60.0
    while not renewed.taken and time.monotonic() < give_up_at:
        time.sleep(1.0)
        renewed.looks()
    renewed.city.at(renewed.city.now + 30)
    assert renewed.taken, renewed.city.readyz()["detail"]


@scenario("the server says that nothing has changed, for hours", "asked with If-None-Match, nothing fetched, all well")
def a_timetable_not_modified(stage: Stage) -> None:
    server = stage.server()
    tagged = feed_server.changed(lambda data: data, ETag='"1"')
    server.said["gtfs.zip"], server.answer = TOWN.feed, tagged
    renewed = Renewed(stage, server.url("gtfs.zip"))
    renewed.looks()
    server.answer = feed_server.status(304)
    for _ in range(3):
        renewed.looks()
    expect(server.requests[-1].get("If-None-Match"), '"1"', "If-None-Match")
    renewed.city.at(renewed.city.now + 30)
    expect_well(renewed.city)
