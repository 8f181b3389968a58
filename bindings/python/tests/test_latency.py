# SPDX-License-Identifier: Apache-2.0
"""What one row costs through Python. Printed (pytest -s); asserted only loosely, because machines are busy."""
import time

import numpy as np
import pytest

import unitensor as ut


def best_microseconds(function, repeats=30, calls=2000):
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(calls):
            function()
        best = min(best, (time.perf_counter() - begin) / calls)
    return best * 1e6


@pytest.mark.parametrize("case", ["NumPy index, NumPy out", "NumPy index, Tensor out", "Tensor index, Tensor out",
                                  "NumPy index, new Tensor"])
def test_one_row(case, capsys):
    tensor = ut.zeros((1000, 32))
    index = np.array([5])
    out = np.empty((1, 32), np.float32)
    function = {
        "NumPy index, NumPy out": lambda: tensor.gather(index, out=out),
        "NumPy index, Tensor out": lambda: tensor.gather(index, out=target),
        "Tensor index, Tensor out": lambda: tensor.gather(place, out=target),
        "NumPy index, new Tensor": lambda: tensor.gather(index),
    }[case]
    target, place = ut.wrap(out), ut.wrap(index)
    microseconds = best_microseconds(function)
    with capsys.disabled():
        print(f"\n  one row of 128 bytes, {case}: {microseconds:.2f} us")
    assert microseconds < 30
