# SPDX-License-Identifier: Apache-2.0
"""How contestants are timed next to each other."""

import collections
import os
import sys

sys.path[:0] = [os.path.dirname(os.environ["UNITENSOR_COMMAND"])]
from unitensor_tools import timing  # noqa: E402


def test_calls_are_counted_and_finished():
    numbers, finished = [], []
    contestant = timing.Contestant(numbers.append, 3, lambda: finished.append(len(numbers)))
    times = timing.interleave_calls({"a": contestant, "b": timing.Contestant(numbers.append)}, 2)
    assert {name: len(values) for name, values in times.items()} == {"a": 2, "b": 2}
    assert len(finished) == 3 and len(numbers) == 3 * 4


def test_each_comes_after_every_other_about_as_often():
    calls = []
    names = "abcd"
    repetitions = 400
    times = timing.interleave({name: lambda number, name=name: calls.append((name, number)) for name in names}, repetitions)
    assert {name: len(values) for name, values in times.items()} == dict.fromkeys(names, repetitions)
    assert [number for _, number in calls] == list(range(len(calls)))
    for begin in range(0, len(calls), len(names)):
        assert sorted(name for name, _ in calls[begin : begin + len(names)]) == list(names)
    order = [name for name, _ in calls]
    pairs = collections.Counter(zip(order, order[1:]))
    # A quarter of the 400 with each of the three others in front, some with itself; in rotation it would be one or two.
    assert min(pairs[before, after] for before in names for after in names if before != after) > repetitions // 8


def test_ratios_are_of_one_repetition():
    times = {"ours": [1.0, 4.0, 1.0], "theirs": [2.0, 4.0, 8.0]}
    assert timing.ratio(times, "theirs", "ours") == 2.0
    assert timing.ratio(times, "theirs", "nobody") is None
