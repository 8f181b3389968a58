# SPDX-License-Identifier: Apache-2.0
"""Where a benchmark keeps its tables and where it computes: each kind of memory that the machine offers, on the device
where there is one that reads it, else on the CPU."""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple, Sequence

import unitensor as ut

from . import sizes

KINDS = ("host", "pinned", "managed", "device", "unified")
CALLER = "caller"
"""Memory that is not the library's: an array on small pages, as programs have it that have not asked for others."""


class Place(NamedTuple):
    """A kind of memory."""

    memory: str
    """As asked for."""
    resolved: str
    """What that is here."""
    device: str
    """Where is computed: "cpu" or "cuda:0"."""

    @property
    def on_device(self) -> bool:
        return self.device != "cpu"


def add_arguments(parser: argparse.ArgumentParser, with_caller: bool = False) -> None:
    kinds = (*KINDS, CALLER) if with_caller else KINDS
    parser.add_argument(
        "--memory",
        type=sizes.word_list(kinds, "kind of memory"),
        metavar="KIND,KIND",
        help=f"kinds of memory: {', '.join(kinds)} (all of the library's that the device reads; host without one)",
    )
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where to compute; auto: on the device where it reads the memory, else on the CPU (%(default)s)",
    )


def find(memory: Sequence[str] | None, device: str) -> list[Place]:
    """Raises OSError where a kind is not to be had, or cannot be used there."""
    context = ut.default_context()
    backend = context.backend_info("cuda")
    if device == "cuda" and not backend.available:
        raise OSError(f"there is no device: {backend.reason}")
    with_device = backend.available and device != "cpu"
    reads_host = with_device and context.device_info().host_memory
    if memory is None:
        memory = ["host"]
        if with_device:
            memory = [kind for kind in KINDS if context.memory_info(kind).supported and (kind != "host" or reads_host)]
    found = []
    for kind in memory:
        if kind == CALLER and device != "cuda":
            found.append(Place(kind, "host", "cpu"))
            continue
        if kind == CALLER:
            raise OSError("caller memory is computed on by the CPU only: a device needs it registered")
        supported, resolved, reason = context.memory_info(kind)
        if not supported or resolved is None:
            raise OSError(f"{kind} memory is not available here: {reason}")
        on_device = with_device and (resolved != "host" or reads_host)
        if not on_device and (device == "cuda" or resolved == "device"):
            raise OSError(f"{kind} memory is not read by the {'device' if device == 'cuda' else 'CPU'}")
        found.append(Place(kind, resolved, "cuda:0" if on_device else "cpu"))
    return found


def device_name(place: Place) -> str:
    """Of the device that computes there; empty for the CPU."""
    return ut.default_context().device_info(int(place.device.rpartition(":")[2])).name if place.on_device else ""


def describe_devices() -> dict[str, Any]:
    """What figures of a device need to be one; nothing where there is none."""
    context = ut.default_context()
    backend = context.backend_info("cuda")
    if not backend.available:
        return {}
    devices = [context.device_info(number)._asdict() for number in range(backend.num_devices)]
    return {"devices": devices, "cuda": backend.toolkit_version, "cuda_of_driver": backend.driver_version}
