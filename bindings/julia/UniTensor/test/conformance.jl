# SPDX-License-Identifier: Apache-2.0
# The conformance vectors, and that the runner finds every planted fault. UNITENSOR_CONFORMANCE is the file of lines that
# tests/conformance/flatten.py writes; UNITENSOR_TEST_BACKEND is "cpu" (the default) or the path of a backend plugin.

include("conformance/vectors.jl")
include("conformance/operations.jl")

const BACKEND = get(ENV, "UNITENSOR_TEST_BACKEND", "cpu")
const CASES = read_cases(ENV["UNITENSOR_CONFORMANCE"])

function conformance_context(num_threads)
    context = Context(num_threads = num_threads, backend = BACKEND == "cpu" ? nothing : BACKEND)
    @test (UniTensor.backend(context) == "cpu") == (BACKEND == "cpu")
    return context
end

"The complaint about a case; `nothing` if there is none."
function complaint(case, context)
    try
        run_case(case, context)
    catch exception
        return "$(case.name): $(sprint(showerror, exception))"
    end
    return nothing
end

@testset "there are cases" begin
    @test length(CASES) > 500
    @test Set(only(case.members["operation"]) for case in CASES) == Set(keys(OPERATIONS))
end

@testset "conformance with $threads threads" for threads in (1, 2, 7)
    context = conformance_context(threads)
    for case in CASES
        @test complaint(case, context) === nothing
    end
end

# --- The runner itself ------------------------------------------------------------------------------------------------

"A value of a member that is not the given one."
function another(member, value)
    member == "expect.status" && return value == "OK" ? "INTERNAL" : "OK"
    member == "expect.message" && return value * "X"
    endswith(member, ".dtype") && return value == "int8" ? "int16" : "int8"
    if endswith(member, ".hex") || member == "expect.file"
        isempty(value) && return "00"
        return value[1:end - 1] * string(parse(Int, value[end:end]; base = 16) ⊻ 1; base = 16)
    end
    numbers = integers(BigInt, value)
    isempty(numbers) && return "1"
    return join([numbers[1] + 1; numbers[2:end]], " ")
end

"The case with each of its expectations changed in turn, with the name of the one that is."
function spoiled(case)
    results = Pair{String, Case}[]
    for member in sort!(collect(keys(case.members)))
        startswith(member, "expect.") || continue
        for i in eachindex(case.members[member])
            members = deepcopy(case.members)
            members[member][i] = another(member, members[member][i])
            push!(results, "$(case.name): another $member" => Case(case.name, members))
        end
    end
    return results
end

with_member(case, member, value) = Case(case.name, merge(case.members, Dict(member => [value])))
without_member(case, member) = Case(case.name, filter(entry -> entry.first != member, case.members))

@testset "the runner finds every fault" begin
    context = conformance_context(1)
    planted = [fault for case in CASES for fault in spoiled(case)]
    @test length(planted) > 2000
    @test [name for (name, case) in planted if complaint(case, context) === nothing] == String[]
    for operation in keys(OPERATIONS)
        good = CASES[findfirst(case -> only(case.members["operation"]) == operation, CASES)]
        @test complaint(good, context) === nothing
        @test occursin("unknown operation", complaint(with_member(good, "operation", "scramble"), context))
        @test occursin("members operation", complaint(without_member(good, "operation"), context))
        @test occursin("not known: extra", complaint(with_member(good, "extra", "1"), context))
        @test occursin("not known: expect.extra", complaint(with_member(good, "expect.extra", "1"), context))
        @test occursin("expect.status", complaint(without_member(good, "expect.status"), context))
    end
    for text in ("", "case a\noperation graph\n", "operation graph\n", "case a\ncase b\nend\n")
        path, stream = mktemp()
        write(stream, text)
        close(stream)
        @test_throws Mismatch read_cases(path)
    end
end
