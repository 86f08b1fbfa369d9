"""Alerts in the reader's language, and when they are in force."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from api.reading.alerts import informed_by, stop_alerts, telling_why
from api.reading.calls import RunCall
from api.reading.destinations import destination_of, usual_destination
from api.reading.lines import Line, mode_of, stops_along
from api.reading.moved_away import MovedDeparture, moved_departures
from api.reading.recurrence import Recurrence, recurrence_of
from api.words.moment import PageMoment
from api.words.recurrence import recurrence_words
from api.words.texts import LANGUAGES, Texts, country_of, texts_in, typeset
from api.words.times import TimeWords
from feeds.alerts.alert import Alert
from feeds.alerts.informed import Informed
from feeds.alerts.selector_fits import ANY
from feeds.alerts.translations import language_in, text_in
from predictor.arrays import NONE
from predictor.timetable import DAY_S

_CODE = re.compile("[A-Z]+(_[A-Z]+)*")
_BLANKS = " \t\xa0"
_ENDS = f"{_BLANKS}\n.:;!?-–—"
"""What stands between a sentence and the next."""
_MOST_DEPARTURES = 8
"""Of more the message itself has to tell."""
_MOST = 20
"""So many a page, panel or screen has room for."""


@dataclass(frozen=True)
class AlertWords:
    """An alert in the reader's language."""

    header: str
    description: str = ""
    url: str = ""
    lines: tuple[Line, ...] = ()
    stops: tuple[tuple[str, str], ...] = ()
    """Id and name of the stops that it names."""
    whom: tuple[str, ...] = ()
    """The departures, directions, agencies or kinds of lines that it is about, where it does not say so itself."""
    starts_at: float = 0.0
    """POSIX seconds, 0 where it began at some time,"""
    ends_at: float = math.inf
    """and inf where its end is not known."""
    in_force: bool = True
    when: str = ""
    """From when on, or on which days, of one told before it is in force; else ""."""
    repeats: str = ""
    """On which days and when, of one that comes back each week; else ""."""
    until: str = ""
    """Until when it is in force, "" where that is not known, or told already;"""
    until_dated: str = ""
    """the same to be read on another day too."""
    languages: tuple[str, str] = ("", "")
    """Tags of those in which header and description are, "" where that is the reader's or not known."""

    @property
    def about(self) -> str:
        """What stands before the header where all is one text: when it is, and whom it is about."""
        when = f"{self.when} · " if self.when else ""
        return f"{when}{', '.join(self.whom)}: " if self.whom else when

    @property
    def header_around_stop(self) -> tuple[str, str, str]:
        """The header, split at the name of the only stop that it is about; whole where it does not name that."""
        stop = self.stops[0][1] if len(self.stops) == 1 else ""
        named = re.search(rf"(?<!\w){re.escape(stop)}(?!\w)", self.header) if stop else None
        return (self.header[: named.start()], stop, self.header[named.end() :]) if named else (self.header, "", "")


def alert_words(moment: PageMoment, alert: Alert, at: Sequence[int] = ()) -> AlertWords:
    """An alert in the language of `moment`, as read at stops if any."""
    texts, times = moment.texts, moment.words
    reader = f"{texts.language}-{times.country}"
    header, description, url = (text_in(text, reader) for text in (alert.header, alert.description, alert.url))
    header, description = (typeset(text, texts.language) for text in (header, description))
    languages = [_foreign(language_in(text, reader), texts.language) for text in (alert.header, alert.description)]
    # A picture alone says something too.
    pictures = {image.language: image.url for image in reversed(alert.images)}
    url = url or text_in(pictures, reader)
    if not header:
        why = _own_words(texts, alert.effect_detail, "effect", alert.effect) or _cause(moment, alert)
        seen = text_in(alert.image_alternative_text, texts.language)
        languages = [languages[1], ""]
        header, description = description or seen or f"{why[:1].upper()}{why[1:]}" or url, ""
    start, end = alert.period(moment.now)
    recurrence = recurrence_of(alert.affects, moment.lines.zone)
    if recurrence:
        start, end = recurrence.first, recurrence.ends
    informed = informed_by(moment, alert)
    if not alert.affects:
        start = informed.since
    in_force = alert.state(moment.now) == "in_force" and start <= moment.now
    when, repeats, until, until_dated = _period_words(moment, description, recurrence, start, end, in_force=in_force)
    return AlertWords(
        header=header,
        description=_beyond(header, description),
        url=url if url.startswith(("https://", "http://")) else "",
        lines=moment.lines.named_once(informed.routes),
        stops=_places(moment, informed.stops),
        whom=tuple(_whom(moment, informed, at, f"{header}\n{description}".casefold())),
        starts_at=start,
        ends_at=end,
        in_force=in_force,
        when=when,
        repeats=repeats,
        until=until,
        until_dated=until_dated,
        languages=(languages[0], languages[1]),
    )


def _period_words(
    moment: PageMoment, description: str, recurrence: Recurrence | None, start: float, end: float, *, in_force: bool
) -> tuple[str, str, str, str]:
    """From when on an alert holds, how it repeats, and until when, without and with the date; "" where there is nothing
    to say, or where its `description` says so."""
    texts, times = moment.texts, moment.words
    repeats = recurrence_words(recurrence, texts, times.time, times.date, moment.country) if recurrence else ""
    if repeats:
        when, until = ("", [repeats] * 2) if in_force else (repeats, ["", ""])
    else:
        when = "" if start <= moment.now else _at("alert_from", times.clock(start), texts)
        until = ["", ""]
        if math.isfinite(end):
            # Who reads "until Saturday 00:00" takes Saturday for a part of it.
            told_end = end - 60.0 if times.hours_minutes(end) == "00:00" else end
            until = [_at("alert_until", time(told_end), texts) for time in (times.clock, times.dated)]
    in_network = replace(times, country=country_of(moment.timetable.timezone))
    if recurrence and recurrence_words(recurrence, texts, in_network.time, in_network.date) in description:
        when, repeats, *until = ("",) * 4
    when, repeats, *until = (
        "" if words.casefold() in description.casefold() else words for words in (when, repeats, *until)
    )
    for own in () if repeats else (times, in_network):
        says_start = _says(description, "alert_from_words", own, start, moment.now)
        when = "" if says_start else when
        if _says(description, "alert_until_words", own, end, start if says_start else moment.now):
            until = ["", ""]
    return when, repeats, until[0], until[1]


def _at(key: str, time: str, texts: Texts) -> str:
    """From or until a time: French has another word before a date, which begins with its number and has a month."""
    return texts(f"{key}_date" if re.match(r"\d+\.? [^\W\d]", time) else key, time=time)


def _foreign(tag: str, language: str) -> str:
    """A language that is not the reader's, "" where it is."""
    return "" if tag.split("-")[0].lower() == language else tag


def _whom(moment: PageMoment, informed: Informed, at: Sequence[int], said: str) -> Iterator[str]:
    """See `AlertWords.whom`; `said`: the message in small letters."""
    tt = moment.timetable
    if informed.runs:
        clocks: dict[str, list[str]] = {}
        for clock, destination in _departures(moment, informed, at, said):
            clocks.setdefault(destination, []).append(clock)
        for destination, times in clocks.items():
            yield f"{', '.join(dict.fromkeys(times))} {moment.towards(destination)}"
    for route, way in sorted(informed.ways):
        trips = np.flatnonzero((tt.trip_route == route) & (tt.pattern_direction[tt.trip_pattern] == way))
        destination = moment.place_of(usual_destination(moment.snapshot, moment.today, trips.astype(np.int32)))
        if destination.casefold() not in said:
            yield moment.towards(destination)
    names = dict(zip(tt.agency_id.tolist(), tt.agency_name.tolist(), strict=True))
    for selector in informed.wide:
        mode = moment.texts(f"mode_{mode_of(selector.route_type)}") if selector.route_type >= 0 else ""
        words = " · ".join(filter(None, (names.get(selector.agency_id, ""), mode)))
        if words.casefold() not in said:
            yield words


def _departures(moment: PageMoment, informed: Informed, at: Sequence[int], said: str) -> list[tuple[str, str]]:
    """Times and destinations of the runs that an alert names, soonest first, as they leave from one of the stops or
    else from their first; none where there are many, or one has several departures. Those whose time it says are left
    out."""
    tt = moment.timetable
    stops = {member for stop in at for member in tt.members(stop).tolist()}
    found: dict[tuple[int, int, int], tuple[bool, float, str, str]] = {}
    # Runs of the operator's own come behind those in whose place they are.
    for trip, shift_s, day in sorted(informed.runs, key=str) if len(informed.runs) <= _MOST_DEPARTURES else ():
        own_run = trip - tt.base.trips
        base = tt.base
        shifts = base.journey_shift_s[base.journey_trip == trip] if own_run < 0 else tt.own_runs.shift_s[[own_run]]
        if shift_s is None and len(shifts) > 1:
            return []
        shift = int(shifts[0]) if shift_s is None and len(shifts) else shift_s or 0
        called_at = stops_along(tt, int(tt.trip_pattern[trip]))
        visits = [call for call, stop in enumerate(called_at) if stop in stops]
        service_day = moment.today if day == ANY else day
        here = visits[0] if visits else NONE
        if len(visits) > 1 or (visits and tt.trip_is_frequency[trip]):
            calls = moment.snapshot.journey(trip, service_day, shift)
            to_come = calls.call[~(calls.passed | calls.last_call) & (calls.published >= moment.now)]
            here = next((call for call in visits if call in to_come), here)
        origin = float(tt.date_origin[service_day]) + shift
        first, leaves = (origin + float(tt.departure_s[tt.entry_of(trip, max(call, 0))]) for call in (0, here))
        if tt.trip_is_frequency[trip] and here >= 0:
            # No timetable has it: riders know it by when it comes.
            leaves = float(calls.published[calls.call <= here][-1])
        words = moment.words_at(called_at[max(here, 0)])
        if not any(words.time(time).casefold() in said or _has_clock(said, words, time) for time in (first, leaves)):
            named = trip if own_run < 0 else int(tt.run_named[own_run])
            name = trip if named < 0 else named, shift, day
            # What leaves after the midnight of its day could be another night's.
            clock = (words.clock if day != ANY and leaves >= tt.date_origin[day] + DAY_S else words.time)(leaves)
            departure = here >= 0, leaves, clock, moment.place_of(destination_of(tt, trip))
            if departure[0] or not found.get(name, (False,))[0]:
                found[name] = departure
    return [(clock, destination) for _, _, clock, destination in sorted(found.values(), key=lambda each: each[1])]


def _has_clock(said: str, words: TimeWords, at: float) -> bool:
    """Whether a text has a time of day, however it is written: 08:04, 8.04, 8h04, 0804."""
    hour, minute = words.hours_minutes(at).split(":")
    return re.search(rf"(?<!\d)0?{int(hour)}\s?[:.h]?\s?{minute}(?!\d)", said) is not None


def _places(moment: PageMoment, stops: Iterable[int]) -> tuple[tuple[str, str], ...]:
    """Ids and names of stops: of a station all of whose platforms are among them its own, and the numbers of those that
    share a name."""
    tt, named = moment.timetable, set(stops)
    for station in set(tt.stop_parent[list(named)].tolist()) - {NONE}:
        platforms = set(tt.members(station).tolist()) - {station}
        named = named - platforms | {station} if platforms <= named else named
    place_of = {stop: _place(moment, stop) for stop in sorted(named)}
    shared = Counter(place_of.values())
    codes = {stop: str(tt.stop_code[stop]) if shared[place] > 1 else "" for stop, place in place_of.items()}
    places = {
        f"{place} ({codes[stop]})" if codes[stop] else place: str(tt.stop_id[stop]) for stop, place in place_of.items()
    }
    return tuple((stop_id, place) for place, stop_id in places.items())


def _place(moment: PageMoment, stop: int) -> str:
    """A stop's name, with its platform: those of a station share a name."""
    platform = str(moment.timetable.stop_platform[stop])
    name = moment.stop_name(stop)
    return f"{name}, {moment.texts('platform', name=moment.platform(platform))}" if platform else name


def _says(description: str, before: str, times: TimeWords, at: float, seen_from: float) -> bool:
    """Whether a message says a time in words of its own, after one of those that the catalogues have at `before`: with
    its date, unless that is the day of `seen_from`."""
    if not (at > 0 and math.isfinite(at)):
        return False
    near = times.date(at) == times.date(seen_from) or not times.day(at)
    dates = "|".join(re.escape(date) for date in (times.weekday_date(at), times.date(at), times.day(at)) if date)
    dated = rf"(?:(?:{dates})[,\s]*(?:(?:{_any_of('alert_at_words')})\s+)?)" + ("?" if near else "")
    pattern = rf"(?:{_any_of(before)})\s*{dated}{re.escape(times.time(at))}(?!\d)"
    return bool(re.search(pattern, description, re.IGNORECASE))


@cache
def _any_of(key: str) -> str:
    """A pattern of the words that the catalogues of all languages have at `key`: operators write in theirs."""
    words = dict.fromkeys(word for language in LANGUAGES for word in texts_in(language)(key).split())
    patterns = (re.escape(word).replace("’", "[’']") for word in words)
    return "|".join(rf"\b{pattern}\b" if pattern[-1].isalpha() else pattern for pattern in patterns)


def all_alert_words(moment: PageMoment, alerts: Iterable[Alert], at: Sequence[int] = ()) -> list[AlertWords]:
    """Alerts in the language of `moment`, as read at stops if any. The same words sent for each of several lines, or
    again with another end, are said once, of all and until the last; one without a word is not."""
    words_of_key: dict[tuple[object, ...], AlertWords] = {}
    for alert in alerts:
        words = alert_words(moment, alert, at)
        if not words.header:
            continue
        own_words = words.header.casefold(), words.description.casefold()
        key = (*own_words, words.url, words.when, words.repeats, words.in_force)
        before = words_of_key.get(key, words)
        lines = moment.lines.named_once(line.route for line in (*before.lines, *words.lines))
        stops = dict.fromkeys((*before.stops, *words.stops))
        whom = dict.fromkeys((*before.whom, *words.whom))
        last = max(before, words, key=lambda each: each.ends_at)
        words_of_key[key] = replace(last, lines=lines, stops=tuple(stops), whom=tuple(whom))
    return list(words_of_key.values())


def _beyond(header: str, description: str) -> str:
    """What a description says beyond the header, which many of them repeat."""
    repeated = header.rstrip(_ENDS)
    if description[: len(repeated)].casefold() != repeated.casefold():
        return description
    rest = description[len(repeated) :].lstrip(_BLANKS)
    return rest.lstrip(_ENDS) if rest[:1] in _ENDS else description


def moved_words(moment: PageMoment, stop: int) -> list[AlertWords]:
    """Which departures are not where the timetable has them, as messages to who waits at a stop: those of a line to one
    place in one."""
    times, texts, tt = moment.words_at(stop), moment.texts, moment.timetable
    clocks: dict[tuple[int, str, int, str], list[str]] = {}
    for moved in moved_departures(moment, stop):
        to = moved.run.stop_idx if moved.leaves else NONE
        departure = moved.run.route_idx, moved.destination, to, _why_nowhere(moved)
        # Who comes to the other stop by the timetable's time at this one may come too late.
        leaves = min(moved.scheduled, moved.run.published) if moved.leaves else moved.scheduled
        clocks.setdefault(departure, []).append(times.time(leaves))
    messages = []
    for (route, destination, to, why), at in clocks.items():
        departures = f"{', '.join(dict.fromkeys(at))} {moment.towards(destination)}"
        nowhere = texts(why, departures=departures)
        header, stops = nowhere, tuple[tuple[str, str], ...]()
        if to >= 0:
            platform = str(tt.stop_platform[to]) if tt.station[to] == tt.station[stop] else ""
            place = texts("platform", name=moment.platform(platform)) if platform else _place(moment, to)
            header, stops = texts("moved_to", departures=departures, place=place), ((str(tt.stop_id[to]), place),)
        messages.append(AlertWords(header, lines=(moment.lines.all[route],), stops=stops))
    return messages


def first_alert_words(moment: PageMoment, alerts: Iterable[Alert], at: Sequence[int] = ()) -> list[AlertWords]:
    """The first of all, for where they stand beside something else; the last one says how many more there are, and
    leads to the page of all."""
    words = all_alert_words(moment, alerts, at)
    shown, count = words[:_MOST], len(words) - _MOST
    if count > 0:
        header = moment.texts("alerts_others", count=count)
        shown.append(AlertWords(header, url=f"{moment.root}/alerts"))
    return shown


def panel_alert_words(moment: PageMoment, stops: Sequence[int]) -> list[AlertWords]:
    """The first of all that is told at stops, for panels, where no address leads on: what differs in that alone is said
    once."""
    alerts = {alert.alert_id: alert for stop in stops for alert in stop_alerts(moment, stop)}
    words = [
        moved if len(stops) == 1 else replace(moved, header=f"{_place(moment, stop)}: {moved.header}")
        for stop in stops
        for moved in moved_words(moment, stop)
    ]
    words += [_at_stops(moment, message, stops) for message in first_alert_words(moment, alerts.values(), stops)]
    return list(dict.fromkeys(replace(message, url="") for message in words))


def _at_stops(moment: PageMoment, words: AlertWords, stops: Sequence[int]) -> AlertWords:
    """The same for who waits at one of some stops: with the lines from there first and, where it is about other stops
    of these too, its place."""
    here = {route for stop in stops for route in moment.lines.routes_at(stop)}
    lines, header = tuple(sorted(words.lines, key=lambda line: line.route not in here)), words.header
    members = [set(moment.timetable.stop_id[moment.timetable.members(stop)].tolist()) for stop in stops]
    about = [stop for stop, ids in zip(stops, members, strict=True) if any(named in ids for named, _ in words.stops)]
    if 0 < len(about) < len(stops) and not any(moment.stop_name(stop) in header for stop in about):
        header = f"{', '.join(_place(moment, stop) for stop in about)}: {header}"
    return replace(words, lines=lines, header=header)


def _why_nowhere(moved: MovedDeparture) -> str:
    """The text that says why a departure leaves from nowhere in its place."""
    if moved.run.status == "cancelled":
        return "moved_cancelled"
    return "ends_here" if moved.ends_here else "lets_nobody_on" if moved.lets_nobody_on else "moved_nowhere"


def reason_words(moment: PageMoment, row: RunCall) -> str:
    """Why a departure is cancelled or its stop skipped, in a word; "" where no alert tells."""
    alert = telling_why(moment, row)
    return "" if alert is None else _cause(moment, alert)


def _cause(moment: PageMoment, alert: Alert) -> str:
    return _own_words(moment.texts, alert.cause_detail, "cause", alert.cause)


def _own_words(texts: Texts, detail: Mapping[str, str], kind: str, known: str) -> str:
    """The operator's words for a cause or an effect, else ours; those for a code too that its program writes in place
    of words, else the code read as such."""
    told = text_in(detail, texts.language)
    if told and not _CODE.fullmatch(told):
        return told
    ours = texts.known(f"{kind}_{told}") or texts.known(f"{kind}_{known}")
    return ours or told.replace("_", " ").lower()
