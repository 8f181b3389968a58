// SPDX-License-Identifier: Apache-2.0
//! One mini-batch of a graph neural network: sample the neighbourhood of some seed nodes, and gather the features of every
//! node that was met.
//!
//!     cd bindings/rust && cargo run --example sample_and_gather
use unitensor::{Context, Graph, Memory, Result, SamplePart, Tensor};

const NUM_NODES: i64 = 1000;
const DEGREE: i64 = 8;
const WIDTH: usize = 4;

/// A ring with chords: node v has the in-neighbours v + 1, v + 2, v + 4 and so on.
fn make_graph(context: &Context) -> Result<Graph> {
    let indptr: Vec<i64> = (0..=NUM_NODES).map(|v| v * DEGREE).collect();
    let indices: Vec<i64> = (0..NUM_NODES)
        .flat_map(|v| (0..DEGREE).map(move |i| (v + (1 << i)) % NUM_NODES))
        .collect();
    // In memory that every device of the machine can read.
    let indptr = Tensor::from_slice(context, &indptr, &[indptr.len()], Memory::Unified)?;
    let indices = Tensor::from_slice(context, &indices, &[indices.len()], Memory::Unified)?;
    Graph::new(indptr, indices)
}

/// Row v is v, v, ...
fn make_features(context: &Context) -> Result<Tensor<'static>> {
    let features: Vec<f32> = (0..NUM_NODES).flat_map(|v| [v as f32; WIDTH]).collect();
    Tensor::from_slice(
        context,
        &features,
        &[NUM_NODES as usize, WIDTH],
        Memory::Unified,
    )
}

fn main() -> Result<()> {
    let context = Context::new()?;
    let graph = make_graph(&context)?;
    let features = make_features(&context)?;

    // Two hops of at most 5 and 3 neighbours, then the features of all nodes of the sample.
    let seeds = [0i64, 10, 500];
    let sample = graph.sample_neighbors(&seeds, &[5, 3]).seed(7).run()?;
    let rows = features.gather(sample.nodes())?;

    // Row i has to be the features of node i of the sample.
    let nodes = sample
        .part(SamplePart::Nodes)
        .expect("every sample has nodes");
    for (row, node) in nodes.as_slice::<i64>()?.iter().enumerate() {
        assert_eq!(rows.row::<f32>(row)?, [*node as f32; WIDTH]);
    }
    let info = sample.info()?;
    println!(
        "{} seeds, {} nodes, {} edges",
        info.num_seeds, info.num_nodes, info.num_edges
    );
    Ok(())
}
