# SPDX-License-Identifier: Apache-2.0
"""Limits of this machine and this process that large tensors meet, each with what it limits."""

from __future__ import annotations

import os
import pathlib
import resource
from typing import NamedTuple, Optional


class Limit(NamedTuple):
    """One limit. `bytes` is None where there is none."""

    bytes: Optional[int]
    meaning: str


def _number(path: pathlib.Path) -> Optional[int]:
    """What a file of one number holds; None for "max", and where there is no such file."""
    try:
        return int(path.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def memlock() -> Limit:
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return Limit(
        None if soft == resource.RLIM_INFINITY else soft,
        "memory that this process may lock (ulimit -l; docker run --ulimit memlock=-1)",
    )


def shared_memory(folder: str = "/dev/shm") -> Limit:
    try:
        status = os.statvfs(folder)
    except OSError:
        return Limit(0, "shared memory: there is no /dev/shm")
    return Limit(
        status.f_frsize * status.f_bavail,
        "shared memory that is free, for tensors shared between processes (docker run --shm-size)",
    )


def cgroup_memory(root: pathlib.Path = pathlib.Path("/")) -> Limit:
    """The tightest limit among the control groups that this process is in, of either version."""
    limits = []
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / ("sys/fs/cgroup/memory" if controllers else "sys/fs/cgroup")
        file = "memory.limit_in_bytes" if controllers else "memory.max"
        # Each group is limited by those above it. In a container the path may not be visible, and the top is the group.
        names = [name for name in path.split("/") if name]
        for depth in range(len(names) + 1):
            limit = _number(top.joinpath(*names[:depth], file))
            # Version 1 writes a number beyond any memory for "no limit".
            if limit is not None and limit < 1 << 60:
                limits.append(limit)
    return Limit(
        min(limits, default=None),
        "memory of the control group, page-locked and managed memory included (docker run --memory)",
    )


def huge_pages(root: pathlib.Path = pathlib.Path("/")) -> Limit:
    """Memory on huge pages that is set aside and free."""
    total = 0
    for folder in (root / "sys/kernel/mm/hugepages").glob("hugepages-*kB"):
        size = int(folder.name[len("hugepages-") : -len("kB")]) * 1024
        total += (_number(folder / "free_hugepages") or 0) * size
    return Limit(total, "huge pages that are set aside and free; transparent ones are not counted here")


def collect() -> dict[str, Limit]:
    return {
        "memlock": memlock(),
        "shared_memory": shared_memory(),
        "cgroup_memory": cgroup_memory(),
        "huge_pages": huge_pages(),
    }
