# SPDX-License-Identifier: Apache-2.0
"""The same work in plain PyTorch, to measure against: vectorised neighbour sampling, relabelling and row gather.

As a careful user would write it: no Python loop over nodes, Floyd's method over all nodes of a hop at once, relabelling
by a dense table over the nodes of the graph, index_select into a buffer that is used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class PlainSample:
    nodes: Tensor
    sources: Tensor
    targets: Tensor
    hop_nodes: tuple[int, ...]
    hop_edges: tuple[int, ...]


class PlainSampler:
    """Uniform neighbour sampling without replacement over several hops; the seeds must differ from each other."""

    def __init__(self, indptr: Tensor, indices: Tensor) -> None:
        self.indptr = indptr
        self.indices = indices
        # The local number of each node of the graph in the current sample, or -1.
        self.local_number = torch.full((len(indptr) - 1,), -1, dtype=torch.int64)

    def sample(self, seeds: Tensor, fanouts: Sequence[int], generator: torch.Generator) -> PlainSample:
        self.local_number[seeds] = torch.arange(len(seeds))
        nodes, sources, targets = [seeds], [], []
        frontier, frontier_begin = seeds, 0
        num_nodes = len(seeds)
        for fanout in fanouts:
            slots, chosen = self._draw(frontier, fanout, generator)
            neighbours = self.indices[slots]
            numbers = self.local_number[neighbours]
            new = torch.unique(neighbours[numbers < 0])
            self.local_number[new] = torch.arange(num_nodes, num_nodes + len(new))
            sources.append(self.local_number[neighbours])
            targets.append(chosen + frontier_begin)
            nodes.append(new)
            frontier, frontier_begin = new, num_nodes
            num_nodes += len(new)
        all_nodes = torch.cat(nodes)
        self.local_number[all_nodes] = -1
        return PlainSample(all_nodes, torch.cat(sources), torch.cat(targets), tuple(len(n) for n in nodes),
                           tuple(len(s) for s in sources))

    def _draw(self, frontier: Tensor, fanout: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Positions in `indices`, and the place in the frontier that each was drawn for; in the frontier's order."""
        begin = self.indptr[frontier]
        degree = self.indptr[frontier + 1] - begin
        if fanout < 0:
            place = torch.repeat_interleave(degree)
            offset = torch.arange(len(place)) - (degree.cumsum(0) - degree)[place]
            return begin[place] + offset, place
        if fanout == 0:
            return begin[:0], begin[:0]
        slot = torch.arange(fanout)
        picks = slot.expand(len(frontier), fanout).contiguous()
        large = torch.nonzero(degree > fanout).flatten()
        if len(large):
            picks[large] = self._floyd(degree[large], fanout, generator)
        valid = slot < degree[:, None]
        place = torch.nonzero(valid)[:, 0]
        return (begin[:, None] + picks)[valid], place

    @staticmethod
    def _floyd(degree: Tensor, fanout: int, generator: torch.Generator) -> Tensor:
        """`fanout` different numbers below each degree, for all nodes at once."""
        picks = torch.empty((len(degree), fanout), dtype=torch.int64)
        uniform = torch.rand((len(degree), fanout), generator=generator, dtype=torch.float64)
        for slot in range(fanout):
            last = degree - fanout + slot
            draw = (uniform[:, slot] * (last + 1)).to(torch.int64)
            repeated = (picks[:, :slot] == draw[:, None]).any(dim=1)
            picks[:, slot] = torch.where(repeated, last, draw)
        return picks


class RowBuffer:
    """Room for gathered rows that grows as needed and is used again: no fresh pages for every batch."""

    def __init__(self, width: int, page_locked: bool = False) -> None:
        self.page_locked = page_locked
        self.rows = torch.empty((0, width))

    def room_for(self, rows: int) -> Tensor:
        if len(self.rows) < rows:
            self.rows = torch.empty((rows + rows // 8, self.rows.shape[1]), pin_memory=self.page_locked)
        return self.rows[:rows]
