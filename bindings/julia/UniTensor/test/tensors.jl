# SPDX-License-Identifier: Apache-2.0
# Contexts, and tensors as arrays.

@testset "context" begin
    context = Context(num_threads = 3)
    @test num_threads(context) == 3 && UniTensor.backend(context) == "cpu"
    @test sprint(show, context) == "Context(num_threads = 3)"
    @test default_context() === default_context()
    @test memory_info(:host; context = context).resolved == :host
    @test memory_info().supported && memory_info().reason != ""
    pinned = memory_info(:pinned; context = context)
    @test !pinned.supported && pinned.resolved === nothing && occursin("CUDA", pinned.reason)
    cpu, cuda = backend_info(:cpu; context = context), backend_info(; context = context)
    @test cpu.available && cpu.num_devices == 1 && cpu.name == "cpu" && cpu.path == cpu.reason == "" && cpu.driver === nothing
    @test cuda.available == (cuda.reason == "")
    device = device_info(0, :cpu; context = context)
    @test device.num_processors == 3 && device.total_bytes > 2^24 && device.compute_capability === nothing
    @test fails(() -> device_info(1, :cpu; context = context), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "no CPU device 1")
    @test fails(() -> backend_info(:tpu; context = context), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, ":tpu")
    @test synchronize(context) === UniTensor.check(context) === trim(context) === nothing
    @test hold_stream(; context = context) === nothing
    close(context)
    close(context)
    @test !isopen(context) && sprint(show, context) == "Context(closed)"
    @test fails(() -> num_threads(context), LibUnitensor.UNI_STATUS_INVALID_STATE, "the context is closed")
    @test fails(() -> Context(num_threads = 5000), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "num_threads is 5000")
    @test fails(() -> Context(backend = "/nowhere/a.so"), LibUnitensor.UNI_STATUS_BACKEND_UNAVAILABLE, "/nowhere/a.so")
    @test fails(() -> Context(backend = "a.so"), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "absolute")
    @test fails(() -> memory_info(:gpu), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "kind is :gpu", ":unified")
end

@testset "errors" begin
    exception = failure(() -> load("/nowhere/x.npy"))
    @test exception.code === LibUnitensor.UNI_STATUS_IO_ERROR && exception.native_code === Int64(Base.Libc.ENOENT)
    @test sprint(showerror, exception) ==
        "UNI_STATUS_IO_ERROR (-40): $(exception.message) (native code $(Base.Libc.ENOENT))"
    unknown = UniTensorError(-12345, 0, "from a newer library")
    @test unknown.code === Int32(-12345)
    @test sprint(showerror, unknown) == "UNI_STATUS_UNKNOWN (-12345): from a newer library"
end

@testset "element types" begin
    for (code, type) in enumerate(UniTensor.ELEMENT_TYPES)
        @test UniTensor.dtype_code(type) === Int32(code) && UniTensor.element_type(code) === type
        name = unsafe_string(LibUnitensor.uni_dtype_name(code))
        @test name == lowercase(string(nameof(type))) && LibUnitensor.uni_dtype_size(code) == sizeof(type)
        x = fill!(allocate(type, 3, 2), 1)
        @test eltype(x) == type && size(x) == (3, 2) && all(==(one(type)), x) && sum(Float64.(x)) == 6
    end
    @test fails(() -> allocate(ComplexF32, 2), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "Complex")
    @test fails(() -> UniTensor.element_type(99), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "dtype 99")
    @test fails(() -> wrap(["a"]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "String")
end

@testset "bfloat16" begin
    for (value, bits) in ((1.0f0, 0x3f80), (-2.5f0, 0xc020), (1.00390625f0, 0x3f80), (1.01171875f0, 0x3f82),
                          (floatmax(Float32), 0x7f80), (Inf32, 0x7f80), (0.0f0, 0x0000), (-0.0f0, 0x8000))
        @test reinterpret(UInt16, BFloat16(value)) == bits
    end
    @test isnan(BFloat16(NaN32)) && isnan(BFloat16(reinterpret(Float32, 0x7f800001)))
    @test BFloat16(1.5) + BFloat16(2) == BFloat16(3.5) && BFloat16(1.5) * 2.0f0 === 3.0f0 && -BFloat16(2) < BFloat16(1)
    @test Float64(BFloat16(0.5)) === 0.5 && hash(BFloat16(0.5)) == hash(0.5) && sprint(show, BFloat16(2)) == "BFloat16(2.0)"
end

@testset "arrays in Julia's order" begin
    x = tensor(table())
    @test x isa DenseTensor{Float32, 2} && size(x) == (4, 10) && strides(x) == (1, 4) && stride(x, 3) == 40
    @test x == table() && x[2, 3] === 9.0f0 && x[10] === 9.0f0 && x[:, 3] == table()[:, 3] && x[end, end] === 39.0f0
    @test sum(x) == sum(table()) && x .+ 1 == table() .+ 1 && similar(x) isa Matrix{Float32}
    @test ones(Float32, 2, 4) * x == ones(Float32, 2, 4) * table()
    x[2, 3] = 7
    x[:, 1] .= -1
    @test x[2, 3] === 7.0f0 && x[:, 1] == fill(-1, 4) && unsafe_load(pointer(x), 10) === 7.0f0
    @test_throws BoundsError x[5, 1]
    @test_throws BoundsError x[41] = 1
    @test_throws InexactError tensor([1, 2])[1] = 1.5
    @test info(x) == (memory = :host, requested = :unified, device = nothing, num_bytes = 160, row_bytes = 16,
                      row_pitch = 16, read_only = false, copied = false)
    @test UniTensor.context(x) === default_context()
    @test_throws UniTensorError UniTensor.device_pointer(x)
    @test startswith(sprint(show, MIME"text/plain"(), x), "4×10 DenseTensor{Float32,2}:\n -1.0")
    for a in (fill(3), Int32[], zeros(3, 0), zeros(UInt8, 0, 3), rand(2, 3, 4, 1, 2, 1, 1, 2))
        @test tensor(a) == a && size(tensor(a)) == size(a) && typeof(tensor(a)) == DenseTensor{eltype(a), ndims(a)}
    end
    @test tensor(1:3) == 1:3 && tensor(view(rand(4, 4), 1:2:3, :)) isa DenseTensor{Float64, 2}
    @test fails(() -> tensor(zeros(1, 1, 1, 1, 1, 1, 1, 1, 1)), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "9", "0 to 8")
    @test fails(() -> allocate(Int8, -1), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "-1")
    @test fails(() -> allocate(Int8, typemax(Int), 8), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "overflow")
end

@testset "padded columns" begin
    x = tensor(reshape(Float32.(0:29), 3, 10); row_alignment = 64)
    @test x isa PaddedTensor{Float32, 2} && strides(x) == (1, 16) && info(x).row_pitch == 64
    @test x == reshape(0:29, 3, 10) && x[2, 3] === 7.0f0 && x[8] === 7.0f0 && Array(x)[:, 10] == [27, 28, 29]
    x[3, 10] = 5
    @test x[30] === 5.0f0 && sum(x) == sum(0:28) + 5
    @test_throws BoundsError x[4, 1]
    @test_throws BoundsError x[1, 11] = 1
    y = tensor(rand(2, 3, 4); row_alignment = 128)
    @test y isa PaddedTensor{Float64, 3} && strides(y) == (1, 2, 16) && slice(y, 2:3) == y[:, :, 2:3]
    @test reshape(y, 6, 4) == reshape(Array(y), 6, 4) && reshape(y, 6, 4) isa PaddedTensor{Float64, 2}
    @test fails(() -> reshape(y, 24), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "padded")
    @test fails(() -> allocate(Int8, 2; row_alignment = 3), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "row_alignment is 3")
end

@testset "views" begin
    x = tensor(table())
    part = slice(x, 3:5)
    @test part == x[:, 3:5] == view(x, :, 3:5) && part isa DenseTensor{Float32, 2}
    part[1, 1] = -5
    @test x[1, 3] === -5.0f0
    @test Base.mightalias(x, part) && !Base.mightalias(x, tensor(table()))
    @test size(slice(x, 11:10)) == (4, 0) && slice(slice(x, 2:9), 2:3) == x[:, 3:4]
    @test fails(() -> slice(x, 0:1), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "-1")
    @test fails(() -> slice(x, 9:11), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "10")
    @test reshape(x, 2, 20) == reshape(Array(x), 2, 20) && reshape(x, :) isa DenseTensor{Float32, 1}
    @test vec(reshape(x, (5, :))) == vec(x) && reshape(tensor([3.0]), ())[] === 3.0
    @test fails(() -> reshape(x, 3, 3), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "40")
    @test fails(() -> reshape(x, 7, :), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "40")
    close(x)
    @test part[1, 1] === -5.0f0
end

@testset "copies and filling" begin
    x = allocate(Float32, 4, 10)
    @test copyto!(x, table()) === x && x == table()
    out = zeros(Float32, 4, 10)
    @test copyto!(out, x) === out == table()
    wide = zeros(Float32, 6, 10)
    copyto!(view(wide, 1:4, :), x)
    @test wide[1:4, :] == table() && iszero(wide[5:6, :])
    padded = copyto!(allocate(Float32, 4, 10; row_alignment = 64), x)
    @test padded == x && copyto!(zeros(4, 10), padded) == table() && copyto!(zeros(50), x)[1:40] == vec(table())
    @test copyto!(x, 1:3)[1:3] == 1:3
    @test_throws BoundsError copyto!(x, zeros(100))
    @test fill!(x, 2) === x && all(==(2), x)
    @test_throws InexactError fill!(tensor([1, 2]), 1.5)
    fill!(padded, 1)
    @test all(==(1), padded)
end

@testset "wrap" begin
    a = collect(table())
    x = wrap(a)
    @test pointer(x) == pointer(a) && wrap(x) === x
    x[1, 1] = 9
    @test a[1, 1] === 9.0f0
    y = wrap(view(a, 1:3, 2:5))
    @test y isa PaddedTensor{Float32, 2} && y == a[1:3, 2:5] && strides(y) == (1, 4)
    @test wrap(reinterpret(UInt32, [1.0f0]))[1] == 0x3f800000 && wrap(reshape(view(a, 1:2), 1, 2)) == a[1:2, 1]'
    @test fails(() -> wrap(view(a, 1:2:3, :)), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "not contiguous", "collect(a)")
    @test fails(() -> wrap(view(a, :, 10:-1:1)), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "not contiguous")
    @test_throws MethodError wrap(1:3)
    raw = GC.@preserve a wrap(pointer(a), (2, 4); owner = a)
    @test raw == reshape(vec(a)[1:8], 2, 4)
    @test fails(() -> wrap(pointer(a), (2, 4); device = 0), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "no CUDA backend")
    @test fails(() -> register(a), LibUnitensor.UNI_STATUS_BACKEND_UNAVAILABLE, "CUDA")
end

@testset "closed" begin
    x = tensor(table())
    close(x)
    close(x)
    @test !isopen(x) && size(x) == (4, 10)
    for use in (() -> x[1], () -> (x[1] = 2), () -> pointer(x), () -> info(x), () -> slice(x, 1:2), () -> fill!(x, 0),
                () -> gather(x, [0]), () -> scatter!(x, [0], ones(Float32, 4, 1)), () -> copyto!(x, table()),
                () -> to_dlpack(x), () -> save("/nowhere", x), () -> gather(tensor(table()), x), () -> wrap(x))
        @test fails(use, LibUnitensor.UNI_STATUS_INVALID_STATE, "the tensor is closed")
    end
    @test sprint(show, MIME"text/plain"(), x) == "4×10 DenseTensor{Float32,2}, closed"
end

@testset "files" begin
    mktempdir() do folder
        path = joinpath(folder, "x.npy")
        x = tensor(table())
        save(path, x)
        @test load(path) == x && load(path; row_alignment = 64) isa PaddedTensor
        @test occursin("(10, 4)", String(read(path)[1:128]))
        write(path, "no array")
        @test fails(() -> load(path), LibUnitensor.UNI_STATUS_FORMAT_ERROR)
        @test fails(() -> save(folder, x), LibUnitensor.UNI_STATUS_IO_ERROR)
        @test fails(() -> save(path, tensor(BFloat16[1])), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "bfloat16")
        @test_throws ArgumentError load("a\0b")
        @test fails(() -> load(path; memory = :disk), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "memory is :disk")
    end
end
