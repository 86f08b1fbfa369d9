"""Line badges: the operator's colours where they can be read, readable ones where not."""

from __future__ import annotations

import re
from dataclasses import dataclass

CONTRAST = 4.5
"""WCAG 2.2 AA contrast of text."""
_HEX = re.compile(r"[0-9A-Fa-f]{6}")
_PLAIN = "3B4654"
"""Background where the feed gives no colour."""
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


def badge(color: str, text_color: str) -> Badge:
    """Badge for `route_color` and `route_text_color`: the feed's text colour is kept only where it can be read."""
    if not _HEX.fullmatch(color):
        return Badge(_PLAIN, _PAPER)
    background = color.upper()
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
