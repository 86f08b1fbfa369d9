"""Alerts: the operator's messages to riders (GTFS-Realtime Alert)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Alert:
    """One message. Texts are by language tag, "" where the feed names no language."""

    alert_id: str
    cause: str
    """GTFS-Realtime Cause in upper case, such as `ACCIDENT`."""
    effect: str
    """GTFS-Realtime Effect in upper case, such as `DETOUR`."""
    header: dict[str, str]
    description: dict[str, str]
    url: dict[str, str]
    active: tuple[tuple[float, float], ...]
    """[start, end) POSIX seconds; 0 and inf for open ends; empty: always."""
    routes: frozenset[int]
    stops: frozenset[int]
    trips: frozenset[int]
    whole_network: bool
    """Informs about the agency or a route type as a whole."""

    def active_at(self, now: float) -> bool:
        """Whether the alert is in force."""
        return not self.active or any(start <= now < end for start, end in self.active)
