"""Which HTTP headers go to which feed: a key is for one host, and no other may learn it."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

OPEN_HEADERS = frozenset(("accept", "accept-encoding", "accept-language", "user-agent"))
"""These say nothing about who asks, so they go to any host."""


def headers_by_feed(
    addresses: Mapping[str, str], headers: Mapping[str, str], of_one_feed: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The headers of each feed, and the feeds that go without the keys among `headers`.

    Parameters: `addresses` by feed: http(s) ones, the most important first; `headers` of which nobody said whose they
    are: of the host of the first address; `of_one_feed` by feed: these stand in their place.
    """
    keys = any(name.lower() not in OPEN_HEADERS for name in headers)
    found, without, home = dict[str, dict[str, str]](), list[str](), None
    for feed, address in addresses.items():
        if feed in of_one_feed:
            found[feed] = dict(of_one_feed[feed])
            continue
        home = home or address
        if is_at_home(home, address):
            found[feed] = dict(headers)
        else:
            found[feed] = {name: value for name, value in headers.items() if name.lower() in OPEN_HEADERS}
            without += [feed] * keys
    return found, without


def is_at_home(home: str | httpx.URL, url: str | httpx.URL) -> bool:
    """Whether a request goes where the keys belong: to the same host and port, or to the same host by TLS."""
    try:
        home, url = httpx.URL(home), httpx.URL(url)
    except httpx.InvalidURL:
        return False
    if (home.scheme, home.host, home.port) == (url.scheme, url.host, url.port):
        return True
    return (home.scheme, url.scheme) == ("http", "https") and home.host == url.host and (home.port, url.port) == (
        None, None,
    )  # fmt: skip
