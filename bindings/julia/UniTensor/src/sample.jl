# SPDX-License-Identifier: Apache-2.0
# Neighbour sampling, and what it gives.

"""
A sampled neighbourhood with its nodes renumbered from 0; made by `sample_neighbors`.

Properties, all numbers from 0 (see `UniTensor`):

- `nodes`: the graph's node for each local number; seeds first, then hop by hop in the order of first appearance.
- `sources`, `targets`: for each edge, the local number of the neighbour drawn, and of the node it was drawn for.
- `edge_ids`: the edge's position in the graph's indices, or its edge id; `nothing` unless asked for.
- `seed_index`: local number of each seed as given.
- `num_nodes`, `num_edges`, `num_hops`, `num_seeds`; `hop_nodes` (those from the seeds, then those first met in each hop)
  and `hop_edges` (those drawn in each hop).

On a device every property waits for the sample to be complete; `gather(x, sample)` does not.
"""
mutable struct Sample
    pointer::Ptr{uni_sample}
    context::Context
    complete::Union{Nothing, LibUnitensor.uni_sample_info}

    function Sample(pointer, context)
        sample = new(pointer, context, nothing)
        finalizer(close, sample)
        return sample
    end
end

"""
    sample_neighbors(graph, seeds, fanouts; seed = 0, replace = false, edge_ids = false, unique_seeds = false,
                     stream = nothing)

Sample the in-neighbours of seeds over several hops, and number the nodes anew. A hop expands the nodes first met in the hop
before.

- `seeds`: node numbers, **from 0**, `Int32` or `Int64`; a tensor or an array (a range is converted).
- `fanouts`: for each hop (at most 16), how many neighbours to draw for each node; -1 takes all, 0 none.
- `seed`: of the random numbers, 0 to 2^64 - 1; the same seed gives the same sample everywhere.
- `replace`: draw with replacement. `edge_ids`: report edge ids. `unique_seeds`: number equal seeds once; without it every
  seed keeps its place.
- `stream`: as in `gather`.

Complete on return on the CPU. Throws a `UniTensorError`.
"""
function sample_neighbors(graph::Graph, seeds, fanouts; seed::Integer = 0, replace::Bool = false, edge_ids::Bool = false,
                          unique_seeds::Bool = false, stream = nothing)
    0 <= seed <= typemax(UInt64) || throw(invalid_argument("seed is $seed, expected 0 to 2^64 - 1"))
    numbers = collect(Int64, fanouts)
    flags = (replace ? LibUnitensor.UNI_SAMPLE_REPLACE : 0) | (edge_ids ? LibUnitensor.UNI_SAMPLE_WITH_EDGE_IDS : 0) |
        (unique_seeds ? LibUnitensor.UNI_SAMPLE_UNIQUE_SEEDS : 0)
    made = GC.@preserve graph seeds numbers stream begin
        pointer_of_graph = open_pointer(graph)
        options = Ref(LibUnitensor.uni_sample_options(flags = flags, num_hops = length(numbers),
                                                      fanouts = pointer(numbers), seed = seed))
        starts = index_operand("seeds", seeds)
        indices = LibUnitensor.uni_graph_tensor(pointer_of_graph, LibUnitensor.UNI_GRAPH_INDICES)
        with_kept(LibUnitensor.uni_tensor_context(indices), is_on_device(starts), starts) do
            make(uni_sample, LibUnitensor.uni_sample_release, LibUnitensor.uni_sample_neighbors, pointer_of_graph,
                 starts.array, options, stream_pointer(stream))
        end
    end
    return Sample(made, context(graph))
end

"""
    close(sample)

Give the sample back; it cannot be used any more, while tensors taken from it can. Closing twice is allowed. The garbage
collector does the same.
"""
function Base.close(sample::Sample)
    pointer = sample.pointer
    sample.pointer = C_NULL
    pointer == C_NULL || LibUnitensor.uni_sample_release(pointer)
    return nothing
end

Base.deepcopy_internal(::Sample, ::IdDict) = throw(no_deepcopy("sample", "copy its parts"))

Base.isopen(sample::Sample) = sample.pointer != C_NULL
context(sample::Sample) = getfield(sample, :context)

function open_pointer(sample::Sample)
    pointer = getfield(sample, :pointer)
    pointer == C_NULL && throw(closed("sample"))
    return pointer
end

"""
    wait(sample)

Block until the sample is complete; on the CPU it is from the start. Throws what a device met meanwhile, for example a seed
that is no node.
"""
Base.wait(sample::Sample) = (complete(sample); sample)

function complete(sample)
    known = getfield(sample, :complete)
    pointer = open_pointer(sample)
    known === nothing || return known
    info = sized(LibUnitensor.uni_sample_info)
    GC.@preserve sample begin
        call(LibUnitensor.uni_sample_wait, pointer)
        call(LibUnitensor.uni_sample_get_info, pointer, info)
    end
    setfield!(sample, :complete, info[])
    return info[]
end

# An index that knows on a device how many entries are valid.
function index_operand(name, sample::Sample)
    array = LibUnitensor.uni_sample_nodes(open_pointer(sample))
    descriptor = unsafe_load(array)
    on_device = descriptor.device_type == LibUnitensor.UNI_DEVICE_CUDA
    return Operand(array, sample, on_device ? Int(descriptor.device_id) : nothing)
end

# An array of the sample as a tensor of its own, or nothing.
function part(sample::Sample, number)
    complete(sample)
    GC.@preserve sample begin
        pointer = LibUnitensor.uni_sample_tensor(open_pointer(sample), number)
        pointer == C_NULL && return nothing
        return adopt(LibUnitensor.uni_tensor_retain(pointer), context(sample))
    end
end

const SAMPLE_PARTS = (nodes = LibUnitensor.UNI_SAMPLE_NODES, sources = LibUnitensor.UNI_SAMPLE_SOURCES,
                      targets = LibUnitensor.UNI_SAMPLE_TARGETS, edge_ids = LibUnitensor.UNI_SAMPLE_EDGE_IDS,
                      seed_index = LibUnitensor.UNI_SAMPLE_SEED_INDEX)
const SAMPLE_COUNTS = (:num_nodes, :num_edges, :num_hops, :num_seeds)

Base.propertynames(::Sample, private::Bool = false) =
    (keys(SAMPLE_PARTS)..., SAMPLE_COUNTS..., :hop_nodes, :hop_edges, (private ? fieldnames(Sample) : ())...)

function Base.getproperty(sample::Sample, name::Symbol)
    haskey(SAMPLE_PARTS, name) && return part(sample, SAMPLE_PARTS[name])
    name in SAMPLE_COUNTS && return Int(getfield(complete(sample), name))
    name === :hop_nodes && return first_entries(complete(sample).hop_nodes, complete(sample).num_hops + 1)
    name === :hop_edges && return first_entries(complete(sample).hop_edges, complete(sample).num_hops)
    return getfield(sample, name)
end

first_entries(numbers, count) = Int[numbers[i] for i in 1:count]

# Without waiting: showing an object should not block.
function Base.show(io::IO, sample::Sample)
    isopen(sample) || return print(io, "Sample(closed)")
    info = getfield(sample, :complete)
    info === nothing && return print(io, "Sample()")
    return print(io, "Sample(", info.num_nodes, " nodes, ", info.num_edges, " edges, ", info.num_hops, " hops)")
end
