"""The boards of stops at one moment, each read once however many panels, screens and listeners show it."""

from __future__ import annotations

from api.reading.board import DepartureRow, departure_rows
from api.reading.moment import Moment
from api.words.moment import PageMoment
from api.words.texts import texts_in

MOST_DEPARTURES = 30
"""The longest board that a panel or screen may ask for."""
_AHEAD_S = 36 * 3600.0
"""At night a board shows the first departures of the morning."""


class StopBoards:
    """Boards read from one view at one time."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self._rows: dict[int, list[DepartureRow]] = {}

    def rows(self, stop: int) -> list[DepartureRow]:
        """The first `MOST_DEPARTURES` departures of a stop (a station: of its platforms), soonest first."""
        if stop not in self._rows:
            self._rows[stop] = departure_rows(
                self.moment.view, stop, self.moment.now, limit=MOST_DEPARTURES, window_s=_AHEAD_S
            )
        return self._rows[stop]

    def said_in(self, language: str) -> PageMoment:
        """The same moment in the words of one of `LANGUAGES`."""
        return PageMoment(self.moment.view, self.moment.now, texts_in(language))
