"""Loops that numba compiles to machine code: for what NumPy can only do in many passes over memory.

Each stands in a file of its own (`*_loop.py`), takes arrays, numbers and tuples of these, and is compiled when first
called; the result is kept on disk beside the file, or in the user's cache folder where that cannot be written. It is
made anew when that file changes, or one that it imports a type or a function from.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from predictor.arrays import AnyArray

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a function. Division by zero gives what it gives in NumPy; sums are never put in another order, so
    results are the same on every machine. Threads that answer readers go on meanwhile."""
    try:
        sources = _sources(loop.__module__)
        # The files' names begin with it. What numba has kept of other sources it can neither read nor tell from these.
        loop.__qualname__ += f".{sources}"
        kept = cast(Any, numba.njit(cache=True, nogil=True, error_model="numpy")(loop))
        _forget_others(kept.stats.cache_path, loop.__module__.rpartition(".")[2], sources)
        return cast(Loop, kept)
    except (OSError, RuntimeError):  # No source, or no folder to keep it in.
        return cast(Loop, numba.njit(nogil=True, error_model="numpy")(loop))


@cache
def _sources(module: str) -> str:
    """A digest of what the loops of a module are made from: its source, and those of what it imports of ours."""
    rooms = {name.partition(".")[0] for name in (module, __name__)}
    named = (kind for value in vars(sys.modules[module]).values() for kind in getattr(value, "__mro__", (value,)))
    files = {module} | {str(getattr(kind, "__module__", "")) for kind in named}
    digest = sha256()
    for name in sorted(file for file in files if file.partition(".")[0] in rooms):
        digest.update(inspect.getsource(sys.modules[name]).encode())
    return digest.hexdigest()[:16]


@cache
def _forget_others(folder: str, module: str, sources: str) -> None:
    """Remove what was kept of a module's loops as made from other sources."""
    for file in Path(folder).glob(f"{module}.*.nb[ic]"):
        if f".{sources}-" not in file.name:
            with suppress(OSError):
                file.unlink()


def _fetch(typing: Any, values: Any, at: Any) -> tuple[Any, Callable[..., Any]]:
    """As numba has it: the types of the call, and what writes its code."""
    del typing
    types = numba.types.void(values, at)

    def write(context: Any, builder: Any, of: Any, arguments: Any) -> Any:
        array = context.make_array(of.args[0])(context, builder, arguments[0])
        cell = cast(Any, cgutils).get_item_pointer(context, builder, of.args[0], array, arguments[1:], wraparound=False)
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        code = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", (byte,), code)
        # To be read, kept in all caches, as data.
        builder.call(prefetch, [builder.bitcast(cell, byte), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types, write


fetch_ahead = cast(Callable[[AnyArray, int], None], intrinsic(_fetch))
"""In a compiled loop: have the processor bring `values[at]` from memory, which is to be read some rows later."""
