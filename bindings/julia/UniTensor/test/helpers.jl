# SPDX-License-Identifier: Apache-2.0
# What the tests share.

"The `UniTensorError` that a call throws; any other exception, or none, fails."
function failure(f)
    try
        f()
    catch exception
        exception isa UniTensorError || rethrow()
        return exception
    end
    error("nothing was thrown")
end

"Whether a call fails with a status and a message that has every word."
function fails(f, status, words...)
    exception = failure(f)
    right = exception.code == status && all(word -> occursin(word, exception.message), words)
    right || println("found: ", sprint(showerror, exception))
    return right
end

# Not written into a command, where it would be the working directory.
const PACKAGE = dirname(@__DIR__)

"Run code in another Julia with this package; exit code, output, errors."
function run_julia(code; environment = (), threads = 1)
    command = `$(Base.julia_cmd()) --project=$PACKAGE -e $code`
    output, errors = IOBuffer(), IOBuffer()
    variables = ["JULIA_NUM_THREADS" => string(threads), environment...]
    process = withenv(variables...) do
        run(pipeline(ignorestatus(command); stdout = output, stderr = errors))
    end
    return process.exitcode, String(take!(output)), String(take!(errors))
end

"Five nodes; the in-neighbours of v are 0 to v - 1."
small_graph(; options...) = Graph([0, 0, 1, 3, 6, 10], [0, 0, 1, 0, 1, 2, 0, 1, 2, 3]; options...)

"10 columns of 4, each element its place from 0."
table() = reshape(Float32.(0:39), 4, 10)

"Run a DLPack deleter on a thread that Julia does not know."
function delete_in_another_thread(managed)
    deleter = unsafe_load(Ptr{Ptr{Cvoid}}(managed + 16))
    thread = Ref{Culong}(0)
    @assert ccall(:pthread_create, Cint, (Ref{Culong}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Cvoid}), thread, C_NULL, deleter,
                  managed) == 0
    @assert ccall(:pthread_join, Cint, (Culong, Ptr{Cvoid}), thread[], C_NULL) == 0
    return nothing
end

collect_garbage() = foreach(_ -> GC.gc(), 1:3)
