"""Alerts as GTFS-Realtime."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.alerts.alert import Alert, Selector
from feeds.alerts.informed import Informed
from feeds.gtfs_realtime.descriptors import new_feed
from feeds.ids.known_ids import stops_meant
from predictor.arrays import NONE
from predictor.timetable import Timetable


def encode_alerts(alerts: Iterable[Alert], timetable: Timetable, now: float) -> gtfs_realtime_pb2.FeedMessage:
    """Alerts of which something comes at `now` (POSIX seconds) or later, with those of their selectors, as given, that
    fit anything of this timetable."""
    message = new_feed(timetable, now)
    for alert in alerts:
        selectors = Informed.of(alert.selectors, timetable, now).selectors
        if alert.state(now) == "over" or not selectors:  # E032
            continue
        entity = message.entity.add(id=alert.alert_id).alert
        entity.cause = cast(Any, gtfs_realtime_pb2.Alert.Cause.Value(alert.cause))
        entity.effect = cast(Any, gtfs_realtime_pb2.Alert.Effect.Value(alert.effect))
        if alert.severity != "UNKNOWN_SEVERITY":
            entity.severity_level = cast(Any, gtfs_realtime_pb2.Alert.SeverityLevel.Value(alert.severity))
        for periods, field in (
            (alert.active, entity.active_period), (alert.communication, entity.communication_period),
            (alert.impact, entity.impact_period),
        ):  # fmt: skip
            for start, end in periods:
                period = field.add()
                if start > 0:
                    period.start = int(start)
                if math.isfinite(end):
                    period.end = int(end)
        for selector in selectors:
            if selector == Selector():
                for route_type in np.unique(timetable.route_type).tolist():  # E033
                    entity.informed_entity.add(route_type=route_type)
            elif selector.stop_id and selector.stop_id not in timetable.stop_named:
                for stop in stops_meant(selector.stop_id, timetable):
                    own = replace(selector, stop_id=str(timetable.stop_id[stop]))
                    _write_selector(entity.informed_entity.add(), own, timetable)
            else:
                _write_selector(entity.informed_entity.add(), selector, timetable)
        for texts, translated in (
            (alert.header, entity.header_text), (alert.description, entity.description_text), (alert.url, entity.url),
            (alert.tts_header, entity.tts_header_text), (alert.tts_description, entity.tts_description_text),
            (alert.cause_detail, entity.cause_detail), (alert.effect_detail, entity.effect_detail),
            (alert.image_alternative_text, entity.image_alternative_text),
        ):  # fmt: skip
            for language, text in texts.items():
                translation = translated.translation.add(text=text)
                if language:
                    translation.language = language
        for image in alert.images:
            localized = entity.image.localized_image.add(url=image.url, media_type=image.media_type)
            if image.language:
                localized.language = image.language
    return message


def _write_selector(entity: gtfs_realtime_pb2.EntitySelector, selector: Selector, timetable: Timetable) -> None:
    for name in ("agency_id", "route_id", "stop_id"):
        if value := getattr(selector, name):
            setattr(entity, name, value)
    for name in ("route_type", "direction_id"):
        if (number := getattr(selector, name)) >= 0:
            setattr(entity, name, number)
    if (trip := selector.trip) is None:
        return
    for name in ("trip_id", "route_id", "start_date", "start_time"):
        if value := getattr(trip, name):
            setattr(entity.trip, name, value)
    if trip.direction_id >= 0:
        entity.trip.direction_id = trip.direction_id
    index = timetable.trip_index.get(trip.trip_id, NONE)
    usual = "UNSCHEDULED" if index >= 0 and timetable.trip_is_frequency[index] else "SCHEDULED"
    relationship = gtfs_realtime_pb2.TripDescriptor.ScheduleRelationship.Value(trip.relationship or usual)
    entity.trip.schedule_relationship = cast(Any, relationship)  # W009
