# SPDX-License-Identifier: Apache-2.0
"""What a tensor says of its memory to NumPy (`__array_interface__`) and to libraries for GPUs
(`__cuda_array_interface__`). Both are dictionaries with the same entries; the latter names a stream too.
Source: NumPy's array interface protocol 3 and Numba's CUDA array interface 3."""
from __future__ import annotations

from typing import Any

from ._library import call
from ._unitensor import ffi, lib
from .arrays import hold_stream
from .dtypes import DTYPES
from .errors import DtypeMismatchError

_LEGACY_DEFAULT_STREAM = 1
_ADDRESS_OF_NOTHING = 64


class HostView:
    """What a NumPy array made from a tensor has as its base: it keeps the tensor's memory alive."""

    __slots__ = ("handle", "__array_interface__")

    def __init__(self, handle: Any, interface: dict[str, Any]) -> None:
        self.handle = handle
        self.__array_interface__ = interface


def host_interface(handle: Any, info: Any) -> dict[str, Any]:
    """For memory that the CPU reads. Raises DeviceMismatchError, DtypeMismatchError."""
    data = ffi.new("void **")
    call(lib.uni_tensor_host_pointer, handle, data)
    # NumPy 1 takes the address 0 for no interface at all; where there are no elements nobody reads at another one.
    return _interface(info, int(ffi.cast("uintptr_t", data[0])) or _ADDRESS_OF_NOTHING)


def cuda_interface(handle: Any, info: Any) -> dict[str, Any]:
    """For memory that a GPU reads, on the legacy default stream, which is made to wait for what the tensor's context
    has enqueued. Raises DeviceMismatchError, DtypeMismatchError, and as `Context.hold_stream`."""
    data = ffi.new("void **")
    call(lib.uni_tensor_device_pointer, handle, info.device_id, data)
    interface = _interface(info, int(ffi.cast("uintptr_t", data[0])))
    hold_stream(handle, info.device_id, ffi.NULL)
    interface["stream"] = _LEGACY_DEFAULT_STREAM
    return interface


def _interface(info: Any, address: int) -> dict[str, Any]:
    dtype = DTYPES[info.dtype]
    if isinstance(dtype, str):
        raise DtypeMismatchError("the tensor has dtype bfloat16, which NumPy does not have: pass "
                                 "unitensor.torch.as_tensor(tensor)")
    shape = tuple(info.shape[0:info.ndim])
    strides = None
    if info.num_elements and info.ndim and info.row_pitch != info.row_bytes:
        inner = [dtype.itemsize]
        for extent in reversed(shape[2:]):
            inner.append(inner[-1] * extent)
        strides = (int(info.row_pitch), *reversed(inner)) if info.ndim > 1 else (int(info.row_pitch),)
    return {"version": 3, "shape": shape, "typestr": dtype.str, "strides": strides,
            "data": (address, bool(info.flags & lib.UNI_ARRAY_READ_ONLY))}
