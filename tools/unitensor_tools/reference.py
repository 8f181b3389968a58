# SPDX-License-Identifier: Apache-2.0
"""The plain loops of bench/reference, which the library is measured against. They exist in a build tree only."""

from __future__ import annotations

import argparse
import ctypes
import os
import pathlib
from typing import Any

import numpy as np
import unitensor as ut

_PARTS = {"reference": "libunitensor_reference.so", "latency": "libunitensor_latency.so"}


def add_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reference",
        metavar="FOLDER",
        help="where the reference loops are, else beside the command in the build folder",
    )


def load(part: str, folder: str | None) -> ctypes.CDLL | None:
    """The library, or None where there is none and no folder was given."""
    name = _PARTS[part]
    if folder is not None:
        return ctypes.CDLL(os.path.join(os.path.abspath(folder), name))
    built = pathlib.Path(__file__).resolve().parents[2] / "bench" / "reference" / name
    return ctypes.CDLL(str(built)) if built.exists() else None


def _address(array: np.ndarray[Any, Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def gather(
    library: ctypes.CDLL,
    source: np.ndarray[Any, Any],
    index: np.ndarray[Any, Any],
    out: np.ndarray[Any, Any],
    num_threads: int,
) -> None:
    library.uni_reference_gather(
        _address(source),
        ctypes.c_int64(source.strides[0]),
        _address(index),
        ctypes.c_int64(index.size),
        _address(out),
        ctypes.c_int32(num_threads),
    )


class Sampler:
    """Samples without replacement; returns (nodes, sources, targets), views of memory that the next call reuses."""

    def __init__(
        self, library: ctypes.CDLL, indptr: np.ndarray[Any, Any], indices: np.ndarray[Any, Any], fanouts: list[int]
    ) -> None:
        self._function = library.uni_reference_sample_neighbors
        self._indptr, self._indices = indptr, indices
        self._fanouts = np.array(fanouts, np.int64)

    def __call__(self, seeds: np.ndarray[Any, Any], seed: int) -> tuple[np.ndarray[Any, Any], ...]:
        pointer = ctypes.POINTER(ctypes.c_int64)
        nodes, sources, targets = pointer(), pointer(), pointer()
        num_nodes, num_edges = ctypes.c_int64(), ctypes.c_int64()
        self._function(
            _address(self._indptr),
            _address(self._indices),
            ctypes.c_int64(self._indptr.size - 1),
            _address(seeds),
            ctypes.c_int64(seeds.size),
            _address(self._fanouts),
            ctypes.c_int32(self._fanouts.size),
            ctypes.c_uint64(seed),
            ctypes.byref(nodes),
            ctypes.byref(num_nodes),
            ctypes.byref(sources),
            ctypes.byref(targets),
            ctypes.byref(num_edges),
        )
        view = np.ctypeslib.as_array
        return (view(nodes, (num_nodes.value,)), view(sources, (num_edges.value,)), view(targets, (num_edges.value,)))


def measure_latency(library: ctypes.CDLL, calls: int) -> dict[str, float]:
    """Seconds of one call through C: `gather_one_row` and `create_context`."""
    gather_seconds, create_seconds = ctypes.c_double(), ctypes.c_double()
    status = library.uni_measure_latency(
        ctypes.c_int64(calls), ctypes.byref(gather_seconds), ctypes.byref(create_seconds)
    )
    if status != 0:
        raise ut.Error("the latency program failed", status)
    return {"gather_one_row": gather_seconds.value, "create_context": create_seconds.value}
