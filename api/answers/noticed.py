"""What a reader would notice of a departure: less than that is no reason to send a board again."""

from __future__ import annotations

from api.answers.caching import steady
from api.words.departures import DepartureWords


def noticed(departure: DepartureWords) -> object:
    """What every face shows of it, less the minutes that pass by themselves."""
    return (
        departure.key, departure.status, departure.said, departure.here, departure.at and steady(departure.at),
        departure.wait.value if departure.at is None else "", departure.notes, departure.occupancy,
        departure.wheelchair,
    )  # fmt: skip
