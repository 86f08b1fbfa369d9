"""Departures in the few words that a panel at the stop has room for."""

from __future__ import annotations

from dataclasses import dataclass

from api.reading.board import StopBoards
from api.reading.lines import Line
from api.words.moment import COMING, PageMoment
from api.words.times import Wait


@dataclass(frozen=True)
class PanelRow:
    """One departure as shown."""

    key: str
    """Names this departure from one board to the next."""
    line: Line
    destination: str
    platform: str
    status: str
    """`live`, `scheduled`, `cancelled` or `skipped`."""
    at: float
    """POSIX seconds to count down to."""
    iso: str
    said: str
    """The status in words."""
    doubt: str
    """`overdue` or `held_up` where the vehicle gets no further, else ""."""
    notes: tuple[str, ...]
    """What else there is to know, in words."""
    occupancy: str
    """How full the vehicle is, "" where not told."""
    wheelchair: str
    """Whether the vehicle takes wheelchairs: `yes`, `no`, or "" where that is not known."""
    scheduled: float | None
    """By the timetable, None for a trip run by headway."""
    wait: Wait
    clock: Wait
    """As a clock time, for when nothing is live any more."""

    @property
    def comes(self) -> bool:
        """Whether it can be boarded."""
        return self.status in COMING


def panel_rows(boards: StopBoards, moment: PageMoment, stop: int, limit: int) -> list[PanelRow]:
    """The first `limit` departures of a stop, soonest first, in the language of `moment`."""
    return [
        PanelRow(
            key=row.key,
            line=moment.lines.all[row.route_idx],
            destination=row.destination,
            platform=row.platform,
            status=moment.status_of(row),
            at=round(row.published, 1),
            iso=moment.words.iso(row.published),
            said=moment.status_words(row),
            doubt=moment.doubt_of(row),
            notes=tuple(moment.notes_of(row)),
            occupancy=moment.occupancy_words(row.occupancy) if row.status in COMING else "",
            wheelchair=moment.wheelchair_of(row),
            scheduled=row.scheduled,
            wait=moment.wait_of(row),
            clock=moment.words.at_clock(row.clock),
        )
        for row in boards.rows(stop)[:limit]
    ]
