# SPDX-License-Identifier: Apache-2.0
"""Rows by index for operands of all kinds: what `Tensor.gather` and `Tensor.scatter` do, and several tensors at once."""
from __future__ import annotations

import functools
from typing import Any, Optional, Sequence

from ._library import call
from ._unitensor import ffi, lib
from .arrays import Described, describe, describe_index, mark_written, stream_for
from .dtypes import BOUNDS, DTYPES, MEMORY_KINDS, ORDERS, REDUCTIONS, choose, dtype_code, integer
from .errors import InvalidArgumentError

_MOST_MULTIPROCESSORS = 2**31 - 1


@functools.lru_cache(maxsize=None)
def _shared_options(bounds: int, memory: int, dtype: int, order: int, num_multiprocessors: int) -> Any:
    """Options that are only ever read, so that calls share them."""
    return _new_options(bounds, memory, dtype, order, num_multiprocessors)


def _new_options(bounds: int, memory: int, dtype: int, order: int, num_multiprocessors: int) -> Any:
    options = ffi.new("uni_gather_options *")
    options.struct_size = ffi.sizeof("uni_gather_options")
    options.bounds = bounds
    options.memory = memory
    options.dtype = dtype
    options.order = order
    options.num_multiprocessors = num_multiprocessors
    return options


def gather(tensor: Any, index: Any, out: Any, bounds: str, memory: Optional[str], stream: Any, dtype: Any,
           row_scales: Any, order: str, num_multiprocessors: int) -> Any:
    """As `Tensor.gather`."""
    handle = tensor._open()
    described = describe_index(index, "index", tensor._context)
    array = described.array
    stream = stream_for(stream, array.device_type, array.device_id, index)
    if memory is not None and out is not None:
        raise InvalidArgumentError("memory and out are both given, expected one of them: out has its memory")
    make = _shared_options if row_scales is None else _new_options
    options = make(choose("bounds", BOUNDS, bounds),
                   0 if memory is None else choose("memory", MEMORY_KINDS, memory),
                   0 if dtype is None else dtype_code(dtype), choose("order", ORDERS, order),
                   integer(num_multiprocessors, "num_multiprocessors", 0, _MOST_MULTIPROCESSORS))
    operands = [described]
    if row_scales is not None:
        operands.append(describe(row_scales, "row_scales", tensor._context))
        options.row_scales = operands[-1].array
    if out is None:
        result = ffi.new("uni_tensor **")
        with tensor._kept(array, *operands):
            call(lib.uni_gather, handle, array, options, stream, result)
        return type(tensor)._adopt(result[0], tensor._context)
    destination = describe(out, "out", tensor._context)
    with tensor._kept(array, *operands, destination):
        call(lib.uni_gather_into, handle, array, options, stream, destination.array)
    mark_written(out)
    return out


def scatter(tensor: Any, index: Any, rows: Any, bounds: str, reduce: str, stream: Any, num_multiprocessors: int) -> None:
    """As `Tensor.scatter`."""
    handle = tensor._open()
    described = describe_index(index, "index", tensor._context)
    array = described.array
    source = describe(rows, "rows", tensor._context)
    options = ffi.new("uni_scatter_options *")
    options.struct_size = ffi.sizeof("uni_scatter_options")
    options.bounds = choose("bounds", BOUNDS, bounds)
    options.reduce = choose("reduce", REDUCTIONS, reduce)
    options.num_multiprocessors = integer(num_multiprocessors, "num_multiprocessors", 0, _MOST_MULTIPROCESSORS)
    with tensor._kept(array, described, source):
        call(lib.uni_scatter, handle, array, source.array, options,
             stream_for(stream, array.device_type, array.device_id, index))


def gather_many(tensors: Sequence[Any], index: Any, outs: Optional[Sequence[Any]] = None, bounds: str = "check",
                memory: Optional[str] = None, stream: Any = None, order: str = "auto",
                num_multiprocessors: int = 0) -> list[Any]:
    """Gather rows of several tensors by one index, on a device in one launch: `outs[t][i, ...] =
    tensors[t][index[i], ...]`. For what belongs to the same rows: features, labels, degrees.

    tensors: 1 to 16 of one context and of the same length, of any dtypes and shapes otherwise. outs: as many, each as
    `Tensor.gather` takes it, not overlapping each other; None makes Tensors. The rest is as in `Tensor.gather`.

    Returns the outs. Raises as `Tensor.gather`, ShapeMismatchError where the tensors differ in length, and TypeError for
    what is no Tensor. On the CPU a failed call has changed nothing."""
    from .creation import empty
    from .tensor import Tensor

    tensors = list(tensors)
    if not 1 <= len(tensors) <= lib.UNI_GATHER_MANY_MAX:
        raise InvalidArgumentError(f"tensors has {len(tensors)} entries, expected 1 to {lib.UNI_GATHER_MANY_MAX}")
    if memory is not None and outs is not None:
        raise InvalidArgumentError("memory and outs are both given, expected one of them: outs have their memory")
    if outs is not None and len(outs) != len(tensors):
        raise InvalidArgumentError(f"outs has {len(outs)} entries, expected {len(tensors)} as tensors has")
    for t, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"tensors[{t}] is of type {type(tensor).__name__}, expected a unitensor.Tensor")
    handles = [tensor._open() for tensor in tensors]
    first = tensors[0]
    described = describe_index(index, "index", first._context)
    array = described.array
    options = _shared_options(choose("bounds", BOUNDS, bounds), 0, 0, choose("order", ORDERS, order),
                              integer(num_multiprocessors, "num_multiprocessors", 0, _MOST_MULTIPROCESSORS))
    stream = stream_for(stream, array.device_type, array.device_id, index)
    if outs is None:
        on_device = array.device_type != lib.UNI_DEVICE_CPU
        kind = memory if memory is not None else "device" if on_device else "host"
        outs = [empty((array.shape[0], *tensor.shape[1:]), dtype=tensor.dtype, memory=kind,
                      device=array.device_id if kind == "device" else 0, context=first._context)
                for tensor in tensors]
    destinations: list[Described] = [describe(out, f"outs[{t}]", first._context) for t, out in enumerate(outs)]
    with first._kept(array, described, *destinations):
        call(lib.uni_gather_many, len(handles), ffi.new("uni_tensor *[]", handles), array, options, stream,
             ffi.new("uni_array *[]", [destination.array for destination in destinations]))
    for out in outs:
        mark_written(out)
    return list(outs)
