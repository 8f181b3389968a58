# SPDX-License-Identifier: Apache-2.0
"""Train GraphSAGE on a graph in unified tensors: Debian's packages, a folder of .npy files, or a synthetic graph."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="graphsage", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="DIR",
                        help="folder with indptr, indices, features, labels (-1: none) and optionally split (0 train, "
                             "1 validation, 2 test) as .npy files, instead of Debian's package graph")
    source.add_argument("--synthetic", type=int, metavar="NODES", help="a power-law graph of this size instead")
    parser.add_argument("--epochs", type=int, help="passes over the training part")
    parser.add_argument("--batch-size", type=int, help="seeds of a mini-batch")
    parser.add_argument("--fanouts", type=lambda text: tuple(int(number) for number in text.split(",")),
                        metavar="N,N", help="neighbours drawn for each node, by hop, in training; -1: all")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the model and the samples (default: 0)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)),
                        help="of unitensor and of PyTorch (default: as many as there are cores)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto",
                        help="where batches are made and the model is trained (default: the GPU, where there is one "
                             "that PyTorch and unitensor can use)")
    parser.add_argument("--quick", action="store_true", help="a few hundred nodes and two epochs, to try it out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="leave the result there as well")
    parser.add_argument("--picture", type=Path, default=Path("graphsage.png"), metavar="FILE",
                        help="where the learning curve and the times are drawn (default: graphsage.png)")
    options = parser.parse_args(arguments)
    for name in ("synthetic", "epochs", "batch_size", "threads"):
        value = getattr(options, name)
        if value is not None and value < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1, not {value}")
    if not 0 <= options.seed < 2**32:
        parser.error("--seed must be in [0, 2^32)")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    begin = time.perf_counter()
    # GNU OpenMP, which PyTorch uses, lets idle threads spin for milliseconds, and as soon as other programs compete for
    # the cores everybody waits for threads that do nothing. Fewer turns leave training as fast where nobody competes.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

    import torch
    import unitensor

    from . import baselines, data, debian, report
    from .batches import BatchMaker, Clock
    from .comparison import compare_in_own_process
    from .devices import NoDevice, choose_device
    from .training import Settings, train

    torch.set_num_threads(options.threads)
    context = unitensor.Context(num_threads=options.threads)
    try:
        choice = choose_device(options.device, context)
    except NoDevice as error:
        print(f"graphsage: {error}", file=sys.stderr)
        return 1
    clock = Clock(choice.device)
    with clock.measure("reading the data"):
        try:
            if options.data:
                dataset = data.load_folder(options.data)
            elif options.synthetic:
                dataset = data.synthetic(options.synthetic, options.seed)
            else:
                print("reading the package list of apt-cache", flush=True)
                dataset = debian.make_dataset(debian.read_package_list())
        except debian.NoPackageList as error:
            print(f"graphsage: {error}. --data DIR takes a graph from .npy files, --synthetic NODES makes one.",
                  file=sys.stderr)
            return 1
        except (OSError, ValueError) as error:
            print(f"graphsage: {error}", file=sys.stderr)
            return 1
        dataset.make_split(options.seed)
        if options.quick:
            dataset.shrink_split(512)
        maker = BatchMaker(dataset, context, options.seed, choice.device)

    chosen = {"epochs": options.epochs or (2 if options.quick else None), "fanouts": options.fanouts,
              "batch_size": options.batch_size or (128 if options.quick else None)}
    settings = dataclasses.replace(Settings(), **{name: value for name, value in chosen.items() if value is not None})
    if options.fanouts:
        settings = dataclasses.replace(settings, evaluation_fanouts=tuple(-1 if k < 0 else 2 * k
                                                                          for k in options.fanouts))

    parts = [len(dataset.nodes_of(part)) for part in (data.TRAIN, data.VALIDATION, data.TEST)]
    if not all(parts):
        print(f"graphsage: the parts of the split have {parts} labelled nodes; none may be empty", file=sys.stderr)
        return 1
    relations = f" from {dataset.num_relations:,} relations" if dataset.num_relations else ""
    resolved = context.memory_info("unified").resolved
    print(f"{dataset.name}: {dataset.num_nodes:,} nodes, {dataset.num_edges:,} edges{relations}, "
          f"{maker.width} features, {dataset.num_classes} classes\n"
          f"{parts[0]:,} nodes to train, {parts[1]:,} to choose the model, {parts[2]:,} to test it\n"
          f"unitensor {unitensor.__version__}, {options.threads} threads; unified memory is {resolved} memory here; "
          f"PyTorch {torch.__version__}\n"
          f"batches are made and the model is trained on {choice.device} ({choice.reason})", flush=True)

    outcome = train(dataset, maker, settings, options.seed, clock)
    print("computing the baselines", flush=True)
    with clock.measure("baselines"):
        accuracies = baselines.compute(dataset, options.seed)
    print("sampling and gathering an epoch in plain PyTorch as well", flush=True)
    with clock.measure("comparison"):
        comparison = compare_in_own_process(dataset, settings.batch_size, settings.fanouts, options.seed,
                                            options.threads, choice.device.type)

    title = f"GraphSAGE, {dataset.name}: {outcome.test_accuracy:.1%} of the test part"
    report.draw(options.picture, title, outcome, accuracies, clock.seconds, comparison)
    total = time.perf_counter() - begin
    print()
    print(report.accuracy_table(outcome, accuracies), end="\n\n")
    print(report.time_table(clock.seconds, total), end="\n\n")
    print(report.comparison_table(comparison), end="\n\n")
    print(f"picture: {options.picture}")
    if options.json:
        details = {"nodes": dataset.num_nodes, "edges": dataset.num_edges, "classes": dataset.num_classes,
                   "seed": options.seed, "threads": options.threads, "device": str(choice.device),
                   "settings": dataclasses.asdict(settings)}
        report.write_json(options.json, outcome, accuracies, clock.seconds, total, comparison, options.picture,
                          details)
    return 0


if __name__ == "__main__":
    sys.exit(main())
