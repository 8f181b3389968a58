# SPDX-License-Identifier: Apache-2.0
"""DLPack capsules, both ways.

The library speaks DLPack 1.x (capsules named "dltensor_versioned"); for producers and consumers from before it, which
speak of "dltensor", a small shim translates without a copy.
"""
from __future__ import annotations

import ctypes
import sys
from typing import Any, Optional

from ._library import call
from .arrays import hold_stream
from ._unitensor import ffi, lib
from .context import Context, default_context
from .errors import DeviceMismatchError, InvalidArgumentError, VersionMismatchError
from .tensor import Tensor

# Prototypes of our own: attributes set on the functions of `ctypes.pythonapi` would be set for every other package too.
_object, _pointer, _int = ctypes.py_object, ctypes.c_void_p, ctypes.c_int
_new_capsule = ctypes.PYFUNCTYPE(_object, _pointer, _pointer, _pointer)(("PyCapsule_New", ctypes.pythonapi))
_capsule_is_valid = ctypes.PYFUNCTYPE(_int, _object, _pointer)(("PyCapsule_IsValid", ctypes.pythonapi))
_capsule_pointer = ctypes.PYFUNCTYPE(_pointer, _object, _pointer)(("PyCapsule_GetPointer", ctypes.pythonapi))
_set_capsule_name = ctypes.PYFUNCTYPE(_int, _object, _pointer)(("PyCapsule_SetName", ctypes.pythonapi))

_CPU = 1
_CUDA = 2
_VERSIONED = 1
_LEGACY = 0
_MAX_VERSION = (1, 1)


def export_dlpack(tensor: Tensor, stream: Any, max_version: Optional[tuple[int, int]],
                  dl_device: Optional[tuple[int, int]], copy: Optional[bool]) -> Any:
    """What `Tensor.__dlpack__` does."""
    tensor._open()
    device = tensor.__dlpack_device__() if dl_device is None else (int(dl_device[0]), int(dl_device[1]))
    if device[0] == _CPU:
        choice, device_id = lib.UNI_DLPACK_CPU, 0
    elif device[0] == _CUDA:
        choice, device_id = lib.UNI_DLPACK_CUDA, device[1]
    else:
        raise BufferError(f"dl_device is {dl_device!r}, expected (1, 0) for the CPU or (2, device) for CUDA")
    if copy:
        if device[0] != _CPU:
            raise BufferError("copy is True, which is offered for the CPU only")
        from .creation import tensor as copy_of

        tensor = copy_of(tensor, memory="host", context=tensor.context)
    out = ffi.new("struct DLManagedTensorVersioned **")
    try:
        call(lib.uni_tensor_to_dlpack, tensor._open(), choice, device_id, out)
    except (DeviceMismatchError, InvalidArgumentError) as error:
        raise BufferError(str(error)) from error
    managed = out[0]
    if device[0] == _CUDA and stream != -1:
        # The consumer's stream may run ahead of the ones that this tensor's operations are on. DLPack's None and 1 are
        # the legacy default stream; 2 is the handle of the default stream of the thread.
        handle = 0 if stream is None or stream == 1 else int(stream)
        try:
            hold_stream(tensor._open(), int(device[1]), ffi.cast("void *", handle))
        except BaseException:
            lib.unipy_dlpack_delete(managed)
            raise
    if copy:
        lib.unipy_dlpack_mark_copied(managed)
    if max_version is not None and max_version[0] >= 1:
        return _capsule(int(ffi.cast("uintptr_t", managed)), _VERSIONED)
    if lib.unipy_dlpack_is_read_only(managed):
        lib.unipy_dlpack_delete(managed)
        raise BufferError("the tensor is read-only, which DLPack can say from version 1.0 on: the consumer has to ask "
                          "for max_version=(1, 0) or newer")
    legacy = lib.unipy_dlpack_to_legacy(managed)
    if legacy == 0:
        lib.unipy_dlpack_delete(managed)
        raise MemoryError
    return _capsule(legacy, _LEGACY)


def _capsule(address: int, form: int) -> Any:
    return _new_capsule(address, lib.unipy_capsule_name(form, 0), lib.unipy_capsule_destructor(form))


def _request_capsule(obj: Any) -> Any:
    """The producer's capsule, in the newest form that it gives."""
    arguments: dict[str, Any] = {}
    device = obj.__dlpack_device__() if hasattr(obj, "__dlpack_device__") else (_CPU, 0)
    if int(device[0]) == _CUDA:
        torch: Any = sys.modules.get("torch")
        with_cuda = torch is not None and torch.cuda.is_available()
        current = torch.cuda.current_stream(int(device[1])).cuda_stream if with_cuda else 0
        # DLPack's 1 is the legacy default stream, whose handle is 0.
        arguments["stream"] = current or 1
    try:
        return obj.__dlpack__(max_version=_MAX_VERSION, **arguments)
    except TypeError:
        # A producer from before DLPack 1.0 does not know max_version.
        return obj.__dlpack__(**arguments)


def import_dlpack(obj: Any, context: Context) -> Any:
    """A `uni_tensor` over the producer's memory, which belongs to the caller's cdata."""
    capsule = _request_capsule(obj)
    out = ffi.new("uni_tensor **")
    versioned = lib.unipy_capsule_name(_VERSIONED, 0)
    legacy = lib.unipy_capsule_name(_LEGACY, 0)
    if _capsule_is_valid(capsule, versioned):
        managed = ffi.cast("struct DLManagedTensorVersioned *", _capsule_pointer(capsule, versioned))
        try:
            call(lib.uni_tensor_from_dlpack, context._open(), managed, out)
        except VersionMismatchError:
            # The library has deleted it, as DLPack asks: the capsule must not do so again.
            _set_capsule_name(capsule, lib.unipy_capsule_name(_VERSIONED, 1))
            raise
        _set_capsule_name(capsule, lib.unipy_capsule_name(_VERSIONED, 1))
    elif _capsule_is_valid(capsule, legacy):
        managed = lib.unipy_dlpack_from_legacy(_capsule_pointer(capsule, legacy))
        if managed == ffi.NULL:
            raise MemoryError
        try:
            call(lib.uni_tensor_from_dlpack, context._open(), managed, out)
        except BaseException:
            lib.unipy_dlpack_free_shim(managed)
            raise
        _set_capsule_name(capsule, lib.unipy_capsule_name(_LEGACY, 1))
    else:
        raise TypeError(f"{type(obj).__name__}.__dlpack__ gave {capsule!r}, expected a capsule named "
                        "dltensor_versioned or dltensor that nobody has used")
    return ffi.gc(out[0], lib.uni_tensor_release)


def from_dlpack(obj: Any, context: Optional[Context] = None) -> Tensor:
    """A tensor over the memory of any object that has `__dlpack__`, without a copy.

    Raises InvalidArgumentError (strides: only rows may have gaps between them), DtypeMismatchError, ShapeMismatchError,
    DeviceMismatchError, VersionMismatchError, TypeError (no DLPack producer), and what the producer raises."""
    if not hasattr(obj, "__dlpack__"):
        raise TypeError(f"obj is of type {type(obj).__name__}, expected an object that has __dlpack__")
    context = context or default_context()
    handle = import_dlpack(obj, context)
    return Tensor._adopt(lib.uni_tensor_retain(handle), context)
