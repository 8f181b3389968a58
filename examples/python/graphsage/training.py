# SPDX-License-Identifier: Apache-2.0
"""Training with mini-batches, the choice of the model on the validation part, and the one look at the test part."""

from __future__ import annotations

import copy
import sys
import time
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from .batches import BatchMaker, Clock, split_seeds
from .data import TEST, TRAIN, VALIDATION, Dataset
from .model import GraphSage


@dataclass(frozen=True)
class Settings:
    """The defaults suit the Debian graph; they were set by looking at its validation part."""

    epochs: int = 10
    batch_size: int = 1024
    fanouts: tuple[int, ...] = (10, 10)
    evaluation_batch_size: int = 4096
    evaluation_fanouts: tuple[int, ...] = (20, 20)
    hidden: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    label_smoothing: float = 0.1


@dataclass
class Outcome:
    test_accuracy: float = 0.0
    best_epoch: int = 0
    train_accuracy: list[float] = field(default_factory=list)  # by epoch; while training, so with dropout
    validation_accuracy: list[float] = field(default_factory=list)
    epoch_end_seconds: list[float] = field(default_factory=list)


def evaluate(model: GraphSage, maker: BatchMaker, nodes: Tensor, labels: Tensor, settings: Settings,
             clock: Clock) -> float:
    """Accuracy over some nodes, from sampled neighbourhoods as in training."""
    model.eval()
    correct = 0
    with torch.no_grad():
        for seeds in split_seeds(nodes, settings.evaluation_batch_size):
            batch = maker.make(seeds, settings.evaluation_fanouts, clock)
            with clock.measure("evaluation"):
                scores = model(batch.rows, batch.sources, batch.targets, batch.hop_nodes, batch.hop_edges)
                correct += int((scores.argmax(dim=1) == labels[seeds]).sum())
    model.train()
    return correct / max(len(nodes), 1)


def train(dataset: Dataset, maker: BatchMaker, settings: Settings, seed: int, clock: Clock) -> Outcome:
    """Train on the device of `maker`, keep the parameters that were best on the validation part, and measure those on
    the test part."""
    torch.manual_seed(seed)
    device = maker.device
    shuffle = torch.Generator().manual_seed(seed)
    labels = torch.from_numpy(dataset.labels).to(device)
    train_nodes, validation_nodes, test_nodes = (torch.from_numpy(dataset.nodes_of(part)).to(device)
                                                 for part in (TRAIN, VALIDATION, TEST))
    model = GraphSage(maker.width, settings.hidden, dataset.num_classes, hops=len(settings.fanouts)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    batches_per_epoch = -(-len(train_nodes) // settings.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, pct_start=0.15,
                                                   total_steps=settings.epochs * batches_per_epoch)
    outcome = Outcome()
    best_parameters = copy.deepcopy(model.state_dict())
    begin = time.perf_counter()
    # In a log file, where nothing can be drawn over, an update now and then is enough.
    interval = 0.1 if sys.stderr.isatty() else 10.0
    with tqdm(total=settings.epochs * batches_per_epoch, unit="batch", desc="training", dynamic_ncols=True,
              mininterval=interval) as bar:
        for epoch in range(settings.epochs):
            correct = 0
            for seeds in split_seeds(train_nodes, settings.batch_size, shuffle):
                batch = maker.make(seeds, settings.fanouts, clock)
                with clock.measure("training"):
                    scores = model(batch.rows, batch.sources, batch.targets, batch.hop_nodes, batch.hop_edges)
                    loss = functional.cross_entropy(scores, labels[seeds], label_smoothing=settings.label_smoothing)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    schedule.step()
                    correct += int((scores.argmax(dim=1) == labels[seeds]).sum())
                bar.update()
            accuracy = evaluate(model, maker, validation_nodes, labels, settings, clock)
            if not outcome.validation_accuracy or accuracy > max(outcome.validation_accuracy):
                best_parameters = copy.deepcopy(model.state_dict())
                outcome.best_epoch = epoch
            outcome.train_accuracy.append(correct / max(len(train_nodes), 1))
            outcome.validation_accuracy.append(accuracy)
            outcome.epoch_end_seconds.append(time.perf_counter() - begin)
            bar.set_postfix_str(f"epoch {epoch + 1}/{settings.epochs}, validation {accuracy:.1%}", refresh=False)
    model.load_state_dict(best_parameters)
    outcome.test_accuracy = evaluate(model, maker, test_nodes, labels, settings, clock)
    return outcome
