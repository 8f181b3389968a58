// SPDX-License-Identifier: Apache-2.0
//! Gathers with more operands: rows of int8 with their scales, and several tensors by one index.
use unitensor_sys as ffi;

use crate::array::{is_on_device, Array, ArrayMut};
use crate::error::{Error, Result};
use crate::flight::{operate, Access};
use crate::gather::GatherOptions;
use crate::kinds::Memory;
use crate::tensor::Tensor;

impl Tensor<'_> {
    /// Gathers rows of int8, each multiplied with its scale, as the dtype of the options: float16, bfloat16 or float32.
    /// `row_scales` has the shape `[self.num_rows()]`, one float32 to each row of this tensor, and is where the index is.
    /// The product, in float32, is rounded to that, to nearest, ties to even. Otherwise as [`Tensor::gather_with`].
    ///
    /// ```
    /// use unitensor::{Context, Dtype, GatherOptions, Memory, Tensor};
    ///
    /// # fn main() -> unitensor::Result<()> {
    /// let x = Tensor::from_slice(&Context::new()?, &[1i8, 2, 3, -4], &[2, 2], Memory::Unified)?;
    /// let rows = x.gather_scaled_with(&[1i64], &[1.0f32, 0.5], GatherOptions::new().dtype(Dtype::Float32))?;
    /// assert_eq!(rows.as_slice::<f32>()?, [1.5, -2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::gather`]; `InvalidArgument` where this tensor is not of int8 or the options have no dtype;
    /// `NotSupported` for another dtype; `DtypeMismatch` and `ShapeMismatch` also of the scales.
    pub fn gather_scaled_with<'i, 's>(
        &self,
        index: impl Into<Array<'i>>,
        row_scales: impl Into<Array<'s>>,
        options: GatherOptions,
    ) -> Result<Tensor<'static>> {
        self.gather_new(index.into(), Some(row_scales.into()), options)
    }

    /// As [`Tensor::gather_scaled_with`], into memory that is there: `out` has the dtype of the options.
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
        self.gather_there(index.into(), Some(row_scales.into()), out.into(), options)
    }
}

/// Before anything is made or asked for.
fn check_number(sources: usize) -> Result<()> {
    const MOST: usize = ffi::UNI_GATHER_MANY_MAX as usize;
    if (1..=MOST).contains(&sources) {
        return Ok(());
    }
    let message = format!("{sources} sources are given, expected 1 to {MOST}");
    Err(Error::new(ffi::UNI_STATUS_INVALID_ARGUMENT, message))
}

/// Gathers rows of several tensors by one index, on a device in one launch. For what belongs to the same rows: features,
/// labels, degrees. Gives a new tensor for each of `sources`, as [`Tensor::gather_with`]: row i of it is row `index[i]` of
/// the source. 1 to 16 tensors of one context with the same number of rows, of any dtypes and shapes otherwise; each result
/// has its source's dtype.
///
/// ```
/// use unitensor::{gather_many, Context, GatherOptions, Memory, Tensor};
///
/// # fn main() -> unitensor::Result<()> {
/// let context = Context::new()?;
/// let features = Tensor::from_slice(&context, &[0.0f32, 0.5, 1.0, 1.5, 2.0, 2.5], &[3, 2], Memory::Unified)?;
/// let labels = Tensor::from_slice(&context, &[7i32, 8, 9], &[3], Memory::Unified)?;
/// let rows = gather_many(&[&features, &labels], &[2i64, 0], GatherOptions::new())?;
/// assert_eq!(rows[0].as_slice::<f32>()?, [2.0, 2.5, 0.0, 0.5]);
/// assert_eq!(rows[1].as_slice::<i32>()?, [9, 7]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Tensor::gather`]; `InvalidArgument` for no tensors or more than 16, for those of several contexts, and for a dtype in
/// the options; `ShapeMismatch` also where the sources differ in the number of rows.
pub fn gather_many<'i>(
    sources: &[&Tensor<'_>],
    index: impl Into<Array<'i>>,
    mut options: GatherOptions,
) -> Result<Vec<Tensor<'static>>> {
    let index = index.into();
    check_number(sources.len())?;
    let by_default = if is_on_device(&index.raw) { Memory::Device } else { Memory::Host };
    let memory = options.take_memory().unwrap_or(by_default);
    let device_id = if memory == Memory::Device { index.raw.device_id } else { 0 };
    // The library refuses an index of another form; nothing is made for it.
    let num_indices = if index.raw.ndim == 1 { usize::try_from(index.raw.shape[0]).unwrap_or(0) } else { 0 };
    let mut rows = Vec::with_capacity(sources.len());
    for source in sources {
        let mut shape = source.shape().to_vec();
        if let Some(extent) = shape.first_mut() {
            *extent = num_indices;
        }
        let builder = Tensor::builder(source.dtype(), &shape).memory(memory).device_id(device_id);
        // SAFETY: a gather writes every row, one that is out of bounds as zeros; where it fails they are dropped.
        rows.push(unsafe { builder.uninitialized(&source.context()) }?);
    }
    let mut outs: Vec<ArrayMut<'_>> = rows.iter_mut().map(ArrayMut::from).collect();
    gather_many_into(sources, index, &mut outs, options)?;
    drop(outs);
    Ok(rows)
}

/// As [`gather_many`], into memory that is there: each of `outs` as [`Tensor::gather_into`] takes it. There is no use for a
/// memory or a dtype in the options.
///
/// ```
/// use unitensor::{gather_many_into, ArrayMut, Context, GatherOptions, Memory, Tensor};
///
/// # fn main() -> unitensor::Result<()> {
/// let context = Context::new()?;
/// let features = Tensor::from_slice(&context, &[0.0f32, 0.5, 1.0, 1.5], &[2, 2], Memory::Unified)?;
/// let labels = Tensor::from_slice(&context, &[7i32, 8], &[2], Memory::Unified)?;
/// let (mut rows, mut picked) = ([0f32; 2], [0i32; 1]);
/// let mut outs = [ArrayMut::new(&mut rows, &[1, 2])?, ArrayMut::from(&mut picked)];
/// gather_many_into(&[&features, &labels], &[1i64], &mut outs, GatherOptions::new())?;
/// assert_eq!((rows, picked), ([1.0, 1.5], [8]));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`gather_many`] and [`Tensor::gather_into`]; `InvalidArgument` also where there is another number of outs than of
/// sources, and for a memory in the options. On the CPU the outs are unchanged then.
pub fn gather_many_into<'i>(
    sources: &[&Tensor<'_>],
    index: impl Into<Array<'i>>,
    outs: &mut [ArrayMut<'_>],
    options: GatherOptions,
) -> Result<()> {
    let index = index.into();
    check_number(sources.len())?;
    if sources.len() != outs.len() {
        let message = format!("{} outs are given, expected {} as there are sources", outs.len(), sources.len());
        return Err(Error::new(ffi::UNI_STATUS_INVALID_ARGUMENT, message));
    }
    let (raw, stream) = (options.to_raw(), options.stream_of());
    let mut operands = vec![index.operand()];
    operands.extend(sources.iter().map(|source| source.operand(Access::Read)));
    operands.extend(outs.iter().map(|out| out.operand()));
    let handles: Vec<_> = sources.iter().map(|source| source.as_ptr() as *const ffi::uni_tensor).collect();
    let arrays: Vec<*const ffi::uni_array> = outs.iter().map(|out| &out.raw as *const _).collect();
    let count = handles.len() as i32; // 16 at most.

    // SAFETY: both lists have `count` entries; `operate` keeps the operands until the operation is done; the outs are
    // borrowed exclusively, and the library refuses outs that overlap.
    operate(sources[0].raw_context(), &operands, |error| unsafe {
        ffi::uni_gather_many(count, handles.as_ptr(), &index.raw, &raw, stream, arrays.as_ptr(), error)
    })
}
