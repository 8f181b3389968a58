# SPDX-License-Identifier: Apache-2.0
"""Sample neighbours over several hops without replacement and relabel them: unitensor with each number of threads, and a
plain reference loop on one thread (in a build tree) that draws the same numbers, in turn. Every call gets seeds of its
own; the results are compared once."""

from __future__ import annotations

import argparse
from typing import Any, Callable

import numpy as np
import unitensor as ut

from . import reference, report, sizes
from .progress import progress
from .timing import interleave, median, ratio

TARGETS = "at most 1.2 times the reference loop's time on one thread, and 1.3 times that speed on two"
_BATCHES = 64  # different sets of seeds, used in turn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--edges", type=sizes.size, default=10_000_000, metavar="N", help="edges of the graph (10000000)"
    )
    parser.add_argument("--nodes", type=sizes.size, metavar="N", help="nodes of the graph (a twentieth of the edges)")
    parser.add_argument(
        "--graph",
        choices=["power-law", "uniform"],
        default="power-law",
        help="how degrees are distributed (%(default)s)",
    )
    parser.add_argument("--seeds", type=sizes.size, default=1024, metavar="N", help="seed nodes of a batch (1024)")
    parser.add_argument(
        "--fanouts", type=sizes.size_list, default=[15, 10, 5], metavar="N,N", help="of each hop (15,10,5)"
    )
    parser.add_argument(
        "--threads", type=sizes.size_list, default=[1, 2], metavar="N,N", help="numbers of threads (1,2)"
    )
    parser.add_argument("--batches", type=int, default=10, metavar="N", help="batches in one measurement (10)")
    parser.add_argument("--repetitions", type=int, default=15, metavar="N", help="measurements of each (15)")
    parser.add_argument("--seed", type=int, default=1, help="of the graph and of the seed nodes (1)")
    parser.add_argument("--quick", action="store_true", help="a small run that shows only that everything works")
    reference.add_argument(parser)
    report.add_json_argument(parser)
    report.add_check_argument(parser, TARGETS)


def make_graph(
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


def _own(array: np.ndarray[Any, Any], context: ut.Context) -> ut.Tensor:
    return ut.tensor(array, context=context)


def _measure(
    options: argparse.Namespace, graphs: dict[int, ut.Graph], sampler: Any, batches: list[np.ndarray[Any, Any]]
) -> dict[str, Any]:
    contestants: dict[str, Callable[[int], Any]] = {}

    def run_library(graph: ut.Graph, number: int) -> None:
        for batch in range(options.batches):
            graph.sample_neighbors(batches[(number * options.batches + batch) % _BATCHES], options.fanouts, seed=number)

    def run_reference(number: int) -> None:
        for batch in range(options.batches):
            sampler(batches[(number * options.batches + batch) % _BATCHES], number)

    for threads, graph in graphs.items():
        contestants[f"unitensor, {threads} threads"] = lambda number, graph=graph: run_library(graph, number)
    if sampler is not None:
        contestants["reference"] = run_reference
    times = interleave(contestants, options.repetitions)
    one = "unitensor, 1 threads"
    results: dict[str, Any] = {
        "seconds": times,
        "milliseconds_per_batch": {name: median(values) / options.batches * 1e3 for name, values in times.items()},
        "time_over_reference": {name: ratio(times, name, "reference") for name in times if name != "reference"},
        "speed_over_one_thread": {name: ratio(times, one, name) for name in times if name != "reference"},
    }
    return results


def missed(result: dict[str, Any]) -> list[str]:
    """What a result falls short of."""
    misses = []
    time = result["time_over_reference"].get("unitensor, 1 threads")
    if time is not None and time > 1.2:
        misses.append(f"one thread: {time:.2f} times the reference loop's time, expected at most 1.2")
    speed = result["speed_over_one_thread"].get("unitensor, 2 threads")
    if speed is not None and speed < 1.3:
        misses.append(f"two threads: {speed:.2f} times the speed of one, expected 1.3")
    return misses


def run(options: argparse.Namespace) -> int:
    if options.quick:
        options.edges, options.seeds, options.batches, options.repetitions = 50_000, 64, 2, 2
    num_nodes = options.nodes or max(1, options.edges // 20)
    if any(not 1 <= fanout <= 64 for fanout in options.fanouts):
        raise OSError("--fanouts are from 1 to 64, as far as the reference loop goes")
    indptr, indices = make_graph(num_nodes, options.edges, options.graph, options.seed)
    random = np.random.default_rng(options.seed + 1)
    batches = [random.choice(num_nodes, min(options.seeds, num_nodes), replace=False) for _ in range(_BATCHES)]
    graphs = {}
    for threads in progress(options.threads, "graph"):
        context = ut.Context(num_threads=threads)
        graphs[threads] = ut.Graph(_own(indptr, context), _own(indices, context), context=context)
    loops = reference.load("reference", options.reference)
    first = next(iter(graphs.values()))
    sample = first.sample_neighbors(batches[0], options.fanouts, seed=7)
    sampler = None
    if loops is not None:
        # From the same memory, so that both have its huge pages.
        sampler = reference.Sampler(loops, first.indptr.numpy(), first.indices.numpy(), options.fanouts)
        for mine, plain in zip((sample.nodes, sample.sources, sample.targets), sampler(batches[0], 7)):
            if not np.array_equal(mine.numpy(), plain):
                raise ut.Error("the reference loop's sample differs from the library's")
    result: dict[str, Any] = {}
    for attempt in range(1, 4 if options.check else 2):
        result = _measure(options, graphs, sampler, batches)
        result["attempts"] = attempt
        if not missed(result):
            break
    result.update(nodes_per_batch=sample.num_nodes, edges_per_batch=sample.num_edges)
    parameters = {
        name: getattr(options, name)
        for name in ("edges", "graph", "seeds", "fanouts", "batches", "repetitions", "seed")
    }
    content = report.document("sample", {**parameters, "nodes": num_nodes}, [result])
    if options.json:
        report.write_json(content, options.json)
    if options.json != "-":
        print(
            f"{options.edges} edges, {options.seeds} seeds, fan-outs {options.fanouts}: {sample.num_nodes} nodes and {sample.num_edges} edges in a batch"
        )
        report.print_table(
            ["", "ms per batch", "million edges/s", "time over reference", "speed over one thread"],
            [
                [
                    name,
                    f"{ms:.3f}",
                    f"{sample.num_edges / ms / 1e3:.1f}",
                    report.ratio_text(result["time_over_reference"].get(name)),
                    report.ratio_text(result["speed_over_one_thread"].get(name)),
                ]
                for name, ms in result["milliseconds_per_batch"].items()
            ],
        )
    misses = missed(result)
    if options.check:
        report.print_misses(misses)
    return 1 if options.check and misses else 0
