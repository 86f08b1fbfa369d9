"""The moment a page is rendered from: one view of the service, one reading of the clock, one language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fastapi import Request

from api.reading.board import DepartureRow
from api.reading.lines import Line, Lines, lines_of
from api.reading.moment import Moment
from api.words.texts import LANGUAGE_COOKIE, Texts, texts_in, wanted_language
from api.words.times import TimeWords, Wait
from feeds.alerts import Alert
from predictor.snapshot import Snapshot

COMING = ("live", "scheduled")
"""Statuses of what does come."""


@dataclass(frozen=True)
class AlertWords:
    """An alert in the reader's language."""

    header: str
    description: str
    url: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class FeedState:
    """Whether the vehicle feed is alive, in words."""

    stopped: bool
    message: str
    """How old the data is, or that it stopped."""
    age_s: float | None
    """None before the first sign of life."""


@dataclass(frozen=True, eq=False)
class PageMoment(Moment):
    """Everything that a page reads. Two readings within one page therefore never contradict each other."""

    texts: Texts

    @classmethod
    def of(cls, request: Request) -> PageMoment:
        """The latest view, now, in the reader's language."""
        moment = Moment.of(request)
        language = wanted_language(
            request.query_params.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("accept-language"),
        )
        return cls(moment.view, moment.now, texts_in(language))

    @property
    def snapshot(self) -> Snapshot:
        """What the engine knows."""
        return self.view.snapshot

    @cached_property
    def lines(self) -> Lines:
        """Lines of the timetable."""
        return lines_of(self.timetable)

    @cached_property
    def words(self) -> TimeWords:
        """Says times seen from now."""
        return TimeWords(self.texts, self.lines.zone, self.now)

    @cached_property
    def feed(self) -> FeedState:
        """Whether what is shown is live."""
        age = self.view.feed_age_s(self.now)
        if age is None:
            return FeedState(True, self.texts("feed_never"), None)
        said = "feed_stopped" if self.feed_stopped else "data_age"
        return FeedState(self.feed_stopped, self.texts(said, age=self.words.age(age)), age)

    def status_of(self, row: DepartureRow) -> str:
        """Status as shown: nothing is live once the vehicle feed has stopped."""
        return "scheduled" if row.status == "live" and self.feed.stopped else row.status

    def wait_of(self, row: DepartureRow) -> Wait:
        """How long until a departure, as shown. A countdown is a promise: without live data, and for what does not
        come, a clock time says enough."""
        if row.status not in COMING or self.feed.stopped:
            return self.words.at_clock(row.published)
        return self.words.wait(row.published, row.status == "live")

    def alerts_for(
        self,
        *,
        stops: frozenset[int] = frozenset(),
        routes: frozenset[int] = frozenset(),
        trips: frozenset[int] = frozenset(),
    ) -> list[AlertWords]:
        """Alerts in force that concern any of these stops, routes or trips, or the whole network.

        An alert that names both routes and stops concerns a stop's readers only at those stops.
        """
        return [
            self.said(alert)
            for alert in self.view.alerts
            if alert.active_at(self.now)
            and (
                alert.whole_network
                or alert.stops & stops
                or (not alert.stops and alert.routes & routes)
                or alert.trips & trips
            )
        ]

    def alerts_at(self, stop: int, trips: frozenset[int] = frozenset()) -> list[AlertWords]:
        """Alerts in force for a stop (of a station, for any of its platforms), for the lines that serve it, and for
        any of `trips`."""
        tt = self.timetable
        pointer, member = tt.station_members
        station = stop if tt.stop_parent[stop] < 0 else int(tt.stop_parent[stop])
        stops = {station, *member[pointer[stop] : pointer[stop + 1]].tolist()}
        return self.alerts_for(
            stops=frozenset(stops), routes=frozenset(line.route for line in self.lines.at_stop(stop)), trips=trips
        )

    def reason_for(self, row: DepartureRow) -> str:
        """Why a departure is cancelled or its stop skipped, in a word; "" where no alert tells."""
        told = (
            alert.cause
            for alert in self.view.alerts
            if alert.active_at(self.now)
            and (
                row.trip_idx in alert.trips
                or (row.status == "skipped" and row.stop_idx in alert.stops)
                or (row.status == "cancelled" and not alert.trips and not alert.stops and row.route_idx in alert.routes)
            )
        )
        return next((self.texts(f"cause_{cause}") for cause in told if f"cause_{cause}" in self.texts.entries), "")

    def said(self, alert: Alert) -> AlertWords:
        """An alert in the reader's language."""
        return AlertWords(
            header=self._translated(alert.header),
            description=self._translated(alert.description),
            url=self._web_address(self._translated(alert.url)),
            lines=tuple(self.lines.all[route] for route in sorted(alert.routes, key=self.lines.rank.__getitem__)),
        )

    def _translated(self, texts: dict[str, str]) -> str:
        """The text in the reader's language, else the one of no language, else any."""
        by_language = {tag.lower().split("-")[0]: text for tag, text in texts.items()}
        return by_language.get(self.texts.language) or by_language.get("") or next(iter(texts.values()), "")

    @staticmethod
    def _web_address(url: str) -> str:
        return url if url.startswith(("https://", "http://")) else ""
