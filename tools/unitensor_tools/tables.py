# SPDX-License-Identifier: Apache-2.0
"""Tables of random numbers, with what NumPy gathers from them, and random indices."""

from __future__ import annotations

import contextlib
import functools
import math
import mmap
from typing import Any

import numpy as np
import unitensor as ut

from . import machine

Array = np.ndarray[Any, Any]

# The contents repeat after this many elements. It is prime, so that rows repeat only after as many rows, and one that is
# read from a wrong place is noticed.
_PERIOD = 1048583
_CACHE_LINE = 64

DTYPES = ("float32", "float16", "int8")
"""Of tables; what is gathered may be bfloat16 too."""
ITEM_SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


@functools.lru_cache(maxsize=None)
def _values(dtype: str) -> Array:
    """Those of float32 take more bits than the smaller dtypes have, and no more than float16 can stand for."""
    numbers = np.random.default_rng(0).integers(0, 1 << 22, _PERIOD)
    if dtype == "int8":
        return (numbers % 255 - 127).astype(np.int8)
    return (numbers % 2048).astype(np.float16) if dtype == "float16" else (numbers / 128).astype(np.float32)


def scales(num_rows: int) -> Array:
    """By which the rows of an int8 table are multiplied."""
    some = np.random.default_rng(1).random(61).astype(np.float32) + np.float32(0.5)
    return np.resize(some, num_rows)


def rounded(values: Array, dtype: str) -> Array:
    """float32 numbers as those nearest to them that another dtype has, ties to even."""
    if dtype == "bfloat16":
        bits = values.view(np.uint32)
        return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).astype(np.uint32).view(np.float32)
    return values.astype(dtype).astype(np.float32)


def fill(table: Any) -> None:
    """The contents, into a one-dimensional tensor of any memory, or an array."""
    values, length = _values(np.dtype(table.dtype).name), len(table)
    for begin in range(0, length, _PERIOD):
        part = values[: length - begin]
        table[begin : begin + part.size] = part


def make(table_bytes: int, memory: str, context: ut.Context, dtype: str = "float32") -> ut.Tensor:
    table = ut.empty((table_bytes // ITEM_SIZES[dtype],), dtype, memory=memory, context=context)
    fill(table)
    context.synchronize()
    return table


def on_small_pages(shape: tuple[int, ...], dtype: str = "float32") -> Array:
    """An array of zeros on pages of 4 KiB, whatever the system would give."""
    mapping = mmap.mmap(-1, ITEM_SIZES[dtype] * math.prod(shape))
    # Refused where the system has no other pages.
    with contextlib.suppress(OSError):
        mapping.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(mapping, dtype).reshape(shape)


def gathered(index: Array, width: int, dtype: str = "float32") -> Array:
    """The rows of `width` elements that a table has there, by NumPy."""
    around = np.resize(_values(dtype), _PERIOD + width - 1)
    rows: Array = np.lib.stride_tricks.sliding_window_view(around, width)[index * width % _PERIOD]
    return rows


def num_indices(count: int, row_bytes: int, most: int) -> int:
    """How many different indices to use in turn: what they touch together is twice what the last cache holds, so that
    nothing is left of a row when its index comes again. `most` is the number of calls."""
    touched = count * max(row_bytes, _CACHE_LINE)
    return max(1, min(most, max(8, math.ceil(2 * machine.cache_bytes() / touched))))


def random_index(random: np.random.Generator, num_rows: int, count: int) -> Array:
    return random.integers(0, num_rows, count)


def distinct_index(random: np.random.Generator, num_rows: int, count: int) -> Array:
    """For writing: of rows that are written twice it is not defined which stays."""
    if count * 4 > num_rows:
        return random.permutation(num_rows)[:count]
    drawn = np.unique(random.integers(0, num_rows, count + count // 4 + 16))
    while drawn.size < count:
        drawn = np.unique(np.concatenate([drawn, random.integers(0, num_rows, count)]))
    return random.permutation(drawn)[:count]
