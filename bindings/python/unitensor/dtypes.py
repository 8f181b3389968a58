# SPDX-License-Identifier: Apache-2.0
"""Element types, memory kinds and bounds policies: from Python's names to the numbers of the C API, and back."""
from __future__ import annotations

import operator
from typing import Any, Union

import numpy as np

from ._unitensor import ffi, lib
from .errors import DtypeMismatchError, InvalidArgumentError

# bfloat16 is the one dtype that NumPy does not have; it goes by its name.
Dtype = Union["np.dtype[Any]", str]

BFLOAT16 = "bfloat16"

_NUMPY_NAMES = {
    lib.UNI_DTYPE_BOOL: "bool",
    lib.UNI_DTYPE_INT8: "int8",
    lib.UNI_DTYPE_INT16: "int16",
    lib.UNI_DTYPE_INT32: "int32",
    lib.UNI_DTYPE_INT64: "int64",
    lib.UNI_DTYPE_UINT8: "uint8",
    lib.UNI_DTYPE_UINT16: "uint16",
    lib.UNI_DTYPE_UINT32: "uint32",
    lib.UNI_DTYPE_UINT64: "uint64",
    lib.UNI_DTYPE_FLOAT16: "float16",
    lib.UNI_DTYPE_FLOAT32: "float32",
    lib.UNI_DTYPE_FLOAT64: "float64",
}

# Codes by NumPy dtype in native byte order. C's long and long long are two dtypes of the same 64 bits.
CODES: dict[Any, int] = {np.dtype(name): code for code, name in _NUMPY_NAMES.items()}
CODES[np.dtype(np.longlong)] = lib.UNI_DTYPE_INT64
CODES[np.dtype(np.ulonglong)] = lib.UNI_DTYPE_UINT64

DTYPES: dict[int, Dtype] = {code: np.dtype(name) for code, name in _NUMPY_NAMES.items()}
DTYPES[lib.UNI_DTYPE_BFLOAT16] = BFLOAT16

ITEM_SIZES: dict[int, int] = {code: lib.uni_dtype_size(code) for code in DTYPES}

# torch.float32 is called "torch.float32": by name, so that PyTorch need not be imported.
TORCH_CODES: dict[str, int] = {"torch." + name: code for code, name in _NUMPY_NAMES.items()}
TORCH_CODES["torch.bfloat16"] = lib.UNI_DTYPE_BFLOAT16

MEMORY_KINDS: dict[str, int] = {
    ffi.string(lib.uni_memory_name(kind)).decode(): kind
    for kind in (lib.UNI_MEMORY_HOST, lib.UNI_MEMORY_PINNED, lib.UNI_MEMORY_MANAGED, lib.UNI_MEMORY_DEVICE,
                 lib.UNI_MEMORY_UNIFIED)
}
MEMORY_NAMES: dict[int, str] = {kind: name for name, kind in MEMORY_KINDS.items()}

BOUNDS: dict[str, int] = {
    "check": lib.UNI_BOUNDS_CHECK,
    "skip": lib.UNI_BOUNDS_SKIP,
    "trust": lib.UNI_BOUNDS_TRUST,
}
ORDERS: dict[str, int] = {
    "auto": lib.UNI_ORDER_AUTO,
    "as_given": lib.UNI_ORDER_AS_GIVEN,
    "by_page": lib.UNI_ORDER_BY_PAGE,
}
REDUCTIONS: dict[str, int] = {"assign": lib.UNI_SCATTER_ASSIGN, "add": lib.UNI_SCATTER_ADD}


def dtype_code(dtype: Any) -> int:
    """The code of a dtype given as anything that `numpy.dtype` takes, as "bfloat16", or as a PyTorch dtype.

    Raises DtypeMismatchError for one that unitensor does not have."""
    if isinstance(dtype, str) and dtype == BFLOAT16:
        return int(lib.UNI_DTYPE_BFLOAT16)
    if type(dtype).__module__ == "torch":
        code = TORCH_CODES.get(str(dtype))
    else:
        try:
            code = CODES.get(np.dtype(dtype))
        except TypeError:
            code = None
    if code is None:
        raise DtypeMismatchError(f"dtype is {dtype!r}, expected one of {', '.join(sorted(dtype_names()))}")
    return code


def dtype_names() -> list[str]:
    """Names of all dtypes, as NumPy writes them."""
    return [str(dtype) for dtype in DTYPES.values()]


def choose(name: str, choices: dict[str, int], value: Any) -> int:
    """The number of one of a few words; raises InvalidArgumentError that lists them."""
    try:
        return choices[value]
    except (KeyError, TypeError):
        expected = ", ".join(repr(choice) for choice in choices)
        raise InvalidArgumentError(f"{name} is {value!r}, expected one of {expected}") from None


def element_bytes(value: Any, code: int) -> bytes:
    """One element of a dtype in memory. Raises ValueError or OverflowError where the dtype cannot hold the value."""
    if code == lib.UNI_DTYPE_BFLOAT16:
        bits = int(np.asarray(value, dtype=np.float32).view(np.uint32))
        if bits & 0x7FFFFFFF > 0x7F800000:
            return (bits >> 16 | 0x40).to_bytes(2, "little")
        # To nearest, ties to even: what is cut off is compared with half of the last place that stays.
        return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).to_bytes(2, "little")
    dtype = DTYPES[code]
    element = np.asarray(value, dtype=dtype)
    if element.ndim != 0:
        raise InvalidArgumentError(f"value has shape {element.shape}, expected one number")
    if element.dtype.kind in "iub" and not isinstance(value, (bool, np.bool_)) and element.item() != value:
        raise InvalidArgumentError(f"value is {value!r}, which {dtype} cannot hold")
    return element.tobytes()


def integer(value: Any, name: str, least: int, most: int) -> int:
    """The value as an int. Raises TypeError if it is no integer, InvalidArgumentError if it is out of range."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, expected an integer") from None
    if not least <= number <= most:
        raise InvalidArgumentError(f"{name} is {number}, expected {least} to {most}")
    return number
