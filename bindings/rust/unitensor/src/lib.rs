// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

mod array;
mod call;
mod context;
mod copy;
mod create;
mod device;
mod dlpack;
mod error;
mod flight;
mod gather;
mod gather_more;
mod graph;
mod kinds;
mod log;
mod npy;
mod panics;
mod sample;
mod stream;
mod tensor;
mod view;
mod wrap;

pub use array::{Array, ArrayMut};
pub use context::{Context, ContextBuilder, MemoryInfo, Statistics};
pub use create::TensorBuilder;
pub use device::{BackendInfo, DeviceInfo, DeviceType};
pub use dlpack::{DLManagedTensorVersioned, DlpackDevice};
pub use error::{Error, ErrorKind, Result};
pub use gather::{Bounds, GatherOptions, Order, Reduce, ScatterOptions};
pub use gather_more::{gather_many, gather_many_into};
pub use graph::{Graph, GraphBuilder};
pub use kinds::{BFloat16, Bool, Device, Dtype, Element, Float16, Memory};
pub use log::LogLevel;
pub use npy::LoadOptions;
pub use sample::{Sample, SampleBuilder, SampleInfo, SamplePart};
pub use stream::Stream;
pub use tensor::Tensor;
pub use view::View;
pub use wrap::{SharedStorage, Storage};

/// The C API, for what this crate does not have. [`Array::as_raw`] and the `from_raw` and `wrap_raw` of several types lead
/// there and back.
pub use unitensor_sys as ffi;

/// Version of the loaded C library, for example "0.1.0".
pub fn version() -> &'static str {
    // SAFETY: static text.
    unsafe { error::static_text(ffi::uni_version()) }
}

/// Version of the loaded C library's binary interface: major and minor.
pub fn abi_version() -> (u32, u32) {
    // SAFETY: takes nothing.
    let version = unsafe { ffi::uni_abi_version() };
    (version >> 16, version & 0xffff)
}
