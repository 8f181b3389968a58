# SPDX-License-Identifier: Apache-2.0
# The same as batch.c, through the Julia package.
using UniTensor

graph = Graph(tensor(collect(0:2:12)), tensor([(node + step) % 6 for node in 0:5 for step in 1:2]))
features = tensor(reshape(Float32.(0:5), 1, 6))
sample = sample_neighbors(graph, [0, 3], [2])
rows = gather(features, sample.nodes)
vec(rows) == sample.nodes || error("the rows are not those of the nodes")
println("unitensor $(UniTensor.version()): $(size(rows, 2)) nodes, sum $(Int(sum(rows)))")
