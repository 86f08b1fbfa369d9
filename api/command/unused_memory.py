"""Giving memory back to the system that the C library would keep for its own later use."""

from __future__ import annotations

import ctypes
import sys

_ARENA_MAX = -8
"""glibc's M_ARENA_MAX for mallopt."""
_ARENAS = 2
"""Threads share so many heaps; glibc would make eight a core, each with its own holes."""


def share_heaps() -> None:
    """Let threads share heaps. To be called before there are any; does nothing where the C library is another."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give back what is free: reading a timetable needs a multiple of what stays."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
