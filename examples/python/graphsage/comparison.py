# SPDX-License-Identifier: Apache-2.0
"""Sampling and gathering by unitensor against a vectorised PyTorch path that does the same.

It is measured in a process of its own, in which PyTorch's threads wait as they do by default: the demo makes them give
way sooner, which is a handicap for whoever starts threads often.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import unitensor
from torch import Tensor

from .batches import BatchMaker, Clock, split_seeds
from .data import TRAIN, Dataset, load_folder
from .plain import PlainSampler, RowBuffer

ACTIVITIES = ("sampling", "gathering")


@dataclass
class Comparison:
    """Seconds for one epoch of batches on both paths, by activity."""

    batches: int
    unitensor: dict[str, float]
    plain: dict[str, float]
    plain_threads: int


def compare(dataset: Dataset, batch_size: int, fanouts: Sequence[int], seed: int, threads: int, device_type: str = "cpu",
            rounds: int = 5) -> Comparison:
    """Sample and gather the batches of one epoch on each path, in turns of an epoch and without training in between;
    the best of some rounds. PyTorch gets one thread or all, whatever suits it better: threads that wait for each other
    cost it dearly where other programs compete for the cores.

    On "cuda" both end with the batch in the GPU's memory: PyTorch's path samples and gathers on the CPU, into
    page-locked memory, and copies."""
    device = torch.device(device_type)
    maker = BatchMaker(dataset, unitensor.Context(num_threads=threads), seed, device)
    sampler = PlainSampler(torch.from_numpy(dataset.indptr), torch.from_numpy(dataset.indices))
    features = torch.from_numpy(dataset.features)
    buffer = RowBuffer(features.shape[1], page_locked=device.type == "cuda")
    shuffle, draws = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    train_nodes = torch.from_numpy(dataset.nodes_of(TRAIN))

    def plain_batch(seeds: Tensor, clock: Clock) -> None:
        with clock.measure("sampling"):
            sample = sampler.sample(seeds, fanouts, draws)
            if device.type == "cuda":
                sample.sources.to(device), sample.targets.to(device)
        with clock.measure("gathering"):
            rows = torch.index_select(features, 0, sample.nodes, out=buffer.room_for(len(sample.nodes)))
            if device.type == "cuda":
                rows.to(device, non_blocking=True)

    ours: list[dict[str, float]] = []
    plain: dict[int, list[dict[str, float]]] = {count: [] for count in {1, threads}}
    seed_batches: list[Tensor] = []
    for number in range(rounds + 1):
        seed_batches = split_seeds(train_nodes, batch_size, shuffle)
        our_clock = Clock(device)
        for seeds in [batch.to(device) for batch in seed_batches]:
            maker.make(seeds, fanouts, our_clock)
        clocks = {count: Clock(device) for count in plain}
        for count, clock in clocks.items():
            torch.set_num_threads(count)
            for seeds in seed_batches:
                plain_batch(seeds, clock)
        if number > 0:  # the first round grows buffers and starts threads
            ours.append(our_clock.seconds)
            for count, clock in clocks.items():
                plain[count].append(clock.seconds)

    best_plain = {count: _best(entries) for count, entries in plain.items()}
    plain_threads = min(best_plain, key=lambda count: sum(best_plain[count].values()))
    return Comparison(len(seed_batches), _best(ours), best_plain[plain_threads], plain_threads)


def _best(entries: list[dict[str, float]]) -> dict[str, float]:
    """The shortest time of each activity: other programs that run at the same time only ever add."""
    return {activity: min(entry[activity] for entry in entries) for activity in ACTIVITIES}


def compare_in_own_process(dataset: Dataset, batch_size: int, fanouts: Sequence[int], seed: int, threads: int,
                           device_type: str = "cpu") -> Comparison:
    """As compare, in a fresh Python with the environment's own OpenMP settings."""
    environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    with tempfile.TemporaryDirectory(prefix="graphsage-") as folder:
        dataset.save(folder)
        task = {"folder": folder, "batch_size": batch_size, "fanouts": list(fanouts), "seed": seed, "threads": threads,
                "device_type": device_type}
        result = subprocess.run([sys.executable, "-m", f"{__package__}.comparison", json.dumps(task)], check=True,
                                env=environment, stdout=subprocess.PIPE)
    return Comparison(**json.loads(result.stdout))


def _main(task: dict[str, Any]) -> None:
    comparison = compare(load_folder(Path(task.pop("folder"))), **task)
    json.dump(vars(comparison), sys.stdout)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
