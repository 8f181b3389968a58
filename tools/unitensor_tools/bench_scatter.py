# SPDX-License-Identifier: Apache-2.0
"""Scatter rows to random places, none twice. On the CPU: unitensor to memory of its own, PyTorch's index_copy_ or
index_add_ to PyTorch's (where it is installed) and memcpy of as many bytes, with the same threads. On a device: unitensor to
each kind of memory, a copy of the rows with a scatter on the CPU, and the plain copy of as many bytes over the link. All in
turn; every call gets an index of its own; the results are compared once."""

from __future__ import annotations

import argparse
import functools
import sys
from typing import Any, Sequence

import numpy as np
import unitensor as ut

from . import machine, plain, report, rows, sizes, tables
from .progress import progress
from .rows import Case, Tables
from .timing import Contestant, Times, interleave_calls, median, of_one, ratio

_PLAIN, _CPU_PATH = "plain copy", "cpu path"
_MODES = ("assign", "add")
_CHECKED_CALLS = 2  # with the same index: an assignment makes no difference the second time, an addition does
_WATCHED = 4096  # rows that are not written to, of which it is checked that they stay zero


def add_arguments(parser: argparse.ArgumentParser) -> None:
    rows.add_arguments(parser, "scatter", None)
    parser.add_argument(
        "--mode",
        type=sizes.word_list(_MODES, "mode"),
        default=["assign"],
        metavar="MODE,MODE",
        help="what becomes of the rows of the table: assign, add (assign)",
    )
    rows.add_budget_argument(parser)


def _values(case: Case) -> np.ndarray[Any, Any]:
    """Rows without a zero, of numbers that can be added many times without being rounded."""
    return -1 - np.arange(case.count * case.width, dtype=np.float32).reshape(case.count, case.width) % (1 << 18)


def _watched(
    case: Case, index: np.ndarray[Any, Any], mode: str, calls: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows of a table, and what they have to be after scatters to one of zeros: what belongs there, and nothing elsewhere."""
    others = np.setdiff1d(np.random.default_rng(0).integers(0, case.num_rows, _WATCHED), index)
    zeros = np.zeros((others.size, case.width), np.float32)
    times = np.float32(calls if mode == "add" else 1)
    return np.concatenate([index, others]), np.concatenate([times * _values(case), zeros])


def _on_cpu(
    case: Case, mode: str, calls: int, made: Tables, indices: list[np.ndarray[Any, Any]], torch: Any
) -> dict[str, Contestant]:
    """The contestants, checked."""
    context = made.context(case.threads)
    table = rows.on_cpu(made.own, case, context)
    # In memory of the library, as what is gathered is.
    values = ut.tensor(_values(case), memory="host", context=context)
    watched, expected = _watched(case, indices[0], mode, _CHECKED_CALLS)
    contestants = {
        "unitensor": Contestant(lambda number: table.scatter(indices[number % len(indices)], values, reduce=mode), calls)
    }
    _call_twice(contestants["unitensor"])
    checked = {"unitensor": bool(np.array_equal(table.numpy()[watched], expected))}
    if made.of_torch is not None:
        torch.set_num_threads(case.threads)
        torch_rows = rows.as_rows(made.of_torch, case)
        torch_values = torch.from_numpy(values.numpy().copy())
        torch_indices = [torch.from_numpy(index) for index in indices]
        scatter = torch_rows.index_add_ if mode == "add" else torch_rows.index_copy_
        contestants["torch"] = Contestant(
            lambda number: scatter(0, torch_indices[number % len(indices)], torch_values), calls
        )
        _call_twice(contestants["torch"])
        checked["torch"] = bool(np.array_equal(torch_rows.numpy()[watched], expected))
    # From the rows into the table, as a scatter goes; where in the table is another place at every call.
    contestants[_PLAIN] = Contestant(plain.memcpy_to(values.numpy(), table.numpy()), calls)
    rows.require(checked)
    return contestants


def _call_twice(contestant: Contestant) -> None:
    for _ in range(_CHECKED_CALLS):
        contestant.call(0)


def _name(budget: int) -> str:
    return f"unitensor, {budget} multiprocessors" if budget else "unitensor"


def _on_device(
    case: Case, mode: str, calls: int, made: Tables, indices: list[np.ndarray[Any, Any]], budgets: Sequence[int]
) -> dict[str, Contestant]:
    """The contestants, checked."""
    context = made.context(case.threads)
    table = rows.as_rows(made.own, case)
    on_host = rows.on_cpu(made.on_host, case, context)
    values = rows.on_device(_values(case), context)
    pinned = ut.zeros((case.count, case.width), memory="pinned", context=context)
    device_indices = [rows.on_device(index, context) for index in indices]

    def scatter_with(number: int, budget: int) -> None:
        table.scatter(device_indices[number % len(indices)], values, reduce=mode, num_multiprocessors=budget)

    def over_cpu(number: int) -> None:
        values.copy_to(pinned)
        on_host.scatter(indices[number % len(indices)], pinned, reduce=mode)

    checked = {}
    contestants = {}
    for turn, budget in enumerate(dict.fromkeys(budgets), 1):
        name = _name(budget)
        contestants[name] = Contestant(functools.partial(scatter_with, budget=budget), calls, context.synchronize)
        _call_twice(contestants[name])
        context.synchronize()
        watched, expected = _watched(case, indices[0], mode, _CHECKED_CALLS * turn)
        if case.place.resolved == "device":
            seen = rows.to_host(table.gather(rows.on_device(watched, context)), context)
        else:
            seen = table.numpy()[watched]
        checked[name] = bool(np.array_equal(seen, expected))
    # The CPU does not return before it is done, so that one call is enough.
    contestants[_CPU_PATH] = Contestant(over_cpu, 1, context.synchronize)
    contestants[_PLAIN] = Contestant(plain.over_link(pinned, values), calls, context.synchronize)
    _call_twice(contestants[_CPU_PATH])
    watched, expected = _watched(case, indices[0], mode, _CHECKED_CALLS)
    checked[_CPU_PATH] = bool(np.array_equal(on_host.numpy()[watched], expected))
    rows.require(checked)
    return contestants


def _result(case: Case, mode: str, calls: int, times: Times) -> dict[str, Any]:
    return {
        **case.head(),
        "mode": mode,
        "calls": calls,
        "seconds": times,
        "gigabytes_per_second": {name: case.num_bytes / median(values) / 1e9 for name, values in times.items()},
        "speed_over_torch": ratio(times, "torch", "unitensor"),
        "speed_over_plain_copy": ratio(times, _PLAIN, "unitensor"),
        "speed_over_cpu_path": ratio(times, _CPU_PATH, "unitensor"),
    }


def _measure(
    options: argparse.Namespace, case: Case, mode: str, made: Tables, torch: Any
) -> list[dict[str, Any]]:
    """One result for each budget. All of them are measured together."""
    calls = case.calls(options.quick)
    budgets = options.num_multiprocessors if case.place.on_device else [0]
    random = np.random.default_rng(options.seed)
    most = (options.repetitions + 1) * calls * (len(budgets) + 2)
    number = tables.num_indices(case.count, case.row_bytes, most)
    indices = [tables.distinct_index(random, case.num_rows, case.count) for _ in range(number)]
    if case.place.on_device:
        contestants = _on_device(case, mode, calls, made, indices, budgets)
    else:
        contestants = _on_cpu(case, mode, calls, made, indices, torch)
    times = interleave_calls(contestants, options.repetitions)
    names = {_name(budget) for budget in budgets}
    results = []
    for budget in budgets:
        result = _result(case, mode, calls, of_one(times, _name(budget), names))
        results.append({**result, "num_multiprocessors": budget} if case.place.on_device else result)
    return results


_COLUMNS: list[report.Column] = [
    ("memory", report.field("memory")),
    ("on", report.field("computed_on")),
    ("table", report.size_field("table_size")),
    ("row bytes", report.field("row_bytes")),
    ("threads", report.field("threads")),
    ("rows", report.field("count")),
    ("mode", report.field("mode")),
    ("multiprocessors", lambda result: str(result.get("num_multiprocessors") or "")),
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
    cases = [(case, mode) for case in rows.cases(options, found, distinct=True) for mode in options.mode]
    if not all(place.on_device for place in found) and options.num_multiprocessors != [0]:
        print("unitensor: the CPU has no multiprocessors to choose", file=sys.stderr)
    results = [
        result
        for case, mode in progress(cases, "scatter")
        for result in _measure(options, case, mode, made.of(case).blanked(), torch)
    ]
    content = report.document(
        "scatter", rows.parameters(options, "table_size", "count", "repetitions", "seed"), results
    )
    if options.json != "-":
        report.print_results(_COLUMNS, results)
    report.write_files(content, options)
    return 0
