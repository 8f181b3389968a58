# SPDX-License-Identifier: Apache-2.0
"""Embeddings that are trained batch by batch, in a table larger than a device's memory. The features of the nodes are
stored as int8 with a scale for each row, and become float16 while they are gathered. What else belongs to the same
nodes (embeddings, labels, timestamps) is gathered by one call, and updates are added to the embeddings where they lie.
All that the loop writes was allocated before it.

    python train_embeddings.py

Where there is a GPU it gathers and scatters, else the CPU does; the lines that are printed are the same. An argument
names the file of a backend plugin that is not where the library looks for one.
"""
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

import unitensor as ut

Array = npt.NDArray[Any]

NUM_NODES, WIDTH, BATCH, NUM_BATCHES, NUM_EPOCHS = 1000, 16, 125, 10, 3
DAY = 86400
RECENT = 500 * DAY

nodes = np.arange(NUM_NODES)
features = ((nodes[:, None] * 37 + np.arange(WIDTH) * 11) % 255 - 127).astype("int8")
scales = (1 / (16 << nodes % 3)).astype("float32")
labels = np.where(nodes % 5 == 0, -1, 1).astype("int32")
timestamps = nodes * DAY
# Every fifth entry is a node that its batch has already.
entries = np.arange(NUM_BATCHES * BATCH)
order = (entries // 5 * 4 + entries % 5 % 4) * 31 % NUM_NODES


def update(feature: Array, label: Array, timestamp: Array, embedding: Array) -> Array:
    """What stands for a model here: embeddings move towards their features, with the sign of their label, and faster
    where those are recent."""
    rate = np.where(timestamp >= RECENT, 0.5, 0.25).astype("float32")
    return rate[:, None] * (label[:, None] * feature.astype("float32") - embedding).astype("float32")


def train_epoch_plainly(embeddings: Array) -> None:
    """The same without the library. All numbers are sums of few powers of two: no order of adding them rounds."""
    for batch in order.reshape(NUM_BATCHES, BATCH):
        wanted = features[batch] * scales[batch, None]
        np.add.at(embeddings, batch, update(wanted, labels[batch], timestamps[batch], embeddings[batch]))


def main() -> None:
    context = ut.Context(backend_path=sys.argv[1] if len(sys.argv) > 1 else None)
    # Tables in memory that every device of the machine can read.
    all_features, all_scales, all_labels, all_timestamps = (
        ut.tensor(array, context=context) for array in (features, scales, labels, timestamps))
    embeddings = ut.zeros((NUM_NODES, WIDTH), context=context)
    # What the loop writes, and the index: an operation is computed where its index lies.
    batch_features = ut.empty((BATCH, WIDTH), "float16", context=context)
    batch_embeddings = ut.empty((BATCH, WIDTH), context=context)
    batch_labels = ut.empty((BATCH,), "int32", context=context)
    batch_timestamps = ut.empty((BATCH,), "int64", context=context)
    updates = ut.empty((BATCH, WIDTH), context=context)
    index = ut.tensor(order, memory="device" if context.backend_info("cuda").available else "unified", context=context)

    def train_epoch() -> None:
        for start in range(0, len(order), BATCH):
            batch = index[start:start + BATCH]
            all_features.gather(batch, out=batch_features, dtype="float16", row_scales=all_scales)
            ut.gather_many([embeddings, all_labels, all_timestamps], batch,
                           outs=[batch_embeddings, batch_labels, batch_timestamps])
            # A device works later. Its errors are reported here, such as an index out of bounds.
            context.synchronize()
            updates.numpy()[:] = update(batch_features.numpy(), batch_labels.numpy(), batch_timestamps.numpy(),
                                        batch_embeddings.numpy())
            # A node that its batch has twice gets both updates.
            embeddings.scatter(batch, updates, reduce="add")
        context.synchronize()

    print(f"{NUM_NODES} nodes, {NUM_BATCHES} batches of {BATCH}")
    expected = np.zeros((NUM_NODES, WIDTH), "float32")
    wanted = labels[:, None] * (features * scales[:, None]).astype("float64")
    for epoch in range(1, NUM_EPOCHS + 1):
        train_epoch()
        train_epoch_plainly(expected)
        print(f"epoch {epoch}: mean error {np.abs(wanted - embeddings.numpy()).mean():.4f}")
        if not np.array_equal(embeddings.numpy(), expected):
            sys.exit("the embeddings are not what they should be")


if __name__ == "__main__":
    main()
