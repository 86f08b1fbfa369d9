"""The operator's GTFS-Realtime Alerts."""

from __future__ import annotations

import math

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.alerts import Alert
from feeds.message import decode_message, posix_seconds, text_of
from predictor.timetable import Timetable

FEED = "alerts"

_Alert = gtfs_realtime_pb2.Alert


def decode_alerts(data: bytes, timetable: Timetable) -> tuple[Alert, ...]:
    """Decode a message. What it says of routes, stops and trips that the timetable does not have is left out.

    A selector that names several things means all of them at once: a trip stands for it, else the stop and the route
    both, for an alert that names stops is about those stops. A route type stands for its routes. An alert that informs
    about nothing at all is for everyone.
    Errors: FeedError where the whole message cannot be used (see `feeds.message`).
    """
    message = decode_message(data, FEED)
    alerts: dict[str, Alert] = {}
    for entity in message.entity:
        if entity.is_deleted or not entity.HasField("alert"):
            continue
        alert_id = text_of(entity.id)
        alerts[alert_id] = _alert(alert_id, entity.alert, timetable)
    return tuple(alerts.values())


def _alert(alert_id: str, alert: gtfs_realtime_pb2.Alert, timetable: Timetable) -> Alert:
    routes: set[int] = set()
    stops: set[int] = set()
    trips: set[int] = set()
    whole_network = not alert.informed_entity
    for selector in alert.informed_entity:
        trip_id, route_id = selector.trip.trip_id, selector.route_id or selector.trip.route_id
        if trip_id:
            trips.add(timetable.trip_index.get(trip_id, -1))
        elif selector.stop_id:
            stops.add(timetable.stop_index.get(selector.stop_id, -1))
            routes.add(timetable.route_index.get(route_id, -1))
        elif route_id:
            routes.add(timetable.route_index.get(route_id, -1))
        elif selector.HasField("route_type"):
            routes.update(np.flatnonzero(timetable.route_type == selector.route_type).tolist())
        else:
            whole_network = True
    return Alert(
        alert_id=alert_id,
        cause=_Alert.Cause.Name(alert.cause),
        effect=_Alert.Effect.Name(alert.effect),
        header=_texts(alert.header_text),
        description=_texts(alert.description_text),
        url=_texts(alert.url),
        active=tuple(
            (posix_seconds(period.start), posix_seconds(period.end) if period.end else math.inf)
            for period in alert.active_period
        ),
        routes=frozenset(routes - {-1}),
        stops=frozenset(stops - {-1}),
        trips=frozenset(trips - {-1}),
        whole_network=whole_network,
    )


def _texts(translated: gtfs_realtime_pb2.TranslatedString) -> dict[str, str]:
    return {text_of(translation.language): text_of(translation.text) for translation in translated.translation}
