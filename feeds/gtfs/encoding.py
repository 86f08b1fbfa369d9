"""The bytes of a GTFS table as UTF-8 text with one kind of line end, whatever program wrote them."""

from __future__ import annotations

import codecs

from feeds.gtfs.problems import Problems

_BOM = "\ufeff"
_SAMPLE_BYTES = 4096
_ALONE = "prochain.byte_alone"
# Ends every file that CP/M's heirs write.
_END_OF_FILE = b"\x1a"


def utf8_lines(data: bytes, file: str, problems: Problems) -> bytes:
    """The text of `file` as UTF-8 without a byte order mark or NUL, its lines ended by line feeds alone."""
    data = _as_utf8(data, file, problems)
    data = data.rstrip(_END_OF_FILE)
    if b"\0" in data:
        row = data.count(b"\n", 0, data.index(b"\0")) + 1
        problems.file(file, "holds NUL characters; taken out.", row=row)
        data = data.replace(b"\0", b"")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        alone = data.count(b"\r")
        # Old Macs end lines so; a single one among other ends stands inside a name.
        data = data.replace(b"\r", b"\n" if alone > data.count(b"\n") else b" ") if alone else data
    return data


def _as_utf8(data: bytes, file: str, problems: Problems) -> bytes:
    wide = _wide_encoding(data)
    if wide:
        problems.file(file, f"is {wide.upper()[:6]}; GTFS asks for UTF-8. Read as {wide.upper()[:6]}.")
        return data.decode(wide, "replace").lstrip(_BOM).encode("utf-8", "replace")
    while data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _with_windows_1252(data, file, problems)
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


def _with_windows_1252(data: bytes, file: str, problems: Problems) -> bytes:
    """The bytes as UTF-8, those among them that are none read as Windows-1252: files are also written in both."""
    rows: list[int] = []
    counted_to, row = 0, 1

    def read_alone(error: UnicodeError) -> tuple[str, int]:
        nonlocal counted_to, row
        if not isinstance(error, UnicodeDecodeError):
            raise error
        row += data.count(b"\n", counted_to, error.start)
        counted_to = error.start
        if not rows or rows[-1] != row:
            rows.append(row)
        odd = data[error.start : error.start + 1]
        # Five bytes have no letter in Windows-1252.
        return odd.decode("cp1252", "ignore") or odd.decode("latin-1"), error.start + 1

    codecs.register_error(_ALONE, read_alone)
    text = data.decode("utf-8", _ALONE)
    problems.rows(file, rows, [], "is not UTF-8 in these rows; read as Windows-1252, so accents may be wrong.")
    return text.encode("utf-8")
