# SPDX-License-Identifier: Apache-2.0
import gc

import numpy as np
import pytest

import unitensor as ut

torch = pytest.importorskip("torch")

from unitensor.torch import as_tensor  # noqa: E402

DTYPES = [torch.bool, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.float16, torch.bfloat16,
          torch.float32, torch.float64]


@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_is_shared_both_ways(dtype):
    source = (torch.arange(12) % 3).reshape(3, 4).to(dtype)
    tensor = ut.wrap(source)
    shown = as_tensor(tensor)
    assert shown.data_ptr() == source.data_ptr() and shown.dtype == dtype and shown.shape == (3, 4)
    assert torch.equal(as_tensor(ut.tensor(source)), source) and torch.equal(as_tensor(ut.from_dlpack(source)), source)
    assert ut.from_dlpack(source).dtype == tensor.dtype
    assert torch.from_dlpack(tensor).data_ptr() == source.data_ptr()
    assert ut.zeros(3, dtype=dtype).dtype == tensor.dtype
    index = torch.tensor([2, 0])
    assert torch.equal(as_tensor(tensor[index]), source[index])


def test_as_operands(rows):
    for dtype in (torch.int32, torch.int64):
        index = torch.tensor([3, 3, 0], dtype=dtype)
        expected = rows.numpy()[[3, 3, 0]]
        out = torch.zeros(3, 4)
        assert rows.gather(index, out=out) is out
        np.testing.assert_array_equal(out.numpy(), expected)
        wide = torch.zeros(3, 8)
        rows.gather(index, out=wide[:, :4])
        np.testing.assert_array_equal(wide.numpy()[:, :4], expected)
        assert wide[:, 4:].abs().sum() == 0
        rows.gather(np.array([3, 3, 0]), out=out.zero_())
        np.testing.assert_array_equal(out.numpy(), expected)
    rows.scatter(torch.tensor([1]), torch.full((1, 4), 9.0))
    assert rows[1].numpy().tolist() == [9] * 4
    rows[torch.tensor([2])] = torch.zeros(1, 4)
    assert rows[2].numpy().sum() == 0
    rows[0] = torch.ones(4)
    assert rows.copy_to(torch.empty(10, 4))[0].sum() == 4


def test_a_backward_pass_notices_that_its_input_was_overwritten(rows):
    weight = torch.ones(2, 4, requires_grad=True)
    for overwrite in (lambda out: rows.gather([1, 2], out=out), lambda out: rows[0:2].copy_to(out)):
        out = torch.ones(2, 4)
        loss = (weight * out).sum()
        overwrite(out)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
    with torch.inference_mode():
        assert rows.gather([1], out=torch.zeros(1, 4)).sum() > 0


def test_graphs_and_seeds():
    graph = ut.Graph(torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1]))
    sample = graph.sample_neighbors(torch.tensor([2]), [1, 1])
    assert as_tensor(sample.nodes).tolist() == [2, 1, 0]


def test_lifetime_of_shared_memory():
    shown = as_tensor(ut.full((100, 100), 3))
    gc.collect()
    ut.full((100, 100), 5)
    assert (shown == 3).all()
    source = torch.full((1000,), 7)
    tensor = ut.wrap(source)
    del source
    gc.collect()
    torch.zeros(1000, dtype=torch.int64)
    assert (tensor.numpy() == 7).all()
    parameter = torch.nn.Parameter(shown)
    parameter.sum().backward()
    assert parameter.grad.sum() == 10000


def test_padded_rows_are_strided_tensors():
    tensor = ut.tensor(np.arange(12, dtype=np.float32).reshape(4, 3), row_alignment=64)
    shown = as_tensor(tensor)
    assert shown.stride() == (16, 1) and shown.sum() == 66


@pytest.mark.parametrize("make, error, text", [
    (lambda: torch.zeros(2, 4, requires_grad=True), ut.InvalidArgumentError, "detach"),
    (lambda: torch.zeros(4, 2).T, ut.InvalidArgumentError, "contiguous"),
    (lambda: torch.zeros(2, 8)[:, ::2], ut.InvalidArgumentError, "contiguous"),
    (lambda: torch.zeros(2, 4).to_sparse(), ut.InvalidArgumentError, "to_dense"),
    (lambda: torch.zeros(2, 4, dtype=torch.complex64), ut.DtypeMismatchError, "complex64"),
    (lambda: torch.zeros(2, 4, dtype=torch.complex64).conj().imag, ut.InvalidArgumentError, "resolve_neg"),
    (lambda: torch.zeros(2, 4, device="meta"), ut.DeviceMismatchError, "meta"),
    (lambda: torch.zeros(1, 4).expand(2, 4), ut.InvalidArgumentError, "contiguous"),
])
def test_what_is_refused(rows, make, error, text):
    for use in (lambda: rows.gather([0, 1], out=make()), lambda: ut.wrap(make()), lambda: rows.scatter([0, 1], make()),
                lambda: rows[0:2].copy_from(make())):
        with pytest.raises(error, match=text):
            use()


def test_bad_indices(rows):
    for index, error, text in ((torch.tensor([True, False]), ut.DtypeMismatchError, "mask"),
                               (torch.tensor([1.0]), ut.DtypeMismatchError, "float32"),
                               (torch.arange(6)[::2], ut.InvalidArgumentError, "contiguous"),
                               (torch.tensor([10]), ut.OutOfBoundsError, "10"),
                               (torch.tensor([[1]]), ut.ShapeMismatchError, "dimensions")):
        with pytest.raises(error, match=text):
            rows.gather(index)
        with pytest.raises(error, match=text):
            rows[index]


def test_explicit_copies_take_any_layout():
    source = torch.arange(24.0).reshape(4, 6)
    for view in (source.T, source[:, ::2], source.clone().requires_grad_(), source[::2]):
        assert torch.equal(as_tensor(ut.tensor(view)), view.detach())


def test_as_tensor_refuses():
    with pytest.raises(ut.InvalidArgumentError, match="read-only"):
        as_tensor(ut.wrap(np.frombuffer(bytes(8), np.float32)))
    tensor = ut.zeros(3)
    if not torch.cuda.is_available():
        with pytest.raises(ut.DeviceMismatchError):
            as_tensor(tensor, device="cuda:0")
    assert as_tensor(tensor, device="cpu").shape == (3,)
    tensor.close()
    with pytest.raises(ut.InvalidStateError):
        as_tensor(tensor)
