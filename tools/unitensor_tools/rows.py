# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of gather and scatter have in common: their options, the cases that these stand for, tables that are
made once, and the head of a result."""

from __future__ import annotations

import argparse
import dataclasses
import math
from typing import Any, Iterator, Sequence

import numpy as np
import unitensor as ut

from . import machine, places, plotting, reference, report, sizes, tables
from .places import Place

LARGEST_RESULT = 256 << 20
# Bytes that one measurement moves at least: on a device so many that the wait at its end does not matter.
_MEASURED_BYTES = {"cpu": 16 << 20, "device": 256 << 20}
_MOST_CALLS = {"cpu": 64, "device": 256}


@dataclasses.dataclass(frozen=True)
class Case:
    place: Place
    table_size: int
    row_bytes: int
    count: int
    threads: int
    """Of the CPU's part; for a device that is the path over the CPU that it is compared with."""
    dtype: str = "float32"
    out_dtype: str = "float32"
    tensors: int = 1
    """Which are parts of the table."""

    @property
    def width(self) -> int:
        return self.row_bytes // tables.ITEM_SIZES[self.dtype]

    @property
    def num_rows(self) -> int:
        """Of each tensor."""
        return self.table_size // self.row_bytes // self.tensors

    @property
    def converts(self) -> bool:
        return self.dtype != self.out_dtype

    @property
    def scaled(self) -> bool:
        """Whether each row has a scale."""
        return self.converts and self.dtype == "int8"

    @property
    def num_bytes(self) -> int:
        """Of the rows as the table has them; what rates count."""
        return self.tensors * self.count * self.row_bytes

    @property
    def device_copy_bytes(self) -> int:
        """A copy of so many reads and writes as many bytes as the case, which may write larger or smaller rows."""
        read_and_written = tables.ITEM_SIZES[self.dtype] + tables.ITEM_SIZES[self.out_dtype]
        return self.tensors * self.count * self.width * read_and_written // 2

    def calls(self, quick: bool) -> int:
        where = "device" if self.place.on_device else "cpu"
        wanted = math.ceil(_MEASURED_BYTES[where] / self.num_bytes)
        return max(1, min(wanted, 2 if quick else _MOST_CALLS[where]))

    def head(self) -> dict[str, Any]:
        return {
            "memory": self.place.memory,
            "is": self.place.resolved,
            "computed_on": self.place.device,
            "table_size": self.table_size,
            "row_bytes": self.row_bytes,
            "threads": self.threads,
            "count": self.count,
        }

    def text(self) -> str:
        return f"{self.place.memory} memory, rows of {self.row_bytes} bytes, {self.threads} threads"


def add_arguments(parser: argparse.ArgumentParser, what: str, targets: str | None, with_caller: bool = False) -> None:
    parser.add_argument(
        "--row-bytes",
        type=sizes.size_list,
        default=[16, 32, 64, 128, 256, 400, 512, 1024, 2048, 4096],
        metavar="N,N",
        help="row sizes in bytes, multiples of 4 (%(default)s)",
    )
    parser.add_argument(
        "--table-size", type=sizes.size_list, metavar="SIZE,SIZE", help="bytes of the table, as 512M or 2G (2G)"
    )
    parser.add_argument(
        "--count",
        type=sizes.size_list,
        metavar="N,N",
        help=f"rows to {what}, less where they would pass 256 MiB (1M)",
    )
    add_common_arguments(parser, "of the random indices (1)", 11, targets, with_caller)


def add_budget_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--num-multiprocessors",
        type=sizes.count_list,
        default=[0],
        metavar="N,N",
        help="multiprocessors that a device may use at most; 0: the library chooses (0)",
    )


def add_common_arguments(
    parser: argparse.ArgumentParser, seed: str, repetitions: int, targets: str | None, with_caller: bool = False
) -> None:
    """Without targets there is no reference loop either."""
    places.add_arguments(parser, with_caller)
    parser.add_argument(
        "--threads",
        type=sizes.size_list,
        metavar="N,N",
        help="numbers of threads of the CPU, with a device of what it is compared with (1,2; with a device all)",
    )
    parser.add_argument("--repetitions", type=sizes.size, metavar="N", help=f"measurements of each ({repetitions})")
    parser.add_argument("--seed", type=sizes.count, default=1, help=seed)
    parser.add_argument("--quick", action="store_true", help="a small run that shows only that everything works")
    if targets is not None:
        reference.add_argument(parser)
    report.add_json_argument(parser)
    plotting.add_argument(parser)
    if targets is not None:
        report.add_check_argument(parser, targets)


def settle(options: argparse.Namespace, torch: Any) -> list[Place]:
    """Fills in what was not given, and refuses what cannot be."""
    report.check_files(options)
    options.repetitions = options.repetitions or (2 if options.quick else 11)
    options.table_size = options.table_size or [16 << 20 if options.quick else 2 << 30]
    found = places.find(options.memory, options.device)
    # As `Tables` makes them, those in memory of the host.
    tables_at_once = [
        1 + (place.resolved != "device" if place.on_device else torch is not None and place.memory != places.CALLER)
        for place in found
    ]
    needed = max(options.table_size) * max(tables_at_once)
    if needed > machine.memory_bytes() // 2:
        raise OSError(
            f"tables of {needed >> 20} MiB would take more than half of the free memory: give a smaller --table-size"
        )
    return found


def threads_of(options: argparse.Namespace, place: Place) -> Sequence[int]:
    given: list[int] | None = options.threads
    # The comparison of a device should be with all that the CPU can do.
    return given or ([ut.default_context().num_threads] if place.on_device else [1, 2])


def cases(options: argparse.Namespace, found: Sequence[Place], distinct: bool) -> list[Case]:
    """Each once; with `distinct` rows no more than the table has."""
    if any(size % 4 != 0 or not 4 <= size <= min(options.table_size) for size in options.row_bytes):
        raise OSError("--row-bytes are multiples of 4, from 4 to the size of the table")
    options.count = options.count or [4096 if options.quick else 1 << 20]

    def combinations() -> Iterator[Case]:
        for place in found:
            for table_size in options.table_size:
                for threads in threads_of(options, place):
                    for wanted in options.count:
                        for row_bytes in options.row_bytes:
                            most = LARGEST_RESULT // row_bytes
                            count = min(wanted, most, table_size // row_bytes if distinct else most)
                            yield Case(place, table_size, row_bytes, max(1, count), threads)

    return list(dict.fromkeys(combinations()))


class Tables:
    """The tables of the case at hand, with the same contents: made again only where the next case needs others."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._key: Any = None
        self._contexts: dict[int, ut.Context] = {}
        self.own: ut.Tensor
        self.on_host: ut.Tensor
        """In the library's memory of the host."""
        self.of_torch: Any = None

    def context(self, threads: int) -> ut.Context:
        if threads not in self._contexts:
            self._contexts[threads] = ut.Context(num_threads=threads)
        return self._contexts[threads]

    def of(self, case: Case) -> Tables:
        key = case.place, case.table_size, case.dtype
        if key == self._key:
            return self
        # First gone, then made: two would not fit.
        self._key = self.of_torch = None
        if hasattr(self, "own"):
            del self.own, self.on_host
        context = self.context(case.threads)
        if case.place.memory == places.CALLER:
            memory = tables.on_small_pages((case.table_size // tables.ITEM_SIZES[case.dtype],), case.dtype)
            tables.fill(memory)
            self.own = ut.wrap(memory, context=context)
        else:
            self.own = tables.make(case.table_size, case.place.memory, context, case.dtype)
        self.on_host = self.own
        if case.place.memory == places.CALLER:
            # The very same memory.
            self.of_torch = self._torch and self._torch.from_numpy(self.own.numpy())
        elif case.place.on_device:
            self.on_host = tables.make(case.table_size, "host", context, case.dtype)
        elif self._torch is not None:
            self.of_torch = self._torch.empty(len(self.own), dtype=getattr(self._torch, case.dtype))
            tables.fill(self.of_torch.numpy())
        self._key = key
        return self

    def blanked(self) -> Tables:
        """The same, with zeros."""
        for table in {id(table): table for table in (self.own, self.on_host)}.values():
            table.fill(0)
        if self.of_torch is not None:
            self.of_torch.zero_()
        return self


def on_cpu(table: ut.Tensor, case: Case, context: ut.Context) -> ut.Tensor:
    """A table as rows that the CPU computes on with the threads of a context."""
    return ut.wrap(as_rows(table.numpy(), case), context=context)


def as_rows(table: Any, case: Case) -> Any:
    """A view of a tensor as the rows of a case."""
    num_rows = case.tensors * case.num_rows
    return table[: num_rows * case.width].reshape(num_rows, case.width)


def on_device(array: np.ndarray[Any, Any], context: ut.Context) -> ut.Tensor:
    return ut.tensor(array, memory="device", context=context)


def to_host(tensor: ut.Tensor, context: ut.Context) -> np.ndarray[Any, Any]:
    """A copy; of bfloat16, which NumPy does not have, as float32."""
    if tensor.dtype == "bfloat16":
        every = np.arange(len(tensor))
        tensor = tensor.gather(every if tensor.device == "cpu" else on_device(every, context), dtype="float32")
    out: np.ndarray[Any, Any] = np.empty(tensor.shape, tensor.dtype)
    tensor.copy_to(out)
    context.synchronize()
    return out


def require(checked: dict[str, bool]) -> None:
    if not all(checked.values()):
        raise ut.Error(f"the results differ: {checked}")


def parameters(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """What all results have in common: of options that were lists of several values, each result says its own."""
    values = {name: getattr(options, name) for name in names}
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in values.items()
        if not isinstance(value, list) or len(value) == 1
    }
