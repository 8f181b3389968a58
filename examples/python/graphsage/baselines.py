# SPDX-License-Identifier: Apache-2.0
"""What simpler methods reach on the same split: the largest class, and linear models without and with the graph."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .data import TEST, TRAIN, VALIDATION, Dataset
from .model import neighbour_mean

MAX_BYTES_TO_AVERAGE = 2**30


def largest_class(dataset: Dataset) -> float:
    """Test accuracy of always naming the class that is most frequent in the training part."""
    guess = np.bincount(dataset.labels[dataset.nodes_of(TRAIN)]).argmax()
    return float((dataset.labels[dataset.nodes_of(TEST)] == guess).mean())


def linear(inputs: Tensor, dataset: Dataset, seed: int, epochs: int = 12, batch_size: int = 1024) -> float:
    """Test accuracy of multinomial logistic regression, at the epoch that is best on the validation part."""
    torch.manual_seed(seed)
    labels = torch.from_numpy(dataset.labels)
    train_nodes, validation_nodes, test_nodes = (torch.from_numpy(dataset.nodes_of(part))
                                                 for part in (TRAIN, VALIDATION, TEST))
    model = nn.Linear(inputs.shape[1], dataset.num_classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)

    @torch.no_grad()
    def accuracy_on(nodes: Tensor) -> float:
        return float((model(inputs[nodes]).argmax(dim=1) == labels[nodes]).float().mean())

    best, best_parameters = -1.0, copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        for seeds in train_nodes[torch.randperm(len(train_nodes))].split(batch_size):
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs[seeds]), labels[seeds]).backward()
            optimizer.step()
        schedule.step()
        accuracy = accuracy_on(validation_nodes)
        if accuracy > best:
            best, best_parameters = accuracy, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_parameters)
    return accuracy_on(test_nodes)


def two_hop_averages(dataset: Dataset) -> Tensor:
    """Each node's features beside the mean of its neighbours' and the mean of those means."""
    rows = torch.from_numpy(dataset.features)
    sources = torch.from_numpy(np.asarray(dataset.indices, dtype=np.int64))
    targets = torch.repeat_interleave(torch.from_numpy(np.diff(dataset.indptr).astype(np.int64)))
    one_hop = neighbour_mean(rows, sources, targets, dataset.num_nodes)
    return torch.cat([rows, one_hop, neighbour_mean(one_hop, sources, targets, dataset.num_nodes)], dim=1)


def compute(dataset: Dataset, seed: int) -> dict[str, float]:
    """Test accuracies by name. The averages are left out where they would need more memory than a demo should."""
    accuracies = {
        "largest class": largest_class(dataset),
        "linear, own features": linear(torch.from_numpy(dataset.features), dataset, seed),
    }
    if dataset.features.nbytes <= MAX_BYTES_TO_AVERAGE:
        accuracies["linear, two-hop averages"] = linear(two_hop_averages(dataset), dataset, seed)
    return accuracies
