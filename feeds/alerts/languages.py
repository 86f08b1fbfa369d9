"""Alerts that are told once in each language, as one with all of them: each reader reads it once, in his own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

from feeds.alerts.alert import Alert

_TEXTS = (
    "header", "description", "tts_header", "tts_description", "url", "cause_detail", "effect_detail",
    "image_alternative_text",
)  # fmt: skip


def with_all_languages(alerts: Iterable[Alert]) -> list[Alert]:
    """The alerts, in their order, those of one language that differ in nothing but their texts as one: the first of
    each language, the second of each, and so on, where there are as many of each."""
    listed = list(alerts)
    alike: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, alert in enumerate(listed):
        if (language := _language(alert)) is not None:
            alike[_without_texts(alert)][language].append(place)
    for by_language in alike.values():
        if len({len(places) for places in by_language.values()}) == 1:
            for first, *others in zip(*by_language.values(), strict=True):
                listed[first] = reduce(_joined, (listed[place] for place in others), listed[first])
                for place in others:
                    listed[place] = listed[first]
    return list({id(alert): alert for alert in listed}.values())


def _language(alert: Alert) -> str | None:
    """The one in which it is told, "" where no text names it; None where there are several."""
    tags = alert.header.keys() | alert.description.keys()
    languages = {tag.split("-")[0].lower() for tag in tags if tag}
    return None if len(languages) > 1 else next(iter(languages), "")


def _without_texts(alert: Alert) -> str:
    texts: dict[str, Any] = {name: {} for name in _TEXTS}
    return repr(replace(alert, alert_id="", images=(), selectors=tuple(sorted(alert.selectors, key=repr)), **texts))


def _joined(alert: Alert, other: Alert) -> Alert:
    texts: dict[str, Any] = {name: _of_a_language(alert, name) | _of_a_language(other, name) for name in _TEXTS}
    return replace(alert, images=tuple(dict.fromkeys(alert.images + other.images)), **texts)


def _of_a_language(alert: Alert, name: str) -> dict[str, str]:
    """The texts of a field, those without a language in that of the message."""
    texts: Mapping[str, str] = getattr(alert, name)
    language = next(filter(None, (*alert.header, *alert.description)), "")
    return {tag or language: text for tag, text in texts.items()}
