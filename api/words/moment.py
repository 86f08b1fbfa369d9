"""The moment a page is rendered from: one view of the service, one reading of the clock, one language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from fastapi import Request

from api.reading.alerts import cause_for, informed_by
from api.reading.board import DepartureRow
from api.reading.journey import JourneyCall
from api.reading.lines import Line
from api.reading.moment import Moment
from api.words.texts import LANGUAGE_COOKIE, Texts, texts_in, wanted_language
from api.words.times import TimeWords, Wait
from feeds.alerts import Alert
from feeds.translations import text_in
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
    when: str
    """From when on, of one told before it is in force; else ""."""


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
        return cls(moment.view, moment.now, texts_in(language_of(request)))

    @property
    def snapshot(self) -> Snapshot:
        """What the engine knows."""
        return self.view.snapshot

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

    def status_of(self, row: DepartureRow | JourneyCall) -> str:
        """Status as shown: nothing is live once the vehicle feed has stopped."""
        return "scheduled" if row.status == "live" and self.feed.stopped else row.status

    def wait_of(self, row: DepartureRow) -> Wait:
        """How long until a departure, as shown. A countdown is a promise: without live data, and for what does not
        come, a clock time says enough."""
        if row.status not in COMING or self.feed.stopped:
            return self.words.at_clock(row.published)
        return self.words.wait(row.published, row.status == "live")

    def said_all(self, alerts: Iterable[Alert]) -> list[AlertWords]:
        """Alerts in the reader's language. The same words sent for each of several lines are said once, of all."""
        said: dict[tuple[str, ...], AlertWords] = {}
        for words in map(self.said, alerts):
            key = words.header, words.description, words.url, words.when
            before = said.get(key, words)
            lines = sorted({*before.lines, *words.lines}, key=lambda line: self.lines.rank[line.route])
            said[key] = replace(words, lines=tuple(lines))
        return list(said.values())

    def reason_for(self, row: DepartureRow) -> str:
        """Why a departure is cancelled or its stop skipped, in a word; "" where no alert tells."""
        return self._word(f"cause_{cause_for(self, row)}")

    def said(self, alert: Alert) -> AlertWords:
        """An alert in the reader's language."""
        language = self.texts.language
        header, description = text_in(alert.header, language), text_in(alert.description, language)
        if not header:
            header, description = description or self._word(f"effect_{alert.effect}"), ""
        url = text_in(alert.url, language)
        start, _ = alert.period(self.now)
        return AlertWords(
            header=header,
            description=description,
            url=url if url.startswith(("https://", "http://")) else "",
            lines=tuple(
                self.lines.all[route]
                for route in sorted(informed_by(self, alert).routes, key=self.lines.rank.__getitem__)
            ),
            when="" if start <= self.now else self.texts("alert_from", time=self.words.clock(start)),
        )

    def _word(self, key: str) -> str:
        return self.texts(key) if key in self.texts.entries else ""


def language_of(request: Request) -> str:
    """Which of `LANGUAGES` a reader gets: the one asked for, else the one chosen before, else the browser's."""
    return wanted_language(
        request.query_params.get(LANGUAGE_COOKIE),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
    )


def said_in(moment: Moment, language: str) -> PageMoment:
    """The same moment in the words of one of `LANGUAGES`."""
    return PageMoment(moment.view, moment.now, texts_in(language))
