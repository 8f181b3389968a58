# SPDX-License-Identifier: Apache-2.0
# The conformance vectors as lines, and the arrays in them. tests/conformance/README.md has the form.

"A result that is not what a vector expects, or a vector that is not understood."
struct Mismatch <: Exception
    text::String
end

Base.showerror(io::IO, mismatch::Mismatch) = print(io, mismatch.text)

mismatch(text) = throw(Mismatch(text))

"One case: the values of its members, in the order of the file, and which of them have been asked for."
struct Case
    name::String
    members::Dict{String, Vector{String}}
    used::Set{String}
end

Case(name, members) = Case(name, members, Set{String}())

"Every value of a member; none where there is none."
function values_of(case::Case, member)
    push!(case.used, member)
    return get(case.members, member, String[])
end

has(case::Case, member) = haskey(case.members, member)
optional(case::Case, member) = has(case, member) ? required(case, member) : nothing

function required(case::Case, member)
    found = values_of(case, member)
    length(found) == 1 || mismatch("has $(length(found)) members $member, expected one")
    return found[1]
end

integers(::Type{T}, text) where T = T[parse(T, word) for word in split(text)]

function require_all_used(case::Case)
    unknown = sort!(collect(setdiff(keys(case.members), case.used)))
    isempty(unknown) || mismatch("has members that are not known: $(join(unknown, ", "))")
    return nothing
end

function read_cases(path)
    cases = Case[]
    name, members = nothing, Dict{String, Vector{String}}()
    for line in eachline(path)
        word, _, rest = partition(line)
        if word == "case"
            name === nothing || mismatch("case $name has no end")
            name, members = rest, Dict{String, Vector{String}}()
        elseif name === nothing
            mismatch("$(repr(line)) is outside of a case")
        elseif word == "end"
            push!(cases, Case(name, members))
            name = nothing
        else
            push!(get!(members, word, String[]), rest)
        end
    end
    name === nothing || mismatch("case $name has no end")
    isempty(cases) && mismatch("$path has no cases")
    return cases
end

function partition(line)
    place = findfirst(' ', line)
    return place === nothing ? (line, "", "") : (line[1:place - 1], " ", line[place + 1:end])
end

# --- Arrays -----------------------------------------------------------------------------------------------------------

const TYPES = Dict(lowercase(string(nameof(type))) => type for type in UniTensor.ELEMENT_TYPES)

"Number `i`, from 1, of the SplitMix64 sequence (Steele, Lea and Flood, OOPSLA 2014)."
function splitmix64(seed::UInt64, i)
    z = seed + UInt64(i) * 0x9e3779b97f4a7c15
    z = (z ⊻ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ⊻ (z >> 27)) * 0x94d049bb133111eb
    return z ⊻ (z >> 31)
end

# CRC-32 as zlib's: polynomial 0x04c11db7, reflected.
const CRC_TABLE = map(0x00000000:0x000000ff) do byte
    foldl((crc, _) -> crc & 1 == 1 ? crc >> 1 ⊻ 0xedb88320 : crc >> 1, 1:8; init = byte)
end

function crc32(bytes::Vector{UInt8})
    crc = 0xffffffff
    for byte in bytes
        crc = crc >> 8 ⊻ CRC_TABLE[(crc ⊻ byte) & 0xff + 1]
    end
    return ~crc
end

function bytes_of(a)
    plain = Array(a)
    bytes = Vector{UInt8}(undef, sizeof(plain))
    GC.@preserve plain unsafe_copyto!(pointer(bytes), Ptr{UInt8}(pointer(plain)), length(bytes))
    return bytes
end

function array_of_bytes(::Type{T}, bytes, size) where T
    length(bytes) == prod(size) * sizeof(T) || mismatch("$(length(bytes)) bytes are no array of $T and size $size")
    a = Array{T}(undef, size...)
    GC.@preserve a unsafe_copyto!(Ptr{UInt8}(pointer(a)), pointer(bytes), length(bytes))
    return a
end

function element_type_of(case, prefix)
    name = required(case, "$prefix.dtype")
    haskey(TYPES, name) || mismatch("$prefix has the unknown dtype $name")
    return TYPES[name]
end

"The size in Julia, or `nothing` where a list of values gives it."
function size_of(case, prefix)
    shape = optional(case, "$prefix.shape")
    return shape === nothing ? nothing : Tuple(reverse(integers(Int, shape)))
end

"The array that a case describes; not one that is given by its checksum."
function decode(case::Case, prefix)
    T = element_type_of(case, prefix)
    size = size_of(case, prefix)
    if has(case, "$prefix.values")
        numbers = integers(BigInt, required(case, "$prefix.values"))
        return reshape(T[number for number in numbers], something(size, (length(numbers),)))
    end
    size === nothing && mismatch("$prefix has neither values nor a shape")
    has(case, "$prefix.hex") && return array_of_bytes(T, hex2bytes(required(case, "$prefix.hex")), size)
    seed = parse(UInt64, required(case, "$prefix.pattern"))
    modulo = parse(UInt64, required(case, "$prefix.modulo"))
    cumulative = something(optional(case, "$prefix.cumulative"), "false") == "true"
    return reshape(pattern(T, prod(size), seed, modulo, cumulative), size)
end

# A function of its own, compiled for the element type.
function pattern(::Type{T}, count, seed, modulo, cumulative) where T
    result = Vector{T}(undef, count)
    sum = UInt64(0)
    for i in 1:count
        number = splitmix64(seed, i) % modulo
        result[i] = (cumulative ? sum : number) % T
        sum += number
    end
    return result
end

# Integers wrap as in C; a pattern of floating point is made of small whole numbers.
Base.rem(number::UInt64, ::Type{T}) where T <: AbstractFloat = T(number)

"Fails unless a tensor or an array is what the case expects under `prefix`."
function compare(case::Case, prefix, result)
    T, size = element_type_of(case, prefix), size_of(case, prefix)
    crc = optional(case, "$prefix.crc32")
    expected = crc === nothing ? decode(case, prefix) : nothing
    size = crc === nothing ? Base.size(expected) : something(size, ())
    eltype(result) == T && Base.size(result) == size ||
        mismatch("$prefix has type $(eltype(result)) and size $(Base.size(result)), expected $T and $size")
    bytes = bytes_of(result)
    if crc !== nothing
        found = crc32(bytes)
        found == parse(UInt32, crc) || mismatch("$prefix has the CRC-32 $found, expected $crc")
    elseif bytes != bytes_of(expected)
        mismatch("$prefix is $result, expected $expected")
    end
    return nothing
end

"Fails unless an array's bytes are as they were."
unchanged(name, now, before) =
    bytes_of(now) == bytes_of(before) || mismatch("$name is $now, expected $before as before")
