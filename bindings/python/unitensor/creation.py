# SPDX-License-Identifier: Apache-2.0
"""Ways to make a tensor: empty or filled, a copy, a view of another library's memory, a file."""
from __future__ import annotations

import operator
import os
from typing import Any, Callable, Optional, Union

import numpy as np

from ._library import Progress, call, destroy_callback, encode_path, keep
from ._unitensor import ffi, lib
from .arrays import describe, is_torch_tensor
from .context import Context, default_context
from .dlpack import from_dlpack
from .dtypes import CODES, MEMORY_KINDS, choose, dtype_code
from .errors import CallbackError, InvalidArgumentError, ShapeMismatchError
from .tensor import Tensor

Shape = Union[int, "tuple[int, ...]", "list[int]"]

_progress = ffi.addressof(lib, "unipy_progress")


def _create(code: int, shape: tuple[int, ...], memory: str, row_alignment: int, device: int,
            context: Context) -> Tensor:
    if len(shape) > lib.UNI_MAX_NDIM:
        raise ShapeMismatchError(f"shape has {len(shape)} dimensions, expected 0 to {lib.UNI_MAX_NDIM}")
    desc = ffi.new("uni_tensor_desc *")
    desc.struct_size = ffi.sizeof("uni_tensor_desc")
    desc.memory = choose("memory", MEMORY_KINDS, memory)
    desc.device_id = device
    desc.dtype = code
    desc.ndim = len(shape)
    desc.row_alignment = row_alignment
    for dimension, extent in enumerate(shape):
        desc.shape[dimension] = extent
    out = ffi.new("uni_tensor **")
    call(lib.uni_tensor_create, context._open(), desc, out)
    return Tensor._adopt(out[0], context)


def empty(shape: Shape, dtype: Any = "float32", memory: str = "unified", row_alignment: int = 0, device: int = 0,
          context: Optional[Context] = None) -> Tensor:
    """A tensor with undefined contents.

    shape: extents, or one number for one dimension. dtype: what numpy.dtype takes, "bfloat16", or a PyTorch dtype.
    memory: "host", "pinned", "managed", "device" or "unified" (the best host-resident memory that every device here can
    read). row_alignment: pad rows to a multiple of this many bytes, a power of two of at most 4096; 0 does not. device:
    for "device", which one.

    Raises InvalidArgumentError, DtypeMismatchError, ShapeMismatchError, OutOfMemoryError, NotSupportedError,
    BackendUnavailableError."""
    extents = shape if isinstance(shape, (tuple, list)) else (shape,)
    return _create(dtype_code(dtype), tuple(operator.index(extent) for extent in extents), memory, row_alignment,
                   device, context or default_context())


def zeros(shape: Shape, dtype: Any = "float32", memory: str = "unified", row_alignment: int = 0, device: int = 0,
          context: Optional[Context] = None) -> Tensor:
    """A tensor of zeros; otherwise as `empty`."""
    return empty(shape, dtype, memory, row_alignment, device, context).fill(0)


def full(shape: Shape, value: Any, dtype: Any = "float32", memory: str = "unified", row_alignment: int = 0,
         device: int = 0, context: Optional[Context] = None) -> Tensor:
    """A tensor of one number; otherwise as `empty`. Raises as `Tensor.fill` too."""
    return empty(shape, dtype, memory, row_alignment, device, context).fill(value)


def tensor(obj: Any, memory: str = "unified", row_alignment: int = 0, context: Optional[Context] = None) -> Tensor:
    """A copy of an array in memory of a chosen kind.

    obj: a Tensor, a NumPy array, a PyTorch tensor, a DLPack producer, or numbers in lists as numpy.asarray takes them.
    Its elements may lie in any order. Raises as `empty`, and DtypeMismatchError for an element type that unitensor does
    not have."""
    context = context or default_context()
    if is_torch_tensor(obj):
        obj = obj.detach()
        if not obj.is_contiguous():
            obj = obj.contiguous()
    elif not isinstance(obj, Tensor) and (isinstance(obj, np.ndarray) or not hasattr(obj, "__dlpack__")):
        obj = np.asarray(obj)
        if not obj.dtype.isnative:
            obj = obj.astype(obj.dtype.newbyteorder("="))
        in_order = obj.flags.c_contiguous and obj.flags.aligned
        if not in_order and obj.dtype in CODES and memory in ("host", "pinned", "managed", "unified"):
            # NumPy puts strided elements in order on the way, so that only one copy is made.
            result = _create(CODES[obj.dtype], obj.shape, memory, row_alignment, 0, context)
            result.numpy()[...] = obj
            return result
        if not in_order:
            obj = obj.copy(order="C")
    described = describe(obj, "obj", context)
    array = described.array
    result = _create(array.dtype, tuple(array.shape[0:array.ndim]), memory, row_alignment, 0, context)
    return result.copy_from(obj)


def wrap(obj: Any, context: Optional[Context] = None) -> Tensor:
    """A tensor over the memory of a NumPy array, a PyTorch tensor of the CPU, an object with the buffer protocol or a
    DLPack producer, without a copy. The object lives as long as the memory is used. A Tensor is returned as it is.
    What an object with the CUDA array interface says of its stream is waited for by what the context does later.

    Raises InvalidArgumentError where a copy would be needed (only rows may have gaps between them), DtypeMismatchError
    for an element type that unitensor does not have, TypeError for an object of another kind."""
    return wrap_as("obj", obj, context or default_context())


def wrap_as(name: str, obj: Any, context: Context) -> Tensor:
    """`wrap` under the name that an argument has elsewhere."""
    if isinstance(obj, Tensor):
        obj._open()
        return obj
    if not isinstance(obj, np.ndarray) and not is_torch_tensor(obj) and hasattr(obj, "__dlpack__"):
        return from_dlpack(obj, context)
    described = describe(obj, name, context)
    pointer = context._open()
    out = ffi.new("uni_tensor **")
    call(lib.uni_tensor_wrap, pointer, described.array, destroy_callback, keep(described.owner), out)
    return Tensor._adopt(out[0], context)


def register(obj: Any, context: Optional[Context] = None, copy_if_refused: bool = False) -> Tensor:
    """A tensor over the memory of a NumPy array or of another object that `wrap` takes, page-locked so that every GPU reads
    it where it lies. It is unlocked when the tensor is no longer used.

    copy_if_refused: where the system refuses, give a copy in unified memory. The tensor's `is_copy` says so, the context's
    statistics count it, and its log says why, as a warning. What is written to either does not reach the other then.

    Raises BackendUnavailableError without a GPU, OutOfMemoryError where the system refuses (the message says which limit),
    and as `wrap`."""
    context = context or default_context()
    described = describe(obj, "obj", context)
    pointer = context._open()
    out = ffi.new("uni_tensor **")
    function = lib.uni_tensor_register_or_copy if copy_if_refused else lib.uni_tensor_register
    call(function, pointer, described.array, destroy_callback, keep(described.owner), out)
    return Tensor._adopt(out[0], context)


def load(path: Union[str, os.PathLike[str]], memory: str = "unified", row_alignment: int = 0,
         progress: Optional[Callable[[int, int], object]] = None, context: Optional[Context] = None) -> Tensor:
    """Load a .npy file.

    progress: called with (bytes done, bytes in all) from time to time; a true result stops, and so does an exception,
    which is passed on. memory, row_alignment: as in `empty`.

    Raises FileError, FormatError (truncated, corrupt, Fortran order, objects, big-endian), CallbackError (stopped by
    `progress`), and as `empty`."""
    context = context or default_context()
    kind = choose("memory", MEMORY_KINDS, memory)
    options = ffi.new("uni_load_options *")
    options.struct_size = ffi.sizeof("uni_load_options")
    options.row_alignment = row_alignment
    watcher = None
    if progress is not None:
        if not callable(progress):
            raise InvalidArgumentError(f"progress is {progress!r}, expected a callable")
        watcher = Progress(progress)
        handle = ffi.new_handle(watcher)
        options.progress = _progress
        options.progress_user_data = handle
    out = ffi.new("uni_tensor **")
    try:
        call(lib.uni_tensor_load, context._open(), encode_path(path), kind, options, out)
    except CallbackError:
        if watcher is not None and watcher.error is not None:
            raise watcher.error from None
        raise
    return Tensor._adopt(out[0], context)
