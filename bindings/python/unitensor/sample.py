# SPDX-License-Identifier: Apache-2.0
"""Samples: what neighbour sampling gives."""
from __future__ import annotations

from typing import Any, Optional

from ._library import call
from ._unitensor import ffi, lib
from .context import Context
from .errors import InvalidStateError
from .tensor import Tensor


class Sample:
    """A sampled neighbourhood with its nodes renumbered from 0; made by `Graph.sample_neighbors`.

    Nodes, sources, targets and the seed index have the dtype of the graph's indices; edge ids that of its indptr. On a
    device every property waits for the sample to be complete; on the CPU it is complete from the start.
    """

    __slots__ = ("_handle", "_context", "_complete", "__weakref__")

    _handle: Any
    _context: Context
    _complete: Any

    def __init__(self) -> None:
        raise TypeError("a Sample is made by Graph.sample_neighbors")

    @classmethod
    def _adopt(cls, pointer: Any, context: Context) -> Sample:
        self = object.__new__(cls)
        self._handle = ffi.gc(pointer, lib.uni_sample_release)
        self._context = context
        self._complete = None
        return self

    def _open(self) -> Any:
        handle = self._handle
        if handle is None:
            raise InvalidStateError("the sample is closed")
        return handle

    def wait(self) -> Sample:
        """Block until the sample is complete. Returns the sample. Raises OutOfBoundsError, DeviceLostError,
        BackendError."""
        self._info()
        return self

    def _info(self) -> Any:
        handle = self._open()
        info = self._complete
        if info is None:
            call(lib.uni_sample_wait, handle)
            info = ffi.new("uni_sample_info *")
            info.struct_size = ffi.sizeof("uni_sample_info")
            call(lib.uni_sample_get_info, handle, info)
            self._complete = info
        return info

    def _tensor(self, part: int) -> Optional[Tensor]:
        self._info()
        handle = self._open()
        pointer = lib.uni_sample_tensor(handle, part)
        if pointer == ffi.NULL:
            return None
        return Tensor._adopt(lib.uni_tensor_retain(pointer), self._context)

    def _required(self, part: int) -> Tensor:
        tensor = self._tensor(part)
        assert tensor is not None
        return tensor

    @property
    def nodes(self) -> Tensor:
        """Shape (num_nodes,): the graph's node for each local number; seeds first, then hop by hop in the order of
        first appearance."""
        return self._required(lib.UNI_SAMPLE_NODES)

    @property
    def sources(self) -> Tensor:
        """Shape (num_edges,): local number of the neighbour drawn."""
        return self._required(lib.UNI_SAMPLE_SOURCES)

    @property
    def targets(self) -> Tensor:
        """Shape (num_edges,): local number of the node it was drawn for; never decreases."""
        return self._required(lib.UNI_SAMPLE_TARGETS)

    @property
    def edge_ids(self) -> Optional[Tensor]:
        """Shape (num_edges,): the edge's position in the graph's indices, or its edge id; None unless asked for."""
        return self._tensor(lib.UNI_SAMPLE_EDGE_IDS)

    @property
    def seed_index(self) -> Tensor:
        """Shape (number of seeds,): local number of each seed as given."""
        return self._required(lib.UNI_SAMPLE_SEED_INDEX)

    @property
    def num_nodes(self) -> int:
        """Nodes of all hops, seeds included."""
        return int(self._info().num_nodes)

    @property
    def num_edges(self) -> int:
        """Edges of all hops."""
        return int(self._info().num_edges)

    @property
    def num_hops(self) -> int:
        """Number of hops."""
        return int(self._info().num_hops)

    @property
    def num_seeds(self) -> int:
        """Number of seeds as given."""
        return int(self._info().num_seeds)

    @property
    def hop_nodes(self) -> tuple[int, ...]:
        """num_hops + 1 numbers: nodes that come from the seeds, then nodes first met in each hop."""
        info = self._info()
        return tuple(info.hop_nodes[0:info.num_hops + 1])

    @property
    def hop_edges(self) -> tuple[int, ...]:
        """num_hops numbers: edges drawn in each hop."""
        info = self._info()
        return tuple(info.hop_edges[0:info.num_hops])

    def close(self) -> None:
        """Give the sample back; it cannot be used any more, while its tensors can. Closing twice is allowed."""
        self._handle = None

    def __enter__(self) -> Sample:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # Without waiting: showing an object in a debugger should not block.
        if self._handle is None:
            return "<unitensor.Sample, closed>"
        if self._complete is None:
            return "<unitensor.Sample>"
        return f"<unitensor.Sample, {self.num_nodes} nodes, {self.num_edges} edges, {self.num_hops} hops>"

    def __reduce__(self) -> Any:
        raise TypeError("a Sample cannot be pickled or copied so: use its tensors")
