"""What each face says, read as its readers read it: JSON, protobuf, and pages through an HTML parser."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.transit import gtfs_realtime_pb2
from selectolax.lexbor import LexborHTMLParser, LexborNode


@dataclass(frozen=True)
class Run:
    """One dated run, as faces name it."""

    trip: str
    date: str
    """YYYY-MM-DD."""
    start: str
    """HH:MM:SS."""


@dataclass(frozen=True)
class Row:
    """What one face says of one call. As text: "08:05 t1 live"."""

    run: str
    """ "t1"; "f1@08:30" of a trip that runs several times a day; "t1/2026-11-25" of another day than the test's."""
    stop: str
    at: float | None
    """POSIX seconds shown, None where the face shows no time."""
    clock: str
    """HH:MM of it."""
    minutes: int | None
    """None where the face shows a clock time instead."""
    status: str
    """`live`, `scheduled`, `cancelled`, `skipped`, or `passed`."""
    told: Any = field(default=None, compare=False)
    """All that the face says: the JSON object, the element of the page, the message."""
    key: Run | None = None
    sequence: int | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.clock, self.run, self.status) if part)


def posix(iso: str | None) -> float | None:
    """POSIX seconds of ISO 8601, None of None."""
    return None if iso is None else datetime.fromisoformat(iso).timestamp()


def text(node: LexborNode | LexborHTMLParser | None) -> str:
    """What can be read there, blanks made one; "" of None."""
    if node is None:
        return ""
    read = node.text() if isinstance(node, LexborNode) else (node.body.text() if node.body else "")
    return re.sub(r"\s+", " ", read).strip()


def page_of(html: str) -> LexborHTMLParser:
    """The page, parsed."""
    return LexborHTMLParser(html)


def only(node: LexborNode | LexborHTMLParser, selector: str) -> LexborNode:
    """The first that a CSS selector finds, which must be there."""
    found = node.css_first(selector)
    assert found is not None, f"no {selector} in the page"
    return found


def run_of_key(key: str) -> Run:
    """The run that a departure's `data-key` names."""
    trip, date, start, _ = key.rsplit(" ", 3)
    return Run(trip, date, start)


def minutes_in(wait: str) -> int | None:
    """Minutes of a wait in English or French words; 0 for what approaches; None for a clock time."""
    found = re.fullmatch(r"(\d+) min", wait)
    if found:
        return int(found[1])
    return None if re.search(r"\d[:.]\d\d", wait) else 0


def departures_on(page: LexborHTMLParser) -> list[LexborNode]:
    """The departures of a stop's page or a screen."""
    return page.css("li.departure")


def alert_heads(page: LexborHTMLParser) -> list[str]:
    """Headers of the messages on a page."""
    return [text(head) for head in page.css(".alerts .alert-head strong")]


def listed(page: LexborHTMLParser, section: str) -> list[str]:
    """Entries of one section of the desk's page."""
    return [text(entry) for entry in page.css(f'section[aria-labelledby="{section}"] li')]


@dataclass(frozen=True)
class StopUpdateTold:
    """One StopTimeUpdate of ours."""

    stop: str
    sequence: int | None
    arrival: float | None
    departure: float | None
    relationship: str


@dataclass(frozen=True)
class TripUpdateTold:
    """One TripUpdate of ours."""

    run: str
    relationship: str
    stops: tuple[StopUpdateTold, ...]
    vehicle: str
    message: Any = field(compare=False)


def feed_message(data: bytes) -> gtfs_realtime_pb2.FeedMessage:
    """A message from its bytes."""
    message = gtfs_realtime_pb2.FeedMessage()
    message.ParseFromString(data)
    return message


def stop_updates(update: gtfs_realtime_pb2.TripUpdate) -> tuple[StopUpdateTold, ...]:
    """What a TripUpdate says of each stop."""
    relationship = gtfs_realtime_pb2.TripUpdate.StopTimeUpdate.ScheduleRelationship
    return tuple(
        StopUpdateTold(
            stop_update.stop_id,
            stop_update.stop_sequence if stop_update.HasField("stop_sequence") else None,
            float(stop_update.arrival.time) if stop_update.arrival.HasField("time") else None,
            float(stop_update.departure.time) if stop_update.departure.HasField("time") else None,
            relationship.Name(stop_update.schedule_relationship),
        )
        for stop_update in update.stop_time_update
    )


def texts(rows: Iterable[object]) -> list[str]:
    """Rows as text."""
    return [str(row) for row in rows]
