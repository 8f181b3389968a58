# SPDX-License-Identifier: Apache-2.0
# Graphs and samples. Node numbers count from 0, as in files.

@testset "graph" begin
    graph = small_graph()
    @test (graph.num_nodes, graph.num_edges) == (5, 10) && graph.edge_ids === nothing
    @test graph.indptr == [0, 0, 1, 3, 6, 10] && graph.indices isa DenseTensor{Int64, 1}
    @test sprint(show, graph) == "Graph(5 nodes, 10 edges)" && :indices in propertynames(graph)
    @test UniTensor.context(graph) === default_context()
    mixed = Graph(Int32[0, 1, 2], tensor([1, 0]); edge_ids = Int32[7, 8])
    @test mixed.edge_ids == [7, 8] && eltype(mixed.indptr) == Int32 && mixed.num_nodes == 2
    @test Graph(0:2, Int32[1, 0]).indptr == 0:2
    context = Context(num_threads = 1)
    @test UniTensor.context(Graph([0, 1], tensor([0]; context = context))) === context
    @test fails(() -> Graph([0, 2, 1], [0, 0]), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "indptr")
    @test fails(() -> Graph([0, 1], [1]), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "indices[0] is 1")
    @test fails(() -> Graph([1, 1], Int[]), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "indptr")
    @test fails(() -> Graph([0.0, 1.0], [0]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "indptr")
    @test fails(() -> Graph([0, 1], "ab"), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "indices is a String")
    @test fails(() -> Graph(tensor([0, 1]), tensor([0]; context = context)), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT,
                "context")
    @test Graph([0, 1], [7]; validate = false).num_edges == 1
    indices = graph.indices
    close(graph)
    close(graph)
    @test !isopen(graph) && sprint(show, graph) == "Graph(closed)" && indices[4] == 0
    @test fails(() -> graph.num_nodes, LibUnitensor.UNI_STATUS_INVALID_STATE, "the graph is closed")
    @test fails(() -> sample_neighbors(graph, [0], [1]), LibUnitensor.UNI_STATUS_INVALID_STATE, "the graph is closed")
end

@testset "graphs in files" begin
    mktempdir() do folder
        savegraph(folder, small_graph(edge_ids = collect(100:109)))
        graph = loadgraph(folder)
        @test graph.indices == small_graph().indices && graph.edge_ids == 100:109
        savegraph(folder, small_graph())
        @test loadgraph(folder; memory = :host).edge_ids === nothing
        @test fails(() -> loadgraph(joinpath(folder, "none")), LibUnitensor.UNI_STATUS_IO_ERROR, "indptr.npy")
        @test fails(() -> savegraph(joinpath(folder, "none"), graph), LibUnitensor.UNI_STATUS_IO_ERROR)
    end
end

@testset "sample" begin
    graph = small_graph(edge_ids = collect(100:109))
    sample = sample_neighbors(graph, [4], [-1, 0]; edge_ids = true)
    @test sample.nodes == [4, 0, 1, 2, 3] && sample.sources == 1:4 && sample.targets == zeros(4)
    @test sample.edge_ids == 106:109 && sample.seed_index == [0]
    @test (sample.num_nodes, sample.num_edges, sample.num_hops, sample.num_seeds) == (5, 4, 2, 1)
    @test sample.hop_nodes == [1, 4, 0] && sample.hop_edges == [4, 0]
    @test wait(sample) === sample && sprint(show, sample) == "Sample(5 nodes, 4 edges, 2 hops)"
    @test :hop_edges in propertynames(sample) && UniTensor.context(sample) === default_context()
    features = tensor(table())
    @test gather(features, sample.nodes) == gather(features, sample) == features[:, Array(sample.nodes) .+ 1]
    again = sample_neighbors(graph, 2:4, (2, 2); seed = 7)
    @test again.nodes == sample_neighbors(graph, Int32[2, 3, 4], [2, 2]; seed = 7).nodes
    @test sample_neighbors(graph, [4, 4], [1]; unique_seeds = true).seed_index == [0, 0]
    @test sample_neighbors(graph, [1], [3]; replace = true).num_edges == 3
    @test again.edge_ids === nothing && sample_neighbors(graph, Int[], [2]).num_nodes == 0
    @test sample_neighbors(graph, [3], [2]; seed = typemax(UInt64)).num_edges == 2
    @test fails(() -> sample_neighbors(graph, [0, 5], [1]), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "seeds[1] is 5")
    @test fails(() -> sample_neighbors(graph, [0], [-2]), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "-2")
    @test fails(() -> sample_neighbors(graph, [0], fill(1, 17)), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "17")
    @test fails(() -> sample_neighbors(graph, [0], [1]; seed = -1), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "seed is -1")
    @test fails(() -> sample_neighbors(graph, ["a"], [1]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "String")
    @test_throws InexactError sample_neighbors(graph, [0], [1.5])
    nodes = sample.nodes
    close(sample)
    close(sample)
    @test nodes == [4, 0, 1, 2, 3] && !isopen(sample) && sprint(show, sample) == "Sample(closed)"
    @test fails(() -> sample.nodes, LibUnitensor.UNI_STATUS_INVALID_STATE, "the sample is closed")
    @test fails(() -> gather(features, sample), LibUnitensor.UNI_STATUS_INVALID_STATE, "the sample is closed")
    @test fails(() -> wait(sample), LibUnitensor.UNI_STATUS_INVALID_STATE, "the sample is closed")
end

@testset "what has been checked does not change" begin
    graph = Graph(tensor([0, 1, 2]), tensor([1, 0]))
    @test_throws UniTensorError graph.indices[1] = 4_000_000_000_000
    @test_throws UniTensorError fill!(graph.indptr, 7)
    @test_throws UniTensorError copyto!(graph.indices, [0, 0])
    @test_throws UniTensorError gather!(graph.indices, tensor([5, 6]), [0, 1])
    @test_throws UniTensorError scatter!(graph.indices, [0], [9])
    @test_throws UniTensorError slice(graph.indices, 1:1)[1] = 9
    @test_throws UniTensorError reshape(graph.indices, 1, 2)[1] = 9
    @test graph.indices == [1, 0]
end

@testset "objects of the library are not copied deeply" begin
    context = Context()
    x = tensor(ones(2, 3); context = context)
    graph = Graph(tensor([0, 1]), tensor([0]))
    for object in (context, x, slice(x, 1:2), graph, sample_neighbors(graph, [0], [1]), (x, 1), [x])
        @test_throws UniTensorError deepcopy(object)
    end
    @test copy(x) == x == ones(2, 3) && sizeof(x) == 48
    close(x)
    close(context)
end
