"""Disruptions told to subscribers: webhooks that retry, and packages that add their own."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from threading import Event

import httpx
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk import subscribers
from api.desk.database import FILE_NAME, DeskDatabase
from api.desk.desk import Desk
from api.desk.disruption import Notice
from api.desk.subscribers import TOLD_WITHIN_S, Bulletin, Subscriber, installed_subscribers
from api.desk.webhook import SIGNATURE_HEADER, Webhook
from api.service.clock import ShiftedClock
from api.service.settings import ConfigurationError, Settings, read_settings
from tests.api.town import at, service_at

NOW = at(8, 1)
SAID = Notice(header={"en": "Detour"}, shown_on="network", starts_at=NOW)


def eventually(what: Callable[[], bool]) -> bool:
    for _ in range(6000):
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

    def webhook(self, secret: str | None = None, first_pause_s: float = 0.001) -> Webhook:
        return Webhook(
            "https://sms.example/hook?key=1", secret, first_pause_s=first_pause_s, transport=httpx.MockTransport(self)
        )

    @property
    def told(self) -> list[tuple[str, bytes]]:
        """The key and the body of each request."""
        return [(request.headers["Idempotency-Key"], request.content) for request in self.requests]


class Hanging:
    """A subscriber that takes nothing."""

    name = "sms.example"

    def __init__(self) -> None:
        self.begun, self.released = Event(), Event()
        self.gave_up = False

    def tell(self, bulletin: Bulletin) -> None:
        self.begun.set()
        self.released.wait(120)
        self.gave_up = True
        raise TimeoutError("nobody answered")

    def close(self) -> None:
        self.released.set()


def desk_in(folder: Path, *subscribers: Subscriber, now: float = NOW) -> Desk:
    service = service_at(NOW)
    service.clock = ShiftedClock(now)
    return Desk(service, token="a token of the town", folder=folder, subscribers=subscribers)


def publish_three(desk: Desk) -> None:
    number = desk.disruptions.publish(SAID, NOW).number
    desk.disruptions.change(number, SAID.model_copy(update={"effect": "DETOUR"}), NOW + 1)
    desk.disruptions.end(number, NOW + 2)


def test_a_webhook_is_told_of_each_change_in_order() -> None:
    address = Address()
    desk = Desk(service_at(NOW), subscribers=[address.webhook()])
    publish_three(desk)
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


def test_an_answer_without_end_is_not_read() -> None:
    pieces = (b"x" for _ in range(3))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=pieces))
    desk = Desk(service_at(NOW), subscribers=[Webhook("https://sms.example/hook", transport=transport)])
    desk.disruptions.publish(SAID, NOW)
    assert eventually(lambda: desk.deliveries[0].delivered == 1)
    assert len(list(pieces)) == 3


def test_a_refusal_is_final_and_told_at_the_desk_without_the_addresss_secrets() -> None:
    address = Address(403)
    desk = Desk(service_at(NOW), subscribers=[address.webhook()])
    desk.disruptions.publish(SAID, NOW)
    assert eventually(lambda: desk.deliveries[0].failed == 1)
    assert len(address.requests) == 1
    assert desk.deliveries[0].error == "sms.example answered 403 Forbidden"


def test_an_address_that_hangs_keeps_neither_officers_nor_other_subscribers_waiting() -> None:
    address = Address()
    desk = Desk(service_at(NOW), subscribers=[hanging := Hanging(), address.webhook()])
    desk.disruptions.publish(SAID, NOW)
    assert desk.service.view.own_alerts
    assert eventually(lambda: desk.deliveries[1].delivered == 1)
    assert not hanging.gave_up
    desk.close()


def test_an_address_out_of_reach_is_waited_for_longer_than_one_that_fails_at_a_bulletin() -> None:
    address = Address(*[503] * 12)
    desk = Desk(service_at(NOW), subscribers=[address.webhook(first_pause_s=0.0)])
    desk.disruptions.publish(SAID, NOW)
    assert eventually(lambda: desk.deliveries[0].delivered == 1)
    assert len(address.requests) == 13
    address.answers = [500] * 8
    publish_three(desk)
    assert eventually(lambda: desk.deliveries[0].delivered == 3)
    assert desk.deliveries[0].failed == 1
    assert len(address.requests) == 13 + 8 + 2


def test_what_was_owed_when_the_service_stopped_is_told_after_the_next_start_as_it_was(tmp_path: Path) -> None:
    before, after = Address(*[httpx.ConnectError("no route")] * 50), Address()
    first = desk_in(tmp_path, before.webhook(first_pause_s=60.0))
    publish_three(first)
    assert eventually(lambda: len(before.requests) > 0)
    assert first.deliveries[0].owed == 3
    first.close()
    second = desk_in(tmp_path, after.webhook(), now=NOW + 60)
    assert eventually(lambda: second.deliveries[0].delivered == 3)
    assert [json.loads(body)["event"] for _, body in after.told] == ["published", "changed", "ended"]
    assert after.told[0] == before.told[0]
    second.close()
    third = Address()
    assert desk_in(tmp_path, third.webhook()).deliveries[0].owed == 0
    assert third.requests == []


def test_what_was_owed_when_the_machine_was_switched_off_is_told_after_the_next_start(tmp_path: Path) -> None:
    hanging, address = Hanging(), Address()
    switched_off = desk_in(tmp_path, hanging)
    publish_three(switched_off)
    assert hanging.begun.wait(60)
    second = desk_in(tmp_path, address.webhook())
    assert eventually(lambda: second.deliveries[0].delivered == 3)
    # Its thread must not give up, and say so, in another test.
    switched_off.close()


def test_of_a_disruption_that_the_disk_does_not_take_nothing_is_owed_and_the_other_way_round(tmp_path: Path) -> None:
    address = Address()
    desk = desk_in(tmp_path, address.webhook())
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON bulletin BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    with pytest.raises(sqlite3.Error, match="disk is full"):
        desk.disruptions.publish(SAID, NOW)
    desk.close()
    assert desk_in(tmp_path).disruptions.all() == []
    assert address.requests == []


def test_what_could_not_be_told_within_a_day_is_given_up_and_counted_and_the_rest_is_told(tmp_path: Path) -> None:
    hanging, address = Hanging(), Address()
    first = desk_in(tmp_path, hanging)
    number = first.disruptions.publish(SAID, NOW).number
    first.disruptions.end(number, NOW + 3600)
    first.close()
    second = desk_in(tmp_path, address.webhook(), now=NOW + TOLD_WITHIN_S + 1)
    assert eventually(lambda: second.deliveries[0].delivered == 1)
    assert [json.loads(body)["event"] for _, body in address.told] == ["ended"]
    assert second.deliveries[0].failed == 1


def test_what_a_subscriber_no_longer_configured_is_owed_is_kept_for_a_day_and_then_dropped(tmp_path: Path) -> None:
    first = desk_in(tmp_path, Hanging())
    first.disruptions.publish(SAID, NOW)
    first.close()

    def kept() -> int:
        with sqlite3.connect(tmp_path / FILE_NAME) as connection:
            count: int = connection.execute("SELECT COUNT(*) FROM bulletin").fetchone()[0]
        return count

    desk_in(tmp_path, now=NOW + TOLD_WITHIN_S - 1).close()
    assert kept() == 1
    desk_in(tmp_path, now=NOW + TOLD_WITHIN_S + 1).close()
    assert kept() == 0


def test_two_addresses_of_one_host_are_each_told(tmp_path: Path) -> None:
    addresses = Address(403), Address()
    desk = desk_in(tmp_path, *(address.webhook() for address in addresses))
    publish_three(desk)
    assert eventually(lambda: [one.owed for one in desk.deliveries] == [0, 0])
    assert [(one.name, one.delivered) for one in desk.deliveries] == [("sms.example", 2), ("sms.example (2)", 3)]
    assert [len(address.requests) for address in addresses] == [3, 3]


def test_where_the_disk_takes_no_note_of_what_was_told_it_is_told_again_only_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    before, after = Address(), Address()
    desk = desk_in(tmp_path, before.webhook())
    with monkeypatch.context() as disk:
        disk.setattr(DeskDatabase, "settle", full)
        publish_three(desk)
        assert eventually(lambda: desk.deliveries[0].delivered == 3)
        assert desk.deliveries[0].owed == 0
        desk.close()
    again = desk_in(tmp_path, after.webhook())
    assert eventually(lambda: again.deliveries[0].delivered == 3)
    assert after.told == before.told


def test_a_bulletin_that_cannot_be_read_keeps_none_of_the_next_ones_waiting(tmp_path: Path) -> None:
    hanging, address = Hanging(), Address()
    desk = desk_in(tmp_path, hanging)
    publish_three(desk)
    desk.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE bulletin SET document = '{half' WHERE number = 1")
    second = desk_in(tmp_path, address.webhook())
    assert eventually(lambda: second.deliveries[0].delivered == 2)
    assert second.deliveries[0].failed == 1


def test_the_desk_shows_what_each_subscriber_is_owed_and_since_when(tmp_path: Path) -> None:
    desk = desk_in(tmp_path, Hanging(), now=NOW + 300)
    publish_three(desk)
    client = TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})
    page = client.post("/desk/login", data={"token": "a token of the town"}).text
    assert "0 messages passed on\N{NO-BREAK SPACE}· 3 still owed (for 5\N{NO-BREAK SPACE}min)" in page
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
