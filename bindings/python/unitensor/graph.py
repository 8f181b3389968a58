# SPDX-License-Identifier: Apache-2.0
"""Graphs in compressed sparse column form, and neighbour sampling from them."""
from __future__ import annotations

import os
from typing import Any, Optional, Sequence, Union

from ._library import call, encode_path
from ._unitensor import ffi, lib
from .arrays import describe_index, index_from_list, kept_for_device, stream_for
from .context import Context, default_context
from .creation import wrap_as
from .dtypes import MEMORY_KINDS, choose, integer
from .errors import InvalidStateError
from .sample import Sample
from .tensor import Tensor


def _part(value: Any, name: str, context: Context) -> Tensor:
    if isinstance(value, (list, tuple, range)):
        value = index_from_list(value, name)
    return wrap_as(name, value, context)


class Graph:
    """A graph in compressed sparse column form over tensors of any memory kind.

    Column v holds the in-neighbours of node v: `indices[indptr[v]:indptr[v + 1]]`. Sampling walks from a node to its
    in-neighbours.

    indptr: (num_nodes + 1,), int32 or int64; starts at 0, never decreases, ends at num_edges. indices: (num_edges,),
    int32 or int64, each a node. edge_ids: None, or (num_edges,) of indptr's dtype: what a sample reports for an edge.
    Each is a Tensor, or an array that is wrapped without a copy (lists are converted); they must not change afterwards.
    validate: check the contents; without it a bad graph is undefined behaviour. context: None takes that of the first
    Tensor given, else the default one.

    Raises InvalidArgumentError (indptr; tensors of different contexts), OutOfBoundsError (a neighbour that is no node),
    DtypeMismatchError, ShapeMismatchError, DeviceMismatchError.
    """

    __slots__ = ("_handle", "_context", "__weakref__")

    _handle: Any
    _context: Context

    def __init__(self, indptr: Any, indices: Any, edge_ids: Any = None, validate: bool = True,
                 context: Optional[Context] = None) -> None:
        self._handle = None
        if context is None:
            tensors = [part for part in (indptr, indices, edge_ids) if isinstance(part, Tensor)]
            context = tensors[0].context if tensors else default_context()
        parts = [_part(indptr, "indptr", context), _part(indices, "indices", context)]
        if edge_ids is not None:
            parts.append(_part(edge_ids, "edge_ids", context))
        handles = [part._open() for part in parts]
        desc = ffi.new("uni_graph_desc *")
        desc.struct_size = ffi.sizeof("uni_graph_desc")
        desc.flags = 0 if validate else lib.UNI_GRAPH_TRUST
        desc.indptr, desc.indices = handles[0], handles[1]
        if edge_ids is not None:
            desc.edge_ids = handles[2]
        out = ffi.new("uni_graph **")
        call(lib.uni_graph_create, context._open(), desc, out)
        self._handle = ffi.gc(out[0], lib.uni_graph_release)
        self._context = context

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]], memory: str = "unified",
             context: Optional[Context] = None) -> Graph:
        """Load indptr.npy, indices.npy and, where it is there, edge_ids.npy from a folder. Always checked.

        Raises as the constructor and as `unitensor.load`."""
        context = context or default_context()
        out = ffi.new("uni_graph **")
        call(lib.uni_graph_load, context._open(), encode_path(path), choose("memory", MEMORY_KINDS, memory), out)
        self = object.__new__(cls)
        self._handle = ffi.gc(out[0], lib.uni_graph_release)
        self._context = context
        return self

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Save into an existing folder, under the names that `load` reads. Raises FileError, DeviceMismatchError."""
        call(lib.uni_graph_save, self._open(), encode_path(path))

    def _open(self) -> Any:
        handle = self._handle
        if handle is None:
            raise InvalidStateError("the graph is closed")
        return handle

    def _info(self) -> Any:
        info = ffi.new("uni_graph_info *")
        info.struct_size = ffi.sizeof("uni_graph_info")
        call(lib.uni_graph_get_info, self._open(), info)
        return info

    def _tensor(self, part: int) -> Optional[Tensor]:
        handle = self._open()
        pointer = lib.uni_graph_tensor(handle, part)
        if pointer == ffi.NULL:
            return None
        return Tensor._adopt(lib.uni_tensor_retain(ffi.cast("uni_tensor *", pointer)), self._context)

    @property
    def context(self) -> Context:
        """The context it was made from."""
        self._open()
        return self._context

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return int(self._info().num_nodes)

    @property
    def num_edges(self) -> int:
        """Number of edges."""
        return int(self._info().num_edges)

    @property
    def indptr(self) -> Tensor:
        """Shape (num_nodes + 1,): where each column begins in `indices`."""
        tensor = self._tensor(lib.UNI_GRAPH_INDPTR)
        assert tensor is not None
        return tensor

    @property
    def indices(self) -> Tensor:
        """Shape (num_edges,): the in-neighbours, column after column."""
        tensor = self._tensor(lib.UNI_GRAPH_INDICES)
        assert tensor is not None
        return tensor

    @property
    def edge_ids(self) -> Optional[Tensor]:
        """Shape (num_edges,): what a sample reports for an edge; None where its position is reported."""
        return self._tensor(lib.UNI_GRAPH_EDGE_IDS)

    def sample_neighbors(self, seeds: Any, fanouts: Sequence[int], seed: int = 0, replace: bool = False,
                         edge_ids: bool = False, unique_seeds: bool = False, stream: Any = None) -> Sample:
        """Sample the in-neighbours of seeds over several hops, and relabel the nodes. A hop expands the nodes first met
        in the hop before.

        seeds: one dimension, int32 or int64, each a node; a Tensor, a NumPy array, a PyTorch tensor, or a list of
        integers, which is converted. Negative ones are out of bounds. fanouts: for each hop (at most 16), how many
        neighbours to draw for each node; -1 takes all, 0 none. seed: of the random numbers, 0 to 2**64 - 1; the same
        seed gives the same sample everywhere. replace: draw with replacement. edge_ids: report edge ids. unique_seeds:
        number equal seeds once; without it every seed keeps its place. stream: as in `Tensor.gather`.

        Raises OutOfBoundsError (the first bad seed), InvalidArgumentError, DtypeMismatchError, ShapeMismatchError,
        DeviceMismatchError, OutOfMemoryError."""
        handle = self._open()
        described = describe_index(seeds, "seeds", self._context)
        array = described.array
        if isinstance(fanouts, (str, bytes)) or not hasattr(fanouts, "__iter__"):
            raise TypeError(f"fanouts is {fanouts!r}, expected a sequence of integers, one to a hop")
        numbers = [integer(fanout, f"fanouts[{hop}]", -1, 2**63 - 1) for hop, fanout in enumerate(fanouts)]
        seed_number = integer(seed, "seed", 0, 2**64 - 1)
        fanout_array = ffi.new("int64_t[]", numbers)
        options = ffi.new("uni_sample_options *")
        options.struct_size = ffi.sizeof("uni_sample_options")
        options.flags = ((lib.UNI_SAMPLE_REPLACE if replace else 0) | (lib.UNI_SAMPLE_WITH_EDGE_IDS if edge_ids else 0)
                         | (lib.UNI_SAMPLE_UNIQUE_SEEDS if unique_seeds else 0))
        options.num_hops = len(numbers)
        options.fanouts = fanout_array
        options.seed = seed_number
        out = ffi.new("uni_sample **")
        context = lib.uni_tensor_context(lib.uni_graph_tensor(handle, lib.UNI_GRAPH_INDICES))
        with kept_for_device(context, array.device_type == lib.UNI_DEVICE_CUDA, described):
            call(lib.uni_sample_neighbors, handle, array, options,
                 stream_for(stream, array.device_type, array.device_id, seeds), out)
        return Sample._adopt(out[0], self._context)

    def close(self) -> None:
        """Give the graph back; it cannot be used any more, while tensors and samples taken from it can. Closing twice
        is allowed."""
        self._handle = None

    def __enter__(self) -> Graph:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._handle is None:
            return "<unitensor.Graph, closed>"
        return f"<unitensor.Graph, {self.num_nodes} nodes, {self.num_edges} edges>"

    def __reduce__(self) -> Any:
        raise TypeError("a Graph cannot be pickled or copied so: use save and load")
