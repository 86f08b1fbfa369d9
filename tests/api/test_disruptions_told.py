"""Disruptions told to subscribers: webhooks that retry, and packages that add their own."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from threading import Event

import httpx
import pytest

from api.desk import subscribers
from api.desk.desk import Desk
from api.desk.disruption import Notice
from api.desk.subscribers import Bulletin, installed_subscribers
from api.desk.webhook import SIGNATURE_HEADER, Webhook
from api.settings import ConfigurationError, Settings, read_settings
from tests.api.town import at, service_at

NOW = at(8, 1)
SAID = Notice(header={"en": "Detour"}, shown_on="network", starts_at=NOW)


def eventually(what: Callable[[], bool]) -> bool:
    for _ in range(400):
        if what():
            return True
        time.sleep(0.01)
    return False


class Address:
    """An address that answers in turn with these statuses, then 204; an exception is raised instead."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)

    def webhook(self, secret: str | None = None) -> Webhook:
        return Webhook(
            "https://sms.example/hook?key=1", secret, first_pause_s=0.001, transport=httpx.MockTransport(self)
        )


def test_a_webhook_is_told_of_each_change_in_order() -> None:
    address = Address()
    desk = Desk(service_at(NOW), subscribers=[address.webhook()])
    number = desk.disruptions.publish(SAID, NOW).number
    desk.disruptions.change(number, SAID.model_copy(update={"effect": "DETOUR"}), NOW + 1)
    desk.disruptions.end(number, NOW + 2)
    assert eventually(lambda: desk.deliveries[0].delivered == 3)
    bodies = [json.loads(request.content) for request in address.requests]
    assert [body["event"] for body in bodies] == ["published", "changed", "ended"]
    assert bodies[0]["disruption"]["header"] == {"en": "Detour"}
    assert len({request.headers["Idempotency-Key"] for request in address.requests}) == 3


def test_what_is_sent_is_signed() -> None:
    address = Address()
    desk = Desk(service_at(NOW), subscribers=[address.webhook("secret")])
    desk.disruptions.publish(SAID, NOW)
    assert eventually(lambda: len(address.requests) == 1)
    (request,) = address.requests
    expected = hmac.new(b"secret", request.content, hashlib.sha256).hexdigest()
    assert request.headers[SIGNATURE_HEADER] == f"sha256={expected}"


def test_an_address_out_of_order_is_tried_until_it_answers() -> None:
    address = Address(503, httpx.ConnectError("no route"), 429)
    desk = Desk(service_at(NOW), subscribers=[address.webhook()])
    desk.disruptions.publish(SAID, NOW)
    assert eventually(lambda: desk.deliveries[0].delivered == 1)
    assert len(address.requests) == 4
    assert desk.deliveries[0].error == ""


def test_a_refusal_is_final_and_told_at_the_desk_without_the_addresss_secrets() -> None:
    address = Address(403)
    desk = Desk(service_at(NOW), subscribers=[address.webhook()])
    desk.disruptions.publish(SAID, NOW)
    assert eventually(lambda: desk.deliveries[0].failed == 1)
    assert len(address.requests) == 1
    assert desk.deliveries[0].error == "sms.example answered 403 Forbidden"


def test_an_address_that_hangs_keeps_neither_officers_nor_other_subscribers_waiting() -> None:
    class Hanging:
        name = "hanging"
        released = Event()

        def tell(self, bulletin: Bulletin) -> None:
            self.released.wait(10)

        def close(self) -> None:
            self.released.set()

    address = Address()
    desk = Desk(service_at(NOW), subscribers=[Hanging(), address.webhook()])
    began = time.perf_counter()
    desk.disruptions.publish(SAID, NOW)
    assert time.perf_counter() - began < 1.0
    assert desk.service.view.own_alerts
    assert eventually(lambda: desk.deliveries[1].delivered == 1)
    desk.close()


def test_a_package_adds_a_kind_of_subscriber_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("sms", "tests.api.test_disruptions_told:sms_of", subscribers.GROUP)
    monkeypatch.setattr(subscribers, "entry_points", lambda group: [entry])
    desk = Desk(service_at(NOW), subscribers=installed_subscribers(read_settings()))
    desk.disruptions.publish(SAID, NOW)
    assert eventually(lambda: Sms.told == ["Detour"])


def test_a_package_that_cannot_be_set_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("sms", "tests.api.nowhere:sms_of", subscribers.GROUP)
    monkeypatch.setattr(subscribers, "entry_points", lambda group: [entry])
    with pytest.raises(ConfigurationError, match="sms"):
        list(installed_subscribers(read_settings()))


class Sms:
    name = "sms"
    told: list[str] = []  # noqa: RUF012

    def tell(self, bulletin: Bulletin) -> None:
        self.told.append(bulletin.disruption.header["en"])

    def close(self) -> None:
        pass


def sms_of(settings: Settings) -> Sms:
    return Sms()
