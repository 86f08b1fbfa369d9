"""What programs put before or behind all ids of a feed: its name, the kind of thing, a date or a version."""

from __future__ import annotations

import re
from collections.abc import Container, Set
from itertools import product

SEPARATOR = re.compile(r"[:_|/.\-#@~ ]+")
_FEED_OF = 5
"""Words before each of so many ids, all of which are ours without them, are the feed's name; what stands behind each of
so many, alike but for its numbers, is nothing of ours."""


def without_words_around(unknown: Set[str], ours: Container[str]) -> dict[str, str]:
    """The ids that are not known as they are, as ours: without the words that stand before each of them, else behind
    each, else around; none where some are not ours without them, or are another's too."""
    if len(unknown) < _FEED_OF:
        return {}
    example = min(unknown)
    cuts = list(SEPARATOR.finditer(example))
    before = [example[: cut.end()] for cut in cuts]
    before = [words for words in before if all(name.startswith(words) for name in unknown)]
    behind = [re.sub(r"\d+", r"\\d+", re.escape(example[cut.start() :])) for cut in cuts]
    around = (
        *((words, "") for words in before),
        *(("", words) for words in behind),
        *product(before, behind),
    )
    for first, last in around:
        form = re.compile(f"{re.escape(first)}(.+?){last}")
        bare = {}
        for name in unknown:
            match = form.fullmatch(name)
            if match is None or match[1] not in ours:
                break
            bare[name] = match[1]
        if len({*bare.values()}) == len(unknown):
            return bare
    return {}
