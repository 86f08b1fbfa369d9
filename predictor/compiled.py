"""Loops that numba compiles to machine code: for what NumPy can only do in many passes over memory.

Each stands in a file of its own (`*_loop.py`), takes plain arrays and numbers, and is compiled when first called; the
result is kept on disk beside the file, or in the user's cache folder where that cannot be written. It is made anew when
that file changes and no other: a loop calls none of another file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a function. Division by zero gives what it gives in NumPy; sums are never put in another order, so
    results are the same on every machine. Threads that answer readers go on meanwhile."""
    try:
        return cast(Loop, numba.njit(cache=True, nogil=True, error_model="numpy")(loop))
    except RuntimeError:  # No folder to keep it in.
        return cast(Loop, numba.njit(nogil=True, error_model="numpy")(loop))
