# SPDX-License-Identifier: Apache-2.0
"""What `--check` holds results on a device to: those that just reach a target, and those that just miss it."""

import argparse
import os
import sys

import numpy
import pytest

COMMAND = os.environ["UNITENSOR_COMMAND"]
sys.path[:0] = [os.path.dirname(COMMAND), os.path.join(os.path.dirname(COMMAND), "..", "bindings", "python")]
from unitensor_tools import bench_gather, bench_sample  # noqa: E402
from unitensor_tools.gather_contestants import Variant  # noqa: E402

FIGURES = (
    "speed_over_torch", "time_over_reference", "speed_over_plain_copy", "speed_over_cpu_path", "speed_over_device_copy",
    "speed_over_as_given", "speed_over_more_multiprocessors",
)  # fmt: skip
LINK, CPU = "the rate of a copy over the link", "the speed of the way over the CPU"
MORE, AS_GIVEN = "the speed of more multiprocessors", "the speed of the order as given"
WITHIN = "the rate of a copy within the device's memory"


def gathered(memory, row_bytes, **given):
    return {
        "memory": memory, "is": memory.replace("unified", "managed"), "computed_on": "cuda:0", "table_size": 16 << 30,
        "row_bytes": row_bytes, "threads": 16, "count": 1 << 20, "dtype": "float32", "out_dtype": "float32", "tensors": 1,
        "order": "auto", "num_multiprocessors": 0, **dict.fromkeys(FIGURES), **given,
    }  # fmt: skip


def on_the_cpu(result):
    kept = {name: value for name, value in result.items() if name not in ("order", "num_multiprocessors")}
    return {**kept, "computed_on": "cpu"}


def over_link(row_bytes, least):
    return [(memory, row_bytes, "speed_over_plain_copy", least, LINK) for memory in ("managed", "unified")]


GATHER_TARGETS = [
    *over_link(128, 0.8), *over_link(256, 0.9), *over_link(400, 0.76), *over_link(1024, 0.9), *over_link(2408, 0.82),
    *over_link(4096, 0.9),
    *[(memory, row_bytes, "speed_over_cpu_path", 2.2, CPU)
      for memory in ("managed", "unified") for row_bytes in (128, 132, 256, 2408)],
    *[("managed", row_bytes, "speed_over_more_multiprocessors", 0.97, MORE) for row_bytes in (128, 256, 400, 2408)],
    *[("device", row_bytes, "speed_over_device_copy", 0.9, WITHIN) for row_bytes in (256, 260, 4096)],
]  # fmt: skip


@pytest.mark.parametrize("memory, row_bytes, figure, least, over", GATHER_TARGETS)
def test_gathers_on_a_device_are_held_to_their_targets(memory, row_bytes, figure, least, over):
    assert bench_gather.missed(gathered(memory, row_bytes, **{figure: least})) == []
    slow = gathered(memory, row_bytes, **{figure: least - 0.01})
    assert bench_gather.missed(slow) == [
        f"{memory} memory, rows of {row_bytes} bytes: {least - 0.01:.2f} times {over}, expected {least}"
    ]
    assert bench_gather.missed({**slow, figure: None}) == []
    assert bench_gather.missed(on_the_cpu(slow)) == []
    # Just larger than 1 GiB is large.
    assert len(bench_gather.missed({**slow, "table_size": (1 << 30) + 4096})) == 1
    for other in (
        {"table_size": 1 << 30}, {"order": "by_page"}, {"order": "as_given"}, {"num_multiprocessors": 2}, {"tensors": 2},
        {"out_dtype": "float16"},
    ):  # fmt: skip
        assert bench_gather.missed({**slow, **other}) == []


def test_gathers_in_device_memory_are_held_to_the_copy_there():
    def result(row_bytes, speed, order="auto"):
        return gathered("device", row_bytes, order=order, speed_over_device_copy=speed)

    assert bench_gather.missed(result(256, 0.9)) == []
    assert bench_gather.missed(result(128, 0.5)) == [] and bench_gather.missed(result(256, 0.5, "by_page")) == []
    assert bench_gather.missed(result(256, 0.89)) == [
        "device memory, rows of 256 bytes: 0.89 times the rate of a copy within the device's memory, expected 0.9"
    ]


def test_rows_and_memory_that_no_target_names_are_not_held_to_one():
    slow = {figure: 0.1 for figure in FIGURES[2:]}
    for memory in ("managed", "unified"):
        assert bench_gather.missed(gathered(memory, 64, **slow)) == []
        # Neither a multiple of 128 bytes nor one of the two others: held to the CPU path alone.
        (miss,) = bench_gather.missed(gathered(memory, 404, **{**slow, "speed_over_device_copy": None}))
        assert CPU in miss
    for row_bytes in (128, 256, 400, 2408):
        assert bench_gather.missed(gathered("pinned", row_bytes, **{**slow, "speed_over_device_copy": None})) == []
    assert bench_gather.missed(gathered("device", 128, **slow)) == []
    assert len(bench_gather.missed(gathered("device", 256, **slow))) == 1


def test_every_target_that_a_gather_misses_is_named():
    misses = bench_gather.missed(
        gathered("unified", 128, speed_over_plain_copy=0.79, speed_over_cpu_path=2.1, speed_over_more_multiprocessors=0.9)
    )
    assert [any(over in miss for miss in misses) for over in (LINK, CPU, MORE)] == [True] * 3 and len(misses) == 3


def test_the_order_of_pinned_memory_is_held_to_what_it_gains():
    def result(speed, **given):
        return {**gathered("pinned", 128, table_size=8 << 30, speed_over_as_given=speed), **given}

    assert bench_gather.missed(result(6.0)) == []
    assert bench_gather.missed(result(5.9)) == [f"pinned memory, rows of 128 bytes: 5.90 times {AS_GIVEN}, expected 6"]
    assert bench_gather.missed(result(None)) == [] and bench_gather.missed(on_the_cpu(result(5.9))) == []
    for other in (
        {"table_size": 4 << 30}, {"table_size": 16 << 30}, {"row_bytes": 256}, {"count": 1 << 19}, {"order": "by_page"},
        {"memory": "managed"}, {"num_multiprocessors": 132},
    ):  # fmt: skip
        assert bench_gather.missed(result(5.9, **other)) == []


def test_the_own_number_of_multiprocessors_is_compared_with_the_fastest_larger_one():
    variants = [Variant(order, number) for order in ("auto", "as_given") for number in (0, 8, 12, 16, 132)]
    seconds = dict(zip(variants, (1.0, 0.1, 0.1, 0.98, 0.99, 2.0, 0.1, 0.1, 1.0, 4.0)))
    times = {variant.name: [value] * 3 for variant, value in seconds.items()}

    def compared(variant, among=variants):
        return bench_gather._over_more_multiprocessors(times, variant, among)

    assert compared(Variant()) == pytest.approx(0.98)
    assert compared(Variant("as_given")) == pytest.approx(0.5)
    assert compared(Variant("auto", 16)) is None
    assert compared(Variant(), variants[:3]) is None


H100 = "NVIDIA H100 80GB HBM3"
NODES, EDGES = 5_000_000, 15_000_000
NO_FIGURES = {"time_over_reference": {}, "speed_over_one_thread": {}}


def sampled(memory, seeds, milliseconds, **given):
    return {
        "memory": memory, "is": memory.replace("unified", "managed"), "computed_on": "cuda:0", "edges": 100_000_000,
        "nodes": NODES, "seeds": seeds, "batches": 10, "edges_per_batch": EDGES,
        "milliseconds_per_batch": {"unitensor": milliseconds, "cpu path": 1000.0, "plain copy": 0.001}, **given,
    }  # fmt: skip


@pytest.mark.parametrize("memory, rate", [("device", 10_000), ("managed", 1_800), ("unified", 1_800)])
def test_one_hop_on_a_device_is_held_to_a_rate(memory, rate):
    reached = EDGES / rate / 1e3

    def missed(milliseconds, seeds=1 << 20, fanouts=(15,), device=H100, **given):
        return bench_sample.missed(sampled(memory, seeds, milliseconds, **given), fanouts, device)

    assert missed(reached * 0.999) == []
    assert missed(reached * 1.01) == [
        f"{memory} memory, one hop: {rate / 1.01:.0f} million edges a second, expected {rate}"
    ]
    slow = reached * 2
    assert len(missed(slow, device="NVIDIA H200")) == 1 and len(missed(slow, seeds=1 << 21)) == 1
    assert missed(slow, device="NVIDIA A100") == [] and missed(slow, device="emulated device") == []
    assert missed(slow, seeds=1024) == [] and missed(slow, fanouts=(10,)) == [] and missed(slow, fanouts=(15, 15)) == []
    # No more of them than there are nodes.
    assert missed(slow, nodes=1000) == []
    assert missed(slow, milliseconds_per_batch={}) == []
    assert bench_sample.missed({**sampled(memory, 1 << 20, slow, **NO_FIGURES), "computed_on": "cpu"}, (15,), H100) == []


@pytest.mark.parametrize("memory, most", [("device", 0.7), ("managed", 1.5), ("unified", 1.5)])
def test_three_hops_on_a_device_are_held_to_a_time(memory, most):
    def missed(milliseconds, seeds=1024, fanouts=(15, 10, 5), device=H100, **given):
        return bench_sample.missed(sampled(memory, seeds, milliseconds, **given), fanouts, device)

    assert missed(most) == []
    assert missed(most + 0.01) == [f"{memory} memory, three hops: {most + 0.01:.3f} ms per batch, expected at most {most}"]
    slow = most * 2
    assert len(missed(slow, device="NVIDIA H200")) == 1 and len(missed(slow, edges=100 << 20)) == 1
    assert missed(slow, device="NVIDIA A100") == [] and missed(slow, device="") == []
    assert missed(slow, seeds=2048) == [] and missed(slow, fanouts=(15, 10)) == []
    assert missed(slow, edges=50_000_000) == [] and missed(slow, edges=10**9) == []
    assert missed(slow, milliseconds_per_batch={}) == []
    on_cpu = {**sampled(memory, 1024, slow, **NO_FIGURES), "computed_on": "cpu"}
    assert bench_sample.missed(on_cpu, (15, 10, 5), H100) == []


@pytest.mark.parametrize("memory", ["pinned", "host"])
def test_samples_from_other_memory_are_not_held_to_a_rate(memory):
    assert bench_sample.missed(sampled(memory, 1 << 20, 1000.0), (15,), H100) == []
    assert bench_sample.missed(sampled(memory, 1024, 1000.0), (15, 10, 5), H100) == []


def test_no_two_calls_have_the_same_seeds(monkeypatch):
    seeds = bench_sample.Seeds(numpy.random.default_rng(1), 10_000, 64)
    drawn = [seeds.first, *seeds.batches(500), *seeds.batches(500)]
    assert len({tuple(one) for one in drawn}) == 1001
    assert all(len(set(one)) == 64 and 0 <= min(one) and max(one) < 10_000 for one in drawn)
    assert bench_sample.Seeds(numpy.random.default_rng(1), 50, 64).first.size == 50
    # And no more memory than is meant for them.
    monkeypatch.setattr(bench_sample, "_MOST_SEED_BYTES", 10 * 64 * 8)
    assert len(seeds.batches(500)) == 10 and len(seeds.batches(5)) == 5
    monkeypatch.setattr(bench_sample, "_MOST_SEED_BYTES", 1)
    assert len(seeds.batches(500)) == 1


class Recorder:
    """A graph, and a reference loop, that keep what they are asked to sample around."""

    def __init__(self, seen):
        self._seen = seen

    def sample_neighbors(self, seeds, fanouts, seed):
        self._seen.append(tuple(seeds))

    def __call__(self, seeds, seed):
        self._seen.append(tuple(seeds))


def test_a_measurement_has_seeds_for_all_of_its_calls():
    options = argparse.Namespace(repetitions=7, batches=10, fanouts=[15])
    seen = []
    seeds = bench_sample.Seeds(numpy.random.default_rng(1), 10_000, 64)
    for _ in range(2):
        bench_sample._measure_cpu(options, {1: Recorder(seen), 2: Recorder(seen)}, Recorder(seen), seeds)
    assert len(seen) == len(set(seen)) == 2 * (7 + 1) * 3 * 10
