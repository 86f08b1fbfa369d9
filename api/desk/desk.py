"""The officer's desk of one service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from api.desk.database import DeskDatabase
from api.desk.disruptions import Disruptions, tell_all
from api.desk.phrase_book import PhraseBook
from api.desk.sign_in import SignIn
from api.desk.subscribers import Delivery, Outbox, Subscriber, installed_subscribers
from api.desk.webhook import Webhook
from api.service import Service
from api.settings import Settings


class Desk:
    """What officers write, shown at once by `service`."""

    def __init__(
        self,
        service: Service,
        *,
        token: str | None = None,
        folder: Path | None = None,
        subscribers: Iterable[Subscriber] = (),
    ) -> None:
        """Parameters: `token`: None keeps the desk shut; `folder` of its database, None for memory alone.

        Errors: ConfigurationError where the folder cannot be used.
        """
        self.service = service
        self.sign_in = SignIn(token)
        self._database = DeskDatabase(folder)
        self.phrases = PhraseBook(self._database)
        self.disruptions = Disruptions(self._database)
        self._outboxes = [Outbox(subscriber) for subscriber in subscribers]
        self.disruptions.tell = tell_all(outbox.put for outbox in self._outboxes)
        service.own_alerts = self.disruptions.alerts
        self.disruptions.show = service.show_own_alerts
        service.show_own_alerts()

    @property
    def deliveries(self) -> list[Delivery]:
        """How each subscriber is doing."""
        return [outbox.delivery for outbox in self._outboxes]

    def close(self) -> None:
        """End telling, close the database."""
        for outbox in self._outboxes:
            outbox.close()
        self._database.close()


def desk_of(service: Service, settings: Settings, folder: Path | None) -> Desk:
    """The desk that `settings` describe. Errors: ConfigurationError."""
    secret = settings.desk_webhook_secret.get_secret_value() if settings.desk_webhook_secret else None
    return Desk(
        service,
        token=settings.desk_token.get_secret_value() if settings.desk_token else None,
        folder=folder,
        subscribers=[
            *(Webhook(address, secret) for address in settings.desk_webhooks), *installed_subscribers(settings),
        ],
    )  # fmt: skip
