# SPDX-License-Identifier: Apache-2.0
"""Contexts: threads, backends, statistics."""
from __future__ import annotations

import os
import threading
import weakref
from typing import Any, Callable, NamedTuple, Optional, Union

from . import _library
from ._library import call, text
from ._unitensor import ffi, lib
from .dtypes import MEMORY_KINDS, MEMORY_NAMES, choose, integer
from .errors import InvalidStateError


class MemoryInfo(NamedTuple):
    """What one memory kind is on this machine."""

    supported: bool
    """Whether tensors of this kind can be created."""
    resolved: Optional[str]
    """The kind that a request gives (differs for "unified"); None if not supported."""
    reason: str
    """Why it is supported, or is not, in words."""


class BackendInfo(NamedTuple):
    """The backend for one type of device. Versions of CUDA are texts ("13.0"), "" where there is none."""

    available: bool
    """Whether it can be used."""
    num_devices: int
    """Devices that it computes on; 1 for the CPU, 0 where it is not available."""
    toolkit_version: str
    """CUDA that the plugin was built with."""
    least_driver_version: str
    """The oldest CUDA that the driver has to be of."""
    driver_version: str
    """The newest CUDA that the installed driver knows."""
    name: str
    """"cpu" or "cuda"; "" where there is no plugin."""
    path: str
    """File of the plugin; "" where it is built in or there is none."""
    reason: str
    """Why it is not available, and what to do; "" where it is."""


class DeviceInfo(NamedTuple):
    """A device."""

    device_id: int
    """Ordinal among the devices of its type."""
    name: str
    pci_address: str
    """As in /sys/bus/pci/devices; "" for the CPU."""
    compute_capability: Optional[tuple[int, int]]
    """None for the CPU."""
    num_processors: int
    """Multiprocessors; for the CPU the threads of the context."""
    total_bytes: int
    """Memory of the device; of the machine for the CPU."""
    link_bytes_per_second: Optional[int]
    """What the link to the host carries one way, packet headers included; None where that is not known."""
    managed_memory: bool
    """Whether it reads managed memory while the CPU does."""
    host_memory: bool
    """Whether it reads all memory of the host, whoever allocated it (ATS, HMM)."""
    host_page_tables: bool
    """Whether it does so by the host's page tables (ATS)."""


_COUNTERS = ("gather_calls", "gather_rows", "gather_bytes", "scatter_calls", "scatter_rows", "scatter_bytes",
             "sample_calls", "sample_nodes", "sample_edges", "out_of_bounds", "registered_copies",
             "registered_copy_bytes")
_DEVICE_TYPES = {"cpu": lib.UNI_DEVICE_CPU, "cuda": lib.UNI_DEVICE_CUDA}


def _cuda_version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}" if number else ""


class Context:
    """Threads, backends and statistics; tensors and graphs are made from one and keep it alive.

    Making one is cheap: threads start and drivers load when they are first needed. It may be used by any number of
    threads, and, on the CPU, in a forked child.

    num_threads: CPU threads, 1 to 1024; 0 takes UNITENSOR_NUM_THREADS, else the processors that are allowed.
    backend_path: absolute path of a backend plugin to open now; None looks for one when it is needed.
    log: called with (level, message); level is 1 (error), 2 (warning), 3 (information) or 4 (debugging). It must not
    use the context. What it raises is printed, not passed on.

    Raises InvalidArgumentError, OutOfMemoryError, BackendUnavailableError (backend_path).
    """

    __slots__ = ("_handle", "__weakref__")

    _handle: Any

    def __init__(self, num_threads: int = 0, backend_path: Union[str, os.PathLike[str], None] = None,
                 log: Optional[Callable[[int, str], object]] = None) -> None:
        self._handle = None
        options = ffi.new("uni_context_options *")
        call(lib.uni_context_options_init, options, ffi.sizeof("uni_context_options"))
        # Of the headers that this was compiled with, and not of the library that is loaded, which compares.
        options.abi_version = lib.unipy_abi_version()
        options.num_threads = integer(num_threads, "num_threads", 0, 2**31 - 1)
        path = None
        if backend_path is not None:
            path = ffi.new("char[]", _library.encode_path(backend_path))
            options.backend_path = path
        if log is not None:
            if not callable(log):
                raise TypeError(f"log is {log!r}, expected a callable that takes (level, message)")
            token = _library.add_log_function(log)
            # When the last Python object that uses the context is gone, its messages have nobody to go to.
            weakref.finalize(self, _library.remove_log_function, token)
            options.log = ffi.addressof(lib, "unipy_log")
            options.log_user_data = ffi.cast("void *", token)
        out = ffi.new("uni_context **")
        call(lib.uni_context_create, options, out)
        self._handle = ffi.gc(out[0], lib.uni_context_release)

    def _open(self) -> Any:
        handle = self._handle
        if handle is None:
            raise InvalidStateError("the context is closed")
        return handle

    @property
    def num_threads(self) -> int:
        """CPU threads that operations use."""
        return int(lib.uni_context_num_threads(self._open()))

    @property
    def backend(self) -> str:
        """Name of the backend that computes on the CPU's tensors."""
        return text(lib.uni_context_backend(self._open()))

    def memory_info(self, kind: str = "unified") -> MemoryInfo:
        """Whether memory of a kind ("host", "pinned", "managed", "device" or "unified") can be had here, and why."""
        info = ffi.new("uni_memory_info *")
        info.struct_size = ffi.sizeof("uni_memory_info")
        call(lib.uni_context_memory_info, self._open(), choose("kind", MEMORY_KINDS, kind), info)
        return MemoryInfo(bool(info.supported), MEMORY_NAMES.get(info.resolved), text(info.reason))

    def backend_info(self, device_type: str = "cuda") -> BackendInfo:
        """The backend for devices of a type ("cpu" or "cuda"): whether it can be used here, and why not. Looks for the
        CUDA plugin where that has not been done."""
        info = ffi.new("uni_backend_info *")
        info.struct_size = ffi.sizeof("uni_backend_info")
        call(lib.uni_context_backend_info, self._open(), choose("device_type", _DEVICE_TYPES, device_type), info)
        return BackendInfo(bool(info.available), int(info.num_devices), _cuda_version(info.toolkit_version),
                           _cuda_version(info.least_driver_version), _cuda_version(info.driver_version),
                           text(info.name), text(info.path), text(info.reason))

    def device_info(self, device_id: int = 0, device_type: str = "cuda") -> DeviceInfo:
        """A device: of a type ("cpu" or "cuda"), 0 to `backend_info(device_type).num_devices` - 1. Starts nothing on it.

        Raises BackendUnavailableError, DeviceMismatchError (no such device)."""
        info = ffi.new("uni_device_info *")
        info.struct_size = ffi.sizeof("uni_device_info")
        kind = choose("device_type", _DEVICE_TYPES, device_type)
        call(lib.uni_context_device_info, self._open(), kind, integer(device_id, "device_id", -2**31, 2**31 - 1), info)
        is_cpu = kind == lib.UNI_DEVICE_CPU
        return DeviceInfo(int(info.device_id), text(info.name), text(info.pci_address),
                          None if is_cpu else (int(info.compute_major), int(info.compute_minor)),
                          int(info.num_processors), int(info.total_bytes), int(info.link_bytes_per_second) or None,
                          bool(info.flags & lib.UNI_DEVICE_MANAGED_MEMORY),
                          bool(info.flags & lib.UNI_DEVICE_HOST_MEMORY),
                          bool(info.flags & lib.UNI_DEVICE_HOST_PAGE_TABLES))

    def statistics(self) -> dict[str, int]:
        """Calls, rows, bytes of payload, sampled nodes and edges, indices out of bounds, and what was copied instead of
        being registered, since the context was made or `reset_statistics` was called."""
        statistics = ffi.new("uni_statistics *")
        statistics.struct_size = ffi.sizeof("uni_statistics")
        call(lib.uni_context_statistics, self._open(), statistics)
        return {name: int(getattr(statistics, name)) for name in _COUNTERS}

    def reset_statistics(self) -> None:
        """Set the statistics to zero."""
        lib.uni_context_reset_statistics(self._open())

    def check(self) -> None:
        """Raise what operations met on a device after they had returned. Does not block. The CPU reports every error at
        once, so that there is nothing to raise.

        Raises OutOfBoundsError, DeviceLostError, BackendError."""
        call(lib.uni_context_check, self._open())

    def synchronize(self) -> None:
        """Block until every operation of the context has finished, then as `check`."""
        call(lib.uni_context_synchronize, self._open())

    def trim(self) -> None:
        """Give back to the system the memory that is kept for later and that nobody uses: host memory that the context has
        kept, and pinned, managed and device memory that has been kept for every context of the process. Does not wait for
        operations that run. In a forked child only host memory is given back.

        Raises DeviceLostError, BackendError."""
        call(lib.uni_context_trim, self._open())

    def hold_stream(self, stream: Any = None, device: int = 0) -> None:
        """Make a stream wait for every operation that the context has enqueued so far, on whichever stream; the host
        does not wait. So others may use, on that stream, what the operations write.

        stream: a cudaStream_t as int or a PyTorch stream; None is PyTorch's current one, or the device's default
        stream. device: the CUDA device of the stream.

        Raises DeviceMismatchError, NotSupportedError (a stream that is being captured), DeviceLostError,
        BackendError."""
        from .arrays import stream_for

        device = integer(device, "device", 0, 2**31 - 1)
        call(lib.uni_context_hold_stream, self._open(), device, stream_for(stream, lib.UNI_DEVICE_CUDA, device))

    def follow_stream(self, stream: Any = None, device: int = 0) -> None:
        """The other way round: make every operation that the context enqueues from now on wait for what has been enqueued
        on a stream so far; the host does not wait, but for what the CPU computes. So the library may use what others
        write on that stream.

        stream, device: as in `hold_stream`.

        Raises BackendUnavailableError, and as `hold_stream`."""
        from .arrays import stream_for

        device = integer(device, "device", 0, 2**31 - 1)
        call(lib.uni_context_follow_stream, self._open(), device, stream_for(stream, lib.UNI_DEVICE_CUDA, device))

    def close(self) -> None:
        """Give the context back; it cannot be used any more, while tensors and graphs made from it can. Closing twice
        is allowed."""
        self._handle = None

    def __enter__(self) -> Context:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._handle is None:
            return "<unitensor.Context, closed>"
        return f"<unitensor.Context, {self.num_threads} threads, backend {self.backend!r}>"

    def __reduce__(self) -> Any:
        raise TypeError("a Context cannot be pickled or copied: make one in each process")


_default: Optional[Context] = None
_default_lock = threading.Lock()


def _renew_lock() -> None:
    # A child must not inherit a lock that another thread of its parent held.
    global _default_lock
    _default_lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def default_context() -> Context:
    """The context that is used where none is given: made at the first call, and again if it was closed."""
    global _default
    context = _default
    if context is None or context._handle is None:
        with _default_lock:
            if _default is None or _default._handle is None:
                _default = Context()
            context = _default
    return context
