"""How many connections there may be: of one address, and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from api.answers.rate_limits import network_of

MOST_OF_AN_ADDRESS = 1000
"""More than the streams that it may have: all screens of an operator may be behind one address."""
MOST_CONNECTIONS = 20_000
_FILES_KEPT = 128
"""For the disk, the feeds and the log."""


class Doors:
    """Counts the connections of one server. To be used from its event loop alone."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        """`trusted_proxies`: addresses and networks behind each of which there are many clients."""
        self.open = 0
        self.refused = 0
        """Connections turned away since the start."""
        self._most = MOST_CONNECTIONS
        self._of: Counter[str] = Counter()
        self._proxies: list[IPv4Network | IPv6Network] = [ip_network(proxy, strict=False) for proxy in trusted_proxies]

    def limit_to_files(self, files: int) -> None:
        """Leave room among so many files that the process may have open."""
        self._most = max(min(MOST_CONNECTIONS, files - _FILES_KEPT), 1)

    def enter(self, host: str) -> bool:
        """Whether one more may come from there. Whoever came in `leave`s."""
        client = network_of(host)
        if self.open >= self._most or (self._of[client] >= MOST_OF_AN_ADDRESS and not self._is_proxy(host)):
            self.refused += 1
            return False
        self.open += 1
        self._of[client] += 1
        return True

    def leave(self, host: str) -> None:
        """One of them has gone."""
        client = network_of(host)
        self.open -= 1
        self._of[client] -= 1
        if not self._of[client]:
            del self._of[client]

    def _is_proxy(self, host: str) -> bool:
        if not host:
            return True  # on a socket in the file system, which only a proxy is given
        try:
            address = ip_address(host)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if address.version == 6 else None
        return any((mapped or address) in network for network in self._proxies)
