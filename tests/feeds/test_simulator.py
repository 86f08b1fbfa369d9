"""The demo city: a timetable that others can read, feeds that behave like an operator's, and a truth that adds up."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from google.transit import gtfs_realtime_pb2 as gtfs_rt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.simulator import BREAKDOWN, CANCELLED_TRIPS, DETOUR, FEED_GAP, KINDS, SHORT_TURN, Simulator
from feeds.simulator.calendars import day_origin, day_type, public_holidays
from feeds.simulator.paths import locate
from feeds.simulator.plan import BRIDGE_COLUMNS, LINES, RIVER_ROWS, steps
from predictor.geometry import ground_distance_m

if TYPE_CHECKING:
    # Imported where it is used: it takes a third of a second, of each process that collects these tests.
    import gtfs_kit

WEEKDAY, SATURDAY, SUNDAY = date(2025, 11, 18), date(2025, 11, 15), date(2025, 11, 16)
ARMISTICE = date(2025, 11, 11)
# One city is made for all.
pytestmark = pytest.mark.xdist_group("simulated city")


def paris(hour: int, minute: int = 0, second: int = 0, day: date = WEEKDAY) -> float:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZoneInfo("Europe/Paris")).timestamp()


def parsed(data: bytes) -> gtfs_rt.FeedMessage:
    message = gtfs_rt.FeedMessage()
    message.ParseFromString(data)
    return message


@pytest.fixture(scope="module")
def city() -> Simulator:
    return Simulator(seed=1)


@pytest.fixture(scope="module")
def gtfs_zip(city: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city") / "gtfs.zip"
    city.write_gtfs(path, date(2025, 11, 10), 14)
    return path


@pytest.fixture(scope="module")
def feed(gtfs_zip: Path) -> gtfs_kit.Feed:
    import gtfs_kit

    return gtfs_kit.read_feed(gtfs_zip, dist_units="m")


def in_seconds(times: Any) -> Any:
    """Times of a table as seconds since midnight."""
    from gtfs_kit import timestr_to_seconds

    return times.map(timestr_to_seconds)


@pytest.fixture(scope="module")
def passages(city: Simulator) -> pd.DataFrame:
    return city.true_passages(WEEKDAY)


def announced_or_not(city: Simulator, kind: str, announced: bool) -> tuple[date, int]:
    """A day, and the place in its list, of an incident that the operator tells, or does not tell, riders of."""
    for n in range(10):
        day = date(2025, 11, 17 + n)
        for i, incident in enumerate(city.incidents(day)):
            if incident.kind == kind and np.isfinite(incident.announced_at) == announced:
                return day, i
    raise AssertionError(f"no {kind} in ten days")


class TestPlan:
    def test_lines_follow_streets_and_cross_rivers_on_bridges(self) -> None:
        for line in LINES:
            for way in line.ways:
                for a, b in pairwise(steps(way)):
                    assert max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1, line.name
                    if any({a[1], b[1]} == {row, row + 1} for row in RIVER_ROWS):
                        assert a[0] == b[0] and a[0] in BRIDGE_COLUMNS, line.name

    def test_there_is_a_ring_a_spur_and_a_fork(self) -> None:
        assert any(way[0] == way[-1] for line in LINES for way in line.ways)
        assert any(a == c for line in LINES for way in line.ways for a, c in zip(way[:-2], way[2:], strict=True))
        assert any(len(line.ways) > 1 for line in LINES)


class TestGtfs:
    def test_same_seed_same_bytes(self, gtfs_zip: Path, tmp_path: Path) -> None:
        again, other = tmp_path / "again.zip", tmp_path / "other.zip"
        Simulator(seed=1).write_gtfs(again, date(2025, 11, 10), 14)
        Simulator(seed=2).write_gtfs(other, date(2025, 11, 10), 14)
        assert again.read_bytes() == gtfs_zip.read_bytes()
        assert other.read_bytes() != gtfs_zip.read_bytes()

    def test_tram_line_has_29_stations_of_two_platforms(self, feed: gtfs_kit.Feed) -> None:
        stops = feed.stops.set_index("stop_id")
        trams = feed.trips[feed.trips["route_id"] == "A"]["trip_id"]
        served = feed.stop_times[feed.stop_times["trip_id"].isin(trams)]["stop_id"].unique()
        parents = stops.loc[served, "parent_station"]
        assert len(served) == 58
        assert parents.nunique() == 29
        assert (stops.loc[parents.unique(), "location_type"] == 1).all()

    def test_size_of_the_city(self, feed: gtfs_kit.Feed) -> None:
        assert 470 <= (feed.stops["location_type"] == 0).sum() <= 540
        assert set(feed.routes["route_type"]) == {0, 3}
        assert 10 <= (feed.routes["route_type"] == 3).sum() <= 12
        assert feed.routes["route_color"].nunique() == len(feed.routes)

    def test_a_name_is_one_place(self, feed: gtfs_kit.Feed) -> None:
        for name, group in feed.stops.groupby("stop_name"):
            lat, lon = group["stop_lat"].to_numpy(), group["stop_lon"].to_numpy()
            away = ground_distance_m(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
            assert away.max() < 150.0, name

    def test_stops_lie_on_their_shapes(self, city: Simulator) -> None:
        net = city._towns[0].network
        pattern = np.repeat(np.arange(len(net.pattern_route)), net.pattern_calls)
        lat, lon, _ = locate(net.paths, pattern, net.call_distance_m)
        stop = net.call_stop
        assert ground_distance_m(lat, lon, net.stop_lat[stop], net.stop_lon[stop]).max() < 10.0

    def test_corridors_share_their_links(self, feed: gtfs_kit.Feed) -> None:
        times = feed.stop_times.merge(feed.trips[["trip_id", "route_id"]], on="trip_id")
        times["to"] = times.groupby("trip_id")["stop_id"].shift(-1)
        lines = times.dropna(subset="to").groupby(["stop_id", "to"])["route_id"].nunique()
        assert (lines > 1).sum() >= 30

    def test_distances_are_given_for_some_lines_only(self, feed: gtfs_kit.Feed) -> None:
        given = feed.shapes.groupby("shape_id")["shape_dist_traveled"].agg(lambda d: d.notna().all())
        assert 0 < given.sum() < len(given)
        assert feed.shapes.groupby("shape_id")["shape_dist_traveled"].agg(lambda d: d.notna().any()).equals(given)

    def test_times_never_run_backwards_and_pass_midnight(self, feed: gtfs_kit.Feed) -> None:
        times = feed.stop_times
        arrival = in_seconds(times["arrival_time"]).to_numpy()
        departure = in_seconds(times["departure_time"]).to_numpy()
        same = times["trip_id"].to_numpy()[1:] == times["trip_id"].to_numpy()[:-1]
        assert (departure >= arrival).all()
        assert (arrival[1:][same] > departure[:-1][same]).all()
        assert arrival.max() > 24 * 3600

    def test_run_times_depend_on_the_hour(self, feed: gtfs_kit.Feed) -> None:
        trips = feed.trips[(feed.trips["route_id"] == "2") & (feed.trips["direction_id"] == 0)]
        times = feed.stop_times[feed.stop_times["trip_id"].isin(trips["trip_id"])]
        ends = in_seconds(times.groupby("trip_id")["arrival_time"].agg(["first", "last"]))
        assert (ends["last"] - ends["first"]).max() > 1.15 * (ends["last"] - ends["first"]).min()

    def test_blocks_never_overlap_and_hang_together(self, feed: gtfs_kit.Feed) -> None:
        times = feed.stop_times.merge(feed.trips[["trip_id", "block_id", "route_id"]], on="trip_id")
        times = times.merge(feed.stops[["stop_id", "stop_name"]], on="stop_id")
        times["seconds"] = in_seconds(times["departure_time"])
        trips = times.sort_values(["trip_id", "stop_sequence"]).groupby("trip_id")
        trips = trips.agg(
            block=("block_id", "first"), route=("route_id", "first"), start=("seconds", "first"),
            end=("seconds", "last"), origin=("stop_name", "first"), destination=("stop_name", "last"),
        ).sort_values(["block", "start"])  # fmt: skip
        same = trips["block"].to_numpy()[1:] == trips["block"].to_numpy()[:-1]
        assert (trips["start"].to_numpy()[1:] - trips["end"].to_numpy()[:-1])[same].min() >= 240
        assert (trips["origin"].to_numpy()[1:] == trips["destination"].to_numpy()[:-1])[same].all()
        assert (trips.groupby("block")["route"].nunique() > 1).any()

    def test_a_holiday_runs_like_a_sunday(self, feed: gtfs_kit.Feed) -> None:
        assert set(feed.calendar["service_id"]) == {"LV", "SA", "DI"}
        by_date = {d: set(feed.get_trips(f"{d:%Y%m%d}")["service_id"]) for d in (WEEKDAY, SATURDAY, SUNDAY, ARMISTICE)}
        assert by_date == {WEEKDAY: {"LV"}, SATURDAY: {"SA"}, SUNDAY: {"DI"}, ARMISTICE: {"DI"}}

    def test_only_services_that_run_are_written(self, city: Simulator, tmp_path: Path) -> None:
        city.write_gtfs(tmp_path / "one.zip", WEEKDAY, 1)
        with zipfile.ZipFile(tmp_path / "one.zip") as archive:
            trips = pd.read_csv(StringIO(archive.read("trips.txt").decode()))
        assert set(trips["service_id"]) == {"LV"}

    def test_no_days_is_refused(self, city: Simulator, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="days=0"):
            city.write_gtfs(tmp_path / "none.zip", WEEKDAY, 0)


class TestVehiclePositions:
    def test_about_eighty_vehicles_at_the_morning_peak(self, city: Simulator) -> None:
        message = parsed(city.vehicle_positions(paris(8)))
        assert 75 <= len(message.entity) <= 95
        assert len({e.vehicle.vehicle.id for e in message.entity}) == len(message.entity)

    def test_nobody_drives_in_the_dead_of_night(self, city: Simulator) -> None:
        message = parsed(city.vehicle_positions(paris(3, 30)))
        assert len(message.entity) == 0
        assert message.header.timestamp == int(paris(3, 30))

    def test_after_midnight_trips_belong_to_the_day_before(self, city: Simulator) -> None:
        message = parsed(city.vehicle_positions(paris(0, 30)))
        dates = {e.vehicle.trip.start_date for e in message.entity if e.vehicle.HasField("trip")}
        assert dates == {"20251117"}

    def test_same_answer_in_whatever_order_it_is_asked(self, city: Simulator) -> None:
        other = Simulator(seed=1)
        late = other.vehicle_positions(paris(17))
        assert other.vehicle_positions(paris(8)) == city.vehicle_positions(paris(8))
        assert city.vehicle_positions(paris(17)) == late

    def test_reports_are_recent_and_come_every_15_to_30_seconds(self, city: Simulator) -> None:
        seen: dict[str, set[int]] = {}
        for second in range(0, 600, 5):
            now = paris(9, 30) + second
            for entity in parsed(city.vehicle_positions(now)).entity:
                assert entity.vehicle.timestamp < now + 20
                seen.setdefault(entity.vehicle.vehicle.id, set()).add(entity.vehicle.timestamp)
        gaps = np.concatenate([np.diff(sorted(times)) for times in seen.values()])
        assert 15 <= np.median(gaps) <= 30
        assert gaps.max() > 60, "some reports must go missing in a row"

    def test_reports_lie_near_the_shape_of_their_trip(self, city: Simulator, feed: gtfs_kit.Feed) -> None:
        shape_of = feed.trips.set_index("trip_id")["shape_id"]
        vertices = {name: group[["shape_pt_lat", "shape_pt_lon"]].to_numpy() for name, group in
                    feed.shapes.groupby("shape_id")}  # fmt: skip
        off = []
        for minute in range(0, 60, 10):
            for entity in parsed(city.vehicle_positions(paris(10, minute))).entity:
                report = entity.vehicle
                if not report.HasField("trip") or report.current_stop_sequence == 1:
                    continue
                line = vertices[shape_of[report.trip.trip_id]]
                away = ground_distance_m(line[:, 0], line[:, 1], np.array(report.position.latitude),
                                         np.array(report.position.longitude))  # fmt: skip
                off.append(away.min())
        # Vertices are up to 60 m apart.
        assert np.percentile(off, 95) < 45.0
        assert len(off) > 200

    def test_named_stops_and_statuses_fit_the_timetable(self, city: Simulator, feed: gtfs_kit.Feed) -> None:
        stop_of = feed.stop_times.set_index(["trip_id", "stop_sequence"])["stop_id"]
        statuses = set()
        for entity in parsed(city.vehicle_positions(paris(8, 20))).entity:
            report = entity.vehicle
            if report.HasField("trip"):
                assert stop_of[report.trip.trip_id, report.current_stop_sequence] == report.stop_id
                statuses.add(report.current_status)
        assert statuses == {0, 1, 2}

    def test_a_feed_gap_repeats_the_last_message(self, city: Simulator) -> None:
        (gap,) = (i for i in city.incidents(WEEKDAY) if i.kind == FEED_GAP)
        assert 200 < gap.end - gap.start < 450
        stuck = city.vehicle_positions(gap.start + 1)
        assert city.vehicle_positions(gap.end - 1) == stuck
        after = parsed(city.vehicle_positions(gap.end + 60))
        assert after.header.timestamp > parsed(stuck).header.timestamp + 200
        silent = {e.vehicle.timestamp for e in after.entity if gap.start < e.vehicle.timestamp < gap.end - 25}
        assert not silent

    def test_vehicles_may_withhold_trip_and_motion(self) -> None:
        shy = parsed(Simulator(seed=1, trip_ids=0.5, motion=False).vehicle_positions(paris(8)))
        named = [e.vehicle.HasField("trip") for e in shy.entity]
        assert 0.3 < np.mean(named) < 0.7
        assert not any(e.vehicle.position.HasField("bearing") or e.vehicle.position.HasField("speed")
                       for e in shy.entity)  # fmt: skip
        assert not any(e.vehicle.stop_id for e in shy.entity if not e.vehicle.HasField("trip"))


class TestTruth:
    def test_passages_and_lost_calls_are_the_timetable(
        self, city: Simulator, feed: gtfs_kit.Feed, passages: pd.DataFrame
    ) -> None:
        calls = ["trip_id", "stop_sequence", "stop_id"]
        trips = feed.trips[feed.trips["service_id"] == "LV"]["trip_id"]
        scheduled = feed.stop_times[feed.stop_times["trip_id"].isin(trips)][calls]
        told = pd.concat([passages[calls], city.lost_calls(WEEKDAY)[calls]])
        assert not told.duplicated().any()
        assert set(told.itertuples(index=False, name=None)) == set(scheduled.itertuples(index=False, name=None))

    def test_vehicles_move_forward_in_time(self, passages: pd.DataFrame) -> None:
        assert (passages["departure"] >= passages["arrival"]).all()
        for _, day in passages.sort_values("arrival").groupby("vehicle_id"):
            assert (day["arrival"].to_numpy()[1:] >= day["departure"].to_numpy()[:-1]).all()
        in_trip = passages["trip_id"].to_numpy()[1:] == passages["trip_id"].to_numpy()[:-1]
        assert (passages["arrival"].to_numpy()[1:] > passages["departure"].to_numpy()[:-1])[in_trip].all()

    def test_trams_never_overtake(self, passages: pd.DataFrame) -> None:
        # Short turns leave and join the line between others, and termini have two tracks.
        trams = passages[passages["trip_id"].str.startswith("A-LV-0-") & (passages["stop_sequence"].between(10, 15))]
        order = trams.sort_values("arrival").groupby("stop_sequence")["trip_id"].agg(list)
        assert all(order.iloc[0] == other for other in order)

    def test_delays_are_those_of_a_real_network(self, passages: pd.DataFrame, feed: gtfs_kit.Feed) -> None:
        scheduled = feed.stop_times[["trip_id", "stop_sequence", "departure_time", "timepoint"]]
        joined = passages.merge(scheduled, on=["trip_id", "stop_sequence"])
        due = in_seconds(joined["departure_time"]) + day_origin(WEEKDAY)
        late = joined["departure"] - due
        assert -30 < late.median() < 60
        assert 100 < late.quantile(0.9) < 400
        assert late.quantile(0.02) > -240

    def test_neighbours_share_their_traffic(self, passages: pd.DataFrame) -> None:
        # What the vehicle before lost on a link says something about what the next will lose there.
        run = passages["arrival"].shift(-1) - passages["departure"]
        ahead = passages["stop_sequence"].shift(-1) == passages["stop_sequence"] + 1
        hops = passages.assign(to=passages["stop_id"].shift(-1), run=run)[ahead.to_numpy()]
        bus = ~hops["trip_id"].str.startswith("A-")
        hops = hops[bus].sort_values("departure")
        link = hops.groupby(["stop_id", "to"])
        residual = np.log(hops["run"]) - np.log(link["run"].transform("median"))
        before = residual.groupby([hops["stop_id"], hops["to"]]).shift()
        near = (hops["departure"] - link["departure"].shift()) < 600
        assert residual[near].corr(before[near]) > 0.1

    def test_vehicles_bunch_along_the_line(self, passages: pd.DataFrame) -> None:
        line = passages[passages["trip_id"].str.startswith("2-LV-0-")].sort_values("departure")
        spread = line.groupby("stop_sequence")["departure"].agg(lambda t: t.diff().between(0, 1200).sum() and
                                                                 t.diff()[t.diff() < 1200].std())  # fmt: skip
        assert spread.iloc[-6:-1].mean() > 1.2 * spread.iloc[1:6].mean()

    @pytest.mark.parametrize("day", [WEEKDAY, SATURDAY, SUNDAY, ARMISTICE])
    def test_every_kind_of_incident_happens_every_day(self, city: Simulator, day: date) -> None:
        incidents = city.incidents(day)
        assert {i.kind for i in incidents} == set(KINDS)
        lost = city.lost_calls(day)
        for n, incident in enumerate(incidents):
            rows = lost[lost["incident"] == n]
            assert set(rows["trip_id"]) == set(incident.trip_ids)
            assert set(rows["kind"]) <= {incident.kind}
            assert incident.end > incident.start
            assert bool(incident.vehicle_id) == (incident.kind in (BREAKDOWN, SHORT_TURN))
            assert incident.kind == FEED_GAP or len(rows) > 0


class TestIncidents:
    def test_a_broken_down_vehicle_stands_and_is_replaced(self, city: Simulator, passages: pd.DataFrame) -> None:
        incident = next(i for i in city.incidents(WEEKDAY) if i.kind == BREAKDOWN)
        spots = []
        for now in np.arange(incident.start + 60, incident.end - 60, 60):
            for entity in parsed(city.vehicle_positions(float(now))).entity:
                if entity.id == incident.vehicle_id:
                    spots.append((entity.vehicle.position.latitude, entity.vehicle.position.longitude))
                    assert entity.vehicle.trip.trip_id == incident.trip_ids[0]
        assert len(spots) > 5
        assert np.median(np.abs(np.array(spots) - np.median(spots, axis=0))) * 111_195 < 15.0
        seen = passages[(passages["vehicle_id"] == incident.vehicle_id) & (passages["arrival"] > incident.start)]
        assert not (seen["arrival"] < incident.end).any()
        assert not passages["trip_id"].isin(incident.trip_ids[1:]).any()

    def test_a_short_turn_serves_neither_end(self, city: Simulator, passages: pd.DataFrame) -> None:
        for incident in (i for i in city.incidents(WEEKDAY) if i.kind == SHORT_TURN):
            there, back = (passages[passages["trip_id"] == trip] for trip in incident.trip_ids)
            assert there["stop_sequence"].min() == 1
            assert not there["stop_id"].isin(incident.stop_ids).any()
            assert back["stop_sequence"].min() > 1
            assert set(there["vehicle_id"]) == set(back["vehicle_id"]) == {incident.vehicle_id}

    def test_a_detour_closes_its_stops(self, city: Simulator, passages: pd.DataFrame) -> None:
        (detour,) = (i for i in city.incidents(WEEKDAY) if i.kind == DETOUR)
        at_closed = passages[passages["stop_id"].isin(detour.stop_ids)]
        # A vehicle that left the stop before in time may still arrive just after the closure.
        assert not at_closed["arrival"].between(detour.start + 600, detour.end).any()
        assert (at_closed["arrival"] < detour.start).any() and (at_closed["arrival"] > detour.end).any()
        message = parsed(city.alerts((detour.announced_at + detour.end) / 2))
        (alert,) = (e.alert for e in message.entity if e.alert.effect == gtfs_rt.Alert.DETOUR)
        assert {s.stop_id for s in alert.informed_entity} <= set(detour.stop_ids)
        assert {t.language for t in alert.header_text.translation} == {"fr", "en", "de"}

    def test_skipped_stops_are_sometimes_announced(self, city: Simulator) -> None:
        skipped = gtfs_rt.TripUpdate.StopTimeUpdate.SKIPPED
        told = []
        for n in range(4):
            day = date(2025, 11, 17 + n)
            detour = next(i for i in city.incidents(day) if i.kind == DETOUR)
            message = parsed(city.trip_updates((detour.announced_at + detour.end) / 2))
            stops = {u.stop_id for e in message.entity for u in e.trip_update.stop_time_update
                     if u.schedule_relationship == skipped}  # fmt: skip
            told.append(bool(stops & set(detour.stop_ids)))
        assert any(told) and not all(told)

    def test_cancelled_trips_are_told_beforehand(self, city: Simulator, passages: pd.DataFrame) -> None:
        canceled = gtfs_rt.TripDescriptor.CANCELED
        for incident in (i for i in city.incidents(WEEKDAY) if i.kind == CANCELLED_TRIPS):
            assert incident.announced_at < incident.start
            for now, expected in ((incident.announced_at - 1, False), (incident.announced_at + 1, True)):
                message = parsed(city.trip_updates(now))
                told = {e.trip_update.trip.trip_id for e in message.entity
                        if e.trip_update.trip.schedule_relationship == canceled}  # fmt: skip
                assert (set(incident.trip_ids) <= told) == expected
            informed = {s.trip.trip_id for e in parsed(city.alerts(incident.announced_at + 1)).entity
                        for s in e.alert.informed_entity}  # fmt: skip
            assert set(incident.trip_ids) <= informed
            assert not passages["trip_id"].isin(incident.trip_ids).any()

    def test_breakdowns_are_told_or_kept_quiet(self, city: Simulator) -> None:
        day, told = announced_or_not(city, BREAKDOWN, True)
        incident = city.incidents(day)[told]
        texts = [e.alert.header_text.translation[0].text for e in parsed(city.alerts(incident.announced_at + 1)).entity]
        assert any("panne" in text for text in texts)
        day, quiet = announced_or_not(city, BREAKDOWN, False)
        incident = city.incidents(day)[quiet]
        named = {e.trip_update.trip.trip_id for e in parsed(city.trip_updates(incident.end)).entity
                 if e.trip_update.trip.schedule_relationship == gtfs_rt.TripDescriptor.CANCELED}  # fmt: skip
        assert not named & set(incident.trip_ids)


class TestTripUpdates:
    def test_operator_claims_schedule_plus_delay(self, city: Simulator, passages: pd.DataFrame) -> None:
        now = paris(9)
        message = parsed(city.trip_updates(now))
        claims = [
            (e.trip_update.trip.trip_id, u.stop_sequence, u.arrival.time)
            for e in message.entity
            for u in e.trip_update.stop_time_update
            if u.HasField("arrival")
        ]
        for entity in message.entity:
            times = [t for u in entity.trip_update.stop_time_update for t in (u.arrival.time, u.departure.time) if t]
            assert times == sorted(times)
        claimed = pd.DataFrame(claims, columns=["trip_id", "stop_sequence", "claimed"])
        joined = claimed.merge(passages, on=["trip_id", "stop_sequence"])
        soon = joined[joined["arrival"].between(now + 60, now + 600)]
        assert len(soon) > 300
        assert (soon["claimed"] - soon["arrival"]).abs().median() < 120
        assert len(claimed) - len(joined) < 0.05 * len(claimed)

    def test_times_can_be_withheld(self) -> None:
        quiet = Simulator(seed=1, operator_times=False)
        message = parsed(quiet.trip_updates(paris(9)))
        assert not any(u.HasField("arrival") for e in message.entity for u in e.trip_update.stop_time_update)


class TestScale:
    def test_towns_stand_side_by_side_with_their_own_ids(self, tmp_path: Path) -> None:
        city = Simulator(seed=1, scale=3, window=(7.9, 8.2))
        message = parsed(city.vehicle_positions(paris(8)))
        assert 225 <= len(message.entity) <= 290
        assert {e.id.split("-")[0] for e in message.entity if "-" in e.id} == {"v1", "v2"}
        alone = parsed(Simulator(seed=1, window=(7.9, 8.2)).vehicle_positions(paris(8)))
        assert list(alone.entity) == [e for e in message.entity if "-" not in e.id]
        lost, incidents = city.lost_calls(WEEKDAY), city.incidents(WEEKDAY)
        assert [incidents[n].kind for n in lost["incident"]] == lost["kind"].tolist()
        assert len(incidents) > 2 * len(KINDS) and sum(i.kind == FEED_GAP for i in incidents) == 1
        city.write_gtfs(tmp_path / "gtfs.zip", WEEKDAY, 1)
        with zipfile.ZipFile(tmp_path / "gtfs.zip") as archive:
            stops = pd.read_csv(StringIO(archive.read("stops.txt").decode()), dtype={"stop_id": str})
        assert stops["stop_id"].is_unique
        assert stops["stop_lon"].max() - stops["stop_lon"].min() > 0.4

    def test_window_limits_the_reports_not_the_truth(self, city: Simulator, passages: pd.DataFrame) -> None:
        narrow = Simulator(seed=1, window=(7.9, 8.2))
        pd.testing.assert_frame_equal(narrow.true_passages(WEEKDAY), passages)
        assert len(parsed(narrow.vehicle_positions(paris(8, 5))).entity) > 70
        assert len(parsed(narrow.vehicle_positions(paris(12))).entity) == 0

    @pytest.mark.parametrize("wrong", [{"scale": 0}, {"seed": -1}, {"trip_ids": 1.5}, {"window": (9.0, 8.0)}])
    def test_absurd_arguments_are_named(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Simulator(**wrong)  # type: ignore[arg-type]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), day=st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_any_seed_and_date_make_a_sound_day(seed: int, day: date) -> None:
    city = Simulator(seed=seed)
    passages, lost = city.true_passages(day), city.lost_calls(day)
    assert np.isfinite(passages[["arrival", "departure"]].to_numpy()).all()
    assert (passages["departure"] >= passages["arrival"]).all()
    assert 0 < len(lost) < 0.05 * len(passages)
    assert len(city.incidents(day)) >= len(KINDS)
    first = parsed(city.vehicle_positions(day_origin(day) + 10 * 3600))
    assert first.IsInitialized() and len(first.entity) > 15


@pytest.mark.parametrize("day", [date(2025, 3, 30), date(2025, 10, 26)])
def test_clock_changes_do_not_break_the_day(city: Simulator, day: date) -> None:
    passages = city.true_passages(day)
    assert passages["arrival"].min() > day_origin(day) + 4 * 3600
    first = datetime.fromtimestamp(passages["departure"].min(), ZoneInfo("Europe/Paris"))
    assert 6 <= first.hour <= 7


def test_public_holidays_follow_easter() -> None:
    assert {date(2025, 4, 21), date(2025, 5, 29), date(2025, 6, 9)} <= public_holidays(2025)
    assert {date(2024, 4, 1), date(2024, 5, 9), date(2024, 5, 20)} <= public_holidays(2024)
    assert day_type(date(2025, 7, 14)) == "DI"
    assert day_type(date(2025, 7, 12)) == "SA"
