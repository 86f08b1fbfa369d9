"""Time zones as people write their names."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from feeds.zone_places import OUT_OF_ZONE_KM, Place, zones_by_distance

_NO_LETTER = re.compile(r"[\W_]+")
_REMARK = re.compile(r"\s*\(.*\)\s*$")
_AROUND_KM = 300.0
_OFFSET = re.compile(
    r"\(?\s*(?:UTC|GMT|Z)?\s*([+\u2212-])?\s*(\d{1,2})(?:[:.h]?([0-5]\d))?\b.*", re.IGNORECASE | re.DOTALL
)


def known_zone(text: str) -> str | None:
    """The IANA name that is meant, None where there is none like it: itself, the one that Windows calls so, or the only
    one of a city of that name."""
    # No two zones differ in capitals alone, and none has a blank in its name.
    text = _REMARK.sub("", text).strip() or text
    zone = _time_zones().get(text.replace(" ", "_").casefold())
    if zone or any(letter.isdigit() for letter in text):
        return zone
    return _of_windows().get(text.casefold()) or _by_letters().get(_NO_LETTER.sub("", text.casefold()))


def zone_of_offset(text: str, place: Place) -> str | None:
    """The zone near a place in which clocks show so much more in winter than in Greenwich (`UTC+1`), None where the
    text is none of that or zones with it that are about as near change their clocks on other days."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0)) * (1 if sign in ("+", None) else -1)
    near = [
        (km, zone) for km, zone in zones_by_distance(place) if km < OUT_OF_ZONE_KM and min(_offsets(zone)) == offset
    ]
    alike = {_offsets(zone) for km, zone in near if km <= 3 * near[0][0] + _AROUND_KM}
    return near[0][1] if len(alike) == 1 else None


def has_clocks_of(zone: str, place: Place) -> bool:
    """Whether the clocks of a zone show what those of any zone around a place do, the year round."""
    near = zones_by_distance(place)
    around = (known for km, known in near if km <= 3 * near[0][0] + _AROUND_KM)
    return any(_offsets(known) == _offsets(zone) for known in around)


@cache
def _offsets(zone: str) -> tuple[timedelta, ...]:
    """How much more than in Greenwich clocks show on the first of each month of this year."""
    year, found = datetime.now(UTC).year, ZoneInfo(zone)
    return tuple(found.utcoffset(datetime(year, month, 1, 12)) or timedelta() for month in range(1, 13))


def what_to_give(text: str) -> str:
    """What to write in place of a zone that is not known, in words."""
    if _OFFSET.fullmatch(text.strip()):
        return (
            "; this is a difference from Greenwich, and neither it nor the zones around tell when clocks change. Give "
            "the IANA name of the place, such as Europe/Paris."
        )
    near = difflib.get_close_matches(text, _time_zones().values(), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else "; give one of the IANA names, such as Europe/Paris."


@cache
def _time_zones() -> dict[str, str]:
    """Names of the IANA database, which stands in hundreds of files, by the same in small letters."""
    return {name.casefold(): name for name in available_timezones()}


@cache
def _by_letters() -> dict[str, str]:
    """Zones by the letters of their name, and by those of their city where no other has it."""
    named = [name for name in available_timezones() if "/" in name]
    letters = {_NO_LETTER.sub("", name.casefold()): name for name in named}
    cities = [_NO_LETTER.sub("", name.rpartition("/")[2].casefold()) for name in named]
    times = Counter(cities)
    return {city: name for city, name in zip(cities, named, strict=True) if times[city] == 1} | letters


@cache
def _of_windows() -> dict[str, str]:
    """Zones by the names that Windows has for them, as the Unicode Consortium lists them."""
    # Only such names wait for it.
    from babel.core import get_global

    return {name.casefold(): zone for name, zone in get_global("windows_zone_mapping").items()}
