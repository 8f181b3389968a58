// SPDX-License-Identifier: Apache-2.0
//! Embeddings that are trained batch by batch, in a table larger than a device's memory. The features of the nodes are
//! stored as int8 with a scale for each row, and become float16 while they are gathered. What else belongs to the same
//! nodes (embeddings, labels, timestamps) is gathered by one call, and updates are added to the embeddings where they
//! lie. All that the loop writes was allocated before it.
//!
//!     cd bindings/rust && cargo run --example train_embeddings
//!
//! Where there is a GPU it gathers and scatters, else the CPU does; the lines that are printed are the same. An
//! argument names the file of a backend plugin that is not where the library looks for one.
use std::ops::Range;

use unitensor::{
    gather_many_into, ArrayMut, Context, DeviceType, Dtype, Element, Float16, GatherOptions,
    Memory, Reduce, Result, ScatterOptions, Tensor,
};

const NUM_NODES: usize = 1000;
const WIDTH: usize = 16;
const BATCH: usize = 125;
const NUM_BATCHES: usize = 10;
const NUM_EPOCHS: usize = 3;
const DAY: i64 = 86400;
const RECENT: i64 = 500 * DAY;

/// A row, or a number, to each node.
struct Data {
    features: Vec<i8>,
    scales: Vec<f32>,
    labels: Vec<i32>,
    timestamps: Vec<i64>,
    /// The nodes of all batches.
    order: Vec<i64>,
}

impl Data {
    fn new() -> Data {
        let feature = |v: usize, d: usize| ((v * 37 + d * 11) % 255) as i32 - 127;
        Data {
            features: (0..NUM_NODES * WIDTH)
                .map(|i| feature(i / WIDTH, i % WIDTH) as i8)
                .collect(),
            scales: (0..NUM_NODES)
                .map(|v| 1.0 / (16 << (v % 3)) as f32)
                .collect(),
            labels: (0..NUM_NODES)
                .map(|v| if v % 5 == 0 { -1 } else { 1 })
                .collect(),
            timestamps: (0..NUM_NODES as i64).map(|v| v * DAY).collect(),
            // Every fifth entry is a node that its batch has already.
            order: (0..NUM_BATCHES * BATCH)
                .map(|i| ((i / 5 * 4 + i % 5 % 4) * 31 % NUM_NODES) as i64)
                .collect(),
        }
    }
}

struct Training {
    context: Context,
    features: Tensor<'static>,
    scales: Tensor<'static>,
    labels: Tensor<'static>,
    timestamps: Tensor<'static>,
    embeddings: Tensor<'static>,
    order: Tensor<'static>,
    batch_features: Tensor<'static>,
    batch_labels: Tensor<'static>,
    batch_timestamps: Tensor<'static>,
    batch_embeddings: Tensor<'static>,
    updates: Tensor<'static>,
}

/// Of a number that is neither infinite nor none.
fn from_float16(half: Float16) -> f32 {
    let bits = u32::from(half.0 & 0x8000) << 16 | u32::from(half.0 & 0x7fff) << 13;
    f32::from_bits(bits) * 2f32.powi(112) // the difference of the two biases
}

/// What stands for a model here: embeddings move towards their features, with the sign of their label, and faster where
/// those are recent.
fn update(feature: f32, label: i32, timestamp: i64, embedding: f32) -> f32 {
    (if timestamp >= RECENT { 0.5 } else { 0.25 }) * (label as f32 * feature - embedding)
}

impl Training {
    fn new(context: Context, data: &Data) -> Result<Training> {
        // Tables in memory that every device of the machine can read.
        fn table<T: Element>(
            context: &Context,
            elements: &[T],
            shape: &[usize],
        ) -> Result<Tensor<'static>> {
            Tensor::from_slice(context, elements, shape, Memory::Unified)
        }
        let zeros = |dtype, shape: &[usize]| Tensor::zeros(&context, dtype, shape, Memory::Unified);
        // An operation is computed where its index lies.
        let has_gpu = context.backend_info(DeviceType::Cuda)?.is_available;
        let of_index = if has_gpu {
            Memory::Device
        } else {
            Memory::Unified
        };
        Ok(Training {
            features: table(&context, &data.features, &[NUM_NODES, WIDTH])?,
            scales: table(&context, &data.scales, &[NUM_NODES])?,
            labels: table(&context, &data.labels, &[NUM_NODES])?,
            timestamps: table(&context, &data.timestamps, &[NUM_NODES])?,
            embeddings: zeros(Dtype::Float32, &[NUM_NODES, WIDTH])?,
            order: Tensor::from_slice(&context, &data.order, &[NUM_BATCHES * BATCH], of_index)?,
            // What the loop writes.
            batch_features: zeros(Dtype::Float16, &[BATCH, WIDTH])?,
            batch_labels: zeros(Dtype::Int32, &[BATCH])?,
            batch_timestamps: zeros(Dtype::Int64, &[BATCH])?,
            batch_embeddings: zeros(Dtype::Float32, &[BATCH, WIDTH])?,
            updates: zeros(Dtype::Float32, &[BATCH, WIDTH])?,
            context,
        })
    }

    fn train_batch(&mut self, entries: Range<usize>) -> Result<()> {
        let index = self.order.slice(entries)?;
        let as_float16 = GatherOptions::new().dtype(Dtype::Float16);
        self.features.gather_scaled_into_with(
            &index,
            &self.scales,
            &mut self.batch_features,
            as_float16,
        )?;
        gather_many_into(
            &[&self.embeddings, &self.labels, &self.timestamps],
            &index,
            &mut [
                ArrayMut::from(&mut self.batch_embeddings),
                ArrayMut::from(&mut self.batch_labels),
                ArrayMut::from(&mut self.batch_timestamps),
            ],
            GatherOptions::new(),
        )?;
        // A device works later. Its errors are reported here, such as an index out of bounds.
        self.context.synchronize()?;

        let (features, embeddings) = (
            self.batch_features.as_slice()?,
            self.batch_embeddings.as_slice()?,
        );
        let (labels, timestamps) = (
            self.batch_labels.as_slice()?,
            self.batch_timestamps.as_slice()?,
        );
        for (place, value) in self.updates.as_mut_slice()?.iter_mut().enumerate() {
            let i = place / WIDTH;
            *value = update(
                from_float16(features[place]),
                labels[i],
                timestamps[i],
                embeddings[place],
            );
        }
        // A node that its batch has twice gets both updates.
        self.embeddings.scatter_with(
            &index,
            &self.updates,
            ScatterOptions::new().reduce(Reduce::Add),
        )
    }

    fn train_epoch(&mut self) -> Result<()> {
        for batch in 0..NUM_BATCHES {
            self.train_batch(batch * BATCH..(batch + 1) * BATCH)?;
        }
        self.context.synchronize()
    }
}

/// The same without the library. All numbers are sums of few powers of two, so that no order of adding them rounds.
fn train_epoch_plainly(data: &Data, embeddings: &mut [f32]) {
    for nodes in data.order.chunks(BATCH) {
        let places: Vec<usize> = nodes
            .iter()
            .flat_map(|v| (0..WIDTH).map(move |d| *v as usize * WIDTH + d))
            .collect();
        let make_update = |&place: &usize| {
            let v = place / WIDTH;
            let feature = f32::from(data.features[place]) * data.scales[v];
            update(
                feature,
                data.labels[v],
                data.timestamps[v],
                embeddings[place],
            )
        };
        let updates: Vec<f32> = places.iter().map(make_update).collect();
        for (place, update) in places.iter().zip(updates) {
            embeddings[*place] += update;
        }
    }
}

fn mean_error(data: &Data, embeddings: &[f32]) -> f64 {
    let error = |(place, embedding): (usize, &f32)| {
        let v = place / WIDTH;
        let feature = f32::from(data.features[place]) * data.scales[v];
        f64::from((data.labels[v] as f32 * feature - embedding).abs())
    };
    embeddings.iter().enumerate().map(error).sum::<f64>() / embeddings.len() as f64
}

fn main() -> Result<()> {
    let context = match std::env::args_os().nth(1) {
        Some(path) => Context::builder().backend_path(path).build()?,
        None => Context::new()?,
    };
    let data = Data::new();
    let mut training = Training::new(context, &data)?;
    println!("{NUM_NODES} nodes, {NUM_BATCHES} batches of {BATCH}");
    let mut expected = vec![0f32; NUM_NODES * WIDTH];
    for epoch in 1..=NUM_EPOCHS {
        training.train_epoch()?;
        train_epoch_plainly(&data, &mut expected);
        let embeddings = training.embeddings.as_slice::<f32>()?;
        println!(
            "epoch {epoch}: mean error {:.4}",
            mean_error(&data, embeddings)
        );
        assert_eq!(
            embeddings, expected,
            "the embeddings are not what they should be"
        );
    }
    Ok(())
}
