# SPDX-License-Identifier: Apache-2.0
"""Where mini-batches are made and the model is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import unitensor


class NoDevice(Exception):
    """A device was asked for that cannot be used."""


@dataclass(frozen=True)
class Choice:
    device: torch.device
    reason: str


def choose_device(wanted: str, context: unitensor.Context) -> Choice:
    """"cpu", "cuda", or "auto", which takes a GPU where both PyTorch and unitensor can use it.

    On a GPU the features and the graph stay in unified memory, which it reads itself: seeds, samples and gathered rows
    are in its own memory, and the CPU copies nothing. Raises NoDevice."""
    if wanted == "cpu":
        return Choice(torch.device("cpu"), "as asked for")
    if not torch.cuda.is_available():
        obstacle = "PyTorch sees no CUDA device"
    else:
        info = context.memory_info("device")
        if info.supported:
            return Choice(torch.device("cuda", 0), torch.cuda.get_device_name(0))
        obstacle = f"unitensor cannot use the GPU that PyTorch sees: {info.reason}"
    if wanted == "cuda":
        raise NoDevice(obstacle)
    return Choice(torch.device("cpu"), obstacle)
