# SPDX-License-Identifier: Apache-2.0
"""
Unified tensors: tensors in host memory that a GPU reads and writes directly. A thin binding of the C library
libunitensor: gather and scatter rows, and sample graphs that are stored in them.

Julia's arrays are column-major and C's are row-major: what is `[n, d]` in C, in Python and in a .npy file is `d × n`
here, the same memory read in Julia's order. A row of the file is a column here.

Numbers that are data stay as they are, from 0: node numbers in graphs, seeds and samples, and the index of `gather` and
`scatter!`. Positions in a Julia array count from 1, as everywhere in Julia: `gather(x, [0, 2])` is `x[:, [1, 3]]`.
"""
module UniTensor

import Libdl

export Context, DenseTensor, DeviceTensor, Graph, PaddedTensor, Sample, Tensor, UniTensorError, BFloat16
export allocate, backend_info, default_context, delete_dlpack, device_info, follow_stream, from_dlpack, gather, gather!,
    gather_many, gather_many!, hold_stream, info, load, loadgraph, memory_info, num_threads, register, release_after,
    reset_statistics!, sample_neighbors, save, savegraph, scatter!, slice, statistics, synchronize, tensor, to_dlpack, trim,
    wrap

include("LibUnitensor.jl")
using .LibUnitensor: LibUnitensor, DLManagedTensorVersioned, uni_array, uni_context, uni_error, uni_graph, uni_sample,
    uni_tensor

include("library.jl")
include("errors.jl")
include("dtypes.jl")
include("callbacks.jl")
include("context.jl")
include("tensor.jl")
include("operands.jl")
include("creation.jl")
include("rows.jl")
include("copying.jl")
include("graph.jl")
include("sample.jl")
include("dlpack.jl")

__init__() = open_library()

end
