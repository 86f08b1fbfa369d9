"""Line badges: the operator's colours where they can be read, readable ones where not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CONTRAST = 4.5
"""WCAG 2.2 AA contrast of text."""
_HEX = re.compile(r"[0-9A-Fa-f]{6}")
_OWN = (
    "0B5CAD", "C8201C", "2E7D1E", "8A2BB0", "F2A900", "00757A", "B0146B", "7A3B1E",
    "7FC8F8", "5A5F14", "3949AB", "F4A6C0", "006B3F", "C2410C", "B9A5F0", "1B4B72",
    "A8D65C", "8B1A3A", "6D4FC2", "5FD0C0", "00658F", "FFD84D", "475569", "E57373",
)  # fmt: skip
"""Backgrounds where the feed gives no colour."""
_NO_COLOURS = ({"FFFFFF"}, {"000000"}, set[str]())
"""What feeds that have no colours say of all their lines."""
_INK, _PAPER = "000000", "FFFFFF"


@dataclass(frozen=True)
class Badge:
    """Colours of a line's badge as RRGGBB, text on background, of at least `CONTRAST`."""

    background: str
    text: str

    @property
    def css_class(self) -> str:
        """Class that carries these colours."""
        return f"c{self.background}-{self.text}"

    @property
    def css_rule(self) -> str:
        """The class's rule."""
        return f".{self.css_class}{{background:#{self.background};color:#{self.text}}}"


def badges(ids: Sequence[str], colors: Sequence[str], text_colors: Sequence[str]) -> list[Badge]:
    """Badges of all lines of a network, by their `route_id`, `route_color` and `route_text_color`.

    A line without a colour gets one of ours that it keeps from one timetable to the next, each of them as often as
    any other.
    """
    hex_colors = [color.upper() if _HEX.fullmatch(color) else "" for color in colors]
    if len(hex_colors) > 1 and set(hex_colors) - {""} in _NO_COLOURS:
        hex_colors = [""] * len(hex_colors)
    own = _own_colours([route_id for route_id, color in zip(ids, hex_colors, strict=True) if not color])
    return [
        _badge(color or own[route_id], text) for route_id, color, text in zip(ids, hex_colors, text_colors, strict=True)
    ]


def _own_colours(ids: Iterable[str]) -> dict[str, str]:
    """Each id's colour: the one that the id alone says, or the next that fewer others have."""
    chosen: dict[str, str] = {}
    used = [0] * len(_OWN)
    for route_id in sorted(ids):
        first = int.from_bytes(hashlib.blake2b(route_id.encode(), digest_size=4).digest()) % len(_OWN)
        place = min(range(len(_OWN)), key=lambda n: (used[n], (n - first) % len(_OWN)))
        used[place] += 1
        chosen[route_id] = _OWN[place]
    return chosen


def _badge(background: str, text_color: str) -> Badge:
    """The feed's text colour is kept only where it can be read."""
    if _HEX.fullmatch(text_color) and contrast(background, text_color) >= CONTRAST:
        return Badge(background, text_color.upper())
    # One of black and white always reaches 4.58 on any colour.
    return Badge(background, max((_PAPER, _INK), key=lambda text: contrast(background, text)))


def contrast(colour: str, other: str) -> float:
    """WCAG contrast ratio of two RRGGBB colours, 1 to 21."""
    dark, light = sorted((_luminance(colour), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[i : i + 2], 16) / 255) for i in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
