# SPDX-License-Identifier: Apache-2.0
"""What the library has to compute, from docs/sampling.md and the public headers alone, as plainly as it can be said.

Nothing here is shared with the library: a defect would have to be made twice to go unseen.
"""
from __future__ import annotations

import dataclasses
from typing import Optional, Sequence

import numpy as np

MASK32 = 2**32 - 1
WITHOUT_REPLACEMENT, WITH_REPLACEMENT = 1, 2

# (counter, key, words), as published; docs/sampling.md section 4.
PHILOX_KNOWN_ANSWERS = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((MASK32,) * 4, (MASK32,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
)


def philox4x32_10(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Salmon, Moraes, Dror and Shaw, SC11: ten rounds, the key bumped by Weyl constants between them."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = ((product1 >> 32) ^ c1 ^ k0, product1 & MASK32, (product0 >> 32) ^ c3 ^ k1, product0 & MASK32)
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c0, c1, c2, c3


def check_philox() -> None:
    """Raises unless the generator gives the published words."""
    for counter, key, words in PHILOX_KNOWN_ANSWERS:
        if philox4x32_10(counter, key) != words:
            raise AssertionError(f"Philox4x32-10 of {counter}, {key} is {philox4x32_10(counter, key)}, not {words}")


def halves(number: int) -> tuple[int, int]:
    """A 64-bit number as two words, the low one first."""
    return number & MASK32, number >> 32


def subkey(seed: int, hop: int, method: int, tree: int = 0, relation: int = 0) -> int:
    w0, w1, _, _ = philox4x32_10((*halves(tree), hop + 2**16 * relation, method), halves(seed))
    return w0 + 2**32 * w1


def draw(key: int, node: int, slot: int) -> int:
    """The 64-bit number of one slot of one node."""
    w0, w1, w2, w3 = philox4x32_10((*halves(node), *halves(slot // 2)), halves(key))
    return w0 + 2**32 * w1 if slot % 2 == 0 else w2 + 2**32 * w3


def below(n: int, x: int) -> int:
    return (x * n) >> 64


def draw_positions(key: int, node: int, degree: int, fanout: int, replace: bool) -> list[int]:
    """Which of its `degree` neighbours a node draws, slot by slot."""
    if fanout == -1 or (not replace and degree <= fanout):
        return list(range(degree))
    if degree == 0:
        return []
    if replace:
        return [below(degree, draw(key, node, slot)) for slot in range(fanout)]
    chosen: list[int] = []
    taken: set[int] = set()
    for slot in range(fanout):
        last = degree - fanout + slot
        candidate = below(last + 1, draw(key, node, slot))
        position = last if candidate in taken else candidate
        chosen.append(position)
        taken.add(position)
    return chosen


@dataclasses.dataclass
class Sample:
    nodes: list[int]
    sources: list[int]
    targets: list[int]
    edge_ids: list[int]
    seed_index: list[int]
    hop_nodes: list[int]
    hop_edges: list[int]


def sample_neighbors(indptr: Sequence[int], indices: Sequence[int], edge_ids: Optional[Sequence[int]],
                     seeds: Sequence[int], fanouts: Sequence[int], seed: int, replace: bool,
                     unique_seeds: bool) -> Sample:
    numbers: dict[int, int] = {}
    result = Sample([], [], [], [], [], [], [])
    for node in seeds:
        if unique_seeds and node in numbers:
            result.seed_index.append(numbers[node])
            continue
        result.seed_index.append(len(result.nodes))
        numbers.setdefault(node, len(result.nodes))
        result.nodes.append(node)
    first, result.hop_nodes = 0, [len(result.nodes)]
    for hop, fanout in enumerate(fanouts):
        key = subkey(seed, hop, WITH_REPLACEMENT if replace else WITHOUT_REPLACEMENT)
        frontier = range(first, len(result.nodes))
        first, edges_before = len(result.nodes), len(result.sources)
        for target in frontier:
            node = result.nodes[target]
            start = indptr[node]
            for position in draw_positions(key, node, indptr[node + 1] - start, fanout, replace):
                neighbor = indices[start + position]
                if neighbor not in numbers:
                    numbers[neighbor] = len(result.nodes)
                    result.nodes.append(neighbor)
                result.sources.append(numbers[neighbor])
                result.targets.append(target)
                result.edge_ids.append(start + position if edge_ids is None else edge_ids[start + position])
        result.hop_nodes.append(len(result.nodes) - first)
        result.hop_edges.append(len(result.sources) - edges_before)
    return result


def first_out_of_bounds(index: Sequence[int], num_rows: int) -> Optional[int]:
    return next((place for place, row in enumerate(index) if not 0 <= row < num_rows), None)


def to_float32(array: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers of a dtype as float32; bfloat16, held as uint16, is the upper half of one."""
    if dtype == "bfloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


def from_float32(array: np.ndarray, dtype: str) -> np.ndarray:
    """float32 rounded to a dtype, to nearest, ties to even."""
    if dtype != "bfloat16":
        with np.errstate(over="ignore"):
            return array.astype(dtype)
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32).astype(np.uint64)
    below, odd = bits & 0xFFFF, bits >> 16 & 1
    return ((bits >> 16) + ((below > 0x8000) | ((below == 0x8000) & (odd == 1)))).astype(np.uint16)


def converted(source: np.ndarray, dtype: str, to: str, scales: Optional[np.ndarray]) -> np.ndarray:
    """All rows of another dtype, multiplied by their scales first where there are some."""
    if dtype == to:
        return source
    values = to_float32(source, dtype)
    if scales is not None:
        values = values * scales.reshape(-1, *[1] * (source.ndim - 1))
    return from_float32(values, to)


def gather(source: np.ndarray, index: np.ndarray, count: Optional[int] = None) -> tuple[np.ndarray, int]:
    """The rows and how many indices were out of bounds; their rows are zero, as are those of entries past the count."""
    out = np.zeros((len(index), *source.shape[1:]), source.dtype)
    bad = 0
    for place, row in enumerate(index.tolist()[:count]):
        if 0 <= row < len(source):
            out[place] = source[row]
        else:
            bad += 1
    return out, bad


def scatter(destination: np.ndarray, index: np.ndarray, rows: np.ndarray, add: bool,
            count: Optional[int] = None) -> tuple[np.ndarray, int]:
    """The destination afterwards, and how many indices were out of bounds. Integers wrap, as NumPy's do."""
    out = destination.copy()
    bad = 0
    for place, row in enumerate(index.tolist()[:count]):
        if not 0 <= row < len(out):
            bad += 1
        elif add:
            out[row] = out[row] + rows[place]
        else:
            out[row] = rows[place]
    return out, bad


NPY_MAGIC = b"\x93NUMPY"
NPY_DESCRIPTIONS = {"bool": "|b1", "int8": "|i1", "int16": "<i2", "int32": "<i4", "int64": "<i8", "uint8": "|u1",
                    "uint16": "<u2", "uint32": "<u4", "uint64": "<u8", "float16": "<f2", "float32": "<f4",
                    "float64": "<f8"}


def npy_header(text: str, version: int = 1, length: Optional[int] = None) -> bytes:
    """A preamble for a header text as it stands; `length` lies about it."""
    body = text.encode("utf-8" if version == 3 else "latin-1")
    size = len(body) if length is None else length
    return NPY_MAGIC + bytes([version, 0]) + size.to_bytes(2 if version == 1 else 4, "little") + body


def npy_text(descr: str, shape: Sequence[int], fortran: bool = False) -> str:
    inside = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    return f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({inside}), }}"


def npy_file(dtype: str, shape: Sequence[int], data: bytes, version: int = 1) -> bytes:
    """A file as the format asks: the data begin at a multiple of 64 bytes, after spaces and a newline."""
    text = npy_text(NPY_DESCRIPTIONS[dtype], shape)
    preamble = 10 if version == 1 else 12
    return npy_header(text + " " * (-(preamble + len(text) + 1) % 64) + "\n", version) + data
