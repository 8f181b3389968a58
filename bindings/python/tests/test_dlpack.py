# SPDX-License-Identifier: Apache-2.0
import gc
import weakref

import numpy as np
import pytest

import unitensor as ut
from conftest import address
from unitensor import _library

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
          "float64"]


class Legacy:
    """A producer and consumer from before DLPack 1.0: it does not know max_version."""

    def __init__(self, source):
        self.source = source

    def __dlpack__(self, stream=None):
        return self.source.__dlpack__(stream=stream)

    def __dlpack_device__(self):
        return self.source.__dlpack_device__()


def numpy_exports(array):
    try:
        array.__dlpack__()
    except BufferError:
        return False
    return True


@pytest.mark.parametrize("dtype", DTYPES)
def test_round_trips_with_numpy(dtype):
    source = (np.arange(12) % 3).reshape(3, 4).astype(dtype)
    if not numpy_exports(source):
        pytest.skip(f"this NumPy gives no {dtype} through DLPack")
    tensor = ut.from_dlpack(source)
    assert tensor.dtype == source.dtype and address(tensor.numpy()) == address(source)
    back = np.from_dlpack(tensor)
    assert address(back) == address(source) and back.dtype == source.dtype
    np.testing.assert_array_equal(back, source)


def test_device_and_capsules(rows):
    assert rows.__dlpack_device__() == (1, 0)
    assert '"dltensor_versioned"' in repr(rows.__dlpack__(max_version=(1, 0)))
    assert '"dltensor_versioned"' in repr(rows.__dlpack__(max_version=(2, 5)))
    assert '"dltensor"' in repr(rows.__dlpack__()) and '"dltensor"' in repr(rows.__dlpack__(max_version=(0, 8)))
    assert rows.__dlpack__(dl_device=(1, 0), copy=False) is not None
    for device in ((7, 0), (13, 0)):
        with pytest.raises(BufferError, match="dl_device"):
            rows.__dlpack__(dl_device=device)
    with pytest.raises(BufferError):
        rows.__dlpack__(max_version=(1, 0), dl_device=(2, 0))
    with pytest.raises(BufferError):
        rows.__dlpack__(dl_device=(2, 0), copy=True)


def test_copies_on_request(rows):
    copy = ut.from_dlpack(_Asked(rows, copy=True))
    assert address(copy.numpy()) != address(rows.numpy())
    np.testing.assert_array_equal(copy.numpy(), rows.numpy())


class _Asked:
    def __init__(self, tensor, **arguments):
        self.tensor, self.arguments = tensor, arguments

    def __dlpack__(self, **arguments):
        return self.tensor.__dlpack__(**{**arguments, **self.arguments})

    def __dlpack_device__(self):
        return self.tensor.__dlpack_device__()


def test_the_form_before_1_0_both_ways(rows):
    there = ut.from_dlpack(Legacy(rows))
    assert address(there.numpy()) == address(rows.numpy())
    source = np.arange(6.0).reshape(2, 3)
    tensor = ut.from_dlpack(Legacy(source))
    assert address(tensor.numpy()) == address(source)
    back = np.from_dlpack(Legacy(tensor))
    assert address(back) == address(source)
    del source, tensor
    gc.collect()
    assert back.sum() == 15


def test_read_only_is_kept():
    constant = ut.wrap(np.frombuffer(bytes(32), np.float32))
    assert ut.from_dlpack(_Asked(constant)).is_read_only
    with pytest.raises(BufferError, match="read-only"):
        constant.__dlpack__()


def test_lifetimes():
    before = _library.num_kept()
    tensor = ut.wrap(np.arange(100).astype(np.float64))
    array = np.from_dlpack(tensor)
    assert _library.num_kept() == before + 1
    del tensor
    gc.collect()
    assert array.sum() == 4950 and _library.num_kept() == before + 1
    del array
    gc.collect()
    assert _library.num_kept() == before
    # A capsule that nobody takes gives its tensor back, in both forms.
    for arguments in ({"max_version": (1, 0)}, {}):
        capsule = ut.wrap(np.arange(3)).__dlpack__(**arguments)
        assert _library.num_kept() == before + 1
        del capsule
        gc.collect()
        assert _library.num_kept() == before

    class Owner(np.ndarray):
        pass

    owner = np.arange(5).view(Owner)
    alive = weakref.ref(owner)
    tensor = ut.from_dlpack(Legacy(owner))
    del owner
    gc.collect()
    assert alive() is not None and tensor.numpy().tolist() == [0, 1, 2, 3, 4]
    del tensor
    gc.collect()
    assert alive() is None


def test_a_capsule_is_used_once(rows):
    class Twice:
        def __init__(self, capsule):
            self.capsule = capsule

        def __dlpack__(self, **_):
            return self.capsule

        def __dlpack_device__(self):
            return (1, 0)

    for arguments in ({"max_version": (1, 0)}, {}):
        producer = Twice(rows.__dlpack__(**arguments))
        first = ut.from_dlpack(producer)
        with pytest.raises(TypeError, match="nobody has used"):
            ut.from_dlpack(producer)
        np.testing.assert_array_equal(first.numpy(), rows.numpy())
    with pytest.raises(TypeError, match="nobody has used"):
        ut.from_dlpack(Twice("no capsule"))


def test_what_is_refused():
    for source, error in ((np.zeros((4, 6)).T, ut.InvalidArgumentError),
                          (np.zeros((4, 6))[:, ::2], ut.InvalidArgumentError),
                          (np.zeros(8)[::2], ut.InvalidArgumentError), (np.zeros(3, complex), ut.DtypeMismatchError)):
        for producer in (source, Legacy(source)):
            with pytest.raises(error):
                ut.from_dlpack(producer)
    with pytest.raises(TypeError, match="__dlpack__"):
        ut.from_dlpack([1, 2])
    padded = ut.from_dlpack(np.zeros((4, 6))[:, :5])
    assert padded.row_pitch == 48 and padded.shape == (4, 5)


def test_producers_are_operands(rows):
    class Producer:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **arguments):
            return self.array.__dlpack__(**arguments)

        def __dlpack_device__(self):
            return (1, 0)

    out = np.empty((2, 4), np.float32)
    rows.gather(Producer(np.array([3, 1])), out=Producer(out))
    np.testing.assert_array_equal(out, rows.numpy()[[3, 1]])
    assert ut.wrap(Producer(out)).numpy().shape == (2, 4) and ut.tensor(Producer(out)).shape == (2, 4)
