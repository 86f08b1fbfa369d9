"""Messages to riders that a feed tells by turns."""

from __future__ import annotations

from google.transit import gtfs_realtime_pb2

from feeds.alerts.alert import Alert
from feeds.alerts.decoding import decode_alerts
from feeds.messages.in_turns import InTurns
from predictor.timetable import Timetable

_ENOUGH = 1


def alerts_in_turns() -> InTurns[tuple[Alert, ...]]:
    """Reads the messages of one feed."""
    return InTurns(_decode, _alerts, _alert_of, _ENOUGH)


def _decode(data: bytes, timetable: Timetable, received_at: float) -> tuple[Alert, ...]:  # noqa: ARG001
    return decode_alerts(data)


def _alerts(alerts: tuple[Alert, ...]) -> frozenset[tuple[str, object]]:
    return frozenset((alert.alert_id, alert.selectors) for alert in alerts)


def _alert_of(entity: gtfs_realtime_pb2.FeedEntity) -> tuple[str, tuple[bytes, ...]] | None:
    """What an entity calls its alert, None where it has none: servers count theirs from 1 alike."""
    if not entity.HasField("alert"):
        return None
    return entity.id, tuple(informed.SerializePartialToString() for informed in entity.alert.informed_entity)
