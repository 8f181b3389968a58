# SPDX-License-Identifier: Apache-2.0
"""The plain copy that everything is compared with: as many bytes, contiguous. Over the link for a device, or within its
memory; memcpy by one thread on the CPU."""

from __future__ import annotations

import ctypes
from typing import Any, Callable

import numpy as np
import unitensor as ut


def memcpy(source: np.ndarray[Any, Any], out: np.ndarray[Any, Any]) -> Callable[[int], Any]:
    """Fills `out`, with another part of `source` at every call; with all of it again and again where it is smaller."""
    piece = min(source.nbytes, out.nbytes)
    parts = source.nbytes // piece
    # Their addresses are looked up here, because that takes as long as a small copy. The arrays are kept.
    source_address, out_address, num_bytes = source.ctypes.data, out.ctypes.data, out.nbytes

    def call(number: int, kept: object = (source, out)) -> None:
        begin = source_address + number % parts * piece
        for done in range(0, num_bytes, piece):
            ctypes.memmove(out_address + done, begin, min(piece, num_bytes - done))

    return call


def memcpy_to(source: np.ndarray[Any, Any], table: np.ndarray[Any, Any]) -> Callable[[int], Any]:
    """Copies all of `source`, which is not the larger one, to another part of `table` at every call."""
    num_bytes = source.nbytes
    parts = table.nbytes // num_bytes
    source_address, address = source.ctypes.data, table.ctypes.data

    def call(number: int, kept: object = (source, table)) -> None:
        ctypes.memmove(address + number % parts * num_bytes, source_address, num_bytes)

    return call


def over_link(to: ut.Tensor, source: ut.Tensor) -> Callable[[int], Any]:
    """One of them is in pinned memory, the other on the device."""
    return lambda number: to.copy_from(source)


def within_device(table: ut.Tensor, out: ut.Tensor) -> Callable[[int], Any]:
    """Fills `out`, with another part of the one-dimensional `table` at every call, from its start at the first; with all of it
    again and again where it is smaller."""
    flat = out.reshape(-1)
    piece = min(len(table), len(flat))
    parts = [table[begin : begin + piece] for begin in range(0, len(table) - piece + 1, piece)]
    places = [flat[done : done + piece] for done in range(0, len(flat), piece)]

    def call(number: int) -> None:
        part = parts[number % len(parts)]
        for place in places:
            place.copy_from(part if len(place) == piece else part[: len(place)])

    return call
