# SPDX-License-Identifier: Apache-2.0
"""Cases of gathers that convert, and of gathers of several tensors by one index."""
from __future__ import annotations

from typing import Any, Optional

import numpy as np

import reference
from arrays import decode, encode, integers, pattern, raw, splitmix64
from cases_rows import Case, failure, out_of_bounds_rows, random_array

FLOATS = ("float16", "bfloat16", "float32")
# Around what rounds, overflows and underflows in a narrower type, as float32.
SPECIAL = (0.0, -0.0, 1.0, -1.0, 65504.0, 65519.0, 65520.0, -65536.0, 6.1e-5, 5.9e-8, 2.9e-8, 3.0e-8, 1.0009765625,
           1.00048828125, 1.00146484375, 1.00390625, 1.01171875, 3.3895314e38, 3.4e38, 1e-40, float("inf"), float("-inf"))


def numbers(dtype: str, shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Numbers of all sizes, some of them special, no NaN: which bits one has is not promised."""
    size = int(np.prod(shape))
    bits = splitmix64(seed, size)
    values = (bits % np.uint64(2**20)).astype(np.float64) * 2.0 ** ((bits >> np.uint64(32)) % np.uint64(40)).astype(float)
    floats = (values * 2.0**-38 * np.where(bits >> np.uint64(63), -1.0, 1.0)).astype(np.float32)
    floats[::3] = np.resize(np.array(SPECIAL, np.float32), len(floats[::3]))
    if dtype == "int8":
        return raw(dtype, shape, bits.astype(np.int8).tobytes())
    return raw(dtype, shape, reference.from_float32(floats, dtype).tobytes())


def converted_case(name: str, source: dict[str, Any], index: dict[str, Any], dtype: str,
                   row_scales: Optional[dict[str, Any]] = None, bounds: str = "check", order: str = "auto",
                   count: Optional[int] = None, row_alignment: int = 0) -> Case:
    case: Case = {"name": name, "operation": "gather_converted", "source": source, "index": index, "dtype": dtype,
                  "bounds": bounds, "order": order}
    if row_scales is not None:
        case["row_scales"] = row_scales
    if row_alignment:
        case["row_alignment"] = row_alignment
    if count is not None:
        case["count"] = count
    places = decode(index)
    bad = reference.first_out_of_bounds(places.tolist()[:count], len(decode(source)))
    if bounds == "check" and bad is not None:
        case["expect"] = failure("OUT_OF_BOUNDS", "index", f"[{bad}]", str(int(places[bad])))
        return case
    scales = None if row_scales is None else decode(row_scales)
    values = reference.converted(decode(source), source["dtype"], dtype, scales)
    out, out_of_bounds = reference.gather(values, places, count)
    case["expect"] = {"status": "OK", "out": encode(dtype, out), "out_of_bounds": out_of_bounds}
    return case


def scales(length: int, seed: int) -> dict[str, Any]:
    values = ((splitmix64(seed, length) % np.uint64(2001)).astype(np.float32) - 1000) / np.float32(333)
    return raw("float32", (length,), values.astype(np.float32).tobytes())


def conversion_cases() -> list[Case]:
    cases = []
    index = integers("int64", [5, 0, 2, 2, 4, 1])
    for seed, (source, dtype) in enumerate((s, d) for s in (*FLOATS, "int8") for d in FLOATS if s != d):
        for width in (1, 3, 8, 36):
            cases.append(converted_case(f"{source}-to-{dtype}-{width}", numbers(source, (6, width), 500 + seed * 8 + width),
                                        index, dtype, scales(6, width) if source == "int8" else None,
                                        order="by_page" if width == 8 else "auto"))
    matrix = numbers("float32", (5, 3), 600)
    for bounds in ("check", "skip"):
        for word, dtype, row in out_of_bounds_rows()[:4]:
            cases.append(converted_case(f"{word}-{dtype}-{bounds}", matrix, integers(dtype, [0, 4, row, 1]), "float16",
                                        bounds=bounds))
    cases.append(converted_case("same-dtype", matrix, integers("int32", [1, 0]), "float32"))
    cases.append(converted_case("trust", matrix, integers("int32", [1, 4, 0]), "bfloat16", bounds="trust"))
    cases.append(converted_case("padded", matrix, integers("int64", [3, 0]), "float16", row_alignment=64))
    cases.append(converted_case("no-index", matrix, integers("int64", []), "float16"))
    cases.append(converted_case("zero-width", raw("float32", (4, 0), b""), integers("int64", [3]), "float16"))
    large = pattern("int8", (3001, 20), 601, 256)
    cases.append(converted_case("large", large, pattern("int64", (20011,), 602, 3001), "float32", scales(3001, 603)))
    given = {"operation": "gather_converted", "source": matrix, "index": index, "bounds": "check", "order": "auto"}
    for word, source, dtype, status in (("float64", numbers("float32", (6, 2), 1), "float64", "NOT_SUPPORTED"),
                                        ("from-int32", random_array("int32", (6, 2), 2), "float32", "NOT_SUPPORTED"),
                                        ("to-int8", numbers("float32", (6, 2), 3), "int8", "NOT_SUPPORTED")):
        cases.append({**given, "name": f"refused-{word}", "source": source, "dtype": dtype, "expect": failure(status, dtype)})
    quantised = numbers("int8", (6, 4), 604)
    cases.append({**given, "name": "int8-without-scales", "source": quantised, "dtype": "float32",
                  "expect": failure("INVALID_ARGUMENT", "row_scales")})
    for word, array, status in (("too-few", scales(5, 1), "SHAPE_MISMATCH"),
                                ("of-float16", raw("float16", (6,), bytes(12)), "DTYPE_MISMATCH"),
                                ("of-two-dimensions", raw("float32", (6, 1), bytes(24)), "SHAPE_MISMATCH")):
        cases.append({**given, "name": f"scales-{word}", "source": quantised, "dtype": "float32", "row_scales": array,
                      "expect": failure(status, "row_scales")})
    cases.append({**given, "name": "scales-without-int8", "dtype": "float16", "row_scales": scales(5, 1),
                  "expect": failure("INVALID_ARGUMENT", "row_scales")})
    return cases


def many_case(name: str, first: dict[str, Any], second: dict[str, Any], index: dict[str, Any], bounds: str = "check",
              order: str = "auto", count: Optional[int] = None) -> Case:
    case: Case = {"name": name, "operation": "gather_many", "first": first, "second": second, "index": index,
                  "bounds": bounds, "order": order}
    if count is not None:
        case["count"] = count
    places = decode(index)
    bad = reference.first_out_of_bounds(places.tolist()[:count], len(decode(first)))
    if bounds == "check" and bad is not None:
        case["expect"] = failure("OUT_OF_BOUNDS", "index", f"[{bad}]", str(int(places[bad])))
        return case
    out, out_of_bounds = reference.gather(decode(first), places, count)
    other, _ = reference.gather(decode(second), places, count)
    case["expect"] = {"status": "OK", "first": encode(first["dtype"], out), "second": encode(second["dtype"], other),
                      "out_of_bounds": out_of_bounds}
    return case


def many_cases() -> list[Case]:
    cases = []
    features, labels = random_array("float32", (5, 12), 610), random_array("int64", (5,), 611)
    index = integers("int64", [4, 0, 0, 2])
    for order in ("auto", "as_given", "by_page"):
        cases.append(many_case(f"features-and-labels-{order}", features, labels, index, order=order))
    cases.append(many_case("odd-widths", random_array("uint8", (5, 47), 612), random_array("int16", (5, 3, 2), 613),
                           integers("int32", [3, 3, 1])))
    cases.append(many_case("zero-width", raw("int8", (5, 0), b""), labels, integers("int32", [3, 3, 1])))
    for word, dtype, row in out_of_bounds_rows()[:4]:
        for bounds in ("check", "skip"):
            cases.append(many_case(f"{word}-{dtype}-{bounds}", features, labels, integers(dtype, [1, row, 2]), bounds))
    cases.append(many_case("no-index", features, labels, integers("int64", [])))
    cases.append(many_case("large", pattern("float32", (3001, 32), 614, 60000), pattern("int32", (3001,), 615, 50),
                           pattern("int64", (20011,), 616, 3001), order="by_page"))
    cases.append({"name": "different-rows", "operation": "gather_many", "first": features, "index": index,
                  "second": random_array("int64", (6,), 617), "bounds": "check", "order": "auto",
                  "expect": failure("SHAPE_MISMATCH", "sources[1]", "6 rows", "5")})
    return cases
