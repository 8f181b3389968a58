# SPDX-License-Identifier: Apache-2.0
# Written by bindings/julia/generate.py from the headers in include/unitensor; not to be edited.
"""
The C API of libunitensor as it is: constants, structs and functions under their C names. The C headers document them.
Every constant is an `Int32`, never an enumeration, so that values which a newer library adds stay values.
"""
module LibUnitensor

const UNI_ABI_MAJOR = Int32(0)
const UNI_ABI_MINOR = Int32(1)
const UNI_MAX_NDIM = Int32(8)
const UNI_DTYPE_BOOL = Int32(1)
const UNI_DTYPE_INT8 = Int32(2)
const UNI_DTYPE_INT16 = Int32(3)
const UNI_DTYPE_INT32 = Int32(4)
const UNI_DTYPE_INT64 = Int32(5)
const UNI_DTYPE_UINT8 = Int32(6)
const UNI_DTYPE_UINT16 = Int32(7)
const UNI_DTYPE_UINT32 = Int32(8)
const UNI_DTYPE_UINT64 = Int32(9)
const UNI_DTYPE_FLOAT16 = Int32(10)
const UNI_DTYPE_BFLOAT16 = Int32(11)
const UNI_DTYPE_FLOAT32 = Int32(12)
const UNI_DTYPE_FLOAT64 = Int32(13)
const UNI_DEVICE_CPU = Int32(1)
const UNI_DEVICE_CUDA = Int32(2)
const UNI_MEMORY_HOST = Int32(1)
const UNI_MEMORY_PINNED = Int32(2)
const UNI_MEMORY_MANAGED = Int32(3)
const UNI_MEMORY_DEVICE = Int32(4)
const UNI_MEMORY_UNIFIED = Int32(5)
const UNI_ARRAY_READ_ONLY = Int32(1)
const UNI_LOG_ERROR = Int32(1)
const UNI_LOG_WARNING = Int32(2)
const UNI_LOG_INFO = Int32(3)
const UNI_LOG_DEBUG = Int32(4)
const UNI_DEVICE_MANAGED_MEMORY = Int32(1)
const UNI_DEVICE_HOST_MEMORY = Int32(2)
const UNI_DEVICE_HOST_PAGE_TABLES = Int32(4)
const UNI_DLPACK_DEFAULT = Int32(0)
const UNI_DLPACK_CPU = Int32(1)
const UNI_DLPACK_CUDA = Int32(2)
const UNI_DLPACK_EXACT = Int32(3)
const UNI_BOUNDS_CHECK = Int32(0)
const UNI_BOUNDS_SKIP = Int32(1)
const UNI_BOUNDS_TRUST = Int32(2)
const UNI_SCATTER_ASSIGN = Int32(0)
const UNI_SCATTER_ADD = Int32(1)
const UNI_ORDER_AUTO = Int32(0)
const UNI_ORDER_AS_GIVEN = Int32(1)
const UNI_ORDER_BY_PAGE = Int32(2)
const UNI_GATHER_MANY_MAX = Int32(16)
const UNI_GRAPH_TRUST = Int32(1)
const UNI_GRAPH_INDPTR = Int32(1)
const UNI_GRAPH_INDICES = Int32(2)
const UNI_GRAPH_EDGE_IDS = Int32(3)
const UNI_MAX_HOPS = Int32(16)
const UNI_SAMPLE_REPLACE = Int32(1)
const UNI_SAMPLE_WITH_EDGE_IDS = Int32(2)
const UNI_SAMPLE_UNIQUE_SEEDS = Int32(4)
const UNI_SAMPLE_NODES = Int32(1)
const UNI_SAMPLE_SOURCES = Int32(2)
const UNI_SAMPLE_TARGETS = Int32(3)
const UNI_SAMPLE_EDGE_IDS = Int32(4)
const UNI_SAMPLE_SEED_INDEX = Int32(5)
const UNI_STATUS_OK = Int32(0)
const UNI_STATUS_INVALID_ARGUMENT = Int32(-1)
const UNI_STATUS_DTYPE_MISMATCH = Int32(-2)
const UNI_STATUS_SHAPE_MISMATCH = Int32(-3)
const UNI_STATUS_DEVICE_MISMATCH = Int32(-4)
const UNI_STATUS_OUT_OF_BOUNDS = Int32(-5)
const UNI_STATUS_INVALID_STATE = Int32(-6)
const UNI_STATUS_OUT_OF_MEMORY = Int32(-10)
const UNI_STATUS_NOT_SUPPORTED = Int32(-20)
const UNI_STATUS_BACKEND_UNAVAILABLE = Int32(-21)
const UNI_STATUS_BACKEND_ERROR = Int32(-22)
const UNI_STATUS_DEVICE_LOST = Int32(-23)
const UNI_STATUS_VERSION_MISMATCH = Int32(-30)
const UNI_STATUS_IO_ERROR = Int32(-40)
const UNI_STATUS_FORMAT_ERROR = Int32(-41)
const UNI_STATUS_CALLBACK = Int32(-50)
const UNI_STATUS_INTERNAL = Int32(-100)
const UNI_ERROR_MESSAGE_SIZE = Int32(512)
const UNI_TENSOR_COPIED = Int32(2)

mutable struct uni_context end
mutable struct uni_graph end
mutable struct uni_sample end
mutable struct uni_tensor end
mutable struct DLManagedTensorVersioned end

struct uni_array
    struct_size::UInt32
    dtype::Int32
    device_type::Int32
    device_id::Int32
    ndim::Int32
    flags::UInt32
    row_pitch::Int64
    data::Ptr{Cvoid}
    count::Ptr{Int64}
    shape::NTuple{8, Int64}
end
uni_array(;
    struct_size = sizeof(uni_array), dtype = 0, device_type = 0, device_id = 0, ndim = 0, flags = 0, row_pitch = 0,
    data = C_NULL, count = C_NULL, shape = ntuple(_ -> 0, 8)) =
    uni_array(struct_size, dtype, device_type, device_id, ndim, flags, row_pitch, data, count, shape)

struct uni_context_options
    struct_size::UInt32
    abi_version::UInt32
    num_threads::Int32
    flags::UInt32
    backend_path::Ptr{UInt8}
    log::Ptr{Cvoid}
    log_user_data::Ptr{Cvoid}
end
uni_context_options(;
    struct_size = sizeof(uni_context_options), abi_version = 0, num_threads = 0, flags = 0, backend_path = C_NULL,
    log = C_NULL, log_user_data = C_NULL) =
    uni_context_options(struct_size, abi_version, num_threads, flags, backend_path, log, log_user_data)

struct uni_memory_info
    struct_size::UInt32
    supported::Int32
    resolved::Int32
    reserved::UInt32
    reason::NTuple{256, UInt8}
end

struct uni_statistics
    struct_size::UInt32
    reserved::UInt32
    gather_calls::Int64
    gather_rows::Int64
    gather_bytes::Int64
    scatter_calls::Int64
    scatter_rows::Int64
    scatter_bytes::Int64
    sample_calls::Int64
    sample_nodes::Int64
    sample_edges::Int64
    out_of_bounds::Int64
    registered_copies::Int64
    registered_copy_bytes::Int64
end

struct uni_backend_info
    struct_size::UInt32
    device_type::Int32
    available::Int32
    num_devices::Int32
    toolkit_version::Int32
    least_driver_version::Int32
    driver_version::Int32
    reserved::UInt32
    name::Ptr{UInt8}
    path::Ptr{UInt8}
    reason::Ptr{UInt8}
end

struct uni_device_info
    struct_size::UInt32
    device_type::Int32
    device_id::Int32
    flags::UInt32
    compute_major::Int32
    compute_minor::Int32
    num_processors::Int32
    reserved::UInt32
    total_bytes::Int64
    link_bytes_per_second::Int64
    name::NTuple{128, UInt8}
    pci_address::NTuple{32, UInt8}
end

struct uni_gather_options
    struct_size::UInt32
    bounds::Int32
    flags::UInt32
    memory::Int32
    dtype::Int32
    order::Int32
    num_multiprocessors::Int32
    reserved::UInt32
    row_scales::Ptr{uni_array}
end
uni_gather_options(;
    struct_size = sizeof(uni_gather_options), bounds = 0, flags = 0, memory = 0, dtype = 0, order = 0,
    num_multiprocessors = 0, reserved = 0, row_scales = C_NULL) =
    uni_gather_options(struct_size, bounds, flags, memory, dtype, order, num_multiprocessors, reserved, row_scales)

struct uni_scatter_options
    struct_size::UInt32
    bounds::Int32
    reduce::Int32
    flags::UInt32
    num_multiprocessors::Int32
    reserved::UInt32
end
uni_scatter_options(;
    struct_size = sizeof(uni_scatter_options), bounds = 0, reduce = 0, flags = 0, num_multiprocessors = 0,
    reserved = 0) =
    uni_scatter_options(struct_size, bounds, reduce, flags, num_multiprocessors, reserved)

struct uni_graph_desc
    struct_size::UInt32
    flags::UInt32
    indptr::Ptr{uni_tensor}
    indices::Ptr{uni_tensor}
    edge_ids::Ptr{uni_tensor}
end
uni_graph_desc(;
    struct_size = sizeof(uni_graph_desc), flags = 0, indptr = C_NULL, indices = C_NULL, edge_ids = C_NULL) =
    uni_graph_desc(struct_size, flags, indptr, indices, edge_ids)

struct uni_graph_info
    struct_size::UInt32
    indptr_dtype::Int32
    indices_dtype::Int32
    has_edge_ids::Int32
    num_nodes::Int64
    num_edges::Int64
end

struct uni_load_options
    struct_size::UInt32
    flags::UInt32
    row_alignment::Int64
    progress::Ptr{Cvoid}
    progress_user_data::Ptr{Cvoid}
end
uni_load_options(;
    struct_size = sizeof(uni_load_options), flags = 0, row_alignment = 0, progress = C_NULL,
    progress_user_data = C_NULL) =
    uni_load_options(struct_size, flags, row_alignment, progress, progress_user_data)

struct uni_sample_options
    struct_size::UInt32
    flags::UInt32
    num_hops::Int32
    reserved::UInt32
    fanouts::Ptr{Int64}
    seed::UInt64
end
uni_sample_options(;
    struct_size = sizeof(uni_sample_options), flags = 0, num_hops = 0, reserved = 0, fanouts = C_NULL, seed = 0) =
    uni_sample_options(struct_size, flags, num_hops, reserved, fanouts, seed)

struct uni_sample_info
    struct_size::UInt32
    num_hops::Int32
    num_seeds::Int64
    num_nodes::Int64
    num_edges::Int64
    hop_nodes::NTuple{17, Int64}
    hop_edges::NTuple{16, Int64}
end

struct uni_error
    struct_size::UInt32
    code::Int32
    native_code::Int64
    message::NTuple{512, UInt8}
end

struct uni_tensor_desc
    struct_size::UInt32
    memory::Int32
    device_id::Int32
    dtype::Int32
    ndim::Int32
    flags::UInt32
    row_alignment::Int64
    shape::NTuple{8, Int64}
end
uni_tensor_desc(;
    struct_size = sizeof(uni_tensor_desc), memory = 0, device_id = 0, dtype = 0, ndim = 0, flags = 0, row_alignment = 0,
    shape = ntuple(_ -> 0, 8)) =
    uni_tensor_desc(struct_size, memory, device_id, dtype, ndim, flags, row_alignment, shape)

struct uni_tensor_info
    struct_size::UInt32
    memory::Int32
    requested_memory::Int32
    device_type::Int32
    device_id::Int32
    dtype::Int32
    ndim::Int32
    flags::UInt32
    num_elements::Int64
    row_bytes::Int64
    row_pitch::Int64
    num_bytes::Int64
    shape::NTuple{8, Int64}
end

"Every function of the C API."
const FUNCTIONS = (
    :uni_abi_version, :uni_context_backend, :uni_context_backend_info, :uni_context_check, :uni_context_create,
    :uni_context_device_info, :uni_context_follow_stream, :uni_context_hold_stream, :uni_context_memory_info,
    :uni_context_num_threads, :uni_context_options_init, :uni_context_release, :uni_context_reset_statistics,
    :uni_context_retain, :uni_context_statistics, :uni_context_synchronize, :uni_context_trim, :uni_dtype_name,
    :uni_dtype_size, :uni_error_init, :uni_gather, :uni_gather_into, :uni_gather_many, :uni_graph_create,
    :uni_graph_get_info, :uni_graph_load, :uni_graph_release, :uni_graph_retain, :uni_graph_save, :uni_graph_tensor,
    :uni_memory_name, :uni_sample_get_info, :uni_sample_neighbors, :uni_sample_nodes, :uni_sample_release,
    :uni_sample_retain, :uni_sample_tensor, :uni_sample_wait, :uni_scatter, :uni_status_string, :uni_tensor_array,
    :uni_tensor_context, :uni_tensor_copy_from, :uni_tensor_copy_to, :uni_tensor_create, :uni_tensor_device_pointer,
    :uni_tensor_fill, :uni_tensor_from_dlpack, :uni_tensor_get_info, :uni_tensor_host_pointer, :uni_tensor_load,
    :uni_tensor_register, :uni_tensor_register_or_copy, :uni_tensor_release, :uni_tensor_release_after,
    :uni_tensor_reshape, :uni_tensor_retain, :uni_tensor_save, :uni_tensor_slice, :uni_tensor_to_dlpack,
    :uni_tensor_wrap, :uni_version,
)

# Where the functions of the loaded library lie, in the order of FUNCTIONS.
const ADDRESSES = fill(C_NULL, length(FUNCTIONS))

function address(position)
    found = ADDRESSES[position]
    found == C_NULL && error("libunitensor is not loaded")
    return found
end

uni_abi_version() =
    ccall(address(1), UInt32, ())
uni_context_backend(context) =
    ccall(address(2), Cstring, (Ptr{uni_context},), context)
uni_context_backend_info(context, device_type, info, error) =
    ccall(address(3), Int32, (Ptr{uni_context}, Int32, Ptr{uni_backend_info}, Ptr{uni_error}), context, device_type,
    info, error)
uni_context_check(context, error) =
    ccall(address(4), Int32, (Ptr{uni_context}, Ptr{uni_error}), context, error)
uni_context_create(options, context, error) =
    ccall(address(5), Int32, (Ptr{uni_context_options}, Ptr{Ptr{uni_context}}, Ptr{uni_error}), options, context, error)
uni_context_device_info(context, device_type, device_id, info, error) =
    ccall(address(6), Int32, (Ptr{uni_context}, Int32, Int32, Ptr{uni_device_info}, Ptr{uni_error}), context,
    device_type, device_id, info, error)
uni_context_follow_stream(context, device_id, stream, error) =
    ccall(address(7), Int32, (Ptr{uni_context}, Int32, Ptr{Cvoid}, Ptr{uni_error}), context, device_id, stream, error)
uni_context_hold_stream(context, device_id, stream, error) =
    ccall(address(8), Int32, (Ptr{uni_context}, Int32, Ptr{Cvoid}, Ptr{uni_error}), context, device_id, stream, error)
uni_context_memory_info(context, memory, info, error) =
    ccall(address(9), Int32, (Ptr{uni_context}, Int32, Ptr{uni_memory_info}, Ptr{uni_error}), context, memory, info,
    error)
uni_context_num_threads(context) =
    ccall(address(10), Int32, (Ptr{uni_context},), context)
uni_context_options_init(options, struct_size, error) =
    ccall(address(11), Int32, (Ptr{uni_context_options}, UInt32, Ptr{uni_error}), options, struct_size, error)
uni_context_release(context) =
    ccall(address(12), Cvoid, (Ptr{uni_context},), context)
uni_context_reset_statistics(context) =
    ccall(address(13), Cvoid, (Ptr{uni_context},), context)
uni_context_retain(context) =
    ccall(address(14), Ptr{uni_context}, (Ptr{uni_context},), context)
uni_context_statistics(context, statistics, error) =
    ccall(address(15), Int32, (Ptr{uni_context}, Ptr{uni_statistics}, Ptr{uni_error}), context, statistics, error)
uni_context_synchronize(context, error) =
    ccall(address(16), Int32, (Ptr{uni_context}, Ptr{uni_error}), context, error)
uni_context_trim(context, error) =
    ccall(address(17), Int32, (Ptr{uni_context}, Ptr{uni_error}), context, error)
uni_dtype_name(dtype) =
    ccall(address(18), Cstring, (Int32,), dtype)
uni_dtype_size(dtype) =
    ccall(address(19), Int64, (Int32,), dtype)
uni_error_init(error) =
    ccall(address(20), Cvoid, (Ptr{uni_error},), error)
uni_gather(source, index, options, stream, out, error) =
    ccall(address(21), Int32, (Ptr{uni_tensor}, Ptr{uni_array}, Ptr{uni_gather_options}, Ptr{Cvoid},
    Ptr{Ptr{uni_tensor}}, Ptr{uni_error}), source, index, options, stream, out, error)
uni_gather_into(source, index, options, stream, out, error) =
    ccall(address(22), Int32, (Ptr{uni_tensor}, Ptr{uni_array}, Ptr{uni_gather_options}, Ptr{Cvoid}, Ptr{uni_array},
    Ptr{uni_error}), source, index, options, stream, out, error)
uni_gather_many(num_tensors, sources, index, options, stream, outs, error) =
    ccall(address(23), Int32, (Int32, Ptr{Ptr{uni_tensor}}, Ptr{uni_array}, Ptr{uni_gather_options}, Ptr{Cvoid},
    Ptr{Ptr{uni_array}}, Ptr{uni_error}), num_tensors, sources, index, options, stream, outs, error)
uni_graph_create(context, desc, graph, error) =
    ccall(address(24), Int32, (Ptr{uni_context}, Ptr{uni_graph_desc}, Ptr{Ptr{uni_graph}}, Ptr{uni_error}), context,
    desc, graph, error)
uni_graph_get_info(graph, info, error) =
    ccall(address(25), Int32, (Ptr{uni_graph}, Ptr{uni_graph_info}, Ptr{uni_error}), graph, info, error)
uni_graph_load(context, path, memory, graph, error) =
    ccall(address(26), Int32, (Ptr{uni_context}, Cstring, Int32, Ptr{Ptr{uni_graph}}, Ptr{uni_error}), context, path,
    memory, graph, error)
uni_graph_release(graph) =
    ccall(address(27), Cvoid, (Ptr{uni_graph},), graph)
uni_graph_retain(graph) =
    ccall(address(28), Ptr{uni_graph}, (Ptr{uni_graph},), graph)
uni_graph_save(graph, path, error) =
    ccall(address(29), Int32, (Ptr{uni_graph}, Cstring, Ptr{uni_error}), graph, path, error)
uni_graph_tensor(graph, part) =
    ccall(address(30), Ptr{uni_tensor}, (Ptr{uni_graph}, Int32), graph, part)
uni_memory_name(memory) =
    ccall(address(31), Cstring, (Int32,), memory)
uni_sample_get_info(sample, info, error) =
    ccall(address(32), Int32, (Ptr{uni_sample}, Ptr{uni_sample_info}, Ptr{uni_error}), sample, info, error)
uni_sample_neighbors(graph, seeds, options, stream, sample, error) =
    ccall(address(33), Int32, (Ptr{uni_graph}, Ptr{uni_array}, Ptr{uni_sample_options}, Ptr{Cvoid},
    Ptr{Ptr{uni_sample}}, Ptr{uni_error}), graph, seeds, options, stream, sample, error)
uni_sample_nodes(sample) =
    ccall(address(34), Ptr{uni_array}, (Ptr{uni_sample},), sample)
uni_sample_release(sample) =
    ccall(address(35), Cvoid, (Ptr{uni_sample},), sample)
uni_sample_retain(sample) =
    ccall(address(36), Ptr{uni_sample}, (Ptr{uni_sample},), sample)
uni_sample_tensor(sample, part) =
    ccall(address(37), Ptr{uni_tensor}, (Ptr{uni_sample}, Int32), sample, part)
uni_sample_wait(sample, error) =
    ccall(address(38), Int32, (Ptr{uni_sample}, Ptr{uni_error}), sample, error)
uni_scatter(destination, index, rows, options, stream, error) =
    ccall(address(39), Int32, (Ptr{uni_tensor}, Ptr{uni_array}, Ptr{uni_array}, Ptr{uni_scatter_options}, Ptr{Cvoid},
    Ptr{uni_error}), destination, index, rows, options, stream, error)
uni_status_string(status) =
    ccall(address(40), Cstring, (Int32,), status)
uni_tensor_array(tensor) =
    ccall(address(41), Ptr{uni_array}, (Ptr{uni_tensor},), tensor)
uni_tensor_context(tensor) =
    ccall(address(42), Ptr{uni_context}, (Ptr{uni_tensor},), tensor)
uni_tensor_copy_from(tensor, source, stream, error) =
    ccall(address(43), Int32, (Ptr{uni_tensor}, Ptr{uni_array}, Ptr{Cvoid}, Ptr{uni_error}), tensor, source, stream,
    error)
uni_tensor_copy_to(tensor, destination, stream, error) =
    ccall(address(44), Int32, (Ptr{uni_tensor}, Ptr{uni_array}, Ptr{Cvoid}, Ptr{uni_error}), tensor, destination,
    stream, error)
uni_tensor_create(context, desc, tensor, error) =
    ccall(address(45), Int32, (Ptr{uni_context}, Ptr{uni_tensor_desc}, Ptr{Ptr{uni_tensor}}, Ptr{uni_error}), context,
    desc, tensor, error)
uni_tensor_device_pointer(tensor, device_id, data, error) =
    ccall(address(46), Int32, (Ptr{uni_tensor}, Int32, Ptr{Ptr{Cvoid}}, Ptr{uni_error}), tensor, device_id, data, error)
uni_tensor_fill(tensor, value, stream, error) =
    ccall(address(47), Int32, (Ptr{uni_tensor}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{uni_error}), tensor, value, stream, error)
uni_tensor_from_dlpack(context, managed, tensor, error) =
    ccall(address(48), Int32, (Ptr{uni_context}, Ptr{DLManagedTensorVersioned}, Ptr{Ptr{uni_tensor}}, Ptr{uni_error}),
    context, managed, tensor, error)
uni_tensor_get_info(tensor, info, error) =
    ccall(address(49), Int32, (Ptr{uni_tensor}, Ptr{uni_tensor_info}, Ptr{uni_error}), tensor, info, error)
uni_tensor_host_pointer(tensor, data, error) =
    ccall(address(50), Int32, (Ptr{uni_tensor}, Ptr{Ptr{Cvoid}}, Ptr{uni_error}), tensor, data, error)
uni_tensor_load(context, path, memory, options, tensor, error) =
    ccall(address(51), Int32, (Ptr{uni_context}, Cstring, Int32, Ptr{uni_load_options}, Ptr{Ptr{uni_tensor}},
    Ptr{uni_error}), context, path, memory, options, tensor, error)
uni_tensor_register(context, array, destroy, user_data, tensor, error) =
    ccall(address(52), Int32, (Ptr{uni_context}, Ptr{uni_array}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Ptr{uni_tensor}},
    Ptr{uni_error}), context, array, destroy, user_data, tensor, error)
uni_tensor_register_or_copy(context, array, destroy, user_data, tensor, error) =
    ccall(address(53), Int32, (Ptr{uni_context}, Ptr{uni_array}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Ptr{uni_tensor}},
    Ptr{uni_error}), context, array, destroy, user_data, tensor, error)
uni_tensor_release(tensor) =
    ccall(address(54), Cvoid, (Ptr{uni_tensor},), tensor)
uni_tensor_release_after(tensor, device_id, stream, error) =
    ccall(address(55), Int32, (Ptr{uni_tensor}, Int32, Ptr{Cvoid}, Ptr{uni_error}), tensor, device_id, stream, error)
uni_tensor_reshape(tensor, ndim, shape, view, error) =
    ccall(address(56), Int32, (Ptr{uni_tensor}, Int32, Ptr{Int64}, Ptr{Ptr{uni_tensor}}, Ptr{uni_error}), tensor, ndim,
    shape, view, error)
uni_tensor_retain(tensor) =
    ccall(address(57), Ptr{uni_tensor}, (Ptr{uni_tensor},), tensor)
uni_tensor_save(tensor, path, error) =
    ccall(address(58), Int32, (Ptr{uni_tensor}, Cstring, Ptr{uni_error}), tensor, path, error)
uni_tensor_slice(tensor, start, stop, view, error) =
    ccall(address(59), Int32, (Ptr{uni_tensor}, Int64, Int64, Ptr{Ptr{uni_tensor}}, Ptr{uni_error}), tensor, start,
    stop, view, error)
uni_tensor_to_dlpack(tensor, device, device_id, out, error) =
    ccall(address(60), Int32, (Ptr{uni_tensor}, Int32, Int32, Ptr{Ptr{DLManagedTensorVersioned}}, Ptr{uni_error}),
    tensor, device, device_id, out, error)
uni_tensor_wrap(context, array, destroy, user_data, tensor, error) =
    ccall(address(61), Int32, (Ptr{uni_context}, Ptr{uni_array}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Ptr{uni_tensor}},
    Ptr{uni_error}), context, array, destroy, user_data, tensor, error)
uni_version() =
    ccall(address(62), Cstring, ())

end
