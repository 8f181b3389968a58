# SPDX-License-Identifier: Apache-2.0
"""Fair timing on a machine that is not quiet: in every repetition each contestant runs once, in an order drawn anew,
and what is compared are the ratios within a repetition."""

from __future__ import annotations

import dataclasses
import random
import statistics
import time
from typing import Any, Callable, Collection, Mapping, Optional, Sequence

# Threads of PyTorch's spin for some milliseconds after a call of theirs, on processors that the next contestant needs.
_SETTLE_SECONDS = 0.005

Times = dict[str, list[float]]


@dataclasses.dataclass(frozen=True)
class Contestant:
    """What is measured, as `calls` calls in a row. `finish` comes after them and counts: a device has only been told what to
    do when a call returns, and so many calls are made that waiting for it does not matter."""

    call: Callable[[int], Any]
    calls: int = 1
    finish: Optional[Callable[[], None]] = None

    def __call__(self, number: int) -> None:
        for nth in range(self.calls):
            self.call(number * self.calls + nth)
        if self.finish is not None:
            self.finish()


def interleave(contestants: Mapping[str, Callable[[int], Any]], repetitions: int, warmups: int = 1) -> Times:
    """Calls every contestant with a number that never comes again, so that it can take inputs which nobody has brought
    into the caches. Returns the seconds of each call."""
    names = list(contestants)
    times: Times = {name: [] for name in names}
    number = 0
    # Not in rotation, where each comes after the same one nearly always, and finds in the caches what that one left there:
    # rows on small pages were gathered in up to a quarter less time after another gather than after a copy.
    order = random.Random(1)
    for repetition in range(-warmups, repetitions):
        order.shuffle(names)
        for name in names:
            time.sleep(_SETTLE_SECONDS)
            begin = time.perf_counter()
            contestants[name](number)
            seconds = time.perf_counter() - begin
            number += 1
            if repetition >= 0:
                times[name].append(seconds)
    return times


def interleave_calls(contestants: Mapping[str, Contestant], repetitions: int) -> Times:
    """As `interleave`, but the seconds are those of one of a contestant's calls."""
    times = interleave(contestants, repetitions)
    return {name: [value / contestants[name].calls for value in values] for name, values in times.items()}


def of_one(times: Times, name: str, contestants: Collection[str]) -> Times:
    """Without the others of the contestants that are the library's, and with the one called "unitensor"."""
    return {
        "unitensor" if other == name else other: values
        for other, values in times.items()
        if other == name or other not in contestants
    }


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ratio(times: Times, numerator: str, denominator: str) -> float | None:
    """Median over the repetitions of how many times longer `numerator` took than `denominator`; None if either was not
    measured."""
    if not times.get(numerator) or not times.get(denominator):
        return None
    return statistics.median(a / b for a, b in zip(times[numerator], times[denominator]))
