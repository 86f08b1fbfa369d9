"""What is wrong with a feed, in words for the person who can mend it."""

from __future__ import annotations

from dataclasses import dataclass


class FeedError(Exception):
    """A feed that cannot be used at all. The message says what was wrong, where, and what to do."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong inside a usable feed."""

    file: str
    """Such as `stop_times.txt`."""
    message: str
    """What is wrong and what was done about it."""
    row: int | None = None
    """Line in the file, the header being line 1; None where it concerns the whole file."""
    entity_id: str = ""
    """Id of the trip, stop, … concerned, empty where none."""
    count: int = 1
    """How many rows have it; `row` and `entity_id` name the first."""


def left_out(file: str, why: object) -> Problem:
    """Told of a file, or a part of one, that cannot be used."""
    return Problem(file, f"{why} It was left out.")
