"""What only the engine's process can answer, asked there: the desk, what officers write, what has happened."""

from __future__ import annotations

import logging
import re
from types import SimpleNamespace

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers.forwarding import Forwarding, UnreachableError
from api.answers.middleware import HttpMiddleware
from api.answers.problems import Problem, problem_response
from api.words.root_path import path_within

log = logging.getLogger("prochain")

_OF_THE_ENGINE = re.compile(
    r"/desk(?:/.*)?|/push/.+|/v1/disruptions(?:/.*)?|/v1/timetable|/v1/accuracy|/v1/stops/.+/explain"
    r"|/v1/routes/.+/(?:explain|performance)"
)
_RETRY_AFTER_S = 10


class OfTheEngine(HttpMiddleware):
    """Hands such requests on to the engine, in the name of who asks, and its answers back."""

    def __init__(self, app: ASGIApp, address: str | None) -> None:
        """Parameters: `address`: where the engine listens, None where that is not told."""
        super().__init__(app)
        self._engine = Forwarding(address) if address else None

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _OF_THE_ENGINE.fullmatch(path_within(scope)):
            await self._app(scope, receive, send)
            return
        scope["route"] = SimpleNamespace(path_format="of the engine")
        try:
            await self._ask(scope, receive, send)
        except Problem as problem:
            await problem_response(Request(scope), problem)(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Errors: Problem, also where what was sent is more than may be."""
        if self._engine is None:
            raise Problem(
                503, "asked-of-the-engine", "Asked of the engine",
                "Only the engine answers this; this process is not told its address (the setting engine).",
            )  # fmt: skip
        try:
            await self._engine(scope, receive, send)
        except UnreachableError as error:
            log.warning("The engine does not answer: %s", error)
            raise Problem(
                503, "engine-unreachable", "The engine does not answer",
                "Boards go on; what officers write and what has happened can be asked again soon.",
                headers={"Retry-After": str(_RETRY_AFTER_S)},
            ) from error  # fmt: skip
