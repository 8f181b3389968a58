# SPDX-License-Identifier: Apache-2.0
"""What a figure was measured on: a figure without its machine is not one."""

from __future__ import annotations

import os
import pathlib
import platform
from typing import Any

import numpy as np
import unitensor as ut


def _read(path: str) -> str:
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _cpu() -> tuple[str, list[str]]:
    model, flags = platform.machine(), set[str]()
    for line in _read("/proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            model = value.strip()
        elif key.strip() in ("flags", "Features"):
            flags = set(value.split())
    return model, sorted(flags & {"avx2", "avx512f", "sve", "sve2", "asimd"})


def _caches() -> dict[str, str]:
    caches = {}
    for folder in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if _read(str(folder / "type")) != "Instruction":
            caches["L" + _read(str(folder / "level"))] = _read(str(folder / "size"))
    return caches


def cache_bytes() -> int:
    """Of the last cache; 32 MiB where the system does not say."""
    text = (list(_caches().values()) or [""])[-1]
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(text[:-1]) * units[text[-1]] if text[:-1].isdigit() and text[-1] in units else 32 << 20


def _chosen(text: str) -> str:
    """The word in brackets: `always [madvise] never` is `madvise`."""
    return text.partition("[")[2].partition("]")[0]


def memory_bytes() -> int:
    """Memory that a benchmark may count on now."""
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def describe() -> dict[str, Any]:
    model, flags = _cpu()
    description: dict[str, Any] = {
        "cpu": model,
        "processors": len(os.sched_getaffinity(0)),
        "instruction_sets": flags,
        "caches": _caches(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "transparent_huge_pages": _chosen(_read("/sys/kernel/mm/transparent_hugepage/enabled")),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "unitensor": ut.__version__,
        "load_before": round(os.getloadavg()[0], 2),
    }
    torch = import_torch()
    if torch is not None:
        description["torch"] = torch.__version__
    return description


def import_torch() -> Any:
    """PyTorch, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    return torch
