# SPDX-License-Identifier: Apache-2.0
# Gather and scatter. Indices count from 0, positions in arrays from 1.

@testset "gather" begin
    x = tensor(table())
    @test gather(x, [0, 2, 9]) == x[:, [1, 3, 10]]
    @test gather(x, Int32[5]) == x[:, 6:6] && gather(x, 2:4) == x[:, 3:5] && size(gather(x, Int[])) == (4, 0)
    @test gather(x, tensor([1, 1])) == x[:, [2, 2]] && gather(x, view([0, 9, 3], 2:3)) == x[:, [10, 4]]
    @test gather(tensor([10, 20, 30]), [2, 0]) == [30, 10]
    @test gather(tensor(reshape(1:24, 2, 3, 4)), [3]) == reshape(19:24, 2, 3, 1)
    @test info(gather(x, [0]; memory = :unified)).requested == :unified
    @test fails(() -> gather(x, [0, 10]), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 10")
    @test fails(() -> gather(x, [-1]), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "-1")
    @test iszero(gather(x, [10]; bounds = :skip))
    @test gather(x, [3]; bounds = :trust) == x[:, 4:4]
    @test fails(() -> gather(x, [1.0]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "float64")
    @test fails(() -> gather(x, [true]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "bool")
    @test fails(() -> gather(x, trues(3)), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "BitArray", "collect(index)")
    @test fails(() -> gather(x, [1 2; 3 4]), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "index")
    @test fails(() -> gather(x, 3), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "Int64")
    @test fails(() -> gather(tensor(fill(1)), [0]), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "0 dimensions")
    @test fails(() -> gather(x, [0]; bounds = :wrap), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "bounds is :wrap", ":skip")
    @test fails(() -> gather(x, [0]; memory = :gpu), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "memory is :gpu")
end

@testset "gather!" begin
    x = tensor(table())
    out = zeros(Float32, 4, 2)
    @test gather!(out, x, [1, 0]) === out == x[:, [2, 1]]
    wide = zeros(Float32, 7, 2)
    gather!(view(wide, 2:5, :), x, [3, 4])
    @test wide == [zeros(1, 2); x[:, 4:5]; zeros(2, 2)]
    own = allocate(Float32, 4, 2; row_alignment = 64)
    @test gather!(own, x, [9, 9]) === own == x[:, [10, 10]]
    before = copy(out)
    @test fails(() -> gather!(out, x, [1, 10]), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 10")
    @test out == before
    @test fails(() -> gather!(zeros(Float32, 2, 4), x, [1, 0]), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "out")
    @test fails(() -> gather!(zeros(4, 2), x, [1, 0]), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "out", "float64")
    @test fails(() -> gather!(slice(x, 1:2), x, [1, 0]), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "overlap")
    @test fails(() -> gather!(view(zeros(Float32, 8, 2), 1:2:8, :), x, [1, 0]), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT,
                "out is not contiguous")
end

@testset "scatter!" begin
    x = tensor(table())
    rows = -ones(Float32, 4, 2)
    @test scatter!(x, [0, 9], rows) === x
    @test x[:, 1] == x[:, 10] == -ones(4) && x[:, 2:9] == table()[:, 2:9]
    scatter!(x, tensor([1, 1]), tensor(rows); reduce = :add)
    @test x[:, 2] == table()[:, 2] .- 2
    before = copy(x)
    @test fails(() -> scatter!(x, [0, 10], rows), LibUnitensor.UNI_STATUS_OUT_OF_BOUNDS, "index[1] is 10")
    @test x == before
    scatter!(x, [5, 10], rows; bounds = :skip)
    @test x[:, 6] == -ones(4)
    @test fails(() -> scatter!(x, [0], rows), LibUnitensor.UNI_STATUS_SHAPE_MISMATCH, "rows")
    @test fails(() -> scatter!(x, [0, 1], ones(4, 2)), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "rows")
    @test fails(() -> scatter!(x, [0, 1], slice(x, 1:2)), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "overlap")
    @test fails(() -> scatter!(x, [0, 1], rows; reduce = :max), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "reduce is :max")
    @test fails(() -> scatter!(tensor([true]), [0], [true]; reduce = :add), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH, "bool")
end

@testset "statistics" begin
    context = Context(num_threads = 1)
    x = tensor(table(); context = context)
    gather(x, [0, 10]; bounds = :skip)
    scatter!(x, [1], zeros(Float32, 4, 1))
    counts = statistics(context)
    @test (counts.gather_calls, counts.gather_rows, counts.gather_bytes, counts.out_of_bounds) == (1, 2, 32, 1)
    @test (counts.scatter_calls, counts.scatter_rows, counts.scatter_bytes) == (1, 1, 16)
    reset_statistics!(context)
    @test all(iszero, statistics(context))
end
