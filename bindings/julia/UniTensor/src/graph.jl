# SPDX-License-Identifier: Apache-2.0
# Graphs in compressed sparse column form.

"""
    Graph(indptr, indices; edge_ids = nothing, validate = true, context = nothing)

A graph over tensors of any memory kind. **Numbers are data, from 0**, as in files and in C: column v, from 0, holds the
in-neighbours of node v, `indices[indptr[v + 1] + 1 : indptr[v + 2]]` in Julia's positions. Sampling walks from a node to
its in-neighbours.

- `indptr`: `num_nodes + 1` numbers, `Int32` or `Int64`; starts at 0, never decreases, ends at `num_edges`.
- `indices`: `num_edges` numbers, `Int32` or `Int64`, each at least 0 and less than `num_nodes`.
- `edge_ids`: `nothing`, or `num_edges` numbers of the element type of `indptr`: what a sample reports for an edge.
- `validate`: check the contents; without it a bad graph is undefined behaviour.
- `context`: `nothing` takes that of the first tensor given, else the default one.

Arrays are wrapped without a copy; they must not change afterwards. Properties: `num_nodes`, `num_edges`, `indptr`,
`indices` and `edge_ids` (`nothing` where a position is reported). Throws a `UniTensorError`.
"""
mutable struct Graph
    pointer::Ptr{uni_graph}
    context::Context
    keepers::Vector{Union{Nothing, Keeper}} # of indptr, indices, edge ids

    function Graph(pointer, context, keepers)
        graph = new(pointer, context, keepers)
        finalizer(close, graph)
        return graph
    end
end

function Graph(indptr, indices; edge_ids = nothing, validate::Bool = true,
               context::Union{Nothing, Context} = nothing)
    if context === nothing
        first_tensor = findfirst(part -> part isa Tensor, (indptr, indices, edge_ids))
        context = first_tensor === nothing ? default_context() :
            UniTensor.context((indptr, indices, edge_ids)[first_tensor])
    end
    parts = Any[graph_part("indptr", indptr, context), graph_part("indices", indices, context)]
    edge_ids === nothing || push!(parts, graph_part("edge_ids", edge_ids, context))
    made = GC.@preserve parts context begin
        desc = Ref(LibUnitensor.uni_graph_desc(
            flags = validate ? 0 : LibUnitensor.UNI_GRAPH_TRUST, indptr = open_pointer(parts[1]),
            indices = open_pointer(parts[2]), edge_ids = edge_ids === nothing ? C_NULL : open_pointer(parts[3])))
        make(uni_graph, LibUnitensor.uni_graph_release, LibUnitensor.uni_graph_create, open_pointer(context), desc)
    end
    keepers = Union{Nothing, Keeper}[part.handle.keeper for part in parts]
    length(keepers) == 3 || push!(keepers, nothing)
    graph = Graph(made, context, keepers)
    # The graph has references of its own; what was wrapped for it needs no other.
    for (part, given) in zip(parts, (indptr, indices, edge_ids))
        part === given || close(part)
    end
    return graph
end

graph_part(name, part::Tensor, context) = part
graph_part(name, part, context) = wrap_part(name, part isa AbstractRange{<:Integer} ? collect(Int64, part) : part, context)
wrap_part(name, part::StridedArray, context) =
    tensor_over(LibUnitensor.uni_tensor_wrap, describe(name, part), part, context)
wrap_part(name, part, context) = operand(name, part)

"""
    loadgraph(path; memory = :unified, context = default_context())

Load `indptr.npy`, `indices.npy` and, where it is there, `edge_ids.npy` from a folder. Always checked. Throws as `Graph` and
as `load`.
"""
function loadgraph(path::AbstractString; memory::Symbol = :unified, context::Context = default_context())
    kind = choose("memory", MEMORY_KINDS, memory)
    made = GC.@preserve context make(uni_graph, LibUnitensor.uni_graph_release, LibUnitensor.uni_graph_load,
                                     open_pointer(context), String(path), kind)
    return Graph(made, context, Union{Nothing, Keeper}[nothing, nothing, nothing])
end

"""
    savegraph(path, graph)

Save the tensors of a graph into an existing folder, under the names that `loadgraph` reads.
"""
function savegraph(path::AbstractString, graph::Graph)
    GC.@preserve graph call(LibUnitensor.uni_graph_save, open_pointer(graph), String(path))
    return nothing
end

"""
    close(graph)

Give the graph back; it cannot be used any more, while tensors and samples taken from it can. Closing twice is allowed. The
garbage collector does the same.
"""
function Base.close(graph::Graph)
    pointer = graph.pointer
    graph.pointer = C_NULL
    pointer == C_NULL && return
    LibUnitensor.uni_graph_release(pointer)
    foreach(try_drop, graph.keepers)
    return nothing
end

Base.deepcopy_internal(::Graph, ::IdDict) = throw(no_deepcopy("graph", "make one of copies of its parts"))

Base.isopen(graph::Graph) = graph.pointer != C_NULL
context(graph::Graph) = graph.context

function open_pointer(graph::Graph)
    graph.pointer == C_NULL && throw(closed("graph"))
    return graph.pointer
end

function graph_info(graph)
    info = sized(LibUnitensor.uni_graph_info)
    GC.@preserve graph call(LibUnitensor.uni_graph_get_info, open_pointer(graph), info)
    return info[]
end

# A part of the graph as a tensor of its own, or nothing.
function part(graph::Graph, number)
    GC.@preserve graph begin
        pointer = LibUnitensor.uni_graph_tensor(open_pointer(graph), number)
        pointer == C_NULL && return nothing
        tensor = adopt(LibUnitensor.uni_tensor_retain(pointer), context(graph), graph.keepers[number])
        # What has been checked must not change.
        tensor.handle.writable = false
        return tensor
    end
end

const GRAPH_PROPERTIES = (:num_nodes, :num_edges, :indptr, :indices, :edge_ids)

Base.propertynames(::Graph, private::Bool = false) =
    private ? (GRAPH_PROPERTIES..., fieldnames(Graph)...) : GRAPH_PROPERTIES

function Base.getproperty(graph::Graph, name::Symbol)
    name === :num_nodes && return Int(graph_info(graph).num_nodes)
    name === :num_edges && return Int(graph_info(graph).num_edges)
    name === :indptr && return part(graph, LibUnitensor.UNI_GRAPH_INDPTR)
    name === :indices && return part(graph, LibUnitensor.UNI_GRAPH_INDICES)
    name === :edge_ids && return part(graph, LibUnitensor.UNI_GRAPH_EDGE_IDS)
    return getfield(graph, name)
end

Base.show(io::IO, graph::Graph) =
    isopen(graph) ? print(io, "Graph(", graph.num_nodes, " nodes, ", graph.num_edges, " edges)") :
    print(io, "Graph(closed)")
