// SPDX-License-Identifier: Apache-2.0
//! Gathers with more operands: rows of int8 with their scales, and several tensors by one index.
use unitensor_sys as ffi;

use crate::array::{Array, ArrayMut};
use crate::error::{Error, Result};
use crate::flight::{operate, operate_and_make, Access, Flight};
use crate::gather::GatherOptions;
use crate::tensor::Tensor;

impl Tensor<'_> {
    /// Gathers rows of int8, each multiplied with its scale, as the dtype of the options: float16, bfloat16 or float32.
    /// `row_scales` has one float32 to each row of this tensor, and is where the index is. Otherwise as
    /// [`Tensor::gather_with`].
    ///
    /// # Errors
    /// As [`Tensor::gather`]; `InvalidArgument` where this tensor is not of int8 or the options have no dtype;
    /// `NotSupported` for another dtype.
    pub fn gather_scaled_with<'i, 's>(
        &self,
        index: impl Into<Array<'i>>,
        row_scales: impl Into<Array<'s>>,
        options: GatherOptions,
    ) -> Result<Tensor<'static>> {
        let (index, scales) = (index.into(), row_scales.into());
        let (mut raw, stream) = (options.to_raw(), options.stream_of());
        raw.row_scales = &scales.raw;
        let operands = [self.operand(Access::Read), index.operand(), scales.operand()];
        // SAFETY: `operate_and_make` keeps the operands until the operation is done; the scales' description outlives the
        // call.
        let handle = operate_and_make(self.raw_context(), &operands, |out, error| unsafe {
            ffi::uni_gather(self.as_ptr(), &index.raw, &raw, stream, out, error)
        })?;
        let mut rows = Tensor::from_handle(handle, false);
        if index.operand().on_device {
            rows.flight = Flight::written().into();
        }
        Ok(rows)
    }

    /// As [`Tensor::gather_scaled_with`], into memory that is there.
    ///
    /// # Errors
    /// As [`Tensor::gather_scaled_with`]. On the CPU `out` is unchanged then.
    pub fn gather_scaled_into_with<'i, 's, 'o>(
        &self,
        index: impl Into<Array<'i>>,
        row_scales: impl Into<Array<'s>>,
        out: impl Into<ArrayMut<'o>>,
        options: GatherOptions,
    ) -> Result<()> {
        let (index, scales, out) = (index.into(), row_scales.into(), out.into());
        let (mut raw, stream) = (options.to_raw(), options.stream_of());
        raw.row_scales = &scales.raw;
        let operands = [self.operand(Access::Read), index.operand(), scales.operand(), out.operand()];
        // SAFETY: `operate` keeps the operands until the operation is done; `out` is borrowed exclusively.
        operate(self.raw_context(), &operands, |error| unsafe {
            ffi::uni_gather_into(self.as_ptr(), &index.raw, &raw, stream, &out.raw, error)
        })
    }
}

/// Gathers rows of several tensors by one index, on a device in one launch: row i of `outs[t]` becomes row `index[i]` of
/// `sources[t]`. For what belongs to the same rows: features, labels, degrees. 1 to 16 tensors of one context with the same
/// number of rows, of any dtypes and shapes otherwise; each of `outs` as [`Tensor::gather_into`] takes it. There is no use
/// for a memory or a dtype in the options.
///
/// # Errors
/// As [`Tensor::gather_into`]; `InvalidArgument` where there is another number of outs than of sources; `ShapeMismatch`
/// where the sources differ in the number of rows. On the CPU the outs are unchanged then.
pub fn gather_many_into<'i>(
    sources: &[&Tensor<'_>],
    index: impl Into<Array<'i>>,
    outs: &mut [ArrayMut<'_>],
    options: GatherOptions,
) -> Result<()> {
    let index = index.into();
    if sources.is_empty() || sources.len() != outs.len() {
        return Err(Error::new(
            ffi::UNI_STATUS_INVALID_ARGUMENT,
            format!("{} sources and {} outs are given, expected as many, and at least 1", sources.len(), outs.len()),
        ));
    }
    let (raw, stream) = (options.to_raw(), options.stream_of());
    let mut operands = vec![index.operand()];
    operands.extend(sources.iter().map(|source| source.operand(Access::Read)));
    operands.extend(outs.iter().map(|out| out.operand()));
    let source_handles: Vec<*const ffi::uni_tensor> =
        sources.iter().map(|source| source.as_ptr() as *const ffi::uni_tensor).collect();
    let out_arrays: Vec<*const ffi::uni_array> = outs.iter().map(|out| &out.raw as *const ffi::uni_array).collect();
    let count = i32::try_from(sources.len()).unwrap_or(i32::MAX);
    // SAFETY: both lists have `count` entries; `operate` keeps the operands until the operation is done; the outs are
    // borrowed exclusively, and the library refuses outs that overlap.
    operate(sources[0].raw_context(), &operands, |error| unsafe {
        ffi::uni_gather_many(count, source_handles.as_ptr(), &index.raw, &raw, stream, out_arrays.as_ptr(), error)
    })
}
