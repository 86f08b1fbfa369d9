"""What programs put around a message: letters in place of bytes, web pages, frames, heads of HTTP, calls of scripts."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re

from feeds.bounded_unpacking import packed_as
from feeds.letters import BEFORE_TEXT

_HEX = re.compile(rb"(?:0x|\\x)?((?:[0-9a-fA-F]{2}[ \t\r\n:]*){8,})")
# Nothing is tried in another way: sixty letters before a blank would take years.
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/_\-]{2,}+={0,2}+|[\r\n]++)*+")
_DATA_ADDRESS = re.compile(rb"data:[\w/+.;=-]*;base64,")
_ADDRESS_LETTERS = bytes.maketrans(b"-_", b"+/")
_PADDED = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_HEAD = re.compile(rb"\s*(?:HTTP/\d[\d.]* \d{3}[^\r\n]*\r?\n|--[^\r\n]{1,200}\r?\n)(?:[\w-]+:[^\r\n]*\r?\n)*\r?\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})(?:;[^\r\n]*)?\r\n")
_TAG = re.compile(rb"<[^<>]{0,500}>")
_SCRIPT = re.compile(rb"[^{\[\"<]{0,200}")
_FRAME_BYTES = 5
_SHORTEST = 8
"""No message is written in fewer letters."""


def unwrapped(data: bytes) -> bytes | None:
    """The bytes with the outermost wrapper taken off, None where none is known."""
    text = data.strip(BEFORE_TEXT)
    return (
        _of_letters(text)
        or _after_head(data)
        or _of_chunks(data)
        or _framed(data)
        or _of_page(text)
        or _of_json(text)
        or _in_script(text)
        or _of_latin1(data)
    )


def _of_latin1(data: bytes) -> bytes | None:
    """Bytes that a program took for letters and wrote as UTF-8, of which none is lost."""
    try:
        bare = data.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return None
    return bare if len(bare) < len(data) else None


def _of_letters(text: bytes) -> bytes | None:
    """Hexadecimal or base64, as a string of JSON too and in letters for addresses."""
    text = _DATA_ADDRESS.sub(b"", text.strip(b'"'), count=1)
    if found := _HEX.fullmatch(text):
        return binascii.unhexlify(re.sub(rb"[\s:]", b"", found[1]))
    if len(text) < _SHORTEST or not _BASE64.fullmatch(text):
        return None
    try:
        # Frames one after the other are each padded.
        parts = _PADDED.findall(re.sub(rb"\s", b"", text.translate(_ADDRESS_LETTERS)))
        return b"".join(base64.b64decode(part + b"=" * (-len(part) % 4)) for part in parts)
    except ValueError:
        return None


def _after_head(data: bytes) -> bytes | None:
    """The first part of a multipart body, or what follows the head of an answer that was kept with it."""
    head = _HEAD.match(data, 0, 4096)
    if head is None:
        return None
    body = data[head.end() :]
    first = data.lstrip().split(b"\n", 1)[0].strip()
    if first.startswith(b"--"):
        return body.partition(b"\r\n" + first)[0] if b"\r\n" + first in body else body.partition(b"\n" + first)[0]
    return body


def _of_chunks(data: bytes) -> bytes | None:
    """What was sent in chunks, where their lengths were left among them."""
    parts: list[bytes] = []
    place = 0
    while found := _CHUNK.match(data, place):
        length = int(found[1], 16)
        if length == 0:
            return b"".join(parts) or None
        parts.append(data[found.end() : found.end() + length])
        place = found.end() + length + 2
    return None


def _framed(data: bytes) -> bytes | None:
    """The message in a frame of gRPC, which tells its length and is followed by another that has none."""
    length = int.from_bytes(data[1:_FRAME_BYTES], "big")
    whole = data[:1] == b"\0" and 0 < length <= len(data) - _FRAME_BYTES
    return data[_FRAME_BYTES : _FRAME_BYTES + length] if whole else None


def _of_page(text: bytes) -> bytes | None:
    """The text of a web page or an XML document that holds hardly anything else."""
    if not text.startswith(b"<"):
        return None
    inside = html.unescape(_TAG.sub(b"", text).decode("utf-8", "replace")).strip().encode()
    return inside if inside and inside != text else None


def _of_json(text: bytes) -> bytes | None:
    """The only text in JSON, the numbers of its bytes, or several objects one a line as one list."""
    if not text.startswith((b'"', b"{", b"[")):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _of_lines(text)
    if isinstance(content, dict):
        held = [value for value in content.values() if isinstance(value, str | list) and len(value) >= _SHORTEST]
        content = held[0] if len(held) == 1 else content
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    if isinstance(content, list) and content and all(isinstance(byte, int) and 0 <= byte < 256 for byte in content):
        return bytes(content)
    return None


def _of_lines(text: bytes) -> bytes | None:
    lines = text.splitlines()
    if len(lines) < 2 or not all(line.strip().startswith(b"{") for line in lines if line.strip()):
        return None
    return b"[" + b",".join(line for line in lines if line.strip()) + b"]"


def _in_script(text: bytes) -> bytes | None:
    """JSON that a script is handed, or that is kept from being one."""
    before = _SCRIPT.match(text)
    place = before.end() if before else 0
    if place == 0 or text[place : place + 1] not in (b"{", b"[") or packed_as(text):
        return None
    end = max(text.rfind(b"}"), text.rfind(b"]")) + 1
    return text[place:end] if end > place else None
