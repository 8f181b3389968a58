# SPDX-License-Identifier: Apache-2.0
"""Gather rows by a random index: unitensor from memory of its own, PyTorch's index_select from PyTorch's (where it is
installed), and a plain reference loop (in a build tree), with the same threads, in turn. Every call gets an index of its
own; the results are compared once."""

from __future__ import annotations

import argparse
from typing import Any, Callable

import numpy as np
import unitensor as ut

from . import machine, reference, report, sizes
from .progress import progress
from .timing import interleave, median, ratio

TARGETS = (
    "1.5 times torch's speed to 128-byte rows and 1.25 times to 1 KiB; at most 1.1 times the reference loop's time"
)
_LARGEST_RESULT = 256 << 20
_INDICES = 8  # different ones, used in turn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--row-bytes",
        type=sizes.size_list,
        default=[16, 32, 64, 128, 256, 400, 512, 1024, 2048, 4096],
        metavar="N,N",
        help="row sizes in bytes, multiples of 4 (%(default)s)",
    )
    parser.add_argument(
        "--table-size", type=sizes.size, default=2 << 30, metavar="SIZE", help="bytes of the table, as 512M or 2G (2G)"
    )
    parser.add_argument(
        "--count",
        type=sizes.size,
        default=1 << 20,
        metavar="N",
        help="rows to gather, less where the result would pass 256 MiB (1M)",
    )
    parser.add_argument(
        "--threads", type=sizes.size_list, default=[1, 2], metavar="N,N", help="numbers of threads (1,2)"
    )
    parser.add_argument("--repetitions", type=int, default=11, metavar="N", help="measured calls of each (11)")
    parser.add_argument("--seed", type=int, default=1, help="of the random indices (1)")
    parser.add_argument("--quick", action="store_true", help="a small run that shows only that everything works")
    reference.add_argument(parser)
    report.add_json_argument(parser)
    report.add_check_argument(parser, TARGETS)


def _tables(table_bytes: int, torch: Any) -> tuple[ut.Tensor, Any]:
    """One-dimensional float32 tables with the same contents, one in memory of each library."""
    values = np.random.default_rng(0).integers(0, 1 << 22, 1 << 20).astype(np.float32)
    length = table_bytes // 4
    own = ut.empty((length,))
    view = own.numpy()
    for begin in range(0, length, values.size):
        view[begin : begin + values.size] = values[: length - begin]
    if torch is None:
        return own, None
    other = torch.empty(length, dtype=torch.float32)
    other.numpy()[:] = view
    return own, other


def _measure(
    options: argparse.Namespace,
    table: ut.Tensor,
    torch: Any,
    torch_table: Any,
    loops: Any,
    row_bytes: int,
    num_threads: int,
    context: ut.Context,
) -> dict[str, Any]:
    width = row_bytes // 4
    num_rows = len(table) // width
    count = max(1, min(options.count, _LARGEST_RESULT // row_bytes))
    random = np.random.default_rng(options.seed)
    indices = [random.integers(0, num_rows, count) for _ in range(_INDICES)]
    rows = ut.wrap(table.numpy()[: num_rows * width].reshape(num_rows, width), context=context)
    out = ut.zeros((count, width), context=context)
    contestants: dict[str, Callable[[int], Any]] = {
        "unitensor": lambda number: rows.gather(indices[number % _INDICES], out=out)
    }
    rows.gather(indices[0], out=out)
    expected = out.numpy().copy()
    checked = {"unitensor": bool(np.array_equal(expected, rows.numpy()[indices[0]]))}
    if torch_table is not None:
        torch.set_num_threads(num_threads)
        torch_rows = torch_table[: num_rows * width].view(num_rows, width)
        torch_out = torch.zeros(count, width)
        torch_indices = [torch.from_numpy(index) for index in indices]
        contestants["torch"] = lambda number: torch.index_select(
            torch_rows, 0, torch_indices[number % _INDICES], out=torch_out
        )
        contestants["torch"](0)
        checked["torch"] = bool(np.array_equal(expected, torch_out.numpy()))
    if loops is not None:
        source, plain_out = rows.numpy(), out.numpy()
        contestants["reference"] = lambda number: reference.gather(
            loops, source, indices[number % _INDICES], plain_out, num_threads
        )
        plain_out[:] = 0
        contestants["reference"](0)
        checked["reference"] = bool(np.array_equal(expected, plain_out))
    if not all(checked.values()):
        raise ut.Error(f"the results differ: {checked}")
    times = interleave(contestants, options.repetitions)
    return {
        "row_bytes": row_bytes,
        "threads": num_threads,
        "count": count,
        "seconds": times,
        "gigabytes_per_second": {name: count * row_bytes / median(values) / 1e9 for name, values in times.items()},
        "speed_over_torch": ratio(times, "torch", "unitensor"),
        "time_over_reference": ratio(times, "unitensor", "reference"),
    }


def missed(result: dict[str, Any]) -> list[str]:
    """What a result falls short of."""
    misses = []
    place = f"rows of {result['row_bytes']} bytes, {result['threads']} threads"
    least = 1.5 if result["row_bytes"] <= 128 else 1.25 if result["row_bytes"] <= 1024 else None
    speed, time = result["speed_over_torch"], result["time_over_reference"]
    if least is not None and speed is not None and speed < least:
        misses.append(f"{place}: {speed:.2f} times torch's speed, expected {least}")
    if time is not None and time > 1.1:
        misses.append(f"{place}: {time:.2f} times the reference loop's time, expected at most 1.1")
    return misses


def run(options: argparse.Namespace) -> int:
    if options.quick:
        options.table_size, options.count, options.repetitions = 16 << 20, 4096, 2
    torch = machine.import_torch()
    needed = options.table_size * (1 if torch is None else 2)
    if needed > machine.memory_bytes() // 2:
        raise OSError(
            f"tables of {needed >> 20} MiB would take more than half of the free memory: give a smaller --table-size"
        )
    if any(size % 4 != 0 or not 4 <= size <= options.table_size for size in options.row_bytes):
        raise OSError("--row-bytes are multiples of 4, from 4 to the size of the table")
    loops = reference.load("reference", options.reference)
    table, torch_table = _tables(options.table_size, torch)
    results, misses = [], []
    contexts = {threads: ut.Context(num_threads=threads) for threads in options.threads}
    cases = [(row_bytes, threads) for threads in options.threads for row_bytes in options.row_bytes]
    for row_bytes, threads in progress(cases, "gather"):
        for attempt in range(1, 4 if options.check else 2):
            result = _measure(options, table, torch, torch_table, loops, row_bytes, threads, contexts[threads])
            result["attempts"] = attempt
            if not missed(result):
                break
        results.append(result)
        misses += missed(result)
    parameters = {name: getattr(options, name) for name in ("table_size", "count", "repetitions", "seed")}
    content = report.document("gather", parameters, results)
    if options.json:
        report.write_json(content, options.json)
    if options.json != "-":
        report.print_table(
            [
                "row bytes",
                "threads",
                "rows",
                "unitensor GB/s",
                "torch GB/s",
                "reference GB/s",
                "speed over torch",
                "time over reference",
            ],
            [
                [
                    str(r["row_bytes"]),
                    str(r["threads"]),
                    str(r["count"]),
                    *[
                        f"{r['gigabytes_per_second'][name]:.2f}" if name in r["gigabytes_per_second"] else ""
                        for name in ("unitensor", "torch", "reference")
                    ],
                    report.ratio_text(r["speed_over_torch"]),
                    report.ratio_text(r["time_over_reference"]),
                ]
                for r in results
            ],
        )
    if options.check:
        report.print_misses(misses)
    return 1 if options.check and misses else 0
