# SPDX-License-Identifier: Apache-2.0
"""Descriptors of arrays that others own: NumPy arrays, PyTorch tensors, DLPack producers and buffers.

A descriptor never stands for a copy. What would need one is refused with a message that says what to call instead; the
one exception are lists of integers given as an index, which are converted and documented as converted.
"""
from __future__ import annotations

import contextlib
import sys
from typing import Any, Iterator, NamedTuple, Optional

import numpy as np

from ._library import call, destroy_callback, keep
from ._unitensor import ffi, lib
from .context import Context
from .dtypes import CODES, ITEM_SIZES, TORCH_CODES
from .errors import DeviceMismatchError, DtypeMismatchError, InvalidArgumentError, ShapeMismatchError


class Described(NamedTuple):
    """A `uni_array *` and what keeps it and its memory alive."""

    array: Any
    owner: Any


def new_array(address: int, code: int, shape: tuple[int, ...], row_pitch: int, read_only: bool,
              device_type: int = lib.UNI_DEVICE_CPU, device_id: int = 0) -> Any:
    array = ffi.new("uni_array *")
    flags = lib.UNI_ARRAY_READ_ONLY if read_only else 0
    lib.unipy_fill_array(array, address, code, device_type, device_id, len(shape), shape, row_pitch, flags)
    return array


def row_pitch_of(name: str, shape: tuple[int, ...], strides: tuple[int, ...], item_size: int, remedy: str) -> int:
    """The bytes from one row to the next, 0 where rows are contiguous. Raises where the elements within a row have gaps
    or another order, or where rows lie backwards or overlap."""
    if len(shape) > lib.UNI_MAX_NDIM:
        raise ShapeMismatchError(f"{name} has {len(shape)} dimensions, expected 0 to {lib.UNI_MAX_NDIM}")
    if 0 in shape:
        return 0
    expected = item_size
    for dimension in range(len(shape) - 1, -1, -1):
        # The stride of an extent of 1 is never used.
        if shape[dimension] != 1 and strides[dimension] != expected:
            if dimension == 0 and len(shape) > 1 and strides[0] > expected:
                return strides[0]
            raise InvalidArgumentError(
                f"{name} is not contiguous: shape {tuple(shape)} with strides of {tuple(strides)} bytes. It is not "
                f"copied without being asked to: pass {remedy}")
        expected *= shape[dimension]
    return 0


def describe_numpy(array: Any, name: str) -> Described:
    if type(array) is not np.ndarray and isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, whose mask would be lost: pass its .data or .filled()")
    code = CODES.get(array.dtype)
    if code is None:
        remedy = "" if array.dtype.isnative else ": pass .astype(dtype.newbyteorder('='))"
        raise DtypeMismatchError(f"{name} has dtype {array.dtype}, which unitensor does not have{remedy}")
    flags = array.flags
    if not flags.aligned:
        raise InvalidArgumentError(f"{name} is not aligned to its elements: pass {name}.copy()")
    shape = array.shape
    pitch = 0
    if not flags.c_contiguous or len(shape) > lib.UNI_MAX_NDIM:
        pitch = row_pitch_of(name, shape, array.strides, array.itemsize, f"numpy.ascontiguousarray({name})")
    address = array.__array_interface__["data"][0]
    return Described(new_array(address, code, shape, pitch, not flags.writeable), array)


def is_torch_tensor(value: Any) -> bool:
    """Whether it is a PyTorch tensor, without importing PyTorch to find out."""
    torch = sys.modules.get("torch")
    tensor_type = getattr(torch, "Tensor", None)
    return tensor_type is not None and isinstance(value, tensor_type)


def describe_torch(tensor: Any, name: str) -> Described:
    if tensor.requires_grad:
        raise InvalidArgumentError(f"{name} requires grad, which unitensor does not track: pass {name}.detach()")
    if str(tensor.layout) != "torch.strided":
        raise InvalidArgumentError(f"{name} has layout {tensor.layout}, expected a dense tensor: pass "
                                   f"{name}.to_dense()")
    code = TORCH_CODES.get(str(tensor.dtype))
    if code is None:
        raise DtypeMismatchError(f"{name} has dtype {tensor.dtype}, which unitensor does not have")
    if tensor.is_neg():
        raise InvalidArgumentError(f"{name} is a view that negates lazily: pass {name}.resolve_neg()")
    device = tensor.device
    if device.type == "cpu":
        device_type, device_id = lib.UNI_DEVICE_CPU, 0
    elif device.type == "cuda":
        device_type, device_id = lib.UNI_DEVICE_CUDA, device.index or 0
    else:
        raise DeviceMismatchError(f"{name} is on {device}, expected the CPU or CUDA")
    item_size = ITEM_SIZES[code]
    shape = tuple(tensor.shape)
    strides = tuple(stride * item_size for stride in tensor.stride())
    pitch = row_pitch_of(name, shape, strides, item_size, f"{name}.contiguous()")
    array = new_array(tensor.data_ptr(), code, shape, pitch, False, device_type, device_id)
    return Described(array, tensor)


def describe_cuda_interface(value: Any, interface: dict[str, Any], name: str, context: Context) -> Described:
    """From the CUDA array interface, version 2 or 3, of CuPy, Numba and others. What the context does later waits for the
    stream that version 3 names."""
    if interface.get("mask") is not None:
        raise TypeError(f"{name} is a masked array, whose mask would be lost")
    dtype = np.dtype(interface["typestr"])
    code = CODES.get(dtype)
    if code is None:
        raise DtypeMismatchError(f"{name} has dtype {dtype}, which unitensor does not have")
    shape = tuple(int(extent) for extent in interface["shape"])
    strides = interface.get("strides")
    pitch = 0 if strides is None else row_pitch_of(name, shape, tuple(strides), dtype.itemsize, "a contiguous copy")
    address, read_only = interface["data"]
    device = getattr(getattr(value, "device", None), "id", 0)
    device_id = device if isinstance(device, int) else 0
    # What the producer has enqueued there may still be writing the array.
    if interface.get("stream"):
        call(lib.uni_context_follow_stream, context._open(), device_id, ffi.cast("void *", int(interface["stream"])))
    return Described(new_array(int(address or 0), code, shape, pitch, bool(read_only), lib.UNI_DEVICE_CUDA, device_id),
                     value)


def hold_stream(tensor: Any, device_id: int, stream: Any) -> None:
    """Make a stream, a `void *`, wait for what the context of a `uni_tensor` has enqueued. The context may be closed."""
    call(lib.uni_context_hold_stream, lib.uni_tensor_context(tensor), device_id, stream)


@contextlib.contextmanager
def kept_for_device(context: Any, on_device: bool, *operands: Described) -> Iterator[None]:
    """Keeps what others own until a device has done what is enqueued within: without it, a PyTorch tensor that its
    caller drops would give its memory to somebody else while it is still read. `context` is a `uni_context *`."""
    owners = [operand.owner for operand in operands if not isinstance(operand.owner, ffi.CData)]
    if not on_device or not owners:
        yield
        return
    # A tensor without elements: its release waits for the operations, and gives the owners back.
    out = ffi.new("uni_tensor **")
    nothing = new_array(0, lib.UNI_DTYPE_UINT8, (0,), 0, True)
    call(lib.uni_tensor_wrap, context, nothing, destroy_callback, keep(owners), out)
    try:
        yield
    finally:
        lib.uni_tensor_release(out[0])


def mark_written(value: Any) -> None:
    """Tell PyTorch that a tensor of its has changed, so that a backward pass which needs what was there before fails
    and does not compute with what is there now."""
    if is_torch_tensor(value) and not value.is_inference():
        sys.modules["torch"].autograd.graph.increment_version(value)


def describe(value: Any, name: str, context: Context) -> Described:
    """A descriptor of a Tensor, NumPy array, PyTorch tensor, object with the buffer protocol or DLPack producer.

    Raises TypeError for anything else, DtypeMismatchError for an element type that unitensor does not have, and
    InvalidArgumentError where a copy would be needed."""
    own_description = getattr(value, "_describe", None)
    if own_description is not None:
        result: Described = own_description(name)
        return result
    if isinstance(value, np.ndarray):
        return describe_numpy(value, name)
    if is_torch_tensor(value):
        return describe_torch(value, name)
    cuda_interface = getattr(value, "__cuda_array_interface__", None)
    if isinstance(cuda_interface, dict):
        return describe_cuda_interface(value, cuda_interface, name, context)
    if hasattr(value, "__dlpack__"):
        from .dlpack import import_dlpack

        handle = import_dlpack(value, context)
        return Described(lib.uni_tensor_array(handle), handle)
    try:
        view = memoryview(value)
    except TypeError:
        raise TypeError(f"{name} is of type {type(value).__name__}, expected a unitensor.Tensor, a NumPy array, a "
                        f"PyTorch tensor or a DLPack producer: pass numpy.asarray({name})") from None
    return describe_numpy(np.asarray(view), name)


def index_from_list(value: Any, name: str) -> Any:
    """A sequence of integers as an int64 array. This is a conversion, for convenience with few of them."""
    array = np.asarray(value)
    if array.size == 0 and array.ndim == 1:
        return np.empty(0, dtype=np.int64)
    require_not_mask(array.dtype.kind == "b", name)
    if any(isinstance(item, (bool, np.bool_)) for item in value):
        require_not_mask(True, name)
    if array.dtype.kind != "i":
        raise DtypeMismatchError(f"{name} is a {type(value).__name__} of dtype {array.dtype}, expected integers of at "
                                 "most 64 bits")
    return np.ascontiguousarray(array, dtype=np.int64)


def require_not_mask(is_mask: bool, name: str) -> None:
    if is_mask:
        raise DtypeMismatchError(f"{name} has dtype bool, expected int32 or int64: a mask is not an index, pass "
                                 "numpy.flatnonzero(mask) or mask.nonzero().flatten()")


def describe_index(value: Any, name: str, context: Context) -> Described:
    """As `describe`, for an index or seeds: sequences of integers are converted, masks are refused."""
    if isinstance(value, (list, tuple, range)):
        value = index_from_list(value, name)
    described = describe(value, name, context)
    require_not_mask(described.array.dtype == lib.UNI_DTYPE_BOOL, name)
    return described


def stream_for(stream: Any, device_type: int, device_id: int, operand: Optional[Any] = None) -> Any:
    """The stream to compute on as `void *`: the one given, else the operand's, else PyTorch's current one if PyTorch is
    loaded and the operand is on CUDA, else NULL. NULL for the CPU."""
    if stream is not None:
        if isinstance(stream, int):
            return ffi.cast("void *", stream)
        for attribute in ("cuda_stream", "ptr"):
            value = getattr(stream, attribute, None)
            if isinstance(value, int):
                return ffi.cast("void *", value)
        # NVIDIA's protocol for streams: version and handle.
        protocol = getattr(stream, "__cuda_stream__", None)
        if protocol is not None:
            return ffi.cast("void *", int((protocol() if callable(protocol) else protocol)[1]))
        raise TypeError(f"stream is of type {type(stream).__name__}, expected a cudaStream_t as int or a CUDA stream")
    if device_type != lib.UNI_DEVICE_CUDA:
        return ffi.NULL
    # Asking one of our own tensors would make the default stream wait for it.
    if not is_torch_tensor(operand) and not hasattr(operand, "_describe"):
        interface = getattr(operand, "__cuda_array_interface__", None)
        if isinstance(interface, dict) and interface.get("stream"):
            return ffi.cast("void *", interface["stream"])
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return ffi.cast("void *", torch.cuda.current_stream(device_id).cuda_stream)
    return ffi.NULL
