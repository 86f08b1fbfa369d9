"""Column groups and dated runs: one base says how rows are taken, joined and named in another timetable."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import Float64Array, Int32Array, StrArray, running_maximum
from predictor.columns import Columns, column_types
from predictor.observations import Observations
from predictor.runs import DatedRuns
from tests.predictor.small_network import timetable


@dataclass(frozen=True, eq=False)
class Fares(Columns):
    currency: str
    zone: StrArray
    price: Float64Array


@dataclass(frozen=True, eq=False)
class Riders(DatedRuns):
    riders: Int32Array


FARES = Fares("EUR", np.array(["a", "bb", "c"]), np.array([1.0, 2.0, 3.0]))


def riders(*rows: tuple[int, int, int, int]) -> Riders:
    return Riders(*np.array(rows, np.int32).reshape(-1, 4).T)


def test_columns_stand_in_order_of_declaration_with_the_annotated_dtype() -> None:
    assert dict(column_types(Fares)) == {"zone": np.dtype(np.str_), "price": np.dtype(np.float64)}
    assert list(column_types(Riders)) == ["trip", "service_day", "shift_s", "riders"]


def test_rows_are_taken_by_index_mask_or_slice_and_what_is_told_of_the_group_stays() -> None:
    assert FARES.take(np.array([2, 0])).zone.tolist() == ["c", "a"]
    assert FARES.take(FARES.price > 1.5).price.tolist() == [2.0, 3.0]
    first = FARES.take(slice(1))
    assert (len(first), first.currency) == (1, "EUR")


def test_groups_are_joined_in_order_whatever_the_width_of_their_words() -> None:
    long = replace(FARES, zone=np.array(["far away", "d", "e"]))
    assert Fares.joined(FARES, long).zone.tolist() == ["a", "bb", "c", "far away", "d", "e"]
    assert Fares.joined(FARES) is FARES
    assert len(Riders.joined()) == 0
    nobody = Fares.empty(currency="EUR")
    assert Fares.joined(nobody, FARES).price.tolist() == [1.0, 2.0, 3.0]
    assert {name: getattr(nobody, name).dtype.kind for name in column_types(Fares)} == {"zone": "U", "price": "f"}


def test_no_observation_still_tells_when_nothing_was_received() -> None:
    none = Observations.empty(7.0)
    assert (len(none), none.received_at, none.refused) == (0, 7.0, {})
    assert np.isnan(none.feed_timestamp)


def test_a_compiled_loop_fills_in_a_group_by_the_names_of_its_columns_and_is_found_again_by_another_process() -> None:
    group = Riders.unset(2)
    in_loop = group.in_loops
    in_loop.riders[:] = 7
    assert group.riders.tolist() == [7, 7]
    assert type(group.in_loops) is type(in_loop)
    # So numba keeps what it has compiled: by the place of its types.
    assert pickle.loads(pickle.dumps(type(in_loop))) is type(in_loop)


def test_a_run_is_told_from_every_other_by_its_key() -> None:
    runs = riders((0, 1, 0, 9), (0, 1, 1800, 9), (0, 2, 0, 9), (1, 1, 0, 9), (0, 1, -3600, 9))
    assert len(np.unique(runs.run_key)) == len(runs)
    assert np.argsort(runs.run_key).tolist() == [4, 0, 1, 3, 2]
    assert runs.same_as(runs).all()
    assert not runs.same_as(runs.take(np.array([1, 2, 3, 4, 0]))).any()
    assert type(runs.runs) is DatedRuns


def test_a_run_keeps_its_names_in_another_timetable_and_is_none_where_they_are_gone() -> None:
    old = timetable()
    order = np.arange(old.trips)[::-1]
    new = replace(old, trip_id=np.where(order == 0, "another", old.trip_id[order]), date=old.date[1:])
    # A minute after its trip sets out no other run does.
    moved = riders((0, 1, 0, 5), (1, 1, 0, 6), (1, 0, 0, 7), (-1, -1, 0, 8), (1, 1, 60, 9)).renamed(old, new)
    assert moved.trip.tolist() == [-1, old.trips - 2, old.trips - 2, -1, -1]
    assert moved.service_day.tolist() == [0, 0, -1, -1, 0]
    assert moved.riders.tolist() == [5, 6, 7, 8, 9]


def test_a_running_maximum_starts_anew_with_each_group_and_gives_the_very_values() -> None:
    values = np.array([0.1, 0.3, 0.2, -5.0, 7.7, 7.1])
    group = np.array([-9, -9, -9, 2, 2, 40], np.int32)
    assert running_maximum(values, group).tolist() == [0.1, 0.3, 0.3, -5.0, 7.7, 7.1]
    assert running_maximum(np.array([3, 1], np.int64), np.array([1, 1])).tolist() == [3, 3]
    assert len(running_maximum(values[:0], group[:0])) == 0
