# SPDX-License-Identifier: Apache-2.0
# Gather and scatter: the library's rows are columns here, entries of the last dimension.

"""
    gather(x, index; bounds = :check, memory = nothing, stream = nothing)

Gather rows of the library's, columns here: `out[:, i] = x[:, index[i] + 1]` for two dimensions, and in general along the
last one.

`index` holds row numbers as files, graphs and samples do, **from 0**: `Int32` or `Int64`, a tensor or an array (a range is
converted). So `gather(x, sample.nodes)` fits as it is; for positions of Julia's write `gather(x, positions .- 1)`.

- `bounds`: `:check` fails at an index out of bounds, on the CPU before anything is written; `:skip` zeroes its column;
  `:trust` does not look, and is undefined behaviour on a bad index. Negative indices are out of bounds.
- `memory`: kind of the result; `nothing` is host memory for an index on the CPU, else memory of its device.
- `stream`: on which a device works, see `UniTensor.stream_pointer`; the CPU does not look at it.

Computed where the index is; complete on return on the CPU. Throws a `UniTensorError`.
"""
function gather(x::Tensor, index; bounds::Symbol = :check, memory::Union{Nothing, Symbol} = nothing, stream = nothing)
    options = Ref(LibUnitensor.uni_gather_options(
        bounds = choose("bounds", BOUNDS, bounds),
        memory = memory === nothing ? 0 : choose("memory", MEMORY_KINDS, memory)))
    made = GC.@preserve x index stream begin
        source = open_pointer(x)
        rows = index_operand("index", index)
        with_kept(LibUnitensor.uni_tensor_context(source), is_on_device(rows), rows) do
            make_tensor(LibUnitensor.uni_gather, source, rows.array, options, stream_pointer(stream))
        end
    end
    return adopt(made, context(x))
end

"""
    gather!(out, x, index; bounds = :check, stream = nothing)

As `gather`, into a tensor or array of the right size and element type that does not overlap `x`. Returns `out`. On the CPU
a failed call has changed nothing.
"""
function gather!(out, x::Tensor, index; bounds::Symbol = :check, stream = nothing)
    options = Ref(LibUnitensor.uni_gather_options(bounds = choose("bounds", BOUNDS, bounds)))
    GC.@preserve out x index stream begin
        source = open_pointer(x)
        rows = index_operand("index", index)
        destination = operand("out", out)
        out isa Tensor && require_writable(out)
        with_kept(LibUnitensor.uni_tensor_context(source), is_on_device(rows), rows, destination) do
            call(LibUnitensor.uni_gather_into, source, rows.array, options, stream_pointer(stream), destination.array)
        end
    end
    return out
end

"""
    scatter!(x, index, rows; reduce = :assign, bounds = :check, stream = nothing)

Scatter rows of the library's, columns here: `x[:, index[i] + 1] = rows[:, i]`, or `+=` with `reduce = :add`. `index`,
`bounds` and `stream` are as in `gather`; `:skip` ignores a column whose index is out of bounds.

With `:assign`, equal indices leave one whole column of theirs, which one is not defined; with `:add`, integers wrap, and
floating point adds in an order that is not defined. Returns `x`. On the CPU a failed call has changed nothing.
"""
function scatter!(x::Tensor, index, rows; reduce::Symbol = :assign, bounds::Symbol = :check, stream = nothing)
    options = Ref(LibUnitensor.uni_scatter_options(bounds = choose("bounds", BOUNDS, bounds),
                                                   reduce = choose("reduce", REDUCTIONS, reduce)))
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
