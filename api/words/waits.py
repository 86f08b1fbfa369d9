"""A wait on a line run by headway in words."""

from __future__ import annotations

import math

from api.reading.explanations import Explanation
from api.words.explanation import ExplanationWords
from predictor.explain import verdict as words


def words_of(explanation: Explanation, language: str) -> ExplanationWords:
    """An explanation in one language."""
    return (WaitWords if explanation.verdict.by_headway else ExplanationWords)(explanation, language)


class WaitWords(ExplanationWords):
    """Tells one wait in one language."""

    @property
    def outcome(self) -> str:
        """The outcome in a word or two, with the wait and what was promised."""
        v = self._one.verdict
        values = {"outcome": super().outcome, "headway": self._minutes(v.headway_s)}
        if v.outcome in (words.ON_HEADWAY, words.LONG_WAIT) and math.isfinite(v.passed_at):
            return self._texts("wait_measured", wait=self._wait(), **values)
        return self._texts("headway_promised", **values)

    def _opening(self) -> str:
        return self._texts("opening_wait", headway=self._minutes(self._one.verdict.headway_s), **self._asked())

    def _what_happened(self) -> str:
        v = self._one.verdict
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
        v = self._one.verdict
        if math.isfinite(v.passed_at):
            told = [self._sentence("wait_long", values)]
        else:
            waited = next(fact for fact in v.facts if fact.kind == "none_passed")
            told = [self._sentence("wait_long_not_over", {"until": self._time(waited.until)})]
        before = [fact.until for fact in v.facts if fact.kind == "passed" and fact.until < v.scheduled]
        return [*told, self._texts("wait_before", before=self._time(before[-1]))] if before else told

    def _why(self) -> str:
        v, fact = self._one.verdict, self._deciding_fact()
        key, values = f"wait_why_{v.cause}", dict[str, str]()
        if v.cause == words.BUNCHED:
            following = next(f.since for f in v.facts if f.kind == "passed" and f.since > v.passed_at)
            values = {"following": self._time(following)}
        elif v.cause == words.NO_VEHICLE and fact:
            left = [f for f in v.facts if f.kind == "set_out"]
            key += "_set_out"
            values = {
                "place": self._stop(fact.stop), "since": self._time(left[0].since), "until": self._time(left[-1].since)
            }  # fmt: skip
        elif fact:
            values = {
                "vehicle": self._vehicle(fact.vehicle_id), "place": self._stop(fact.stop),
                "since": self._time(fact.since),
                "until": self._time(fact.until if math.isfinite(fact.until) else fact.since),
            }  # fmt: skip
        return self._sentence(key, values)

    def _wait(self) -> str:
        wait_s = self._one.verdict.deviation_s
        return self._texts("under_a_minute") if wait_s < 60.0 else self._minutes(wait_s)

    def _minutes(self, seconds: float) -> str:
        return self._texts("minutes", count=max(round(seconds / 60), 1))
