// SPDX-License-Identifier: Apache-2.0
//! The C API of the library unitensor, as bindgen reads its headers, which say what each function does.
//!
//! Constants are integers and not enums of Rust's, since a newer library may give values that these bindings do not know.
//! `build.rs` finds the library by pkg-config; the crate's README names the variables that say otherwise.
//!
//! The layouts of the structs are checked by bindgen's tests, and by `tests/abi.rs` against the table that a C program
//! prints.
#![allow(non_camel_case_types)]

#[allow(clippy::all)]
#[rustfmt::skip]
mod bindings;

pub use bindings::*;
