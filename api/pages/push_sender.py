"""Web Push: messages encrypted for one browser, handed to its maker's push service, signed by our own keys (VAPID)."""

from __future__ import annotations

import json
import logging
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02, VapidException

from feeds.storage.whole_file import set_aside

KEY_FILE = "vapid.pem"
_LONGEST_ENDPOINT = 1000
_TIMEOUT_S = 8.0
_SIGNED_FOR_S = 3600
_TAKEN, _GONE = range(200, 300), (400, 401, 403, 404, 410, 413)

log = logging.getLogger("prochain")

Sent = Literal["sent", "refused", "again"]


class PushSender:
    """Sends one message at a time from any thread. Asks nobody but the push services that are allowed."""

    def __init__(self, folder: Path | None, hosts: Sequence[str], transport: httpx.BaseTransport | None = None) -> None:
        """Parameters: `folder` of the keys, made where there are none, in memory alone where it is None; `hosts` that
        may be asked, `*.` standing for all beneath; `transport`: another way to reach them."""
        self._hosts = tuple(hosts)
        self._keys = _keys(folder)
        self._client = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, transport=transport)
        point = self._keys.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.public_key = urlsafe_b64encode(point).rstrip(b"=").decode()
        """By which browsers know whose messages these are."""

    def allows(self, endpoint: str) -> bool:
        """Whether an address that a visitor gave is one of a push service, so that nobody has us ask another."""
        try:
            parts = urlsplit(endpoint)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        return (
            len(endpoint) <= _LONGEST_ENDPOINT and endpoint.isascii() and endpoint.isprintable()
            and parts.scheme == "https" and port in (None, 443) and parts.username is None and "\\" not in endpoint
            and any(host == known or (known.startswith("*.") and host.endswith(known[1:])) for known in self._hosts)
        )  # fmt: skip

    def send(self, endpoint: str, p256dh: str, auth: str, message: dict[str, str], ttl_s: int, site: str) -> Sent:
        """`site`: address of ours, by which the push service may tell us from others. Raises nothing."""
        if not self.allows(endpoint):
            return "refused"
        # Brings two HTTP clients along: no start need wait for those.
        from pywebpush import WebPusher

        try:
            pusher = WebPusher({"endpoint": endpoint, "keys": {"p256dh": p256dh, "auth": auth}})
            body = pusher.encode(json.dumps(message, ensure_ascii=False).encode())["body"]
            audience = "{0.scheme}://{0.netloc}".format(urlsplit(endpoint))
            signed = self._keys.sign({"aud": audience, "exp": int(time.time()) + _SIGNED_FOR_S, "sub": site})
            headers = {"TTL": str(ttl_s), "Urgency": "high", "Content-Encoding": "aes128gcm", **signed}
            # What it says is of no use, and however much it says nobody waits for it.
            with self._client.stream("POST", endpoint, content=body, headers=headers) as answer:
                status = answer.status_code
        except httpx.HTTPError as error:
            log.warning("A push service cannot be reached (%s).", type(error).__name__)
            return "again"
        except Exception as error:
            log.warning("A push message cannot be made (%s).", type(error).__name__)
            return "refused"
        if status not in _TAKEN:
            log.warning("A push service answers %d.", status)
        return "sent" if status in _TAKEN else "refused" if status in _GONE else "again"

    def close(self) -> None:
        """End all connections."""
        self._client.close()


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether these are what a browser gives to have messages encrypted for it."""
    try:
        point, secret = (urlsafe_b64decode(key + "=" * (-len(key) % 4)) for key in (p256dh, auth))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, Base64Error):
        return False
    return len(point) == 65 and len(secret) == 16


def _keys(folder: Path | None) -> Vapid02:
    path = None if folder is None else folder / KEY_FILE
    if path is not None and path.exists():
        try:
            return Vapid02.from_pem(path.read_bytes())
        except (ValueError, VapidException):
            log.exception("%s is damaged: it is set aside, and riders who wait are not told.", path)
            set_aside(path)
        except OSError:
            log.exception("%s cannot be read: push messages are signed by other keys until the next start.", path)
            path = None
    keys = Vapid02()
    keys.generate_keys()
    if path is not None:
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(keys.private_pem())
        except OSError:
            log.exception("%s cannot be written: push messages are signed by other keys after the next start.", path)
    return keys
