# SPDX-License-Identifier: Apache-2.0
"""Graphs that are made for a benchmark."""

from __future__ import annotations

from typing import Any

import numpy as np


def make(
    num_nodes: int, num_edges: int, kind: str, seed: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """CSR with degrees that are equal in expectation or follow a Pareto law (a power-law density of exponent 2.5), and
    neighbours drawn uniformly, or in proportion to their own degree (the configuration model)."""
    random = np.random.default_rng(seed)
    weights = random.pareto(1.5, num_nodes) + 1 if kind == "power-law" else np.ones(num_nodes)
    # A hub has at most a thousandth of the edges, as in citation and product graphs.
    weights = np.minimum(weights, weights.sum() / 1000)
    degrees = random.multinomial(num_edges, weights / weights.sum())
    indptr = np.zeros(num_nodes + 1, np.int64)
    np.cumsum(degrees, out=indptr[1:])
    if kind == "uniform":
        return indptr, random.integers(0, num_nodes, num_edges)
    return indptr, random.permutation(np.repeat(np.arange(num_nodes), degrees))
