"""What is filled into a phrase's places: the lines, the stops and the times, as one language says them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.desk.disruption import Language, Notice
from api.reading.lines import lines_of
from api.words.texts import Texts
from predictor.timetable import Timetable


def place_values(notice: Notice, timetable: Timetable, texts: Texts, now: float) -> dict[str, str]:
    """Values of a phrase's places. `texts`: the desk's catalogue of the language to speak."""
    lines = lines_of(timetable)
    known = [timetable.route_index[one] for one in notice.routes if one in timetable.route_index]
    names = [lines.all[route].name for route in sorted(known, key=lines.rank.__getitem__)]
    stops = dict.fromkeys(
        str(timetable.stop_name[timetable.stop_index[one]]) for one in notice.stops if one in timetable.stop_index
    )
    return {
        "line": texts("phrase_line", count=len(names), names=listed(names, texts)) if names else "",
        "stops": listed(list(stops), texts),
        "when": when(notice.starts_at, notice.ends_at, texts, timetable, now),
        **{name: value.strip() for name, value in notice.blanks.items()},
    }


def listed(names: Sequence[str], texts: Texts) -> str:
    """ "A", "A and B", "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return texts("phrase_and", first=", ".join(names[:-1]), last=names[-1])


def when(starts_at: float, ends_at: float | None, texts: Texts, timetable: Timetable, now: float) -> str:
    """From when to when. Days are named by their date: what is said today is read tomorrow."""
    zone = lines_of(timetable).zone
    today, begin = datetime.fromtimestamp(now, zone), datetime.fromtimestamp(starts_at, zone)
    begun = starts_at <= now
    if ends_at is None:
        return texts("phrase_open") if begun else texts("phrase_from", start=_moment(begin, today, texts))
    end = datetime.fromtimestamp(ends_at, zone)
    if begun:
        return texts("phrase_until", end=_moment(end, today, texts))
    return texts("phrase_between", start=_moment(begin, today, texts), end=_moment(end, begin, texts))


def _moment(at: datetime, near: datetime, texts: Texts) -> str:
    """Clock time; with its date where it is not of the day of `near`."""
    if at.date() == near.date():
        return f"{at:%H:%M}"
    month = texts(f"month_{at.month}")
    return texts("phrase_date", weekday=texts(f"day_{at.weekday()}"), day=at.day, month=month, time=f"{at:%H:%M}")


LANGUAGES: tuple[Language, ...] = ("fr", "en")
"""Languages in which riders are told."""
