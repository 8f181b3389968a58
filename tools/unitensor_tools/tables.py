# SPDX-License-Identifier: Apache-2.0
"""Tables of random float32 numbers, with what NumPy gathers from them, and random indices."""

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


@functools.lru_cache(maxsize=None)
def _values() -> Array:
    return np.random.default_rng(0).integers(0, 1 << 22, _PERIOD).astype(np.float32)


def fill(table: Any) -> None:
    """The contents, into a one-dimensional float32 tensor of any memory, or an array."""
    values, length = _values(), len(table)
    for begin in range(0, length, _PERIOD):
        part = values[: length - begin]
        table[begin : begin + part.size] = part


def make(table_bytes: int, memory: str, context: ut.Context) -> ut.Tensor:
    table = ut.empty((table_bytes // 4,), memory=memory, context=context)
    fill(table)
    context.synchronize()
    return table


def on_small_pages(shape: tuple[int, ...]) -> Array:
    """A float32 array of zeros on pages of 4 KiB, whatever the system would give."""
    mapping = mmap.mmap(-1, 4 * math.prod(shape))
    # Refused where the system has no other pages.
    with contextlib.suppress(OSError):
        mapping.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(mapping, np.float32).reshape(shape)


def gathered(index: Array, width: int) -> Array:
    """The rows of `width` elements that a table has there, by NumPy."""
    around = np.resize(_values(), _PERIOD + width - 1)
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
