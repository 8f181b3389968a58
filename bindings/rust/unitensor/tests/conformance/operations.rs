// SPDX-License-Identifier: Apache-2.0
//! Operations on rows and graphs.
use unitensor::ffi;
use unitensor::{
    gather_many_into, Array, ArrayMut, Bounds, Context, GatherOptions, Graph, Memory, Order, Reduce, SamplePart,
    ScatterOptions, Tensor,
};

use crate::arrays::{array_of, check_array, check_tensor, dtype_of, HostArray};
use crate::ensure;
use crate::vectors::{Case, Checked, Failure};

/// On which backend, and in which memory the tensors are.
pub struct Setup {
    pub context: Context,
    pub memory: Memory,
}

impl Setup {
    pub fn is_on_device(&self) -> bool {
        self.memory != Memory::Host
    }

    /// What an operation gives once a device has done it.
    fn finish<T>(&self, result: unitensor::Result<T>) -> unitensor::Result<T> {
        let value = result?;
        if self.is_on_device() {
            self.context.synchronize()?;
        }
        Ok(value)
    }

    pub fn tensor(&self, case: &Case, path: &str, row_alignment: usize) -> Checked<Tensor<'static>> {
        array_of(case, path)?.to_tensor(&self.context, self.memory, row_alignment)
    }

    /// An index, rows or seeds: on the host as they are, else on the device.
    fn operand(&self, case: &Case, path: &str) -> Checked<Operand> {
        let host = array_of(case, path)?;
        let tensor = if self.is_on_device() { Some(host.to_tensor(&self.context, Memory::Device, 0)?) } else { None };
        Ok(Operand { host, tensor })
    }
}

struct Operand {
    host: HostArray,
    tensor: Option<Tensor<'static>>,
}

impl Operand {
    fn array(&self) -> Checked<Array<'_>> {
        Ok(match &self.tensor {
            Some(tensor) => tensor.into(),
            None => self.host.array()?,
        })
    }
}

/// The result of a call against the status and the message that a case expects; `None` where it had to fail, and has.
pub fn expect<T>(case: &Case, result: unitensor::Result<T>) -> Checked<Option<T>> {
    let status = case.text("expect.status")?;
    let words = case.texts("expect.message");
    match result {
        Ok(value) => {
            ensure!(status == "OK", "succeeds, expected {status}");
            Ok(Some(value))
        }
        Err(error) => {
            let name = error.status_name();
            ensure!(name == format!("UNI_STATUS_{status}"), "{name}, expected {status}: {error}");
            for word in words {
                ensure!(error.message().contains(word), "\"{error}\" lacks \"{word}\"");
            }
            ensure!(!error.message().is_empty(), "{name} without a message");
            Ok(None)
        }
    }
}

fn row_alignment(case: &Case) -> Checked<usize> {
    Ok(if case.optional("row_alignment")?.is_some() { case.number("row_alignment")? } else { 0 })
}

fn bounds(case: &Case) -> Checked<(Bounds, bool)> {
    match case.text("bounds")? {
        "check" => Ok((Bounds::Check, false)),
        "skip" => Ok((Bounds::Skip, false)),
        "trust" => Ok((Bounds::Check, true)),
        other => Err(Failure(format!("bounds \"{other}\" are not known"))),
    }
}

fn gather_options(case: &Case) -> Checked<GatherOptions> {
    let (bounds, trust) = bounds(case)?;
    let options = GatherOptions::new().bounds(bounds);
    // SAFETY: cases that trust an index have one within bounds.
    Ok(if trust { unsafe { options.trust_index() } } else { options })
}

/// What the steps of a device leave beside an array: how many entries are valid.
struct Count {
    host: i64,
    tensor: Option<Tensor<'static>>,
}

impl Count {
    fn new(setup: &Setup, case: &Case) -> Checked<Option<Count>> {
        if case.optional("count")?.is_none() {
            return Ok(None);
        }
        let host = case.number("count")?;
        let tensor = if setup.is_on_device() {
            Some(Tensor::from_slice(&setup.context, &[host], &[1], Memory::Device)?)
        } else {
            None
        };
        Ok(Some(Count { host, tensor }))
    }

    fn add_to<'a>(count: &'a Option<Count>, index: Array<'a>) -> Array<'a> {
        let count = match count {
            Some(count) => count,
            None => return index,
        };
        let mut raw = *index.as_raw();
        raw.count = match &count.tensor {
            Some(tensor) => Array::from(tensor).as_raw().data as *const i64,
            None => &count.host,
        };
        // SAFETY: index and count live until the operation is done, which every caller waits for.
        unsafe { Array::from_raw(raw) }
    }
}

fn check_out_of_bounds(setup: &Setup, case: &Case) -> Checked {
    let expected: i64 = case.number("expect.out_of_bounds")?;
    let found = setup.context.statistics()?.out_of_bounds;
    ensure!(found == expected, "{found} indices were out of bounds, expected {expected}");
    Ok(())
}

pub fn gather(setup: &Setup, case: &Case) -> Checked {
    let source = setup.tensor(case, "source", row_alignment(case)?)?;
    let index = setup.operand(case, "index")?;
    let count = Count::new(setup, case)?;
    let index = Count::add_to(&count, index.array()?);
    let options = gather_options(case)?;
    setup.context.synchronize()?;
    setup.context.reset_statistics();
    let out = match expect(case, setup.finish(source.gather_with(index, options)))? {
        Some(out) => out,
        None => return Ok(()),
    };
    check_out_of_bounds(setup, case)?;
    check_tensor(case, "expect.out", &out)?;
    if !setup.is_on_device() {
        let mut plain = HostArray::new(out.dtype(), out.shape());
        source.gather_into_with(index, plain.array_mut()?, options)?;
        check_array(case, "expect.out", &plain)?;
    }
    // Once more with gaps between the rows.
    let memory = if setup.is_on_device() { Memory::Device } else { Memory::Host };
    let builder = Tensor::builder(out.dtype(), out.shape()).memory(memory).row_alignment(64);
    let mut padded = builder.zeros(&setup.context)?;
    setup.finish(source.gather_into_with(index, &mut padded, options))?;
    check_tensor(case, "expect.out", &padded)
}

fn ordered_options(case: &Case) -> Checked<GatherOptions> {
    Ok(gather_options(case)?.order(match case.text("order")? {
        "auto" => Order::Auto,
        "as_given" => Order::AsGiven,
        "by_page" => Order::ByPage,
        other => return Err(Failure(format!("order \"{other}\" is not known"))),
    }))
}

pub fn gather_converted(setup: &Setup, case: &Case) -> Checked {
    let source = setup.tensor(case, "source", row_alignment(case)?)?;
    let index = setup.operand(case, "index")?;
    let count = Count::new(setup, case)?;
    let index = Count::add_to(&count, index.array()?);
    let scales =
        if case.optional("row_scales.dtype")?.is_some() { Some(setup.operand(case, "row_scales")?) } else { None };
    let options = ordered_options(case)?.dtype(dtype_of(case.text("dtype")?)?);
    setup.context.synchronize()?;
    setup.context.reset_statistics();
    let result = match &scales {
        Some(scales) => source.gather_scaled_with(index, scales.array()?, options),
        None => source.gather_with(index, options),
    };
    match expect(case, setup.finish(result))? {
        Some(out) => {
            check_out_of_bounds(setup, case)?;
            check_tensor(case, "expect.out", &out)
        }
        None => Ok(()),
    }
}

pub fn gather_many(setup: &Setup, case: &Case) -> Checked {
    let first = setup.tensor(case, "first", 0)?;
    let second = setup.tensor(case, "second", 0)?;
    let index = setup.operand(case, "index")?;
    let count = Count::new(setup, case)?;
    let index = Count::add_to(&count, index.array()?);
    let options = ordered_options(case)?;
    let memory = if setup.is_on_device() { Memory::Device } else { Memory::Host };
    let make = |source: &Tensor<'_>| -> Checked<Tensor<'static>> {
        let mut shape = source.shape().to_vec();
        shape[0] = index.as_raw().shape[0] as usize;
        Ok(Tensor::builder(source.dtype(), &shape).memory(memory).zeros(&setup.context)?)
    };
    let (mut out, mut other) = (make(&first)?, make(&second)?);
    setup.context.synchronize()?;
    setup.context.reset_statistics();
    let result = gather_many_into(&[&first, &second], index, &mut [(&mut out).into(), (&mut other).into()], options);
    if expect(case, setup.finish(result))?.is_some() {
        check_out_of_bounds(setup, case)?;
        check_tensor(case, "expect.first", &out)?;
        check_tensor(case, "expect.second", &other)?;
    }
    Ok(())
}

pub fn gather_into(setup: &Setup, case: &Case) -> Checked {
    let source = setup.tensor(case, "source", 0)?;
    let index = setup.operand(case, "index")?;
    let mut out = setup.operand(case, "out")?;
    let options = gather_options(case)?;
    let destination: ArrayMut<'_> = match &mut out.tensor {
        Some(tensor) => tensor.into(),
        None => out.host.array_mut()?,
    };
    let result = source.gather_into_with(index.array()?, destination, options);
    let failed_at_once = result.is_err();
    let succeeds = expect(case, setup.finish(result))?.is_some();
    let path = if succeeds { "expect.out" } else { "out" };
    match &out.tensor {
        None => check_array(case, path, &out.host),
        // A device finds what is out of bounds later, and does the rest.
        Some(tensor) if succeeds || failed_at_once => check_tensor(case, path, tensor),
        Some(_) => Ok(()),
    }
}

pub fn scatter(setup: &Setup, case: &Case) -> Checked {
    let mut destination = setup.tensor(case, "destination", row_alignment(case)?)?;
    let (index, rows) = (setup.operand(case, "index")?, setup.operand(case, "rows")?);
    let count = Count::new(setup, case)?;
    let index = Count::add_to(&count, index.array()?);
    let (bounds, trust) = bounds(case)?;
    let reduce = match case.text("reduce")? {
        "assign" => Reduce::Assign,
        "add" => Reduce::Add,
        other => return Err(Failure(format!("reduce \"{other}\" is not known"))),
    };
    let options = ScatterOptions::new().bounds(bounds).reduce(reduce);
    // SAFETY: cases that trust an index have one within bounds.
    let options = if trust { unsafe { options.trust_index() } } else { options };
    setup.context.synchronize()?;
    setup.context.reset_statistics();
    let result = destination.scatter_with(index, rows.array()?, options);
    let failed_at_once = result.is_err();
    if expect(case, setup.finish(result))?.is_some() {
        check_out_of_bounds(setup, case)?;
        return check_tensor(case, "expect.destination", &destination);
    }
    if failed_at_once || !setup.is_on_device() {
        check_tensor(case, "destination", &destination)?;
    }
    Ok(())
}

fn make_graph(setup: &Setup, case: &Case) -> Checked<unitensor::Result<Graph>> {
    let mut builder = Graph::builder(setup.tensor(case, "indptr", 0)?, setup.tensor(case, "indices", 0)?);
    if case.has("edge_ids") {
        builder = builder.edge_ids(setup.tensor(case, "edge_ids", 0)?);
    }
    Ok(builder.build())
}

pub fn graph(setup: &Setup, case: &Case) -> Checked {
    if let Some(graph) = expect(case, make_graph(setup, case)?)? {
        let expected: (usize, usize) = (case.number("expect.num_nodes")?, case.number("expect.num_edges")?);
        let found = (graph.num_nodes(), graph.num_edges());
        ensure!(found == expected, "the graph has {found:?} nodes and edges, expected {expected:?}");
        ensure!(graph.edge_ids().is_some() == case.has("edge_ids"), "edge ids are there or not as they should not be");
        ensure!(graph.indptr().num_rows() == expected.0 + 1, "indptr has another length");
        ensure!(graph.indices().num_rows() == expected.1, "indices have another length");
    }
    Ok(())
}

pub fn sample_neighbors(setup: &Setup, case: &Case) -> Checked {
    let graph = make_graph(setup, case)??;
    let seeds = setup.operand(case, "seeds")?;
    let fanouts: Vec<i64> = case.numbers("fanouts")?;
    let mut builder = graph.sample_neighbors(seeds.array()?, &fanouts).seed(case.number("seed")?);
    let mut has_edge_ids = false;
    for flag in case.texts("flags") {
        builder = match flag {
            "replace" => builder.replace(true),
            "unique_seeds" => builder.unique_seeds(true),
            "edge_ids" => {
                has_edge_ids = true;
                builder.with_edge_ids(true)
            }
            other => return Err(Failure(format!("the flag \"{other}\" is not known"))),
        };
    }
    let result = builder.run().and_then(|mut sample| {
        sample.wait()?;
        Ok(sample)
    });
    let sample = match expect(case, result)? {
        Some(sample) => sample,
        None => return Ok(()),
    };
    let info = sample.info()?;
    let (hop_nodes, hop_edges) = (case.numbers("expect.hop_nodes")?, case.numbers("expect.hop_edges")?);
    ensure!(info.hop_nodes == hop_nodes, "hop_nodes are {:?}, expected {hop_nodes:?}", info.hop_nodes);
    ensure!(info.hop_edges == hop_edges, "hop_edges are {:?}, expected {hop_edges:?}", info.hop_edges);
    let totals = (hop_nodes.iter().sum(), hop_edges.iter().sum(), seeds.host.shape[0]);
    ensure!((info.num_nodes, info.num_edges, info.num_seeds) == totals, "the totals are not {totals:?}: {info:?}");
    let parts = [
        ("expect.nodes", SamplePart::Nodes),
        ("expect.sources", SamplePart::Sources),
        ("expect.targets", SamplePart::Targets),
        ("expect.seed_index", SamplePart::SeedIndex),
    ];
    for (path, part) in parts {
        let view = sample.part(part).ok_or_else(|| Failure(format!("{path}: the sample has none")))?;
        check_tensor(case, path, &view)?;
    }
    match sample.part(SamplePart::EdgeIds) {
        Some(view) if has_edge_ids => check_tensor(case, "expect.edge_ids", &view)?,
        view => ensure!(view.is_none() && !has_edge_ids, "edge ids are there or not as they should not be"),
    }
    let nodes: ffi::uni_array = *sample.nodes().as_raw();
    ensure!(nodes.shape[0] as usize == info.num_nodes && nodes.count.is_null(), "the nodes are no exact index");
    let dtype = graph.indices().dtype();
    ensure!(sample.nodes().dtype() == dtype, "the nodes have another dtype");
    Ok(())
}
