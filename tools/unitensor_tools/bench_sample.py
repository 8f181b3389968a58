# SPDX-License-Identifier: Apache-2.0
"""Sample neighbours over several hops without replacement and relabel them. On the CPU: unitensor with each number of threads,
and a plain reference loop on one thread (in a build tree) that draws the same numbers. On a device: unitensor from a graph in
each kind of memory, a sample on the CPU that is then copied, and the plain copy of as many bytes over the link. In turn;
every call gets seeds of its own; the results are compared once."""

from __future__ import annotations

import argparse
import itertools
from typing import Any, Callable, Iterator, Sequence

import numpy as np
import unitensor as ut

from . import graphs, places, plain, reference, report, rows, sizes
from .places import Place
from .progress import progress
from .timing import Contestant, interleave, interleave_calls, median, ratio

TARGETS = "at most 1.2 times the reference loop's time on one thread, and 1.3 times that speed on two"
_BATCHES = 64  # different sets of seeds, used in turn
_PLAIN, _CPU_PATH = "plain copy", "cpu path"
_PARTS = ("nodes", "sources", "targets")

Arrays = Sequence[np.ndarray[Any, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--edges", type=sizes.size_list, default=[10_000_000], metavar="N,N", help="edges of the graph (10000000)"
    )
    parser.add_argument("--nodes", type=sizes.size, metavar="N", help="nodes of the graph (a twentieth of the edges)")
    parser.add_argument(
        "--graph",
        choices=["power-law", "uniform"],
        default="power-law",
        help="how degrees are distributed (%(default)s)",
    )
    parser.add_argument("--seeds", type=sizes.size_list, default=[1024], metavar="N,N", help="seed nodes of a batch (1024)")
    parser.add_argument(
        "--fanouts", type=sizes.size_list, default=[15, 10, 5], metavar="N,N", help="of each hop (15,10,5)"
    )
    parser.add_argument(
        "--batches", type=sizes.size_list, default=[10], metavar="N,N", help="batches in one measurement (10)"
    )
    rows.add_common_arguments(parser, "of the graph and of the seed nodes (1)", 15, TARGETS)


def _graph(arrays: Arrays, memory: str, context: ut.Context) -> ut.Graph:
    indptr, indices = (ut.tensor(array, memory=memory, context=context) for array in arrays)
    return ut.Graph(indptr, indices, context=context)


def _sample_in_turn(
    options: argparse.Namespace, graph: ut.Graph, batches: Sequence[Any], context: ut.Context | None = None
) -> Callable[[int], None]:
    def call(number: int) -> None:
        for batch in range(options.batches):
            graph.sample_neighbors(batches[(number * options.batches + batch) % _BATCHES], options.fanouts, seed=number)
        if context is not None:
            context.synchronize()

    return call


def _measure_cpu(
    options: argparse.Namespace, by_threads: dict[int, ut.Graph], sampler: Any, batches: Arrays
) -> dict[str, Any]:
    contestants: dict[str, Callable[[int], Any]] = {}

    def run_reference(number: int) -> None:
        for batch in range(options.batches):
            sampler(batches[(number * options.batches + batch) % _BATCHES], number)

    for threads, graph in by_threads.items():
        contestants[f"unitensor, {threads} threads"] = _sample_in_turn(options, graph, batches)
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


def _require_same(mine: ut.Sample, theirs: Arrays, whose: str, context: ut.Context) -> None:
    for part, expected in zip(_PARTS, theirs):
        found = np.empty_like(expected)
        tensor = getattr(mine, part)
        if tensor.shape == expected.shape:
            tensor.copy_to(found)
            context.synchronize()
        if tensor.shape != expected.shape or not np.array_equal(found, expected):
            raise ut.Error(f"the sample differs from {whose}")


def _on_cpu(
    options: argparse.Namespace, place: Place, arrays: Arrays, batches: Arrays, loops: Any
) -> tuple[dict[str, Any], ut.Sample]:
    contexts = {threads: ut.Context(num_threads=threads) for threads in rows.threads_of(options, place)}
    by_threads = {threads: _graph(arrays, place.memory, context) for threads, context in contexts.items()}
    first = next(iter(by_threads.values()))
    sample = first.sample_neighbors(batches[0], options.fanouts, seed=7)
    sampler = None
    if loops is not None:
        # From the same memory, so that both have its huge pages.
        sampler = reference.Sampler(loops, first.indptr.numpy(), first.indices.numpy(), options.fanouts)
        _require_same(sample, sampler(batches[0], 7), "the reference loop's", first.context)
    result: dict[str, Any] = {}
    for attempt in range(1, 4 if options.check else 2):
        result = _measure_cpu(options, by_threads, sampler, batches)
        result["attempts"] = attempt
        if not missed(result):
            break
    return result, sample


def _on_device(
    options: argparse.Namespace, place: Place, threads: int, arrays: Arrays, batches: Arrays
) -> tuple[dict[str, Any], ut.Sample]:
    context = ut.Context(num_threads=threads)
    graph, on_host = (_graph(arrays, memory, context) for memory in (place.memory, "host"))
    device_batches = [rows.on_device(batch, context) for batch in batches]
    expected = on_host.sample_neighbors(batches[0], options.fanouts, seed=7)
    sample = graph.sample_neighbors(device_batches[0], options.fanouts, seed=7)
    _require_same(sample, [getattr(expected, part).numpy() for part in _PARTS], "the CPU's", context)
    num_bytes = sum(getattr(sample, part).nbytes for part in _PARTS)
    device = ut.empty((num_bytes,), np.uint8, memory="device", context=context)
    pinned = ut.zeros((num_bytes,), np.uint8, memory="pinned", context=context)

    def over_cpu(number: int) -> None:
        for batch in range(options.batches):
            seeds = batches[(number * options.batches + batch) % _BATCHES]
            made = on_host.sample_neighbors(seeds, options.fanouts, seed=number)
            for part in _PARTS:
                ut.tensor(getattr(made, part), memory="device", context=context)
        context.synchronize()

    contestants = {
        "unitensor": Contestant(_sample_in_turn(options, graph, device_batches, context)),
        _CPU_PATH: Contestant(over_cpu),
        _PLAIN: Contestant(plain.over_link(device, pinned), options.batches, context.synchronize),
    }
    times = interleave_calls(contestants, options.repetitions)
    # Those are of one copy, the others of all batches.
    times[_PLAIN] = [seconds * options.batches for seconds in times[_PLAIN]]
    result = {
        "threads": threads,
        "seconds": times,
        "milliseconds_per_batch": {name: median(values) / options.batches * 1e3 for name, values in times.items()},
        "speed_over_cpu_path": ratio(times, _CPU_PATH, "unitensor"),
        "speed_over_plain_copy": ratio(times, _PLAIN, "unitensor"),
    }
    return result, sample


def _of_graph(
    options: argparse.Namespace, found: Sequence[Place], arrays: Arrays, batches: Arrays, loops: Any
) -> Iterator[dict[str, Any]]:
    """The results of one graph, number of seeds and number of batches."""
    for place in found:
        if place.on_device:
            measured = [
                _on_device(options, place, threads, arrays, batches) for threads in rows.threads_of(options, place)
            ]
        else:
            measured = [_on_cpu(options, place, arrays, batches, loops)]
        for result, sample in measured:
            yield {
                "memory": place.memory,
                "is": place.resolved,
                "computed_on": place.device,
                "edges": options.edges,
                "nodes": arrays[0].size - 1,
                "seeds": options.seeds,
                "batches": options.batches,
                **result,
                "nodes_per_batch": sample.num_nodes,
                "edges_per_batch": sample.num_edges,
            }


def _all_results(options: argparse.Namespace, found: Sequence[Place]) -> Iterator[dict[str, Any]]:
    loops = reference.load("reference", options.reference)
    cases = list(dict.fromkeys(itertools.product(options.edges, options.seeds, options.batches)))
    made = 0
    arrays: Arrays = ()
    for edges, seeds, num_batches in progress(cases, "sample"):
        one = argparse.Namespace(**{**vars(options), "edges": edges, "seeds": seeds, "batches": num_batches})
        num_nodes = options.nodes or max(1, edges // 20)
        if edges != made:
            made, arrays = edges, graphs.make(num_nodes, edges, options.graph, options.seed)
        random = np.random.default_rng(options.seed + 1)
        batches = [random.choice(num_nodes, min(seeds, num_nodes), replace=False) for _ in range(_BATCHES)]
        yield from _of_graph(one, found, arrays, batches, loops)


def _print_cpu(result: dict[str, Any], edges: int) -> None:
    report.print_table(
        ["", "ms per batch", "million edges/s", "time over reference", "speed over one thread"],
        [
            [
                name,
                f"{ms:.3f}",
                f"{edges / ms / 1e3:.1f}",
                report.ratio_text(result["time_over_reference"].get(name)),
                report.ratio_text(result["speed_over_one_thread"].get(name)),
            ]
            for name, ms in result["milliseconds_per_batch"].items()
        ],
    )


def _print_device(result: dict[str, Any], edges: int) -> None:
    over = {_CPU_PATH: "speed_over_cpu_path", _PLAIN: "speed_over_plain_copy"}
    report.print_table(
        ["", "ms per batch", "million edges/s", "speed of unitensor over it"],
        [
            [name, f"{ms:.3f}", f"{edges / ms / 1e3:.1f}", report.ratio_text(result.get(over.get(name, "")))]
            for name, ms in result["milliseconds_per_batch"].items()
        ],
    )


def _print(results: Sequence[dict[str, Any]], fanouts: Sequence[int]) -> None:
    for result in results:
        nodes, edges = result["nodes_per_batch"], result["edges_per_batch"]
        print(
            f"{result['edges']} edges in {result['memory']} memory, computed on {result['computed_on']}, "
            f"{result['seeds']} seeds, fan-outs {fanouts}, {result['batches']} batches at once: {nodes} nodes and {edges} "
            "edges in a batch"
        )
        (_print_cpu if result["computed_on"] == "cpu" else _print_device)(result, edges)


def run(options: argparse.Namespace) -> int:
    report.check_files(options)
    if options.quick:
        options.edges, options.seeds, options.batches = [50_000], [64], [2]
    options.repetitions = options.repetitions or (2 if options.quick else 15)
    found = places.find(options.memory, options.device)
    if any(not 1 <= fanout <= 64 for fanout in options.fanouts):
        raise OSError("--fanouts are from 1 to 64, as far as the reference loop goes")
    results = list(_all_results(options, found))
    parameters = rows.parameters(options, "edges", "graph", "seeds", "batches", "repetitions", "seed")
    content = report.document("sample", {**parameters, "fanouts": options.fanouts}, results)
    if options.json != "-":
        _print(results, options.fanouts)
    report.write_files(content, options)
    misses = [miss for result in results if result["computed_on"] == "cpu" for miss in missed(result)]
    if options.check:
        report.print_misses(misses)
    return 1 if options.check and misses else 0
