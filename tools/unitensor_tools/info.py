# SPDX-License-Identifier: Apache-2.0
"""What this build and this machine offer: versions, backends and devices, what each kind of memory is here and why, and
the limits that large tensors meet."""

from __future__ import annotations

import argparse
from typing import Any, Iterator

import unitensor as ut

from . import limits, machine, report

_KINDS = ("host", "pinned", "managed", "device", "unified")

# NVIDIA's CUDA release notes, table of driver versions: the first driver branch for Linux of each major version.
_FIRST_DRIVERS = {"12.0": "R525", "13.0": "R580"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    report.add_json_argument(parser)


def collect() -> dict[str, Any]:
    context = ut.default_context()
    backends, devices = {}, []
    for device_type in ("cpu", "cuda"):
        backend = context.backend_info(device_type)
        backends[device_type] = backend._asdict()
        if device_type != "cpu":
            devices += [context.device_info(number)._asdict() for number in range(backend.num_devices)]
    memory = {}
    for kind in _KINDS:
        supported, resolved, reason = context.memory_info(kind)
        memory[kind] = {"supported": bool(supported), "is": resolved if supported else None, "reason": reason}
    major, minor = divmod(ut.abi_version(), 1 << 16)
    return {
        "version": ut.__version__,
        "abi": f"{major}.{minor}",
        "threads": context.num_threads,
        "backends": backends,
        "devices": devices,
        "memory": memory,
        "limits": {name: limit._asdict() for name, limit in limits.collect().items()},
        "machine": machine.describe(),
    }


def _size(num_bytes: int) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if num_bytes < 1024 or unit == "GiB":
            break
        num_bytes /= 1024  # type: ignore[assignment]
    return f"{num_bytes:.4g} {unit}" if num_bytes < 1000 else f"{num_bytes:.0f} {unit}"


def _cuda(version: str) -> str:
    first = _FIRST_DRIVERS.get(version)
    return f"CUDA {version}" + (f" ({first})" if first else "")


def _backend_lines(backends: dict[str, Any], threads: int) -> Iterator[str]:
    for device_type, backend in backends.items():
        what = "available" if backend["available"] else f"not available ({backend['reason']})"
        if device_type == "cpu":
            what += f", {threads} threads"
        elif backend["available"]:
            what += f", {backend['num_devices']} devices"
        yield f"backend for {device_type}: {what}"
        if backend["path"]:
            yield f"  plugin {backend['path']}"
        if device_type == "cuda" and not backend["toolkit_version"]:
            drivers = ", ".join(f"{first} for CUDA {version}" for version, first in _FIRST_DRIVERS.items())
            yield f"  a plugin is built with CUDA 12.0 or newer, and needs a driver of that major version ({drivers})"
        if backend["toolkit_version"]:
            here = f"of CUDA {backend['driver_version']}" if backend["driver_version"] else "missing"
            yield (
                f"  built with CUDA {backend['toolkit_version']}; needs a driver of "
                f"{_cuda(backend['least_driver_version'])} or newer; the driver here is {here}"
            )


def _device_line(device: dict[str, Any]) -> str:
    rate = device["link_bytes_per_second"]
    capability = ".".join(map(str, device["compute_capability"]))
    link = f"{rate / 1e9:.1f} GB/s" if rate else "of a rate that is not known"
    reads = [
        text
        for name, text in (
            ("managed_memory", "managed memory"),
            ("host_memory", "all host memory"),
            ("host_page_tables", "by the host's page tables"),
        )
        if device[name]
    ]
    return (
        f"device {device['device_id']}: {device['name']} at {device['pci_address']}, compute capability {capability}, "
        f"{device['num_processors']} multiprocessors, {_size(device['total_bytes'])}, link {link}; "
        f"reads {', '.join(reads) or 'pinned memory only'}"
    )


def _memory_line(kind: str, entry: dict[str, Any], why_no_cuda: str) -> str:
    what, reason = "available", entry["reason"]
    # Said once is enough. The library cuts what is long.
    start, found, rest = reason.partition(why_no_cuda[:40]) if why_no_cuda else (reason, "", "")
    if found and why_no_cuda.startswith(found + rest[:100]):
        reason = f"{start}no CUDA backend, as said above"
    if not entry["supported"]:
        what = "not available"
    elif entry["is"] != kind:
        what = f"is {entry['is']} memory here"
    return f"{kind} memory: {what} ({reason})"


def _limit_line(name: str, limit: dict[str, Any]) -> str:
    size = "no limit" if limit["bytes"] is None else _size(limit["bytes"])
    return f"{name.replace('_', ' ')}: {size} ({limit['meaning']})"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {entry}" for key, entry in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def lines_of(content: dict[str, Any]) -> Iterator[str]:
    yield f"unitensor {content['version']}, ABI {content['abi']}"
    yield from _backend_lines(content["backends"], content["threads"])
    yield from map(_device_line, content["devices"])
    for kind, entry in content["memory"].items():
        yield _memory_line(kind, entry, content["backends"]["cuda"]["reason"])
    for name, limit in content["limits"].items():
        yield _limit_line(name, limit)
    for name, value in content["machine"].items():
        yield f"{name.replace('_', ' ')}: {_text(value)}"


def run(options: argparse.Namespace) -> int:
    content = collect()
    if options.json:
        report.write_json(content, options.json)
    if options.json != "-":
        for line in lines_of(content):
            print(line)
    return 0
