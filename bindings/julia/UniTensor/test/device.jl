# SPDX-License-Identifier: Apache-2.0
# Tensors on a device, over the emulated one: UNITENSOR_TEST_CUDA_BACKEND is the path of its plugin.
import Libdl

const DEVICE_BACKEND = ENV["UNITENSOR_TEST_CUDA_BACKEND"]
const FAKE = Libdl.dlopen(DEVICE_BACKEND, UniTensor.OPEN_FLAGS)
create_stream() = ccall(Libdl.dlsym(FAKE, :fake_create_stream), Ptr{Cvoid}, ())
finish_stream(stream) = ccall(Libdl.dlsym(FAKE, :fake_synchronize), Cvoid, (Ptr{Cvoid},), stream)
destroy_stream(stream) = ccall(Libdl.dlsym(FAKE, :fake_destroy_stream), Cvoid, (Ptr{Cvoid},), stream)

"How much the emulated device has still to do."
function num_pending()
    counts = zeros(Int64, 16)
    ccall(Libdl.dlsym(FAKE, :fake_get_counts), Cvoid, (Ptr{Int64},), counts)
    return counts[6]
end

"Whether the device reads all memory of the host (HMM); for contexts that are made from then on."
set_pageable_access(pageable) =
    ccall(Libdl.dlsym(FAKE, :fake_set_pageable_access), Cvoid, (Int32, Int32), pageable, 0)

const CONTEXT = Context(backend = DEVICE_BACKEND)
on_device(a; memory = :device) = (t = tensor(a; memory = memory, context = CONTEXT); synchronize(CONTEXT); t)

@testset "gather with an index on the device, from $memory memory" for memory in (:unified, :managed, :pinned, :device)
    x = on_device(table(); memory = memory)
    @test x isa (memory == :device ? DeviceTensor{Float32, 2} : DenseTensor{Float32, 2})
    @test size(x) == (4, 10) && ndims(x) == 2 && eltype(x) == Float32 && length(x) == 40 && size(x, 3) == 1
    index = on_device([3, 0, 9])
    rows = gather(x, index)
    @test rows isa DeviceTensor{Float32, 2} && info(rows).device == 0 && Array(rows) == table()[:, [4, 1, 10]]
    out = allocate(Float32, 4, 3; memory = :device, context = CONTEXT)
    @test gather!(out, x, index) === out && collect(out) == table()[:, [4, 1, 10]]
    @test UniTensor.device_pointer(x) isa Ptr{Float32} && UniTensor.device_pointer(x) != C_NULL
end

@testset "gathers that convert, on the device" begin
    x, small = on_device(table()), on_device(Int8[1 3; 2 -4])
    halves = gather(x, on_device([3, 9]); dtype = Float16, order = :by_page, num_multiprocessors = 1)
    @test halves isa DeviceTensor{Float16, 2} && Array(halves) == Float16.(table()[:, [4, 10]])
    for memory in (:pinned, :device)
        scales = on_device(Float32[1, 0.5]; memory = memory)
        rows = gather(small, on_device([1, 0]); dtype = Float32, row_scales = scales)
        @test num_pending() > 0
        # Closed before the device has read them.
        close(scales)
        @test Array(rows) == Float32[1.5 1; -2 2]
    end
    @test fails(() -> gather(small, on_device([0]); dtype = Float32, row_scales = Float32[1, 2]),
                LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "row_scales")
end

@testset "several tensors on the device, into $memory memory" for memory in (nothing, :pinned)
    x, labels, index = on_device(table()), on_device(collect(100:109); memory = :pinned), on_device([3, 9])
    rows, picked = gather_many([x, labels], index; memory = memory)
    @test num_pending() > 0
    foreach(close, (x, labels, index))
    synchronize(CONTEXT)
    @test memory === :pinned || rows isa DeviceTensor{Float32, 2} && picked isa DeviceTensor{Int, 1}
    @test Array(rows) == table()[:, [4, 10]] && Array(picked) == [103, 109]
    outs = [allocate(Float32, 4, 2; memory = :device, context = CONTEXT), allocate(Int, 2; memory = :pinned, context = CONTEXT)]
    sources = [on_device(table()), on_device(collect(100:109))]
    @test gather_many!(outs, sources, on_device([0, 10]); order = :as_given, num_multiprocessors = 1) === outs
    @test fails(() -> synchronize(CONTEXT), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 10")
    @test Array(outs[1]) == [table()[:, 1] zeros(4)] && outs[2] == [100, 0]
    @test fails(() -> gather_many(sources, [1]), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "index is on the CPU")
end

@testset "device memory is not read by the CPU" begin
    x = on_device(table())
    @test_throws MethodError x[1]
    @test !(x isa AbstractArray) && sprint(show, x) == "DeviceTensor{Float32, 2}(4 × 10)"
    @test fails(() -> gather(x, [1]), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "index is on the CPU")
    @test fails(() -> gather(tensor(table(); memory = :host, context = CONTEXT), on_device([1])),
                LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "source is in host memory")
    @test fails(() -> copyto!(zeros(Float32, 3), x), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH)
    @test Array(slice(x, 3:4)) == table()[:, 3:4] && Array(reshape(x, :, 20)) == reshape(table(), 2, 20)
    back = tensor(x; memory = :unified, context = CONTEXT)
    synchronize(CONTEXT)
    @test back isa DenseTensor{Float32, 2} && back == table()
    close(x)
    @test sprint(show, x) == "DeviceTensor{Float32, 2}(closed)"
end

@testset "scatter, filling and late errors" begin
    x = on_device(table())
    scatter!(x, on_device([1, 1]), on_device(ones(Float32, 4, 2)); reduce = :add)
    @test Array(x)[:, 2] == table()[:, 2] .+ 2
    @test all(==(3), Array(fill!(x, 3)))
    gather(x, on_device([1, 10]))
    @test fails(() -> synchronize(CONTEXT), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 10")
    @test synchronize(CONTEXT) === UniTensor.check(CONTEXT) === nothing
end

@testset "sample" begin
    indptr, indices = [0, 2, 4, 5], [1, 2, 0, 2, 1]
    host = sample_neighbors(Graph(indptr, indices), [2, 0], [1, 2]; seed = 5)
    graph = Graph(on_device(indptr), on_device(indices))
    @test UniTensor.context(graph) === CONTEXT
    sample = sample_neighbors(graph, on_device([2, 0]), [1, 2]; seed = 5)
    @test sprint(show, sample) == "Sample()"
    # Without waiting the result has room for the most that the fan-outs allow.
    early = gather(on_device(table()), sample)
    several = gather_many([on_device(table()), on_device(collect(100:109))], sample)
    for part in (:nodes, :sources, :targets, :seed_index)
        @test Array(getproperty(sample, part)) == getproperty(host, part)
    end
    @test sample.num_nodes == host.num_nodes && size(early, 2) >= host.num_nodes
    @test Array(early)[:, 1:host.num_nodes] == table()[:, Array(host.nodes) .+ 1]
    @test size(several[1]) == size(early) && Array(several[1]) == Array(early)
    @test Array(several[2])[1:host.num_nodes] == host.nodes .+ 100
    bad = sample_neighbors(graph, on_device([7]), [1])
    @test fails(() -> wait(bad), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "seeds[0] is 7")
    synchronize(CONTEXT)
end

@testset "DLPack, $memory memory" for memory in (:managed, :pinned, :device)
    x = on_device(table(); memory = memory)
    seen = from_dlpack(to_dlpack(x; device = :cuda); context = CONTEXT)
    @test seen isa DeviceTensor{Float32, 2} && info(seen).device == 0
    close(x)
    @test Array(gather(seen, on_device([7, 1]))) == table()[:, [8, 2]]
    @test fails(() -> to_dlpack(seen; device = :cpu), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "CPU cannot read")
end

@testset "register" begin
    mine = collect(table())
    x = register(mine; context = CONTEXT)
    @test info(x).memory == :pinned && pointer(x) == pointer(mine)
    mine[:, 5] .= 7
    @test Array(gather(x, on_device([4]))) == fill(7, 4, 1)
    close(x)
    synchronize(CONTEXT)
end

set_lockable(num_bytes) =
    ccall(Libdl.dlsym(FAKE, :fake_set_host_bytes), Cvoid, (Int64, Int64), typemax(Int64), num_bytes)

@testset "register or copy" begin
    mine = collect(reshape(1f0:40000, 4, 10000))
    x = register(mine; copy_if_refused = true, context = CONTEXT)
    @test info(x).memory == :pinned && !info(x).copied
    close(x)
    synchronize(CONTEXT)
    before = statistics(CONTEXT)
    set_lockable(61440)
    try
        @test fails(() -> register(mine; context = CONTEXT), LibUnitensor.UNI_STATUS_OUT_OF_MEMORY, "page-locking 160000")
        x = register(mine; copy_if_refused = true, context = CONTEXT)
    finally
        set_lockable(typemax(Int64))
    end
    @test info(x).memory == :managed && info(x).copied && pointer(x) != pointer(mine) && x == mine
    after = statistics(CONTEXT)
    @test after.registered_copies - before.registered_copies == 1
    @test after.registered_copy_bytes - before.registered_copy_bytes == 160000
    close(x)
end

@testset "streams" begin
    stream = create_stream()
    x, index = on_device(table()), on_device([3])
    rows = gather(x, index; stream = stream)
    finish_stream(stream)
    @test Array(rows) == table()[:, 4:4]
    ours, theirs = create_stream(), create_stream()
    target = on_device(zeros(Float32, 4, 10))
    source = tensor(table(); memory = :pinned, context = CONTEXT)
    copyto!(target, source; stream = ours)
    hold_stream(UInt(theirs); context = CONTEXT)
    out = tensor(zeros(Float32, 4, 10); memory = :pinned, context = CONTEXT)
    copyto!(out, target; stream = theirs)
    finish_stream(theirs)
    @test out == table()
    @test fails(() -> hold_stream(ours; device = 1, context = CONTEXT), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "device 1")
    @test_throws MethodError hold_stream("theirs"; context = CONTEXT)
    synchronize(CONTEXT)
    foreach(destroy_stream, (stream, ours, theirs))
end

"A kernel of another library, which copies a tensor of 160 bytes when its turn comes in the stream."
enqueue_copy(stream, to, from) = ccall(Libdl.dlsym(FAKE, :fake_enqueue_copy), Cvoid,
                                       (Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Cvoid}, Int64), stream,
                                       UniTensor.device_pointer(to), UniTensor.device_pointer(from), 160)

@testset "streams of others are followed: $follows" for follows in (false, true)
    ours, theirs = create_stream(), create_stream()
    target, source, index = on_device(zeros(Float32, 4, 10)), on_device(table()), on_device([3])
    enqueue_copy(theirs, target, source)
    follows && follow_stream(theirs; context = CONTEXT)
    rows = gather(target, index; stream = ours)
    finish_stream(ours)
    @test (Array(rows) == table()[:, [4]]) == follows
    @test fails(() -> follow_stream(theirs; device = 1, context = CONTEXT), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "device 1")
    finish_stream(theirs)
    synchronize(CONTEXT)
    foreach(destroy_stream, (ours, theirs))
end

@testset "memory stays for kernels of others" begin
    theirs = create_stream()
    source, seen = on_device(table()), on_device(zeros(Float32, 4, 10))
    enqueue_copy(theirs, seen, source)
    @test fails(() -> release_after(source, theirs; device = 1), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "device 1")
    @test isopen(source)
    release_after(source, theirs)
    @test !isopen(source)
    on_device(zeros(Float32, 4, 10))
    synchronize(CONTEXT)
    @test Array(seen) == table()
    destroy_stream(theirs)
end

@testset "backends and devices are described" begin
    backend = backend_info(; context = CONTEXT)
    @test backend == (available = true, num_devices = 1, name = "cuda", path = DEVICE_BACKEND, reason = "",
                      toolkit = v"13", least_driver = v"13", driver = v"13")
    device = device_info(; context = CONTEXT)
    @test device.name == "emulated device" && device.pci_address == "0000:17:00.0" && device.compute_capability == v"9"
    @test device.num_processors == 4 && device.total_bytes == 2^30
    @test device.managed_memory && !device.host_memory && !device.host_page_tables
    @test fails(() -> device_info(1; context = CONTEXT), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "no CUDA device 1")
end

# What is collected is found by a finalizer.
function watched(a, gone)
    finalizer(_ -> gone[] = true, a)
    return a
end

@testset "arrays of Julia's live until the device has done: $use" for use in ("source", "copied to", "wrapped")
    gone = Ref(false)
    x = on_device(table())
    # A function of its own, so that nothing of it is left on the stack.
    function start()
        a = watched(collect(table()), gone)
        use == "source" && return copyto!(x, a)
        use == "copied to" && return (copyto!(a, x); nothing)
        return copyto!(x, wrap(a; context = CONTEXT))
    end
    start()
    @test num_pending() > 0
    collect_garbage()
    @test !gone[]
    synchronize(CONTEXT)
    collect_garbage()
    @test gone[] && UniTensor.sweep() == 0
    @test Array(x) == table()
end

@testset "scales in an array of Julia's live until the device has done: $f" for f in (gather, gather!)
    set_pageable_access(true)
    # The device reads and writes all memory of the host.
    context = Context(backend = DEVICE_BACKEND)
    gone = Ref(false)
    small, index = tensor(Int8[1 3; 2 -4]; context = context), tensor([1, 0]; memory = :device, context = context)
    out = allocate(Float32, 2, 2; memory = :device, context = context)
    synchronize(context)
    # A function of its own, so that nothing of it is left on the stack.
    function start()
        scales = watched(Float32[1, 0.5], gone)
        f === gather && return gather(small, index; dtype = Float32, row_scales = scales)
        return gather!(out, small, index; dtype = Float32, row_scales = scales)
    end
    rows = start()
    @test num_pending() > 0
    collect_garbage()
    @test !gone[]
    synchronize(context)
    collect_garbage()
    @test gone[] && UniTensor.sweep() == 0
    @test Array(rows) == Float32[1.5 1; -2 2]
    set_pageable_access(false)
end

@testset "dropped while the device works" begin
    for round in 1:50
        x = tensor(fill(Float32(round), 4, 100); memory = :device, context = CONTEXT)
        rows = gather(x, tensor(collect(0:99); memory = :device, context = CONTEXT))
        round % 2 == 0 && close(x)
        round % 7 == 0 && GC.gc()
        @test all(==(round), Array(rows))
    end
    collect_garbage()
    synchronize(CONTEXT)
    @test UniTensor.sweep() == 0
end
