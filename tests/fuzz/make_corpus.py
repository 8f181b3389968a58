#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the small committed corpus of each fuzz target: make_corpus.py [FOLDER]. The same files every time."""
import struct
import sys
from pathlib import Path


def npy(header, data=b"", version=1, pad=True):
    text = header.encode()
    start = 10 if version == 1 else 12
    if pad:
        text += b" " * (-(start + len(text) + 1) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def descr(kind, shape, order=False):
    return "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (kind, order, shape)


def npy_files():
    yield "int32", npy(descr("<i4", "(2, 3)"), bytes(range(24)))
    yield "scalar", npy(descr("<f8", "()"), bytes(8))
    yield "empty", npy(descr("<i8", "(0, 5)"))
    yield "bool", npy(descr("|b1", "(3,)"), b"\1\0\1")
    yield "half", npy(descr("<f2", "(1, 1, 2)"), b"abcd")
    yield "version2", npy(descr("<u2", "(2,)"), b"abcd", version=2)
    yield "version3", npy(descr("|u1", "(4,)"), b"abcd", version=3)
    yield "fortran", npy(descr("<i4", "(2, 3)", True), bytes(24))
    yield "objects", npy(descr("|O", "(2,)"), bytes(16))
    yield "big-endian", npy(descr(">i4", "(2,)"), bytes(8))
    yield "truncated", npy(descr("<i8", "(4,)"), bytes(31))
    yield "overflow", npy(descr("<i8", "(4611686018427387904, 4)"), bytes(8))
    yield "too-large", npy(descr("<i8", "(1152921504606846975,)"), bytes(8))
    yield "nine-dimensions", npy(descr("|i1", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), b"x")
    yield "structured", npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }", bytes(4))
    yield "double-quotes", npy('{"descr": "<i4", "fortran_order": False, "shape": (1,)}', bytes(4))
    yield "no-padding", npy(descr("<i4", "(1,)"), bytes(4), pad=False)
    yield "header-past-end", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'"


def tensor_desc(memory, dtype, ndim, shape, alignment=0, flags=0, device=0):
    shape = list(shape) + [0] * (8 - len(shape))
    return struct.pack("<iiiiIq8q", memory, device, dtype, ndim, flags, alignment, *shape)


def structs_files():
    # The first byte chooses the struct, the second is its size (255: the right one).
    views = struct.pack("<qq8q", 1, 2, 6, 2, 0, 0, 0, 0, 0, 0) + b"\3"
    yield "tensor", b"\0\xff" + tensor_desc(1, 12, 2, (4, 3)) + views
    yield "tensor-padded", b"\0\xff" + tensor_desc(1, 5, 3, (4, 3, 2), alignment=64) + views
    yield "tensor-scalar", b"\0\xff" + tensor_desc(1, 5, 0, ()) + views
    yield "tensor-huge", b"\0\xff" + tensor_desc(1, 5, 2, (1 << 60, 1 << 60))
    yield "tensor-limit", b"\0\xff" + tensor_desc(1, 6, 1, ((1 << 63) - 1,))
    yield "tensor-negative", b"\0\xff" + tensor_desc(1, 6, 1, (-1,))
    yield "tensor-unified", b"\0\xff" + tensor_desc(0, 13, 1, (5,))
    yield "tensor-small", b"\0\x10" + tensor_desc(1, 12, 2, (4, 3))
    yield "tensor-large", b"\0\x80" + tensor_desc(1, 12, 2, (4, 3))
    yield "context", b"\1\xff" + struct.pack("<IiI", 1, 2, 0) + bytes(24)
    yield "context-threads", b"\1\xff" + struct.pack("<IiI", 1, -1, 0) + bytes(24)
    yield "context-version", b"\1\xff" + struct.pack("<IiI", 1 << 16, 1, 0) + bytes(24)
    array = struct.pack("<iiiiIqQQ8q", 12, 1, 0, 2, 0, 0, 1, 0, 3, 4, 0, 0, 0, 0, 0, 0)
    yield "array", b"\2\xff" + array
    yield "array-pitch", b"\2\xff" + struct.pack("<iiiiIqQQ8q", 6, 0, 0, 2, 1, 9, 1, 0, 3, 4, 0, 0, 0, 0, 0, 0)
    yield "array-limit", b"\2\xff" + struct.pack("<iiiiIqQQ8q", 6, 1, 0, 1, 0, 1 << 62, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0)
    yield "array-cuda", b"\2\xff" + struct.pack("<iiiiIqQQ8q", 12, 2, 0, 2, 0, 0, 1, 0, 3, 4, 0, 0, 0, 0, 0, 0)


def dlpack(form, ndim, code, bits, shape, strides, offset=0, extra=b""):
    pairs = [(s, t) for s, t in zip(shape, strides)] + [(0, 0)] * (16 - len(shape))
    wide = form & 64
    body = b"".join(struct.pack("<qq" if wide else "<bb", s, t) for s, t in pairs)
    head = bytes([form]) + extra + bytes([0, 0])
    where = struct.pack("<Q", offset) if form & 32 else bytes([offset])
    return head + bytes([ndim & 255, code, bits]) + where + body + b"\0\0"


def dlpack_files():
    yield "float32", dlpack(0, 2, 2, 32, (3, 4), (0, 0))
    yield "strided", dlpack(128, 2, 2, 32, (3, 4), (6, 1), offset=8)
    yield "not-contiguous", dlpack(128, 2, 2, 32, (3, 4), (1, 3))
    yield "negative-stride", dlpack(128, 1, 0, 64, (3,), (-1,))
    yield "wide", dlpack(128 | 64, 2, 0, 8, (1 << 62, 4), (1 << 62, 1))
    yield "offset", dlpack(32, 1, 1, 8, (3,), (0,), offset=(1 << 64) - 1)
    yield "empty", dlpack(128, 2, 2, 64, (0, 4), (9, 9))
    yield "scalar", dlpack(0, 0, 2, 64, (), ())
    yield "version", dlpack(1, 1, 2, 32, (3,), (0,), extra=b"\2")
    yield "no-deleter", dlpack(2, 1, 6, 8, (3,), (0,))
    yield "bfloat16", dlpack(0, 1, 4, 16, (5,), (0,))
    yield "negative-ndim", dlpack(0, -1, 2, 32, (), ())
    yield "nine-dimensions", dlpack(0, 9, 2, 32, (1,) * 9, (0,) * 9)


def index(narrow, skip, add, width, entries, count=None):
    out = bytes([narrow, skip, add, width, len(entries), count is not None, (count or 0) & 255])
    for entry in entries:
        out += bytes([entry]) if 0 <= entry < 13 else b"\xff" + struct.pack("<q", entry)
    return out


def index_files():
    good = [0, 12, 5, 5, 7, 0, 1, 2, 3, 4]
    bad = [1, -1, 13, 1 << 32, -(1 << 63), (1 << 63) - 1, 2]
    for narrow in (0, 1):
        for skip in (0, 1):
            for add in (0, 1):
                yield f"good-{narrow}{skip}{add}", index(narrow, skip, add, 7 + 16 * add, good)
                yield f"bad-{narrow}{skip}{add}", index(narrow, skip, add, 3, bad)
    yield "count", index(0, 0, 0, 8, good + [-1], count=10)
    yield "count-negative", index(0, 0, 0, 8, good, count=-1)
    yield "count-large", index(1, 1, 1, 8, good, count=11)
    yield "thin", index(0, 0, 0, 0, good)
    yield "one-past-the-end", index(0, 0, 0, 5, [0, 13, 12])
    yield "one-past-the-end-skip", index(1, 1, 1, 5, [0, 13, 12])
    yield "none", index(0, 0, 0, 4, [])
    yield "many", index(1, 0, 1, 39, [i * 5 % 13 for i in range(199)])


def numbers(values):
    return b"".join(bytes([v]) if 0 <= v < 254 else b"\xff" + struct.pack("<q", v) for v in values)


def sampling(seeds, flags, fanouts, seed=7):
    return bytes([len(seeds)]) + bytes(seeds) + bytes([len(fanouts), flags]) + struct.pack("<q", seed) + bytes(
        k + 2 for k in fanouts)


def graph_files():
    indptr, indices = [0, 3, 4, 4, 6, 11], [1, 2, 3, 0, 4, 4, 0, 1, 2, 3, 4]
    for form in range(4):
        for flags in (0, 3, 6):
            yield f"good-{form}{flags}", bytes([form, 5, 11]) + numbers(indptr) + numbers(indices) + sampling(
                [4, 0, 4], flags, [2, -1, 3])
    tail = sampling([0], 0, [1])
    yield "decreasing", bytes([0, 5, 11]) + numbers([0, 3, 2, 4, 6, 11]) + numbers(indices) + tail
    yield "not-from-zero", bytes([0, 5, 11]) + numbers([1, 3, 4, 4, 6, 11]) + numbers(indices) + tail
    yield "wrong-end", bytes([0, 5, 11]) + numbers([0, 3, 4, 4, 6, 10]) + numbers(indices) + tail
    yield "past-the-end", bytes([0, 5, 11]) + numbers([0, 300, 4, 4, 6, 11]) + numbers(indices) + tail
    yield "neighbour", bytes([0, 5, 11]) + numbers(indptr) + numbers([1, 2, 5] + indices[3:]) + tail
    yield "neighbour-negative", bytes([2, 5, 11]) + numbers(indptr) + numbers([1, -1, 3] + indices[3:]) + tail
    yield "no-nodes", bytes([0, 0, 0, 0]) + sampling([], 0, [3])
    yield "no-edges", bytes([1, 4, 0]) + numbers([0] * 5) + sampling([1, 3], 2, [3, 3])
    yield "fanout", bytes([0, 5, 11]) + numbers(indptr) + numbers(indices) + sampling([0], 0, [-2])
    yield "degrees", bytes([4, 30, 100]) + bytes(31) + bytes(i * 7 % 250 for i in range(100)) + sampling(
        list(range(19)), 2, [5, 5, 5, 5])


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "corpus"
    targets = {"npy": npy_files, "structs": structs_files, "dlpack": dlpack_files, "index": index_files, "graph": graph_files}
    for target, files in targets.items():
        folder = root / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
