# SPDX-License-Identifier: Apache-2.0
"""Copies between a tensor and an array of any kind: what `Tensor.copy_from` and `Tensor.copy_to` do."""
from __future__ import annotations

from typing import Any, Callable

import numpy as np

from ._library import call, error_from, error_pool, take_error
from ._unitensor import ffi, lib
from .arrays import describe, stream_for
from .dtypes import CODES

_ndarray = np.ndarray
_from_buffer = ffi.from_buffer
_CHARS = ffi.typeof("char[]")
_CPU = lib.UNI_DEVICE_CPU
_CUDA = lib.UNI_DEVICE_CUDA
_MAX_NDIM = lib.UNI_MAX_NDIM
_NO_STREAM = ffi.NULL


def copy(tensor: Any, other: Any, name: str, stream: Any, function: Callable[..., int],
         buffer_function: Callable[..., int], written: bool) -> None:
    """`function` copies between a `uni_tensor` and a `uni_array`, `buffer_function` between it and memory of the CPU.
    written: whether that is written to."""
    handle = tensor._handle
    if stream is None and handle is not None and tensor._info.device_type == _CPU:
        # The short way, for NumPy arrays and tensors. Whatever it does not take goes the long way, which knows the reasons.
        error = take_error()
        status = None
        if type(other) is _ndarray:
            code, shape = CODES.get(other.dtype), other.shape
            if code is not None and len(shape) <= _MAX_NDIM and other.flags.aligned:
                try:
                    status = buffer_function(handle, _from_buffer(_CHARS, other, written), code, len(shape), shape,
                                             error)
                except (BufferError, TypeError, ValueError):
                    status = None
        elif type(other) is type(tensor):
            kept, array = other._handle, other._array
            if kept is not None and array is not None and array.device_type == _CPU:
                status = function(handle, array, _NO_STREAM, error)
        if status:
            raise error_from(status, error)
        error_pool.append(error)
        if status == 0:
            return
    described = describe(other, name, tensor._context)
    array = described.array
    with tensor._kept(array, described):
        if array.device_type == _CUDA:
            stream = stream_for(stream, array.device_type, array.device_id, other)
        else:
            stream = stream_for(stream, tensor._info.device_type, tensor._info.device_id)
        call(function, tensor._open(), array, stream)
