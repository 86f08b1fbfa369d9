"""A draft that an officer dismissed ("not now"), and what brings it back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

LONGEST_S = 2 * 3600.0
MUCH_WORSE = 1.5


class Dismissal(BaseModel):
    """Keeps what suggests a draft from suggesting it again. It outlives a timetable as a notice does."""

    model_config = ConfigDict(frozen=True)

    situation: str
    """`Draft.situation`."""
    size: float
    """`Draft.size` when it was dismissed."""
    at: float
    """POSIX seconds."""

    @property
    def until(self) -> float:
        """The draft comes back then at the latest, POSIX seconds."""
        return self.at + LONGEST_S

    def holds(self, size: float, now: float) -> bool:
        """Whether it still hides the draft, now of this size: until it is half as bad again, and for `LONGEST_S`."""
        # A demo's clock begins anew: a dismissal must not come from the future.
        return abs(now - self.at) < LONGEST_S and size < MUCH_WORSE * self.size
