# SPDX-License-Identifier: Apache-2.0
"""Gather rows by a random index. On the CPU: unitensor from memory of its own, PyTorch's index_select from PyTorch's (where
it is installed), a plain reference loop (in a build tree) and memcpy of as many bytes, with the same threads. On a device:
unitensor from each kind of memory, a gather on the CPU with a copy of the result, the plain copy of as many bytes over the
link and, for a table in its own memory, the copy of as many bytes within that. All in turn; every call gets an index of its
own; the results are compared once."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import Any, Iterator, NamedTuple, Sequence

import numpy as np

from . import gather_contestants, machine, orders, places, reference, report, rows, sizes, tables
from .gather_contestants import CPU_PATH, DEVICE_COPY, ONE_BY_ONE, PLAIN, Variant
from .progress import progress
from .rows import Case, Tables
from .timing import Times, interleave_calls, median, of_one, ratio

TARGETS = (
    "2 times torch's speed to 128-byte rows, 1.5 times to 1 KiB and 1.3 times to 4 KiB; at most 1.1 times the reference "
    "loop's time; from a caller's memory torch's speed, and 1.2 times in the median; on a device, from tables larger than "
    "1 GiB: in its memory 0.9 times the rate of a copy there from 256 bytes on; from managed and unified memory 0.9 times "
    "the rate of a copy over the link to multiples of 128 bytes, 0.8 to 128, 0.76 to 400 and 0.82 to 2408, there 0.97 times "
    "the speed of more multiprocessors, and from 128 bytes on 2.2 times that of the way over the CPU; to 1M rows of 128 "
    "bytes from 8 GiB of pinned memory 6 times the speed of the order as given"
)
_SPEEDS_OVER_TORCH = {128: 2.0, 1024: 1.5, 4096: 1.3}  # by the largest row
# The same for memory of the caller's: at each row size, and in the median over what is measured.
_LEAST_FOR_CALLER, _TYPICAL_FOR_CALLER = 1.0, 1.2
_OUT_DTYPES = ("same", "float32", "float16", "bfloat16")
_ORDERS = ("auto", "as_given", "by_page")
# A smaller table may lie in caches, or be read too soon to tell.
_LARGE_TABLE = 1 << 30
# What is read over the link at its rate. Pinned memory is not: there a device is held up by translating addresses.
_UNIFIED = ("managed", "unified")
_SPEEDS_OVER_LINK = {128: 0.8, 400: 0.76, 2408: 0.82}  # by the row; else to multiples of 128 bytes:
_SPEED_OVER_LINK = 0.9
# Of these the library takes so many by itself where memory of the host takes part.
_DEFAULT_MULTIPROCESSORS = 12
_PINNED_CASE = {"memory": "pinned", "table_size": 8 << 30, "row_bytes": 128, "count": 1 << 20}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    rows.add_arguments(parser, "gather", TARGETS, with_caller=True)
    parser.add_argument(
        "--order",
        type=sizes.word_list(_ORDERS, "order"),
        default=["auto"],
        metavar="ORDER,ORDER",
        help="in which a device takes the rows: auto, as_given, by_page (auto)",
    )
    rows.add_budget_argument(parser)
    parser.add_argument(
        "--dtype",
        type=sizes.word_list(tables.DTYPES, "dtype of a table"),
        default=["float32"],
        metavar="DTYPE,DTYPE",
        help="of the table: float32, float16, int8 (float32)",
    )
    parser.add_argument(
        "--out-dtype",
        type=sizes.word_list(_OUT_DTYPES, "dtype of what is gathered"),
        default=["same"],
        metavar="DTYPE,DTYPE",
        help="of the result: same, float32, float16, bfloat16; with int8 each row has a scale (same)",
    )
    parser.add_argument(
        "--tensors",
        type=sizes.size_list,
        default=[1],
        metavar="N,N",
        help="tensors that are gathered from by one index, 1 to 16; they share the size of the table (1)",
    )


def _over_more_multiprocessors(times: Times, variant: Variant, variants: Sequence[Variant]) -> float | None:
    """The speed of the library's own number of them over that of the fastest larger one; None where there is none."""
    larger = [
        ratio(times, other.name, variant.name)
        for other in variants
        if other.order == variant.order and other.num_multiprocessors > _DEFAULT_MULTIPROCESSORS
    ]
    measured = [speed for speed in larger if speed is not None]
    return min(measured) if measured and variant.num_multiprocessors == 0 else None


def _result(case: Case, calls: int, times: Times, variant: Variant, variants: Sequence[Variant]) -> dict[str, Any]:
    name = variant.name
    own = of_one(times, name, {other.name for other in variants})
    result = {
        **case.head(),
        "dtype": case.dtype,
        "out_dtype": case.out_dtype,
        "tensors": case.tensors,
        "calls": calls,
        "seconds": own,
        "gigabytes_per_second": {
            other: (case.device_copy_bytes if other == DEVICE_COPY else case.num_bytes) / median(values) / 1e9
            for other, values in own.items()
        },
        "speed_over_torch": ratio(own, "torch", "unitensor"),
        "time_over_reference": ratio(own, "unitensor", "reference"),
        "speed_over_plain_copy": ratio(own, PLAIN, "unitensor"),
        "speed_over_cpu_path": ratio(own, CPU_PATH, "unitensor"),
        "speed_over_device_copy": ratio(own, DEVICE_COPY, "unitensor"),
        "speed_over_one_by_one": ratio(own, ONE_BY_ONE, "unitensor"),
    }
    if case.place.on_device:
        result.update(variant._asdict())
        if variant.order != "as_given":
            result["speed_over_as_given"] = ratio(times, variant._replace(order="as_given").name, name)
        # Within its own memory a device takes all that it has.
        if case.place.resolved != "device":
            result["speed_over_more_multiprocessors"] = _over_more_multiprocessors(times, variant, variants)
    return result


def _cases(options: argparse.Namespace, found: Sequence[places.Place]) -> list[Case]:
    """Of each dtype and number of tensors."""
    if any(tensors > 16 for tensors in options.tensors):
        raise OSError("--tensors are from 1 to 16")
    kinds = [
        (dtype, dtype if out_dtype == "same" else out_dtype, tensors)
        for dtype in options.dtype
        for out_dtype in options.out_dtype
        for tensors in options.tensors
    ]
    if any(dtype != out_dtype and tensors > 1 for dtype, out_dtype, tensors in kinds):
        raise OSError("several tensors are not converted: give --tensors or --out-dtype")
    if any(place.memory == places.CALLER for place in found) and "bfloat16" in options.out_dtype:
        raise OSError("caller memory is NumPy's, which has no bfloat16")

    def of_kind(case: Case, dtype: str, out_dtype: str, tensors: int) -> Case:
        made = dataclasses.replace(case, dtype=dtype, out_dtype=out_dtype, tensors=tensors)
        largest = tensors * made.width * max(tables.ITEM_SIZES[dtype], tables.ITEM_SIZES[out_dtype])
        if made.num_rows < 1:
            raise OSError(f"{tensors} tensors with rows of {case.row_bytes} bytes are more than the table")
        return dataclasses.replace(made, count=max(1, min(case.count, rows.LARGEST_RESULT // largest)))

    of_rows = rows.cases(options, found, distinct=False)
    return list(dict.fromkeys(of_kind(case, *kind) for kind in kinds for case in of_rows))


def _measure(options: argparse.Namespace, case: Case, made: Tables, torch: Any, loops: Any) -> list[dict[str, Any]]:
    """One result for each order and budget. All of them are measured together, so that they can be compared."""
    variants = [Variant()]
    if case.place.on_device:
        variants = [Variant(order, budget) for budget in options.num_multiprocessors for order in options.order]
    calls = case.calls(options.quick)
    most = (options.repetitions + 1) * calls * (len(variants) + 6)
    random = np.random.default_rng(options.seed)
    number = tables.num_indices(case.count, case.tensors * case.row_bytes, most)
    indices = [tables.random_index(random, case.num_rows, case.count) for _ in range(number)]
    if case.place.on_device:
        contestants = gather_contestants.on_device(case, calls, made, indices, variants)
    else:
        contestants = gather_contestants.on_cpu(case, calls, made, indices, torch, loops)
    times = interleave_calls(contestants, options.repetitions)
    return [_result(case, calls, times, variant, variants) for variant in variants]


def _least_over_torch(result: dict[str, Any]) -> float | None:
    if result["memory"] == places.CALLER:
        return _LEAST_FOR_CALLER
    return next((least for largest, least in _SPEEDS_OVER_TORCH.items() if result["row_bytes"] <= largest), None)


def missed_typically(results: Sequence[dict[str, Any]]) -> list[str]:
    """What all results together fall short of."""
    speeds = [
        result["speed_over_torch"]
        for result in results
        if (result["memory"], result["tensors"]) == (places.CALLER, 1) and result["dtype"] == result["out_dtype"]
    ]
    speeds = [speed for speed in speeds if speed is not None]
    if not speeds or median(speeds) >= _TYPICAL_FOR_CALLER:
        return []
    return [f"a caller's memory: {median(speeds):.2f} times torch's speed in the median, expected {_TYPICAL_FOR_CALLER}"]


class _Target(NamedTuple):
    figure: str
    least: float
    over: str


def _targets_on_device(result: dict[str, Any]) -> Iterator[_Target]:
    """What a result is held to, whichever of the figures it has."""
    row_bytes = result["row_bytes"]
    if result["memory"] in _UNIFIED:
        least = _SPEEDS_OVER_LINK.get(row_bytes, _SPEED_OVER_LINK if row_bytes % 128 == 0 else None)
        if least is not None:
            yield _Target("speed_over_plain_copy", least, "the rate of a copy over the link")
            yield _Target("speed_over_more_multiprocessors", 0.97, "the speed of more multiprocessors")
        if row_bytes >= 128:
            yield _Target("speed_over_cpu_path", 2.2, "the speed of the way over the CPU")
    if row_bytes >= 256:
        yield _Target("speed_over_device_copy", 0.9, "the rate of a copy within the device's memory")
    if all(result.get(name) == value for name, value in _PINNED_CASE.items()):
        yield _Target("speed_over_as_given", 6, "the speed of the order as given")


def _missed_on_device(result: dict[str, Any]) -> list[str]:
    # What was asked to take fewer multiprocessors, or another order than the library's, need not be as fast.
    chosen = result.get("order") == "auto" and result.get("num_multiprocessors") == 0
    if not chosen or result["table_size"] <= _LARGE_TABLE:
        return []
    place = f"{result['memory']} memory, rows of {result['row_bytes']} bytes"
    return [
        f"{place}: {result[figure]:.2f} times {over}, expected {least}"
        for figure, least, over in _targets_on_device(result)
        if result.get(figure) is not None and result[figure] < least
    ]


def missed(result: dict[str, Any]) -> list[str]:
    """What a result falls short of. There are no targets for rows that are converted and for several tensors."""
    if result["out_dtype"] != result["dtype"] or result["tensors"] != 1:
        return []
    misses = []
    place = f"rows of {result['row_bytes']} bytes, {result['threads']} threads"
    least = _least_over_torch(result)
    speed, time = result["speed_over_torch"], result["time_over_reference"]
    if least is not None and speed is not None and speed < least:
        misses.append(f"{place}: {speed:.2f} times torch's speed, expected {least}")
    if time is not None and time > 1.1:
        misses.append(f"{place}: {time:.2f} times the reference loop's time, expected at most 1.1")
    return misses + _missed_on_device(result)


_COLUMNS: list[report.Column] = [
    ("memory", report.field("memory")),
    ("on", report.field("computed_on")),
    ("table", report.size_field("table_size")),
    ("tensors", lambda result: str(result["tensors"]) if result["tensors"] > 1 else ""),
    ("row bytes", report.field("row_bytes")),
    ("of", lambda result: result["dtype"] if result["dtype"] != "float32" else ""),
    ("as", lambda result: result["out_dtype"] if result["dtype"] != result["out_dtype"] else ""),
    ("threads", report.field("threads")),
    ("rows", report.field("count")),
    ("order", report.field("order")),
    ("multiprocessors", lambda result: str(result.get("num_multiprocessors") or "")),
    ("unitensor GB/s", report.rate_field("unitensor")),
    ("torch GB/s", report.rate_field("torch")),
    ("reference GB/s", report.rate_field("reference")),
    ("CPU path GB/s", report.rate_field(CPU_PATH)),
    ("plain copy GB/s", report.rate_field(PLAIN)),
    ("device copy GB/s", report.rate_field(DEVICE_COPY)),
    ("one by one GB/s", report.rate_field(ONE_BY_ONE)),
    ("over plain copy", report.ratio_field("speed_over_plain_copy")),
    ("over device copy", report.ratio_field("speed_over_device_copy")),
    ("over one by one", report.ratio_field("speed_over_one_by_one")),
    ("over CPU path", report.ratio_field("speed_over_cpu_path")),
    ("over torch", report.ratio_field("speed_over_torch")),
    ("over as_given", report.ratio_field("speed_over_as_given")),
    ("over more multiprocessors", report.ratio_field("speed_over_more_multiprocessors")),
    ("time over reference", report.ratio_field("time_over_reference")),
]


def _all_results(options: argparse.Namespace, all_cases: list[Case], torch: Any) -> Iterator[list[dict[str, Any]]]:
    loops = reference.load("reference", options.reference)
    made = Tables(torch)
    for case in progress(all_cases, "gather"):
        for attempt in range(1, 4 if options.check else 2):
            results = _measure(options, case, made.of(case), torch, loops)
            for result in results:
                result["attempts"] = attempt
            if not any(map(missed, results)) and not missed_typically(results):
                break
        yield results


def run(options: argparse.Namespace) -> int:
    torch = machine.import_torch()
    found = rows.settle(options, torch)
    all_cases = _cases(options, found)
    if not all(place.on_device for place in found) and (options.order != ["auto"] or options.num_multiprocessors != [0]):
        print("unitensor: the CPU has no order and no multiprocessors to choose", file=sys.stderr)
    results = [result for case in _all_results(options, all_cases, torch) for result in case]
    content = report.document(
        "gather", rows.parameters(options, "table_size", "count", "repetitions", "seed"), results
    )
    thresholds = orders.thresholds(results)
    if thresholds:
        content["order_thresholds"] = thresholds
    if options.json != "-":
        report.print_results(_COLUMNS, results)
        for line in orders.lines_of(thresholds):
            print(line)
    report.write_files(content, options)
    misses = [miss for result in results for miss in missed(result)] + missed_typically(results)
    if options.check:
        report.print_misses(misses)
    return 1 if options.check and misses else 0
