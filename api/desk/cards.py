"""A published disruption in the words of the desk's lists."""

from __future__ import annotations

import math
from dataclasses import dataclass

from api.desk.disruption import Disruption, Notice, alert_of
from api.desk.place_words import notice_times, when
from api.reading.alerts import Audience, audience_of, informed_by, operator_alerts
from api.reading.recurrence import recurrence_of
from api.words.alerts import AlertWords, alert_words
from api.words.moment import PageMoment
from feeds.alerts.alert import Alert

_NAMES = 6


@dataclass(frozen=True)
class AudienceWords:
    """Who sees a notice."""

    said: str
    stops: list[str]
    """Names of the first of them."""
    more_stops: bool
    nobody: bool


@dataclass(frozen=True)
class Card:
    """A disruption in a list."""

    number: int
    state: str
    said: AlertWords
    when: str
    audience: AudienceWords


def card(disruption: Disruption, moment: PageMoment) -> Card:
    """For the list of an officer."""
    alert = alert_of(disruption, moment.timetable, disruption.alert_id)
    times = notice_times(disruption, moment.texts, moment.timetable, moment.now)
    return Card(
        disruption.number, disruption.state(moment.now), alert_words(moment, alert), times[:1].upper() + times[1:],
        audience_words(disruption, moment),
    )  # fmt: skip


@dataclass(frozen=True)
class OperatorCard:
    """An alert of the operator's own feed in a list."""

    state: str
    said: AlertWords
    when: str
    doubts: list[str]
    """What is wrong with it, in words."""


def operator_cards(moment: PageMoment) -> list[OperatorCard]:
    """The operator's alerts, in force and planned."""
    return [_operator_card(alert, moment) for alert in operator_alerts(moment)]


def _operator_card(alert: Alert, moment: PageMoment) -> OperatorCard:
    start, end = alert.period(moment.now)
    times = when(
        start, end if math.isfinite(end) else None, moment.texts, moment.timetable, moment.now,
        recurrence_of(alert.affects, moment.lines.zone),
    )  # fmt: skip
    doubts = []
    informed = informed_by(moment, alert)
    if not informed.selectors:
        doubts.append(moment.texts("concerns_nobody"))
    elif informed.astray:
        names = ", ".join(dict.fromkeys(filter(None, (selector.ids for selector in informed.astray[:_NAMES]))))
        doubts.append(moment.texts("concerns_unknown", names=names))
    if alert.unusable_periods:
        doubts.append(moment.texts("unusable_periods"))
    return OperatorCard(alert.state(moment.now), alert_words(moment, alert), times[:1].upper() + times[1:], doubts)


def audience_words(notice: Notice, moment: PageMoment) -> AudienceWords:
    """Who sees it, in words."""
    tt, texts = moment.timetable, moment.texts
    audience: Audience = audience_of(alert_of(notice, tt, ""), tt)
    names = list(dict.fromkeys(str(tt.stop_name[stop]) for stop in audience.stops))
    everyone = notice.shown_on == "network"
    audience_line = texts(
        "seen_by_all" if everyone else "seen_by",
        lines=texts("count_lines", count=len(audience.routes)),
        stops=texts("count_stops", count=len(audience.stops)),
    )
    return AudienceWords(
        said=audience_line if audience.stops else texts("seen_by_nobody"),
        stops=[] if everyone else names[:_NAMES],
        more_stops=not everyone and len(names) > _NAMES,
        nobody=not audience.stops,
    )
