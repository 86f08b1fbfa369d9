"""Who may write: those who know a token, by a bearer header or by a session begun at /desk/login."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import sqlite3
import time
from collections.abc import Mapping
from threading import Lock

from fastapi import Request, Response

from api.answers.problems import Problem
from api.answers.rate_limits import GUESSES, client_of, rate_limits_of
from api.desk.database import DeskDatabase

log = logging.getLogger("prochain")

COOKIE = "desk"
SESSION_S = 12 * 3600
HASHED = "sha256:"
_HOW = "Set desk_token in prochain.toml, or PROCHAIN_DESK_TOKEN, to a secret of at least 16 characters and start again."


class SignIn:
    """Checks the tokens and the sessions begun with them. A session ends with its time, by signing out, and with the
    token that began it; a restart neither ends one nor brings one back."""

    def __init__(self, tokens: Mapping[str, str], database: DeskDatabase) -> None:
        """`tokens` by the name under which what is done with each is noted, each as it is or as `hash_of` gives it."""
        self._digests = {
            name: bytes.fromhex(token.removeprefix(HASHED)) if token.startswith(HASHED) else _digest(token)
            for name, token in tokens.items()
        }
        self.wrong_tokens = 0
        """Tried since the start."""
        self._database = database
        self._lock = Lock()
        self._sessions = database.sessions(time.time())

    @property
    def possible(self) -> bool:
        """Whether there is a token at all."""
        return bool(self._digests)

    def holder(self, given: str) -> str | None:
        """Name of the token, None where it is none: every one is compared, in constant time."""
        digest = _digest(given)
        fitting = [name for name, known in self._digests.items() if hmac.compare_digest(digest, known)]
        return fitting[0] if fitting else None

    def try_token(self, request: Request, given: str) -> str | None:
        """`holder`; a wrong token is told in the log, and after too many of them from one client none is looked at.

        Errors: Problem 429.
        """
        limits = rate_limits_of(request)
        limits.require(GUESSES, request)
        name = self.holder(given)
        if name is None and given:
            limits.spend(GUESSES, request)
            self.wrong_tokens += 1
            log.warning("The desk was tried with a wrong token from %s.", client_of(request))
        return name

    def begin(self, request: Request, response: Response, name: str) -> None:
        """Begin a session of the token of this name: its cookie is out of reach of scripts and other sites' forms."""
        session, until = secrets.token_urlsafe(32), time.time() + SESSION_S
        key = _session_key(self._digests[name], session)
        with self._lock:
            self._sessions[key] = until
            try:
                self._database.begin_session(key, until, time.time())
            except sqlite3.Error:
                log.exception("The disk takes no note of a session, which a restart will end.")
        response.set_cookie(
            COOKIE, session, max_age=SESSION_S, path="/desk", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip

    def end(self, request: Request, response: Response) -> None:
        """End the session, also for whoever may have copied its cookie. Errors: sqlite3.Error."""
        session = self.session(request)
        if session:
            keys = {_session_key(digest, session) for digest in self._digests.values()}
            with self._lock:
                self._sessions = {key: until for key, until in self._sessions.items() if key not in keys}
                self._database.end_sessions(keys)
        response.delete_cookie(
            COOKIE, path="/desk", httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )

    def session(self, request: Request) -> str | None:
        """The request's session, None where it has none."""
        session = request.cookies.get(COOKIE)
        return session if session and self.holder_of(session) else None

    def holder_of(self, session: str) -> str | None:
        """Name of the token by which a session goes on, None where it does not."""
        now = time.time()
        return next(
            (name for name, digest in self._digests.items()
             if self._sessions.get(_session_key(digest, session), 0.0) > now),
            None,
        )  # fmt: skip

    def form_token(self, session: str) -> str:
        """What every form of the session carries: another site cannot know it."""
        return hmac.new(session.encode(), b"desk form", hashlib.sha256).hexdigest()

    def is_own_form(self, session: str, given: str) -> bool:
        """Whether a form was one of ours for this session."""
        return hmac.compare_digest(given.encode(), self.form_token(session).encode())

    def require_bearer(self, request: Request) -> str:
        """Name of the token sent. Errors: Problem 403 where the desk is off, 401 without a token, 429."""
        if not self.possible:
            raise Problem(403, "desk-off", "The desk is off", f"No token is set, so nothing can be written. {_HOW}")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        name = self.try_token(request, given.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            raise Problem(
                401, "no-token", "Not allowed", "Send the desk's token in the header “Authorization: Bearer …”.",
                headers={"WWW-Authenticate": 'Bearer realm="prochain desk"'},
            )  # fmt: skip
        return name


def hash_of(token: str) -> str:
    """A token as the settings may hold it: whoever reads it there cannot sign in."""
    return HASHED + _digest(token).hex()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _session_key(digest: bytes, session: str) -> str:
    """Under which a session is kept: it fits no other token, and who reads it cannot go on with the session."""
    return hmac.new(digest, session.encode(), hashlib.sha256).hexdigest()
