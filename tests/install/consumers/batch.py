# SPDX-License-Identifier: Apache-2.0
"""The same as batch.c, through the installed Python package."""
import numpy as np

import unitensor as ut

ring = (np.arange(6)[:, None] + [1, 2]) % 6
graph = ut.Graph(indptr=np.arange(0, 13, 2), indices=ring.ravel())
features = ut.tensor(np.arange(6, dtype="float32")[:, None])
sample = graph.sample_neighbors([0, 3], fanouts=[2])
rows = np.asarray(features[sample.nodes])
assert (rows[:, 0] == np.asarray(sample.nodes)).all()
print(f"unitensor {ut.__version__}: {len(rows)} nodes, sum {rows.sum():g}")
