"""One departure in a rider's words: the compact row that stop and line pages, panels and screens show."""

from __future__ import annotations

from functools import cached_property, lru_cache
from urllib.parse import quote, urlencode

from api.reading.boarding import TAKES_NOBODY
from api.reading.calls import RunCall
from api.reading.lines import Line
from api.words.alerts import reason_words
from api.words.moment import PageMoment
from api.words.times import Wait, headway
from predictor.arrays import NONE

_MOST_KEPT = 16_384


class DepartureWords:
    """One departure as shown, in the language of a moment: what no face asks for is not put into words."""

    def __init__(self, moment: PageMoment, call: RunCall, key: str = "", *, at: int = NONE) -> None:
        """Parameters: `key`: names it in the place of the call's own; `at`: the stop or station on whose board it
        stands."""
        self._moment, self._words, self._key = moment, moment.words_at(call.stop_idx), key
        self.call = call
        """What is shown; what of it needs no words is read there."""
        self.line: Line = moment.lines.all[call.route_idx]
        self.status = call.status
        """`live`, `scheduled`, `cancelled` or `skipped`."""
        self.comes = call.comes
        """See `RunCall`."""
        self.doubt = moment.doubt_of(call)
        """`overdue` or `held_up` where the vehicle gets no further: nothing counts down; else ""."""
        way_on = moment.lines.way_on(call.trip_idx, call.call)
        self.elsewhere = moment.texts("via", place=moment.stop_name(way_on)) if way_on >= 0 else ""
        """Where it goes, one of the `notes`, where others of its line and direction go elsewhere or another way; else
        ""."""
        self.reason = "" if call.comes else reason_words(moment, call)
        """Of the `notes` the one why it does not come, "" where no message tells."""
        notes = moment.notes_of(call, via=self.elsewhere, at=at)
        self.notes = (self.reason, *notes) if self.reason else tuple(notes)
        """What else there is to know."""
        counts_down = call.comes and call.minutes is not None and not moment.feed.stopped
        self.wait: Wait = (
            self._words.wait(call.published, call.status == "live", here=call.at_stop) if counts_down else self.clock
        )
        """How long until it leaves. A countdown is a promise: without live data, for what does not come, and for a
        vehicle that gets no further the clock time says enough."""

    @property
    def platform_change(self) -> str:
        """Of the `notes` the one from which platform it was moved, "" where from none."""
        return self._moment.platform_change(self.call)

    @property
    def platform(self) -> str:
        """From which platform it leaves, "" where that has no code."""
        return self._moment.platform(self.call.platform)

    @property
    def line_told(self) -> str:
        """Of the `notes` the one that tells its line from others of its name here, "" where none has it."""
        return self._moment.line_told(self.call)

    @property
    def skips(self) -> str:
        """Of the `notes` the one at which stops it does not call, "" where at all."""
        return self._moment.skips_words(self.call)

    @property
    def key(self) -> str:
        """Names this departure from one rendering to the next."""
        return self._key or self.call.key

    @property
    def destination(self) -> str:
        """Names may have line ends in them, panels have not."""
        return _in_one_line(self._moment.place_of(self.call.destination))

    @property
    def at(self) -> float | None:
        """POSIX seconds to count down to, None where nobody knows: it comes every so many minutes."""
        return None if self.call.clock is None else round(self.call.published, 1)

    @property
    def iso(self) -> str:
        """The same, ""."""
        return "" if self.call.clock is None else self._words.iso(self.call.published)

    @cached_property
    def clock(self) -> Wait:
        """As a clock time, to fall back to when nothing is live any more; how often there is one, where it has none,"""
        call = self.call
        return (
            Wait("clock", self._moment.every(call.headway_s))
            if call.clock is None
            else self._words.at_clock(call.clock)
        )

    @property
    def hhmm(self) -> str:
        """and that as machines read it; "" of a trip without a time."""
        return "" if self.call.clock is None else self._words.hours_minutes(self.call.clock)

    @property
    def short_day(self) -> str:
        """The day of the clock time in few letters,"""
        return self._words.short_day(self.call.published)

    def within(self, seconds: float) -> bool:
        """whether it is no further ahead than that,"""
        return self.call.published < self._moment.now + seconds

    @property
    def headway(self) -> tuple[int, str]:
        """and how often a line run by headway comes, see `times.headway`."""
        return headway(self.call.headway_s or 0)

    @property
    def said(self) -> str:
        """The status in words."""
        return self._moment.status_words(self.call)

    @property
    def about(self) -> bool:
        """Its time is the timetable's, and reckoned there."""
        return self._moment.is_about(self.call)

    @property
    def p10(self) -> int | None:
        """POSIX seconds, None for what is not live."""
        return None if self.call.p10 is None or self.status != "live" else round(self.call.p10)

    @property
    def p90(self) -> int | None:
        """The same."""
        return None if self.call.p90 is None or self.status != "live" else round(self.call.p90)

    @property
    def range(self) -> str:
        """How sure the wait is, "" where it is sure enough."""
        p10, p90 = self.p10, self.p90
        return "" if p10 is None or p90 is None else self._words.range(p10, p90)

    @property
    def occupancy(self) -> str:
        """How full the vehicle is, "" where not told."""
        return self._moment.occupancy_words(self.call.occupancy) if self.comes else ""

    @property
    def takes_nobody(self) -> bool:
        """The vehicle tells that nobody can board it."""
        told = self.call.occupancy
        return bool(self.occupancy) and told is not None and told.status in TAKES_NOBODY

    @property
    def wheelchair(self) -> str:
        """Whether the vehicle takes wheelchairs: `yes`, `no`, or "" where that is not known."""
        return self._moment.wheelchair_of(self.call)

    @property
    def bikes(self) -> str:
        """Whether bicycles may come along: `yes` or `no` on lines whose runs differ; else ""."""
        call, vary = self.call, self._moment.lines.bikes_vary
        return call.bikes if call.comes and call.bikes != "unknown" and call.route_idx in vary else ""

    @property
    def trip_href(self) -> str:
        """Its trip's page."""
        call = self.call
        return _trip_href(call.trip_id, call.service_date, call.start_time, call.stop_id, self._visit)

    @property
    def _visit(self) -> int | None:
        """The stop_sequence, where the run comes to the stop more than once: a rider means one of its visits."""
        call, tt = self.call, self._moment.timetable
        if not self._moment.lines.may_come_back(call.trip_idx):
            return None
        again = tt.call_stop[tt.calls_of(call.trip_idx)].tolist().count(call.stop_idx) > 1
        return call.stop_sequence if again else None


@lru_cache(_MOST_KEPT)
def _in_one_line(name: str) -> str:
    return " ".join(name.split())


@lru_cache(_MOST_KEPT)
def _trip_href(trip_id: str, service_date: str, start_time: str, stop_id: str, visit: int | None) -> str:
    asked = {"date": service_date, "start": start_time, "stop": stop_id}
    named = urlencode(asked if visit is None else {**asked, "visit": visit})
    return f"/trips/{quote(trip_id, safe='')}?{named}"
