# SPDX-License-Identifier: Apache-2.0
# Element types, memory kinds and the other words that stand for constants.

"""
The upper half of a `Float32`, which Julia does not have of itself. Converts from and to the other floating-point types,
rounding to nearest, ties to even; arithmetic with them is done in theirs.
"""
primitive type BFloat16 <: AbstractFloat 16 end

Base.Float32(x::BFloat16) = reinterpret(Float32, UInt32(reinterpret(UInt16, x)) << 16)
Base.Float64(x::BFloat16) = Float64(Float32(x))
Base.Float16(x::BFloat16) = Float16(Float32(x))

function BFloat16(x::Float32)
    isnan(x) && return reinterpret(BFloat16, UInt16(reinterpret(UInt32, x) >> 16) | 0x0040)
    bits = reinterpret(UInt32, x)
    bits += 0x00007fff + (bits >> 16) & 0x00000001
    return reinterpret(BFloat16, UInt16(bits >> 16))
end
BFloat16(x::Real) = BFloat16(Float32(x))

Base.promote_rule(::Type{BFloat16}, ::Type{Float16}) = Float32
Base.promote_rule(::Type{BFloat16}, ::Type{T}) where T <: Union{Float32, Float64} = T
Base.promote_rule(::Type{BFloat16}, ::Type{<:Integer}) = Float32
Base.:(==)(x::BFloat16, y::BFloat16) = Float32(x) == Float32(y)
Base.:(<)(x::BFloat16, y::BFloat16) = Float32(x) < Float32(y)
Base.:(<=)(x::BFloat16, y::BFloat16) = Float32(x) <= Float32(y)
Base.isless(x::BFloat16, y::BFloat16) = isless(Float32(x), Float32(y))
Base.isnan(x::BFloat16) = isnan(Float32(x))
Base.isfinite(x::BFloat16) = isfinite(Float32(x))
Base.hash(x::BFloat16, h::UInt) = hash(Float32(x), h)
Base.show(io::IO, x::BFloat16) = print(io, "BFloat16(", Float32(x), ")")
for operation in (:+, :-, :*, :/)
    @eval Base.$operation(x::BFloat16, y::BFloat16) = BFloat16($operation(Float32(x), Float32(y)))
end
Base.:(-)(x::BFloat16) = reinterpret(BFloat16, reinterpret(UInt16, x) ⊻ 0x8000)

# In the order of the UNI_DTYPE_* constants, from 1.
const ELEMENT_TYPES = (Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float16, BFloat16, Float32, Float64)

"An element type that tensors can have."
const Element = Union{ELEMENT_TYPES...}

for (code, type) in enumerate(ELEMENT_TYPES)
    @eval dtype_code(::Type{$type}) = $(Int32(code))
end
dtype_code(::Type{T}) where T =
    throw(refused(LibUnitensor.UNI_STATUS_DTYPE_MISMATCH,
                  "the element type is $T, expected one of $(join(ELEMENT_TYPES, ", "))"))

function element_type(code)
    code in eachindex(ELEMENT_TYPES) && return ELEMENT_TYPES[code]
    throw(refused(LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "dtype $code is not known to this package"))
end

const MEMORY_KINDS = (host = LibUnitensor.UNI_MEMORY_HOST, pinned = LibUnitensor.UNI_MEMORY_PINNED,
                      managed = LibUnitensor.UNI_MEMORY_MANAGED, device = LibUnitensor.UNI_MEMORY_DEVICE,
                      unified = LibUnitensor.UNI_MEMORY_UNIFIED)
const ORDERS = (auto = LibUnitensor.UNI_ORDER_AUTO, as_given = LibUnitensor.UNI_ORDER_AS_GIVEN,
                by_page = LibUnitensor.UNI_ORDER_BY_PAGE)
const BOUNDS = (check = LibUnitensor.UNI_BOUNDS_CHECK, skip = LibUnitensor.UNI_BOUNDS_SKIP,
                trust = LibUnitensor.UNI_BOUNDS_TRUST)
const REDUCTIONS = (assign = LibUnitensor.UNI_SCATTER_ASSIGN, add = LibUnitensor.UNI_SCATTER_ADD)

"The constant that a symbol stands for."
function choose(name, choices, value)
    value isa Symbol && haskey(choices, value) && return choices[value]
    throw(invalid_argument("$name is $(repr(value)), expected one of $(join(map(repr, keys(choices)), ", "))"))
end

"The symbol of a memory kind; `nothing` for 0."
memory_symbol(code) = code == 0 ? nothing : Symbol(unsafe_string(LibUnitensor.uni_memory_name(code)))

"""
    stream_pointer(stream)

A CUDA stream as the `Ptr{Cvoid}` that the C API takes. `nothing` is the device's default stream; a pointer or an integer
is a `cudaStream_t`. Give it a method for the stream type of another package.
"""
stream_pointer(::Nothing) = C_NULL
stream_pointer(stream::Ptr) = Ptr{Cvoid}(stream)
stream_pointer(stream::Integer) = Ptr{Cvoid}(UInt(stream))
