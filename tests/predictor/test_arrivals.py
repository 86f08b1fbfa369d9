"""The max-plus scan over all vehicles at once says what a plain loop over each vehicle's calls says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.arrays import Float64Array
from predictor.arrivals import BOARDING_S, DEADHEAD_M_S, MINIMUM_LAYOVER_S, Arrivals
from predictor.arrivals_loop import Chain
from predictor.legs import current_legs, with_next_runs
from predictor.operator_holds import OperatorHolds
from predictor.operator_times import ShortenedRuns
from predictor.service_days import ServiceDays
from predictor.snapshot import FROM_BLOCK, FROM_VEHICLE, IN_SERVICE, LAYOVER
from predictor.timetable import Timetable
from predictor.timing_points import TimingPoints
from predictor.tracks import Tracks
from predictor.travel_times import TravelTimes
from tests.predictor.small_network import ORIGIN, SPACING_M, report, timetable

EIGHT = 8 * 3600
STOPS = 5

NO_HOLDS = OperatorHolds.empty()


@dataclass(frozen=True)
class Case:
    """Vehicles on a line out and back, each at some place, with link times learned at random."""

    timetable: Timetable
    travel_times: TravelTimes
    timing_points: TimingPoints
    tracks: Tracks
    now: float

    def chain(self) -> Chain:
        slots = np.arange(len(self.tracks))
        legs = with_next_runs(
            ServiceDays(self.timetable),
            self.tracks,
            current_legs(self.timetable, self.tracks, slots, ShortenedRuns.empty()),
            self.now,
        )
        arrivals = Arrivals(self.travel_times, self.timing_points, self.tracks, NO_HOLDS, self.now)
        return arrivals.at_calls_of(legs)


def with_times(base: Timetable, run_s: list[int], dwell_s: list[int], holds: list[bool]) -> Timetable:
    """The same trips with other running and dwell times, and other timepoints, a list entry for each call."""
    arrival, departure = base.arrival_s.copy(), base.departure_s.copy()
    for trip in range(base.trips):
        at = int(base.trip_start_s[trip])
        for call in range(STOPS):
            i = int(base.trip_call_ptr[trip]) + call
            at += run_s[(i + call) % len(run_s)] if call else 0
            arrival[i] = at
            at += dwell_s[i % len(dwell_s)] if call else 0
            departure[i] = at
    timepoint = np.array([holds[i % len(holds)] for i in range(len(arrival))]) | base.timepoint
    return replace(base, arrival_s=arrival, departure_s=departure, timepoint=timepoint)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    starts = tuple(EIGHT + 600 * i + draw(st.integers(0, 500)) for i in range(6))
    tt = timetable(starts, STOPS, back=True, block=draw(st.booleans()))
    tt = with_times(
        tt,
        draw(st.lists(st.integers(5, 300), min_size=1, max_size=7)),
        draw(st.lists(st.integers(0, 90), min_size=1, max_size=5)),
        draw(st.lists(st.booleans(), min_size=1, max_size=6)),
    )
    now = float(ORIGIN + EIGHT + draw(st.integers(-300, 4000)))
    travel_times = TravelTimes(tt)
    entry = np.flatnonzero(travel_times.entry_link >= 0)
    seen = np.array(draw(st.lists(st.integers(0, len(entry) - 1), max_size=12)), np.int64)
    if len(seen):
        seconds = np.array([draw(st.floats(1.0, 900.0)) for _ in seen])
        ages = np.array([draw(st.floats(0.0, 3000.0)) for _ in seen])
        travel_times.observe(entry[seen], np.ones(len(seen), np.int32), seconds, np.ones(len(seen)), now - ages)
    timing_points = TimingPoints(tt)
    waited = np.array(draw(st.lists(st.integers(0, len(entry) - 1), max_size=12)), np.int64)
    for _ in range(draw(st.integers(0, 4))):
        timing_points.observe(entry[waited], np.full(len(waited), 200.0), np.full(len(waited), 190.0))
    tracks = Tracks.empty()
    for vehicle, trip in enumerate(draw(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True))):
        said = report(now, 0.0, vehicle=f"v{vehicle}")
        tracks, slot = tracks.with_vehicles_of(said)
        arrived = draw(st.integers(0, STOPS))
        standing = arrived > 0 and draw(st.booleans())
        share = draw(st.floats(0.0, 1.0))
        tracks.trip[slot], tracks.service_day[slot], tracks.timestamp[slot] = trip, 1, now - draw(st.floats(0, 250))
        tracks.arrived[slot], tracks.departed[slot] = arrived, arrived - standing
        tracks.distance_m[slot] = min(max(arrived - (1 if standing else share), 0.0), STOPS - 1.0) * SPACING_M
        tracks.lat[slot], tracks.lon[slot] = said.lat, said.lon
        tracks.state[slot] = LAYOVER if standing and arrived == 1 else IN_SERVICE
        tracks.arrived_at[slot] = tracks.timestamp[slot] - draw(st.floats(0, 400))
    return Case(tt, travel_times, timing_points, tracks, now)


def by_a_plain_loop(case: Case, chain: Chain) -> tuple[Float64Array, Float64Array]:
    """A[r] = D[r - 1] + lead[r], D[r] = max(A[r] + dwell[r], hold[r]) from each chain's head on."""
    tt, times = case.timetable, case.travel_times
    arrival, departure = chain.arrival.copy(), chain.departure.copy()
    for r in range(len(chain)):
        if chain.head[r] == r:
            continue
        entry, before = int(chain.entry[r]), int(chain.entry[r - 1])
        day = np.array([chain.service_day[r]], np.int32)
        link_s = {e: float(times.expected_s(np.array([e]), day, case.now)[0]) for e in (before, entry)}
        # Of a link with a long wait it drives for as little as the timetable has it.
        waits = {e: float(times.dwell_s[e]) for e in (before, entry)}
        least = {e: min(0.2 * link_s[e], float(times.timetabled_s[e]) - waits[e]) for e in (before, entry)}
        dwell = {e: min(waits[e], link_s[e] - least[e]) for e in (before, entry)}
        new_trip = chain.leg[r] != chain.leg[r - 1]
        # Both ends of this line are where the way back begins: there is nothing to drive to it, but where another
        # vehicle has taken that run.
        same_way = new_trip and (chain.trip[r] - chain.trip[r - 1]) % 2 == 0
        drive_s = (STOPS - 1) * SPACING_M / DEADHEAD_M_S if same_way else 0.0
        lead = MINIMUM_LAYOVER_S + drive_s if new_trip else link_s[before] - dwell[before]
        came = departure[r - 1] + lead
        departure[r] = came + dwell[entry]
        if chain.call[r] == 0 or case.timing_points.holds(np.array([entry]))[0]:
            departure[r] = max(came + min(dwell[entry], BOARDING_S), tt.date_origin[1] + tt.departure_s[entry])
        arrival[r] = departure[r] if chain.call[r] == 0 else came
    return arrival, departure


@settings(max_examples=120, deadline=None)
@given(cases())
def test_the_scan_is_the_plain_loop(case: Case) -> None:
    chain = case.chain()
    arrival, departure = by_a_plain_loop(case, chain)
    assert chain.arrival == pytest.approx(arrival, abs=1e-4)
    assert chain.departure == pytest.approx(departure, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_chain_runs_forward_and_leaves_no_timepoint_early(case: Case) -> None:
    chain, tt = case.chain(), case.timetable
    same = np.diff(chain.slot) == 0
    assert (np.diff(chain.arrival)[same] >= 0).all()
    assert (chain.departure >= chain.arrival - 1e-6).all()
    held = case.timing_points.holds(chain.entry) & ~chain.standing
    assert (chain.departure[held] >= (tt.date_origin[1] + tt.departure_s[chain.entry])[held] - 1e-4).all()
    assert (np.diff(chain.sd_s)[same] >= 0).all(), "what is further ahead is less certain"


@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_vehicle_is_predicted_as_if_it_were_alone(case: Case) -> None:
    together = case.chain()
    for slot in range(len(case.tracks)):
        legs = with_next_runs(
            ServiceDays(case.timetable),
            case.tracks,
            current_legs(case.timetable, case.tracks, np.array([slot]), ShortenedRuns.empty()),
            case.now,
        )
        alone = Arrivals(case.travel_times, case.timing_points, case.tracks, NO_HOLDS, case.now).at_calls_of(legs)
        theirs = together.slot == slot
        own = np.isin(alone.trip, together.trip[theirs])
        assert together.departure[theirs] == pytest.approx(alone.departure[own], abs=1e-4)


def two_trips() -> tuple[Timetable, Tracks]:
    """A block out and back; its vehicle stands at the first stop of the way out."""
    tt = timetable((EIGHT, EIGHT + 900), STOPS, back=True, block=True)
    tracks = Tracks.empty()
    tracks, slot = tracks.with_vehicles_of(report(ORIGIN + EIGHT, 0.0))
    tracks.trip[slot], tracks.service_day[slot], tracks.timestamp[slot] = 0, 1, ORIGIN + EIGHT
    tracks.arrived[slot], tracks.distance_m[slot], tracks.state[slot] = 1, 0.0, LAYOVER
    tracks.lat[slot], tracks.lon[slot] = tt.stop_lat[0], tt.stop_lon[0]
    return tt, tracks


def test_the_next_trip_of_the_block_belongs_to_its_vehicle_and_starts_on_time() -> None:
    tt, tracks = two_trips()
    chain = Case(tt, TravelTimes(tt), TimingPoints(tt), tracks, ORIGIN + EIGHT - 60.0).chain()
    assert chain.trip.tolist() == [0] * STOPS + [1] * STOPS
    assert chain.source.tolist() == [FROM_VEHICLE] * STOPS + [FROM_BLOCK] * STOPS
    assert chain.departure[STOPS] == ORIGIN + EIGHT + 900


def test_a_trip_of_the_block_that_another_vehicle_drives_is_not_promised_twice() -> None:
    tt, tracks = two_trips()
    tracks, other = tracks.with_vehicles_of(report(ORIGIN + EIGHT, 2000.0, vehicle="v2"))
    tracks.trip[other], tracks.service_day[other], tracks.timestamp[other] = 1, 1, ORIGIN + EIGHT
    tracks.state[other] = LAYOVER
    chain = Case(tt, TravelTimes(tt), TimingPoints(tt), tracks, ORIGIN + EIGHT - 60.0).chain()
    assert sorted(zip(chain.slot.tolist(), chain.trip.tolist(), strict=True)) == [(0, 0)] * STOPS + [(1, 1)] * STOPS
