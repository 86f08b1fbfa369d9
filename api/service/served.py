"""What every face asks of the service that it stands on: one that steps an engine, or one that reads what another
publishes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.service.clock import Clock
from api.service.timetable_fit import WaitingTimetable
from api.service.view import ServiceView
from feeds.alerts.alert import Alert
from feeds.background import Watched
from feeds.history.store import HistoryStore
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable

Told = tuple[str, dict[str, object]]
"""A code of `api.reading.health`, and its figures."""


@dataclass(frozen=True)
class SetBack:
    """The clock was set back."""

    at: float
    """What it showed then, POSIX seconds."""
    seconds: float


class Served(ABC):
    """Readers take `view` and never wait."""

    view: ServiceView
    clock: Clock

    def __init__(self) -> None:
        self.steps = 0
        self.step_failures = 0
        self.set_back: SetBack | None = None
        """When the clock was last set back."""
        self.on_view: list[Callable[[], None]] = []
        """Each is called with each new view, by the thread that brings it."""
        self.on_step: Callable[[float], None] = lambda _: None
        """Told how many seconds each good step took."""
        self.own_alerts: Callable[[Timetable, float], tuple[Alert, ...]] = lambda *_: ()
        """Messages to riders beside the operator's, for a timetable and a time. Call `show_own_alerts` when they
        changed."""
        self.face_threads: list[Watched] = []
        """Those that tell others of what is shown, or of what officers write."""
        self.desk_fault: Callable[[], str] = lambda: ""
        """What is wrong with what officers write, "" where nothing is."""

    def _bring(self, view: ServiceView) -> None:
        """Readers see this from now on."""
        self.view = view
        for tell in self.on_view:
            tell()

    @property
    def snapshot(self) -> Snapshot:
        """The latest snapshot."""
        return self.view.snapshot

    @property
    def timetable(self) -> Timetable:
        """The timetable in use."""
        return self.view.timetable

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Messages to riders, in force or not."""
        return self.view.alerts

    @property
    @abstractmethod
    def gtfs_zip(self) -> Path | None:
        """The feed that the timetable in use was made of, as the operator gave it; None where it is not at hand."""

    @property
    @abstractmethod
    def history(self) -> HistoryStore:
        """What has happened until now; where there is no engine nothing: that is asked of the engine."""

    @property
    @abstractmethod
    def behind(self) -> list[Told]:
        """Why what is shown is not of now."""

    @property
    @abstractmethod
    def threads(self) -> list[Watched]:
        """All that goes on beside the readers."""

    @property
    def saving_faults(self) -> list[Told]:
        """What cannot be saved, what was lost, which work fails."""
        return [("work_fails", {"work": work.name, "error": work.error}) for work in self.threads if work.error]

    @property
    def saving(self) -> dict[str, int]:
        """Counts of what saving has met with."""
        return {}

    @property
    def stalled(self) -> bool:
        """Whether this process is broken, and should be started anew."""
        return False

    @property
    def waiting_timetable(self) -> WaitingTimetable | None:
        """A new timetable by which much would be lost: it waits for `take_waiting_timetable`."""
        return None

    def take_waiting_timetable(self) -> WaitingTimetable | None:
        """Go on with the timetable that waits, and give it; None where none does."""
        return None

    def show_own_alerts(self) -> None:  # noqa: B027
        """Let readers see what `own_alerts` says now, without waiting for the next step."""

    @abstractmethod
    def start(self) -> None:
        """Begin. A second call changes nothing."""

    @abstractmethod
    def stop(self) -> None:
        """End what `start` began."""
