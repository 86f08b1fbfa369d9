"""Publishing: a disruption is first on the disk, with the bulletins owed to subscribers, then before every rider, then
on its way to the subscribers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from api.desk.database import DeskDatabase
from api.desk.deed import Deed
from api.desk.disruption import Disruption, Notice, alert_of
from api.desk.subscribers import Bulletin
from feeds.alerts.alert import Alert
from predictor.timetable import DAY_S, Timetable

_KEPT_AFTER_END_S = 3600.0
"""So long readers' views still hold a disruption that is over: clocks differ."""
_SHARE = 0.25
_FROM_S, _TO_S = 900.0, DAY_S
"""One is reminded for the last quarter of a disruption, for a quarter of an hour at least and a day at most."""
_HOURS_MIN, _DAYS_MIN = (60, 120), (1440, 7 * 1440)


class Disruptions:
    """All disruptions. Reading never waits for the disk."""

    def __init__(self, database: DeskDatabase, subscribers: Collection[str] = ()) -> None:
        """`subscribers`: names of those who are told."""
        self._database = database
        self._subscribers = subscribers
        self._lock = Lock()
        self._all = {disruption.number: disruption for disruption in database.disruptions()}
        self.show: Callable[[], None] = lambda: None
        """Called when readers have to be shown something else."""
        self.tell: Callable[[], None] = lambda: None
        """Called when subscribers are owed something more; must not block."""

    def all(self) -> list[Disruption]:
        """In the order published."""
        return list(self._all.values())

    def get(self, number: int) -> Disruption | None:
        """The one of this number."""
        return self._all.get(number)

    def now(self, now: float) -> list[Disruption]:
        """In force, then planned, each by their beginning."""
        coming = [disruption for disruption in self.all() if disruption.state(now) != "over"]
        return sorted(
            coming, key=lambda disruption: (disruption.state(now) == "planned", disruption.starts_at, disruption.number)
        )

    def over(self, now: float) -> list[Disruption]:
        """Those that are over, the last first."""
        return sorted(
            (disruption for disruption in self.all() if disruption.state(now) == "over"),
            key=lambda disruption: -(disruption.ends_at or 0),
        )

    def alerts(self, timetable: Timetable, now: float) -> tuple[Alert, ...]:
        """What riders' pages and feeds show."""
        return tuple(
            alert_of(disruption, timetable, disruption.alert_id)
            for disruption in self.all()
            if disruption.ends_at is None or disruption.ends_at > now - _KEPT_AFTER_END_S
        )

    def publish(self, notice: Notice, now: float, by: str = "") -> Disruption:
        """Save it and show it to riders. `by`: name of the token. Errors: sqlite3.Error, then nothing was published."""
        number = self._database.next_number()
        return self._keep(
            Disruption(**notice.model_dump(), number=number, published_at=now, changed_at=now), "published", now, by
        )

    def change(self, number: int, notice: Notice, now: float, by: str = "") -> Disruption:
        """Say something else instead. Errors: KeyError, sqlite3.Error."""
        kept = self._all[number]
        notice_fields = notice.model_dump(include=set(Notice.model_fields))
        changed = Disruption(**notice_fields, number=number, published_at=kept.published_at, changed_at=now)
        return self._keep(changed, "changed", now, by)

    def end(self, number: int, now: float, by: str = "") -> Disruption:
        """Take it back from now on; one that is over stays as it is. Errors: KeyError, sqlite3.Error."""
        kept = self._all[number]
        if kept.state(now) == "over":
            return kept
        ended = kept.model_copy(update={"ends_at": now, "starts_at": min(kept.starts_at, now), "changed_at": now})
        return self._keep(ended, "ended", now, by)

    def _keep(
        self, disruption: Disruption, event: Literal["published", "changed", "ended"], now: float, by: str
    ) -> Disruption:
        bulletin = Bulletin(event=event, at=now, disruption=disruption)
        deed = Deed(
            at=now, who=by, what=event, subject=disruption.alert_id, said=dict(disruption.header), version=disruption
        )
        with self._lock:
            self._database.save(bulletin, self._subscribers, deed)
            self._all = {**self._all, disruption.number: disruption}
        self.show()
        self.tell()
        return disruption


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
    return Ending(disruption, ends_at, _DAYS_MIN if whole_s > DAY_S else _HOURS_MIN)
