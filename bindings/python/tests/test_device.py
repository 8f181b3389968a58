# SPDX-License-Identifier: Apache-2.0
"""Tensors on a device, over the emulated one: UNITENSOR_TEST_CUDA_BACKEND is the path of its plugin."""
import ctypes
import gc
import os
import weakref

import numpy as np
import pytest

import unitensor as ut

BACKEND = os.environ.get("UNITENSOR_TEST_CUDA_BACKEND", "")
pytestmark = pytest.mark.skipif(not BACKEND, reason="no emulated device was given")

TABLE = np.arange(40, dtype=np.float32).reshape(10, 4)


class Foreign:
    """What CuPy's or Numba's arrays are to others."""

    def __init__(self, tensor, **changes):
        self.tensor = tensor
        self.__cuda_array_interface__ = {**tensor.__cuda_array_interface__, **changes}


@pytest.fixture
def context():
    made = ut.Context(backend_path=BACKEND)
    yield made
    made.synchronize()


def on_device(values, context, memory="device"):
    values = np.ascontiguousarray(values)
    made = ut.empty(values.shape, values.dtype, memory=memory, context=context)
    made.copy_from(values)
    context.synchronize()
    return made


def on_host(tensor, context):
    out = np.empty(tensor.shape, tensor.dtype)
    tensor.copy_to(out)
    context.synchronize()
    return out


def test_what_is_there(context):
    backend = context.backend_info("cuda")
    assert backend == (True, 1, "13.0", "13.0", "13.0", "cuda", BACKEND, "")
    device = context.device_info()
    assert device.name == "emulated device" and device.compute_capability == (9, 0) and device.total_bytes == 2**30
    assert device.managed_memory and not device.host_memory and not device.host_page_tables
    with pytest.raises(ut.DeviceMismatchError, match="no CUDA device 1"):
        context.device_info(1)


@pytest.mark.parametrize("memory", ["unified", "managed", "pinned", "device"])
def test_gather_with_an_index_on_the_device(context, memory):
    x = on_device(TABLE, context, memory)
    index = on_device(np.array([3, 0, 9]), context)
    rows = x[index]
    assert rows.device == "cuda:0" and rows.memory == "device"
    np.testing.assert_array_equal(on_host(rows, context), TABLE[[3, 0, 9]])
    out = ut.empty((3, 4), np.float32, memory="device", context=context)
    assert x.gather(index, out=out) is out
    np.testing.assert_array_equal(on_host(out, context), TABLE[[3, 0, 9]])


def test_scatter_and_bounds(context):
    x = on_device(TABLE, context)
    x.scatter(on_device(np.array([1, 1]), context), on_device(np.ones((2, 4), np.float32), context), reduce="add")
    expected = TABLE.copy()
    expected[1] += 2
    np.testing.assert_array_equal(on_host(x, context), expected)
    x[on_device(np.array([1, 10]), context)]
    with pytest.raises(ut.OutOfBoundsError, match=r"index\[1\] is 10"):
        context.synchronize()
    context.synchronize()


def test_sample_waits_for_its_properties(context):
    indptr, indices = np.array([0, 2, 4, 5]), np.array([1, 2, 0, 2, 1])
    host = ut.Graph(indptr, indices).sample_neighbors([2, 0], [1, 2], seed=5)
    graph = ut.Graph(on_device(indptr, context), on_device(indices, context), context=context)
    sample = graph.sample_neighbors(on_device(np.array([2, 0]), context), [1, 2], seed=5)
    for part in ("nodes", "sources", "targets", "seed_index"):
        np.testing.assert_array_equal(on_host(getattr(sample, part), context), getattr(host, part).numpy())
    assert sample.num_nodes == host.num_nodes
    bad = graph.sample_neighbors(on_device(np.array([7]), context), [1])
    with pytest.raises(ut.OutOfBoundsError, match=r"seeds\[0\] is 7"):
        bad.wait()
    context.synchronize()


def test_cuda_array_interface(context):
    x = on_device(TABLE, context)
    interface = x.__cuda_array_interface__
    assert interface["shape"] == (10, 4) and interface["typestr"] == "<f4" and interface["version"] == 3
    assert interface["stream"] == 1 and interface["strides"] is None
    index = Foreign(on_device(np.array([2, 5], np.int32), context))
    np.testing.assert_array_equal(on_host(x[index], context), TABLE[[2, 5]])
    np.testing.assert_array_equal(on_host(ut.wrap(Foreign(x), context), context), TABLE)
    padded = ut.empty((3, 3), np.float32, memory="pinned", row_alignment=64, context=context)
    assert padded.__cuda_array_interface__["strides"] == (64, 4)
    assert hasattr(on_device(TABLE, context, "managed"), "__cuda_array_interface__")
    assert not hasattr(ut.tensor(TABLE), "__cuda_array_interface__")
    with pytest.raises(ut.InvalidArgumentError, match="contiguous"):
        ut.wrap(Foreign(x, strides=(4, 40)), context)
    with pytest.raises(ut.DtypeMismatchError, match="complex"):
        ut.wrap(Foreign(x, typestr="<c8"), context)
    with pytest.raises(TypeError, match="mask"):
        ut.wrap(Foreign(x, mask=Foreign(x)), context)


class Consumer:
    """A producer that asks a tensor for one device, as a library that knows that device only would."""

    def __init__(self, tensor, device):
        self.tensor, self.device = tensor, device

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **arguments):
        return self.tensor.__dlpack__(dl_device=self.device, **arguments)


@pytest.mark.parametrize("memory", ["managed", "pinned", "device"])
def test_dlpack_on_the_device(context, memory):
    x = on_device(TABLE, context, memory)
    seen = ut.from_dlpack(Consumer(x, (2, 0)), context)
    assert (seen.device, seen.memory, seen.shape) == ("cuda:0", "device", (10, 4))
    del x
    np.testing.assert_array_equal(on_host(seen[on_device(np.array([7, 1]), context)], context), TABLE[[7, 1]])
    if memory != "device":
        np.testing.assert_array_equal(np.from_dlpack(on_device(TABLE, context, memory)), TABLE)
    else:
        with pytest.raises(BufferError, match="CPU cannot read"):
            seen.__dlpack__(dl_device=(1, 0))


def test_dlpack_refuses_what_a_device_does_not_read(context):
    with pytest.raises(BufferError, match="neither ATS nor HMM"):
        ut.tensor(TABLE, memory="host", context=context).__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError, match="no CUDA device 1"):
        on_device(TABLE, context, "managed").__dlpack__(dl_device=(2, 1))


def test_device_memory_is_not_read_by_the_cpu(context):
    x = on_device(TABLE, context)
    with pytest.raises(ut.DeviceMismatchError):
        x.numpy()
    with pytest.raises(ut.DeviceMismatchError, match="index is on the CPU"):
        x[np.array([1])]
    with pytest.raises(ut.DeviceMismatchError, match="source is in host memory"):
        ut.tensor(TABLE, memory="host", context=context)[on_device(np.array([1]), context)]
    assert x.__dlpack_device__() == (2, 0)


def test_register(context):
    mine = TABLE.copy()
    x = ut.register(mine, context)
    assert x.memory == "pinned"
    np.testing.assert_array_equal(on_host(x[on_device(np.array([4]), context)], context), TABLE[[4]])
    mine[4] = 7
    np.testing.assert_array_equal(on_host(x[on_device(np.array([4]), context)], context), mine[[4]])


def test_register_or_copy(context):
    mine = np.arange(40000, dtype=np.float32).reshape(10000, 4)
    x = ut.register(mine, context, copy_if_refused=True)
    assert x.memory == "pinned" and not x.is_copy
    x.close()
    context.synchronize()
    plugin = ctypes.CDLL(BACKEND)
    no_limit = ctypes.c_int64(2**63 - 1)
    plugin.fake_set_host_bytes(no_limit, ctypes.c_int64(61440))
    try:
        with pytest.raises(ut.OutOfMemoryError, match="page-locking 160000 bytes"):
            ut.register(mine, context)
        x = ut.register(mine, context, copy_if_refused=True)
    finally:
        plugin.fake_set_host_bytes(no_limit, no_limit)
    assert x.is_copy and x.memory == "managed" and x[1:].is_copy
    assert not ut.tensor(TABLE, memory="host", context=context).is_copy
    statistics = context.statistics()
    assert statistics["registered_copies"] == 1 and statistics["registered_copy_bytes"] == 160000
    np.testing.assert_array_equal(on_host(x[on_device(np.array([9999]), context)], context), mine[[9999]])


def test_streams(context):
    plugin = ctypes.CDLL(BACKEND)
    plugin.fake_create_stream.restype = ctypes.c_void_p
    stream = plugin.fake_create_stream()
    x = on_device(TABLE, context)
    index = on_device(np.array([3]), context)
    rows = x.gather(index, stream=stream)
    plugin.fake_synchronize(ctypes.c_void_p(stream))
    np.testing.assert_array_equal(on_host(rows, context), TABLE[[3]])
    context.synchronize()
    plugin.fake_destroy_stream(ctypes.c_void_p(stream))


@pytest.mark.parametrize("memory", ["pinned", "managed"])
def test_released_memory_is_kept_until_it_is_trimmed(context, memory):
    plugin = ctypes.CDLL(BACKEND)

    def num_blocks():
        counts = (ctypes.c_int64 * 16)()
        plugin.fake_get_counts(counts)
        return counts[2] if memory == "pinned" else counts[1]

    x = ut.empty((1000, 1000), memory=memory, context=context)
    before = num_blocks()
    del x
    assert num_blocks() == before
    context.trim()
    assert num_blocks() < before


def num_pending(plugin):
    """How much the emulated device has still to do."""
    counts = (ctypes.c_int64 * 16)()
    plugin.fake_get_counts(counts)
    return counts[5]


@pytest.mark.parametrize("use", ["index", "out", "rows", "source", "copied to", "seeds"])
def test_operands_of_others_live_until_the_device_has_done(context, use):
    plugin = ctypes.CDLL(BACKEND)
    x = on_device(TABLE, context)
    ours = on_device(np.array([2, 5]), context)
    rows = on_device(TABLE[:2], context)
    graph = ut.Graph(on_device(np.array([0, 1, 2]), context), on_device(np.array([1, 0]), context), context=context)
    theirs = Foreign({"index": ours, "out": rows, "rows": rows, "source": x, "copied to": x,
                      "seeds": on_device(np.array([1, 0]), context)}[use])
    context.synchronize()
    gone = weakref.ref(theirs)
    calls = {"index": lambda: x[theirs], "out": lambda: x.gather(ours, out=theirs),
             "rows": lambda: x.scatter(ours, theirs),
             "source": lambda: ut.empty((10, 4), np.float32, memory="device", context=context).copy_from(theirs),
             "copied to": lambda: on_device(TABLE, context).copy_to(theirs),
             "seeds": lambda: graph.sample_neighbors(theirs, [1])}
    result = calls.pop(use)()
    assert num_pending(plugin) > 0
    if use in ("out", "copied to"):
        assert result is theirs
        result = None
    calls = theirs = None
    gc.collect()
    assert gone() is not None
    context.synchronize()
    gc.collect()
    assert gone() is None
    del result


def test_consumers_are_held_back_without_the_host(context):
    plugin = ctypes.CDLL(BACKEND)
    plugin.fake_create_stream.restype = ctypes.c_void_p
    ours, theirs = plugin.fake_create_stream(), plugin.fake_create_stream()
    other = ut.Context(backend_path=BACKEND)

    def what_is_seen(make_view, stream):
        x = on_device(np.zeros((10, 4), np.float32), context)
        x.copy_from(ut.tensor(TABLE, memory="pinned", context=context), stream=ours)
        view = make_view(x)
        assert num_pending(plugin) > 0
        out = ut.empty((10, 4), np.float32, memory="pinned", context=other)
        view.copy_to(out, stream=stream)
        plugin.fake_synchronize(ctypes.c_void_p(stream))
        seen = out.numpy().copy()
        context.synchronize()
        other.synchronize()
        return seen

    def on_their_stream(x):
        context.hold_stream(theirs)
        return ut.wrap(Foreign(x, stream=None), other)

    class Producer(Consumer):
        """A consumer that names its stream."""

        def __dlpack__(self, **arguments):
            arguments["stream"] = self.stream
            return super().__dlpack__(**arguments)

    def through_dlpack(stream):
        def view(x):
            producer = Producer(x, (2, 0))
            producer.stream = stream
            return ut.from_dlpack(producer, other)
        return view

    np.testing.assert_array_equal(what_is_seen(on_their_stream, theirs), TABLE)
    np.testing.assert_array_equal(what_is_seen(through_dlpack(theirs), theirs), TABLE)
    np.testing.assert_array_equal(what_is_seen(through_dlpack(None), 0), TABLE)
    np.testing.assert_array_equal(what_is_seen(lambda x: ut.wrap(Foreign(x), other), 0), TABLE)
    # What says that it orders its work itself is not held back; so the emulated device does run streams out of order.
    np.testing.assert_array_equal(what_is_seen(through_dlpack(-1), theirs), np.zeros((10, 4)))
    with pytest.raises(ut.DeviceMismatchError, match="no CUDA device 1"):
        context.hold_stream(device=1)
    with pytest.raises(TypeError, match="stream is of type str"):
        context.hold_stream("theirs")
    for stream in (ours, theirs):
        plugin.fake_destroy_stream(ctypes.c_void_p(stream))


def enqueue_copy(plugin, stream, to, source):
    """What a kernel of another library does."""
    plugin.fake_enqueue_copy(ctypes.c_void_p(stream), ctypes.c_void_p(to), ctypes.c_void_p(source), TABLE.nbytes)


def address_of(tensor):
    return tensor.__cuda_array_interface__["data"][0]


@pytest.fixture
def stream():
    plugin = ctypes.CDLL(BACKEND)
    plugin.fake_create_stream.restype = ctypes.c_void_p
    made = plugin.fake_create_stream()
    yield made
    plugin.fake_destroy_stream(ctypes.c_void_p(made))


@pytest.mark.parametrize("use", ["index", "rows", "source", "wrap"])
def test_the_stream_of_a_producer_is_waited_for(context, stream, use):
    plugin = ctypes.CDLL(BACKEND)
    ours = plugin.fake_create_stream
    ours.restype = ctypes.c_void_p
    ours = ours()
    new = on_device(TABLE, context)
    theirs = on_device(np.zeros_like(TABLE), context)
    new_index, index = on_device(np.array([5, 6]), context), on_device(np.array([0, 0]), context)
    out = on_device(np.zeros_like(TABLE), context)
    every = on_device(np.arange(10), context)
    context.synchronize()
    if use == "index":
        plugin.fake_enqueue_copy(ctypes.c_void_p(stream), ctypes.c_void_p(address_of(index)),
                                 ctypes.c_void_p(address_of(new_index)), 16)
        result, expected = new.gather(Foreign(index, stream=stream), stream=ours), TABLE[[5, 6]]
    else:
        enqueue_copy(plugin, stream, address_of(theirs), address_of(new))
        foreign, result, expected = Foreign(theirs, stream=stream), out, TABLE
        if use == "rows":
            out.scatter(every, foreign, stream=ours)
        elif use == "source":
            out.copy_from(foreign, stream=ours)
        else:
            ut.wrap(foreign, context).gather(every, out=out, stream=ours)
    plugin.fake_synchronize(ctypes.c_void_p(ours))
    np.testing.assert_array_equal(on_host(result, context), expected)
    plugin.fake_synchronize(ctypes.c_void_p(stream))
    plugin.fake_destroy_stream(ctypes.c_void_p(ours))


def test_numpy_waits_for_what_the_device_writes(context, stream):
    x = on_device(TABLE, context, "managed")
    out = on_device(np.zeros_like(TABLE), context, "managed")
    index = on_device(np.arange(10)[::-1].copy(), context)
    x.gather(index, out=out, stream=stream)
    np.testing.assert_array_equal(out.numpy(), TABLE[::-1])
    x[index] = out
    target = np.empty_like(TABLE)
    x.copy_to(target)
    np.testing.assert_array_equal(target, TABLE)


def test_memory_stays_until_kernels_of_others_have_finished(context, stream):
    plugin = ctypes.CDLL(BACKEND)
    x, seen = on_device(TABLE, context), on_device(np.zeros_like(TABLE), context)
    enqueue_copy(plugin, stream, address_of(seen), address_of(x))
    x.release_after(stream)
    with pytest.raises(ut.InvalidStateError, match="closed"):
        x.copy_from(TABLE)
    context.synchronize()
    np.testing.assert_array_equal(on_host(seen, context), TABLE)
    with pytest.raises(ut.DeviceMismatchError, match="no CUDA device 4"):
        seen.release_after(stream, device=4)
    np.testing.assert_array_equal(on_host(seen, context), TABLE)
    # On the default stream without being told, since the address was asked for.
    again = on_device(np.zeros_like(TABLE), context)
    enqueue_copy(plugin, None, address_of(again), address_of(seen))
    del seen
    gc.collect()
    np.testing.assert_array_equal(on_host(again, context), TABLE)


def test_streams_by_their_protocol(context, stream):
    class Stream:
        def __init__(self, handle):
            self.handle = handle

        def __cuda_stream__(self):
            return 0, self.handle

    x = on_device(TABLE, context)
    index = on_device(np.array([1, 2]), context)
    rows = x.gather(index, stream=Stream(stream))
    context.follow_stream(Stream(stream))
    with pytest.raises(ut.DeviceMismatchError, match="no CUDA device 1"):
        context.follow_stream(Stream(stream), device=1)
    np.testing.assert_array_equal(on_host(rows, context), TABLE[[1, 2]])


def test_without_a_device():
    with pytest.raises(ut.BackendUnavailableError, match="CUDA"):
        ut.register(TABLE.copy(), ut.Context())
