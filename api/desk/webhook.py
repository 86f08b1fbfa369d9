"""Tells an address of disruptions by HTTP POST, patiently."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from threading import Event
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, sleep_using_event, wait_random_exponential

from api.desk.subscribers import TOLD_WITHIN_S, Bulletin
from feeds.sources.cut_off import CutOff

_OUT_OF_REACH = frozenset({408, 425, 429, 502, 503, 504})
_TRIES = 8
"""For an address that is there but fails at a bulletin."""
_LONGEST_PAUSE_S = 120.0
_TIMEOUT_S = 10.0
_ANSWERED_WITHIN_S = 30.0
"""However slowly the answer drips in."""
SIGNATURE_HEADER = "Prochain-Signature"

log = logging.getLogger("prochain")


class WebhookRefusedError(Exception):
    """The address answered that it will not take this: trying again would not help."""


class _OutOfReachError(Exception):
    pass


class _FailedError(Exception):
    pass


def _given_up(state: RetryCallState) -> bool:
    """An address out of reach is waited for. One that fails at a bulletin is not: the next ones would wait too."""
    if state.outcome is not None and isinstance(state.outcome.exception(), _FailedError):
        return state.attempt_number >= _TRIES
    return (state.seconds_since_start or 0.0) >= TOLD_WITHIN_S


class Webhook:
    """A `Subscriber`: posts `{"event", "at", "disruption"}` as JSON; what is not taken is sent again, ever later.

    An address out of reach is tried for `TOLD_WITHIN_S`, one that fails at a bulletin some times; a refusal is final.

    With a `secret` the header `Prochain-Signature` holds `sha256=` and the HMAC of the body. Each bulletin carries an
    `Idempotency-Key`, so that one sent twice can be told.
    """

    def __init__(
        self,
        address: str,
        secret: str | None = None,
        *,
        first_pause_s: float = 1.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = urlsplit(address).hostname or "webhook"
        self._address = address
        self._secret = secret
        self._closing = Event()
        self._client = httpx.Client(timeout=_TIMEOUT_S, transport=transport)
        self._cut_off = CutOff()
        self._retrying = Retrying(
            retry=retry_if_exception_type((httpx.TransportError, _OutOfReachError, _FailedError)),
            stop=lambda state: self._closing.is_set() or _given_up(state),
            wait=wait_random_exponential(first_pause_s, _LONGEST_PAUSE_S),
            sleep=sleep_using_event(self._closing),
            before_sleep=self._log_failure,
            reraise=True,
        )

    def tell(self, bulletin: Bulletin) -> None:
        """See `Subscriber`. Errors: WebhookRefusedError, and the last try's error when all have failed."""
        disruption = bulletin.disruption
        body = json.dumps(
            {"event": bulletin.event, "at": bulletin.at, "disruption": disruption.model_dump(mode="json")},
            ensure_ascii=False,
        ).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{disruption.alert_id}:{bulletin.event}:{bulletin.at:.3f}",
        }
        if self._secret:
            digest = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
            headers[SIGNATURE_HEADER] = f"sha256={digest}"
        self._retrying(self._post, body, headers)

    def close(self) -> None:
        """Give up what is being tried."""
        self._closing.set()

    def _log_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("%s: %s. Tried again in %.0f s.", self.name, error, state.upcoming_sleep)

    def _post(self, body: bytes, headers: dict[str, str]) -> None:
        asking = self._client.stream(
            "POST", self._address, content=body, headers=headers, extensions=dict(self._cut_off.extensions)
        )
        # How it begins says all: what follows is not read, however much it is.
        with self._cut_off.within(_ANSWERED_WITHIN_S), asking as answer:
            pass
        reply = f"{self.name} answered {answer.status_code} {answer.reason_phrase}"
        if answer.status_code in _OUT_OF_REACH:
            raise _OutOfReachError(reply)
        if answer.status_code >= 500:
            raise _FailedError(reply)
        if not answer.is_success:
            raise WebhookRefusedError(reply)
