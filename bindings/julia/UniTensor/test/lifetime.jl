# SPDX-License-Identifier: Apache-2.0
# Objects dropped in any order, on any thread, after their context and at the end of Julia.

const STRESS = raw"""
    using UniTensor, Test

    # Makes and drops objects of all kinds; each tensor holds one number throughout.
    function work(number)
        state = UInt32(number)
        choose(n) = (state = xor(state, state << 13); state = xor(state, state >> 17); state = xor(state, state << 5);
                     Int(state % UInt32(n)) + 1)
        context = Context(num_threads = 2, log = (level, message) -> nothing)
        pool = Any[tensor(fill(Float32(number), 4, 20); context = context)]
        for step in 1:400
            kind = choose(9)
            thing = pool[choose(length(pool))]
            if kind == 1
                push!(pool, wrap(fill(Float32(number), 4, 20); context = context))
            elseif kind == 2
                push!(pool, slice(thing, 1:choose(size(thing, 2))))
            elseif kind == 3
                push!(pool, wrap(view(fill(Float32(number), 6, 20), 1:4, :); context = context))
            elseif kind == 4
                push!(pool, from_dlpack(to_dlpack(thing); context = context))
            elseif kind == 5
                push!(pool, gather(thing, wrap(collect(0:size(thing, 2) - 1); context = context)))
            elseif kind == 6
                graph = Graph([0, 1, 2], tensor([1, 0]; context = context))
                sample = sample_neighbors(graph, [0], [1])
                sample.nodes == [0, 1] || error("a wrong sample")
                choose(2) == 1 && close(graph)
            elseif kind == 7
                ring = Any[thing]
                push!(ring, ring)
            elseif kind == 8
                length(pool) > 1 && close(popfirst!(pool))
            else
                delete_dlpack(to_dlpack(thing))
            end
            while length(pool) > 12
                deleteat!(pool, choose(length(pool)))
            end
            if step % 50 == 0
                choose(2) == 1 && close(context)
                context = Context(num_threads = 2)
                push!(pool, fill!(allocate(Float32, 4, 20; context = context), number))
            end
            step % 97 == 0 && GC.gc(choose(2) == 1)
        end
        all(thing -> all(==(number), thing), pool) || error("a wrong element")
        return nothing
    end

    function everywhere(rounds)
        done = Threads.Atomic{Int}(0)
        Threads.@threads for i in 1:rounds
            work(i)
            Threads.atomic_add!(done, 1)
        end
        return done[]
    end
"""

@testset "dropped in any order on several threads" begin
    code = STRESS * """
        before = UniTensor.sweep()
        @test Threads.nthreads() == min(4, Sys.CPU_THREADS)
        @test everywhere(12) == 12
        foreach(_ -> GC.gc(), 1:5)
        @test UniTensor.sweep() == before
        print("end")
    """
    @test run_julia(code; threads = 4) == (0, "end", "")
end

@testset "alive at the end" begin
    code = STRESS * raw"""
        everywhere(4)
        x = wrap(collect(1.0:10.0))
        graph = Graph([0, 1, 2], [1, 0]; context = Context(num_threads = 3, log = println))
        sample = sample_neighbors(graph, [0], [1])
        view_of_x, exported = slice(x, 2:3), to_dlpack(x)
        taken = from_dlpack(to_dlpack(gather(x, 0:9)))
        close(default_context())
        mutable struct Late
            tensor
        end
        # Finalizers run at the end in any order.
        late = finalizer(it -> isopen(it.tensor) && it.tensor[1] == 5, Late(wrap(fill(5.0, 3))))
        ring = Any[wrap(zeros(3))]
        push!(ring, ring)
        print("end")
    """
    for threads in (1, 4)
        @test run_julia(code; threads = threads) == (0, "end", "")
    end
end

@testset "memory goes" begin
    resident() = parse(Int, split(read("/proc/self/statm", String))[2]) * 4096
    source = zeros(Float32, 250, 1000)
    function work()
        x = wrap(source)
        @test size(gather(x, 0:999)) == size(tensor(source)) == (250, 1000)
        delete_dlpack(to_dlpack(x))
        @test_throws UniTensorError gather(x, [1000])
        @test_throws UniTensorError wrap(view(source, 1:2:9, :))
        return nothing
    end
    foreach(_ -> (work(); GC.gc()), 1:30)
    before = resident()
    foreach(_ -> (work(); GC.gc(false)), 1:200)
    GC.gc()
    # A leak of one result per turn would be 200 MB.
    @test resident() - before < 50_000_000
    @test UniTensor.sweep() == 0
end

# A function of its own, so that nothing of it is left on the stack.
function use_wrapped_arrays()
    x = slice(wrap(collect(1:1000)), 1:1000)
    graph = Graph(collect(0:2), [1, 0])
    for _ in 1:5
        GC.gc()
        @test sum(x) == 500500
        @test sample_neighbors(graph, [0], [1]).nodes == [0, 1]
    end
    @test UniTensor.sweep() == 3
    return nothing
end

@testset "wrapped arrays live as long as they are used" begin
    collect_garbage()
    @test UniTensor.sweep() == 0
    use_wrapped_arrays()
    collect_garbage()
    @test UniTensor.sweep() == 0
    # A failed call gives back what it was to keep.
    @test_throws UniTensorError wrap(Ptr{Float32}(8), (typemax(Int), 8); owner = fill(1))
    @test UniTensor.sweep() == 0
end

@testset "one context serves many tasks" begin
    context = Context(num_threads = 2)
    source = reshape(collect(1:40_000), 4, 10_000)
    x = wrap(source; context = context)
    problems = Threads.Atomic{Int}(0)
    Threads.@threads for number in 1:8
        for step in 1:20
            index = (number * step) .+ collect(0:99)
            gather(x, index) == source[:, index .+ 1] || Threads.atomic_add!(problems, 1)
            exception = failure(() -> gather(x, [number, 20_000 + number]))
            occursin(string(20_000 + number), exception.message) || Threads.atomic_add!(problems, 1)
        end
    end
    @test problems[] == 0
end
