// SPDX-License-Identifier: Apache-2.0
//! The conformance cases that every backend and binding has to reproduce byte for byte. UNITENSOR_CONFORMANCE names them as
//! lines; UNITENSOR_TEST_BACKEND is "cpu" (the default) or the path of a backend plugin; UNITENSOR_TEST_CUDA_BACKEND, where
//! it is set, the path of the emulated CUDA plugin, on which the cases run in each kind of memory.
#![deny(unsafe_op_in_unsafe_fn)]

mod arrays;
#[path = "../common/mod.rs"]
mod common;
mod files;
mod operations;
mod self_test;
mod vectors;

use std::collections::BTreeSet;

use operations::Setup;
use unitensor::{Context, Memory};
use vectors::{Case, Checked, Failure};

type Operation = fn(&Setup, &Case) -> Checked;

const OPERATIONS: [(&str, Operation); 10] = [
    ("gather", operations::gather),
    ("gather_converted", operations::gather_converted),
    ("gather_many", operations::gather_many),
    ("gather_into", operations::gather_into),
    ("scatter", operations::scatter),
    ("graph", operations::graph),
    ("sample_neighbors", operations::sample_neighbors),
    ("npy_load", files::npy_load),
    ("npy_save", files::npy_save),
    ("dlpack_import", files::dlpack_import),
];

fn run(setup: &Setup, case: &Case) -> Checked {
    let name = case.text("operation")?;
    let operation = OPERATIONS.iter().find(|(known, _)| *known == name);
    let (_, operation) = operation.ok_or_else(|| Failure(format!("the operation \"{name}\" is not known")))?;
    operation(setup, case)?;
    case.require_all_seen()
}

fn setup(num_threads: u32) -> Setup {
    let backend = std::env::var("UNITENSOR_TEST_BACKEND").unwrap_or_else(|_| "cpu".to_owned());
    let builder = Context::builder().num_threads(num_threads);
    let builder = if backend == "cpu" { builder } else { builder.backend_path(&backend) };
    let context = builder.build().expect("a context");
    assert_eq!(context.backend() == "cpu", backend == "cpu");
    Setup { context, memory: Memory::Host }
}

fn load() -> Vec<Case> {
    let cases = vectors::load();
    let operations: BTreeSet<_> = cases.iter().map(|case| case.text("operation").unwrap_or_default()).collect();
    assert_eq!(operations, OPERATIONS.iter().map(|(name, _)| *name).collect(), "every operation has cases");
    cases
}

fn run_all(setup: &Setup, cases: &[Case]) {
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| run(setup, case).err().map(|failure| format!("{}: {failure}", case.name)))
        .collect();
    assert!(failures.is_empty(), "{} of {} cases fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn on_1_thread() {
    run_all(&setup(1), &load());
}

#[test]
fn on_2_threads() {
    run_all(&setup(2), &load());
}

#[test]
fn on_7_threads() {
    run_all(&setup(7), &load());
}

#[test]
fn on_a_device() {
    let fake = match common::Fake::open() {
        Some(fake) => fake,
        None => return,
    };
    for memory in [Memory::Device, Memory::Managed, Memory::Pinned] {
        // The emulated device is the slower the more was ever allocated on it.
        for some in load().chunks(20) {
            run_all(&Setup { context: fake.context(), memory }, some);
            fake.reset();
        }
    }
}
