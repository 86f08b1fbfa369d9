"""Publishes what a service shows, one whole view after another, to readers elsewhere."""

from __future__ import annotations

import logging
import math
import time
import uuid
from contextlib import suppress

from api.service.exchange import Exchange, ExchangeError
from api.service.published_view import Packing
from api.service.service import Service
from api.service.view import ServiceView
from feeds.background import Repeated
from feeds.messages.kinds import FEEDS

log = logging.getLogger("prochain")

_TRIED_AGAIN_S = 1.0
_FEEDS_ANSWER_WITHIN_S = 15.0
"""For longer the first view does not wait for them: readers would take the engine to be silent."""


def gtfs_name(feed_version: str) -> str:
    """What the operator's zip of that content is kept as."""
    return f"gtfs-{feed_version}"


def timetable_name(name: str) -> str:
    """What a timetable is kept as."""
    return f"timetable-{name}"


class Publisher:
    """From the first step on, each view as soon as it is there: of several, the last. A thread of its own, so that
    neither engine nor readers of this process wait for it."""

    def __init__(self, service: Service, exchange: Exchange) -> None:
        self.fault = ""
        """Why readers elsewhere do not see what is shown here, "" where they do."""
        self._service, self._exchange = service, exchange
        self._packing = Packing(service.clock, service.step_interval_s / service.clock.speed)
        self._me, self._number = uuid.uuid4().hex[:12], 0
        self._published: ServiceView | None = None
        self._waits_until = time.monotonic() + _FEEDS_ANSWER_WITHIN_S
        self._work = Repeated("publish", self._publish, _TRIED_AGAIN_S, first_s=0.0)
        service.on_view.append(self._work.wake)
        service.face_threads.append(self._work)
        service.publishing_fault = lambda: self.fault

    def start(self) -> None:
        """Begin."""
        self._work.start()

    def stop(self) -> None:
        """End; another engine may publish from now on."""
        self._work.stop(5.0)
        self._exchange.close()

    def _publish(self) -> None:
        view = self._service.view
        if self._service.steps == 0:
            return
        if view is self._published:
            with suppress(ExchangeError):
                self._exchange.hold()
            return
        self._number += 1
        version = f"{self._me}-{self._number}"
        try:
            if self._published is None and self._knows_less(view):
                return
            packed = self._packing.packed(view, version)
            self._keep(timetable_name(self._packing.timetable.name), self._packing.timetable.packed)
            self._keep_zip(view.timetable.feed_version)
            self._exchange.publish(version, packed)
        except ExchangeError as error:
            if not self.fault:
                log.warning("Views are not published: %s.", error)
            self.fault = str(error)
            return
        if self.fault:
            log.warning("Views are published again.")
        self.fault, self._published = "", view

    def _knows_less(self, view: ServiceView) -> bool:
        """Whether what readers have is worth more than a view without any vehicle, of feeds that have not answered yet:
        so it is for a moment where the engine is started again. Errors: ExchangeError."""
        feeds = [view.feeds[name] for name in FEEDS if name in view.feeds]
        waited_for = any(math.isnan(feed.good_at) and not feed.error for feed in feeds)
        return waited_for and time.monotonic() < self._waits_until and self._exchange.version() is not None

    def _keep(self, name: str, content: bytes) -> None:
        # It may have lost what it had.
        if not self._exchange.has(name):
            self._exchange.keep(name, content)

    def _keep_zip(self, feed_version: str) -> None:
        name = gtfs_name(feed_version)
        zip_file = self._service.gtfs_zip
        if zip_file is None or self._exchange.has(name):
            return
        try:
            content = zip_file.read_bytes()
        except OSError as error:
            log.warning("%s: cannot be read (%s); readers elsewhere do without it.", zip_file, error)
            return
        self._exchange.keep(name, content)
