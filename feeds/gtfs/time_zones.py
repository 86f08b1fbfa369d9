"""Time zones as people write their names."""

from __future__ import annotations

import difflib
from functools import cache
from zoneinfo import available_timezones


def known_zone(text: str) -> str | None:
    """The IANA name that is meant, None where there is none like it."""
    # No two zones differ in capitals alone, and none has a blank in its name.
    return _time_zones().get(text.replace(" ", "_").casefold())


def zones_like(text: str) -> list[str]:
    """IANA names that may have been meant."""
    return difflib.get_close_matches(text, _time_zones().values(), n=3, cutoff=0.5)


@cache
def _time_zones() -> dict[str, str]:
    """Names of the IANA database, which stands in hundreds of files, by the same in small letters."""
    return {name.casefold(): name for name in available_timezones()}
