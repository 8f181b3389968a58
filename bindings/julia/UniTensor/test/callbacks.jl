# SPDX-License-Identifier: Apache-2.0
# Functions of Julia's that the library calls: what they throw never passes its frames.

struct Unexpected <: Exception end

@testset "progress" begin
    mktempdir() do folder
        path = joinpath(folder, "x.npy")
        save(path, tensor(ones(Float32, 1000, 1000)))
        seen = Tuple{Int64, Int64}[]
        @test load(path; progress = (done, total) -> push!(seen, (done, total))) == ones(1000, 1000)
        @test last(seen) == (4000000, 4000000) && issorted(seen)
        @test fails(() -> load(path; progress = (done, total) -> true), LibUnitensor.UNI_STATUS_CALLBACK)
        @test_throws Unexpected load(path; progress = (done, total) -> throw(Unexpected()))
        @test_throws MethodError load(path; progress = () -> 1)
        # Garbage is collected, other tasks run, and the library is called, all while it waits for the result.
        others = Ref(0)
        function busy(done, total)
            GC.gc()
            wait(@async others[] += 1)
            @test gather(tensor([1, 2]), [1]) == [2]
            @test_throws Unexpected load(path; progress = (_, _) -> throw(Unexpected()))
            return nothing
        end
        @test load(path; progress = busy) == ones(1000, 1000)
        @test others[] > 0
    end
end

@testset "log" begin
    seen = Tuple{Int32, String}[]
    context = Context(log = (level, message) -> push!(seen, (level, message)))
    # Without a device, asking for one tells why there is none.
    memory_info(:pinned; context = context)
    @test length(seen) == 1 && seen[1][1] == LibUnitensor.UNI_LOG_INFO && occursin("CUDA", seen[1][2])

    thrower = Context(log = (level, message) -> throw(Unexpected()))
    @test_throws Unexpected memory_info(:pinned; context = thrower)
    @test !memory_info(:pinned; context = thrower).supported
    # An error of the call comes before that of the function.
    thrower = Context(log = (level, message) -> throw(Unexpected()))
    @test_throws UniTensorError allocate(Float32, 2; memory = :pinned, context = thrower)

    # What a call has made before a function throws is given back.
    kept = UniTensor.sweep()
    thrower = Context(log = (level, message) -> throw(Unexpected()))
    token = Ptr{Cvoid}(maximum(keys(UniTensor.LISTENERS)))
    a = fill(1.0, 3)
    say() = ccall(UniTensor.log_callback(), Cvoid, (Ptr{Cvoid}, Int32, Cstring), token, 3, "said")
    say()
    @test_throws Unexpected wrap(a; context = thrower)
    @test UniTensor.sweep() == kept
    say()
    @test_throws Unexpected tensor(a; context = thrower)

    # The function is ordinary code: it prints, waits, and uses the context.
    user = Ref{Any}(nothing)
    listener = Context(log = function (level, message)
        println(devnull, message)
        yield()
        user[] = num_threads(listener)
    end, num_threads = 2)
    memory_info(:device; context = listener)
    @test user[] == 2
end

@testset "messages wait, and go to their own context" begin
    seen = String[]
    context = Context(log = (level, message) -> push!(seen, message))
    token = maximum(keys(UniTensor.LISTENERS))
    # As the library does it, from several threads at once.
    callback = UniTensor.log_callback()
    Threads.@threads for i in 1:100
        ccall(callback, Cvoid, (Ptr{Cvoid}, Int32, Cstring), Ptr{Cvoid}(token), 3, "message $i")
    end
    ccall(callback, Cvoid, (Ptr{Cvoid}, Int32, Cstring), Ptr{Cvoid}(typemax(UInt)), 3, "for nobody")
    @test isempty(seen)
    statistics(context)
    @test sort(seen) == sort(["message $i" for i in 1:100])
    ccall(callback, Cvoid, (Ptr{Cvoid}, Int32, Cstring), Ptr{Cvoid}(token), 3, "first")
    ccall(callback, Cvoid, (Ptr{Cvoid}, Int32, Cstring), Ptr{Cvoid}(token), 3, "second")
    statistics(context)
    @test seen[end - 1:end] == ["first", "second"]
end
