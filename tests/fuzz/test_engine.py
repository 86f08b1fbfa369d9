"""Whatever vehicles and the operator say, each step of the engine gives a snapshot that keeps its promises."""

from __future__ import annotations

from random import Random

import numpy as np
from google.transit.gtfs_realtime_pb2 import FeedMessage
from hypothesis import given

from feeds.errors import FeedError
from feeds.gtfs_realtime.trip_updates import encode_trip_updates
from feeds.gtfs_realtime.vehicle_positions import encode_vehicle_positions
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.arrays import StopIdx
from predictor.engine import Engine, EngineSettings
from predictor.observations import Observations
from predictor.snapshot import FOLLOWED, FROM_OPERATOR, FROM_TIMETABLE, LIVE, Snapshot
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates
from tests.field.any_day import NETWORK
from tests.fuzz.effort import tries
from tests.fuzz.material import message, seeds

TIMETABLE = NETWORK.timetable
EIGHT = float(TIMETABLE.date_origin[len(TIMETABLE.date) // 2]) + 8 * 3600
"""Of a day in the middle of those that it holds."""
LIMIT_S = EngineSettings().live_limit_s


def reports(random: Random, now: float) -> Observations:
    data = message(random, TIMETABLE, now, kinds=["vehicle"]).SerializePartialToString()
    try:
        return decode_vehicle_positions(data, TIMETABLE, now)
    except FeedError:
        return Observations.empty(now)


def word(random: Random, now: float) -> TripUpdates | None:
    try:
        data = message(random, TIMETABLE, now, kinds=["trip_update"]).SerializePartialToString()
        return decode_trip_updates(data, TIMETABLE, now)
    except FeedError:
        return None


def keeps_its_promises(snapshot: Snapshot, now: float) -> None:
    made, found, vehicles = snapshot.predictions, snapshot.passages, snapshot.vehicles
    assert len(set(vehicles.vehicle_id.tolist())) == len(vehicles)
    live = made.status == LIVE
    for times in (made.p10[live], made.p50, made.p90[live], made.arrival, made.departure):
        assert np.isfinite(times).all()
    assert (made.p10 <= made.p50)[live].all()
    assert (made.p50 <= made.p90)[live].all()
    assert (made.departure >= made.arrival).all()
    assert not (found.arrival > now + 1e-6).any()
    assert not (found.departure < found.arrival).any()
    assert (made.source[live] != FROM_TIMETABLE).all()
    of_vehicles = live & (made.source != FROM_OPERATOR)
    assert (vehicles.doubt[made.vehicle[of_vehicles]] == FOLLOWED).all()
    assert (now - vehicles.timestamp[made.vehicle[of_vehicles]] <= LIMIT_S).all()
    timetable: Timetable = snapshot.timetable
    for stop in range(timetable.stops):
        board = snapshot.board(StopIdx(stop), since=now - 30, until=now + 7200)
        assert np.isfinite(board.published).all()
        assert (np.diff(board.published) >= 0).all()
        calls = zip(
            board.trip.tolist(), board.service_day.tolist(), board.shift_s.tolist(), board.call.tolist(), strict=True
        )
        assert len(set(calls)) == len(board)


@given(random=seeds)
@tries(25)
def test_any_reports_under_any_word_of_the_operator(random: Random) -> None:
    engine, now = Engine(TIMETABLE), EIGHT - 300
    for _ in range(4):
        now += random.choice((0.0, 1.0, 30.0, 30.0, 120.0, 1000.0))
        snapshot = engine.step(reports(random, now), now, word(random, now))
        keeps_its_promises(snapshot, now)
        for feed in (encode_trip_updates(snapshot), encode_vehicle_positions(snapshot)):
            assert FeedMessage.FromString(feed.SerializeToString()).IsInitialized()
    Engine(TIMETABLE, learned=engine.learned()).step(reports(random, now), now, word(random, now))
