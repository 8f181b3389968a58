# SPDX-License-Identifier: Apache-2.0
"""Other libraries' memory in place, and how long it lives."""
import array
import gc
import weakref

import numpy as np
import pytest

import unitensor as ut
from conftest import address
from unitensor import _library


class Watched(np.ndarray):
    """A NumPy array that can be watched by a weak reference."""


def watched(values):
    return np.array(values).view(Watched)


def test_wrapped_memory_lives_as_long_as_it_is_used():
    before = _library.num_kept()
    owner = watched([1, 2, 3])
    alive = weakref.ref(owner)
    tensor = ut.wrap(owner)
    assert tensor.memory == "host" and tensor.requested_memory in ("host", "unified")
    view, shown = tensor[1:], tensor.numpy()
    del owner
    tensor.close()
    gc.collect()
    assert alive() is not None and _library.num_kept() == before + 1
    assert view.numpy().tolist() == [2, 3]
    del view
    assert alive() is not None and shown.tolist() == [1, 2, 3]
    del shown
    gc.collect()
    assert alive() is None and _library.num_kept() == before


def test_failed_wraps_let_go():
    before = _library.num_kept()
    context = ut.Context()
    for bad in (np.zeros((2, 3)).T, np.zeros(3, complex), np.zeros((4, 4))[:, ::2]):
        with pytest.raises(ut.Error):
            ut.wrap(bad, context)
    context.close()
    with pytest.raises(ut.InvalidStateError):
        ut.wrap(np.zeros(3), context)
    assert _library.num_kept() == before


def test_everything_that_can_be_wrapped():
    for source in (array.array("d", [1, 2]), bytearray(b"\1\2"), b"\1\2", memoryview(b"\1\2")):
        tensor = ut.wrap(source)
        assert tensor.numpy().tolist() == [1, 2]
        assert tensor.is_read_only == memoryview(source).readonly
    assert ut.wrap(np.zeros((3, 8))[:, :5]).row_pitch == 64
    tensor = ut.zeros(3)
    assert ut.wrap(tensor) is tensor
    for bad in ([1, 2], 3, "text", None, object()):
        with pytest.raises(TypeError, match="numpy.asarray"):
            ut.wrap(bad)


def test_broadcast_and_overlapping_rows_are_refused():
    for bad in (np.broadcast_to(np.zeros(3), (4, 3)), np.broadcast_to(np.zeros((4, 1)), (4, 3)),
                np.lib.stride_tricks.sliding_window_view(np.zeros(9), 4)):
        with pytest.raises(ut.InvalidArgumentError, match="not contiguous"):
            ut.wrap(bad)


def test_strides_of_extents_of_one_do_not_matter():
    base = np.arange(24.0).reshape(4, 6)
    for view in (base[:1, :], base[:1, ::1][:, :3], base[1:2].T[:0], base[:, :1], base[::2, :1],
                 base[2:3, ::-1][:, :1]):
        tensor = ut.wrap(view)
        np.testing.assert_array_equal(tensor.numpy(), view)
        if view.size:
            assert address(tensor.numpy()) == address(view)


def test_dropping_a_chain_of_owners():
    before = _library.num_kept()
    tensor = ut.zeros((4, 2))
    for _ in range(50):
        tensor = ut.wrap(tensor.numpy()[:])
    assert _library.num_kept() == before + 50
    tensor.fill(3)
    assert tensor.numpy().sum() == 24
    del tensor
    gc.collect()
    assert _library.num_kept() == before


def test_the_numpy_interface_survives_close_of_its_tensor():
    tensor = ut.full(1000, 7, dtype="int64")
    plain = np.asarray(tensor)
    assert plain.base is not None
    tensor.close()
    del tensor
    gc.collect()
    ut.full(1000, 9, dtype="int64")
    assert (plain == 7).all()
