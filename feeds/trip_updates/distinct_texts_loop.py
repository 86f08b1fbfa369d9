"""Texts that stand again and again in the bytes of a message, each found once, compiled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int64Array, UInt8Array
from predictor.compiled import compiled


@compiled
def distinct(data: UInt8Array, spans: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Which text each span (n, 2) of the bytes (b,) holds (n,), and one span of each text (k, 2) in their order.

    A hash table with open addressing; texts count as the same only where all their bytes are.
    """
    size = 16
    while size < 2 * len(spans):
        size *= 2
    table = np.full(size, -1, np.int64)
    which, first, texts = np.empty(len(spans), np.int64), np.empty(len(spans), np.int64), 0
    for row in range(len(spans)):
        begin, end = spans[row, 0], spans[row, 1]
        # FNV-1a.
        mixed = np.uint64(0xCBF29CE484222325)
        for place in range(begin, end):
            mixed = (mixed ^ np.uint64(data[place])) * np.uint64(0x100000001B3)
        at = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(size - 1))
        while table[at] >= 0 and not _same(data, spans[first[table[at]], 0], spans[first[table[at]], 1], begin, end):
            at = (at + 1) % size
        if table[at] < 0:
            table[at], first[texts] = texts, row
            texts += 1
        which[row] = table[at]
    return which, spans[first[:texts]]


@compiled
def _same(data: UInt8Array, other: int, other_end: int, begin: int, end: int) -> bool:
    while begin < end and other < other_end and data[begin] == data[other]:
        begin, other = begin + 1, other + 1
    return begin == end and other == other_end
