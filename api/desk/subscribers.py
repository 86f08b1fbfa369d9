"""Who else is told of disruptions: webhooks, text messages, social networks. Each in its own thread, none waited for.

A package adds a kind of subscriber by an entry point in the group `prochain.subscribers`: a function that takes the
`Settings` and gives a `Subscriber`, or None where it is not configured.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from api.desk.disruption import Disruption
from api.service.settings import ConfigurationError, Settings

GROUP = "prochain.subscribers"
TOLD_WITHIN_S = 24 * 3600.0
"""A bulletin older than this is news to nobody: it is given up."""


class Bulletin(BaseModel):
    """What became of a disruption."""

    model_config = ConfigDict(frozen=True)

    event: Literal["published", "changed", "ended"]
    at: float
    """POSIX seconds by the service's clock."""
    disruption: Disruption


class Subscriber(Protocol):
    """Takes bulletins, one after the other, in a thread of its own."""

    name: str
    """As officers know it, without secrets; what it is owed is kept under this name."""

    def tell(self, bulletin: Bulletin) -> None:
        """Pass it on; returns when that is done. Whatever is raised counts as failed for good and is shown at the
        desk: retrying is the subscriber's own matter. The same bulletin may come twice, where the service was cut off
        before it noted that it was passed on."""

    def close(self) -> None:
        """The service stops: give up what is being tried. What then raises is told again after the next start."""


def installed_subscribers(settings: Settings) -> Iterable[Subscriber]:
    """Subscribers of other packages. Errors: ConfigurationError that names the one that cannot be made."""
    for entry in entry_points(group=GROUP):
        try:
            subscriber = entry.load()(settings)
        except Exception as error:
            raise ConfigurationError(f"Subscriber “{entry.name}” ({entry.value}) cannot be made: {error}") from error
        if subscriber is not None:
            yield subscriber
