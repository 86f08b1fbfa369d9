"""Loops that numba compiles to machine code: for what NumPy can only do in many passes over memory.

Each stands in a file of its own (`*_loop.py`), takes plain arrays and numbers, and is compiled when first called; the
result is kept on disk beside the file, or in the user's cache folder where that cannot be written. It is made anew when
that file changes and no other: a loop calls none of another file.
"""

from __future__ import annotations

from collections.abc import Callable
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
        return cast(Loop, numba.njit(cache=True, nogil=True, error_model="numpy")(loop))
    except RuntimeError:  # No folder to keep it in.
        return cast(Loop, numba.njit(nogil=True, error_model="numpy")(loop))


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
