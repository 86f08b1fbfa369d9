"""An alert as JSON with the feed's own ids, so that it outlives a timetable, and back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from feeds.alerts.alert import Alert, LocalizedImage, Period, Selector, TripSelector


def alert_to_json(alert: Alert) -> str:
    """The same alert always gives the same text."""
    content = asdict(alert)
    del content["alert_id"]
    for name in _PERIODS:
        content[name] = [[start, end if math.isfinite(end) else None] for start, end in content[name]]
    content["selectors"] = [_without_what_is_not_given(selector) for selector in alert.selectors]
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def alert_from_json(alert_id: str, content: str) -> Alert:
    """The alert. Reads what earlier versions wrote as well."""
    fields: dict[str, Any] = json.loads(content)
    selectors = _selectors_of_sets(fields) if "routes" in fields else tuple(map(_selector, fields.pop("selectors")))
    for name in _PERIODS:
        fields[name] = tuple(map(_period, fields.get(name, ())))
    images = tuple(LocalizedImage(*image) for image in fields.pop("images", ()))
    return Alert(alert_id=alert_id, selectors=selectors, images=images, **fields)


_PERIODS = ("active", "communication", "impact")


def _without_what_is_not_given(selector: Selector) -> dict[str, Any]:
    content = {name: value for name, value in asdict(selector).items() if value not in ("", -1, None)}
    if selector.trip is not None:
        content["trip"] = {name: value for name, value in asdict(selector.trip).items() if value not in ("", -1)}
    return content


def _selector(fields: dict[str, Any]) -> Selector:
    trip = fields.pop("trip", None)
    return Selector(**fields, trip=None if trip is None else TripSelector(**trip))


def _selectors_of_sets(fields: dict[str, Any]) -> tuple[Selector, ...]:
    """Of an alert written as sets of ids, in which one that named stops was about those stops alone."""
    routes, stops, trips = fields.pop("routes"), fields.pop("stops"), fields.pop("trips")
    if fields.pop("whole_network"):
        return (Selector(),)
    places = [Selector(stop_id=stop) for stop in stops] or [Selector(route_id=route) for route in routes]
    return (*places, *(Selector(trip=TripSelector(trip_id=trip)) for trip in trips))


def _period(bounds: list[float | None]) -> Period:
    start, end = bounds
    return float(start or 0.0), math.inf if end is None else end
