# SPDX-License-Identifier: Apache-2.0
# Contexts: threads, backends, statistics.

"""
    Context(; num_threads = 0, backend = nothing, log = nothing)

Threads, backends and statistics; tensors and graphs are made from one and keep it alive. Making one is cheap: threads
start and drivers load when they are first needed. Any number of threads may use it.

- `num_threads`: CPU threads, 1 to 1024; 0 takes `UNITENSOR_NUM_THREADS`, else the processors that are allowed.
- `backend`: absolute path of a backend plugin to open now; `nothing` looks for one when it is needed.
- `log`: called with `(level, message)`, level 1 (error), 2 (warning), 3 (information) or 4 (debugging), when the call that
  caused the message has returned, or with the next call of any context. It is ordinary code: it may print and use the
  context. What it throws, that call throws.

Throws a `UniTensorError`.
"""
mutable struct Context
    pointer::Ptr{uni_context}
    log::Any

    function Context(; num_threads::Integer = 0, backend = nothing, log = nothing)
        context = new(C_NULL, log)
        path = backend === nothing ? nothing : String(backend)
        path === nothing || '\0' ∉ path || throw(invalid_argument("backend has a NUL character"))
        token = log === nothing ? UInt(0) : listen(context)
        options = Ref(LibUnitensor.uni_context_options(
            abi_version = UInt32(LibUnitensor.UNI_ABI_MAJOR) << 16 | UInt32(LibUnitensor.UNI_ABI_MINOR),
            num_threads = num_threads,
            backend_path = path === nothing ? C_NULL : pointer(path),
            log = log === nothing ? C_NULL : log_callback(),
            log_user_data = Ptr{Cvoid}(token)))
        out = Ref{Ptr{uni_context}}(C_NULL)
        try
            GC.@preserve path call(LibUnitensor.uni_context_create, options, out)
        finally
            context.pointer = out[]
            finalizer(close, context)
        end
        return context
    end
end

"""
    close(context)

Give the context back; it cannot be used any more, while tensors and graphs made from it can. Closing twice is allowed. The
garbage collector does the same.
"""
function Base.close(context::Context)
    pointer = context.pointer
    context.pointer = C_NULL
    pointer == C_NULL || LibUnitensor.uni_context_release(pointer)
    return nothing
end

no_deepcopy(what, instead) =
    refused(LibUnitensor.UNI_STATUS_INVALID_ARGUMENT, "a $what cannot be copied deeply, since it owns what the library has: $instead")
Base.deepcopy_internal(::Context, ::IdDict) = throw(no_deepcopy("context", "make another one"))

Base.isopen(context::Context) = context.pointer != C_NULL

closed(what) = refused(LibUnitensor.UNI_STATUS_INVALID_STATE, "the $what is closed")

function open_pointer(context::Context)
    context.pointer == C_NULL && throw(closed("context"))
    return context.pointer
end

Base.show(io::IO, context::Context) =
    isopen(context) ? print(io, "Context(num_threads = ", num_threads(context), ")") : print(io, "Context(closed)")

const DEFAULT_CONTEXT = Ref{Union{Nothing, Context}}(nothing)
const DEFAULT_LOCK = ReentrantLock()

"The context that is used where none is given: made at the first call, and again if it was closed."
default_context() =
    lock(DEFAULT_LOCK) do
        context = DEFAULT_CONTEXT[]
        if context === nothing || !isopen(context)
            context = Context()
            DEFAULT_CONTEXT[] = context
        end
        return context::Context
    end

"CPU threads that operations of the context use."
num_threads(context::Context = default_context()) =
    GC.@preserve context LibUnitensor.uni_context_num_threads(open_pointer(context))

"Name of the backend that computes on the CPU's tensors."
backend(context::Context = default_context()) =
    GC.@preserve context unsafe_string(LibUnitensor.uni_context_backend(open_pointer(context)))

# Text in an array of bytes that ends with 0.
text_of(bytes) = String(collect(Iterators.takewhile(!iszero, bytes)))

"""
    memory_info(kind = :unified; context = default_context())

What a memory kind (`:host`, `:pinned`, `:managed`, `:device`, `:unified`) is on this machine: whether it is `supported`,
as what it is `resolved` (`nothing` if it is not supported), and the `reason`.
"""
function memory_info(kind::Symbol = :unified; context::Context = default_context())
    info = sized(LibUnitensor.uni_memory_info)
    code = choose("kind", MEMORY_KINDS, kind)
    GC.@preserve context call(LibUnitensor.uni_context_memory_info, open_pointer(context), code, info)
    return (supported = info[].supported != 0, resolved = memory_symbol(info[].resolved), reason = text_of(info[].reason))
end

const COUNTERS = filter(name -> name ∉ (:struct_size, :reserved), fieldnames(LibUnitensor.uni_statistics))

"""
    statistics(context = default_context())

Calls, rows, bytes of payload, sampled nodes and edges, indices out of bounds, and what was copied instead of being
registered, since the context was made or `reset_statistics!` was called, by name.
"""
function statistics(context::Context = default_context())
    counts = sized(LibUnitensor.uni_statistics)
    GC.@preserve context call(LibUnitensor.uni_context_statistics, open_pointer(context), counts)
    return NamedTuple{COUNTERS}(map(name -> Int(getfield(counts[], name)), COUNTERS))
end

"Set the statistics to zero."
function reset_statistics!(context::Context = default_context())
    GC.@preserve context LibUnitensor.uni_context_reset_statistics(open_pointer(context))
    return nothing
end

"""
    UniTensor.check(context = default_context())

Throw what operations met on a device after they had returned. Does not block. The CPU reports every error at once, so
that there is nothing to throw.
"""
check(context::Context = default_context()) = report(LibUnitensor.uni_context_check, context)

"""
    synchronize(context = default_context())

Block until every operation of the context has finished, then as `UniTensor.check`. Other threads cannot collect garbage
meanwhile.
"""
synchronize(context::Context = default_context()) = report(LibUnitensor.uni_context_synchronize, context)

"""
    trim(context = default_context())

Give back to the system the memory that is kept for later and that nobody uses: host memory that the context has kept, and
pinned, managed and device memory that has been kept for every context of the process. Does not wait for operations that
run; what Julia has not collected yet counts as used (`GC.gc()`).
"""
trim(context::Context = default_context()) = report(LibUnitensor.uni_context_trim, context)

function report(f, context)
    try
        GC.@preserve context call(f, open_pointer(context))
    finally
        sweep()
    end
    return nothing
end

"""
    hold_stream(stream = nothing; device = 0, context = default_context())

Make a stream of a CUDA device wait for every operation that the context has enqueued so far; the host does not wait. So
others may use, on that stream, what the operations write. `stream`: see `UniTensor.stream_pointer`.
"""
function hold_stream(stream = nothing; device::Integer = 0, context::Context = default_context())
    held = stream_pointer(stream)
    GC.@preserve context stream call(LibUnitensor.uni_context_hold_stream, open_pointer(context), device, held)
    return nothing
end

"""
    follow_stream(stream = nothing; device = 0, context = default_context())

The other way round: make every operation that the context enqueues from now on wait for what has been enqueued on a stream
so far; the host does not wait, but for what the CPU computes. So the library may use what others write on that stream.
"""
function follow_stream(stream = nothing; device::Integer = 0, context::Context = default_context())
    followed = stream_pointer(stream)
    GC.@preserve context stream call(LibUnitensor.uni_context_follow_stream, open_pointer(context), device, followed)
    return nothing
end

const DEVICE_TYPES = (cpu = LibUnitensor.UNI_DEVICE_CPU, cuda = LibUnitensor.UNI_DEVICE_CUDA)

# 1000 * major + 10 * minor, as CUDA writes them; `nothing` where there is none.
cuda_version(number) = number == 0 ? nothing : VersionNumber(number ÷ 1000, number % 1000 ÷ 10)

"""
    backend_info(device_type = :cuda; context = default_context())

The backend for devices of a type (`:cpu` or `:cuda`): whether it is `available`, and the `reason` and what to do where it
is not; `num_devices`; the `name`, and the `path` of its plugin; versions of CUDA, `nothing` where there is none: that of
the `toolkit` it was built with, of the oldest driver that it needs (`least_driver`) and of the `driver` that is installed.
"""
function backend_info(device_type::Symbol = :cuda; context::Context = default_context())
    raw = sized(LibUnitensor.uni_backend_info)
    code = choose("device_type", DEVICE_TYPES, device_type)
    GC.@preserve context begin
        call(LibUnitensor.uni_context_backend_info, open_pointer(context), code, raw)
        return (available = raw[].available != 0, num_devices = Int(raw[].num_devices), name = unsafe_string(raw[].name),
                path = unsafe_string(raw[].path), reason = unsafe_string(raw[].reason),
                toolkit = cuda_version(raw[].toolkit_version), least_driver = cuda_version(raw[].least_driver_version),
                driver = cuda_version(raw[].driver_version))
    end
end

"""
    device_info(device = 0, device_type = :cuda; context = default_context())

A device of a type (`:cpu` or `:cuda`), 0 to `backend_info(device_type).num_devices - 1`: its `name` and `pci_address`,
`compute_capability` (`nothing` for the CPU), `num_processors` (multiprocessors; threads of the context for the CPU),
`total_bytes` of memory, `link_bytes_per_second` (one way; `nothing` where that is not known), and whether it reads
`managed_memory` while the CPU does and all `host_memory`, by the `host_page_tables` or not.
"""
function device_info(device::Integer = 0, device_type::Symbol = :cuda; context::Context = default_context())
    raw = sized(LibUnitensor.uni_device_info)
    code = choose("device_type", DEVICE_TYPES, device_type)
    GC.@preserve context call(LibUnitensor.uni_context_device_info, open_pointer(context), code, device, raw)
    has(flag) = raw[].flags & flag != 0
    return (name = text_of(raw[].name), pci_address = text_of(raw[].pci_address),
            compute_capability = device_type == :cpu ? nothing : VersionNumber(raw[].compute_major, raw[].compute_minor),
            num_processors = Int(raw[].num_processors), total_bytes = Int(raw[].total_bytes),
            link_bytes_per_second = raw[].link_bytes_per_second == 0 ? nothing : Int(raw[].link_bytes_per_second),
            managed_memory = has(LibUnitensor.UNI_DEVICE_MANAGED_MEMORY), host_memory = has(LibUnitensor.UNI_DEVICE_HOST_MEMORY),
            host_page_tables = has(LibUnitensor.UNI_DEVICE_HOST_PAGE_TABLES))
end
