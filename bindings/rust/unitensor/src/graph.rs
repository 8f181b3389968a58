// SPDX-License-Identifier: Apache-2.0
use std::fmt;
use std::path::Path;
use std::ptr;

use unitensor_sys as ffi;

use crate::array::Array;
use crate::call::{c_path, call, struct_size, Handle};
use crate::context::Context;
use crate::error::Result;
use crate::flight::Access;
use crate::kinds::Memory;
use crate::sample::SampleBuilder;
use crate::view::View;

/// A graph in compressed sparse column form, over tensors of any memory kind.
///
/// Column v holds the in-neighbours of node v: `indices[indptr[v]..indptr[v + 1]]`. Sampling walks from a node to its
/// in-neighbours. A graph does not change; a clone is the same one.
#[derive(Clone)]
pub struct Graph {
    handle: Handle<ffi::uni_graph>,
    context: Context,
}

// `Send` and `Sync` follow from the parts: every function of C that is called takes `const uni_graph *`, which "may run on
// several threads at once on the same object" (context.h).

/// The tensors of a graph that is to be made: [`Graph::builder`].
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    indptr: View<'static>,
    indices: View<'static>,
    edge_ids: Option<View<'static>>,
}

impl GraphBuilder {
    /// What a sample reports for an edge instead of its position: `[num_edges]` of indptr's dtype.
    pub fn edge_ids(mut self, edge_ids: impl Into<View<'static>>) -> GraphBuilder {
        self.edge_ids = Some(edge_ids.into());
        self
    }

    /// Makes the graph, and checks it. Blocks.
    ///
    /// # Errors
    /// `InvalidArgument` (a decreasing indptr; a first entry other than 0; a last one other than the number of edges;
    /// tensors of another context), `OutOfBounds` (a neighbour that is no node; names position and value), `DtypeMismatch`,
    /// `ShapeMismatch`, `DeviceMismatch`, `OutOfMemory`.
    pub fn build(&self) -> Result<Graph> {
        self.build_with(0)
    }

    /// Makes the graph without looking at what is in its tensors.
    ///
    /// # Safety
    /// The contents are those of a graph, as [`GraphBuilder::build`] would find.
    ///
    /// # Errors
    /// As [`GraphBuilder::build`], where they are not about the contents.
    pub unsafe fn build_trusted(&self) -> Result<Graph> {
        self.build_with(ffi::UNI_GRAPH_TRUST)
    }

    fn build_with(&self, flags: u32) -> Result<Graph> {
        for part in [Some(&self.indptr), Some(&self.indices), self.edge_ids.as_ref()].into_iter().flatten() {
            // What is checked must not change afterwards. Nobody can write to a view, but a device may have to yet.
            part.flight.settle(Access::Read, part.raw_context())?;
        }
        let desc = ffi::uni_graph_desc {
            struct_size: struct_size::<ffi::uni_graph_desc>(),
            flags,
            indptr: self.indptr.as_ptr(),
            indices: self.indices.as_ptr(),
            edge_ids: self.edge_ids.as_ref().map_or(ptr::null(), |part| part.as_ptr() as *const _),
        };
        let context = self.indptr.context();
        // SAFETY: context and tensors are alive; the graph takes references of its own.
        let handle = Handle::make(|out, error| unsafe { ffi::uni_graph_create(context.as_ptr(), &desc, out, error) })?;
        Ok(Graph { handle, context })
    }
}

impl Graph {
    /// Makes a graph of `indptr`, `[num_nodes + 1]`, and `indices`, `[num_edges]`, both int32 or int64.
    ///
    /// # Errors
    /// As [`GraphBuilder::build`].
    pub fn new(indptr: impl Into<View<'static>>, indices: impl Into<View<'static>>) -> Result<Graph> {
        Graph::builder(indptr, indices).build()
    }

    /// The same, with options.
    pub fn builder(indptr: impl Into<View<'static>>, indices: impl Into<View<'static>>) -> GraphBuilder {
        GraphBuilder { indptr: indptr.into(), indices: indices.into(), edge_ids: None }
    }

    /// Loads `indptr.npy`, `indices.npy` and, where it is there, `edge_ids.npy` from a folder, and checks them. Blocks.
    ///
    /// # Errors
    /// As [`GraphBuilder::build`] and [`Tensor::load`](crate::Tensor::load).
    pub fn load(context: &Context, path: impl AsRef<Path>, memory: Memory) -> Result<Graph> {
        let path = c_path(path.as_ref())?;
        // SAFETY: the context is alive; the path lives until the call returns.
        let handle = Handle::make(|out, error| unsafe {
            ffi::uni_graph_load(context.as_ptr(), path.as_ptr(), memory.as_raw(), out, error)
        })?;
        Ok(Graph { handle, context: context.clone() })
    }

    /// Saves the tensors of the graph into a folder that is there, under the names that [`Graph::load`] reads. Blocks. A
    /// graph without edge ids removes an `edge_ids.npy` that is there.
    ///
    /// # Errors
    /// As [`Tensor::save`](crate::Tensor::save).
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = c_path(path.as_ref())?;
        // SAFETY: the graph is alive; the path lives until the call returns.
        call(|error| unsafe { ffi::uni_graph_save(self.as_ptr(), path.as_ptr(), error) })
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::uni_graph {
        self.handle.as_ptr()
    }

    /// The context it was made from.
    pub fn context(&self) -> &Context {
        &self.context
    }

    fn info(&self) -> ffi::uni_graph_info {
        // SAFETY: zero is a value of every field.
        let mut info: ffi::uni_graph_info = unsafe { std::mem::zeroed() };
        info.struct_size = struct_size::<ffi::uni_graph_info>();
        // SAFETY: the graph is alive, and `info` carries its size.
        call(|error| unsafe { ffi::uni_graph_get_info(self.as_ptr(), &mut info, error) })
            .expect("a struct that every library of this ABI knows");
        info
    }

    /// Number of nodes.
    pub fn num_nodes(&self) -> usize {
        self.info().num_nodes as usize
    }

    /// Number of edges.
    pub fn num_edges(&self) -> usize {
        self.info().num_edges as usize
    }

    fn part(&self, part: u32) -> Option<View<'static>> {
        // SAFETY: "lives as long as the graph"; the view takes a reference of its own. Graphs are made of views, or of files:
        // nobody writes.
        unsafe { View::share(ffi::uni_graph_tensor(self.as_ptr(), part as i32)) }
    }

    /// Where each node's neighbours begin, and where the last one's end: `[num_nodes + 1]`.
    pub fn indptr(&self) -> View<'static> {
        self.part(ffi::UNI_GRAPH_INDPTR).expect("every graph has it")
    }

    /// The in-neighbours of every node: `[num_edges]`.
    pub fn indices(&self) -> View<'static> {
        self.part(ffi::UNI_GRAPH_INDICES).expect("every graph has it")
    }

    /// What samples report for the edges, if that is not their position: `[num_edges]`.
    pub fn edge_ids(&self) -> Option<View<'static>> {
        self.part(ffi::UNI_GRAPH_EDGE_IDS)
    }

    /// Samples the in-neighbours of seeds over several hops: at most `fanouts[h]` for each node of hop h; -1: all, 0: none.
    /// `seeds` has one dimension of int32 or int64. Options follow, and then [`SampleBuilder::run`].
    pub fn sample_neighbors<'a>(&'a self, seeds: impl Into<Array<'a>>, fanouts: &'a [i64]) -> SampleBuilder<'a> {
        SampleBuilder::new(self, seeds.into(), fanouts)
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.info();
        formatter
            .debug_struct("Graph")
            .field("num_nodes", &info.num_nodes)
            .field("num_edges", &info.num_edges)
            .finish_non_exhaustive()
    }
}
