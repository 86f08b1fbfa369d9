"""An explanation in words: the answer to the rider, and the facts for the officer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from api.reading.destinations import destination_of
from api.reading.explanations import Explanation
from api.reading.lines import lines_of
from api.reading.translated_names import names_in
from api.words.texts import country_of, texts_in, typeset
from api.words.times import TimeWords, clock_minutes
from feeds.alerts.translations import text_in
from predictor.explain import verdict as words
from predictor.explain.verdict import Fact
from predictor.timetable import STOP_NAME

_SUBJECT = "explain"


@dataclass(frozen=True)
class FactLine:
    """One fact, told."""

    when: str
    """"07:12" or "07:12–07:40"."""
    what: str


class ExplanationWords:
    """Tells one explanation in one language."""

    def __init__(self, explanation: Explanation, language: str) -> None:
        self._explanation, self._language = explanation, language
        self._timetable, self._verdict = explanation.timetable, explanation.verdict
        self._texts = texts_in(language, _SUBJECT)
        tt = explanation.timetable
        zone = ZoneInfo(str(tt.stop_timezone[explanation.stop]) or tt.timezone)
        self._times = TimeWords(self._texts, zone, explanation.verdict.scheduled, country_of(tt.timezone))
        self._time = self._times.time

    @property
    def line(self) -> str:
        """The line's name on that day."""
        tt, route = self._timetable, self._explanation.route
        return lines_of(tt, self._texts.language).all[route].name

    @property
    def stop(self) -> str:
        """The stop's."""
        return self._stop(self._explanation.stop)

    @property
    def scheduled(self) -> str:
        """The time of day that it is told for."""
        return self._time(self._verdict.scheduled)

    @property
    def outcome(self) -> str:
        """The outcome in a word or two."""
        return self._texts(f"outcome_{self._verdict.outcome}")

    @property
    def cause(self) -> str:
        """The cause in a word or two, "" where there is none."""
        cause = self._verdict.cause
        return self._texts(f"cause_{cause}") if cause else ""

    def facts(self) -> list[FactLine]:
        """The facts in order of time."""
        return [FactLine(self._span(fact), self._told(fact)) for fact in self._verdict.facts]

    def answer(self) -> str:
        """The whole answer, ready to be sent to the rider."""
        v, alert_header = self._verdict, self._header()
        parts = [self._opening(), self._what_happened()]
        if alert_header and v.outcome in (words.NOT_SERVED, words.LONG_WAIT):
            parts.append(self._texts("alert_said", header=alert_header))
        if v.outcome in (words.EARLY, words.LATE, words.NOT_SERVED, words.LONG_WAIT):
            parts.append(self._texts("sorry"))
        elif v.outcome == words.NOT_SEEN and math.isnan(v.passed_at):
            parts.append(self._texts("sorry_not_known"))
        return " ".join(parts)

    def _opening(self) -> str:
        return self._texts("opening", **self._asked())

    def _asked(self) -> dict[str, str]:
        return {
            "line": self.line,
            "headsign": self._explanation.headsign,
            "date": self._times.date(self._verdict.scheduled),
            "time": self.scheduled,
            "stop": self.stop,
        }

    def _what_happened(self) -> str:
        v = self._verdict
        key = f"answer_{v.cause if v.outcome in (words.NOT_SERVED, words.NOT_SEEN) else v.outcome}"
        values: dict[str, str] = {"vehicle": self._vehicle(v.vehicle_id)}
        if math.isfinite(v.passed_at):
            values["passed"] = self._time(v.passed_at)
            values["minutes"] = self._texts("minutes", count=max(abs(clock_minutes(v.scheduled, v.passed_at)), 1))
            if v.outcome == words.NOT_SEEN and f"{key}_likely" in self._texts.entries:
                key += "_likely"
        fact = self._deciding_fact()
        if fact and fact.kind in ("line_seen", "line_unseen", "told", "told_no_more"):
            key = f"answer_{v.cause}_{fact.kind}"
        elif v.cause == words.STUCK:
            key += "_stuck" if v.outcome == words.LATE else "_at" if fact and fact.kind == "stood" else ""
        elif v.cause == words.BREAKDOWN and fact and fact.trip >= 0:
            key += "_before"
        elif v.cause == words.DETOUR:
            seen = {f.kind: f for f in v.facts}
            if "last_seen" in seen and "next_seen" in seen:
                for name in ("last", "next"):
                    sighting = seen[f"{name}_seen"]
                    values |= {f"{name}_place": self._stop(sighting.stop), f"{name}_time": self._time(sighting.since)}
            else:
                key += "_announced"
        return self._sentence(key, values | self._places_and_times(fact))

    def _places_and_times(self, fact: Fact | None) -> dict[str, str]:
        """Of the fact that an answer names."""
        if fact is None:
            return {}
        until = fact.until if math.isfinite(fact.until) else fact.since
        return {
            "place": self._stop(fact.stop), "since": self._time(fact.since), "until": self._time(until),
            "forecast": self._forecast(fact),
        }  # fmt: skip

    def _forecast(self, fact: Fact) -> str:
        """When the operator said that it comes, and how far that is off the timetable."""
        if math.isnan(fact.time):
            return ""
        off = 0 if self._verdict.by_headway else clock_minutes(self._verdict.scheduled, fact.time)
        key = "forecast_late" if off > 0 else "forecast_early" if off < 0 else "forecast"
        return self._texts(key, time=self._time(fact.time), minutes=self._texts("minutes", count=abs(off)))

    def _sentence(self, key: str, values: dict[str, str]) -> str:
        sentence = str(self._texts.entries[key]).format(**values)
        return sentence[:1].upper() + sentence[1:]

    def _deciding_fact(self) -> Fact | None:
        """The fact that the answer names."""
        wanted = {
            words.CANCELLED: ("cancelled", "skipped"),
            words.BREAKDOWN: ("stood",),
            words.SHORT_TURN: ("turned",),
            words.STUCK: ("stood", "passed", "last_seen"),
            words.ENDED_EARLY: ("last_seen",),
            words.JOINED_LATE: ("took_up",),
            words.TRIP_NOT_NAMED: ("nameless", "told_no_more", "told"),
            words.NO_VEHICLE: ("set_out", "line_seen", "line_unseen"),
            words.FEED_GAP: ("feed_gap", "service_down"),
            words.VEHICLE_SILENT: ("vehicle_silent",),
        }.get(self._verdict.cause, ())
        found = [fact for kind in wanted for fact in self._verdict.facts if fact.kind == kind]
        first = [fact for fact in found if fact.kind == found[0].kind]
        # Of what was told over time the last word counts, of all else what lasted longest.
        return max(first, key=lambda fact: fact.since if fact.kind == "told" else fact.until - fact.since, default=None)

    def _told(self, fact: Fact) -> str:
        sentence = self._texts.entries[f"fact_{fact.kind}"]
        values = {
            "stop": self._stop(fact.stop), "since": self._time(fact.since), "header": self._header(fact),
            "forecast": self._forecast(fact),
        }  # fmt: skip
        parts = [str(sentence).format(**values)]
        if fact.vehicle_id:
            parts.append(self._texts("by_vehicle", vehicle=fact.vehicle_id))
        if fact.trip >= 0:
            tt = self._timetable
            begins = float(tt.date_origin[self._verdict.service_day] + tt.trip_start_s[fact.trip])
            headsign = destination_of(tt, fact.trip)
            parts.append(self._texts("on_other_trip", time=self._time(begins), headsign=headsign))
        return ", ".join(parts)

    def _header(self, fact: Fact | None = None) -> str:
        """What an alert said (by default the first that the facts name), in this language where it has it."""
        named = [fact.alert_id] if fact else [f.alert_id for f in self._verdict.facts if f.alert_id]
        alert = next(
            (self._explanation.alerts[alert_id] for alert_id in named if alert_id in self._explanation.alerts), None
        )
        header = "" if alert is None else text_in(alert.header or alert.description, self._language)
        return typeset(header, self._language)

    def _vehicle(self, vehicle_id: str) -> str:
        return self._texts("vehicle", vehicle=vehicle_id) if vehicle_id else self._texts("a_vehicle")

    def _stop(self, stop: int) -> str:
        name = str(self._timetable.stop_name[stop]) if stop >= 0 else ""
        return names_in(self._timetable.base, self._language)[STOP_NAME].get(name, name)

    def _span(self, fact: Fact) -> str:
        if math.isfinite(fact.until) and fact.until - fact.since >= 60.0:
            return f"{self._time(fact.since)}–{self._time(fact.until)}"
        return self._time(fact.since)


def words_of(explanation: Explanation, language: str) -> ExplanationWords:
    """An explanation in one language."""
    return (WaitWords if explanation.verdict.by_headway else ExplanationWords)(explanation, language)


class WaitWords(ExplanationWords):
    """Tells one wait in one language."""

    @property
    def outcome(self) -> str:
        """The outcome in a word or two, with the wait and what was promised."""
        v = self._verdict
        values = {"outcome": super().outcome, "headway": self._minutes(v.headway_s)}
        if v.outcome in (words.ON_HEADWAY, words.LONG_WAIT) and math.isfinite(v.passed_at):
            return self._texts("wait_measured", wait=self._wait(), **values)
        return self._texts("headway_promised", **values)

    def _opening(self) -> str:
        return self._texts("opening_wait", headway=self._minutes(self._verdict.headway_s), **self._asked())

    def _what_happened(self) -> str:
        v = self._verdict
        nameless = [fact for fact in v.facts if fact.kind == "nameless"]
        if v.outcome == words.NOT_SEEN and nameless:
            values = {"vehicle": self._vehicle(nameless[0].vehicle_id), "passed": self._time(nameless[0].since)}
            return self._sentence("wait_trip_not_named", values)
        if v.outcome == words.NOT_SEEN:
            return super()._what_happened()
        if v.outcome == words.EXPECTED:
            return self._texts("wait_expected")
        values = {"vehicle": self._vehicle(v.vehicle_id)}
        if math.isfinite(v.passed_at):
            values |= {"passed": self._time(v.passed_at), "wait": self._wait()}
        if v.outcome == words.ON_HEADWAY:
            return self._sentence("wait_on_headway", values)
        return " ".join([*self._how_long(values), self._why()])

    def _how_long(self, values: dict[str, str]) -> list[str]:
        v = self._verdict
        if math.isfinite(v.passed_at):
            sentences = [self._sentence("wait_long", values)]
        else:
            waited = next(fact for fact in v.facts if fact.kind == "none_passed")
            sentences = [self._sentence("wait_long_not_over", {"until": self._time(waited.until)})]
        before = [fact.until for fact in v.facts if fact.kind == "passed" and fact.until < v.scheduled]
        return [*sentences, self._texts("wait_before", before=self._time(before[-1]))] if before else sentences

    def _why(self) -> str:
        v, fact = self._verdict, self._deciding_fact()
        key, values = f"wait_why_{v.cause}", dict[str, str]()
        if v.cause == words.BUNCHED:
            following = next(f.since for f in v.facts if f.kind == "passed" and f.since > v.passed_at)
            values = {"following": self._time(following)}
        elif v.cause == words.NO_VEHICLE and fact and fact.kind == "set_out":
            left = [f for f in v.facts if f.kind == "set_out"]
            key += "_set_out"
            values = {
                "place": self._stop(fact.stop), "since": self._time(left[0].since), "until": self._time(left[-1].since)
            }  # fmt: skip
        elif fact:
            values = {"vehicle": self._vehicle(fact.vehicle_id), **self._places_and_times(fact)}
        return self._sentence(key, values)

    def _wait(self) -> str:
        v = self._verdict
        if v.deviation_s < 60.0:
            return self._texts("under_a_minute")
        return self._texts("minutes", count=clock_minutes(v.scheduled, v.passed_at))

    def _minutes(self, seconds: float) -> str:
        return self._texts("minutes", count=max(round(seconds / 60), 1))
