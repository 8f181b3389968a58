# SPDX-License-Identifier: Apache-2.0
# Tensors from and to DLPack.

@testset "export" begin
    x = tensor(table())
    pointer_of_x = pointer(x)
    managed = to_dlpack(x)
    layout = unsafe_load(Ptr{DLManagedTensor}(managed))
    @test layout.version[1] == 1 && layout.data == pointer_of_x && layout.ndim == 2 && layout.device_type == 1
    @test (layout.code, layout.bits, layout.lanes) == (2, 32, 1)
    @test unsafe_wrap(Array, layout.shape, 2) == [10, 4] && unsafe_wrap(Array, layout.strides, 2) == [4, 1]
    close(x)
    y = from_dlpack(managed)
    @test y == table() && pointer(y) == pointer_of_x
    delete_dlpack(to_dlpack(y; device = :cpu))
    delete_dlpack(to_dlpack(y; device = :exact))
    @test y == table()
    @test fails(() -> to_dlpack(y; device = :cuda), LibUnitensor.UNI_STATUS_DEVICE_MISMATCH, "CUDA")
    @test fails(() -> to_dlpack(y; device = :tpu), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "device is :tpu")
end

@testset "import" begin
    lent = Lent(collect(reinterpret(UInt8, Float32[1, 2, 3, 4, 5, 6])), Int64[2, 3]; code = 2, bits = 32)
    x = from_dlpack(managed_pointer(lent))
    @test x == [1 4; 2 5; 3 6] && num_deleted(lent) == 0
    part = slice(x, 2:2)
    close(x)
    @test part == reshape([4, 5, 6], 3, 1) && num_deleted(lent) == 0
    close(part)
    @test num_deleted(lent) == 1

    read_only = Lent(zeros(UInt8, 4), Int64[4]; code = 1, bits = 8, flags = 1)
    y = from_dlpack(managed_pointer(read_only))
    @test info(y).read_only && y[1] == 0
    @test fails(() -> (y[1] = 1), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "read-only")
    @test fails(() -> fill!(y, 1), LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "read-only")
    close(y)

    strided = Lent(collect(reinterpret(UInt8, Int32.(0:7))), Int64[2, 3]; code = 0, bits = 32, strides = Int64[4, 1])
    z = from_dlpack(managed_pointer(strided))
    @test z isa PaddedTensor{Int32, 2} && z == [0 4; 1 5; 2 6] && strides(z) == (1, 4)
    close(z)

    complex = Lent(zeros(UInt8, 8), Int64[1]; code = 5, bits = 64)
    @test fails(() -> from_dlpack(managed_pointer(complex)), LibUnitensor.UNI_STATUS_DTYPE_MISMATCH)
    @test num_deleted(complex) == 0
    delete_dlpack(managed_pointer(complex))
    @test num_deleted(complex) == 1
end

@testset "Julia's memory through DLPack" begin
    kept = UniTensor.sweep()
    # A function of its own, so that nothing of it is left on the stack.
    lend() = to_dlpack(wrap(fill(7.0, 3)))
    managed = lend()
    collect_garbage()
    @test UniTensor.sweep() == kept + 1
    # Whoever has it deletes it on any thread, without Julia knowing.
    @test unsafe_wrap(Array, Ptr{Float64}(unsafe_load(Ptr{DLManagedTensor}(managed)).data), 3) == fill(7.0, 3)
    delete_in_another_thread(managed)
    @test UniTensor.sweep() == kept
end
