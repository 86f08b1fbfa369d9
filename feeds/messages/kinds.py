"""What a message is of, and which feed each address serves in truth: people give addresses in the wrong order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from google.transit import gtfs_realtime_pb2

VEHICLE_POSITIONS, TRIP_UPDATES, ALERTS = "vehicle_positions", "trip_updates", "alerts"
"""The feeds of an operator, as their files are named in a recording."""
FEEDS = (VEHICLE_POSITIONS, TRIP_UPDATES, ALERTS)
VEHICLE_MESSAGES = "vehicle_messages"
"""In a recording the same feed as `VEHICLE_POSITIONS`, in the messages that it came in."""

_ENTITIES = {VEHICLE_POSITIONS: ("vehicle",), TRIP_UPDATES: ("trip_update", "trip_modifications"), ALERTS: ("alert",)}


def feeds_in(message: gtfs_realtime_pb2.FeedMessage) -> frozenset[str]:
    """The feeds of which a message has entities."""
    return frozenset(
        feed for feed, names in _ENTITIES.items()
        if any(entity.HasField(name) for entity in message.entity for name in names)
    )  # fmt: skip


def served_as(holds: Mapping[str, frozenset[str]], addresses: Mapping[str, str]) -> dict[str, str]:
    """The feed that each address serves as, by the feed that it was given as.

    Parameters: `holds`: what its messages hold, nothing where they are empty. An address whose messages hold none of
    the feed that it was given as serves as one that they hold, unless another address serves that well, or the same
    was given for that too.
    """
    shared = [address for address, times in Counter(addresses.values()).items() if times > 1]
    strayed = {
        given_as: held
        for given_as, held in holds.items()
        if held and given_as not in held and addresses[given_as] not in shared
    }
    free = {feed for feed in FEEDS if feed not in holds or feed in strayed}
    roles: dict[str, str] = {given_as: given_as for given_as in holds if given_as not in strayed}
    for given_as, held in strayed.items():
        found = next((feed for feed in FEEDS if feed in held & free), None)
        if found:
            roles[given_as] = found
            free.remove(found)
    for given_as in strayed.keys() - roles.keys():
        roles[given_as] = given_as if given_as in free else next(feed for feed in FEEDS if feed in free)
        free.remove(roles[given_as])
    return roles
