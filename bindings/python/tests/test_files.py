# SPDX-License-Identifier: Apache-2.0
import errno
import os
import pathlib

import numpy as np
import pytest

import unitensor as ut


@pytest.mark.parametrize("dtype", ["bool", "int32", "uint64", "float16", "float64"])
def test_files_of_numpy_and_for_numpy(tmp_path, dtype):
    source = (np.arange(60) % 7).reshape(5, 3, 4).astype(dtype)
    np.save(tmp_path / "a.npy", source)
    tensor = ut.load(tmp_path / "a.npy", memory="host")
    assert tensor.dtype == source.dtype and tensor.memory == "host"
    np.testing.assert_array_equal(tensor.numpy(), source)
    tensor.save(str(tmp_path / "b.npy"))
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), source)
    padded = ut.load(str(tmp_path / "a.npy"), row_alignment=64)
    assert padded.row_pitch % 64 == 0
    padded.save(tmp_path / "c.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), source)


def test_names_that_are_not_ascii(tmp_path):
    path = tmp_path / "größe-数.npy"
    ut.zeros(3).save(path)
    assert ut.load(path).shape == (3,)


def test_missing_files(tmp_path):
    missing = tmp_path / "missing.npy"
    with pytest.raises(ut.FileError) as caught:
        ut.load(missing)
    assert caught.value.native_code == caught.value.errno == errno.ENOENT and "missing.npy" in str(caught.value)
    assert isinstance(caught.value, OSError) and caught.value.status_name == "UNI_STATUS_IO_ERROR"
    with pytest.raises(ut.FileError):
        ut.zeros(3).save(tmp_path / "no" / "folder.npy")
    with pytest.raises(ut.FileError):
        ut.load(tmp_path)
    with pytest.raises(ValueError, match="NUL"):
        ut.load("a\0b")
    with pytest.raises(TypeError):
        ut.load(7.5)
    assert os.listdir(tmp_path) == []


def test_bad_files(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.arange(1000.0))
    whole = path.read_bytes()
    for content in (b"", whole[:5], whole[:100], whole[:-1], b"x" * 200, whole.replace(b"<f8", b"<f9"),
                    whole.replace(b"<f8", b">f8")):
        path.write_bytes(content)
        with pytest.raises((ut.FormatError, ut.DtypeMismatchError)):
            ut.load(path)
    np.save(path, np.asfortranarray(np.zeros((3, 4))))
    with pytest.raises(ut.FormatError, match="(?i)fortran"):
        ut.load(path)
    np.save(path, np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(ut.FormatError):
        ut.load(path)
    with pytest.raises(ut.DtypeMismatchError):
        ut.zeros(3, dtype="bfloat16").save(path)


def test_progress(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(20_000_000, np.uint8))
    seen = []
    tensor = ut.load(path, progress=lambda done, total: seen.append((done, total)))
    assert tensor.nbytes == 20_000_000 and seen
    assert [done for done, _ in seen] == sorted(done for done, _ in seen) and seen[-1][0] <= seen[-1][1]
    with pytest.raises(ut.CallbackError):
        ut.load(path, progress=lambda done, total: True)

    def fail(done, total):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ut.load(path, progress=fail)
    with pytest.raises(ut.InvalidArgumentError, match="callable"):
        ut.load(path, progress=5)


def test_graphs(tmp_path, graph):
    graph.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["indices.npy", "indptr.npy"]
    loaded = ut.Graph.load(tmp_path, memory="host")
    assert (loaded.num_nodes, loaded.num_edges) == (5, 10) and loaded.edge_ids is None
    np.testing.assert_array_equal(loaded.indices.numpy(), graph.indices.numpy())
    with_ids = ut.Graph(graph.indptr, graph.indices, edge_ids=ut.tensor(np.arange(10) * 2))
    with_ids.save(str(tmp_path))
    assert ut.Graph.load(tmp_path).edge_ids.numpy().tolist() == list(range(0, 20, 2))
    np.save(tmp_path / "indices.npy", np.full(10, 5))
    with pytest.raises(ut.OutOfBoundsError):
        ut.Graph.load(tmp_path)
    with pytest.raises(ut.FileError):
        ut.Graph.load(tmp_path / "none")
    with pytest.raises(ut.FileError):
        graph.save(pathlib.Path("/nowhere/at/all"))
