# SPDX-License-Identifier: Apache-2.0
# What the library calls back, and what it keeps alive of Julia's.

# --- Memory that the library uses -------------------------------------------------------------------------------------
# The library says that it no longer needs wrapped memory by a destroy callback. It may do so on any thread, also on one
# that Julia does not know (who deletes a DLPack tensor), and while Julia ends; so the callback is no Julia code: it is
# sem_post of the C library, on a semaphore that stands beside the object in a list. Julia looks at the semaphore when a
# tensor is released and from time to time.

"Roots an object until the library posts the semaphore."
mutable struct Keeper
    semaphore::Ptr{Cvoid}
    object::Any
    previous::Union{Nothing, Keeper}
    next::Union{Nothing, Keeper}
end

mutable struct KeeperList
    first::Union{Nothing, Keeper}
    count::Int
    next_sweep::Int
end

# No code that holds the lock allocates. So no finalizer runs there, and one that runs elsewhere only tries to take it.
const KEEPERS_LOCK = Threads.SpinLock()
const KEEPERS = KeeperList(nothing, 0, 64)
const SEMAPHORE_BYTES = 64 # sem_t has 32 on the 64-bit systems

"Keep `object` alive until the library calls `destroy_callback()` with `keeper.semaphore`."
function keep(object)
    KEEPERS.count < KEEPERS.next_sweep || sweep()
    semaphore = Libc.malloc(SEMAPHORE_BYTES)
    semaphore == C_NULL && throw(OutOfMemoryError())
    ccall(:sem_init, Cint, (Ptr{Cvoid}, Cint, Cuint), semaphore, 0, 0)
    keeper = Keeper(semaphore, object, nothing, nothing)
    lock(KEEPERS_LOCK)
    next = KEEPERS.first
    keeper.next = next
    next === nothing || (next.previous = keeper)
    KEEPERS.first = keeper
    KEEPERS.count += 1
    unlock(KEEPERS_LOCK)
    return keeper
end

destroy_callback() = cglobal(:sem_post)

# Under the lock: drops the object if the library has given it back.
function drop_if_given_back(keeper)
    semaphore = keeper.semaphore
    semaphore == C_NULL && return
    ccall(:sem_trywait, Cint, (Ptr{Cvoid},), semaphore) == 0 || return
    keeper.semaphore = C_NULL
    keeper.object = nothing
    previous, next = keeper.previous, keeper.next
    previous === nothing ? (KEEPERS.first = next) : (previous.next = next)
    next === nothing || (next.previous = previous)
    keeper.previous = nothing
    keeper.next = nothing
    KEEPERS.count -= 1
    ccall(:sem_destroy, Cint, (Ptr{Cvoid},), semaphore)
    Libc.free(semaphore)
    return
end

"Drop one object if the library has given it back. For finalizers: where somebody holds the lock it is left for later."
function try_drop(keeper::Keeper)
    trylock(KEEPERS_LOCK) || return
    drop_if_given_back(keeper)
    unlock(KEEPERS_LOCK)
    return
end
try_drop(::Nothing) = nothing

"Drop every object that the library has given back; how many are still kept."
function sweep()
    lock(KEEPERS_LOCK)
    keeper = KEEPERS.first
    while keeper !== nothing
        next = keeper.next
        drop_if_given_back(keeper)
        keeper = next
    end
    KEEPERS.next_sweep = max(64, 2 * KEEPERS.count)
    count = KEEPERS.count
    unlock(KEEPERS_LOCK)
    return count
end

# --- Log messages -----------------------------------------------------------------------------------------------------
# A message may come in the middle of a finalizer, where nothing may be printed and no task may be switched, and with the
# library's locks held. So the callback only puts it into a list, in memory of the C library, without taking a lock or
# allocating in Julia; it is delivered when the call that it came from, or another one, returns.

# A node is: the address of the next one, the context's token, the level, the text. The latest comes first.
const MESSAGES = Threads.Atomic{UInt}(0)
const MESSAGE_TEXT = 24

function receive_message(token::Ptr{Cvoid}, level::Int32, message::Ptr{UInt8})
    bytes = ccall(:strlen, Csize_t, (Ptr{UInt8},), message) + 1
    node = Libc.malloc(MESSAGE_TEXT + bytes)
    node == C_NULL && return
    unsafe_store!(Ptr{UInt}(node + 8), UInt(token))
    unsafe_store!(Ptr{Int32}(node + 16), level)
    ccall(:memcpy, Ptr{Cvoid}, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t), node + MESSAGE_TEXT, message, bytes)
    latest = MESSAGES[]
    while true
        unsafe_store!(Ptr{UInt}(node), latest)
        found = Threads.atomic_cas!(MESSAGES, latest, UInt(node))
        found == latest && return
        latest = found
    end
end

log_callback() = @cfunction(receive_message, Cvoid, (Ptr{Cvoid}, Int32, Ptr{UInt8}))

"Take the messages that wait, oldest first, as (token, level, text)."
function take_messages()
    taken = Tuple{UInt, Int32, String}[]
    address = Threads.atomic_xchg!(MESSAGES, UInt(0))
    while address != 0
        node = Ptr{Cvoid}(address)
        text = unsafe_string(Ptr{UInt8}(node + MESSAGE_TEXT))
        pushfirst!(taken, (unsafe_load(Ptr{UInt}(node + 8)), unsafe_load(Ptr{Int32}(node + 16)), text))
        address = unsafe_load(Ptr{UInt}(node))
        Libc.free(node)
    end
    return taken
end

# By token and not by address: the library's context may outlive ours, and a message for nobody is dropped.
const LISTENERS = Dict{UInt, WeakRef}()
const LISTENERS_LOCK = ReentrantLock()
const NEXT_TOKEN = Threads.Atomic{UInt}(1)

"A token for the messages of `context`, whose field `log` is called with them for as long as it lives."
function listen(context)
    token = Threads.atomic_add!(NEXT_TOKEN, UInt(1))
    lock(LISTENERS_LOCK) do
        filter!(entry -> entry.second.value !== nothing, LISTENERS)
        LISTENERS[token] = WeakRef(context)
    end
    return token
end

"Give waiting messages to their contexts' functions. Throws what one of them throws, when all have been delivered."
function deliver_messages()
    MESSAGES[] == 0 && return
    thrown = nothing
    for (token, level, text) in take_messages()
        context = lock(() -> get(LISTENERS, token, WeakRef()).value, LISTENERS_LOCK)
        context === nothing && continue
        try
            context.log(level, text)
        catch exception
            thrown === nothing && (thrown = exception)
        end
    end
    thrown === nothing || throw(thrown)
    return
end

# --- Progress ---------------------------------------------------------------------------------------------------------

"A progress function during one call. What it throws stops the work, and is thrown again when the call has returned."
mutable struct Progress
    report::Any
    exception::Any
end

function report_progress(data::Ptr{Cvoid}, bytes_done::Int64, bytes_total::Int64)
    progress = unsafe_pointer_to_objref(data)::Progress
    try
        return Int32(progress.report(bytes_done, bytes_total) === true)
    catch exception
        progress.exception = exception
        return Int32(1)
    end
end

progress_callback() = @cfunction(report_progress, Int32, (Ptr{Cvoid}, Int64, Int64))
