// SPDX-License-Identifier: Apache-2.0
//! The same as batch.c, through the Rust crate.
use unitensor::{Context, Graph, Memory, Result, SamplePart, Tensor};

fn main() -> Result<()> {
    let context = Context::new()?;
    let indptr: Vec<i64> = (0..=6).map(|node| 2 * node).collect();
    let indices: Vec<i64> = (0..6).flat_map(|node| [(node + 1) % 6, (node + 2) % 6]).collect();
    let features: Vec<f32> = (0..6).map(|node| node as f32).collect();
    let graph = Graph::new(
        Tensor::from_slice(&context, &indptr, &[7], Memory::Unified)?,
        Tensor::from_slice(&context, &indices, &[12], Memory::Unified)?,
    )?;
    let features = Tensor::from_slice(&context, &features, &[6, 1], Memory::Unified)?;
    let sample = graph.sample_neighbors(&[0i64, 3], &[2]).run()?;
    let rows = features.gather(sample.nodes())?;
    let nodes = sample.part(SamplePart::Nodes).expect("every sample has nodes");
    let found = rows.as_slice::<f32>()?;
    assert!(nodes.as_slice::<i64>()?.iter().zip(found).all(|(node, row)| *node as f32 == *row));
    let sum: f32 = found.iter().sum();
    println!("unitensor {}: {} nodes, sum {}", unitensor::version(), found.len(), sum);
    Ok(())
}
