"""The code page of text that is no UTF-8: that of the country where it was written, or of an old system."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ZONE = re.compile(rb"[A-Z][A-Za-z]+/[A-Za-z_/]+")
_OF_ZONES: Mapping[str, str] = {
    "cp1250": "Warsaw Prague Bratislava Budapest Ljubljana Zagreb Belgrade Bucharest Sarajevo Tirane Chisinau",
    "cp1251": "Moscow Kyiv Kiev Minsk Sofia Skopje Samara Volgograd Kaliningrad Saratov Yekaterinburg Omsk Novosibirsk "
    "Krasnoyarsk Irkutsk Vladivostok Almaty Bishkek Ulaanbaatar",
    "cp1253": "Athens Nicosia",
    "cp1254": "Istanbul Baku",
    "cp1255": "Jerusalem Tel_Aviv",
    "cp1256": "Cairo Riyadh Dubai Amman Beirut Baghdad Kuwait Qatar Muscat",
    "cp1257": "Tallinn Riga Vilnius",
    "cp1258": "Ho_Chi_Minh Saigon",
    "cp874": "Bangkok",
    "cp932": "Tokyo",
    "cp949": "Seoul",
    "cp950": "Taipei Hong_Kong Macau",
    "gb18030": "Shanghai Chongqing Urumqi",
}
_OF_CITY = {city: page for page, cities in _OF_ZONES.items() for city in cities.split()}
_SEVERAL_BYTES = frozenset(("cp932", "cp949", "cp950", "gb18030"))
WESTERN = "cp1252"
_LATIN = frozenset(("cp1250", WESTERN, "cp1254", "cp1257", "cp1258"))
_OLD = ("mac_roman", "cp850")
_SAMPLE_BYTES = 1 << 16


def page_of_country(agency: bytes) -> str:
    """The code page of the first time zone that the bytes of agency.txt name, the Western one where that has none."""
    cities = (zone.decode("ascii").rpartition("/")[2] for zone in _ZONE.findall(agency))
    return next((_OF_CITY[city] for city in cities if city in _OF_CITY), WESTERN)


def page_of_text(odd: bytes, country: str) -> str:
    """The code page of lines that are no UTF-8: the country's, unless another makes words of them where it does not."""
    odd = odd[:_SAMPLE_BYTES]
    if country in _SEVERAL_BYTES:
        try:
            # The last letter may be cut.
            odd[: odd.rfind(b"\n") + 1 or None].decode(country)
        except UnicodeDecodeError:
            country = WESTERN
        else:
            return country
    if country not in _LATIN:
        return country
    return max(dict.fromkeys((country, WESTERN, *_OLD)), key=lambda page: _sense(odd.decode(page, "replace")))


def has_letters_of_several_bytes(page: str) -> bool:
    """Whether a letter may be more than one byte of the page."""
    return page in _SEVERAL_BYTES


def _sense(text: str) -> int:
    """By how many more letters beyond ASCII go on with a word in small letters than break it off."""
    sense = 0
    for before, letter, after in zip(text, text[1:], text[2:], strict=False):
        if letter > "\x7f" and before.islower() and after.islower():
            sense += 1 if letter.islower() else -1
    return sense
