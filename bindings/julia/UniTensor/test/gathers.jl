# SPDX-License-Identifier: Apache-2.0
# Gathers that convert, that multiply with scales, and that take several tensors. Indices count from 0.

@testset "floats are converted to nearest, ties to even" begin
    # One half of the last place above 1, three halves, and what Float16 cannot hold.
    x = tensor(Float32[1.5 1+2^-11 1+3*2^-11 70000 -2])
    halves = gather(x, 0:4; dtype = Float16)
    @test eltype(halves) == Float16 && halves == Float16[1.5 1 1+2^-9 Inf -2] && halves == Float16.(x)
    @test gather(halves, [4, 2]; dtype = Float32) == Float32[-2 1+2^-9]
    y = tensor(Float32[1.5 1+2^-8 1+3*2^-8 70000 -2])
    brains = gather(y, 0:4; dtype = BFloat16)
    @test eltype(brains) == BFloat16 && Float32.(brains) == Float32[1.5 1 1+2^-6 70144 -2] && brains == BFloat16.(y)
    @test gather(brains, [4, 2]; dtype = Float32) == Float32[-2 1+2^-6]
    @test gather(brains, [0, 3]; dtype = Float16) == Float16[1.5 Inf]
    # Its own element type is none to convert to.
    same = gather(x, [3]; dtype = Float32, memory = :unified)
    @test eltype(same) == Float32 && same == x[:, 4:4] && info(same).requested == :unified
end

@testset "out has the element type that is asked for" begin
    x = tensor(table())
    out = zeros(Float16, 4, 2)
    @test gather!(out, x, [1, 0]; dtype = Float16) === out == Float16.(x[:, [2, 1]])
    own = allocate(BFloat16, 4, 2; row_alignment = 64)
    @test gather!(own, x, [9, 9]; dtype = BFloat16) === own == BFloat16.(x[:, [10, 10]])
    before = copy(out)
    mismatch = LibUnitensor.UNI_STATUS_DTYPE_MISMATCH
    @test fails(() -> gather!(out, x, [2, 3]), mismatch, "out has dtype float16", "float32")
    @test fails(() -> gather!(out, x, [2, 3]; dtype = BFloat16), mismatch, "out has dtype float16", "bfloat16")
    @test fails(() -> gather!(zeros(Float32, 4, 2), x, [2, 3]; dtype = Float16), mismatch, "out has dtype float32")
    @test fails(() -> gather!(out, x, [2, 10]; dtype = Float16), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 10")
    @test out == before
end

@testset "conversions that are not offered" begin
    x = tensor(table())
    for T in (Int8, Float64, Bool)
        @test fails(() -> gather(x, [0]; dtype = T), LibUnitensor.UNI_STATUS_NOT_SUPPORTED, lowercase(string(T)))
    end
    @test fails(() -> gather(tensor([1.0]), [0]; dtype = Float32), LibUnitensor.UNI_STATUS_NOT_SUPPORTED, "float64")
    @test fails(() -> gather(x, [0]; dtype = Complex{Float32}), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "Complex")
end

@testset "columns of Int8 are multiplied with their scales" begin
    x, scales = tensor(Int8[1 -5; 2 6; 3 7; 4 -128]), Float32[0.5, -2]
    @test gather(x, [1, 0]; dtype = Float32, row_scales = scales) == Float32[10 0.5; -12 1; -14 1.5; 256 2]
    @test gather(x, [0]; dtype = BFloat16, row_scales = tensor(scales)) == reshape(BFloat16[0.5, 1, 1.5, 2], 4, 1)
    @test gather(x, [0, 2]; dtype = Float16, row_scales = scales, bounds = :skip) == Float16[0.5 0; 1 0; 1.5 0; 2 0]
    out = zeros(Float16, 4, 1)
    part = view(Float32[1, 0.5, -2], 2:3)
    @test gather!(out, x, [1]; dtype = Float16, row_scales = part) === out == reshape(Float16[10, -12, -14, 256], 4, 1)
    before = copy(out)
    bounds, shape = LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, LibUnitensor.UNI_STATUS_SHAPE_MISMATCH
    wrong = LibUnitensor.UNI_STATUS_INVALID_ARGUMENT
    @test fails(() -> gather!(out, x, [2]; dtype = Float16, row_scales = scales), bounds, "index[0] is 2")
    @test out == before
    @test fails(() -> gather(x, [0]; dtype = Float32), wrong, "row_scales is NULL")
    @test fails(() -> gather(x, [0]; row_scales = scales), wrong, "row_scales is not NULL")
    @test fails(() -> gather(tensor(table()), [0]; dtype = Float16, row_scales = zeros(Float32, 10)), wrong, "int8 source")
    @test fails(() -> gather(x, [0]; dtype = Int16, row_scales = scales), LibUnitensor.UNI_STATUS_NOT_SUPPORTED, "int16")
    @test fails(() -> gather(x, [0]; dtype = Float32, row_scales = scales[1:1]), shape, "row_scales")
    @test fails(() -> gather(x, [0]; dtype = Float32, row_scales = Float64.(scales)),
                LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "row_scales", "float64")
    @test fails(() -> gather(x, [0]; dtype = Float32, row_scales = view(zeros(Float32, 4), 1:2:3)), wrong, "row_scales")
    @test fails(() -> gather(x, [0]; dtype = Float32, row_scales = 0.5), wrong, "row_scales is a Float64")
end

@testset "any order and number of multiprocessors gives the same" begin
    x = tensor(table())
    for (order, most) in ((:auto, 0), (:as_given, 3), (:by_page, typemax(Int32)))
        @test gather(x, [9, 0]; order = order, num_multiprocessors = most) == x[:, [10, 1]]
        @test gather!(zeros(Float32, 4, 1), x, [3]; order = order, num_multiprocessors = most) == x[:, 4:4]
        @test gather_many([x], [9, 0]; order = order, num_multiprocessors = most)[1] == x[:, [10, 1]]
        @test scatter!(x, [2], ones(Float32, 4, 1); num_multiprocessors = most)[:, 3] == ones(4)
    end
    wrong = LibUnitensor.UNI_STATUS_INVALID_ARGUMENT
    @test fails(() -> gather(x, [0]; order = :random), wrong, "order is :random", ":by_page")
    @test fails(() -> gather_many([x], [0]; order = :random), wrong, "order is :random")
    for f in (() -> gather(x, [0]; num_multiprocessors = -1), () -> gather_many([x], [0]; num_multiprocessors = -1),
              () -> scatter!(x, [0], zeros(Float32, 4, 1); num_multiprocessors = -1))
        @test fails(f, wrong, "num_multiprocessors is -1")
    end
end

@testset "several tensors" begin
    x, labels, degrees = tensor(table()), tensor(collect(100:109)), tensor(reshape(Int8.(0:19), 2, 1, 10))
    rows, picked, counts = gather_many([x, labels, degrees], [3, 0, 3])
    @test rows == x[:, [4, 1, 4]] && picked == [103, 100, 103] && counts == degrees[:, :, [4, 1, 4]]
    @test eltype.((rows, picked, counts)) == (Float32, Int, Int8)
    rows, picked = gather_many((x, labels), Int32[10, 9]; bounds = :skip, memory = :unified)
    @test iszero(rows[:, 1]) && rows[:, 2] == x[:, 10] && picked == [0, 109]
    @test info(rows).requested == info(picked).requested == :unified
    @test size.(gather_many([x, labels], Int[])) == [(4, 0), (0,)]
    @test gather_many([labels], 2:3) == [[102, 103]] && gather_many([labels], tensor([5])) == [[105]]
    @test gather_many(fill(labels, 16), [5]) == fill([105], 16)
    sample = sample_neighbors(small_graph(), [4], [2]; seed = 1)
    rows, picked = gather_many([x, labels], sample)
    @test rows == gather(x, sample) == x[:, sample.nodes .+ 1] && picked == sample.nodes .+ 100
    outs = (zeros(Float32, 4, 2), allocate(Int, 2))
    @test gather_many!(outs, (x, labels), [9, 1]) === outs && outs[1] == x[:, [10, 2]] && outs[2] == [109, 101]
    wide = zeros(Float32, 7, 2)
    gather_many!([view(wide, 2:5, :)], [x], [3, 4])
    @test wide == [zeros(1, 2); x[:, 4:5]; zeros(2, 2)]
end

@testset "several tensors that do not fit" begin
    x, labels = tensor(table()), tensor(collect(100:109))
    outs = (fill(9f0, 4, 2), fill(9, 2))
    wrong, shape = LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, LibUnitensor.UNI_STATUS_SHAPE_MISMATCH
    for f in (gather_many, (xs, index) -> gather_many!(outs, xs, index))
        @test fails(() -> f([x, labels], [0, 10]), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 10")
        @test fails(() -> f([x, labels], [-1, 0]), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[0] is -1")
        @test fails(() -> f([x, slice(labels, 1:9)], [0, 1]), shape, "sources[1] has 9 rows", "expected 10")
        @test fails(() -> f([x, tensor(fill(1))], [0, 1]), shape, "sources[1] has 0 dimensions")
        foreign = tensor(collect(100:109); context = Context(num_threads = 1))
        @test fails(() -> f([x, foreign], [0, 1]), wrong, "sources[1] is of another context")
        @test fails(() -> f([], [0, 1]), wrong, "xs has 0 entries", "1 to 16")
        @test fails(() -> f(fill(x, 17), [0, 1]), wrong, "xs has 17 entries", "1 to 16")
        @test fails(() -> f([x, [1, 2]], [0, 1]), wrong, "something else than tensors")
        @test fails(() -> f([x, labels], [0.0, 1.0]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "float64")
        @test fails(() -> f([x, labels], [0 1]), shape, "index has 2 dimensions")
        @test fails(() -> f([x, labels], 3), wrong, "index is a Int64")
        gone = tensor(collect(100:109))
        close(gone)
        @test fails(() -> f([x, gone], [0, 1]), LibUnitensor.UNI_STATUS_INVALID_STATE, "closed")
    end
    @test fails(() -> gather_many([x], [0]; memory = :gpu), wrong, "memory is :gpu")
    @test fails(() -> gather_many!(outs, [x], [0, 1]), wrong, "outs has 2 entries, expected 1")
    @test fails(() -> gather_many!(outs, [labels, x], [0, 1]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "outs[0]")
    @test fails(() -> gather_many!(outs, [x, labels], [0]), shape, "outs[0]")
    @test outs[1] == fill(9, 4, 2) && outs[2] == [9, 9]
    @test fails(() -> gather_many!([outs[2], outs[2]], [labels, labels], [0, 1]), wrong, "outs[1] overlaps", "outs[0]")
    @test fails(() -> gather_many!([slice(labels, 1:2)], [labels], [0, 1]), wrong, "overlaps")
end
