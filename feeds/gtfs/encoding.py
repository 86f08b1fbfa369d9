"""The bytes of a GTFS table as UTF-8 text with one kind of line end, whatever program wrote them."""

from __future__ import annotations

import codecs

from feeds.gtfs.code_pages import WESTERN, has_letters_of_several_bytes, page_of_text
from feeds.gtfs.problems import Problems

_BOM = "\ufeff"
_MARK_TWICE = codecs.BOM_UTF8.decode("cp1252").encode()
_SAMPLE_BYTES = 4096
_ALONE = "prochain.byte_alone"
# Ends every file that CP/M's heirs write.
_END_OF_FILE = b"\x1a"
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r") + b"\x7f"


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
    page = page_of_text(odd, country_page)
    name = f"Windows-{page[2:]}" if page.startswith("cp125") else page
    problems.rows(file, rows, [], f"is not UTF-8 in these rows; read as {name}, so accents may be wrong.")
    if has_letters_of_several_bytes(page):
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
