"""Who waits for which bus with the page closed: told once when it is five minutes away, then forgotten."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, get_args
from urllib.parse import quote, urlencode

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from pydantic import BaseModel, ConfigDict, ValidationError

from api.pages.push_sender import PushSender, Sent
from api.reading.calls import RunCall
from api.reading.journey import Journey, UnknownRunError, calls_there, journey_meant
from api.reading.moment import Moment
from api.service.settings import Settings
from api.words.lines import line_title
from api.words.moment import said_in
from feeds.background import Repeated
from feeds.storage.sqlite_file import open_sqlite

if TYPE_CHECKING:
    from api.service.service import Service

FILE_NAME = "reminders.sqlite"
_MIGRATIONS = ("CREATE TABLE IF NOT EXISTS reminder (key TEXT PRIMARY KEY, document TEXT NOT NULL);",)
SCHEMA = len(_MIGRATIONS)
EARLY_S = 300.0
"""As on the page while it is open (`ride.js`): by the early end of the range."""
MOST = 2000
MOST_OF_ONE = 10
"""Of one browser."""
AHEAD_S = 12 * 3600.0
_LOOK_S, _LOOK_AGAIN_S = 2.0, 30.0
_FORGOTTEN_AFTER_S = 3 * 3600.0
_TTL_S = 300
"""After so long a push service need not tell any more."""
_TRIES, _TRY_AGAIN_S = 3, 10.0
_SENDERS = 4
_CLOSING_S = 2.0

log = logging.getLogger("prochain")


class TooManyError(Exception):
    """No more riders can wait: of all, or of one browser."""


class NothingToTellError(LookupError):
    """No such run calls at such a stop in the coming hours."""


class Reminder(BaseModel):
    """One browser that waits for one run at one stop. There is no more known of its rider."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    """Address at a push service,"""
    p256dh: str
    auth: str
    """and the keys by which it alone reads what is sent there."""
    trip_id: str
    date: str
    start: str
    stop_id: str
    visit: str = ""
    """As of `calls_there`."""
    language: str
    country: str = ""
    site: str
    until: float = 0.0
    """POSIX seconds after which it is forgotten in any case."""

    @property
    def key(self) -> str:
        """The same for the same browser, run, stop and visit."""
        named = "\n".join((self.endpoint, self.trip_id, self.date, self.start, self.stop_id, self.visit))
        return hashlib.sha256(named.encode()).hexdigest()


@dataclass
class _Waiting:
    reminder: Reminder
    look_at: float = 0.0
    tries: int = 0
    sending: bool = False


class Reminders:
    """Riders who wait. Safe to use from any thread; nobody waits for a push service but threads of its own."""

    def __init__(self, service: Service, sender: PushSender, folder: Path | None) -> None:
        """`folder`: where those who wait outlive a restart, None for memory alone."""
        self._service = service
        self.sender = sender
        self._lock = Lock()
        self.outcomes: dict[Sent, int] = dict.fromkeys(get_args(Sent), 0)
        """How many messages were sent, refused, and to be tried again, since the start."""
        try:
            self._connection, _ = open_sqlite(folder / FILE_NAME if folder else None, _MIGRATIONS)
        except sqlite3.Error:
            log.exception("Riders who wait for a push message are kept in memory alone.")
            self._connection, _ = open_sqlite(None, _MIGRATIONS)
        # Nothing of a rider stays in the file's free pages.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._waiting = {reminder.key: _Waiting(reminder) for reminder in self._kept()}
        self.senders = ThreadPoolExecutor(_SENDERS, "push")
        self._looking = Repeated("push reminders", self.look, _LOOK_S, gives_way=True)

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def sending(self) -> bool:
        """Whether a message is on its way."""
        return any(waiting.sending for waiting in self._waiting.values())

    def start(self) -> None:
        """Look from now on."""
        self._looking.start()
        self._service.face_threads.append(self._looking)

    def close(self) -> None:
        """End looking; who waits is kept for the next start."""
        self._service.face_threads = [thread for thread in self._service.face_threads if thread is not self._looking]
        self._looking.stop(_CLOSING_S)
        self.senders.shutdown(wait=False, cancel_futures=True)
        self.sender.close()
        with self._lock:
            self._connection.close()

    def add(self, reminder: Reminder) -> None:
        """Errors: NothingToTellError; TooManyError."""
        moment = Moment(self._service.view, self._service.clock.now())
        call, _ = _call(self._journey(moment, reminder), moment, reminder)
        if call is None or call.passed or call.published > moment.now + AHEAD_S:
            raise NothingToTellError
        reminder = reminder.model_copy(update={"until": call.published + _FORGOTTEN_AFTER_S})
        with self._lock:
            of_one = Counter(waiting.reminder.endpoint for waiting in self._waiting.values())[reminder.endpoint]
            if reminder.key not in self._waiting and (len(self._waiting) >= MOST or of_one >= MOST_OF_ONE):
                raise TooManyError
            self._waiting = {**self._waiting, reminder.key: _Waiting(reminder)}
            with suppress(sqlite3.Error):
                self._connection.execute(
                    "INSERT OR REPLACE INTO reminder (key, document) VALUES (?, ?)",
                    (reminder.key, reminder.model_dump_json()),
                )

    def remove(self, key: str) -> None:
        """Forget one, where it is there."""
        with self._lock:
            self._waiting = {other: waiting for other, waiting in self._waiting.items() if other != key}
            with suppress(sqlite3.Error):
                self._connection.execute("DELETE FROM reminder WHERE key = ?", (key,))

    def look(self) -> None:
        """Tell those whose bus is near, forget those whose bus has gone."""
        moment = Moment(self._service.view, self._service.clock.now())
        journeys: dict[tuple[str, str, str], Journey | None] = {}
        for key, waiting in self._waiting.items():
            if waiting.sending or waiting.look_at > moment.now:
                continue
            reminder = waiting.reminder
            run = reminder.trip_id, reminder.date, reminder.start
            if run not in journeys:
                with suppress(NothingToTellError):
                    journeys[run] = self._journey(moment, reminder)
            journey = journeys.get(run)
            call, gone = _call(journey, moment, reminder)
            if reminder.until <= moment.now or (call is not None and call.passed):
                self.remove(key)
            elif journey is None or (call is None and not gone) or (call and call.comes and call.clock is None):
                waiting.look_at = moment.now + _LOOK_AGAIN_S
            elif call is None or not call.comes or _low(call) - moment.now <= EARLY_S:
                waiting.sending = True
                message = _message(moment, journey, call, reminder)
                self.senders.submit(self._send, key, waiting, message)
            else:
                # The nearer it comes, the more often: a prediction may come forward.
                left_s = _low(call) - EARLY_S - moment.now
                waiting.look_at = moment.now + min(left_s / 4.0, _LOOK_AGAIN_S)

    def _send(self, key: str, waiting: _Waiting, message: dict[str, str]) -> None:
        reminder = waiting.reminder
        sent = self.sender.send(reminder.endpoint, reminder.p256dh, reminder.auth, message, _TTL_S, reminder.site)
        waiting.tries += 1
        with self._lock:
            self.outcomes[sent] += 1
        if sent != "again" or waiting.tries >= _TRIES:
            self.remove(key)
            return
        waiting.look_at = self._service.clock.now() + _TRY_AGAIN_S
        waiting.sending = False

    def _journey(self, moment: Moment, reminder: Reminder) -> Journey:
        trip = moment.timetable.trip_index.get(reminder.trip_id)
        if trip is None:
            raise NothingToTellError
        try:
            return journey_meant(moment, trip, reminder.date, reminder.start)
        except UnknownRunError as error:
            raise NothingToTellError from error

    def _kept(self) -> list[Reminder]:
        kept = []
        for (document,) in self._connection.execute("SELECT document FROM reminder").fetchall():
            with suppress(ValidationError):
                kept.append(Reminder.model_validate_json(document))
        return kept[:MOST]


def _call(journey: Journey | None, moment: Moment, reminder: Reminder) -> tuple[RunCall | None, bool]:
    """The next call at the rider's stop, the last where all have passed; and whether the run calls there no more."""
    if journey is None:
        return None, False
    there = calls_there(moment.timetable, journey, reminder.stop_id, reminder.visit)
    calls = [journey.calls[place] for place in there.places]
    return next((call for call in calls if not call.passed), calls[-1] if calls else None), there.gone


def _message(moment: Moment, journey: Journey, call: RunCall | None, reminder: Reminder) -> dict[str, str]:
    """`call`: None where the run calls at the rider's stop no more."""
    in_words, tt = said_in(moment, reminder.language, reminder.country), moment.timetable
    texts, stop_idx = in_words.texts, tt.stop_index[reminder.stop_id] if call is None else call.stop_idx
    line = line_title(in_words.lines.all[journey.route_idx], texts)
    stop = in_words.stop_name(stop_idx)
    if call is not None and call.planned_platform:
        stop = f"{stop}, {texts('platform', name=in_words.platform(call.platform))}"
    query = {"date": reminder.date, "start": reminder.start, "stop": reminder.stop_id, "visit": reminder.visit}
    return {
        "title": f"{line} {in_words.towards(journey.destination)}".strip(),
        "body": (
            texts("ride_comes", stop=stop, minutes=in_words.words.minutes(call.published))
            if call is not None and call.comes
            else texts("ride_cancelled", stop=stop)
        ),
        "tag": f"ride:{reminder.stop_id}",
        "address": f"trips/{quote(reminder.trip_id, safe='')}?{urlencode({k: v for k, v in query.items() if v})}",
    }


def _low(call: RunCall) -> float:
    return call.published if call.p10 is None else call.p10


def reminders_of(service: Service, settings: Settings, folder: Path | None) -> Reminders | None:
    """Those of a service that `settings` describe, None where they switch them off."""
    if not settings.web_push:
        return None
    return Reminders(service, PushSender(folder, settings.push_hosts), folder)


def push_metrics(reminders: Reminders | None) -> Iterator[Metric]:
    """What Prometheus is told: how many riders wait, and what became of the messages to others. None: they are switched
    off."""
    waiting = reminders.count if reminders else 0
    yield GaugeMetricFamily("prochain_push_waiting", "Riders who wait for a message.", waiting)
    text = "Messages handed to push services: sent, refused for good, or to be tried again."
    messages = CounterMetricFamily("prochain_push_messages", text, labels=["outcome"])
    for outcome, count in (reminders.outcomes if reminders else {}).items():
        messages.add_metric([outcome], count)
    yield messages
