"""The operator's GTFS-Realtime Alerts."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

from google.transit import gtfs_realtime_pb2

from feeds.alerts.alert import FAR_OFF, Alert, LocalizedImage, Period, Selector, TripSelector
from feeds.alerts.translations import addresses_in, plain_texts
from feeds.ids.known_ids import id_of
from feeds.messages.message import decode_message, posix_seconds, refuse_differential, text_of

FEED = "alerts"

_LARGEST_INT32 = 2**31 - 1
_NEGATIVE_FROM = 2**63
"""From here on an unsigned time is a negative one in disguise: a date that was not filled in."""

_NO_GAP_S = 60.0
"""From 23:59 of a day to the next day is no break."""
_PARTS_ABOVE = 10**11
"""No year of four digits is so many seconds."""

_BARE_ADDRESS = re.compile(r"^(?:[\w-]+\.)+[a-z]{2,}(?=[:/?#]|$)", re.IGNORECASE)
"""An address as people write it, without how to get there."""

_ADDRESS = re.compile(r"https?://")
_NEXT_ADDRESS = re.compile(r"\n|[\s,;|]+(?=https?://)")
"""Before the second of several addresses in one."""

_Alert = gtfs_realtime_pb2.Alert
_TEXTS = (
    "header", "description", "tts_header", "tts_description", "url", "cause_detail", "effect_detail",
    "image_alternative_text",
)  # fmt: skip


def decode_alerts(data: bytes) -> tuple[Alert, ...]:
    """Decode a message. Alerts that share an entity id get ids of their own, the same as long as they say the same.

    Errors: FeedError where the whole message cannot be used (see `feeds.messages.message`).
    """
    message = decode_message(data, FEED)
    refuse_differential(message, FEED)
    alerts = [
        _alert(text_of(entity.id), entity.alert)
        for entity in message.entity
        if entity.HasField("alert") and not entity.is_deleted
    ]
    return tuple(_with_own_ids(with_all_languages({repr(alert): alert for alert in alerts}.values())))


def _with_own_ids(alerts: Iterable[Alert]) -> Iterable[Alert]:
    by_id: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        by_id[alert.alert_id].append(alert)
    for entity_id, sharing in by_id.items():
        if len(sharing) == 1 and entity_id:
            yield sharing[0]
            continue
        seen: Counter[str] = Counter()
        for alert in sharing:
            # Without its periods: an alert that is prolonged stays the same.
            content = repr((alert.cause, alert.effect, alert.header, alert.description, alert.selectors))
            digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]
            seen[digest] += 1
            times = f".{seen[digest]}" if seen[digest] > 1 else ""
            yield replace(alert, alert_id=f"{entity_id}:{digest}{times}".lstrip(":"))


def _alert(alert_id: str, alert: gtfs_realtime_pb2.Alert) -> Alert:
    spoken, spoken_description = plain_texts(alert.tts_header_text), plain_texts(alert.tts_description_text, "\n")
    periods = [_periods(ranges) for ranges in (alert.active_period, alert.communication_period, alert.impact_period)]
    (active, communication, impact), unusable = zip(*periods, strict=True)
    return Alert(
        alert_id=alert_id,
        cause=_Alert.Cause.Name(alert.cause),
        effect=_Alert.Effect.Name(alert.effect),
        severity=_Alert.SeverityLevel.Name(alert.severity_level),
        # What is written to be spoken stands in where nothing is written to be read.
        header=plain_texts(alert.header_text) or spoken,
        description=plain_texts(alert.description_text, "\n") or spoken_description,
        tts_header=spoken,
        tts_description=spoken_description,
        url=_addresses(alert),
        cause_detail=plain_texts(alert.cause_detail),
        effect_detail=plain_texts(alert.effect_detail),
        images=tuple(
            LocalizedImage(url, text_of(image.media_type), text_of(image.language))
            for image in alert.image.localized_image
            if (url := text_of(image.url).strip()).startswith(("https://", "http://"))
        ),
        image_alternative_text=plain_texts(alert.image_alternative_text),
        # A message must say whom it is for; one that does not is for everyone.
        selectors=tuple(dict.fromkeys(_selector(entity) for entity in alert.informed_entity)) or (Selector(),),
        active=active,
        communication=communication,
        impact=impact,
        unusable_periods=sum(unusable),
    )


def _addresses(alert: gtfs_realtime_pb2.Alert) -> dict[str, str]:
    """Where to read more, by language: the first of several as given, or else what a link of it or of the description
    leads to."""
    urls = plain_texts(alert.url, "\n")
    url_in = {language: _whole_address(_NEXT_ADDRESS.split(url, maxsplit=1)[0]) for language, url in urls.items()}
    linked = addresses_in(alert.url)
    url_in = {
        language: url if _ADDRESS.match(url) else linked.get(language, url) for language, url in url_in.items() if url
    }
    return url_in or addresses_in(alert.description_text)


def _whole_address(url: str) -> str:
    """An address with how to get there, as others spell it; "" of one that a form began and nobody went on with."""
    scheme, parts, rest = url.partition("//")
    if parts and scheme.lower() in ("", "http:", "https:"):
        return rest and f"{scheme.lower() or 'https:'}//{rest}"
    return _BARE_ADDRESS.sub(r"https://\g<0>", url)


def _selector(entity: gtfs_realtime_pb2.EntitySelector) -> Selector:
    return Selector(
        agency_id=id_of(entity.agency_id),
        route_id=id_of(entity.route_id),
        route_type=entity.route_type if entity.HasField("route_type") else -1,
        direction_id=_direction(entity),
        trip=_trip(entity.trip) if entity.HasField("trip") else None,
        stop_id=id_of(entity.stop_id),
    )


def _trip(descriptor: gtfs_realtime_pb2.TripDescriptor) -> TripSelector | None:
    trip = TripSelector(
        trip_id=id_of(descriptor.modified_trip.affected_trip_id) or id_of(descriptor.trip_id),
        route_id=id_of(descriptor.route_id),
        direction_id=_direction(descriptor),
        start_date=id_of(descriptor.start_date),
        start_time=id_of(descriptor.start_time),
    )
    if trip == TripSelector():
        return None
    named = descriptor.HasField("schedule_relationship")
    relationship = gtfs_realtime_pb2.TripDescriptor.ScheduleRelationship.Name(descriptor.schedule_relationship)
    return replace(trip, relationship=relationship if named else "")


def _direction(message: gtfs_realtime_pb2.EntitySelector | gtfs_realtime_pb2.TripDescriptor) -> int:
    return min(message.direction_id, 2**31 - 1) if message.HasField("direction_id") else -1


def _periods(ranges: Iterable[gtfs_realtime_pb2.TimeRange]) -> tuple[tuple[Period, ...], int]:
    """The periods in order, those that overlap, or end a minute before the next, as one, and how many end before they
    begin. Of those nothing can be used: where there are no others the alert is in force as long as the feed carries
    it."""
    periods = [(_start(period.start), _end(period.end)) for period in ranges]
    # The same time twice is when it was written, not when it ends.
    periods = [(start, math.inf if end == start else end) for start, end in periods]
    usable: list[Period] = []
    for start, end in sorted({(start, end) for start, end in periods if start < end}):
        if usable and (start < usable[-1][1] or 0 < start - usable[-1][1] <= _NO_GAP_S):
            usable[-1] = usable[-1][0], max(end, usable[-1][1])
        else:
            usable.append((start, end))
    return tuple(usable), sum(start > end for start, end in periods)


def _start(value: int) -> float:
    if value >= _NEGATIVE_FROM:
        return 0.0
    return min(_seconds(value), float(FAR_OFF))


def _end(value: int) -> float:
    seconds = _seconds(value)
    return math.inf if value == 0 or seconds >= FAR_OFF or int(seconds) == _LARGEST_INT32 else seconds


def _seconds(value: int) -> float:
    """POSIX seconds, where some feeds count thousandths, or other parts of them: the year 9999 in seconds is none of
    this century in those."""
    return posix_seconds(value) if value > _PARTS_ABOVE else float(value)


def with_all_languages(alerts: Iterable[Alert]) -> list[Alert]:
    """The alerts, in their order, those of one language that differ in nothing but their texts as one: the first of
    each language, the second of each, and so on, where there are as many of each."""
    listed = list(alerts)
    alike: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, alert in enumerate(listed):
        if (language := _language(alert)) is not None:
            alike[_without_texts(alert)][language].append(place)
    for by_language in alike.values():
        if len({len(places) for places in by_language.values()}) == 1:
            for first, *others in zip(*by_language.values(), strict=True):
                listed[first] = reduce(_joined, (listed[place] for place in others), listed[first])
                for place in others:
                    listed[place] = listed[first]
    return list({id(alert): alert for alert in listed}.values())


def _language(alert: Alert) -> str | None:
    """The one in which it is told, "" where no text names it; None where there are several."""
    tags = alert.header.keys() | alert.description.keys()
    languages = {tag.split("-")[0].lower() for tag in tags if tag}
    return None if len(languages) > 1 else next(iter(languages), "")


def _without_texts(alert: Alert) -> str:
    texts: dict[str, Any] = {name: {} for name in _TEXTS}
    return repr(replace(alert, alert_id="", images=(), selectors=tuple(sorted(alert.selectors, key=repr)), **texts))


def _joined(alert: Alert, other: Alert) -> Alert:
    texts: dict[str, Any] = {name: _of_a_language(alert, name) | _of_a_language(other, name) for name in _TEXTS}
    return replace(alert, images=tuple(dict.fromkeys(alert.images + other.images)), **texts)


def _of_a_language(alert: Alert, name: str) -> dict[str, str]:
    """The texts of a field, those without a language in that of the message."""
    texts: Mapping[str, str] = getattr(alert, name)
    language = next(filter(None, (*alert.header, *alert.description)), "")
    return {tag or language: text for tag, text in texts.items()}
