# SPDX-License-Identifier: Apache-2.0
# Embeddings that are trained batch by batch, in a table larger than a device's memory. The features of the nodes are
# stored as Int8 with a scale for each column, and become Float16 while they are gathered. What else belongs to the same
# nodes (embeddings, labels, timestamps) is gathered by one call, and updates are added to the embeddings where they
# lie. All that the loop writes was allocated before it.
#
#   julia --project=bindings/julia/UniTensor examples/julia/train_embeddings.jl
#
# Where there is a GPU it gathers and scatters, else the CPU does; the lines that are printed are the same. An argument
# names the file of a backend plugin that is not where the library looks for one.
using Printf
using UniTensor

const NUM_NODES = 1000
const WIDTH = 16
const BATCH = 125
const NUM_BATCHES = 10
const NUM_EPOCHS = 3
const DAY = 86400
const RECENT = 500 * DAY

# Nodes are numbered from 0, as in files. What belongs to a node is a column, or an entry.
const FEATURES = Int8[(v * 37 + d * 11) % 255 - 127 for d in 0:WIDTH - 1, v in 0:NUM_NODES - 1]
const SCALES = Float32[1 / (16 << (v % 3)) for v in 0:NUM_NODES - 1]
const LABELS = Int32[v % 5 == 0 ? -1 : 1 for v in 0:NUM_NODES - 1]
const TIMESTAMPS = [v * DAY for v in 0:NUM_NODES - 1]
# Every fifth entry is a node that its batch has already.
const ORDER = [(i ÷ 5 * 4 + i % 5 % 4) * 31 % NUM_NODES for i in 0:NUM_BATCHES * BATCH - 1]

# What stands for a model here: embeddings move towards their features, with the sign of their label, and faster where
# those are recent.
update(feature, label, timestamp, embedding) =
    (timestamp >= RECENT ? 0.5f0 : 0.25f0) * (label * Float32(feature) - embedding)

# The same without the library. All numbers are sums of few powers of two, so that no order of adding them rounds.
function train_epoch_plainly!(embeddings)
    for start in 0:BATCH:length(ORDER) - 1
        columns = ORDER[start + 1:start + BATCH] .+ 1
        updates = [update(FEATURES[d, v] * SCALES[v], LABELS[v], TIMESTAMPS[v], embeddings[d, v])
                   for d in 1:WIDTH, v in columns]
        for (i, v) in enumerate(columns)
            embeddings[:, v] .+= updates[:, i]
        end
    end
end

function main()
    context = Context(backend = isempty(ARGS) ? nothing : ARGS[1])
    # Tables in memory that every device of the machine can read.
    features, scales = tensor(FEATURES; context = context), tensor(SCALES; context = context)
    labels, timestamps = tensor(LABELS; context = context), tensor(TIMESTAMPS; context = context)
    embeddings = tensor(zeros(Float32, WIDTH, NUM_NODES); context = context)
    # What the loop writes, and the index: an operation is computed where its index lies.
    batch_features = allocate(Float16, WIDTH, BATCH; context = context)
    batch_embeddings = allocate(Float32, WIDTH, BATCH; context = context)
    batch_labels = allocate(Int32, BATCH; context = context)
    batch_timestamps = allocate(Int64, BATCH; context = context)
    updates = allocate(Float32, WIDTH, BATCH; context = context)
    index = tensor(ORDER; memory = backend_info(:cuda; context = context).available ? :device : :unified,
                   context = context)

    function train_epoch()
        for start in 0:BATCH:length(ORDER) - 1
            batch = slice(index, start + 1:start + BATCH)
            gather!(batch_features, features, batch; dtype = Float16, row_scales = scales)
            gather_many!([batch_embeddings, batch_labels, batch_timestamps], [embeddings, labels, timestamps], batch)
            # A device works later. Its errors are reported here, such as an index out of bounds.
            synchronize(context)
            updates .= update.(batch_features, batch_labels', batch_timestamps', batch_embeddings)
            # A node that its batch has twice gets both updates.
            scatter!(embeddings, batch, updates; reduce = :add)
        end
        synchronize(context)
    end

    println(NUM_NODES, " nodes, ", NUM_BATCHES, " batches of ", BATCH)
    expected = zeros(Float32, WIDTH, NUM_NODES)
    for epoch in 1:NUM_EPOCHS
        train_epoch()
        train_epoch_plainly!(expected)
        mean_error = sum(abs.(Float64.(LABELS' .* FEATURES .* SCALES') .- embeddings)) / length(expected)
        @printf("epoch %d: mean error %.4f\n", epoch, mean_error)
        embeddings == expected || error("the embeddings are not what they should be")
    end
end

main()
