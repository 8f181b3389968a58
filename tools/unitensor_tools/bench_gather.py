# SPDX-License-Identifier: Apache-2.0
"""Gather rows by a random index. On the CPU: unitensor from memory of its own, PyTorch's index_select from PyTorch's (where
it is installed), a plain reference loop (in a build tree) and memcpy of as many bytes, with the same threads. On a device:
unitensor from each kind of memory, a gather on the CPU with a copy of the result, the plain copy of as many bytes over the
link and, for a table in its own memory, the copy of as many bytes within that. All in turn; every call gets an index of its
own; the results are compared once."""

from __future__ import annotations

import argparse
import functools
import sys
from typing import Any, Iterator, NamedTuple, Sequence

import numpy as np
import unitensor as ut

from . import machine, orders, places, plain, reference, report, rows, sizes, tables
from .progress import progress
from .rows import Case, Tables
from .timing import Contestant, Times, interleave_calls, median, ratio

TARGETS = (
    "2 times torch's speed to 128-byte rows, 1.5 times to 1 KiB and 1.3 times to 4 KiB; at most 1.1 times the reference "
    "loop's time; from a caller's memory torch's speed, and 1.2 times in the median; in device memory 0.9 times the rate of a copy there from 256 bytes on"
)
_SPEEDS_OVER_TORCH = {128: 2.0, 1024: 1.5, 4096: 1.3}  # by the largest row
# The same for memory of the caller's: at each row size, and in the median over what is measured.
_LEAST_FOR_CALLER, _TYPICAL_FOR_CALLER = 1.0, 1.2
_ORDERS = ("auto", "as_given", "by_page")
_LEAST_OVER_DEVICE_COPY, _FROM_ROW_BYTES = 0.9, 256
_PLAIN, _CPU_PATH, _DEVICE_COPY = "plain copy", "cpu path", "device copy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    rows.add_arguments(parser, "gather", TARGETS, with_caller=True)
    parser.add_argument(
        "--order",
        type=sizes.word_list(_ORDERS, "order"),
        default=["auto"],
        metavar="ORDER,ORDER",
        help="in which a device takes the rows: auto, as_given, by_page (auto)",
    )
    parser.add_argument(
        "--num-multiprocessors",
        type=sizes.count_list,
        default=[0],
        metavar="N,N",
        help="multiprocessors that a device may use at most; 0: the library chooses (0)",
    )


class _Variant(NamedTuple):
    order: str = "auto"
    num_multiprocessors: int = 0

    @property
    def name(self) -> str:
        texts = [self.order] if self.order != "auto" else []
        if self.num_multiprocessors:
            texts.append(f"{self.num_multiprocessors} multiprocessors")
        return ", ".join(["unitensor", *texts])

    @property
    def arguments(self) -> dict[str, Any]:
        """Only what is not the default."""
        defaults = _Variant()._asdict()
        return {name: value for name, value in self._asdict().items() if value != defaults[name]}


def _on_cpu(
    case: Case, calls: int, made: Tables, indices: list[np.ndarray[Any, Any]], torch: Any, loops: Any
) -> dict[str, Contestant]:
    """The contestants, checked."""
    source = rows.on_cpu(made.own, case, made.context(case.threads))
    shape = case.count, case.width
    if case.place.memory == places.CALLER:
        out = ut.wrap(tables.on_small_pages(shape), context=made.context(case.threads))
    else:
        out = ut.zeros(shape, memory="host", context=made.context(case.threads))
    view, table = out.numpy(), source.numpy()
    expected = tables.gathered(indices[0], case.width)

    def index(number: int) -> np.ndarray[Any, Any]:
        return indices[number % len(indices)]

    contestants = {"unitensor": Contestant(lambda number: source.gather(index(number), out=out), calls)}
    source.gather(indices[0], out=out)
    checked = {"unitensor": bool(np.array_equal(view, expected))}
    if made.of_torch is not None:
        torch.set_num_threads(case.threads)
        torch_rows = rows.as_rows(made.of_torch, case)
        if case.place.memory == places.CALLER:
            torch_out = torch.from_numpy(tables.on_small_pages(shape))
        else:
            torch_out = torch.zeros(shape)
        torch_indices = [torch.from_numpy(index) for index in indices]
        contestants["torch"] = Contestant(
            lambda number: torch.index_select(torch_rows, 0, torch_indices[number % len(indices)], out=torch_out), calls
        )
        contestants["torch"].call(0)
        checked["torch"] = bool(np.array_equal(torch_out.numpy(), expected))
    if loops is not None:
        contestants["reference"] = Contestant(
            lambda number: reference.gather(loops, table, index(number), view, case.threads), calls
        )
        view[:] = 0
        contestants["reference"].call(0)
        checked["reference"] = bool(np.array_equal(view, expected))
    contestants[_PLAIN] = Contestant(plain.memcpy(table, view), calls)
    rows.require(checked)
    return contestants


def _on_device(
    case: Case, calls: int, made: Tables, indices: list[np.ndarray[Any, Any]], variants: list[_Variant]
) -> dict[str, Contestant]:
    """The contestants, checked."""
    context = made.context(case.threads)
    source = rows.as_rows(made.own, case)
    on_host = rows.on_cpu(made.on_host, case, context)
    out = ut.empty((case.count, case.width), memory="device", context=context)
    pinned = ut.zeros((case.count, case.width), memory="pinned", context=context)
    device_indices = [rows.on_device(index, context) for index in indices]
    expected = tables.gathered(indices[0], case.width)
    checked = {}
    contestants: dict[str, Contestant] = {}

    def gather_with(number: int, arguments: dict[str, Any]) -> None:
        source.gather(device_indices[number % len(indices)], out=out, **arguments)

    for variant in variants:
        gather = functools.partial(gather_with, arguments=variant.arguments)
        out.fill(0)
        gather(0)
        checked[variant.name] = bool(np.array_equal(rows.to_host(out, context), expected))
        contestants[variant.name] = Contestant(gather, calls, context.synchronize)

    def over_cpu(number: int) -> None:
        on_host.gather(indices[number % len(indices)], out=pinned)
        out.copy_from(pinned)

    out.fill(0)
    over_cpu(0)
    checked[_CPU_PATH] = bool(np.array_equal(rows.to_host(out, context), expected))
    # The CPU does not return before it is done, so that one call is enough.
    contestants[_CPU_PATH] = Contestant(over_cpu, 1, context.synchronize)
    contestants[_PLAIN] = Contestant(plain.over_link(out, pinned), calls, context.synchronize)
    if case.place.resolved == "device":
        copy = plain.within_device(made.own, out)
        out.fill(0)
        copy(0)
        begin = np.empty(min(len(made.own), out.size), np.float32)
        tables.fill(begin)
        checked[_DEVICE_COPY] = bool(np.array_equal(rows.to_host(out, context).ravel(), np.resize(begin, out.size)))
        contestants[_DEVICE_COPY] = Contestant(copy, calls, context.synchronize)
    rows.require(checked)
    return contestants


def _result(case: Case, calls: int, times: Times, variant: _Variant, contestants: set[str]) -> dict[str, Any]:
    name = variant.name
    own = {
        "unitensor" if other == name else other: values
        for other, values in times.items()
        if other == name or other not in contestants
    }
    result = {
        **case.head(),
        "calls": calls,
        "seconds": own,
        "gigabytes_per_second": {
            other: case.count * case.row_bytes / median(values) / 1e9 for other, values in own.items()
        },
        "speed_over_torch": ratio(own, "torch", "unitensor"),
        "time_over_reference": ratio(own, "unitensor", "reference"),
        "speed_over_plain_copy": ratio(own, _PLAIN, "unitensor"),
        "speed_over_cpu_path": ratio(own, _CPU_PATH, "unitensor"),
        "speed_over_device_copy": ratio(own, _DEVICE_COPY, "unitensor"),
    }
    if case.place.on_device:
        result.update(variant._asdict())
        if variant.order == "by_page":
            result["speed_over_as_given"] = ratio(times, variant._replace(order="as_given").name, name)
    return result


def _measure(options: argparse.Namespace, case: Case, made: Tables, torch: Any, loops: Any) -> list[dict[str, Any]]:
    """One result for each order and budget. All of them are measured together, so that they can be compared."""
    variants = [_Variant()]
    if case.place.on_device:
        variants = [_Variant(order, budget) for budget in options.num_multiprocessors for order in options.order]
    calls = case.calls(options.quick)
    most = (options.repetitions + 1) * calls * (len(variants) + 5)
    random = np.random.default_rng(options.seed)
    number = tables.num_indices(case.count, case.row_bytes, most)
    indices = [tables.random_index(random, case.num_rows, case.count) for _ in range(number)]
    if case.place.on_device:
        contestants = _on_device(case, calls, made, indices, variants)
    else:
        contestants = _on_cpu(case, calls, made, indices, torch, loops)
    times = interleave_calls(contestants, options.repetitions)
    names = {variant.name for variant in variants}
    return [_result(case, calls, times, variant, names) for variant in variants]


def _least_over_torch(result: dict[str, Any]) -> float | None:
    if result["memory"] == places.CALLER:
        return _LEAST_FOR_CALLER
    return next((least for largest, least in _SPEEDS_OVER_TORCH.items() if result["row_bytes"] <= largest), None)


def missed_typically(results: Sequence[dict[str, Any]]) -> list[str]:
    """What all results together fall short of."""
    speeds = [r["speed_over_torch"] for r in results if r["memory"] == places.CALLER and r["speed_over_torch"] is not None]
    if not speeds or median(speeds) >= _TYPICAL_FOR_CALLER:
        return []
    return [f"a caller's memory: {median(speeds):.2f} times torch's speed in the median, expected {_TYPICAL_FOR_CALLER}"]


def missed(result: dict[str, Any]) -> list[str]:
    """What a result falls short of."""
    misses = []
    place = f"rows of {result['row_bytes']} bytes, {result['threads']} threads"
    least = _least_over_torch(result)
    speed, time = result["speed_over_torch"], result["time_over_reference"]
    if least is not None and speed is not None and speed < least:
        misses.append(f"{place}: {speed:.2f} times torch's speed, expected {least}")
    if time is not None and time > 1.1 and result["memory"] != places.CALLER:
        misses.append(f"{place}: {time:.2f} times the reference loop's time, expected at most 1.1")
    # What was asked to take fewer multiprocessors, or another order than the library's, need not be as fast.
    chosen = result.get("order") == "auto" and result.get("num_multiprocessors") == 0
    copied = result["speed_over_device_copy"] if chosen and result["row_bytes"] >= _FROM_ROW_BYTES else None
    if copied is not None and copied < _LEAST_OVER_DEVICE_COPY:
        misses.append(
            f"{result['memory']} memory, rows of {result['row_bytes']} bytes: {copied:.2f} times the rate of a copy within "
            f"the device's memory, expected {_LEAST_OVER_DEVICE_COPY}"
        )
    return misses


_COLUMNS: list[report.Column] = [
    ("memory", report.field("memory")),
    ("on", report.field("computed_on")),
    ("table", report.size_field("table_size")),
    ("row bytes", report.field("row_bytes")),
    ("threads", report.field("threads")),
    ("rows", report.field("count")),
    ("order", report.field("order")),
    ("multiprocessors", lambda result: str(result.get("num_multiprocessors") or "")),
    ("unitensor GB/s", report.rate_field("unitensor")),
    ("torch GB/s", report.rate_field("torch")),
    ("reference GB/s", report.rate_field("reference")),
    ("CPU path GB/s", report.rate_field(_CPU_PATH)),
    ("plain copy GB/s", report.rate_field(_PLAIN)),
    ("device copy GB/s", report.rate_field(_DEVICE_COPY)),
    ("over plain copy", report.ratio_field("speed_over_plain_copy")),
    ("over device copy", report.ratio_field("speed_over_device_copy")),
    ("over CPU path", report.ratio_field("speed_over_cpu_path")),
    ("over torch", report.ratio_field("speed_over_torch")),
    ("over as_given", report.ratio_field("speed_over_as_given")),
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
    all_cases = rows.cases(options, found, distinct=False)
    if not all(place.on_device for place in found) and (options.order != ["auto"] or options.num_multiprocessors != [0]):
        print("unitensor: the CPU has no order and no multiprocessors to choose", file=sys.stderr)
    results = [result for case in _all_results(options, all_cases, torch) for result in case]
    content = report.document(
        "gather", rows.parameters(options, "table_size", "count", "repetitions", "seed"), results
    )
    thresholds = orders.thresholds(results)
    if thresholds:
        content["order_thresholds"] = thresholds
    if report.write_files(content, options):
        report.print_results(_COLUMNS, results)
        for line in orders.lines_of(thresholds):
            print(line)
    misses = [miss for result in results for miss in missed(result)] + missed_typically(results)
    if options.check:
        report.print_misses(misses)
    return 1 if options.check and misses else 0
