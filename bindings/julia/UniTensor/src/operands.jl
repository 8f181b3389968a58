# SPDX-License-Identifier: Apache-2.0
# Tensors and Julia's own arrays as operands of the library: descriptors of memory, never copies of it.

# A descriptor, and what has to live as long as it is used: a handle of the library's or an array of Julia's.
struct Operand
    array::Union{Ptr{uni_array}, Base.RefValue{uni_array}}
    owner::Any
    device::Union{Nothing, Int}
end

function operand(name, t::Tensor)
    array = LibUnitensor.uni_tensor_array(open_pointer(t))
    return Operand(array, t.handle, t isa DeviceTensor ? Int(unsafe_load(array).device_id) : nothing)
end

operand(name, a::StridedArray) = Operand(Ref(describe(name, a)), a, nothing)
operand(name, a) =
    throw(invalid_argument("$name is a $(typeof(a)), expected a tensor or an array in memory: pass collect($name)"))

"The descriptor of an array of Julia's; its size reversed is the library's shape."
function describe(name, a::StridedArray{T, N}) where {T, N}
    N <= LibUnitensor.UNI_MAX_NDIM ||
        throw(refused(LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "$name has $N dimensions, expected 0 to 8"))
    code = dtype_code(T)
    return uni_array(dtype = code, ndim = N, row_pitch = row_pitch(name, a), data = isempty(a) ? C_NULL : pointer(a),
                     shape = ntuple(i -> i <= N ? size(a, N - i + 1) : 0, 8))
end

# Bytes from one column to the next, 0 where there are no gaps.
function row_pitch(name, a::StridedArray{T, N}) where {T, N}
    expected = 1
    for i in 1:N
        # The stride of an extent of 1 is never used.
        if size(a, i) != 1 && stride(a, i) != expected && !isempty(a)
            i == N && N > 1 && stride(a, i) > expected && return stride(a, i) * sizeof(T)
            throw(invalid_argument("$name is not contiguous: size $(size(a)) with strides $(strides(a)). It is not " *
                                   "copied without being asked to: pass collect($name)"))
        end
        expected *= size(a, i)
    end
    return 0
end

# An index of row numbers from 0, or seeds. Ranges are converted.
index_operand(name, index) = operand(name, index)
index_operand(name, index::AbstractRange{<:Integer}) = operand(name, collect(Int64, index))

"""
Run `f` so that a device may use operands of Julia's after it has returned: they stay alive until it has done what is
enqueued within. `pointer` is the library's context.
"""
function with_kept(f, pointer, on_device, operands::Operand...)
    owners = Any[operand.owner for operand in operands if !(operand.owner isa TensorHandle || operand.owner isa Sample)]
    (on_device && !isempty(owners)) || return GC.@preserve operands f()
    # A tensor without elements: its release waits for the operations, and then gives the owners back.
    nothing_there = Ref(uni_array(dtype = LibUnitensor.UNI_DTYPE_UINT8, ndim = 1))
    keeper = keep(owners)
    guard = C_NULL
    try
        guard = make_tensor(LibUnitensor.uni_tensor_wrap, pointer, nothing_there, destroy_callback(), keeper.semaphore)
        return GC.@preserve operands f()
    finally
        LibUnitensor.uni_tensor_release(guard)
        try_drop(keeper)
    end
end

is_on_device(t::Tensor) = t isa DeviceTensor
is_on_device(o::Operand) = o.device !== nothing
