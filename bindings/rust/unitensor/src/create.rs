// SPDX-License-Identifier: Apache-2.0
//! Tensors of new memory, and their options.
use unitensor_sys as ffi;

use crate::array::{c_shape, Array};
use crate::call::{struct_size, Handle};
use crate::context::Context;
use crate::error::Result;
use crate::kinds::{Dtype, Element, Memory};
use crate::tensor::Tensor;

/// What to create: [`Tensor::builder`].
#[derive(Clone, Debug)]
pub struct TensorBuilder {
    dtype: Dtype,
    shape: Vec<usize>,
    memory: Memory,
    device_id: i32,
    row_alignment: usize,
}

impl TensorBuilder {
    /// The kind of memory; not set: [`Memory::Unified`].
    pub fn memory(mut self, memory: Memory) -> TensorBuilder {
        self.memory = memory;
        self
    }

    /// Which device's, for [`Memory::Device`].
    pub fn device_id(mut self, device_id: i32) -> TensorBuilder {
        self.device_id = device_id;
        self
    }

    /// Bytes that rows are padded to: a power of two up to 4096; not set, or 0: none.
    pub fn row_alignment(mut self, bytes: usize) -> TensorBuilder {
        self.row_alignment = bytes;
        self
    }

    /// A tensor whose elements are whatever was in the memory.
    ///
    /// # Safety
    /// Every element is written before it is read, by [`Tensor::as_slice`] and its kin as by operations.
    ///
    /// # Errors
    /// `InvalidArgument`, `DtypeMismatch` (a dtype that the library does not know), `ShapeMismatch`, `OutOfMemory`,
    /// `NotSupported`, `BackendUnavailable`.
    pub unsafe fn uninitialized(&self, context: &Context) -> Result<Tensor<'static>> {
        let desc = ffi::uni_tensor_desc {
            struct_size: struct_size::<ffi::uni_tensor_desc>(),
            memory: self.memory.as_raw(),
            device_id: self.device_id,
            dtype: self.dtype.as_raw(),
            ndim: self.shape.len() as i32,
            flags: 0,
            row_alignment: i64::try_from(self.row_alignment).unwrap_or(i64::MAX),
            shape: c_shape(&self.shape)?,
        };
        // SAFETY: the context is alive, and `desc` carries its size.
        let handle = Handle::make(|out, error| unsafe { ffi::uni_tensor_create(context.as_ptr(), &desc, out, error) })?;
        Ok(Tensor::from_handle(handle, false))
    }

    /// A tensor of zeros.
    ///
    /// # Errors
    /// As [`TensorBuilder::uninitialized`], `BackendError`.
    pub fn zeros(&self, context: &Context) -> Result<Tensor<'static>> {
        // SAFETY: filled at once.
        let mut tensor = unsafe { self.uninitialized(context) }?;
        tensor.fill_zeros()?;
        Ok(tensor)
    }

    /// A tensor with the elements of an array of the same dtype and shape.
    ///
    /// # Errors
    /// As [`TensorBuilder::uninitialized`] and [`Tensor::copy_from`].
    pub fn copy_of<'b>(&self, context: &Context, array: impl Into<Array<'b>>) -> Result<Tensor<'static>> {
        // SAFETY: written at once, and dropped where that fails.
        let mut tensor = unsafe { self.uninitialized(context) }?;
        tensor.copy_from(array)?;
        Ok(tensor)
    }
}

impl Tensor<'static> {
    /// What to create, with options. Nothing is created yet.
    pub fn builder(dtype: Dtype, shape: &[usize]) -> TensorBuilder {
        TensorBuilder { dtype, shape: shape.to_vec(), memory: Memory::Unified, device_id: 0, row_alignment: 0 }
    }

    /// A tensor of zeros.
    ///
    /// # Errors
    /// As [`TensorBuilder::zeros`].
    pub fn zeros(context: &Context, dtype: Dtype, shape: &[usize], memory: Memory) -> Result<Tensor<'static>> {
        Tensor::builder(dtype, shape).memory(memory).zeros(context)
    }

    /// A tensor with a copy of some elements. [`Tensor::wrap`] makes one without copying.
    ///
    /// # Errors
    /// As [`TensorBuilder::copy_of`], and `ShapeMismatch` where the shape has another number of elements.
    pub fn from_slice<T: Element>(
        context: &Context,
        elements: &[T],
        shape: &[usize],
        memory: Memory,
    ) -> Result<Tensor<'static>> {
        Tensor::builder(T::DTYPE, shape).memory(memory).copy_of(context, Array::new(elements, shape)?)
    }
}
