"""Who may write: those who know the token, by a bearer header or by a session begun at /desk/login."""

from __future__ import annotations

import hmac
import logging
import secrets

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer

from api.answers.problems import Problem
from api.answers.rate_limits import GUESSES, client_of, rate_limits_of

log = logging.getLogger("prochain")

COOKIE = "desk"
SESSION_S = 12 * 3600
_HOW = "Set desk_token in prochain.toml, or PROCHAIN_DESK_TOKEN, to a secret of at least 16 characters and start again."


class SignIn:
    """Checks the token and the sessions signed with it: another token ends every session."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._ended: set[str] = set()
        self._sessions = URLSafeTimedSerializer(token or secrets.token_urlsafe(), salt="desk session")
        self._forms = URLSafeSerializer(token or secrets.token_urlsafe(), salt="desk form")

    @property
    def possible(self) -> bool:
        """Whether there is a token at all."""
        return self._token is not None

    def is_token(self, given: str) -> bool:
        """Whether this is the token, compared in constant time."""
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())

    def try_token(self, request: Request, given: str) -> bool:
        """Whether this is the token; a wrong one is told in the log, and too many of them from one client are not even
        looked at. Errors: Problem 429."""
        limits = rate_limits_of(request)
        limits.require(GUESSES, request)
        if self.is_token(given):
            return True
        if given:
            limits.spend(GUESSES, request)
            log.warning("The desk was tried with a wrong token from %s.", client_of(request))
        return False

    def begin(self, request: Request, response: Response) -> None:
        """Begin a session: its cookie is out of reach of scripts and of other sites' forms."""
        response.set_cookie(
            COOKIE, self._sessions.dumps(secrets.token_urlsafe(16)), max_age=SESSION_S, path="/desk", httponly=True,
            samesite="lax", secure=request.url.scheme == "https",
        )  # fmt: skip

    def end(self, request: Request, response: Response) -> None:
        """End the session, also for whoever may have copied its cookie."""
        session = self.session(request)
        if session:
            self._ended.add(session)
        response.delete_cookie(
            COOKIE, path="/desk", httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )

    def session(self, request: Request) -> str | None:
        """Id of the request's session, None where it has none."""
        cookie = request.cookies.get(COOKIE)
        if not cookie or not self.possible:
            return None
        try:
            session = str(self._sessions.loads(cookie, max_age=SESSION_S))
        except BadSignature:
            return None
        return None if session in self._ended else session

    def form_token(self, session: str) -> str:
        """What every form of the session carries: another site cannot know it."""
        return str(self._forms.dumps(session))

    def is_own_form(self, session: str, given: str) -> bool:
        """Whether a form was one of ours for this session."""
        return hmac.compare_digest(given.encode(), self.form_token(session).encode())

    def require_bearer(self, request: Request) -> None:
        """Errors: Problem 403 where the desk is off, 401 without the token."""
        if not self.possible:
            raise Problem(403, "desk-off", "The desk is off", f"No token is set, so nothing can be written. {_HOW}")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.try_token(request, given.strip()):
            raise Problem(
                401, "no-token", "Not allowed", "Send the desk's token in the header “Authorization: Bearer …”.",
                headers={"WWW-Authenticate": 'Bearer realm="prochain desk"'},
            )  # fmt: skip
