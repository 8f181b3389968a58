# SPDX-License-Identifier: Apache-2.0
# Ways to make a tensor: without contents, a copy, a view of Julia's memory or of another library's, a file.

"""
    allocate(T, dims...; memory = :unified, row_alignment = 0, device = 0, context = default_context())

A tensor of element type `T` with undefined contents.

- `memory`: `:host`, `:pinned`, `:managed`, `:device` or `:unified`, the best host memory that every device here can read.
- `row_alignment`: pad columns to a multiple of this many bytes, a power of two of at most 4096; 0 does not.
- `device`: for `:device`, which one.

Throws a `UniTensorError`.
"""
function allocate(::Type{T}, dims::Tuple{Vararg{Integer}}; memory::Symbol = :unified, row_alignment::Integer = 0,
                  device::Integer = 0, context::Context = default_context()) where T
    rank = length(dims)
    rank <= LibUnitensor.UNI_MAX_NDIM ||
        throw(refused(LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "dims has $rank extents, expected 0 to 8"))
    desc = Ref(LibUnitensor.uni_tensor_desc(
        memory = choose("memory", MEMORY_KINDS, memory), device_id = device, dtype = dtype_code(T), ndim = rank,
        row_alignment = row_alignment, shape = ntuple(i -> i <= rank ? dims[rank - i + 1] : 0, 8)))
    return adopt(GC.@preserve(context, make_tensor(LibUnitensor.uni_tensor_create, open_pointer(context), desc)), context)
end
allocate(::Type{T}, dims::Integer...; options...) where T = allocate(T, dims; options...)

"""
    tensor(a; memory = :unified, row_alignment = 0, device = 0, context = default_context())

A copy of an array or tensor in memory of a chosen kind; the keywords are those of `allocate`. Copies to and from a device
are enqueued on its default stream.
"""
function tensor(a::AbstractArray{T, N}; options...) where {T, N}
    t = allocate(T, size(a); options...)
    return copyto!(t, a isa Union{StridedArray, Tensor} ? a : collect(a))
end
tensor(a::DeviceTensor{T}; options...) where T = copyto!(allocate(T, size(a); options...), a)

# The tensor over the memory that an array describes, by uni_tensor_wrap or uni_tensor_register. `owner` lives until the
# library says that it no longer uses the memory.
function tensor_over(f, array::uni_array, owner, context)
    context_pointer = open_pointer(context)
    keeper = keep(owner)
    made = try
        GC.@preserve context make_tensor(f, context_pointer, Ref(array), destroy_callback(), keeper.semaphore)
    catch
        try_drop(keeper)
        rethrow()
    end
    return adopt(made, context, keeper)
end

"""
    wrap(a; context = default_context())

A tensor over the memory of an array, without a copy. The array lives as long as the memory is used, and must not be
resized meanwhile. Only columns may have gaps between them; a tensor is returned as it is. Throws where a copy would be
needed.
"""
wrap(a::StridedArray; context::Context = default_context()) =
    tensor_over(LibUnitensor.uni_tensor_wrap, describe("a", a), a, context)
wrap(t::Tensor; context::Context = default_context()) = (open_pointer(t); t)

"""
    wrap(pointer, dims; device = nothing, owner = nothing, context = default_context())

A tensor over the memory at `pointer`, a `Ptr{T}`, with columns without gaps: memory of the CPU, or of the CUDA device
`device`. `owner` is kept alive as long as the memory is used.
"""
function wrap(pointer::Ptr{T}, dims::Tuple{Vararg{Integer}}; device::Union{Nothing, Integer} = nothing, owner = nothing,
              context::Context = default_context()) where T
    rank = length(dims)
    rank <= LibUnitensor.UNI_MAX_NDIM ||
        throw(refused(LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "dims has $rank extents, expected 0 to 8"))
    array = uni_array(dtype = dtype_code(T), ndim = rank, data = pointer,
                      device_type = device === nothing ? LibUnitensor.UNI_DEVICE_CPU : LibUnitensor.UNI_DEVICE_CUDA,
                      device_id = device === nothing ? 0 : device,
                      shape = ntuple(i -> i <= rank ? dims[rank - i + 1] : 0, 8))
    return tensor_over(LibUnitensor.uni_tensor_wrap, array, owner, context)
end

"""
    register(a; copy_if_refused = false, context = default_context())

A tensor over the memory of an array, page-locked so that every GPU reads it where it lies, until the tensor is no longer
used. With `copy_if_refused`, where the system refuses, it is a copy in unified memory: `info` says so, the statistics
count it, and the log says why, as a warning. What is written to either does not reach the other then. Throws without a
GPU, where the system refuses (the message says which limit), and as `wrap`.
"""
register(a::StridedArray; copy_if_refused::Bool = false, context::Context = default_context()) =
    tensor_over(copy_if_refused ? LibUnitensor.uni_tensor_register_or_copy : LibUnitensor.uni_tensor_register,
                describe("a", a), a, context)

"""
    load(path; memory = :unified, row_alignment = 0, progress = nothing, context = default_context())

Load a .npy file: what is `[n, d]` there is `d × n` here.

`progress` is called with `(bytes done, bytes in all)` from time to time; the result `true` stops the loading, and so does
an exception, which is thrown on. Throws a `UniTensorError` with `UNI_STATUS_IO_ERROR` (the native code is errno),
`UNI_STATUS_FORMAT_ERROR`, `UNI_STATUS_CALLBACK` (stopped by `progress`) and as `allocate`.
"""
function load(path::AbstractString; memory::Symbol = :unified, row_alignment::Integer = 0, progress = nothing,
              context::Context = default_context())
    kind = choose("memory", MEMORY_KINDS, memory)
    watcher = Progress(progress, nothing)
    options = Ref(LibUnitensor.uni_load_options(
        row_alignment = row_alignment, progress = progress === nothing ? C_NULL : progress_callback(),
        progress_user_data = pointer_from_objref(watcher)))
    made = try
        GC.@preserve context watcher make_tensor(LibUnitensor.uni_tensor_load, open_pointer(context), String(path), kind,
                                                 options)
    catch
        watcher.exception === nothing || throw(watcher.exception)
        rethrow()
    end
    return adopt(made, context)
end

"""
    save(path, t)

Save a tensor as a .npy file. It is written beside `path` and renamed onto it, so that a failure leaves what was there;
waits for what a device has still to do.
"""
function save(path::AbstractString, t::Tensor)
    GC.@preserve t call(LibUnitensor.uni_tensor_save, open_pointer(t), String(path))
    return nothing
end
