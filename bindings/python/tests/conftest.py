# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

import unitensor as ut


@pytest.fixture
def context():
    return ut.Context(num_threads=2)


@pytest.fixture
def rows():
    """A tensor of 10 rows of 4 float32, each element its place."""
    return ut.tensor(np.arange(40, dtype=np.float32).reshape(10, 4))


@pytest.fixture
def graph():
    """Five nodes; the in-neighbours of v are 0 .. v - 1."""
    return ut.Graph(np.array([0, 0, 1, 3, 6, 10], dtype=np.int64), np.array([0, 0, 1, 0, 1, 2, 0, 1, 2, 3]))


def address(array):
    """Where an array's memory begins."""
    return array.__array_interface__["data"][0]
