# SPDX-License-Identifier: Apache-2.0
"""What this build and this machine offer: versions, backend, threads, and what each kind of memory is here, with the
reason."""

from __future__ import annotations

import argparse
from typing import Any

import unitensor as ut

from . import machine, report

_KINDS = ("host", "pinned", "managed", "device", "unified")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    report.add_json_argument(parser)


def collect() -> dict[str, Any]:
    context = ut.default_context()
    memory = {}
    for kind in _KINDS:
        supported, resolved, reason = context.memory_info(kind)
        memory[kind] = {"supported": bool(supported), "is": resolved if supported else None, "reason": reason}
    major, minor = divmod(ut.abi_version(), 1 << 16)
    return {
        "version": ut.__version__,
        "abi": f"{major}.{minor}",
        "backend": context.backend,
        "threads": context.num_threads,
        "memory": memory,
        "machine": machine.describe(),
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {entry}" for key, entry in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def run(options: argparse.Namespace) -> int:
    content = collect()
    if options.json:
        report.write_json(content, options.json)
    if options.json == "-":
        return 0
    print(
        f"unitensor {content['version']}, ABI {content['abi']}, backend {content['backend']} with {content['threads']} threads"
    )
    for kind, entry in content["memory"].items():
        what = (
            "not available"
            if not entry["supported"]
            else "available"
            if entry["is"] == kind
            else f"is {entry['is']} memory here"
        )
        print(f"{kind} memory: {what} ({entry['reason']})")
    for name, value in content["machine"].items():
        print(f"{name.replace('_', ' ')}: {_text(value)}")
    return 0
