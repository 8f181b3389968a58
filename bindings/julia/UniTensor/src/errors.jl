# SPDX-License-Identifier: Apache-2.0
# Failed calls as exceptions.

"""
A call of the library that failed.

`code` is the status, one of the `UNI_STATUS_*` constants of `UniTensor.LibUnitensor` or a number that a newer library
has added; `native_code` is errno or the backend's own code, 0 where there is none; `message` names the argument, what was
expected and what was given.
"""
struct UniTensorError <: Exception
    code::Int32
    native_code::Int64
    message::String
end

"Name of a status, for example \"UNI_STATUS_OUT_OF_MEMORY\"; \"UNI_STATUS_UNKNOWN\" for one that the library does not know."
status_name(code) = unsafe_string(LibUnitensor.uni_status_string(code))

function Base.showerror(io::IO, exception::UniTensorError)
    print(io, status_name(exception.code), " (", exception.code, "): ", exception.message)
    exception.native_code == 0 || print(io, " (native code ", exception.native_code, ")")
    return nothing
end

# The same exception for what this package finds before it calls the library.
refused(code, message) = UniTensorError(code, 0, message)
invalid_argument(message) = refused(LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, message)

function exception_of(status, buffer)
    GC.@preserve buffer begin
        start = Ptr{UInt8}(Base.unsafe_convert(Ptr{uni_error}, buffer))
        native_code = unsafe_load(Ptr{Int64}(start + fieldoffset(uni_error, 3)))
        return UniTensorError(status, native_code, unsafe_string(start + fieldoffset(uni_error, 4)))
    end
end

"""
Call a function of the C API that returns a status and takes an error buffer last; throw a `UniTensorError` if it fails.
The buffer is the call's own, so that tasks and threads do not meet in it. What was logged meanwhile is delivered.
"""
function call(f, arguments...)
    buffer = Ref{uni_error}()
    LibUnitensor.uni_error_init(buffer)
    status = f(arguments..., buffer)
    if status != LibUnitensor.UNI_STATUS_OK
        try
            deliver_messages()
        finally
            throw(exception_of(status, buffer))
        end
    end
    deliver_messages()
    return nothing
end

"""
As `call`, for a function that gives a new reference before its error buffer: returns the reference. Nothing is lost where a
function that logs throws.
"""
function make(::Type{T}, release, f, arguments...) where T
    out = Ref{Ptr{T}}(C_NULL)
    try
        call(f, arguments..., out)
    catch
        out[] == C_NULL || release(out[])
        rethrow()
    end
    return out[]
end
make_tensor(f, arguments...) = make(uni_tensor, LibUnitensor.uni_tensor_release, f, arguments...)

"A struct of zeros with its `struct_size`, for the library to fill in."
function sized(::Type{T}) where T
    result = Ref{T}()
    GC.@preserve result begin
        start = Base.unsafe_convert(Ptr{T}, result)
        ccall(:memset, Ptr{Cvoid}, (Ptr{Cvoid}, Cint, Csize_t), start, 0, sizeof(T))
        unsafe_store!(Ptr{UInt32}(start), sizeof(T))
    end
    return result
end
