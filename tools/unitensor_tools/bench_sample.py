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

TARGETS = (
    "at most 1.2 times the reference loop's time on one thread, and 1.3 times that speed on two; on an H100 or H200, from a "
    "graph in its memory, and in managed or unified memory: 10000 and 1800 million edges a second of one hop of 15 from 1M "
    "seeds and more; 0.7 and 1.5 ms for a batch of 1024 seeds with fan-outs 15,10,5 on 100000000 edges"
)
_MOST_SEED_BYTES = 256 << 20
_FAST_DEVICES = ("H100", "H200")
# Of one hop, which has to be so large that what a call costs does not count.
_HOP, _HOP_SEEDS = [15], 1 << 20
_LEAST_EDGES_PER_SECOND = {"device": 10_000e6, "managed": 1_800e6, "unified": 1_800e6}
# With relabelling, on 10^8 edges or, as these can be given too, 100M.
_HOPS, _HOPS_SEEDS, _HOPS_EDGES = [15, 10, 5], 1024, (100_000_000, 100 << 20)
_MOST_MILLISECONDS = {"device": 0.7, "managed": 1.5, "unified": 1.5}
_PLAIN, _CPU_PATH = "plain copy", "cpu path"
_PARTS = ("nodes", "sources", "targets")

Arrays = Sequence[np.ndarray[Any, Any]]


class Seeds:
    """Sets of so many seed nodes, drawn anew for each call."""

    def __init__(self, random: np.random.Generator, num_nodes: int, size: int) -> None:
        self._random, self._num_nodes = random, num_nodes
        self._size = min(size, num_nodes)
        self.first = self._draw()
        """What the contestants are compared by, before any of them is measured."""

    def _draw(self) -> np.ndarray[Any, Any]:
        return self._random.choice(self._num_nodes, self._size, replace=False)

    def batches(self, calls: int) -> Arrays:
        """One for each call. Very large ones are used in turn: when one comes again, the others have long driven what it
        brought out of every cache."""
        most = max(1, _MOST_SEED_BYTES // self.first.nbytes)
        return [self._draw() for _ in range(min(calls, most))]


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


def _num_batches(options: argparse.Namespace, contestants: int) -> int:
    """Of all calls of a measurement, with the one before those that count."""
    return int((options.repetitions + 1) * contestants * options.batches)


def _of_call(options: argparse.Namespace, batches: Sequence[Any], number: int) -> Iterator[Any]:
    for batch in range(options.batches):
        yield batches[(number * options.batches + batch) % len(batches)]


def _sample_in_turn(
    options: argparse.Namespace, graph: ut.Graph, batches: Sequence[Any], context: ut.Context | None = None
) -> Callable[[int], None]:
    def call(number: int) -> None:
        for seeds in _of_call(options, batches, number):
            graph.sample_neighbors(seeds, options.fanouts, seed=number)
        if context is not None:
            context.synchronize()

    return call


def _measure_cpu(
    options: argparse.Namespace, by_threads: dict[int, ut.Graph], sampler: Any, seeds: Seeds
) -> dict[str, Any]:
    contestants: dict[str, Callable[[int], Any]] = {}
    batches = seeds.batches(_num_batches(options, len(by_threads) + (sampler is not None)))

    def run_reference(number: int) -> None:
        for batch in _of_call(options, batches, number):
            sampler(batch, number)

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


def _missed_on_cpu(result: dict[str, Any]) -> list[str]:
    misses = []
    time = result["time_over_reference"].get("unitensor, 1 threads")
    if time is not None and time > 1.2:
        misses.append(f"one thread: {time:.2f} times the reference loop's time, expected at most 1.2")
    speed = result["speed_over_one_thread"].get("unitensor, 2 threads")
    if speed is not None and speed < 1.3:
        misses.append(f"two threads: {speed:.2f} times the speed of one, expected 1.3")
    return misses


def _missed_on_device(result: dict[str, Any], fanouts: Sequence[int], device: str) -> list[str]:
    """These are absolute, and so of the devices for which they were set."""
    milliseconds = result["milliseconds_per_batch"].get("unitensor")
    memory = result["memory"]
    if milliseconds is None or memory not in _MOST_MILLISECONDS or not any(name in device for name in _FAST_DEVICES):
        return []
    misses = []
    seeds, fanouts = min(result["seeds"], result["nodes"]), list(fanouts)
    rate, least = result["edges_per_batch"] / milliseconds * 1e3, _LEAST_EDGES_PER_SECOND[memory]
    if fanouts == _HOP and seeds >= _HOP_SEEDS and rate < least:
        misses.append(f"{memory} memory, one hop: {rate / 1e6:.0f} million edges a second, expected {least / 1e6:.0f}")
    most = _MOST_MILLISECONDS[memory]
    large = _HOPS_EDGES[0] <= result["edges"] <= _HOPS_EDGES[1]
    if fanouts == _HOPS and seeds == _HOPS_SEEDS and large and milliseconds > most:
        misses.append(f"{memory} memory, three hops: {milliseconds:.3f} ms per batch, expected at most {most}")
    return misses


def missed(result: dict[str, Any], fanouts: Sequence[int] = (), device: str = "") -> list[str]:
    """What a result falls short of; `device` is the name of what computed it, where that was none of the CPU's."""
    if result.get("computed_on", "cpu") == "cpu":
        return _missed_on_cpu(result)
    return _missed_on_device(result, fanouts, device)


def _require_same(mine: ut.Sample, theirs: Arrays, whose: str, context: ut.Context) -> None:
    for part, expected in zip(_PARTS, theirs):
        found = np.empty_like(expected)
        tensor = getattr(mine, part)
        if tensor.shape == expected.shape:
            tensor.copy_to(found)
            context.synchronize()
        if tensor.shape != expected.shape or not np.array_equal(found, expected):
            raise ut.Error(f"the sample differs from {whose}")


def _head(options: argparse.Namespace, place: Place, arrays: Arrays, sample: ut.Sample) -> dict[str, Any]:
    return {
        "memory": place.memory,
        "is": place.resolved,
        "computed_on": place.device,
        "edges": options.edges,
        "nodes": arrays[0].size - 1,
        "seeds": options.seeds,
        "batches": options.batches,
        "nodes_per_batch": sample.num_nodes,
        "edges_per_batch": sample.num_edges,
    }


def _attempts(
    options: argparse.Namespace, place: Place, head: dict[str, Any], measure: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for attempt in range(1, 4 if options.check else 2):
        result = {**head, **measure(), "attempts": attempt}
        if not missed(result, options.fanouts, places.device_name(place)):
            break
    return result


def _on_cpu(options: argparse.Namespace, place: Place, arrays: Arrays, seeds: Seeds, loops: Any) -> dict[str, Any]:
    contexts = {threads: ut.Context(num_threads=threads) for threads in rows.threads_of(options, place)}
    by_threads = {threads: _graph(arrays, place.memory, context) for threads, context in contexts.items()}
    first = next(iter(by_threads.values()))
    sample = first.sample_neighbors(seeds.first, options.fanouts, seed=7)
    sampler = None
    if loops is not None:
        # From the same memory, so that both have its huge pages.
        sampler = reference.Sampler(loops, first.indptr.numpy(), first.indices.numpy(), options.fanouts)
        _require_same(sample, sampler(seeds.first, 7), "the reference loop's", first.context)
    head = _head(options, place, arrays, sample)
    return _attempts(options, place, head, lambda: _measure_cpu(options, by_threads, sampler, seeds))


def _measure_device(
    options: argparse.Namespace, graph: ut.Graph, on_host: ut.Graph, seeds: Seeds, num_bytes: int
) -> dict[str, Any]:
    context = graph.context
    batches = seeds.batches(_num_batches(options, 3))
    device_batches = [rows.on_device(batch, context) for batch in batches]
    device = ut.empty((num_bytes,), np.uint8, memory="device", context=context)
    pinned = ut.zeros((num_bytes,), np.uint8, memory="pinned", context=context)

    def over_cpu(number: int) -> None:
        for batch in _of_call(options, batches, number):
            made = on_host.sample_neighbors(batch, options.fanouts, seed=number)
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
    return {
        "seconds": times,
        "milliseconds_per_batch": {name: median(values) / options.batches * 1e3 for name, values in times.items()},
        "speed_over_cpu_path": ratio(times, _CPU_PATH, "unitensor"),
        "speed_over_plain_copy": ratio(times, _PLAIN, "unitensor"),
    }


def _on_device(options: argparse.Namespace, place: Place, threads: int, arrays: Arrays, seeds: Seeds) -> dict[str, Any]:
    context = ut.Context(num_threads=threads)
    graph, on_host = (_graph(arrays, memory, context) for memory in (place.memory, "host"))
    expected = on_host.sample_neighbors(seeds.first, options.fanouts, seed=7)
    sample = graph.sample_neighbors(rows.on_device(seeds.first, context), options.fanouts, seed=7)
    _require_same(sample, [getattr(expected, part).numpy() for part in _PARTS], "the CPU's", context)
    num_bytes = sum(getattr(sample, part).nbytes for part in _PARTS)
    head = {**_head(options, place, arrays, sample), "threads": threads}
    return _attempts(options, place, head, lambda: _measure_device(options, graph, on_host, seeds, num_bytes))


def _of_graph(
    options: argparse.Namespace, found: Sequence[Place], arrays: Arrays, seeds: Seeds, loops: Any
) -> Iterator[dict[str, Any]]:
    """The results of one graph, number of seeds and number of batches."""
    for place in found:
        if place.on_device:
            for threads in rows.threads_of(options, place):
                yield _on_device(options, place, threads, arrays, seeds)
        else:
            yield _on_cpu(options, place, arrays, seeds, loops)


def _all_results(options: argparse.Namespace, found: Sequence[Place]) -> Iterator[dict[str, Any]]:
    loops = reference.load("reference", options.reference)
    cases = list(dict.fromkeys(itertools.product(options.edges, options.seeds, options.batches)))
    random = np.random.default_rng(options.seed + 1)
    made = 0
    arrays: Arrays = ()
    for edges, seeds, num_batches in progress(cases, "sample"):
        one = argparse.Namespace(**{**vars(options), "edges": edges, "seeds": seeds, "batches": num_batches})
        num_nodes = options.nodes or max(1, edges // 20)
        if edges != made:
            made, arrays = edges, graphs.make(num_nodes, edges, options.graph, options.seed)
        yield from _of_graph(one, found, arrays, Seeds(random, num_nodes, seeds), loops)


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
    names = {place.device: places.device_name(place) for place in found}
    misses = [miss for result in results for miss in missed(result, options.fanouts, names[result["computed_on"]])]
    if options.check:
        report.print_misses(misses)
    return 1 if options.check and misses else 0
