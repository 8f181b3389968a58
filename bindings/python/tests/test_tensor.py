# SPDX-License-Identifier: Apache-2.0
import gc

import numpy as np
import pytest

import unitensor as ut
from conftest import address

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
          "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_goes_in_and_out(dtype):
    source = (np.arange(24) % 5).reshape(2, 3, 4).astype(dtype)
    tensor = ut.tensor(source)
    assert tensor.dtype == np.dtype(dtype) and isinstance(tensor.dtype, np.dtype)
    assert tensor.shape == (2, 3, 4) and tensor.ndim == 3 and len(tensor) == 2
    assert tensor.nbytes == source.nbytes and tensor.size == 24
    assert tensor.numpy().dtype == source.dtype
    np.testing.assert_array_equal(tensor.numpy(), source)
    assert address(tensor.numpy()) != address(source)
    np.testing.assert_array_equal(tensor.gather([1, 0]).numpy(), source[[1, 0]])
    np.testing.assert_array_equal(ut.full((2, 2), 1, dtype=dtype).numpy(), np.ones((2, 2), dtype))


def test_properties():
    tensor = ut.empty((3, 5), dtype="int16", memory="host", row_alignment=64)
    assert tensor.memory == "host" and tensor.requested_memory == "host" and tensor.device == "cpu"
    assert tensor.row_pitch == 64 and tensor.nbytes == 30 and tensor.is_read_only is False
    assert ut.empty(3).requested_memory == "unified" and ut.empty(3).dtype == np.float32 and ut.empty(3).shape == (3,)
    assert ut.empty(3, context=tensor.context).context is tensor.context
    assert "shape (3, 5), int16, host memory" in repr(tensor)


def test_bfloat16():
    tensor = ut.full((2, 3), 1.5, dtype="bfloat16")
    assert tensor.dtype == "bfloat16" and tensor.nbytes == 12
    for use in (tensor.numpy, lambda: np.asarray(tensor)):
        with pytest.raises((ut.DtypeMismatchError, TypeError, ValueError), match="bfloat16"):
            use()
    assert tensor[0].dtype == "bfloat16" and tensor[0][1].shape == ()
    assert ut.dtypes.element_bytes(1.0, 11) == b"\x80\x3f"
    assert ut.dtypes.element_bytes(float("nan"), 11)[1] & 0x7F == 0x7F
    # Ties go to even: 1 + 2^-8 down to 1, 1 + 3 * 2^-8 up to 1 + 2^-6.
    assert ut.dtypes.element_bytes(1 + 2**-8, 11) == b"\x80\x3f"
    assert ut.dtypes.element_bytes(1 + 3 * 2**-8, 11) == b"\x82\x3f"


def test_padded_rows_are_strided_arrays():
    source = np.arange(30, dtype=np.float32).reshape(3, 2, 5)
    tensor = ut.tensor(source, row_alignment=128)
    assert tensor.row_pitch == 128
    array = tensor.numpy()
    assert array.strides == (128, 20, 4)
    np.testing.assert_array_equal(array, source)
    np.testing.assert_array_equal(np.asarray(tensor), source)
    np.testing.assert_array_equal(tensor[1].numpy(), source[1])
    np.testing.assert_array_equal(ut.tensor(array).numpy(), source)
    out = np.empty_like(source)
    assert tensor.copy_to(out) is out
    np.testing.assert_array_equal(out, source)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (0, 4), (1,), (2, 0, 3), 0])
def test_empty_and_small_shapes(shape):
    tensor = ut.zeros(shape)
    expected = np.zeros(shape, np.float32)
    assert tensor.shape == expected.shape
    np.testing.assert_array_equal(tensor.numpy(), expected)
    np.testing.assert_array_equal(np.asarray(tensor), expected)
    np.testing.assert_array_equal(np.from_dlpack(tensor), expected)
    np.testing.assert_array_equal(ut.tensor(expected).numpy(), expected)
    np.testing.assert_array_equal(ut.wrap(expected).numpy(), expected)
    np.testing.assert_array_equal(ut.from_dlpack(expected).numpy(), expected)
    if expected.ndim:
        index = np.zeros(0, np.int64)
        np.testing.assert_array_equal(tensor.gather(index).numpy(), expected[index])
        out = np.empty_like(expected[index])
        assert tensor.gather(index, out=out) is out
    else:
        with pytest.raises(TypeError):
            len(tensor)
        with pytest.raises(ut.ShapeMismatchError):
            tensor.gather([0])
        with pytest.raises(ut.ShapeMismatchError):
            tensor[0]
        assert tensor.numpy()[()] == 0


def test_bad_shapes_and_dtypes():
    for shape, error in (((-1, 2), ut.InvalidArgumentError), ((2**40, 2**40), ut.InvalidArgumentError),
                         ((1,) * 9, ut.ShapeMismatchError)):
        with pytest.raises(error):
            ut.empty(shape)
    for dtype in ("complex64", "float8", object, "<U3", ">f4", "datetime64[s]"):
        with pytest.raises(ut.DtypeMismatchError, match="expected one of"):
            ut.empty(3, dtype=dtype)
    with pytest.raises(TypeError):
        ut.empty(2.5)
    with pytest.raises(ut.InvalidArgumentError, match="memory is 'ram'"):
        ut.empty(3, memory="ram")
    with pytest.raises(ut.InvalidArgumentError, match="row_alignment"):
        ut.empty(3, row_alignment=3)
    with pytest.raises(TypeError, match="made by"):
        ut.Tensor()


def test_fill():
    tensor = ut.empty((3, 3), dtype="int8")
    assert tensor.fill(-7) is tensor
    assert (tensor.numpy() == -7).all()
    for value in (1.5, 300, float("nan"), "many", [1, 2]):
        with pytest.raises((ValueError, OverflowError)):
            tensor.fill(value)
    assert (tensor.numpy() == -7).all()
    assert ut.full(2, 0.1, dtype="float64").numpy()[0] == 0.1


def test_rows_and_slices(rows):
    source = rows.numpy()
    view = rows[2:5]
    assert view.shape == (3, 4) and address(view.numpy()) == address(source[2:5])
    assert address(rows[3].numpy()) == address(source[3]) and rows[3].shape == (4,)
    assert address(rows[np.int32(3)].numpy()) == address(source[3])
    assert rows[3][2] == source[3, 2] and isinstance(rows[3][2], np.float32)
    for key in (slice(None), slice(4, None), slice(None, 4), slice(0, 0), slice(10, 10), slice(5, 99), slice(7, 3),
                slice(99, None), slice(1, 3, 1)):
        np.testing.assert_array_equal(rows[key].numpy(), source[key])
    for key in (-1, 10, 2**40, -11):
        with pytest.raises(ut.OutOfBoundsError):
            rows[key]
        with pytest.raises(IndexError):
            rows[0][key]
    for key in (slice(-3, None), slice(None, -1)):
        with pytest.raises(ut.OutOfBoundsError, match="negative"):
            rows[key]
    with pytest.raises(ut.InvalidArgumentError, match="step"):
        rows[::2]
    for key in (None, ..., "name", 1.5, True, (1, 2), (slice(None), 0)):
        with pytest.raises(TypeError):
            rows[key]
    assert [row.numpy().tolist() for row in rows] == source.tolist()
    with pytest.raises(TypeError):
        3 in rows


def test_assignment(rows):
    expected = rows.numpy().copy()
    rows[2:4] = np.full((2, 4), 7, np.float32)
    expected[2:4] = 7
    rows[0] = np.ones(4, np.float32)
    expected[0] = 1
    rows[5:7] = 3
    expected[5:7] = 3
    rows[9] = np.float32(2)
    expected[9] = 2
    rows[[8, 1]] = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)
    expected[[8, 1]] = [[1, 2, 3, 4], [5, 6, 7, 8]]
    rows[1][3] = 11
    expected[1, 3] = 11
    np.testing.assert_array_equal(rows.numpy(), expected)
    with pytest.raises(ut.ShapeMismatchError):
        rows[2:4] = np.ones((3, 4), np.float32)
    with pytest.raises(ut.DtypeMismatchError):
        rows[2:4] = np.ones((2, 4))
    with pytest.raises(ut.OutOfBoundsError):
        rows[-1] = 0
    with pytest.raises(TypeError):
        rows[[1, 2]] = 0
    np.testing.assert_array_equal(rows.numpy(), expected)


def test_reshape(rows):
    source = rows.numpy()
    for shape in ((40,), (2, 20), (5, 2, 4), (10, 4)):
        view = rows.reshape(*shape)
        np.testing.assert_array_equal(view.numpy(), source.reshape(shape))
        assert address(view.numpy()) == address(source)
    assert rows.reshape((4, 10)).shape == rows.reshape([4, -1]).shape == (4, 10)
    for shape in ((3, 3), (-1, 3), (-1, -1), (-1, 0), ()):
        with pytest.raises((ut.ShapeMismatchError, ut.InvalidArgumentError)):
            rows.reshape(*shape)
    with pytest.raises(ut.ShapeMismatchError):
        ut.zeros((4, 3), row_alignment=64).reshape(12)


def test_copies(rows):
    out = np.empty((10, 4), np.float32)
    assert rows.copy_to(out) is out
    np.testing.assert_array_equal(out, rows.numpy())
    other = ut.empty((10, 4))
    assert other.copy_from(rows) is other
    np.testing.assert_array_equal(out, other.numpy())
    other.copy_from(out[::1] * 2)
    np.testing.assert_array_equal(out * 2, other.numpy())
    with pytest.raises(ut.InvalidArgumentError, match="ascontiguousarray"):
        other.copy_from(np.zeros((4, 10), np.float32).T)
    with pytest.raises(ut.DtypeMismatchError, match="float64"):
        other.copy_from(np.zeros((10, 4)))
    with pytest.raises(ut.ShapeMismatchError):
        rows.copy_to(np.empty((9, 4), np.float32))
    with pytest.raises(TypeError, match="numpy.asarray"):
        other.copy_from([[1.0]])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("begin, end", [(0, 16 << 20), (1, (16 << 20) + 1), (63, (16 << 20) + 200), (0, 16 << 10)])
def test_copies_that_no_cache_keeps(threads, begin, end):
    """From 16 MiB on they are written in another way, whatever the alignment of either side."""
    source = np.random.default_rng(1).integers(0, 256, end + 200, dtype=np.uint8)
    memory = np.zeros(end + 200, np.uint8)
    out = ut.wrap(memory[begin:end], context=ut.Context(num_threads=threads))
    for offset in (0, 5, 64):
        memory[:] = 0
        out.copy_from(source[offset : offset + end - begin])
        assert not memory[:begin].any() and not memory[end:].any()
        np.testing.assert_array_equal(memory[begin:end], source[offset : offset + end - begin])
    rows = 1 << 10
    many = ut.wrap(memory[: end // rows * rows].reshape(rows, -1), context=out.context)
    many.copy_from(source[: end // rows * rows].reshape(rows, -1))
    np.testing.assert_array_equal(many.numpy().ravel(), source[: end // rows * rows])


def test_copies_refuse_what_they_cannot_use_in_place(rows):
    other = ut.empty((10, 4))
    unaligned = np.frombuffer(bytearray(161), np.uint8)[1:].view(np.float32).reshape(10, 4)
    closed = ut.empty((10, 4))
    closed.close()
    frozen = np.zeros((10, 4), np.float32)
    frozen.flags.writeable = False
    for refused, error, text in (
            (lambda: other.copy_from(unaligned), ut.InvalidArgumentError, "source is not aligned"),
            (lambda: other.copy_to(unaligned), ut.InvalidArgumentError, "out is not aligned"),
            (lambda: other.copy_to(frozen), ut.InvalidArgumentError, "read-only"),
            (lambda: ut.wrap(frozen).copy_from(rows), ut.InvalidArgumentError, "read-only"),
            (lambda: other.copy_from(closed), ut.InvalidStateError, "source is a closed tensor"),
            (lambda: closed.copy_from(other), ut.InvalidStateError, "closed"),
            (lambda: closed.copy_to(frozen.copy()), ut.InvalidStateError, "closed"),
            (lambda: other.copy_from(other), ut.InvalidArgumentError, "overlap"),
            (lambda: other.copy_to(other.numpy()), ut.InvalidArgumentError, "overlap"),
            (lambda: other.copy_from(np.zeros((10, 4), ">f4")), ut.DtypeMismatchError, "newbyteorder"),
            (lambda: other.copy_from(np.ma.masked_array(frozen)), TypeError, "masked"),
            (lambda: other.copy_from(frozen, stream="a"), TypeError, "stream is of type str"),
            (lambda: other.copy_from(np.zeros((1,) * 9, np.float32)), ut.ShapeMismatchError, "9 dimensions")):
        with pytest.raises(error, match=text):
            refused()
    # Rows with gaps between them, a frozen source and nothing at all are taken.
    wide = np.arange(60, dtype=np.float32).reshape(10, 6)
    other.copy_from(wide[:, :4])
    np.testing.assert_array_equal(other.numpy(), wide[:, :4])
    other.copy_from(frozen)
    assert not other.numpy().any()
    assert ut.empty((0, 4)).copy_from(np.empty((0, 4), np.float32)).shape == (0, 4)
    assert ut.zeros(()).copy_to(np.ones((), np.float32)) == 0


def test_tensor_takes_arrays_in_any_order():
    source = np.arange(24).reshape(4, 6)
    for array in (source.T, source[::2], source[:, ::3], source[::-1], np.asfortranarray(source), source.tolist(), 3,
                  source.astype(">i8"), source):
        np.testing.assert_array_equal(ut.tensor(array).numpy(), np.asarray(array))
    unaligned = np.frombuffer(b"\0" + source.tobytes(), np.uint8)[1:].view(np.int64)
    np.testing.assert_array_equal(ut.tensor(unaligned).numpy(), unaligned)
    for bad in (["a"], [[1], [2, 3]], [None], np.zeros(3, complex)):
        with pytest.raises((ut.DtypeMismatchError, ValueError)):
            ut.tensor(bad)
    copy = ut.tensor(ut.tensor(source))
    np.testing.assert_array_equal(copy.numpy(), source)


def test_array_protocols(rows):
    assert address(np.asarray(rows)) == address(rows.numpy())
    assert np.asarray(rows).base is not None
    assert np.asarray(rows, dtype=np.float64).dtype == np.float64
    assert address(np.array(rows, copy=True)) != address(rows.numpy())
    assert rows.__array__(copy=True).sum() == 780 and rows.__array__(dtype=np.float64).sum() == 780
    with pytest.raises(ValueError, match="copy"):
        rows.__array__(dtype=np.float64, copy=False)
    assert np.add(rows, 1).sum() == 780 + 40
    rows.numpy()[0, 0] = 100
    assert rows[0][0] == 100


def test_use_after_close(rows):
    array, view, plain = rows.numpy(), rows[2:4], np.asarray(rows)
    expected = array.copy()
    index = np.array([1, 2])
    rows.close()
    rows.close()
    other = ut.zeros((10, 4))
    for use in (lambda: rows.shape, lambda: rows.dtype, lambda: len(rows), lambda: rows[0], lambda: rows[0:1],
                lambda: rows[index], rows.numpy, lambda: np.asarray(rows), lambda: rows.fill(0),
                lambda: rows.reshape(40),
                lambda: rows.gather(index, out=np.empty((2, 4), np.float32)), lambda: other.copy_from(rows),
                lambda: other.gather(rows), lambda: other.gather(index, out=rows), lambda: rows.scatter(index, other),
                lambda: other.scatter(index, rows), lambda: rows.save("x.npy"), rows.__dlpack__, rows.__dlpack_device__,
                lambda: ut.wrap(rows), lambda: ut.tensor(rows), lambda: rows.copy_to(other), rows.__enter__,
                lambda: rows.memory, lambda: rows.is_read_only, lambda: rows.context, lambda: np.from_dlpack(rows)):
        with pytest.raises(ut.InvalidStateError, match="closed"):
            use()
    assert "closed" in repr(rows)
    del rows
    gc.collect()
    # Memory lives on while anything shows it.
    np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(plain, expected)
    np.testing.assert_array_equal(view.numpy(), expected[2:4])
    with ut.zeros(3) as tensor:
        pass
    with pytest.raises(ut.InvalidStateError):
        tensor.numpy()
