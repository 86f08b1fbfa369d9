"""An alert as JSON with the feed's own ids, so that it outlives a timetable, and back."""

from __future__ import annotations

import json
import math

import numpy as np

from feeds.alerts import Alert
from predictor.arrays import StrArray
from predictor.timetable import Timetable


def alert_to_json(alert: Alert, timetable: Timetable) -> str:
    """The same alert always gives the same text."""

    def ids(indices: frozenset[int], names: StrArray) -> list[str]:
        return sorted(names[np.array(sorted(indices), np.int64)].tolist())

    return json.dumps(
        {
            "cause": alert.cause,
            "effect": alert.effect,
            "header": alert.header,
            "description": alert.description,
            "url": alert.url,
            "active": [[start, end if math.isfinite(end) else None] for start, end in alert.active],
            "routes": ids(alert.routes, timetable.route_id),
            "stops": ids(alert.stops, timetable.stop_id),
            "trips": ids(alert.trips, timetable.trip_id),
            "whole_network": alert.whole_network,
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def alert_from_json(alert_id: str, content: str, timetable: Timetable) -> Alert:
    """The alert, without what this timetable does not have."""
    said = json.loads(content)

    def indices(ids: list[str], index: dict[str, int]) -> frozenset[int]:
        return frozenset(index[one] for one in ids if one in index)

    return Alert(
        alert_id=alert_id, cause=said["cause"], effect=said["effect"], header=said["header"],
        description=said["description"], url=said["url"],
        active=tuple((start, math.inf if end is None else end) for start, end in said["active"]),
        routes=indices(said["routes"], timetable.route_index), stops=indices(said["stops"], timetable.stop_index),
        trips=indices(said["trips"], timetable.trip_index), whole_network=said["whole_network"],
    )  # fmt: skip
