"""One departure in a rider's words: the compact row that stop and line pages, panels and screens show."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlencode

from api.reading.calls import RunCall
from api.reading.lines import Line
from api.words.moment import PageMoment
from api.words.times import Wait

_MOST_HREFS = 16_384


class DepartureWords(NamedTuple):
    """One departure as shown."""

    call: RunCall
    """What is shown; what of it needs no words is read there."""
    key: str
    """Names this departure from one rendering to the next."""
    line: Line
    destination: str
    at: float | None
    """POSIX seconds to count down to, None where nobody knows: it comes every so many minutes."""
    iso: str
    """The same, ""."""
    wait: Wait
    clock: Wait
    """As a clock time, to fall back to when nothing is live any more,"""
    hhmm: str
    """and that as machines read it; "" of a trip without a time."""
    status: str
    """`live`, `scheduled`, `cancelled` or `skipped`."""
    said: str
    """The status in words."""
    about: bool
    """Its time is the timetable's, and reckoned there."""
    comes: bool
    """See `RunCall`."""
    doubt: str
    """`overdue` or `held_up` where the vehicle gets no further: nothing counts down; else ""."""
    here: bool
    """It stands at this stop."""
    p10: float | None
    """POSIX seconds, None for what is not live."""
    p90: float | None
    range: str
    """How sure the wait is, "" where it is sure enough."""
    notes: tuple[str, ...]
    """What else there is to know."""
    occupancy: str
    """How full the vehicle is, "" where not told."""
    wheelchair: str
    """Whether the vehicle takes wheelchairs: `yes`, `no`, or "" where that is not known."""
    bikes: str
    """Whether bicycles may come along, see `PageMoment.bikes_of`."""

    @property
    def trip_href(self) -> str:
        """Its trip's page. Panels and screens do not ask for it."""
        call = self.call
        return _trip_href(call.trip_id, call.service_date, call.start_time, call.stop_id)


@lru_cache(_MOST_HREFS)
def _trip_href(trip_id: str, service_date: str, start_time: str, stop_id: str) -> str:
    named = urlencode({"date": service_date, "start": start_time, "stop": stop_id})
    return f"/trips/{quote(trip_id, safe='')}?{named}"


def departure_words(moment: PageMoment, row: RunCall) -> DepartureWords:
    """A departure in the language of `moment`."""
    words, status = moment.words_at(row.stop_idx), row.status
    clock = moment.clock_of(row, words)
    p10 = None if row.p10 is None or status != "live" else round(row.p10)
    p90 = None if row.p90 is None or status != "live" else round(row.p90)
    return DepartureWords(
        call=row,
        key=row.key,
        line=moment.lines.all[row.route_idx],
        # Names may have line ends in them, panels have not.
        destination=" ".join(moment.name_of(row.destination).split()),
        at=None if row.clock is None else round(row.published, 1),
        iso="" if row.clock is None else words.iso(row.published),
        wait=moment.wait_of(row, words, clock),
        clock=clock,
        hhmm="" if row.clock is None else words.hours_minutes(row.clock),
        status=status,
        said=moment.status_words(row),
        about=moment.is_about(row),
        comes=row.comes,
        doubt=moment.doubt_of(row),
        here=row.at_stop,
        p10=p10,
        p90=p90,
        range="" if p10 is None or p90 is None else words.range(p10, p90),
        notes=tuple(moment.notes_of(row)),
        occupancy=moment.occupancy_words(row.occupancy) if row.comes else "",
        wheelchair=moment.wheelchair_of(row),
        bikes=moment.bikes_of(row),
    )
