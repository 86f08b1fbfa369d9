"""The officer's desk of one service."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

from api.desk.accounts import Accounts
from api.desk.database import DeskDatabase
from api.desk.deed import Deed, What
from api.desk.dismissals import Dismissal, Dismissals
from api.desk.disruption import Disruption, Notice
from api.desk.disruptions import Disruptions
from api.desk.drafts import Drafts, drafts, suggestions
from api.desk.outbox import Delivery, Outbox
from api.desk.phrases import PhraseBook
from api.desk.sign_in import SignIn
from api.desk.subscribers import TOLD_WITHIN_S, Subscriber, installed_subscribers
from api.desk.webhook import Webhook
from api.reading.alerts import lines_told_of
from api.reading.moment import Moment
from api.reading.standing import Standing, standing
from api.service.served import Served
from api.service.settings import Settings

log = logging.getLogger("prochain")

DESK = "desk"
"""Name of the one token that has none of its own."""
_FORMS_REMEMBERED = 200


class Desk:
    """What officers write, shown at once by `service`."""

    def __init__(
        self,
        service: Served,
        *,
        token: str | None = None,
        tokens: Mapping[str, str] | None = None,
        folder: Path | None = None,
        unwritable: str = "",
        subscribers: Iterable[Subscriber] = (),
    ) -> None:
        """Parameters: `token`, and `tokens` by name: without any, and without an account, the desk is shut; `folder` of
        its database, None for memory alone; `unwritable`: why nothing can be written there."""
        self.service = service
        self.folder = None if unwritable else folder
        """Where something may be kept, None for memory alone."""
        self._database = DeskDatabase(folder, unwritable)
        of_settings = {**({DESK: token} if token else {}), **(tokens or {})}
        self.accounts = Accounts(self._database, of_settings)
        self.sign_in = SignIn(of_settings, self.accounts, self._database)
        self.phrases = PhraseBook(self._database)
        self._dismissals = Dismissals(self._database)
        named = _named(subscribers)
        with suppress(sqlite3.Error):
            self._database.forget_subscribers(named, service.clock.now() - TOLD_WITHIN_S)
        self._outboxes = [
            Outbox(name, subscriber, self._database, lambda: service.clock.now()) for name, subscriber in named.items()
        ]
        self.disruptions = Disruptions(self._database, list(named))
        self.disruptions.tell = self._wake
        self._publishing = Lock()
        self._standing: Standing | None = None
        self._published: OrderedDict[str, int] = OrderedDict()
        service.own_alerts = self.disruptions.alerts
        service.desk_fault = lambda: self._database.fault
        service.face_threads += [outbox.work for outbox in self._outboxes]
        self.disruptions.show = service.show_own_alerts
        service.show_own_alerts()

    @property
    def deliveries(self) -> list[Delivery]:
        """How each subscriber is doing."""
        return [outbox.delivery for outbox in self._outboxes]

    def standing(self) -> Standing:
        """What is going on, made once for each step however many officers look."""
        view = self.service.view
        made = self._standing
        if made is None or made.snapshot is not view.snapshot:
            made = self._standing = standing(view.snapshot, view.live_limit_s, hears_of_vehicles=view.hears_of_vehicles)
        return made

    def drafts(self) -> Drafts:
        """What is going on suggests these; nothing where no vehicle is heard of, for then nobody knows."""
        now, view = self.service.clock.now(), self.service.view
        if not view.hears_of_vehicles or view.feed_stopped(now):
            return Drafts([], [])
        suggested = suggestions(self.standing())
        dismissals = self._dismissals.holding({draft.situation: draft.size for draft in suggested}, now)
        told_by_operator = lines_told_of(Moment(view, now))
        return drafts(suggested, self.disruptions.now(now), dismissals, told_by_operator)

    def dismiss(self, situation: str, by: str = "") -> None:
        """Offer the draft of this situation to nobody, while it goes on and gets no worse. Errors: sqlite3.Error."""
        draft = next(
            (suggestion for suggestion in suggestions(self.standing()) if suggestion.situation == situation), None
        )
        if draft:
            self._dismissals.add(Dismissal(situation=situation, size=draft.size, at=self.service.clock.now()))
            self.note(by, "dismissed", situation)

    def bring_back(self, situation: str, by: str = "") -> None:
        """Offer the dismissed draft of this situation again. Errors: sqlite3.Error."""
        self._dismissals.remove(situation)
        self.note(by, "brought_back", situation)

    def note(self, who: str, what: What, subject: str = "") -> None:
        """Keep who did what; a full disk keeps nobody from it, but is told in the log."""
        try:
            self._database.note(Deed(at=self.service.clock.now(), who=who, what=what, subject=subject))
        except sqlite3.Error:
            log.exception("The disk takes no note of this: %s %s %s", who, what, subject)

    def deeds(self, most: int, before: int | None = None, subject: str = "") -> list[tuple[int, Deed]]:
        """So many with their numbers, the last first: see `DeskDatabase.deeds`. Errors: sqlite3.Error."""
        return self._database.deeds(most, before, subject)

    def publish_once(self, form_id: str, notice: Notice, now: float, by: str) -> Disruption:
        """Publish what a form says; the same form sent twice publishes once. Errors: sqlite3.Error."""
        with self._publishing:
            number = self._published.get(form_id)
            if number is not None and (before := self.disruptions.get(number)):
                return before
            published = self.disruptions.publish(notice, now, by)
            self._published[form_id] = published.number
            if len(self._published) > _FORMS_REMEMBERED:
                self._published.popitem(last=False)
            return published

    def _wake(self) -> None:
        for outbox in self._outboxes:
            outbox.wake()

    def close(self) -> None:
        """End telling, close the database."""
        for outbox in self._outboxes:
            outbox.close()
        self._database.close()


def _named(subscribers: Iterable[Subscriber]) -> dict[str, Subscriber]:
    """By names of which each is one's own: of several of one name, the later ones are numbered."""
    seen: Counter[str] = Counter()
    named = {}
    for subscriber in subscribers:
        seen[subscriber.name] += 1
        named[subscriber.name if seen[subscriber.name] == 1 else f"{subscriber.name} ({seen[subscriber.name]})"] = (
            subscriber
        )
    return named


def desk_of(
    service: Served, settings: Settings, folder: Path | None, *, unwritable: str = "", tells: bool = True
) -> Desk:
    """The desk that `settings` describe; `unwritable`: why nothing can be written to `folder`; `tells`: whether
    subscribers hear of what it publishes.

    Errors: ConfigurationError.
    """
    secret = settings.desk_webhook_secret.get_secret_value() if settings.desk_webhook_secret else None
    return Desk(
        service,
        token=settings.desk_token.get_secret_value() if settings.desk_token else None,
        tokens={name: token.get_secret_value() for name, token in settings.desk_tokens.items()},
        folder=folder,
        unwritable=unwritable,
        subscribers=[
            *(Webhook(address, secret) for address in settings.desk_webhooks), *installed_subscribers(settings),
        ] if tells else [],
    )  # fmt: skip
