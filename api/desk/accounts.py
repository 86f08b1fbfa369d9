"""Who may write, beside those who hold a token of the settings: people by name and password, tools by a token. Their
accounts are made, changed and removed by an administrator or by the command line, in force at once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import time
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from threading import BoundedSemaphore
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from api.desk.database import DeskDatabase, Kept

SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 200
_LONGEST_NAME = 40
_MOST = 500
FORMER_OPENS_S = 86_400.0
"""So long a tool's token before goes on to open, that the tool can be given the new one without a gap."""
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""As OWASP asks for at least: a small machine answers boards meanwhile."""
_HASHING = BoundedSemaphore(2)
"""Each takes 19 MiB: however many sign in at once."""
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$QkzIlTvGBoWJJ340Sfsz+Q$1p4q8VrpdnXhVwcXT3lehCNFVSyXj9OYNn37FSEbDSI"
"""Of a password thrown away, by the same rule: a name that is not there takes as long as one that is."""

Role = Literal["officer", "administrator", "tool"]
"""An administrator also adds and removes the others; a tool writes to the API and cannot open the desk."""


class Account(Kept):
    """One of them."""

    table = "account"
    key_column = "name"

    name: str
    role: Role
    secret: str
    """Of a password its Argon2 hash, of a token its SHA-256."""
    changed_at: float
    """POSIX seconds of the machine's clock when `secret` was set."""
    former: str = ""
    """SHA-256 of the tool's token before, "" where there is none."""
    former_until: float = 0.0
    """POSIX seconds until which that one opens too."""


class AccountError(ValueError):
    """Why an account cannot be so: the key of a text of the desk."""


class Accounts:
    """Safe to use from any thread. What another process has changed is seen at the next question."""

    def __init__(self, database: DeskDatabase, taken: Collection[str] = ()) -> None:
        """`taken`: names that are no account's, for the journal must tell them apart."""
        self._database = database
        self._taken = {_alike(name) for name in taken}
        self._seen: tuple[int, int] | None = None
        self._accounts: dict[str, Account] = {}

    def all(self) -> list[Account]:
        """By name. Where the disk cannot be read, those read last."""
        with suppress(sqlite3.Error):
            version = self._database.version()
            if version != self._seen:
                self._accounts = {_alike(account.name): account for account in self._database.kept(Account)}
                self._seen = version
        return list(self._accounts.values())

    def get(self, name: str) -> Account | None:
        """The one of this name, in capitals or not."""
        self.all()
        return self._accounts.get(_alike(name))

    def add(self, name: str, role: Role, password: str = "") -> str:
        """Make one; gives a tool's token, "" of people. Errors: AccountError, sqlite3.Error."""
        name = unicodedata.normalize("NFKC", " ".join(name.split()))
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise AccountError("account_name")
        if self.get(name) or _alike(name) in self._taken:
            raise AccountError("account_taken")
        if len(self._accounts) >= _MOST:
            raise AccountError("account_many")
        secret, token = _new_token() if role == "tool" else (_hashed(name, password), "")
        self._database.keep(Account(name=name, role=role, secret=secret, changed_at=time.time()))
        return token

    def renew(self, name: str, password: str = "") -> str:
        """Another password, which ends the sessions begun with the one before; of a tool another token, beside which
        the one before opens for `FORMER_OPENS_S`. Gives the token. Errors: AccountError, sqlite3.Error."""
        account, now = self._existing(name), time.time()
        if account.role != "tool":
            changes = {"secret": _hashed(account.name, password), "changed_at": now}
            self._database.keep(account.model_copy(update=changes))
            return ""
        secret, token = _new_token()
        former = {"former": account.secret, "former_until": now + FORMER_OPENS_S}
        self._database.keep(account.model_copy(update={"secret": secret, "changed_at": now, **former}))
        return token

    def set_role(self, name: str, role: Role) -> None:
        """Of a person, officer or administrator. Errors: AccountError, sqlite3.Error."""
        account = self._existing(name)
        if "tool" in (account.role, role):
            raise AccountError("account_tool_role")
        self._database.keep(account.model_copy(update={"role": role}))

    def remove(self, name: str) -> None:
        """Its sessions end, its token opens nothing. Errors: AccountError, sqlite3.Error."""
        self._database.forget(Account, self._existing(name).name)

    def person(self, name: str, password: str) -> Account | None:
        """Who signs in so, None where the name or the password is wrong: one takes as long as the other."""
        account = self.get(name)
        known = account if account and account.role != "tool" else None
        given = unicodedata.normalize("NFKC", password[: _LONGEST_PASSWORD + 1])
        with _HASHING, suppress(Argon2Error, InvalidHashError):
            _HASHER.verify(known.secret if known else _NOBODYS, given)
            return known
        return None

    def tool(self, token: str) -> Account | None:
        """Whose token it is: every one is compared, in constant time."""
        digest, now = digest_of(token).hex(), time.time()
        found = None
        for account in self.all():
            if account.role != "tool":
                continue
            for known, until in ((account.secret, now + 1.0), (account.former, account.former_until)):
                if hmac.compare_digest(digest, known) and now < until:
                    found = account
        return found

    def _existing(self, name: str) -> Account:
        account = self.get(name)
        if account is None:
            raise AccountError("account_unknown")
        return account


def digest_of(secret: str) -> bytes:
    """SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def _hashed(name: str, password: str) -> str:
    """Errors: AccountError."""
    password = unicodedata.normalize("NFKC", password)
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD or _alike(password) == _alike(name):
        raise AccountError("account_password")
    with _HASHING:
        return _HASHER.hash(password)


def _new_token() -> tuple[str, str]:
    """What is kept of it, and the token itself."""
    token = secrets.token_urlsafe(24)
    return digest_of(token).hex(), token


def _alike(name: str) -> str:
    """Names that people would take for one."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
