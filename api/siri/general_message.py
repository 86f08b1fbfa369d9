"""`/siri/2.0/general-message.json`: messages to riders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from api.reading.alerts import announced_alerts, informed_by
from api.reading.calls import iso_date
from api.siri.calls import run_ref
from api.siri.delivery import Asked, Json, Page, value
from api.words.alerts import alert_words
from api.words.moment import said_in
from api.words.texts import LANGUAGES
from feeds.alerts.alert import FAR_OFF, Alert
from feeds.alerts.informed import Informed
from feeds.alerts.selector_fits import ANY

MOST_MESSAGES = 500
"""Of one answer."""

Channel = Literal["Perturbation", "Information", "Commercial"]


def general_message(
    request: Request,
    line_ref: Annotated[str | None, Query(alias="LineRef", description="Only what is told on this line")] = None,
    stop_point_ref: Annotated[
        str | None, Query(alias="StopPointRef", description="Only what is told at this stop")
    ] = None,
    info_channel_ref: Annotated[
        Channel | None, Query(alias="InfoChannelRef", description="Only disturbances, or only the other messages")
    ] = None,
    page: Page = 1,
) -> Response:
    """Messages that riders are told now, at most 500 in an answer: `MoreData` says that there are more, on the next
    `Page`."""
    asked = Asked.of(request)
    route = asked.route(line_ref) if line_ref else None
    stop = asked.stop(stop_point_ref, "StopPointRef") if stop_point_ref else None
    alerts = [
        alert
        for alert in announced_alerts(asked.moment, route, stop)
        # Of what is only planned nobody could read when it begins: such a message has an end alone.
        if alert.shown_at(asked.moment.now) and info_channel_ref in (None, _channel(alert))
    ]
    begin, end = (page - 1) * MOST_MESSAGES, page * MOST_MESSAGES
    messages = [_message(asked, alert) for alert in alerts[begin:end]]
    return asked.deliver({"InfoMessage": messages}, more_data=end < len(alerts))


def _channel(alert: Alert) -> Channel:
    return "Information" if alert.effect == "NO_EFFECT" or alert.severity == "INFO" else "Perturbation"


def _message(asked: Asked, alert: Alert) -> Json:
    view, tt, names = asked.moment.view, asked.timetable, asked.names
    _, ends = alert.period(asked.moment.now)
    informed = informed_by(asked.moment, alert)
    routes = informed.lines_told_of(asked.moment.now, of_whole_networks=False)
    return {
        "RecordedAtTime": asked.time(view.alerts_at if math.isfinite(view.alerts_at) else view.snapshot.made_at),
        "ItemIdentifier": alert.alert_id,
        "InfoMessageIdentifier": value(alert.alert_id),
        "InfoMessageVersion": view.alert_versions.get(alert.alert_id, 1),
        "InfoChannelRef": value(_channel(alert)),
        **({"ValidUntilTime": asked.time(ends)} if ends < FAR_OFF else {}),
        "Content": {
            "LineRef": [value(names.line_ref(str(tt.route_id[route]))) for route in sorted(routes)],
            "StopPointRef": [asked.stop_ref(stop) for stop in sorted(informed.stops)],
            **({"FramedVehicleJourneyRef": runs} if (runs := _runs(asked, informed)) else {}),
            "Message": [
                {"MessageType": kind, "MessageText": {"value": text, **({"lang": language} if language else {})}}
                for kind, by_language in _texts(asked, alert).items()
                for language, text in by_language.items()
            ],
        },
    }


def _runs(asked: Asked, informed: Informed) -> list[Json]:
    """The runs that a message speaks of alone, without a date where it means them on any."""
    tt = asked.timetable
    return [
        {
            **({"DataFrameRef": value(iso_date(int(tt.date[day])))} if day != ANY else {}),
            "DatedVehicleJourneyRef": run_ref(tt, trip, shift_s),
        }
        for trip, shift_s, day in sorted(informed.runs, key=lambda run: (run[2], run[0], run[1] or 0))
    ]


def _texts(asked: Asked, alert: Alert) -> dict[str, Mapping[str, str]]:
    """What is said, by SIRI's kind of it and language. Of a message without words riders are told its effect or cause,
    in our languages."""
    if alert.header or alert.description:
        return {"SHORT_MESSAGE": alert.header, "TEXT_ONLY": alert.description}
    said = (alert_words(said_in(asked.moment, language), alert) for language in LANGUAGES)
    by_language = zip(LANGUAGES, said, strict=True)
    return {"SHORT_MESSAGE": {words.languages[0] or language: words.header for language, words in by_language}}
