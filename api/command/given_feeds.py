"""Feeds, and headers for them, as they are given at the keyboard."""

from __future__ import annotations

from api.command.plainly import say


def headers_given(given: list[str] | None) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Those for all feeds, and those for one, by feed."""
    from api.service.live import GTFS
    from api.service.settings import ConfigurationError
    from feeds.messages.kinds import FEEDS

    for_all, for_one = dict[str, str](), dict[str, dict[str, str]]()
    for header in given or ():
        name, colon, value = header.partition(":")
        feed, equals, name_of_one = name.partition("=")
        if equals and feed not in (*FEEDS, GTFS):
            raise ConfigurationError(f"--header for one feed begins with {', '.join((*FEEDS, GTFS))}, and “=”.")
        name = (name_of_one if equals else name).strip()
        if not colon or not name:
            raise ConfigurationError('--header is written as "Name: value", for one feed as "FEED=Name: value".')
        (for_one.setdefault(feed, {}) if equals else for_all)[name] = value.strip()
    return for_all, for_one


def feeds_given(vehicle_positions: str | None, trip_updates: str | None, alerts: str | None) -> dict[str, str]:
    """Paths and addresses by feed."""
    from feeds.messages.kinds import ALERTS, TRIP_UPDATES, VEHICLE_POSITIONS
    from feeds.sources.public_address import place_meant

    named = {VEHICLE_POSITIONS: vehicle_positions, TRIP_UPDATES: trip_updates, ALERTS: alerts}
    return {feed: place_meant(place) for feed, place in named.items() if place is not None}


def headers_of(given: dict[str, str], header: list[str] | None) -> dict[str, dict[str, str]]:
    """By feed; it is said which go without keys."""
    from feeds.sources.feed_headers import headers_by_feed
    from feeds.sources.public_address import is_address

    headers, without = headers_by_feed(
        {feed: place for feed, place in given.items() if is_address(place)}, *headers_given(header)
    )
    if without:
        say(f'{" and ".join(without)}: asked without keys, at another host; give its own, as "FEED=Name: value".')
    return headers
