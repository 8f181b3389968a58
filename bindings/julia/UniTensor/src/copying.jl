# SPDX-License-Identifier: Apache-2.0
# Copies between tensors and arrays, and filling.

# Arrays that are not tensors and may lie in memory as the library wants it.
const PlainArray = Union{Array, SubArray, Base.ReshapedArray, Base.ReinterpretArray}

"""
    copyto!(destination, source; stream = nothing)

Copy between tensors, or a tensor and an array, of one size and element type. Enqueued on `stream` where a device takes part:
`synchronize` before the host looks at the result. Where the CPU reads both, sizes and element types may differ as they may
between arrays.
"""
function Base.copyto!(destination::Tensor, source::Union{Tensor, PlainArray}; stream = nothing)
    fits(destination, source) || return invoke(copyto!, Tuple{AbstractArray, AbstractArray}, destination, source)
    GC.@preserve destination source stream begin
        target = open_pointer(destination)
        require_writable(destination)
        from = operand("source", source)
        on_device = is_on_device(destination) || is_on_device(from)
        with_kept(LibUnitensor.uni_tensor_context(target), on_device, from) do
            call(LibUnitensor.uni_tensor_copy_from, target, from.array, stream_pointer(stream))
        end
    end
    return destination
end

function Base.copyto!(destination::PlainArray, source::Tensor; stream = nothing)
    fits(destination, source) || return invoke(copyto!, Tuple{AbstractArray, AbstractArray}, destination, source)
    GC.@preserve destination source stream begin
        from = open_pointer(source)
        target = operand("destination", destination)
        with_kept(LibUnitensor.uni_tensor_context(from), is_on_device(source), target) do
            call(LibUnitensor.uni_tensor_copy_to, from, target.array, stream_pointer(stream))
        end
    end
    return destination
end

# Whether the library copies, or says why it does not; else Julia's own copy between arrays does.
fits(a, b) =
    a isa DeviceTensor || b isa DeviceTensor || (eltype(a) == eltype(b) && size(a) == size(b) && strided(a) && strided(b))

strided(::Tensor) = true
strided(a) = a isa StridedArray && eltype(a) <: Element && only_columns_apart(a)
only_columns_apart(a) =
    isempty(a) || all(i -> size(a, i) == 1 || stride(a, i) == prod(size(a)[1:i - 1]) ||
                           (i == ndims(a) && i > 1 && stride(a, i) > prod(size(a)[1:i - 1])), 1:ndims(a))

"The contents of a tensor of a device as an array; waits for everything that its context has enqueued."
function Base.Array(t::DeviceTensor{T, N}) where {T, N}
    out = copyto!(Array{T, N}(undef, size(t)), t)
    GC.@preserve t call(LibUnitensor.uni_context_synchronize, LibUnitensor.uni_tensor_context(open_pointer(t)))
    return out
end
Base.collect(t::DeviceTensor) = Array(t)

"""
    fill!(t, value; stream = nothing)

Set every element to `value`, converted to the element type. Enqueued on `stream` where a device takes part.
"""
function Base.fill!(t::Tensor{T}, value; stream = nothing) where T
    element = Ref{T}(convert(T, value))
    GC.@preserve t stream begin
        target = open_pointer(t)
        require_writable(t)
        call(LibUnitensor.uni_tensor_fill, target, element, stream_pointer(stream))
    end
    return t
end
