"""How often one client may ask for what costs: questions that read much, guesses at a secret, writing."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Any

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.answers.problems import Problem, ProblemDetails

GUESSES = (RateLimitItemPerMinute(10, namespace="guess"), RateLimitItemPerHour(60, namespace="guess"))
"""Wrong tokens. The right one costs nothing."""
SEARCHES = (RateLimitItemPerMinute(600, namespace="search"),)
"""A suggestion for each letter, and many phones behind one address of a mobile network."""
EXPLANATIONS = (RateLimitItemPerMinute(60, namespace="explain"),)
WRITES = (RateLimitItemPerMinute(120, namespace="write"),)

TOO_OFTEN: dict[int | str, dict[str, Any]] = {
    429: {"model": ProblemDetails, "description": "Asked too often; come again after the seconds in Retry-After"}
}
"""For the OpenAPI document of each limited endpoint."""

log = logging.getLogger("prochain")


class RateLimits:
    """Counts by client in moving windows, in memory."""

    def __init__(self, *, behind_proxy: bool = False) -> None:
        """`behind_proxy`: whether there is a proxy that is believed in whose name it asks."""
        self._tell_of_proxy = not behind_proxy

    @cached_property
    def _windows(self) -> MovingWindowRateLimiter:
        # With a thread of its own, for who asks for something that is limited.
        return MovingWindowRateLimiter(MemoryStorage())

    def spend(self, limits: tuple[RateLimitItem, ...], request: Request) -> None:
        """Count one. Errors: Problem 429 where there were too many already."""
        client = client_of(request)
        for limit in limits:
            if not self._windows.hit(limit, client):
                raise self._too_often(limit, client)
        if self._tell_of_proxy and "x-forwarded-for" in request.headers:
            self._tell_of_proxy = False
            log.warning(
                "%s sends X-Forwarded-For, which is not believed: if it is your proxy, name it in trusted_proxies, or "
                "all who come through it share one client's limits.",
                _unless_a_riders(client),
            )

    def require(self, limits: tuple[RateLimitItem, ...], request: Request) -> None:
        """Count nothing. Errors: Problem 429 where there were too many already."""
        client = client_of(request)
        for limit in limits:
            if not self._windows.test(limit, client):
                raise self._too_often(limit, client)

    def _too_often(self, limit: RateLimitItem, client: str) -> Problem:
        wait = max(math.ceil(self._windows.get_window_stats(limit, client).reset_time - time.time()), 1)
        return Problem(
            429, "too-often", "Too often",
            f"At most {limit.amount} of these in one {limit.GRANULARITY.name}: come again in {wait} s.",
            headers={"Retry-After": str(wait)},
        )  # fmt: skip


def client_of(request: Request) -> str:
    """Whose request this is: its address, of IPv6 the network of a household, all of which one client can use."""
    return network_of(request.client.host if request.client else "")


def network_of(host: str) -> str:
    """The same of an address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def _unless_a_riders(client: str) -> str:
    """A proxy mostly asks from the machine or its network; what comes from elsewhere may be a rider."""
    try:
        return client if not ip_network(client).is_global else "Somebody"
    except ValueError:
        return "Somebody"


def rate_limits_of(request: Request) -> RateLimits:
    """Those of the application."""
    rate_limits: RateLimits = request.app.state.rate_limits
    return rate_limits


def limited(limits: tuple[RateLimitItem, ...]) -> Callable[[Request], Awaitable[None]]:
    """A dependency that counts each request against `limits`."""

    async def spend(request: Request) -> None:
        rate_limits_of(request).spend(limits, request)

    return spend
