// SPDX-License-Identifier: Apache-2.0
//! Rows of a tensor by index, out of it and into it.
use unitensor_sys as ffi;

use crate::array::{Array, ArrayMut};
use crate::call::struct_size;
use crate::error::Result;
use crate::flight::{operate, operate_and_make, Access, Flight, Operand};
use crate::kinds::{Dtype, Memory};
use crate::stream::Stream;
use crate::tensor::Tensor;

/// What to do with an index that is negative or not less than the number of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bounds {
    /// Fail. The CPU looks at every index before the first write; a device reports it later, by
    /// [`Context::check`](crate::Context::check) and the like, and zeroes the row.
    #[default]
    Check,
    /// Gather: the row is zeroed. Scatter: the row is ignored. Counted in the statistics.
    Skip,
}

/// What a scatter does where it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduce {
    /// With equal indices one whole row remains; which one is not defined.
    #[default]
    Assign,
    /// Integers wrap and are exact; floating point adds in an order that is not defined.
    Add,
}

/// The order in which a GPU reads rows; the result is the same. The CPU does not look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// By page where that pays: pinned memory, a large table, short rows, many of them.
    #[default]
    Auto,
    /// As the index has them.
    AsGiven,
    /// Sorted by row first, in memory of the device.
    ByPage,
}

/// Options of a gather.
#[derive(Clone, Copy, Debug, Default)]
pub struct GatherOptions {
    bounds: Bounds,
    trusts_index: bool,
    memory: Option<Memory>,
    dtype: Option<Dtype>,
    order: Order,
    num_multiprocessors: i32,
    stream: Stream,
}

/// Options of a scatter.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScatterOptions {
    bounds: Bounds,
    trusts_index: bool,
    reduce: Reduce,
    num_multiprocessors: i32,
    stream: Stream,
}

fn raw_bounds(bounds: Bounds, trusts_index: bool) -> i32 {
    match bounds {
        _ if trusts_index => ffi::UNI_BOUNDS_TRUST as i32,
        Bounds::Check => ffi::UNI_BOUNDS_CHECK as i32,
        Bounds::Skip => ffi::UNI_BOUNDS_SKIP as i32,
    }
}

macro_rules! common_options {
    ($options:ident) => {
        impl $options {
            /// The defaults.
            pub fn new() -> $options {
                $options::default()
            }

            /// What to do with an index out of bounds.
            pub fn bounds(mut self, bounds: Bounds) -> $options {
                self.bounds = bounds;
                self.trusts_index = false;
                self
            }

            /// Does not look whether the index is within bounds.
            ///
            /// # Safety
            /// Every entry of the index, at the time when it is read, is at least 0 and less than the number of rows.
            pub unsafe fn trust_index(mut self) -> $options {
                self.trusts_index = true;
                self
            }

            /// The most multiprocessors of a GPU to take. 0, the default: 12 where memory of the host takes part, which is
            /// enough for its link, else all.
            pub fn num_multiprocessors(mut self, num_multiprocessors: u32) -> $options {
                self.num_multiprocessors = i32::try_from(num_multiprocessors).unwrap_or(i32::MAX);
                self
            }

            /// The stream on which a device works; not set: its default stream.
            pub fn stream(mut self, stream: Stream) -> $options {
                self.stream = stream;
                self
            }
        }
    };
}

common_options!(GatherOptions);
common_options!(ScatterOptions);

impl GatherOptions {
    /// The memory of the result; not set: host memory where the CPU computes, device memory where a device does.
    pub fn memory(mut self, memory: Memory) -> GatherOptions {
        self.memory = Some(memory);
        self
    }

    /// The dtype of the result; not set: that of the source. float16, bfloat16 and float32 are converted to each other, to
    /// nearest, ties to even; int8 to them by [`Tensor::gather_scaled_with`]. Nothing else is (`NotSupported`).
    pub fn dtype(mut self, dtype: Dtype) -> GatherOptions {
        self.dtype = Some(dtype);
        self
    }

    /// The order in which a device reads rows.
    pub fn order(mut self, order: Order) -> GatherOptions {
        self.order = order;
        self
    }

    /// The memory for a result, taken out where C is not to see it.
    pub(crate) fn take_memory(&mut self) -> Option<Memory> {
        self.memory.take()
    }

    pub(crate) fn stream_of(&self) -> *mut std::os::raw::c_void {
        self.stream.as_raw()
    }

    pub(crate) fn to_raw(self) -> ffi::uni_gather_options {
        ffi::uni_gather_options {
            struct_size: struct_size::<ffi::uni_gather_options>(),
            bounds: raw_bounds(self.bounds, self.trusts_index),
            flags: 0,
            memory: self.memory.map_or(0, Memory::as_raw),
            dtype: self.dtype.map_or(0, Dtype::as_raw),
            order: match self.order {
                Order::Auto => ffi::UNI_ORDER_AUTO as i32,
                Order::AsGiven => ffi::UNI_ORDER_AS_GIVEN as i32,
                Order::ByPage => ffi::UNI_ORDER_BY_PAGE as i32,
            },
            num_multiprocessors: self.num_multiprocessors,
            reserved: 0,
            row_scales: std::ptr::null(),
        }
    }
}

impl ScatterOptions {
    /// What to do where a row is written.
    pub fn reduce(mut self, reduce: Reduce) -> ScatterOptions {
        self.reduce = reduce;
        self
    }

    fn to_raw(self) -> ffi::uni_scatter_options {
        ffi::uni_scatter_options {
            struct_size: struct_size::<ffi::uni_scatter_options>(),
            bounds: raw_bounds(self.bounds, self.trusts_index),
            reduce: match self.reduce {
                Reduce::Assign => ffi::UNI_SCATTER_ASSIGN as i32,
                Reduce::Add => ffi::UNI_SCATTER_ADD as i32,
            },
            flags: 0,
            num_multiprocessors: self.num_multiprocessors,
            reserved: 0,
        }
    }
}

impl Tensor<'_> {
    /// Gathers rows into a new tensor of shape `[index.len(), self.shape()[1..]...]`: row i is row `index[i]` of this one.
    /// `index` has one dimension of int32 or int64. Computed where the index is: complete on return on the CPU; a device
    /// does it later, on its default stream.
    ///
    /// # Errors
    /// `OutOfBounds` (names the first bad position and its value), `DtypeMismatch`, `ShapeMismatch`, `DeviceMismatch`,
    /// `OutOfMemory`, `BackendError`; what [`Context::synchronize`](crate::Context::synchronize) reports where the call
    /// waits.
    pub fn gather<'i>(&self, index: impl Into<Array<'i>>) -> Result<Tensor<'static>> {
        self.gather_with(index, GatherOptions::new())
    }

    /// As [`Tensor::gather`], with options.
    ///
    /// ```
    /// use unitensor::{BFloat16, Context, Dtype, GatherOptions, Memory, Tensor};
    ///
    /// # fn main() -> unitensor::Result<()> {
    /// let x = Tensor::from_slice(&Context::new()?, &[1.0f32, 2.0, 3.0, 4.0], &[2, 2], Memory::Unified)?;
    /// let rows = x.gather_with(&[1i64], GatherOptions::new().dtype(Dtype::BFloat16))?;
    /// assert_eq!(rows.as_slice::<BFloat16>()?, [BFloat16(0x4040), BFloat16(0x4080)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::gather`]; `NotSupported` for a conversion that is not offered; `InvalidArgument` for int8 as another
    /// dtype without scales.
    pub fn gather_with<'i>(&self, index: impl Into<Array<'i>>, options: GatherOptions) -> Result<Tensor<'static>> {
        self.gather_new(index.into(), None, options)
    }

    /// Gathers rows into memory that is there: `out` has this tensor's dtype and the shape of [`Tensor::gather`]'s result,
    /// and does not overlap this tensor. Allocates nothing for small calls on the CPU.
    ///
    /// # Errors
    /// As [`Tensor::gather`], and `InvalidArgument`. On the CPU `out` is unchanged then.
    pub fn gather_into<'i, 'o>(&self, index: impl Into<Array<'i>>, out: impl Into<ArrayMut<'o>>) -> Result<()> {
        self.gather_into_with(index, out, GatherOptions::new())
    }

    /// As [`Tensor::gather_into`], with options; `out` has their dtype, if they have one. There is no use for their memory.
    ///
    /// # Errors
    /// As [`Tensor::gather_into`] and [`Tensor::gather_with`].
    pub fn gather_into_with<'i, 'o>(
        &self,
        index: impl Into<Array<'i>>,
        out: impl Into<ArrayMut<'o>>,
        options: GatherOptions,
    ) -> Result<()> {
        self.gather_there(index.into(), None, out.into(), options)
    }

    /// A gather into a new tensor, with the scales of rows of int8 or without.
    pub(crate) fn gather_new(
        &self,
        index: Array<'_>,
        row_scales: Option<Array<'_>>,
        options: GatherOptions,
    ) -> Result<Tensor<'static>> {
        let (mut raw, stream) = (options.to_raw(), options.stream_of());
        let mut operands = vec![self.operand(Access::Read), index.operand()];
        if let Some(scales) = &row_scales {
            raw.row_scales = &scales.raw;
            operands.push(scales.operand());
        }
        // SAFETY: `operate_and_make` keeps the operands until the operation is done; the options carry their size, and the
        // scales' description outlives the call.
        let handle = operate_and_make(self.raw_context(), &operands, |out, error| unsafe {
            ffi::uni_gather(self.as_ptr(), &index.raw, &raw, stream, out, error)
        })?;
        let mut rows = Tensor::from_handle(handle, false);
        if index.operand().on_device {
            rows.flight = Flight::written().into();
        }
        Ok(rows)
    }

    /// A gather into memory that is there, with the scales of rows of int8 or without.
    pub(crate) fn gather_there(
        &self,
        index: Array<'_>,
        row_scales: Option<Array<'_>>,
        out: ArrayMut<'_>,
        options: GatherOptions,
    ) -> Result<()> {
        let (mut raw, stream) = (options.to_raw(), options.stream_of());
        // Without scales a small call allocates nothing, here either.
        let plain = [self.operand(Access::Read), index.operand(), out.operand()];
        let scaled;
        let operands: &[Operand<'_>] = match &row_scales {
            None => &plain,
            Some(scales) => {
                raw.row_scales = &scales.raw;
                scaled = [self.operand(Access::Read), index.operand(), out.operand(), scales.operand()];
                &scaled
            }
        };
        // SAFETY: `operate` keeps the operands until the operation is done; `out` is borrowed exclusively; the scales'
        // description outlives the call.
        operate(self.raw_context(), operands, |error| unsafe {
            ffi::uni_gather_into(self.as_ptr(), &index.raw, &raw, stream, &out.raw, error)
        })
    }

    /// Scatters rows: row `index[i]` of this tensor becomes row i of `rows`, which has this tensor's dtype, the shape
    /// `[index.len(), self.shape()[1..]...]`, and does not overlap it. Computed where the index is, as [`Tensor::gather`].
    ///
    /// # Errors
    /// As [`Tensor::gather`], and `InvalidArgument`. On the CPU this tensor is unchanged then.
    pub fn scatter<'i, 'r>(&mut self, index: impl Into<Array<'i>>, rows: impl Into<Array<'r>>) -> Result<()> {
        self.scatter_with(index, rows, ScatterOptions::new())
    }

    /// As [`Tensor::scatter`], with options.
    ///
    /// # Errors
    /// As [`Tensor::scatter`]; `DtypeMismatch` also for adding to bool.
    pub fn scatter_with<'i, 'r>(
        &mut self,
        index: impl Into<Array<'i>>,
        rows: impl Into<Array<'r>>,
        options: ScatterOptions,
    ) -> Result<()> {
        let (index, rows) = (index.into(), rows.into());
        let (raw, stream) = (options.to_raw(), options.stream.as_raw());
        let operands = [self.operand(Access::Write), index.operand(), rows.operand()];
        // SAFETY: the tensor is borrowed exclusively; `operate` keeps the operands until the operation is done.
        operate(self.raw_context(), &operands, |error| unsafe {
            ffi::uni_scatter(self.as_ptr(), &index.raw, &rows.raw, &raw, stream, error)
        })
    }
}
