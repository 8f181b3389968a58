# SPDX-License-Identifier: Apache-2.0
"""Exceptions by status of the C API.

Each is a subclass of `Error` and, where Python has a built-in exception for the same kind of trouble, of that too:
`except IndexError` catches an index out of bounds.
"""
from __future__ import annotations

from typing import Optional

from ._unitensor import ffi, lib


class Error(Exception):
    """A failure that unitensor reports.

    The message names the argument, what was expected and what was given. `status` is the C status (negative),
    `status_name` its name, `native_code` errno or the backend's own code (0 where there is none).
    """

    default_status: int = lib.UNI_STATUS_INTERNAL
    status: int
    native_code: int
    message: str

    def __init__(self, message: str, status: Optional[int] = None, native_code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.status = self.default_status if status is None else status
        self.native_code = native_code

    def __str__(self) -> str:
        return self.message

    @property
    def status_name(self) -> str:
        """Name of the status, for example "UNI_STATUS_OUT_OF_MEMORY"."""
        name: bytes = ffi.string(lib.uni_status_string(self.status))
        return name.decode()


class InvalidArgumentError(Error, ValueError):
    """A value out of its range, an overflowing size, an array that would have to be copied."""

    default_status = lib.UNI_STATUS_INVALID_ARGUMENT


class DtypeMismatchError(Error, TypeError):
    """An element type that the operation does not take."""

    default_status = lib.UNI_STATUS_DTYPE_MISMATCH


class ShapeMismatchError(Error, ValueError):
    """A wrong number of dimensions or a wrong extent."""

    default_status = lib.UNI_STATUS_SHAPE_MISMATCH


class DeviceMismatchError(Error, ValueError):
    """Operands that no single device can read."""

    default_status = lib.UNI_STATUS_DEVICE_MISMATCH


class OutOfBoundsError(Error, IndexError):
    """An index, node or range outside of its tensor."""

    default_status = lib.UNI_STATUS_OUT_OF_BOUNDS


class InvalidStateError(Error, RuntimeError):
    """The object cannot be used so, for example because it is closed."""

    default_status = lib.UNI_STATUS_INVALID_STATE


class OutOfMemoryError(Error, MemoryError):
    """Host or device memory is exhausted."""

    default_status = lib.UNI_STATUS_OUT_OF_MEMORY


class NotSupportedError(Error, NotImplementedError):
    """Defined, and not offered by this backend or this machine."""

    default_status = lib.UNI_STATUS_NOT_SUPPORTED


class BackendUnavailableError(Error, RuntimeError):
    """A backend plugin or its driver is missing; the message lists what was tried."""

    default_status = lib.UNI_STATUS_BACKEND_UNAVAILABLE


class BackendError(Error, RuntimeError):
    """A backend's native call failed; see `native_code`."""

    default_status = lib.UNI_STATUS_BACKEND_ERROR


class DeviceLostError(Error, RuntimeError):
    """The device cannot be used any more by this process."""

    default_status = lib.UNI_STATUS_DEVICE_LOST


class VersionMismatchError(Error, RuntimeError):
    """A struct, plugin or DLPack tensor of a version that is not known."""

    default_status = lib.UNI_STATUS_VERSION_MISMATCH


class FileError(Error, OSError):
    """A file operation failed; `errno` and `native_code` say how."""

    default_status = lib.UNI_STATUS_IO_ERROR

    def __init__(self, message: str, status: Optional[int] = None, native_code: int = 0) -> None:
        super().__init__(message, status, native_code)
        self.errno = native_code or None


class FormatError(Error, ValueError):
    """A file is truncated, corrupt or of a form that is not read."""

    default_status = lib.UNI_STATUS_FORMAT_ERROR


class CallbackError(Error, RuntimeError):
    """A caller's callback asked to stop."""

    default_status = lib.UNI_STATUS_CALLBACK


class InternalError(Error, RuntimeError):
    """A defect of the library."""

    default_status = lib.UNI_STATUS_INTERNAL


_BY_STATUS: dict[int, type[Error]] = {
    cls.default_status: cls
    for cls in (InvalidArgumentError, DtypeMismatchError, ShapeMismatchError, DeviceMismatchError, OutOfBoundsError,
                InvalidStateError, OutOfMemoryError, NotSupportedError, BackendUnavailableError, BackendError,
                DeviceLostError, VersionMismatchError, FileError, FormatError, CallbackError, InternalError)
}


def error_for(status: int, message: str, native_code: int = 0) -> Error:
    """The exception for a C status; a status that this package does not know gives a plain `Error`."""
    return _BY_STATUS.get(status, Error)(message, status, native_code)
