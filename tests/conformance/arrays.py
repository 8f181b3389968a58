# SPDX-License-Identifier: Apache-2.0
"""Arrays in the vector files, to and from NumPy. README.md has the form.

bfloat16, which NumPy does not have, is held as uint16: the same bytes.
"""
from __future__ import annotations

import math
import zlib
from typing import Any, Optional, Sequence

import numpy as np

EXACT = 2**53  # JSON numbers beyond this lose digits in many readers, and are written as strings


def numpy_dtype(dtype: str) -> np.dtype:
    return np.dtype("uint16" if dtype == "bfloat16" else dtype)


def splitmix64(seed: int, count: int) -> np.ndarray:
    """Numbers 1 .. count of the SplitMix64 sequence, as uint64."""
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def decode(spec: dict[str, Any]) -> np.ndarray:
    """The array that a vector describes; not one that is given by its checksum."""
    dtype = numpy_dtype(spec["dtype"])
    if "values" in spec:
        return np.array([int(value) for value in spec["values"]], dtype).reshape(spec.get("shape", [-1]))
    shape = spec["shape"]
    if "hex" in spec:
        return np.frombuffer(bytes.fromhex(spec["hex"]), dtype).reshape(shape).copy()
    numbers = splitmix64(spec["pattern"], math.prod(shape)) % np.uint64(spec["modulo"])
    if spec.get("cumulative"):
        numbers = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers[:-1], dtype=np.uint64)])
    return numbers.astype(dtype).reshape(shape)


def pattern(dtype: str, shape: Sequence[int], seed: int, modulo: int, cumulative: bool = False) -> dict[str, Any]:
    """An array too large to write down: SplitMix64 below `modulo`, or the running sum of such numbers from 0."""
    spec: dict[str, Any] = {"dtype": dtype, "shape": list(shape), "pattern": seed, "modulo": modulo}
    if cumulative:
        spec["cumulative"] = True
    return spec


def integers(dtype: str, values: Sequence[int], shape: Optional[Sequence[int]] = None) -> dict[str, Any]:
    """Integers as numbers."""
    spec: dict[str, Any] = {"dtype": dtype, "values": [int(v) if abs(int(v)) < EXACT else str(int(v)) for v in values]}
    if shape is not None:
        spec["shape"] = list(shape)
    return spec


def raw(dtype: str, shape: Sequence[int], data: bytes) -> dict[str, Any]:
    """Any bytes."""
    return {"dtype": dtype, "shape": list(shape), "hex": data.hex()}


def encode(dtype: str, array: np.ndarray, largest: int = 4096) -> dict[str, Any]:
    """An array in full, or its checksum where it takes more than `largest` bytes."""
    data = np.ascontiguousarray(array).tobytes()
    if len(data) <= largest:
        return raw(dtype, array.shape, data)
    return {"dtype": dtype, "shape": list(array.shape), "crc32": zlib.crc32(data)}


def differs(spec: dict[str, Any], dtype: str, shape: Sequence[int], data: bytes) -> Optional[str]:
    """How a result differs from what a vector expects; None if it does not."""
    expected_shape = spec.get("shape", [len(spec.get("values", ()))])
    if dtype != spec["dtype"] or list(shape) != list(expected_shape):
        return f"has dtype {dtype} and shape {tuple(shape)}, expected {spec['dtype']} and {tuple(expected_shape)}"
    if "crc32" in spec:
        checksum = zlib.crc32(data)
        return None if checksum == spec["crc32"] else f"has CRC-32 {checksum}, expected {spec['crc32']}"
    expected = decode(spec).tobytes()
    if data == expected:
        return None
    place = next((i for i, (a, b) in enumerate(zip(data, expected)) if a != b), min(len(data), len(expected)))
    return f"differs at byte {place} of {len(expected)}: {data.hex()[:400]}, expected {expected.hex()[:400]}"
