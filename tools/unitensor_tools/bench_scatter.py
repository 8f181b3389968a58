# SPDX-License-Identifier: Apache-2.0
"""Scatter rows to random places, none twice. On the CPU: unitensor to memory of its own, PyTorch's index_copy_ to PyTorch's
(where it is installed) and memcpy of as many bytes, with the same threads. On a device: unitensor to each kind of memory,
a copy of the rows with a scatter on the CPU, and the plain copy of as many bytes over the link. All in turn; every call
gets an index of its own; the results are compared once."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import unitensor as ut

from . import machine, plain, report, rows, tables
from .progress import progress
from .rows import Case, Tables
from .timing import Contestant, interleave_calls, median, ratio

_PLAIN, _CPU_PATH = "plain copy", "cpu path"
_WATCHED = 4096  # rows that are not written to, of which it is checked that they stay zero


def add_arguments(parser: argparse.ArgumentParser) -> None:
    rows.add_arguments(parser, "scatter", None)


def _values(case: Case) -> np.ndarray[Any, Any]:
    """Rows without a zero."""
    return -1 - np.arange(case.count * case.width, dtype=np.float32).reshape(case.count, case.width) % (1 << 22)


def _watched(case: Case, index: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows of a table, and what they have to be after a scatter to one of zeros: what belongs there, and nothing elsewhere."""
    others = np.setdiff1d(np.random.default_rng(0).integers(0, case.num_rows, _WATCHED), index)
    zeros = np.zeros((others.size, case.width), np.float32)
    return np.concatenate([index, others]), np.concatenate([_values(case), zeros])


def _on_cpu(
    case: Case, calls: int, made: Tables, indices: list[np.ndarray[Any, Any]], torch: Any
) -> dict[str, Contestant]:
    """The contestants, checked."""
    context = made.context(case.threads)
    table = rows.on_cpu(made.own, case, context)
    # In memory of the library, as what is gathered is.
    values = ut.tensor(_values(case), memory="host", context=context)
    watched, expected = _watched(case, indices[0])
    contestants = {
        "unitensor": Contestant(lambda number: table.scatter(indices[number % len(indices)], values), calls)
    }
    contestants["unitensor"].call(0)
    checked = {"unitensor": bool(np.array_equal(table.numpy()[watched], expected))}
    if made.of_torch is not None:
        torch.set_num_threads(case.threads)
        torch_rows = rows.as_rows(made.of_torch, case)
        torch_values = torch.from_numpy(values.numpy().copy())
        torch_indices = [torch.from_numpy(index) for index in indices]
        contestants["torch"] = Contestant(
            lambda number: torch_rows.index_copy_(0, torch_indices[number % len(indices)], torch_values), calls
        )
        contestants["torch"].call(0)
        checked["torch"] = bool(np.array_equal(torch_rows.numpy()[watched], expected))
    # From the rows into the table, as a scatter goes; where in the table is another place at every call.
    contestants[_PLAIN] = Contestant(plain.memcpy_to(values.numpy(), table.numpy()), calls)
    rows.require(checked)
    return contestants


def _on_device(case: Case, calls: int, made: Tables, indices: list[np.ndarray[Any, Any]]) -> dict[str, Contestant]:
    """The contestants, checked."""
    context = made.context(case.threads)
    table = rows.as_rows(made.own, case)
    on_host = rows.on_cpu(made.on_host, case, context)
    values = rows.on_device(_values(case), context)
    pinned = ut.zeros((case.count, case.width), memory="pinned", context=context)
    device_indices = [rows.on_device(index, context) for index in indices]

    def over_cpu(number: int) -> None:
        values.copy_to(pinned)
        on_host.scatter(indices[number % len(indices)], pinned)

    contestants = {
        "unitensor": Contestant(
            lambda number: table.scatter(device_indices[number % len(indices)], values), calls, context.synchronize
        ),
        # The CPU does not return before it is done, so that one call is enough.
        _CPU_PATH: Contestant(over_cpu, 1, context.synchronize),
        _PLAIN: Contestant(plain.over_link(pinned, values), calls, context.synchronize),
    }
    watched, expected = _watched(case, indices[0])
    contestants["unitensor"].call(0)
    context.synchronize()
    if case.place.resolved == "device":
        seen = rows.to_host(table.gather(rows.on_device(watched, context)), context)
    else:
        seen = table.numpy()[watched]
    checked = {"unitensor": bool(np.array_equal(seen, expected))}
    over_cpu(0)
    checked[_CPU_PATH] = bool(np.array_equal(on_host.numpy()[watched], expected))
    rows.require(checked)
    return contestants


def _measure(options: argparse.Namespace, case: Case, made: Tables, torch: Any) -> dict[str, Any]:
    calls = case.calls(options.quick)
    random = np.random.default_rng(options.seed)
    number = tables.num_indices(case.count, case.row_bytes, (options.repetitions + 1) * calls * 3)
    indices = [tables.distinct_index(random, case.num_rows, case.count) for _ in range(number)]
    if case.place.on_device:
        contestants = _on_device(case, calls, made, indices)
    else:
        contestants = _on_cpu(case, calls, made, indices, torch)
    times = interleave_calls(contestants, options.repetitions)
    return {
        **case.head(),
        "calls": calls,
        "seconds": times,
        "gigabytes_per_second": {
            name: case.count * case.row_bytes / median(values) / 1e9 for name, values in times.items()
        },
        "speed_over_torch": ratio(times, "torch", "unitensor"),
        "speed_over_plain_copy": ratio(times, _PLAIN, "unitensor"),
        "speed_over_cpu_path": ratio(times, _CPU_PATH, "unitensor"),
    }


_COLUMNS: list[report.Column] = [
    ("memory", report.field("memory")),
    ("on", report.field("computed_on")),
    ("table", report.size_field("table_size")),
    ("row bytes", report.field("row_bytes")),
    ("threads", report.field("threads")),
    ("rows", report.field("count")),
    ("unitensor GB/s", report.rate_field("unitensor")),
    ("torch GB/s", report.rate_field("torch")),
    ("CPU path GB/s", report.rate_field(_CPU_PATH)),
    ("plain copy GB/s", report.rate_field(_PLAIN)),
    ("over plain copy", report.ratio_field("speed_over_plain_copy")),
    ("over CPU path", report.ratio_field("speed_over_cpu_path")),
    ("over torch", report.ratio_field("speed_over_torch")),
]


def run(options: argparse.Namespace) -> int:
    torch = machine.import_torch()
    found = rows.settle(options, torch)
    made = Tables(torch)
    results = [
        _measure(options, case, made.of(case).blanked(), torch)
        for case in progress(rows.cases(options, found, distinct=True), "scatter")
    ]
    content = report.document(
        "scatter", rows.parameters(options, "table_size", "count", "repetitions", "seed"), results
    )
    if report.write_files(content, options):
        report.print_results(_COLUMNS, results)
    return 0
