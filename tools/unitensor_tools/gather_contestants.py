# SPDX-License-Identifier: Apache-2.0
"""Who gathers in `unitensor bench gather`, on the CPU and on a device, each checked once against NumPy before anything is
timed. Several tensors are parts of one table, and their results parts of one result."""

from __future__ import annotations

import functools
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np
import unitensor as ut

from . import places, plain, reference, rows, tables
from .rows import Case, Tables
from .timing import Contestant

PLAIN, CPU_PATH, DEVICE_COPY, ONE_BY_ONE = "plain copy", "cpu path", "device copy", "one by one"
Indices = Sequence[np.ndarray[Any, Any]]


class Variant(NamedTuple):
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
        defaults = Variant()._asdict()
        return {name: value for name, value in self._asdict().items() if value != defaults[name]}


class _Checks:
    """What each contestant made of the first index, against what NumPy makes of it."""

    def __init__(self, case: Case, index: np.ndarray[Any, Any]) -> None:
        places = [index + tensor * case.num_rows for tensor in range(case.tensors)]
        stored = tables.gathered(np.concatenate(places), case.width, case.dtype).astype(np.float32)
        if case.scaled:
            stored *= np.tile(tables.scales(case.num_rows)[index], case.tensors)[:, None]
        self._expected = tables.rounded(stored, case.out_dtype)
        self._checked: dict[str, bool] = {}

    def add(self, name: str, found: np.ndarray[Any, Any]) -> None:
        self._checked[name] = bool(np.array_equal(found.astype(np.float32), self._expected))

    def require(self) -> None:
        rows.require(self._checked)


def _parts(tensor: Any, number: int) -> list[Any]:
    """A tensor as so many ones of the same length."""
    length = len(tensor) // number
    return [tensor[part * length : (part + 1) * length] for part in range(number)]


def _gather(
    case: Case, source: ut.Tensor, out: ut.Tensor, scales: ut.Tensor | None
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Gathers from a table by an index, with arguments: as the library is meant to be called, and tensor by tensor."""
    sources, outs = _parts(source, case.tensors), _parts(out, case.tensors)
    converted: dict[str, Any] = {"dtype": case.out_dtype} if case.converts else {}
    if scales is not None:
        converted["row_scales"] = scales

    def one_by_one(index: Any, **arguments: Any) -> None:
        for one, its_out in zip(sources, outs):
            one.gather(index, out=its_out, **converted, **arguments)

    def one(index: Any, **arguments: Any) -> None:
        source.gather(index, out=out, **converted, **arguments)

    def many(index: Any, **arguments: Any) -> None:
        ut.gather_many(sources, index, outs, **arguments)

    return (many if case.tensors > 1 else one), one_by_one


def _torch_gather(case: Case, made: Tables, out: Any, torch: Any) -> Callable[[Any], None]:
    """What it does for rows of another dtype is to gather them first."""
    sources, outs = _parts(rows.as_rows(made.of_torch, case), case.tensors), _parts(out, case.tensors)
    if not case.converts:

        def copied(index: Any) -> None:
            for source, its_out in zip(sources, outs):
                torch.index_select(source, 0, index, out=its_out)

        return copied
    stored = torch.empty((case.count, case.width), dtype=made.of_torch.dtype)
    scales = torch.from_numpy(tables.scales(case.num_rows)) if case.scaled else None

    def converted(index: Any) -> None:
        torch.index_select(sources[0], 0, index, out=stored)
        if scales is None:
            out.copy_(stored)
        else:
            torch.mul(stored, torch.index_select(scales, 0, index)[:, None], out=out)

    return converted


def on_cpu(case: Case, calls: int, made: Tables, indices: Indices, torch: Any, loops: Any) -> dict[str, Contestant]:
    """The contestants, checked."""
    context = made.context(case.threads)
    source = rows.on_cpu(made.own, case, context)
    shape = case.tensors * case.count, case.width
    of_caller = case.place.memory == places.CALLER
    if of_caller:
        out = ut.wrap(tables.on_small_pages(shape, case.out_dtype), context=context)
    else:
        out = ut.zeros(shape, case.out_dtype, memory="host", context=context)
    scales = ut.tensor(tables.scales(case.num_rows), memory="host", context=context) if case.scaled else None
    checks = _Checks(case, indices[0])
    contestants: dict[str, Contestant] = {}

    def add(name: str, call: Callable[[int], Any], found: Callable[[], np.ndarray[Any, Any]]) -> None:
        contestants[name] = Contestant(call, calls)
        call(0)
        checks.add(name, found())

    def index(number: int) -> np.ndarray[Any, Any]:
        return indices[number % len(indices)]

    gather, one_by_one = _gather(case, source, out, scales)
    found = functools.partial(rows.to_host, out, context)
    add("unitensor", lambda number: gather(index(number)), found)
    if case.tensors > 1:
        out.fill(0)
        add(ONE_BY_ONE, lambda number: one_by_one(index(number)), found)
    if made.of_torch is not None:
        torch.set_num_threads(case.threads)
        if of_caller:
            torch_out = torch.from_numpy(tables.on_small_pages(shape, case.out_dtype))
        else:
            torch_out = torch.zeros(shape, dtype=getattr(torch, case.out_dtype))
        torch_indices = [torch.from_numpy(one) for one in indices]
        torch_gather = _torch_gather(case, made, torch_out, torch)
        add("torch", lambda number: torch_gather(torch_indices[number % len(indices)]), lambda: torch_out.float().numpy())
    if loops is not None and not case.converts:
        pairs = list(zip(_parts(source.numpy(), case.tensors), _parts(out.numpy(), case.tensors)))

        def loop(number: int) -> None:
            for table, view in pairs:
                reference.gather(loops, table, index(number), view, case.threads)

        out.fill(0)
        add("reference", loop, found)
    # What is converted is as large as the rows that are read.
    copied = np.zeros(case.num_bytes, np.uint8) if case.converts else out.numpy()
    contestants[PLAIN] = Contestant(plain.memcpy(source.numpy(), copied), calls)
    checks.require()
    return contestants


def on_device(
    case: Case, calls: int, made: Tables, indices: Indices, variants: Sequence[Variant]
) -> dict[str, Contestant]:
    """The contestants, checked."""
    context = made.context(case.threads)
    shape = case.tensors * case.count, case.width
    out = ut.empty(shape, case.out_dtype, memory="device", context=context)
    pinned = ut.empty(shape, case.out_dtype, memory="pinned", context=context)
    device_indices = [rows.on_device(index, context) for index in indices]
    scales, host_scales = (
        ut.tensor(tables.scales(case.num_rows), memory=memory, context=context) if case.scaled else None
        for memory in (case.place.memory, "host")
    )
    gather, one_by_one = _gather(case, rows.as_rows(made.own, case), out, scales)
    on_host, _ = _gather(case, rows.on_cpu(made.on_host, case, context), pinned, host_scales)
    checks = _Checks(case, indices[0])
    contestants: dict[str, Contestant] = {}

    def add(name: str, call: Callable[[int], Any], its_calls: int = calls) -> None:
        out.fill(0)
        call(0)
        checks.add(name, rows.to_host(out, context))
        contestants[name] = Contestant(call, its_calls, context.synchronize)

    def index(number: int) -> ut.Tensor:
        return device_indices[number % len(indices)]

    for variant in variants:
        add(variant.name, functools.partial(lambda number, given: gather(index(number), **given), given=variant.arguments))
    if case.tensors > 1:
        add(ONE_BY_ONE, lambda number: one_by_one(index(number)))

    def over_cpu(number: int) -> None:
        on_host(indices[number % len(indices)])
        out.copy_from(pinned)

    # The CPU does not return before it is done, so that one call is enough.
    add(CPU_PATH, over_cpu, 1)
    checks.require()
    to, source = out, pinned
    if case.converts:
        to = ut.empty((case.num_bytes,), np.uint8, memory="device", context=context)
        source = ut.zeros((case.num_bytes,), np.uint8, memory="pinned", context=context)
    contestants[PLAIN] = Contestant(plain.over_link(to, source), calls, context.synchronize)
    if case.place.resolved == "device":
        contestants[DEVICE_COPY] = Contestant(_copy_within(case, made.own, out, context), calls, context.synchronize)
    return contestants


def _copy_within(case: Case, table: ut.Tensor, out: ut.Tensor, context: ut.Context) -> Callable[[int], Any]:
    """Checked."""
    if case.converts:
        length = case.device_copy_bytes // tables.ITEM_SIZES[case.dtype]
        out = ut.empty((length,), case.dtype, memory="device", context=context)
    copy = plain.within_device(table, out)
    out.fill(0)
    copy(0)
    begin = np.empty(min(len(table), out.size), case.dtype)
    tables.fill(begin)
    rows.require({DEVICE_COPY: bool(np.array_equal(rows.to_host(out, context).ravel(), np.resize(begin, out.size)))})
    return copy
