"""Our own clock: it is the machine's, but for its jumps."""

from __future__ import annotations

import pytest

from api.service.clock import BELIEVED_AFTER_S, LiveClock


class Machine:
    """A machine whose clock may be set."""

    def __init__(self) -> None:
        self.up, self.set_by = 100.0, 0.0
        self.clock = LiveClock(wall=lambda: 1_000_000.0 + self.up + self.set_by, uptime=lambda: self.up)

    def after(self, seconds: float, set_by: float) -> float:
        """What is told so many seconds later, seen from the start."""
        self.up, self.set_by = self.up + seconds, set_by
        return self.clock.now() - 1_000_100.0


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 90.0])
def test_a_jump_that_is_taken_back_is_not_followed(jump_s: float) -> None:
    machine = Machine()
    assert machine.after(10, 0) == 10
    assert machine.after(5, jump_s) == 15
    assert machine.clock.jumped_s == jump_s
    assert machine.after(15, jump_s) == 30
    assert machine.after(5, 0) == 35
    assert machine.clock.jumped_s == 0


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_clock_that_stays_where_it_jumped_to_has_been_set_right(jump_s: float) -> None:
    machine = Machine()
    assert machine.after(5, jump_s) == 5
    assert machine.after(BELIEVED_AFTER_S, jump_s) == 5 + BELIEVED_AFTER_S + jump_s
    assert machine.clock.jumped_s == 0


def test_small_corrections_are_followed_at_once() -> None:
    machine = Machine()
    assert machine.after(10, 0.8) == pytest.approx(10.8)
    assert machine.after(10, 1.9) == pytest.approx(21.9)
    assert machine.clock.jumped_s == 0
