"""Faults in words: in English for machines and the command line, in the officer's language at the desk."""

from __future__ import annotations

from collections.abc import Iterable

from api.reading.health import Fault
from api.words.texts import Texts, texts_in


def fault_words(fault: Fault, texts: Texts | None = None) -> str:
    """A sentence or two: what is wrong, and what may be done. `texts`: catalogue of the subject `health`."""
    texts = texts or texts_in("en", "health")
    figures = dict(fault.figures)
    if fault.code == "feed_stopped" and not figures:
        return texts("feed_never")
    if figures.get("examples") == "":
        figures["examples"] = "–"
    return texts(fault.code, **figures)


def detail(faults: Iterable[Fault]) -> str:
    """All of them in English."""
    return " ".join(map(fault_words, faults)) or "Everything runs."
