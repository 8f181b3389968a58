# SPDX-License-Identifier: Apache-2.0
"""Cases of .npy files and of DLPack tensors."""
from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from arrays import decode, encode, numpy_dtype, raw
from cases_rows import DTYPES, Case, failure, random_array
from reference import NPY_DESCRIPTIONS, npy_file, npy_header, npy_text


def load_case(name: str, file: bytes, expect: dict[str, Any]) -> Case:
    return {"name": name, "operation": "npy_load", "file": file.hex(), "expect": expect}


def loaded(dtype: str, shape: Sequence[int], data: bytes) -> dict[str, Any]:
    return {"status": "OK", "tensor": raw(dtype, shape, data)}


def npy_cases() -> list[Case]:
    cases = []
    for place, dtype in enumerate(NPY_DESCRIPTIONS):
        array = random_array(dtype, (2, 3), 600 + place)
        data = decode(array).tobytes()
        cases.append(load_case(f"load-{dtype}", npy_file(dtype, (2, 3), data), loaded(dtype, (2, 3), data)))
        cases.append({"name": f"save-{dtype}", "operation": "npy_save", "tensor": array,
                      "expect": {"status": "OK", "file": npy_file(dtype, (2, 3), data).hex()}})
    for shape in ((), (7,), (0,), (2, 0, 3), (1, 2, 1, 3), (2, 1, 1, 1, 1, 1, 1, 2)):
        data = decode(random_array("int16", shape, 620)).tobytes()
        word = "x".join(map(str, shape)) or "scalar"
        cases.append(load_case(f"load-{word}", npy_file("int16", shape, data), loaded("int16", shape, data)))
        cases.append({"name": f"save-{word}", "operation": "npy_save", "tensor": raw("int16", shape, data),
                      "expect": {"status": "OK", "file": npy_file("int16", shape, data).hex()}})
    cases.append({"name": "save-bfloat16", "operation": "npy_save", "tensor": random_array("bfloat16", (3,), 621),
                  "expect": failure("DTYPE_MISMATCH", "bfloat16")})
    data = bytes(range(24))
    for version in (1, 2, 3):
        cases.append(load_case(f"version-{version}", npy_file("int32", (2, 3), data, version),
                               loaded("int32", (2, 3), data)))
    text = npy_text("<i4", (2, 3))
    for version in (0, 4, 255):
        other = npy_header(text).replace(b"\x01\x00", bytes([version, 0]), 1)
        cases.append(load_case(f"version-{version}", other + data, failure("FORMAT_ERROR", "version", str(version))))
    cases.append(load_case("no-padding", npy_header(text) + data, loaded("int32", (2, 3), data)))
    cases.append(load_case("other-order", npy_header("{'shape':(2,3),'fortran_order':False,'descr':'<i4'}\n") + data,
                           loaded("int32", (2, 3), data)))
    good = npy_header(text) + data
    for word, file in (("empty", b""), ("in-the-magic", good[:4]), ("in-the-length", good[:9]),
                       ("in-the-header", good[:30]), ("without-data", good[:-24]), ("by-one-byte", good[:-1]),
                       ("header-longer-than-the-file", npy_header(text, 1, 60000) + data)):
        cases.append(load_case(f"truncated-{word}", file, failure("FORMAT_ERROR")))
    for word, header, words in (
            ("fortran", npy_text("<i4", (2, 3), True), ("Fortran",)), ("objects", npy_text("|O", (2, 3)), ("object",)),
            ("big-endian", npy_text(">i4", (2, 3)), ("big-endian",)), ("complex", npy_text("<c8", (2, 3)), ("c8",)),
            ("text", npy_text("<U6", (2, 3)), ("U6",)), ("negative", npy_text("<i4", (2, -3)), ()),
            ("nine-dimensions", npy_text("<i4", (1, 1, 1, 1, 1, 1, 1, 2, 3)), ("dimensions",)),
            ("overflow", npy_text("<i4", (2**62, 4)), ()),
            ("more-than-the-file", npy_text("<i4", (2, 4)), ("truncated",)),
            ("far-more-than-the-file", npy_text("<i4", (2**40,)), ("truncated",)),
            ("records", "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (6,), }", ()),
            ("nothing", "", ()), ("no-dictionary", "nothing", ()),
            ("no-shape", "{'descr': '<i4', 'fortran_order': False, }", ()),
            ("no-order", "{'descr': '<i4', 'shape': (6,), }", ()), ("unclosed", text[:-1], ())):
        cases.append(load_case(f"header-{word}", npy_header(header) + data, failure("FORMAT_ERROR", *words)))
    cases.append(load_case("wrong-magic", b"\x92" + good[1:], failure("FORMAT_ERROR")))
    return cases


DL_TYPES = {"bool": (6, 8), "bfloat16": (4, 16), **{f"int{bits}": (0, bits) for bits in (8, 16, 32, 64)},
            **{f"uint{bits}": (1, bits) for bits in (8, 16, 32, 64)},
            **{f"float{bits}": (2, bits) for bits in (16, 32, 64)}}


def dlpack_case(name: str, expect: Optional[dict[str, Any]], shape: Sequence[int] = (2, 3), dtype: str = "int32",
                strides: Optional[Sequence[int]] = None, byte_offset: int = 0, version: tuple[int, int] = (1, 0),
                device_type: int = 1, code_bits_lanes: Optional[tuple[int, int, int]] = None) -> Case:
    """`expect` None: what NumPy reads there."""
    data = bytes((7 * i + 3) % 251 for i in range(256)) if dtype != "bool" else bytes(i % 2 for i in range(256))
    code, bits, lanes = code_bits_lanes or (*DL_TYPES[dtype], 1)
    if expect is None:
        item = numpy_dtype(dtype)
        if strides is None:
            steps = [int(np.prod(shape[i + 1:], dtype=np.int64)) for i in range(len(shape))]
        else:
            steps = list(strides)
        array = np.ndarray(shape, item, data, byte_offset, [step * item.itemsize for step in steps])
        expect = {"status": "OK", "tensor": encode(dtype, array)}
    return {"name": name, "operation": "dlpack_import", "version": list(version), "device_type": device_type,
            "code": code, "bits": bits, "lanes": lanes, "shape": list(shape),
            "strides": None if strides is None else list(strides), "byte_offset": byte_offset, "data": data.hex(),
            "expect": expect}


def dlpack_cases() -> list[Case]:
    cases = [dlpack_case(f"of-{dtype}", None, dtype=dtype) for dtype in DTYPES]
    cases += [dlpack_case(f"of-{word}", None, shape) for word, shape in
              (("no-dimension", ()), ("one-dimension", (5,)), ("no-rows", (0, 4)), ("no-columns", (3, 0)),
               ("eight-dimensions", (1, 2, 1, 1, 3, 1, 1, 2)))]
    cases += [dlpack_case(f"offset-{offset}", None, byte_offset=offset) for offset in (4, 8, 64, 128)]
    cases.append(dlpack_case("contiguous-strides", None, strides=(3, 1)))
    cases.append(dlpack_case("rows-apart", None, strides=(8, 1)))
    cases.append(dlpack_case("rows-apart-and-offset", None, strides=(8, 1), byte_offset=12))
    cases.append(dlpack_case("strides-of-single-extents", None, (2, 1, 3), strides=(3, 77, 1)))
    refused = "INVALID_ARGUMENT"
    cases.append(dlpack_case("columns-apart", failure(refused, "stride"), strides=(6, 2)))
    cases.append(dlpack_case("transposed", failure(refused, "stride"), strides=(1, 2)))
    cases.append(dlpack_case("negative-stride", failure(refused, "stride"), strides=(3, -1)))
    cases.append(dlpack_case("broadcast", failure(refused, "stride"), strides=(0, 1)))
    cases.append(dlpack_case("gap-in-the-middle", failure(refused, "stride"), (2, 2, 2), strides=(8, 3, 1)))
    cases.append(dlpack_case("nine-dimensions", failure("SHAPE_MISMATCH", "9"), (1,) * 9))
    cases.append(dlpack_case("version-2", failure("VERSION_MISMATCH", "2.0"), version=(2, 0)))
    cases.append(dlpack_case("version-0", failure("VERSION_MISMATCH", "0.8"), version=(0, 8)))
    cases.append(dlpack_case("minor-version", None, version=(1, 9)))
    cases.append(dlpack_case("device-of-no-kind", failure("DEVICE_MISMATCH", "14"), device_type=14))
    for word, triple in (("vectors", (2, 32, 2)), ("no-lanes", (2, 32, 0)), ("complex", (5, 64, 1)),
                         ("float-of-8-bits", (2, 8, 1)), ("int-of-4-bits", (0, 4, 1)), ("unknown-code", (77, 32, 1))):
        cases.append(dlpack_case(f"type-{word}", failure("DTYPE_MISMATCH"), code_bits_lanes=triple))
    return cases
