# SPDX-License-Identifier: Apache-2.0
# One mini-batch of a graph neural network: sample the neighbourhood of some seed nodes, and gather the features of every
# node that was met.
#
#   julia --project=bindings/julia/UniTensor examples/julia/sample_and_gather.jl
using UniTensor

const NUM_NODES = 1000
const DEGREE = 8
const WIDTH = 4

# A ring with chords: node v has the in-neighbours v + 1, v + 2, v + 4 and so on. Nodes are numbered from 0, as in files.
indptr = collect(0:DEGREE:NUM_NODES * DEGREE)
indices = [(v + 2^i) % NUM_NODES for v in 0:NUM_NODES - 1 for i in 0:DEGREE - 1]
graph = Graph(tensor(indptr), tensor(indices))

# In memory that every device of the machine can read. A node's features are a column: those of node v are v, v, ...
features = tensor([Float32(v) for _ in 1:WIDTH, v in 0:NUM_NODES - 1])

# Two hops of at most 5 and 3 neighbours, then the features of all nodes of the sample.
seeds = [0, 10, 500]
sample = sample_neighbors(graph, seeds, [5, 3]; seed = 7)
rows = gather(features, sample.nodes)

# Column i has to be the features of node i of the sample.
size(rows) == (WIDTH, sample.num_nodes) && all(rows[:, i] == fill(node, WIDTH) for (i, node) in enumerate(sample.nodes)) ||
    error("the features are not those of the sample's nodes")
sample.num_edges >= 5 * length(seeds) || error("too few edges")
println(sample.num_seeds, " seeds, ", sample.num_nodes, " nodes, ", sample.num_edges, " edges")
