# SPDX-License-Identifier: Apache-2.0
"""Calls of the C library: error buffers, callbacks, and what Python objects the library holds on to."""
from __future__ import annotations

import atexit
import itertools
import os
from typing import Any, Callable, Optional, Union

from ._unitensor import ffi, lib
from .errors import Error, error_for

# Error buffers that no call is using. A list's pop and append are atomic, so that threads share it without a lock, and
# a call that a finalizer makes in the middle of another one takes a buffer of its own.
error_pool: list[Any] = []


def take_error() -> Any:
    """An error buffer for one call; append it to `error_pool` afterwards."""
    try:
        return error_pool.pop()
    except IndexError:
        error = ffi.new("uni_error *")
        lib.uni_error_init(error)
        return error


def error_from(status: int, error: Any) -> Error:
    """The exception for a failed call; gives the buffer back."""
    message = ffi.string(error.message).decode("utf-8", "replace")
    native_code = int(error.native_code)
    error_pool.append(error)
    return error_for(status, message, native_code)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Call a function of the C API that returns a status and takes an error buffer last; raise if it fails."""
    error = take_error()
    status = function(*arguments, error)
    if status:
        raise error_from(status, error)
    error_pool.append(error)


def text(value: Any) -> str:
    """A `const char *` as str."""
    data: bytes = ffi.string(value)
    return data.decode("utf-8", "replace")


def encode_path(path: Union[str, bytes, os.PathLike[str], os.PathLike[bytes]]) -> bytes:
    """A path as the file system has it."""
    data = os.fsencode(path)
    if b"\0" in data:
        raise ValueError("path has a NUL character")
    return data


# --- Objects that the library keeps alive -----------------------------------------------------------------------------

# Handles of objects whose memory a tensor wraps. An entry goes soon after the library calls its destroy callback.
_kept: dict[int, Any] = {}


def keep(owner: object) -> Any:
    """User data that keeps `owner` alive until the library gives it back to `lib.unipy_destroy`, on whatever thread."""
    # Objects that other threads gave back are dropped by the main thread, which may be waiting for those threads.
    lib.unipy_run_events()
    handle = ffi.new_handle(owner)
    keeper = lib.unipy_new_keeper(handle)
    if keeper == ffi.NULL:
        raise MemoryError
    _kept[int(ffi.cast("uintptr_t", handle))] = handle
    return keeper


# The callback that gives such an object back.
destroy_callback = ffi.addressof(lib, "unipy_destroy")


def num_kept() -> int:
    """How many objects the library keeps alive."""
    return len(_kept)


def _drop_object(handle: Any) -> None:
    _kept.pop(int(ffi.cast("uintptr_t", handle)), None)


# --- Logging ----------------------------------------------------------------------------------------------------------

# By token and not by address: a context in C may live longer than the callable, and a message for an unknown token is
# dropped.
_log_functions: dict[int, Callable[[int, str], object]] = {}
_log_tokens = itertools.count(1)


def add_log_function(function: Callable[[int, str], object]) -> int:
    """Give a log callable a token, to be passed to `lib.unipy_log` as its user data."""
    token = next(_log_tokens)
    _log_functions[token] = function
    return token


def remove_log_function(token: int) -> None:
    _log_functions.pop(token, None)


def _log_message(token: Any, level: int, message: Any) -> None:
    function = _log_functions.get(int(ffi.cast("uintptr_t", token)))
    if function is not None:
        function(level, text(message))


# --- Progress ---------------------------------------------------------------------------------------------------------


class Progress:
    """A progress callable during one call. An exception that it raises stops the work, and is raised again by the
    caller from `error`."""

    def __init__(self, function: Callable[[int, int], object]) -> None:
        self.function = function
        self.error: Optional[BaseException] = None


def _report_progress(handle: Any, bytes_done: int, bytes_total: int) -> int:
    progress: Progress = ffi.from_handle(handle)
    try:
        return 1 if progress.function(bytes_done, bytes_total) else 0
    except BaseException as error:
        progress.error = error
        return 1


ffi.def_extern(name="unipy_drop_object")(_drop_object)
ffi.def_extern(name="unipy_log_message")(_log_message)
ffi.def_extern(name="unipy_progress", error=1)(_report_progress)
atexit.register(lib.unipy_set_finalizing)
