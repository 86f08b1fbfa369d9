"""What the messages of a feed have told before, as far as it goes on to count."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from feeds.ids.call_numbers import Numbering
from feeds.trip_updates.extra_calls import ExtraCalls
from feeds.trip_updates.message_columns import UpdatedRuns
from feeds.trip_updates.old_times import LastTimes
from predictor.arrays import BoolArray
from predictor.named_dates import NamedDates


class OwnCalls:
    """Which runs a feed tells calls of their own of."""

    def __init__(self) -> None:
        self._runs: set[tuple[int, int, int]] = set()

    def of_now_and_before(self, runs: UpdatedRuns, own_calls: BoolArray) -> BoolArray:
        """Which runs (n,) have calls of their own, those too of which messages told so before: whom they have sent to
        another stop is told where they call now."""
        if not self._runs and not own_calls.any():
            return own_calls
        names = list(runs.identities())
        own: BoolArray = own_calls | np.array([name in self._runs for name in names], bool)
        self._runs = {name for name, is_own in zip(names, own.tolist(), strict=True) if is_own}
        return own


@dataclass(frozen=True)
class ToldBefore:
    """Of one feed; renewed by each message that is decoded with it."""

    dates: NamedDates = field(default_factory=NamedDates)
    """Of the dates that it names."""
    numbering: Numbering = field(default_factory=Numbering)
    """How it numbers calls."""
    times: LastTimes = field(default_factory=LastTimes)
    """Of runs whose updates bear an old time."""
    own_calls: OwnCalls = field(default_factory=OwnCalls)
    extra_calls: ExtraCalls = field(default_factory=ExtraCalls)
    """Of calls beside the timetable's."""
