# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

import unitensor as ut
from conftest import address

BAD_INDICES = [
    (np.array([True, False]), ut.DtypeMismatchError, "mask"),
    ([True, False], ut.DtypeMismatchError, "mask"),
    ([1, True], ut.DtypeMismatchError, "mask"),
    (np.array([1.0]), ut.DtypeMismatchError, "float64"),
    ([1.0], ut.DtypeMismatchError, "float64"),
    ([2**70], ut.DtypeMismatchError, "object"),
    (np.array([1], np.uint64), ut.DtypeMismatchError, "uint64"),
    (np.array([1], np.int16), ut.DtypeMismatchError, "int16"),
    (np.array([1], ">i8"), ut.DtypeMismatchError, "newbyteorder"),
    (np.array([1, 2], dtype=object), ut.DtypeMismatchError, "object"),
    (np.array([[1]]), ut.ShapeMismatchError, "2 dimensions"),
    ([[1]], ut.ShapeMismatchError, "2 dimensions"),
    (np.array(1), ut.ShapeMismatchError, "0 dimensions"),
    (np.arange(8)[::2], ut.InvalidArgumentError, "ascontiguousarray"),
    (np.arange(8)[::-1], ut.InvalidArgumentError, "ascontiguousarray"),
    (np.arange(65, dtype=np.uint8)[1:].view(np.int64), ut.InvalidArgumentError, "copy|multiple of the 8 bytes"),
    (np.array([1, 10]), ut.OutOfBoundsError, "10"),
    (np.array([1, -1]), ut.OutOfBoundsError, "-1"),
    (np.array([1, 2**40]), ut.OutOfBoundsError, str(2**40)),
    ([1, -1], ut.OutOfBoundsError, "-1"),
    (np.ma.array([1, 2]), TypeError, "masked"),
    ("ab", TypeError, "str"),
    (3.5, TypeError, "float"),
    ({1, 2}, TypeError, "set"),
    (None, TypeError, "NoneType"),
]


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.longlong])
@pytest.mark.parametrize("kind", ["numpy", "tensor", "list", "tuple", "read-only", "subclass", "memoryview"])
def test_index_of_every_kind(rows, dtype, kind):
    plain = np.array([3, 0, 3, 9], dtype)
    index = {"numpy": lambda: plain, "tensor": lambda: ut.tensor(plain), "list": plain.tolist,
             "tuple": lambda: tuple(plain), "read-only": lambda: np.frombuffer(plain.tobytes(), dtype),
             "subclass": lambda: plain.view(np.recarray), "memoryview": lambda: memoryview(plain)}[kind]()
    expected = rows.numpy()[plain]
    result = rows.gather(index)
    assert isinstance(result, ut.Tensor) and result.memory == "host"
    np.testing.assert_array_equal(result.numpy(), expected)
    if kind != "tuple":
        np.testing.assert_array_equal(rows[index].numpy(), expected)
    for out in (np.empty((4, 4), np.float32), ut.empty((4, 4)), np.empty((4, 8), np.float32)[:, :4],
                np.empty((4, 4), np.float32).view(np.recarray), ut.empty((4, 4), row_alignment=64)):
        assert rows.gather(index, out=out) is out
        np.testing.assert_array_equal(np.asarray(out), expected)


def test_range_is_an_index(rows):
    np.testing.assert_array_equal(rows[range(2, 9, 3)].numpy(), rows.numpy()[2:9:3])
    assert rows[[]].shape == rows.gather(()).shape == rows[range(0)].shape == (0, 4)


@pytest.mark.parametrize("index, error, text", BAD_INDICES,
                         ids=[f"{i}-{case[2]}" for i, case in enumerate(BAD_INDICES)])
def test_bad_indices(rows, index, error, text):
    out = np.full((2, 4), -1, np.float32)
    before = rows.numpy().copy()
    for use in (lambda: rows.gather(index), lambda: rows.gather(index, out=out),
                lambda: rows.gather(index, out=ut.wrap(out)), lambda: rows.scatter(index, out)):
        with pytest.raises(error, match=text):
            use()
    assert (out == -1).all()
    np.testing.assert_array_equal(rows.numpy(), before)


def test_errors_carry_the_message_of_c(rows):
    with pytest.raises(ut.OutOfBoundsError) as caught:
        rows.gather(np.array([1, 2, 77]), out=np.empty((3, 4), np.float32))
    assert "77" in caught.value.message and "index" in caught.value.message and "2" in caught.value.message
    assert caught.value.status == -5 and caught.value.status_name == "UNI_STATUS_OUT_OF_BOUNDS"
    assert caught.value.native_code == 0 and str(caught.value) == caught.value.message
    assert isinstance(caught.value, IndexError)


BAD_OUTPUTS = [
    (np.empty((3, 4), np.float32), ut.ShapeMismatchError, r"\[3, 4\]"),
    (np.empty((2, 5), np.float32), ut.ShapeMismatchError, r"\[2, 5\]"),
    (np.empty(8, np.float32), ut.ShapeMismatchError, r"\[8\]"),
    (np.empty((2, 4)), ut.DtypeMismatchError, "float64"),
    (np.empty((2, 4), "c8"), ut.DtypeMismatchError, "complex64"),
    (np.frombuffer(bytes(32), np.float32).reshape(2, 4), ut.InvalidArgumentError, "read-only"),
    (np.empty((4, 2), np.float32).T, ut.InvalidArgumentError, "ascontiguousarray"),
    (np.empty((2, 8), np.float32)[:, ::2], ut.InvalidArgumentError, "ascontiguousarray"),
    (np.empty((2, 4), np.float32)[::-1], ut.InvalidArgumentError, "ascontiguousarray"),
    (np.empty((1,) * 9, np.float32), ut.ShapeMismatchError, "9 dimensions"),
    ([[0.0] * 4] * 2, TypeError, "list"),
    (7, TypeError, "int"),
]


@pytest.mark.parametrize("out, error, text", BAD_OUTPUTS, ids=[f"{i}-{case[2]}" for i, case in enumerate(BAD_OUTPUTS)])
def test_bad_outputs(rows, out, error, text):
    for index in (np.array([1, 2]), [1, 2], ut.tensor([1, 2])):
        with pytest.raises(error, match=text):
            rows.gather(index, out=out)


def test_overlap_and_read_only(rows):
    with pytest.raises(ut.InvalidArgumentError, match="overlap"):
        rows.gather([0, 1], out=rows[2:4])
    with pytest.raises(ut.InvalidArgumentError, match="overlap"):
        rows.gather(np.array([0, 1]), out=rows.numpy()[2:4])
    constant = ut.wrap(np.frombuffer(bytes(32), np.float32).reshape(2, 4))
    assert constant.is_read_only and "read-only" in repr(constant)
    assert not constant.numpy().flags.writeable and not np.asarray(constant).flags.writeable
    assert constant[0:1].is_read_only
    assert constant.gather([1, 0]).numpy().sum() == 0
    for use in (lambda: constant.fill(1), lambda: constant.copy_from(np.ones((2, 4), np.float32)),
                lambda: constant.scatter([0], np.ones((1, 4), np.float32)), lambda: rows.gather([0, 1], out=constant)):
        with pytest.raises(ut.InvalidArgumentError, match="read-only"):
            use()


def test_bounds_policies(rows):
    index = np.array([1, -1, 10, 3])
    expected = rows.numpy()[[1, 1, 1, 3]].copy()
    expected[1:3] = 0
    np.testing.assert_array_equal(rows.gather(index, bounds="skip").numpy(), expected)
    out = np.full((4, 4), 5, np.float32)
    rows.gather(index, out=out, bounds="skip")
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(rows.gather([4], bounds="trust").numpy(), rows.numpy()[[4]])
    for bounds in ("clip", None, 0, []):
        with pytest.raises(ut.InvalidArgumentError, match="bounds is"):
            rows.gather(index, bounds=bounds)
        with pytest.raises(ut.InvalidArgumentError, match="bounds is"):
            rows.scatter(index, out, bounds=bounds)


def test_memory_of_the_result(rows):
    assert rows.gather([1], memory="unified").requested_memory == "unified"
    assert rows.gather([1]).requested_memory == "host"
    with pytest.raises(ut.InvalidArgumentError, match="memory is"):
        rows.gather([1], memory="ram")
    for out in (np.empty((1, 4), np.float32), ut.empty((1, 4))):
        with pytest.raises(ut.InvalidArgumentError, match="out"):
            rows.gather(np.array([1]), out=out, memory="host")


def test_stream_is_ignored_on_the_cpu(rows):
    class Stream:
        cuda_stream = 7

    assert rows.gather([1], stream=1234).shape == (1, 4)
    assert rows.gather(np.array([1]), out=np.empty((1, 4), np.float32), stream=Stream()).shape == (1, 4)
    with pytest.raises(TypeError, match="stream"):
        rows.gather([1], stream="default")


def test_scatter_assign_and_add():
    for dtype in ("int8", "uint16", "int32", "int64", "float16", "float32", "float64"):
        tensor, expected = ut.zeros((6, 3), dtype=dtype), np.zeros((6, 3), dtype)
        index = np.array([4, 0, 4, 2], np.int32)
        rows = np.arange(12).reshape(4, 3).astype(dtype)
        assert tensor.scatter(index, rows, reduce="add") is None
        np.add.at(expected, index, rows)
        np.testing.assert_array_equal(tensor.numpy(), expected)
        tensor.scatter(index[:2], rows[:2])
        expected[index[:2]] = rows[:2]
        np.testing.assert_array_equal(tensor.numpy(), expected)
        tensor.scatter([9, 1, -1], rows[:3], bounds="skip")
        expected[1] = rows[1]
        np.testing.assert_array_equal(tensor.numpy(), expected)
    tensor = ut.zeros((3, 2), dtype="bool")
    with pytest.raises(ut.DtypeMismatchError, match="bool"):
        tensor.scatter([1], np.ones((1, 2), bool), reduce="add")
    with pytest.raises(ut.InvalidArgumentError, match="reduce is"):
        tensor.scatter([1], np.ones((1, 2), bool), reduce="max")
    tensor[[2, 0]] = np.ones((2, 2), bool)
    assert tensor.numpy().tolist() == [[True, True], [False, False], [True, True]]


def test_large_gather_matches_numpy(context):
    generator = np.random.default_rng(5)
    source = generator.standard_normal((50_000, 33)).astype(np.float32)
    index = generator.integers(0, len(source), 120_000)
    tensor = ut.wrap(source, context=context)
    out = np.empty((len(index), 33), np.float32)
    tensor.gather(index, out=out)
    np.testing.assert_array_equal(out, source[index])
    np.testing.assert_array_equal(tensor[ut.tensor(index, context=context)].numpy(), out)


def test_rows_are_read_where_they_lie():
    source = np.arange(12, dtype=np.int64).reshape(4, 3)
    tensor = ut.wrap(source)
    assert address(tensor.numpy()) == address(source)
    source[2] = 7
    assert tensor.gather([2]).numpy().tolist() == [[7, 7, 7]]
    tensor[3] = -1
    assert source[3].tolist() == [-1, -1, -1]


def test_conversions_and_scales(context):
    x = ut.tensor(np.array([[0.25, 1.0], [70000.0, -2.0]], np.float32), memory="host", context=context)
    halves = x.gather([1, 0], dtype="float16", order="by_page", num_multiprocessors=2)
    assert halves.dtype == "float16" and halves.numpy().tolist() == [[np.inf, -2.0], [0.25, 1.0]]
    out = np.zeros((1, 2), np.float16)
    assert x.gather(np.array([0]), out=out, dtype=np.float16) is out and out.tolist() == [[0.25, 1.0]]
    small = ut.tensor(np.array([[1, -3], [2, 4]], np.int8), memory="host", context=context)
    scales = np.array([0.5, -2.0], np.float32)
    assert small.gather([1, 0], dtype="float32", row_scales=scales).numpy().tolist() == [[-4.0, -8.0], [0.5, -1.5]]
    with pytest.raises(ut.NotSupportedError, match="int32"):
        x.gather([0], dtype="int32")
    with pytest.raises(ut.InvalidArgumentError, match="row_scales"):
        small.gather([0], dtype="float32")
    with pytest.raises(ut.ShapeMismatchError, match="row_scales"):
        small.gather([0], dtype="float32", row_scales=scales[:1])
    with pytest.raises(ut.InvalidArgumentError, match="order is 'random'"):
        x.gather(np.array([0]), out=np.zeros((1, 2), np.float32), order="random")
    with pytest.raises(ut.InvalidArgumentError, match="num_multiprocessors is -1"):
        x.gather([0], num_multiprocessors=-1)


def test_gather_many(context):
    features = ut.tensor(np.arange(12, dtype=np.float32).reshape(4, 3), memory="host", context=context)
    labels = ut.tensor(np.array([7, 8, 9, 10]), memory="host", context=context)
    rows, picked = ut.gather_many([features, labels], [3, 0])
    assert rows.numpy().tolist() == [[9, 10, 11], [0, 1, 2]] and picked.numpy().tolist() == [10, 7]
    outs = [np.zeros((1, 3), np.float32), np.zeros(1, np.int64)]
    assert ut.gather_many((features, labels), np.array([2]), outs)[1] is outs[1]
    assert outs[0].tolist() == [[6, 7, 8]] and outs[1].tolist() == [9]
    with pytest.raises(ut.OutOfBoundsError, match=r"index\[0\] is 4"):
        ut.gather_many((features, labels), [4], outs)
    assert outs[1].tolist() == [9]
    with pytest.raises(ut.ShapeMismatchError, match="3 rows"):
        ut.gather_many([features, labels[:3]], [0])
    with pytest.raises(ut.InvalidArgumentError, match="outs has 1 entries"):
        ut.gather_many([features, labels], [0], outs[:1])
    with pytest.raises(ut.InvalidArgumentError, match="1 to 16"):
        ut.gather_many([], [0])
    with pytest.raises(TypeError, match=r"tensors\[1\] is of type NoneType, expected a unitensor.Tensor"):
        ut.gather_many([features, None], [0])
    with pytest.raises(TypeError, match=r"tensors\[0\] is of type ndarray"):
        ut.gather_many([outs[0], features], [0])
