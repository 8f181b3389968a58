# SPDX-License-Identifier: Apache-2.0
"""The data of a node classification problem: in memory, from a folder of .npy files, or synthetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = 0, 1, 2
UNLABELLED = -1


@dataclass
class Dataset:
    """A graph in compressed sparse column form (column v lists the in-neighbours of v), with features and labels."""

    name: str
    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    features: NDArray[np.float32]
    labels: NDArray[np.int64]  # UNLABELLED where there is none
    class_names: list[str] = field(default_factory=list)
    num_relations: int = 0  # as listed, before they went both ways and equal ones became one; 0: not known
    split: NDArray[np.int8] | None = None
    folder: Path | None = None  # where the arrays were loaded from, as they are

    def __post_init__(self) -> None:
        nodes = len(self.indptr) - 1
        if nodes < 1 or self.features.ndim != 2 or len(self.features) != nodes or self.labels.shape != (nodes,):
            raise ValueError(f"indptr is of {nodes} nodes, features have shape {self.features.shape}, "
                             f"labels {self.labels.shape}")
        if self.split is not None and self.split.shape != (nodes,):
            raise ValueError(f"split has shape {self.split.shape}, not ({nodes},)")
        if self.labels.max() < 0:
            raise ValueError("no node has a label")
        self.class_names = self.class_names or [str(number) for number in range(int(self.labels.max()) + 1)]

    @property
    def num_nodes(self) -> int:
        return len(self.indptr) - 1

    @property
    def num_edges(self) -> int:
        return len(self.indices)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def nodes_of(self, part: int) -> NDArray[np.int64]:
        """The labelled nodes of one part of the split."""
        assert self.split is not None
        return np.flatnonzero((self.split == part) & (self.labels != UNLABELLED))

    def make_split(self, seed: int, fractions: tuple[float, float] = (0.6, 0.2)) -> None:
        """Split the labelled nodes at random into training, validation and test part, unless they came with a split."""
        if self.split is not None:
            return
        labelled = np.random.default_rng(seed).permutation(np.flatnonzero(self.labels != UNLABELLED))
        ends = np.round(np.cumsum(fractions) * len(labelled)).astype(np.int64)
        self.split = np.full(self.num_nodes, -1, dtype=np.int8)
        for part, nodes in enumerate(np.split(labelled, ends)):
            self.split[nodes] = part

    def shrink_split(self, limit: int) -> None:
        """Keep at most `limit` nodes of each part, for a quick run; the graph stays whole."""
        assert self.split is not None
        for part in (TRAIN, VALIDATION, TEST):
            self.split[self.nodes_of(part)[limit:]] = -1


    def save(self, folder: str | Path) -> None:
        """Make the folder that load_folder reads. Arrays that already lie in a folder are linked, not copied."""
        folder = Path(folder)
        for name in ("indptr", "indices", "features", "labels"):
            if self.folder is not None:
                (folder / f"{name}.npy").symlink_to(self.folder / f"{name}.npy")
            else:
                np.save(folder / f"{name}.npy", getattr(self, name))
        if self.split is not None:
            np.save(folder / "split.npy", self.split)


def build_in_neighbors(sources: NDArray[np.int64], targets: NDArray[np.int64],
                       num_nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """indptr and indices of a list of edges; an edge that stands there twice counts once."""
    keys = np.unique(targets * np.int64(num_nodes) + sources)
    indptr = np.zeros(num_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys // num_nodes, minlength=num_nodes), out=indptr[1:])
    return indptr, keys % num_nodes


def load_folder(folder: str | Path) -> Dataset:
    """indptr, indices, features, labels and, where it is there, split (0 train, 1 validation, 2 test) as .npy files."""
    folder = Path(folder)
    arrays = {}
    for name in ("indptr", "indices", "features", "labels", "split"):
        path = folder / f"{name}.npy"
        if path.exists():
            arrays[name] = np.load(path, mmap_mode="c")
        elif name != "split":
            raise FileNotFoundError(f"{folder} has no {name}.npy")
    split = arrays.get("split")
    return Dataset(folder.resolve().name, np.asarray(arrays["indptr"]), np.asarray(arrays["indices"]),
                   np.asarray(arrays["features"], dtype=np.float32), np.asarray(arrays["labels"], dtype=np.int64),
                   split=None if split is None else np.array(split, dtype=np.int8), folder=folder.resolve())


def synthetic(num_nodes: int, seed: int = 0, num_classes: int = 16, num_features: int = 128,
              mean_degree: int = 16) -> Dataset:
    """Degrees follow a power law, neighbours mostly share a class, and the features hint at it."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(num_classes, size=num_nodes)
    # Nodes sorted by class, so that a draw within one class is a draw from a range.
    by_class = np.argsort(labels, kind="stable")
    first = np.searchsorted(labels[by_class], np.arange(num_classes + 1))
    edges = num_nodes * mean_degree // 2
    # The node of rank r is drawn in proportion to (r + 1)^-1/2: degrees fall off with an exponent of about 3.
    targets = by_class[rng.permutation(num_nodes)][(num_nodes * rng.random(edges) ** 2).astype(np.int64)]
    own_class = rng.random(edges) < 0.7
    begin = np.where(own_class, first[labels[targets]], 0)
    size = np.where(own_class, first[labels[targets] + 1] - begin, num_nodes)
    sources = by_class[begin + (size * rng.random(edges) ** 2).astype(np.int64)]
    indptr, indices = build_in_neighbors(np.concatenate([sources, targets]), np.concatenate([targets, sources]),
                                         num_nodes)
    centres = rng.standard_normal((num_classes, num_features), dtype=np.float32)
    features = rng.standard_normal((num_nodes, num_features), dtype=np.float32)
    features += 0.2 * centres[labels]
    return Dataset(f"synthetic power-law graph of {num_nodes:,} nodes", indptr, indices, features, labels)
