# SPDX-License-Identifier: Apache-2.0
"""Cases of gather and scatter."""
from __future__ import annotations

from typing import Any, Optional

import numpy as np

import reference
from arrays import decode, encode, integers, numpy_dtype, pattern, raw, splitmix64

Case = dict[str, Any]
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16",
          "float32", "float64")
INT64_MAX, INT64_MIN = 2**63 - 1, -2**63


def random_array(dtype: str, shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Any bytes, so that nothing but a copy of them passes; for bool, ones and zeros."""
    size = int(np.prod(shape, dtype=np.int64)) * numpy_dtype(dtype).itemsize
    data = splitmix64(seed, size).astype(np.uint8)
    return raw(dtype, shape, (data & 1 if dtype == "bool" else data).tobytes())


def small_numbers(dtype: str, shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Whole numbers of which every sum in these cases is exact in every dtype."""
    numbers = (splitmix64(seed, int(np.prod(shape))) % np.uint64(8)).astype(np.float32).reshape(shape)
    if dtype == "bfloat16":
        return raw(dtype, shape, (numbers.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    return raw(dtype, shape, numbers.astype(dtype).tobytes())


def failure(status: str, *words: str) -> dict[str, Any]:
    return {"status": status, "message": list(words)}


def gather_case(name: str, source: dict[str, Any], index: dict[str, Any], bounds: str = "check",
                count: Optional[int] = None, row_alignment: int = 0) -> Case:
    case: Case = {"name": name, "operation": "gather", "source": source, "index": index, "bounds": bounds}
    if row_alignment:
        case["row_alignment"] = row_alignment
    if count is not None:
        case["count"] = count
    rows, places = decode(source), decode(index)
    bad = reference.first_out_of_bounds(places.tolist()[:count], len(rows))
    if bounds == "check" and bad is not None:
        case["expect"] = failure("OUT_OF_BOUNDS", "index", f"[{bad}]", str(int(places[bad])))
    else:
        out, out_of_bounds = reference.gather(rows, places, count)
        case["expect"] = {"status": "OK", "out": encode(source["dtype"], out), "out_of_bounds": out_of_bounds}
    return case


def scatter_case(name: str, destination: dict[str, Any], index: dict[str, Any], rows: dict[str, Any],
                 reduce: str = "assign", bounds: str = "check", count: Optional[int] = None,
                 row_alignment: int = 0) -> Case:
    case: Case = {"name": name, "operation": "scatter", "destination": destination, "index": index, "rows": rows,
                  "reduce": reduce, "bounds": bounds}
    if row_alignment:
        case["row_alignment"] = row_alignment
    if count is not None:
        case["count"] = count
    dtype, before, places = destination["dtype"], decode(destination), decode(index)
    bad = reference.first_out_of_bounds(places.tolist()[:count], len(before))
    if bounds == "check" and bad is not None:
        case["expect"] = failure("OUT_OF_BOUNDS", "index", f"[{bad}]", str(int(places[bad])))
        return case
    added = decode(rows)
    if dtype == "bfloat16" and reduce == "add":
        widen = lambda array: (array.astype(np.uint32) << 16).view(np.float32)
        after, out_of_bounds = reference.scatter(widen(before), places, widen(added), True, count)
        after = (np.ascontiguousarray(after).view(np.uint32) >> 16).astype(np.uint16)
    else:
        after, out_of_bounds = reference.scatter(before, places, added, reduce == "add", count)
    case["expect"] = {"status": "OK", "destination": encode(dtype, after), "out_of_bounds": out_of_bounds}
    return case


def out_of_bounds_rows() -> list[tuple[str, str, int]]:
    """(word for the name, index dtype, a row that a tensor of 5 rows does not have)."""
    return [("minus-one", "int64", -1), ("one-past-the-end", "int64", 5), ("largest", "int64", INT64_MAX),
            ("smallest", "int64", INT64_MIN), ("two-to-32", "int64", 2**32), ("minus-one", "int32", -1),
            ("one-past-the-end", "int32", 5), ("largest", "int32", 2**31 - 1), ("smallest", "int32", -2**31)]


def gather_cases() -> list[Case]:
    cases = []
    for place, dtype in enumerate(DTYPES):
        source = random_array(dtype, (5, 3), place)
        cases.append(gather_case(f"{dtype}-int64", source, integers("int64", [4, 0, 0, 2, 3, 1])))
        cases.append(gather_case(f"{dtype}-int32-padded", source, integers("int32", [1, 4, 2]), row_alignment=64))
    for width in (1, 2, 4, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 256, 511):
        source = random_array("uint8", (4, width), 100 + width)
        cases.append(gather_case(f"{width}-bytes", source, integers("int64", [3, 1, 1, 0])))
    matrix = random_array("float32", (5, 2), 20)
    for word, dtype, row in out_of_bounds_rows():
        for bounds in ("check", "skip"):
            cases.append(gather_case(f"{word}-{dtype}-{bounds}", matrix, integers(dtype, [0, 4, row, 1, row]), bounds))
    cases.append(gather_case("last-row", matrix, integers("int64", [4])))
    cases.append(gather_case("trust", matrix, integers("int64", [4, 0, 3]), "trust"))
    cases.append(gather_case("first-bad-of-many", matrix, integers("int64", [1, 2, -7, 9, -8])))
    cases.append(gather_case("one-dimension", random_array("int16", (6,), 21), integers("int32", [5, 0, 5])))
    cases.append(gather_case("four-dimensions", random_array("int16", (4, 2, 3, 2), 22), integers("int32", [3, 0])))
    cases.append(gather_case("one-element", random_array("int64", (1, 1), 23), integers("int64", [0, 0, 0])))
    cases.append(gather_case("no-index", matrix, integers("int64", [])))
    cases.append(gather_case("no-index-no-rows", raw("float32", (0, 4), b""), integers("int32", [])))
    cases.append(gather_case("no-rows-check", raw("float32", (0, 4), b""), integers("int64", [0])))
    cases.append(gather_case("no-rows-skip", raw("float32", (0, 4), b""), integers("int64", [0, -1]), "skip"))
    cases.append(gather_case("zero-width", raw("float64", (5, 0), b""), integers("int64", [4, 0])))
    cases.append(gather_case("zero-width-check", raw("float64", (5, 0), b""), integers("int64", [0, 5])))
    cases.append(gather_case("inner-zero-width", raw("int8", (3, 0, 7), b""), integers("int64", [2, 2])))
    for count in (0, 2, 4):
        cases.append(gather_case(f"count-{count}", matrix, integers("int64", [3, 0, 1, 2]), count=count))
    cases.append(gather_case("count-hides-a-bad-index", matrix, integers("int32", [3, 0, -1, 99]), count=2))
    cases.append(gather_case("count-shows-a-bad-index", matrix, integers("int64", [3, 0, -1, 99]), count=3))
    # Large enough for several threads.
    for width, dtype in ((1, "float32"), (9, "float64"), (32, "float32"), (100, "uint16")):
        source = pattern(dtype, (3001, width), 30 + width, 60000)
        index = pattern("int64" if width > 1 else "int32", (20011,), 31, 3001)
        cases.append(gather_case(f"large-{width}-{dtype}", source, index))
    index = pattern("int64", (150000,), 32, 3010)
    source = pattern("int32", (3001,), 33, 2**31)
    cases.append(gather_case("large-skip", source, index, "skip"))
    cases.append(gather_case("large-check", source, index))
    refused = {"operation": "gather", "source": matrix, "bounds": "check"}
    one = integers("int64", [0])
    for dtype in ("float32", "uint8", "uint32", "uint64", "int16", "bool"):
        cases.append({**refused, "name": f"index-of-{dtype}",
                      "index": raw(dtype, (1,), bytes(numpy_dtype(dtype).itemsize)),
                      "expect": failure("DTYPE_MISMATCH", "index", dtype)})
    cases.append({**refused, "name": "index-of-two-dimensions", "index": integers("int64", [0, 1], (1, 2)),
                  "expect": failure("SHAPE_MISMATCH", "index", "2 dimensions")})
    cases.append({**refused, "name": "index-of-no-dimension", "index": integers("int64", [0], ()),
                  "expect": failure("SHAPE_MISMATCH", "index", "0 dimensions")})
    cases.append({**refused, "name": "source-of-no-dimension", "source": integers("int64", [7], ()), "index": one,
                  "expect": failure("SHAPE_MISMATCH", "source")})
    into = {"operation": "gather_into", "source": matrix, "index": integers("int64", [4, 2]), "bounds": "check"}
    expected, _ = reference.gather(decode(matrix), np.array([4, 2]))
    cases.append({**into, "name": "into", "out": random_array("float32", (2, 2), 40),
                  "expect": {"status": "OK", "out": encode("float32", expected)}})
    for word, out, status in (
            ("too-few-rows", random_array("float32", (1, 2), 41), "SHAPE_MISMATCH"),
            ("too-many-rows", random_array("float32", (3, 2), 42), "SHAPE_MISMATCH"),
            ("too-wide", random_array("float32", (2, 3), 43), "SHAPE_MISMATCH"),
            ("too-many-dimensions", random_array("float32", (2, 2, 1), 44), "SHAPE_MISMATCH"),
            ("of-int32", random_array("int32", (2, 2), 45), "DTYPE_MISMATCH")):
        cases.append({**into, "name": f"into-{word}", "out": out, "expect": failure(status, "out")})
    cases.append({**into, "name": "into-out-of-bounds", "index": integers("int64", [1, 5]),
                  "out": random_array("float32", (2, 2), 46), "expect": failure("OUT_OF_BOUNDS", "index", "[1]", "5")})
    return cases


def scatter_cases() -> list[Case]:
    cases = []
    for place, dtype in enumerate(DTYPES):
        before, rows = random_array(dtype, (6, 3), 200 + place), random_array(dtype, (4, 3), 220 + place)
        cases.append(scatter_case(f"assign-{dtype}", before, integers("int64", [5, 0, 2, 3]), rows))
        if dtype == "bool":
            cases.append({"name": "add-bool", "operation": "scatter", "destination": before, "rows": rows,
                          "index": integers("int64", [0, 1, 2, 3]), "reduce": "add", "bounds": "check",
                          "expect": failure("DTYPE_MISMATCH", "bool")})
            continue
        if "float" not in dtype:
            cases.append(scatter_case(f"add-wraps-{dtype}", before, integers("int64", [1, 1, 5, 1]), rows, "add"))
        cases.append(scatter_case(f"add-{dtype}", small_numbers(dtype, (6, 3), 240 + place),
                                  integers("int32", [2, 0, 2, 2, 5]), small_numbers(dtype, (5, 3), 260 + place), "add",
                                  row_alignment=64))
    before, rows = random_array("int32", (5, 2), 280), random_array("int32", (4, 2), 281)
    for word, dtype, row in out_of_bounds_rows():
        for bounds in ("check", "skip"):
            for reduce in ("assign", "add"):
                cases.append(scatter_case(f"{reduce}-{word}-{dtype}-{bounds}", before, integers(dtype, [0, 4, row, 1]),
                                          rows, reduce, bounds))
    cases.append(scatter_case("trust", before, integers("int64", [4, 0, 3, 1]), rows, "assign", "trust"))
    cases.append(scatter_case("last-row", before, integers("int64", [4]), random_array("int32", (1, 2), 282)))
    cases.append(scatter_case("no-index", before, integers("int64", []), raw("int32", (0, 2), b"")))
    cases.append(scatter_case("no-rows-skip", raw("int32", (0, 2), b""), integers("int64", [0, 1]),
                              random_array("int32", (2, 2), 283), "add", "skip"))
    cases.append(scatter_case("no-rows-check", raw("int32", (0, 2), b""), integers("int64", [0]),
                              random_array("int32", (1, 2), 284)))
    cases.append(scatter_case("zero-width", raw("int8", (3, 0), b""), integers("int64", [2]), raw("int8", (1, 0), b"")))
    cases.append(scatter_case("one-dimension", random_array("int64", (7,), 285), integers("int32", [6, 0]),
                              random_array("int64", (2,), 286)))
    for count in (0, 2, 4):
        cases.append(scatter_case(f"count-{count}", before, integers("int64", [3, 0, 1, 2]), rows, count=count))
    cases.append(scatter_case("count-hides-a-bad-index", before, integers("int64", [3, 0, -1, 9]), rows, count=2))
    for dtype, width, modulo in (("int64", 8, 2**40), ("float32", 16, 16), ("uint8", 33, 256), ("int16", 5, 30000)):
        destination = pattern(dtype, (601, width), 290, modulo)
        rows_spec = pattern(dtype, (20000, width), 291, modulo)
        index = pattern("int64", (20000,), 292, 601)
        cases.append(scatter_case(f"large-add-{dtype}", destination, index, rows_spec, "add"))
    index = pattern("int32", (20000,), 293, 650)
    cases.append(scatter_case("large-add-skip", pattern("uint32", (601, 8), 294, 2**32), index,
                              pattern("uint32", (20000, 8), 295, 2**32), "add", "skip"))
    cases.append(scatter_case("large-check", pattern("uint32", (601, 8), 294, 2**32), index,
                              pattern("uint32", (20000, 8), 295, 2**32)))
    given = {"operation": "scatter", "destination": before, "index": integers("int64", [0, 1, 2, 3]), "rows": rows,
             "reduce": "assign", "bounds": "check"}
    cases.append({**given, "name": "rows-too-few", "rows": random_array("int32", (3, 2), 300),
                  "expect": failure("SHAPE_MISMATCH", "rows")})
    cases.append({**given, "name": "rows-too-wide", "rows": random_array("int32", (4, 3), 301),
                  "expect": failure("SHAPE_MISMATCH", "rows")})
    cases.append({**given, "name": "rows-of-float32", "rows": random_array("float32", (4, 2), 302),
                  "expect": failure("DTYPE_MISMATCH", "rows", "float32")})
    cases.append({**given, "name": "index-of-float64", "index": raw("float64", (4,), bytes(32)),
                  "expect": failure("DTYPE_MISMATCH", "index", "float64")})
    cases.append({**given, "name": "index-of-two-dimensions", "index": integers("int64", [0, 1, 2, 3], (2, 2)),
                  "expect": failure("SHAPE_MISMATCH", "index", "2 dimensions")})
    return cases
