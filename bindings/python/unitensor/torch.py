# SPDX-License-Identifier: Apache-2.0
"""Tensors as PyTorch tensors. Not imported by `import unitensor`: it imports PyTorch."""
from __future__ import annotations

from typing import Optional, Union

import torch
from torch.utils.dlpack import from_dlpack

from ._library import call
from ._unitensor import ffi, lib
from .errors import InvalidArgumentError
from .tensor import Tensor

__all__ = ["as_tensor"]


class _Exporter:
    """A tensor that tells a DLPack consumer which device to see it on."""

    def __init__(self, tensor: Tensor, device: tuple[int, int]) -> None:
        self.tensor = tensor
        self.device = device

    def __dlpack__(self, *, stream: object = None, max_version: Optional[tuple[int, int]] = None,
                   dl_device: Optional[tuple[int, int]] = None, copy: Optional[bool] = None) -> object:
        return self.tensor.__dlpack__(stream=stream, max_version=max_version, dl_device=self.device, copy=copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device


def as_tensor(tensor: Tensor, device: Union[str, torch.device, None] = None) -> torch.Tensor:
    """A PyTorch tensor that shares the memory, which it keeps alive.

    device: None sees memory that the CPU reads as a CPU tensor and device memory as a CUDA one; "cuda:0" gives the CUDA
    alias of pinned, managed or unified memory. PyTorch has no read-only tensors: a read-only one is refused.

    PyTorch lets go of the memory as soon as its kernels are enqueued. Those on the device's default stream, on which PyTorch
    runs unless it is told otherwise, are waited for before the memory goes; for another stream call
    `tensor.release_after(stream)` when they have been enqueued.

    Raises InvalidArgumentError (read-only), InvalidStateError (closed), DeviceMismatchError or BufferError (the device
    cannot read the memory)."""
    if tensor.is_read_only:
        raise InvalidArgumentError("the tensor is read-only, which PyTorch cannot keep: pass unitensor.tensor(tensor), "
                                   "a copy")
    target = tensor.__dlpack_device__()
    if device is not None:
        wanted = torch.device(device)
        target = (1, 0) if wanted.type == "cpu" else (2, wanted.index or 0)
        if wanted.type != "cpu":
            # Asked for before PyTorch sets its CUDA up, so that the reason is ours.
            call(lib.uni_tensor_device_pointer, tensor._open(), target[1], ffi.new("void **"))
    result: torch.Tensor = from_dlpack(_Exporter(tensor, target))
    return result
