# SPDX-License-Identifier: Apache-2.0
# Bytes lent as a DLPack tensor of any form, right or wrong. The layout is DLPack's (https://dmlc.github.io/dlpack).

struct DLManagedTensor
    version::NTuple{2, UInt32}
    manager_ctx::Ptr{Cvoid}
    deleter::Ptr{Cvoid}
    flags::UInt64
    data::Ptr{Cvoid}
    device_type::Int32
    device_id::Int32
    ndim::Int32
    code::UInt8
    bits::UInt8
    lanes::UInt16
    shape::Ptr{Int64}
    strides::Ptr{Int64}
    byte_offset::UInt64
end

"What lends, and has to live as long as the struct is used."
struct Lent
    memory::Vector{UInt8}
    shape::Vector{Int64}
    strides::Vector{Int64}
    deleted::Base.RefValue{Int64}
    managed::Base.RefValue{DLManagedTensor}
end

# The struct's context is the counter.
function count_deletion(managed::Ptr{DLManagedTensor})
    counter = Ptr{Int64}(unsafe_load(managed).manager_ctx)
    unsafe_store!(counter, unsafe_load(counter) + 1)
    return nothing
end

function Lent(data, shape; code, bits, lanes = 1, strides = nothing, byte_offset = 0, version = (1, 0),
              device_type = 1, flags = 0)
    memory = zeros(UInt8, length(data) + 256)
    start = -Int(UInt(pointer(memory)) % 256)
    start = start < 0 ? start + 256 : start
    copyto!(memory, start + 1, data, 1, length(data))
    deleted = Ref{Int64}(0)
    steps = strides === nothing ? Int64[] : strides
    managed = Ref(DLManagedTensor(
        version, Ptr{Cvoid}(Base.unsafe_convert(Ptr{Int64}, deleted)),
        @cfunction(count_deletion, Cvoid, (Ptr{DLManagedTensor},)), flags, pointer(memory) + start, device_type, 0,
        length(shape), code, bits, lanes, pointer(shape), strides === nothing ? C_NULL : pointer(steps), byte_offset))
    lent = Lent(memory, shape, steps, deleted, managed)
    push!(EVERYTHING_LENT, lent)
    return lent
end

# What is lent stays in place to the end: who has it may be anywhere.
const EVERYTHING_LENT = Lent[]

managed_pointer(lent::Lent) = Base.unsafe_convert(Ptr{DLManagedTensor}, lent.managed)
num_deleted(lent::Lent) = lent.deleted[]
