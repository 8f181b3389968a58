# SPDX-License-Identifier: Apache-2.0
# The low-level layer against the table that a C program prints. UNITENSOR_ABI is the table, else it is the source tree's.

const ABI_TABLE = get(ENV, "UNITENSOR_ABI", joinpath(@__DIR__, "..", "..", "..", "..", "tests", "abi", "abi.txt"))

"The lines of every header but those that are not part of unitensor.h."
function abi_lines()
    lines, header = String[], ""
    for line in eachline(ABI_TABLE)
        startswith(line, "# ") ? (header = line[3:end]) : header == "backend.h" || push!(lines, line)
    end
    return lines
end

function type_of(declaration, bytes)
    array = match(r"^\w+ \w+\[(\d+)\]$", declaration)
    count = array === nothing ? 1 : parse(Int, array.captures[1])
    occursin('*', declaration) && return Ptr
    startswith(declaration, r"uni_\w+_fn ") && return Ptr
    element = Dict("uint32_t" => UInt32, "int32_t" => Int32, "uni_status" => Int32, "int64_t" => Int64,
                   "uint64_t" => UInt64, "char" => UInt8)[first(split(declaration))]
    @test sizeof(element) * count == bytes
    return array === nothing ? element : NTuple{count, element}
end

constants, structs, functions = Set{Symbol}(), Set{Symbol}(), Set{Symbol}()
let current = nothing, position = 0
    for line in abi_lines()
        constant = match(r"^constant (\w+) = (-?\d+)$", line)
        opening = match(r"^struct (\w+) size (\d+) alignment (\d+)$", line)
        field = match(r"^  (\w+) at (\d+), (\d+) bytes: (.*)$", line)
        if constant !== nothing
            name = Symbol(constant.captures[1])
            @test getfield(LibUnitensor, name) === Int32(parse(Int, constant.captures[2]))
            push!(constants, name)
        elseif opening !== nothing
            current === nothing || @test position == fieldcount(current)
            name = Symbol(opening.captures[1])
            current, position = getfield(LibUnitensor, name), 0
            push!(structs, name)
            @test isbitstype(current)
            @test sizeof(current) == parse(Int, opening.captures[2])
            @test Base.datatype_alignment(current) == parse(Int, opening.captures[3])
        elseif field !== nothing
            position += 1
            bytes = parse(Int, field.captures[3])
            @test fieldname(current, position) == Symbol(field.captures[1])
            @test fieldoffset(current, position) == parse(Int, field.captures[2])
            @test sizeof(fieldtype(current, position)) == bytes
            @test fieldtype(current, position) <: type_of(field.captures[4], bytes)
        elseif startswith(line, "function ")
            push!(functions, Symbol(match(r"(uni_\w+)\(", line).captures[1]))
        else
            @test startswith(line, "callback ") || line == "UNI_ABI_MAJOR $(LibUnitensor.UNI_ABI_MAJOR)"
        end
    end
    @test position == fieldcount(current)
end

@testset "nothing is left out or made up" begin
    named = Set(names(LibUnitensor; all = true))
    macros = Set([:UNI_ABI_MAJOR, :UNI_ABI_MINOR])
    @test Set(filter(name -> startswith(string(name), "UNI_"), named)) == union(constants, macros)
    opaque = Set([:uni_context, :uni_graph, :uni_sample, :uni_tensor])
    found = filter(name -> startswith(string(name), "uni_") && getfield(LibUnitensor, name) isa Type, named)
    @test found == union(structs, opaque)
    @test Set(LibUnitensor.FUNCTIONS) == functions
    @test all(name -> getfield(LibUnitensor, name) isa Function, functions)
    @test length(constants) > 60 && length(structs) > 12 && length(functions) > 50
end

@testset "every function is looked up" begin
    @test all(!=(C_NULL), LibUnitensor.ADDRESSES)
    @test allunique(LibUnitensor.ADDRESSES)
end

@testset "defaults" begin
    for name in (:uni_array, :uni_context_options, :uni_tensor_desc, :uni_gather_options, :uni_scatter_options,
                 :uni_graph_desc, :uni_load_options, :uni_sample_options)
        type = getfield(LibUnitensor, name)
        made = Ref(type())
        bytes = GC.@preserve made copy(unsafe_wrap(Array, Ptr{UInt8}(Base.unsafe_convert(Ptr{type}, made)), sizeof(type)))
        @test reinterpret(UInt32, bytes[1:4])[1] == sizeof(type)
        @test all(iszero, bytes[5:end])
    end
end
