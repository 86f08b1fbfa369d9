"""Boards that panels are about to ask for are read with the first of them, and say what they would have said alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from api.reading import boards_ahead as module
from api.reading.board import StopBoards, stop_boards
from api.reading.boards_ahead import BoardsAhead
from api.reading.moment import Moment
from api.service.service import Service
from tests.api.town import STOPS, at, service_at

EVERY_STOP = range(len(STOPS))


@pytest.fixture(scope="module")
def service() -> Service:
    return service_at(at(8, 1))


@pytest.fixture
def read_together(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The stops of each pass."""
    passes: list[list[int]] = []

    def read(boards: StopBoards, stops: Sequence[int]) -> None:
        passes.append(list(stops))
        as_before(boards, stops)

    as_before = StopBoards.read
    monkeypatch.setattr(StopBoards, "read", read)
    return passes


def polled(service: Service, ahead: BoardsAhead, stops: Sequence[int], now: float) -> StopBoards:
    """Each stop asked for, 0.1 s after the one before, since a new step."""
    view = replace(service.view)
    asked = [ahead.boards(Moment(view, now + 0.1 * i), stop) for i, stop in enumerate(stops)]
    assert len(set(map(id, asked))) == 1
    return asked[0]


def test_panels_that_come_again_after_as_long_are_read_in_one_pass(
    service: Service, read_together: list[list[int]]
) -> None:
    ahead = BoardsAhead()
    for now in (0.0, 15.0):
        polled(service, ahead, EVERY_STOP, at(8, 1) + now)
    assert read_together == [[stop] for stop in EVERY_STOP] * 2
    read_together.clear()
    boards = polled(service, ahead, EVERY_STOP, at(8, 1, 30))
    assert read_together == [list(EVERY_STOP)]
    for stop in EVERY_STOP:
        (alone,) = stop_boards(service.view, [stop], at(8, 1, 30), 36 * 3600.0)
        assert boards.rows(stop, 6) == alone.rows(alone.shown[:6])
        assert np.array_equal(boards.board(stop).calls.published, alone.calls.published)


def test_a_panel_that_is_late_is_still_read_with_others_in_the_next_second(
    service: Service, read_together: list[list[int]]
) -> None:
    ahead = BoardsAhead()
    for now in (0.0, 15.0):
        polled(service, ahead, (1, 2), at(8, 1) + now)
    read_together.clear()
    polled(service, ahead, (2, 1), at(8, 1, 31))
    assert read_together == [[2, 1]]


def test_nobody_is_expected_who_came_once_or_stays_away(service: Service, read_together: list[list[int]]) -> None:
    ahead = BoardsAhead()
    polled(service, ahead, (1, 2, 3), at(8, 1))
    polled(service, ahead, (2, 3), at(8, 1, 20))
    polled(service, ahead, (3,), at(8, 1, 40))
    assert read_together[-1] == [3, 2]
    polled(service, ahead, (3,), at(8, 2))
    polled(service, ahead, (1, 3), at(8, 4))
    assert read_together[-3:] == [[3], [1], [3]]


def test_a_new_view_and_a_new_second_are_read_anew(service: Service) -> None:
    ahead, view = BoardsAhead(), service.view
    boards = ahead.boards(Moment(view, at(8, 1) + 0.1), 3)
    later = ahead.boards(Moment(view, at(8, 1) + 0.9), 3)
    assert later is boards and later.moment.now == at(8, 1) + 0.1
    assert ahead.boards(Moment(view, at(8, 1) + 1.1), 3) is not boards
    assert ahead.boards(Moment(replace(view), at(8, 1) + 1.2), 3).moment.now == at(8, 1) + 1.2


def test_who_waits_for_a_board_waits_for_a_few_others_only(
    service: Service, read_together: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 2)
    ahead = BoardsAhead()
    for now in (0.0, 15.0, 30.0):
        polled(service, ahead, EVERY_STOP, at(8, 1) + now)
    assert read_together[-3:] == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_board_that_cannot_be_read_fails_alone(
    service: Service, read_together: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = BoardsAhead()
    for now in (0.0, 15.0):
        polled(service, ahead, (1, 2, 3), at(8, 1) + now)
    read = StopBoards.read

    def fails_at_2(boards: StopBoards, stops: Sequence[int]) -> None:
        if 2 in stops:
            raise ValueError
        read(boards, stops)

    monkeypatch.setattr(StopBoards, "read", fails_at_2)
    read_together.clear()
    view = replace(service.view)
    for stop in (1, 3):
        assert stop in ahead.boards(Moment(view, at(8, 1, 30)), stop)
    with pytest.raises(ValueError):
        ahead.boards(Moment(view, at(8, 1, 30)), 2)
    assert read_together == [[1], [3]]


def test_a_stop_of_a_larger_timetable_that_was_in_force_before_is_not_read(
    service: Service, read_together: list[list[int]]
) -> None:
    ahead = BoardsAhead()
    for now in (0.0, 15.0):
        ahead._returning[36 * 3600.0, 6].asks(10_000, int(at(8, 1) + now))
    polled(service, ahead, (3,), at(8, 1, 30))
    assert read_together == [[3]]
