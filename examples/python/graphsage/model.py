# SPDX-License-Identifier: Apache-2.0
"""GraphSAGE with mean aggregation (Hamilton, Ying and Leskovec, Inductive representation learning on large graphs,
NeurIPS 2017), over the samples of unitensor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


def neighbour_mean(rows: Tensor, sources: Tensor, targets: Tensor, num_targets: int) -> Tensor:
    """The mean over the sampled neighbours of each target; zeros where there are none. Targets never decrease, so each
    has its neighbours in one piece, a bag of rows."""
    degree = torch.bincount(targets, minlength=num_targets)
    bag_begin = (degree.cumsum(0) - degree).to(sources.dtype)
    return functional.embedding_bag(sources, rows, bag_begin, mode="mean")


class SageLayer(nn.Module):
    """A target's own row and the mean of its neighbours' rows, each through its own matrix."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.neighbours = nn.Linear(inputs, outputs, bias=False)

    def forward(self, rows: Tensor, sources: Tensor, targets: Tensor, num_targets: int) -> Tensor:
        if self.neighbours.in_features > self.neighbours.out_features:
            # Matrix and mean commute: narrow the rows first where that leaves less to add up.
            mean = neighbour_mean(self.neighbours(rows), sources, targets, num_targets)
        else:
            mean = self.neighbours(neighbour_mean(rows, sources, targets, num_targets))
        return self.own(rows[:num_targets]) + mean


class GraphSage(nn.Module):
    """One SageLayer for each hop over a linear map of the features."""

    def __init__(self, features: int, hidden: int, classes: int, hops: int = 2, dropout: float = 0.5,
                 input_dropout: float = 0.1) -> None:
        super().__init__()
        self.input_dropout = nn.Dropout(input_dropout)
        self.dropout = nn.Dropout(dropout)
        widths = [features] + [hidden] * hops
        self.layers = nn.ModuleList(SageLayer(a, b) for a, b in zip(widths[:-1], widths[1:]))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(hops))
        self.classify = nn.Linear(hidden, classes)

    def forward(self, rows: Tensor, sources: Tensor, targets: Tensor, hop_nodes: Sequence[int],
                hop_edges: Sequence[int]) -> Tensor:
        """Scores of the classes for the seeds, from the feature rows of all nodes of a sample. Layer l needs only the
        nodes within hops - l of the seeds, and those come first."""
        hops = len(self.layers)
        rows = self.input_dropout(rows)
        for number, (layer, norm) in enumerate(zip(self.layers, self.norms)):
            num_targets = sum(hop_nodes[: hops - number])
            num_edges = sum(hop_edges[: hops - number])
            rows = layer(rows, sources[:num_edges], targets[:num_edges], num_targets)
            rows = self.dropout(functional.relu(norm(rows)))
        return self.classify(rows)
