# SPDX-License-Identifier: Apache-2.0
"""Tensors: memory of a chosen kind with a dtype and a shape, in row-major order."""
from __future__ import annotations

import functools
import math
import operator
import os
from typing import Any, ContextManager, Iterator, Optional, Union

import numpy as np
import numpy.typing as npt

from . import rows as _rows
from ._library import call, encode_path, error_from, error_pool, take_error
from ._unitensor import ffi, lib
from .array_interface import HostView, cuda_interface, host_interface
from .arrays import Described, kept_for_device, mark_written, stream_for
from .context import Context
from .copies import copy as _copy
from .dtypes import (BFLOAT16, BOUNDS, CODES, DTYPES, MEMORY_KINDS, MEMORY_NAMES, REDUCTIONS, Dtype, choose,
                     element_bytes, integer)
from .errors import (DeviceMismatchError, DtypeMismatchError, InvalidArgumentError, InvalidStateError, OutOfBoundsError,
                     ShapeMismatchError)

_ndarray = np.ndarray
_from_buffer = ffi.from_buffer
_gather_rows = lib.unipy_gather_rows
_gather_buffers = lib.unipy_gather_buffers
_MAX_NDIM = lib.UNI_MAX_NDIM
_CHARS = ffi.typeof("char[]")
_INDEX_CODES = {dtype: code for dtype, code in CODES.items() if code in (lib.UNI_DTYPE_INT32, lib.UNI_DTYPE_INT64)}
_INFO_SIZE = ffi.sizeof("uni_tensor_info")
_Number = (int, float, bool, np.number, np.bool_)


class Tensor:
    """Memory of a chosen kind with a dtype and a shape, in row-major order; made by `empty`, `tensor`, `load` and
    so on.

    A row is one entry of the first dimension. Rows are contiguous; `row_pitch` bytes lie from one to the next.

    `t[i:j]` is a view of rows, `t[i]` a view of one row (a NumPy scalar where there is one dimension), and `t[index]`
    gathers rows into a new tensor; `t[index] = rows` scatters. Negative numbers are out of bounds: they do not count
    from the end.

    Wherever a tensor, an index or an output is taken, so is a NumPy array or a PyTorch tensor of the CPU, in place and
    without a copy; what cannot be used in place is refused with a message that says what to call.

    One thread at a time may write to a tensor; any number may read.
    """

    __slots__ = ("_handle", "_array", "_info", "_context", "_exported", "__weakref__")

    _handle: Any
    _array: Any
    _info: Any
    _context: Context
    _exported: Any

    def __init__(self) -> None:
        raise TypeError("a Tensor is made by unitensor.empty, zeros, full, tensor, wrap, load or from_dlpack")

    @classmethod
    def _adopt(cls, pointer: Any, context: Context) -> Tensor:
        """A Tensor that takes over one reference to a `uni_tensor`."""
        info = ffi.new("uni_tensor_info *")
        info.struct_size = _INFO_SIZE
        try:
            call(lib.uni_tensor_get_info, pointer, info)
        except BaseException:
            lib.uni_tensor_release(pointer)
            raise
        handle = ffi.gc(pointer, lib.uni_tensor_release, info.num_bytes)
        self = object.__new__(cls)
        self._handle = handle
        self._array = lib.uni_tensor_array(handle)
        self._info = info
        self._context = context
        self._exported = None
        return self

    def _open(self) -> Any:
        handle = self._handle
        if handle is None:
            raise InvalidStateError("the tensor is closed")
        return handle

    def _open_info(self) -> Any:
        self._open()
        return self._info

    def _describe(self, name: str) -> Described:
        handle, array = self._handle, self._array
        if handle is None or array is None:
            raise InvalidStateError(f"{name} is a closed tensor")
        return Described(array, handle)

    # --- What it is --------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents, one per dimension."""
        info = self._open_info()
        return tuple(info.shape[0:info.ndim])

    @property
    def ndim(self) -> int:
        """Number of dimensions, 0 to 8."""
        return int(self._open_info().ndim)

    @property
    def dtype(self) -> Dtype:
        """The numpy.dtype; for bfloat16, which NumPy does not have, the string "bfloat16"."""
        return DTYPES[self._open_info().dtype]

    @property
    def memory(self) -> str:
        """The kind the memory is: "host", "pinned", "managed" or "device"."""
        return MEMORY_NAMES[self._open_info().memory]

    @property
    def requested_memory(self) -> str:
        """The kind that was asked for, "unified" included."""
        return MEMORY_NAMES[self._open_info().requested_memory]

    @property
    def device(self) -> str:
        """The device whose memory it is: "cpu", or "cuda:0" and so on."""
        info = self._open_info()
        return "cpu" if info.device_type == lib.UNI_DEVICE_CPU else f"cuda:{info.device_id}"

    @property
    def nbytes(self) -> int:
        """Bytes of payload: elements times the bytes of one."""
        return int(self._open_info().num_bytes)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self._open_info().num_elements)

    @property
    def row_pitch(self) -> int:
        """Bytes from one row to the next; more than the bytes of a row where rows are padded."""
        return int(self._open_info().row_pitch)

    @property
    def is_read_only(self) -> bool:
        """Whether writing to it is refused."""
        return bool(self._open_info().flags & lib.UNI_ARRAY_READ_ONLY)

    @property
    def is_copy(self) -> bool:
        """Whether `register` copied the memory, since page-locking it was refused, and it was told to."""
        return bool(self._open_info().flags & lib.UNI_TENSOR_COPIED)

    @property
    def context(self) -> Context:
        """The context it was made from."""
        self._open()
        return self._context

    def __len__(self) -> int:
        info = self._open_info()
        if info.ndim == 0:
            raise TypeError("a tensor of 0 dimensions has no len()")
        return int(info.shape[0])

    def __iter__(self) -> Iterator[Any]:
        for row in range(len(self)):
            yield self[row]

    # Compared by identity: an element-wise comparison belongs to numpy(), and `in` would need one.
    __contains__ = None

    def __repr__(self) -> str:
        if self._handle is None:
            return "<unitensor.Tensor, closed>"
        read_only = ", read-only" if self.is_read_only else ""
        return f"<unitensor.Tensor, shape {self.shape}, {self.dtype}, {self.memory} memory{read_only}>"

    def __reduce__(self) -> Any:
        raise TypeError("a Tensor cannot be pickled or copied so: use save and load, numpy() or unitensor.tensor")

    # --- Rows --------------------------------------------------------------------------------------------------------

    def _slice(self, start: int, stop: int) -> Tensor:
        out = ffi.new("uni_tensor **")
        call(lib.uni_tensor_slice, self._open(), start, stop, out)
        return Tensor._adopt(out[0], self._context)

    def _view(self, key: Union[int, slice]) -> Tensor:
        """A view of some rows, or of one row without the first dimension."""
        info = self._open_info()
        if info.ndim == 0:
            raise ShapeMismatchError("the tensor has 0 dimensions, expected at least 1 to take rows")
        rows = int(info.shape[0])
        if not isinstance(key, slice):
            if not 0 <= key < rows:
                raise OutOfBoundsError(f"row is {key}, expected 0 <= row < {rows} (negative ones do not count from the "
                                       "end)")
            return self._slice(key, key + 1).reshape(self.shape[1:])
        start = 0 if key.start is None else operator.index(key.start)
        stop = rows if key.stop is None else operator.index(key.stop)
        if key.step is not None and operator.index(key.step) != 1:
            raise InvalidArgumentError(f"the step of a slice is {key.step}, expected 1: gather by numpy.arange for "
                                       "other steps")
        if start < 0 or stop < 0:
            raise OutOfBoundsError(f"rows are {start} to {stop}, expected none to be negative (they do not count from "
                                   "the end)")
        start = min(start, rows)
        return self._slice(start, min(max(start, stop), rows))

    def __getitem__(self, key: Any) -> Any:
        """`t[i:j]`: a view of those rows, where ends beyond the last row are cut as Python cuts them. `t[i]`: a view of
        one row, or a NumPy scalar where `t` has one dimension. `t[index]`: as `gather`.

        Raises OutOfBoundsError, DtypeMismatchError (a mask, an index of floats), ShapeMismatchError."""
        if isinstance(key, slice):
            return self._view(key)
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            if self.ndim == 1 and self.device == "cpu" and self.dtype != BFLOAT16:
                if not 0 <= key < len(self):
                    return self._view(int(key))
                return self.numpy()[key]
            return self._view(int(key))
        _refuse_key(key)
        return self.gather(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """`t[index] = rows`: as `scatter`. `t[i:j] = rows` and `t[i] = row` copy; with one number they fill.

        Raises as `scatter` and `copy_from`."""
        if isinstance(key, slice) or (isinstance(key, (int, np.integer)) and not isinstance(key, bool)):
            view = self._view(key if isinstance(key, slice) else int(key))
            if isinstance(value, _Number):
                view.fill(value)
            else:
                view.copy_from(value)
            return
        _refuse_key(key)
        self.scatter(key, value)

    def gather(self, index: Any, out: Any = None, bounds: str = "check", memory: Optional[str] = None,
               stream: Any = None, dtype: Any = None, row_scales: Any = None, order: str = "auto",
               num_multiprocessors: int = 0) -> Any:
        """Gather rows: `out[i, ...] = self[index[i], ...]`.

        index: one dimension, int32 or int64; a Tensor, a NumPy array, a PyTorch tensor, or a list of integers, which is
        converted. out: memory for the result, shape (len(index), *shape[1:]), not overlapping this tensor; None makes
        a Tensor of the kind `memory` (None: host memory for an index on the CPU, else device memory). bounds: "check"
        fails at an index out of bounds, on the CPU before anything is written; "skip" zeroes its row; "trust" does not
        look, and is undefined behaviour on a bad index. Negative indices are out of bounds. stream: a cudaStream_t as
        int or a PyTorch stream; None takes PyTorch's current one for an index on CUDA; ignored on the CPU.

        dtype: of the result, where rows are to be converted: float16, "bfloat16" or float32, of a tensor of one of these
        or of int8; rounded to nearest, ties to even. row_scales: for int8, what each row of this tensor is multiplied
        with before; float32, shape (len(self),). order: how a device reads the rows: "auto", "as_given", or "by_page",
        sorted first. num_multiprocessors: the most of a GPU to take; 0 for 12 where host memory takes part over PCIe,
        else all.

        Returns `out`, or the new Tensor. Raises OutOfBoundsError, DtypeMismatchError, ShapeMismatchError,
        DeviceMismatchError, NotSupportedError (a conversion that is not offered), InvalidArgumentError (`out` read-only,
        overlapping, or not contiguous)."""
        handle = self._handle
        if (type(index) is _ndarray and out is not None and memory is None and handle is not None and dtype is None
                and row_scales is None and order == "auto" and num_multiprocessors == 0):
            # The short way for NumPy arrays. Whatever it does not take goes the long way, which knows the reasons.
            code = _INDEX_CODES.get(index.dtype)
            policy = BOUNDS.get(bounds)
            shape = index.shape
            if code is not None and policy is not None and len(shape) == 1:
                status = None
                error = take_error()
                try:
                    if type(out) is _ndarray:
                        out_code = CODES.get(out.dtype)
                        out_shape = out.shape
                        if out_code is not None and len(out_shape) <= _MAX_NDIM:
                            status = _gather_buffers(handle, _from_buffer(index), code, shape[0],
                                                     _from_buffer(_CHARS, out, True), out_code, len(out_shape),
                                                     out_shape, policy, error)
                    elif type(out) is Tensor and out._array is not None:
                        kept = out._describe("out")
                        status = _gather_rows(handle, _from_buffer(index), code, shape[0], kept.array, policy, error)
                except (BufferError, TypeError, ValueError):
                    status = None
                if status == 0:
                    error_pool.append(error)
                    return out
                if status is not None:
                    raise error_from(status, error)
                error_pool.append(error)
        return _rows.gather(self, index, out, bounds, memory, stream, dtype, row_scales, order, num_multiprocessors)

    def scatter(self, index: Any, rows: Any, bounds: str = "check", reduce: str = "assign",
                stream: Any = None, num_multiprocessors: int = 0) -> None:
        """Scatter rows: `self[index[i], ...] = rows[i, ...]`, or `+=`.

        index, bounds, stream, num_multiprocessors: as in `gather`; "skip" ignores rows whose index is out of bounds.
        rows: shape (len(index), *shape[1:]), this tensor's dtype, not overlapping it. reduce: "assign", where equal
        indices leave one whole row of theirs (which one is not defined), or "add", where integers wrap and floating
        point adds in an order that is not defined.

        Raises as `gather`; DtypeMismatchError also for "add" on bool. On the CPU a failed call has changed nothing."""
        _rows.scatter(self, index, rows, bounds, reduce, stream, num_multiprocessors)

    # --- Contents ----------------------------------------------------------------------------------------------------

    def copy_from(self, source: Any, stream: Any = None) -> Tensor:
        """Copy an array of the same dtype and shape into this tensor. Returns the tensor.

        Raises DtypeMismatchError, ShapeMismatchError, DeviceMismatchError, InvalidArgumentError (this tensor is
        read-only or overlaps `source`, or `source` is not contiguous)."""
        _copy(self, source, "source", stream, lib.uni_tensor_copy_from, lib.unipy_copy_from_buffer, False)
        return self

    def copy_to(self, out: Any, stream: Any = None) -> Any:
        """Copy this tensor into an array of the same dtype and shape. Returns `out`. Raises as `copy_from`."""
        _copy(self, out, "out", stream, lib.uni_tensor_copy_to, lib.unipy_copy_to_buffer, True)
        mark_written(out)
        return out

    def _kept(self, leading: Any, *operands: Described) -> ContextManager[None]:
        """Around a call whose operands a device may use after it has returned."""
        cuda = lib.UNI_DEVICE_CUDA
        on_device = leading.device_type == cuda or self._info.device_type == cuda
        return kept_for_device(lib.uni_tensor_context(self._open()), on_device, *operands)

    def fill(self, value: Any, stream: Any = None) -> Tensor:
        """Set every element to one number. Returns the tensor.

        Raises InvalidArgumentError or OverflowError where the dtype cannot hold it, InvalidArgumentError where the
        tensor is read-only."""
        info = self._open_info()
        element = ffi.from_buffer(element_bytes(value, info.dtype))
        call(lib.uni_tensor_fill, self._open(), element, stream_for(stream, info.device_type, info.device_id))
        return self

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape, as a view. One extent may be -1, and follows from the others.

        Raises ShapeMismatchError, also where rows are padded and would have to change."""
        given = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        extents = [operator.index(extent) for extent in given]
        if extents.count(-1) == 1:
            others = -math.prod(extents)
            if others == 0 or self.size % others != 0:
                raise ShapeMismatchError(f"shape is {tuple(given)}, expected a product of {self.size}")
            extents[extents.index(-1)] = self.size // others
        out = ffi.new("uni_tensor **")
        call(lib.uni_tensor_reshape, self._open(), len(extents), extents, out)
        return Tensor._adopt(out[0], self._context)

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Save as a .npy file. It is written beside `path` and renamed onto it, so that a failure leaves what was
        there. Memory of a device is copied piece by piece, when what was enqueued before has finished.

        Raises FileError, DtypeMismatchError (bfloat16), DeviceLostError, BackendError."""
        call(lib.uni_tensor_save, self._open(), encode_path(path))

    # --- For other libraries -----------------------------------------------------------------------------------------

    def numpy(self) -> npt.NDArray[Any]:
        """The tensor as a NumPy array, without a copy. The array keeps the memory alive, also when the tensor is
        closed. Waits for operations of devices that write the tensor; with those that are enqueued later the caller orders
        what it does with the array (`Context.synchronize`).

        Raises DeviceMismatchError (device memory), DtypeMismatchError (bfloat16)."""
        handle = self._open()
        return np.asarray(HostView(handle, host_interface(handle, self._info)))

    @property
    def __array_interface__(self) -> dict[str, Any]:
        handle = self._open()
        try:
            interface = host_interface(handle, self._info)
        except (DtypeMismatchError, ValueError) as error:
            raise AttributeError(str(error)) from error
        # Whoever reads this keeps the Tensor alive, and not its handle: closing must not take the memory away.
        self._exported = handle
        return interface

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """For device, managed and pinned memory, so that PyTorch, CuPy and Numba use it on a GPU without a copy. The
        stream is the legacy default one, which is made to wait for what the context has enqueued so far."""
        handle = self._open()
        try:
            interface = cuda_interface(handle, self._info)
        except (DeviceMismatchError, DtypeMismatchError, ValueError) as error:
            raise AttributeError(str(error)) from error
        self._exported = handle
        return interface

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> npt.NDArray[Any]:
        array = self.numpy()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            if copy is False:
                raise ValueError(f"the tensor has dtype {array.dtype}, and becomes {np.dtype(dtype)} only by a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack__(self, *, stream: Any = None, max_version: Optional[tuple[int, int]] = None,
                   dl_device: Optional[tuple[int, int]] = None, copy: Optional[bool] = None) -> Any:
        """A DLPack capsule over the same memory: the versioned form for a consumer that asks for 1.0 or newer, else the
        one before it. Raises BufferError where the consumer cannot be served."""
        from .dlpack import export_dlpack

        return export_dlpack(self, stream, max_version, dl_device, copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        """(1, 0) for memory that the CPU reads, (2, device) for device memory."""
        info = self._open_info()
        return (2, int(info.device_id)) if info.device_type == lib.UNI_DEVICE_CUDA else (1, 0)

    # --- Lifetime ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Give the tensor back; it cannot be used any more. The memory goes when the last view, NumPy array, DLPack
        tensor or operation that uses it is gone. Closing twice is allowed."""
        self._array = None
        self._handle = None

    def release_after(self, stream: Any = None, device: int = 0) -> None:
        """As `close`, for memory that kernels of others use on a stream: it stays until what has been enqueued there so far
        has finished. Operations of the library are waited for in any case.

        stream: a cudaStream_t as int or a stream of PyTorch's or another library's; None is PyTorch's current one, or the
        device's default stream. device: the CUDA device of the stream.

        Raises BackendUnavailableError, DeviceMismatchError, NotSupportedError (a stream that is being captured),
        DeviceLostError, BackendError; the tensor is still open then."""
        handle, queue = self._open(), stream_for(stream, lib.UNI_DEVICE_CUDA, device)
        # The reference that goes is one more: views and arrays may have the others.
        lib.uni_tensor_retain(handle)
        try:
            call(lib.uni_tensor_release_after, handle, integer(device, "device", 0, 2**31 - 1), queue)
        except BaseException:
            lib.uni_tensor_release(handle)
            raise
        self.close()

    def __enter__(self) -> Tensor:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _refuse_key(key: Any) -> None:
    if key is None or key is Ellipsis or isinstance(key, (bool, str, float)) or (
            isinstance(key, tuple) and not all(isinstance(item, (int, np.integer)) for item in key)):
        raise TypeError(f"{key!r} is no index of rows, expected an integer, a slice or an array of integers: pass the "
                        "rest to .numpy()")
    if isinstance(key, tuple):
        raise TypeError(f"{key!r} indexes several dimensions, expected one: pass it to .numpy(), or a list to gather")
