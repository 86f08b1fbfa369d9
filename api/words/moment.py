"""The moment a page is rendered from: one view of the service, one reading of the clock, one language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from fastapi import Request

from api.reading.alerts import disturbed_lines
from api.reading.boarding import Occupancy
from api.reading.calls import RunCall
from api.reading.continuations import continues_as
from api.reading.destinations import destination_of
from api.reading.journey import Journey
from api.reading.lines import Lines, lines_of, without_name
from api.reading.moment import Moment
from api.reading.translated_names import names_in
from api.words.abbreviations import Abbreviations
from api.words.lines import apart_words, line_name
from api.words.root_path import root_of
from api.words.texts import LANGUAGE_COOKIE, Texts, country_of, region_of, texts_in, wanted_language
from api.words.times import TimeWords, headway, minutes_late
from predictor.arrays import NONE
from predictor.snapshot import Snapshot
from predictor.timetable import AGENCY_NAME, LINE_SHORT_NAME, PLATFORM_CODE, SIGN, SPOKEN, STOP_NAME, Timetable

_SAYS_TO = re.compile(
    r"(?:^|\s)(?:to|towards?|vers):?\s|^(?:direction|dir\.|richtung|nach|zum|zur|hacia|à|au|aux):?\s"
    r"|\b(?:in|out|(?:north|south)?(?:east|west)|north|south)bound\b|clockwise\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w+")
_NAMED_STOPS = 3
"""So many are named where there are many."""
_COACH = 2
"""Hundreds of the extended `route_type`s of coaches."""
DOUBTED = ("overdue", "held_up")
"""Doubts about a vehicle that riders are told."""


@dataclass(frozen=True)
class FeedState:
    """Whether the vehicle feed is alive, in words."""

    stopped: bool
    message: str
    """How old the data is, or that it stopped."""
    age_s: float | None
    """None before the first sign of life."""


@dataclass(frozen=True, eq=False)
class PageMoment(Moment):
    """Everything that a page reads. Two readings within one page therefore never contradict each other."""

    texts: Texts
    country: str = ""
    """Whose form of the language the reader asks for; "" for the network's."""
    abbreviations: Abbreviations = field(default_factory=Abbreviations)
    """What words of long names are shortened to."""
    root: str = ""
    """What the addresses of pages begin with: the path under which a proxy serves us."""

    @classmethod
    def of(cls, request: Request) -> PageMoment:
        """The latest view, now, in the reader's language."""
        return in_words_of(request, Moment.of(request))

    @property
    def snapshot(self) -> Snapshot:
        """What the engine knows."""
        return self.view.snapshot

    @cached_property
    def lines(self) -> Lines:
        """Lines as they are called in the reader's language."""
        return lines_of(self.timetable, self.texts.language)

    @cached_property
    def disturbed(self) -> frozenset[int]:
        """Routes that are marked wherever they are named."""
        return self.lines.as_one(disturbed_lines(self))

    @cached_property
    def words(self) -> TimeWords:
        """Says times seen from now."""
        return TimeWords(self.texts, self.lines.zone, self.now, self.country or country_of(self.timetable.timezone))

    def words_at(self, stop: int) -> TimeWords:
        """The same by the clocks at a stop."""
        zone = self.view.zone_at(stop)
        return self.words if zone is self.words.zone else replace(self.words, zone=zone)

    @cached_property
    def feed(self) -> FeedState:
        """Whether what is shown is live."""
        age = self.view.feed_age_s(self.now)
        if age is None:
            return FeedState(True, self.texts("feed_never"), None)
        sentence = "feed_stopped" if self.feed_stopped else "data_age"
        return FeedState(self.feed_stopped, self.texts(sentence, age=self.words.age(age)), age)

    @property
    def old_messages(self) -> str:
        """That the operator's messages are of an earlier time, "" where they are of now."""
        at = self.view.messages_read_at(self.now)
        return "" if at is None else self.texts("messages_old", time=self.words.clock(at))

    def doubt_of(self, row: RunCall | Journey) -> str:
        """What speaks against the vehicle, as shown: `overdue`, `held_up`, or ""."""
        return row.doubt if row.doubt in DOUBTED and row.status == "scheduled" and not self.feed.stopped else ""

    def is_about(self, row: RunCall) -> bool:
        """Whether the time to show is the timetable's alone, and reckoned there."""
        return row.reckoned and row.status == "scheduled" and row.predicted is None and not row.passed

    def status_words(self, row: RunCall) -> str:
        """The status in a word or two; in the place of "scheduled" what speaks against the vehicle, or that the time is
        what its last position let expect, or is none of the timetable."""
        estimated = self.is_about(row) or (row.status == "scheduled" and row.predicted is not None)
        return self.texts(self.doubt_of(row) or ("estimated" if estimated else row.status))

    def notes_of(self, row: RunCall, *, via: str = "", at: int = NONE, of_journey: bool = False) -> list[str]:
        """What a rider has to know of a call beside its time, in words. `via`: which way it goes on; `at`: the stop or
        station on whose board it stands; `of_journey`: shown among its run's calls."""
        notes = []
        if row.at_stop and row.status == "live" and row.published >= self.now + 60.0:
            notes.append(self.texts("at_stop_until", time=self.words_at(row.stop_idx).time(row.published)))
        if of_journey and (arrives_at := arrives_before(row)) is not None:
            notes.append(self.texts("arrives_at", time=self.words_at(row.stop_idx).time(arrives_at)))
        if change := self.platform_change(row):
            notes.append(change)
        if not of_journey:
            if row.headway_s is not None and row.clock is not None and row.comes:
                notes.append(self.every(row.headway_s))
            number = row.trip_short_name and self.train_number(row.route_idx, row.trip_short_name)
            # The longest last: what has no room for it still tells the line.
            notes += filter(None, (via, self.part_of(at, row), self.line_told(row), number, self.skips_words(row)))
        if row.comes and of_journey != row.departs and (goes_on := self.goes_on(row)):
            notes.append(goes_on)
        return notes + self._boarding_notes(row, of_journey)

    def goes_on(self, row: RunCall) -> str:
        """As which line to where a run's vehicle goes on with its riders, "" where these get off at its last stop."""
        to, _ = continues_as(self, row.trip_idx, row.service_day, row.shift_s)
        if to < 0:
            return ""
        line = line_name(self.lines.all[int(self.timetable.trip_route[to])], self.texts)
        return self.texts("continues_as", line=line, towards=self.towards(destination_of(self.timetable, to)))

    def skips_words(self, row: RunCall) -> str:
        """At which stops further on a run does not call, "" where it comes to all."""
        return self.texts("skips_on", places=self._named(row.skips)) if row.skips and row.comes else ""

    def part_of(self, station: int, row: RunCall) -> str:
        """From which part of a station a departure leaves, where that has a name of its own and no platform; else
        ""."""
        if station in (NONE, row.stop_idx) or row.platform:
            return ""
        name = self.stop_name(row.stop_idx)
        return "" if name == self.stop_name(station) else self.texts("leaves_from", place=name)

    def platform_change(self, row: RunCall) -> str:
        """From which platform the operator has moved a call, "" where from none."""
        if not row.planned_platform or not row.comes:
            return ""
        return self.texts(
            "platform_changed", name=self.platform(row.platform), planned=self.platform(row.planned_platform)
        )

    def timetable_time(self, row: RunCall) -> str:
        """The timetable's time, with "about" where it is reckoned, where clocks show another one for what is told; else
        ""."""
        if row.scheduled is None or row.clock is None or not minutes_late(row.scheduled, row.clock):
            return ""
        time = self.words_at(row.stop_idx).time(row.scheduled)
        return self.texts("about", time=time) if row.reckoned else time

    @property
    def _names(self) -> Mapping[int, Mapping[str, str]]:
        return names_in(self.timetable.base, self.texts.language)

    @cached_property
    def _translated(self) -> TranslatedNames:
        return translations_of(self.timetable.base, self.texts.language)

    def place_of(self, destination: str) -> str:
        """What a run is bound for, in the reader's language where the timetable has it."""
        return self._translated.signs.get(destination, destination)

    def stop_name(self, stop: int) -> str:
        """The same of a stop's name."""
        name, translated = str(self.timetable.stop_name[stop]), self._translated
        return translated.of_stop.get(stop) or translated.stops.get(name, name)

    def spoken(self, name: str) -> str:
        """A stop or what a run is bound for as it is to be spoken, "" where it is spoken as it is written."""
        spoken = translations_of(self.timetable.base, SPOKEN).signs.get(name, "")
        return "" if spoken == name else spoken

    def platform(self, code: str) -> str:
        """The same of a platform's code."""
        return self._names[PLATFORM_CODE].get(code, code) if code else code

    @property
    def network_name(self) -> str:
        """The same of who runs the lines."""
        name = self.timetable.network_name
        return self._names[AGENCY_NAME].get(name, name)

    def distance(self, distance_m: float) -> str:
        """ "350 m", "1.2 km"."""
        if distance_m < 1000:
            return self.texts("metres", count=round(distance_m / 10) * 10)
        kilometres = f"{distance_m / 1000:.1f}"
        return self.texts("kilometres", count=kilometres.replace(".", self.texts("decimal_point")))

    def towards(self, destination: str) -> str:
        """ "to Centre"; a destination that has such a word itself ("North to Centre") as it is."""
        destination = self.place_of(destination)
        return destination if _SAYS_TO.search(destination) else self.texts("towards", place=destination)

    def every(self, headway_s: int | None) -> str:
        """ "every 8 min", of a line run by headway; else ""."""
        if headway_s is None:
            return ""
        count, unit = headway(headway_s)
        return self.texts(f"every_{unit}", count=count)

    def line_told(self, row: RunCall) -> str:
        """What kind of vehicle serves a departure's line, or who runs it, where that tells it from another of its name
        here; else ""."""
        told = self.lines.told_by(row.route_idx, row.stop_idx)
        return apart_words(told, self.texts) if any(told) else ""

    def train_number(self, route: int, trip_short_name: str) -> str:
        """By which name riders know a train, a ship or a coach beside its line's; else ""."""
        line, kind = self.lines.all[route], int(self.timetable.route_type[route])
        known = line.mode in ("rail", "ferry") or kind // 100 == _COACH
        return trip_short_name if known and trip_short_name != line.name else ""

    def _named(self, stops: Sequence[int]) -> str:
        """The names of a few stops, and how many more there are."""
        names, more = ", ".join(map(self.stop_name, stops[:_NAMED_STOPS])), len(stops) - _NAMED_STOPS
        return f"{names} +{more}" if more > 0 else names

    def _boarding_notes(self, row: RunCall, of_journey: bool) -> list[str]:
        """How to board and alight, where not as usual; who may not board at all is on no board."""
        if not row.comes or row.pickup == row.drop_off == "regular":
            return []
        if of_journey and row.pickup == row.drop_off:
            return [self._on_request("stops", row.pickup, row.route_idx)]
        notes = [] if row.pickup == "regular" else [self._on_request("pickup", row.pickup, row.route_idx)]
        # Where a run begins nobody alights, and where it ends nobody boards: that needs no word.
        begins, ends = not row.arrives, not row.departs
        if ends or (not of_journey and row.pickup == "none"):
            notes = []
        if of_journey and not begins and row.drop_off != "regular":
            notes.append(self._on_request("drop_off", row.drop_off, row.route_idx))
        return notes

    def _on_request(self, event: str, how: str, route: int) -> str:
        """How to ask for it, with the number to be called, where the timetable has one."""
        said = self.texts(f"{event}_{how}")
        told = (self.lines.booked_at(route), self._booked_until(route)) if how == "phone" else ()
        return " · ".join([said, *filter(None, told)])

    def _booked_until(self, route: int) -> str:
        """How long before a ride with a line is booked at the latest; "" where the timetable does not say."""
        until, _, time = str(self.timetable.route_booked_until[route]).partition(" ")
        if not until:
            return ""
        count, unit = (int(until), "days") if time else headway(int(until) * 60.0)
        return self.texts(f"booked_{unit}", count=count, time=time)

    def between_stops(self, route: int, pickup: str, drop_off: str, *, all_the_way: bool) -> list[str]:
        """How to board and get off between stops, as sentences; parameters as of `reading.boarding.between_stops`."""
        where = self.texts("all_the_way" if all_the_way else "parts_of_the_way")
        events = [("stops", pickup)] if pickup == drop_off else [("pickup", pickup), ("drop_off", drop_off)]
        return [
            self.texts(
                f"{event}_anywhere",
                where=where,
                how="" if how == "regular" else f" ({self._on_request(event, how, route)})",
            )
            for event, how in events
            if how != "none"
        ]

    def wheelchair_of(self, row: RunCall) -> str:
        """Whether the vehicle takes wheelchairs, as shown: `no`; `yes` where the vehicle itself tells; else ""."""
        if not row.comes or row.vehicle_wheelchair == "unknown":
            return ""
        return row.vehicle_wheelchair if row.vehicle_wheelchair == "no" or row.vehicle_id is not None else ""

    def occupancy_words(self, occupancy: Occupancy | None) -> str:
        """How full a vehicle is; "" where not told, or once its feed has stopped."""
        if occupancy is None or self.feed.stopped:
            return ""
        words = "" if occupancy.status is None else self.texts(f"occupancy_{occupancy.status}")
        share = "" if occupancy.percentage is None else self.texts("occupancy_share", share=occupancy.percentage)
        return f"{words} ({share})" if words and share else words or share


def arrives_before(row: RunCall) -> float | None:
    """When a run comes to a stop where it will wait for more than a minute, None elsewhere."""
    if not row.arrives or not row.departs or row.passed or row.at_stop or not row.comes:
        return None
    arrives_at = row.scheduled_arrival if row.predicted_arrival is None else row.predicted_arrival
    return arrives_at if arrives_at is not None and minutes_late(arrives_at, row.published) > 0 else None


def language_of(request: Request) -> str:
    """Which of `LANGUAGES` a reader gets: the one asked for, else the one chosen before, else the browser's."""
    return wanted_language(
        request.query_params.get(LANGUAGE_COOKIE),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
    )


def abbreviations_of(request: Request) -> Abbreviations:
    """The operator's."""
    abbreviations: Abbreviations = request.app.state.abbreviations
    return abbreviations


def said_in(
    moment: Moment, language: str, country: str = "", abbreviations: Abbreviations | None = None, root: str = ""
) -> PageMoment:
    """The same moment in the words of one of `LANGUAGES`, in a country's form of it, made once."""
    form = language, country, abbreviations, root
    if form not in moment.said:
        words = texts_in(language), country, abbreviations or Abbreviations(), root
        moment.said[form] = PageMoment(moment.view, moment.now, *words, read=moment.read)
    said: PageMoment = moment.said[form]
    return said


def in_words_of(request: Request, moment: Moment) -> PageMoment:
    """The same in the words of who asks."""
    language = language_of(request)
    country = region_of(language, request.headers.get("accept-language"))
    return said_in(moment, language, country, abbreviations_of(request), root_of(request.scope))


@dataclass(frozen=True)
class TranslatedNames:
    """The names that a timetable has in one language, by what stands in their place: the same text may be called
    otherwise as a stop and on a sign, and at two stops."""

    of_stop: Mapping[int, str]
    stops: Mapping[str, str]
    signs: Mapping[str, str]
    """Also signs that repeat a line's name, as they are said beside its badge, and stops at which runs end."""


@lru_cache(maxsize=8)
def translations_of(timetable: Timetable, language: str) -> TranslatedNames:
    """Those in `language`."""
    names = names_in(timetable, language)
    stops, signs, lines = names[STOP_NAME], names[SIGN], set(timetable.route_short_name.tolist())
    beside = dict[str, str]()
    for sign, other in signs.items():
        for line in lines.intersection(_WORDS.findall(sign)):
            said = without_name(sign, line, spaced=True, hyphened=True)
            if said != sign:
                called = names[LINE_SHORT_NAME].get(line, line)
                beside[said] = without_name(other, called, spaced=True, hyphened=True)
    own = np.flatnonzero((timetable.translation_language == language) & (timetable.translation_stop != NONE))
    stop, translated = timetable.translation_stop[own], timetable.translation_translated[own]
    of_stop = dict(zip(stop.tolist(), translated.tolist(), strict=True))
    return TranslatedNames(of_stop, stops, {**stops, **beside, **signs})
