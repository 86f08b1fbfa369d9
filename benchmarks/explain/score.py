"""Precision and recall of verdicts, by kind, call by call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from feeds.simulator.incidents import BREAKDOWN, CANCELLED_TRIPS, DETOUR, FEED_GAP, SHORT_TURN
from predictor.explain import verdict as words
from predictor.explain.verdict import Verdict

RAN = "ran"
UNCERTAIN = "uncertain"
"""A call at the very edge of a feed gap: either answer is right."""
_KINDS = {
    words.BREAKDOWN: BREAKDOWN,
    words.SHORT_TURN: SHORT_TURN,
    words.DETOUR: DETOUR,
    words.CANCELLED: CANCELLED_TRIPS,
}


@dataclass(frozen=True)
class Score:
    """Counts of (true kind, said kind)."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def and_(self, other: Score) -> Score:
        """Both."""
        return Score(self.counts + other.counts)

    def kinds(self) -> list[str]:
        """What was to be told, incidents first."""
        first = [BREAKDOWN, SHORT_TURN, DETOUR, CANCELLED_TRIPS, FEED_GAP, RAN]
        return [kind for kind in first if self.true(kind) or self.said(kind)]

    def true(self, kind: str) -> int:
        """Calls that were of this kind."""
        return sum(n for (true, _), n in self.counts.items() if true == kind)

    def said(self, kind: str) -> int:
        """Calls that were said to be."""
        return sum(n for (_, verdict), n in self.counts.items() if verdict == kind)

    def right(self, kind: str) -> int:
        """Calls rightly said to be."""
        return self.counts[kind, kind]

    def precision(self, kind: str) -> float:
        """Of those said, the share that is right; 1 where none was said."""
        return self.right(kind) / self.said(kind) if self.said(kind) else 1.0

    def recall(self, kind: str) -> float:
        """Of those that were, the share that was said; 1 where there were none."""
        return self.right(kind) / self.true(kind) if self.true(kind) else 1.0

    def mistaken(self, kind: str) -> list[tuple[str, int]]:
        """What calls of this kind were said to be instead, the most frequent first."""
        wrong = Counter({verdict: n for (true, verdict), n in self.counts.items() if true == kind and verdict != kind})
        return wrong.most_common(5)


def kind_said(verdict: Verdict) -> str:
    """The incident that a verdict blames, in the simulator's words; else its own."""
    if verdict.outcome in (words.ON_TIME, words.EARLY, words.LATE):
        return RAN
    if verdict.cause == words.FEED_GAP:
        return FEED_GAP
    return _KINDS.get(verdict.cause, verdict.cause or verdict.outcome)


def score(truth: pd.Series, verdicts: list[Verdict]) -> Score:
    """Compare verdicts with the true kinds, in the same order; what is uncertain is left out."""
    pairs = zip(truth.tolist(), map(kind_said, verdicts), strict=True)
    return Score(Counter((true, verdict) for true, verdict in pairs if true != UNCERTAIN))
