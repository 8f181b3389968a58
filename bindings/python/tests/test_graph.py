# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

import unitensor as ut
from conftest import address

INDPTR = np.array([0, 0, 1, 3, 6, 10])
INDICES = np.array([0, 0, 1, 0, 1, 2, 0, 1, 2, 3])


def test_arrays_are_wrapped_in_place():
    graph = ut.Graph(INDPTR, INDICES)
    assert address(graph.indptr.numpy()) == address(INDPTR) and address(graph.indices.numpy()) == address(INDICES)
    assert graph.num_nodes == 5 and graph.num_edges == 10 and graph.edge_ids is None
    assert repr(graph) == "<unitensor.Graph, 5 nodes, 10 edges>"
    mixed = ut.Graph(ut.tensor(INDPTR), INDICES.astype(np.int32), edge_ids=np.arange(10))
    assert mixed.indices.dtype == np.int32 and mixed.edge_ids.dtype == np.int64
    assert ut.Graph([0, 1, 2], [1, 0]).num_edges == 2
    assert ut.Graph([0], []).num_nodes == 0
    context = ut.Context(num_threads=1)
    assert ut.Graph(ut.tensor(INDPTR, context=context), INDICES).context is context


@pytest.mark.parametrize("indptr, indices, edge_ids, error", [
    ([0, 2, 1, 3], [0, 1, 2], None, ut.InvalidArgumentError),
    ([1, 2, 3], [0, 1, 1], None, ut.InvalidArgumentError),
    ([0, 2], [0], None, ut.InvalidArgumentError),
    ([], [], None, ut.Error),
    ([0, 1], [1], None, ut.OutOfBoundsError),
    ([0, 1], [-1], None, ut.OutOfBoundsError),
    (np.array([0.0, 1]), [0], None, ut.DtypeMismatchError),
    ([0, 1], np.array([0], np.uint32), None, ut.DtypeMismatchError),
    (np.array([[0, 1]]), [0], None, ut.ShapeMismatchError),
    ([0, 1], [0], [1, 2], ut.ShapeMismatchError),
    ([0, 1], [0], np.array([1], np.int32), ut.DtypeMismatchError),
    (np.arange(6)[::2], [0], None, ut.InvalidArgumentError),
    ([True, False], [0], None, ut.DtypeMismatchError),
    ("text", [0], None, TypeError),
])
def test_bad_graphs(indptr, indices, edge_ids, error):
    with pytest.raises(error):
        ut.Graph(indptr, indices, edge_ids)


def test_validation_can_be_left_out():
    assert ut.Graph([0, 1], [0], validate=False).num_edges == 1
    with pytest.raises(ut.ShapeMismatchError):
        ut.Graph([[0, 1]], [0], validate=False)


def test_sample_of_all_neighbours(graph):
    sample = graph.sample_neighbors([4], [-1], edge_ids=True)
    assert sample.wait() is sample
    assert sample.nodes.numpy().tolist() == [4, 0, 1, 2, 3]
    assert sample.sources.numpy().tolist() == [1, 2, 3, 4] and sample.targets.numpy().tolist() == [0, 0, 0, 0]
    assert sample.edge_ids.numpy().tolist() == [6, 7, 8, 9] and sample.seed_index.numpy().tolist() == [0]
    assert sample.hop_nodes == (1, 4) and sample.hop_edges == (4,)
    assert (sample.num_nodes, sample.num_edges, sample.num_hops, sample.num_seeds) == (5, 4, 1, 1)
    assert isinstance(sample.hop_nodes[0], int)
    assert graph.sample_neighbors([4], [-1]).edge_ids is None


def test_edges_are_edges_of_the_graph(graph):
    for seeds in (np.array([4, 3, 4]), np.array([4, 3, 4], np.int32), ut.tensor([4, 3, 4]), [4, 3, 4], (4, 3, 4)):
        sample = graph.sample_neighbors(seeds, (2, 2), seed=9, edge_ids=True)
        nodes, ids = sample.nodes.numpy(), sample.edge_ids.numpy()
        np.testing.assert_array_equal(INDICES[ids], nodes[sample.sources.numpy()])
        owners = np.searchsorted(INDPTR, ids, side="right") - 1
        np.testing.assert_array_equal(owners, nodes[sample.targets.numpy()])
        assert nodes[:3].tolist() == [4, 3, 4] and sample.seed_index.numpy().tolist() == [0, 1, 2]
        assert sum(sample.hop_nodes) == sample.num_nodes and sum(sample.hop_edges) == sample.num_edges
        unique = graph.sample_neighbors(seeds, (2, 2), seed=9, unique_seeds=True)
        assert unique.seed_index.numpy().tolist() == [0, 1, 0] and unique.nodes.numpy()[:2].tolist() == [4, 3]


def test_the_seed_decides(context):
    generator = np.random.default_rng(1)
    degrees = generator.integers(0, 40, 2000)
    indptr = np.concatenate(([0], np.cumsum(degrees)))
    indices = generator.integers(0, 2000, indptr[-1])
    seeds = generator.integers(0, 2000, 100)

    def draw(threads, **arguments):
        sample = ut.Graph(indptr, indices, context=ut.Context(num_threads=threads)).sample_neighbors(
            seeds, np.array([5, 3]), **arguments)
        return sample.nodes.numpy().tobytes(), sample.sources.numpy().tobytes(), sample.targets.numpy().tobytes()

    for arguments in ({"seed": 3}, {"seed": 3, "replace": True}, {"seed": 2**64 - 1}):
        first = draw(1, **arguments)
        assert draw(2, **arguments) == draw(7, **arguments) == first
    assert draw(1, seed=3) != draw(1, seed=4) and draw(1, seed=3) != draw(1, seed=3, replace=True)


def test_gather_by_sample(graph):
    features = ut.tensor(np.arange(10.0).reshape(5, 2))
    sample = graph.sample_neighbors([3], [2, 2], seed=1)
    np.testing.assert_array_equal(features[sample.nodes].numpy(), features.numpy()[sample.nodes.numpy()])


def test_empty_samples(graph):
    for seeds, fanouts in (([], [2]), ([1, 2], []), ([4], [0]), ([0], [3, 3]), (np.zeros(0, np.int32), [-1])):
        sample = graph.sample_neighbors(seeds, fanouts)
        assert sample.num_edges == 0 and sample.num_nodes == len(seeds) and sample.sources.shape == (0,)
        assert len(sample.hop_nodes) == len(fanouts) + 1 and len(sample.hop_edges) == len(fanouts)


@pytest.mark.parametrize("seeds, arguments, error, text", [
    ([5], {}, ut.OutOfBoundsError, "5"),
    ([0, -1], {}, ut.OutOfBoundsError, "-1"),
    (np.array([True]), {}, ut.DtypeMismatchError, "mask"),
    (np.array([1.0]), {}, ut.DtypeMismatchError, "float64"),
    (np.array([1], np.uint8), {}, ut.DtypeMismatchError, "uint8"),
    (np.array([[1]]), {}, ut.ShapeMismatchError, "dimensions"),
    (np.array(1), {}, ut.ShapeMismatchError, "dimensions"),
    (np.arange(4)[::2], {}, ut.InvalidArgumentError, "ascontiguousarray"),
    ("4", {}, TypeError, "str"),
    ([4], {"fanouts": [-2]}, ut.InvalidArgumentError, "-2"),
    ([4], {"fanouts": [1] * 17}, ut.InvalidArgumentError, "17"),
    ([4], {"fanouts": [2, 1.5]}, TypeError, r"fanouts\[1\] is 1.5, expected an integer"),
    ([4], {"fanouts": [2**63]}, ut.InvalidArgumentError, r"fanouts\[0\] is 9223372036854775808"),
    ([4], {"fanouts": 3}, TypeError, "fanouts is 3, expected a sequence"),
    ([4], {"fanouts": "1"}, TypeError, "fanouts is '1', expected a sequence"),
    ([4], {"seed": 1.5}, TypeError, "seed is 1.5, expected an integer"),
    ([4], {"seed": -1}, ut.InvalidArgumentError, "seed is -1"),
    ([4], {"seed": 2**64}, ut.InvalidArgumentError, "seed is"),
    ([4], {"stream": object()}, TypeError, "stream"),
])
def test_bad_samples(graph, seeds, arguments, error, text):
    with pytest.raises(error, match=text):
        graph.sample_neighbors(seeds, **{"fanouts": [2], **arguments})


def test_lifetimes_and_close():
    graph = ut.Graph(np.array([0, 1, 2]), np.array([1, 0]))
    indices = graph.indices
    sample = graph.sample_neighbors([0], [1])
    graph.close()
    graph.close()
    for use in (lambda: graph.num_nodes, lambda: graph.indptr, lambda: graph.sample_neighbors([0], [1]),
                graph.__enter__, lambda: graph.save("x"), lambda: graph.edge_ids, lambda: graph.context):
        with pytest.raises(ut.InvalidStateError, match="graph is closed"):
            use()
    assert "closed" in repr(graph) and indices.numpy().tolist() == [1, 0]
    nodes = sample.nodes
    assert "2 nodes" in repr(sample)
    sample.close()
    sample.close()
    for use in (lambda: sample.nodes, lambda: sample.num_edges, sample.wait, lambda: sample.hop_nodes,
                sample.__enter__):
        with pytest.raises(ut.InvalidStateError, match="sample is closed"):
            use()
    assert "closed" in repr(sample) and nodes.numpy().tolist() == [0, 1]
    with pytest.raises(TypeError, match="made by"):
        ut.Sample()
    with ut.Graph([0], []) as empty:
        assert empty.num_nodes == 0
