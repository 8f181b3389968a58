# SPDX-License-Identifier: Apache-2.0
# Gather and scatter: the library's rows are columns here, entries of the last dimension.

# Options of a gather, and the operands that they refer to.
function gather_options(; bounds, memory = nothing, dtype = nothing, row_scales = nothing, order = :auto,
                        num_multiprocessors = 0)
    scales = row_scales === nothing ? nothing : operand("row_scales", row_scales)
    options = Ref(LibUnitensor.uni_gather_options(
        bounds = choose("bounds", BOUNDS, bounds),
        memory = memory === nothing ? 0 : choose("memory", MEMORY_KINDS, memory),
        dtype = dtype === nothing ? 0 : dtype_code(dtype), order = choose("order", ORDERS, order),
        num_multiprocessors = num_multiprocessors,
        row_scales = scales === nothing ? C_NULL : Base.unsafe_convert(Ptr{uni_array}, scales.array)))
    return options, scales === nothing ? () : (scales,)
end

"""
    gather(x, index; bounds = :check, memory = nothing, stream = nothing, dtype = nothing, row_scales = nothing,
           order = :auto, num_multiprocessors = 0)

Gather rows of the library's, columns here: `out[:, i] = x[:, index[i] + 1]` for two dimensions, and in general along the
last one.

`index` holds row numbers as files, graphs and samples do, **from 0**: `Int32` or `Int64`, a tensor or an array (a range is
converted). So `gather(x, sample.nodes)` fits as it is; for positions of Julia's write `gather(x, positions .- 1)`.

- `bounds`: `:check` fails at an index out of bounds, on the CPU before anything is written; `:skip` zeroes its column;
  `:trust` does not look, and is undefined behaviour on a bad index. Negative indices are out of bounds.
- `memory`: kind of the result; `nothing` is host memory for an index on the CPU, else memory of its device.
- `stream`: on which a device works, see `UniTensor.stream_pointer`; the CPU does not look at it.
- `dtype`: element type of the result, where it is to be converted: `Float16`, `BFloat16` or `Float32` from one of these or
  from `Int8`; rounded to nearest, ties to even.
- `row_scales`: for an `x` of `Int8` and with a `dtype`, a vector or tensor with a `Float32` to each column of `x`, with
  which it is multiplied before it is rounded; where the index is.
- `order`: how a device reads; the result is the same. `:as_given`, `:by_page` (sorted first), or `:auto`, which sorts where
  that pays. The CPU does not look at it.
- `num_multiprocessors`: the most of a GPU to take; 0 is 12 where host memory takes part, else all.

Computed where the index is; complete on return on the CPU. Throws a `UniTensorError`.
"""
function gather(x::Tensor, index; bounds::Symbol = :check, memory::Union{Nothing, Symbol} = nothing, stream = nothing,
                dtype = nothing, row_scales = nothing, order::Symbol = :auto, num_multiprocessors::Integer = 0)
    made = GC.@preserve x index row_scales stream begin
        options, scales = gather_options(bounds = bounds, memory = memory, dtype = dtype, row_scales = row_scales,
                                         order = order, num_multiprocessors = num_multiprocessors)
        source = open_pointer(x)
        rows = index_operand("index", index)
        with_kept(LibUnitensor.uni_tensor_context(source), is_on_device(rows), rows, scales...) do
            make_tensor(LibUnitensor.uni_gather, source, rows.array, options, stream_pointer(stream))
        end
    end
    return adopt(made, context(x))
end

"""
    gather!(out, x, index; bounds = :check, stream = nothing, dtype = nothing, row_scales = nothing, order = :auto,
            num_multiprocessors = 0)

As `gather`, into a tensor or array of the right size and element type (that of `x`, or `dtype`), which does not overlap
`x`. Returns `out`. On the CPU a failed call has changed nothing.
"""
function gather!(out, x::Tensor, index; bounds::Symbol = :check, stream = nothing, dtype = nothing, row_scales = nothing,
                 order::Symbol = :auto, num_multiprocessors::Integer = 0)
    GC.@preserve out x index row_scales stream begin
        options, scales = gather_options(bounds = bounds, dtype = dtype, row_scales = row_scales, order = order,
                                         num_multiprocessors = num_multiprocessors)
        source = open_pointer(x)
        rows = index_operand("index", index)
        destination = operand("out", out)
        out isa Tensor && require_writable(out)
        with_kept(LibUnitensor.uni_tensor_context(source), is_on_device(rows), rows, destination, scales...) do
            call(LibUnitensor.uni_gather_into, source, rows.array, options, stream_pointer(stream), destination.array)
        end
    end
    return out
end

# The tensors that are gathered from by one index.
function many_sources(xs)
    sources = collect(Any, xs)
    all(x -> x isa Tensor, sources) || throw(invalid_argument("xs has something else than tensors"))
    most = LibUnitensor.UNI_GATHER_MANY_MAX
    1 <= length(sources) <= most ||
        throw(invalid_argument("xs has $(length(sources)) entries, expected 1 to $most tensors"))
    return sources
end

"""
    gather_many(xs, index; bounds = :check, memory = nothing, stream = nothing, order = :auto, num_multiprocessors = 0)

Gather rows of several tensors by one index, on a device in one launch. For what belongs to the same rows: features, labels,
degrees. Returns a vector of new tensors: `rows, labels = gather_many([x, y], sample)`.

`xs` are 1 to 16 tensors of one context with the same last size, of any element types and other sizes; each result has the
element type of its `x`, and the size that `gather` gives it. The keywords are those of `gather`. Throws a `UniTensorError`.
"""
function gather_many(xs, index; bounds::Symbol = :check, memory::Union{Nothing, Symbol} = nothing, stream = nothing,
                     order::Symbol = :auto, num_multiprocessors::Integer = 0)
    sources = many_sources(xs)
    count, device = GC.@preserve index begin
        rows = index_operand("index", index)
        array = rows.array isa Ptr ? unsafe_load(rows.array) : rows.array[]
        # The library refuses an index of another form; nothing is made for it.
        (array.ndim == 1 ? Int(array.shape[1]) : 0), rows.device
    end
    kind = memory !== nothing ? memory : device === nothing ? :host : :device
    outs = Tensor[allocate(eltype(x), ndims(x) == 0 ? () : (size(x)[1:end-1]..., count); memory = kind,
                           device = kind === :device && device !== nothing ? device : 0, context = context(x))
                  for x in sources]
    return gather_many!(outs, sources, index; bounds = bounds, stream = stream, order = order,
                        num_multiprocessors = num_multiprocessors)
end

"""
    gather_many!(outs, xs, index; bounds = :check, stream = nothing, order = :auto, num_multiprocessors = 0)

As `gather_many`, into tensors or arrays of the right sizes and element types, one for each of `xs`, which overlap neither
each other nor any of `xs`. Returns `outs`. On the CPU a failed call has changed nothing.
"""
function gather_many!(outs, xs, index; bounds::Symbol = :check, stream = nothing, order::Symbol = :auto,
                      num_multiprocessors::Integer = 0)
    sources, destinations = many_sources(xs), collect(Any, outs)
    length(sources) == length(destinations) ||
        throw(invalid_argument("outs has $(length(destinations)) entries, expected $(length(sources)) as xs has"))
    options, _ = gather_options(bounds = bounds, order = order, num_multiprocessors = num_multiprocessors)
    GC.@preserve sources destinations index stream begin
        pointers = Ptr{uni_tensor}[open_pointer(x) for x in sources]
        rows = index_operand("index", index)
        operands = Operand[operand("outs[$i]", out) for (i, out) in enumerate(destinations)]
        foreach(out -> out isa Tensor && require_writable(out), destinations)
        arrays = Ptr{uni_array}[Base.unsafe_convert(Ptr{uni_array}, o.array) for o in operands]
        with_kept(LibUnitensor.uni_tensor_context(pointers[1]), is_on_device(rows), rows, operands...) do
            call(LibUnitensor.uni_gather_many, length(pointers), pointers, rows.array, options, stream_pointer(stream),
                 arrays)
        end
    end
    return outs
end

"""
    scatter!(x, index, rows; reduce = :assign, bounds = :check, stream = nothing, num_multiprocessors = 0)

Scatter rows of the library's, columns here: `x[:, index[i] + 1] = rows[:, i]`, or `+=` with `reduce = :add`. `index`,
`bounds`, `stream` and `num_multiprocessors` are as in `gather`; `:skip` ignores a column whose index is out of bounds.

With `:assign`, equal indices leave one whole column of theirs, which one is not defined; with `:add`, integers wrap, and
floating point adds in an order that is not defined. Returns `x`. On the CPU a failed call has changed nothing.
"""
function scatter!(x::Tensor, index, rows; reduce::Symbol = :assign, bounds::Symbol = :check, stream = nothing,
                  num_multiprocessors::Integer = 0)
    options = Ref(LibUnitensor.uni_scatter_options(bounds = choose("bounds", BOUNDS, bounds),
                                                   reduce = choose("reduce", REDUCTIONS, reduce),
                                                   num_multiprocessors = num_multiprocessors))
    GC.@preserve x index rows stream begin
        destination = open_pointer(x)
        require_writable(x)
        positions = index_operand("index", index)
        values = operand("rows", rows)
        with_kept(LibUnitensor.uni_tensor_context(destination), is_on_device(positions), positions, values) do
            call(LibUnitensor.uni_scatter, destination, positions.array, values.array, options, stream_pointer(stream))
        end
    end
    return x
end
