# SPDX-License-Identifier: Apache-2.0
"""Copy contiguous memory. On the CPU: unitensor with each number of threads, PyTorch's copy_ (where it is installed) with the
same threads and memcpy. On a device: between each kind of memory and the device, both ways, next to pinned memory. In
turn; every call takes another part of the table; the results are compared once."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import unitensor as ut

from . import machine, plain, report, rows, sizes, tables
from .progress import progress
from .rows import Case, Tables
from .timing import Contestant, interleave_calls, median, ratio

_PLAIN = "plain copy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size",
        type=sizes.size_list,
        metavar="SIZE,SIZE",
        help="bytes of a copy, multiples of 4 (64K,1M,16M,256M)",
    )
    parser.add_argument(
        "--table-size",
        type=sizes.size_list,
        metavar="SIZE,SIZE",
        help="bytes of the memory of which parts are copied, as 512M or 2G (2G)",
    )
    rows.add_common_arguments(parser, "of the parts that are taken (1)", 11, None)


def _on_cpu(case: Case, calls: int, made: Tables, order: np.ndarray[Any, Any], torch: Any) -> dict[str, Contestant]:
    """The contestants, checked."""
    table = rows.on_cpu(made.own, case, made.context(case.threads))
    out = ut.zeros((1, case.width), memory="host", context=made.context(case.threads))
    view = out.numpy()
    parts = [table[row : row + 1] for row in order]
    contestants = {"unitensor": Contestant(lambda number: out.copy_from(parts[number % len(parts)]), calls)}
    expected = tables.gathered(order[:1], case.width)
    contestants["unitensor"].call(0)
    checked = {"unitensor": bool(np.array_equal(view, expected))}
    if made.of_torch is not None:
        torch.set_num_threads(case.threads)
        torch_rows = rows.as_rows(made.of_torch, case)
        torch_parts = [torch_rows[row : row + 1] for row in order]
        torch_out = torch.zeros(1, case.width)
        contestants["torch"] = Contestant(lambda number: torch_out.copy_(torch_parts[number % len(parts)]), calls)
        contestants["torch"].call(0)
        checked["torch"] = bool(np.array_equal(torch_out.numpy(), expected))
    contestants[_PLAIN] = Contestant(plain.memcpy(table.numpy(), view), calls)
    rows.require(checked)
    return contestants


def _on_device(
    case: Case, calls: int, made: Tables, order: np.ndarray[Any, Any], to_device: bool
) -> dict[str, Contestant]:
    """The contestants, checked. Memory of the device is copied within it, and compared with the link to it."""
    context = made.context(case.threads)
    parts = [made.own[row * case.width : (row + 1) * case.width] for row in order.tolist()]
    # What is in the table depends on the cases before.
    before = rows.to_host(parts[0], context) if case.place.resolved == "device" else parts[0].numpy().copy()
    other = rows.on_device(-1 - before, context)
    pinned = ut.zeros((case.width,), memory="pinned", context=context)

    def copy_to_device(number: int) -> None:
        other.copy_from(parts[number % len(parts)])

    def copy_from_device(number: int) -> None:
        parts[number % len(parts)].copy_from(other)

    if to_device:
        copy_to_device(0)
        seen, expected = rows.to_host(other, context), before
    else:
        copy_from_device(0)
        context.synchronize()
        seen, expected = parts[0].numpy(), -1 - before
    rows.require({"unitensor": bool(np.array_equal(seen, expected))})
    link = plain.over_link(other, pinned) if to_device else plain.over_link(pinned, other)
    return {
        "unitensor": Contestant(copy_to_device if to_device else copy_from_device, calls, context.synchronize),
        _PLAIN: Contestant(link, calls, context.synchronize),
    }


def _measure(
    options: argparse.Namespace, case: Case, direction: str, made: Tables, torch: Any
) -> dict[str, Any]:
    calls = case.calls(options.quick)
    random = np.random.default_rng(options.seed)
    number = tables.num_indices(1, case.row_bytes, (options.repetitions + 1) * calls * 3)
    order = random.permutation(case.num_rows)[:number]
    if case.place.on_device:
        contestants = _on_device(case, calls, made, order, direction != "from device")
    else:
        contestants = _on_cpu(case, calls, made, order, torch)
    times = interleave_calls(contestants, options.repetitions)
    head = case.head()
    return {
        **{name: head[name] for name in ("memory", "is", "computed_on", "table_size", "threads")},
        "size": case.row_bytes,
        "direction": direction,
        "calls": calls,
        "seconds": times,
        "gigabytes_per_second": {name: case.row_bytes / median(values) / 1e9 for name, values in times.items()},
        "speed_over_torch": ratio(times, "torch", "unitensor"),
        "speed_over_plain_copy": ratio(times, _PLAIN, "unitensor"),
    }


def _directions(case: Case) -> list[str]:
    if not case.place.on_device:
        return ["on the host"]
    return ["on the device"] if case.place.resolved == "device" else ["to device", "from device"]


_COLUMNS: list[report.Column] = [
    ("memory", report.field("memory")),
    ("direction", report.field("direction")),
    ("bytes", report.size_field("size")),
    ("threads", report.field("threads")),
    ("unitensor GB/s", report.rate_field("unitensor")),
    ("torch GB/s", report.rate_field("torch")),
    ("plain copy GB/s", report.rate_field(_PLAIN)),
    ("over plain copy", report.ratio_field("speed_over_plain_copy")),
    ("over torch", report.ratio_field("speed_over_torch")),
]


def run(options: argparse.Namespace) -> int:
    torch = machine.import_torch()
    found = rows.settle(options, torch)
    options.size = options.size or [64 << 10, 1 << 20] + ([] if options.quick else [16 << 20, 256 << 20])
    if any(size % 4 != 0 or not 4 <= size <= min(options.table_size) for size in options.size):
        raise OSError("--size are multiples of 4, from 4 to the size of the table")
    # A copy is one row.
    made = Tables(torch)
    cases = [
        (Case(place, table_size, size, 1, threads), direction)
        for place in found
        for table_size in options.table_size
        for threads in rows.threads_of(options, place)
        for size in options.size
        for direction in _directions(Case(place, table_size, size, 1, threads))
    ]
    results = [
        _measure(options, case, direction, made.of(case), torch) for case, direction in progress(cases, "copy")
    ]
    content = report.document("copy", rows.parameters(options, "table_size", "repetitions", "seed"), results)
    if options.json != "-":
        report.print_results(_COLUMNS, results)
    report.write_files(content, options)
    return 0
