"""Stops of a feed without shapes put in the order in which vehicles are seen to call at them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.driven_order import LEAST_RUNS, DrivenOrder, undrivable_hops, with_driven_order
from predictor.engine import Engine
from predictor.geometry import ground_distance_m
from predictor.learned import Learned
from predictor.timetable import Timetable
from predictor.travel_times import link_names
from tests.predictor.small_network import LAT, LINK_S, ORIGIN, lon_at, report, timetable

SPACING_M = 2000.0
"""Two of them are more than a bus drives between two calls of the small network, whose times are round to 30 s."""
STARTS = tuple(range(6 * 3600, 14 * 3600, 1200))


def in_order(stops: list[int], *, shape: bool = False, spacing_m: float = SPACING_M) -> Timetable:
    """Trips whose stop times call at stops of the straight road in this order, on a line drawn from stop to stop."""
    tt = timetable(STARTS, stops=len(stops))
    at = np.array(stops)
    lon = np.array([lon_at(spacing_m * stop) for stop in stops])
    along = spacing_m * np.append(0, np.cumsum(np.abs(np.diff(at)))).astype(float)
    return replace(
        tt, stop_lon=np.array([lon_at(spacing_m * stop) for stop in range(len(stops))]),
        pattern_stop=at.astype(np.int32), line_ptr=np.array([0, len(stops)]), line_lon=lon,
        line_lat=np.full(len(stops), LAT), line_distance_m=along,
        pattern_distance_m=along, link_from_stop=at[:-1].astype(np.int32), link_to_stop=at[1:].astype(np.int32),
        link_distance_m=np.diff(along), line_has_shape=np.array([shape]),
    )  # fmt: skip


def seen(tt: Timetable, ways: list[list[int]], trips: range) -> DrivenOrder:
    """Each trip seen at the stops of one of the ways, one after the other."""
    order = DrivenOrder(tt)
    for trip in trips:
        for nth, stop in enumerate(ways[trip % len(ways)]):
            at = ORIGIN + STARTS[trip] + nth * LINK_S
            order.take(report(at, SPACING_M * stop, trip=trip, vehicle=f"v{trip % 3}"))
    order.study()
    return order


ROAD = [0, 1, 2, 3, 4, 5]
WRONG = [0, 2, 1, 3, 4, 5]


def check_invariants(before: Timetable, after: Timetable) -> None:
    assert sorted(after.pattern_stop.tolist()) == sorted(before.pattern_stop.tolist())
    assert after.pattern_stop[[0, -1]].tolist() == before.pattern_stop[[0, -1]].tolist()
    assert after.arrival_s.tolist() == before.arrival_s.tolist()
    number = dict(zip(before.call_stop.tolist(), before.stop_sequence.tolist(), strict=True))
    assert [number[stop] for stop in after.call_stop.tolist()] == after.stop_sequence.tolist()
    hop = np.flatnonzero(after.pattern_link >= 0)
    link = after.pattern_link[hop]
    assert after.link_from_stop[link].tolist() == after.pattern_stop[hop].tolist()
    assert after.link_to_stop[link].tolist() == after.pattern_stop[hop + 1].tolist()
    lat, lon = after.line_lat, after.line_lon
    gap = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    assert np.abs(np.diff(after.line_distance_m) - gap).max() < 1.0
    assert after.pattern_distance_m.tolist() == after.line_distance_m.tolist()
    assert len(set(link_names(after).tolist())) == len(after.link_from_stop)


def test_stops_that_all_pass_the_other_way_round_change_places_and_the_times_stay() -> None:
    wrong = in_order(WRONG)
    links = seen(wrong, [ROAD], range(LEAST_RUNS)).backward_links()
    assert links.tolist() == ["s2\ns1"]
    right = with_driven_order(wrong, links)
    assert right.pattern_stop.tolist() == ROAD
    assert right.stop_sequence[:6].tolist() == [1, 3, 2, 4, 5, 6], "each call keeps the number that the feed gave it"
    check_invariants(wrong, right)


def test_an_order_that_is_driven_stays() -> None:
    assert seen(in_order(ROAD), [ROAD], range(12)).backward_links().tolist() == []


def test_few_runs_do_not_contradict_the_feed() -> None:
    assert seen(in_order(WRONG), [ROAD], range(LEAST_RUNS - 1)).backward_links().tolist() == []


def test_where_vehicles_disagree_the_feed_is_believed() -> None:
    assert seen(in_order(WRONG), [ROAD, ROAD, WRONG], range(12)).backward_links().tolist() == []


def test_a_stop_passed_on_the_way_out_and_served_on_the_way_back_tells_nothing() -> None:
    out_and_back = [0, 1, 2, 1, 3, 4, 5]
    assert seen(in_order(WRONG), [out_and_back], range(12)).backward_links().tolist() == []


def test_the_first_stop_stays_the_first() -> None:
    wrong = in_order([1, 0, 2, 3, 4, 5])
    links = seen(wrong, [ROAD], range(12)).backward_links()
    assert links.tolist() == ["s1\ns0"]
    assert with_driven_order(wrong, links).pattern_stop.tolist() == [1, 0, 2, 3, 4, 5]


def test_the_last_stop_stays_the_last() -> None:
    wrong = in_order([0, 1, 2, 3, 5, 4])
    links = seen(wrong, [ROAD], range(12)).backward_links()
    assert links.tolist() == ["s5\ns4"]
    assert with_driven_order(wrong, links).pattern_stop.tolist() == [0, 1, 2, 3, 5, 4]


def test_an_order_that_can_be_driven_in_its_times_stays_whatever_vehicles_did() -> None:
    slow = in_order(WRONG, spacing_m=500.0)
    assert with_driven_order(slow, np.array(["s2\ns1"])).pattern_stop.tolist() == WRONG


def test_whole_minutes_make_no_hop_too_fast() -> None:
    """A kilometre in the minute that the timetable has for it may take up to two."""
    tt = in_order(ROAD, spacing_m=1000.0)
    quick = np.tile(np.array([0, 60, 120, 180, 240, 240], np.int32), tt.trips) + np.repeat(STARTS, 6).astype(np.int32)
    assert not undrivable_hops(replace(tt, arrival_s=quick, departure_s=quick)).any()
    exact = quick + np.tile(np.array([0, 0, 0, 0, 7, 17], np.int32), tt.trips)
    assert (
        undrivable_hops(replace(tt, arrival_s=exact, departure_s=exact)).tolist()
        == ([False] * 4 + [True, False]) * tt.trips
    )


def test_stops_far_apart_in_the_order_given_are_put_right_too() -> None:
    wrong = in_order([0, 4, 1, 2, 3, 5])
    order = seen(wrong, [ROAD], range(12))
    assert sorted(order.backward_links().tolist()) == ["s4\ns1", "s4\ns2", "s4\ns3"]
    assert with_driven_order(wrong, order.backward_links()).pattern_stop.tolist() == ROAD


def test_on_a_shape_given_by_the_feed_its_order_is_believed() -> None:
    shaped = in_order(WRONG, shape=True)
    assert seen(shaped, [ROAD], range(12)).backward_links().tolist() == []
    assert with_driven_order(shaped, np.array(["s2\ns1"])).pattern_stop.tolist() == WRONG


def test_a_call_may_move_by_more_than_one_place() -> None:
    wrong = in_order([0, 4, 1, 2, 3, 5])
    links = np.array(["s4\ns1", "s4\ns2", "s4\ns3"])
    right = with_driven_order(wrong, links)
    assert right.pattern_stop.tolist() == ROAD
    check_invariants(wrong, right)


def test_an_engine_drives_in_the_order_it_was_given_and_hands_it_on() -> None:
    engine = Engine(in_order(WRONG), learned=Learned(backward_links=np.array(["s2\ns1"])))
    assert engine.timetable.pattern_stop.tolist() == ROAD
    engine.swap_timetable(replace(in_order(WRONG), feed_version="next"))
    assert engine.timetable.pattern_stop.tolist() == ROAD
    assert Engine(engine.timetable, learned=engine.learned()).timetable.pattern_stop.tolist() == ROAD
    at = ORIGIN + STARTS[0]
    for nth in range(4):
        snapshot = engine.step(report(at + nth * LINK_S, SPACING_M * nth), at + nth * LINK_S)
    assert snapshot.passages.stop.tolist() == [2]
    assert snapshot.vehicles.next_call[0] == 3
    assert snapshot.counts.get("jumps", 0) == 0


@settings(max_examples=60, deadline=None)
@given(st.permutations(ROAD), st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_whatever_is_exchanged_the_timetable_holds_together(stops: list[int], pairs: set[tuple[int, int]]) -> None:
    before = in_order(stops)
    names = np.array([f"s{a}\ns{b}" for a, b in sorted(pairs)] or [""], np.str_)
    check_invariants(before, with_driven_order(before, names))
