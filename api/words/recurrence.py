"""What comes back each week in a reader's language: "Mon–Fri 07:00–09:00 until 12 December"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from babel.dates import get_day_names

from api.reading.recurrence import Recurrence
from api.words.texts import Texts, locale_of

_WEEK = 7
_SPAN_FROM = 3
"""So many days on end are told by the first and the last."""


def recurrence_words(
    recurrence: Recurrence, texts: Texts, time: Callable[[float], str], date: Callable[[float], str], country: str = ""
) -> str:
    """Parameters: `time` of day and `date` of POSIX seconds, in words."""
    days, until = weekdays(recurrence.days, texts, country), date(recurrence.last)
    if recurrence.all_day:
        return texts("repeats_all_day", days=days, date=until)
    start, end = map(time, recurrence.period)
    return texts("repeats", days=days, start=start, end=end, date=until)


def weekdays(days: Sequence[int], texts: Texts, country: str = "") -> str:
    """Days of the week, 0 is Monday: "Mon–Fri", "Mon, Wed", "every day"."""
    if len(days) == _WEEK:
        return texts("repeats_daily")
    names = get_day_names("abbreviated", "stand-alone", locale_of(texts.language, country))
    phrases: list[str] = []
    for _, run in groupby(enumerate(sorted(days)), key=lambda pair: pair[1] - pair[0]):
        on_end = [names[day] for _, day in run]
        phrases += [f"{on_end[0]}–{on_end[-1]}"] if len(on_end) >= _SPAN_FROM else on_end
    return ", ".join(phrases)
