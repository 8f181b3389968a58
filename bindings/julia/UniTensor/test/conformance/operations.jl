# SPDX-License-Identifier: Apache-2.0
# What the operations in the vectors are in Julia.

"""
Runs a call that has to succeed or to fail as the case says, and returns its result, or `nothing` if it failed as it has
to.
"""
function expected(f, case::Case)
    status = required(case, "expect.status")
    words = values_of(case, "expect.message")
    result = try
        f()
    catch exception
        exception isa UniTensorError || rethrow()
        found = UniTensor.status_name(exception.code)
        found == "UNI_STATUS_$status" || mismatch("fails with $found, expected $status: $(exception.message)")
        isempty(exception.message) && mismatch("fails without a message")
        for word in words
            occursin(word, exception.message) || mismatch("$(repr(exception.message)) lacks $(repr(word))")
        end
        return nothing
    end
    status == "OK" || mismatch("succeeds, expected $status")
    isempty(words) || mismatch("succeeds, and expects a message")
    return Some(result)
end

host(a, context; row_alignment = 0) = tensor(a; memory = :host, row_alignment = row_alignment, context = context)
integer(case, member, default) = has(case, member) ? parse(Int, required(case, member)) : default

function require_count(case, member, found)
    wanted = parse(Int, required(case, "expect.$member"))
    found == wanted || mismatch("$member is $found, expected $wanted")
    return nothing
end

# An index whose first entries alone are valid, as the parts of a sample are on a device.
function counted(f, index, count)
    plain = UniTensor.describe("index", index)
    number = Ref{Int64}(count)
    GC.@preserve index number begin
        address = Base.unsafe_convert(Ptr{Int64}, number)
        return f(Ref(uni_array(dtype = plain.dtype, ndim = plain.ndim, data = plain.data, shape = plain.shape,
                               row_pitch = plain.row_pitch, count = address)))
    end
end

function run_gather(case, context)
    source = host(decode(case, "source"), context; row_alignment = integer(case, "row_alignment", 0))
    index, bounds = decode(case, "index"), Symbol(required(case, "bounds"))
    count = optional(case, "count")
    reset_statistics!(context)
    result = expected(case) do
        count === nothing && return gather(source, index; bounds = bounds)
        options = Ref(LibUnitensor.uni_gather_options(bounds = UniTensor.choose("bounds", UniTensor.BOUNDS, bounds)))
        out = Ref{Ptr{uni_tensor}}(C_NULL)
        counted(index, parse(Int, count)) do array
            GC.@preserve source UniTensor.call(LibUnitensor.uni_gather, UniTensor.open_pointer(source), array, options,
                                               C_NULL, out)
        end
        return UniTensor.adopt(out[], context)
    end
    result === nothing && return
    out = something(result)
    require_count(case, "out_of_bounds", statistics(context).out_of_bounds)
    compare(case, "expect.out", out)
    count === nothing || return
    into = fill!(similar(Array(out)), one(eltype(out)))
    gather!(into, source, index; bounds = bounds) === into || mismatch("gather! returns something else than out")
    compare(case, "expect.out", into)
    padded = allocate(eltype(out), size(out); memory = :host, row_alignment = 64, context = context)
    gather!(padded, source, wrap(index; context = context); bounds = bounds)
    compare(case, "expect.out", padded)
end

function run_gather_converted(case, context)
    source = host(decode(case, "source"), context; row_alignment = integer(case, "row_alignment", 0))
    index, bounds, order = decode(case, "index"), Symbol(required(case, "bounds")), Symbol(required(case, "order"))
    scales = has(case, "row_scales.dtype") ? decode(case, "row_scales") : nothing
    type = TYPES[required(case, "dtype")]
    reset_statistics!(context)
    result = expected(case) do
        gather(source, index; bounds = bounds, order = order, dtype = type, row_scales = scales)
    end
    result === nothing && return
    out = something(result)
    require_count(case, "out_of_bounds", statistics(context).out_of_bounds)
    compare(case, "expect.out", out)
    into = fill!(similar(Array(out)), one(eltype(out)))
    gather!(into, source, index; bounds = bounds, order = order, dtype = type, row_scales = scales)
    compare(case, "expect.out", into)
end

function run_gather_many(case, context)
    sources = [host(decode(case, name), context) for name in ("first", "second")]
    index, bounds, order = decode(case, "index"), Symbol(required(case, "bounds")), Symbol(required(case, "order"))
    reset_statistics!(context)
    result = expected(() -> gather_many(sources, index; bounds = bounds, order = order), case)
    result === nothing && return
    require_count(case, "out_of_bounds", statistics(context).out_of_bounds)
    for (name, out) in zip(("first", "second"), something(result))
        compare(case, "expect.$name", out)
    end
end

function run_gather_into(case, context)
    source, index = host(decode(case, "source"), context), decode(case, "index")
    before, bounds = decode(case, "out"), Symbol(required(case, "bounds"))
    out = copy(before)
    result = expected(() -> gather!(out, source, index; bounds = bounds), case)
    result === nothing ? unchanged("out", out, before) : compare(case, "expect.out", out)
end

function run_scatter(case, context)
    before = decode(case, "destination")
    destination = host(before, context; row_alignment = integer(case, "row_alignment", 0))
    index, rows = decode(case, "index"), decode(case, "rows")
    bounds, reduce = Symbol(required(case, "bounds")), Symbol(required(case, "reduce"))
    count = optional(case, "count")
    reset_statistics!(context)
    result = expected(case) do
        count === nothing && return scatter!(destination, index, rows; bounds = bounds, reduce = reduce)
        options = Ref(LibUnitensor.uni_scatter_options(
            bounds = UniTensor.choose("bounds", UniTensor.BOUNDS, bounds),
            reduce = UniTensor.choose("reduce", UniTensor.REDUCTIONS, reduce)))
        counted(index, parse(Int, count)) do array
            GC.@preserve destination rows UniTensor.call(
                LibUnitensor.uni_scatter, UniTensor.open_pointer(destination), array,
                Ref(UniTensor.describe("rows", rows)), options, C_NULL)
        end
        return destination
    end
    result === nothing && return unchanged("destination", destination, before)
    require_count(case, "out_of_bounds", statistics(context).out_of_bounds)
    compare(case, "expect.destination", destination)
end

function graph_of(case, context)
    indptr, indices = decode(case, "indptr"), decode(case, "indices")
    edge_ids = has(case, "edge_ids.dtype") ? decode(case, "edge_ids") : nothing
    return () -> Graph(indptr, indices; edge_ids = edge_ids, context = context)
end

function run_graph(case, context)
    result = expected(graph_of(case, context), case)
    result === nothing && return
    graph = something(result)
    require_count(case, "num_nodes", graph.num_nodes)
    require_count(case, "num_edges", graph.num_edges)
    (graph.edge_ids === nothing) == !has(case, "edge_ids.dtype") || mismatch("edge_ids is $(graph.edge_ids)")
end

function run_sample_neighbors(case, context)
    graph, seeds = graph_of(case, context)(), decode(case, "seeds")
    fanouts, seed = integers(Int64, required(case, "fanouts")), parse(UInt64, required(case, "seed"))
    flags = (; (Symbol(flag) => true for flag in values_of(case, "flags"))...)
    result = expected(() -> sample_neighbors(graph, seeds, fanouts; seed = seed, flags...), case)
    result === nothing && return
    sample = something(result)
    for (name, found) in (("hop_nodes", sample.hop_nodes), ("hop_edges", sample.hop_edges))
        wanted = integers(Int, required(case, "expect.$name"))
        found == wanted || mismatch("$name is $found, expected $wanted")
    end
    (sample.num_nodes, sample.num_edges) == (sum(sample.hop_nodes), sum(sample.hop_edges)) ||
        mismatch("the hops do not add up: $sample")
    for name in (:nodes, :sources, :targets, :seed_index)
        compare(case, "expect.$name", getproperty(sample, name))
    end
    if has(case, "expect.edge_ids.dtype")
        compare(case, "expect.edge_ids", sample.edge_ids)
    else
        sample.edge_ids === nothing || mismatch("has edge ids that were not asked for")
    end
end

function run_npy_load(case, context)
    bytes = hex2bytes(required(case, "file"))
    mktempdir() do folder
        path = joinpath(folder, "file.npy")
        write(path, bytes)
        result = expected(() -> load(path; memory = :host, context = context), case)
        result === nothing || compare(case, "expect.tensor", something(result))
    end
end

function run_npy_save(case, context)
    source = host(decode(case, "tensor"), context)
    mktempdir() do folder
        path = joinpath(folder, "file.npy")
        result = expected(() -> save(path, source), case)
        isfile(path) == (result !== nothing) || mismatch("leaves a file, or leaves none")
        result === nothing && return
        found, wanted = bytes2hex(read(path)), required(case, "expect.file")
        found == wanted || mismatch("the file is $found, expected $wanted")
    end
end

function run_dlpack_import(case, context)
    version = integers(UInt32, required(case, "version"))
    strides = optional(case, "strides")
    lent = Lent(hex2bytes(required(case, "data")), integers(Int64, required(case, "shape"));
                code = integer(case, "code", 0), bits = integer(case, "bits", 0), lanes = integer(case, "lanes", 1),
                strides = strides === nothing ? nothing : integers(Int64, strides),
                byte_offset = integer(case, "byte_offset", 0), version = Tuple(version),
                device_type = integer(case, "device_type", 1))
    result = expected(() -> from_dlpack(managed_pointer(lent); context = context), case)
    if result === nothing
        # One of another major version is deleted; any other still belongs to the caller.
        deleted = required(case, "expect.status") == "VERSION_MISMATCH"
        num_deleted(lent) == Int(deleted) || mismatch("is deleted $(num_deleted(lent)) times, and fails")
        return
    end
    imported = something(result)
    compare(case, "expect.tensor", imported)
    num_deleted(lent) == 0 || mismatch("is deleted while it is used")
    close(imported)
    num_deleted(lent) == 1 || mismatch("is deleted $(num_deleted(lent)) times, expected once")
end

const OPERATIONS = Dict{String, Function}(
    "dlpack_import" => run_dlpack_import, "gather" => run_gather, "gather_converted" => run_gather_converted, "gather_many" => run_gather_many,
    "gather_into" => run_gather_into,
    "graph" => run_graph, "npy_load" => run_npy_load, "npy_save" => run_npy_save,
    "sample_neighbors" => run_sample_neighbors, "scatter" => run_scatter)

"Run a case; throws a `Mismatch` if it is not reproduced, or has an operation or a member that is not known."
function run_case(case::Case, context)
    empty!(case.used)
    operation = required(case, "operation")
    haskey(OPERATIONS, operation) || mismatch("has the unknown operation $(repr(operation))")
    OPERATIONS[operation](case, context)
    require_all_used(case)
    return nothing
end
