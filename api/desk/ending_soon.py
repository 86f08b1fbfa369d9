"""Disruptions whose end comes near: an officer is reminded, and can put the end off."""

from __future__ import annotations

from dataclasses import dataclass

from api.desk.disruption import Disruption

_SHARE = 0.25
_FROM_S, _TO_S = 900.0, 86_400.0
"""One is reminded for the last quarter of a disruption, for a quarter of an hour at least and a day at most."""
_DAY_S = 86_400.0
_HOURS_MIN, _DAYS_MIN = (60, 120), (1440, 7 * 1440)


@dataclass(frozen=True)
class Ending:
    """One whose end comes near."""

    disruption: Disruption
    ends_at: float
    """POSIX seconds."""
    put_off_min: tuple[int, ...]
    """By how many minutes its end may be put off with a click."""


def ending_soon(disruption: Disruption, now: float) -> Ending | None:
    """None where it has no end, is not begun, or has time."""
    ends_at = disruption.ends_at
    if ends_at is None or not disruption.starts_at <= now < ends_at:
        return None
    whole_s = ends_at - disruption.starts_at
    if ends_at - now > min(max(_SHARE * whole_s, _FROM_S), _TO_S):
        return None
    return Ending(disruption, ends_at, _DAYS_MIN if whole_s > _DAY_S else _HOURS_MIN)
