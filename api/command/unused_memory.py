"""Memory that is no longer used: how often Python looks for it, and giving back what the C library would keep."""

from __future__ import annotations

import ctypes
import gc
import sys

_ARENA_MAX = -8
"""glibc's M_ARENA_MAX for mallopt."""
_ARENAS = 2
"""Threads share so many heaps; glibc would make eight a core, each with its own holes."""


_SELDOM, _WHILE_SERVING = (50_000, 20, 20), (10_000, 10, 10)
"""`gc` thresholds. Python's own, 700, has what is kept of answers looked through at every board; more than these would
hold readers up for milliseconds at a time."""


def collect_seldom() -> None:
    """Let Python look for garbage seldom: at a start nearly all that is made stays, and to look through modules and
    timetables over and over takes a fifth of the time."""
    gc.set_threshold(*_SELDOM)


def collect_while_serving() -> None:
    """Look for it more often than `collect_seldom`, but among what is made from now on: to look through all that is
    there would hold up all readers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_WHILE_SERVING)


def share_heaps() -> None:
    """Let threads share heaps. To be called before there are any; does nothing where the C library is another."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give back what is free: reading a timetable needs a multiple of what stays."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
