# SPDX-License-Identifier: Apache-2.0
"""Tests of the demo's way over a GPU: which device it takes, and its batches over an emulated device, the path of whose
plugin is UNITENSOR_TEST_CUDA_BACKEND. PyTorch cannot see that device's memory: the tests copy for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import unitensor  # noqa: E402
from graphsage import batches, data  # noqa: E402
from graphsage.__main__ import main  # noqa: E402
from graphsage.devices import NoDevice, choose_device  # noqa: E402

BACKEND = os.environ.get("UNITENSOR_TEST_CUDA_BACKEND", "")
FANOUTS = (5, 3)


@pytest.fixture
def torch_sees_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a GPU")


def test_the_cpu_is_taken_where_pytorch_sees_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    context = unitensor.Context()
    choice = choose_device("auto", context)
    assert choice.device.type == "cpu" and "PyTorch" in choice.reason
    with pytest.raises(NoDevice, match="PyTorch"):
        choose_device("cuda", context)


def test_the_cpu_is_taken_where_unitensor_has_no_gpu(torch_sees_a_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    context = unitensor.Context()
    choice = choose_device("auto", context)
    assert choice.device.type == "cpu" and "unitensor cannot use" in choice.reason
    with pytest.raises(NoDevice, match="unitensor cannot use"):
        choose_device("cuda", context)


def test_a_gpu_that_is_asked_for_and_missing_ends_the_demo(monkeypatch: pytest.MonkeyPatch,
                                                           capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["--synthetic", "100", "--device", "cuda"]) == 1
    assert "PyTorch sees no CUDA device" in capsys.readouterr().err


needs_emulated_device = pytest.mark.skipif(not BACKEND, reason="no emulated device was given")


@needs_emulated_device
def test_the_gpu_is_taken_where_both_can_use_it(torch_sees_a_gpu: None) -> None:
    context = unitensor.Context(backend_path=BACKEND)
    assert choose_device("auto", context).device == torch.device("cuda", 0)
    assert choose_device("cpu", context).device == torch.device("cpu")


@needs_emulated_device
def test_batches_of_the_device_are_those_of_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    context = unitensor.Context(backend_path=BACKEND)
    dataset = data.synthetic(2000)
    seen: list[str] = []

    def copy_for_torch(tensor: unitensor.Tensor) -> Any:
        seen.append(tensor.memory)
        copied = np.empty(tensor.shape, tensor.dtype)
        tensor.copy_to(copied)
        context.synchronize()
        return torch.from_numpy(copied)

    on_cpu = batches.BatchMaker(dataset, unitensor.Context(), seed=3)
    expected = [on_cpu.make(torch.arange(begin, begin + 50), FANOUTS, batches.Clock()) for begin in (0, 400)]
    monkeypatch.setattr(batches, "as_tensor", copy_for_torch)
    maker = batches.BatchMaker(dataset, context, seed=3, device=torch.device("cuda", 0))
    assert maker.features.requested_memory == "unified" and maker.features.memory != "host"
    for begin, batch in zip((0, 400), expected):
        seeds = unitensor.empty(50, np.int64, memory="device", context=context)
        seeds.copy_from(np.arange(begin, begin + 50))
        made = maker.make(seeds, FANOUTS, batches.Clock())
        nodes = copy_for_torch(made.sample.nodes)
        assert torch.equal(made.sources, batch.sources) and torch.equal(made.targets, batch.targets)
        assert torch.equal(made.rows, torch.from_numpy(dataset.features)[nodes])
        assert (made.hop_nodes, made.hop_edges) == (batch.hop_nodes, batch.hop_edges)
    assert set(seen) == {"device"}
