# SPDX-License-Identifier: Apache-2.0
"""Tests of the demo: what it reads from a package list, how it samples in plain PyTorch, and a short run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from graphsage import data, debian  # noqa: E402
from graphsage.__main__ import main  # noqa: E402
from graphsage.model import neighbour_mean  # noqa: E402
from graphsage.plain import PlainSampler  # noqa: E402

PACKAGES = """\
Package: alpha
Version: 2.0
Depends: beta (>= 1.0), gamma:any | delta [amd64], no-such-package | beta
Pre-Depends: dpkg-free (>= 1)
Description: fast network games
 Played over
 the network.
Tag: game::arcade
Section: games

Package: beta
Version: 1.0
Recommends: alpha,
 gamma (<< 3)
Suggests: beta
Description-en: a shared library
Section: non-free/libs

Package: gamma
Section: contrib/libs
Enhances: alpha
Conflicts: delta
Description: another library

Package: delta
Description: nothing is known of this
Section: rare

Package: alpha
Version: 1.0
Depends: delta
Description: an older version
Section: libs
"""


def neighbours(dataset: data.Dataset, node: int) -> list[int]:
    return dataset.indices[dataset.indptr[node] : dataset.indptr[node + 1]].tolist()


def test_package_list_becomes_a_graph() -> None:
    dataset = debian.make_dataset(PACKAGES, min_class_size=1)
    assert dataset.num_nodes == 4
    # alpha names beta twice, gamma and delta; beta alpha, gamma and itself; gamma alpha. Strangers do not count.
    assert dataset.num_relations == 8
    assert [neighbours(dataset, node) for node in range(4)] == [[1, 2, 3], [0, 2], [0, 1], [0]]
    assert [dataset.class_names[label] for label in dataset.labels] == ["games", "libs", "libs", "rare"]


def test_small_sections_are_unlabelled() -> None:
    dataset = debian.make_dataset(PACKAGES, min_class_size=2)
    assert dataset.class_names == ["libs"]
    assert dataset.labels.tolist() == [-1, 0, 0, -1]


def test_features_come_from_the_description_alone() -> None:
    dataset = debian.make_dataset(PACKAGES, min_class_size=1)
    assert dataset.features.shape == (4, debian.NUM_FEATURES)
    assert (np.abs(dataset.features).sum(axis=1) > 0).all()
    others = PACKAGES.replace("games\n\nPackage", "news\n\nPackage").replace("game::arcade", "use::browsing")
    assert others != PACKAGES
    np.testing.assert_array_equal(debian.make_dataset(others, min_class_size=1).features, dataset.features)
    changed = debian.make_dataset(PACKAGES.replace("Played over", "Sorted by"), min_class_size=1).features
    assert not np.array_equal(changed[0], dataset.features[0])


def test_words() -> None:
    assert debian.words("C++ Games, a class of x-ray 3D bus-es") == ["c++", "game", "class", "of", "ray", "bus", "es"]


def test_split_is_fixed_and_disjoint() -> None:
    first, second, other = (data.synthetic(1000) for _ in range(3))
    first.make_split(1)
    second.make_split(1)
    other.make_split(2)
    assert [len(first.nodes_of(part)) for part in range(3)] == [600, 200, 200]
    assert first.split is not None and other.split is not None
    np.testing.assert_array_equal(first.split, second.split)
    assert not np.array_equal(first.split, other.split)


def test_synthetic_degrees_follow_a_power_law() -> None:
    dataset = data.synthetic(20_000)
    degrees = np.sort(np.diff(dataset.indptr))
    assert degrees[-1] > 30 * np.median(degrees)


def test_plain_sampler_draws_different_edges_of_the_graph() -> None:
    dataset = data.synthetic(500, mean_degree=12)
    sampler = PlainSampler(torch.from_numpy(dataset.indptr), torch.from_numpy(dataset.indices))
    seeds = torch.arange(0, 500, 7)
    sample = sampler.sample(seeds, (5, 3), torch.Generator().manual_seed(0))
    assert len(torch.unique(sample.nodes)) == len(sample.nodes) == sum(sample.hop_nodes)
    assert torch.equal(sample.nodes[: len(seeds)], seeds)
    assert (torch.diff(sample.targets) >= 0).all()
    degrees = np.diff(dataset.indptr)
    for target in range(sum(sample.hop_nodes[:2])):
        fanout = 5 if target < len(seeds) else 3
        node = int(sample.nodes[target])
        drawn = sample.nodes[sample.sources[sample.targets == target]].tolist()
        assert len(set(drawn)) == len(drawn) == min(fanout, degrees[node])
        assert set(drawn) <= set(neighbours(dataset, node))
    assert (sampler.local_number == -1).all()


def test_plain_sampler_is_uniform() -> None:
    indptr, indices = torch.tensor([0, 6] + [6] * 6), torch.arange(1, 7)
    sampler = PlainSampler(indptr, indices)
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(7)
    for _ in range(6000):
        counts[sampler.sample(torch.tensor([0]), (2,), generator).nodes[1:]] += 1
    # Each of six neighbours is expected 2000 times with variance 1333 (five degrees of freedom: 25 is far out).
    assert float(((counts[1:] - 2000) ** 2 / (2000 * (1 - 2 / 6))).sum()) * 5 / 6 < 25


def test_neighbour_mean() -> None:
    rows = torch.arange(8.0).reshape(4, 2).requires_grad_()
    mean = neighbour_mean(rows, torch.tensor([1, 3, 2]), torch.tensor([0, 0, 2]), 3)
    assert mean.tolist() == [[4.0, 5.0], [0.0, 0.0], [4.0, 5.0]]
    mean.sum().backward()
    assert rows.grad is not None
    assert rows.grad.tolist() == [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0], [0.5, 0.5]]


def test_short_run_on_a_synthetic_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result_file, picture = tmp_path / "result.json", tmp_path / "picture.png"
    status = main(["--synthetic", "3000", "--quick", "--threads", "1", "--json", str(result_file),
                   "--picture", str(picture)])
    assert status == 0
    result = json.loads(result_file.read_text())
    assert result["test_accuracy"] > result["baselines"]["largest class"] + 0.2
    assert result["validation_accuracy"] == max(result["learning_curve"]["validation"])
    assert result["picture"] == str(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    times = result["time"]
    assert min(times["sampling"], times["gathering"], times["training"]) > 0
    assert sum(seconds for seconds in times.values() if isinstance(seconds, float)) < result["seconds"]
    assert set(times["one_epoch"]["unitensor"]) == set(times["one_epoch"]["plain_pytorch"])
    assert "where the time went" in capsys.readouterr().out


def test_run_from_a_folder(tmp_path: Path) -> None:
    dataset = data.synthetic(1000, num_classes=4)
    for name in ("features", "labels"):
        np.save(tmp_path / f"{name}.npy", getattr(dataset, name))
    np.save(tmp_path / "indptr.npy", dataset.indptr)
    np.save(tmp_path / "indices.npy", dataset.indices.astype(np.int32))
    np.save(tmp_path / "split.npy", np.arange(1000) % 3)
    result_file = tmp_path / "result.json"
    assert main(["--data", str(tmp_path), "--quick", "--epochs", "1", "--threads", "1", "--json", str(result_file),
                 "--picture", str(tmp_path / "picture.png")]) == 0
    assert json.loads(result_file.read_text())["nodes"] == 1000


def test_missing_inputs_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["--data", str(tmp_path)]) == 1
    assert "indptr.npy" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([]) == 1
    message = capsys.readouterr().err
    assert "apt-cache" in message and "--data" in message and "--synthetic" in message
