// SPDX-License-Identifier: Apache-2.0
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use unitensor_sys as ffi;

use crate::array::Array;
use crate::call::{call, struct_size, Handle};
use crate::context::Context;
use crate::error::Result;
use crate::flight::{operate_and_make, Flight, Owner};
use crate::graph::Graph;
use crate::stream::Stream;
use crate::tensor::Tensor;
use crate::view::View;

/// A sample that is to be drawn: [`Graph::sample_neighbors`].
#[must_use = "nothing is sampled before `run`"]
#[derive(Clone, Copy)]
pub struct SampleBuilder<'a> {
    graph: &'a Graph,
    seeds: Array<'a>,
    fanouts: &'a [i64],
    flags: u32,
    seed: u64,
    stream: Stream,
}

impl<'a> SampleBuilder<'a> {
    pub(crate) fn new(graph: &'a Graph, seeds: Array<'a>, fanouts: &'a [i64]) -> SampleBuilder<'a> {
        SampleBuilder { graph, seeds, fanouts, flags: 0, seed: 0, stream: Stream::default() }
    }

    fn flag(mut self, flag: u32, is_set: bool) -> SampleBuilder<'a> {
        self.flags = if is_set { self.flags | flag } else { self.flags & !flag };
        self
    }

    /// The seed of the random numbers; not set: 0. The same graph, seeds, options and seed give the same bytes on every
    /// backend and with any number of threads.
    pub fn seed(mut self, seed: u64) -> SampleBuilder<'a> {
        self.seed = seed;
        self
    }

    /// Whether to draw with replacement; not set: without.
    pub fn replace(self, replace: bool) -> SampleBuilder<'a> {
        self.flag(ffi::UNI_SAMPLE_REPLACE, replace)
    }

    /// Whether to report edge ids; not set: no.
    pub fn with_edge_ids(self, with_edge_ids: bool) -> SampleBuilder<'a> {
        self.flag(ffi::UNI_SAMPLE_WITH_EDGE_IDS, with_edge_ids)
    }

    /// Whether to number equal seeds once; not set: each keeps its place.
    pub fn unique_seeds(self, unique_seeds: bool) -> SampleBuilder<'a> {
        self.flag(ffi::UNI_SAMPLE_UNIQUE_SEEDS, unique_seeds)
    }

    /// The stream on which a device works; not set: its default stream.
    pub fn stream(mut self, stream: Stream) -> SampleBuilder<'a> {
        self.stream = stream;
        self
    }

    /// Draws the sample, where the seeds are: complete on return on the CPU; a device does it later (see [`Sample`]).
    ///
    /// # Errors
    /// `OutOfBounds` (names position and value of the first bad seed), `InvalidArgument`, `DtypeMismatch`,
    /// `ShapeMismatch`, `DeviceMismatch`, `OutOfMemory`, `NotSupported` (a hop of more than 2^40 edges), `BackendError`.
    pub fn run(self) -> Result<Sample> {
        let context = self.graph.context();
        let options = ffi::uni_sample_options {
            struct_size: struct_size::<ffi::uni_sample_options>(),
            flags: self.flags,
            num_hops: i32::try_from(self.fanouts.len()).unwrap_or(i32::MAX),
            reserved: 0,
            fanouts: self.fanouts.as_ptr(),
            seed: self.seed,
        };
        let seeds = self.seeds.operand();
        let flight = Arc::new(if seeds.on_device { Flight::written() } else { Flight::default() });
        // SAFETY: the graph is alive and does not change; `operate_and_make` keeps the seeds until they have been read; there
        // are as many fan-outs as is said, and more hops than 16 are refused.
        let handle = operate_and_make(context.as_ptr(), &[seeds], |out, error| unsafe {
            let stream = self.stream.as_raw();
            ffi::uni_sample_neighbors(self.graph.as_ptr(), &self.seeds.raw, &options, stream, out, error)
        })?;
        Ok(Sample { handle, context: context.clone(), flight, is_complete: false })
    }
}

/// Nodes that a sample met and edges that it drew, hop by hop.
///
/// On the CPU it is complete from the start. On a device, until [`Sample::wait`], its arrays have room for the most that the
/// fan-outs allow, entries past the count are -1, and [`Sample::nodes`] carries the count, so that a gather can follow at
/// once.
pub struct Sample {
    handle: Handle<ffi::uni_sample>,
    context: Context,
    flight: Arc<Flight>,
    /// Whether `uni_sample_wait`, the one function that needs the sample for itself, has succeeded.
    is_complete: bool,
}

// `Send` and `Sync` follow from the parts: `&self` leads to functions that take `const uni_sample *` only, which "may run on
// several threads at once on the same object" (context.h), and `wait` takes `&mut self`.

/// Counts of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampleInfo {
    /// As given.
    pub num_seeds: usize,
    /// Nodes of all hops, seeds included.
    pub num_nodes: usize,
    /// Edges of all hops.
    pub num_edges: usize,
    /// `hop_nodes[0]`: nodes that come from the seeds; `hop_nodes[h]`: first met in hop h.
    pub hop_nodes: Vec<usize>,
    /// `hop_edges[h]`: edges drawn in hop h (from 0), for the nodes counted in `hop_nodes[h]`.
    pub hop_edges: Vec<usize>,
}

/// The arrays of a sample. Nodes, sources, targets and the seed index have the dtype of the graph's indices, edge ids that
/// of its indptr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SamplePart {
    /// `[num_nodes]`: the graph's node for each local number: seeds first, then hop by hop in the order of first
    /// appearance.
    Nodes,
    /// `[num_edges]`: local number of the neighbour drawn.
    Sources,
    /// `[num_edges]`: local number of the node it was drawn for; never decreases.
    Targets,
    /// `[num_edges]`: position in indices, or `edge_ids` there; absent unless asked for.
    EdgeIds,
    /// `[num_seeds]`: local number of each seed as given.
    SeedIndex,
}

impl SamplePart {
    fn as_raw(self) -> i32 {
        let part = match self {
            SamplePart::Nodes => ffi::UNI_SAMPLE_NODES,
            SamplePart::Sources => ffi::UNI_SAMPLE_SOURCES,
            SamplePart::Targets => ffi::UNI_SAMPLE_TARGETS,
            SamplePart::EdgeIds => ffi::UNI_SAMPLE_EDGE_IDS,
            SamplePart::SeedIndex => ffi::UNI_SAMPLE_SEED_INDEX,
        };
        part as i32
    }
}

impl Sample {
    fn as_ptr(&self) -> *mut ffi::uni_sample {
        self.handle.as_ptr()
    }

    /// Blocks until the sample is complete and its shapes are exact. Returns at once on the CPU.
    ///
    /// # Errors
    /// `OutOfBounds` (a seed that is no node), `DeviceLost`, `BackendError`.
    pub fn wait(&mut self) -> Result<()> {
        if !self.is_complete {
            // SAFETY: the sample is alive and borrowed exclusively.
            call(|error| unsafe { ffi::uni_sample_wait(self.as_ptr(), error) })?;
            self.is_complete = true;
        }
        Ok(())
    }

    /// Waits, and gives the same sample a second owner.
    ///
    /// # Errors
    /// As [`Sample::wait`].
    pub fn share(&mut self) -> Result<Sample> {
        self.wait()?;
        Ok(Sample {
            handle: self.handle.clone(),
            context: self.context.clone(),
            flight: self.flight.clone(),
            is_complete: true,
        })
    }

    /// The context it was made from.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Counts, once the sample is complete.
    ///
    /// # Errors
    /// `InvalidState` (a device's, and not yet waited for).
    pub fn info(&self) -> Result<SampleInfo> {
        // SAFETY: zero is a value of every field.
        let mut info: ffi::uni_sample_info = unsafe { std::mem::zeroed() };
        info.struct_size = struct_size::<ffi::uni_sample_info>();
        // SAFETY: the sample is alive, and `info` carries its size.
        call(|error| unsafe { ffi::uni_sample_get_info(self.as_ptr(), &mut info, error) })?;
        let counts = |counts: &[i64]| counts.iter().map(|count| *count as usize).collect();
        let num_hops = info.num_hops as usize;
        Ok(SampleInfo {
            num_seeds: info.num_seeds as usize,
            num_nodes: info.num_nodes as usize,
            num_edges: info.num_edges as usize,
            hop_nodes: counts(&info.hop_nodes[..=num_hops]),
            hop_edges: counts(&info.hop_edges[..num_hops]),
        })
    }

    /// The nodes, as an index for [`Tensor::gather`]; before [`Sample::wait`] it carries the count of a device.
    pub fn nodes(&self) -> Array<'_> {
        // SAFETY: "lives as long as the sample", and changes in `wait` only, which needs the sample for itself.
        let raw = unsafe { *ffi::uni_sample_nodes(self.as_ptr()) };
        Array::of_library(raw, Owner::Library(self.context.as_ptr(), &self.flight))
    }

    /// An array of the sample; `None` where there is none.
    pub fn part(&self, part: SamplePart) -> Option<View<'_>> {
        // SAFETY: the tensor lives as long as the sample, and longer by a reference of the view's own.
        let handle = unsafe { Handle::share(ffi::uni_sample_tensor(self.as_ptr(), part.as_raw())) }?;
        let flight = self.flight.clone();
        Some(View::from_tensor(Tensor { handle, flight, is_lent: false, lifetime: PhantomData }))
    }

    /// Waits, and gives an array of the sample that may outlive it.
    ///
    /// # Errors
    /// As [`Sample::wait`].
    pub fn take_part(&mut self, part: SamplePart) -> Result<Option<View<'static>>> {
        self.wait()?;
        Ok(self.part(part).map(|view| View::from_tensor(view.part(view.handle.clone()))))
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info() {
            Ok(info) => info.fmt(formatter),
            Err(_) => formatter.write_str("Sample, not yet waited for"),
        }
    }
}
