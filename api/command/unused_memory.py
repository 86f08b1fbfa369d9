"""Memory that is no longer used: how often Python looks for it, and giving back what the C library would keep."""

from __future__ import annotations

import ctypes
import gc
import sys

_ARENA_MAX = -8
"""glibc's M_ARENA_MAX for mallopt."""
_ARENAS = 2
"""Threads share so many heaps; glibc would make eight a core, each with its own holes."""


_SELDOM = (50_000, 20, 20)
_usually: list[tuple[int, int, int]] = []
"""The thresholds in the place of which those stand."""


def collect_seldom() -> None:
    """Let Python look for garbage seldom: at a start nearly all that is made stays, and to look through modules and
    timetables over and over takes a fifth of the time."""
    if not _usually:
        _usually.append(gc.get_threshold())
    gc.set_threshold(*_SELDOM)


def collect_as_usual() -> None:
    """Look for it as before `collect_seldom`, but among what is made from now on: to look through all that is there
    would hold up all readers."""
    gc.collect()
    gc.freeze()
    if _usually:
        gc.set_threshold(*_usually.pop())


def share_heaps() -> None:
    """Let threads share heaps. To be called before there are any; does nothing where the C library is another."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give back what is free: reading a timetable needs a multiple of what stays."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
