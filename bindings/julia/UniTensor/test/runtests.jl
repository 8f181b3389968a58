# SPDX-License-Identifier: Apache-2.0
# Runs what the arguments name, else everything: julia --project=.. runtests.jl [api] [conformance] [device]
#
# The library is chosen as always (UNITENSOR_LIBRARY). "conformance" needs UNITENSOR_CONFORMANCE, "device" needs
# UNITENSOR_TEST_CUDA_BACKEND; without arguments they run where these are set.
using Test

using UniTensor
using UniTensor: LibUnitensor, status_name, uni_array, uni_context, uni_tensor

const SUITES = isempty(ARGS) ?
    ["api"; haskey(ENV, "UNITENSOR_CONFORMANCE") ? ["conformance"] : String[];
     haskey(ENV, "UNITENSOR_TEST_CUDA_BACKEND") ? ["device"] : String[]] : ARGS

include("helpers.jl")
include("lent.jl")

@testset "UniTensor" begin
    for suite in SUITES
        if suite == "api"
            for name in ("library", "layout", "tensors", "rows", "gathers", "graphs", "callbacks", "dlpack", "lifetime")
                @testset "$name" begin
                    include("$name.jl")
                end
            end
        elseif suite == "conformance" || suite == "device"
            @testset "$suite" begin
                include("$suite.jl")
            end
        else
            error("unknown suite $suite, expected api, conformance or device")
        end
    end
end
