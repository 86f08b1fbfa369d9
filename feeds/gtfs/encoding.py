"""The bytes of a GTFS table as UTF-8 text with one kind of line end, whatever program wrote them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from feeds.gtfs.problems import Problems

_BOM = "\ufeff"
_MARK_TWICE = codecs.BOM_UTF8.decode("cp1252").encode()
_SAMPLE_BYTES = 4096
_ALONE = "prochain.byte_alone"
# Ends every file that CP/M's heirs write.
_END_OF_FILE = b"\x1a"
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r") + b"\x7f"
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
"""Pages in which a letter may be more than one byte."""
WESTERN = "cp1252"
_LATIN = frozenset(("cp1250", WESTERN, "cp1254", "cp1257", "cp1258"))
_OLD = ("mac_roman", "cp850")
_ODD_SAMPLE_BYTES = 1 << 16


def utf8_lines(data: bytes, file: str, problems: Problems, country_page: str = WESTERN) -> bytes:
    """The text of `file` as UTF-8 without a byte order mark or control characters, its lines ended by line feeds alone.

    `country_page`: the code page that programs of its country write.
    """
    data = _as_utf8(data, file, problems, country_page)
    data = data.rstrip(_END_OF_FILE)
    if len(printable := data.translate(None, _CONTROLS)) < len(data):
        place = min(place for byte in _CONTROLS if (place := data.find(byte)) >= 0)
        problems.file(file, "holds control characters; taken out.", row=data.count(b"\n", 0, place) + 1)
        data = printable
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        alone = data.count(b"\r")
        # Old Macs end lines so.
        data = data.replace(b"\r", b"\n") if alone > data.count(b"\n") else _with_single_ends(data) if alone else data
    return data


def _with_single_ends(data: bytes) -> bytes:
    """Carriage returns alone among other line ends: where rows stand on both sides they end a line, as where files of
    several programs were put together; others stand inside a name."""
    lines = data.split(b"\n")
    fields = max(lines[0].split(b"\r")[0].count(mark) for mark in (b",", b";", b"\t", b"|"))
    for i, line in enumerate(lines):
        if b"\r" in line:
            rows = line.rstrip(b"\r").split(b"\r")
            whole = fields > 0 and all(
                max(row.count(mark) for mark in (b",", b";", b"\t", b"|")) >= fields for row in rows
            )
            lines[i] = (b"\n" if whole else b" ").join(rows)
    return b"\n".join(lines)


def _as_utf8(data: bytes, file: str, problems: Problems, country_page: str) -> bytes:
    wide = _wide_encoding(data)
    if wide:
        problems.file(file, f"is {wide.upper()[:6]}; GTFS asks for UTF-8. Read as {wide.upper()[:6]}.")
        return data.decode(wide, "replace").lstrip(_BOM).encode("utf-8", "replace")
    # The second is what a program makes of the first that takes it for letters.
    while data.startswith(marks := (codecs.BOM_UTF8, _MARK_TWICE)):
        data = data.removeprefix(marks[0]).removeprefix(marks[1])
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _of_code_page(data, file, problems, country_page)
    return data


def _wide_encoding(data: bytes) -> str:
    """The encoding of two or four bytes a letter that the bytes are in, "" where they are in none."""
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    ):  # fmt: skip
        if data.startswith(mark):
            return name
    sample = data[:_SAMPLE_BYTES]
    # Without a mark, every other byte of letters that ASCII has too is NUL.
    for name, nul, letter in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        if len(nul) and nul.count(0) > 0.5 * len(nul) and not letter.count(0):
            return name
    return ""


def _of_code_page(data: bytes, file: str, problems: Problems, country_page: str) -> bytes:
    """The bytes as UTF-8, those among them that are none read by a code page: files are also written in both."""
    rows, odd = _odd_lines(data)
    page = _page_of_text(odd, country_page)
    name = f"Windows-{page[2:]}" if page.startswith("cp125") else page
    problems.rows(file, rows, [], f"is not UTF-8 in these rows; read as {name}, so accents may be wrong.")
    if page in _SEVERAL_BYTES:
        return data.decode(page, "replace").encode("utf-8")

    def read_alone(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        odd = error.object[error.start : error.start + 1]
        # Some bytes have no letter in their page.
        return odd.decode(page, "ignore") or odd.decode("latin-1"), error.start + 1

    codecs.register_error(_ALONE, read_alone)
    return data.decode("utf-8", _ALONE).encode("utf-8")


def _odd_lines(data: bytes) -> tuple[list[int], bytes]:
    """Numbers of the lines that are no UTF-8, and these lines."""
    rows, odd = [], []
    for row, line in enumerate(data.splitlines(keepends=True), 1):
        if not line.isascii():
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                rows.append(row)
                odd.append(line)
    return rows, b"".join(odd)


def page_of_country(agency: bytes) -> str:
    """The code page of the first time zone that the bytes of agency.txt name, the Western one where that has none."""
    cities = (zone.decode("ascii").rpartition("/")[2] for zone in _ZONE.findall(agency))
    return next((_OF_CITY[city] for city in cities if city in _OF_CITY), WESTERN)


def _page_of_text(odd: bytes, country: str) -> str:
    """The code page of lines that are no UTF-8: the country's, unless another makes words of them where it does not."""
    odd = odd[:_ODD_SAMPLE_BYTES]
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


def _sense(text: str) -> int:
    """By how many more letters beyond ASCII go on with a word in small letters than break it off."""
    sense = 0
    for before, letter, after in zip(text, text[1:], text[2:], strict=False):
        if letter > "\x7f" and before.islower() and after.islower():
            sense += 1 if letter.islower() else -1
    return sense
