# SPDX-License-Identifier: Apache-2.0
import pickle

import numpy as np
import pytest

import unitensor as ut


def test_options_and_properties():
    with ut.Context(num_threads=3) as context:
        assert context.num_threads == 3
        assert context.backend == "cpu"
        assert "3 threads" in repr(context)
    assert "closed" in repr(context)


def test_default_context_is_one_and_is_made_again_after_close():
    first = ut.default_context()
    assert ut.default_context() is first
    first.close()
    second = ut.default_context()
    assert second is not first and second.num_threads >= 1


def test_bad_options():
    for threads in (-1, 1025):
        with pytest.raises(ut.InvalidArgumentError, match=str(threads)):
            ut.Context(num_threads=threads)
    with pytest.raises(TypeError, match="callable"):
        ut.Context(log=7)
    with pytest.raises(ut.BackendUnavailableError, match="nowhere.so"):
        ut.Context(backend_path="/nowhere.so")
    with pytest.raises(ValueError, match="NUL"):
        ut.Context(backend_path="/a\0b")
    with pytest.raises(ut.InvalidArgumentError):
        ut.Context(backend_path="relative.so")


def test_memory_info(context):
    host = context.memory_info("host")
    assert host.supported is True and host.resolved == "host" and host.reason
    supported, resolved, reason = context.memory_info("unified")
    assert supported and resolved in ("host", "pinned", "managed") and reason
    for kind in ("pinned", "managed", "device"):
        info = context.memory_info(kind)
        assert info.reason and (info.resolved == kind if info.supported else info.resolved is None)
    with pytest.raises(ut.InvalidArgumentError, match="'fast'.*'unified'"):
        context.memory_info("fast")


def test_backends_and_devices(context):
    cpu = context.backend_info("cpu")
    assert cpu == (True, 1, "", "", "", "cpu", "", "")
    device = context.device_info(device_type="cpu")
    assert device.num_processors == context.num_threads and device.total_bytes > 2**24 and device.name
    assert device.compute_capability is None and device.link_bytes_per_second is None
    cuda = context.backend_info()
    assert cuda.available == (cuda.num_devices > 0) == (cuda.reason == "")
    for number in range(cuda.num_devices):
        assert context.device_info(number).device_id == number
    with pytest.raises((ut.BackendUnavailableError, ut.DeviceMismatchError)):
        context.device_info(cuda.num_devices)
    with pytest.raises(ut.DeviceMismatchError, match="no CPU device 1"):
        context.device_info(1, "cpu")
    with pytest.raises(ut.InvalidArgumentError, match="'tpu'.*'cpu', 'cuda'"):
        context.backend_info("tpu")
    with pytest.raises(TypeError):
        context.device_info("0")


def test_memory_that_is_missing_is_refused(context):
    if context.memory_info("device").supported:
        pytest.skip("there is a device here")
    with pytest.raises((ut.NotSupportedError, ut.BackendUnavailableError)) as caught:
        ut.empty(3, memory="device", context=context)
    assert caught.value.status in (-20, -21) and str(caught.value)


def test_statistics(context):
    tensor = ut.zeros((10, 4), context=context)
    context.reset_statistics()
    assert set(context.statistics().values()) == {0}
    tensor.gather([1, 2, 99], bounds="skip")
    tensor.scatter([1], np.ones((1, 4), np.float32))
    statistics = context.statistics()
    assert statistics["gather_calls"] == 1 and statistics["gather_rows"] == 3 and statistics["gather_bytes"] == 48
    assert statistics["scatter_calls"] == 1 and statistics["scatter_rows"] == 1 and statistics["scatter_bytes"] == 16
    assert statistics["out_of_bounds"] == 1
    context.check()
    context.synchronize()
    assert context.trim() is None
    context.reset_statistics()
    assert set(context.statistics().values()) == {0}


def test_use_after_close(context):
    tensor = ut.zeros((2, 2), context=context)
    context.close()
    context.close()
    for use in (lambda: context.num_threads, lambda: context.backend, context.statistics, context.check,
                context.synchronize, context.trim, context.reset_statistics, context.memory_info,
                lambda: ut.empty(3, context=context), lambda: ut.wrap(np.zeros(3), context=context),
                context.__enter__):
        with pytest.raises(ut.InvalidStateError, match="closed") as caught:
            use()
        assert caught.value.status == -6 and caught.value.status_name == "UNI_STATUS_INVALID_STATE"
    # What was made from it goes on.
    assert tensor.numpy().sum() == 0 and tensor.gather([0]).shape == (1, 2)


def test_log_receives_text(tmp_path):
    seen = []
    context = ut.Context(log=lambda level, message: seen.append((level, message)))
    device = context.memory_info("device")
    assert seen or device.supported  # why there is no device is said
    for level, message in seen:
        assert level in (1, 2, 3, 4) and isinstance(message, str) and message
    del context


def test_log_function_is_dropped_with_the_context():
    before = len(ut._library._log_functions)
    context = ut.Context(log=print)
    tensor = ut.empty(3, context=context)
    del context
    assert len(ut._library._log_functions) == before + 1
    del tensor
    assert len(ut._library._log_functions) == before


def test_objects_are_not_pickled(context, rows, graph):
    for thing in (context, rows, graph, graph.sample_neighbors([4], [2])):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(thing)


def test_errors_are_pickled():
    for cls in (ut.OutOfBoundsError, ut.FileError, ut.Error):
        error = pickle.loads(pickle.dumps(cls("text", cls.default_status, 2)))
        assert type(error) is cls and str(error) == "text"
        assert error.native_code == 2 and error.status == cls.default_status
