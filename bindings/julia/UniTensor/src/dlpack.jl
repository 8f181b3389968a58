# SPDX-License-Identifier: Apache-2.0
# DLPack tensors as raw pointers, for other packages that speak it. The layout of the struct is in DLPack's own header
# (https://dmlc.github.io/dlpack).

const DLPACK_DEVICES = (default = LibUnitensor.UNI_DLPACK_DEFAULT, cpu = LibUnitensor.UNI_DLPACK_CPU,
                        cuda = LibUnitensor.UNI_DLPACK_CUDA, exact = LibUnitensor.UNI_DLPACK_EXACT)

"""
    to_dlpack(t; device = :default, device_id = 0)

A `Ptr` to a `DLManagedTensorVersioned` over the memory of a tensor, without a copy. It keeps the memory alive until its
deleter runs, on whatever thread; who gets the pointer sees to that, for example by `delete_dlpack`.

`device` is what the tensor calls its device: `:default` (the CPU for memory that the CPU reads, else CUDA), `:cpu`, `:cuda`
(the alias by which device `device_id` reads the memory) or `:exact`.
"""
function to_dlpack(t::Tensor; device::Symbol = :default, device_id::Integer = 0)
    code = choose("device", DLPACK_DEVICES, device)
    return GC.@preserve t make(DLManagedTensorVersioned, delete_dlpack, LibUnitensor.uni_tensor_to_dlpack,
                               open_pointer(t), code, device_id)
end

"""
    from_dlpack(pointer; context = default_context())

A tensor over the memory of a `DLManagedTensorVersioned`, without a copy. It takes the struct over, and runs its deleter when
the memory is no longer used, on whatever thread. Where this throws, the struct still belongs to the caller, except that one
of another major version is deleted, as DLPack asks.
"""
function from_dlpack(pointer::Ptr; context::Context = default_context())
    made = GC.@preserve context make_tensor(LibUnitensor.uni_tensor_from_dlpack, open_pointer(context), pointer)
    return adopt(made, context)
end

# version (two UInt32), manager_ctx, deleter
const DLPACK_DELETER = 16

"Run the deleter of a `DLManagedTensorVersioned`, once."
function delete_dlpack(pointer::Ptr)
    deleter = unsafe_load(Ptr{Ptr{Cvoid}}(pointer + DLPACK_DELETER))
    deleter == C_NULL || ccall(deleter, Cvoid, (Ptr{Cvoid},), pointer)
    return nothing
end
