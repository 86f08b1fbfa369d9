"""Who may write: those who know a token or a password, by a bearer header or by a session begun at /desk/login."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from threading import Lock

from fastapi import Request, Response

from api.answers.problems import Problem
from api.answers.rate_limits import GUESSES, client_of, rate_limits_of
from api.desk.accounts import Account, Accounts, Role, digest_of
from api.desk.database import DeskDatabase
from api.words.root_path import root_of

log = logging.getLogger("prochain")

COOKIE = "desk"
SESSION_S = 12 * 3600
HASHED = "sha256:"
_HOW = (
    "Set desk_token in prochain.toml, or PROCHAIN_DESK_TOKEN, to a secret of at least 16 characters and start again, "
    "or make an account with prochain users add."
)


class SignIn:
    """Checks tokens and passwords, and the sessions begun with them. A session ends with its time, by signing out, and
    with the token or password that began it; a restart neither ends one nor brings one back."""

    def __init__(self, tokens: Mapping[str, str], accounts: Accounts, database: DeskDatabase) -> None:
        """`tokens` of the settings, by the name under which what is done with each is noted, each as it is or as
        `hash_of` gives it: whoever has one is an administrator."""
        self._digests = {
            name: bytes.fromhex(token.removeprefix(HASHED)) if token.startswith(HASHED) else digest_of(token)
            for name, token in tokens.items()
        }
        self.accounts = accounts
        self.wrong_tokens = 0
        """Tried since the start."""
        self._database = database
        self._lock = Lock()
        self._sessions = database.sessions(time.time())

    @property
    def possible(self) -> bool:
        """Whether there is a token or an account at all."""
        return bool(self._digests or self.accounts.all())

    def who_signs_in(self, request: Request, name: str, secret: str) -> str | None:
        """Name of the token of the settings, or of the person whose name and password these are; None where they are
        wrong. Errors: Problem 429."""
        return self._tried(request, secret, lambda: self.accounts.person(name, secret) if name else None)

    def _tried(self, request: Request, secret: str, account: Callable[[], Account | None]) -> str | None:
        """Name of the token of the settings, or of the `account`, that a secret opens; a wrong one is told in the log,
        and after too many of them from one client none is looked at. Errors: Problem 429."""
        limits = rate_limits_of(request)
        limits.require(GUESSES, request)
        name = self._holder(secret)
        if name is None and (known := account()):
            name = known.name
        if name is None and secret:
            limits.spend(GUESSES, request)
            self.wrong_tokens += 1
            log.warning("The desk was tried with a wrong token from %s.", client_of(request))
        return name

    def _holder(self, token: str) -> str | None:
        """Name of the token of the settings, None where it is none: every one is compared, in constant time."""
        digest = digest_of(token)
        fitting = [name for name, known in self._digests.items() if hmac.compare_digest(digest, known)]
        return next(iter(fitting), None)

    def _beginners(self) -> dict[str, bytes]:
        """What sessions begin with, by name: another password ends them."""
        people = {account.name: digest_of(account.secret) for account in self.accounts.all() if account.role != "tool"}
        return people | self._digests

    def begin(self, request: Request, response: Response, name: str) -> None:
        """Begin a session of whoever has this name: its cookie is out of reach of scripts and other sites' forms."""
        session, until = secrets.token_urlsafe(32), time.time() + SESSION_S
        key = _session_key(self._beginners()[name], session)
        with self._lock:
            going_on = {key: ends for key, ends in self._sessions.items() if ends > time.time()}
            self._sessions = {**going_on, key: until}
            try:
                self._database.begin_session(key, until, time.time())
            except sqlite3.Error:
                log.exception("The disk takes no note of a session, which a restart will end.")
        response.set_cookie(
            COOKIE, session, max_age=SESSION_S, path=f"{root_of(request.scope)}/desk", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip

    def end(self, request: Request, response: Response) -> None:
        """End the session, also for whoever may have copied its cookie. Errors: sqlite3.Error."""
        session = self.session(request)
        if session:
            keys = {_session_key(digest, session) for digest in self._beginners().values()}
            with self._lock:
                self._sessions = {key: until for key, until in self._sessions.items() if key not in keys}
                self._database.end_sessions(keys)
        response.delete_cookie(
            COOKIE, path=f"{root_of(request.scope)}/desk", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip

    def session(self, request: Request) -> str | None:
        """The request's session, None where it has none."""
        session = request.cookies.get(COOKIE)
        return session if session and self.holder_of(session) else None

    def holder_of(self, session: str) -> str | None:
        """Name of who began a session, None where it does not go on."""
        now = time.time()
        return next(
            (name for name, digest in self._beginners().items()
             if self._sessions.get(_session_key(digest, session), 0.0) > now),
            None,
        )  # fmt: skip

    def role_of(self, name: str) -> Role:
        """Of one who is signed in."""
        account = None if name in self._digests else self.accounts.get(name)
        return account.role if account else "administrator"

    def form_token(self, session: str) -> str:
        """What every form of the session carries: another site cannot know it."""
        return hmac.new(session.encode(), b"desk form", hashlib.sha256).hexdigest()

    def require_bearer(self, request: Request) -> str:
        """Name of the token sent, or of the tool whose token it is. Errors: Problem 403 where the desk is off, 401
        without a token, 429."""
        if not self.possible:
            raise Problem(403, "desk-off", "The desk is off", f"No token is set, so nothing can be written. {_HOW}")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given, name = given.strip(), None
        if scheme.lower() == "bearer":
            name = self._tried(request, given, lambda: self.accounts.tool(given))
        if name is None:
            raise Problem(
                401, "no-token", "Not allowed", "Send the desk's token in the header “Authorization: Bearer …”.",
                headers={"WWW-Authenticate": 'Bearer realm="prochain desk"'},
            )  # fmt: skip
        return name


def hash_of(token: str) -> str:
    """A token as the settings may hold it: whoever reads it there cannot sign in."""
    return HASHED + digest_of(token).hex()


def _session_key(digest: bytes, session: str) -> str:
    """Under which a session is kept: it fits no other token, and who reads it cannot go on with the session."""
    return hmac.new(digest, session.encode(), hashlib.sha256).hexdigest()
