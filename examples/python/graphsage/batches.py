# SPDX-License-Identifier: Apache-2.0
"""Mini-batches out of unified tensors: the sampled neighbourhood of some seeds, and its feature rows.

They are made where the seeds are: by the CPU in host memory, or by a GPU in its own memory, out of the same tensors.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
import unitensor
from torch import Tensor
from unitensor.torch import as_tensor

from .data import Dataset


@dataclass
class Clock:
    """Seconds by activity. A GPU works on after a call has returned: on one, each activity is waited for, so that its
    time is not counted as that of the next."""

    device: torch.device = torch.device("cpu")
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, activity: str) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
        finally:
            self.seconds[activity] = self.seconds.get(activity, 0.0) + time.perf_counter() - begin


@dataclass
class Batch:
    """PyTorch's view of a sample. The rows stay as they are until the next batch is made."""

    rows: Tensor
    sources: Tensor
    targets: Tensor
    hop_nodes: Sequence[int]
    hop_edges: Sequence[int]
    sample: unitensor.Sample  # owns what sources and targets show


class BatchMaker:
    """Holds a dataset's features and topology in unified tensors, and makes mini-batches of them."""

    def __init__(self, dataset: Dataset, context: unitensor.Context, seed: int,
                 device: torch.device = torch.device("cpu")) -> None:
        self.context = context
        self.device = device
        # What rows are gathered into: the memory of the device that the seeds are on.
        self.row_memory = "device" if device.type == "cuda" else "host"
        self.features = unitensor.tensor(dataset.features, memory="unified", context=context)
        self.graph = unitensor.Graph(unitensor.tensor(dataset.indptr, memory="unified", context=context),
                                     unitensor.tensor(dataset.indices, memory="unified", context=context),
                                     context=context)
        self.width = dataset.features.shape[1]
        self.buffer = unitensor.empty((0, self.width), memory=self.row_memory, context=context)
        self.seed = seed
        self.made = 0

    def make(self, seeds: Tensor, fanouts: Sequence[int], clock: Clock) -> Batch:
        """Sample the neighbourhood of `seeds`, which are on the maker's device, and gather the features of all its
        nodes. Every batch draws anew, and a run with the same seed draws the same, on whichever device."""
        with clock.measure("sampling"):
            sample = self.graph.sample_neighbors(seeds, fanouts, seed=(self.seed << 32) + self.made)
            sources, targets = as_tensor(sample.sources), as_tensor(sample.targets)
        with clock.measure("gathering"):
            if len(self.buffer) < sample.num_nodes:
                # Grown a little beyond need and used again, so that few batches pay for fresh pages.
                capacity = sample.num_nodes + sample.num_nodes // 8
                self.buffer = unitensor.empty((capacity, self.width), memory=self.row_memory, context=self.context)
            out = self.buffer[: sample.num_nodes]
            rows = as_tensor(self.features.gather(sample.nodes, out=out))
        self.made += 1
        return Batch(rows, sources, targets, sample.hop_nodes, sample.hop_edges, sample)


def split_seeds(nodes: Tensor, batch_size: int, generator: torch.Generator | None = None) -> list[Tensor]:
    """The nodes in batches, shuffled where there is a generator."""
    if generator is not None:
        nodes = nodes[torch.randperm(len(nodes), generator=generator).to(nodes.device)]
    return [batch for batch in nodes.split(batch_size) if len(batch)]
