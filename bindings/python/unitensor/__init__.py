# SPDX-License-Identifier: Apache-2.0
"""Unified tensors, row gather and scatter, and graph neighbour sampling.

    import unitensor as ut

    x = ut.load("features.npy", memory="unified")
    graph = ut.Graph.load("graph/", memory="unified")
    sample = graph.sample_neighbors(seeds, [15, 10, 5], seed=7)
    rows = x[sample.nodes]

NumPy arrays and PyTorch tensors are accepted wherever a tensor, an index or an output is, without a copy.
`unitensor.torch` turns tensors into PyTorch's, and is imported only on request.
"""
from ._library import text as _text
from ._unitensor import lib as _lib
from .context import BackendInfo, Context, DeviceInfo, MemoryInfo, default_context
from .creation import empty, full, load, register, tensor, wrap, zeros
from .dlpack import from_dlpack
from .errors import (BackendError, BackendUnavailableError, CallbackError, DeviceLostError, DeviceMismatchError,
                     DtypeMismatchError, Error, FileError, FormatError, InternalError, InvalidArgumentError,
                     InvalidStateError, NotSupportedError, OutOfBoundsError, OutOfMemoryError, ShapeMismatchError,
                     VersionMismatchError)
from .graph import Graph
from .rows import gather_many
from .sample import Sample
from .tensor import Tensor

__version__: str = _text(_lib.uni_version())


def abi_version() -> int:
    """ABI version of the loaded library: major in the upper 16 bits, minor in the lower 16."""
    return int(_lib.uni_abi_version())


__all__ = [
    "BackendError", "BackendInfo", "BackendUnavailableError", "CallbackError", "Context", "DeviceInfo",
    "DeviceLostError", "DeviceMismatchError", "DtypeMismatchError", "Error", "FileError", "FormatError", "Graph",
    "InternalError", "InvalidArgumentError", "InvalidStateError", "MemoryInfo", "NotSupportedError", "OutOfBoundsError",
    "OutOfMemoryError", "Sample", "ShapeMismatchError", "Tensor", "VersionMismatchError", "__version__", "abi_version",
    "default_context", "empty", "from_dlpack", "full", "gather_many", "load", "register", "tensor", "wrap", "zeros",
]
