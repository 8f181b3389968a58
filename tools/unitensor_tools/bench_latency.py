# SPDX-License-Identifier: Apache-2.0
"""What one small call costs: a gather of one row of 512 bytes through C and through Python, and a context."""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import numpy as np
import unitensor as ut

from . import reference, report, sizes
from .timing import median

TARGETS = "one row under 0.5 microseconds through C and 2 through Python, a context under 5 milliseconds"
_LIMITS = {
    "gather_one_row_c": 5e-7,
    "gather_one_row_python": 2e-6,
    "create_context_c": 5e-3,
    "create_context_python": 5e-3,
}
_CALLS_AT_ONCE = 100  # which take less than the time after which a busy processor goes to somebody else


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--calls", type=sizes.size, default=100_000, metavar="N", help="calls in one measurement (100000)")
    parser.add_argument("--repetitions", type=sizes.size, default=9, metavar="N", help="measurements, the median counts (9)")
    parser.add_argument("--quick", action="store_true", help="a small run that shows only that everything works")
    reference.add_argument(parser)
    report.add_json_argument(parser)
    report.add_check_argument(parser, TARGETS)


def _python_gather(calls: int) -> float:
    """The median over calls that are timed some at once, after as many that are not timed."""
    table, index, out = ut.zeros((4096, 128)), np.array([17]), ut.zeros((1, 128))
    gather = table.gather
    at_once = min(calls, _CALLS_AT_ONCE)
    seconds = []
    for turn in range(1 + math.ceil(calls / at_once)):
        begin = time.perf_counter()
        for _ in range(at_once):
            gather(index, out=out)
        if turn > 0:
            seconds.append((time.perf_counter() - begin) / at_once)
    return median(seconds)


def _python_context() -> float:
    begin = time.perf_counter()
    ut.Context().close()
    return time.perf_counter() - begin


def _measure(options: argparse.Namespace, library: Any) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    for _ in range(options.repetitions):
        measured = {
            "gather_one_row_python": _python_gather(max(1, options.calls // 10)),
            "create_context_python": _python_context(),
        }
        if library is not None:
            measured.update(
                {name + "_c": value for name, value in reference.measure_latency(library, options.calls).items()}
            )
        for name, value in measured.items():
            seconds.setdefault(name, []).append(value)
    return seconds


def missed(medians: dict[str, float]) -> list[str]:
    return [
        f"{name}: {value * 1e6:.2f} microseconds, expected under {_LIMITS[name] * 1e6:g}"
        for name, value in medians.items()
        if value >= _LIMITS[name]
    ]


def run(options: argparse.Namespace) -> int:
    report.check_files(options)
    if options.quick:
        options.calls, options.repetitions = 100, 2
    library = reference.load("latency", options.reference)
    medians: dict[str, float] = {}
    seconds: dict[str, list[float]] = {}
    for _ in range(3 if options.check else 1):
        seconds = _measure(options, library)
        medians = {name: float(np.median(values)) for name, values in seconds.items()}
        if not missed(medians):
            break
    results = [{"what": name, "seconds": seconds[name], "median_seconds": medians[name]} for name in sorted(medians)]
    content = report.document("latency", {"calls": options.calls, "repetitions": options.repetitions}, results)
    if options.json != "-":
        report.print_table(
            ["", "microseconds", "limit"],
            [[r["what"], f"{r['median_seconds'] * 1e6:.3f}", f"{_LIMITS[r['what']] * 1e6:g}"] for r in results],
        )
    report.write_files(content, options)
    misses = missed(medians)
    if options.check:
        report.print_misses(misses)
    return 1 if options.check and misses else 0
