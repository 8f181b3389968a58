# SPDX-License-Identifier: Apache-2.0
# Tensors as Julia sees them.

"One reference to a tensor of the library, and what it needs of Julia's."
mutable struct TensorHandle
    pointer::Ptr{uni_tensor}
    context::Context
    keeper::Union{Nothing, Keeper} # of the memory that the tensor or one that it is a view of wraps
    writable::Bool

    function TensorHandle(pointer, context, keeper)
        handle = new(pointer, context, keeper, false)
        finalizer(release, handle)
        return handle
    end
end

# A finalizer: it neither waits for another task nor prints.
function release(handle::TensorHandle)
    pointer = handle.pointer
    handle.pointer = C_NULL
    pointer == C_NULL && return
    LibUnitensor.uni_tensor_release(pointer)
    try_drop(handle.keeper)
    handle.keeper = nothing
    return
end

function open_pointer(handle::TensorHandle)
    handle.pointer == C_NULL && throw(closed("tensor"))
    return handle.pointer
end

"""
A tensor that the CPU reads, its columns without gaps between them: an array of any memory kind but `:device`. Elements
are read and written where they lie. Made by `allocate`, `tensor`, `wrap`, `load`, `gather` and so on.

The garbage collector gives the memory back when nothing uses it any more, operations on a device included; `close` does
so at once. One thread at a time may write to a tensor, any number may read; close it when no other thread uses it.
"""
struct DenseTensor{T, N} <: DenseArray{T, N}
    handle::TensorHandle
    start::Ptr{T}
    dims::NTuple{N, Int}
    origin::UInt # the same for all views of one piece of memory
end

"""
As `DenseTensor`, with gaps between the columns (between the entries of the last dimension), as `row_alignment` makes them.
"""
struct PaddedTensor{T, N} <: AbstractArray{T, N}
    handle::TensorHandle
    start::Ptr{T}
    dims::NTuple{N, Int}
    origin::UInt
    pitch::Int # elements from one column to the next
end

"""
A tensor in the memory of a device, which the CPU does not read: it has a size, and no elements to index. `copyto!` and
`Array` bring it to the host.
"""
struct DeviceTensor{T, N}
    handle::TensorHandle
    dims::NTuple{N, Int}
end

const ReadableTensor{T, N} = Union{DenseTensor{T, N}, PaddedTensor{T, N}}

"""
A tensor of element type `T` with `N` dimensions: a `DenseTensor`, a `PaddedTensor` or a `DeviceTensor`. The library's
shape is that of `size`, reversed.
"""
const Tensor{T, N} = Union{DenseTensor{T, N}, PaddedTensor{T, N}, DeviceTensor{T, N}}

# Copying a pointer to an object of the library would give back one reference twice.
Base.deepcopy_internal(::TensorHandle, ::IdDict) = throw(no_deepcopy("tensor", "copy(t) or tensor(t)"))
Base.sizeof(t::ReadableTensor{T}) where T = length(t) * sizeof(T)

# The library's information about a tensor; `pointer` is kept by the caller.
function raw_info(pointer)
    info = sized(LibUnitensor.uni_tensor_info)
    call(LibUnitensor.uni_tensor_get_info, pointer, info)
    return info[]
end

"""
The Julia object that takes over one reference to a tensor of the library. A read-only one refuses `setindex!`, `copyto!` and the
library's operations; its pointer, which BLAS and `unsafe_store!` take, cannot.
"""
function adopt(pointer, context, keeper = nothing, origin = nothing)
    handle = TensorHandle(pointer, context, keeper)
    GC.@preserve handle begin
        raw = raw_info(pointer)
        handle.writable = raw.flags & LibUnitensor.UNI_ARRAY_READ_ONLY == 0
        T = element_type(raw.dtype)
        dims = ntuple(i -> Int(raw.shape[raw.ndim - i + 1]), Int(raw.ndim))
        raw.device_type == LibUnitensor.UNI_DEVICE_CPU || return DeviceTensor{T, length(dims)}(handle, dims)
        data = Ref{Ptr{Cvoid}}(C_NULL)
        call(LibUnitensor.uni_tensor_host_pointer, pointer, data)
        start = Ptr{T}(data[])
        origin === nothing && (origin = UInt(start))
        padded = raw.ndim > 0 && raw.shape[1] > 1 && raw.row_pitch != raw.row_bytes
        padded || return DenseTensor{T, length(dims)}(handle, start, dims, origin)
        return PaddedTensor{T, length(dims)}(handle, start, dims, origin, div(raw.row_pitch, sizeof(T)))
    end
end

origin_of(t::ReadableTensor) = t.origin
origin_of(::DeviceTensor) = nothing

"The library's tensor, while the caller keeps `t` alive."
open_pointer(t::Tensor) = open_pointer(t.handle)

"""
    close(t)

Give the tensor back; it cannot be used any more. The memory goes when the last view and the last operation that uses it
are gone. Closing twice is allowed.
"""
Base.close(t::Tensor) = release(t.handle)

"""
    release_after(t, stream = nothing; device = 0)

As `close`, for memory that kernels of others use on a stream of a CUDA device: it stays until what has been enqueued there
so far has finished. Operations of the library are waited for in any case. The tensor is still open where this throws.
"""
function release_after(t::Tensor, stream = nothing; device::Integer = 0)
    used = stream_pointer(stream)
    GC.@preserve t stream begin
        # The reference that goes is one more: closing gives back the tensor's own, and looks after what it keeps alive.
        extra = LibUnitensor.uni_tensor_retain(open_pointer(t))
        is_given_back = false
        # A function that logs may throw after the call has succeeded.
        try
            call(extra, device, used) do arguments...
                status = LibUnitensor.uni_tensor_release_after(arguments...)
                is_given_back = status == LibUnitensor.UNI_STATUS_OK
                return status
            end
        finally
            is_given_back ? close(t) : LibUnitensor.uni_tensor_release(extra)
        end
    end
    return nothing
end

Base.isopen(t::Tensor) = t.handle.pointer != C_NULL

# --- As arrays --------------------------------------------------------------------------------------------------------

Base.size(t::Tensor) = t.dims
Base.IndexStyle(::Type{<:DenseTensor}) = IndexLinear()
Base.elsize(::Type{<:ReadableTensor{T}}) where T = sizeof(T)
Base.dataids(t::ReadableTensor) = (t.origin,)
Base.strides(t::DenseTensor) = Base.size_to_strides(1, t.dims...)
Base.strides(t::PaddedTensor{T, N}) where {T, N} =
    ntuple(i -> i == N ? t.pitch : prod(t.dims[1:i - 1]), N)
Base.stride(t::PaddedTensor, i::Int) = i > ndims(t) ? length(t) : strides(t)[i]

function Base.unsafe_convert(::Type{Ptr{T}}, t::ReadableTensor{T}) where T
    open_pointer(t)
    return t.start
end

function require_writable(t)
    t.handle.writable || throw(invalid_argument("the tensor is read-only"))
    return nothing
end

# Elements are numbered from 0 here.
function read_element(t, offset)
    GC.@preserve t begin
        open_pointer(t)
        return unsafe_load(t.start, offset + 1)
    end
end

function write_element(t::ReadableTensor{T}, value, offset) where T
    element = convert(T, value)
    require_writable(t)
    GC.@preserve t begin
        open_pointer(t)
        unsafe_store!(t.start, element, offset + 1)
    end
    return nothing
end

offset_of(t::PaddedTensor{T, N}, position) where {T, N} = sum((position .- 1) .* strides(t))

Base.@propagate_inbounds function Base.getindex(t::DenseTensor, i::Int)
    @boundscheck checkbounds(t, i)
    return read_element(t, i - 1)
end

Base.@propagate_inbounds function Base.setindex!(t::DenseTensor, value, i::Int)
    @boundscheck checkbounds(t, i)
    write_element(t, value, i - 1)
    return t
end

Base.@propagate_inbounds function Base.getindex(t::PaddedTensor{T, N}, position::Vararg{Int, N}) where {T, N}
    @boundscheck checkbounds(t, position...)
    return read_element(t, offset_of(t, position))
end

Base.@propagate_inbounds function Base.setindex!(t::PaddedTensor{T, N}, value, position::Vararg{Int, N}) where {T, N}
    @boundscheck checkbounds(t, position...)
    write_element(t, value, offset_of(t, position))
    return t
end

Base.size(t::DeviceTensor, i::Integer) = i > ndims(t) ? 1 : t.dims[i]
Base.length(t::DeviceTensor) = prod(t.dims)
Base.ndims(::DeviceTensor{T, N}) where {T, N} = N
Base.eltype(::Type{<:DeviceTensor{T}}) where T = T
Base.show(io::IO, t::DeviceTensor{T, N}) where {T, N} =
    print(io, "DeviceTensor{", T, ", ", N, "}(", isopen(t) ? join(t.dims, " × ") : "closed", ")")

Base.show(io::IO, kind::MIME"text/plain", t::ReadableTensor) =
    isopen(t) ? invoke(show, Tuple{IO, MIME"text/plain", AbstractArray}, io, kind, t) : print(io, summary(t), ", closed")

# --- What it is -------------------------------------------------------------------------------------------------------

"""
    info(t)

What a tensor is: the `memory` kind and the one that was `requested`, the `device` (`nothing` for memory that the CPU reads),
the bytes of payload (`num_bytes`), the bytes of a column (`row_bytes`) and from one to the next (`row_pitch`), whether it is
`read_only`, and whether it was `copied` by `register`.
"""
function info(t::Tensor)
    raw = GC.@preserve t raw_info(open_pointer(t))
    return (memory = memory_symbol(raw.memory), requested = memory_symbol(raw.requested_memory),
            device = raw.device_type == LibUnitensor.UNI_DEVICE_CPU ? nothing : Int(raw.device_id),
            num_bytes = Int(raw.num_bytes), row_bytes = Int(raw.row_bytes), row_pitch = Int(raw.row_pitch),
            read_only = raw.flags & LibUnitensor.UNI_ARRAY_READ_ONLY != 0,
            copied = raw.flags & LibUnitensor.UNI_TENSOR_COPIED != 0)
end

"""
    UniTensor.context(t)

The context that a tensor, graph or sample was made from.
"""
context(t::Tensor) = t.handle.context

"""
    UniTensor.device_pointer(t; device = 0)

The address of the first element for a CUDA device, while `t` lives. Throws where that device does not read the memory.
"""
function device_pointer(t::Tensor{T}; device::Integer = 0) where T
    data = Ref{Ptr{Cvoid}}(C_NULL)
    GC.@preserve t call(LibUnitensor.uni_tensor_device_pointer, open_pointer(t), device, data)
    return Ptr{T}(data[])
end

# --- Views ------------------------------------------------------------------------------------------------------------

"""
    slice(t, range)

The columns `range` (along the last dimension, from 1 as in Julia) as a tensor that shares the memory and keeps it alive:
as `view(t, :, range)`, for the library's operations and for memory of devices too. Throws for columns that are not there.
"""
function slice(t::Tensor, range::AbstractUnitRange{<:Integer})
    first_row = Int64(first(range)) - 1
    made = GC.@preserve t make_tensor(LibUnitensor.uni_tensor_slice, open_pointer(t), first_row,
                                      first_row + length(range))
    return view_of(t, made)
end

# A view may be written where what it is a view of may.
function view_of(t::Tensor, made)
    view = adopt(made, context(t), t.handle.keeper, origin_of(t))
    view.handle.writable &= t.handle.writable
    return view
end

"""
    reshape(t, dims...)

The same elements in another size, in the same order, sharing the memory and keeping it alive. Throws where the number of
elements differs, or where columns are padded and would have to change.
"""
function Base.reshape(t::Tensor, dims::Tuple{Vararg{Int}})
    shape = Int64[reverse(dims)...]
    made = GC.@preserve t make_tensor(LibUnitensor.uni_tensor_reshape, open_pointer(t), length(shape), shape)
    return view_of(t, made)
end

# One extent may be left out by a colon, and follows from the others.
function Base.reshape(t::Tensor, dims::Tuple{Vararg{Union{Int, Colon}}})
    colons = count(extent -> extent isa Colon, dims)
    others = prod(Int[extent for extent in dims if extent isa Int])
    colons == 1 && others != 0 && length(t) % others == 0 ||
        throw(refused(LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "dims is $dims, expected a product of $(length(t))"))
    return reshape(t, map(extent -> extent isa Int ? extent : div(length(t), others), dims))
end
Base.reshape(t::DeviceTensor, dims::Union{Int, Colon}...) = reshape(t, dims)
