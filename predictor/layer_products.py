"""The products of a layer of a network, for some rows at once, in a compiled loop.

NumPy's products are those of a library that knows some processors and takes newer ones for older; these are written in
LLVM's own terms, for the registers that there are. Each output adds up its row's inputs in their order, each by one
fused multiplication and addition, however wide the registers: results are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
from llvmlite import binding, ir
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Outputs that are computed side by side: a layer has a multiple of so many."""
ROWS = 6
VECTORS = 4 if binding.get_host_cpu_features().get("avx512f") else 1
"""Rows, and times `LANES` outputs of each, whose sums fit into the processor's registers together."""

_Vector = ir.VectorType(ir.FloatType(), LANES)


def _summing(vectors: int) -> Callable[..., None]:
    """A loop's call that computes so many times `LANES` outputs of a layer, from `column` on, for `ROWS` rows of
    inputs: `into` (rows, O) = inputs (rows, I) · weight (I, O) + bias (O,), no less than `floor`."""

    def summed(
        typing: Any, inputs: Any, weight: Any, bias: Any, floor: Any, into: Any, column: Any
    ) -> tuple[Any, Callable[..., Any]]:
        del typing

        def write(context: Any, builder: Any, of: Any, arguments: Any) -> Any:
            inputs, weight, bias, into = (
                context.make_array(of.args[at])(context, builder, arguments[at]) for at in (0, 1, 2, 4)
            )
            floor, column = arguments[3], arguments[5]
            number = context.get_value_type(numba.types.intp)
            shared, width = builder.extract_value(inputs.shape, 1), builder.extract_value(into.shape, 1)
            add_product = cast(Any, cgutils).get_or_insert_function(
                builder.module, ir.FunctionType(_Vector, [_Vector] * 3), f"llvm.fma.v{LANES}f32"
            )

            def cells(data: Any, row: Any, nth: int) -> Any:
                """Where the `nth` vector of a row of the layer's width begins."""
                place = builder.add(builder.mul(row, width), builder.add(column, number(nth * LANES)))
                return builder.bitcast(builder.gep(data, [place]), _Vector.as_pointer())

            def everywhere(value: Any) -> Any:
                first = builder.insert_element(ir.Constant(_Vector, ir.Undefined), value, ir.IntType(32)(0))
                mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
                return builder.shuffle_vector(first, ir.Constant(_Vector, ir.Undefined), mask)

            sums = [[cast(Any, cgutils).alloca_once(builder, _Vector) for _ in range(vectors)] for _ in range(ROWS)]
            for nth in range(vectors):
                start = builder.load(cells(bias.data, number(0), nth), align=4)
                for row in range(ROWS):
                    builder.store(start, sums[row][nth])
            with cgutils.for_range(builder, shared) as loop:
                weights = [builder.load(cells(weight.data, loop.index, nth), align=4) for nth in range(vectors)]
                for row in range(ROWS):
                    place = builder.add(builder.mul(shared, number(row)), loop.index)
                    value = everywhere(builder.load(builder.gep(inputs.data, [place])))
                    for nth in range(vectors):
                        total = builder.call(add_product, [value, weights[nth], builder.load(sums[row][nth])])
                        builder.store(total, sums[row][nth])
            least = everywhere(floor)
            for row in range(ROWS):
                for nth in range(vectors):
                    total = builder.load(sums[row][nth])
                    total = builder.select(builder.fcmp_unordered(">", total, least), total, least)
                    builder.store(total, cells(into.data, number(row), nth), align=4)
            return context.get_dummy_value()

        return numba.types.void(inputs, weight, bias, floor, into, column), write

    return cast(Callable[..., None], intrinsic(summed))


sum_many, sum_few = _summing(VECTORS), _summing(1)
"""In a compiled loop: see `_summing`; `VECTORS` times `LANES` outputs at once, and `LANES`."""
