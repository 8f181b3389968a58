# SPDX-License-Identifier: Apache-2.0
# Which library is loaded, and what is said where none is.
import Libdl

# The absolute path of the one that is loaded here.
const LIBRARY = only(filter(path -> occursin("libunitensor", path), Libdl.dllist()))
const USING = "using UniTensor; print(UniTensor.version())"

"What a Julia without the environment variable says in whose project `files` lie."
function with_project(files, code)
    mktempdir() do folder
        for (name, text) in files
            write(joinpath(folder, name), text)
        end
        path = join([folder, PACKAGE, "@stdlib"], ":")
        return run_julia(code; environment = ["UNITENSOR_LIBRARY" => nothing, "JULIA_LOAD_PATH" => path])
    end
end

@testset "version" begin
    @test UniTensor.version() >= v"0.1"
    @test LibUnitensor.uni_abi_version() >> 16 == LibUnitensor.UNI_ABI_MAJOR
    @test UniTensor.require_abi(UInt32(LibUnitensor.UNI_ABI_MAJOR) << 16 | 0x7, "it") === nothing
    @test_throws ErrorException("UniTensor: it has ABI version 9, expected 0") UniTensor.require_abi(9 << 16, "it")
end

@testset "environment variable" begin
    for (path, words) in (("libunitensor.so.0", "expected an absolute path"), ("./x.so", "expected an absolute path"),
                          ("/nowhere/libunitensor.so", "cannot load /nowhere/libunitensor.so (the environment variable"),
                          (@__FILE__, "cannot load"), ("libm.so.6", "expected an absolute path"))
        code, output, errors = run_julia(USING; environment = ["UNITENSOR_LIBRARY" => path])
        @test code == 1
        @test output == ""
        @test occursin(words, errors) && occursin("UNITENSOR_LIBRARY", errors)
    end
    other = first(filter(path -> occursin("/libpcre2", path), Libdl.dllist()))
    code, _, errors = run_julia(USING; environment = ["UNITENSOR_LIBRARY" => other])
    @test code == 1 && occursin("is not libunitensor: it has no uni_abi_version", errors)
end

@testset "preference" begin
    local_preference = "[Other]\nlibrary = \"/wrong\"\n[UniTensor] # ours\nlibrary = $(repr(LIBRARY)) # here\n"
    project = "[preferences.UniTensor]\nlibrary = '$LIBRARY'\n"
    expected = (0, string(UniTensor.version()), "")
    @test with_project(["Project.toml" => "", "LocalPreferences.toml" => local_preference], USING) == expected
    @test with_project(["Project.toml" => project], USING) == expected
    code, _, errors = with_project(["LocalPreferences.toml" => "[UniTensor]\nlibrary = \"/nowhere/a.so\"\n"], USING)
    @test code == 1 && occursin("/nowhere/a.so (the preference in ", errors) && occursin("LocalPreferences.toml", errors)
    code, _, errors = with_project(["LocalPreferences.toml" => "[UniTensor]\nlibrary = \"a.so\"\n"], USING)
    @test code == 1 && occursin("expected an absolute path", errors)
end

@testset "nothing chosen" begin
    withenv("UNITENSOR_LIBRARY" => nothing) do
        @test UniTensor.library_choice() == ("libunitensor.so.0", "neither UNITENSOR_LIBRARY nor a preference is set")
    end
end

@testset "toml" begin
    mktempdir() do folder
        file = joinpath(folder, "a.toml")
        write(file, "library = \"top\"\n[a . b]\n# library = \"no\"\n\"library\" = \"a\\\\b \\\"c\\\"\"\n" *
                    "[c]\nlibrary = 'x\\y'\n[d]\nlibrary = 3\n")
        @test UniTensor.toml_string(file, "", "library") == "top"
        @test UniTensor.toml_string(file, "a.b", "library") == "a\\b \"c\""
        @test UniTensor.toml_string(file, "c", "library") == "x\\y"
        @test UniTensor.toml_string(file, "d", "library") === nothing
        @test UniTensor.toml_string(file, "e", "library") === nothing
        @test UniTensor.library_preference([folder]) === nothing
    end
end

@testset "nothing is loaded while precompiling" begin
    mktempdir() do depot
        code = "print(isfile(Base.compilecache(Base.identify_package(\"UniTensor\"))))"
        environment = ["UNITENSOR_LIBRARY" => "/nowhere/a.so", "JULIA_DEPOT_PATH" => depot]
        @test run_julia(code; environment = environment)[1:2] == (0, "true")
        # What was compiled without a library finds it when it is loaded.
        code, output, _ = run_julia(USING; environment = ["UNITENSOR_LIBRARY" => LIBRARY, "JULIA_DEPOT_PATH" => depot])
        @test (code, output) == (0, string(UniTensor.version()))
    end
end
