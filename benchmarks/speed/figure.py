"""One measured figure and what it is to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One row of the benchmark's table."""

    work: str
    value: float
    unit: str
    target: float | None = None
    """None where the figure is only told."""
    wanted: Literal["at most", "at least"] = "at most"

    @property
    def ok(self) -> bool | None:
        """Whether the target is met, None where there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.wanted == "at most" else self.value >= self.target

    def as_json(self) -> dict[str, object]:
        """As a row of `--json`."""
        return {"work": self.work, "value": self.value, "unit": self.unit, "target": self.target, "ok": self.ok}
